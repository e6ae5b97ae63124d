//! Comma- and tab-separated text as agencies export it: any of three encodings, mixed line
//! ends, quoted line breaks, blanks after commas, ragged rows. Takes bytes, gives rows of
//! trimmed text cells with their physical line numbers, and rejects with reasons. Never
//! guesses an encoding, and never shows a cell in a message.

use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::cells::{Cells, Parting, Record, check_text};
use super::error::{Error, MAX_COLUMNS};
use super::form::{Form, Least};
use super::records::{Broken, Records, Span};
use super::several::Part;
use super::spec::Encoding;
use super::table::Batch;
use super::unpack;
use crate::files;

/// The delimiters that a header line is searched for, first in a tie.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Rows that are taken apart as one piece of parallel work.
const PIECE: usize = 1 << 10;

/// A batch is cut here, however few its rows: memory follows the batch, not how wide rows are.
const BATCH_BYTES: usize = 1 << 24;

/// Delimited text whose header is read.
pub(super) struct Delimited {
    name: String,
    shown: PathBuf,
    encoding: Encoding,
    delimiter: u8,
    columns: usize,
    records: Records,
    is_empty: bool,
    part: Part,
}

impl Delimited {
    /// Reads the header of a text.
    pub(super) fn open(
        reader: Box<dyn Read + Send>,
        shown: &Path,
        form: &Form,
    ) -> Result<(Vec<String>, Delimited), Error> {
        let name = files::clean(shown);
        let records = Records::new(reader, form.encoding);
        let mut records = records.map_err(|broken| explain(broken, &name, shown, form.encoding))?;
        let encoding = records.encoding();
        let fail = |broken| explain(broken, &name, shown, encoding);
        let mut bytes = Vec::new();
        let said = said(records.peek_line().map_err(fail)?);
        if said.is_some() {
            records.next(&mut bytes).map_err(fail)?;
            bytes.clear();
        }
        let delimiter = match form.delimiter.or(said) {
            Some(byte) => byte,
            None => sniff(records.peek_line().map_err(fail)?),
        };
        records.set_delimiter(delimiter);
        let Some(span) = records.next(&mut bytes).map_err(fail)? else {
            return Err(Error::Empty { file: name });
        };
        check_text(&bytes, span, &name, encoding)?;
        if bytes.contains(&0) {
            return Err(Error::NulInHeader { file: name, line: span.line });
        }
        let cells = Cells::read(&bytes, delimiter, 1)
            .ok_or_else(|| Error::Torn { file: name.clone(), line: span.line })?;
        let columns = cells.of_row(0).len();
        if columns > MAX_COLUMNS {
            return Err(Error::TooWide { file: name, columns });
        }
        let is_empty = !records.has_more().map_err(|b| explain(b, &name, shown, encoding))?;
        if is_empty && form.least == Least::OneRow {
            return Err(Error::NoRows { file: name });
        }
        let header = (0..columns).map(|place| cells.cell(place).trim().to_owned()).collect();
        let shown = shown.to_owned();
        let part = Part::default();
        let text = Delimited { name, shown, encoding, delimiter, columns, records, is_empty, part };
        Ok((header, text))
    }

    /// Whether there is a header and nothing else.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Says which file of several it is, before the first batch.
    pub(super) fn set_part(&mut self, part: Part) {
        self.part = part;
    }

    /// The byte between cells.
    pub(super) fn delimiter(&self) -> u8 {
        self.delimiter
    }

    /// Bytes that were read so far.
    pub(super) fn read(&self) -> u64 {
        self.records.read()
    }

    /// The next rows, at most so many with the rejects; an empty batch is the end.
    pub(super) fn next_batch(&mut self, max_rows: usize) -> Result<Batch, Error> {
        loop {
            let (batch, taken) = self.take(max_rows)?;
            if taken == 0 || !batch.is_empty() {
                return Ok(batch);
            }
        }
    }

