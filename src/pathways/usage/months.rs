//! Where people are, month by month: on the last day of each month in no program, in one, or
//! in several.

use std::cmp::Reverse;

use jiff::ToSpan;

use super::{Ground, last_day};
use crate::pathways::count::Measure;
use crate::pathways::journey::{Day, Episode};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};

/// The most months told; of longer data, the last.
const MOST_MONTHS: usize = 48;
/// The most programs told apart.
const MOST_PROGRAMS: usize = 6;

/// The last days of the months that end between two days.
fn month_ends(from: Day, to: Day) -> Vec<Day> {
    let mut ends = Vec::new();
    let mut month = from.date().first_of_month();
    while Day::of(month.last_of_month()) <= to {
        ends.push(Day::of(month.last_of_month()));
        match month.checked_add(1.month()) {
            Ok(next) => month = next,
            Err(_) => break,
        }
    }
    ends.split_off(ends.len().saturating_sub(MOST_MONTHS))
}

/// The table, where a month ends in the data.
pub(super) fn measure(ground: &Ground<'_>) -> Option<Measure<'static>> {
    let ends = month_ends(ground.first, ground.extract);
    if ends.is_empty() {
        return None;
    }
    let users = &ground.measures.users;
    let n = users.len();
    let mut apart: Vec<usize> = (0..n).collect();
    apart.sort_by_key(|&a| (Reverse(users[a]), a));
    apart.truncate(MOST_PROGRAMS);
    apart.sort_unstable();
    let mut categories = vec!["In no program".to_owned()];
    categories.extend(apart.iter().map(|&a| ground.program(a)));
    if apart.len() < n {
        categories.push("In one other program".into());
    }
    categories.push("In several programs".into());
    let width = categories.len();
    let mut place = vec![apart.len() + 1; n];
    for (i, &a) in apart.iter().enumerate() {
        place[a] = i + 1;
    }
    let group = |end: &Day| {
        let date = end.date();
        let label = format!("{}-{:02}", date.year(), date.month());
        Group::empty(vec![label], width, Of::Everyone, true)
    };
    let ties = (0..ends.len()).flat_map(|month| {
        apart.iter().enumerate().map(move |(i, &a)| Tie {
            parts: vec![(month, i + 1)],
            wholes: vec![Of::Program(a)],
            is_all: false,
        })
    });
    let tally = Tally {
        name: "state_by_month",
        caption: "Where people are, month by month".into(),
        rule:
            "Everyone with a journey, on the last day of each month: in no program (before their \
               first, between two, after their last), in one only, or in several at once."
                .into(),
        by: vec!["Month".into()],
        groups: ends.iter().map(group).collect(),
        ties: ties.collect(),
        categories,
        total: None,
        derived: Derived::Nothing,
        chart: Chart::Months,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for (month, end) in ends.iter().enumerate() {
            let mut there = journey
                .iter()
                .filter(|e| e.start <= *end && last_day(e) >= *end)
                .map(|e| e.program);
            let category = match there.next() {
                None => 0,
                Some(one) if there.all(|other| other == one) => place[usize::from(one)],
                Some(_) => width - 1,
            };
            hits.push((month, category));
        }
    };
    Some(Measure { tally, counts_episodes: false, sort: Box::new(sort) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pathways::usage::tests::{episode, hits};

    #[test]
    fn months_end_on_their_last_day() {
        let day = |text: &str| Day::of(text.parse().expect("a date"));
        let ends = month_ends(day("2024-01-31"), day("2024-03-30"));
        assert_eq!(ends, [day("2024-01-31"), day("2024-02-29")]);
        assert!(month_ends(day("2024-03-01"), day("2024-03-30")).is_empty());
        assert_eq!(month_ends(day("1990-01-01"), day("2024-12-31")).len(), MOST_MONTHS);
    }

    #[test]
    fn people_are_in_none_one_or_several() {
        // January 2000 ends on day 30, February on day 59, March on day 90, April on 120.
        let journey = [episode(0, 5, Some(59)), episode(1, 59, Some(90)), episode(1, 60, Some(89))];
        let states: Vec<usize> =
            hits(|g| measure(g).expect("months"), &journey).into_iter().map(|(_, c)| c).collect();
        assert_eq!(states[..5], [1, 4, 2, 0, 0]);
    }
}
