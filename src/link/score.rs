//! Candidate pairs become scored pairs: the engine is fitted to what is seen of them, and
//! each gets a weight, a probability and a band.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::block::Candidate;
use super::decisions::Decision;
use super::memory::Memory;
use super::people::People;
use super::rivals::{self, Belief, Places, Rival, Rivals};
use crate::engine::{
    self, Between, Chance, Components, Context, Judged, Judgement, KeyTally, Keys, Likeness,
    MOST_ODDS, NOT_COMPARED, Observation, Ratios, Space, Tally,
};
use crate::files::{self, Pile, Record};
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

    /// Pairs as they come, with their probabilities beside each other; they stay in memory.
    ///
    /// # Errors
    /// Never, since no disk is asked.
    pub(crate) fn all(
        people: &People,
        mut pairs: Vec<ScoredPair>,
    ) -> Result<Pile<ScoredPair>, files::Error> {
        pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
        let mut pairs = Pile::held(pairs);
        rivals::compete(people, &mut pairs)?;
        Ok(pairs)
    }

    /// The band of its probability; `None` below [`POSSIBLE`].
    pub(super) fn band(&self) -> Option<Band> {
        [(DEFINITE, Band::Definite), (PROBABLE, Band::Probable), (POSSIBLE, Band::Possible)]
            .into_iter()
            .find(|(least, _)| self.probability >= *least)
            .map(|(_, band)| band)
    }
}

impl Record for ScoredPair {
    const BYTES: usize = 41;

    fn put(&self, bytes: &mut Vec<u8>) {
        (u64::from(self.a) << 32 | u64::from(self.b)).put(bytes);
        for number in [self.weight, self.odds, self.probability] {
            number.to_bits().put(bytes);
        }
        self.agree.put(bytes);
        bytes.push(match self.decision {
            None => 0,
            Some(Decision::Match) => 1,
            Some(Decision::NoMatch) => 2,
        });
    }

    fn of(bytes: &[u8]) -> ScoredPair {
        let [ends, weight, odds, probability, agree] =
            [0, 8, 16, 24, 32].map(|at| u64::of(&bytes[at..]));
        ScoredPair {
            a: (ends >> 32) as u32,
            b: ends as u32,
            weight: f64::from_bits(weight),
            odds: f64::from_bits(odds),
            probability: f64::from_bits(probability),
            agree,
            decision: [None, Some(Decision::Match), Some(Decision::NoMatch)]
                [usize::from(bytes[40].min(2))],
        }
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
    pub(super) pairs: Pile<ScoredPair>,
    pub(super) judgement: Judgement,
    pub(super) links: Links,
    pub(super) levels: Option<Known>,
}

/// What the fuzzy levels of pairs were found to mean.
pub(super) struct Known {
    likeness: Likeness,
    ratios: Ratios,
}

impl Known {
    /// How much likelier a level is for the same person, where these components agree.
    pub(super) fn ratio(&self, agreeing: Components, level: u8) -> f64 {
        self.ratios.of(self.likeness.context(agreeing), level)
    }
}

/// So many pairs are one chunk of a pile.
const PAIRS_AT_ONCE: usize = 1 << 16;
/// So many pairs one thread works on at a time.
pub(super) const ONE_SHARE: usize = 1 << 12;

/// Candidate pairs as they are found, before they are scored: batch after batch, in the order
/// of their people.
pub(super) struct Candidates {
    links: Links,
    pairs: Pile<Seen>,
    /// Different observations, each with how often it was seen, and the place of each.
    seen: Vec<(Observation, u64)>,
    places: FxHashMap<Observation, u32>,
}

/// A candidate and what was seen of it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    pair: Candidate,
    /// The place of the observation among all different ones.
    pattern: u32,
    /// How alike the fuzzy values are.
    level: u8,
}

impl Record for Seen {
    const BYTES: usize = Candidate::BYTES + 5;

    fn put(&self, bytes: &mut Vec<u8>) {
        self.pair.put(bytes);
        bytes.extend(self.pattern.to_ne_bytes());
        bytes.push(self.level);
    }

    fn of(bytes: &[u8]) -> Seen {
        let (pair, rest) = bytes.split_at(Candidate::BYTES);
        let pattern = rest.first_chunk().copied().map_or(0, u32::from_ne_bytes);
        Seen { pair: Candidate::of(pair), pattern, level: rest[4] }
    }
}

