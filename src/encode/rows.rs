//! Token sets become the rows of a package: sorted by row id, each token of a person once,
//! and no token that more people have than the project allows. Takes a store of token sets
//! and who they belong to; never sees a value behind a token.
//!
//! A column is worked on by itself, in the order of the export, and what becomes of it is one
//! bit for each set. So whatever the number of columns, a few of them are in memory at once;
//! values are put into the order of the package only where they are handed on.

use std::io;

use rayon::prelude::*;

use super::bits::Bits;
use super::chance::{self, Chance};
use super::fuzzy::{self, Statistics, Tally};
use super::order::{Order, involved, leading};
use super::spread::{Alike, PART, dealt};
use super::store::{Column, Store};
use super::{NO_TOKEN, Token};
use crate::files;
use crate::ids::RowId;
use crate::package;
use crate::progress::Progress;

/// The rows of a package, and where their values are.
#[derive(Debug)]
pub struct Rows<'a> {
    /// The row ids, sorted; those of further rows of a person repeat.
    pub row_ids: Vec<RowId>,
    /// The quality flags.
    pub quality: Vec<u32>,
    /// What became of the tokens, per match key.
    pub keys: Vec<KeyCounts>,
    /// What became of the fuzzy column, where the agreement has one.
    pub fuzzy: Option<FuzzyCounts>,
    /// How many people there are.
    pub people: u64,
    /// The tokens and fuzzy values.
    pub columns: RowColumns<'a>,
    /// The sets whose person has a row.
    present: Bits,
}

/// The columns of a package, in the order of the export where they are, and handed on in that
/// of the package.
#[derive(Debug)]
pub struct RowColumns<'a> {
    store: &'a Store<'a>,
    /// How many rows there are.
    rows: usize,
    /// The row of each set; `NO_ROW` for a set that is left with nothing.
    places: Vec<u32>,
    /// Per column, the sets with a value that is written; the last is the fuzzy column's.
    filled: Vec<Bits>,
    progress: Progress,
}

/// The row of a set that has none.
const NO_ROW: u32 = u32::MAX;

/// What became of the tokens of one match key; the first four add up to the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyCounts {
    /// Rows with a token.
    pub filled: u64,
    /// Rows without: a component is missing or weak.
    pub missing: u64,
    /// Rows without: withheld, since too many people have the token.
    pub shared: u64,
    /// Rows without: an earlier row of the person has the token.
    pub repeated: u64,
    /// Token values that exactly two people have, before any was withheld.
    pub held_by_two: u64,
    /// How often two people agree, before any token was withheld.
    pub chance: Chance,
}

/// What became of the fuzzy values; the counts add up to the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FuzzyCounts {
    /// Rows with a value.
    pub filled: u64,
    /// Rows without: there is too little to compare.
    pub missing: u64,
    /// Of these, rows whose base filters are not near half full, withheld since those of the file
    /// were not on average.
    pub uneven: u64,
    /// Rows without: withheld, since another person has the value.
    pub shared: u64,
    /// Rows without: an earlier row of the person has the value.
    pub repeated: u64,
    /// What the values look like from outside.
    pub statistics: Statistics,
}

impl<'a> Order<'a> {
    /// Makes the rows; `people_per_token` people at most may have a token, and one a fuzzy
    /// value.
    ///
    /// # Errors
    /// When what was spilled cannot be read.
    pub fn arrange(
        self,
        people_per_token: u32,
        progress: &Progress,
    ) -> Result<Rows<'a>, files::Error> {
        let layout = self.store.layout();
        let mut columns: Vec<(Column, u32)> =
            (0..layout.keys).map(|key| (Column::Token(key), people_per_token)).collect();
        if layout.width > 0 {
            columns.push((Column::FuzzyDigest, 1));
        }
        // Of each column that is worked on, 48 bytes for each set are in memory.
        let at_once = (self.store.room() / (48 * self.store.len().max(1))).max(1);
        progress.begin("withholding shared tokens", Some(columns.len() as u64));
        let mut judged = Vec::with_capacity(columns.len());
        for columns in columns.chunks(at_once) {
            let judge = |&(column, most)| {
                let judged = self.judge(column, most);
                progress.advance(1);
                judged
            };
            let some: Result<Vec<Judged>, files::Error> = columns.par_iter().map(judge).collect();
            judged.extend(some?);
        }
        progress.end();
        let of_fuzzy = match judged.get_mut(layout.keys) {
            Some(column) => Some(withhold_uneven(self.store, &mut column.filled)?),
            None => None,
        };

