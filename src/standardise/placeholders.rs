//! Values that stand for "nothing was known", ready to be looked up. The lists themselves
//! are a project's own ([`Placeholders`]).

use std::collections::HashSet;

use super::name::fold;
use crate::project::{Diacritics, Placeholders};

/// A project's placeholders, ready to be looked up.
#[derive(Debug, Clone, Default)]
pub struct PlaceholderList {
    names: HashSet<String>,
    /// For each letter, the lengths of names that begin with it, and of those that end with it, as
    /// bits: most names that are looked up are no entry's by that alone.
    lengths: [[u32; 26]; 2],
    /// Sorted.
    dates: Vec<(i8, i8, i16)>,
    /// For each month the days of such dates, as bits.
    days: [u32; 16],
}

impl PlaceholderList {
    /// The list of a project. Names are folded as recorded names are; a date that is not
    /// eight digits matches nothing.
    pub fn new(placeholders: &Placeholders) -> Self {
        let names = placeholders.names.iter().map(|name| spaced(&fold(name, Diacritics::Fold)));
        let names: HashSet<String> = names.filter(|name| !name.is_empty()).collect();
        let mut lengths = [[0; 26]; 2];
        for (letters, length) in names.iter().filter_map(|name| kind(name.as_bytes())) {
            lengths.iter_mut().zip(letters).for_each(|(of, letter)| of[letter] |= length);
        }
        let mut dates: Vec<_> = placeholders.dates.iter().filter_map(|date| parts(date)).collect();
        dates.sort_unstable();
        let mut days = [0; 16];
        dates.iter().for_each(|&(day, month, _)| days[month as usize % 16] |= bit(day));
        PlaceholderList { names, lengths, dates, days }
    }

    /// Whether a folded name may stand for none: one look, and mostly the answer is no.
    pub(super) fn may_have_name(&self, folded: &[u8]) -> bool {
        kind(folded).is_none_or(|(letters, length)| {
            self.lengths.iter().zip(letters).all(|(of, letter)| of[letter] & length != 0)
        })
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
        self.days[month as usize % 16] & bit(day) != 0
            && self.dates.binary_search(&(day, month, year)).is_ok()
    }
}

/// The places of a folded name's first and last letter, and the bit of its length; all long ones
/// have one.
fn kind(folded: &[u8]) -> Option<([usize; 2], u32)> {
    let place = |letter: &u8| letter.checked_sub(b'A').filter(|place| *place < 26).map(usize::from);
    Some(([place(folded.first()?)?, place(folded.last()?)?], 1 << folded.len().min(31)))
}

/// The bit of a day of the month.
fn bit(day: i8) -> u32 {
    1 << (day & 31)
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
    fn every_standard_entry_is_found() {
        let standard = Placeholders::standard();
        let list = PlaceholderList::new(&standard);
        assert_eq!(list.dates.len(), standard.dates.len());
        for name in &standard.names {
            let name = fold(name, Diacritics::Fold);
            assert!(list.has_name(&name) && list.may_have_name(name.as_bytes()), "{name}");
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
        assert!(list.may_have_name(b"NOBODY KNOWN") && !list.may_have_name(b"UNKNOWN"));
        assert!(list.has_date(1, 7, 1900) && !list.has_date(1, 1, 1900));
    }
}
