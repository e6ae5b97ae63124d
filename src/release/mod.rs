//! Tables for publication, whoever made them: protecting them ([`protect()`]), and attacking
//! them before somebody else does ([`check`]).
//!
//! In: tables as CSV, and tables that were released before. Out: the same tables with `n.p.`
//! where a count is withheld; or findings, each a place and what is wrong there, never a
//! value. Must never: see a person.
//!
//! Totals are known by their labels; a cell that stands in two tables is one cell. All sums
//! then go to [`crate::disclosure`], which works out the least and the greatest value of each
//! withheld count.

mod attack;
mod history;
mod protect;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use self::attack::{Finding, Found, Place};
use self::history::{History, Release};
pub use self::protect::{ProtectJob, Protected, protect};
use self::table::{Counts, Sheet};
use crate::disclosure::{self, Threshold};
use crate::error::{Class, Fault};
use crate::files::{self, clean, clean_text};

/// Why tables could not be checked, or did not pass.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// A folder without tables.
    #[error("{}: expected CSV files, found none", clean(.path))]
    NoTables {
        /// The folder.
        path: PathBuf,
    },
    /// A file that breaks the rules of CSV.
    #[error("{}: cannot be read as CSV", clean(.path))]
    NotCsv {
        /// The file.
        path: PathBuf,
    },
    /// A file without a header.
    #[error("{}: is empty; expected a header line", clean_text(.file))]
    Empty {
        /// The file.
        file: String,
    },
    /// A file without counts.
    #[error("{}: expected a column of counts after the labels, found none", clean_text(.file))]
    NoCounts {
        /// The file.
        file: String,
    },
    /// Two lines of the same labels.
    #[error("{} lines {first} and {line}: have the same labels", clean_text(.file))]
    LabelsTwice {
        /// The file.
        file: String,
        /// The first line.
        first: u64,
        /// The second.
        line: u64,
    },
    /// Two tables of one file name.
    #[error("two tables are called {}", clean_text(.file))]
    FileTwice {
        /// The name.
        file: String,
    },
    /// A count that is withheld already.
    #[error("{} line {line}, column {column}: expected a count, found a withheld one", clean_text(.file))]
    Withheld {
        /// The file.
        file: String,
        /// The line.
        line: u64,
        /// The column.
        column: usize,
    },
    /// The tables cannot be protected.
    #[error(transparent)]
    Disclosure(#[from] disclosure::Error),
    /// A ledger of releases that cannot be read.
    #[error("{}: expected a ledger of releases, as `release check --record` writes it", clean(.path))]
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// A name that the ledger has already.
    #[error("{}: has a release of that name already", clean(.path))]
    NameTaken {
        /// The ledger.
        path: PathBuf,
    },
    /// The answer is no.
    #[error("not fit to publish; findings: {findings}")]
    Unprotected {
        /// How many.
        findings: usize,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Files(e) => e.class(),
            Error::Disclosure(e) => e.class(),
            Error::FileTwice { .. } | Error::Withheld { .. } => Class::Input,
            Error::NoTables { .. }
            | Error::NotCsv { .. }
            | Error::Empty { .. }
            | Error::NoCounts { .. }
            | Error::LabelsTwice { .. }
            | Error::NotALedger { .. } => Class::Input,
            Error::NameTaken { .. } => Class::Refused,
            Error::Unprotected { .. } => Class::Finding,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Error::Files(e) => return e.hint(),
            Error::Disclosure(e) => return e.hint(),
            Error::FileTwice { .. } => "give them different names",
            Error::Withheld { .. } => "give the tables with their true counts",
            Error::LabelsTwice { .. } => {
                "where a label column holds numbers, such as years, say with `--labels` how many \
                 label columns there are"
            }
            Error::NameTaken { .. } => "give this release another name",
            _ => return None,
        };
        Some(text.into())
    }
}

/// How tables are to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Further labels that name a total.
    pub totals: Vec<String>,
    /// How many label columns each table has; found out where None.
    pub labels: Option<usize>,
}

