//! A look at the first cells of a column: which date formats fit, which codes occur. Says
//! codes, which are short and few, and counts; never a cell of anything else.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};

use crate::config::quoted;
use crate::days::DateFormats;
use crate::project::FieldKind;

/// The date formats that are looked for, the usual ones first.
const DATE_FORMATS: [(&str, &str); 24] = [
    ("%d/%m/%Y", "31/12/1999"),
    ("%Y-%m-%d", "1999-12-31"),
    ("%d-%m-%Y", "31-12-1999"),
    ("%d.%m.%Y", "31.12.1999"),
    ("%d%m%Y", "31121999"),
    ("%Y%m%d", "19991231"),
    ("%Y/%m/%d", "1999/12/31"),
    ("%m/%d/%Y", "12/31/1999"),
    ("%d %b %Y", "31 Dec 1999"),
    ("%d-%b-%Y", "31-Dec-1999"),
    ("%d %B %Y", "31 December 1999"),
    ("%Y-%m-%dT%H:%M:%S", "1999-12-31T00:00:00"),
    ("%Y-%m-%d %H:%M:%S", "1999-12-31 00:00:00"),
    ("%d/%m/%Y %H:%M:%S", "31/12/1999 00:00:00"),
    ("%d/%m/%Y %H:%M", "31/12/1999 00:00"),
    ("%d/%m/%Y %I:%M:%S %p", "31/12/1999 12:00:00 AM"),
    ("%d/%m/%y", "31/12/99"),
    ("%m/%d/%y", "12/31/99"),
    ("%d-%m-%y", "31-12-99"),
    ("%y-%m-%d", "99-12-31"),
    ("%d.%m.%y", "31.12.99"),
    ("%d-%b-%y", "31-Dec-99"),
    ("%d %b %y", "31 Dec 99"),
    (EXCEL, "36525"),
];

/// Days as spreadsheets count them. Any number is one of them, so that only those from 1927 to
/// 2173, which have five digits, are looked for.
const EXCEL: &str = "excel";

/// Years of two digits are read up to this day, which is not that of the extract: here it counts
/// only that they can be read.
const LATE: Date = date(2068, 12, 31);

/// Of two formats in one column, each reads at least one in so many cells: a stray cell is a
/// typing error.
const FEW: usize = 20;

/// More different values than this are no codes.
const MAX_CODES: usize = 12;

/// Longer values are no codes.
const MAX_CODE: usize = 20;

/// How well one date format fits a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fit {
    /// The format.
    pub(super) format: &'static str,
    /// New Year's Eve of 1999 in it.
    pub(super) example: &'static str,
    /// How many cells it reads.
    pub(super) cells: usize,
}

/// How the days of a column are written, as far as its cells tell.
#[derive(Debug)]
pub(super) struct Days {
    /// The formats that read at least half of the filled cells, best first.
    pub(super) fits: Vec<Fit>,
    /// How many cells are filled.
    pub(super) filled: usize,
    /// The one format that reads all of them, or else the only two that together do.
    pub(super) sure: Vec<Fit>,
}

impl Days {
    pub(super) fn of(cells: &[&str]) -> Days {
        let filled: Vec<&str> = cells.iter().map(|c| c.trim()).filter(|c| !c.is_empty()).collect();
        let mut seen: Vec<(Fit, Vec<bool>)> = Vec::new();
        for (format, example) in DATE_FORMATS {
            let reads = reads(format);
            let is_one = |cell: &&str| reads(cell) && (format != EXCEL || is_of_five_digits(cell));
            let read: Vec<bool> = filled.iter().map(is_one).collect();
            let cells = read.iter().filter(|read| **read).count();
            // Years of two digits are only looked for where some are: whole ones are read too.
            let whole = format.replace("%y", "%Y");
            let says_more = seen.iter().all(|(fit, _)| fit.format != whole || fit.cells < cells);
            if cells > 0 && says_more {
                seen.push((Fit { format, example, cells }, read));
            }
        }
        seen.sort_by_key(|(fit, _)| std::cmp::Reverse(fit.cells));
        let all = |(fit, _): &&(Fit, Vec<bool>)| fit.cells == filled.len();
        let sure: Vec<Fit> = match seen.iter().filter(all).count() {
            0 => two(&seen, filled.len()).unwrap_or_default(),
            1 => vec![seen[0].0],
            _ => vec![],
        };
        let fits = seen.into_iter().map(|(fit, _)| fit);
        let fits = fits.filter(|fit| fit.cells * 2 >= filled.len()).collect();
        Days { fits, filled: filled.len(), sure }
    }

