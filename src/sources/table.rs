//! An agency's table, whatever file it is in: a header, then rows of text cells in batches, with
//! their lines, and rejects with reasons. Text is read in place; every other format becomes the
//! same rows first. Never shows a cell in a message.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use super::cells::Row;
use super::csv::Delimited;
use super::error::{ColumnProblem, Error};
use super::feed::Feed;
use super::form::{Form, Least};
use super::kind::Kind;
use super::records::Span;
use super::several::{self, FileNames, Part};
use super::spec::Encoding;
use super::unpack::{Bytes, Opened};
use super::{columns, dex, jsonl, sheet};
use crate::error::Fault;
use crate::files;

/// Where a table is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A file; or a folder or pattern, which stand for several.
    File(PathBuf),
    /// Files that are read as one, one after the other.
    Files(Vec<PathBuf>),
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

    /// As [`Input::from_arg`], of one or several words.
    pub fn from_args(args: &[PathBuf]) -> Self {
        match args {
            [one] => Input::from_arg(one),
            several => Input::Files(several.to_vec()),
        }
    }

    /// The file, or the first of several, or the words "standard input".
    pub fn shown(&self) -> &Path {
        match self {
            Input::File(path) => path,
            Input::Files(paths) => paths.first().map_or(Path::new(""), PathBuf::as_path),
            Input::Stdin => Path::new("standard input"),
        }
    }
}

/// An open table: its header is read, its rows follow in batches. Prints as shape.
pub struct Table {
    name: String,
    kind: Kind,
    header: Vec<String>,
    rows: Rows,
    /// Bytes of the file, where it is the only one and not packed.
    size: Option<u64>,
    files: FileNames,
    /// Those that come after the one at hand, the next one last, each with its place.
    later: Vec<(u32, PathBuf)>,
    form: Form,
}

enum Rows {
    Text(Box<Delimited>),
    Fed(Box<Feed>),
}

impl Rows {
    fn set_part(&mut self, part: Part) {
        match self {
            Rows::Text(text) => text.set_part(part),
            Rows::Fed(feed) => feed.set_part(part),
        }
    }
}

impl Table {
    /// Opens a table and reads its header. What kind of file it is, its first bytes say; gzip
    /// and zstd are unpacked.
    ///
    /// Where the form gives no delimiter, the header line of a text file decides between comma,
    /// tab, semicolon and vertical bar: the one it has most of outside quotes.
    ///
    /// # Errors
    /// When the input cannot be read, is a folder, is empty or has no data row, is of a kind
    /// that is not read, or is not what the form says.
    pub fn open(input: &Input, form: &Form) -> Result<Table, Error> {
        let paths = several::paths(input)?;
        let files = FileNames::of(&paths);
        let mut later: Vec<(u32, PathBuf)> = (0..).zip(paths).collect();
        later.reverse();
        let Some((file, path)) = later.pop() else {
            return Table::from_stream(Box::new(io::stdin()), input.shown(), form);
        };
        let is_one = later.is_empty();
        let mut part = Part { file, order: None };
        let strict = &form.clone().with(Least::OneRow);
        let mut table = Table::of(Opened::file(&path)?, &path, strict);
        // A month without rows is a month.
        while let Err(Error::NoRows { .. }) = &table {
            let Some((file, path)) = later.pop() else { break };
            part.file = file;
            table = Table::of(Opened::file(&path)?, &path, strict);
        }
        if matches!(table, Err(Error::NoRows { .. })) && form.least != Least::OneRow {
            part.file = file;
            table = Table::of(Opened::file(&path)?, &path, form);
        }
        let mut table = table?;
        table.rows.set_part(part);
        table.size = table.size.filter(|_| is_one);
        Ok(Table { files, later, ..table })
    }

