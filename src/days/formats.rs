//! How the days of a column are written: formats that are tried in order. Takes what somebody
//! declared, gives the day of a text, or says why there is none. Never guesses a format.

use std::fmt;

use jiff::civil::{Date, DateTime, date};
use jiff::fmt::strtime;
use jiff::{Span, ToSpan};

use super::digits::DigitForm;

/// What a date format is, for messages.
pub const DATE_FORMAT: &str = "a format with day, month and year, such as `%d/%m/%Y` for \
                               31/12/1999, `%Y-%m-%d` for 1999-12-31, `%d%m%Y` for 31121999 or \
                               `%d/%m/%y` for 31/12/99, or `excel` for 36525, the number of a day \
                               in a spreadsheet";

/// The word for days that are numbers, as spreadsheets count them.
const EXCEL: &str = "excel";
/// Day 61 is 1 March 1900: day 60 is a 29 February that there never was, which those before it
/// are counted up to.
const NO_SUCH_DAY: i32 = 60;
/// 31 December 9999, the last day of a spreadsheet.
const LAST_DAY: i32 = 2_958_465;

/// How the days of a column are written: one format, or several that are tried in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormats {
    /// At least one.
    forms: Vec<Form>,
}

/// Why a text is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoDay {
    /// It is written otherwise.
    OtherForm,
    /// There is no such day in the calendar.
    NotInCalendar,
}

/// What is wrong with declared formats; they are told by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// There is none.
    None,
    /// This one is not [`DATE_FORMAT`].
    NoFormat(usize),
    /// What these two read can be two different days.
    Ambiguous(usize, usize),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Form {
    /// As it was declared.
    text: String,
    years: Years,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Years {
    /// Whole ones, in a `strptime` format.
    Whole(Option<DigitForm>),
    /// Their last two digits; beside that, the same format with whole years.
    LastTwo(String),
    /// None: days are counted.
    Counted,
}

impl DateFormats {
    /// One format.
    pub fn of(format: &str) -> Option<DateFormats> {
        DateFormats::all(&[format]).ok()
    }

    /// A `strptime` format that the program itself names; it is not looked at.
    pub fn named(format: &str) -> DateFormats {
        let years = Years::Whole(DigitForm::of(format));
        DateFormats { forms: vec![Form { text: format.to_owned(), years }] }
    }

    /// Several, in the order in which they are tried.
    ///
    /// # Errors
    /// When there is none, one cannot write a day and read it back, or one reads as another day
    /// what another writes.
    pub fn all(formats: &[&str]) -> Result<DateFormats, Flaw> {
        let mut forms: Vec<Form> = Vec::new();
        for (i, format) in formats.iter().enumerate() {
            let form = Form::of(format).ok_or(Flaw::NoFormat(i))?;
            if let Some(j) = forms.iter().position(|other| form.may_be(other)) {
                return Err(Flaw::Ambiguous(j, i));
            }
            forms.push(form);
        }
        if forms.is_empty() { Err(Flaw::None) } else { Ok(DateFormats { forms }) }
    }

    /// The day that a text says. A year of two digits is the latest with these that is not after
    /// the year of `today`.
    ///
    /// # Errors
    /// When no format reads it.
    pub fn read(&self, text: &str, today: Date) -> Result<Date, NoDay> {
        let mut why = NoDay::OtherForm;
        for form in &self.forms {
            match form.read(text, today) {
                Err(NoDay::OtherForm) => {}
                Err(NoDay::NotInCalendar) => why = NoDay::NotInCalendar,
                Ok(date) => return Ok(date),
            }
        }
        Err(why)
    }

    /// The day of a text that has all digits of the first format; nothing says nothing.
    pub(crate) fn of_digits(&self, text: &str) -> Option<Date> {
        match &self.forms.first()?.years {
            Years::Whole(digits) => digits.as_ref()?.read(text),
            Years::LastTwo(_) | Years::Counted => None,
        }
    }

    /// Whether any has years of two digits, so that what it reads hangs on the day of the extract.
    pub fn has_years_of_two_digits(&self) -> bool {
        self.forms.iter().any(|form| matches!(form.years, Years::LastTwo(_)))
    }

    /// A day as the first format has it, with its whole year, so that it is read back.
    pub(crate) fn write(&self, moment: DateTime) -> Option<String> {
        let form = self.forms.first()?;
        match &form.years {
            Years::Whole(_) => strtime::format(&form.text, moment).ok(),
            Years::LastTwo(whole) => strtime::format(whole, moment).ok(),
            Years::Counted => Some(number_of(moment.date())?.to_string()),
        }
    }

    /// How many digits a day has where it is a run of these, which as a number loses its first
    /// zero.
    pub(crate) fn run(&self) -> Option<usize> {
        if self.forms.iter().any(|form| form.years == Years::Counted) {
            return None;
        }
        run(&self.forms.first()?.text)
    }
}

impl Default for DateFormats {
    /// The plain form, ISO 8601.
    fn default() -> Self {
        DateFormats::named("%Y-%m-%d")
    }
}

impl fmt::Display for DateFormats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<&str> = self.forms.iter().map(|form| form.text.as_str()).collect();
        f.write_str(&texts.join(" or "))
    }
}

