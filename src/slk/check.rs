//! An existing key, position by position: which rule of the profile each character breaks.
//! Unlike the published DSS pattern, no comma passes for a letter.

use std::fmt;

use jiff::civil::Date;

use super::Slk581;
use super::profile::{Digests, LeapDay, OneLetter, PartUnknown, Profile, Rules};

/// What a checked text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// A key.
    Key(Slk581),
    /// A SHA-1 digest of a key, which PMHC accepts in a key's place.
    Digest,
}

/// One broken rule. Never holds a character of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Defect {
    /// The first position it concerns, counted from 1; 0 for the whole key.
    pub position: u8,
    /// What is wrong there.
    pub fault: Fault,
}

/// What can be wrong at a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// Not 14 characters.
    Length,
    /// A lower-case letter.
    LowerCase,
    /// A comma in a letter's place.
    Comma,
    /// Neither a letter from A to Z nor 2 nor 9.
    NotLetter,
    /// A letter after a 2.
    LetterAfterTwo,
    /// A 2 with no letter before it.
    TwoFirst,
    /// A 9 for a part of a name.
    PartNine,
    /// Not a digit.
    NotDigit,
    /// No month has such a day, or this month has not.
    NoSuchDay,
    /// Not 01 to 12.
    NoSuchMonth,
    /// A year that the profile does not have.
    YearRefused,
    /// A sex digit that the profile does not have.
    SexRefused,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Length => "is not 14 characters long",
            Fault::LowerCase => "is a lower-case letter; keys are upper-case",
            Fault::Comma => "is a comma, which the published DSS pattern lets pass by mistake",
            Fault::NotLetter => "is not a letter from A to Z, 2 or 9",
            Fault::LetterAfterTwo => "is a letter after a 2; 2s only fill the end of a name",
            Fault::TwoFirst => "is a 2 with no letter before it; a one-letter name is 9s here",
            Fault::PartNine => "is a 9 in part of a name; 9s stand for a whole missing name",
            Fault::NotDigit => "is not a digit",
            Fault::NoSuchDay => "is a day that does not exist in that month",
            Fault::NoSuchMonth => "is not a month from 01 to 12",
            Fault::YearRefused => "is a year that the profile does not have",
            Fault::SexRefused => "is a sex digit that the profile does not have",
        })
    }
}

impl Defect {
    /// The part of the key it concerns.
    pub fn part(&self) -> &'static str {
        match self.position {
            1..=3 => "family name",
            4..=5 => "given name",
            6..=13 => "birth date",
            14 => "sex",
            _ => "key",
        }
    }
}

/// Checks a text against a profile.
///
/// # Errors
/// Every broken rule, in the order of positions.
pub fn check(text: &str, profile: Profile) -> Result<Checked, Vec<Defect>> {
    let rules = profile.rules();
    if rules.digests == Digests::Accepted && is_digest(text) {
        return Ok(Checked::Digest);
    }
    grammar(text, &rules, &rules.sexes()).map(Checked::Key)
}

/// The key that a text is under the most generous of the profiles, with a day that exists.
pub(super) fn parse(text: &str) -> Option<Slk581> {
    grammar(text, &Profile::ActV4.rules(), b"12349").ok()
}

fn grammar(text: &str, rules: &Rules, sexes: &[u8]) -> Result<Slk581, Vec<Defect>> {
    let characters: Vec<char> = text.chars().take(15).collect();
    let Ok(characters) = <[char; 14]>::try_from(characters) else {
        return Err(vec![Defect { position: 0, fault: Fault::Length }]);
    };
    let mut defects = Vec::new();
    name(&characters[..3], 1, rules, &mut defects);
    name(&characters[3..5], 4, rules, &mut defects);
    birth(&characters[5..13], rules, &mut defects);
    if !sexes.iter().any(|sex| characters[13] == char::from(*sex)) {
        defects.push(Defect { position: 14, fault: Fault::SexRefused });
    }
    if !defects.is_empty() {
        return Err(defects);
    }
    // Every character was found to be a letter from A to Z or a digit.
    Ok(Slk581::of(characters.map(|c| c as u8)))
}

/// Letters, then 2s; or 9s for the whole.
fn name(characters: &[char], first: u8, rules: &Rules, defects: &mut Vec<Defect>) {
    let before = defects.len();
    let mut note = |at: usize, fault| defects.push(Defect { position: first + at as u8, fault });
    for (at, c) in characters.iter().enumerate() {
        match c {
            'A'..='Z' | '2' | '9' => {}
            'a'..='z' => note(at, Fault::LowerCase),
            ',' => note(at, Fault::Comma),
            _ => note(at, Fault::NotLetter),
        }
    }
    if defects.len() > before || characters.iter().all(|c| *c == '9') {
        return;
    }
    let mut note = |at: usize, fault| defects.push(Defect { position: first + at as u8, fault });
    let mut two = false;
    for (at, c) in characters.iter().enumerate() {
        match c {
            '9' if rules.part_unknown == PartUnknown::Refused => note(at, Fault::PartNine),
            '2' if at == 0 && rules.one_letter == OneLetter::Missing => note(at, Fault::TwoFirst),
            'A'..='Z' if two => note(at, Fault::LetterAfterTwo),
            _ => {}
        }
        two |= *c == '2';
    }
}

