//! The decision engine: which pairs of records are one person, from nothing but which of
//! their components agree. Patterns of agreement and counts come in, probabilities go out.
//! Never sees a value, a token or a key, so both sides of the gate may use it: the linkage
//! unit on tokens, an agency on its own records.

mod blocked;
mod chance;
mod likeness;
mod model;
mod space;
mod veil;

use blocked::Blocked;
pub(crate) use chance::{Chance, KeyTally, Tally};
pub(crate) use likeness::{Context, LEVELS, Levels, Likeness, NOT_COMPARED, Ratios};
use model::Pattern;
pub(crate) use model::{Between, Model, Parts, Seen, Stop};
pub(crate) use space::{Components, GroupKind, GroupStates, Keys, Known, Space};
pub(crate) use veil::ones;
use veil::{Outlooks, Veil};

use std::hash::Hash;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// What was seen of a pair: which keys both have, and which of those agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// Odds that it is the same person, if neither has a match elsewhere.
    pub(crate) odds: f64,
    /// The components that agree for certain.
    pub(crate) agreeing: Components,
}

/// A fitted model and what it says of every observation, in the order in which they were given.
pub(crate) struct Judgement {
    pub(crate) model: Model,
    pub(crate) judged: Vec<Judged>,
    /// How many different observations there were.
    pub(crate) patterns: usize,
}

/// Odds beyond this are not told apart.
pub(crate) const MOST_ODDS: f64 = 1e12;

/// Fits the model to different observations, each with how often it was seen, and judges each.
/// `any` are, per pair of sources, the keys that both have, of pairs of people taken as they come.
pub(crate) fn judge(
    space: &Space,
    between: &[Between],
    any: &[Vec<Keys>],
    seen: &[(Observation, u64)],
) -> Judgement {
    // Loose keys, which would show two people of one household, are mostly withheld, since
    // others of their house have the same.
    let blocked = Blocked::new(space, any);
    let share_seen = |between: usize, states: &[&[f64]]| match &blocked {
        Some(blocked) => blocked.share(between, states),
        None => 1.0,
    };
    judge_each(
        space,
        &share_seen,
        between,
        seen,
        |seen: Observation| space.outline(seen.both, seen.agree),
        |outline| space.veil(outline),
        |seen, count| pattern(space, between, seen, count),
    )
}

/// What was seen of a pair in the clear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sight {
    /// Which pair of sources, as an index into the model's.
    pub(crate) between: u16,
    /// What was seen of each comparison group, as an index into its outcomes: one byte a
    /// group, the first lowest.
    pub(crate) outcomes: u64,
}

/// The most comparison groups that a [`Sight`] has room for.
pub(crate) const MOST_GROUPS: usize = 8;

/// As [`judge`], for pairs seen in the clear. `outcomes` are, per group, the states that
/// each outcome leaves possible; `is_sure` says of which outcomes blocking finds every pair,
/// and `share_seen` what share of a kind of pairs that is.
pub(crate) fn judge_in_clear(
    space: &Space,
    share_seen: &Seen<'_>,
    is_sure: &(dyn Fn(u64) -> bool + Sync),
    outcomes: &[Vec<u64>],
    between: &[Between],
    seen: &[Sight],
) -> Judgement {
    let veil = |seen: u64| {
        let possible =
            outcomes.iter().enumerate().map(|(g, sets)| sets[usize::from((seen >> (8 * g)) as u8)]);
        Veil(possible.collect())
    };
    let pattern = |sight: Sight, count| Pattern {
        between: usize::from(sight.between),
        outlook: 0,
        agree: 0,
        rarity: 1.0,
        agreeing: 0,
        is_sure: is_sure(sight.outcomes),
        count,
    };
    let mut order: Vec<(Sight, u32)> =
        seen.iter().enumerate().map(|(i, &sight)| (sight, i as u32)).collect();
    order.par_sort_unstable();
    let groups = || order.chunk_by(|x, y| x.0 == y.0);
    let each: Vec<(Sight, u64)> = groups().map(|all| (all[0].0, all.len() as u64)).collect();
    let judgement =
        judge_each(space, share_seen, between, &each, |sight| sight.outcomes, veil, pattern);
    let mut judged = vec![Judged { weight: 0.0, odds: 0.0, agreeing: 0 }; seen.len()];
    for (group, of_all) in groups().zip(judgement.judged) {
        group.iter().for_each(|&(_, i)| judged[i as usize] = of_all);
    }
    Judgement { judged, ..judgement }
}

/// What is seen of pairs has an outline of which there are fewer, and each makes a veil.
fn judge_each<T: Copy + Sync, O: Copy + Eq + Hash + Send + Sync>(
    space: &Space,
    share_seen: &Seen<'_>,
    between: &[Between],
    seen: &[(T, u64)],
    outline: impl Fn(T) -> O + Sync,
    veil: impl Fn(O) -> Veil + Sync,
    pattern: impl Fn(T, u64) -> Pattern + Sync,
) -> Judgement {
    let (mut patterns, outlines): (Vec<Pattern>, Vec<O>) =
        seen.par_iter().map(|&(seen, count)| (pattern(seen, count), outline(seen))).unzip();
    let mut numbers = FxHashMap::default();
    let mut distinct = Vec::new();
    for (pattern, outline) in patterns.iter_mut().zip(outlines) {
        pattern.outlook = *numbers.entry((pattern.between, outline)).or_insert_with(|| {
            distinct.push((pattern.between, outline));
            distinct.len() - 1
        });
    }
    let of = |(between, outline)| (between, veil(outline));
    let observed: Vec<(usize, Veil)> = distinct.into_par_iter().map(of).collect();
    let (outlooks, places) = Outlooks::new(space.groups.len(), &observed);
    patterns.iter_mut().for_each(|pattern| pattern.outlook = places[pattern.outlook]);
    let model = Model::fit(space, share_seen, between, &outlooks, &patterns);
    let judged = model.judge(space, between, &outlooks, &patterns);
    Judgement { model, judged, patterns: patterns.len() }
}

