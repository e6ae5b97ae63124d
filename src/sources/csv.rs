//! Comma- and tab-separated files as agencies export them: any of three encodings, mixed line
//! ends, quoted line breaks, blanks after commas, ragged rows. Takes bytes, gives rows of
//! trimmed text cells with their physical line numbers, and rejects with reasons. Never
//! guesses an encoding, and never shows a cell in a message.

use std::ffi::OsStr;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder, StringRecord};

use super::records::{Broken, Found, Records, Span};
use super::spec::Encoding;
use crate::error::{Class, Fault};
use crate::files;

/// A header with more columns than this is refused.
const MAX_COLUMNS: usize = 10_000;

/// The delimiters that a header line is searched for, first in a tie.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Where a table is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file.
    File(PathBuf),
    /// Standard input, written `-`.
    Stdin,
}

impl Input {
    /// The input that was named on the command line: `-` is standard input.
    pub fn from_arg(arg: impl AsRef<OsStr>) -> Self {
        match arg.as_ref() {
            dash if dash == "-" => Input::Stdin,
            path => Input::File(path.into()),
        }
    }

    /// The file, or the words "standard input".
    pub fn shown(&self) -> &Path {
        match self {
            Input::File(path) => path,
            Input::Stdin => Path::new("standard input"),
        }
    }
}

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
    /// The first bytes contradict the declared encoding.
    #[error("{file}: {}", found_text(.found))]
    NotDeclared {
        /// The file.
        file: String,
        /// What was found.
        found: Found,
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

fn found_text(found: &Found) -> &'static str {
    match found {
        Found::Utf8Mark => "begins with a UTF-8 byte-order mark but is declared otherwise",
        Found::Utf16Mark => "begins with a UTF-16 byte-order mark but is not declared as UTF-16",
        Found::NoUtf16 => "is declared as UTF-16 but does not look like it",
        Found::Workbook => "is a spreadsheet workbook or zip archive; expected CSV text",
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
            Error::NotDeclared { found: Found::Utf8Mark | Found::NoUtf16, .. } => {
                "declare `encoding = \"utf-8\"` in source.toml"
            }
            Error::NotDeclared { found: Found::Utf16Mark, .. } => {
                "declare `encoding = \"utf-16\"` in source.toml"
            }
            Error::NotDeclared { found: Found::Workbook, .. } => {
                "save the sheet as `CSV UTF-8` and give that file"
            }
            Error::Malformed { declared: Encoding::Utf8, .. } => {
                "if an older spreadsheet wrote it, declare `encoding = \"windows-1252\"` in source.toml"
            }
            Error::Malformed { .. } => "declare the encoding it really has in source.toml",
            Error::NulInHeader { .. } => {
                "if it is UTF-16, declare `encoding = \"utf-16\"` in source.toml"
            }
            Error::OpenQuote { .. } | Error::TooLong { .. } => {
                "close the quote, or double it (`\"\"`) where it is part of the text"
            }
            Error::NoRows { .. } => "check that the export was not cut off or filtered away",
            Error::Columns { .. } => "correct the header, or the column names in source.toml",
            _ => return None,
        };
        Some(hint.into())
    }
}

/// An open table: its header is read, its rows follow in batches. Prints as shape.
pub struct Table {
    name: String,
    shown: PathBuf,
    encoding: Encoding,
    delimiter: u8,
    header: Vec<String>,
    records: Records,
}

impl Table {
    /// Opens a table and reads its header.
    ///
    /// With no delimiter given, the header line decides between comma, tab, semicolon and
    /// vertical bar: the one it has most of outside quotes.
    ///
    /// # Errors
    /// When the input cannot be read, is a folder, is empty or has no data row, or is not in
    /// the declared encoding.
    pub fn open(input: &Input, encoding: Encoding, delimiter: Option<u8>) -> Result<Table, Error> {
        let reader: Box<dyn Read + Send> = match input {
            Input::File(path) => Box::new(files::open(path)?),
            Input::Stdin => Box::new(std::io::stdin()),
        };
        Table::from_reader(reader, input.shown(), encoding, delimiter)
    }

