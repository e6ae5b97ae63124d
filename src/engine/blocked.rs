//! What share of the pairs of a kind blocking finds: those in whose joint state a match key agrees
//! that both people have. Takes the keys that pairs have taken as they come, link by link: where
//! a source says little of its people, few of its pairs are found, and those of others as before.

use std::collections::BTreeMap;

use super::space::{Keys, Space};

/// The candidates among the pairs of each joint state.
pub(super) struct Blocked {
    /// Of each joint state, in mixed radix with the first group slowest, which of `shares` is its.
    kinds: Vec<u32>,
    /// Per pair of sources, the share of candidates by what keys would agree.
    shares: Vec<Vec<f64>>,
}

/// Of more joint states no table is worth making.
const MOST_STATES: usize = 1 << 20;

impl Blocked {
    /// `any` are, per pair of sources, the keys that both have, of pairs taken as they come.
    /// `None` where there are too many joint states.
    pub(super) fn new(space: &Space, any: &[Vec<Keys>]) -> Option<Blocked> {
        let size: usize = space.groups.iter().map(|g| g.states.len()).product();
        if size > MOST_STATES {
            return None;
        }
        let mut places = BTreeMap::new();
        let mut agreeing = Vec::new();
        let mut states = vec![0; space.groups.len()];
        let kind = |index: usize| {
            let mut rest = index;
            for (state, group) in states.iter_mut().zip(&space.groups).rev() {
                *state = rest % group.states.len();
                rest /= group.states.len();
            }
            let keys = space.agreeing_keys(&states);
            *places.entry(keys).or_insert_with(|| {
                agreeing.push(keys);
                agreeing.len() as u32 - 1
            })
        };
        let kinds = (0..size).map(kind).collect();
        let shares = any.iter().map(|any| shares(&agreeing, any)).collect();
        Some(Blocked { kinds, shares })
    }

    /// The share of pairs between two sources whose groups have these state probabilities.
    pub(super) fn share(&self, between: usize, states: &[&[f64]]) -> f64 {
        let shares = &self.shares[between];
        let Some((last, before)) = states.split_last() else { return 1.0 };
        let mean = |row: &[u32]| row.iter().zip(*last).map(|(k, p)| shares[*k as usize] * p).sum();
        let mut values: Vec<f64> = self.kinds.chunks_exact(last.len()).map(mean).collect();
        for p in before.iter().rev() {
            let rows = values.chunks_exact(p.len());
            values = rows.map(|row| row.iter().zip(*p).map(|(v, p)| v * p).sum()).collect();
        }
        values.first().copied().unwrap_or(1.0)
    }
}

/// Of pairs whose keys would agree like this, the share of which both have one of them.
fn shares(agreeing: &[Keys], any: &[Keys]) -> Vec<f64> {
    let mut counts: BTreeMap<Keys, u64> = BTreeMap::new();
    any.iter().for_each(|both| *counts.entry(*both).or_default() += 1);
    let share = |agree: &Keys| {
        let found = counts.iter().filter(|(both, _)| *agree & **both != 0).map(|(_, n)| n);
        found.sum::<u64>() as f64 / any.len().max(1) as f64
    };
    agreeing.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Preset, Project};

    #[test]
    fn a_pair_is_found_where_a_key_agrees_that_both_have() {
        let project = Project::parse(&Preset::Minimal.toml("p", "2026"), "project.toml");
        let space = Space::of_match_keys(&project.expect("a preset"));
        let any = [vec![Keys::MAX, 1], vec![], vec![0, 0, 0, 2]];
        let blocked = Blocked::new(&space, &any).expect("a small space");
        let sizes: Vec<usize> = space.groups.iter().map(|g| g.states.len()).collect();
        let states: usize = sizes.iter().product();
        let mut seen = [0, 0];
        for at in 0..states {
            // The one joint state, for sure.
            let mut rest = at;
            let mut state = vec![0; sizes.len()];
            for (state, size) in state.iter_mut().zip(&sizes).rev() {
                *state = rest % size;
                rest /= size;
            }
            let sure: Vec<Vec<f64>> = sizes
                .iter()
                .zip(&state)
                .map(|(size, s)| (0..*size).map(|at| f64::from(u8::from(at == *s))).collect())
                .collect();
            let sure: Vec<&[f64]> = sure.iter().map(Vec::as_slice).collect();
            let keys = space.agreeing_keys(&state);
            let [any_key, first, second] =
                [Keys::MAX, 1, 2].map(|both| f64::from(u8::from(keys & both != 0)));
            let found = [0, 1, 2].map(|between| blocked.share(between, &sure));
            assert_eq!(found, [(any_key + first) / 2.0, 0.0, second / 4.0]);
            seen[0] += usize::from(any_key > 0.0);
            seen[1] += usize::from(second > 0.0);
        }
        assert!(seen.iter().all(|&seen| seen > 0 && seen < states), "{seen:?} of {states}");
    }
}
