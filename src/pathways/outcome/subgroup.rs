//! Linkage by subgroup: how many people were found in more than one row, by sex, age,
//! Indigenous status and region. Linkage errs more with some people than with others, and
//! whatever is measured of journeys errs with it.

use rayon::prelude::*;

use super::code::{self, Code, NO, NOTHING, OTHER, SEXES, YES};
use super::notes::Notes;
use super::role::Role;
use super::{Counts, parted, together};
use crate::disclosure::Threshold;
use crate::pathways::count::Measure;
use crate::pathways::derived::NOT_RECORDED;
use crate::pathways::journey::{Episode, Journeys};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};

const NAME: &str = "linkage_by_subgroup";

/// Regions or bands of ages told apart; those with the fewest people are counted together.
const MOST_WORDS: usize = 12;

/// One way of dividing people: a row for each value, everyone in one of them.
struct Division {
    role: Role,
    /// The place of the first of its rows.
    first: usize,
    /// The codes that have a row of their own; the last row is for those of whom nothing is
    /// recorded.
    codes: Vec<Code>,
    /// Whether there is a row for other codes before the last.
    has_others: bool,
}

impl Division {
    fn rows(&self) -> usize {
        self.codes.len() + usize::from(self.has_others) + 1
    }

    fn row(&self, code: Code) -> usize {
        let within = match self.codes.binary_search(&code) {
            Ok(place) => place,
            Err(_) if self.has_others && code != NOTHING => self.codes.len(),
            Err(_) => self.rows() - 1,
        };
        self.first + within
    }
}

/// The table: everyone, then a row for each value of each division.
pub(super) fn measure<'a>(
    notes: &'a Notes,
    journeys: &Journeys,
    threshold: Threshold,
) -> Option<Measure<'a>> {
    let divisions: Vec<(Role, &str)> = [
        (Role::Sex, "Sex"),
        (Role::Age, "Age"),
        (Role::Indigenous, "Indigenous status"),
        (Role::Region, "Region"),
    ]
    .into_iter()
    .filter(|(role, _)| notes.has(*role))
    .collect();
    if divisions.is_empty() {
        return None;
    }
    let empty = |division: &str, value: &str, is_first: bool| {
        let of = if is_first { Of::Everyone } else { Of::Group(NAME, 0) };
        Group::empty(vec![division.to_owned(), value.to_owned()], 2, of, is_first)
    };
    let mut groups = vec![empty("Everyone", "All", true)];
    let mut ties = vec![
        Tie { parts: vec![(0, 0)], wholes: vec![Of::MoreRows], is_all: false },
        Tie { parts: vec![(0, 1)], wholes: vec![Of::OneRow], is_all: false },
    ];
    let mut placed = Vec::new();
    for (role, name) in divisions {
        let (codes, has_others) = told(notes, journeys, role, threshold);
        let division = Division { role, first: groups.len(), codes, has_others };
        let labels = division.codes.iter().map(|code| label(notes, role, *code));
        groups.extend(labels.map(|label| empty(name, &label, false)));
        groups.extend(has_others.then(|| empty(name, "All others", false)));
        groups.push(empty(name, NOT_RECORDED, false));
        let rows: Vec<usize> = (division.first..division.first + division.rows()).collect();
        ties.extend(parted(NAME, &rows, 2));
        placed.push(division);
    }
    let tally = Tally {
        name: NAME,
        caption: "Linkage by subgroup".into(),
        rule: "People with a journey: found in more than one row of the sources, or in one row \
               only. Each person is in one row of each division, by what their first event \
               says. “Differs” says that the share linked is at least five points from that of \
               the others of the division, leaving out those of whom nothing is recorded, and \
               further than chance would take it in 99 of 100 such tables. \
               Linkage may have missed links there, or these people may use services \
               otherwise; journeys of people who were not linked look shorter than they are."
            .into(),
        by: ["Division", "Value"].map(str::to_owned).to_vec(),
        categories: ["Linked", "One row only"].map(str::to_owned).to_vec(),
        total: Some("People".into()),
        groups,
        ties,
        derived: Derived::Compared,
        chart: Chart::Points,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let client = notes.client(journey[0].person);
        let category = usize::from(client.rows < 2);
        hits.push((0, category));
        hits.extend(placed.iter().map(|division| {
            (division.row(notes.first_said(division.role, client.notes)), category)
        }));
    };
    Some(Measure { tally, counts_episodes: false, sort: Box::new(sort) })
}

/// The codes that get a row: those of a list, or the words that enough people have; and
/// whether there is a row for the others. A rarer word is not printed.
fn told(notes: &Notes, journeys: &Journeys, role: Role, threshold: Threshold) -> (Vec<Code>, bool) {
    match role {
        Role::Sex => return ((1..=SEXES.len() as Code).collect(), false),
        Role::Indigenous => return (vec![YES, NO], false),
        _ => {}
    }
    let people = journeys.each().fold(Counts::new, |mut counts: Counts, journey| {
        let client = notes.client(journey[0].person);
        *counts.entry(notes.first_said(role, client.notes)).or_default() += 1;
        counts
    });
    let enough = u64::from(threshold.people());
    let people = people.reduce(Counts::new, together);
    let mut words: Vec<(u64, Code)> = people
        .iter()
        .filter(|(code, n)| ![NOTHING, OTHER].contains(*code) && **n >= enough)
        .map(|(code, n)| (*n, *code))
        .collect();
    words.sort_unstable_by_key(|(n, code)| (std::cmp::Reverse(*n), *code));
    words.truncate(MOST_WORDS);
    let mut codes: Vec<Code> = words.into_iter().map(|(_, code)| code).collect();
    codes.sort_unstable();
    // That there is nobody else says something of a small group.
    let all = journeys.each().count() as u64;
    let has_others = people.keys().any(|code| *code != NOTHING && !codes.contains(code))
        || threshold.is_telling_nought(0, all);
    (codes, has_others)
}

fn label(notes: &Notes, role: Role, code: Code) -> String {
    let place = usize::from(code).wrapping_sub(1);
    match role {
        Role::Sex => SEXES.get(place).map_or(String::new(), |s| (*s).to_owned()),
        Role::Indigenous if code == code::YES => "Aboriginal or Torres Strait Islander".into(),
        Role::Indigenous => "Neither".into(),
        _ => notes.columns.words(role).get(place).cloned().unwrap_or_default(),
    }
}
