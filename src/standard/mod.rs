//! The field's own standards as data, and an export held against them. Takes an open table and
//! a standard; gives findings by item, rule and line. Never shows a value, and never changes
//! one.

mod amendments;
mod cell;
mod checker;
mod columns;
mod condition;
mod coverage;
mod dex;
mod dictionary;
mod extract;
mod fact;
mod findings;
mod identity;
mod item;
mod page;
mod record;
mod rule;
mod structure;
mod validate;
mod violence;

use std::fmt;
use std::str::FromStr;

pub use amendments::{AMENDMENTS, Amendment};
pub use condition::{Basis, Condition};
pub use coverage::Coverage;
pub(crate) use coverage::{Attended, Covered, Phase, Seen};
pub use dex::Period;
pub use dictionary::{Dictionary, Part};
pub(crate) use extract::Extract;
pub(crate) use fact::digest;
pub use findings::Fill;
pub(crate) use identity::Identity;
pub use item::{Code, Item, Kind, Meaning, Need, Reach, Tier, Values};
pub use rule::Rule;
pub use validate::{Error, Filled, Finding, Job, Report, validate, validate_upload};
pub use violence::{is_about_violence, is_of_perpetrator, perpetrator_item};

/// A standard that an export can be held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standard {
    /// The ACT Common Dataset for Human Services, version 4.
    CommonDataset,
    /// The DSS Data Exchange (DEX), its elements as columns.
    Dex,
}

impl Standard {
    /// Every standard.
    pub const ALL: [Standard; 2] = [Standard::CommonDataset, Standard::Dex];

    /// The word for this standard on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Standard::CommonDataset => "common-dataset",
            Standard::Dex => "dex",
        }
    }

    /// How it writes dates.
    pub fn date_format(self) -> &'static str {
        match self {
            Standard::CommonDataset => "%d%m%Y",
            Standard::Dex => "%Y-%m-%d",
        }
    }
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Standard {
    type Err = &'static str;

    fn from_str(s: &str) -> Result<Self, &'static str> {
        let found = Standard::ALL.into_iter().find(|standard| standard.name() == s);
        found.ok_or("expected common-dataset or dex")
    }
}

/// How a document is read that has defects of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wording {
    /// With its known defects put right ([`AMENDMENTS`]), and with conditions that follow from
    /// what an item is.
    Corrected,
    /// As it is written.
    AsWritten,
}
