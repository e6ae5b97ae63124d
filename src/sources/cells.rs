//! Whole records taken apart into cells. The cells of many rows are one text, so that a row is
//! a place in it and costs no memory of its own.

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use csv::{ByteRecord, ReaderBuilder};

use super::error::Error;
use super::records::Span;
use super::several::Part;
use super::spec::Encoding;
use super::table::Batch;

/// One row: as many cells as the header has names. Prints as shape.
pub struct Row {
    /// The physical line it begins on, where the header begins on line 1; the number of the
    /// row where a file has no lines.
    pub line: u64,
    /// The cells of the rows that were read with it, and the places of its own among them.
    cells: Arc<Cells>,
    first: u32,
    end: u32,
}

impl Row {
    /// The row at this place of some cells.
    pub(super) fn new(line: u64, cells: Arc<Cells>, at: usize) -> Row {
        let Range { start, end } = cells.of_row(at);
        Row { line, cells, first: start as u32, end: end as u32 }
    }

    /// The cell in a column of [`super::Table::column`], without outer white space.
    pub fn cell(&self, column: usize) -> &str {
        trimmed(self.as_is(column))
    }

    /// Every cell as it is in the file.
    pub fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.places().len()).map(|column| self.as_is(column))
    }

    /// All of its cells, one behind the other as they are in the file.
    pub fn text(&self) -> &str {
        let Range { start, end } = self.places();
        &self.cells.text[self.cells.start(start)..self.cells.start(end)]
    }

    /// Which of the table's files it is in, counted from 0.
    pub fn file(&self) -> u32 {
        self.cells.part.file
    }

    /// Its place among all rows of the table: rows of later files come later.
    pub fn place(&self) -> u64 {
        u64::from(self.file()) << 40 | self.line
    }

    /// The file and the line of a place.
    pub(crate) fn file_and_line(place: u64) -> (u32, u64) {
        ((place >> 40) as u32, place & ((1 << 40) - 1))
    }

    fn as_is(&self, column: usize) -> &str {
        let (places, column) = (self.places(), self.cells.part.place(column));
        if column < places.len() { self.cells.cell(places.start + column) } else { "" }
    }

    fn places(&self) -> Range<usize> {
        self.first as usize..self.end as usize
    }
}

/// A text without outer white space. To look for white space of every script takes longer than
/// most cells do altogether.
pub(crate) fn trimmed(text: &str) -> &str {
    match text.as_bytes() {
        [] => text,
        [one] if one.is_ascii_graphic() => text,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row(line {}, {} cells)", self.line, self.places().len())
    }
}

/// A record within a batch's text.
pub(super) struct Record {
    pub(super) bytes: Range<usize>,
    pub(super) span: Span,
}

/// How the records of a table are taken apart.
pub(super) struct Parting<'a> {
    pub(super) name: &'a str,
    pub(super) encoding: Encoding,
    pub(super) delimiter: u8,
    pub(super) columns: usize,
    pub(super) part: &'a Part,
}

impl Parting<'_> {
    /// Takes some whole records apart into cells.
    pub(super) fn read(&self, text: &[u8], records: &[Record]) -> Result<Batch, Error> {
        let mut batch = Batch::default();
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(batch);
        };
        let whole = &text[first.bytes.start..last.bytes.end];
        // The records stand side by side: the end of one and the beginning of the next may make
        // a character that neither has.
        let is_text = std::str::from_utf8(whole).is_ok_and(|whole| {
            records.iter().all(|r| whole.is_char_boundary(r.bytes.start - first.bytes.start))
        });
        if !is_text {
            for Record { bytes, span } in records {
                check_text(&text[bytes.clone()], *span, self.name, self.encoding)?;
            }
        }
        let mut spans = Vec::with_capacity(records.len());
        let mut block = Vec::with_capacity(whole.len() + records.len());
        let has_nul = whole.contains(&0);
        for Record { bytes, span } in records {
            let bytes = &text[bytes.clone()];
            if has_nul && bytes.contains(&0) {
                batch.reject(self.part.file, *span, "holds a NUL byte".into());
                continue;
            }
            block.extend_from_slice(bytes);
            block.push(b'\n');
            spans.push(*span);
        }
        let torn = || Error::Torn { file: self.name.to_owned(), line: first.span.line };
        let cells = Cells::read(&block, self.delimiter, spans.len()).ok_or_else(torn)?;
        let cells = Arc::new(Cells { part: self.part.clone(), ..cells });
        batch.rows.reserve_exact(spans.len());
        for (at, span) in spans.into_iter().enumerate() {
            let row = Row::new(span.line, Arc::clone(&cells), at);
            let count = row.places().len();
            if count == self.columns {
                batch.rows.push(row);
            } else if count != 1 || !row.cells.cell(row.places().start).trim().is_empty() {
                batch.reject(self.part.file, span, ragged(count, self.columns, span));
            }
        }
        batch.rejects.sort_by_key(|reject| reject.line);
        Ok(batch)
    }
}