    /// As [`Table::open`], from any stream; `shown` is what messages call it.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn from_reader(
        reader: Box<dyn Read + Send>,
        shown: &Path,
        encoding: Encoding,
        delimiter: Option<u8>,
    ) -> Result<Table, Error> {
        let name = files::clean(shown);
        let fail = |broken| explain(broken, &name, shown, encoding);
        let mut records = Records::new(reader, encoding).map_err(fail)?;
        let delimiter = match delimiter {
            Some(byte) => byte,
            None => sniff(records.peek_line().map_err(fail)?),
        };
        records.set_delimiter(delimiter);
        let mut bytes = Vec::new();
        let Some(span) = records.next(&mut bytes).map_err(fail)? else {
            return Err(Error::Empty { file: name });
        };
        check_text(&bytes, span, &name, encoding)?;
        if bytes.contains(&0) {
            return Err(Error::NulInHeader { file: name, line: span.line });
        }
        let cells = read_block(&bytes, delimiter)
            .pop()
            .ok_or_else(|| Error::Torn { file: name.clone(), line: span.line })?;
        if cells.len() > MAX_COLUMNS {
            return Err(Error::TooWide { file: name, columns: cells.len() });
        }
        if !records.has_more().map_err(|b| explain(b, &name, shown, encoding))? {
            return Err(Error::NoRows { file: name });
        }
        let header = cells.iter().map(|cell| cell.trim().to_owned()).collect();
        Ok(Table { name, shown: shown.to_owned(), encoding, delimiter, header, records })
    }

    /// The file as it was named, fit to be shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The column names, trimmed.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The byte between cells.
    pub fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// The place of a column, counted from 0: of exactly this name, or else of the one name
    /// that differs only in case and outer blanks.
    ///
    /// # Errors
    /// When there is none (the most similar name is suggested) or more than one.
    pub fn column(&self, name: &str) -> Result<usize, Error> {
        self.find(name).map_err(|problem| self.columns_error(vec![problem]))
    }

    /// As [`Table::column`] for several columns, with every problem in one error.
    ///
    /// # Errors
    /// When any is missing or doubled.
    pub fn columns<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Result<Vec<usize>, Error> {
        let mut places = Vec::new();
        let mut problems = Vec::new();
        for name in names {
            match self.find(name) {
                Ok(place) => places.push(place),
                Err(problem) if problems.contains(&problem) => {}
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(places) } else { Err(self.columns_error(problems)) }
    }

    fn columns_error(&self, problems: Vec<ColumnProblem>) -> Error {
        Error::Columns { file: self.name.clone(), problems }
    }

    fn find(&self, name: &str) -> Result<usize, ColumnProblem> {
        let asked = name.trim();
        let lower = asked.to_lowercase();
        let same = |loosely: bool| {
            let lower = &lower;
            self.header.iter().enumerate().filter_map(move |(at, have)| {
                (have == asked || loosely && have.to_lowercase() == *lower).then_some(at)
            })
        };
        for loosely in [false, true] {
            let mut places = same(loosely);
            match (places.next(), places.next()) {
                (Some(at), None) => return Ok(at),
                (Some(first), Some(second)) => {
                    return Err(ColumnProblem::Doubled {
                        column: asked.to_owned(),
                        first: first + 1,
                        second: second + 1,
                    });
                }
                _ => {}
            }
        }
        Err(ColumnProblem::Missing { column: asked.to_owned(), closest: self.closest(&lower) })
    }

    /// The header name most similar to this one, unless it is quite another word.
    fn closest(&self, lower: &str) -> Option<String> {
        let plain = |s: &str| s.to_lowercase().replace(['_', ' ', '-', '.'], "");
        let asked = plain(lower);
        self.header
            .iter()
            .map(|have| (strsim::jaro_winkler(&asked, &plain(have)), have))
            .filter(|(similarity, _)| *similarity >= 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, have)| have.clone())
    }

    /// The next rows, at most `max_rows` with the rejects; an empty batch is the end.
    ///
    /// # Errors
    /// When the file cannot be read on: a quote left open, bytes of another encoding, a row
    /// over 1 MiB. Rows that only have the wrong number of cells, or a NUL, are rejects.
    pub fn next_batch(&mut self, max_rows: usize) -> Result<Batch, Error> {
        loop {
            let (batch, taken) = self.take(max_rows.max(1))?;
            if taken == 0 || !batch.is_empty() {
                return Ok(batch);
            }
        }
    }

    /// As [`Table::next_batch`], with how many records were taken, blank ones included.
    fn take(&mut self, max_rows: usize) -> Result<(Batch, usize), Error> {
        let mut batch = Batch::default();
        let mut block = Vec::new();
        let mut spans = Vec::with_capacity(max_rows);
        let mut taken = 0;
        while taken < max_rows {
            let start = block.len();
            let next = self.records.next(&mut block);
            let next = next.map_err(|b| explain(b, &self.name, &self.shown, self.encoding))?;
            let Some(span) = next else { break };
            taken += 1;
            check_text(&block[start..], span, &self.name, self.encoding)?;
            if block[start..].contains(&0) {
                block.truncate(start);
                batch.reject(span, "holds a NUL byte".into());
                continue;
            }
            block.push(b'\n');
            spans.push(span);
        }
        let rows = read_block(&block, self.delimiter);
        if rows.len() != spans.len() {
            let line = spans.first().map_or(0, |span| span.line);
            return Err(Error::Torn { file: self.name.clone(), line });
        }
        for (cells, span) in rows.into_iter().zip(spans) {
            let blank = cells.len() == 1 && cells[0].trim().is_empty();
            if cells.len() == self.header.len() {
                batch.rows.push(Row { line: span.line, cells });
            } else if !blank {
                batch.reject(span, ragged(cells.len(), self.header.len(), span));
            }
        }
        batch.rejects.sort_by_key(|reject| reject.line);
        Ok((batch, taken))
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({}, {} columns)", self.name, self.header.len())
    }
}

