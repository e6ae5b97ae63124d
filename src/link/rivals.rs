//! Which pairs compete, and what is to be believed of each beside its rivals: where a source
//! holds each person once, at most one of its people can be the other's match.

use rayon::prelude::*;

use super::decisions::Decision;
use super::people::People;
use super::score::{ONE_SHARE, ScoredPair};
use crate::engine::{Context, Levels, Likeness, MOST_ODDS, Ratios};
use crate::files::{self, Pile, Record};

/// Turns odds into probabilities, where no decision was made.
///
/// # Errors
/// When the disk refuses.
pub(super) fn compete(people: &People, pairs: &mut Pile<ScoredPair>) -> Result<(), files::Error> {
    let mut places = Places::new(people);
    pairs.each(|pair| places.add(people, pair.a, pair.b))?;
    let places = places.numbered();
    let mut sums = vec![0.0; places.count];
    pairs.each(|pair| {
        let (places, _) = places.of(people, pair.a, pair.b);
        places.iter().for_each(|&place| sums[place as usize] += pair.odds);
    })?;
    sums[ALONE] = 0.0;
    pairs.rewrite(|mut chunk, _| {
        chunk.par_iter_mut().with_min_len(ONE_SHARE).for_each(|pair| {
            let (places, is_once) = places.of(people, pair.a, pair.b);
            let belief = Belief::new(places.map(|place| sums[place as usize]), is_once, pair.odds);
            pair.probability = pair.decision.map_or(belief.probability, Decision::probability);
        });
        chunk
    })
}

/// Each person together with each source that it has several pairs with, by number: the pairs of
/// one of these compete. A pair that is the only one has nothing to compete with, so all such
/// have one place between them, [`ALONE`].
pub(super) struct Places {
    /// Per person, the sources it has pairs with, by bit.
    with: Vec<u64>,
    /// Per person, the sources it has several pairs with, by bit.
    several: Vec<u64>,
    /// Per person, the number of its first place.
    first: Vec<u32>,
    pub(super) count: usize,
}

/// The place of pairs that have no rival: nothing ever adds up there.
const ALONE: usize = 0;

impl Places {
    pub(super) fn new(people: &People) -> Places {
        let none = || vec![0; people.len()];
        Places { with: none(), several: none(), first: vec![], count: 0 }
    }

    /// Makes the places of a pair.
    pub(super) fn add(&mut self, people: &People, a: u32, b: u32) {
        for (person, other) in [(a, b), (b, a)] {
            let source = 1 << people.source_of(other);
            let with = &mut self.with[person as usize];
            self.several[person as usize] |= *with & source;
            *with |= source;
        }
    }

    pub(super) fn numbered(mut self) -> Places {
        self.with = vec![];
        let mut next = ALONE as u32 + 1;
        let number = |several: &u64| {
            next += several.count_ones();
            next - several.count_ones()
        };
        self.first = self.several.iter().map(number).collect();
        self.count = next as usize;
        self
    }

    /// What each of a pair has with the other's source, as places; and whether that source
    /// holds each person once, so that at most one of those can be right.
    pub(super) fn of(&self, people: &People, a: u32, b: u32) -> ([u32; 2], [bool; 2]) {
        let ends = [(a, people.source_of(b)), (b, people.source_of(a))];
        let place = |(person, source): (u32, usize)| {
            let several = self.several[person as usize];
            match several >> source & 1 {
                0 => ALONE as u32,
                _ => self.first[person as usize] + (several & ((1 << source) - 1)).count_ones(),
            }
        };
        (ends.map(place), ends.map(|(_, source)| people.sources[source].unique))
    }
}

/// What scoring goes by of a pair, again and again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rival {
    /// As its tokens say.
    pub(super) odds: f64,
    /// See [`Places::of`].
    pub(super) places: [u32; 2],
    pub(super) context: Context,
    pub(super) level: u8,
    /// See [`Places::of`].
    pub(super) is_once: [bool; 2],
}

impl Record for Rival {
    const BYTES: usize = 22;

    fn put(&self, bytes: &mut Vec<u8>) {
        self.odds.to_bits().put(bytes);
        let [x, y] = self.places.map(u64::from);
        (x << 32 | y).put(bytes);
        bytes.extend(self.context.to_ne_bytes());
        let [x, y] = self.is_once.map(u8::from);
        bytes.extend([self.level, x << 1 | y]);
    }

    fn of(bytes: &[u8]) -> Rival {
        let [odds, places] = [0, 8].map(|at| u64::of(&bytes[at..]));
        Rival {
            odds: f64::from_bits(odds),
            places: [(places >> 32) as u32, places as u32],
            context: bytes[16..].first_chunk().copied().map_or(0, Context::from_ne_bytes),
            level: bytes[20],
            is_once: [bytes[21] & 2 != 0, bytes[21] & 1 != 0],
        }
    }
}

