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
                if name.bytes().len() == 1 && rules.one_letter == OneLetter::Missing =>
            {
                Slot::OneLetter
            }
            Value::Known(name) => Slot::Own(name),
            Value::Missing(absent) => Slot::Absent(*absent),
            // Reading a name never calls it bad; were it so, it would be no name.
            Value::Bad(_) => Slot::Absent(Absent::NoLetters),
        }
    }

    /// The name that this slot takes its characters from.
    fn name(&self) -> Option<&'a Name> {
        match self {
            Slot::Own(name) | Slot::Other(name) => Some(name),
            Slot::Moved | Slot::OneLetter | Slot::Absent(_) => None,
        }
    }

    fn characters<const N: usize>(&self, places: [usize; N]) -> [u8; N] {
        let Some(name) = self.name() else { return [b'9'; N] };
        let letters = name.bytes();
        places.map(|place| letters.get(place - 1).copied().unwrap_or(b'2'))
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
    #[inline]
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

    /// Appends the codes as they stand in a quality column.
    pub(super) fn write(&self, cell: &mut String) {
        if self.is_ok() {
            cell.push_str("ok");
        }
        for (i, code) in self.codes.iter().enumerate() {
            cell.push_str(if i > 0 { ";" } else { "" });
            cell.push_str(code);
        }
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
            if first < GIVEN_PLACES[1] && first < name.bytes().len() {
                codes.push("several-given-names");
            }
        }
        if let (Slot::Own(family), Slot::Own(given)) = (family, given)
            && family.bytes() == given.bytes()
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
        let mut cell = String::new();
        self.write(&mut cell);
        f.write_str(&cell)
    }
}