fn ragged(cells: usize, expected: usize, span: Span) -> String {
    let noun = if cells == 1 { "cell" } else { "cells" };
    let mut reason = format!("has {cells} {noun}; expected {expected}");
    if span.last_line > span.line {
        reason += &format!(" (a quote runs from here to line {})", span.last_line);
    }
    reason
}

/// Rows of one read, and those that were set aside.
#[derive(Debug, Default)]
pub struct Batch {
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
    /// The rows that cannot be used, in the order of the file.
    pub rejects: Vec<Reject>,
}

impl Batch {
    /// Whether the file has ended.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.rejects.is_empty()
    }

    fn reject(&mut self, span: Span, reason: String) {
        self.rejects.push(Reject { line: span.line, column: None, reason });
    }
}

/// One row: as many cells as the header has names. Prints as shape.
pub struct Row {
    /// The physical line it begins on; the header begins on line 1.
    pub line: u64,
    cells: StringRecord,
}

impl Row {
    /// The cell in a column of [`Table::column`], without outer white space.
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).unwrap_or_default().trim()
    }

    /// Every cell as it is in the file.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        self.cells.iter()
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row(line {}, {} cells)", self.line, self.cells.len())
    }
}

/// A row, or a cell of one, that was set aside, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The physical line its row begins on.
    pub line: u64,
    /// The column, where one cell is at fault.
    pub column: Option<String>,
    /// Why, in plain words without a value.
    pub reason: String,
}

/// Takes whole records apart into cells.
fn read_block(block: &[u8], delimiter: u8) -> Vec<StringRecord> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .buffer_capacity(block.len().clamp(64, 1 << 16))
        .from_reader(block);
    let mut rows = Vec::new();
    let mut record = ByteRecord::new();
    // Neither reading memory nor unequal lengths can fail, and the text was checked.
    while let Ok(true) = reader.read_byte_record(&mut record) {
        match StringRecord::from_byte_record(record.clone()) {
            Ok(cells) => rows.push(cells),
            Err(_) => break,
        }
    }
    rows
}

/// Refuses bytes that are not UTF-8 (decoded text always is), with their line.
fn check_text(bytes: &[u8], span: Span, name: &str, declared: Encoding) -> Result<(), Error> {
    let Err(e) = std::str::from_utf8(bytes) else { return Ok(()) };
    let before = &bytes[..e.valid_up_to()];
    let breaks = before.iter().enumerate().filter(|&(at, b)| match b {
        b'\n' => at == 0 || before[at - 1] != b'\r',
        b => *b == b'\r',
    });
    let line = span.line + breaks.count() as u64;
    Err(Error::Malformed { file: name.to_owned(), line, declared })
}

fn explain(broken: Broken, name: &str, shown: &Path, declared: Encoding) -> Error {
    let file = name.to_owned();
    match broken {
        Broken::Io(e) => files::io_error(shown, "read", e).into(),
        Broken::NotDeclared(found) => Error::NotDeclared { file, found },
        Broken::Malformed { line } => Error::Malformed { file, line, declared },
        Broken::OpenQuote { line } => Error::OpenQuote { file, line },
        Broken::TooLong { line, quote } => Error::TooLong { file, line, quote },
    }
}

/// The delimiter that a header line has most of outside quotes.
fn sniff(line: &[u8]) -> u8 {
    let mut counts = [0usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in line {
        quoted ^= *byte == b'"';
        if let Some(at) = DELIMITERS.iter().position(|d| d == byte).filter(|_| !quoted) {
            counts[at] += 1;
        }
    }
    let most = (0..DELIMITERS.len()).rev().max_by_key(|&at| counts[at]).unwrap_or(0);
    DELIMITERS[most]
}