fn birth(characters: &[char], rules: &Rules, defects: &mut Vec<Defect>) {
    let mut note = |position, fault| defects.push(Defect { position, fault });
    let digits: Option<Vec<i16>> =
        characters.iter().map(|c| c.to_digit(10).map(|n| n as i16)).collect();
    let Some(digits) = digits else {
        let wrong = (6..).zip(characters).filter(|(_, c)| !c.is_ascii_digit());
        return wrong.for_each(|(position, _)| note(position, Fault::NotDigit));
    };
    let number = |range: std::ops::Range<usize>| digits[range].iter().fold(0, |n, d| n * 10 + d);
    let (day, month, year) = (number(0..2), number(2..4), number(4..8));
    // A leap year stands in where any year may have a 29 February, or the year is wrong.
    let calendar = match rules.leap_day {
        LeapDay::RealYears if year > 0 => year,
        _ => 2000,
    };
    let days = match month {
        1..=12 => Date::new(calendar, month as i8, 1).map_or(31, |d| d.days_in_month()),
        _ => 31,
    };
    if !(1..=i16::from(days)).contains(&day) {
        note(6, Fault::NoSuchDay);
    }
    if !(1..=12).contains(&month) {
        note(8, Fault::NoSuchMonth);
    }
    if !(rules.years.0..=rules.years.1).contains(&year) {
        note(10, Fault::YearRefused);
    }
}

/// SHA-1 as 40 hexadecimal digits, or as 32 of Crockford's base 32 (PMHC MDS).
fn is_digest(text: &str) -> bool {
    let crockford = |b: u8| b.is_ascii_alphanumeric() && !b"ILOUilou".contains(&b);
    match text.len() {
        40 => text.bytes().all(|b| b.is_ascii_hexdigit()),
        32 => text.bytes().all(crockford),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str, profile: Profile) -> Vec<(u8, Fault)> {
        let defects = check(text, profile).err().unwrap_or_default();
        defects.into_iter().map(|d| (d.position, d.fault)).collect()
    }

    #[test]
    fn a_comma_never_passes() {
        // The published DSS pattern has the class `A-Z,2` at positions 3 and 5.
        for (text, position) in [("MI,OH010120171", 3), ("MIHO,010120171", 5)] {
            for profile in Profile::ALL {
                assert_eq!(faults(text, profile), [(position, Fault::Comma)], "{profile}");
            }
        }
    }

    #[test]
    fn profiles_differ_where_table_1_8_says() {
        use Profile::{ActV4, Aihw, Dex, Pmhc};
        let fine: &[(u8, Fault)] = &[];
        for (text, profile, expected) in [
            ("22299191220001", Aihw, fine),
            ("22299191220001", Dex, &[(1, Fault::TwoFirst)]),
            ("MIH22191220001", Dex, &[(4, Fault::TwoFirst)]),
            ("AR9OH191220001", ActV4, fine),
            ("AR9OH191220001", Aihw, &[(3, Fault::PartNine)]),
            ("AR9OH191220001", Dex, &[(3, Fault::PartNine)]),
            ("MIHOH010120174", ActV4, fine),
            ("MIHOH010120174", Aihw, &[(14, Fault::SexRefused)]),
            ("MIHOH010120179", ActV4, &[(14, Fault::SexRefused)]),
            ("ALSAV111111111", Aihw, fine),
            ("ALSAV111111111", Dex, &[(10, Fault::YearRefused)]),
            ("MIHOH290219991", Dex, fine),
            ("MIHOH290219991", Aihw, &[(6, Fault::NoSuchDay)]),
            ("MIHOH300220001", Dex, &[(6, Fault::NoSuchDay)]),
            ("08f826084ddab44afbec723ab04f7d5f597b1fa4", Pmhc, fine),
            ("13W2C22DVAT4NYZCE8XB0KVXBXCQP7X4", Pmhc, fine),
            ("13W2C22DVAT4NYZCE8XB0KVXBXCQP7X4", Aihw, &[(0, Fault::Length)]),
        ] {
            assert_eq!(faults(text, profile), expected, "{text} {profile}");
        }
    }

    #[test]
    fn every_broken_position_is_named() {
        for (text, expected) in [
            ("", vec![(0, Fault::Length)]),
            ("MIHOH0101201711", vec![(0, Fault::Length)]),
            ("MIHOH010120171é", vec![(0, Fault::Length)]),
            ("mihoh010120171", (1..=5).map(|p| (p, Fault::LowerCase)).collect()),
            ("M2HOH010120171", vec![(3, Fault::LetterAfterTwo)]),
            ("2IHOH010120171", vec![(2, Fault::LetterAfterTwo), (3, Fault::LetterAfterTwo)]),
            ("É1HOH010120171", vec![(1, Fault::NotLetter), (2, Fault::NotLetter)]),
            ("MIHOHO10120171", vec![(6, Fault::NotDigit)]),
            ("MIHOH321320171", vec![(6, Fault::NoSuchDay), (8, Fault::NoSuchMonth)]),
            ("MIHOH01010000M", vec![(10, Fault::YearRefused), (14, Fault::SexRefused)]),
            ("MIHIC29011959M", vec![(14, Fault::SexRefused)]),
            ("MIHOH010120170", vec![(14, Fault::SexRefused)]),
            ("99999010119009", vec![]),
            ("MIHOH090999991", vec![]),
        ] {
            assert_eq!(faults(text, Profile::Aihw), expected, "{text}");
        }
    }
}
