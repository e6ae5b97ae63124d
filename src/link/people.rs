//! The people of all packages, in one row of numbers: what pairs and clusters are made of.

use crate::ids::{RowId, SourceName};
use crate::package::Package;

use crate::engine::Keys;

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
    source: Vec<u16>,
    /// The match keys each has a token for.
    keys: Vec<Keys>,
    rows: Vec<Vec<u32>>,
    first: Vec<u32>,
    /// The first row of each, in its package, that has a fuzzy value.
    fuzzy: Vec<Option<u32>>,
}

impl People {
    pub(super) fn new(packages: &[Package]) -> People {
        let mut people = People {
            sources: Vec::new(),
            ids: Vec::new(),
            source: Vec::new(),
            keys: Vec::new(),
            rows: Vec::new(),
            first: Vec::new(),
            fuzzy: Vec::new(),
        };
        for (p, package) in packages.iter().enumerate() {
            let manifest = package.manifest();
            people
                .sources
                .push(Source { name: manifest.source.clone(), unique: manifest.unique_people });
            people.first.push(people.ids.len() as u32);
            let begin = people.ids.len();
            let rows = package
                .row_ids()
                .iter()
                .map(|&id| {
                    let same = people.ids.len() > begin && people.ids.last() == Some(&RowId(id));
                    if !same {
                        people.ids.push(RowId(id));
                        people.source.push(p as u16);
                        people.keys.push(0);
                        people.fuzzy.push(None);
                    }
                    (people.ids.len() - 1) as u32
                })
                .collect::<Vec<u32>>();
            for key in 0..manifest.match_keys.len() {
                let keys = &mut people.keys;
                package.tokens(key).each(|row, _| keys[rows[row] as usize] |= 1 << key);
            }
            if let Some(column) = package.fuzzy() {
                for (row, &person) in rows.iter().enumerate() {
                    let of = &mut people.fuzzy[person as usize];
                    if of.is_none() && column.is_valid(row) {
                        *of = Some(row as u32);
                    }
                }
            }
            people.rows.push(rows);
        }
        people
    }

    /// People who have no tokens: per source, in the order of their names, the row ids of its
    /// people, sorted.
    pub(crate) fn of_ids(sources: Vec<(Source, Vec<RowId>)>) -> People {
        let count = sources.iter().map(|(_, ids)| ids.len()).sum();
        let mut people = People {
            sources: Vec::new(),
            ids: Vec::with_capacity(count),
            source: Vec::with_capacity(count),
            keys: vec![0; count],
            rows: Vec::new(),
            first: Vec::new(),
            fuzzy: vec![None; count],
        };
        for (s, (source, ids)) in sources.into_iter().enumerate() {
            let first = people.ids.len() as u32;
            people.first.push(first);
            people.rows.push((first..first + ids.len() as u32).collect());
            people.source.extend(ids.iter().map(|_| s as u16));
            people.ids.extend(ids);
            people.sources.push(source);
        }
        people
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The person of each row of a package.
    pub(super) fn of_rows(&self, package: usize) -> &[u32] {
        &self.rows[package]
    }

    /// The rows of a person, in its package.
    pub(super) fn rows_of(&self, person: u32) -> std::ops::Range<usize> {
        let rows = &self.rows[self.source_of(person)];
        rows.partition_point(|&p| p < person)..rows.partition_point(|&p| p <= person)
    }

    /// Whether a person's tokens come from several records that are not all alike.
    pub(super) fn has_several_rows(&self, person: u32) -> bool {
        let source = self.source_of(person);
        self.rows[source].len() > self.of_source(source).len() && self.rows_of(person).len() > 1
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
        usize::from(self.source[person as usize])
    }

    /// The match keys a person has a token for.
    pub(super) fn keys_of(&self, person: u32) -> Keys {
        self.keys[person as usize]
    }

    /// The row of a person's package that has its fuzzy value.
    pub(super) fn fuzzy_row(&self, person: u32) -> Option<u32> {
        self.fuzzy[person as usize]
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

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
}
