//! The counts of many rows. Takes standardised persons, keeps numbers, and keys for as long as
//! the export is looked at; never prints one.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::deidentify::consent::Withheld;
use crate::package::manifest::Exclusions;
use crate::slk::check::{Defect, check};
use crate::slk::{Profile, Slk581, make};
use crate::sources::Row;
use crate::standardise::{self, Absent, Dates, Name, Person, Sex, Unusable, Value};

/// Days of a year, on average.
const DAYS: f64 = 365.25;

/// The linkage keys of an export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Keys {
    /// Rows with a key.
    pub keys: u64,
    /// Keys of which no part is missing, estimated or not stated: what is called a valid key
    /// where keys are reported on.
    pub complete: u64,
    /// Complete keys as a share of all rows.
    pub complete_share: f64,
    /// Rows without a key.
    pub without_key: u64,
    /// What is doubtful about keys, or why there is none: the quality codes of `veilway slk`.
    pub reasons: Vec<Reason>,
    /// Positions that hold a 2 or a 9 in place of a letter or a sex.
    pub positions: Vec<Place>,
    /// What is wrong with recorded keys, by position; nothing where the source has none.
    pub defects: Vec<Reason>,
}

/// A reason, and how many rows it is true of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The reason.
    pub reason: String,
    /// How many rows.
    pub rows: u64,
}

/// One position of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Counted from 1.
    pub position: usize,
    /// Keys with a 2 there: the name is too short.
    pub twos: u64,
    /// Keys with a 9 there: it is missing (at 14: the sex is not stated; also 4).
    pub nines: u64,
}

/// What stands for names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Names {
    /// Names.
    pub known: u64,
    /// Nothing.
    pub empty: u64,
    /// Words such as "unknown" or "baby of".
    pub placeholder: u64,
    /// No letter from A to Z.
    pub no_letters: u64,
    /// Another script.
    pub other_script: u64,
}

/// What stands for birth dates.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Births {
    /// Dates.
    pub known: u64,
    /// Of these, estimated ones.
    pub estimated: u64,
    /// Nothing.
    pub empty: u64,
    /// Fillers such as 01/01/1900, or not stated.
    pub placeholder: u64,
    /// Recorded and of no use, by reason.
    pub bad: Vec<Reason>,
    /// Days that are there oftener than chance would have it.
    pub heaps: Vec<Heap>,
}

impl Births {
    /// How many have the declared form.
    pub(super) fn form(&self) -> Dates {
        let bad = || self.bad.iter();
        let otherwise = bad().filter(|bad| bad.reason == standardise::Reason::DateFormat.code());
        Dates {
            recorded: self.known + bad().map(|bad| bad.rows).sum::<u64>(),
            unread: otherwise.map(|bad| bad.rows).sum(),
        }
    }
}

/// Days on which dates heap.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Heap {
    /// Which days.
    pub days: &'static str,
    /// How many dates.
    pub dates: u64,
    /// How many there would be by chance.
    pub by_chance: f64,
    /// How many times as many there are.
    pub ratio: f64,
}

/// What stands for the sex.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Sexes {
    /// 1.
    pub male: u64,
    /// 2.
    pub female: u64,
    /// 3.
    pub other: u64,
    /// A code for not stated.
    pub not_stated: u64,
    /// Nothing.
    pub empty: u64,
    /// A code that is none.
    pub unknown_code: u64,
}

/// Consent as [`crate::deidentify`] judges it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Consents {
    /// Given.
    pub given: u64,
    /// Given in part only: a program cannot judge it.
    pub partial: u64,
    /// Refused.
    pub refused: u64,
    /// Not stated, or given on a day that nobody can read.
    pub not_stated: u64,
    /// Given on a later day than that of the export.
    pub not_yet: u64,
    /// Given for a time that is over.
    pub ended: u64,
    /// Withdrawn.
    pub withdrawn: u64,
}

impl Consents {
    /// Of so many rows, of which these are without consent.
    pub(super) fn of(rows: u64, without: &Exclusions) -> Consents {
        Consents {
            given: rows - without.total(),
            partial: without.consent_partial,
            refused: without.consent_refused,
            not_stated: without.consent_not_stated,
            not_yet: without.consent_not_yet,
            ended: without.consent_ended,
            withdrawn: without.consent_withdrawn,
        }
    }
}

