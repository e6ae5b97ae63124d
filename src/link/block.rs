//! Candidate pairs: two people who have an equal token in some match key.
//!
//! The tokens of a match key are dealt into partitions by their first bits (they are keyed
//! hashes, so these are as good as drawn), each small enough for the second cache, and what
//! follows never leaves it. Most tokens have no equal. They are dropped before any are sorted:
//! each token sets one bit of a map of bits, chosen by its next bits, and only tokens whose bit
//! was set twice are kept. Those are dealt into buckets of a few, and equal neighbours in a
//! bucket are pairs. Where the partitions of a key would take too much memory, its tokens are
//! gone through several times, for some of the partitions each time.
//!
//! Pairs are dealt by their first person into parts that are small enough to be sorted in the
//! cache, and put on piles until all keys are done.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::memory::Memory;
use super::people::People;
use crate::engine::Keys;
use crate::files::{self, Pile, Record};
use crate::package::Package;
use crate::progress::Progress;

/// Two people with at least one agreeing match key; `a` comes before `b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) agree: Keys,
}

/// How many pairs a match key will make, known before any is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Forecast {
    /// Pairs, counted once per match key that finds them.
    pub(super) pairs: u64,
    /// Pairs in blocks over the cap, which are left out.
    pub(super) dropped: u64,
    /// How many blocks those are.
    pub(super) dropped_blocks: u64,
}

impl Forecast {
    fn plus(self, other: Forecast) -> Forecast {
        Forecast {
            pairs: self.pairs + other.pairs,
            dropped: self.dropped + other.dropped,
            dropped_blocks: self.dropped_blocks + other.dropped_blocks,
        }
    }
}

/// So many people are one part: their pairs are sorted together.
const PART: usize = 1 << 14;

/// A pair with one key that it agrees in, part by part: the place of the first person in its
/// part, the other person and the key fit into one number, in that order.
type Hit = u64;

/// At most so many hits of one part are put down at a time, and at least so many.
const MOST_HITS: usize = 1 << 12;
const FEWEST_HITS: usize = 1 << 6;

/// The pairs that each match key finds, by part.
pub(super) struct Hits {
    parts: Vec<Mutex<Pile<Hit>>>,
    pub(super) forecast: Forecast,
}

impl Hits {
    /// Goes through the match keys of the packages.
    ///
    /// A block (people with one token) of more than `cap` people is left out and counted. Two
    /// people of one source make a pair only when the source may hold a person twice.
    ///
    /// # Errors
    /// When pairs go to the disk, and that refuses.
    pub(super) fn find(
        packages: &[Package],
        people: &People,
        keys: usize,
        cap: usize,
        memory: &Memory,
        progress: &Progress,
    ) -> Result<Hits, files::Error> {
        progress.begin("finding candidate pairs", Some(keys as u64));
        let parts = people.len() / PART + 1;
        let part = || Mutex::new(Pile::new(&memory.pairs));
        let parts: Vec<Mutex<Pile<Hit>>> = (0..parts).map(|_| part()).collect();
        // Each thread holds back some hits of each part.
        let held = size_of::<Hit>() * parts.len() * rayon::current_num_threads();
        let at_once = (memory.batch / held).clamp(FEWEST_HITS, MOST_HITS);
        let forecast = (0..keys)
            .into_par_iter()
            .map_init(
                || Join::new(people, cap, &parts, at_once),
                |join, key| {
                    join.key(key, packages, memory.tokens)?;
                    progress.advance(1);
                    join.put_down_all()
                },
            )
            .try_reduce(Forecast::default, |all, one| Ok(all.plus(one)));
        progress.end();
        Ok(Hits { parts, forecast: forecast? })
    }

