//! An agency's own description of its export, `source.toml`: which column is which field.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::days::DateFormats;
use crate::ids::SourceName;

/// What an agreement calls it when clients are asked again later; consent of its own.
pub(super) const FOLLOW_UP: &str = "follow-up";

/// A checked `source.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpec {
    /// What the source is called; names its output files.
    pub name: SourceName,
    /// Whether the source holds each person once, so that linking is one-to-one.
    pub unique_people: bool,
    /// Whether records under different numbers that are as good as certainly one person become
    /// one row of the package; where not, only those that are equal in names, exact birth date, sex
    /// and one place do.
    pub join_duplicates: bool,
    /// How the export's bytes become text.
    pub encoding: Encoding,
    /// The byte between cells; `None` finds comma, tab or semicolon from the header.
    pub delimiter: Option<u8>,
    /// Which sheet of a workbook, or which list of a DEX upload file, holds the records; `None`
    /// is the first.
    pub sheet: Option<String>,
    /// The column with the agency's own record (client) number.
    pub record_id: String,
    /// Project field name to column name. The four identity kinds have fixed field names:
    /// `family_name`, `given_name`, `birth_date`, `sex`.
    pub columns: BTreeMap<String, String>,
    /// Further columns of a field whose value stands in several (unit, number and street of an
    /// address), in the order in which they are put together.
    pub further_columns: BTreeMap<String, Vec<String>>,
    /// A column of recorded SLK-581 keys, in place of names.
    pub slk581: Option<String>,
    /// How birth dates are written, as `%d/%m/%Y`; declared, never guessed.
    pub date_format: DateFormats,
    /// The column that says how far the birth date can be trusted, where there is one.
    pub accuracy: Option<AccuracyColumn>,
    /// Code maps: per field, what a recorded code means (`sex`: `M` is `1`). Compared after
    /// trimming and ignoring case.
    pub codes: BTreeMap<String, BTreeMap<String, String>>,
    /// Further names of the same person: each gives a token set of its own.
    pub aliases: Vec<AliasColumns>,
    /// The consent columns: a record is used only when every one that is asked allows it.
    pub consent: Vec<ConsentColumn>,
    /// Lists of the record numbers of people who withdrew: tables with the column `record_id`.
    pub withdrawn: Vec<PathBuf>,
    /// Where service events are, where there are any.
    pub events: Option<EventSpec>,
}

impl SourceSpec {
    /// Whether anybody can be left out for want of consent.
    pub(crate) fn asks_for_consent(&self) -> bool {
        !self.consent.is_empty() || !self.withdrawn.is_empty()
    }

    /// The columns that a field of the project is read from, in their order.
    pub fn columns_of<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a String> + use<'a> {
        let further = self.further_columns.get(field).into_iter().flatten();
        self.columns.get(field).into_iter().chain(further)
    }
}

/// How bytes become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte-order mark (the default).
    Utf8,
    /// UTF-16 with a byte-order mark, or little-endian without.
    Utf16,
    /// Windows-1252, as older spreadsheets write it.
    Windows1252,
}

/// A column that says how far a birth date can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccuracyColumn {
    /// The column.
    pub column: String,
    /// How it is coded.
    pub code: AccuracyCode,
}

/// How date accuracy is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccuracyCode {
    /// METEOR 294429: three letters A, E, U for day, month, year.
    Aeu,
    /// Yes, true or 1 means estimated (ACT Common Dataset 1.3.2, DEX).
    Estimated,
}

/// Columns of one further name of the same person; a missing part is taken from the main
/// columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AliasColumns {
    /// The column of the other family name.
    pub family_name: Option<String>,
    /// The column of the other given name.
    pub given_name: Option<String>,
    /// The column of another recorded SLK-581.
    pub slk581: Option<String>,
}

/// One consent column and what its codes mean. A code in none of the lists, or no code, is
/// "not stated" and excludes. What it says holds for its purposes, from the day it was given
/// until the day it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentColumn {
    /// The column.
    pub column: String,
    /// Codes that allow sharing.
    pub share: Vec<String>,
    /// Codes for partial consent: a machine cannot judge it, so it excludes.
    pub partial: Vec<String>,
    /// Codes that refuse.
    pub refuse: Vec<String>,
    /// What the consent is for, in the words of the agreement; with none, it is asked whatever
    /// the records are for.
    pub purposes: Vec<String>,
    /// The column of the day on which consent was given.
    pub given: Option<String>,
    /// The column of the last day on which consent holds; empty cells have no end.
    pub until: Option<String>,
    /// The column of the day on which consent was withdrawn; empty cells stand.
    pub withdrawn: Option<String>,
    /// How these days are written; with whole years, since they may be still to come.
    pub date_format: DateFormats,
}

impl ConsentColumn {
    /// The columns that hold days.
    pub fn dates(&self) -> impl Iterator<Item = &String> {
        [&self.given, &self.until, &self.withdrawn].into_iter().flatten()
    }
}

/// Where service events are and which columns they have. With no events file given on the
/// command line, the export itself is read for them: one row, one event; or another sheet of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSpec {
    /// Which sheet of the workbook holds them, where it is not that of the records.
    pub sheet: Option<String>,
    /// The column with the agency's record number.
    pub record_id: String,
    /// The program that gave the service.
    pub program: Program,
    /// The column of the first day.
    pub start: String,
    /// The column of the last day; empty cells are open episodes.
    pub end: Option<String>,
    /// How event dates are written.
    pub date_format: DateFormats,
    /// Further columns the agency chose to keep for the analyst.
    pub keep: Vec<String>,
}

/// Which program an event belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// The column that names it.
    Column(String),
    /// One program for the whole source.
    Always(String),
}

impl Program {
    /// The column, where there is one.
    pub fn column(&self) -> Option<&String> {
        match self {
            Program::Column(column) => Some(column),
            Program::Always(_) => None,
        }
    }
}
