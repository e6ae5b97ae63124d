//! People and episodes by reporting period: half-years, or years where the data is long.

use jiff::civil::Date;

use super::{Ground, last_day};
use crate::pathways::count::Measure;
use crate::pathways::journey::{Day, Episode};
use crate::pathways::study;
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};

/// Data of more than so many days is told by year, unless the study file says.
const LONG: i32 = 4 * 366;
/// The most periods told; of longer data, the last.
const MOST: usize = 20;

const EPISODES: &str = "episodes_by_period";
const PEOPLE: &str = "people_by_period";

/// One reporting period. 30 June and 31 December belong to the period that they close.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Period {
    name: String,
    first: Day,
    last: Day,
}

/// The periods from one day to another.
fn periods(from: Day, to: Day, length: study::Period) -> Vec<Period> {
    let (first, last) = (from.date(), to.date());
    let mut list = Vec::new();
    for year in first.year()..=last.year() {
        let whole = |from: (i8, i8), to: (i8, i8), name: String| {
            let date = |(month, day)| Date::new(year, month, day).map(Day::of).ok();
            Some(Period { name, first: date(from)?, last: date(to)? })
        };
        match length {
            study::Period::Year => list.extend(whole((1, 1), (12, 31), format!("{year}"))),
            study::Period::HalfYear => {
                list.extend(whole((1, 1), (6, 30), format!("January to June {year}")));
                list.extend(whole((7, 1), (12, 31), format!("July to December {year}")));
            }
        }
    }
    list.retain(|period| period.last >= from && period.first <= to);
    list.split_off(list.len().saturating_sub(MOST))
}

