//! The linkage agreement: the same `project.toml` at every party, and no secret. It says
//! which fields are used and how each is standardised, which match keys are made of them,
//! and under which suite. Its digest goes in every package.

mod digest;
pub mod fuzzy;
pub mod groups;
mod parse;
mod placeholders;
mod preset;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::slk::Profile;

use fuzzy::FuzzySettings;

pub use digest::{NotADigest, ProjectDigest, differences};
pub use parse::{PLAIN_WORD, is_plain_word};
pub use preset::{Extra, Preset};

/// A checked linkage agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The project's id; part of every derived key.
    pub id: String,
    /// The period the agreement covers; part of every derived key.
    pub period: String,
    /// What the linked records are for, in the words that sources have for consent; often none.
    pub purposes: Vec<String>,
    /// The keyed hash.
    pub suite: Suite,
    /// The SLK-581 profile.
    pub slk_profile: Profile,
    /// What happens to a letter with a mark that is not in A to Z.
    pub diacritics: Diacritics,
    /// How many people of one file may have the same token before it is withheld (1).
    pub people_per_token: u32,
    /// The fields, in the order of the file.
    pub fields: Vec<Field>,
    /// The match keys, in the order of the file; each is one column of a package.
    pub match_keys: Vec<MatchKey>,
    /// How the fuzzy column is made; without this there is none.
    pub fuzzy: Option<FuzzySettings>,
    /// Values that stand for "missing".
    pub placeholders: Placeholders,
}

/// One field of the agreement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name, as sources map columns to it.
    pub name: String,
    /// How it is standardised.
    pub kind: FieldKind,
    /// Fields with the same word here are compared as one, since they go together
    /// (suburb and postcode are both "place"). Defaults to the field's own name.
    pub compare_as: String,
}

/// How a field is standardised, and so which parts it has.
///
/// A project has at most one field of each of the first four kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// Family name.
    FamilyName,
    /// Given name.
    GivenName,
    /// Birth date.
    BirthDate,
    /// Sex: 1, 2, 3 or not stated.
    Sex,
    /// Suburb, town or locality.
    Suburb,
    /// Australian postcode: four digits.
    Postcode,
    /// Australian state or territory.
    State,
    /// Street address: number and street, or a post box.
    Address,
    /// Telephone number.
    Phone,
    /// Other text: upper-cased, folded, letters and digits only.
    Text,
}

impl FieldKind {
    /// Every kind.
    pub const ALL: [FieldKind; 10] = [
        FieldKind::FamilyName,
        FieldKind::GivenName,
        FieldKind::BirthDate,
        FieldKind::Sex,
        FieldKind::Suburb,
        FieldKind::Postcode,
        FieldKind::State,
        FieldKind::Address,
        FieldKind::Phone,
        FieldKind::Text,
    ];

    /// The word for this kind in `project.toml`.
    pub fn name(self) -> &'static str {
        match self {
            FieldKind::FamilyName => "family-name",
            FieldKind::GivenName => "given-name",
            FieldKind::BirthDate => "birth-date",
            FieldKind::Sex => "sex",
            FieldKind::Suburb => "suburb",
            FieldKind::Postcode => "postcode",
            FieldKind::State => "state",
            FieldKind::Address => "address",
            FieldKind::Phone => "phone",
            FieldKind::Text => "text",
        }
    }

    /// Whether a value says which household somebody lives in, as good as a name.
    pub fn is_of_a_household(self) -> bool {
        matches!(self, FieldKind::Address | FieldKind::Phone)
    }

    /// Whether a project may have only one field of this kind.
    pub fn is_single(self) -> bool {
        matches!(
            self,
            FieldKind::FamilyName | FieldKind::GivenName | FieldKind::BirthDate | FieldKind::Sex
        )
    }
}

impl FromStr for FieldKind {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        FieldKind::ALL.into_iter().find(|k| k.name() == s).ok_or(())
    }
}

/// One match key: a set of components hashed whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchKey {
    /// Its name; also the package column.
    pub name: String,
    /// Its components, sorted and distinct.
    pub components: Vec<Component>,
}

/// A small derived value of a standardised field, by the field's place in
/// [`Project::fields`].
///
/// Written `field` or `field.part`: `family_name`, `family_name.phonetic`,
/// `birth_date.year`, `names.any_order`. The words `birth_date` (day, month and year) and
/// `slk581` (family and given name letters, birth date, sex) stand for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Component {
    /// Index of the field. For [`Part::NamesAnyOrder`] that of the family name.
    pub field: usize,
    /// Which part of it.
    pub part: Part,
}