    /// What `source.toml` says where that is sure.
    pub(super) fn toml(&self) -> Option<String> {
        let formats: Vec<String> = self.sure.iter().map(|fit| quoted(fit.format)).collect();
        match formats.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("[{}]", several.join(", "))),
        }
    }

    /// Whether what is sure has years of two digits.
    pub(super) fn has_years_of_two_digits(&self) -> bool {
        self.sure.iter().any(|fit| fit.format.contains("%y"))
    }
}

/// The only two formats that together read all cells, and no cell as two different days.
fn two(seen: &[(Fit, Vec<bool>)], filled: usize) -> Option<Vec<Fit>> {
    let often: Vec<_> = seen.iter().filter(|(fit, _)| fit.cells * FEW >= filled).collect();
    let mut found = None;
    for (i, (one, reads_one)) in often.iter().enumerate() {
        for (other, reads_other) in &often[i + 1..] {
            let mut cells = reads_one.iter().zip(reads_other);
            if cells.all(|(one, other)| *one || *other)
                && DateFormats::all(&[one.format, other.format]).is_ok()
                && found.replace(vec![*one, *other]).is_some()
            {
                return None;
            }
        }
    }
    found
}

/// Whether a format reads a cell as a day between 1800 and 2999.
fn reads(format: &str) -> impl Fn(&str) -> bool {
    let formats = DateFormats::of(format);
    move |cell| {
        let date = formats.as_ref().and_then(|formats| formats.read(cell.trim(), LATE).ok());
        date.is_some_and(|date| (1800..3000).contains(&date.year()))
    }
}

fn is_of_five_digits(cell: &str) -> bool {
    cell.split('.').next().is_some_and(|whole| whole.len() == 5)
}

/// How many of these cells a format reads.
pub(super) fn fitting(format: &str, cells: &[&str]) -> usize {
    let reads = reads(format);
    cells.iter().filter(|cell| reads(cell)).count()
}

/// The distinct codes of a column; `None` when they are too many or too long to be codes.
pub(super) fn codes(cells: &[&str]) -> Option<Vec<String>> {
    let mut codes: BTreeMap<String, String> = BTreeMap::new();
    for cell in cells.iter().map(|c| c.trim()).filter(|c| !c.is_empty()) {
        if cell.chars().count() > MAX_CODE {
            return None;
        }
        codes.entry(cell.to_lowercase()).or_insert_with(|| cell.to_owned());
        if codes.len() > MAX_CODES {
            return None;
        }
    }
    Some(codes.into_values().collect())
}

/// What a sex or gender code most likely means: METEOR's 1, 2, 3 or 9.
pub(super) fn sex_code(code: &str) -> Option<&'static str> {
    let plain: String =
        code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Some(match plain.as_str() {
        "1" | "m" | "male" | "man" | "boy" => "1",
        "2" | "f" | "female" | "woman" | "girl" => "2",
        "3" | "x" | "o" | "i" | "other" | "intersex" | "indeterminate" | "nonbinary"
        | "differentterm" | "anotherterm" | "genderdiverse" => "3",
        "4" | "9" | "99" | "u" | "unk" | "unknown" | "ns" | "notstated" | "notknown"
        | "notrecorded" | "prefernottosay" | "na" => "9",
        _ => return None,
    })
}

/// The codes of the Australian states where a column holds their ABS numbers, 1 to 9.
pub(super) fn state_codes(codes: &[String]) -> Option<[(&'static str, &'static str); 8]> {
    let numbers = ["1", "2", "3", "4", "5", "6", "7", "8"];
    let states = ["NSW", "VIC", "QLD", "SA", "WA", "TAS", "NT", "ACT"];
    let numeric = |c: &String| numbers.contains(&c.as_str()) || c == "9";
    (!codes.is_empty() && codes.iter().all(numeric))
        .then(|| std::array::from_fn(|i| (numbers[i], states[i])))
}

