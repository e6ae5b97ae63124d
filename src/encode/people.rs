//! Which records of a source are one person: the same record number, or equal beyond doubt.
//! Takes record numbers and identities, gives one representative per person.

use std::fmt;

use rayon::prelude::*;

use super::bits::Bits;
use super::spread::{Alike, PART, dealt};
use super::{Identity, NO_VALUE, TokenSets};

/// The usable records of a source, in the order of the export. Prints as shape.
#[derive(Clone, Default)]
pub struct Records {
    /// The agency's record numbers, one after the other.
    ids: String,
    /// Where each ends.
    ends: Vec<u64>,
    /// The line that each stands on.
    lines: Vec<u64>,
    /// The first token set of each.
    starts: Vec<u32>,
    /// What identifies the person of a record, once for each known place.
    identities: Vec<(Identity, u32)>,
}

impl Records {
    /// Appends a record, whose token sets begin at `first_set`. Those after it are further
    /// names of the person.
    pub fn push(
        &mut self,
        id: &str,
        line: u64,
        first_set: u32,
        identities: impl IntoIterator<Item = Identity>,
    ) {
        let record = self.len() as u32;
        self.ids.push_str(id);
        self.ends.push(self.ids.len() as u64);
        self.lines.push(line);
        self.starts.push(first_set);
        self.identities.extend(identities.into_iter().map(|identity| (identity, record)));
    }

    /// Moves the records of another batch behind these; `sets` are there already.
    pub fn append(&mut self, other: &Records, sets: u32) {
        let (records, bytes) = (self.len() as u32, self.ids.len() as u64);
        self.ids.push_str(&other.ids);
        self.ends.extend(other.ends.iter().map(|end| bytes + end));
        self.lines.extend_from_slice(&other.lines);
        self.starts.extend(other.starts.iter().map(|start| sets + start));
        let identities = other.identities.iter();
        self.identities.extend(identities.map(|&(identity, of)| (identity, records + of)));
    }

    /// The kept records, of which all together have so many token sets.
    pub fn only(&self, kept: &Bits, sets: u32) -> Records {
        let mut only = Records::default();
        let mut identities = self.identities.iter().peekable();
        let ends = self.starts.iter().skip(1).copied().chain([sets]);
        let mut next = 0;
        for (record, end) in (0..self.len() as u32).zip(ends) {
            let own = std::iter::from_fn(|| identities.next_if(|(_, of)| *of == record));
            let own: Vec<Identity> = own.map(|(identity, _)| *identity).collect();
            if kept.get(record as usize) {
                only.push(self.id(record), self.place(record), next, own);
                next += end - self.first_set(record);
            }
        }
        only
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The number of a record.
    ///
    /// # Panics
    /// When there is no such record; so with the others.
    pub fn id(&self, record: u32) -> &str {
        let record = record as usize;
        let start = record.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.ids[start as usize..self.ends[record] as usize]
    }

    /// The first token set of a record.
    pub fn first_set(&self, record: u32) -> u32 {
        self.starts[record as usize]
    }

    /// Where a record stands: what it was appended with as its line.
    pub fn place(&self, record: u32) -> u64 {
        self.lines[record as usize]
    }

    /// The record of each of so many token sets, and whether it is one of a further name.
    pub fn of_sets(&self, sets: u32) -> impl Iterator<Item = (u32, bool)> {
        let ends = self.starts.iter().skip(1).copied().chain([sets]);
        let ranges = self.starts.iter().zip(ends).zip(0u32..);
        ranges
            .flat_map(|((&start, end), record)| (start..end).map(move |set| (record, set > start)))
    }

    /// The records by number, then by line.
    fn sorted(&self) -> Vec<u32> {
        // Most numbers differ in the first bytes behind what all begin with; these are at hand.
        let all = || (0..self.len() as u32).map(|record| self.id(record).as_bytes());
        let shared = |a: &[u8], b: &[u8]| a.iter().zip(b).take_while(|(a, b)| a == b).count();
        let common =
            all().reduce(|common, id| &common[..shared(common, id)]).map_or(0, <[u8]>::len);
        let start = |id: &str| {
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(&id.as_bytes()[common..]).for_each(|(to, from)| *to = *from);
            u64::from_be_bytes(bytes)
        };
        let mut order: Vec<(u64, u32)> =
            (0..self.len() as u32).map(|record| (start(self.id(record)), record)).collect();
        order.par_sort_unstable_by(|a, b| {
            let rest = |record: u32| (self.id(record), self.lines[record as usize]);
            a.0.cmp(&b.0).then_with(|| rest(a.1).cmp(&rest(b.1)))
        });
        order.into_iter().map(|(_, record)| record).collect()
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Records({})", self.len())
    }
}

/// The records of a source as people. A record's rank is its place by record number, then by
/// line: it does not hang on the order of the export where numbers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// The record of each rank.
    pub order: Vec<u32>,
    /// For each rank that of the person's representative: the first record of the person.
    pub representatives: Vec<u32>,
}

/// Finds the people of records by number and by identity.
pub fn group(records: &Records) -> People {
    let order = records.sorted();
    let mut ranks = vec![0u32; order.len()];
    (0u32..).zip(&order).for_each(|(rank, &record)| ranks[record as usize] = rank);
    let mut parents: Vec<u32> = (0..order.len() as u32).collect();
    for (rank, pair) in (0u32..).zip(order.windows(2)) {
        if records.id(pair[0]) == records.id(pair[1]) {
            join(&mut parents, rank, rank + 1);
        }
    }
    let mut alike = Alike::default();
    for part in dealt(&records.identities, PART, |(identity, _)| identity.halves()[0]).parts() {
        let firsts = alike.firsts(part, |(identity, _)| identity.halves()[1], |a, b| a.0 == b.0);
        for (first, (_, record)) in firsts.iter().zip(part) {
            let (_, other) = part[*first as usize];
            if other != *record {
                join(&mut parents, ranks[other as usize], ranks[*record as usize]);
            }
        }
    }
    for rank in 0..parents.len() as u32 {
        parents[rank as usize] = root(&mut parents, rank);
    }
    People { order, representatives: parents }
}

