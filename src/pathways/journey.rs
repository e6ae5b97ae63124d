//! Journeys: the episodes of one person, in order.
//!
//! The rules, also printed in the report ([`Rules::in_words`]): episodes of one program that
//! overlap, or whose gap is at most so many whole days, are one episode; an episode inside
//! another is part of it, or stands apart; an episode of no length counts; an open episode runs
//! to the extract date; a start after the extract date is set aside; episodes are ordered by
//! start, then by program name. A study frame leaves out people whose first start is not in
//! its window.

use jiff::civil::Date;
use std::cmp::Reverse;

use jiff::{SignedDuration, ToSpan};
use rayon::prelude::*;
use serde::Serialize;

use super::input::{Event, Maps};
use super::study::{Frame, Nested, RuleChoices};
use crate::ids::{Band, PersonId, SourceName};

/// A day, counted from 1 January 2000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub i32);

impl Day {
    const EPOCH: Date = Date::constant(2000, 1, 1);

    /// The number of a calendar date.
    pub fn of(date: Date) -> Self {
        let since: SignedDuration = date.duration_since(Self::EPOCH);
        Day(i32::try_from(since.as_hours() / 24).unwrap_or(i32::MAX))
    }

    /// The calendar date of a number.
    pub fn date(self) -> Date {
        Self::EPOCH.saturating_add(self.0.days())
    }
}

/// When an event began and ended; no end is an open episode. The last day counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First day.
    pub start: Day,
    /// Last day, where it has ended.
    pub end: Option<Day>,
}

/// How events become episodes, and who is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The last day that is looked at: the last that the extract covers, or that the study
    /// frame follows people to.
    pub extract: Day,
    /// Which episodes of one program are one.
    pub choices: RuleChoices,
    /// Whom to count.
    pub frame: Option<Frame>,
}

impl Rules {
    /// The rules as sentences for a report.
    pub fn in_words(&self) -> Vec<String> {
        let days = |days: u16| match days {
            0 => "without a day between".to_owned(),
            1 => "with at most one day between".to_owned(),
            n => format!("with at most {n} days between"),
        };
        let mut words = vec![format!(
            "Episodes of one person in one program that overlap, or follow each other {}, count as \
             one episode.",
            days(self.choices.merge_gap)
        )];
        words.extend(self.choices.merge_gaps.iter().map(|(program, gap)| {
            format!("In {program}, episodes that follow each other {} are one.", days(*gap))
        }));
        words.push(match self.choices.nested {
            Nested::One => "An episode inside another of the same program is part of it.".into(),
            Nested::Apart => {
                "An episode inside another of the same program is an episode of its own.".into()
            }
        });
        words.extend([
            "An episode that begins and ends on one day counts.".into(),
            format!(
                "An episode with no end, or an end after {}, is open: it is followed to that date \
                 and no further.",
                self.extract.date()
            ),
            "Sessions (events of one day that carry a case number) are put together: a case is one \
             episode, from its first session to its last."
                .into(),
            "Episodes that end before they begin, or begin after that date, are set aside and \
             counted."
                .into(),
            "A person's episodes are put in order of start; on one day, in order of program name."
                .into(),
        ]);
        words.extend(self.frame.as_ref().map(|frame| self.frame_in_words(frame)));
        words
    }

    fn frame_in_words(&self, frame: &Frame) -> String {
        let programs = match frame.programs.as_slice() {
            [] => "any program".to_owned(),
            names => names.join(" or "),
        };
        let back = match frame.first_day() {
            Some(first) => format!(
                "The first start is the first since {}; episodes that began earlier are left out.",
                first.date()
            ),
            None => "The first start is the first in the data.".to_owned(),
        };
        format!(
            "Counted are the people whose first start in {programs} is from {} to {}. {back} They \
             are followed to {}.",
            frame.begins,
            frame.ends,
            self.extract.date()
        )
    }
}

/// One episode of a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Episode {
    /// Index into [`Journeys::persons`].
    pub(crate) person: u32,
    pub(crate) start: Day,
    pub(crate) program: u16,
    /// None: open at the extract date.
    pub(crate) end: Option<Day>,
    /// The weakest link that brought it to this person.
    pub(crate) band: Band,
    /// How many sessions of a case are in it.
    pub(crate) sessions: u32,
}

