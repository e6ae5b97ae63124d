//! How a table is to be read: what the agency says of its file, and how typed values (dates,
//! numbers) become the text that the rest of the program reads.

use std::fmt::Write;

use jiff::civil::DateTime;

use super::spec::{Encoding, EventSpec, SourceSpec};
use crate::days::DateFormats;

/// What is said of a table beside where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    /// How the bytes of a text file become text.
    pub encoding: Encoding,
    /// The byte between cells of a text file; `None` finds it from the header.
    pub delimiter: Option<u8>,
    /// Which sheet of a workbook, or which list of a DEX upload file; `None` is the first.
    pub sheet: Option<String>,
    /// Columns that hold days, and how the source says that they are written.
    dates: Vec<(String, DateFormats)>,
    /// Whose rows an upload file gives.
    pub(crate) whom: Whom,
    /// How many rows there must be.
    pub(super) least: Least,
    /// Columns of codes of so many digits, which lose leading zeros where they are numbers.
    codes: Vec<(String, usize)>,
}

/// Whose rows the lists of an upload file give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whom {
    /// Those who were given a service.
    Served,
    /// Everybody who was there, and a row for what nobody is named at: for checking.
    Everybody,
}

/// How many rows a table must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Least {
    /// At least one: a header alone is mostly an export that was cut off.
    OneRow,
    /// A header is enough: there may be nobody, which is then a warning.
    Header,
    /// The list of an upload may be missing altogether: clients whom nobody has seen yet.
    Nothing,
}

impl Form {
    /// A file of which nothing else is known.
    pub fn of(encoding: Encoding) -> Self {
        Form {
            encoding,
            delimiter: None,
            sheet: None,
            dates: Vec::new(),
            whom: Whom::Served,
            least: Least::OneRow,
            codes: Vec::new(),
        }
    }

    /// The same, where there must be so many rows.
    pub(crate) fn with(self, least: Least) -> Self {
        Form { least, ..self }
    }

    fn events(&mut self, spec: &EventSpec) {
        for column in std::iter::once(&spec.start).chain(&spec.end) {
            self.dates.push((column.clone(), spec.date_format.clone()));
        }
    }

    /// How typed values of a column are written.
    pub(super) fn pen(&self, column: &str) -> Pen {
        let is_it = |name: &str| name.trim().to_lowercase() == column.trim().to_lowercase();
        let date = self.dates.iter().find(|(name, _)| is_it(name)).map(|(_, f)| f.clone());
        let digits = self.codes.iter().find(|(name, _)| is_it(name)).map(|(_, digits)| *digits);
        // A day as `%d%m%Y` is a number of eight digits, and loses its first zero as one.
        let digits = digits.or_else(|| date.as_ref()?.run());
        Pen { date, digits: digits.unwrap_or(0) }
    }
}

impl SourceSpec {
    /// How the export is read.
    pub fn form(&self) -> Form {
        let mut form = Form::of(self.encoding);
        form.delimiter = self.delimiter;
        form.sheet.clone_from(&self.sheet);
        if let Some(column) = self.columns.get("birth_date") {
            form.dates.push((column.clone(), self.date_format.clone()));
        }
        for consent in &self.consent {
            let dates = consent.dates();
            form.dates.extend(dates.map(|column| (column.clone(), consent.date_format.clone())));
        }
        form.codes.extend(self.columns.get("postcode").map(|column| (column.clone(), 4)));
        if let Some(spec) = self.events.as_ref().filter(|events| events.sheet.is_none()) {
            form.events(spec);
        }
        form
    }

    /// How the events are read where they are not rows of the export: another file, or another
    /// sheet.
    pub fn events_form(&self, events: &EventSpec) -> Form {
        let mut form = Form::of(self.encoding);
        form.delimiter = self.delimiter;
        form.sheet.clone_from(&events.sheet);
        form.events(events);
        form
    }
}

/// A number of more digits than its type keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyDigits;

/// Whole numbers from here on are not all told apart by a 64-bit float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Writes the typed values of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Pen {
    date: Option<DateFormats>,
    digits: usize,
}

impl Pen {
    /// A day, or a day and time without a zone: as declared, else as ISO 8601 writes it.
    pub(super) fn moment(&self, moment: DateTime, into: &mut String) {
        let declared = self.date.as_ref().and_then(|formats| formats.write(moment));
        let _ = match declared {
            Some(text) => write!(into, "{text}"),
            None if moment == moment.date().at(0, 0, 0, 0) => write!(into, "{}", moment.date()),
            None => write!(into, "{moment}"),
        };
    }