/// The representative of each person, and the token set that the person is compared by: of
/// the first sets of its records that with the fewest values missing, then with the least
/// values, so that it does not hang on the order of the rows.
pub fn compared_by(records: &Records, people: &People, sets: &TokenSets) -> (Vec<u32>, Vec<u32>) {
    let People { order, representatives } = people;
    let values = |set: u32| sets.values.iter().map(move |column| column[set as usize]);
    let missing = |set: u32| values(set).filter(|value| *value == NO_VALUE).count();
    let mut best: Vec<Option<u32>> = vec![None; records.len()];
    for (&record, &person) in order.iter().zip(representatives) {
        let set = records.first_set(record);
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
    use proptest::prelude::*;

    use super::*;

    /// Records as `(number, line, identities)`, each with one token set.
    fn records(list: &[(&str, u64, &[u8])]) -> Records {
        let mut records = Records::default();
        for (set, (id, line, identities)) in (0..).zip(list) {
            records.push(id, *line, set, identities.iter().map(|&i| Identity([[i; 8]; 2])));
        }
        records
    }

    #[test]
    fn same_number_or_same_identity_is_one_person() {
        let records = records(&[
            ("c", 2, &[9]),
            ("a", 3, &[1, 2]),
            ("d", 4, &[2]),
            ("c", 5, &[]),
            ("b", 6, &[]),
            ("e", 7, &[9, 8]),
        ]);
        let People { order, representatives } = group(&records);
        let named: Vec<(&str, &str)> = order
            .iter()
            .zip(&representatives)
            .map(|(&record, &root)| (records.id(record), records.id(order[root as usize])))
            .collect();
        let expected = [("a", "a"), ("b", "b"), ("c", "c"), ("c", "c"), ("d", "a"), ("e", "c")];
        assert_eq!(named, expected);
    }

    #[test]
    fn the_fullest_record_speaks_for_a_person_wherever_it_stands() {
        // Three records of one person and one of another; values of two components.
        let values = [[7, 5], [7, NO_VALUE], [6, 9], [8, 8]];
        for order in [[0, 1, 2, 3], [2, 1, 0, 3], [3, 1, 2, 0]] {
            let list = order.map(|i| (if i == 3 { "b" } else { "a" }, i as u64, &[] as &[u8]));
            let records = records(&list);
            let column = |c: usize| order.iter().map(|&i| values[i][c]).collect();
            let sets = TokenSets { values: vec![column(0), column(1)], ..TokenSets::default() };
            let people = group(&records);
            let (representatives, first) = compared_by(&records, &people, &sets);
            let spoken: Vec<usize> = first.iter().map(|&set| order[set as usize]).collect();
            assert_eq!(representatives, [0, 3]);
            assert_eq!(spoken, [2, 3]);
        }
    }

    #[test]
    fn the_order_of_the_file_does_not_matter() {
        let ids: Vec<String> = (0..40u64).map(|i| format!("{:02}", i * 7 % 40)).collect();
        let marks: Vec<[u8; 2]> = (0..40).map(|i| [i % 6, i % 11]).collect();
        let mut list: Vec<(&str, u64, &[u8])> =
            (0..40).map(|i| (ids[i].as_str(), i as u64, &marks[i][..])).collect();
        let one = records(&list);
        list.reverse();
        let other = records(&list);
        let (a, b) = (group(&one), group(&other));
        assert_eq!(a.representatives, b.representatives);
        let named = |records: &Records, people: &People| -> Vec<String> {
            people.order.iter().map(|&record| records.id(record).to_owned()).collect()
        };
        assert_eq!(named(&one, &a), named(&other, &b));
    }

    proptest! {
        /// Whatever numbers have in common, they are in the order of their letters, then of lines.
        #[test]
        fn records_are_sorted_by_number(
            common in "(é|HO-|0000){0,3}",
            rests in prop::collection::vec("[0-2é]{0,10}", 0..30),
        ) {
            let ids: Vec<String> = rests.iter().map(|rest| format!("{common}{rest}")).collect();
            let list: Vec<(&str, u64, &[u8])> =
                ids.iter().zip((0..30).rev()).map(|(id, line)| (id.as_str(), line, &[][..])).collect();
            let found = records(&list).sorted().into_iter().map(|record| list[record as usize]);
            let mut plain = list.clone();
            plain.sort();
            prop_assert_eq!(found.collect::<Vec<_>>(), plain);
        }
    }

    #[test]
    fn batches_joined_are_as_one() {
        let list: [(&str, u64, &[u8]); 4] =
            [("Ä9", 2, &[1]), ("b", 3, &[]), ("", 4, &[2, 3]), ("b", 9, &[1])];
        let whole = records(&list);
        let mut joined = records(&list[..1]);
        joined.append(&records(&list[1..]), 1);
        let shown = |records: &Records| -> Vec<(String, u32)> {
            (0..4).map(|i| (records.id(i).to_owned(), records.first_set(i))).collect()
        };
        assert_eq!(shown(&joined), shown(&whole));
        assert_eq!(group(&joined), group(&whole));
        assert_eq!(group(&whole).representatives, [0, 1, 1, 1], "by number and by identity");
        let sets: Vec<(u32, bool)> = whole.of_sets(6).collect();
        assert_eq!(sets, [(0, false), (1, false), (2, false), (3, false), (3, true), (3, true)]);
    }
}
