//! Which records of a source are one person: the same record number, or equal beyond doubt.
//! Takes record numbers and identities, gives one representative per person.

use std::fmt;

use rayon::prelude::*;

use super::{Identity, NO_VALUE, TokenSets};

/// One usable record. Prints as shape.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The agency's record number.
    pub id: String,
    /// The line it stands on.
    pub line: u64,
    /// What identifies the person, once for each known place.
    pub identities: Vec<Identity>,
    /// Its first token set.
    pub first_set: u32,
    /// How many token sets it has; those after the first are further names.
    pub sets: u32,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record(line {}, {} sets)", self.line, self.sets)
    }
}

/// Sorts the records by record number (then line) and gives for each the place of its
/// person's representative: the first record of the person in that order.
pub fn group(records: &mut [Record]) -> Vec<u32> {
    records.par_sort_unstable_by(|a, b| (&a.id, a.line).cmp(&(&b.id, b.line)));
    let mut parents: Vec<u32> = (0..records.len() as u32).collect();
    for i in 1..records.len() {
        if records[i].id == records[i - 1].id {
            join(&mut parents, i as u32, i as u32 - 1);
        }
    }
    let mut identities: Vec<(Identity, u32)> = records
        .iter()
        .enumerate()
        .flat_map(|(i, r)| r.identities.iter().map(move |&identity| (identity, i as u32)))
        .collect();
    identities.par_sort_unstable();
    for same in identities.chunk_by(|a, b| a.0 == b.0) {
        for pair in same.windows(2) {
            join(&mut parents, pair[0].1, pair[1].1);
        }
    }
    (0..records.len() as u32).map(|i| root(&mut parents, i)).collect()
}

/// The representative of each person, and the token set that the person is compared by: of
/// the first sets of its records that with the fewest values missing, then with the least
/// values, so that it does not hang on the order of the rows.
pub fn compared_by(
    records: &[Record],
    representatives: &[u32],
    sets: &TokenSets,
) -> (Vec<u32>, Vec<u32>) {
    let values = |set: u32| sets.values.iter().map(move |column| column[set as usize]);
    let missing = |set: u32| values(set).filter(|value| *value == NO_VALUE).count();
    let mut best: Vec<Option<u32>> = vec![None; records.len()];
    for (record, &person) in records.iter().zip(representatives) {
        let set = record.first_set;
        let best = &mut best[person as usize];
        let is_better = best.is_none_or(|before| {
            missing(set).cmp(&missing(before)).then_with(|| values(set).cmp(values(before))).is_lt()
        });
        if is_better {
            *best = Some(set);
        }
    }
    (0..).zip(best).filter_map(|(person, set)| Some((person, set?))).unzip()
}

/// Joins further pairs of records, and gives how many people that made fewer.
pub fn merge(representatives: &mut [u32], pairs: impl IntoIterator<Item = (u32, u32)>) -> u64 {
    let mut fewer = 0;
    for (a, b) in pairs {
        if root(representatives, a) != root(representatives, b) {
            join(representatives, a, b);
            fewer += 1;
        }
    }
    for i in 0..representatives.len() as u32 {
        representatives[i as usize] = root(representatives, i);
    }
    fewer
}

/// Union-find whose roots are the smallest of their set, so that the result does not depend
/// on the order of joining.
fn join(parents: &mut [u32], a: u32, b: u32) {
    let (a, b) = (root(parents, a), root(parents, b));
    parents[a.max(b) as usize] = a.min(b);
}

fn root(parents: &mut [u32], mut i: u32) -> u32 {
    while parents[i as usize] != i {
        parents[i as usize] = parents[parents[i as usize] as usize];
        i = parents[i as usize];
    }
    i
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, line: u64, identities: &[u8]) -> Record {
        let identities = identities.iter().map(|&i| Identity([i; 16])).collect();
        Record { id: id.to_owned(), line, identities, first_set: 0, sets: 1 }
    }

    #[test]
    fn same_number_or_same_identity_is_one_person() {
        let mut records = [
            record("c", 2, &[9]),
            record("a", 3, &[1, 2]),
            record("d", 4, &[2]),
            record("c", 5, &[]),
            record("b", 6, &[]),
            record("e", 7, &[9, 8]),
        ];
        let people = group(&mut records);
        let named: Vec<(&str, &str)> = records
            .iter()
            .zip(&people)
            .map(|(r, &root)| (r.id.as_str(), records[root as usize].id.as_str()))
            .collect();
        let expected = [("a", "a"), ("b", "b"), ("c", "c"), ("c", "c"), ("d", "a"), ("e", "c")];
        assert_eq!(named, expected);
    }

    #[test]
    fn the_fullest_record_speaks_for_a_person_wherever_it_stands() {
        // Three records of one person and one of another; values of two components.
        let values = [[7, 5], [7, NO_VALUE], [6, 9], [8, 8]];
        for order in [[0, 1, 2, 3], [2, 1, 0, 3], [3, 1, 2, 0]] {
            let mut records: Vec<Record> = order
                .iter()
                .zip(0..)
                .map(|(&i, set)| {
                    let id = if i == 3 { "b" } else { "a" };
                    Record { first_set: set, ..record(id, u64::from(set), &[]) }
                })
                .collect();
            let column = |c: usize| order.iter().map(|&i| values[i][c]).collect();
            let sets = TokenSets { values: vec![column(0), column(1)], ..TokenSets::default() };
            let people = group(&mut records);
            let (representatives, first) = compared_by(&records, &people, &sets);
            let spoken: Vec<usize> = first.iter().map(|&set| order[set as usize]).collect();
            assert_eq!(representatives, [0, 3]);
            assert_eq!(spoken, [2, 3]);
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_matter() {
        let mut one: Vec<Record> = (0..40u64)
            .map(|i| record(&format!("{:02}", i * 7 % 40), i, &[(i % 6) as u8, (i % 11) as u8]))
            .collect();
        let mut other: Vec<Record> = one.iter().rev().cloned().collect();
        assert_eq!(group(&mut one), group(&mut other));
        assert_eq!(one, other);
    }
}
