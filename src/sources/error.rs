//! What can be wrong with an agency's file, as a whole. Says where and what was expected;
//! never shows a cell.

use std::fmt;

use super::kind::{Kind, Unread};
use super::spec::Encoding;
use crate::config::repeated;
use crate::error::{Class, Fault};
use crate::files;

/// A header with more columns than this is refused.
pub(super) const MAX_COLUMNS: usize = 10_000;

/// A file that cannot be read as a table. Says where and what, never a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file itself: not there, a folder, not readable.
    #[error(transparent)]
    File(#[from] files::Error),
    /// No byte, or only line ends.
    #[error("{file}: is empty; expected a header line and data rows")]
    Empty {
        /// The file.
        file: String,
    },
    /// A header and nothing else.
    #[error("{file}: has a header but no data rows")]
    NoRows {
        /// The file.
        file: String,
    },
    /// Text without a mark and without a zero byte.
    #[error("{file}: is declared as UTF-16 but does not look like it")]
    NoUtf16 {
        /// The file.
        file: String,
    },
    /// Bytes that the declared encoding does not have.
    #[error("{file} line {line}: is not {} text", encoding_name(.declared))]
    Malformed {
        /// The file.
        file: String,
        /// The line of the first such byte.
        line: u64,
        /// The declared encoding.
        declared: Encoding,
    },
    /// A first line without any known heading; it may be data, so it is not shown.
    #[error("{file} line 1: none of its {columns} cells is a known heading; expected column names")]
    NoHeadings {
        /// The file.
        file: String,
        /// How many cells it has.
        columns: usize,
    },
    /// A NUL in the header line.
    #[error("{file} line {line}: the header holds a NUL byte; expected text")]
    NulInHeader {
        /// The file.
        file: String,
        /// Its line.
        line: u64,
    },
    /// A quote that is never closed.
    #[error("{file} line {line}: a quote is opened here and never closed")]
    OpenQuote {
        /// The file.
        file: String,
        /// The line of the opening quote.
        line: u64,
    },
    /// A record over one megabyte.
    #[error("{file} line {line}: the row that begins here is longer than 1 MiB{}", opened(.quote))]
    TooLong {
        /// The file.
        file: String,
        /// The line where the row begins.
        line: u64,
        /// The line of the quote it stands in, where it does.
        quote: Option<u64>,
    },
    /// Too many columns.
    #[error("{file}: has {columns} columns; expected at most {MAX_COLUMNS}")]
    TooWide {
        /// The file.
        file: String,
        /// How many.
        columns: usize,
    },
    /// Columns that were asked for and are not there, or are there twice.
    #[error("{}", column_lines(.file, .problems))]
    Columns {
        /// The file.
        file: String,
        /// One for each column, in the order asked.
        problems: Vec<ColumnProblem>,
    },
    /// A kind of file that is known and not read.
    #[error("{file}: {}", unread_text(.unread))]
    Unread {
        /// The file.
        file: String,
        /// What it is.
        unread: Unread,
    },
    /// Bytes that the format does not have.
    #[error("{file}{}: is not sound as {kind}", at_line(.line))]
    Unsound {
        /// The file.
        file: String,
        /// What it was read as.
        kind: Kind,
        /// Where, where that is known.
        line: Option<u64>,
    },
    /// A packed file that cannot be unpacked.
    #[error("{file}: cannot be unpacked: it is cut off or damaged")]
    Unpacked {
        /// The file.
        file: String,
    },
    /// A file that becomes far larger than any export.
    #[error("{file}: unpacks to far more than its size allows")]
    Swollen {
        /// The file.
        file: String,
    },
    /// A file that must be read back and forth, and cannot be.
    #[error("{file}: is too large to be read packed or from a pipe")]
    TooLargeToHold {
        /// The file.
        file: String,
    },
    /// A sheet was asked for.
    #[error("{file}: is {kind}, which has no sheets")]
    NoSheets {
        /// The file.
        file: String,
        /// What it is.
        kind: Kind,
    },
    /// The sheet that was asked for is not there.
    #[error("{file}: has no sheet {}; it has {}", repeated(.sheet), .have.iter().map(|n| repeated(n)).collect::<Vec<_>>().join(", "))]
    NoSheet {
        /// The file.
        file: String,
        /// The sheet.
        sheet: String,
        /// The sheets that it has.
        have: Vec<String>,
    },
    /// A column of lists or the like.
    #[error("{file}: column {} holds {holds}; expected single values", repeated(.column))]
    ColumnType {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What it holds.
        holds: &'static str,
    },
    /// A folder without tables, or a pattern that no name fits.
    #[error("{place}: there is no such table")]
    NoFiles {
        /// The folder or pattern.
        place: String,
    },
    /// One of several files lacks a column, or has two of its name.
    #[error("{file}: has no column {} of its own, which {first} has", repeated(.column))]
    OtherColumns {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The first of the files.
        first: String,
    },
    /// One of several files has a column that the first has not.
    #[error("{file}: the heading of its column {place} is none of those of {first}")]
    MoreColumns {
        /// The file.
        file: String,
        /// Where it stands, counted from 1.
        place: usize,
        /// The first of the files.
        first: String,
    },
    /// A document type declaration, which may hold anything.
    #[error("{file} line {line}: has a document type declaration (DOCTYPE)")]
    DocumentType {
        /// The file.
        file: String,
        /// Its line.
        line: u64,
    },
    /// Two readings of one file disagree about its records.
    #[error("{file} near line {line}: the rows could not be told apart")]
    Torn {
        /// The file.
        file: String,
        /// The first line of the batch.
        line: u64,
    },
}

