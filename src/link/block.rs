//! Candidate pairs: two people who have an equal token in some match key.
//!
//! Most tokens have no equal. They are dropped before any are sorted: each token sets one bit
//! of a map of bits, chosen by its first bits (tokens are keyed hashes, so these are as good as
//! drawn), and only tokens whose bit was set before, or is met again, are kept. Those are dealt
//! into buckets of a few by their first bits, and equal neighbours in a bucket are pairs. Pairs
//! are dealt by their first person into parts that are small enough to be sorted in the cache.

use rayon::prelude::*;

use super::people::{People, Source};
use crate::engine::Keys;
use crate::package::{Package, Token};
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

/// All candidate pairs of the packages, sorted, each with the keys that agree.
///
/// A block (people with one token) of more than `cap` people is left out and counted. Two
/// people of one source make a pair only when the source may hold a person twice.
pub(super) fn candidates(
    packages: &[Package],
    people: &People,
    keys: usize,
    cap: usize,
    progress: &Progress,
) -> (Vec<Candidate>, Forecast) {
    progress.begin("finding candidate pairs", Some(keys as u64));
    let found: Vec<(Parts, Forecast)> = (0..keys)
        .into_par_iter()
        .map(|key| {
            let found = of_key(&Entries::new(key, packages, people), people, cap);
            packages.iter().for_each(|package| package.forget_tokens(key));
            progress.advance(1);
            found
        })
        .collect();
    progress.end();
    let forecast = found.iter().fold(Forecast::default(), |all, (_, one)| all.plus(*one));
    let parts = people.len() / PART + 1;
    // Part by part, the pairs of every key.
    let mut by_part: Vec<Vec<Vec<(u32, u32)>>> = vec![Vec::with_capacity(keys); parts];
    for (key, _) in found {
        by_part.iter_mut().zip(key).for_each(|(of_part, pairs)| of_part.push(pairs));
    }
    let candidates: Vec<Vec<Candidate>> =
        by_part.into_par_iter().enumerate().map(|(part, keys)| merged(part, keys)).collect();
    (candidates.concat(), forecast)
}

/// So many people are one part: their pairs are sorted together.
const PART: usize = 1 << 14;

/// One match key's pairs, part by part.
type Parts = Vec<Vec<(u32, u32)>>;

/// The pairs of one part, each once, in order, with the keys that have it.
fn merged(part: usize, keys: Vec<Vec<(u32, u32)>>) -> Vec<Candidate> {
    let mut hits = Vec::with_capacity(keys.iter().map(Vec::len).sum());
    // Place in the part, other person and key fit into one number, in that order.
    for (key, pairs) in keys.into_iter().enumerate() {
        let hit = |(a, b)| (u64::from(a) % PART as u64) << 40 | u64::from(b) << 8 | key as u64;
        hits.extend(pairs.into_iter().map(hit));
    }
    hits.sort_unstable();
    hits.chunk_by(|x: &u64, y| x >> 8 == y >> 8)
        .map(|pair| Candidate {
            a: (part * PART) as u32 + (pair[0] >> 40) as u32,
            b: (pair[0] >> 8) as u32,
            agree: pair.iter().fold(0, |set, hit| set | 1 << (hit & 0xff)),
        })
        .collect()
}

/// A token that may have an equal, and whose it is.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    token: [u64; 2],
    person: u32,
    source: u32,
}

/// The tokens of one match key that may have an equal: equal ones are near each other.
struct Entries {
    all: Vec<Entry>,
    /// Where each bucket ends.
    ends: Vec<u32>,
}

impl Entries {
    fn new(key: usize, packages: &[Package], people: &People) -> Entries {
        let columns: Vec<_> = packages.iter().map(|package| package.tokens(key)).collect();
        let tokens = columns.iter().map(|column| column.valid_count()).sum::<usize>();
        let mut met = Met::new(tokens);
        let mut entries = Vec::new();
        let entry = |token: &Token, p: usize, row: usize| Entry {
            token: [first_bits(token), number(&token[8..])],
            person: people.of_rows(p)[row],
            source: p as u32,
        };
        for (p, column) in columns.iter().enumerate() {
            column.each(|row, token| {
                if met.again(first_bits(token)) {
                    entries.push(entry(token, p, row));
                }
            });
        }
        // Those met first. Some of them, that seemed to be met again, are there already; a
        // person who is there twice with one token is taken once.
        // The last source's come after all others; they need no second look where none of them
        // meets another of its own.
        let needs_none = |(package, source): (&Package, &Source)| {
            source.unique && package.manifest().people_per_token == 1
        };
        let is_done = packages.last().zip(people.sources.last()).is_some_and(needs_none);
        for (p, column) in columns.iter().enumerate().take(columns.len() - usize::from(is_done)) {
            column.each(|row, token| {
                if met.was_again(first_bits(token)) {
                    entries.push(entry(token, p, row));
                }
            });
        }
        Entries::dealt(entries)
    }