/// Whether a field is one whose codes are worth a look.
pub(super) fn is_coded(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Sex | FieldKind::State)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitting_all(cells: &[&str]) -> Vec<&'static str> {
        let Days { fits, filled, .. } = Days::of(cells);
        fits.iter().filter(|f| f.cells == filled).map(|f| f.format).collect()
    }

    #[test]
    fn a_column_shows_its_date_format() {
        assert_eq!(fitting_all(&["1999-12-31", "", "2001-02-03"]), ["%Y-%m-%d"]);
        assert_eq!(fitting_all(&["31/12/1999", "01/02/2003"]), ["%d/%m/%Y"]);
        assert_eq!(fitting_all(&["12/31/1999", "01/02/2003"]), ["%m/%d/%Y"]);
        assert_eq!(fitting_all(&["01/02/2003"]), ["%d/%m/%Y", "%m/%d/%Y"]);
        assert_eq!(fitting_all(&["19080921"]), ["%Y%m%d"]);
        assert_eq!(fitting_all(&["21091908"]), ["%d%m%Y"]);
        assert_eq!(fitting_all(&["31 Dec 1999"]), ["%d %b %Y"]);
        assert_eq!(fitting_all(&["1999-12-31T00:00:00"]), ["%Y-%m-%dT%H:%M:%S"]);
        assert_eq!(fitting_all(&["31/12/1999 12:00:00 AM"]), ["%d/%m/%Y %I:%M:%S %p"]);
        assert_eq!(fitting_all(&["31/12/99"]), ["%d/%m/%y"]);
        assert_eq!(fitting_all(&["31/12/99", "31/12/1999"]), ["%d/%m/%y"]);
        assert_eq!(fitting_all(&["01/02/03"]), ["%d/%m/%y", "%m/%d/%y"]);
        assert_eq!(fitting_all(&["31-Dec-99"]), ["%d-%b-%y"]);
        assert_eq!(fitting_all(&["36525", "29221.5"]), ["excel"]);
        assert_eq!(fitting_all(&["1984", "1985"]), [""; 0]);
        assert_eq!(fitting_all(&["yesterday"]), [""; 0]);
        let none = Days::of(&["", " "]);
        assert_eq!((none.fits, none.filled, none.sure), (vec![], 0, vec![]));
    }

    #[test]
    fn each_example_is_of_its_format_and_only_of_that() {
        for (format, example) in DATE_FORMATS {
            assert_eq!(fitting(format, &[example]), 1, "{format}");
        }
    }

    #[test]
    fn a_few_bad_cells_do_not_hide_a_format() {
        let days = Days::of(&["31/12/1999", "30/11/1988", "31/02/1999", "?"]);
        assert_eq!((days.fits[0].format, days.fits[0].cells, days.filled), ("%d/%m/%Y", 2, 4));
        assert_eq!(days.toml(), None);
    }

    #[test]
    fn two_formats_are_sure_where_no_others_read_the_column() {
        let toml = |cells: &[&str]| Days::of(cells).toml();
        let both = |text: &str| Some(text.to_owned());
        assert_eq!(
            toml(&["31/12/1999", "1999-12-31", "30/11/1988"]),
            both("[\"%d/%m/%Y\", \"%Y-%m-%d\"]")
        );
        assert_eq!(toml(&["31/12/1999", "36525"]), both("[\"%d/%m/%Y\", \"excel\"]"));
        assert_eq!(toml(&["31/12/99", "1999-12-31"]), both("[\"%Y-%m-%d\", \"%d/%m/%y\"]"));
        // Day or month first is open, or is both ways in one column.
        assert_eq!(toml(&["01/02/1999", "1999-12-31"]), None);
        assert_eq!(toml(&["31/12/1999", "12/31/1999"]), None);
        // One odd cell among many is a typing error.
        let mut cells = ["31/12/1999"; 40].to_vec();
        cells.push("12345");
        assert_eq!(toml(&cells), None);
    }

    #[test]
    fn names_are_no_codes() {
        let names: Vec<String> = (0..13).map(|i| format!("n{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(codes(&names), None);
        assert_eq!(codes(&["a name that is longer than twenty"]), None);
        assert_eq!(codes(&["M", "f", " m ", ""]), Some(vec!["f".to_owned(), "M".to_owned()]));
    }

    #[test]
    fn state_numbers_are_the_abs_ones() {
        let codes = state_codes(&["8".to_owned(), "1".to_owned()]).expect("numbers");
        assert_eq!(codes[7], ("8", "ACT"));
        assert!(state_codes(&["ACT".to_owned()]).is_none());
        assert!(state_codes(&[]).is_none());
    }
}
