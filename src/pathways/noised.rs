//! A release with noise: every count by itself, nothing withheld. See [`crate::disclosure`].

use std::collections::BTreeSet;

use super::Error;
use super::measure::{Linkage, Measures};
use super::path::{Leaf, Tree};
use super::release::{Release, SourceRows, TOP_NUMBER, fold_safely};
use super::tally::{Of, Tally};
use super::told;
use crate::disclosure::{Count, Protection, Suppression, Threshold};
use crate::ids::SourceName;

/// What is counted, and the cell key of each count, in the same places.
pub(super) struct Keyed<T> {
    pub(super) counts: T,
    pub(super) keys: T,
}

impl Release {
    /// Puts noise on measures.
    ///
    /// # Errors
    /// When there are too few people to publish anything.
    pub(super) fn noised(
        measures: &Keyed<Measures>,
        tallies: &[Tally],
        linkage: &Keyed<Linkage>,
        sources: &[SourceName],
        threshold: Threshold,
        protection: &Protection,
    ) -> Result<Self, Error> {
        let (m, k) = (&measures.counts, &measures.keys);
        let (l, lk) = (&linkage.counts, &linkage.keys);
        if m.people < u64::from(threshold.people()) {
            return Err(Error::TooFewPeople { threshold: threshold.people() });
        }
        let mut cells = 0;
        let mut one = |count: u64, key: u64| {
            cells += 1;
            Count::Shown(protection.noised(count, key))
        };
        let mut list = |counts: &[u64], keys: &[u64]| -> Vec<Count> {
            counts.iter().zip(keys).map(|(&count, &key)| one(count, key)).collect()
        };
        let users = list(&m.users, &k.users);
        let episodes = list(&m.episodes, &k.episodes);
        let top = m.programs.len().min(TOP_NUMBER);
        let fold = |numbers: &[u64]| -> Vec<u64> {
            let beyond = numbers[top..].iter().fold(0u64, |sum, n| sum.wrapping_add(*n));
            numbers[1..top].iter().copied().chain([beyond]).collect()
        };
        let by_number = list(&fold(&m.by_number), &fold(&k.by_number));
        let mut square = |counts: &[Vec<u64>], keys: &[Vec<u64>], own: &[Count]| {
            let mut rows: Vec<Vec<Count>> =
                counts.iter().zip(keys).map(|(counts, keys)| list(counts, keys)).collect();
            // On the diagonal a program's own people, as everywhere.
            rows.iter_mut().zip(own).enumerate().for_each(|(a, (row, own))| row[a] = *own);
            rows
        };
        let both = square(&m.both, &k.both, &users);
        let before = square(&m.before, &k.before, &users);
        let moves = square(&m.moves, &k.moves, &users);
        let tree = fold_safely(m, threshold, &mut BTreeSet::new());
        let keys = tree.keys(&k.paths);
        let leaf = |(leaf, key): (&Leaf, u64)| Leaf {
            path: leaf.path.clone(),
            people: protection.noised(leaf.people, key),
        };
        let tree = Tree { leaves: tree.leaves.iter().zip(keys).map(leaf).collect() };
        let rows = sources.iter().zip(l.rows.iter().zip(&lk.rows)).map(|(source, (rows, keys))| {
            let sum = |bands: &[u64; 3]| bands.iter().fold(0u64, |sum, n| sum.wrapping_add(*n));
            SourceRows {
                source: source.clone(),
                bands: std::array::from_fn(|band| one(rows[band], keys[band])),
                rows: one(sum(rows), sum(keys)),
            }
        });
        let sources = rows.collect();
        let all = |numbers: &[u64]| numbers.iter().fold(0u64, |sum, n| sum.wrapping_add(*n));
        let all_episodes = one(all(&m.episodes), all(&k.episodes));
        let people_in_maps = one(l.people, lk.people);
        let people_with_one_row = one(l.one_row, lk.one_row);
        let people_with_more_rows = one(l.more_rows, lk.more_rows);
        let everyone = Count::Shown(protection.noised(m.people, k.people));
        let told = told::noised(tallies, protection, &mut cells, |of| match of {
            Of::Program(a) => users[a],
            Of::Both(a, b) => both[a][b],
            Of::Moves(a, b) => moves[a][b],
            Of::Number(n) => by_number[n - 1],
            Of::Episodes(a) => episodes[a],
            // Tallies find each other before they ask here; no group is of the others.
            Of::Everyone | Of::Group(..) | Of::Count(..) | Of::Set(_) | Of::Entry(_) => everyone,
        });
        Ok(Release {
            threshold,
            protection: protection.name(),
            not_told: Vec::new(),
            programs: m.programs.clone(),
            people: protection.noised(m.people, k.people),
            all_episodes,
            users,
            episodes,
            by_number,
            number_is_open: m.programs.len() > TOP_NUMBER,
            both,
            before,
            moves,
            tree,
            sources,
            people_in_maps,
            people_with_one_row,
            people_with_more_rows,
            told,
            suppression: Suppression { cells, primary: 0, complementary: 0 },
        })
    }
}
