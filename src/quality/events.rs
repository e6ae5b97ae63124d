//! The days of the events that an export has beside its people: which of them cannot be, as
//! [`crate::deidentify`] judges them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::Reason;
use crate::days::{self, DateFormats};
use crate::sources::spec::EventSpec;
use crate::sources::{Row, Table};

/// What stands for the days of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventDays {
    /// Rows with a first or a last day.
    pub events: u64,
    /// Of these, without a last day, or with one in the future.
    pub open: u64,
    /// Of the open ones, with a last day in the future: 9999-12-31, say.
    pub ends_in_future: u64,
    /// Events whose days cannot be, by reason.
    pub bad: Vec<Reason>,
}

/// Where the days of events are, and how they are written.
pub(super) struct Columns {
    start: usize,
    end: Option<usize>,
    formats: DateFormats,
    /// Days after it are in the future.
    today: Date,
}

impl Columns {
    /// Finds the columns, where the export has them: else events are in a file of their own.
    pub(super) fn of(table: &Table, spec: Option<&EventSpec>, today: Date) -> Option<Columns> {
        let spec = spec.filter(|spec| spec.sheet.is_none())?;
        let start = table.column(&spec.start).ok()?;
        let end = spec.end.as_deref().map(|column| table.column(column)).transpose().ok()?;
        Some(Columns { start, end, formats: spec.date_format.clone(), today })
    }

    /// Counts the days of a row.
    pub(super) fn count(&self, row: &Row, tally: &mut Tally) {
        let start = row.cell(self.start);
        let end = self.end.map_or("", |end| row.cell(end));
        if start.is_empty() && end.is_empty() {
            return;
        }
        tally.events += 1;
        match days::EventDays::read(&self.formats, [start, end], self.today) {
            Err((_, reason)) => *tally.bad.entry(reason).or_default() += 1,
            Ok(days) => {
                tally.open += u64::from(days.end.is_none());
                tally.ends_in_future += u64::from(days.ends_in_future);
            }
        }
    }
}

/// The counts of some rows.
#[derive(Debug, Default)]
pub(super) struct Tally {
    events: u64,
    open: u64,
    ends_in_future: u64,
    bad: BTreeMap<&'static str, u64>,
}

impl Tally {
    /// Adds the counts of later rows.
    pub(super) fn append(&mut self, other: Tally) {
        self.events += other.events;
        self.open += other.open;
        self.ends_in_future += other.ends_in_future;
        for (reason, events) in other.bad {
            *self.bad.entry(reason).or_default() += events;
        }
    }

    /// What is said of them.
    pub(super) fn days(&self) -> EventDays {
        let bad = self.bad.iter().map(|(reason, &rows)| Reason { reason: (*reason).into(), rows });
        EventDays {
            events: self.events,
            open: self.open,
            ends_in_future: self.ends_in_future,
            bad: bad.collect(),
        }
    }
}