    /// As [`Delimited::next_batch`], with how many records were taken, blank ones included.
    fn take(&mut self, max_rows: usize) -> Result<(Batch, usize), Error> {
        let mut text = Vec::new();
        let mut records: Vec<(usize, Span)> = Vec::new();
        let mut broken = None;
        while records.len() < max_rows && text.len() < BATCH_BYTES {
            match self.records.next(&mut text) {
                Ok(Some(span)) => records.push((text.len(), span)),
                Ok(None) => break,
                Err(e) => {
                    text.truncate(records.last().map_or(0, |(end, _)| *end));
                    broken = Some(e);
                    break;
                }
            }
        }
        let starts = std::iter::once(0).chain(records.iter().map(|(end, _)| *end));
        let records: Vec<Record> = starts
            .zip(&records)
            .map(|(start, &(end, span))| Record { bytes: start..end, span })
            .collect();
        let parting = Parting {
            name: &self.name,
            encoding: self.encoding,
            delimiter: self.delimiter,
            columns: self.columns,
            part: &self.part,
        };
        let pieces: Vec<Batch> = records
            .par_chunks(PIECE)
            .map(|records| parting.read(&text, records))
            .collect::<Result<_, _>>()?;
        // What stands before a fault of the file comes first, in messages too.
        if let Some(broken) = broken {
            return Err(explain(broken, &self.name, &self.shown, self.encoding));
        }
        let mut batch = Batch::default();
        for piece in pieces {
            batch.rows.extend(piece.rows);
            batch.rejects.extend(piece.rejects);
        }
        Ok((batch, records.len()))
    }
}

fn explain(broken: Broken, name: &str, shown: &Path, declared: Encoding) -> Error {
    let file = name.to_owned();
    match broken {
        Broken::Io(e) => unpack::broken(&e, shown),
        Broken::NoUtf16 => Error::NoUtf16 { file },
        Broken::Malformed { line } => Error::Malformed { file, line, declared },
        Broken::OpenQuote { line } => Error::OpenQuote { file, line },
        Broken::TooLong { line, quote } => Error::TooLong { file, line, quote },
    }
}