impl Form {
    fn of(text: &str) -> Option<Form> {
        // Days whose parts all differ, of which one is in a century that two digits do not give.
        let reads_back = |day: Date| {
            let written = strtime::format(text, day.at(0, 0, 0, 0));
            let back = written.and_then(|written| strtime::parse(text, written)?.to_date());
            back.is_ok_and(|back| back == day)
        };
        let years = if text == EXCEL {
            Years::Counted
        } else if reads_back(date(1934, 11, 23)) {
            Years::Whole(DigitForm::of(text))
        } else if text.contains("%y") && reads_back(date(1974, 11, 23)) {
            Years::LastTwo(text.replace("%y", "%Y"))
        } else {
            return None;
        };
        Some(Form { text: text.to_owned(), years })
    }

    fn read(&self, text: &str, today: Date) -> Result<Date, NoDay> {
        match &self.years {
            Years::Whole(digits) => match digits.as_ref().and_then(|form| form.read(text)) {
                Some(date) => Ok(date),
                None => parsed(&self.text, text),
            },
            Years::LastTwo(whole) => match parsed(&self.text, text) {
                Ok(date) => {
                    let year = today.year() - (today.year() - date.year()).rem_euclid(100);
                    Date::new(year, date.month(), date.day()).map_err(|_| NoDay::NotInCalendar)
                }
                Err(NoDay::OtherForm) => parsed(whole, text),
                Err(NoDay::NotInCalendar) => Err(NoDay::NotInCalendar),
            },
            Years::Counted => day_of_number(text),
        }
    }

    /// Whether one of the two reads as another day what the other writes.
    fn may_be(&self, other: &Form) -> bool {
        // Every year of two digits up to 12 may be a month, too, and up to 31 a day.
        let (first, last) = (date(2000, 1, 1), date(2012, 12, 31));
        let days = first.series(1.day()).take_while(|day| *day <= last);
        let writes = |form: &Form, day: Date| match form.years {
            Years::Counted => number_of(day).map(|number| number.to_string()),
            _ => strtime::format(&form.text, day.at(0, 0, 0, 0)).ok(),
        };
        let is_other = |writer: &Form, reader: &Form, day: Date| {
            writes(writer, day)
                .and_then(|text| reader.read(&text, last).ok())
                .is_some_and(|read| read != day)
        };
        days.into_iter().any(|day| is_other(self, other, day) || is_other(other, self, day))
    }
}

fn parsed(format: &str, text: &str) -> Result<Date, NoDay> {
    // Without separators a missing leading zero would move every digit.
    if run(format).is_some_and(|length| text.len() != length) {
        return Err(NoDay::OtherForm);
    }
    match strtime::parse(format, text).map(|parsed| parsed.to_date()) {
        // `strptime` takes the 99 of 31/12/99 for a whole year.
        Ok(Ok(date)) if date.year() < 1000 && !text.contains(&format!("{:04}", date.year())) => {
            Err(NoDay::OtherForm)
        }
        Ok(Ok(date)) => Ok(date),
        Ok(Err(_)) => Err(NoDay::NotInCalendar),
        Err(_) => Err(NoDay::OtherForm),
    }
}

