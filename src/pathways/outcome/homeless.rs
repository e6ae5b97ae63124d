//! Persistent and returning homelessness, by the AIHW's definitions: homeless in more than 7
//! of the preceding 24 months; and homeless, then housed, then homeless again.

use super::code::{NO, YES};
use super::housing::{at_end, at_start};
use super::notes::{Note, Notes};
use super::role::Role;
use crate::pathways::count::Measure;
use crate::pathways::journey::{Day, Episode};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally};

/// The months looked at, the last being that of the extract date.
const FRAME: u32 = 24;
/// More homeless months than this are persistent homelessness.
const PERSISTENT: u32 = 7;

/// The months of the frame in which somebody was homeless, and those in which they were
/// housed; bit 0 is the first month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Months {
    homeless: u32,
    housed: u32,
}

impl Months {
    fn is_persistent(self) -> bool {
        self.homeless.count_ones() > PERSISTENT
    }

    /// At least a month homeless, then at least one housed, then homeless again.
    fn has_returned(self) -> bool {
        let first = self.homeless.trailing_zeros();
        let last = u32::BITS - self.homeless.leading_zeros();
        (first..last).any(|month| self.housed >> month & 1 == 1)
    }

    /// The place in the table; None where nothing is known of any month.
    fn category(self) -> Option<usize> {
        match (self.homeless, self.housed) {
            (0, 0) => None,
            (0, _) => Some(4),
            _ => Some(match (self.is_persistent(), self.has_returned()) {
                (true, true) => 0,
                (true, false) => 1,
                (false, true) => 2,
                (false, false) => 3,
            }),
        }
    }
}

/// What is said on one day of whether somebody is homeless.
fn records(notes: &Notes, list: &[Note]) -> Vec<(Day, bool)> {
    let mut records = Vec::new();
    for note in list {
        let said = match notes.code(Role::Homeless, note) {
            YES => Some(true),
            NO => Some(false),
            _ => at_start(notes, note).map(|s| s.is_homeless()),
        };
        records.extend(said.map(|homeless| (note.start, homeless)));
        records.extend(at_end(notes, note).map(|s| (note.last, s.is_homeless())));
    }
    records.sort_by_key(|(day, _)| *day);
    records
}

/// Months since the year 0.
fn month(day: Day) -> i32 {
    let date = day.date();
    i32::from(date.year()) * 12 + i32::from(date.month()) - 1
}

/// What is known of each month of the frame. What was said last holds while a service is
/// given; a month is homeless if any of it is.
fn months(notes: &Notes, list: &[Note]) -> Months {
    let records = records(notes, list);
    let first = month(notes.extract) - (FRAME as i32 - 1);
    let mut all = Months::default();
    let mut note_of = |at: i32, homeless: bool| {
        if let Some(bit) = u32::try_from(at - first).ok().filter(|bit| *bit < FRAME) {
            if homeless {
                all.homeless |= 1 << bit;
            } else {
                all.housed |= 1 << bit;
            }
        }
    };
    for &(day, homeless) in &records {
        note_of(month(day), homeless);
    }
    // What was said before a month holds on into it while any service is given.
    for at in first..first + FRAME as i32 {
        let served = list.iter().any(|n| month(n.start) < at && month(n.last) >= at);
        let before = records.iter().rev().find(|(day, _)| month(*day) < at);
        if let Some((_, homeless)) = before.filter(|_| served) {
            note_of(at, *homeless);
        }
    }
    all.housed &= !all.homeless;
    all
}

/// The table: one row, everyone of whom a month is known.
pub(super) fn measure(notes: &Notes) -> Option<Measure<'_>> {
    let known = [Role::Homeless, Role::Dwelling, Role::Tenure];
    if !known.iter().any(|role| notes.has(*role)) {
        return None;
    }
    let categories = [
        "Persistently homeless, returned",
        "Persistently homeless, not returned",
        "Homeless for less, returned",
        "Homeless for less, not returned",
        "Not homeless",
    ];
    let groups = vec![Group::empty(
        vec![format!("{FRAME} months to {}", notes.extract.date())],
        categories.len(),
        Of::Everyone,
        false,
    )];
    let tally = Tally {
        name: "homelessness",
        caption: "Persistent and returning homelessness".into(),
        rule: format!(
            "People whose housing is known for at least one of the {FRAME} calendar months that \
             end with the month of the extract date. Persistently homeless: homeless in more \
             than {PERSISTENT} of them. Returned: homeless in a month, housed in a later one, \
             homeless again after that (definitions of the AIHW). A month is homeless where any \
             record in it says so; what was recorded last holds while a service is given; of \
             other months nothing is known, and they count as neither."
        ),
        by: vec!["Months".into()],
        categories: categories.map(str::to_owned).to_vec(),
        total: Some("People".into()),
        groups,
        ties: Vec::new(),
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let client = notes.client(journey[0].person);
        hits.extend(months(notes, client.notes).category().map(|category| (0, category)));
    };
    Some(Measure { tally, counts_episodes: false, sort: Box::new(sort) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Months {
        let bits = |wanted: char| {
            text.chars().enumerate().filter(|(_, c)| *c == wanted).map(|(i, _)| 1u32 << i).sum()
        };
        Months { homeless: bits('h'), housed: bits('o') }
    }

    #[test]
    fn persistent_is_more_than_seven_months_and_return_needs_a_home_between() {
        for (months, category) in [
            ("hhhhhhhh", Some(1)),
            ("hhhhhhh", Some(3)),
            // Seven and one, with a home between.
            ("hhhhhhhoh", Some(0)),
            ("hhh-o-hhh", Some(2)),
            // Nothing known between is no home.
            ("hhh---hhh", Some(3)),
            ("oohhh", Some(3)),
            ("hhhoo", Some(3)),
            ("ooo", Some(4)),
            ("---", None),
            ("hohohohohohohohohohohoho", Some(0)),
        ] {
            assert_eq!(of(months).category(), category, "{months}");
        }
    }
}
