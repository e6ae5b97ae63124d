//! People whom a source holds more than once under different record numbers, found by the
//! decision engine on the agency's own records. Only what is as good as certain is joined:
//! a wrong join cannot be undone further on, a missed one only costs a link.

use rayon::prelude::*;

use crate::encode::{NO_VALUE, TokenSets};
use crate::engine::{self, Between, Chance, Judgement, Observation, Space, Tally};
use crate::project::groups::ChanceOfGroup;
use crate::project::{Component, Project};

/// Two people are joined from these odds on: as sure as a definite link.
const LEAST_ODDS: f64 = 99.0;
/// Values that more people have are too common to compare everybody who has them.
const LARGEST_BLOCK: usize = 50;
/// A match key that makes more pairs per person than this is too loose to be worth it.
const MOST_PAIRS_EACH: usize = 5;

/// The pairs of people, as places in `first`, who are one person. `first` are the places of
/// the people's token sets in `sets`, whose values are of `components`; `chances` are the
/// counts of those people.
pub(super) fn find(
    project: &Project,
    components: &[Component],
    sets: &TokenSets,
    first: &[u32],
    chances: &[ChanceOfGroup],
) -> Vec<(u32, u32)> {
    let pairs = candidates(project, components, sets, first);
    let compared = Space::components(project);
    let columns: Vec<&[u64]> = compared
        .iter()
        .filter_map(|c| components.binary_search(c).ok())
        .map(|column| sets.values[column].as_slice())
        .collect();
    let seen: Vec<Observation> = pairs
        .par_iter()
        .map(|&(a, b)| {
            let (a, b) = (first[a as usize] as usize, first[b as usize] as usize);
            let mut seen = Observation { between: 0, both: 0, agree: 0 };
            for (bit, column) in columns.iter().enumerate() {
                let (x, y) = (column[a], column[b]);
                seen.both |= u64::from(x != NO_VALUE && y != NO_VALUE) << bit;
                seen.agree |= u64::from(x != NO_VALUE && x == y) << bit;
            }
            seen
        })
        .collect();
    let people = first.len() as u64;
    let tally = Tally { people, groups: chances, withheld: None };
    let space = Space::of_components(project);
    let between = Between {
        chance: Chance::between(&space, &tally, &tally),
        people: [people, people],
        unique: [false; 2],
        pairs: people as f64 * (people as f64 - 1.0) / 2.0,
    };
    let blocking = Space::of_match_keys(project);
    let Judgement { judged, .. } = engine::judge(&space, &blocking, &[between], &seen);
    pairs
        .into_iter()
        .zip(judged)
        .filter(|(_, judged)| judged.odds >= LEAST_ODDS)
        .map(|(pair, _)| pair)
        .collect()
}

/// Pairs of people who have some match key in common.
fn candidates(
    project: &Project,
    components: &[Component],
    sets: &TokenSets,
    first: &[u32],
) -> Vec<(u32, u32)> {
    let mut pairs: Vec<(u32, u32)> = project
        .match_keys
        .par_iter()
        .flat_map_iter(|key| {
            let columns: Vec<&[u64]> = key
                .components
                .iter()
                .filter_map(|c| components.binary_search(c).ok())
                .map(|column| sets.values[column].as_slice())
                .collect();
            let mut values: Vec<(u64, u32)> = first
                .iter()
                .enumerate()
                .map(|(i, &set)| (crate::encode::chance::joint_value(&columns, set), i as u32))
                .filter(|(value, _)| *value != NO_VALUE)
                .collect();
            values.sort_unstable();
            let blocks: Vec<&[(u64, u32)]> = values
                .chunk_by(|x, y| x.0 == y.0)
                .filter(|block| (2..=LARGEST_BLOCK).contains(&block.len()))
                .collect();
            let count: usize = blocks.iter().map(|b| b.len() * (b.len() - 1) / 2).sum();
            let blocks = if count > MOST_PAIRS_EACH * first.len() { vec![] } else { blocks };
            blocks
                .into_iter()
                .flat_map(|block| {
                    block.iter().enumerate().flat_map(|(i, &(_, a))| {
                        block[i + 1..].iter().map(move |&(_, b)| (a.min(b), a.max(b)))
                    })
                })
                .collect::<Vec<_>>()
        })
        .collect();
    pairs.par_sort_unstable();
    pairs.dedup();
    pairs
}
