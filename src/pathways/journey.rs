//! Journeys: the episodes of one person, in order.
//!
//! The rules, also printed in the report ([`Rules::in_words`]): episodes of one program that
//! overlap, or whose gap is at most `merge_gap` whole days, are one episode; an episode of
//! no length counts; an open episode runs to the extract date; a start after the extract
//! date is set aside; episodes are ordered by start, then by program name.

use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};
use rayon::prelude::*;

use super::input::{Event, Maps};
use crate::ids::{Band, PersonId, RowId};

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

/// How events become episodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The last day that the extract covers.
    pub extract: Day,
    /// Episodes of one program with at most this many whole days between them are one.
    pub merge_gap: u16,
}

impl Rules {
    /// The rules as sentences for a report.
    pub fn in_words(&self) -> Vec<String> {
        let gap = match self.merge_gap {
            0 => "that overlap or follow each other without a day between".to_owned(),
            1 => "that overlap or have at most one day between them".to_owned(),
            n => format!("that overlap or have at most {n} days between them"),
        };
        vec![
            format!("Episodes of one person in one program {gap} count as one episode."),
            "An episode that begins and ends on one day counts.".into(),
            format!(
                "An episode with no end, or an end after the extract date ({}), is open: it is \
                 followed to that date and no further.",
                self.extract.date()
            ),
            "Episodes that end before they begin, or begin after the extract date, are set aside \
             and counted."
                .into(),
            "A person's episodes are put in order of start; on one day, in order of program name."
                .into(),
        ]
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
}

impl Journeys {
    /// The journey of each person who has one.
    pub(crate) fn each(&self) -> impl ParallelIterator<Item = &[Episode]> {
        self.episodes.par_chunk_by(|a, b| a.person == b.person)
    }
}

/// Joins events to people and puts each person's episodes in order. Takes the events since
/// they may be most of the memory.
pub(crate) fn build(maps: &Maps, mut events: Vec<Event>, rules: Rules) -> Journeys {
    let mut persons: Vec<PersonId> = maps.rows.iter().map(|r| r.person).collect();
    persons.par_sort_unstable();
    persons.dedup();

    events.par_sort_unstable();
    let mut unmapped = 0;
    let mut after_extract = 0;
    let mut episodes = Vec::with_capacity(events.len());
    let mut rows = maps.rows.iter().peekable();
    // The person number of the row at hand, looked up once a row.
    let mut at_hand: Option<(RowId, u32)> = None;
    for event in &events {
        while rows.next_if(|r| r.row < event.row).is_some() {}
        let Some(row) = rows.peek().filter(|r| r.row == event.row) else {
            unmapped += 1;
            continue;
        };
        if event.span.start > rules.extract {
            after_extract += 1;
            continue;
        }
        let person = match at_hand {
            Some((id, person)) if id == row.row => person,
            _ => persons.partition_point(|p| *p < row.person) as u32,
        };
        at_hand = Some((row.row, person));
        episodes.push(Episode {
            person,
            start: event.span.start,
            program: event.program,
            end: event.span.end.filter(|end| *end <= rules.extract),
            band: row.band,
        });
    }
    drop(events);
    let episodes = merge(episodes, rules);
    Journeys { persons, episodes, unmapped, after_extract }
}

/// Makes one episode of those of one person and program that overlap or nearly touch.
fn merge(mut episodes: Vec<Episode>, rules: Rules) -> Vec<Episode> {
    episodes.par_sort_unstable_by_key(|e| (e.person, e.program, e.start, e.end, e.band));
    let reach = i64::from(rules.merge_gap) + 1;
    episodes.dedup_by(|next, kept| {
        let same = next.person == kept.person && next.program == kept.program;
        let joins = kept.end.is_none_or(|end| i64::from(next.start.0) - i64::from(end.0) <= reach);
        if same && joins {
            kept.end = kept.end.zip(next.end).map(|(a, b)| a.max(b));
            kept.band = kept.band.min(next.band);
        }
        same && joins
    });
    // After merging a person has one episode for each program and start.
    episodes.par_sort_unstable_by_key(|e| (e.person, e.start, e.program));
    episodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(merge_gap: u16) -> Rules {
        Rules { extract: Day(1000), merge_gap }
    }

    fn episode(program: u16, start: i32, end: Option<i32>) -> Episode {
        let band = Band::Definite;
        Episode { person: 0, start: Day(start), program, end: end.map(Day), band }
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
            assert_eq!(merge(list, rules(gap)).len(), left, "gap {gap}, {end} then {start}");
        }
    }

    #[test]
    fn a_nested_episode_does_not_shorten_and_an_open_one_stays_open() {
        let nested =
            vec![episode(1, 0, Some(50)), episode(1, 5, Some(10)), episode(1, 40, Some(45))];
        assert_eq!(merge(nested, rules(0)), [episode(1, 0, Some(50))]);
        let open = vec![episode(1, 0, None), episode(1, 5, Some(10)), episode(1, 900, Some(905))];
        assert_eq!(merge(open, rules(0)), [episode(1, 0, None)]);
        let other = vec![episode(1, 0, None), episode(2, 5, Some(10))];
        assert_eq!(merge(other, rules(0)).len(), 2);
    }

    #[test]
    fn the_weakest_link_is_kept() {
        let weak = Episode { band: Band::Probable, ..episode(1, 5, Some(10)) };
        let merged = merge(vec![episode(1, 0, Some(50)), weak], rules(0));
        assert_eq!(merged[0].band, Band::Probable);
    }

    #[test]
    fn one_day_is_ordered_by_program() {
        let list = vec![episode(2, 7, Some(7)), episode(1, 7, None), episode(3, 6, Some(6))];
        let order: Vec<u16> = merge(list, rules(0)).iter().map(|e| e.program).collect();
        assert_eq!(order, [3, 1, 2]);
    }
}
