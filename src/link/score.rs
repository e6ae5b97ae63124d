//! Candidate pairs become scored pairs: observations are gathered into patterns, the model
//! is fitted to them, and each pair gets a weight, a probability and a band.

use rayon::prelude::*;

use super::block::Candidate;
use super::chance::Chance;
use super::model::{Between, Model, Pattern};
use super::people::People;
use super::space::{Keys, Space};
use crate::ids::Band;
use crate::package::Package;

/// A candidate pair with what the model says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ScoredPair {
    pub(super) a: u32,
    pub(super) b: u32,
    /// Match weight: log2 of the likelihood ratio.
    pub(super) weight: f64,
    /// Probability that it is the same person, beside the pairs it competes with.
    pub(super) probability: f64,
    pub(super) agree: Keys,
}

impl ScoredPair {
    /// The band of its probability; `None` below [`POSSIBLE`].
    pub(super) fn band(&self) -> Option<Band> {
        [(DEFINITE, Band::Definite), (PROBABLE, Band::Probable), (POSSIBLE, Band::Possible)]
            .into_iter()
            .find(|(least, _)| self.probability >= *least)
            .map(|(_, band)| band)
    }
}

/// From this probability on a link is definite.
pub(super) const DEFINITE: f64 = 0.99;
/// From this probability on it is probable: likelier than not, and linked.
pub(super) const PROBABLE: f64 = 0.5;
/// From this probability on it is worth a clerical review.
pub(super) const POSSIBLE: f64 = 0.05;

/// Scored pairs, in the order of the candidates, and the model that scored them.
pub(super) struct Scored {
    pub(super) pairs: Vec<ScoredPair>,
    pub(super) model: Model,
    pub(super) patterns: usize,
}

/// Fits the model to the candidates and scores them.
pub(super) fn score(
    space: &Space,
    packages: &[Package],
    people: &People,
    candidates: &[Candidate],
) -> Scored {
    let links = Links::new(space, packages);
    let mut seen: Vec<(Observation, u32)> = candidates
        .par_iter()
        .enumerate()
        .map(|(i, c)| {
            let both = people.keys_of(c.a) & people.keys_of(c.b);
            let between = links.index(people.source_of(c.a), people.source_of(c.b));
            (Observation { between, both, agree: c.agree }, i as u32)
        })
        .collect();
    seen.par_sort_unstable();
    let groups: Vec<&[(Observation, u32)]> = seen.chunk_by(|x, y| x.0 == y.0).collect();
    let patterns: Vec<Pattern> = groups
        .par_iter()
        .map(|group| {
            let Observation { between, both, agree } = group[0].0;
            let silent = space.implied(space.agreeing(agree)) & !both;
            Pattern {
                between,
                agree,
                veil: space.veil(both, agree),
                rarity: links.all[between].chance.rarity(agree, silent),
                count: group.len() as u64,
            }
        })
        .collect();
    let model = Model::fit(space, &links.all, &patterns);
    let judged = model.judge(space, &links.all, &patterns);
    let mut pairs: Vec<ScoredPair> = candidates
        .iter()
        .map(|c| ScoredPair { a: c.a, b: c.b, weight: 0.0, probability: 0.0, agree: c.agree })
        .collect();
    let mut odds = vec![0.0; candidates.len()];
    for ((group, pattern), kinds) in groups.iter().zip(&patterns).zip(judged) {
        let weight = model.weight(&links.all, pattern, kinds);
        for &(_, i) in *group {
            pairs[i as usize].weight = weight;
            odds[i as usize] = kinds.odds().min(1e12);
        }
    }
    compete(people, &mut pairs, &odds);
    Scored { pairs, model, patterns: patterns.len() }
}

/// One observation of a pair: which keys both have, and which agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Observation {
    between: usize,
    both: Keys,
    agree: Keys,
}

/// The pairs of sources that are linked, and how each agrees by chance.
struct Links {
    all: Vec<Between>,
    sources: usize,
}

impl Links {
    fn new(space: &Space, packages: &[Package]) -> Links {
        let n = packages.len();
        let all = (0..n)
            .flat_map(|a| (a..n).map(move |b| (a, b)))
            .map(|(a, b)| {
                let (ma, mb) = (packages[a].manifest(), packages[b].manifest());
                let people = [ma.people, mb.people];
                let pairs = match a == b {
                    true => people[0] as f64 * (people[0] as f64 - 1.0) / 2.0,
                    false => people[0] as f64 * people[1] as f64,
                };
                Between { chance: Chance::between(space, ma, mb), people, pairs }
            })
            .collect();
        Links { all, sources: n }
    }

    /// The index of a pair of sources: the upper triangle, row by row.
    fn index(&self, a: usize, b: usize) -> usize {
        let (a, b) = (a.min(b), a.max(b));
        a * self.sources - a * (a + 1) / 2 + b
    }
}

/// Turns odds into probabilities. Where a source holds each person once, at most one of its
/// people can be the other's match, so the pairs of one person with that source compete:
/// p = o / (1 + the odds of all of them).
fn compete(people: &People, pairs: &mut [ScoredPair], odds: &[f64]) {
    let sources = people.sources.len();
    let rival = |person: u32, source: usize| person as usize * sources + source;
    let mut sums = vec![0.0f64; people.len() * sources];
    for (pair, odds) in pairs.iter().zip(odds) {
        sums[rival(pair.a, people.source_of(pair.b))] += odds;
        sums[rival(pair.b, people.source_of(pair.a))] += odds;
    }
    for (pair, &odds) in pairs.iter_mut().zip(odds) {
        let mut others = 0.0;
        for (one, other) in [(pair.a, pair.b), (pair.b, pair.a)] {
            let source = people.source_of(other);
            if people.sources[source].unique {
                others += (sums[rival(one, source)] - odds).max(0.0);
            }
        }
        pair.probability = odds / (1.0 + odds + others);
    }
}