/// What is to be checked.
#[derive(Debug, Clone)]
pub struct Job {
    /// The tables; of a folder, every CSV file in it.
    pub tables: Vec<PathBuf>,
    /// How they are to be read.
    pub reading: Reading,
    /// The least number of people that a published count may stand for, and the narrowest
    /// interval that may be left open for a withheld one.
    pub threshold: Threshold,
    /// The ledger of earlier releases.
    pub ledger: Option<PathBuf>,
    /// The name under which these tables are added to the ledger if nothing is found.
    pub record: Option<String>,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The threshold in force.
    pub threshold: u32,
    /// Tables read.
    pub tables: usize,
    /// Counts in them.
    pub counts: usize,
    /// Of these, withheld.
    pub withheld: usize,
    /// Sums that tie counts together, earlier releases among them.
    pub sums: usize,
    /// Earlier releases they were compared with.
    pub earlier: usize,
    /// What could not be used, in words.
    pub notes: Vec<String>,
    /// What is wrong, in the order of tables.
    pub findings: Vec<Finding>,
}

impl Check {
    /// Whether the tables may be published.
    ///
    /// # Errors
    /// When there are findings.
    pub fn pass(&self) -> Result<(), Error> {
        match self.findings.len() {
            0 => Ok(()),
            findings => Err(Error::Unprotected { findings }),
        }
    }
}

/// Attacks tables, alone and together with earlier releases; adds them to the ledger where
/// that was asked for and nothing was found.
///
/// # Errors
/// When a file cannot be read, or the ledger cannot be written. Findings are no error here:
/// see [`Check::pass`].
pub fn check(job: &Job) -> Result<Check, Error> {
    let mut sheets = Vec::new();
    for path in paths(&job.tables)? {
        sheets.push(read(&path)?);
    }
    let mut history = match &job.ledger {
        Some(path) => History::load(path)?,
        None => History::default(),
    };
    if let (Some(path), Some(name)) = (&job.ledger, &job.record)
        && history.has(name)
    {
        return Err(Error::NameTaken { path: path.clone() });
    }
    let counts = counts(&sheets, &job.reading)?;
    let mut earlier = Vec::new();
    for release in history.releases() {
        earlier.push((release.name.as_str(), counts_of(release)?));
    }
    let check = attack::attack(&counts, &earlier, job.threshold);
    if let (Some(path), Some(name)) = (&job.ledger, &job.record)
        && check.findings.is_empty()
    {
        let reading = job.reading.clone();
        history.add(Release::new(name, &reading, sheets));
        history.save(path)?;
    }
    Ok(check)
}

fn counts(sheets: &[Sheet], reading: &Reading) -> Result<Vec<Counts>, Error> {
    sheets.iter().map(|sheet| Counts::of(sheet, reading)).collect()
}

fn counts_of(release: &Release) -> Result<Vec<Counts>, Error> {
    counts(&release.tables, &release.reading())
}

/// The files that are named, and the CSV files of the folders that are.
fn paths(named: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for path in named {
        if !path.is_dir() {
            paths.push(path.clone());
            continue;
        }
        let mut inside = Vec::new();
        for entry in fs::read_dir(path).map_err(|e| files::io_error(path, "read", e))? {
            let entry = entry.map_err(|e| files::io_error(path, "read", e))?.path();
            if entry.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")) {
                inside.push(entry);
            }
        }
        if inside.is_empty() {
            return Err(Error::NoTables { path: path.clone() });
        }
        inside.sort();
        paths.extend(inside);
    }
    Ok(paths)
}

fn read(path: &Path) -> Result<Sheet, Error> {
    // Lines that end otherwise are counted wrong.
    let text = files::read_text(path)?.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows = reader.into_records().map(|record| {
        let record = record.map_err(|_| Error::NotCsv { path: path.to_owned() })?;
        let line = record.position().map_or(0, csv::Position::line);
        Ok((line, record.iter().map(str::to_owned).collect()))
    });
    let rows = rows.collect::<Result<Vec<(u64, Vec<String>)>, Error>>()?;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(Sheet { file, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_that_an_editor_shows() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.csv");
        for end in ["\n", "\r\n", "\r"] {
            let text = ["Area,People", "\"North,\nwest\",12", "South,7", ""].join(end);
            fs::write(&path, &text).expect("written");
            let lines: Vec<u64> =
                read(&path).expect("a table").rows.iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [1, 2, 4], "{end:?}");
        }
    }
}
