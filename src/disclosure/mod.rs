//! Disclosure control: which counts of a set of tables may be seen.
//!
//! In: counts, and the sums that tie them together. Out: for each count, itself or "not
//! published". Must never: see what a count is of. It knows numbers only, so it serves any
//! table.
//!
//! ```text
//!  table ──► ledger ──► proof ──► Count
//!  sums of   every      other whole numbers that agree with all that is
//!  a table   count of   published: found by search, or by linear programming
//!            a release  (bounds), and checked in whole-number arithmetic
//! ```
//!
//! Counts of 1 to threshold − 1 are withheld (primary suppression); then more are withheld
//! (complementary suppression) until what all published sums leave open for each withheld
//! count is an interval as wide as [`Threshold::width`].
//!
//! Instead of withholding, [`Protection`] can put noise on every count.
//!
//! Rules: ABS DataLab (10 contributors, dominance), AIHW (1 to 4 as n.p., with consequential
//! suppression), ABS Data Confidentiality Guide.

mod bounds;
mod choice;
mod dominance;
mod ledger;
mod noise;
mod proof;
mod table;

use crate::error::{Class, Fault};

pub use bounds::{Bounds, End, Room, System};
pub use dominance::Contributions;
pub use ledger::{CellId, Ledger, Suppression, Worth};
pub use noise::{CellKey, NoiseKey, Protection};
pub use table::Table;

/// A release that cannot be protected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is left to withhold and a small count would still be derivable.
    #[error("the release cannot be protected: a count below {threshold} would stay derivable")]
    Unprotectable {
        /// The threshold in force.
        threshold: u32,
    },
    /// The operating system gives no random bits.
    #[error("no random bits to be had from the operating system")]
    Random,
    /// A text that is no release key.
    #[error("is not a release key")]
    NotAKey,
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Unprotectable { .. } => Class::Refused,
            Error::Random => Class::Io,
            Error::NotAKey => Class::Key,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Error::Unprotectable { .. } => {
                "there are too few people for these tables; publish nothing, or bring more \
                 sources together"
            }
            Error::Random => return None,
            Error::NotAKey => "name the `keep/release.key` of an earlier run",
        };
        Some(text.into())
    }
}

/// The least number of people a published count may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold(u32);

impl Threshold {
    /// The floor: no release goes lower (ABS: fewer than three contributors stay secure).
    pub const FLOOR: u32 = 3;

    /// This threshold, or the floor where it is lower.
    pub fn new(people: u32) -> Self {
        Threshold(people.max(Self::FLOOR))
    }

    /// The number of people.
    pub fn people(self) -> u32 {
        self.0
    }

    /// Whether a count is small: at least one, and under the threshold.
    pub fn is_small(self, count: u64) -> bool {
        count > 0 && count < u64::from(self.0)
    }

    /// Whether a nought in a group of so many people says too much of everyone in it.
    pub fn is_telling_nought(self, count: u64, margin: u64) -> bool {
        count == 0 && margin < 2 * u64::from(self.0)
    }

    /// How wide the interval must be that a release leaves open for a withheld count: the
    /// threshold.
    pub fn width(self) -> u64 {
        u64::from(self.0)
    }
}

/// Whose rule the threshold follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Profile {
    /// Ten people (ABS DataLab).
    #[default]
    Abs,
    /// Five people (AIHW).
    Aihw,
}

impl Profile {
    /// The threshold of this profile.
    pub fn threshold(self) -> Threshold {
        match self {
            Profile::Abs => Threshold::new(10),
            Profile::Aihw => Threshold::new(5),
        }
    }
}

impl Default for Threshold {
    fn default() -> Self {
        Profile::default().threshold()
    }
}

/// A count as it may be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The count itself.
    Shown(u64),
    /// Not publishable: printed `n.p.`, never 0 or blank.
    Withheld,
}

impl Count {
    /// The number, where it may be seen.
    pub fn shown(self) -> Option<u64> {
        match self {
            Count::Shown(n) => Some(n),
            Count::Withheld => None,
        }
    }
}
