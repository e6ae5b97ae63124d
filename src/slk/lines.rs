//! Lines of CSV in memory, as the `csv` crate writes them: a cell is in quotes where it must be
//! (RFC 4180). That crate looks at every byte of every cell; here a whole row is searched for
//! signs at once, and most rows have none.

use memchr::{memchr, memchr3};

use crate::sources::Row;

const QUOTE: u8 = b'"';

/// Lines of CSV.
pub(super) struct Lines {
    delimiter: u8,
    bytes: Vec<u8>,
    /// Where the line at hand begins.
    start: usize,
}

impl Lines {
    /// None so far, and room for so many bytes.
    pub(super) fn new(delimiter: u8, room: usize) -> Self {
        Lines { delimiter, bytes: Vec::with_capacity(room), start: 0 }
    }

    /// Appends the cells of a row as they are.
    pub(super) fn row(&mut self, row: &Row) {
        if self.has_sign(row.text()) {
            return row.cells().for_each(|cell| self.cell(cell));
        }
        for cell in row.cells() {
            self.bytes.extend_from_slice(cell.as_bytes());
            self.bytes.push(self.delimiter);
        }
    }

    /// Appends a cell.
    pub(super) fn cell(&mut self, cell: &str) {
        if self.has_sign(cell) {
            self.bytes.push(QUOTE);
            for byte in cell.bytes() {
                self.bytes.extend((byte == QUOTE).then_some(QUOTE));
                self.bytes.push(byte);
            }
            self.bytes.push(QUOTE);
        } else {
            self.bytes.extend_from_slice(cell.as_bytes());
        }
        self.bytes.push(self.delimiter);
    }

    /// Appends cells that other lines were given, as they are written.
    pub(super) fn written(&mut self, cells: &[u8]) {
        self.bytes.extend_from_slice(cells);
    }

    /// Ends the line, which has a cell or more. One empty cell is a pair of quotes: a blank line
    /// would be none.
    pub(super) fn end(&mut self) {
        if self.bytes.len() == self.start + 1 {
            self.bytes.splice(self.start..self.start, [QUOTE; 2]);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last = b'\n';
        }
        self.start = self.bytes.len();
    }

    /// The lines.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether a text has anything that must be in quotes.
    fn has_sign(&self, text: &str) -> bool {
        let text = text.as_bytes();
        memchr3(QUOTE, b'\r', b'\n', text).is_some() || memchr(self.delimiter, text).is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::sources::Table;
    use crate::sources::spec::Encoding;

    /// As the `csv` crate writes them.
    fn plain(delimiter: u8, lines: &[Vec<String>]) -> Vec<u8> {
        let mut writer =
            csv::WriterBuilder::new().delimiter(delimiter).flexible(true).from_writer(vec![]);
        lines.iter().for_each(|line| writer.write_record(line).expect("memory"));
        writer.into_inner().expect("memory")
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_csv_crate(
            lines in prop::collection::vec(prop::collection::vec("[ab;,\t\"\r\né]{0,5}", 3), 1..6),
            single in prop::collection::vec(prop::collection::vec("[a;,\"\n]{0,2}", 1), 1..4),
            delimiter in prop::sample::select(vec![b',', b'\t', b';', b'|']),
        ) {
            for lines in [&lines, &single] {
                let mut cells = Lines::new(delimiter, 0);
                for line in lines {
                    line.iter().for_each(|cell| cells.cell(cell));
                    cells.end();
                }
                let expected = plain(delimiter, lines);
                prop_assert_eq!(&cells.into_bytes(), &expected);

                // The same read and written again, below a heading that is as wide.
                let head = vec!["x".to_owned(); lines[0].len()];
                let text = [plain(delimiter, &[head]), expected.clone()].concat();
                let reader = Box::new(Cursor::new(text));
                let path = Path::new("t.csv");
                let mut table = Table::from_reader(reader, path, Encoding::Utf8, Some(delimiter))
                    .expect("a table");
                let rows = table.next_batch(9).expect("rows").rows;
                let mut copied = Lines::new(delimiter, 0);
                rows.iter().for_each(|row| { copied.row(row); copied.end(); });
                prop_assert_eq!(copied.into_bytes(), expected);
            }
        }
    }
}