/// The counts of some rows. Prints as shape.
#[derive(Default)]
pub(super) struct Tally {
    rows: u64,
    keys: u64,
    complete: u64,
    reasons: BTreeMap<String, u64>,
    /// 2s and 9s of the letters, and of the sex.
    places: [[u64; 2]; 6],
    defects: BTreeMap<Defect, u64>,
    pub(super) family: Names,
    pub(super) given: Names,
    births: Births,
    bad_births: BTreeMap<&'static str, u64>,
    /// On 1 January, on the 1st, on the 15th.
    heaps: [u64; 3],
    pub(super) sexes: Sexes,
    /// Postcodes that the state beside them does not have.
    pub(super) odd_postcodes: u64,
    pub(super) without_consent: Exclusions,
    pub(super) without_number: u64,
    /// Of each column, how many rows have a value.
    pub(super) filled: Vec<u64>,
    /// Values of no use, by column and reason.
    unusable: BTreeMap<String, BTreeMap<String, u64>>,
    /// The key of each record that has a number.
    pub(super) keys_of: Vec<Option<Slk581>>,
}

impl Tally {
    pub(super) fn of(columns: usize) -> Tally {
        Tally { filled: vec![0; columns], ..Tally::default() }
    }

    /// Counts a person, and gives the key: made from the names, or recorded where the source
    /// has none.
    pub(super) fn person(
        &mut self,
        person: &Person,
        has_names: bool,
        recorded: Option<&str>,
        profile: Profile,
    ) -> Option<Slk581> {
        self.rows += 1;
        self.family.count(&person.family);
        self.given.count(&person.given);
        self.sexes.count(&person.sex);
        self.birth(person);
        if let Some(Err(defects)) = recorded.filter(|c| !c.is_empty()).map(|c| check(c, profile)) {
            for defect in defects {
                *self.defects.entry(defect).or_default() += 1;
            }
        }
        let key = if has_names { self.made(person, profile) } else { self.recorded(person) };
        if let Some(key) = &key {
            self.keys += 1;
            let bytes = key.as_str().as_bytes();
            let marks = [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (13, 5)];
            for (at, place) in marks {
                let is_letter = at < 5;
                self.places[place][0] += u64::from(is_letter && bytes[at] == b'2');
                let nine = bytes[at] == b'9' || !is_letter && bytes[at] == b'4';
                self.places[place][1] += u64::from(nine);
            }
        }
        key
    }

    fn made(&mut self, person: &Person, profile: Profile) -> Option<Slk581> {
        match make(person, profile) {
            Ok((key, quality)) => {
                self.complete += u64::from(quality.codes().iter().all(|code| is_complete(code)));
                quality.codes().iter().for_each(|code| self.reason(code));
                Some(key)
            }
            Err(none) => {
                none.codes().iter().for_each(|code| self.reason(code));
                None
            }
        }
    }

    /// A key that was recorded in place of names.
    fn recorded(&mut self, person: &Person) -> Option<Slk581> {
        match &person.slk {
            Value::Known(key) => {
                let letters = format!("{}{}", key.family_letters(), key.given_letters());
                let is_whole = !letters.contains('9') && !matches!(key.sex_digit(), '4' | '9');
                let is_sure = person.birth.known().is_some_and(|birth| !birth.is_estimated());
                self.complete += u64::from(is_whole && is_sure);
                Some(*key)
            }
            Value::Missing(_) => {
                self.reason("key-missing");
                None
            }
            Value::Bad(_) => {
                self.reason("key-malformed");
                None
            }
        }
    }

    fn reason(&mut self, code: &str) {
        match self.reasons.get_mut(code) {
            Some(rows) => *rows += 1,
            None => drop(self.reasons.insert(code.to_owned(), 1)),
        }
    }

    fn birth(&mut self, person: &Person) {
        match &person.birth {
            Value::Known(birth) => {
                self.births.known += 1;
                self.births.estimated += u64::from(birth.is_estimated());
                let day = birth.day();
                self.heaps[0] += u64::from((birth.month(), day) == (1, 1));
                self.heaps[1] += u64::from(day == 1);
                self.heaps[2] += u64::from(day == 15);
            }
            Value::Missing(Absent::Empty) => self.births.empty += 1,
            Value::Missing(_) => self.births.placeholder += 1,
            Value::Bad(reason) => *self.bad_births.entry(reason.code()).or_default() += 1,
        }
    }

    pub(super) fn consent(&mut self, withheld: Option<Withheld>) {
        if let Some(withheld) = withheld {
            withheld.count_in(&mut self.without_consent);
        }
    }

    /// Counts which cells of a row are filled.
    pub(super) fn cells(&mut self, row: &Row) {
        for (filled, cell) in self.filled.iter_mut().zip(row.cells()) {
            *filled += u64::from(!cell.trim().is_empty());
        }
    }