fn pattern(space: &Space, between: &[Between], seen: Observation, count: u64) -> Pattern {
    let Observation { between: b, both, agree } = seen;
    let agreeing = space.agreeing(agree);
    let silent = space.silent(agree, both);
    Pattern {
        between: b,
        outlook: 0,
        agree,
        rarity: between[b].chance.rarity(agree, silent),
        agreeing,
        is_sure: true,
        count,
    }
}

/// The parts that the weight of an observation is made of, by a model that [`judge`] fitted.
pub(crate) fn explain(
    model: &Model,
    space: &Space,
    between: &[Between],
    seen: Observation,
) -> Parts {
    let veil = space.veil(space.outline(seen.both, seen.agree));
    let (outlooks, _) = Outlooks::new(space.groups.len(), &[(seen.between, veil)]);
    model.parts(space, between, &outlooks, &pattern(space, between, seen, 1))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::project::groups::{ChanceOfGroup, ChanceOfSubset, comparison_groups, subsets};
    use crate::project::{Part, Preset, Project};

    /// Chances of independent components, so that samples are easy to draw.
    fn chances(project: &Project) -> Vec<ChanceOfGroup> {
        let chance_of = |part: Part| match part {
            Part::Day => 0.033,
            Part::Month => 0.084,
            Part::Year => 0.012,
            Part::AnyOrder => 0.012 * 0.0028,
            _ => 0.02,
        };
        comparison_groups(project)
            .iter()
            .map(|group| ChanceOfGroup {
                group: group.name.clone(),
                subsets: subsets(&group.components)
                    .map(|subset| ChanceOfSubset {
                        components: vec![],
                        chance: subset.iter().map(|c| chance_of(c.part)).product(),
                        fill: 1.0,
                    })
                    .collect(),
            })
            .collect()
    }

    fn draw(states: &[f64], rng: &mut ChaCha8Rng) -> usize {
        let mut at: f64 = rng.random();
        for (s, p) in states.iter().enumerate() {
            at -= p;
            if at < 0.0 {
                return s;
            }
        }
        states.len() - 1
    }

    #[test]
    fn em_finds_the_matches_it_was_given_and_says_how_sure_it_is() {
        let text = Preset::Minimal.toml("p", "2026");
        let project = Project::parse(&text, "project.toml").expect("a preset");
        let space = Space::of_match_keys(&project);
        let chances = chances(&project);
        let tally = Tally { people: 3000, groups: &chances, withheld: None };
        let chance = Chance::between(&space, &tally, &tally);
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        // The same person agrees in full nine times in ten, group by group.
        let same: Vec<Vec<f64>> = space
            .groups
            .iter()
            .map(|g| {
                let rest = 0.1 / (g.states.len() - 1) as f64;
                (0..g.states.len()).map(|s| if g.is_full(s) { 0.9 } else { rest }).collect()
            })
            .collect();
        let every = (1u64 << space.keys()) - 1;
        let mut drawn = vec![];
        for i in 0..1_000_000 {
            let is_same = i < 2000;
            let states: Vec<usize> = (0..space.groups.len())
                .map(|g| draw(if is_same { &same[g] } else { &chance.states[g] }, &mut rng))
                .collect();
            let agree = space.agreeing_keys(&states);
            if agree != 0 {
                drawn.push((Observation { between: 0, both: every, agree }, is_same));
            }
        }
        let between = Between { chance, people: [3000, 3000], unique: [false; 2], pairs: 1e6 };
        drawn.sort_unstable();
        let groups: Vec<_> = drawn.chunk_by(|x, y| x.0 == y.0).collect();
        let seen: Vec<(Observation, u64)> =
            groups.iter().map(|group| (group[0].0, group.len() as u64)).collect();
        let judgement = judge(&space, &[between], &[vec![every]], &seen);
        let found = drawn.iter().filter(|(_, is_same)| *is_same).count() as f64;
        let expected = judgement.model.expected[0].same;
        assert!((expected / found - 1.0).abs() < 0.03, "{expected} of {found}");
        let probability = |j: &Judged| j.odds / (1.0 + j.odds);
        let judged = judgement.judged.iter().zip(&groups);
        let sure = judged.filter(|(j, _)| probability(j) >= 0.5).flat_map(|(_, group)| *group);
        let (right, all) = sure.fold((0.0, 0.0), |(r, n), (_, t)| (r + f64::from(*t), n + 1.0));
        assert!(right / all > 0.97 && right / found > 0.95, "{right} of {all} and {found}");
        assert_eq!(judgement.model.stop, Stop::Converged);
    }
}
