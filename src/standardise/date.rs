//! Birth dates. Takes the text of a date column and its declared format, gives a day that
//! exists with what is known of its accuracy, or says why not. Never guesses a format.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::name::fold;
use super::placeholders::PlaceholderList;
use super::{Absent, Reason, Value, many};
use crate::days::{DateFormats, NoDay};
use crate::files::clean_text;
use crate::project::Diacritics;
use crate::sources::spec::{AccuracyCode, SourceSpec};
use crate::sources::trimmed;

/// Earlier years are typing errors: the DSS pattern of a valid key ends here too. Not an age,
/// so that a date is judged alike whenever an extract is read.
const OLDEST_YEAR: i16 = 1900;

/// A birth date with what is known of its accuracy. Prints as shape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    date: Date,
    accuracy: Accuracy,
}

impl BirthDate {
    /// This day, with this accuracy; nothing is checked.
    pub fn new(date: Date, accuracy: Accuracy) -> Self {
        BirthDate { date, accuracy }
    }

    /// Reads a birth date cell in the declared formats, and its accuracy cell where the source
    /// has one. `today` decides what is in the future, and of which century a year of two digits
    /// is.
    ///
    /// Fillers of the project's list, all-zero dates, words of the list ("unknown") and dates
    /// whose every part is flagged unknown are missing; an estimated date is known, with its
    /// accuracy.
    pub fn read(
        text: &str,
        formats: &DateFormats,
        today: Date,
        accuracy: Option<(AccuracyCode, &str)>,
        placeholders: &PlaceholderList,
    ) -> Value<Self> {
        let text = trimmed(text);
        if text.is_empty() {
            return Value::Missing(Absent::Empty);
        }
        let date = match formats.read(text, today) {
            Ok(date) => date,
            Err(NoDay::NotInCalendar) => return Value::Bad(Reason::NoSuchDay),
            Err(NoDay::OtherForm) => return unread(text, placeholders),
        };
        let accuracy = match accuracy.map(|(code, cell)| Accuracy::read(code, cell)) {
            None => Accuracy::ACCURATE,
            Some(Some(accuracy)) => accuracy,
            Some(None) => return Value::Bad(Reason::UnknownAccuracy),
        };
        BirthDate::new(date, accuracy).checked(today, placeholders)
    }

    /// This date if it can be somebody's: not a filler, not to come, not too long ago.
    pub fn checked(self, today: Date, placeholders: &PlaceholderList) -> Value<Self> {
        let date = self.date;
        if placeholders.has_date(date.day(), date.month(), date.year()) {
            return Value::Missing(Absent::Placeholder);
        }
        if self.accuracy == Accuracy::UNKNOWN {
            return Value::Missing(Absent::NotStated);
        }
        if date > today {
            return Value::Bad(Reason::FutureDate);
        }
        if date.year() < OLDEST_YEAR {
            return Value::Bad(Reason::TooOld);
        }
        Value::Known(self)
    }

    /// The day.
    pub fn date(&self) -> Date {
        self.date
    }

    /// Day of the month, 1 to 31.
    pub fn day(&self) -> i8 {
        self.date.day()
    }

    /// Month, 1 to 12.
    pub fn month(&self) -> i8 {
        self.date.month()
    }

    /// Year.
    pub fn year(&self) -> i16 {
        self.date.year()
    }

    /// How far each part can be trusted.
    pub fn accuracy(&self) -> Accuracy {
        self.accuracy
    }

    /// Whether any part of it is an estimate or unknown.
    pub fn is_estimated(&self) -> bool {
        self.accuracy != Accuracy::ACCURATE
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BirthDate({})", self.accuracy)
    }
}

/// How many dates of a source have the declared form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dates {
    /// Dates that are recorded, fillers left aside.
    pub recorded: u64,
    /// Of these, those that do not have the declared format.
    pub unread: u64,
}

impl Dates {
    /// Counts one.
    pub fn count(&mut self, birth: &Value<BirthDate>) {
        self.recorded += u64::from(!matches!(birth, Value::Missing(_)));
        self.unread += u64::from(*birth == Value::Bad(Reason::DateFormat));
    }

