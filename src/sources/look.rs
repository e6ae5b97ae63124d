//! A look at the first cells of a column: which date formats fit, which codes occur. Says
//! codes, which are short and few, and counts; never a cell of anything else.

use std::collections::BTreeMap;

use jiff::fmt::strtime;

use crate::project::FieldKind;

/// The date formats that are looked for, the usual ones first.
const DATE_FORMATS: [(&str, &str); 16] = [
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
];

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

/// The formats that read at least half of the filled cells, best first, and how many cells
/// are filled.
pub(super) fn date_formats(cells: &[&str]) -> (Vec<Fit>, usize) {
    let filled: Vec<&str> = cells.iter().map(|c| c.trim()).filter(|c| !c.is_empty()).collect();
    let mut fits: Vec<Fit> = DATE_FORMATS
        .iter()
        .map(|(format, example)| Fit { format, example, cells: fitting(format, &filled) })
        .filter(|fit| fit.cells > 0 && fit.cells * 2 >= filled.len())
        .collect();
    fits.sort_by_key(|fit| std::cmp::Reverse(fit.cells));
    (fits, filled.len())
}

/// How many of these cells a format reads as a day between 1800 and 2999.
pub(super) fn fitting(format: &str, cells: &[&str]) -> usize {
    let reads = |cell: &&&str| {
        let date = strtime::parse(format, cell.trim()).and_then(|parsed| parsed.to_date());
        date.is_ok_and(|date| (1800..3000).contains(&date.year()))
    };
    cells.iter().filter(reads).count()
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

    fn sure(cells: &[&str]) -> Vec<&'static str> {
        let (fits, filled) = date_formats(cells);
        fits.iter().filter(|f| f.cells == filled).map(|f| f.format).collect()
    }

    #[test]
    fn a_column_shows_its_date_format() {
        assert_eq!(sure(&["1999-12-31", "", "2001-02-03"]), ["%Y-%m-%d"]);
        assert_eq!(sure(&["31/12/1999", "01/02/2003"]), ["%d/%m/%Y"]);
        assert_eq!(sure(&["12/31/1999", "01/02/2003"]), ["%m/%d/%Y"]);
        assert_eq!(sure(&["01/02/2003"]), ["%d/%m/%Y", "%m/%d/%Y"]);
        assert_eq!(sure(&["19080921"]), ["%Y%m%d"]);
        assert_eq!(sure(&["21091908"]), ["%d%m%Y"]);
        assert_eq!(sure(&["31 Dec 1999"]), ["%d %b %Y"]);
        assert_eq!(sure(&["1999-12-31T00:00:00"]), ["%Y-%m-%dT%H:%M:%S"]);
        assert_eq!(sure(&["31/12/1999 12:00:00 AM"]), ["%d/%m/%Y %I:%M:%S %p"]);
        assert_eq!(sure(&["31/12/99"]), [""; 0]);
        assert_eq!(sure(&["yesterday"]), [""; 0]);
        assert_eq!(date_formats(&["", " "]), (vec![], 0));
    }

    #[test]
    fn each_example_is_of_its_format_and_only_of_that() {
        for (format, example) in DATE_FORMATS {
            assert_eq!(fitting(format, &[example]), 1, "{format}");
        }
    }

    #[test]
    fn a_few_bad_cells_do_not_hide_a_format() {
        let (fits, filled) = date_formats(&["31/12/1999", "30/11/1988", "31/02/1999", "?"]);
        assert_eq!((fits[0].format, fits[0].cells, filled), ("%d/%m/%Y", 2, 4));
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