/// What is wrong with one column that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnProblem {
    /// There is none of that name.
    Missing {
        /// The name asked for.
        column: String,
        /// The header's most similar name, where one is similar.
        closest: Option<String>,
    },
    /// There are several of that name.
    Doubled {
        /// The name asked for.
        column: String,
        /// The place of the first, counted from 1.
        first: usize,
        /// The place of the second.
        second: usize,
    },
}

impl ColumnProblem {
    fn is_doubled(&self) -> bool {
        matches!(self, ColumnProblem::Doubled { .. })
    }
}

impl fmt::Display for ColumnProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ColumnProblem::Missing { column, closest } => {
                write!(f, "has no column `{}`", files::clean_text(column))?;
                match closest {
                    Some(name) => write!(f, "; did you mean `{}`?", files::clean_text(name)),
                    None => Ok(()),
                }
            }
            ColumnProblem::Doubled { column, first, second } => write!(
                f,
                "has column `{}` twice, as columns {first} and {second}",
                files::clean_text(column)
            ),
        }
    }
}

fn column_lines(file: &str, problems: &[ColumnProblem]) -> String {
    problems.iter().map(|p| format!("{file}: {p}")).collect::<Vec<_>>().join("\n")
}

fn at_line(line: &Option<u64>) -> String {
    line.map(|line| format!(" line {line}")).unwrap_or_default()
}

fn unread_text(unread: &Unread) -> &'static str {
    match unread {
        Unread::OldWorkbook => "is an old (.xls) or password-protected Excel workbook",
        Unread::JsonArray => "is one JSON array; expected JSON Lines, one object a line",
        Unread::Xml => "is XML, and no DEX upload file",
        Unread::OldFeather => "is a Feather file of the old version 1",
        Unread::PackedTwice => "is packed twice",
    }
}

fn encoding_name(encoding: &Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "UTF-8",
        Encoding::Utf16 => "UTF-16",
        Encoding::Windows1252 => "Windows-1252",
    }
}

fn opened(quote: &Option<u64>) -> String {
    quote.map(|line| format!(", inside a quote opened on line {line}")).unwrap_or_default()
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::File(e) => e.class(),
            Error::Torn { .. } => Class::Internal,
            _ => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::File(e) => return e.hint(),
            Error::NoUtf16 { .. } => {
                "say so: `encoding = \"utf-8\"` in source.toml; without one, `--encoding utf-8`"
            }
            Error::Unread { unread: Unread::OldWorkbook, .. } => {
                "open it in Excel and save it as `.xlsx`, without a password"
            }
            Error::Unread { unread: Unread::JsonArray, .. } => {
                "write one object a line; `jq -c '.[]'` does it"
            }
            Error::Unread { unread: Unread::OldFeather, .. } => {
                "write it again as version 2, or as Parquet"
            }
            Error::Unread { unread: Unread::PackedTwice, .. } | Error::Swollen { .. } => {
                "unpack it by hand, look at it, and give what comes out"
            }
            Error::Unread { unread: Unread::Xml, .. } => {
                "give the table as CSV, .xlsx, Parquet, Arrow or JSON Lines"
            }
            Error::Unsound { .. } | Error::Unpacked { .. } => {
                "check that it was copied whole, and make the export again"
            }
            Error::TooLargeToHold { .. } => "unpack it, and name the file that comes out",
            Error::NoSheets { .. } => {
                "name a workbook or a DEX upload file, or take `sheet` out of source.toml"
            }
            Error::NoSheet { .. } => "correct `sheet` in source.toml",
            Error::ColumnType { .. } => "leave the column out of the file",
            Error::NoFiles { .. } => {
                "check the spelling and the folder; of a folder, files are read whose names end as \
                 those of tables: csv, tsv, txt, xlsx, parquet, arrow, feather, jsonl, xml"
            }
            Error::OtherColumns { .. } | Error::MoreColumns { .. } => {
                "files that are read as one have the same columns, in any order: correct the header, \
                 or read the file as a source of its own"
            }
            Error::DocumentType { .. } => "take the declaration out; no export needs one",
            Error::Malformed { declared: Encoding::Utf8, .. } => {
                "if an older spreadsheet wrote it, say so: `encoding = \"windows-1252\"` in \
                 source.toml; without one, `--encoding windows-1252`"
            }
            Error::Malformed { .. } => {
                "say which encoding it really has: `encoding` in source.toml; without one, `--encoding`"
            }
            Error::NoHeadings { .. } => {
                "if the export has no line of column names, put one above the data; if other lines \
                 are above it, take them away; if its names are unusual, write source.toml by hand or rename a column to `surname`"
            }
            Error::NulInHeader { .. } => {
                "if it is UTF-16, say so: `encoding = \"utf-16\"` in source.toml; without one, \
                 `--encoding utf-16`"
            }
            Error::OpenQuote { .. } | Error::TooLong { .. } => {
                "close the quote, or double it (`\"\"`) where it is part of the text"
            }
            Error::Empty { .. } | Error::NoRows { .. } => {
                "check that the export was not cut off or filtered away"
            }
            Error::Columns { problems, .. } if problems.iter().any(ColumnProblem::is_doubled) => {
                "rename or take out one of the two in the file"
            }
            Error::Columns { .. } => {
                "correct the column names in source.toml (of `slk check`, `--column`), or the header of \
                 the file"
            }
            _ => return None,
        };
        Some(hint.into())
    }
}