    /// A point in time. Only at midnight is its day taken for a day: at another hour it may be
    /// another one where the agency is, so that it is written whole, for whoever declares it so.
    pub(super) fn instant(&self, utc: DateTime, into: &mut String) {
        if utc == utc.date().at(0, 0, 0, 0) {
            self.moment(utc, into);
        } else {
            let _ = write!(into, "{utc}Z");
        }
    }

    /// A whole number, with the leading zeros of a code.
    pub(super) fn whole(&self, number: i128, into: &mut String) {
        let digits = if number < 0 { 0 } else { self.digits };
        let _ = write!(into, "{number:0digits$}");
    }

    /// A number: a whole one as such, since many programs know no other kind.
    pub(super) fn number(&self, number: f64, into: &mut String) -> Result<(), TooManyDigits> {
        if number.abs() >= EXACT || number.is_infinite() {
            return Err(TooManyDigits);
        }
        if number.fract() == 0.0 {
            self.whole(number as i128, into);
        } else if !number.is_nan() {
            let _ = write!(into, "{number}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn form() -> Form {
        let text = "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = \"%d%m%Y\"\n\
            [columns]\nfamily_name = \"f\"\nbirth_date = \"DOB\"\npostcode = \"pc\"\n\
            [events]\nrecord_id = \"id\"\nprogram_always = \"p\"\nstart = \"from\"\nend = \"to\"\n\
            date_format = \"%d/%m/%Y\"\n";
        SourceSpec::parse(text, "a.toml").expect("a source").form()
    }

    fn written(column: &str, write: impl Fn(&Pen, &mut String)) -> String {
        let mut text = String::new();
        write(&form().pen(column), &mut text);
        text
    }

    #[test]
    fn days_are_written_as_declared_or_as_iso() {
        let day = date(1980, 2, 1).at(0, 0, 0, 0);
        for (column, expected) in
            [("dob", "01021980"), ("from", "01/02/1980"), ("to", "01/02/1980"), ("x", "1980-02-01")]
        {
            assert_eq!(written(column, |pen, text| pen.moment(day, text)), expected);
        }
        let noon = date(1980, 2, 1).at(12, 30, 0, 0);
        assert_eq!(written("from", |pen, text| pen.moment(noon, text)), "01/02/1980");
        assert_eq!(written("x", |pen, text| pen.moment(noon, text)), "1980-02-01T12:30:00");
        assert_eq!(written("from", |pen, text| pen.instant(day, text)), "01/02/1980");
        assert_eq!(written("from", |pen, text| pen.instant(noon, text)), "1980-02-01T12:30:00Z");
    }

    #[test]
    fn a_typed_day_keeps_its_century_and_is_read_back() {
        let day = date(1926, 2, 1).at(0, 0, 0, 0);
        for (format, expected) in [
            ("\"%d/%m/%y\"", "01/02/1926"),
            ("\"excel\"", "9529"),
            ("[\"%d%m%Y\", \"%F\"]", "01021926"),
        ] {
            let text = format!(
                "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = {format}\n\
                 [columns]\nfamily_name = \"f\"\nbirth_date = \"DOB\"\n"
            );
            let spec = SourceSpec::parse(&text, "a.toml").expect("a source");
            let mut written = String::new();
            spec.form().pen("dob").moment(day, &mut written);
            assert_eq!(written, expected);
            assert_eq!(spec.date_format.read(&written, date(2026, 7, 1)), Ok(day.date()));
        }
    }

    #[test]
    fn codes_keep_their_leading_zeros() {
        for (column, number, expected) in [
            ("pc", 800.0, "0800"),
            ("PC", 2600.0, "2600"),
            ("DOB", 1_021_980.0, "01021980"),
            ("id", 800.0, "800"),
            ("id", -3.0, "-3"),
            ("pc", -3.0, "-3"),
            ("id", 2.5, "2.5"),
            ("id", f64::NAN, ""),
        ] {
            let text = written(column, |pen, text| pen.number(number, text).expect("written"));
            assert_eq!(text, expected, "{column}");
        }
        let mut text = String::new();
        assert_eq!(Pen::default().number(1e16, &mut text), Err(TooManyDigits));
        assert_eq!(Pen::default().number(f64::INFINITY, &mut text), Err(TooManyDigits));
    }
}
