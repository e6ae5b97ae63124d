//! The identifiers that cross between rooms. None of them says who a person is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of one source in a project: what its files are called.
///
/// One to 64 lower-case letters, digits and hyphens, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceName(String);

impl SourceName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a text is not a [`SourceName`], [`RowId`] or [`PersonId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not a source name.
    #[error("expected 1 to 64 lower-case letters, digits and hyphens, beginning with a letter")]
    SourceName,
    /// Not a row id.
    #[error("expected a row id of 32 hexadecimal digits")]
    RowId,
    /// Not a person id.
    #[error("expected a person id: `p` and 16 letters or digits")]
    PersonId,
}

impl FromStr for SourceName {
    type Err = Malformed;

    fn from_str(s: &str) -> Result<Self, Malformed> {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        let ok = (1..=64).contains(&s.len())
            && s.as_bytes()[0].is_ascii_lowercase()
            && s.bytes().all(plain);
        ok.then(|| SourceName(s.to_owned())).ok_or(Malformed::SourceName)
    }
}

impl TryFrom<String> for SourceName {
    type Error = Malformed;

    fn try_from(s: String) -> Result<Self, Malformed> {
        s.parse()
    }
}

impl From<SourceName> for String {
    fn from(name: SourceName) -> String {
        name.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The pseudonym of one person in one source: 16 bytes, made by the agency from its own key
/// and its own record number. Written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub [u8; 16]);

impl RowId {
    /// The 32 hexadecimal digits it is written as.
    pub fn digits(&self) -> [u8; 32] {
        let digit = |half: u8| b"0123456789abcdef"[usize::from(half)];
        std::array::from_fn(|i| match i % 2 {
            0 => digit(self.0[i / 2] >> 4),
            _ => digit(self.0[i / 2] & 15),
        })
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl FromStr for RowId {
    type Err = Malformed;

    fn from_str(s: &str) -> Result<Self, Malformed> {
        let hex = s.len() == 32 && s.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex {
            return Err(Malformed::RowId);
        }
        u128::from_str_radix(s, 16).map(|n| RowId(n.to_be_bytes())).map_err(|_| Malformed::RowId)
    }
}

/// The pseudonym of one person across the sources of a project, given by the linkage unit.
/// Written as `p` and 16 characters of Crockford's base 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId([u8; 10]);

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl PersonId {
    /// The id made of these 80 bits.
    pub fn from_bytes(bytes: [u8; 10]) -> Self {
        PersonId(bytes)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut wide = [0u8; 16];
        wide[6..].copy_from_slice(&self.0);
        let n = u128::from_be_bytes(wide);
        f.write_str("p")?;
        for i in (0..16).rev() {
            let digit = CROCKFORD[(n >> (5 * i)) as usize & 31];
            write!(f, "{}", digit as char)?;
        }
        Ok(())
    }
}

impl FromStr for PersonId {
    type Err = Malformed;

    fn from_str(s: &str) -> Result<Self, Malformed> {
        let digits = s.strip_prefix('p').ok_or(Malformed::PersonId)?;
        if digits.len() != 16 {
            return Err(Malformed::PersonId);
        }
        let mut n = 0u128;
        for b in digits.bytes() {
            let value = CROCKFORD.iter().position(|&c| c == b).ok_or(Malformed::PersonId)?;
            n = n << 5 | value as u128;
        }
        let mut id = [0u8; 10];
        id.copy_from_slice(&n.to_be_bytes()[6..]);
        Ok(PersonId(id))
    }
}

/// How sure a link is. Bands leave the linkage unit; weights and probabilities do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Band {
    /// The person has this one row only: nothing was linked to it.
    Single,
    /// Worth a clerical review; not linked.
    Possible,
    /// More likely than not the same person; linked.
    Probable,
    /// The same person for practical purposes; linked.
    Definite,
}

impl Band {
    /// Every band, weakest first.
    pub const ALL: [Band; 4] = [Band::Single, Band::Possible, Band::Probable, Band::Definite];

    /// The word for this band in files.
    pub fn name(self) -> &'static str {
        match self {
            Band::Single => "single",
            Band::Possible => "possible",
            Band::Probable => "probable",
            Band::Definite => "definite",
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn row_ids_read_back(bytes: [u8; 16]) {
            let id = RowId(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn person_ids_read_back(bytes: [u8; 10]) {
            let id = PersonId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }
    }

    #[test]
    fn source_names_are_plain() {
        for good in ["agency-a", "a", "shs2024"] {
            assert!(good.parse::<SourceName>().is_ok(), "{good}");
        }
        for bad in ["", "Agency", "a b", "../x", "-a", "9a", "a_b"] {
            assert_eq!(bad.parse::<SourceName>(), Err(Malformed::SourceName), "{bad}");
        }
    }
}