    /// Gives the candidates, each once and in order, in batches of as many parts as there is
    /// memory for, with a fuzzy value of so many bytes for each of their first people.
    ///
    /// # Errors
    /// When the disk refuses, or `give` does.
    pub(super) fn batches(
        self,
        memory: &Memory,
        width: usize,
        mut give: impl FnMut(Vec<Candidate>) -> Result<(), files::Error>,
    ) -> Result<(), files::Error> {
        let mut parts: Vec<Pile<Hit>> = self
            .parts
            .into_iter()
            .map(|part| part.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect();
        // The fuzzy values of the people of a batch are in memory too.
        let most = (memory.batch / (PART * width.max(1))).max(1);
        let mut first = 0;
        while first < parts.len() {
            let mut bytes = 0;
            let fits = |part: &&Pile<Hit>| {
                bytes += part.len() * size_of::<Hit>();
                bytes <= memory.batch
            };
            let count = parts[first..].iter().take(most).take_while(fits).count().max(1);
            let batch: Result<Vec<Vec<Candidate>>, files::Error> = parts[first..first + count]
                .par_iter_mut()
                .enumerate()
                .map(|(i, part)| {
                    merged(first + i, std::mem::replace(part, Pile::new(&memory.pairs)))
                })
                .collect();
            // Only one copy of them is there while they are compared.
            let batch: Vec<Candidate> = batch?.concat();
            give(batch)?;
            first += count;
        }
        Ok(())
    }
}

/// The pairs of one part, each once, in order, with the keys that have it.
fn merged(part: usize, hits: Pile<Hit>) -> Result<Vec<Candidate>, files::Error> {
    let mut hits = hits.into_vec()?;
    hits.sort_unstable();
    let candidate = |pair: &[Hit]| Candidate {
        a: (part * PART) as u32 + (pair[0] >> 40) as u32,
        b: (pair[0] >> 8) as u32,
        agree: pair.iter().fold(0, |set, hit| set | 1 << (hit & 0xff)),
    };
    Ok(hits.chunk_by(|x, y| x >> 8 == y >> 8).map(candidate).collect())
}

/// A token and whose it is as one number, in the order of tokens and then of people: the first
/// 96 bits of the token, behind them the person. Of a hundred million people two tokens that
/// differ are alike so far in one of 10¹¹ runs.
type Entry = u128;

fn entry(token: [u8; 16], person: u32) -> Entry {
    u128::from_be_bytes(token) & !u128::from(u32::MAX) | u128::from(person)
}

fn person_of(entry: Entry) -> u32 {
    entry as u32
}

fn is_one_token(x: Entry, y: Entry) -> bool {
    (x ^ y) >> 32 == 0
}

/// So many of a token's bits, those behind the first `common`; 64 in all at most.
fn bits_of(entry: Entry, common: u32, count: u32) -> usize {
    (((entry >> 64) as u64) << common >> (64 - count)) as usize
}

/// About so many tokens are one partition.
const PARTITION: usize = 1 << 14;
/// After so many rows, their tokens go back to the system.
const ROWS_AT_ONCE: usize = 1 << 20;
/// A key's tokens are gone through at most so often, however little memory there is.
const MOST_ROUNDS: usize = 8;

/// What one thread finds pairs with.
struct Join<'a> {
    people: &'a People,
    cap: usize,
    parts: &'a [Mutex<Pile<Hit>>],
    /// Hits that are not put down yet, by part.
    found: Vec<Vec<Hit>>,
    /// So many of a part are put down.
    at_once: usize,
    forecast: Forecast,
    partitions: Vec<Vec<Entry>>,
    equal: Vec<Entry>,
}