/// The parts that fields have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The whole standardised value (names, sex, place, text).
    Whole,
    /// Phonetic code (names, suburb, the street of an address).
    Phonetic,
    /// The letters that SLK-581 takes (names): 2, 3, 5 of the family name, 2, 3 of the given.
    Slk,
    /// First letter (names).
    Initial,
    /// Day of the month (birth date).
    Day,
    /// Month (birth date).
    Month,
    /// Year (birth date).
    Year,
    /// Day and month in either order, with the year (birth date).
    AnyOrder,
    /// Number and name of the street, without the dwelling and the type of the street
    /// (address); of a post box, all of it.
    NumberAndStreet,
    /// Name of the street (address).
    Street,
    /// The last eight digits, which do not hang on the country or area code (phone).
    LastEight,
    /// The last six digits (phone).
    LastSix,
    /// Family and given name in either order; one-name people fold to that name.
    NamesAnyOrder,
}

impl Part {
    /// The word after the dot, empty for the whole value.
    pub fn name(self) -> &'static str {
        match self {
            Part::Whole => "",
            Part::Phonetic => "phonetic",
            Part::Slk => "slk",
            Part::Initial => "initial",
            Part::Day => "day",
            Part::Month => "month",
            Part::Year => "year",
            Part::NumberAndStreet => "number_and_street",
            Part::Street => "street",
            Part::LastEight => "last_eight",
            Part::LastSix => "last_six",
            Part::AnyOrder | Part::NamesAnyOrder => "any_order",
        }
    }

    /// The parts that a field of this kind has.
    pub fn of(kind: FieldKind) -> &'static [Part] {
        match kind {
            FieldKind::FamilyName | FieldKind::GivenName => {
                &[Part::Whole, Part::Phonetic, Part::Slk, Part::Initial]
            }
            FieldKind::BirthDate => &[Part::Day, Part::Month, Part::Year, Part::AnyOrder],
            FieldKind::Suburb => &[Part::Whole, Part::Phonetic],
            FieldKind::Address => {
                &[Part::Whole, Part::NumberAndStreet, Part::Street, Part::Phonetic]
            }
            FieldKind::Phone => &[Part::Whole, Part::LastEight, Part::LastSix],
            FieldKind::Sex | FieldKind::Postcode | FieldKind::State | FieldKind::Text => {
                &[Part::Whole]
            }
        }
    }
}

/// The keyed hash of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Suite {
    /// HMAC-SHA-256, the default.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// HMAC-SHA-512.
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
}

impl Suite {
    /// Every suite, the default first.
    pub const ALL: [Suite; 2] = [Suite::HmacSha256, Suite::HmacSha512];

    /// The word for this suite in files and labels.
    pub fn name(self) -> &'static str {
        match self {
            Suite::HmacSha256 => "hmac-sha256",
            Suite::HmacSha512 => "hmac-sha512",
        }
    }
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What happens to a letter that carries a mark (Nguyễn, Müller, Łukasz).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Diacritics {
    /// It becomes its plain letter, so that it agrees with a record typed without marks.
    Fold,
    /// It is dropped, as many older tools do; for comparing with their keys only.
    Drop,
}

impl Diacritics {
    /// Every choice.
    pub const ALL: [Diacritics; 2] = [Diacritics::Fold, Diacritics::Drop];

    /// The word for this choice in `project.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Diacritics::Fold => "fold",
            Diacritics::Drop => "drop",
        }
    }
}

/// Values that people type when they do not know: treated as missing, and counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Placeholders {
    /// Names, compared whole after upper-casing and folding to letters and single blanks.
    pub names: Vec<String>,
    /// Birth dates as `DDMMYYYY`.
    pub dates: Vec<String>,
}

impl Project {
    /// The index of the one field of this kind, for the kinds a project has once.
    pub fn field_of(&self, kind: FieldKind) -> Option<usize> {
        self.fields.iter().position(|f| f.kind == kind)
    }

    /// The component as written in `project.toml`.
    pub fn component_name(&self, component: Component) -> String {
        match component.part {
            Part::NamesAnyOrder => "names.any_order".to_owned(),
            Part::Whole => self.fields[component.field].name.clone(),
            part => format!("{}.{}", self.fields[component.field].name, part.name()),
        }
    }
}