/// How many digits a format writes that writes nothing else.
fn run(format: &str) -> Option<usize> {
    let mut parts = format.split('%');
    let first = parts.next().filter(|before| before.is_empty())?;
    parts.try_fold(first.len(), |length, part| match part {
        "d" | "m" | "y" => Some(length + 2),
        "Y" => Some(length + 4),
        _ => None,
    })
}

/// The day before day 1, and before day 61.
const BEFORE: [Date; 2] = [date(1899, 12, 31), date(1899, 12, 30)];

/// The day that a number is, with a time of day behind it or without.
fn day_of_number(text: &str) -> Result<Date, NoDay> {
    let (whole, time) = text.split_once('.').unwrap_or((text, ""));
    let is_number = (1..=7).contains(&whole.len())
        && !whole.starts_with('0')
        && whole.bytes().chain(time.bytes()).all(|byte| byte.is_ascii_digit());
    let number: i32 = match whole.parse() {
        Ok(number @ 1..=LAST_DAY) if is_number => number,
        _ => return Err(NoDay::OtherForm),
    };
    let before = match number {
        ..NO_SUCH_DAY => BEFORE[0],
        NO_SUCH_DAY => return Err(NoDay::NotInCalendar),
        _ => BEFORE[1],
    };
    before.checked_add(Span::new().days(number)).map_err(|_| NoDay::NotInCalendar)
}

