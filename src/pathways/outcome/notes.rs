//! What kept columns say of each person: their events in order, and their assessments.

use std::fmt;

use rayon::prelude::*;

use super::code::{Code, NOTHING, Phase};
use super::kept::{Assessment, Columns, Kept, Read, Row};
use super::role::Role;
use crate::ids::RowId;
use crate::pathways::input::Maps;
use crate::pathways::journey::Day;

/// One event of a person. Prints as shape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Note {
    person: u32,
    pub(super) start: Day,
    /// The last day, or the extract date where it is open.
    pub(super) last: Day,
    /// Whether it had ended by then.
    pub(super) has_ended: bool,
    /// Whether its file has assessments.
    pub(super) is_scored: bool,
    /// Whether it is a session of a case.
    pub(super) is_session: bool,
    /// As the events name it.
    program: u16,
    event: u32,
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note")
    }
}

/// One assessment of a person. Prints as shape.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rating {
    person: u32,
    pub(super) domain: u8,
    pub(super) case: u32,
    pub(super) day: Day,
    pub(super) phase: Phase,
    pub(super) score: u8,
}

impl fmt::Debug for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rating")
    }
}

/// Everyone's events and assessments, by person. Prints as shape.
pub(crate) struct Notes {
    /// How many rows of the maps each has.
    rows: Vec<u32>,
    notes: Vec<Note>,
    /// Where the events of each person begin, and where the last one's end.
    note_starts: Vec<usize>,
    ratings: Vec<Rating>,
    rating_starts: Vec<usize>,
    pub(super) columns: Columns,
    /// The columns that the study names and no file has.
    pub(super) missing: Vec<Role>,
    /// The last day that is told of.
    pub(super) extract: Day,
    has_ratings: bool,
    /// From the code of a program to that of the tables.
    tables: Vec<u8>,
}

impl fmt::Debug for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notes({} people, {} events)", self.rows.len(), self.notes.len())
    }
}

/// What is noted of one person.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client<'a> {
    /// In order of start.
    pub(super) notes: &'a [Note],
    /// By domain, then by case, then by day.
    pub(super) ratings: &'a [Rating],
    /// Rows of the maps.
    pub(super) rows: u32,
}

impl Notes {
    /// Joins what was kept to people. What began before `first` or after the extract date is
    /// left out.
    pub(crate) fn of(kept: Kept, maps: &Maps, first: Option<Day>, extract: Day) -> Self {
        let missing = kept.missing();
        let has_ratings = kept.has_assessments();
        let Read { rows: events, columns, assessments } = kept.finish();
        let is_told = |day: Day| day <= extract && first.is_none_or(|first| day >= first);
        let person_of = |row: RowId| -> Option<u32> {
            let at = maps.rows.binary_search_by_key(&row, |r| r.row).ok()?;
            Some(maps.rows[at].person)
        };
        let note = |(i, event): (usize, &Row)| {
            let (start, end) = (event.span.start, event.span.end.filter(|end| *end <= extract));
            let person = if is_told(start) { person_of(event.row)? } else { return None };
            Some(Note {
                person,
                start,
                last: end.unwrap_or(extract),
                has_ended: end.is_some(),
                is_scored: event.is_scored,
                is_session: event.is_session,
                program: event.program,
                event: i as u32,
            })
        };
        let mut notes: Vec<Note> = events.par_iter().enumerate().filter_map(note).collect();
        // What is kept of an event settles the order last, and not the order of the files.
        let place = |n: &Note| (n.person, n.start, n.program, n.last, !n.has_ended);
        notes.par_sort_unstable_by(|a, b| {
            place(a).cmp(&place(b)).then_with(|| columns.all(a.event).cmp(&columns.all(b.event)))
        });
        let rating = |a: &Assessment| {
            let Assessment { row, case, domain, day, phase, score } = *a;
            let person = if is_told(day) { person_of(row)? } else { return None };
            Some(Rating { person, domain, case, day, phase, score })
        };
        let mut ratings: Vec<Rating> = assessments.par_iter().filter_map(rating).collect();
        ratings.par_sort_unstable();
        Notes {
            note_starts: starts(maps.persons.len(), notes.iter().map(|n| n.person)),
            rating_starts: starts(maps.persons.len(), ratings.iter().map(|r| r.person)),
            rows: maps.rows_of_each(),
            notes,
            ratings,
            columns,
            missing,
            extract,
            has_ratings,
            tables: Vec::new(),
        }
    }

    /// Lines the programs up with those of the tables.
    pub(crate) fn aligned(mut self, tables: &[u8]) -> Self {
        self.tables = tables.to_vec();
        self
    }

    /// What is noted of a person, by their number in the maps.
    pub(super) fn client(&self, person: u32) -> Client<'_> {
        let me = person as usize;
        let range = |starts: &[usize]| {
            let (from, to) = (starts.get(me), starts.get(me + 1));
            from.zip(to).map_or(0..0, |(from, to)| *from..*to)
        };
        let notes = &self.notes[range(&self.note_starts)];
        let ratings = &self.ratings[range(&self.rating_starts)];
        Client { notes, ratings, rows: self.rows.get(me).copied().unwrap_or(0) }
    }

    /// What an event says.
    pub(super) fn code(&self, role: Role, note: &Note) -> Code {
        self.columns.code(role, note.event)
    }

    /// Whether any file has a column for it.
    pub(super) fn has(&self, role: Role) -> bool {
        self.columns.has(role)
    }

    /// Whether any file has assessments.
    pub(super) fn has_ratings(&self) -> bool {
        self.has_ratings
    }

    /// The program of an event, as the tables have it.
    pub(super) fn program(&self, note: &Note) -> u16 {
        self.tables.get(usize::from(note.program)).copied().map_or(u16::MAX, u16::from)
    }

    /// The domains that anybody was assessed in, in order.
    pub(super) fn domains(&self) -> Vec<u8> {
        let mut seen = [false; u8::MAX as usize + 1];
        self.ratings.iter().for_each(|r| seen[usize::from(r.domain)] = true);
        (0..=u8::MAX).filter(|d| seen[usize::from(*d)]).collect()
    }

    /// Whether any source gives sessions.
    pub(super) fn has_sessions(&self) -> bool {
        self.notes.iter().any(|n| n.is_session)
    }

    /// The first day of any event.
    pub(super) fn first_day(&self) -> Option<Day> {
        self.notes.iter().map(|n| n.start).min()
    }

    /// The first thing that any of a person's events says.
    pub(super) fn first_said(&self, role: Role, notes: &[Note]) -> Code {
        let mut codes = notes.iter().map(|note| self.code(role, note));
        codes.find(|code| *code != NOTHING).unwrap_or(NOTHING)
    }
}

/// Where each person's part of a list begins that is sorted by person, and where it ends.
fn starts(persons: usize, sorted: impl Iterator<Item = u32>) -> Vec<usize> {
    let mut starts = vec![0; persons + 1];
    sorted.for_each(|person| starts[person as usize + 1] += 1);
    (0..persons).for_each(|p| starts[p + 1] += starts[p]);
    starts
}

/// An assessment of somebody, for tests.
#[cfg(test)]
pub(super) fn rating(domain: u8, case: u32, day: Day, phase: Phase, score: u8) -> Rating {
    Rating { person: 0, domain, case, day, phase, score }
}
