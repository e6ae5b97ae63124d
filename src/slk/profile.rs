//! The seven readings of the SLK-581 rules. What they agree on is in [`super::make()`]; what
//! they differ in is the table here, and nowhere else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Which reading of the SLK-581 rules: they differ in the sex code for "not stated", in
/// short and missing names, and in one-name people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// METEOR 349510, as AIHW reads it (the default).
    Aihw,
    /// ACT Common Dataset for Human Services v4, item 1.7.2.
    ActV4,
    /// DSS Data Exchange.
    Dex,
    /// Primary Mental Health Care minimum data set.
    Pmhc,
    /// Alcohol and other drug treatment services national minimum data set.
    Aodts,
    /// Electronic Persistent Pain Outcomes Collaboration.
    Eppoc,
    /// Specialist Homelessness Services Collection.
    Shsc,
}

impl Profile {
    /// Every profile, the default first.
    pub const ALL: [Profile; 7] = [
        Profile::Aihw,
        Profile::ActV4,
        Profile::Dex,
        Profile::Pmhc,
        Profile::Aodts,
        Profile::Eppoc,
        Profile::Shsc,
    ];

    /// The word for this profile on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Aihw => "aihw",
            Profile::ActV4 => "act-v4",
            Profile::Dex => "dex",
            Profile::Pmhc => "pmhc",
            Profile::Aodts => "aodts",
            Profile::Eppoc => "eppoc",
            Profile::Shsc => "shsc",
        }
    }

    /// Name and version of its rules, as every output carries it: `aihw/1`.
    pub fn label(self) -> String {
        format!("{}/{}", self.name(), self.rules().version)
    }

    /// What this profile does where the profiles differ.
    pub fn rules(self) -> Rules {
        let meteor = Rules {
            version: 1,
            sex_not_stated: b'9',
            one_letter: OneLetter::Short,
            one_name: OneName::AsRecorded,
            part_unknown: PartUnknown::Refused,
            birth: BirthRule::AsRecorded,
            leap_day: LeapDay::RealYears,
            years: (1, 9999),
            digests: Digests::Refused,
        };
        match self {
            Profile::Aihw | Profile::Shsc => meteor,
            Profile::ActV4 => Rules {
                sex_not_stated: b'4',
                one_name: OneName::FamilyOnly,
                part_unknown: PartUnknown::Nines,
                birth: BirthRule::FirstOfMonthOrYear,
                ..meteor
            },
            Profile::Dex => Rules {
                one_letter: OneLetter::Missing,
                one_name: OneName::BothFields,
                birth: BirthRule::FirstOfYear,
                leap_day: LeapDay::AnyYear,
                years: (1900, 2999),
                ..meteor
            },
            Profile::Pmhc => Rules { digests: Digests::Accepted, ..meteor },
            Profile::Aodts => Rules { birth: BirthRule::Filler, ..meteor },
            Profile::Eppoc => Rules { one_name: OneName::GivenOnly, ..meteor },
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The word names no profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected one of aihw, act-v4, dex, pmhc, aodts, eppoc, shsc")]
pub struct UnknownProfile;

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(s: &str) -> Result<Self, UnknownProfile> {
        Profile::ALL.into_iter().find(|p| p.name() == s).ok_or(UnknownProfile)
    }
}

/// Where the profiles differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The version of these rules; it grows when a key of the same person may change.
    pub version: u8,
    /// The digit for a sex that is not stated.
    pub sex_not_stated: u8,
    /// A name of one letter.
    pub one_letter: OneLetter,
    /// A person with one name.
    pub one_name: OneName,
    /// A name of which only some letters are known.
    pub part_unknown: PartUnknown,
    /// A birth date that is estimated or missing.
    pub birth: BirthRule,
    /// Which years have a 29 February, when keys are checked.
    pub leap_day: LeapDay,
    /// The first and the last year a key may have.
    pub years: (i16, i16),
    /// Whether a digest may stand in a column of keys.
    pub digests: Digests,
}

impl Rules {
    /// The sex digits that a key may have.
    pub fn sexes(&self) -> [u8; 4] {
        [b'1', b'2', b'3', self.sex_not_stated]
    }
}

/// What a name of one letter gives. It has none of the letters that a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneLetter {
    /// 2 in each place, as for any short name (METEOR 349481).
    Short,
    /// 9 in each place: the DSS pattern wants a letter before every 2.
    Missing,
}

/// Where the one name of a one-name person goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneName {
    /// Where it was recorded; the other is missing.
    AsRecorded,
    /// The family name (ACT Common Dataset v4): `xxx99`.
    FamilyOnly,
    /// The given name (ePPOC): `999xx`.
    GivenOnly,
    /// Both (DEX).
    BothFields,
}

/// What stands for the unknown letters of a name otherwise known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartUnknown {
    /// Nothing: 9 is for whole names only.
    Refused,
    /// 9 in each missing place (ACT Common Dataset v4): `AR9`.
    Nines,
}

/// What an estimated or missing birth date gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BirthRule {
    /// The date as recorded, with its accuracy beside the key; without a date no key.
    AsRecorded,
    /// An estimated date becomes the first of its month where the month is known, and else
    /// 1 January (ACT Common Dataset v4, 1.3.1); without a date no key.
    FirstOfMonthOrYear,
    /// An estimated date becomes 1 January (DEX); without a date no key.
    FirstOfYear,
    /// A missing date becomes 01011900, to go with accuracy UUU (AODTS).
    Filler,
}

/// Which years have a 29 February.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeapDay {
    /// Leap years.
    RealYears,
    /// Every year, as the DSS pattern has it.
    AnyYear,
}

/// Whether a digest of a key may stand for the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    /// Only keys.
    Refused,
    /// Also SHA-1 as 40 hexadecimal digits or 32 of Crockford's base 32 (PMHC).
    Accepted,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_match_the_settings_file() {
        for profile in Profile::ALL {
            assert_eq!(profile.to_string().parse(), Ok(profile));
            let json = serde_json::to_string(&profile).expect("json");
            assert_eq!(json, format!("\"{profile}\""));
        }
        assert_eq!("AIHW".parse::<Profile>(), Err(UnknownProfile));
        assert_eq!(Profile::ActV4.label(), "act-v4/1");
    }
}
