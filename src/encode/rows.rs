//! Token sets become the rows of a package: sorted by row id, each token of a person once,
//! and no token that more people have than the project allows. Takes token sets and who
//! they belong to; never sees a value behind a token.

use rayon::prelude::*;

use super::chance::{Chance, chance};
use super::fuzzy::FuzzyRows;
use super::{NO_TOKEN, Token, TokenSets};
use crate::ids::RowId;

/// Whose token set it is, and which of the person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub row_id: RowId,
    /// Whether the set is of a further name of the person.
    pub is_alias: bool,
}

/// The rows of a package, column by column.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// The row ids, sorted; those of further rows of a person repeat.
    pub row_ids: Vec<RowId>,
    /// One column of tokens per match key.
    pub tokens: Vec<Vec<Token>>,
    /// The fuzzy column, where the agreement has one.
    pub fuzzy: Option<FuzzyValues>,
    /// The quality flags.
    pub quality: Vec<u32>,
    /// What became of the tokens, per match key.
    pub keys: Vec<KeyCounts>,
    /// How many people there are.
    pub people: u64,
}

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

/// The fuzzy column, and what became of its values; the counts add up to the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct FuzzyValues {
    /// One value or none per row.
    pub rows: FuzzyRows,
    /// Rows with a value.
    pub filled: u64,
    /// Rows without: there is too little to compare.
    pub missing: u64,
    /// Rows without: withheld, since another person has the value.
    pub shared: u64,
    /// Rows without: an earlier row of the person has the value.
    pub repeated: u64,
}

/// What a row has of one match key, or of the fuzzy column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Filled,
    Missing,
    Shared,
    Repeated,
}

/// Token sets in the order of a package: by row id, a person's fullest set first.
pub struct Order {
    /// The place of each set in [`TokenSets`], in row order.
    sets: Vec<u32>,
    /// The person of each, in row order.
    row_ids: Vec<RowId>,
    /// Where each person begins.
    starts: Vec<u32>,
}

impl Order {
    /// Orders the sets; `owners` and the fuzzy rows have one entry per set. The order does
    /// not depend on that of the export: within a person, own names come before further
    /// ones, fuller sets before emptier ones, then what is written of them decides.
    pub fn of(sets: &TokenSets, fuzzy: Option<&FuzzyRows>, owners: &[Owner]) -> Self {
        let mut order: Vec<u32> = (0..owners.len() as u32).collect();
        order.par_sort_unstable_by_key(|&set| (owners[set as usize].row_id, set));
        let tokens_of = |set: u32| sets.tokens.iter().map(move |column| column[set as usize]);
        let emptiness = |set: u32| tokens_of(set).filter(|t| *t == NO_TOKEN).count();
        let owner = |set: u32| &owners[set as usize];
        let mut starts = vec![];
        let mut start = 0;
        for person in order.chunk_by_mut(|a, b| owner(*a).row_id == owner(*b).row_id) {
            starts.push(start);
            start += person.len() as u32;
            person.sort_by(|&a, &b| {
                let key = |set| (owner(set).is_alias, emptiness(set));
                key(a)
                    .cmp(&key(b))
                    .then_with(|| tokens_of(a).cmp(tokens_of(b)))
                    .then_with(|| sets.quality[a as usize].cmp(&sets.quality[b as usize]))
                    .then_with(|| {
                        let row = |set: u32| fuzzy.and_then(|rows| rows.row(set as usize));
                        row(a).cmp(&row(b))
                    })
            });
        }
        let row_ids = order.iter().map(|&set| owner(set).row_id).collect();
        Order { sets: order, row_ids, starts }
    }

    /// The first set of each person.
    pub fn first_sets(&self) -> Vec<u32> {
        self.starts.iter().map(|&start| self.sets[start as usize]).collect()
    }

