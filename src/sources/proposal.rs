//! What a proposed `source.toml` is made from, and what is told of it.

use serde::Serialize;

use super::spec::Encoding;
use crate::ids::SourceName;
use crate::project::Project;

/// What is known of the export besides its text.
#[derive(Debug)]
pub struct Known<'a> {
    /// What the source will be called.
    pub name: &'a SourceName,
    /// The agreement it is for.
    pub project: &'a Project,
    /// Whether it holds each person once.
    pub unique_people: bool,
    /// How its bytes become text.
    pub encoding: Encoding,
    /// The byte between cells, where it was said.
    pub delimiter: Option<u8>,
    /// How its dates are written, where it was said.
    pub date_format: Option<&'a str>,
}

/// A proposed `source.toml` and what to tell the person about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// The text of the file.
    #[serde(skip)]
    pub toml: String,
    /// What was placed: a key of the file, and its column.
    pub placed: Vec<Placed>,
    /// What a person should confirm: written as comments.
    pub unsure: Vec<Placed>,
    /// What the file needs before it can be used.
    pub to_decide: Vec<String>,
    /// Fields of the project that no column was found for.
    pub missing: Vec<String>,
    /// Columns that nothing uses.
    pub unused: Vec<String>,
    /// What else was noticed.
    pub notes: Vec<String>,
}

impl Proposal {
    /// Whether any heading is a known one. Where none is, the first line may be data, and no
    /// word of it may be shown.
    pub fn knows_a_heading(&self) -> bool {
        !self.placed.is_empty()
    }
}

/// A key of `source.toml` and the column that it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// The key.
    pub key: String,
    /// The column's heading.
    pub column: String,
}