        let mut kept = self.first.clone();
        judged.iter().for_each(|column| kept.add(&column.filled));
        let mut places = vec![NO_ROW; self.store.len()];
        let (mut row_ids, mut quality) = (vec![], vec![]);
        for &set in self.sets.iter().filter(|set| kept.get(**set as usize)) {
            places[set as usize] = row_ids.len() as u32;
            row_ids.push(self.owners.row_ids[set as usize]);
            quality.push(self.store.quality[set as usize]);
        }
        let present = self.present(&row_ids);
        let rows = row_ids.len() as u64;
        let counts = |column: &Judged| {
            let filled = column.filled.count();
            let shared = column.shared.count_in(&kept);
            let repeated = column.repeated.iter().filter(|set| kept.get(**set as usize)).count();
            [filled, rows - filled - shared - repeated as u64, shared, repeated as u64]
        };
        let keys = judged.iter().take(layout.keys).map(|column| {
            let [filled, missing, shared, repeated] = counts(column);
            let Judged { held_by_two, chance, .. } = *column;
            KeyCounts { filled, missing, shared, repeated, held_by_two, chance }
        });
        let keys = keys.collect();
        let fuzzy = judged.get(layout.keys).zip(of_fuzzy).map(|(column, (uneven, statistics))| {
            let [filled, missing, shared, repeated] = counts(column);
            let uneven = uneven.count_in(&kept);
            FuzzyCounts { filled, missing, uneven, shared, repeated, statistics }
        });
        Ok(Rows {
            row_ids,
            quality,
            keys,
            fuzzy,
            people: self.first.count(),
            present,
            columns: RowColumns {
                store: self.store,
                rows: rows as usize,
                places,
                filled: judged.into_iter().map(|column| column.filled).collect(),
                progress: progress.clone(),
            },
        })
    }

    /// The sets whose person is among these, which are sorted as the order is: looked up, not
    /// taken for granted.
    fn present(&self, row_ids: &[RowId]) -> Bits {
        let mut present = Bits::none(self.store.len());
        let mut left = row_ids;
        for &set in &self.sets {
            let row_id = &self.owners.row_ids[set as usize];
            while let Some((_, rest)) = left.split_first().filter(|(first, _)| *first < row_id) {
                left = rest;
            }
            if left.first() == Some(row_id) {
                present.set(set as usize);
            }
        }
        present
    }

    /// Decides which tokens of a column are written.
    fn judge(&self, column: Column, people_per_token: u32) -> Result<Judged, files::Error> {
        let sets = self.store.len();
        let mut filled = Bits::none(sets);
        let mut shared = Bits::none(sets);
        let repeated = self.repeated(column)?;
        // A token as two numbers, and its set.
        let mut tokens: Vec<(u64, u64, u32)> = Vec::with_capacity(sets);
        let mut left = repeated.as_slice();
        self.store.each(column, |first, bytes| {
            for (set, token) in (first as u32..).zip(bytes.as_chunks::<16>().0) {
                if left.split_off_first_if(set) || *token == NO_TOKEN {
                    continue;
                }
                filled.set(set as usize);
                tokens.push((leading(token), trailing(token), set));
            }
        })?;
        let tokens = dealt(&tokens, PART, |token| token.0);
        let (mut held_by_two, mut agreeing, mut known) = (0, 0, 0);
        let (mut alike, mut holders) = (Alike::default(), vec![]);
        for part in tokens.parts() {
            // How many sets, and how many people, have the token of each first one.
            holders.clear();
            holders.resize(part.len(), (0u32, 0u32));
            let firsts = alike.firsts(part, |token| token.1, |a, b| (a.0, a.1) == (b.0, b.1));
            for (first, &(.., set)) in firsts.iter().zip(part) {
                let (sets, people) = &mut holders[*first as usize];
                *sets += 1;
                *people += u32::from(self.first.get(set as usize));
            }
            for (sets, people) in &holders {
                held_by_two += u64::from(*sets == 2);
                known += *people as usize;
                agreeing += chance::pairs(*people as usize);
            }
            for (first, &(.., set)) in firsts.iter().zip(part) {
                if holders[*first as usize].0 > people_per_token {
                    filled.clear(set as usize);
                    shared.set(set as usize);
                }
            }
        }
        let people = self.first.count() as u128;
        let chance = Chance {
            agreeing: chance::share(agreeing, chance::pairs(known)),
            fill: chance::share(known as u128, people),
        };
        Ok(Judged { filled, shared, repeated, held_by_two, chance })
    }

    /// The sets whose token an earlier row of the person has, in ascending order.
    fn repeated(&self, column: Column) -> Result<Vec<u32>, files::Error> {
        let involved = involved(&self.sets, &self.several);
        if involved.is_empty() {
            return Ok(vec![]);
        }
        let tokens = self.store.gather(column, &involved)?;
        let token = |set: u32| -> &[u8] {
            let slot = involved.partition_point(|&other| other < set);
            &tokens[16 * slot..][..16]
        };
        let mut repeated = vec![];
        for person in &self.several {
            let person = &self.sets[person.clone()];
            for (i, &set) in person.iter().enumerate().skip(1) {
                let own = token(set);
                if own != NO_TOKEN && person[..i].iter().any(|&earlier| token(earlier) == own) {
                    repeated.push(set);
                }
            }
        }
        repeated.sort_unstable();
        Ok(repeated)
    }
}

