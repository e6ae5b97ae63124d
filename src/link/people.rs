//! The people of all packages, in one row of numbers: what pairs and clusters are made of.

use rayon::prelude::*;

use crate::engine::Keys;
use crate::ids::{RowId, SourceName};
use crate::package::Package;

/// One linked source.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) name: SourceName,
    /// Whether it holds each person once.
    pub(crate) unique: bool,
}

/// Every person of every package: a number per distinct row id, package by package, in the
/// order of the packages given (sorted by source name), then of row ids.
#[derive(Debug)]
pub(crate) struct People {
    pub(super) sources: Vec<Source>,
    ids: Vec<RowId>,
    /// The match keys each has a token for.
    keys: Vec<Keys>,
    /// Per source, where a row is not a person of its own: the person of each row, in order.
    rows: Vec<Option<Vec<u32>>>,
    /// Per source, its first person.
    first: Vec<u32>,
    /// The first row of each, in its package, that has a fuzzy value, or [`NONE`].
    fuzzy: Vec<u32>,
    /// Whether each has several rows, by bit.
    several: Vec<u64>,
}

/// So many people one thread works on at a time.
const PEOPLE_AT_ONCE: usize = 1 << 16;

/// No row.
const NONE: u32 = u32::MAX;

impl People {
    pub(super) fn new(packages: &[Package]) -> People {
        let rows: usize = packages.iter().map(Package::rows).sum();
        let mut people = People {
            sources: Vec::new(),
            ids: Vec::with_capacity(rows),
            keys: Vec::new(),
            rows: Vec::new(),
            first: Vec::new(),
            fuzzy: Vec::new(),
            several: Vec::new(),
        };
        for package in packages {
            people.add(package);
            package.forget_row_ids();
        }
        people
    }

    fn add(&mut self, package: &Package) {
        let manifest = package.manifest();
        self.sources.push(Source { name: manifest.source.clone(), unique: manifest.unique_people });
        let begin = self.ids.len();
        self.first.push(begin as u32);
        // Rows of one person are neighbours.
        let ids = package.row_ids();
        let persons = || ids.chunk_by(|x, y| x == y);
        if ids.par_windows(2).with_min_len(PEOPLE_AT_ONCE).all(|pair| pair[0] != pair[1]) {
            self.ids.par_extend(ids.par_iter().map(|&id| RowId(id)));
        } else {
            self.ids.extend(persons().map(|rows| RowId(rows[0])));
        }
        let people = self.ids.len();
        self.several.resize(people.div_ceil(64), 0);
        self.rows.push((people - begin < package.rows()).then(|| {
            let mut of_rows = Vec::with_capacity(package.rows());
            for (person, rows) in (begin..).zip(persons()) {
                self.several[person / 64] |= u64::from(rows.len() > 1) << (person % 64);
                of_rows.extend(rows.iter().map(|_| person as u32));
            }
            of_rows
        }));
        let source = self.sources.len() - 1;
        let mut keys: Vec<Keys> = vec![0; people - begin];
        keys.par_chunks_mut(PEOPLE_AT_ONCE).enumerate().for_each(|(chunk, keys)| {
            let first = begin + chunk * PEOPLE_AT_ONCE;
            let last = first + keys.len() - 1;
            let rows = self.rows_of(first as u32).start..self.rows_of(last as u32).end;
            for start in rows.clone().step_by(64) {
                let rows = start..rows.end.min(start + 64);
                let mut bits = [0; 64];
                for (key, bits) in (0..manifest.match_keys.len()).zip(&mut bits) {
                    *bits = package.tokens(key).valid_among(rows.clone());
                }
                turn(&mut bits);
                for (row, bits) in rows.zip(bits) {
                    keys[self.of_row(source, row) as usize - first] |= bits;
                }
            }
        });
        self.keys.append(&mut keys);
        self.fuzzy.resize(people, NONE);
        if let Some(column) = package.fuzzy() {
            for row in (0..package.rows()).rev().filter(|&row| column.is_valid(row)) {
                let person = self.of_row(source, row);
                self.fuzzy[person as usize] = row as u32;
            }
        }
    }