/// Pairs that compete: those of one person with one source.
pub(super) struct Rivals {
    /// Per place, the odds of all its pairs together.
    pub(super) sums: Vec<f64>,
    pub(super) pairs: Pile<Rival>,
}

impl Rivals {
    /// Adds up the odds of each place.
    pub(super) fn sum(&mut self, odds: impl Fn(&Rival) -> f64 + Sync) -> Result<(), files::Error> {
        self.sums.fill(0.0);
        let mut others = vec![0.0; self.sums.len()];
        for chunk in 0..self.pairs.chunks() {
            let rivals = self.pairs.chunk(chunk)?;
            // Either side of the pairs by itself, each in order.
            let add = |side: usize, sums: &mut [f64]| {
                rivals.iter().for_each(|r| sums[r.places[side] as usize] += odds(r));
            };
            rayon::join(|| add(0, &mut self.sums), || add(1, &mut others));
        }
        self.sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        self.sums[ALONE] = 0.0;
        Ok(())
    }

    /// What the places of a pair add up to.
    pub(super) fn sums(&self, rival: &Rival) -> [f64; 2] {
        rival.places.map(|place| self.sums[place as usize])
    }

    /// Adds up the odds of each place, and counts the pairs by what is to be believed of each.
    fn believe(
        &mut self,
        likeness: &Likeness,
        odds: impl Fn(&Rival) -> f64 + Sync,
    ) -> Result<Believed, files::Error> {
        self.sum(&odds)?;
        let mut all = Believed::none(likeness);
        for chunk in 0..self.pairs.chunks() {
            let rivals = self.pairs.chunk(chunk)?;
            let counted = |rivals: &[Rival]| {
                let mut believed = Believed::none(likeness);
                let mut sums = [[0.0; 2]; LOOKED_UP];
                for rivals in rivals.chunks(LOOKED_UP) {
                    // One after the other, they come from memory side by side.
                    sums.iter_mut().zip(rivals).for_each(|(sums, rival)| *sums = self.sums(rival));
                    for (rival, &sums) in rivals.iter().zip(&sums) {
                        believed.count(rival, Belief::new(sums, rival.is_once, odds(rival)));
                    }
                }
                believed
            };
            // Shares of a fixed size, added up in order: the same sums at any thread count.
            let shares: Vec<Believed> = rivals.par_chunks(ONE_COUNT).map(counted).collect();
            shares.iter().for_each(|share| all.add(share));
        }
        Ok(all)
    }

    /// Learns what levels mean, together with what is to be believed of each pair; what the
    /// places add up to then belongs to that.
    pub(super) fn learn(&mut self, likeness: &Likeness) -> Result<Ratios, files::Error> {
        let mut before = self.believe(likeness, |rival| rival.odds)?;
        let different = likeness.learn(before.different());
        let mut ratios = Ratios::even(likeness);
        for _ in 0..MOST_ROUNDS {
            ratios = Ratios::new(&likeness.learn(before.same), &different);
            let odds =
                |rival: &Rival| (rival.odds * ratios.of(rival.context, rival.level)).min(MOST_ODDS);
            let after = self.believe(likeness, odds)?;
            let is_settled = (after.matches - before.matches).abs() <= 1e-5 * before.matches;
            before = after;
            if is_settled {
                break;
            }
        }
        Ok(ratios)
    }
}

/// So many pairs are counted by one thread at a time.
const ONE_COUNT: usize = 1 << 14;
/// Of so many the sums are looked up before any is counted.
const LOOKED_UP: usize = 1 << 8;

/// The levels of pairs, by what is believed of these.
struct Believed {
    same: Levels,
    /// Of people one of whom surely has its match elsewhere, and of all others.
    elsewhere: Levels,
    unsure: Levels,
    /// How many pairs are of the same person.
    matches: f64,
}

impl Believed {
    fn none(likeness: &Likeness) -> Believed {
        let none = || likeness.none();
        Believed { same: none(), elsewhere: none(), unsure: none(), matches: 0.0 }
    }

    fn count(&mut self, rival: &Rival, belief: Belief) {
        self.matches += belief.probability;
        self.same.count(rival.context, rival.level, belief.probability);
        match belief.elsewhere() {
            sure @ SURE_ELSEWHERE.. => self.elsewhere.count(rival.context, rival.level, sure),
            _ => self.unsure.count(rival.context, rival.level, 1.0 - belief.probability),
        }
    }

    /// The levels of different people. Where few people have a match elsewhere, those who have say
    /// little of who else is alike: people of one household, above all.
    fn different(&self) -> Levels {
        let (sure, unsure) = (self.elsewhere.total(), self.unsure.total());
        let share = sure / (sure + unsure).max(f64::MIN_POSITIVE);
        let mut different = self.elsewhere.clone();
        different.add(&self.unsure, (1.0 - share / ENOUGH_ELSEWHERE).max(UNSURE));
        different
    }