/// What was decided on a column.
struct Judged {
    filled: Bits,
    shared: Bits,
    /// In ascending order.
    repeated: Vec<u32>,
    held_by_two: u64,
    chance: Chance,
}

/// Takes the first of ascending numbers away where it is the one asked for.
trait SplitOffFirst {
    fn split_off_first_if(&mut self, number: u32) -> bool;
}

impl SplitOffFirst for &[u32] {
    fn split_off_first_if(&mut self, number: u32) -> bool {
        let is_next = self.first() == Some(&number);
        if is_next {
            *self = &self[1..];
        }
        is_next
    }
}

/// Where the base filters of the values are not near half full on average, which the protection
/// of all of them rests on, withholds each that is not so by itself. Gives the sets of these, and
/// what the values that are left look like.
fn withhold_uneven(
    store: &Store<'_>,
    filled: &mut Bits,
) -> Result<(Bits, Statistics), files::Error> {
    let mut uneven = Bits::none(store.len());
    let all = statistics(store, filled)?;
    if all.is_near_half_full() {
        return Ok((uneven, all));
    }
    for set in filled.each().filter(|&set| !fuzzy::is_near_half_full(store.fills[set])) {
        uneven.set(set);
    }
    uneven.each().for_each(|set| filled.clear(set));
    let left = statistics(store, filled)?;
    Ok((uneven, left))
}

/// What the fuzzy values that are written look like.
fn statistics(store: &Store<'_>, filled: &Bits) -> Result<Statistics, files::Error> {
    let width = store.layout().width;
    let mut tally = Tally::new(width);
    let mut written = vec![];
    store.each(Column::Fuzzy, |first, bytes| {
        written.clear();
        for (set, row) in (first..).zip(bytes.chunks_exact(width)) {
            if filled.get(set) {
                written.extend_from_slice(row);
                tally.fill(store.fills[set]);
            }
        }
        tally.rows(&written);
    })?;
    Ok(tally.statistics())
}

impl Rows<'_> {
    /// Whether the person of this set is in the package.
    pub fn has(&self, set: u32) -> bool {
        self.present.get(set as usize)
    }
}

