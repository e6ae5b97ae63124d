//! Candidate pairs become scored pairs: the engine is fitted to what is seen of them, and
//! each gets a weight, a probability and a band.

use rayon::prelude::*;

use super::block::Candidate;
use super::people::People;
use crate::engine::{
    self, Between, Chance, Judged, Judgement, KeyTally, Keys, Observation, Space, Tally,
};
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

/// A pair of people as the engine judged it, before it competes with others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct JudgedPair {
    pub(crate) a: u32,
    pub(crate) b: u32,
    /// The match keys that agree.
    pub(crate) agree: Keys,
    pub(crate) judged: Judged,
}

/// Fits the model to the candidates and judges them, in their order.
pub(super) fn score(
    space: &Space,
    packages: &[Package],
    people: &People,
    candidates: &[Candidate],
    levels: &[u8],
) -> (Vec<JudgedPair>, Judgement) {
    let links = Links::new(space, packages);
    let seen: Vec<Observation> = candidates
        .par_iter()
        .zip(levels)
        .map(|(c, &level)| Observation {
            between: links.index(people.source_of(c.a), people.source_of(c.b)),
            both: people.keys_of(c.a) & people.keys_of(c.b),
            agree: c.agree,
            level,
        })
        .collect();
    let judgement = engine::judge(space, &links.all, &seen);
    let pairs = candidates
        .iter()
        .zip(&judgement.judged)
        .map(|(c, &judged)| JudgedPair { a: c.a, b: c.b, agree: c.agree, judged })
        .collect();
    (pairs, judgement)
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
                let (a_counted, b_counted) = (tally(&packages[a]), tally(&packages[b]));
                let people = [a_counted.people, b_counted.people];
                let pairs = match a == b {
                    true => people[0] as f64 * (people[0] as f64 - 1.0) / 2.0,
                    false => people[0] as f64 * people[1] as f64,
                };
                let chance = Chance::between(space, &a_counted, &b_counted);
                Between { chance, people, pairs }
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

/// What a package's manifest counts.
fn tally(package: &Package) -> Tally<'_> {
    let manifest = package.manifest();
    let keys = || {
        manifest
            .match_keys
            .iter()
            .map(|k| KeyTally {
                filled: k.filled,
                shared: k.shared,
                held_by_two: k.held_by_two,
                chance: k.chance,
            })
            .collect()
    };
    Tally {
        people: manifest.people,
        groups: &manifest.chance,
        // With more than one person per token, unique and withheld tell something else.
        withheld: (manifest.people_per_token == 1).then(keys),
    }
}

/// Turns odds into probabilities. Where a source holds each person once, at most one of its
/// people can be the other's match, so the pairs of one person with that source compete:
/// p = o / (1 + the odds of all of them).
pub(super) fn compete(people: &People, pairs: &[JudgedPair]) -> Vec<ScoredPair> {
    let sources = people.sources.len();
    let rival = |person: u32, source: usize| person as usize * sources + source;
    let mut sums = vec![0.0f64; people.len() * sources];
    for JudgedPair { a, b, judged, .. } in pairs {
        sums[rival(*a, people.source_of(*b))] += judged.odds;
        sums[rival(*b, people.source_of(*a))] += judged.odds;
    }
    pairs
        .iter()
        .map(|&JudgedPair { a, b, agree, judged: Judged { weight, odds } }| {
            let mut others = 0.0;
            for (one, other) in [(a, b), (b, a)] {
                let source = people.source_of(other);
                if people.sources[source].unique {
                    others += (sums[rival(one, source)] - odds).max(0.0);
                }
            }
            ScoredPair { a, b, weight, probability: odds / (1.0 + odds + others), agree }
        })
        .collect()
}
