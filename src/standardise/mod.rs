//! Raw cells become a [`Person`]: each value known, missing, or bad with a reason. Takes the
//! text of one record, gives typed values; never decides whether two records match.

pub(crate) mod address;
pub mod code;
pub mod date;
pub mod name;
pub(crate) mod phone;
mod place;
mod placeholders;
pub(crate) mod postcode;
mod seen;
mod standardiser;
mod street;

use std::fmt;

pub use code::{Sex, Text};
pub use date::{BirthDate, Dates};
pub use name::Name;
pub(crate) use place::says_no_fixed_address;
pub use placeholders::PlaceholderList;
pub(crate) use seen::Cells;
pub use seen::Seen;
pub use standardiser::Standardiser;

/// A value that may be absent, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<T> {
    /// There is a usable value.
    Known(T),
    /// Nothing was recorded, or a placeholder that stands for nothing.
    Missing(Absent),
    /// Something was recorded that cannot be used.
    Bad(Reason),
}

impl<T> Value<T> {
    /// The value where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Value::Known(value) => Some(value),
            Value::Missing(_) | Value::Bad(_) => None,
        }
    }
}

/// Why a value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Absent {
    /// The cell is empty, or the source has no such column.
    Empty,
    /// A placeholder of the project's list ("unknown", 01/01/1900).
    Placeholder,
    /// Somebody who has no home: "no fixed address".
    NoFixedAddress,
    /// The code for "not stated".
    NotStated,
    /// A name of symbols only.
    NoLetters,
    /// A name in a script that has no Latin letters.
    OtherScript,
}

impl Absent {
    /// The word for this reason in quality lists.
    pub fn code(self) -> &'static str {
        match self {
            Absent::Empty => "missing",
            Absent::Placeholder => "placeholder",
            Absent::NoFixedAddress => "no-fixed-address",
            Absent::NotStated => "not-stated",
            Absent::NoLetters => "no-letters",
            Absent::OtherScript => "other-script",
        }
    }
}

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Absent::Empty => "nothing is recorded",
            Absent::Placeholder => "a placeholder is recorded",
            Absent::NoFixedAddress => "no fixed address is recorded",
            Absent::NotStated => "it is recorded as not stated",
            Absent::NoLetters => "it has no letter from A to Z",
            Absent::OtherScript => "it is in a script without Latin letters",
        })
    }
}

/// Why a recorded value cannot be used. Never holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// The text does not have the declared date format.
    DateFormat,
    /// There is no such day: 31 February.
    NoSuchDay,
    /// A date after today.
    FutureDate,
    /// A birth before 1900.
    TooOld,
    /// A code that the source's code map does not name.
    UnknownCode,
    /// Not four digits of an Australian postcode.
    Postcode,
    /// No street, and no post box.
    Address,
    /// Not a whole telephone number.
    Phone,
    /// A telephone number without its area, and no state to take it from.
    PhoneArea,
    /// A statistical linkage key that breaks its grammar.
    SlkGrammar,
    /// A date accuracy code that its coding does not have.
    UnknownAccuracy,
}

impl Reason {
    /// The word for this reason in quality lists.
    pub fn code(self) -> &'static str {
        match self {
            Reason::DateFormat => "date-format",
            Reason::NoSuchDay => "no-such-day",
            Reason::FutureDate => "future-date",
            Reason::TooOld => "too-old",
            Reason::UnknownCode => "unknown-code",
            Reason::Postcode => "postcode",
            Reason::Address => "address",
            Reason::Phone => "phone",
            Reason::PhoneArea => "phone-area",
            Reason::SlkGrammar => "slk-grammar",
            Reason::UnknownAccuracy => "unknown-accuracy",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::DateFormat => "does not have the declared date format",
            Reason::NoSuchDay => "day does not exist in that month",
            Reason::FutureDate => "date is in the future",
            Reason::TooOld => "date is before 1900",
            Reason::UnknownCode => "code is not in the code map",
            Reason::Postcode => "is not a postcode of four digits",
            Reason::Address => "is not an address with a street or a post box",
            Reason::Phone => "is not a whole telephone number",
            Reason::PhoneArea => "is a telephone number without its area code",
            Reason::SlkGrammar => "is not a well-formed SLK-581",
            Reason::UnknownAccuracy => "its accuracy code is not a known one",
        })
    }
}

/// Whether these are so many of all that not the values are wrong, but how they are read: more than
/// a fifth.
pub(crate) fn many(some: u64, of: u64) -> bool {
    5 * some > of
}

/// Why something that was recorded is of no use: the source should know of each. Never holds the
/// value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// It stands for nothing, or has no letters that can be used.
    Absent(Absent),
    /// It cannot be what it should be.
    Bad(Reason),
}

impl Unusable {
    /// Why a value is of no use. An empty cell is nothing recorded, and that somebody did not say
    /// or has no home is an answer.
    fn of<T>(value: &Value<T>) -> Option<Unusable> {
        match value {
            Value::Known(_)
            | Value::Missing(Absent::Empty | Absent::NotStated | Absent::NoFixedAddress) => None,
            Value::Missing(absent) => Some(Unusable::Absent(*absent)),
            Value::Bad(reason) => Some(Unusable::Bad(*reason)),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Absent(absent) => absent.fmt(f),
            Unusable::Bad(reason) => reason.fmt(f),
        }
    }
}

/// One record of a source, standardised. Prints as shape, never as content.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Family name.
    pub family: Value<Name>,
    /// Given name.
    pub given: Value<Name>,
    /// Birth date.
    pub birth: Value<BirthDate>,
    /// Sex; not stated is missing.
    pub sex: Value<Sex>,
    /// The fields of the other kinds: one per field of the project, `Missing(Empty)` for
    /// the four kinds above.
    pub others: Vec<Value<Text>>,
    /// An SLK-581 recorded in place of the names, where the source has one.
    pub slk: Value<crate::slk::Slk581>,
}

impl Default for Person {
    /// Somebody of whom nothing is recorded.
    fn default() -> Self {
        Person {
            family: Value::Missing(Absent::Empty),
            given: Value::Missing(Absent::Empty),
            birth: Value::Missing(Absent::Empty),
            sex: Value::Missing(Absent::Empty),
            others: Vec::new(),
            slk: Value::Missing(Absent::Empty),
        }
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn shape<T>(value: &Value<T>) -> &'static str {
            match value {
                Value::Known(_) => "known",
                Value::Missing(absent) => absent.code(),
                Value::Bad(reason) => reason.code(),
            }
        }
        f.debug_struct("Person")
            .field("family", &shape(&self.family))
            .field("given", &shape(&self.given))
            .field("birth", &shape(&self.birth))
            .field("sex", &shape(&self.sex))
            .field("others", &self.others.iter().map(shape).collect::<Vec<_>>())
            .field("slk", &shape(&self.slk))
            .finish()
    }
}
