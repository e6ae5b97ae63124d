//! The small values that match keys are made of. Takes one standardised person, gives the
//! bytes of each component, or nothing where the part is missing or weak. Never hashes.

use std::fmt;

use super::phonetic::phonetic;
use crate::project::{Component, FieldKind, Part, Placeholders, Project};
use crate::slk::Slk581;
use crate::standardise::date::PartAccuracy;
use crate::standardise::{Absent, Person, Sex, Text, Value};

/// The most fields that have a quality bit of their own.
const FIELD_BITS: usize = 31;

/// The quality bit of an estimated birth date.
pub const ESTIMATED: u32 = 1 << 31;

/// What is usable of one person. Prints as shape.
pub(super) struct Details<'p> {
    family: Option<&'p str>,
    given: Option<&'p str>,
    one_name: Option<&'p str>,
    family_slk: Option<[u8; 3]>,
    given_slk: Option<[u8; 2]>,
    birth: Birth,
    sex: Option<u8>,
    others: &'p [Value<Text>],
}

/// The usable parts of a birth date.
#[derive(Clone, Copy, Default)]
struct Birth {
    day: Option<u8>,
    month: Option<u8>,
    year: Option<u16>,
    is_estimated: bool,
}

impl<'p> Details<'p> {
    /// What is usable of a person: known values, and from a recorded SLK-581 the parts that
    /// the person lacks.
    pub(super) fn of(person: &'p Person, placeholders: &Placeholders) -> Self {
        let family = person.family.known().map(|name| name.letters());
        let given = person.given.known().map(|name| name.letters());
        let slk = person.slk.known().map(|slk| SlkParts::of(slk, placeholders));
        let slk = slk.unwrap_or_default();
        // METEOR 286953: a person with one name only; either column may hold it. A name that
        // is recorded as unknown is another thing than none.
        let has_none = |absent| absent == Absent::Empty;
        let one_name = match (&person.family, &person.given) {
            (Value::Known(name), Value::Missing(absent))
            | (Value::Missing(absent), Value::Known(name))
                if has_none(*absent) =>
            {
                Some(name.letters())
            }
            (Value::Known(one), Value::Known(other)) if one.letters() == other.letters() => {
                Some(one.letters())
            }
            _ => None,
        };
        Details {
            family,
            given,
            one_name,
            family_slk: family.and_then(family_letters).or(slk.family),
            given_slk: given.and_then(given_letters).or(slk.given),
            birth: match &person.birth {
                Value::Known(birth) => Birth::of(birth.date(), birth.accuracy()),
                Value::Missing(_) | Value::Bad(_) => slk.birth,
            },
            sex: match person.sex.known() {
                Some(Sex::Male) => Some(b'1'),
                Some(Sex::Female) => Some(b'2'),
                Some(Sex::Other) => Some(b'3'),
                None => slk.sex,
            },
            others: &person.others,
        }
    }

    /// Appends the bytes of one component; gives false, and appends nothing, where it is
    /// missing or weak.
    pub(super) fn write(&self, project: &Project, component: Component, out: &mut Vec<u8>) -> bool {
        let start = out.len();
        let written = self.try_write(project, component, out);
        if written.is_none() {
            out.truncate(start);
        }
        written.is_some()
    }

    fn try_write(&self, project: &Project, component: Component, out: &mut Vec<u8>) -> Option<()> {
        let kind = project.fields.get(component.field)?.kind;
        match (kind, component.part) {
            (_, Part::NamesAnyOrder) => self.write_names_any_order(out)?,
            (FieldKind::FamilyName, Part::Slk) => out.extend_from_slice(&self.family_slk?),
            (FieldKind::GivenName, Part::Slk) => out.extend_from_slice(&self.given_slk?),
            (FieldKind::FamilyName, part) => write_name(self.family?, part, out)?,
            (FieldKind::GivenName, part) => write_name(self.given?, part, out)?,
            (FieldKind::BirthDate, part) => self.birth.write(part, out)?,
            (FieldKind::Sex, _) => out.push(self.sex?),
            (FieldKind::Suburb, Part::Phonetic) => {
                let mut letters = self.other(component.field)?.as_str().to_owned();
                letters.retain(|c| c.is_ascii_uppercase());
                write_name(&letters, Part::Phonetic, out)?;
            }
            (FieldKind::Suburb | FieldKind::Postcode | FieldKind::State | FieldKind::Text, _) => {
                out.extend_from_slice(self.other(component.field)?.as_str().as_bytes())
            }
        }
        Some(())
    }