    /// Goes on to the next file that has rows; gives whether there is one.
    fn go_on(&mut self) -> Result<bool, Error> {
        while let Some((file, path)) = self.later.pop() {
            let next = Opened::file(&path)?;
            match Table::of(next, &path, &self.form) {
                Err(Error::NoRows { .. }) => {}
                Err(fault) => return Err(fault),
                Ok(next) => {
                    let Table { name, header, mut rows, .. } = next;
                    let part = Part::of(file, &name, &header, &self.name, &self.header)?;
                    rows.set_part(part);
                    self.rows = rows;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// As [`Table::open`] of delimited text, from any stream; `shown` is what messages call it.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn from_reader(
        reader: Box<dyn Read + Send>,
        shown: &Path,
        encoding: Encoding,
        delimiter: Option<u8>,
    ) -> Result<Table, Error> {
        let mut form = Form::of(encoding);
        form.delimiter = delimiter;
        Table::from_stream(reader, shown, &form)
    }

    /// As [`Table::open`], from any stream.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn from_stream(
        reader: Box<dyn Read + Send>,
        shown: &Path,
        form: &Form,
    ) -> Result<Table, Error> {
        Table::of(Opened::from_reader(reader, shown)?, shown, form)
    }

    fn of(opened: Opened, shown: &Path, form: &Form) -> Result<Table, Error> {
        let Opened { kind, bytes, size } = opened;
        let name = files::clean(shown);
        if form.sheet.is_some() && !matches!(kind, Kind::Workbook | Kind::Dex) {
            return Err(Error::NoSheets { file: name, kind });
        }
        let (of_reader, place) = (form.clone(), shown.to_owned());
        let (header, rows) = match kind {
            Kind::Text => {
                let (header, text) = Delimited::open(bytes.reader(), shown, form)?;
                (header, Rows::Text(Box::new(text)))
            }
            _ => {
                let (header, feed) = Feed::start(kind, shown, form.least, move |sink| {
                    let form = &of_reader;
                    match (kind, bytes) {
                        (Kind::Parquet, Bytes::File(file)) => columns::parquet(file, form, sink),
                        (Kind::Parquet, Bytes::Stream(stream)) => {
                            let held = Bytes::held(stream, &place)?;
                            columns::parquet(bytes::Bytes::from(held), form, sink)
                        }
                        (Kind::Workbook, Bytes::File(file)) => sheet::read(file, form, sink),
                        (Kind::Workbook, Bytes::Stream(stream)) => {
                            let held = Bytes::held(stream, &place)?;
                            sheet::read(Cursor::new(held), form, sink)
                        }
                        (Kind::Arrow, bytes) => columns::arrow(bytes.reader(), &place, form, sink),
                        (Kind::Dex, bytes) => dex::read(bytes.reader(), &place, form, sink),
                        (Kind::JsonLines | Kind::Text, bytes) => {
                            jsonl::read(bytes.reader(), &place, form, sink)
                        }
                    }
                })?;
                (header, Rows::Fed(Box::new(feed)))
            }
        };
        let (files, later) = (FileNames::default(), Vec::new());
        Ok(Table { name, kind, header, rows, size, files, later, form: form.clone() })
    }

    /// The names of its files, to tell rows of several apart.
    pub fn files(&self) -> FileNames {
        self.files.clone()
    }

    /// What kind of file it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The file as it was named, fit to be shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The column names, trimmed.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The byte between the cells of a text file; a comma for all others.
    pub fn delimiter(&self) -> u8 {
        match &self.rows {
            Rows::Text(text) => text.delimiter(),
            Rows::Fed(_) => b',',
        }
    }

    /// What a person should know of the file beside its rows.
    pub fn warnings(&self) -> Vec<String> {
        let is_large = self.kind == Kind::Dex && self.size > Some(dex::MOST_UPLOADED);
        let name = &self.name;
        let warning = || {
            format!(
                "{name}: is larger than 10 MB; the Data Exchange takes no such file, so split it before it is uploaded"
            )
        };
        let mut warnings: Vec<String> = is_large.then(warning).into_iter().collect();
        let is_empty = match &self.rows {
            Rows::Text(text) => text.is_empty(),
            Rows::Fed(feed) => feed.is_empty(),
        };
        if is_empty {
            let nobody = Error::NoRows { file: name.clone() };
            let hint = nobody.hint().unwrap_or_default();
            warnings.push(format!("{nobody}: where there should be any, {hint}"));
        }
        warnings
    }

    /// About how many rows the file has: as it says itself, or by its size and the rows that
    /// were read so far; for progress. Nothing for a stream.
    pub fn about_rows(&self, so_far: usize) -> Option<u64> {
        match &self.rows {
            Rows::Fed(feed) => feed.rows().filter(|_| self.size.is_some()),
            Rows::Text(text) => {
                let size = self.size? as f64;
                Some((size / text.read().max(1) as f64 * so_far as f64).round() as u64)
            }
        }
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

    /// The header name most similar to this one, unless it is quite another word. A first
    /// line with a number or a date in it may be data, of which nothing is shown.
    fn closest(&self, lower: &str) -> Option<String> {
        let is_number = |cell: &String| !cell.is_empty() && !cell.contains(char::is_alphabetic);
        if self.header.iter().any(is_number) {
            return None;
        }
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
    /// When the file cannot be read on: a quote left open, bytes of another encoding, a row of
    /// text over 1 MiB, bytes that its format does not have. Rows that only have the wrong
    /// number of cells, or a NUL, are rejects.
    pub fn next_batch(&mut self, max_rows: usize) -> Result<Batch, Error> {
        loop {
            let batch = match &mut self.rows {
                Rows::Text(text) => text.next_batch(max_rows.max(1))?,
                Rows::Fed(feed) => feed.next_batch(max_rows.max(1))?,
            };
            if !batch.is_empty() || !self.go_on()? {
                return Ok(batch);
            }
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Table({}, {} columns)", self.name, self.header.len())
    }
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
    /// How many rows were read, with those that were set aside.
    pub fn len(&self) -> usize {
        self.rows.len() + self.rejects.len()
    }

    /// Whether the file has ended.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.rejects.is_empty()
    }

    pub(super) fn reject(&mut self, file: u32, span: Span, reason: String) {
        self.rejects.push(Reject { file, line: span.line, column: None, reason });
    }
}

/// A row, or a cell of one, that was set aside, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Which of the table's files it is in, counted from 0.
    pub file: u32,
    /// The physical line its row begins on; the number of the row where a file has no lines.
    pub line: u64,
    /// The column, where one cell is at fault.
    pub column: Option<String>,
    /// Why, in plain words without a value.
    pub reason: String,
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use super::*;
    use crate::error::{Class, Fault};

    /// The header, every row as `line:cell|cell` and every reject as `line!reason`.
    pub(in crate::sources) fn read(bytes: &[u8], form: &Form) -> Result<Vec<String>, String> {
        let message = |e: Error| {
            assert_eq!(e.class(), Class::Input);
            e.to_string()
        };
        let reader = Box::new(Cursor::new(bytes.to_vec()));
        let mut table = Table::from_stream(reader, Path::new("f"), form).map_err(message)?;
        let mut lines = vec![table.header().join("|")];
        loop {
            let batch = table.next_batch(3).map_err(message)?;
            if batch.is_empty() {
                return Ok(lines);
            }
            for row in &batch.rows {
                lines.push(format!("{}:{}", row.line, row.cells().collect::<Vec<_>>().join("|")));
            }
            lines.extend(batch.rejects.iter().map(|r| format!("{}!{}", r.line, r.reason)));
        }
    }

    pub(in crate::sources) fn plain() -> Form {
        Form::of(Encoding::Utf8)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        packed.write_all(bytes).expect("packed");
        packed.finish().expect("packed")
    }

    #[test]
    fn packed_files_are_unpacked() {
        let text = b"a,b\n1,2\n";
        let expected = Ok(vec!["a|b".to_owned(), "2:1|2".to_owned()]);
        assert_eq!(read(&gzip(text), &plain()), expected);
        assert_eq!(read(&zstd::encode_all(&text[..], 3).expect("packed"), &plain()), expected);
        // Parts one after the other are one file.
        let parts = [gzip(b"a,b\n"), gzip(b"1,2\n")].concat();
        assert_eq!(read(&parts, &plain()), expected);
        let object = Ok(vec!["a|b".to_owned(), "1:1|2".to_owned()]);
        assert_eq!(read(&gzip(b"{\"a\":1,\"b\":2}\n"), &plain()), object);
    }

    #[test]
    fn packed_files_that_are_broken_or_bombs_are_refused() {
        let text = "canary,b\n1,2\n".repeat(1000);
        for packed in [gzip(text.as_bytes()), zstd::encode_all(text.as_bytes(), 3).expect("packed")]
        {
            let refused = read(&packed[..packed.len() - 9], &plain());
            let expected = "f: cannot be unpacked: it is cut off or damaged";
            assert_eq!(refused, Err(expected.to_owned()));
            let twice = read(&gzip(&packed), &plain());
            assert_eq!(twice, Err("f: is packed twice".to_owned()));
        }
        let spaces = vec![b' '; 1 << 16];
        let record = b"<Client><ClientId>1</ClientId></Client>";
        let list = [&record[..], &spaces[..]].concat().repeat(1300);
        let bomb = [b"<DEXFileUpload><Clients>".to_vec(), list].concat();
        let refused = read(&gzip(&bomb), &plain());
        assert_eq!(refused, Err("f: unpacks to far more than its size allows".to_owned()));
        let bomb = [b"a,b\n1,2\n".to_vec(), vec![b'\n'; 80 << 20]].concat();
        for packed in [gzip(&bomb), zstd::encode_all(&bomb[..], 1).expect("packed")] {
            let refused = read(&packed, &plain());
            assert_eq!(refused, Err("f: unpacks to far more than its size allows".to_owned()));
        }
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn an_upload_that_nobody_takes_is_told_of() {
        let home = tempfile::tempdir().expect("a folder");
        let place = home.path().join("upload.xml");
        let upload = |clients: usize| {
            let client = "<Client><ClientId>1</ClientId></Client>\n".repeat(clients);
            let text = format!("<DEXFileUpload><Clients>{client}</Clients></DEXFileUpload>");
            std::fs::write(&place, text).expect("written");
            let table = Table::open(&Input::File(place.clone()), &plain()).expect("a table");
            table.warnings()
        };
        assert_eq!(upload(10), [""; 0]);
        let warnings = upload(260_000);
        assert!(warnings.len() == 1 && warnings[0].contains("larger than 10 MB"), "{warnings:?}");
    }

    #[test]
    fn files_of_no_use_say_why() {
        for (bytes, expected) in [
            (&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], "an old (.xls) or password-protected"),
            (b"[{\"a\":1}]", "one JSON array"),
            (b"<?xml version=\"1.0\"?><x/>", "XML, and no DEX"),
            (b"FEA1\0\0\0\0", "old version 1"),
            (b"PK\x03\x04rest", "is not sound as an Excel workbook"),
            (b"PAR1rest of it", "is not sound as Parquet"),
            (b"ARROW1\0\0rest", "is not sound as Arrow"),
        ] {
            let refused = read(bytes, &plain()).expect_err("refused");
            assert!(refused.contains(expected), "{refused}");
        }
        let mut form = plain();
        form.sheet = Some("x".to_owned());
        let refused = read(b"a,b\n1,2\n", &form);
        assert_eq!(refused, Err("f: is delimited text, which has no sheets".to_owned()));
    }
}