    /// Deals entries into buckets of two or so, by the first bits of their tokens.
    fn dealt(entries: Vec<Entry>) -> Entries {
        let bits = (entries.len() / 2).next_power_of_two().trailing_zeros().max(1);
        let bucket = |entry: &Entry| (entry.token[0] >> (64 - bits)) as usize;
        let mut next = vec![0u32; (1 << bits) + 1];
        entries.iter().for_each(|entry| next[bucket(entry) + 1] += 1);
        for b in 1..next.len() {
            next[b] += next[b - 1];
        }
        let mut all = vec![Entry::default(); entries.len()];
        for entry in entries {
            let place = &mut next[bucket(&entry)];
            all[*place as usize] = entry;
            *place += 1;
        }
        // Each bucket's next place is now its end.
        next.pop();
        let mut entries = Entries { all, ends: next };
        entries.sort();
        entries
    }

    fn sort(&mut self) {
        let mut start = 0;
        for &end in &self.ends {
            let bucket = &mut self.all[start as usize..end as usize];
            if bucket.len() > 1 {
                bucket.sort_unstable();
            }
            start = end;
        }
    }
}

/// The pairs that one key's entries make.
fn of_key(entries: &Entries, people: &People, cap: usize) -> (Parts, Forecast) {
    let mut parts: Parts = vec![Vec::new(); people.len() / PART + 1];
    let mut forecast = Forecast::default();
    let mut block: Vec<Entry> = Vec::new();
    for equal in entries.all.chunk_by(|x, y| x.token == y.token) {
        if equal.len() < 2 {
            continue;
        }
        block.clear();
        block.extend_from_slice(equal);
        // Rows of one person may have the same token.
        block.dedup();
        if block.len() > cap {
            forecast.dropped += (block.len() * (block.len() - 1) / 2) as u64;
            forecast.dropped_blocks += 1;
            continue;
        }
        for (i, x) in block.iter().enumerate() {
            for y in &block[i + 1..] {
                if x.source != y.source || !people.sources[x.source as usize].unique {
                    parts[x.person as usize / PART].push((x.person, y.person));
                    forecast.pairs += 1;
                }
            }
        }
    }
    (parts, forecast)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

fn first_bits(token: &Token) -> u64 {
    number(&token[..8])
}

/// Which tokens were met, and which again, by their first bits: a token may be taken for met
/// that was not, never the other way.
struct Met {
    shift: u32,
    once: Vec<u64>,
    again: Vec<u64>,
}

impl Met {
    /// With four bits for each token or more: one in ten is kept for nothing, and those of a
    /// million tokens fit into the second cache.
    fn new(tokens: usize) -> Met {
        let bits = (4 * tokens).next_power_of_two().max(64);
        let words = vec![0; bits / 64];
        Met { shift: 64 - bits.trailing_zeros(), once: words.clone(), again: words }
    }

    /// Whether this token was met before; from now on it was.
    fn again(&mut self, token: u64) -> bool {
        let (word, bit) = self.place(token);
        let is_again = self.once[word] & bit != 0;
        if is_again {
            self.again[word] |= bit;
        } else {
            self.once[word] |= bit;
        }
        is_again
    }

    /// Whether a token was met again.
    fn was_again(&self, token: u64) -> bool {
        let (word, bit) = self.place(token);
        self.again[word] & bit != 0
    }

    fn place(&self, token: u64) -> (usize, u64) {
        let place = token >> self.shift;
        ((place / 64) as usize, 1 << (place % 64))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
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
            let entries: Vec<Entry> = tokens
                .iter()
                .map(|&(first, second, person)| Entry {
                    token: [if spread { first << 61 } else { first }, second],
                    person,
                    source: people.source_of(person) as u32,
                })
                .collect();
            let mut blocks: BTreeMap<[u64; 2], Vec<u32>> = BTreeMap::new();
            entries.iter().for_each(|e| blocks.entry(e.token).or_default().push(e.person));
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
                    expected.extend(others.map(|&b| (a, b)));
                }
            }
            let (parts, forecast) = of_key(&Entries::dealt(entries), &people, cap);
            let mut found = parts.concat();
            found.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(found, expected.clone());
            prop_assert_eq!((forecast.pairs, forecast.dropped_blocks), (expected.len() as u64, dropped));
        }

        /// Of the tokens that are there twice, both are kept: one as met again, one as met first.
        #[test]
        fn a_token_met_twice_is_kept(tokens in prop::collection::vec(any::<u64>(), 1..200)) {
            let mut met = Met::new(2 * tokens.len());
            for &token in &tokens {
                met.again(token);
            }
            prop_assert!(tokens.iter().all(|&token| met.again(token)));
            prop_assert!(tokens.iter().all(|&token| met.was_again(token)));
        }
    }

    #[test]
    fn one_pair_is_one_candidate_with_all_its_keys() {
        let last = PART as u32 - 1;
        let keys = vec![vec![(last, u32::MAX), (3, 9)], vec![], vec![(3, 9), (3, 8)]];
        let keys = keys.into_iter().map(|key: Vec<(u32, u32)>| {
            key.into_iter().map(|(a, b)| (a + PART as u32, b)).collect()
        });
        let pairs: Vec<(u32, u32, Keys)> =
            merged(1, keys.collect()).iter().map(|c| (c.a, c.b, c.agree)).collect();
        let first = PART as u32;
        assert_eq!(
            pairs,
            [(first + 3, 8, 0b100), (first + 3, 9, 0b101), (first + last, u32::MAX, 0b1)]
        );
    }
}
