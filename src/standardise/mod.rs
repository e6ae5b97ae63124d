//! Raw cells become a [`Person`]: each value known, missing, or bad with a reason. Takes the
//! text of one record, gives typed values; never decides whether two records match.

pub mod code;
pub mod date;
pub mod name;

pub use code::{Sex, Text};
pub use date::BirthDate;
pub use name::Name;

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
    /// The code for "not stated".
    NotStated,
    /// A name of symbols only.
    NoLetters,
    /// A name in a script that has no Latin letters.
    OtherScript,
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
    /// An age of more than 120 years.
    TooOld,
    /// A code that the source's code map does not name.
    UnknownCode,
    /// Not four digits of an Australian postcode.
    Postcode,
    /// A statistical linkage key that breaks its grammar.
    SlkGrammar,
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