    /// Makes the rows; `people_per_token` people at most may have a token, and one a fuzzy
    /// value.
    pub fn arrange(self, sets: TokenSets, fuzzy: Option<FuzzyRows>, people_per_token: u32) -> Rows {
        let first_rows = &self.starts;
        let fuzzy = fuzzy.map(|rows| self.fuzzy(&rows));
        let columns: Vec<(Vec<Token>, Vec<State>, u64, Chance)> = sets
            .tokens
            .into_par_iter()
            .map(|column| self.column(&column, people_per_token))
            .collect();
        let mut keep = vec![false; self.sets.len()];
        for &row in first_rows {
            keep[row as usize] = true;
        }
        let states = columns.iter().map(|(_, states, ..)| states);
        for states in states.chain(fuzzy.iter().map(|(_, states)| states)) {
            for (keep, state) in keep.iter_mut().zip(states) {
                *keep |= *state == State::Filled;
            }
        }
        let (tokens, keys) = columns
            .into_par_iter()
            .map(|(tokens, states, held_by_two, chance)| {
                let [filled, missing, shared, repeated] = counts(kept(states, &keep));
                let counts = KeyCounts { filled, missing, shared, repeated, held_by_two, chance };
                (kept(tokens, &keep), counts)
            })
            .unzip();
        let fuzzy = fuzzy.map(|(mut rows, states)| {
            rows.retain(&keep);
            let [filled, missing, shared, repeated] = counts(kept(states, &keep));
            FuzzyValues { rows, filled, missing, shared, repeated }
        });
        let quality = self.sets.iter().map(|&set| sets.quality[set as usize]).collect();
        Rows {
            people: self.starts.len() as u64,
            row_ids: kept(self.row_ids, &keep),
            tokens,
            fuzzy,
            quality: kept(quality, &keep),
            keys,
        }
    }

    /// One match key: its tokens in row order, those that repeat or are shared taken out.
    fn column(
        &self,
        tokens: &[Token],
        people_per_token: u32,
    ) -> (Vec<Token>, Vec<State>, u64, Chance) {
        let mut values: Vec<Token> = self.sets.iter().map(|&set| tokens[set as usize]).collect();
        let mut states: Vec<State> = values
            .iter()
            .map(|value| if *value == NO_TOKEN { State::Missing } else { State::Filled })
            .collect();
        let mut firsts: Vec<u64> =
            self.starts.iter().map(|&row| leading(&values[row as usize])).collect();
        let chance = chance(&mut firsts);
        for (i, &start) in self.starts.iter().enumerate() {
            let start = start as usize;
            let end = self.starts.get(i + 1).map_or(values.len(), |&next| next as usize);
            let person = &mut values[start..end];
            for row in 1..person.len() {
                let (earlier, rest) = person.split_at_mut(row);
                if rest[0] != NO_TOKEN && earlier.contains(&rest[0]) {
                    rest[0] = NO_TOKEN;
                    states[start + row] = State::Repeated;
                }
            }
        }
        let mut holders: Vec<(Token, u32)> = values
            .iter()
            .enumerate()
            .filter(|(_, value)| **value != NO_TOKEN)
            .map(|(row, value)| (*value, row as u32))
            .collect();
        holders.sort_unstable();
        let mut held_by_two = 0;
        for same in holders.chunk_by(|a, b| a.0 == b.0) {
            held_by_two += u64::from(same.len() == 2);
            if same.len() > people_per_token as usize {
                for &(_, row) in same {
                    values[row as usize] = NO_TOKEN;
                    states[row as usize] = State::Shared;
                }
            }
        }
        (values, states, held_by_two, chance)
    }

