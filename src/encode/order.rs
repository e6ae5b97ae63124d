//! The order of a package: by row id, and within a person the fullest token set first. Takes
//! a store of token sets and who they belong to, gives an order that does not hang on that of
//! the export.

use std::ops::Range;

use super::bits::Bits;
use super::spread::sorted;
use super::store::{Column, Store};
use super::{NO_TOKEN, Token};
use crate::files;
use crate::ids::RowId;

/// Whose each token set is.
#[derive(Debug)]
pub struct Owners {
    /// The person of each set.
    pub row_ids: Vec<RowId>,
    /// The sets of further names of a person.
    pub aliases: Bits,
}

/// Token sets in the order of a package: by row id, a person's fullest set first.
#[derive(Debug)]
pub struct Order<'a> {
    pub(super) store: &'a Store<'a>,
    pub(super) owners: Owners,
    /// The sets in row order.
    pub(super) sets: Vec<u32>,
    /// The people with several sets, as places in `sets`.
    pub(super) several: Vec<Range<usize>>,
    /// The first set of each person.
    pub(super) first: Bits,
}

/// Sets of one person that nothing tells apart so far, as places in the order.
type Ties = Vec<Range<usize>>;

impl<'a> Order<'a> {
    /// Orders the sets. The order does not depend on that of the export: within a person, own
    /// names come before further ones, fuller sets before emptier ones, then what is written
    /// of them decides.
    ///
    /// # Errors
    /// When what was spilled cannot be read.
    pub fn of(store: &'a Store<'a>, owners: Owners) -> Result<Self, files::Error> {
        let row_id = |set: u32| owners.row_ids[set as usize];
        let sets: Vec<(u64, u32)> =
            (0..store.len() as u32).map(|set| (leading(&row_id(set).0), set)).collect();
        let mut sets = sorted(&sets, |(leading, _)| *leading);
        // Half of a row id nearly always tells people apart, but not always.
        for alike in sets.chunk_by_mut(|a, b| a.0 == b.0).filter(|alike| alike.len() > 1) {
            alike.sort_unstable_by_key(|&(_, set)| (row_id(set), set));
        }
        let mut sets: Vec<u32> = sets.into_iter().map(|(_, set)| set).collect();
        let mut several = vec![];
        let mut start = 0;
        for person in sets.chunk_by(|a, b| row_id(*a) == row_id(*b)) {
            let end = start + person.len();
            if person.len() > 1 {
                several.push(start..end);
            }
            start = end;
        }
        sort_within(store, &owners, &mut sets, &several)?;
        let mut first = Bits::none(store.len());
        let mut before = None;
        for &set in &sets {
            let person = Some(row_id(set));
            if person != before {
                first.set(set as usize);
            }
            before = person;
        }
        Ok(Order { store, owners, sets, several, first })
    }

    /// The first set of each person, in the order of the sets.
    pub fn first_sets(&self) -> Vec<u32> {
        (0..self.store.len() as u32).filter(|&set| self.first.get(set as usize)).collect()
    }
}

/// The sets of these people, in ascending order.
pub(super) fn involved(sets: &[u32], people: &[Range<usize>]) -> Vec<u32> {
    let mut involved: Vec<u32> =
        people.iter().flat_map(|person| sets[person.clone()].iter().copied()).collect();
    involved.sort_unstable();
    involved
}

/// Sorts the sets of people who have several: by what costs no reading first, then by one
/// column after the other, as long as anything is tied.
fn sort_within(
    store: &Store<'_>,
    owners: &Owners,
    sets: &mut [u32],
    several: &[Range<usize>],
) -> Result<(), files::Error> {
    let layout = store.layout();
    let all = involved(sets, several);
    let mut empty = vec![0u32; all.len()];
    for key in (0..layout.keys).filter(|_| !all.is_empty()) {
        let tokens = store.gather(Column::Token(key), &all)?;
        for (empty, token) in empty.iter_mut().zip(tokens.as_chunks::<16>().0) {
            *empty += u32::from(*token == NO_TOKEN);
        }
    }
    let slot = |set: u32| all.partition_point(|&other| other < set);
    let mut ties =
        split(sets, several.to_vec(), |set| (owners.aliases.get(set as usize), empty[slot(set)]));
    for key in 0..layout.keys {
        ties = sort_by_column(store, Column::Token(key), sets, ties)?;
    }
    ties = split(sets, ties, |set| store.quality[set as usize]);
    if layout.width > 0 {
        // Rows are large: some people at a time.
        for ties in ties.chunks(1 << 14) {
            sort_by_column(store, Column::Fuzzy, sets, ties.to_vec())?;
        }
    }
    Ok(())
}

fn sort_by_column(
    store: &Store<'_>,
    column: Column,
    sets: &mut [u32],
    ties: Ties,
) -> Result<Ties, files::Error> {
    if ties.is_empty() {
        return Ok(ties);
    }
    let involved = involved(sets, &ties);
    let width = store.layout().width(column);
    let values = store.gather(column, &involved)?;
    Ok(split(sets, ties, |set| {
        let slot = involved.partition_point(|&other| other < set);
        &values[slot * width..][..width]
    }))
}

/// Sorts tied sets by a key, and gives those that it does not tell apart.
fn split<K: Ord>(sets: &mut [u32], ties: Ties, key: impl Fn(u32) -> K) -> Ties {
    let mut left = vec![];
    for tie in ties {
        let mut start = tie.start;
        let tied = &mut sets[tie];
        tied.sort_by_key(|&set| key(set));
        for same in tied.chunk_by(|a, b| key(*a) == key(*b)) {
            let end = start + same.len();
            if same.len() > 1 {
                left.push(start..end);
            }
            start = end;
        }
    }
    left
}

/// The first half of a token or a row id.
pub(super) fn leading(token: &Token) -> u64 {
    token.first_chunk().map_or(0, |half| u64::from_be_bytes(*half))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::TokenSets;
    use crate::encode::store::tests::stored;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        /// Also of row ids that have a half in common.
        #[test]
        fn sets_are_in_the_order_of_whole_row_ids(
            ids in prop::collection::vec((any::<u64>(), 0u64..3, 0u64..3, any::<bool>()), 0..100),
        ) {
            let id = |&(any, one, other, spread): &(u64, u64, u64, bool)| {
                let halves = [if spread { any } else { one }, other].map(u64::to_be_bytes);
                RowId(std::array::from_fn(|i| halves[i / 8][i % 8]))
            };
            let row_ids: Vec<RowId> = ids.iter().map(id).collect();
            let mut plain: Vec<u32> = (0..ids.len() as u32).collect();
            plain.sort_by_key(|&set| (row_ids[set as usize], set));
            let all = TokenSets { quality: vec![0; ids.len()], ..TokenSets::default() };
            stored(&all, None, usize::MAX, |store| {
                let owners = Owners { row_ids, aliases: Bits::none(ids.len()) };
                assert_eq!(Order::of(store, owners).expect("ordered").sets, plain);
            });
        }
    }
}
