//! Why people came: the reason for presenting (Common Dataset 3.1.1) at a person's first
//! episode, by the program of that episode and by path.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::code::{self, Code, NOTHING, OTHER};
use super::notes::Notes;
use super::role::Role;
use super::{Counts, together};
use crate::pathways::count::Measure;
use crate::pathways::derived::NOT_RECORDED;
use crate::pathways::journey::{Day, Episode, Journeys};
use crate::pathways::path::{self, Path, Step};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};

/// Reasons told apart; the rarer ones are counted together.
const MOST_REASONS: usize = 8;

/// The name of the first table.
const NAME: &str = "reasons";

/// The reasons that have a column; after them come all others, and those not recorded.
#[derive(Clone)]
struct Columns(Vec<Code>);

impl Columns {
    fn labels(&self) -> Vec<String> {
        let mut labels: Vec<String> =
            self.0.iter().map(|&c| code::reason_label(c).to_owned()).collect();
        labels.extend(["Other reasons", NOT_RECORDED].map(str::to_owned));
        labels
    }

    fn place(&self, reason: Code) -> usize {
        match self.0.binary_search(&reason) {
            Ok(place) => place,
            Err(_) => self.0.len() + usize::from(reason == NOTHING),
        }
    }
}

/// The tables: everyone and those who began with each program; and those of each of the
/// commonest paths.
pub(super) fn measures<'a>(
    notes: &'a Notes,
    journeys: &Journeys,
    tables: &[u8],
    programs: &[String],
    paths: &[&Path],
) -> Vec<Measure<'a>> {
    if !notes.has(Role::Reason) {
        return Vec::new();
    }
    let people = journeys.each().fold(Counts::new, |mut counts: Counts, journey| {
        let program = u16::from(tables[usize::from(journey[0].program)]);
        let first = Episode { program, ..journey[0] };
        *counts.entry(at_entry(notes, &first)).or_default() += 1;
        counts
    });
    let columns = Columns(commonest(&people.reduce(Counts::new, together)));
    vec![by_entry(notes, programs, columns.clone()), by_path(notes, programs, paths, columns)]
}

fn by_entry<'a>(notes: &'a Notes, programs: &[String], columns: Columns) -> Measure<'a> {
    let categories = columns.labels();
    let width = categories.len();
    let mut groups = vec![Group::empty(vec!["Any program".into()], width, Of::Everyone, true)];
    groups.extend(
        programs
            .iter()
            .enumerate()
            .map(|(a, program)| Group::empty(vec![program.clone()], width, Of::Entry(a), true)),
    );
    let parts: Vec<usize> = (1..groups.len()).collect();
    let tally = Tally {
        name: NAME,
        caption: "Why people came, by first program".into(),
        rule: format!(
            "The reason for presenting that was recorded at a person's first episode. Shares are \
             of the people who began with the program. Reasons beyond the {MOST_REASONS} \
             commonest, and those in no code list, are counted together."
        ),
        by: vec!["First program".into()],
        categories,
        total: Some("People".into()),
        groups,
        ties: super::parted(NAME, &parts, width),
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let category = columns.place(at_entry(notes, &journey[0]));
        hits.extend([(0, category), (1 + usize::from(journey[0].program), category)]);
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

fn by_path<'a>(
    notes: &'a Notes,
    programs: &[String],
    paths: &[&Path],
    columns: Columns,
) -> Measure<'a> {
    let categories = columns.labels();
    let width = categories.len();
    let steps = |path: &Path| -> Vec<usize> {
        let program = |step: &Step| match step {
            Step::Program(p) => Some(usize::from(*p)),
            Step::End | Step::More => None,
        };
        path.iter().filter_map(program).collect()
    };
    let groups = paths.iter().enumerate().map(|(i, path)| {
        let words: Vec<&str> = steps(path).iter().map(|&p| programs[p].as_str()).collect();
        Group::empty(vec![words.join(" → ")], width, Of::Path(i), true)
    });
    // Whoever has a path began with its first program.
    let mut ties = Vec::new();
    for a in 0..programs.len() {
        let begins = |i: &usize| steps(paths[*i]).first() == Some(&a);
        let rows: Vec<usize> = (0..paths.len()).filter(begins).collect();
        ties.extend((0..width).filter(|_| !rows.is_empty()).map(|category| Tie {
            parts: rows.iter().map(|&row| (row, category)).collect(),
            wholes: vec![Of::Count(NAME, 1 + a, category)],
            is_all: false,
        }));
    }
    let tally = Tally {
        name: "reasons_by_path",
        caption: "Why people came, by path".into(),
        rule: "The reason for presenting that was recorded at a person's first episode, for the \
               commonest whole paths. Shares are of the people who took the path. Paths that \
               are not shown above are not listed."
            .into(),
        by: vec!["Path".into()],
        categories,
        total: Some("People".into()),
        groups: groups.collect(),
        ties,
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    };
    let rows: BTreeMap<Path, usize> =
        paths.iter().enumerate().map(|(i, path)| ((*path).clone(), i)).collect();
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        // Tables have far fewer than 256 programs.
        let path = path::of(journey.iter().map(|e| e.program as u8));
        if let Some(&row) = rows.get(&path) {
            hits.push((row, columns.place(at_entry(notes, &journey[0]))));
        }
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

/// The reason recorded first in an episode whose program is that of the tables.
fn at_entry(notes: &Notes, first: &Episode) -> Code {
    let client = notes.client(first.person);
    let end = first.end.unwrap_or(Day(i32::MAX));
    let within = client
        .notes
        .iter()
        .filter(|n| n.start >= first.start && n.start <= end && notes.program(n) == first.program);
    within.map(|n| notes.code(Role::Reason, n)).find(|c| *c != NOTHING).unwrap_or(NOTHING)
}

/// The commonest codes of a list, in the order of the list.
fn commonest(people: &Counts) -> Vec<Code> {
    let mut codes: Vec<(u64, Code)> = people
        .iter()
        .filter(|(code, _)| ![NOTHING, OTHER].contains(*code))
        .map(|(code, n)| (*n, *code))
        .collect();
    codes.sort_unstable_by_key(|(n, code)| (std::cmp::Reverse(*n), *code));
    codes.truncate(MOST_REASONS);
    let mut codes: Vec<Code> = codes.into_iter().map(|(_, code)| code).collect();
    codes.sort_unstable();
    codes
}
