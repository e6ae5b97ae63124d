//! SLK-581 statistical linkage keys (METEOR 349510): letters 2, 3 and 5 of the family name,
//! 2 and 3 of the given name, the birth date as `DDMMYYYY`, one digit for sex. Takes a
//! standardised person, gives a key with what was doubtful about it; never reads raw text
//! and never decides whether two keys are one person.

pub mod check;
pub mod explain;
pub mod export;
mod lines;
pub mod make;
pub mod profile;

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

pub use make::{NoKey, Quality, make};
pub use profile::Profile;

/// A key: 14 ASCII characters that keep the grammar. Prints as shape.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slk581([u8; 14]);

impl Slk581 {
    /// The key of these 14 ASCII characters; who calls this has checked them.
    fn of(characters: [u8; 14]) -> Self {
        debug_assert!(characters.is_ascii());
        Slk581(characters)
    }

    /// The 14 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As [`Slk581::as_str`], one byte each.
    pub fn bytes(&self) -> &[u8; 14] {
        &self.0
    }

    /// The three characters of the family name; 999 when it is missing.
    pub fn family_letters(&self) -> &str {
        &self.as_str()[..3]
    }

    /// The two characters of the given name; 99 when it is missing.
    pub fn given_letters(&self) -> &str {
        &self.as_str()[3..5]
    }

    /// The birth date as `DDMMYYYY`.
    pub fn birth_digits(&self) -> &str {
        &self.as_str()[5..13]
    }

    /// The birth date; none for 29 February of a common year, which the DEX grammar allows.
    pub fn birth_date(&self) -> Option<Date> {
        let digits = self.birth_digits();
        let number = |range: std::ops::Range<usize>| digits[range].parse::<i16>().ok();
        let (day, month) = (number(0..2)?, number(2..4)?);
        Date::new(number(4..8)?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }

    /// The digit for sex: 1, 2, 3, and 9 or (ACT) 4 for not stated.
    pub fn sex_digit(&self) -> char {
        char::from(self.0[13])
    }
}

impl fmt::Debug for Slk581 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slk581(14 characters)")
    }
}

/// The text is no SLK-581 under any profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an SLK-581: 5 letters, 2s or 9s, a date as DDMMYYYY, and 1, 2, 3, 4 or 9")]
pub struct Malformed;

impl FromStr for Slk581 {
    type Err = Malformed;

    /// Reads a key that is well-formed under at least one profile; upper-case only.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        check::parse(text).ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_key() {
        // ACT Common Dataset v4, item 1.7.2: the one worked example.
        let key: Slk581 = "MIHOH010120171".parse().expect("a key");
        assert_eq!(key.family_letters(), "MIH");
        assert_eq!(key.given_letters(), "OH");
        assert_eq!(key.birth_digits(), "01012017");
        assert_eq!(key.birth_date(), Some(jiff::civil::date(2017, 1, 1)));
        assert_eq!(key.sex_digit(), '1');
    }

    #[test]
    fn prints_as_shape() {
        let key: Slk581 = "MIHOH010120171".parse().expect("a key");
        assert_eq!(format!("{key:?}"), "Slk581(14 characters)");
    }
}
