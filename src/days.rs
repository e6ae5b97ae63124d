//! How days are written ([`DateFormats`]), and which an event can have: one rule, for the agency
//! that sends events and for the analyst who reads them. Nothing has begun tomorrow. An end that is
//! still to come is a plan, or what many systems write where there is none (9999-12-31), or a typing
//! error: nobody knows yet that the event has ended, so that it is open.

mod digits;
mod formats;

use jiff::civil::Date;

pub use formats::{DATE_FORMAT, DateFormats, Flaw, NoDay};

/// Systems write this day or an earlier one (1753-01-01, 0001-01-01) where they know none, and
/// nothing that is measured began so long ago.
const NO_DAY: Date = Date::constant(1900, 1, 1);

/// The days of one event, as an agency's file has them.
pub(crate) struct EventDays {
    pub(crate) start: Date,
    /// Nothing where it is open.
    pub(crate) end: Option<Date>,
    /// Whether it is open since its end is in the future.
    pub(crate) ends_in_future: bool,
}

/// Which cell of an event is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// That of the first day.
    First,
    /// That of the last.
    Last,
}

impl EventDays {
    /// Reads the cells of the first and the last day; the latter may be empty.
    ///
    /// # Errors
    /// The cell for which there can be no such event, and why.
    pub(crate) fn read(
        formats: &DateFormats,
        [first, last]: [&str; 2],
        today: Date,
    ) -> Result<EventDays, (Cell, &'static str)> {
        let day = |of, cell| {
            formats.read(cell, today).map_err(|_| (of, "is no day in the declared date format"))
        };
        if first.is_empty() {
            return Err((Cell::First, "the first day is not recorded"));
        }
        let start = day(Cell::First, first)?;
        let end = if last.is_empty() { None } else { Some(day(Cell::Last, last)?) };
        if end.is_some_and(|end| end < start) {
            return Err((Cell::Last, "the last day is before the first"));
        }
        if let Some(reason) = fault_of_start(start, today) {
            return Err((Cell::First, reason));
        }
        let ends_in_future = end.is_some_and(|end| is_open(end, today));
        Ok(EventDays { start, end: end.filter(|_| !ends_in_future), ends_in_future })
    }
}

/// Why an event cannot have begun on a day.
pub(crate) fn fault_of_start(start: Date, today: Date) -> Option<&'static str> {
    if start > today {
        Some("the first day is in the future")
    } else if start <= NO_DAY {
        Some("the first day is 1 January 1900 or earlier")
    } else {
        None
    }
}

/// Whether an event with this last day is open.
pub(crate) fn is_open(end: Date, today: Date) -> bool {
    end > today
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_begins_has_begun_and_what_ends_has_ended() {
        let today = date(2026, 7, 1);
        for (start, fault) in [
            (date(2026, 7, 1), None),
            (date(1900, 1, 2), None),
            (date(2026, 7, 2), Some("future")),
            (date(9999, 12, 31), Some("future")),
            (date(1900, 1, 1), Some("1900")),
            (date(1024, 3, 1), Some("1900")),
        ] {
            let found = fault_of_start(start, today);
            assert_eq!(found.is_some(), fault.is_some(), "{start}");
            assert!(found.unwrap_or_default().contains(fault.unwrap_or_default()), "{start}");
        }
        for (end, open) in [
            (date(2026, 7, 1), false),
            (date(2026, 7, 2), true),
            (date(2062, 3, 1), true),
            (date(2999, 12, 31), true),
            (date(9999, 12, 31), true),
        ] {
            assert_eq!(is_open(end, today), open, "{end}");
        }
    }
}
