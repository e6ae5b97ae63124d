//! Sets of programs: which programs people used, whatever the order.

use std::cmp::Reverse;

use super::Ground;
use crate::pathways::count::Measure;
use crate::pathways::journey::Episode;
use crate::pathways::measure::SETS_UP_TO;
use crate::pathways::release::TOP_NUMBER;
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};

/// Its name, by which the release finds what the shown paths tell of it.
pub(in crate::pathways) const NAME: &str = "program_sets";

/// The most sets that are told apart.
const MOST_SETS: usize = 20;

/// The sets of the table, commonest first; the last group is all other sets.
fn shown(ground: &Ground<'_>) -> Vec<u32> {
    let few = ground.threshold;
    let mut sets: Vec<(u32, u64)> = ground
        .measures
        .sets
        .iter()
        .map(|(set, n)| (*set, *n))
        .filter(|(_, n)| !few.is_small(*n))
        .collect();
    sets.sort_by_key(|&(set, n)| (Reverse(n), set));
    sets.truncate(MOST_SETS);
    sets.into_iter().map(|(set, _)| set).collect()
}

/// The table of sets, each person in one.
pub(super) fn measure(ground: &Ground<'_>) -> Measure<'static> {
    let n = ground.programs().len();
    let sets = shown(ground);
    let name = |set: &u32| {
        let names = (0..n).filter(|a| set >> a & 1 == 1).map(|a| ground.programs()[a].as_str());
        names.collect::<Vec<_>>().join(" + ")
    };
    let labels = sets.iter().map(name).chain(["Other sets of programs".to_owned()]);
    let group = |label| Group::empty(vec![label], 1, Of::Everyone, false);
    let having = |has: &dyn Fn(u32) -> bool| -> Vec<(usize, usize)> {
        sets.iter().enumerate().filter(|(_, set)| has(**set)).map(|(i, _)| (i, 0)).collect()
    };
    let mut ties = vec![Tie {
        parts: (0..=sets.len()).map(|i| (i, 0)).collect(),
        wholes: vec![Of::Everyone],
        is_all: true,
    }];
    let mut part = |whole: Of, has: &dyn Fn(u32) -> bool| {
        ties.push(Tie { parts: having(has), wholes: vec![whole], is_all: false });
    };
    for a in 0..n {
        part(Of::Program(a), &|set| set >> a & 1 == 1);
        for b in a + 1..n {
            if ground.measures.both[a][b] > 0 {
                part(Of::Both(a, b), &|set| set >> a & 1 == 1 && set >> b & 1 == 1);
            }
        }
    }
    let top = n.min(TOP_NUMBER);
    for k in 1..=top {
        part(Of::Number(k), &|set| {
            let used = set.count_ones() as usize;
            used == k || k == top && used > k
        });
    }
    for (i, set) in sets.iter().enumerate() {
        if n <= SETS_UP_TO || set.count_ones() == 1 {
            ties.push(Tie { parts: vec![(i, 0)], wholes: vec![Of::Set(*set)], is_all: true });
        }
    }
    let tally = Tally {
        name: NAME,
        caption: "Sets of programs that people used".into(),
        rule: "Every program that a person used, in any order; each person is in one row. Rare \
               sets are counted together. Share is of all people with a journey."
            .into(),
        by: vec!["Programs".into()],
        categories: vec!["People".into()],
        total: None,
        groups: labels.map(group).collect(),
        ties,
        derived: Derived::ShareOfWhole,
        chart: Chart::Upset,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let used = journey.iter().fold(0u32, |set, e| set | 1 << e.program);
        hits.push((sets.iter().position(|set| *set == used).unwrap_or(sets.len()), 0));
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}