fn family_code(slot: &Slot<'_>) -> Option<&'static str> {
    Some(match slot {
        Slot::Absent(Absent::Empty) => "family-missing",
        Slot::Absent(Absent::Placeholder | Absent::NoFixedAddress) => "family-placeholder",
        Slot::Absent(Absent::NotStated) => "family-not-stated",
        Slot::Absent(Absent::NoLetters) => "family-no-letters",
        Slot::Absent(Absent::OtherScript) => "family-other-script",
        Slot::OneLetter => "family-one-letter",
        Slot::Own(name) if name.bytes().len() == 1 => "family-one-letter",
        Slot::Own(name) if name.bytes().len() < FAMILY_PLACES[2] => "family-short",
        Slot::Own(_) | Slot::Other(_) | Slot::Moved => return None,
    })
}

fn given_code(slot: &Slot<'_>) -> Option<&'static str> {
    Some(match slot {
        Slot::Absent(Absent::Empty) => "given-missing",
        Slot::Absent(Absent::Placeholder | Absent::NoFixedAddress) => "given-placeholder",
        Slot::Absent(Absent::NotStated) => "given-not-stated",
        Slot::Absent(Absent::NoLetters) => "given-no-letters",
        Slot::Absent(Absent::OtherScript) => "given-other-script",
        Slot::OneLetter => "given-one-letter",
        Slot::Own(name) if name.bytes().len() == 1 => "given-one-letter",
        Slot::Own(name) if name.bytes().len() < GIVEN_PLACES[1] => "given-short",
        Slot::Own(_) | Slot::Other(_) | Slot::Moved => return None,
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::{Date, date};
    use proptest::prelude::*;
    use serde_json::Value as Json;

    use super::*;
    use crate::project::{Diacritics, Placeholders};
    use crate::slk::check::{Checked, check};
    use crate::standardise::date::Accuracy;
    use crate::standardise::{PlaceholderList, Sex};

    const DAY: Date = date(2000, 12, 19);

    fn name(text: &str) -> Value<Name> {
        let list = PlaceholderList::new(&Placeholders::standard());
        Name::read(text, Diacritics::Fold, &list)
    }

    fn person(family: &str, given: &str, day: Date, sex: &str) -> Person {
        Person {
            family: name(family),
            given: name(given),
            birth: Value::Known(BirthDate::new(day, Accuracy::ACCURATE)),
            sex: Sex::read(sex),
            others: Vec::new(),
            slk: Value::Missing(Absent::Empty),
        }
    }

    /// Key and quality, or the codes of its absence.
    fn of(person: &Person, profile: Profile) -> (String, String) {
        match make(person, profile) {
            Ok((key, quality)) => (key.as_str().to_owned(), quality.to_string()),
            Err(none) => (String::new(), none.codes().join(";")),
        }
    }

    fn key(family: &str, given: &str, sex: &str, profile: Profile) -> String {
        of(&person(family, given, DAY, sex), profile).0
    }

    fn vectors() -> Json {
        let text = include_str!("../../testdata/vectors/slk_vectors.json");
        serde_json::from_str(text).expect("vectors")
    }

    fn text<'j>(case: &'j Json, field: &str) -> &'j str {
        case[field].as_str().unwrap_or_default()
    }

    #[test]
    fn published_keys_under_aihw_and_no_published_mistake() {
        let vectors = vectors();
        let cases = vectors["vectors"].as_array().expect("cases");
        let mut seen = (0, 0);
        for case in cases {
            let digits = text(case, "dob");
            let number = |range: std::ops::Range<usize>| digits[range].parse().expect("a number");
            let day = Date::new(number(4..8), number(2..4) as i8, number(0..2) as i8);
            let person = person(
                text(case, "family"),
                text(case, "given"),
                day.expect("a day"),
                text(case, "sex"),
            );
            let (made, _) = of(&person, Profile::Aihw);
            let published = text(case, "key");
            if text(case, "kind") == "published_wrong" {
                assert_eq!(made, text(case, "aihw_key"), "{case}");
                assert_ne!(made, published, "{case}");
                assert!(check(published, Profile::Dex).is_err(), "{case}");
                seen.1 += 1;
            } else {
                assert_eq!(made, published, "{case}");
                let allowed = case["dex_pattern_ok"].as_bool().expect("a flag");
                assert_eq!(check(published, Profile::Dex).is_ok(), allowed, "{case}");
                seen.0 += 1;
            }
        }
        assert_eq!(seen, (22, 3));
    }

    #[test]
    fn published_name_parts() {
        let vectors = vectors();
        let groups = ["name_part_examples", "derived_from_named_examples"];
        let cases: Vec<&Json> =
            groups.iter().flat_map(|g| vectors[g].as_array().expect("cases")).collect();
        assert_eq!(cases.len(), 20);
        for case in cases {
            let typed = |field| Some(text(case, field)).filter(|t| *t != "(missing)");
            let family = typed("family").unwrap_or_default();
            let given = typed("given").unwrap_or_default();
            let made = key(family, given, "1", Profile::Aihw);
            let part = match (case.get("family"), case.get("given")) {
                (Some(_), None) => &made[..3],
                (None, Some(_)) => &made[3..5],
                _ => &made[..5],
            };
            assert_eq!(part, text(case, "part"), "{case}");
        }
    }

    /// METEOR 349481: 2 for a letter that is not there, 999 for no name at all.
    #[test]
    fn meteor_349481_family_letters() {
        for (family, part) in [
            ("Smith", "MIH"),
            ("Farr", "AR2"),
            ("Hua", "UA2"),
            ("Ng", "G22"),
            ("O", "222"),
            ("", "999"),
            ("---", "999"),
            ("李", "999"),
            ("Unknown", "999"),
        ] {
            assert_eq!(&key(family, "Jo", "1", Profile::Aihw)[..3], part, "{family}");
        }
    }

    /// METEOR 349483: 22 for a name of one letter, 99 for none. The blank of a field with
    /// several names is dropped as in its "Eu Jin"; 624484 wants the first given name only,
    /// so where that would differ the quality says so.
    #[test]
    fn meteor_349483_given_letters_and_meteor_624484_first_given_name() {
        for (given, part, quality) in [
            ("Elizabeth", "LI", "ok"),
            ("Jo", "O2", "given-short"),
            ("J", "22", "given-one-letter"),
            ("", "99", "given-missing"),
            (".", "99", "given-no-letters"),
            ("Baby of", "99", "given-placeholder"),
            ("Иван", "99", "given-other-script"),
            ("J Paul", "PA", "several-given-names"),
            ("Jo Anne", "OA", "several-given-names"),
            ("Anna Maria", "NN", "ok"),
            ("Jo-Anne", "OA", "ok"),
        ] {
            let (key, codes) = of(&person("Brown", given, DAY, "1"), Profile::Aihw);
            assert_eq!((&key[3..5], codes.as_str()), (part, quality), "{given}");
        }
    }

    /// METEOR 349510: the birth date as DDMMYYYY, then one digit for sex.
    #[test]
    fn meteor_349510_date_and_sex() {
        for (sex, aihw, act) in [("1", '1', '1'), ("F", '2', '2'), ("X", '3', '3'), ("", '9', '4')]
        {
            for (profile, digit) in [(Profile::Aihw, aihw), (Profile::ActV4, act)] {
                let made = key("Smith", "John", sex, profile);
                assert_eq!(made, format!("MIHOH19122000{digit}"), "{sex} {profile}");
            }
        }
        let (made, quality) = of(&person("Smith", "John", date(907, 1, 2), "?"), Profile::Aihw);
        assert_eq!((made.as_str(), quality.as_str()), ("MIHOH020109079", "sex-unknown-code"));
    }

    #[test]
    fn table_1_8_one_name_people() {
        use Profile::*;
        for (profile, as_family, as_given) in [
            (Aihw, "UHR99", "999UH"),
            (ActV4, "UHR99", "UHR99"),
            (Dex, "UHRUH", "UHRUH"),
            (Pmhc, "UHR99", "999UH"),
            (Aodts, "UHR99", "999UH"),
            (Eppoc, "999UH", "999UH"),
            (Shsc, "UHR99", "999UH"),
        ] {
            assert_eq!(&key("Suharto", "", "1", profile)[..5], as_family, "{profile}");
            assert_eq!(&key("", "Suharto", "1", profile)[..5], as_given, "{profile}");
            // A name recorded as unknown is missing; it makes nobody a one-name person.
            assert_eq!(&key("Suharto", "unknown", "1", profile)[..5], "UHR99", "{profile}");
        }
    }

    #[test]
    fn table_1_8_one_letter_short_and_missing_names() {
        for profile in Profile::ALL {
            let one_letter = if profile == Profile::Dex { "99999" } else { "22222" };
            assert_eq!(&key("O", "J", "1", profile)[..5], one_letter, "{profile}");
            assert_eq!(&key("Ng", "Jo", "1", profile)[..5], "G22O2", "{profile}");
            assert_eq!(&key("", "", "1", profile)[..5], "99999", "{profile}");
        }
    }

    #[test]
    fn table_1_8_estimated_and_missing_birth_dates() {
        let born = |accuracy: &str, day| {
            let code = crate::sources::spec::AccuracyCode::Aeu;
            let accuracy = Accuracy::read(code, accuracy).expect("accuracy");
            let birth = Value::Known(BirthDate::new(day, accuracy));
            Person { birth, ..person("Smith", "John", DAY, "1") }
        };
        let (exact, day, all) = (born("AAA", DAY), born("EAA", DAY), born("EEE", DAY));
        let month = born("EEE", date(2000, 12, 1));
        for (profile, of_day, of_all, of_month) in [
            (Profile::Aihw, "19122000", "19122000", "01122000"),
            (Profile::ActV4, "01122000", "01012000", "01122000"),
            (Profile::Dex, "01012000", "01012000", "01012000"),
            (Profile::Pmhc, "19122000", "19122000", "01122000"),
            (Profile::Aodts, "19122000", "19122000", "01122000"),
            (Profile::Eppoc, "19122000", "19122000", "01122000"),
            (Profile::Shsc, "19122000", "19122000", "01122000"),
        ] {
            let digits = |person| {
                let (key, quality) = of(person, profile);
                assert_eq!(quality, "birth-date-estimated", "{profile}");
                key[5..13].to_owned()
            };
            assert_eq!(of(&exact, profile).0, "MIHOH191220001", "{profile}");
            assert_eq!(
                (digits(&day), digits(&all), digits(&month)),
                (of_day.into(), of_all.into(), of_month.into()),
                "{profile}"
            );
        }
        let none = Person { birth: Value::Missing(Absent::Placeholder), ..exact.clone() };
        let bad = Person { birth: Value::Bad(Reason::NoSuchDay), ..exact };
        for profile in Profile::ALL {
            let expected = match profile {
                Profile::Aodts => [("MIHOH010119001", "birth-date-filler"); 2],
                _ => [("", "no-key;birth-date-placeholder"), ("", "no-key;birth-date-no-such-day")],
            };
            for (person, (key, quality)) in [&none, &bad].into_iter().zip(expected) {
                assert_eq!(of(person, profile), (key.into(), quality.into()), "{profile}");
            }
        }
    }

    /// The DSS pattern has years 19xx and 2xxx only.
    #[test]
    fn dex_has_no_key_before_1900() {
        let old = person("Smith", "John", date(1899, 12, 31), "1");
        assert_eq!(of(&old, Profile::Dex).1, "no-key;birth-date-year-refused");
        assert_eq!(of(&old, Profile::Aihw).0, "MIHOH311218991");
    }

    #[test]
    fn given_equal_to_family_is_kept_and_noted() {
        let (key, quality) = of(&person("Suharto", "SUHARTO", DAY, "1"), Profile::Aihw);
        assert_eq!((&key[..5], quality.as_str()), ("UHRUH", "equal-names"));
    }

    #[test]
    fn case_marks_and_signs_do_not_change_a_key() {
        let plain = key("Nguyen", "Oscar", "2", Profile::Aihw);
        for (family, given) in [
            ("NGUYEN", "oscar"),
            ("Nguyễn", "Óscar"),
            ("Nguye\u{302}\u{303}n", "O\u{301}scar"),
            ("Nguy-en", "O\u{2019}scar"),
            ("Ngu yen.", "Os\u{200b}car"),
        ] {
            assert_eq!(key(family, given, "2", Profile::Aihw), plain, "{family}");
        }
    }

    proptest! {
        /// Any two texts give a key that its own profile accepts, or a stated reason.
        #[test]
        fn a_key_keeps_its_own_grammar(
            family in "\\PC{0,12}",
            given in "\\PC{0,12}",
            day in 1i8..=28, month in 1i8..=12, year in 1i16..=9999,
            accuracy in "[AEU]{3}",
            sex in "[0-9mfx]{0,2}",
        ) {
            let accuracy =
                Accuracy::read(crate::sources::spec::AccuracyCode::Aeu, &accuracy).expect("AEU");
            let birth = BirthDate::new(date(year, month, day), accuracy);
            let person =
                Person { birth: Value::Known(birth), ..person(&family, &given, DAY, &sex) };
            for profile in Profile::ALL {
                match make(&person, profile) {
                    Ok((key, _)) => {
                        prop_assert_eq!(key.as_str().len(), 14);
                        prop_assert_eq!(check(key.as_str(), profile), Ok(Checked::Key(key)));
                        prop_assert_eq!(key.as_str().parse(), Ok(key));
                    }
                    Err(none) => prop_assert_eq!(none, NoKey::YearRefused),
                }
            }
        }
    }
}