impl package::Columns for RowColumns<'_> {
    fn filled(&self, column: usize) -> Vec<u8> {
        let mut rows = vec![0; self.rows.div_ceil(8)];
        // A set with a value has a row.
        for row in self.filled[column].each().map(|set| self.places[set]) {
            rows[row as usize / 8] |= 1 << (row % 8);
        }
        rows
    }

    fn values(
        &self,
        column: usize,
        give: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), package::ColumnError> {
        let layout = self.store.layout();
        let filled = &self.filled[column];
        let column = if column < layout.keys { Column::Token(column) } else { Column::Fuzzy };
        let width = layout.width(column);
        let rows = self.rows;
        // As many rows at once as there is room for; each time the column is read whole.
        let at_once = (self.store.room() / width).clamp(1 << 16, rows.max(1 << 16));
        let mut values = vec![];
        for start in (0..rows).step_by(at_once) {
            let end = rows.min(start + at_once);
            values.clear();
            values.resize((end - start) * width, 0);
            self.store.each(column, |first, bytes| {
                for (set, value) in (first..).zip(bytes.chunks_exact(width)) {
                    let row = self.places[set] as usize;
                    if (start..end).contains(&row) && filled.get(set) {
                        values[(row - start) * width..][..width].copy_from_slice(value);
                    }
                }
            })?;
            give(&values)?;
        }
        self.progress.advance(1);
        Ok(())
    }
}

