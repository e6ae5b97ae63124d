//! Birth dates.

use jiff::civil::Date;

/// A birth date with what is known of its accuracy. Prints as shape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    date: Date,
    accuracy: Accuracy,
}

impl BirthDate {
    /// The day.
    pub fn date(&self) -> Date {
        self.date
    }

    /// How far each part can be trusted.
    pub fn accuracy(&self) -> Accuracy {
        self.accuracy
    }
}

/// The date accuracy indicator (METEOR 294429): one letter each for day, month, year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accuracy {
    /// Day of the month.
    pub day: PartAccuracy,
    /// Month.
    pub month: PartAccuracy,
    /// Year.
    pub year: PartAccuracy,
}

/// How far one part of a date can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartAccuracy {
    /// A: accurate.
    Accurate,
    /// E: estimated.
    Estimated,
    /// U: unknown.
    Unknown,
}