/// Everyone's journeys: episodes sorted by person, then in order.
#[derive(Debug)]
pub(crate) struct Journeys {
    pub(crate) persons: Vec<PersonId>,
    pub(crate) episodes: Vec<Episode>,
    /// Events whose row is in no map.
    pub(crate) unmapped: u64,
    /// Events that begin after the extract date.
    pub(crate) after_extract: u64,
    /// What became one with another episode.
    pub(crate) merged: Merged,
    /// What the study frame leaves out.
    pub(crate) outside: Outside,
    /// Sources with a map of which no event is used.
    pub(crate) silent: Vec<SourceName>,
}

/// Events that became one episode with another of the same person and program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    /// The same dates again.
    pub repeated: u64,
    /// Inside another; counted here too where they stand apart.
    pub nested: u64,
    /// Sharing a day with another.
    pub overlapping: u64,
    /// Beginning on the day after another's end.
    pub adjoining: u64,
    /// After a longer gap that the rules bridge.
    pub within_gap: u64,
}

/// What a study frame leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Outside {
    /// Episodes that begin before the days looked back to.
    pub episodes_before: u64,
    /// People whose first start is not in the window.
    pub people: u64,
    /// Their episodes.
    pub episodes: u64,
}

impl Journeys {
    /// The journey of each person who has one.
    pub(crate) fn each(&self) -> impl ParallelIterator<Item = &[Episode]> {
        self.episodes.par_chunk_by(|a, b| a.person == b.person)
    }
}

/// Joins events to people and puts each person's episodes in order. Takes events and maps since
/// they may be most of the memory.
pub(crate) fn build(
    maps: Maps,
    mut events: Vec<Event>,
    programs: &[String],
    rules: &Rules,
) -> Journeys {
    let Maps { sources, persons, rows } = maps;
    events.par_sort_unstable();
    let mut unmapped = 0;
    let mut after_extract = 0;
    let mut heard = vec![false; sources.len()];
    let mut episodes = Vec::with_capacity(events.len());
    let mut ahead = rows.iter().peekable();
    for event in &events {
        while ahead.next_if(|r| r.row < event.row).is_some() {}
        let Some(row) = ahead.peek().filter(|r| r.row == event.row) else {
            unmapped += 1;
            continue;
        };
        if event.span.start > rules.extract {
            after_extract += 1;
            continue;
        }
        heard[usize::from(row.source)] = true;
        episodes.push(Episode {
            person: row.person,
            start: event.span.start,
            program: event.program,
            end: event.span.end.filter(|end| *end <= rules.extract),
            band: row.band,
            sessions: event.sessions,
        });
    }
    drop((events, rows));
    let (mut episodes, merged) = merge(episodes, programs, &rules.choices);
    let outside = match &rules.frame {
        Some(frame) => keep_framed(&mut episodes, programs, frame),
        None => Outside::default(),
    };
    let silent = sources.into_iter().zip(heard).filter(|(_, heard)| !heard);
    let silent = silent.map(|(source, _)| source).collect();
    Journeys { persons, episodes, unmapped, after_extract, merged, outside, silent }
}

/// Leaves out what a study frame does not count.
fn keep_framed(episodes: &mut Vec<Episode>, programs: &[String], frame: &Frame) -> Outside {
    let mut outside = Outside::default();
    if let Some(first_day) = frame.first_day() {
        let before = episodes.len();
        episodes.retain(|e| e.start >= first_day);
        outside.episodes_before = (before - episodes.len()) as u64;
    }
    let defines: Vec<bool> = programs
        .iter()
        .map(|name| frame.programs.is_empty() || frame.programs.contains(name))
        .collect();
    let mut kept = Vec::with_capacity(episodes.len());
    for journey in episodes.chunk_by(|a, b| a.person == b.person) {
        let first = journey.iter().find(|e| defines[usize::from(e.program)]);
        if first.is_some_and(|e| frame.has(e.start)) {
            kept.extend_from_slice(journey);
        } else {
            outside.people += 1;
            outside.episodes += journey.len() as u64;
        }
    }
    *episodes = kept;
    outside
}

