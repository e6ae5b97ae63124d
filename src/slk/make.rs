//! A person to a key. The rules every standard shares are METEOR 349481 (family letters),
//! 349483 (given letters) and 349510 (the whole key); the profile decides the rest.

use std::fmt;

use super::Slk581;
use super::profile::{BirthRule, OneLetter, OneName, Profile, Rules};
use crate::standardise::date::PartAccuracy;
use crate::standardise::{Absent, BirthDate, Name, Person, Reason, Value};

/// The letters of the family name that a key takes, counted from 1.
pub(super) const FAMILY_PLACES: [usize; 3] = [2, 3, 5];

/// The letters of the given name that a key takes, counted from 1.
pub(super) const GIVEN_PLACES: [usize; 2] = [2, 3];

/// What AODTS writes for a birth date that is wholly unknown.
const FILLER: [u8; 8] = *b"01011900";

/// The key of a person under a profile, and what was doubtful about it.
///
/// Names come first, then the birth date, then sex; a missing name is 9s, a missing letter 2,
/// and a missing sex the profile's digit. Only the birth date cannot be left out.
///
/// # Errors
/// When the profile wants a birth date and there is none that can be used.
pub fn make(person: &Person, profile: Profile) -> Result<(Slk581, Quality), NoKey> {
    let plan = Plan::of(person, profile)?;
    let mut key = [0; 14];
    key[..3].copy_from_slice(&plan.family.characters(FAMILY_PLACES));
    key[3..5].copy_from_slice(&plan.given.characters(GIVEN_PLACES));
    key[5..13].copy_from_slice(&plan.birth.digits());
    key[13] = plan.sex;
    Ok((Slk581::of(key), plan.quality))
}

/// How each part of a key is come by; what [`make`] writes and [`super::explain`] tells.
pub(super) struct Plan<'a> {
    pub(super) family: Slot<'a>,
    pub(super) given: Slot<'a>,
    pub(super) birth: Birth,
    pub(super) sex: u8,
    pub(super) quality: Quality,
}

/// What stands in the places of one name.
#[derive(Clone, Copy)]
pub(super) enum Slot<'a> {
    /// Letters of the name recorded here.
    Own(&'a Name),
    /// Letters of the other name, since the person has one name.
    Other(&'a Name),
    /// 9s: the name went to the other slot.
    Moved,
    /// 9s: the name has one letter, which this profile counts as missing.
    OneLetter,
    /// 9s: there is no name.
    Absent(Absent),
}

impl<'a> Slot<'a> {
    fn of(value: &'a Value<Name>, rules: &Rules) -> Self {
        match value {
            Value::Known(name)
                if name.letters().len() == 1 && rules.one_letter == OneLetter::Missing =>
            {
                Slot::OneLetter
            }
            Value::Known(name) => Slot::Own(name),
            Value::Missing(absent) => Slot::Absent(*absent),
            // Reading a name never calls it bad; were it so, it would be no name.
            Value::Bad(_) => Slot::Absent(Absent::NoLetters),
        }
    }

    /// The letters that this slot takes its characters from.
    pub(super) fn letters(&self) -> Option<&'a str> {
        match self {
            Slot::Own(name) | Slot::Other(name) => Some(name.letters()),
            Slot::Moved | Slot::OneLetter | Slot::Absent(_) => None,
        }
    }

    fn characters<const N: usize>(&self, places: [usize; N]) -> [u8; N] {
        let Some(letters) = self.letters() else { return [b'9'; N] };
        places.map(|place| letters.as_bytes().get(place - 1).copied().unwrap_or(b'2'))
    }
}

/// What stands in the places of the birth date.
#[derive(Clone, Copy)]
pub(super) enum Birth {
    /// The date as recorded.
    Recorded(BirthDate),
    /// The first of the estimated month.
    Month(BirthDate),
    /// 1 January of the estimated year.
    Year(BirthDate),
    /// The filler for no date at all.
    Filler,
}

