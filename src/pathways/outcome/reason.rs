//! Why people came: the reason for presenting (Common Dataset 3.1.1) at a person's first
//! episode, by the program of that episode.

use rayon::prelude::*;

use super::code::{self, Code, NOTHING, OTHER};
use super::notes::Notes;
use super::role::Role;
use super::{Counts, together};
use crate::pathways::count::Measure;
use crate::pathways::journey::{Day, Episode, Journeys};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally};

/// Reasons told apart; the rarer ones are counted together.
const MOST_REASONS: usize = 8;

/// The table, with everyone in its first row and a row for each first program.
pub(super) fn measure<'a>(
    notes: &'a Notes,
    journeys: &Journeys,
    tables: &[u8],
    programs: &[String],
) -> Option<Measure<'a>> {
    if !notes.has(Role::Reason) {
        return None;
    }
    let people = journeys.each().fold(Counts::new, |mut counts: Counts, journey| {
        let first =
            Episode { program: u16::from(tables[usize::from(journey[0].program)]), ..journey[0] };
        *counts.entry(at_entry(notes, &first)).or_default() += 1;
        counts
    });
    let people = people.reduce(Counts::new, together);
    let reasons = commonest(&people);
    let mut categories: Vec<String> =
        reasons.iter().map(|&c| code::reason_label(c).to_owned()).collect();
    categories.extend(["Other reasons", "Not recorded"].map(str::to_owned));
    let width = categories.len();
    let mut groups = vec![Group::empty(vec!["Any program".into()], width, Of::Everyone, true)];
    if programs.len() > 1 {
        groups.extend(
            programs
                .iter()
                .enumerate()
                .map(|(a, program)| Group::empty(vec![program.clone()], width, Of::Entry(a), true)),
        );
    }
    let parted = groups.len() > 1;
    let parts: Vec<usize> = (1..groups.len()).collect();
    let ties = if parted { super::parted("reasons", &parts, width) } else { Vec::new() };
    let tally = Tally {
        name: "reasons",
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
        ties,
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let category = match at_entry(notes, &journey[0]) {
            NOTHING => width - 1,
            reason => reasons.iter().position(|r| *r == reason).unwrap_or(width - 2),
        };
        hits.push((0, category));
        if parted {
            hits.push((1 + usize::from(journey[0].program), category));
        }
    };
    Some(Measure { tally, counts_episodes: false, sort: Box::new(sort) })
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