impl<'a> Join<'a> {
    fn new(
        people: &'a People,
        cap: usize,
        parts: &'a [Mutex<Pile<Hit>>],
        at_once: usize,
    ) -> Join<'a> {
        let found = vec![Vec::new(); parts.len()];
        let forecast = Forecast::default();
        Join { people, cap, parts, found, at_once, forecast, partitions: vec![], equal: vec![] }
    }

    /// Finds the pairs of one key, with partitions of at most so many bytes at a time.
    fn key(&mut self, key: usize, packages: &[Package], room: usize) -> Result<(), files::Error> {
        let tokens: usize = packages.iter().map(|p| p.tokens(key).valid_count()).sum();
        let rounds = (tokens * size_of::<Entry>()).div_ceil(room.max(1)).clamp(1, MOST_ROUNDS);
        let count = tokens.div_ceil(PARTITION).max(rounds).next_power_of_two().max(2);
        let bits = count.trailing_zeros();
        let at_once = count.div_ceil(rounds);
        self.partitions.resize_with(at_once, Vec::new);
        for first in (0..count).step_by(at_once) {
            // Drawn tokens leave few partitions with more than an eighth over the mean.
            let most = tokens / count * 9 / 8 + 64;
            self.partitions.iter_mut().for_each(|partition| {
                partition.clear();
                partition.reserve(most);
            });
            let (people, partitions) = (self.people, &mut self.partitions[..at_once]);
            for (p, package) in packages.iter().enumerate() {
                let column = package.tokens(key);
                for start in (0..package.rows()).step_by(ROWS_AT_ONCE) {
                    let rows = start..package.rows().min(start + ROWS_AT_ONCE);
                    column.each_valid(rows, |row| {
                        let entry = entry(column.values()[row], people.of_row(p, row));
                        let partition = bits_of(entry, 0, bits).wrapping_sub(first);
                        if let Some(partition) = partitions.get_mut(partition) {
                            partition.push(entry);
                        }
                    });
                    package.forget_tokens(key);
                }
            }
            for partition in 0..at_once {
                let entries = std::mem::take(&mut self.partitions[partition]);
                self.partition(key, &entries, bits)?;
                self.partitions[partition] = entries;
            }
        }
        Ok(())
    }

    /// Finds the pairs among tokens that have their first bits in common.
    fn partition(&mut self, key: usize, entries: &[Entry], bits: u32) -> Result<(), files::Error> {
        let mut met = Met::new(entries.len(), bits);
        entries.iter().for_each(|&entry| met.meet(entry));
        // Written down whether it is kept or not, since a processor cannot foresee which are.
        let mut equal = std::mem::take(&mut self.equal);
        equal.resize(entries.len(), 0);
        let mut kept = 0;
        for &entry in entries {
            equal[kept] = entry;
            kept += usize::from(met.was_again(entry));
        }
        let buckets = Buckets::new(&equal[..kept], bits);
        for block in buckets.entries.chunk_by(|&x, &y| is_one_token(x, y)) {
            match *block {
                [_] => {}
                [x, y] => self.pair(key, person_of(x), person_of(y))?,
                _ => self.block(key, block)?,
            }
        }
        self.equal = equal;
        Ok(())
    }

    /// The pairs of people with one token, in order; one who is there twice is taken once.
    fn block(&mut self, key: usize, block: &[Entry]) -> Result<(), files::Error> {
        let people = || block.chunk_by(|x, y| x == y).map(|same| person_of(same[0]));
        let count = people().count();
        if count > self.cap {
            self.forecast.dropped += (count * (count - 1) / 2) as u64;
            self.forecast.dropped_blocks += 1;
            return Ok(());
        }
        for (i, a) in people().enumerate() {
            for b in people().skip(i + 1) {
                self.pair(key, a, b)?;
            }
        }
        Ok(())
    }

    #[inline]
    fn pair(&mut self, key: usize, a: u32, b: u32) -> Result<(), files::Error> {
        if !self.people.may_be_one(a, b) {
            return Ok(());
        }
        let part = a as usize / PART;
        self.found[part].push(hit(a, b, key));
        self.forecast.pairs += 1;
        if self.found[part].len() >= self.at_once {
            self.put_down(part)?;
        }
        Ok(())
    }

    fn put_down(&mut self, part: usize) -> Result<(), files::Error> {
        let mut pile = self.parts[part].lock().unwrap_or_else(PoisonError::into_inner);
        pile.push(self.found[part].to_vec())?;
        self.found[part].clear();
        Ok(())
    }

    /// Puts everything down, and says what was found since it last did.
    fn put_down_all(&mut self) -> Result<Forecast, files::Error> {
        (0..self.parts.len()).try_for_each(|part| self.put_down(part))?;
        Ok(std::mem::take(&mut self.forecast))
    }
}

fn hit(a: u32, b: u32, key: usize) -> Hit {
    (u64::from(a) % PART as u64) << 40 | u64::from(b) << 8 | key as u64
}

/// Entries sorted by token and person within buckets of two or so, which go by bits of the
/// tokens: equal ones are neighbours.
struct Buckets {
    entries: Vec<Entry>,
}

impl Buckets {
    /// Of entries whose tokens have so many of their first bits in common.
    fn new(entries: &[Entry], common: u32) -> Buckets {
        let bits = (entries.len() / 2).next_power_of_two().trailing_zeros().max(1);
        let bucket = |entry: Entry| bits_of(entry, common, bits);
        let mut next = vec![0u32; (1 << bits) + 1];
        entries.iter().for_each(|&entry| next[bucket(entry) + 1] += 1);
        for b in 1..next.len() {
            next[b] += next[b - 1];
        }
        let mut dealt = vec![0; entries.len()];
        for &entry in entries {
            let place = &mut next[bucket(entry)];
            dealt[*place as usize] = entry;
            *place += 1;
        }
        // Each bucket's next place is now its end.
        next.pop();
        let mut start = 0;
        for end in next {
            let bucket = &mut dealt[start as usize..end as usize];
            if bucket.len() > 1 {
                bucket.sort_unstable();
            }
            start = end;
        }
        Buckets { entries: dealt }
    }
}

/// Which tokens were met, and which again, by some of their bits: a token may be taken for one
/// that was met again and was not, never the other way.
struct Met {
    common: u32,
    bits: u32,
    once: Vec<u64>,
    again: Vec<u64>,
}

impl Met {
    /// For so many tokens that have so many of their first bits in common. With eight bits for
    /// each token or more, one in ten is kept for nothing.
    fn new(tokens: usize, common: u32) -> Met {
        let bits = (8 * tokens).next_power_of_two().max(64);
        let words = vec![0; bits / 64];
        Met { common, bits: bits.trailing_zeros(), once: words.clone(), again: words }
    }