impl Birth {
    fn of(value: &Value<BirthDate>, rules: &Rules) -> Result<Self, NoKey> {
        let birth = match value {
            Value::Known(birth) => *birth,
            _ if rules.birth == BirthRule::Filler => return Ok(Birth::Filler),
            Value::Missing(absent) => return Err(NoKey::BirthDateMissing(*absent)),
            Value::Bad(reason) => return Err(NoKey::BirthDateBad(*reason)),
        };
        if !(rules.years.0..=rules.years.1).contains(&birth.year()) {
            return Err(NoKey::YearRefused);
        }
        // The first of a month other than January is how an estimate says that its month is
        // known (ACT 1.3.1), also where a flag covers the whole date.
        let month_known = birth.accuracy().month == PartAccuracy::Accurate
            || birth.day() == 1 && birth.month() != 1;
        let day_known = birth.accuracy().day == PartAccuracy::Accurate;
        Ok(match rules.birth {
            BirthRule::FirstOfYear if birth.is_estimated() => Birth::Year(birth),
            BirthRule::FirstOfMonthOrYear if !month_known => Birth::Year(birth),
            BirthRule::FirstOfMonthOrYear if !day_known => Birth::Month(birth),
            _ => Birth::Recorded(birth),
        })
    }

    pub(super) fn digits(&self) -> [u8; 8] {
        let (day, month, year) = match self {
            Birth::Recorded(birth) => (birth.day(), birth.month(), birth.year()),
            Birth::Month(birth) => (1, birth.month(), birth.year()),
            Birth::Year(birth) => (1, 1, birth.year()),
            Birth::Filler => return FILLER,
        };
        let (day, month, year) = (day.unsigned_abs(), month.unsigned_abs(), year.unsigned_abs());
        let year = [year / 1000, year / 100, year / 10, year].map(|n| b'0' + (n % 10) as u8);
        [
            b'0' + day / 10,
            b'0' + day % 10,
            b'0' + month / 10,
            b'0' + month % 10,
            year[0],
            year[1],
            year[2],
            year[3],
        ]
    }
}

impl<'a> Plan<'a> {
    pub(super) fn of(person: &'a Person, profile: Profile) -> Result<Self, NoKey> {
        let rules = profile.rules();
        let birth = Birth::of(&person.birth, &rules)?;
        let family = Slot::of(&person.family, &rules);
        let given = Slot::of(&person.given, &rules);
        let (family, given) = one_name(family, given, rules.one_name);
        let sex = person.sex.known().map_or(rules.sex_not_stated, |sex| sex.digit());
        let quality = Quality::of(person, &family, &given, &birth);
        Ok(Plan { family, given, birth, sex, quality })
    }
}

/// Puts the one name of a person where the profile wants it. A name that was recorded as
/// unknown is a missing one and no sign of a one-name person.
fn one_name<'a>(family: Slot<'a>, given: Slot<'a>, rule: OneName) -> (Slot<'a>, Slot<'a>) {
    let none = Slot::Absent(Absent::Empty);
    match (family, given) {
        (Slot::Own(name), Slot::Absent(Absent::Empty)) => match rule {
            OneName::AsRecorded | OneName::FamilyOnly => (family, none),
            OneName::GivenOnly => (Slot::Moved, Slot::Other(name)),
            OneName::BothFields => (family, Slot::Other(name)),
        },
        (Slot::Absent(Absent::Empty), Slot::Own(name)) => match rule {
            OneName::AsRecorded | OneName::GivenOnly => (none, given),
            OneName::FamilyOnly => (Slot::Other(name), Slot::Moved),
            OneName::BothFields => (Slot::Other(name), given),
        },
        both => both,
    }
}

/// Why there is no key. Never holds a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoKey {
    /// There is no birth date.
    BirthDateMissing(Absent),
    /// The birth date cannot be used.
    BirthDateBad(Reason),
    /// The profile has no key for people born in that year.
    YearRefused,
}