    /// People who have no tokens: per source, in the order of their names, the row ids of its
    /// people, sorted.
    pub(crate) fn of_ids(sources: Vec<(Source, Vec<RowId>)>) -> People {
        let count = sources.iter().map(|(_, ids)| ids.len()).sum();
        let mut people = People {
            sources: Vec::new(),
            ids: Vec::with_capacity(count),
            keys: vec![0; count],
            rows: Vec::new(),
            first: Vec::new(),
            fuzzy: vec![NONE; count],
            several: vec![0; count.div_ceil(64)],
        };
        for (source, ids) in sources {
            people.first.push(people.ids.len() as u32);
            people.rows.push(None);
            people.ids.extend(ids);
            people.sources.push(source);
        }
        people
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The person of a row of a package.
    pub(super) fn of_row(&self, package: usize, row: usize) -> u32 {
        match &self.rows[package] {
            Some(rows) => rows[row],
            None => self.first[package] + row as u32,
        }
    }

    /// The rows of a person, in its package.
    pub(super) fn rows_of(&self, person: u32) -> std::ops::Range<usize> {
        let source = self.source_of(person);
        match &self.rows[source] {
            Some(rows) => {
                rows.partition_point(|&p| p < person)..rows.partition_point(|&p| p <= person)
            }
            None => {
                let row = (person - self.first[source]) as usize;
                row..row + 1
            }
        }
    }

    /// Whether a person's tokens come from several records that are not all alike.
    pub(super) fn has_several_rows(&self, person: u32) -> bool {
        self.several[person as usize / 64] >> (person % 64) & 1 == 1
    }

    /// The people of a source, as a range of numbers.
    pub(super) fn of_source(&self, source: usize) -> std::ops::Range<u32> {
        let end = self.first.get(source + 1).copied().unwrap_or(self.ids.len() as u32);
        self.first[source]..end
    }

    pub(super) fn id(&self, person: u32) -> RowId {
        self.ids[person as usize]
    }

    /// The person of a row id, where a package has it.
    pub(super) fn find(&self, id: RowId) -> Option<u32> {
        (0..self.sources.len()).find_map(|source| {
            let range = self.of_source(source);
            let ids = &self.ids[range.start as usize..range.end as usize];
            ids.binary_search(&id).ok().map(|place| range.start + place as u32)
        })
    }

    pub(super) fn source_of(&self, person: u32) -> usize {
        // Of sources without people, which begin where the next one does, the last begins there.
        self.first.partition_point(|&first| first <= person) - 1
    }

    /// The match keys a person has a token for.
    pub(super) fn keys_of(&self, person: u32) -> Keys {
        self.keys[person as usize]
    }

    /// The row of a person's package that has its fuzzy value.
    pub(super) fn fuzzy_row(&self, person: u32) -> Option<u32> {
        Some(self.fuzzy[person as usize]).filter(|&row| row != NONE)
    }

    /// Whether two different row ids may be one person at all: not within a source that
    /// holds each person once.
    pub(super) fn may_be_one(&self, a: u32, b: u32) -> bool {
        a != b && {
            let (a, b) = (self.source_of(a), self.source_of(b));
            a != b || !self.sources[a].unique
        }
    }
}

/// Makes rows of bits columns: bit j of number i becomes bit i of number j. Blocks of half the
/// size change places, then their halves (Warren, Hacker's Delight, 7-3).
fn turn(bits: &mut [u64; 64]) {
    let (mut half, mut mask) = (32, u64::from(u32::MAX));
    while half != 0 {
        for i in (0..64).filter(|i| i & half == 0) {
            let changed = (bits[i] >> half ^ bits[i + half]) & mask;
            bits[i] ^= changed << half;
            bits[i + half] ^= changed;
        }
        half /= 2;
        mask ^= mask << half;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_of_bits_become_columns(rows in prop::array::uniform32(any::<[u64; 2]>())) {
            let before: Vec<u64> = rows.concat();
            let mut after: [u64; 64] = before.clone().try_into().expect("as many");
            turn(&mut after);
            for (i, j) in (0..64).flat_map(|i| (0..64).map(move |j| (i, j))) {
                prop_assert_eq!(after[j] >> i & 1, before[i] >> j & 1);
            }
        }
    }

    /// People by hand: per source whether it is unique, and the first byte of each row id.
    pub(in crate::link) fn people(sources: &[(bool, &[u8])]) -> People {
        let sources = sources.iter().enumerate().map(|(s, (unique, ids))| {
            let name = format!("source-{s}").parse().expect("a source name");
            let ids = ids.iter().map(|&id| RowId([id; 16])).collect();
            (Source { name, unique: *unique }, ids)
        });
        People::of_ids(sources.collect())
    }

    #[test]
    fn a_source_that_holds_each_person_once_has_no_pairs_of_its_own() {
        let people = people(&[(true, &[1, 2]), (false, &[3, 4])]);
        assert!(!people.may_be_one(0, 1));
        assert!(people.may_be_one(0, 2));
        assert!(people.may_be_one(2, 3));
        assert!(!people.may_be_one(2, 2));
        assert_eq!(people.of_source(1), 2..4);
        let found = [1, 4, 9].map(|id| people.find(RowId([id; 16])));
        assert_eq!(found, [Some(0), Some(3), None]);
    }

    #[test]
    fn people_know_their_source_though_others_are_empty() {
        let people = people(&[(true, &[]), (true, &[1, 2]), (false, &[]), (false, &[3])]);
        let of: Vec<usize> = (0..3).map(|person| people.source_of(person)).collect();
        assert_eq!(of, [1, 1, 3]);
        let ranges = [0, 1, 2, 3].map(|source| people.of_source(source));
        assert_eq!(ranges, [0..0, 0..2, 2..2, 2..3]);
    }
}