    fn meet(&mut self, entry: Entry) {
        let (word, bit) = self.place(entry);
        self.again[word] |= bit & self.once[word];
        self.once[word] |= bit;
    }

    /// Whether a token was met twice.
    fn was_again(&self, entry: Entry) -> bool {
        let (word, bit) = self.place(entry);
        self.again[word] & bit != 0
    }

    fn place(&self, entry: Entry) -> (usize, u64) {
        let place = bits_of(entry, self.common, self.bits);
        (place / 64, 1 << (place % 64))
    }
}

impl Record for Candidate {
    const BYTES: usize = 16;

    fn put(&self, bytes: &mut Vec<u8>) {
        (u64::from(self.a) << 32 | u64::from(self.b)).put(bytes);
        self.agree.put(bytes);
    }

    fn of(bytes: &[u8]) -> Candidate {
        let pair = u64::of(bytes);
        Candidate { a: (pair >> 32) as u32, b: pair as u32, agree: u64::of(&bytes[8..]) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::files::Spill;
    use crate::link::people::tests::people;

    proptest! {
        /// Against nested loops; tokens are few, so that many are equal, and their first bits
        /// are not drawn at all.
        #[test]
        fn pairs_are_those_of_nested_loops(
            tokens in prop::collection::vec((0u64..6, 0u64..3, 0u32..9), 0..60),
            spread: bool,
            cap in 2usize..9,
        ) {
            let people = people(&[(true, &[1, 2, 3]), (false, &[4, 5, 6]), (true, &[7, 8, 9])]);
            let bits = 3;
            let entries: Vec<Entry> = tokens
                .iter()
                .map(|&(first, second, person)| {
                    let first = u128::from(if spread { first << 58 } else { first });
                    // Behind 96 bits nothing counts.
                    let token = first << 64 | u128::from(second) << 32 | u128::from(person ^ 1);
                    entry(token.to_be_bytes(), person)
                })
                .collect();
            let mut blocks: BTreeMap<u128, Vec<u32>> = BTreeMap::new();
            let by_token = |e: &Entry| blocks.entry(e >> 32).or_default().push(person_of(*e));
            entries.iter().for_each(by_token);
            let (mut expected, mut dropped) = (vec![], 0);
            for block in blocks.values_mut() {
                block.sort_unstable();
                block.dedup();
                if block.len() > cap {
                    dropped += 1;
                    continue;
                }
                for (i, &a) in block.iter().enumerate() {
                    let others = block[i + 1..].iter().filter(|&&b| people.may_be_one(a, b));
                    expected.extend(others.map(|&b| hit(a, b, 7)));
                }
            }
            let memory = Memory::all();
            let parts = [Mutex::new(Pile::new(&memory.pairs))];
            let mut join = Join::new(&people, cap, &parts, MOST_HITS);
            join.partition(7, &entries, bits).expect("in memory");
            let forecast = join.put_down_all().expect("in memory");
            let [part] = parts.map(|part| part.into_inner().expect("no panic"));
            let mut found = part.into_vec().expect("in memory");
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected.clone());
            prop_assert_eq!((forecast.pairs, forecast.dropped_blocks), (expected.len() as u64, dropped));
        }

        /// Of the tokens that are there twice, both are kept.
        #[test]
        fn a_token_met_twice_is_kept(
            tokens in prop::collection::vec(any::<u128>(), 1..200),
            common in 0u32..20,
        ) {
            let mut met = Met::new(2 * tokens.len(), common);
            for &token in tokens.iter().chain(&tokens) {
                met.meet(token);
            }
            prop_assert!(tokens.iter().all(|&token| met.was_again(token)));
        }
    }

    #[test]
    fn one_pair_is_one_candidate_with_all_its_keys() {
        let last = PART as u32 - 1;
        let first = PART as u32;
        let mut pile = Pile::new(&Spill::none());
        let pairs = [(last, u32::MAX, 0), (3, 9, 0), (3, 9, 2), (3, 8, 2)];
        pile.push(pairs.map(|(a, b, key)| hit(first + a, b, key)).to_vec()).expect("in memory");
        let found: Vec<(u32, u32, Keys)> =
            merged(1, pile).expect("in memory").iter().map(|c| (c.a, c.b, c.agree)).collect();
        assert_eq!(
            found,
            [(first + 3, 8, 0b100), (first + 3, 9, 0b101), (first + last, u32::MAX, 0b1)]
        );
        let mut bytes = vec![];
        let candidate = Candidate { a: 7, b: u32::MAX, agree: 1 << 63 | 5 };
        candidate.put(&mut bytes);
        assert_eq!((bytes.len(), Candidate::of(&bytes)), (Candidate::BYTES, candidate));
    }
}