/// The number that a day is; nothing of one before 1900.
fn number_of(day: Date) -> Option<i32> {
    let since = |before: Date| day.since(before).ok().map(|span| span.get_days());
    match since(BEFORE[1])? {
        ..=1 => None,
        number @ ..=NO_SUCH_DAY => Some(number - 1),
        number => Some(number),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = date(2026, 7, 1);

    fn formats(texts: &[&str]) -> DateFormats {
        DateFormats::all(texts).expect("formats")
    }

    #[test]
    fn a_format_gives_a_whole_day() {
        for good in [
            "%d/%m/%Y",
            "%Y-%m-%d",
            "%d%m%Y",
            "%d %b %Y",
            "%d %B %Y",
            "%Y-%m-%dT%H:%M:%S",
            "%d/%m/%Y %I:%M:%S %p",
            "%F",
            "%d/%m/%y",
            "%d%m%y",
            "%d-%b-%y",
            "excel",
        ] {
            assert!(DateFormats::of(good).is_some(), "{good}");
        }
        for bad in [
            "",
            "%m/%Y",
            "%Y",
            "%y",
            "%m/%y",
            "dd/mm/yyyy",
            "%d/%m",
            "%Q",
            "%",
            "%d/%d/%Y",
            "Excel",
        ] {
            assert!(DateFormats::of(bad).is_none(), "{bad}");
        }
        assert_eq!(DateFormats::all(&[]), Err(Flaw::None));
        assert_eq!(DateFormats::all(&["%d/%m/%Y", "x"]), Err(Flaw::NoFormat(1)));
    }

    #[test]
    fn formats_are_tried_in_order() {
        let formats = formats(&["%d/%m/%Y", "%Y-%m-%d", "excel"]);
        for (text, expected) in [
            ("31/12/1999", Ok(date(1999, 12, 31))),
            ("1/2/1999", Ok(date(1999, 2, 1))),
            ("1999-12-31", Ok(date(1999, 12, 31))),
            ("36525", Ok(date(1999, 12, 31))),
            ("31/02/1999", Err(NoDay::NotInCalendar)),
            ("12/31/1999", Err(NoDay::OtherForm)),
            ("31.12.1999", Err(NoDay::OtherForm)),
            ("31/12/99", Err(NoDay::OtherForm)),
            ("1/1/0001", Ok(date(1, 1, 1))),
            ("", Err(NoDay::OtherForm)),
        ] {
            assert_eq!(formats.read(text, TODAY), expected, "{text}");
        }
        assert_eq!(formats.to_string(), "%d/%m/%Y or %Y-%m-%d or excel");
    }

    #[test]
    fn formats_that_read_one_text_as_two_days_are_refused() {
        for ambiguous in [
            ["%d/%m/%Y", "%m/%d/%Y"],
            ["%d/%m/%y", "%y/%m/%d"],
            ["%d/%m/%Y", "%m/%d/%y"],
            ["%d%m%y", "%y%m%d"],
            ["%y%m%d", "excel"],
            // 11 October 2001 as one is 20 January 1011 as the other.
            ["%d%m%Y", "%Y%m%d"],
        ] {
            assert_eq!(DateFormats::all(&ambiguous), Err(Flaw::Ambiguous(0, 1)), "{ambiguous:?}");
        }
        for plain in [
            ["%d/%m/%Y", "%d/%m/%y"],
            ["%d%m%Y", "excel"],
            ["%d/%m/%Y", "%d-%m-%Y"],
            ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
        ] {
            assert!(DateFormats::all(&plain).is_ok(), "{plain:?}");
        }
    }

    #[test]
    fn a_year_of_two_digits_is_the_latest_that_has_begun() {
        let formats = formats(&["%d/%m/%y"]);
        for (text, expected) in [
            ("31/12/99", Ok(date(1999, 12, 31))),
            ("01/07/26", Ok(date(2026, 7, 1))),
            ("31/12/26", Ok(date(2026, 12, 31))),
            ("01/01/27", Ok(date(1927, 1, 1))),
            ("5/3/68", Ok(date(1968, 3, 5))),
            ("29/02/00", Ok(date(2000, 2, 29))),
            ("29/02/27", Err(NoDay::NotInCalendar)),
            // Written with its century, it is as written.
            ("01/01/1926", Ok(date(1926, 1, 1))),
        ] {
            assert_eq!(formats.read(text, TODAY), expected, "{text}");
        }
        let later = formats.read("01/01/27", date(2027, 1, 1));
        assert_eq!(later, Ok(date(2027, 1, 1)), "another day of the extract");
        let run = DateFormats::of("%d%m%y").expect("a format");
        assert_eq!(run.read("311299", TODAY), Ok(date(1999, 12, 31)));
        assert_eq!(run.read("31121926", TODAY), Ok(date(1926, 12, 31)));
        for other in ["11299", "3112199"] {
            assert_eq!(run.read(other, TODAY), Err(NoDay::OtherForm), "{other}");
        }
        assert!(
            formats.has_years_of_two_digits() && !DateFormats::default().has_years_of_two_digits()
        );
    }

    /// As spreadsheets show these numbers (ECMA-376 part 1, 18.17.4.1).
    #[test]
    fn days_are_counted_as_spreadsheets_count() {
        let excel = formats(&["excel"]);
        for (text, expected) in [
            ("1", Ok(date(1900, 1, 1))),
            ("59", Ok(date(1900, 2, 28))),
            ("60", Err(NoDay::NotInCalendar)),
            ("61", Ok(date(1900, 3, 1))),
            ("36525", Ok(date(1999, 12, 31))),
            ("43831", Ok(date(2020, 1, 1))),
            ("43831.75", Ok(date(2020, 1, 1))),
            ("2958465", Ok(date(9999, 12, 31))),
            ("2958466", Err(NoDay::OtherForm)),
            ("0", Err(NoDay::OtherForm)),
            ("043831", Err(NoDay::OtherForm)),
            ("-1", Err(NoDay::OtherForm)),
            ("4.3e4", Err(NoDay::OtherForm)),
            ("31/12/1999", Err(NoDay::OtherForm)),
        ] {
            assert_eq!(excel.read(text, TODAY), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            format in prop::sample::select(vec!["%d/%m/%Y", "%d/%m/%y", "%d%m%y", "%d %b %Y", "excel"]),
            day in 0i32..70_000,
        ) {
            let formats = formats(&[format]);
            let day = date(1900, 1, 1).checked_add(day.days()).expect("a day");
            let text = formats.write(day.at(0, 0, 0, 0)).expect("written");
            prop_assert_eq!(formats.read(&text, TODAY), Ok(day));
        }

        #[test]
        fn no_format_and_no_text_makes_a_panic(
            format in "(%|[a-zA-Z]|\\PC){0,12}", text in "([0-9/.]|\\PC){0,12}",
        ) {
            let formats = DateFormats::of(&format).unwrap_or_else(|| DateFormats::named(&format));
            for formats in [formats, DateFormats::named("%d/%m/%y")] {
                let _ = formats.read(&text, TODAY);
            }
            let _ = DateFormats::of("excel").map(|excel| excel.read(&text, TODAY));
        }
    }
}
