//! Candidate pairs become scored pairs: the engine is fitted to what is seen of them, and
//! each gets a weight, a probability and a band.

use rayon::prelude::*;

use super::block::Candidate;
use super::decisions::Decision;
use super::people::People;
use crate::engine::{
    self, Between, Chance, Components, Judgement, KeyTally, Keys, Likeness, MOST_ODDS,
    NOT_COMPARED, Observation, Space, Tally,
};
use crate::ids::Band;
use crate::package::Package;

/// A candidate pair with what the model says of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ScoredPair {
    pub(super) a: u32,
    pub(super) b: u32,
    /// Match weight: log2 of the likelihood ratio.
    pub(super) weight: f64,
    /// Odds that it is the same person, on its own.
    pub(super) odds: f64,
    /// Probability that it is the same person, beside the pairs it competes with.
    pub(super) probability: f64,
    pub(super) agree: Keys,
    /// What a person decided on it.
    pub(super) decision: Option<Decision>,
}

impl ScoredPair {
    /// A pair with what the engine says of it, before it competes with others; `agree` are
    /// the match keys that agree.
    pub(crate) fn new(a: u32, b: u32, agree: Keys, weight: f64, odds: f64) -> ScoredPair {
        ScoredPair { a, b, weight, odds, probability: 0.0, agree, decision: None }
    }

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

/// Scored pairs, in the order of their people, and the judgement they come from.
pub(super) struct Scored {
    pub(super) pairs: Vec<ScoredPair>,
    pub(super) judgement: Judgement,
    pub(super) links: Links,
    /// Per candidate, how much likelier its fuzzy level is for the same person.
    pub(super) ratios: Vec<f64>,
}

/// Fits the model to the candidates and gives each its odds; [`compete`] makes probabilities
/// of them.
pub(super) fn score(
    space: &Space,
    packages: &[Package],
    people: &People,
    candidates: &[Candidate],
    levels: &[u8],
) -> Scored {
    let links = Links::new(space, packages);
    let seen: Vec<Observation> =
        candidates.par_iter().map(|c| links.observation(space, people, c)).collect();
    let judgement = engine::judge(space, &links.all, &any_pairs(people), &seen);
    let judged = &judgement.judged;
    let tokens: Vec<f64> = judged.iter().map(|j| j.odds).collect();
    let rivals = Rivals::new(people, candidates.iter().map(|c| (c.a, c.b)));
    let mut beliefs = rivals.beliefs(&tokens);
    let mut ratios = vec![1.0; candidates.len()];
    if levels.iter().any(|&level| level != NOT_COMPARED) {
        let agreeing: Vec<Components> = judged.iter().map(|j| j.agreeing).collect();
        let likeness = Likeness::new(space, &agreeing, levels);
        let different = likeness.learn(beliefs.iter().map(|b| b.elsewhere()));
        for _ in 0..MOST_ROUNDS {
            let before: f64 = beliefs.iter().map(|b| b.probability).sum();
            let same = likeness.learn(beliefs.iter().map(|b| b.probability));
            ratios = likeness.ratios(&same, &different).collect();
            let odds: Vec<f64> =
                tokens.iter().zip(&ratios).map(|(o, r)| (o * r).min(MOST_ODDS)).collect();
            beliefs = rivals.beliefs(&odds);
            let after: f64 = beliefs.iter().map(|b| b.probability).sum();
            if (after - before).abs() <= 1e-5 * before {
                break;
            }
        }
    }
    let pairs = candidates
        .iter()
        .zip(judged)
        .zip(ratios.iter().zip(&beliefs))
        .map(|((c, judged), (ratio, belief))| {
            let weight = judged.weight + ratio.log2();
            let odds = (judged.odds * ratio).min(MOST_ODDS);
            let pair = ScoredPair::new(c.a, c.b, c.agree, weight, odds);
            ScoredPair { probability: belief.probability, ..pair }
        })
        .collect();
    Scored { pairs, judgement, links, ratios }
}

/// The keys that both have, of pairs of people taken as they come: of all where they are few, so
/// that it does not hang on the order of their row ids.
fn any_pairs(people: &People) -> Vec<Keys> {
    const PAIRS: u64 = 1 << 11;
    let count = people.len() as u64;
    let pair = |i: u64| match count * count <= PAIRS {
        true => (i / count, i % count),
        false => (i * 7919 % count, (i * 104_729 + 1) % count),
    };
    (0..PAIRS.min(count * count))
        .map(pair)
        .map(|(a, b)| (a as u32, b as u32))
        .filter(|&(a, b)| people.may_be_one(a, b))
        .map(|(a, b)| people.keys_of(a) & people.keys_of(b))
        .collect()
}

/// The most rounds of learning what levels mean.
const MOST_ROUNDS: usize = 20;

/// The pairs of sources that are linked, and how each agrees by chance.
pub(super) struct Links {
    pub(super) all: Vec<Between>,
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
                let unique = [a, b].map(|s| a != b && packages[s].manifest().unique_people);
                Between { chance, people, unique, pairs }
            })
            .collect();
        Links { all, sources: n }
    }

    /// What is seen of a candidate.
    pub(super) fn observation(&self, space: &Space, people: &People, c: &Candidate) -> Observation {
        let mut both = people.keys_of(c.a) & people.keys_of(c.b);
        if people.has_several_rows(c.a) || people.has_several_rows(c.b) {
            both = space.of_several_records(both, c.agree);
        }
        let between = self.index(people.source_of(c.a), people.source_of(c.b));
        Observation { between, both, agree: c.agree }
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

/// What is believed of a pair beside the pairs it competes with.
#[derive(Debug, Clone, Copy)]
struct Belief {
    /// The probability that it is the same person.
    probability: f64,
    /// The odds that one of the two has its match in the other's source elsewhere.
    rivals: f64,
}

impl Belief {
    /// The probability that they are different people, as far as their other pairs say so.
    fn elsewhere(self) -> f64 {
        let elsewhere = self.rivals / (1.0 + self.rivals) * (1.0 - self.probability);
        if elsewhere >= SURE_ELSEWHERE { elsewhere } else { UNSURE * (1.0 - self.probability) }
    }
}

/// From here on it is sure that a pair is of different people.
const SURE_ELSEWHERE: f64 = 0.9;
/// How much a pair counts, among different people, of which that is not sure: enough to say
/// something where no pair is sure.
const UNSURE: f64 = 0.02;

/// Turns odds into probabilities, where no decision was made.
pub(super) fn compete(people: &People, pairs: &mut [ScoredPair]) {
    let odds: Vec<f64> = pairs.iter().map(|pair| pair.odds).collect();
    let rivals = Rivals::new(people, pairs.iter().map(|pair| (pair.a, pair.b)));
    let beliefs = rivals.beliefs(&odds);
    for (pair, belief) in pairs.iter_mut().zip(beliefs) {
        pair.probability = pair.decision.map_or(belief.probability, Decision::probability);
    }
}

/// Which pairs compete: those of one person with one source.
struct Rivals {
    /// Per pair, what each of its people has with the other's source, as places.
    places: Vec<[u32; 2]>,
    /// Per pair and person, whether the other's source holds each person once, so that at most
    /// one of those can be right.
    is_once: Vec<[bool; 2]>,
    count: usize,
}

impl Rivals {
    fn new(people: &People, pairs: impl Iterator<Item = (u32, u32)>) -> Rivals {
        // A person is in some pairs with few of many sources, so places are given as needed.
        let sources = people.sources.len();
        let mut place_of = vec![u32::MAX; people.len() * sources];
        let mut count = 0;
        let (places, is_once) = pairs
            .map(|(a, b)| {
                let ends = [(a, people.source_of(b)), (b, people.source_of(a))];
                let places = ends.map(|(person, source)| {
                    let place = &mut place_of[person as usize * sources + source];
                    if *place == u32::MAX {
                        *place = count;
                        count += 1;
                    }
                    *place
                });
                (places, ends.map(|(_, source)| people.sources[source].unique))
            })
            .unzip();
        Rivals { places, is_once, count: count as usize }
    }

    /// What to believe of pairs with these odds. Where a source holds each person once, at most
    /// one of its people can be the other's match, so the pairs of one person with that source
    /// compete: p = o / (1 + the odds of all of them).
    fn beliefs(&self, odds: &[f64]) -> Vec<Belief> {
        let mut sums = vec![0.0f64; self.count];
        for (places, odds) in self.places.iter().zip(odds) {
            places.iter().for_each(|&place| sums[place as usize] += odds);
        }
        let belief = |((places, is_once), &odds): ((&[u32; 2], &[bool; 2]), &f64)| {
            let (mut rivals, mut others) = (0.0, 0.0);
            for (&place, &is_once) in places.iter().zip(is_once) {
                let elsewhere = (sums[place as usize] - odds).max(0.0);
                rivals += elsewhere;
                if is_once {
                    others += elsewhere;
                }
            }
            Belief { probability: odds / (1.0 + odds + others), rivals }
        };
        self.places.par_iter().zip(&self.is_once).zip(odds).map(belief).collect()
    }
}