    /// Counts a value of no use.
    pub(super) fn unusable(&mut self, column: &str, reason: Unusable) {
        let reasons = self.unusable.entry(column.to_owned()).or_default();
        *reasons.entry(reason.to_string()).or_default() += 1;
    }

    /// Those of a column, by its heading; the case of a described one does not count.
    pub(super) fn unusable_in(&self, heading: &str) -> Vec<Reason> {
        let is_it = |column: &str| column.trim().to_lowercase() == heading.trim().to_lowercase();
        let of_column = self.unusable.iter().filter(|(column, _)| is_it(column));
        of_column
            .flat_map(|(_, reasons)| reasons)
            .map(|(reason, &rows)| Reason { reason: reason.clone(), rows })
            .collect()
    }

    /// Adds the counts of later rows.
    pub(super) fn append(&mut self, other: Tally) {
        for (column, reasons) in other.unusable {
            let sums = self.unusable.entry(column).or_default();
            for (reason, values) in reasons {
                *sums.entry(reason).or_default() += values;
            }
        }
        self.rows += other.rows;
        self.keys += other.keys;
        self.complete += other.complete;
        self.without_number += other.without_number;
        self.odd_postcodes += other.odd_postcodes;
        for (code, rows) in other.reasons {
            *self.reasons.entry(code).or_default() += rows;
        }
        for (defect, rows) in other.defects {
            *self.defects.entry(defect).or_default() += rows;
        }
        for (code, rows) in other.bad_births {
            *self.bad_births.entry(code).or_default() += rows;
        }
        let places = self.places.iter_mut().flatten().zip(other.places.into_iter().flatten());
        places.for_each(|(sum, more)| *sum += more);
        self.heaps.iter_mut().zip(other.heaps).for_each(|(sum, more)| *sum += more);
        self.filled.iter_mut().zip(other.filled).for_each(|(sum, more)| *sum += more);
        self.keys_of.extend(other.keys_of);
        self.family.add(&other.family);
        self.given.add(&other.given);
        self.births.known += other.births.known;
        self.births.estimated += other.births.estimated;
        self.births.empty += other.births.empty;
        self.births.placeholder += other.births.placeholder;
        let Sexes { male, female, other: third, not_stated, empty, unknown_code } = other.sexes;
        self.sexes.male += male;
        self.sexes.female += female;
        self.sexes.other += third;
        self.sexes.not_stated += not_stated;
        self.sexes.empty += empty;
        self.sexes.unknown_code += unknown_code;
        self.without_consent.add(other.without_consent);
    }

    /// What is said of keys.
    pub(super) fn keys(&self) -> Keys {
        let reason = |reason: String, rows: u64| Reason { reason, rows };
        let reasons = self.reasons.iter().map(|(code, rows)| reason(code.clone(), *rows));
        let defects = self.defects.iter().map(|(defect, rows)| {
            let text = match defect.position {
                0 => format!("{} {}", defect.part(), defect.fault),
                at => format!("position {at} ({}) {}", defect.part(), defect.fault),
            };
            reason(text, *rows)
        });
        let positions = [1, 2, 3, 4, 5, 14].into_iter().zip(self.places);
        Keys {
            keys: self.keys,
            complete: self.complete,
            complete_share: share(self.complete, self.rows),
            without_key: self.rows - self.keys,
            reasons: reasons.collect(),
            positions: positions
                .map(|(position, [twos, nines])| Place { position, twos, nines })
                .collect(),
            defects: defects.collect(),
        }
    }

    /// What is said of birth dates.
    pub(super) fn births(&self) -> Births {
        let known = self.births.known as f64;
        let days =
            [("1 January", 1.0), ("the 1st of a month", 12.0), ("the 15th of a month", 12.0)];
        let heaps = days.into_iter().zip(self.heaps).map(|((days, in_a_year), dates)| {
            let by_chance = known * in_a_year / DAYS;
            let ratio = if by_chance > 0.0 { dates as f64 / by_chance } else { 0.0 };
            Heap { days, dates, by_chance: hundredths(by_chance), ratio: hundredths(ratio) }
        });
        let bad = self.bad_births.iter();
        Births {
            bad: bad.map(|(code, &rows)| Reason { reason: (*code).to_owned(), rows }).collect(),
            heaps: heaps.collect(),
            ..self.births.clone()
        }
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tally({} rows)", self.rows)
    }
}