    /// The fuzzy column in row order, values that repeat or are shared taken out.
    fn fuzzy(&self, rows: &FuzzyRows) -> (FuzzyRows, Vec<State>) {
        let mut rows = rows.arranged(&self.sets);
        let mut states: Vec<State> = (0..rows.len())
            .map(|row| rows.row(row).map_or(State::Missing, |_| State::Filled))
            .collect();
        for (i, &start) in self.starts.iter().enumerate() {
            let start = start as usize;
            let end = self.starts.get(i + 1).map_or(rows.len(), |&next| next as usize);
            for (row, state) in (start..end).zip(&mut states[start..end]).skip(1) {
                let value = rows.row(row);
                if value.is_some() && (start..row).any(|earlier| rows.row(earlier) == value) {
                    rows.withhold(row);
                    *state = State::Repeated;
                }
            }
        }
        // Now a person has each value once, so two rows that are alike are two people's.
        for row in rows.shared() {
            rows.withhold(row);
            states[row] = State::Shared;
        }
        (rows, states)
    }
}

/// How many rows are filled, missing, shared and repeated.
fn counts(states: Vec<State>) -> [u64; 4] {
    [State::Filled, State::Missing, State::Shared, State::Repeated]
        .map(|wanted| states.iter().filter(|state| **state == wanted).count() as u64)
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Order({} sets of {} people)", self.sets.len(), self.starts.len())
    }
}

/// Half of a token: enough to count agreements, and 0 for none.
fn leading(token: &Token) -> u64 {
    token.first_chunk().map_or(0, |half| u64::from_be_bytes(*half))
}

fn kept<T: Copy>(column: Vec<T>, keep: &[bool]) -> Vec<T> {
    if keep.iter().all(|k| *k) {
        return column;
    }
    column.into_iter().zip(keep).filter_map(|(value, keep)| keep.then_some(value)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Sets as `(person, is_alias, [token of key 0, token of key 1])`, 0 for none.
    fn rows(sets: &[(u8, bool, [u8; 2])], people_per_token: u32) -> Rows {
        let owners: Vec<Owner> = sets
            .iter()
            .map(|&(person, is_alias, _)| Owner { row_id: RowId([person; 16]), is_alias })
            .collect();
        let column = |k: usize| sets.iter().map(|(_, _, tokens)| [tokens[k]; 16]).collect();
        let sets = TokenSets {
            tokens: vec![column(0), column(1)],
            quality: vec![0; sets.len()],
            values: vec![],
        };
        Order::of(&sets, None, &owners).arrange(sets, None, people_per_token)
    }

    fn plain(rows: &Rows) -> Vec<(u8, [u8; 2])> {
        let ids = rows.row_ids.iter().map(|id| id.0[0]);
        ids.enumerate().map(|(i, id)| (id, [0, 1].map(|k| rows.tokens[k][i][0]))).collect()
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
        #[test]
        fn no_two_rows_share_a_token_and_order_is_immaterial(
            sets in prop::collection::vec((1u8..9, any::<bool>(), [0u8..12, 0u8..12]), 0..40),
            turn in 0usize..40,
        ) {
            let found = rows(&sets, 1);
            for column in &found.tokens {
                let mut seen = BTreeMap::new();
                for token in column.iter().filter(|t| **t != NO_TOKEN) {
                    prop_assert!(seen.insert(*token, ()).is_none());
                }
            }
            for (i, counts) in found.keys.iter().enumerate() {
                let filled = found.tokens[i].iter().filter(|t| **t != NO_TOKEN).count() as u64;
                prop_assert_eq!(counts.filled, filled);
                let all = counts.filled + counts.missing + counts.shared + counts.repeated;
                prop_assert_eq!(all, found.row_ids.len() as u64);
            }
            prop_assert!(found.row_ids.is_sorted());
            let mut people: Vec<u8> = sets.iter().map(|s| s.0).collect();
            people.sort_unstable();
            people.dedup();
            prop_assert_eq!(found.people, people.len() as u64);

            let mut turned = sets.clone();
            let n = turned.len().max(1);
            turned.rotate_left(turn % n);
            prop_assert_eq!(rows(&turned, 1), found);
        }
    }
}