impl NoKey {
    /// The cell of a quality column: `no-key;birth-date-missing`.
    pub fn codes(&self) -> [String; 2] {
        let why = match self {
            NoKey::BirthDateMissing(absent) => absent.code(),
            NoKey::BirthDateBad(reason) => reason.code(),
            NoKey::YearRefused => "year-refused",
        };
        ["no-key".into(), format!("birth-date-{}", why.trim_start_matches("date-"))]
    }
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoKey::BirthDateMissing(absent) => write!(f, "the birth date is missing: {absent}"),
            NoKey::BirthDateBad(reason) => write!(f, "the birth date cannot be used: {reason}"),
            NoKey::YearRefused => f.write_str("the profile has no key for that year of birth"),
        }
    }
}

/// What was doubtful about a key: codes in a fixed order, or `ok`.
///
/// `family-` and `given-` go before `missing`, `placeholder`, `not-stated`, `no-letters`,
/// `other-script`, `short` (a 2 was put) and `one-letter`; then come `one-name` (moved or
/// doubled by the profile), `several-given-names` (taking the first only would give another
/// key), `equal-names`, `birth-date-estimated`, `birth-date-filler`, `sex-not-stated` and
/// `sex-unknown-code`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quality {
    codes: Vec<&'static str>,
}

impl Quality {
    /// Whether nothing was doubtful.
    pub fn is_ok(&self) -> bool {
        self.codes.is_empty()
    }

    /// The codes, in their fixed order.
    pub fn codes(&self) -> &[&'static str] {
        &self.codes
    }

    fn of(person: &Person, family: &Slot<'_>, given: &Slot<'_>, birth: &Birth) -> Self {
        let mut codes = Vec::new();
        codes.extend(family_code(family));
        codes.extend(given_code(given));
        if [family, given].iter().any(|slot| matches!(slot, Slot::Other(_) | Slot::Moved)) {
            codes.push("one-name");
        }
        if let Slot::Own(name) = given {
            let first = name.first_word();
            if first.len() < GIVEN_PLACES[1] && first.len() < name.letters().len() {
                codes.push("several-given-names");
            }
        }
        if let (Slot::Own(family), Slot::Own(given)) = (family, given)
            && family.letters() == given.letters()
        {
            codes.push("equal-names");
        }
        if person.birth.known().is_some_and(BirthDate::is_estimated) {
            codes.push("birth-date-estimated");
        }
        if matches!(birth, Birth::Filler) {
            codes.push("birth-date-filler");
        }
        match person.sex {
            Value::Known(_) => {}
            Value::Missing(_) => codes.push("sex-not-stated"),
            Value::Bad(_) => codes.push("sex-unknown-code"),
        }
        Quality { codes }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ok() { f.write_str("ok") } else { f.write_str(&self.codes.join(";")) }
    }
}

fn family_code(slot: &Slot<'_>) -> Option<&'static str> {
    Some(match slot {
        Slot::Absent(Absent::Empty) => "family-missing",
        Slot::Absent(Absent::Placeholder) => "family-placeholder",
        Slot::Absent(Absent::NotStated) => "family-not-stated",
        Slot::Absent(Absent::NoLetters) => "family-no-letters",
        Slot::Absent(Absent::OtherScript) => "family-other-script",
        Slot::OneLetter => "family-one-letter",
        Slot::Own(name) if name.letters().len() == 1 => "family-one-letter",
        Slot::Own(name) if name.letters().len() < FAMILY_PLACES[2] => "family-short",
        Slot::Own(_) | Slot::Other(_) | Slot::Moved => return None,
    })
}

fn given_code(slot: &Slot<'_>) -> Option<&'static str> {
    Some(match slot {
        Slot::Absent(Absent::Empty) => "given-missing",
        Slot::Absent(Absent::Placeholder) => "given-placeholder",
        Slot::Absent(Absent::NotStated) => "given-not-stated",
        Slot::Absent(Absent::NoLetters) => "given-no-letters",
        Slot::Absent(Absent::OtherScript) => "given-other-script",
        Slot::OneLetter => "given-one-letter",
        Slot::Own(name) if name.letters().len() == 1 => "given-one-letter",
        Slot::Own(name) if name.letters().len() < GIVEN_PLACES[1] => "given-short",
        Slot::Own(_) | Slot::Other(_) | Slot::Moved => return None,
    })
}