/// The cells of many rows as one text, so that a row costs no memory of its own.
#[derive(Default)]
pub(super) struct Cells {
    pub(super) text: String,
    /// Where each cell ends in the text.
    pub(super) ends: Vec<u32>,
    /// How many cells there are up to the end of each row.
    pub(super) rows: Vec<u32>,
    /// Which file they are of, and where its columns belong.
    pub(super) part: Part,
}

impl Cells {
    /// Takes whole records apart; nothing where they are not as many as expected. The blank
    /// line before them keeps the csv crate from taking a byte-order mark in the middle of a
    /// file for one at its beginning.
    pub(super) fn read(block: &[u8], delimiter: u8, rows: usize) -> Option<Cells> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(block.len().clamp(64, 1 << 16))
            .from_reader(b"\n".chain(block));
        let mut text = Vec::with_capacity(block.len());
        let mut cells = Cells { rows: Vec::with_capacity(rows), ..Cells::default() };
        let mut record = ByteRecord::new();
        // Neither reading memory nor unequal lengths can fail, and the text was checked.
        while let Ok(true) = reader.read_byte_record(&mut record) {
            let start = text.len();
            text.extend_from_slice(record.as_slice());
            for cell in 0..record.len() {
                let end = record.range(cell).map_or(0, |range| range.end);
                cells.ends.push(u32::try_from(start + end).ok()?);
            }
            cells.rows.push(u32::try_from(cells.ends.len()).ok()?);
        }
        cells.text = String::from_utf8(text).ok()?;
        (cells.rows.len() == rows).then_some(cells)
    }

    /// The places of a row's cells.
    pub(super) fn of_row(&self, row: usize) -> Range<usize> {
        let start = row.checked_sub(1).map_or(0, |before| self.rows[before]);
        start as usize..self.rows[row] as usize
    }

    pub(super) fn cell(&self, place: usize) -> &str {
        &self.text[self.start(place)..self.ends[place] as usize]
    }

    /// Where a cell begins in the text: where the one before it ends.
    fn start(&self, place: usize) -> usize {
        place.checked_sub(1).map_or(0, |before| self.ends[before] as usize)
    }
}

pub(super) fn ragged(cells: usize, expected: usize, span: Span) -> String {
    let noun = if cells == 1 { "cell" } else { "cells" };
    let mut reason = format!("has {cells} {noun}; expected {expected}");
    if span.last_line > span.line {
        reason += &format!(" (a quote runs from here to line {})", span.last_line);
    }
    reason
}

/// Refuses bytes that are not UTF-8 (decoded text always is), with their line.
pub(super) fn check_text(
    bytes: &[u8],
    span: Span,
    name: &str,
    declared: Encoding,
) -> Result<(), Error> {
    let Err(e) = std::str::from_utf8(bytes) else { return Ok(()) };
    let before = &bytes[..e.valid_up_to()];
    let breaks = before.iter().enumerate().filter(|&(at, b)| match b {
        b'\n' => at == 0 || before[at - 1] != b'\r',
        b => *b == b'\r',
    });
    let line = span.line + breaks.count() as u64;
    Err(Error::Malformed { file: name.to_owned(), line, declared })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn trimmed_is_trim(text in "[ \t\r\u{a0}\u{3000}\0\u{1f}aé!]{0,5}") {
            prop_assert_eq!(trimmed(&text), text.trim());
        }
    }
}