/// Episodes that began by program and period, people by period, people by program and period.
pub(super) fn measures(ground: &Ground<'_>) -> Vec<Measure<'static>> {
    let is_long = ground.extract.0 - ground.first.0 > LONG;
    let usual = if is_long { study::Period::Year } else { study::Period::HalfYear };
    let length = ground.choices.period.unwrap_or(usual);
    let periods = periods(ground.first, ground.extract, length);
    let Some(earliest) = periods.first().map(|period| period.first) else { return Vec::new() };
    let is_whole = earliest <= ground.first;
    vec![
        episodes(ground, &periods, is_whole),
        people(ground, &periods),
        both(ground, &periods, is_whole),
    ]
}

fn episodes(ground: &Ground<'_>, periods: &[Period], is_whole: bool) -> Measure<'static> {
    let width = periods.len();
    let group = |a| Group::empty(vec![ground.program(a)], width, Of::Episodes(a), is_whole);
    let tally = Tally {
        name: EPISODES,
        caption: "Episodes that began, by program and period".into(),
        rule: "An episode belongs to the period in which it began.".into(),
        by: vec!["Program".into()],
        categories: periods.iter().map(|period| period.name.clone()).collect(),
        total: is_whole.then(|| "All episodes".into()),
        groups: (0..ground.programs().len()).map(group).collect(),
        ties: Vec::new(),
        derived: Derived::Nothing,
        chart: Chart::Table,
    };
    let firsts: Vec<Day> = periods.iter().map(|period| period.first).collect();
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for e in journey {
            let period = firsts.partition_point(|first| *first <= e.start).checked_sub(1);
            hits.extend(period.map(|period| (usize::from(e.program), period)));
        }
    };
    Measure { tally, counts_episodes: true, sort: Box::new(sort) }
}

/// The places of the periods that share a day with an episode.
fn during(periods: &[Period], episode: &Episode) -> std::ops::Range<usize> {
    let from = periods.partition_point(|period| period.last < episode.start);
    let to = periods.partition_point(|period| period.first <= last_day(episode));
    from..to.max(from)
}

fn people(ground: &Ground<'_>, periods: &[Period]) -> Measure<'static> {
    let group = |p: &Period| Group::empty(vec![p.name.clone()], 1, Of::Everyone, false);
    let tally = Tally {
        name: PEOPLE,
        caption: "People by period".into(),
        rule: format!(
            "People with an episode on at least one day of the period, each once. Share is of all \
             people with a journey. The last period ends with the data, on {}.",
            ground.extract.date()
        ),
        by: vec!["Period".into()],
        categories: vec!["People".into()],
        total: None,
        groups: periods.iter().map(group).collect(),
        ties: Vec::new(),
        derived: Derived::ShareOfWhole,
        chart: Chart::Bars,
    };
    let periods = periods.to_vec();
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        hits.extend(journey.iter().flat_map(|e| during(&periods, e)).map(|period| (period, 0)));
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

fn both(ground: &Ground<'_>, periods: &[Period], is_whole: bool) -> Measure<'static> {
    let n = ground.programs().len();
    let width = periods.len();
    let groups = (0..n).flat_map(|a| {
        periods.iter().map(move |period| {
            let labels = vec![ground.program(a), period.name.clone()];
            Group::empty(labels, 1, Of::Program(a), false)
        })
    });
    let mut ties = Vec::new();
    for a in 0..n {
        for period in 0..width {
            let parts = vec![(a * width + period, 0)];
            let wholes = vec![Of::Group(PEOPLE, period)];
            ties.push(Tie { parts, wholes, is_all: false });
        }
        // Everyone in the first period began an episode in it.
        if is_whole {
            let wholes = vec![Of::Count(EPISODES, a, 0)];
            ties.push(Tie { parts: vec![(a * width, 0)], wholes, is_all: false });
        }
    }
    let tally = Tally {
        name: "people_by_program_and_period",
        caption: "People by program and period".into(),
        rule:
            "People with an episode of the program on at least one day of the period, each once. \
               Share is of the program's people."
                .into(),
        by: vec!["Program".into(), "Period".into()],
        categories: vec!["People".into()],
        total: None,
        groups: groups.collect(),
        ties,
        derived: Derived::ShareOfWhole,
        chart: Chart::Table,
    };
    let periods = periods.to_vec();
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for e in journey {
            let first = usize::from(e.program) * width;
            hits.extend(during(&periods, e).map(|period| (first + period, 0)));
        }
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pathways::usage::tests::{episode, hits};

    fn day(text: &str) -> Day {
        Day::of(text.parse().expect("a date"))
    }

    #[test]
    fn a_half_year_closes_on_30_june_and_31_december() {
        let list = periods(day("2023-06-30"), day("2024-01-01"), study::Period::HalfYear);
        let days: Vec<(Day, Day)> = list.iter().map(|p| (p.first, p.last)).collect();
        assert_eq!(
            days,
            [
                (day("2023-01-01"), day("2023-06-30")),
                (day("2023-07-01"), day("2023-12-31")),
                (day("2024-01-01"), day("2024-06-30")),
            ]
        );
        let june =
            Episode { end: Some(day("2023-06-30")), ..episode(0, day("2023-06-30").0, None) };
        assert_eq!(during(&list, &june), 0..1);
        let open = episode(0, day("2023-07-01").0, None);
        assert_eq!(during(&list, &open), 1..3);
        let years = periods(day("2023-06-30"), day("2024-01-01"), study::Period::Year);
        assert_eq!(years.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["2023", "2024"]);
    }

    #[test]
    fn long_data_tells_its_last_periods() {
        let list = periods(day("1980-01-01"), day("2024-12-31"), study::Period::Year);
        assert_eq!((list.len(), list[0].name.as_str()), (MOST, "2005"));
        let early = episode(0, day("1990-01-01").0, Some(day("1991-01-01").0));
        assert!(during(&list, &early).is_empty());
    }

    #[test]
    fn people_count_in_each_period_they_are_in_and_episodes_where_they_begin() {
        // Day 0 is 1 January 2000, day 182 1 July; the data ends on day 1000.
        let journey =
            [episode(1, 0, Some(182)), episode(1, 190, Some(191)), episode(1, 192, Some(193))];
        let nth = |i: usize| move |g: &Ground<'_>| measures(g).swap_remove(i);
        assert_eq!(hits(nth(0), &journey), [(1, 0), (1, 1), (1, 1)]);
        assert_eq!(hits(nth(1), &journey), [(0, 0), (1, 0)]);
        assert_eq!(hits(nth(2), &journey), [(6, 0), (7, 0)]);
    }
}