/// Whether a key with this quality code may still be whole: a short name is a whole one.
fn is_complete(code: &str) -> bool {
    let of_name = code.starts_with("family-") || code.starts_with("given-");
    let is_short = code.ends_with("-short") || code.ends_with("-one-letter");
    let is_doubt = code.starts_with("birth-date-") || code.starts_with("sex-");
    !(of_name && !is_short || is_doubt)
}

/// A share, to a thousandth.
pub(super) fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { (part as f64 / all as f64 * 1000.0).round() / 1000.0 }
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

impl Names {
    fn count(&mut self, name: &Value<Name>) {
        *match name {
            Value::Known(_) => &mut self.known,
            Value::Missing(Absent::Placeholder | Absent::NoFixedAddress | Absent::NotStated) => {
                &mut self.placeholder
            }
            Value::Missing(Absent::OtherScript) => &mut self.other_script,
            Value::Missing(Absent::Empty) => &mut self.empty,
            Value::Missing(Absent::NoLetters) | Value::Bad(_) => &mut self.no_letters,
        } += 1;
    }

    fn add(&mut self, other: &Names) {
        self.known += other.known;
        self.empty += other.empty;
        self.placeholder += other.placeholder;
        self.no_letters += other.no_letters;
        self.other_script += other.other_script;
    }
}

impl Sexes {
    fn count(&mut self, sex: &Value<Sex>) {
        *match sex {
            Value::Known(Sex::Male) => &mut self.male,
            Value::Known(Sex::Female) => &mut self.female,
            Value::Known(Sex::Other) => &mut self.other,
            Value::Missing(Absent::Empty) => &mut self.empty,
            Value::Missing(_) => &mut self.not_stated,
            Value::Bad(_) => &mut self.unknown_code,
        } += 1;
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;
    use crate::standardise::BirthDate;
    use crate::standardise::date::Accuracy;

    /// Every day of forty years: as many on each kind of day as chance would have.
    #[test]
    fn evenly_spread_dates_heap_nowhere() {
        let mut tally = Tally::of(0);
        let mut day = date(1961, 1, 1);
        while day < date(2001, 1, 1) {
            let birth = Value::Known(BirthDate::new(day, Accuracy::ACCURATE));
            tally.birth(&Person { birth, ..Person::default() });
            day = day.checked_add(1.day()).expect("a next day");
        }
        let births = tally.births();
        let heaps: Vec<(u64, f64, f64)> =
            births.heaps.iter().map(|h| (h.dates, h.by_chance, h.ratio)).collect();
        assert_eq!(births.known, 14610);
        assert_eq!(heaps, [(40, 40.0, 1.0), (480, 480.0, 1.0), (480, 480.0, 1.0)]);
    }

    #[test]
    fn a_short_name_is_whole_and_a_missing_one_is_not() {
        for (code, expected) in [
            ("family-short", true),
            ("given-one-letter", true),
            ("several-given-names", true),
            ("equal-names", true),
            ("one-name", true),
            ("family-missing", false),
            ("given-placeholder", false),
            ("given-other-script", false),
            ("birth-date-estimated", false),
            ("sex-not-stated", false),
            ("sex-unknown-code", false),
        ] {
            assert_eq!(is_complete(code), expected, "{code}");
        }
    }

    /// Parts of a file, counted apart and added, are the file counted whole.
    #[test]
    fn parts_add_up() {
        let person = |sex: &str| Person { sex: Sex::read(sex), ..Person::default() };
        let people: Vec<Person> = ["1", "2", "", "q", "9", "x"].map(person).to_vec();
        let mut whole = Tally::of(0);
        let (mut first, mut second) = (Tally::of(0), Tally::of(0));
        for (at, person) in people.iter().enumerate() {
            let part = if at < 3 { &mut first } else { &mut second };
            for tally in [&mut whole, part] {
                tally.person(person, true, Some("MIHOH"), Profile::Aihw);
                tally.consent((at % 2 == 0).then_some(Withheld::Refused));
            }
        }
        first.append(second);
        assert_eq!(first.keys(), whole.keys());
        assert_eq!(first.births(), whole.births());
        assert_eq!((&first.sexes, first.without_consent), (&whole.sexes, whole.without_consent));
        assert_eq!(Consents::of(6, &whole.without_consent).given, 3);
        let sexes =
            Sexes { male: 1, female: 1, other: 1, not_stated: 1, empty: 1, unknown_code: 1 };
        assert_eq!(whole.sexes, sexes);
        assert_eq!(whole.keys().defects[0].rows, 6);
    }
}
