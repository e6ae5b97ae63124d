//! The small values that match keys are made of. Takes one standardised person, gives the
//! bytes of each component, or nothing where the part is missing or weak. Never hashes.

use std::fmt;

use super::phonetic::Sounds;
use crate::project::{Component, FieldKind, Part, Placeholders, Project};
use crate::slk::Slk581;
use crate::standardise::date::PartAccuracy;
use crate::standardise::{Absent, Name, Person, Sex, Text, Value, address, phone};

/// The most fields that have a quality bit of their own.
const FIELD_BITS: usize = 31;

/// The quality bit of an estimated birth date.
pub const ESTIMATED: u32 = 1 << 31;

/// What is usable of one person. Prints as shape.
pub(crate) struct Details<'p> {
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
    pub(crate) fn of(person: &'p Person, placeholders: &Placeholders) -> Self {
        let (family, given) = (person.family.known(), person.given.known());
        let (family, given) = (family.map(Name::letters), given.map(Name::letters));
        let slk = person.slk.known().map(|slk| SlkParts::of(slk, placeholders));
        let slk = slk.unwrap_or_default();
        // METEOR 286953: a person with one name only; either column may hold it. A name that
        // is recorded as unknown is another thing than none.
        let has_none = |absent| absent == Absent::Empty;
        let one_name = match (&person.family, &person.given) {
            (Value::Known(_), Value::Missing(absent)) if has_none(*absent) => family,
            (Value::Missing(absent), Value::Known(_)) if has_none(*absent) => given,
            (Value::Known(_), Value::Known(_)) if family == given => family,
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
    pub(super) fn write(
        &self,
        project: &Project,
        component: Component,
        sounds: &mut Sounds,
        out: &mut Vec<u8>,
    ) -> bool {
        let start = out.len();
        let written = self.try_write(project, component, sounds, out);
        if written.is_none() {
            out.truncate(start);
        }
        written.is_some()
    }

    fn try_write(
        &self,
        project: &Project,
        component: Component,
        sounds: &mut Sounds,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let kind = project.fields.get(component.field)?.kind;
        match (kind, component.part) {
            (_, Part::NamesAnyOrder) => self.write_names_any_order(out)?,
            (FieldKind::FamilyName, Part::Slk) => out.extend_from_slice(&self.family_slk?),
            (FieldKind::GivenName, Part::Slk) => out.extend_from_slice(&self.given_slk?),
            (FieldKind::FamilyName, part) => write_name(self.family?, part, sounds, out)?,
            (FieldKind::GivenName, part) => write_name(self.given?, part, sounds, out)?,
            (FieldKind::BirthDate, part) => self.birth.write(part, out)?,
            (FieldKind::Sex, _) => out.push(self.sex?),
            (FieldKind::Suburb, Part::Phonetic) => {
                let mut letters = self.other(component.field)?.as_str().to_owned();
                letters.retain(|c| c.is_ascii_uppercase());
                write_name(&letters, Part::Phonetic, sounds, out)?;
            }
            (FieldKind::Address, part) => {
                write_address(self.other(component.field)?.as_str(), part, sounds, out)?;
            }
            (FieldKind::Phone, part) => {
                let number = self.other(component.field)?.as_str();
                out.extend_from_slice(match part {
                    Part::LastEight => phone::last(number, 8)?.as_bytes(),
                    Part::LastSix => phone::last(number, 6)?.as_bytes(),
                    _ => number.as_bytes(),
                });
            }
            (FieldKind::Suburb | FieldKind::Postcode | FieldKind::State | FieldKind::Text, _) => {
                out.extend_from_slice(self.other(component.field)?.as_str().as_bytes())
            }
        }
        Some(())
    }

    /// The letters of the family and the given name.
    pub(crate) fn names(&self) -> [Option<&'p str>; 2] {
        [self.family, self.given]
    }

    /// The usable day, month and year of the birth date.
    pub(crate) fn birth_date(&self) -> (Option<u8>, Option<u8>, Option<u16>) {
        (self.birth.day, self.birth.month, self.birth.year)
    }

    /// The code of the sex.
    pub(crate) fn sex(&self) -> Option<u8> {
        self.sex
    }

    /// The value of a field that is none of these.
    pub(crate) fn other(&self, field: usize) -> Option<&'p Text> {
        self.others.get(field)?.known()
    }

    /// Two names in alphabetical order, or one name alone, each with its length in front.
    fn write_names_any_order(&self, out: &mut Vec<u8>) -> Option<()> {
        let (one, other) = match self.one_name {
            Some(name) => (name, None),
            None => (self.family?.min(self.given?), Some(self.family?.max(self.given?))),
        };
        for name in [Some(one), other].into_iter().flatten() {
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

fn write_name(letters: &str, part: Part, sounds: &mut Sounds, out: &mut Vec<u8>) -> Option<()> {
    match part {
        Part::Phonetic => {
            let start = out.len();
            sounds.write(letters, out);
            if out.len() == start {
                return None;
            }
        }
        Part::Initial => out.push(*letters.as_bytes().first()?),
        _ if letters.is_empty() => return None,
        _ => out.extend_from_slice(letters.as_bytes()),
    }
    Some(())
}

fn write_address(text: &str, part: Part, sounds: &mut Sounds, out: &mut Vec<u8>) -> Option<()> {
    match part {
        Part::NumberAndStreet => {
            let (number, street) = address::number_and_street(text)?;
            super::token::write_prefixed(number.as_bytes(), out);
            out.extend_from_slice(street.as_bytes());
        }
        Part::Street => out.extend_from_slice(address::street(text)?.as_bytes()),
        Part::Phonetic => {
            let mut letters = address::street(text)?.to_owned();
            letters.retain(|c| c.is_ascii_uppercase());
            write_name(&letters, Part::Phonetic, sounds, out)?;
        }
        _ => out.extend_from_slice(text.as_bytes()),
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::project::{Diacritics, Preset};
    use crate::standardise::date::Accuracy;
    use crate::standardise::{BirthDate, Name, PlaceholderList, Reason};

    fn project() -> Project {
        let text = Preset::Minimal.toml("yard", "2026");
        Project::parse(&text, "project.toml").expect("the preset")
    }

    fn name(text: &str) -> Value<Name> {
        let list = PlaceholderList::new(&Placeholders::standard());
        Name::read(text, Diacritics::Fold, &list)
    }

    fn person(family: &str, given: &str) -> Person {
        let list = PlaceholderList::new(&Placeholders::standard());
        let nothing = Value::Missing(Absent::Empty);
        let mut others = vec![nothing; 4];
        others.push(Text::read(FieldKind::Suburb, "O'Connor North", &list));
        others.push(Text::read(FieldKind::Postcode, "2602", &list));
        Person {
            family: name(family),
            given: name(given),
            birth: Value::Known(BirthDate::new(date(1980, 5, 17), Accuracy::ACCURATE)),
            sex: Value::Known(Sex::Female),
            others,
            slk: Value::Missing(Absent::Empty),
        }
    }

    /// The bytes of one component of the minimal preset's fields.
    fn bytes(person: &Person, field: &str, part: Part) -> Option<Vec<u8>> {
        let project = project();
        let field = project.fields.iter().position(|f| f.name == field).expect("a field");
        let mut out = b"before".to_vec();
        let details = Details::of(person, &project.placeholders);
        let is_known =
            details.write(&project, Component { field, part }, &mut Sounds::default(), &mut out);
        assert!(out.starts_with(b"before") && is_known == (out.len() > 6));
        is_known.then(|| out.split_off(6))
    }

    #[test]
    fn known_values() {
        let someone = person("O'Brien-Smith", "José");
        for (field, part, expected) in [
            ("family_name", Part::Whole, b"OBRIENSMITH".as_slice()),
            ("family_name", Part::Slk, b"BRE"),
            ("family_name", Part::Initial, b"O"),
            ("given_name", Part::Whole, b"JOSE"),
            ("given_name", Part::Slk, b"OS"),
            ("birth_date", Part::Day, &[17]),
            ("birth_date", Part::Month, &[5]),
            ("birth_date", Part::Year, &[0x07, 0xbc]),
            ("birth_date", Part::AnyOrder, &[5, 17, 0x07, 0xbc]),
            ("sex", Part::Whole, b"2"),
            ("postcode", Part::Whole, b"2602"),
        ] {
            assert_eq!(bytes(&someone, field, part).as_deref(), Some(expected), "{field} {part:?}");
        }
        assert!(bytes(&someone, "suburb", Part::Phonetic).is_some());
    }

    #[test]
    fn parts_of_addresses_and_numbers() {
        let list = PlaceholderList::default();
        let project = Project::parse(
            &Preset::Minimal.toml("yard", "2026").replace(
                "[match_keys]\n",
                "home = { kind = \"address\" }\nmobile = { kind = \"phone\" }\n[match_keys]\n",
            ),
            "project.toml",
        );
        let project = project.expect("a project");
        let bytes = |kind, text: &str, part| {
            let mut someone = Person { others: vec![], ..person("Nguyen", "Thi") };
            someone.others = vec![Value::Missing(Absent::Empty); project.fields.len()];
            let field = project.field_of(kind).expect("a field");
            someone.others[field] = Text::read(kind, text, &list);
            let mut out = vec![];
            let details = Details::of(&someone, &project.placeholders);
            let component = Component { field, part };
            details.write(&project, component, &mut Sounds::default(), &mut out).then_some(out)
        };
        let of = |text, part| bytes(FieldKind::Address, text, part);
        for part in [Part::NumberAndStreet, Part::Street, Part::Phonetic] {
            let whole = of("2/14 Smith St", part);
            assert!(whole.is_some() && whole == of("14 Smith Road", part), "{part:?}");
            assert_ne!(whole, of("2/14 Brown St", part), "{part:?}");
        }
        assert_ne!(of("1/14 Smith St", Part::Whole), of("2/14 Smith St", Part::Whole));
        assert_eq!(of("2/14 Smith St", Part::Phonetic), of("2/14 Smyth St", Part::Phonetic));
        assert_eq!(of("PO Box 14", Part::Street), None);
        assert!(of("PO Box 14", Part::NumberAndStreet).is_some());
        assert_eq!(of("Smith St", Part::NumberAndStreet), None);
        let of = |text, part| bytes(FieldKind::Phone, text, part);
        assert_eq!(of("02 5550 4321", Part::Whole).as_deref(), Some(&b"+61255504321"[..]));
        assert_eq!(of("02 5550 4321", Part::LastEight).as_deref(), Some(&b"55504321"[..]));
        assert_eq!(of("02 5550 4321", Part::LastSix).as_deref(), Some(&b"504321"[..]));
        assert_eq!(of("5550 4321", Part::LastSix), None);
    }

    #[test]
    fn names_of_fillers_only_say_nothing() {
        for (family, letters) in [("Ng", Some("G22")), ("Li", Some("I22")), ("O", None)] {
            let found = bytes(&person(family, "An"), "family_name", Part::Slk);
            assert_eq!(found, letters.map(|l| l.as_bytes().to_vec()), "{family}");
        }
    }

    #[test]
    fn estimated_parts_of_a_date_are_missing() {
        let mut someone = person("Nguyen", "Thi");
        let accuracy = Accuracy { day: PartAccuracy::Estimated, ..Accuracy::ACCURATE };
        someone.birth = Value::Known(BirthDate::new(date(1980, 5, 1), accuracy));
        let has = |part| bytes(&someone, "birth_date", part).is_some();
        assert!(has(Part::Year) && has(Part::Month));
        assert!(!has(Part::Day) && !has(Part::AnyOrder));
        let details = Details::of(&someone, &Placeholders::default());
        assert_eq!(details.quality(&project()), ESTIMATED | 0b11_1111);
    }

    #[test]
    fn one_name_people_have_that_name_in_any_order() {
        let any = |family: &str, given: &str| {
            bytes(&person(family, given), "family_name", Part::NamesAnyOrder)
        };
        let one = any("Sukarno", "");
        assert!(one.is_some());
        assert_eq!(any("", "SUKARNO"), one);
        assert_eq!(any("Sukarno", "Sukarno"), one);
        assert_ne!(any("Sukarno", "Ahmed"), one);
        assert_eq!(any("Sukarno", "unknown"), None, "a name that is not known is not none");
        assert_eq!(any("", ""), None);
    }

    #[test]
    fn a_recorded_key_gives_what_the_person_lacks() {
        let mut someone = person("", "");
        someone.birth = Value::Bad(Reason::DateFormat);
        someone.sex = Value::Missing(Absent::NotStated);
        someone.slk = Value::Known("UYNHI170519802".parse().expect("a key"));
        assert_eq!(bytes(&someone, "family_name", Part::Slk).as_deref(), Some(b"UYN".as_slice()));
        assert_eq!(bytes(&someone, "given_name", Part::Slk).as_deref(), Some(b"HI".as_slice()));
        assert_eq!(bytes(&someone, "birth_date", Part::Day), Some(vec![17]));
        assert_eq!(bytes(&someone, "sex", Part::Whole), Some(b"2".to_vec()));
        assert_eq!(bytes(&someone, "family_name", Part::Whole), None);

        // The person's own values come first.
        let mut someone = person("Smith", "Jo");
        someone.slk = Value::Known("UYNHI010119991".parse().expect("a key"));
        assert_eq!(bytes(&someone, "family_name", Part::Slk).as_deref(), Some(b"MIH".as_slice()));
        assert_eq!(bytes(&someone, "birth_date", Part::Day), Some(vec![17]));
        assert_eq!(bytes(&someone, "sex", Part::Whole), Some(b"2".to_vec()));
    }

    #[test]
    fn fillers_of_a_recorded_key_are_missing() {
        let mut someone = person("", "");
        someone.birth = Value::Missing(Absent::Empty);
        someone.sex = Value::Missing(Absent::Empty);
        someone.slk = Value::Known("99922010119009".parse().expect("a key"));
        for (field, part) in [
            ("family_name", Part::Slk),
            ("given_name", Part::Slk),
            ("birth_date", Part::Year),
            ("sex", Part::Whole),
        ] {
            assert_eq!(bytes(&someone, field, part), None, "{field}");
        }
    }

    proptest! {
        #[test]
        fn names_and_dates_in_any_order_do_not_know_the_order(
            a in "[A-Z]{1,8}", b in "[A-Z]{1,8}", day in 1i8..13, month in 1i8..13,
        ) {
            let any = |f: &str, g: &str| {
                bytes(&person(f, g), "family_name", Part::NamesAnyOrder)
            };
            prop_assert_eq!(any(&a, &b), any(&b, &a));
            let dated = |d, m| {
                let mut someone = person("A", "B");
                someone.birth = Value::Known(BirthDate::new(date(1990, m, d), Accuracy::ACCURATE));
                bytes(&someone, "birth_date", Part::AnyOrder)
            };
            prop_assert_eq!(dated(day, month), dated(month, day));
        }
    }
}