    fn add(&mut self, more: &Believed) {
        self.matches += more.matches;
        self.same.add(&more.same, 1.0);
        self.elsewhere.add(&more.elsewhere, 1.0);
        self.unsure.add(&more.unsure, 1.0);
    }
}

/// What is believed of a pair beside the pairs it competes with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Belief {
    /// The probability that it is the same person.
    pub(super) probability: f64,
    /// The odds that one of the two has its match in the other's source elsewhere.
    rivals: f64,
}

impl Belief {
    /// Of a pair with these odds, whose places add up to these sums. Where a source holds each
    /// person once, at most one of its people can be the other's match, so the pairs of one person
    /// with that source compete: p = o / (1 + the odds of all of them).
    pub(super) fn new(sums: [f64; 2], is_once: [bool; 2], odds: f64) -> Belief {
        let (mut rivals, mut others) = (0.0, 0.0);
        for (sum, is_once) in sums.into_iter().zip(is_once) {
            let elsewhere = (sum - odds).max(0.0);
            rivals += elsewhere;
            if is_once {
                others += elsewhere;
            }
        }
        Belief { probability: odds / (1.0 + odds + others), rivals }
    }

    /// The probability that they are different people, as far as their other pairs say so.
    fn elsewhere(self) -> f64 {
        self.rivals / (1.0 + self.rivals) * (1.0 - self.probability)
    }
}

/// From here on it is sure that a pair is of different people.
const SURE_ELSEWHERE: f64 = 0.9;
/// Of pairs of different people, if so many are sure they tell what all are like.
const ENOUGH_ELSEWHERE: f64 = 0.1;
/// How much a pair counts then that is not sure: enough to say something of what no pair tells
/// that is sure.
const UNSURE: f64 = 0.02;

/// The most rounds of learning what levels mean.
const MOST_ROUNDS: usize = 20;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::link::people::tests::people;

    #[test]
    fn rivals_are_the_same_as_bytes() {
        for is_once in [[false, true], [true, false]] {
            let (odds, places) = (f64::INFINITY, [5, u32::MAX]);
            let rival = Rival { odds, places, context: 1 << 20, level: 15, is_once };
            let mut bytes = vec![];
            rival.put(&mut bytes);
            assert_eq!((bytes.len(), Rival::of(&bytes)), (Rival::BYTES, rival));
        }
    }

    #[test]
    fn pairs_of_one_person_with_one_source_compete() {
        let people = people(&[(true, &[1, 2]), (true, &[3, 4]), (false, &[5, 6])]);
        let pair = |a, b, odds| ScoredPair::new(a, b, 1, 0.0, odds);
        // The last two are with a source that may hold a person twice.
        let pairs = vec![pair(0, 2, 1.0), pair(0, 3, 3.0), pair(0, 4, 1.0), pair(0, 5, 1.0)];
        let mut pairs = Pile::held(pairs);
        compete(&people, &mut pairs).expect("in memory");
        let found: Vec<f64> = pairs.chunk(0).expect("one").iter().map(|p| p.probability).collect();
        assert_eq!(found, [1.0 / 5.0, 3.0 / 5.0, 1.0 / 2.0, 1.0 / 2.0]);
    }

    proptest! {
        #[test]
        fn what_has_no_rival_is_as_likely_as_its_odds_and_all_else_as_its_sums_say(
            pairs in prop::collection::btree_map((0u32..3, 3u32..9), 0.01f64..9.0, 0..18),
            once in prop::array::uniform3(any::<bool>()),
        ) {
            let people = people(&[(once[0], &[1, 2, 3]), (once[1], &[4, 5, 6]), (once[2], &[7, 8, 9])]);
            let mut sums: HashMap<(u32, usize), f64> = HashMap::new();
            for (&(a, b), &odds) in &pairs {
                for (person, other) in [(a, b), (b, a)] {
                    *sums.entry((person, people.source_of(other))).or_default() += odds;
                }
            }
            let scored = pairs.iter().map(|(&(a, b), &odds)| ScoredPair::new(a, b, 1, 0.0, odds));
            let mut competed = Pile::held(scored.collect());
            compete(&people, &mut competed).expect("in memory");
            for pair in competed.into_vec().expect("in memory") {
                let mut all = 1.0 + pair.odds;
                for (person, other) in [(pair.a, pair.b), (pair.b, pair.a)] {
                    let source = people.source_of(other);
                    if once[source] {
                        all += sums[&(person, source)] - pair.odds;
                    }
                }
                prop_assert!((pair.probability - pair.odds / all).abs() < 1e-12);
            }
        }
    }
}
