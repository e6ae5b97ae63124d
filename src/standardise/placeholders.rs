//! Values that stand for "nothing was known". The lists are a project's own; these are what
//! it begins with.

use std::collections::HashSet;

use super::name::fold;
use crate::project::{Diacritics, Placeholders};

/// Names that are typed when none is known. Some are also real surnames (Na, Test, Child,
/// Null): a project whose people bear one takes it off its list.
const NAMES: [&str; 53] = [
    "ANON",
    "ANONYMOUS",
    "BABY",
    "BABY BOY",
    "BABY GIRL",
    "BABY OF",
    "BB",
    "CHILD",
    "CLIENT",
    "DR",
    "DUMMY",
    "INFANT",
    "MISS",
    "MR",
    "MRS",
    "MS",
    "N A",
    "NA",
    "NEWBORN",
    "NIL",
    "NO GIVEN NAME",
    "NO NAME",
    "NO SURNAME",
    "NONAME",
    "NONE",
    "NOT APPLICABLE",
    "NOT GIVEN",
    "NOT KNOWN",
    "NOT PROVIDED",
    "NOT RECORDED",
    "NOT STATED",
    "NULL",
    "REFUSED",
    "TBA",
    "TBC",
    "TEST",
    "TESTING",
    "TWIN",
    "TWIN A",
    "TWIN B",
    "TWIN I",
    "TWIN II",
    "TWIN ONE",
    "TWIN TWO",
    "UNBORN",
    "UNK",
    "UNKNOWN",
    "UNNAMED",
    "WITHHELD",
    "XX",
    "XXX",
    "XXXX",
    "ZZZ",
];

/// Birth dates that are typed when none is known, as `DDMMYYYY`: AODTS and DEX fillers, the
/// mental health dummy, a sample's ones, and nulls of databases.
const DATES: [&str; 5] = ["01010001", "01011900", "09099999", "11111111", "31129999"];

impl Placeholders {
    /// What a project begins with: names and dates seen in Australian collections.
    pub fn standard() -> Self {
        Placeholders {
            names: NAMES.map(String::from).to_vec(),
            dates: DATES.map(String::from).to_vec(),
        }
    }
}

/// A project's placeholders, ready to be looked up.
#[derive(Debug, Clone, Default)]
pub struct PlaceholderList {
    names: HashSet<String>,
    dates: HashSet<(i8, i8, i16)>,
}

impl PlaceholderList {
    /// The list of a project. Names are folded as recorded names are; a date that is not
    /// eight digits matches nothing.
    pub fn new(placeholders: &Placeholders) -> Self {
        let names = placeholders.names.iter().map(|name| spaced(&fold(name, Diacritics::Fold)));
        PlaceholderList {
            names: names.filter(|name| !name.is_empty()).collect(),
            dates: placeholders.dates.iter().filter_map(|date| parts(date)).collect(),
        }
    }

    /// Whether this folded name stands for none.
    pub(super) fn has_name(&self, folded: &str) -> bool {
        if folded.contains('-') {
            self.names.contains(&spaced(folded))
        } else {
            self.names.contains(folded)
        }
    }

    /// Whether this day stands for none.
    pub(super) fn has_date(&self, day: i8, month: i8, year: i16) -> bool {
        self.dates.contains(&(day, month, year))
    }
}

fn spaced(folded: &str) -> String {
    folded.replace('-', " ")
}

fn parts(date: &str) -> Option<(i8, i8, i16)> {
    let plain = date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit());
    let number = |at: std::ops::Range<usize>| date[at].parse::<i16>().ok();
    if !plain {
        return None;
    }
    Some((number(0..2)? as i8, number(2..4)? as i8, number(4..8)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_lists_are_sorted_folded_and_distinct() {
        assert!(NAMES.is_sorted() && DATES.is_sorted());
        let standard = Placeholders::standard();
        let list = PlaceholderList::new(&standard);
        assert_eq!((list.names.len(), list.dates.len()), (NAMES.len(), DATES.len()));
        for name in NAMES {
            assert_eq!(fold(name, Diacritics::Fold), name);
            assert!(list.has_name(name));
        }
    }

    #[test]
    fn a_projects_own_entries_are_folded() {
        let own = Placeholders {
            names: vec!["Nobody-Known".into(), "??".into()],
            dates: vec!["01071900".into(), "1/7/1900".into()],
        };
        let list = PlaceholderList::new(&own);
        assert!(list.has_name("NOBODY KNOWN") && list.has_name("NOBODY-KNOWN"));
        assert!(!list.has_name("") && !list.has_name("UNKNOWN"));
        assert!(list.has_date(1, 7, 1900) && !list.has_date(1, 1, 1900));
    }
}
