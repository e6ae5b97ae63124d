//! The last program before a target: where people were before they first came to it.

use super::{Ground, firsts};
use crate::pathways::count::Measure;
use crate::pathways::journey::Episode;
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};

/// Its name, by which the release finds what the shown paths tell of it.
pub(in crate::pathways) const NAME: &str = "last_before";

/// With more programs, only the targets of the study file are told.
const ALL_UP_TO: usize = 8;

/// Each group of the table: a target and the program before it; none where the journey begins
/// with the target.
pub(in crate::pathways) fn groups(
    targets: &[usize],
    moves: &[Vec<u64>],
) -> Vec<(usize, Option<usize>)> {
    let mut list = Vec::new();
    for &target in targets {
        let came = (0..moves.len()).filter(|&p| p != target && moves[p][target] > 0);
        list.extend(came.map(|p| (target, Some(p))));
        list.push((target, None));
    }
    list
}

/// The targets of the table.
pub(in crate::pathways) fn targets(programs: &[String], chosen: &[String]) -> Vec<usize> {
    let is_target = |a: &usize| chosen.is_empty() || chosen.contains(&programs[*a]);
    (0..programs.len()).filter(is_target).collect()
}

/// The table, where targets are chosen or programs are few.
pub(super) fn measure(ground: &Ground<'_>, not_told: &mut Vec<String>) -> Option<Measure<'static>> {
    let programs = ground.programs();
    if ground.choices.targets.is_empty() && programs.len() > ALL_UP_TO {
        not_told.push(
            "The last program before another is not told: name the programs in `targets` of the \
             study file."
                .into(),
        );
        return None;
    }
    let m = ground.measures;
    let targets = targets(programs, &ground.choices.targets);
    let list = groups(&targets, &m.moves);
    let mut ties = Vec::new();
    for &target in &targets {
        let of_target = list.iter().enumerate().filter(|(_, (t, _))| *t == target);
        let parts = of_target.map(|(i, _)| (i, 0)).collect();
        ties.push(Tie { parts, wholes: vec![Of::Program(target)], is_all: true });
    }
    for (i, &(target, before)) in list.iter().enumerate() {
        let (whole, is_all) = match before {
            Some(program) => (Of::Moves(program, target), false),
            None => (Of::Entry(target), true),
        };
        ties.push(Tie { parts: vec![(i, 0)], wholes: vec![whole], is_all });
    }
    let group = |&(target, before): &(usize, Option<usize>)| {
        let before =
            before.map_or("None: the journey begins here".to_owned(), |p| ground.program(p));
        Group::empty(vec![ground.program(target), before], 1, Of::Program(target), false)
    };
    let tally = Tally {
        name: NAME,
        caption: "The last program before a program".into(),
        rule:
            "The program of the step just before a person's first start in the program. Share is \
               of the program's people, each of whom is in one row. Programs not listed were \
               nobody's last."
                .into(),
        by: vec!["Program".into(), "Last before it".into()],
        categories: vec!["People".into()],
        total: None,
        groups: list.iter().map(group).collect(),
        ties,
        derived: Derived::ShareOfWhole,
        chart: Chart::Table,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for (at, first) in firsts(journey) {
            let before = at.checked_sub(1).map(|i| usize::from(journey[i].program));
            let group = (usize::from(first.program), before);
            hits.extend(list.iter().position(|g| *g == group).map(|i| (i, 0)));
        }
    };
    Some(Measure { tally, counts_episodes: false, sort: Box::new(sort) })
}
