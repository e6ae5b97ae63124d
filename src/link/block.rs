//! Candidate pairs: two people who have an equal token in some match key. Each key's tokens
//! of all packages are sorted together; equal neighbours are pairs.

use rayon::prelude::*;

use super::people::People;
use crate::engine::Keys;
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

/// One match key's tokens of all packages, sorted by value and then by person.
struct Sorted(Vec<(u128, u32)>);

impl Sorted {
    fn new(key: usize, packages: &[Package], people: &People) -> Sorted {
        let mut entries = Vec::new();
        for (p, package) in packages.iter().enumerate() {
            let column = package.tokens(key);
            let values = column.values();
            entries.reserve(column.valid_count());
            for (row, &person) in people.of_rows(p).iter().enumerate() {
                if column.is_valid(row) {
                    entries.push((u128::from_be_bytes(values[row]), person));
                }
            }
        }
        entries.par_sort_unstable();
        entries.dedup();
        Sorted(entries)
    }

    fn blocks(&self) -> impl Iterator<Item = &[(u128, u32)]> {
        self.0.chunk_by(|x, y| x.0 == y.0).filter(|block| block.len() > 1)
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
    let mut forecast = Forecast::default();
    let mut found: Vec<(u64, u8)> = Vec::new();
    progress.begin("finding candidate pairs", Some(keys as u64));
    for key in 0..keys {
        let sorted = Sorted::new(key, packages, people);
        for block in sorted.blocks() {
            let pairs = || {
                block.iter().enumerate().flat_map(|(i, &(_, a))| {
                    block[i + 1..]
                        .iter()
                        .map(move |&(_, b)| (a, b))
                        .filter(|&(a, b)| people.may_be_one(a, b))
                })
            };
            if block.len() > cap {
                forecast.dropped += (block.len() * (block.len() - 1) / 2) as u64;
                forecast.dropped_blocks += 1;
                continue;
            }
            found.extend(pairs().map(|(a, b)| (u64::from(a) << 32 | u64::from(b), key as u8)));
        }
        progress.advance(1);
    }
    progress.end();
    forecast.pairs = found.len() as u64;
    found.par_sort_unstable();
    let candidates = found
        .chunk_by(|x, y| x.0 == y.0)
        .map(|pair| Candidate {
            a: (pair[0].0 >> 32) as u32,
            b: pair[0].0 as u32,
            agree: pair.iter().fold(0, |set, (_, key)| set | 1 << key),
        })
        .collect();
    (candidates, forecast)
}
