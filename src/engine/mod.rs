//! The decision engine: which pairs of records are one person, from nothing but which of
//! their components agree. Patterns of agreement and counts come in, probabilities go out.
//! Never sees a value, a token or a key, so both sides of the gate may use it: the linkage
//! unit on tokens, an agency on its own records.

mod chance;
mod model;
mod space;

pub(crate) use chance::{Chance, KeyTally, Tally};
use model::Pattern;
pub(crate) use model::{Between, Model, Stop};
pub(crate) use space::{Keys, Space, ones};

use rayon::prelude::*;

/// What was seen of a pair: which keys both have, and which of those agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Observation {
    /// Which pair of sources, as an index into the model's.
    pub(crate) between: usize,
    /// The keys that both have.
    pub(crate) both: Keys,
    /// The keys that agree.
    pub(crate) agree: Keys,
}

/// What the fitted model says of one pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Judged {
    /// log2 of how much likelier the observation is for the same person than for two.
    pub(crate) weight: f64,
    /// Odds that it is the same person.
    pub(crate) odds: f64,
}

/// A fitted model and what it says of every observation, in their order.
pub(crate) struct Judgement {
    pub(crate) model: Model,
    pub(crate) judged: Vec<Judged>,
    /// How many different observations there were.
    pub(crate) patterns: usize,
}

/// Odds beyond this are not told apart.
const MOST_ODDS: f64 = 1e12;

/// Gathers observations into patterns, fits the model to them, and judges each. `blocking`
/// are the keys one of which must agree for a pair to be a candidate at all.
pub(crate) fn judge(
    space: &Space,
    blocking: &Space,
    between: &[Between],
    seen: &[Observation],
) -> Judgement {
    let mut order: Vec<(Observation, u32)> =
        seen.iter().enumerate().map(|(i, &o)| (o, i as u32)).collect();
    order.par_sort_unstable();
    let groups: Vec<&[(Observation, u32)]> = order.chunk_by(|x, y| x.0 == y.0).collect();
    let patterns: Vec<Pattern> = groups
        .par_iter()
        .map(|group| {
            let Observation { between: b, both, agree } = group[0].0;
            let silent = space.implied(space.agreeing(agree)) & !both;
            Pattern {
                between: b,
                agree,
                veil: space.veil(both, agree),
                rarity: between[b].chance.rarity(agree, silent),
                count: group.len() as u64,
            }
        })
        .collect();
    let model = Model::fit(space, blocking, between, &patterns);
    let kinds = model.judge(space, between, &patterns);
    let mut judged = vec![Judged { weight: 0.0, odds: 0.0 }; seen.len()];
    for ((group, pattern), kinds) in groups.iter().zip(&patterns).zip(kinds) {
        let weight = model.weight(between, pattern, kinds);
        let odds = kinds.odds().min(MOST_ODDS);
        for &(_, i) in *group {
            judged[i as usize] = Judged { weight, odds };
        }
    }
    Judgement { model, judged, patterns: patterns.len() }
}