/// Makes one episode of those of one person and program that overlap or nearly touch.
fn merge(
    mut episodes: Vec<Episode>,
    programs: &[String],
    choices: &RuleChoices,
) -> (Vec<Episode>, Merged) {
    let last_day = |e: &Episode| e.end.unwrap_or(Day(i32::MAX));
    // Of those that begin on one day the longest comes first, so that the others are inside it.
    episodes.par_sort_unstable_by_key(|e| {
        (e.person, e.program, e.start, Reverse(last_day(e)), e.band, e.sessions)
    });
    let reach: Vec<i64> = programs
        .iter()
        .map(|name| choices.merge_gaps.get(name).copied().unwrap_or(choices.merge_gap))
        .map(|gap| i64::from(gap) + 1)
        .collect();
    let mut merged = Merged::default();
    // Those kept stand at the front; `outer` is the one that others may join, `before` the
    // dates of the one just looked at and where it went.
    let mut kept = 0;
    let mut outer: Option<usize> = None;
    let mut before: Option<(Day, Option<Day>, usize)> = None;
    for at in 0..episodes.len() {
        let next = episodes[at];
        let same = outer
            .filter(|&i| (episodes[i].person, episodes[i].program) == (next.person, next.program));
        let joins = same.and_then(|i| {
            let days = i64::from(next.start.0) - i64::from(last_day(&episodes[i]).0);
            match before {
                Some((start, end, place)) if (start, end) == (next.start, next.end) => {
                    merged.repeated += 1;
                    Some(place)
                }
                _ if last_day(&next) <= last_day(&episodes[i]) => {
                    merged.nested += 1;
                    (choices.nested == Nested::One).then_some(i)
                }
                _ if days <= 0 => {
                    merged.overlapping += 1;
                    Some(i)
                }
                _ if days <= reach[usize::from(next.program)] => {
                    merged.within_gap += u64::from(days > 1);
                    merged.adjoining += u64::from(days == 1);
                    Some(i)
                }
                _ => None,
            }
        });
        let place = joins.unwrap_or(kept);
        before = Some((next.start, next.end, place));
        match joins {
            Some(place) => {
                let whole = &mut episodes[place];
                whole.end = whole.end.zip(next.end).map(|(a, b)| a.max(b));
                whole.band = whole.band.min(next.band);
                whole.sessions = whole.sessions.saturating_add(next.sessions);
            }
            None => {
                let is_inside = same.is_some_and(|i| last_day(&next) <= last_day(&episodes[i]));
                episodes[kept] = next;
                if !is_inside {
                    outer = Some(kept);
                }
                kept += 1;
            }
        }
    }
    episodes.truncate(kept);
    episodes
        .par_sort_unstable_by_key(|e| (e.person, e.start, e.program, e.end, e.band, e.sessions));
    (episodes, merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Merged under a gap; where those inside others stand apart, if so.
    fn merged(list: Vec<Episode>, merge_gap: u16, nested: Nested) -> (Vec<Episode>, Merged) {
        let programs = ["a", "b", "c", "d"].map(str::to_owned);
        let choices = RuleChoices { merge_gap, nested, ..RuleChoices::default() };
        merge(list, &programs, &choices)
    }

    fn one(list: Vec<Episode>) -> Vec<Episode> {
        merged(list, 0, Nested::One).0
    }

    fn episode(program: u16, start: i32, end: Option<i32>) -> Episode {
        let band = Band::Definite;
        Episode { person: 0, start: Day(start), program, end: end.map(Day), band, sessions: 0 }
    }

    #[test]
    fn days_are_dates() {
        for text in ["2000-01-01", "1970-02-28", "2024-02-29", "2099-12-31", "0001-01-01"] {
            let date: Date = text.parse().expect("a date");
            assert_eq!(Day::of(date).date(), date);
        }
        assert_eq!(Day::of(Date::constant(2000, 3, 1)), Day(60));
    }

    #[test]
    fn episodes_merge_by_the_gap_rule() {
        // (gap, first end, second start, episodes)
        for (gap, end, start, left) in [
            (0, 10, 5, 1),
            (0, 10, 10, 1),
            (0, 10, 11, 1),
            (0, 10, 12, 2),
            (1, 10, 12, 1),
            (30, 10, 42, 2),
        ] {
            let list = vec![episode(1, 0, Some(end)), episode(1, start, Some(start + 3))];
            let (list, _) = merged(list, gap, Nested::One);
            assert_eq!(list.len(), left, "gap {gap}, {end} then {start}");
        }
    }

    #[test]
    fn a_nested_episode_does_not_shorten_and_an_open_one_stays_open() {
        let nested =
            vec![episode(1, 0, Some(50)), episode(1, 5, Some(10)), episode(1, 40, Some(45))];
        assert_eq!(one(nested), [episode(1, 0, Some(50))]);
        let open = vec![episode(1, 0, None), episode(1, 5, Some(10)), episode(1, 900, Some(905))];
        assert_eq!(one(open), [episode(1, 0, None)]);
        let other = vec![episode(1, 0, None), episode(2, 5, Some(10))];
        assert_eq!(one(other).len(), 2);
    }

    #[test]
    fn the_weakest_link_is_kept() {
        let weak = Episode { band: Band::Probable, ..episode(1, 5, Some(10)) };
        let merged = one(vec![episode(1, 0, Some(50)), weak]);
        assert_eq!(merged[0].band, Band::Probable);
    }

    #[test]
    fn one_day_is_ordered_by_program() {
        let list = vec![episode(2, 7, Some(7)), episode(1, 7, None), episode(3, 6, Some(6))];
        let order: Vec<u16> = one(list).iter().map(|e| e.program).collect();
        assert_eq!(order, [3, 1, 2]);
    }

    #[test]
    fn what_is_inside_is_told_from_what_overlaps_or_is_near_or_repeated() {
        let list = || {
            vec![
                episode(1, 0, Some(50)),
                episode(1, 5, Some(10)),
                episode(1, 5, Some(10)),
                episode(1, 40, Some(60)),
                episode(1, 63, Some(70)),
                episode(1, 71, Some(72)),
                episode(1, 100, Some(110)),
            ]
        };
        let counts = Merged { repeated: 1, nested: 1, overlapping: 1, adjoining: 1, within_gap: 1 };
        let joined = vec![episode(1, 0, Some(72)), episode(1, 100, Some(110))];
        assert_eq!(merged(list(), 2, Nested::One), (joined, counts));
        let apart = [(0, 72), (5, 10), (100, 110)].map(|(a, b)| episode(1, a, Some(b)));
        assert_eq!(merged(list(), 2, Nested::Apart), (apart.to_vec(), counts));
        // Of two that begin on one day, the shorter is inside the longer.
        let (_, counts) = merged(vec![episode(1, 0, Some(5)), episode(1, 0, None)], 0, Nested::One);
        assert_eq!(counts, Merged { nested: 1, ..Merged::default() });
    }

    #[test]
    fn each_program_has_its_gap() {
        let programs = ["a", "b"].map(str::to_owned);
        let choices =
            RuleChoices { merge_gaps: [("b".into(), 14)].into(), ..RuleChoices::default() };
        let pair = |program| vec![episode(program, 0, Some(5)), episode(program, 20, Some(25))];
        assert_eq!(merge(pair(0), &programs, &choices).0.len(), 2);
        assert_eq!(merge(pair(1), &programs, &choices).0.len(), 1);
    }

    #[test]
    fn a_frame_keeps_those_who_first_start_in_its_window() {
        let date = |text: &str| text.parse().expect("a date");
        let day = |text: &str| Day::of(date(text)).0;
        let frame = Frame {
            begins: date("2023-01-01"),
            ends: date("2023-12-31"),
            programs: vec!["b".into()],
            months_before: Some(12),
            months_after: None,
        };
        let programs = ["a", "b"].map(str::to_owned);
        let of =
            |person, program, start: &str| Episode { person, ..episode(program, day(start), None) };
        let mut list = vec![
            // Looks back to 1 January 2022; a start before that is not seen.
            of(0, 1, "2021-12-31"),
            of(0, 0, "2022-01-01"),
            of(0, 1, "2023-12-31"),
            // First start before the window.
            of(1, 1, "2022-12-31"),
            of(1, 1, "2023-05-01"),
            // Never in the program; too late.
            of(2, 0, "2023-05-01"),
            of(3, 1, "2024-01-01"),
        ];
        let outside = keep_framed(&mut list, &programs, &frame);
        assert_eq!(outside, Outside { episodes_before: 1, people: 3, episodes: 4 });
        assert_eq!(list, [of(0, 0, "2022-01-01"), of(0, 1, "2023-12-31")]);
    }
}