impl Candidates {
    pub(super) fn new(
        space: &Space,
        packages: &[Package],
        people: &People,
        memory: &Memory,
    ) -> Candidates {
        let pairs = Pile::new(&memory.pairs);
        let links = Links::new(space, packages, people);
        Candidates { links, pairs, seen: vec![], places: FxHashMap::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Counts what is seen of a batch: per pair, the place of that among all that was seen.
    pub(super) fn see(&mut self, space: &Space, people: &People, pairs: &[Candidate]) -> Vec<u32> {
        let mut patterns = Vec::with_capacity(pairs.len());
        for pairs in pairs.chunks(PAIRS_AT_ONCE) {
            let observation = |pair| self.links.observation(space, people, pair);
            let observations: Vec<Observation> =
                pairs.par_iter().with_min_len(ONE_SHARE).map(observation).collect();
            patterns.extend(observations.into_iter().map(|observation| {
                let pattern = *self.places.entry(observation).or_insert_with(|| {
                    self.seen.push((observation, 0));
                    self.seen.len() as u32 - 1
                });
                self.seen[pattern as usize].1 += 1;
                pattern
            }));
        }
        patterns
    }

    /// Puts a batch down, with what was seen of its pairs and their levels.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn push(
        &mut self,
        pairs: &[Candidate],
        patterns: &[u32],
        levels: &[u8],
    ) -> Result<(), files::Error> {
        let seen = |i: usize| Seen { pair: pairs[i], pattern: patterns[i], level: levels[i] };
        for start in (0..pairs.len()).step_by(PAIRS_AT_ONCE) {
            let end = pairs.len().min(start + PAIRS_AT_ONCE);
            self.pairs.push((start..end).map(seen).collect())?;
        }
        Ok(())
    }

    /// Fits the model to the candidates and gives each its odds, and its probability beside its
    /// rivals.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn score(
        self,
        space: &Space,
        people: &People,
        memory: &Memory,
    ) -> Result<Scored, files::Error> {
        let Candidates { links, pairs: mut candidates, seen, places } = self;
        drop(places);
        let judgement = engine::judge(space, &links.all, &links.any, &seen);
        let likeness = Likeness::new(space, judgement.judged.iter().map(|j| j.agreeing));
        let context = |judged: &Judged| likeness.context(judged.agreeing);
        let contexts: Vec<Context> = judgement.judged.iter().map(context).collect();

        let mut places = Places::new(people);
        candidates.each(|seen| places.add(people, seen.pair.a, seen.pair.b))?;
        let places = places.numbered();
        let mut rivals = Rivals { sums: vec![0.0; places.count], pairs: Pile::new(&memory.pairs) };
        let mut is_compared = false;
        for chunk in 0..candidates.chunks() {
            let seen = candidates.chunk(chunk)?;
            is_compared |= seen.iter().any(|seen| seen.level != NOT_COMPARED);
            let rival = |&Seen { pair, pattern, level }: &Seen| {
                let odds = judgement.judged[pattern as usize].odds;
                let (places, is_once) = places.of(people, pair.a, pair.b);
                let context = contexts[pattern as usize];
                Rival { odds, places, context, level, is_once }
            };
            let pairs = seen.par_iter().with_min_len(ONE_SHARE).map(rival);
            rivals.pairs.push(pairs.collect())?;
        }
        drop((places, contexts));

        let ratios = if is_compared {
            rivals.learn(&likeness)?
        } else {
            rivals.sum(|rival| rival.odds)?;
            Ratios::even(&likeness)
        };
        let mut pairs = Pile::new(&memory.pairs);
        for chunk in 0..candidates.chunks() {
            let (seen, rival) = (candidates.take(chunk)?, rivals.pairs.take(chunk)?);
            let scored = |(seen, rival): (&Seen, &Rival)| {
                let Candidate { a, b, agree } = seen.pair;
                let judged = &judgement.judged[seen.pattern as usize];
                let ratio = ratios.of(rival.context, rival.level);
                let odds = (judged.odds * ratio).min(MOST_ODDS);
                let belief = Belief::new(rivals.sums(rival), rival.is_once, odds);
                let pair = ScoredPair::new(a, b, agree, judged.weight + ratio.log2(), odds);
                ScoredPair { probability: belief.probability, ..pair }
            };
            let both = seen.par_iter().with_min_len(ONE_SHARE).zip(&rival);
            pairs.push(both.map(scored).collect())?;
        }
        let levels = is_compared.then_some(Known { likeness, ratios });
        Ok(Scored { pairs, judgement, links, levels })
    }
}

/// The people of a source of whom a match key is filled. Of one who has none, as of a caller
/// without a name, nothing is known to link by: they are no part of what the model expects.
fn with_keys(people: &People, source: usize) -> Vec<u32> {
    people.of_source(source).filter(|&person| people.keys_of(person) != 0).collect()
}

/// The keys that both have, of pairs of people of two sources taken as they come: of all where they
/// are few, so that it does not hang on the order of their row ids.
fn any_pairs(people: &People, of: [&[u32]; 2]) -> Vec<Keys> {
    const PAIRS: u64 = 1 << 11;
    let counts = of.map(|people| people.len() as u64);
    let all = counts[0].saturating_mul(counts[1]);
    // Steps of the golden section, and of another irrational number, go evenly through each.
    let step =
        |i: u64, step: u32, count: u64| (u64::from((i as u32).wrapping_mul(step)) * count) >> 32;
    let pair = |i: u64| match all <= PAIRS {
        true => [i / counts[1], i % counts[1]],
        false => [step(i, 0x9E37_79B9, counts[0]), step(i, 0x6A09_E667, counts[1])],
    };
    (0..PAIRS.min(all))
        .map(pair)
        .map(|[a, b]| (of[0][a as usize], of[1][b as usize]))
        .filter(|&(a, b)| people.may_be_one(a, b))
        .map(|(a, b)| people.keys_of(a) & people.keys_of(b))
        .collect()
}