/// The second half.
fn trailing(token: &Token) -> u64 {
    token.last_chunk().map_or(0, |half| u64::from_be_bytes(*half))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::TokenSets;
    use crate::encode::order::Owners;
    use crate::encode::store::tests::stored;
    use crate::package::Columns;

    /// The rows as they are written, and what became of them.
    #[derive(Debug, PartialEq)]
    struct Found {
        /// The person and the first byte of each token, 0 for none.
        rows: Vec<(u8, [u8; 2])>,
        keys: Vec<KeyCounts>,
        people: u64,
    }

    /// Of sets as `(person, is_alias, [token of key 0, token of key 1])`, 0 for none.
    fn found(sets: &[(u8, bool, [u8; 2])], people_per_token: u32, room: usize) -> Found {
        let mut owners = Owners { row_ids: vec![], aliases: Bits::none(sets.len()) };
        for (set, &(person, is_alias, _)) in sets.iter().enumerate() {
            owners.row_ids.push(RowId([person; 16]));
            if is_alias {
                owners.aliases.set(set);
            }
        }
        let column = |k: usize| sets.iter().map(|(_, _, tokens)| [tokens[k]; 16]).collect();
        let all = TokenSets {
            tokens: vec![column(0), column(1)],
            quality: vec![0; sets.len()],
            values: vec![],
        };
        let mut found = None;
        stored(&all, None, room, |store| {
            let order = Order::of(store, owners).expect("ordered");
            let rows = order.arrange(people_per_token, &Progress::silent()).expect("arranged");
            let tokens = [0, 1].map(|k| {
                let mut tokens = vec![];
                let give = &mut |bytes: &[u8]| {
                    tokens.extend(bytes.as_chunks::<16>().0.iter().map(|token| token[0]));
                    Ok(())
                };
                rows.columns.values(k, give).expect("given");
                let filled = rows.columns.filled(k);
                for (row, token) in tokens.iter().enumerate() {
                    assert_eq!(filled[row / 8] >> (row % 8) & 1 == 1, *token > 0);
                }
                tokens
            });
            assert!((0..sets.len() as u32).all(|set| rows.has(set)));
            let ids = rows.row_ids.iter().map(|id| id.0[0]);
            let rows_found =
                ids.enumerate().map(|(i, id)| (id, [tokens[0][i], tokens[1][i]])).collect();
            found = Some(Found { rows: rows_found, keys: rows.keys.clone(), people: rows.people });
        });
        found.expect("a result")
    }

    fn rows(sets: &[(u8, bool, [u8; 2])], people_per_token: u32) -> Found {
        found(sets, people_per_token, usize::MAX)
    }

    fn plain(rows: &Found) -> Vec<(u8, [u8; 2])> {
        rows.rows.clone()
    }

    /// The same rows, worked out one by one from what is promised of them.
    fn expected(sets: &[(u8, bool, [u8; 2])], people_per_token: usize) -> Vec<(u8, [u8; 2])> {
        let mut sorted = sets.to_vec();
        sorted.sort_by_key(|&(person, is_alias, tokens)| {
            (person, is_alias, tokens.iter().filter(|t| **t == 0).count(), tokens)
        });
        let own: Vec<(u8, bool, [u8; 2])> = sorted
            .iter()
            .enumerate()
            .map(|(i, &(person, _, tokens))| {
                let earlier = || sorted[..i].iter().filter(|set| set.0 == person);
                let is_first = earlier().next().is_none();
                let once = [0, 1].map(|k| {
                    if earlier().any(|set| set.2[k] == tokens[k]) { 0 } else { tokens[k] }
                });
                (person, is_first, once)
            })
            .collect();
        own.iter()
            .map(|&(person, is_first, tokens)| {
                let holders = |k: usize| own.iter().filter(|set| set.2[k] == tokens[k]).count();
                let left =
                    [0, 1].map(|k| if holders(k) > people_per_token { 0 } else { tokens[k] });
                (person, is_first, left)
            })
            .filter(|&(_, is_first, tokens)| is_first || tokens != [0, 0])
            .map(|(person, _, tokens)| (person, tokens))
            .collect()
    }

    #[test]
    fn a_person_has_each_token_once_and_a_shared_token_nobody_has() {
        let rows = rows(
            &[
                (3, false, [30, 31]),
                (1, true, [10, 12]), // the first of them repeats
                (1, false, [10, 11]),
                (2, false, [10, 0]), // shared with person 1
                (2, true, [10, 0]),  // a further row that is left with nothing
                (4, false, [0, 31]), // shared with person 3
            ],
            1,
        );
        assert_eq!(
            plain(&rows),
            [(1, [0, 11]), (1, [0, 12]), (2, [0, 0]), (3, [30, 0]), (4, [0, 0])]
        );
        assert_eq!(rows.people, 4);
        let counts = |k: usize| {
            let KeyCounts { filled, missing, shared, repeated, .. } = rows.keys[k];
            [filled, missing, shared, repeated]
        };
        assert_eq!(counts(0), [1, 1, 2, 1]);
        assert_eq!(counts(1), [2, 1, 2, 0]);
        // Of first sets, before anything is withheld: 10, 10, 30 and 11, 31, 31.
        assert_eq!(rows.keys[0].chance.agreeing, 1.0 / 3.0);
        assert_eq!(rows.keys[1].chance.fill, 0.75);
    }

    #[test]
    fn a_project_may_raise_the_limit() {
        let sets = [(1, false, [9, 8]), (2, false, [9, 8]), (3, false, [9, 7])];
        assert_eq!(plain(&rows(&sets, 2)), [(1, [0, 8]), (2, [0, 8]), (3, [0, 7])]);
        assert_eq!(plain(&rows(&sets, 3)), [(1, [9, 8]), (2, [9, 8]), (3, [9, 7])]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn rows_are_as_promised_in_memory_and_on_disk_and_order_is_immaterial(
            sets in prop::collection::vec((1u8..9, any::<bool>(), [0u8..12, 0u8..12]), 0..40),
            people_per_token in 1u32..3,
            turn in 0usize..40,
            room in 0usize..800,
        ) {
            let whole = rows(&sets, people_per_token);
            prop_assert_eq!(&whole.rows, &expected(&sets, people_per_token as usize));
            for (k, counts) in whole.keys.iter().enumerate() {
                let filled = whole.rows.iter().filter(|(_, tokens)| tokens[k] > 0).count() as u64;
                prop_assert_eq!(counts.filled, filled);
                let all = counts.filled + counts.missing + counts.shared + counts.repeated;
                prop_assert_eq!(all, whole.rows.len() as u64);
            }
            prop_assert_eq!(&found(&sets, people_per_token, room), &whole);
            let mut turned = sets.clone();
            let n = turned.len().max(1);
            turned.rotate_left(turn % n);
            prop_assert_eq!(rows(&turned, people_per_token), whole);
        }
    }
}