/// The delimiter that Excel is told in a line of its own before the header: `sep=;`.
fn said(line: &[u8]) -> Option<u8> {
    let bare = line.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let (sep, delimiter) = bare.unwrap_or(line).split_at_checked(4)?;
    let is_sep = sep.eq_ignore_ascii_case(b"sep=");
    DELIMITERS.into_iter().find(|known| is_sep && delimiter == [*known])
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

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::super::Table;
    use super::*;
    use crate::error::{Class, Fault};

    fn open_as(bytes: &[u8], encoding: Encoding) -> Result<Table, Error> {
        let reader = Box::new(Cursor::new(bytes.to_vec()));
        Table::from_reader(reader, Path::new("t.csv"), encoding, None)
    }

    fn open(text: &str) -> Result<Table, Error> {
        open_as(text.as_bytes(), Encoding::Utf8)
    }

    /// Every row as `line:cell|cell`, every reject as `line!reason`.
    fn read(mut table: Table, batch: usize) -> Result<Vec<String>, Error> {
        let mut out = Vec::new();
        loop {
            let batch = table.next_batch(batch)?;
            if batch.is_empty() {
                return Ok(out);
            }
            let width = table.header().len();
            for row in &batch.rows {
                let cells: Vec<&str> = (0..width).map(|at| row.cell(at)).collect();
                out.push(format!("{}:{}", row.line, cells.join("|")));
            }
            out.extend(batch.rejects.iter().map(|r| format!("{}!{}", r.line, r.reason)));
        }
    }

    fn rows(text: &str) -> Vec<String> {
        read(open(text).expect("a table"), 100).expect("rows")
    }

    fn message(result: Result<Table, Error>) -> String {
        let error = match result {
            Ok(table) => read(table, 100).expect_err("a broken table"),
            Err(e) => e,
        };
        assert_eq!(error.class(), Class::Input);
        let hint = error.hint().map(|h| format!(" ({h})")).unwrap_or_default();
        format!("{error}{hint}")
    }

    #[test]
    fn blanks_after_commas_are_trimmed_as_febrl_files_have_them() {
        let table = open("rec_id, given_name, surname\nr-1, anna, o'hara\n").expect("a table");
        assert_eq!(table.header(), ["rec_id", "given_name", "surname"]);
        assert_eq!(read(table, 9).expect("rows"), ["2:r-1|anna|o'hara"]);
    }

    #[test]
    fn lines_are_physical_ones_whatever_ends_them() {
        for (text, expected) in [
            ("a,b\n1,2\n3,4", vec!["2:1|2", "3:3|4"]),
            ("a,b\r\n1,2\r\n3,4\r\n", vec!["2:1|2", "3:3|4"]),
            ("a,b\r1,2\r3,4\r", vec!["2:1|2", "3:3|4"]),
            ("a,b\r\n\r\n1,2\n\n\r3,4\n", vec!["3:1|2", "6:3|4"]),
            ("\n\na,b\n1,2\n", vec!["4:1|2"]),
            ("a,b\n\"1\r\n\n1\",2\n3,4\n", vec!["2:1\r\n\n1|2", "5:3|4"]),
            ("a,b\n\"x\"\"y\",\"\"\n3,4", vec!["2:x\"y|", "3:3|4"]),
            ("a,b\n   \n1,2", vec!["3:1|2"]),
            ("\u{feff}a,b\n1,2", vec!["2:1|2"]),
            ("a,b\n\u{feff}\n1,2", vec!["3:1|2", "2!has 1 cell; expected 2"]),
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn rows_that_cannot_be_kept_are_set_aside_with_a_reason() {
        for (text, expected) in [
            ("a,b\n1\n3,4", vec!["3:3|4", "2!has 1 cell; expected 2"]),
            ("a,b\n1,2,3\n3,4", vec!["3:3|4", "2!has 3 cells; expected 2"]),
            ("a,b\n1,\0\n3,4", vec!["3:3|4", "2!holds a NUL byte"]),
            (
                "a,b\n\"1,2\n3\",4,5\n6,7",
                vec!["4:6|7", "2!has 3 cells; expected 2 (a quote runs from here to line 3)"],
            ),
            ("a,b\n1,2,3\n", vec!["2!has 3 cells; expected 2"]),
        ] {
            assert_eq!(rows(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_character_broken_by_a_line_end_is_refused() {
        // Ǡ is C7 A0: neither line is text, though side by side they would be.
        let bytes: &[u8] = b"a\nMai\xc7\n\xa0x\n";
        let reader = Box::new(std::io::Cursor::new(bytes.to_vec()));
        let mut table =
            Table::from_reader(reader, Path::new("f.csv"), Encoding::Utf8, None).expect("a table");
        let refused = table.next_batch(9).err();
        assert!(matches!(refused, Some(Error::Malformed { line: 2, .. })), "{refused:?}");
    }

    #[test]
    fn the_header_line_decides_the_delimiter() {
        for (text, delimiter) in [
            ("a,b\n1,2", b','),
            ("a\tb\n1\t2", b'\t'),
            ("a;b;\"c,d,e\"\n1;2;3", b';'),
            ("a|b\n1|2", b'|'),
            ("only\n1,2", b','),
        ] {
            assert_eq!(open(text).expect("a table").delimiter(), delimiter, "{text:?}");
        }
    }

    #[test]
    fn encodings_are_declared_and_a_wrong_one_is_named() {
        let wide = |text: &str, big: bool| -> Vec<u8> {
            let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
            text.encode_utf16().flat_map(bytes).collect()
        };
        let (text, marked) = ("a,b\nZoë,2\n", "\u{feff}a,b\nZoë,2\n");
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), Encoding::Utf8),
            (b"a,b\nZo\xeb,2\n".to_vec(), Encoding::Windows1252),
            (wide(text, false), Encoding::Utf16),
            (wide(marked, false), Encoding::Utf16),
            (wide(marked, true), Encoding::Utf16),
            // A mark says what this file is, whatever others are.
            (wide(marked, false), Encoding::Utf8),
            (wide(marked, true), Encoding::Windows1252),
            (marked.as_bytes().to_vec(), Encoding::Windows1252),
            (marked.as_bytes().to_vec(), Encoding::Utf16),
        ] {
            let table = open_as(&bytes, encoding).expect("a table");
            assert_eq!(read(table, 9).expect("rows"), ["2:Zoë|2"], "{encoding:?}");
        }
        for (bytes, encoding, expected) in [
            (
                b"a,b\n1,2\nZo\xeb,2\n".to_vec(),
                Encoding::Utf8,
                "t.csv line 3: is not UTF-8 text (if an older spreadsheet wrote it, say so: `encoding = \
                 \"windows-1252\"` in source.toml; without one, `--encoding windows-1252`)",
            ),
            (
                b"a,b\n\"1\r\n\xeb\",2\n".to_vec(),
                Encoding::Utf8,
                "t.csv line 3: is not UTF-8 text (if an older spreadsheet wrote it, say so: `encoding = \
                 \"windows-1252\"` in source.toml; without one, `--encoding windows-1252`)",
            ),
            (
                wide(text, false),
                Encoding::Utf8,
                "t.csv line 1: the header holds a NUL byte; expected text (if it is UTF-16, \
                 say so: `encoding = \
                 \"utf-16\"` in source.toml; without one, `--encoding utf-16`)",
            ),
            (
                text.as_bytes().to_vec(),
                Encoding::Utf16,
                "t.csv: is declared as UTF-16 but does not look like it (say so: `encoding = \
                 \"utf-8\"` in source.toml; without one, `--encoding utf-8`)",
            ),
            (
                [wide("a,b\n1,2\n", false), vec![0, 0xd8], wide("\n", false)].concat(),
                Encoding::Utf16,
                "t.csv line 3: is not UTF-16 text (say which encoding it really \
                 has: `encoding` in source.toml; without one, `--encoding`)",
            ),
        ] {
            assert_eq!(message(open_as(&bytes, encoding)), expected);
        }
    }

    #[test]
    fn the_line_that_tells_excel_the_delimiter_is_no_header() {
        for (text, expected) in [
            ("sep=,\na,b\n1,2;3\n", "a|b\n3:1|2;3"),
            ("\u{feff}SEP=;\r\na;b,c,d\r\n1,5;2\r\n", "a|b,c,d\n3:1,5|2"),
            ("\"sep=|\"\na,b|c\n1|2\n", "a,b|c\n3:1|2"),
            ("sep=\t\na\tb\n1\t2\n", "a|b\n3:1|2"),
            // A column of that name, and what no delimiter is.
            ("sep=,b\n1,2\n", "sep=|b\n2:1|2"),
            ("sep=x\n1\n", "sep=x\n2:1"),
        ] {
            let table = open(text).expect("a table");
            let header = table.header().join("|");
            let rows = read(table, 9).expect("rows").join("\n");
            assert_eq!(format!("{header}\n{rows}"), expected, "{text:?}");
        }
        // What source.toml says goes before.
        let reader = Box::new(Cursor::new(b"sep=,\na;b\n1;2\n".to_vec()));
        let table = Table::from_reader(reader, Path::new("t.csv"), Encoding::Utf8, Some(b';'));
        assert_eq!(table.expect("a table").header(), ["a", "b"]);
    }

    #[test]
    fn files_that_are_no_table_are_refused() {
        let cut = "check that the export was not cut off or filtered away";
        let quote = "close the quote, or double it (`\"\"`) where it is part of the text";
        for (text, expected) in [
            ("", format!("t.csv: is empty; expected a header line and data rows ({cut})")),
            ("\r\n\n", format!("t.csv: is empty; expected a header line and data rows ({cut})")),
            ("a,b\n\n", format!("t.csv: has a header but no data rows ({cut})")),
            (
                "a,b\n1,2\n3,\"4\n5,6\n",
                format!("t.csv line 3: a quote is opened here and never closed ({quote})"),
            ),
            (
                "a,b\n1,\"2\n\n\n,\"3\n5\",\"6\n",
                format!("t.csv line 6: a quote is opened here and never closed ({quote})"),
            ),
        ] {
            assert_eq!(message(open(text)), expected, "{text:?}");
        }
        let long = format!("a,b\n1,2\n3,\"{}", "x\n".repeat(1 << 20));
        let expected = format!(
            "t.csv line 3: the row that begins here is longer than 1 MiB, inside a quote opened \
             on line 3 ({quote})"
        );
        assert_eq!(message(open(&long)), expected);
        let wide = format!("{}\n1\n", ",".repeat(10_000));
        assert_eq!(message(open(&wide)), "t.csv: has 10001 columns; expected at most 10000");
    }

    #[test]
    fn columns_are_found_by_name_and_the_closest_is_suggested() {
        let table = open("rec_id,Given Name, SURNAME ,dob,DOB,sex,sex\n1,2,3,4,5,6,7\n");
        let table = table.expect("a table");
        assert_eq!(table.column("rec_id").expect("found"), 0);
        assert_eq!(table.column("given name").expect("found"), 1);
        assert_eq!(table.column(" surname").expect("found"), 2);
        assert_eq!(table.column("dob").expect("an exact name goes first"), 3);
        let error = table.columns(["given_name", "Dob", "sex", "postcode", "sex"]);
        assert_eq!(
            error.expect_err("problems").to_string(),
            "t.csv: has no column `given_name`; did you mean `Given Name`?\n\
             t.csv: has column `Dob` twice, as columns 4 and 5\n\
             t.csv: has column `sex` twice, as columns 6 and 7\n\
             t.csv: has no column `postcode`"
        );
        let table = open("Sumner,An,1980-05-17\nLee,Bo,1981-05-17\n").expect("a table");
        let error = table.columns(["surname"]).expect_err("a problem").to_string();
        assert_eq!(error, "t.csv: has no column `surname`", "the first line may be data");
    }

    #[test]
    fn rows_print_as_shape() {
        let mut table = open("a,b\nSECRET,2\n").expect("a table");
        let batch = table.next_batch(5).expect("a batch");
        let shown = format!("{batch:?} {table:?}");
        assert!(shown.contains("Row(line 2, 2 cells)") && !shown.contains("SECRET"), "{shown}");
    }

    proptest! {
        /// What the csv crate writes is read back, with the lines that were written.
        #[test]
        fn rfc_4180_text_reads_back(
            rows in proptest::collection::vec(
                proptest::collection::vec("[a-z,\"\n\r é]{0,6}", 3), 1..20),
            batch in 1usize..8,
        ) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["a", "b", "c"]).expect("written");
            let mut expected = Vec::new();
            for row in &rows {
                let written = std::mem::replace(&mut writer, csv::Writer::from_writer(Vec::new()));
                let bytes = written.into_inner().expect("bytes");
                let text = String::from_utf8(bytes.clone()).expect("text").replace("\r\n", "\n");
                let line = 1 + text.matches(['\n', '\r']).count();
                let cells: Vec<&str> = row.iter().map(|cell| cell.trim()).collect();
                expected.push(format!("{line}:{}", cells.join("|")));
                let mut all = bytes;
                let mut one = csv::Writer::from_writer(Vec::new());
                one.write_record(row).expect("written");
                all.extend(one.into_inner().expect("bytes"));
                writer = csv::Writer::from_writer(all);
            }
            let bytes = writer.into_inner().expect("bytes");
            let table = open_as(&bytes, Encoding::Utf8).expect("a table");
            prop_assert_eq!(read(table, batch).expect("rows"), expected);
        }

        /// Any text at all: the records cut here are those the csv crate sees, so no error
        /// is a torn batch, and the batch size changes nothing.
        #[test]
        fn any_text_is_rows_and_rejects(text in "[a,;\"\n\r\0\u{feff} é]{0,60}", batch in 1usize..5) {
            let both = [batch, 1000].map(|size| {
                let lines = open(&text).and_then(|table| read(table, size));
                lines.map(|mut lines| { lines.sort(); lines }).map_err(|e| e.to_string())
            });
            let torn = |e: &String| e.contains("told apart");
            prop_assert!(!both.iter().any(|r| r.as_ref().is_err_and(torn)), "{:?}", both);
            prop_assert_eq!(&both[0], &both[1]);
        }
    }
}
