//! DEX reporting periods: half-years. 30 June and 31 December belong to the period that they
//! close; a period can be reported until 30 days later.

use jiff::civil::Date;

use crate::pathways::journey::Day;

/// One half-year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HalfYear(i32);

impl HalfYear {
    /// The half-year of a day.
    pub(super) fn of(day: Day) -> Self {
        let date = day.date();
        HalfYear(i32::from(date.year()) * 2 + i32::from(date.month() > 6))
    }

    /// Every half-year from this one to another.
    pub(super) fn to(self, last: HalfYear) -> impl DoubleEndedIterator<Item = HalfYear> {
        (self.0..=last.0).map(HalfYear)
    }

    /// How many half-years later another is, negative where it is earlier.
    pub(super) fn until(self, other: HalfYear) -> i32 {
        other.0 - self.0
    }

    /// "January to June 2024".
    pub(super) fn label(self) -> String {
        let months = if self.0 % 2 == 0 { "January to June" } else { "July to December" };
        format!("{months} {}", self.0 / 2)
    }

    /// The last day on which it can be reported.
    pub(super) fn closes(self) -> Option<Date> {
        let year = i16::try_from(self.0 / 2).ok()?;
        match self.0 % 2 {
            0 => Date::new(year, 7, 30).ok(),
            _ => Date::new(year.checked_add(1)?, 1, 30).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn the_last_day_belongs_to_the_period_that_it_closes() {
        for (day, label, closes) in [
            (date(2024, 1, 1), "January to June 2024", date(2024, 7, 30)),
            (date(2024, 6, 30), "January to June 2024", date(2024, 7, 30)),
            (date(2024, 7, 1), "July to December 2024", date(2025, 1, 30)),
            (date(2024, 12, 31), "July to December 2024", date(2025, 1, 30)),
        ] {
            let period = HalfYear::of(Day::of(day));
            assert_eq!((period.label().as_str(), period.closes()), (label, Some(closes)));
        }
        let first = HalfYear::of(Day::of(date(2023, 7, 1)));
        let last = HalfYear::of(Day::of(date(2024, 12, 31)));
        assert_eq!(first.to(last).count(), 3);
        assert_eq!(first.until(last), 2);
    }
}