    /// Adds those of further rows.
    pub fn add(&mut self, other: Dates) {
        self.recorded += other.recorded;
        self.unread += other.unread;
    }

    /// What to say where so many are written otherwise that the declared format must be wrong.
    pub fn warning(&self, source: &SourceSpec) -> Option<String> {
        let column =
            source.columns.get("birth_date").filter(|_| many(self.unread, self.recorded))?;
        Some(format!(
            "birth_date (column `{}`): the format {} reads {} of {} values; see `date_format` in \
             source.toml",
            clean_text(column),
            clean_text(&source.date_format.to_string()),
            self.recorded - self.unread,
            self.recorded
        ))
    }
}

/// What a cell that does not have the format stands for.
fn unread(text: &str, placeholders: &PlaceholderList) -> Value<BirthDate> {
    let mut digits = text.bytes().filter(u8::is_ascii_digit).peekable();
    let nothing = match digits.peek() {
        Some(_) => digits.all(|b| b == b'0'),
        None => placeholders.has_name(&fold(text, Diacritics::Fold)),
    };
    if nothing { Value::Missing(Absent::Placeholder) } else { Value::Bad(Reason::DateFormat) }
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

impl Accuracy {
    /// AAA: every part accurate.
    pub const ACCURATE: Accuracy = Accuracy::all(PartAccuracy::Accurate);
    /// EEE: every part estimated.
    pub const ESTIMATED: Accuracy = Accuracy::all(PartAccuracy::Estimated);
    /// UUU: every part unknown.
    pub const UNKNOWN: Accuracy = Accuracy::all(PartAccuracy::Unknown);

    const fn all(part: PartAccuracy) -> Self {
        Accuracy { day: part, month: part, year: part }
    }

    /// Reads an accuracy cell; an empty one says nothing against the date. `None` when it
    /// has no meaning in this coding.
    ///
    /// METEOR 294429: any three of A, E, U. Flags (ACT Common Dataset 1.3.2, DEX, METEOR
    /// 270909): yes, true or 1 is estimated; no, false, 0 or 2 is not.
    pub fn read(code: AccuracyCode, cell: &str) -> Option<Self> {
        let cell = trimmed(cell);
        let is = |words: &[&str]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
        match code {
            _ if cell.is_empty() => Some(Accuracy::ACCURATE),
            AccuracyCode::Aeu => {
                let mut parts = cell.chars().map(PartAccuracy::read);
                let (day, month, year) = (parts.next()??, parts.next()??, parts.next()??);
                parts.next().is_none().then_some(Accuracy { day, month, year })
            }
            AccuracyCode::Estimated if is(&["1", "T", "TRUE", "Y", "YES"]) => {
                Some(Accuracy::ESTIMATED)
            }
            AccuracyCode::Estimated if is(&["0", "2", "F", "FALSE", "N", "NO"]) => {
                Some(Accuracy::ACCURATE)
            }
            AccuracyCode::Estimated => None,
        }
    }
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |part| match part {
            PartAccuracy::Accurate => 'A',
            PartAccuracy::Estimated => 'E',
            PartAccuracy::Unknown => 'U',
        };
        write!(f, "{}{}{}", letter(self.day), letter(self.month), letter(self.year))
    }
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

impl PartAccuracy {
    fn read(letter: char) -> Option<Self> {
        match letter.to_ascii_uppercase() {
            'A' => Some(PartAccuracy::Accurate),
            'E' => Some(PartAccuracy::Estimated),
            'U' => Some(PartAccuracy::Unknown),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::project::Placeholders;

    const TODAY: Date = date(2026, 7, 1);

    fn read(text: &str, format: &str) -> Value<BirthDate> {
        let list = PlaceholderList::new(&Placeholders::standard());
        BirthDate::read(text, &DateFormats::named(format), TODAY, None, &list)
    }

    #[test]
    fn only_the_declared_format_is_read() {
        for (text, format) in [
            ("2017-01-02", "%Y-%m-%d"),
            ("02/01/2017", "%d/%m/%Y"),
            ("2/1/2017", "%d/%m/%Y"),
            ("02012017", "%d%m%Y"),
            ("20170102", "%Y%m%d"),
            (" 2017-01-02 00:00:00 ", "%Y-%m-%d %H:%M:%S"),
            ("2 Jan 2017", "%d %b %Y"),
        ] {
            let day = read(text, format).known().map(BirthDate::date);
            assert_eq!(day, Some(date(2017, 1, 2)), "{text}");
        }
        for (text, format) in [
            ("2017-01-02", "%d/%m/%Y"),
            ("02/01/2017x", "%d/%m/%Y"),
            ("13/13/2017", "%d/%m/%Y"),
            ("2017-01-02 10:00", "%Y-%m-%d"),
            ("early 2017", "%Y-%m-%d"),
        ] {
            assert_eq!(read(text, format), Value::Bad(Reason::DateFormat), "{text}");
        }
    }

    #[test]
    fn days_that_cannot_be_a_birth_day_are_bad() {
        for (text, reason) in [
            ("31/02/2000", Reason::NoSuchDay),
            ("29/02/2023", Reason::NoSuchDay),
            ("02/07/2026", Reason::FutureDate),
            ("12/11/1899", Reason::TooOld),
            ("02/07/0190", Reason::TooOld),
        ] {
            assert_eq!(read(text, "%d/%m/%Y"), Value::Bad(reason), "{text}");
        }
        for text in ["29/02/2024", "01/07/2026", "01/02/1900", "31/12/1999"] {
            assert!(read(text, "%d/%m/%Y").known().is_some(), "{text}");
        }
    }

    #[test]
    fn fillers_are_missing() {
        for text in
            ["01/01/1900", "09/09/9999", "11/11/1111", "01/01/0001", "00/00/0000", "unknown", "N/A"]
        {
            let got = read(text, "%d/%m/%Y");
            assert_eq!(got, Value::Missing(Absent::Placeholder), "{text}");
        }
        assert_eq!(read("  ", "%d/%m/%Y"), Value::Missing(Absent::Empty));
        let none = PlaceholderList::default();
        let formats = DateFormats::named("%d/%m/%Y");
        let got = BirthDate::read("01/01/1910", &formats, TODAY, None, &none);
        assert!(got.known().is_some());
    }

    #[test]
    fn accuracy_is_read_in_its_own_coding() {
        let list = PlaceholderList::new(&Placeholders::standard());
        let formats = DateFormats::named("%d/%m/%Y");
        let read = |code, cell: &str| {
            BirthDate::read("01/01/1980", &formats, TODAY, Some((code, cell)), &list)
        };
        // METEOR 294429 permits all 27 combinations.
        for n in 0..27 {
            let cell: String = [n / 9, n / 3, n].map(|n: usize| ["A", "E", "U"][n % 3]).concat();
            match read(AccuracyCode::Aeu, &cell) {
                Value::Known(birth) => assert_eq!(birth.accuracy().to_string(), cell),
                other => {
                    assert_eq!((cell.as_str(), other), ("UUU", Value::Missing(Absent::NotStated)))
                }
            }
        }
        for (cell, estimated) in
            [("Yes", true), ("1", true), ("TRUE", true), ("no", false), ("2", false), ("", false)]
        {
            let got = read(AccuracyCode::Estimated, cell);
            assert_eq!(got.known().map(BirthDate::is_estimated), Some(estimated), "{cell}");
        }
        for (code, cell) in [(AccuracyCode::Aeu, "AA"), (AccuracyCode::Estimated, "AAE")] {
            assert_eq!(read(code, cell), Value::Bad(Reason::UnknownAccuracy), "{cell}");
        }
    }

    #[test]
    fn prints_as_shape() {
        assert_eq!(format!("{:?}", read("31/12/1999", "%d/%m/%Y")), "Known(BirthDate(AAA))");
    }
}