/// The pairs of sources that are linked, and how each agrees by chance.
pub(super) struct Links {
    pub(super) all: Vec<Between>,
    /// Of each, the keys that both have, of pairs of people taken as they come.
    any: Vec<Vec<Keys>>,
    sources: usize,
}

impl Links {
    fn new(space: &Space, packages: &[Package], people: &People) -> Links {
        let n = packages.len();
        let known: Vec<Vec<u32>> = (0..n).map(|source| with_keys(people, source)).collect();
        let (all, any) = (0..n)
            .flat_map(|a| (a..n).map(move |b| (a, b)))
            .map(|(a, b)| {
                let (a_counted, b_counted) = (tally(&packages[a]), tally(&packages[b]));
                let any = any_pairs(people, [&known[a], &known[b]]);
                let people = [a, b].map(|source| known[source].len() as u64);
                let pairs = match a == b {
                    true => people[0] as f64 * (people[0] as f64 - 1.0) / 2.0,
                    false => people[0] as f64 * people[1] as f64,
                };
                let chance = Chance::between(space, &a_counted, &b_counted);
                let unique = [a, b].map(|s| a != b && packages[s].manifest().unique_people);
                (Between { chance, people, unique, pairs }, any)
            })
            .unzip();
        Links { all, any, sources: n }
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

/// Puts more pairs, in order, among pairs in order; `both` makes one pair of two of the same
/// people.
///
/// # Errors
/// When the disk refuses.
pub(super) fn with_more(
    pairs: &mut Pile<ScoredPair>,
    more: &[ScoredPair],
    both: impl Fn(&ScoredPair, &ScoredPair) -> ScoredPair,
) -> Result<(), files::Error> {
    if more.is_empty() {
        return Ok(());
    }
    let ends = |pair: &ScoredPair| (pair.a, pair.b);
    let mut left = more;
    pairs.rewrite(|chunk, is_last| {
        let last = chunk.last().filter(|_| !is_last);
        let count = last.map_or(left.len(), |l| left.partition_point(|p| ends(p) <= ends(l)));
        let (now, later) = left.split_at(count);
        left = later;
        if now.is_empty() {
            return chunk;
        }
        let mut merged = Vec::with_capacity(chunk.len() + now.len());
        let mut now = now.iter().peekable();
        for pair in chunk {
            while let Some(other) = now.next_if(|other| ends(other) < ends(&pair)) {
                merged.push(*other);
            }
            match now.next_if(|other| ends(other) == ends(&pair)) {
                Some(other) => merged.push(both(&pair, other)),
                None => merged.push(pair),
            }
        }
        merged.extend(now);
        merged
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pairs_are_the_same_as_bytes() {
        for decision in [None, Some(Decision::Match), Some(Decision::NoMatch)] {
            let pair = ScoredPair::new(7, u32::MAX, 1 << 63, -3.5, 1e12);
            let pair = ScoredPair { probability: 0.25, decision, ..pair };
            let mut bytes = vec![];
            pair.put(&mut bytes);
            assert_eq!((bytes.len(), ScoredPair::of(&bytes)), (ScoredPair::BYTES, pair));
        }
        let pair = Candidate { a: 7, b: u32::MAX, agree: 1 << 63 };
        let seen = Seen { pair, pattern: u32::MAX - 1, level: 15 };
        let mut bytes = vec![];
        seen.put(&mut bytes);
        assert_eq!((bytes.len(), Seen::of(&bytes)), (Seen::BYTES, seen));
    }

    proptest! {
        #[test]
        fn more_pairs_come_among_the_others(
            pairs in prop::collection::btree_set((0u32..6, 6u32..9), 0..18),
            more in prop::collection::btree_set((0u32..6, 6u32..9), 0..18),
            chunk in 1usize..6,
        ) {
            let of = |&(a, b): &(u32, u32)| ScoredPair::new(a, b, 1, 0.0, 1.0);
            let mut pile = Pile::new(&files::Spill::none());
            let sorted: Vec<ScoredPair> = pairs.iter().map(of).collect();
            for chunk in sorted.chunks(chunk) {
                pile.push(chunk.to_vec()).expect("in memory");
            }
            let more_pairs: Vec<ScoredPair> = more.iter().map(of).collect();
            let both = |pair: &ScoredPair, _: &ScoredPair| ScoredPair { weight: 9.0, ..*pair };
            with_more(&mut pile, &more_pairs, both).expect("in memory");
            let found = pile.into_vec().expect("in memory");
            let expected: Vec<ScoredPair> = pairs
                .union(&more)
                .map(|ends| {
                    let is_both = pairs.contains(ends) && more.contains(ends);
                    ScoredPair { weight: if is_both { 9.0 } else { 0.0 }, ..of(ends) }
                })
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