    fn other(&self, field: usize) -> Option<&'p Text> {
        self.others.get(field)?.known()
    }

    /// Two names in alphabetical order, or one name alone, each with its length in front.
    fn write_names_any_order(&self, out: &mut Vec<u8>) -> Option<()> {
        let mut names = match self.one_name {
            Some(name) => vec![name],
            None => vec![self.family?, self.given?],
        };
        names.sort_unstable();
        for name in names {
            super::token::write_prefixed(name.as_bytes(), out);
        }
        Some(())
    }

    /// The quality flags: bit i for field i where some part of it is usable, and
    /// [`ESTIMATED`]. Fields beyond the 31st have no bit.
    pub(super) fn quality(&self, project: &Project) -> u32 {
        let mut bits = 0;
        for (i, field) in project.fields.iter().enumerate().take(FIELD_BITS) {
            let is_usable = match field.kind {
                FieldKind::FamilyName => self.family.is_some() || self.family_slk.is_some(),
                FieldKind::GivenName => self.given.is_some() || self.given_slk.is_some(),
                FieldKind::BirthDate => self.birth.has_any(),
                FieldKind::Sex => self.sex.is_some(),
                _ => self.other(i).is_some(),
            };
            bits |= u32::from(is_usable) << i;
        }
        if self.birth.is_estimated { bits | ESTIMATED } else { bits }
    }

    /// Whether some part of the birth date is less than accurate.
    pub(super) fn is_estimated(&self) -> bool {
        self.birth.is_estimated
    }

    /// What is so particular that two records with it are one person beyond doubt: whole
    /// names, an accurate birth date, and sex, once with each known place. Appends the bytes
    /// common to all; the caller adds the place.
    pub(super) fn write_identity(&self, out: &mut Vec<u8>) -> Option<()> {
        let Birth { day: Some(day), month: Some(month), year: Some(year), .. } = self.birth else {
            return None;
        };
        for part in [
            self.family?.as_bytes(),
            self.given?.as_bytes(),
            &[day, month],
            &year.to_be_bytes(),
            &[self.sex?],
        ] {
            super::token::write_prefixed(part, out);
        }
        Some(())
    }
}

impl fmt::Debug for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Details")
    }
}

fn write_name(letters: &str, part: Part, out: &mut Vec<u8>) -> Option<()> {
    match part {
        Part::Phonetic => {
            let code = phonetic(letters);
            if code.is_empty() {
                return None;
            }
            out.extend_from_slice(code.as_bytes());
        }
        Part::Initial => out.push(*letters.as_bytes().first()?),
        _ if letters.is_empty() => return None,
        _ => out.extend_from_slice(letters.as_bytes()),
    }
    Some(())
}

/// Letters 2, 3 and 5 of a family name (METEOR 349481), `2` for those it lacks; nothing
/// where it lacks them all, since `222` says nothing of a person.
fn family_letters(letters: &str) -> Option<[u8; 3]> {
    strong([1, 2, 4].map(|i| letter(letters, i)))
}

/// Letters 2 and 3 of a given name (METEOR 349481).
fn given_letters(letters: &str) -> Option<[u8; 2]> {
    strong([1, 2].map(|i| letter(letters, i)))
}

fn letter(letters: &str, index: usize) -> u8 {
    letters.as_bytes().get(index).copied().unwrap_or(b'2')
}

/// The letters of a key unless all of them are fillers: `2` for short names, `9` for
/// missing ones.
fn strong<const N: usize>(letters: [u8; N]) -> Option<[u8; N]> {
    let has_letter = letters.iter().any(u8::is_ascii_uppercase);
    let has_nine = letters.contains(&b'9');
    (has_letter && !has_nine).then_some(letters)
}

impl Birth {
    fn of(date: jiff::civil::Date, accuracy: crate::standardise::date::Accuracy) -> Self {
        let is_accurate = |part| part == PartAccuracy::Accurate;
        let all = [accuracy.day, accuracy.month, accuracy.year];
        Birth {
            day: u8::try_from(date.day()).ok().filter(|_| is_accurate(accuracy.day)),
            month: u8::try_from(date.month()).ok().filter(|_| is_accurate(accuracy.month)),
            year: u16::try_from(date.year()).ok().filter(|_| is_accurate(accuracy.year)),
            is_estimated: !all.into_iter().all(is_accurate),
        }
    }

    fn has_any(&self) -> bool {
        self.day.is_some() || self.month.is_some() || self.year.is_some()
    }

    fn write(&self, part: Part, out: &mut Vec<u8>) -> Option<()> {
        match part {
            Part::Day => out.push(self.day?),
            Part::Month => out.push(self.month?),
            Part::Year => out.extend_from_slice(&self.year?.to_be_bytes()),
            _ => {
                let (day, month) = (self.day?, self.month?);
                out.extend_from_slice(&[day.min(month), day.max(month)]);
                out.extend_from_slice(&self.year?.to_be_bytes());
            }
        }
        Some(())
    }
}

/// The usable parts of a recorded SLK-581.
#[derive(Clone, Copy, Default)]
struct SlkParts {
    family: Option<[u8; 3]>,
    given: Option<[u8; 2]>,
    birth: Birth,
    sex: Option<u8>,
}

impl SlkParts {
    fn of(slk: &Slk581, placeholders: &Placeholders) -> Self {
        let digits = slk.birth_digits();
        let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u16>().ok();
        let small = |range, limits: std::ops::RangeInclusive<u16>| {
            let n = number(range).filter(|n| limits.contains(n))?;
            u8::try_from(n).ok()
        };
        let is_filler = placeholders.dates.iter().any(|date| date == digits);
        SlkParts {
            family: slk.family_letters().as_bytes().try_into().ok().and_then(strong),
            given: slk.given_letters().as_bytes().try_into().ok().and_then(strong),
            birth: if is_filler {
                Birth::default()
            } else {
                Birth {
                    day: small(0..2, 1..=31),
                    month: small(2..4, 1..=12),
                    year: number(4..8).filter(|year| (1850..=2200).contains(year)),
                    is_estimated: false,
                }
            },
            sex: u8::try_from(slk.sex_digit()).ok().filter(|sex| (b'1'..=b'3').contains(sex)),
        }
    }
}
