//! A CSV file that a person may have saved with a spreadsheet: with commas, semicolons or tabs,
//! with or without a byte-order mark, in UTF-8 or UTF-16, with any line ends. Gives records of
//! trimmed cells, with the lines that an editor would show.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use csv::{Reader, ReaderBuilder, Trim};

use super::{Error, io_error, open};

/// A reader of a saved CSV file.
pub(crate) type SavedCsv = Reader<Box<dyn Read>>;

/// Opens a file whose first line is a header.
///
/// # Errors
/// As [`open`], and when what says that it is UTF-16 is none.
pub(crate) fn saved_csv(path: &Path) -> Result<SavedCsv, Error> {
    let fail = |e| io_error(path, "read", e);
    let mut file = BufReader::with_capacity(BUFFER, open(path)?);
    let start = file.fill_buf().map_err(fail)?;
    let utf_16: Option<fn([u8; 2]) -> u16> = match start {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => None,
    };
    let mut plain: Box<dyn BufRead> = match utf_16 {
        None => Box::new(file),
        Some(unit) => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).map_err(fail)?;
            let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
            let text: Result<String, _> = char::decode_utf16(units).collect();
            let whole = text.ok().filter(|_| bytes.len() % 2 == 0);
            let text = whole.ok_or_else(|| Error::NotText { path: path.to_owned() })?;
            Box::new(Cursor::new(text.into_bytes()))
        }
    };
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let start = plain.fill_buf().map_err(fail)?;
    let mark = if start.starts_with(MARK) { MARK.len() } else { 0 };
    let header = start[mark..].split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
    let delimiter = *b",;\t".iter().find(|byte| header.contains(byte)).unwrap_or(&b',');
    plain.consume(mark);
    let lines: Box<dyn Read> = Box::new(Lines { inner: plain, after_return: false });
    Ok(ReaderBuilder::new()
        .delimiter(delimiter)
        .trim(Trim::All)
        .buffer_capacity(BUFFER)
        .from_reader(lines))
}

const BUFFER: usize = 1 << 18;

/// Text whose lines all end in a line feed: where they end otherwise, the reader of CSV counts
/// them wrong.
struct Lines {
    inner: Box<dyn BufRead>,
    /// Whether the last byte was a carriage return, for which a line feed was given.
    after_return: bool,
}

impl Read for Lines {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written == 0 && !out.is_empty() {
            let buffered = self.inner.fill_buf()?;
            if buffered.is_empty() {
                break;
            }
            let taken = buffered.len().min(out.len());
            for &byte in &buffered[..taken] {
                if byte != b'\n' || !self.after_return {
                    out[written] = if byte == b'\r' { b'\n' } else { byte };
                    written += 1;
                }
                self.after_return = byte == b'\r';
            }
            self.inner.consume(taken);
        }
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use csv::Position;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.csv");
        std::fs::write(&path, bytes).expect("written");
        let mut reader = saved_csv(&path)?;
        let header = reader.headers().expect("a header").clone();
        let mut rows = vec![(1, header.iter().map(str::to_owned).collect())];
        rows.extend(reader.records().map(|record| {
            let record = record.expect("a record");
            let line = record.position().map_or(0, Position::line);
            (line, record.iter().map(str::to_owned).collect())
        }));
        Ok(rows)
    }

    #[test]
    fn it_is_the_same_table_however_it_was_saved() {
        let text = "id,what\n1, \"a; b\"\n2,\"\"\n3,é\n";
        let cells = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let expected = [
            (1, cells("id", "what")),
            (2, cells("1", "a; b")),
            (3, cells("2", "")),
            (4, cells("3", "é")),
        ];
        let windows = text.replace('\n', "\r\n");
        let old_mac = text.replace('\n', "\r");
        let semicolons = windows.replace(',', ";");
        let tabs = windows.replace(',', "\t");
        for text in [text, &windows, &old_mac, &semicolons, &tabs] {
            let text = text.replace(" \"", "\"");
            let marked = format!("\u{feff}{text}");
            let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
            for bytes in [text.as_bytes(), marked.as_bytes(), &little, &big] {
                assert_eq!(read(bytes).expect("read"), expected, "{text:?}");
            }
        }
    }

    #[test]
    fn a_line_end_is_one_wherever_the_buffer_ends() {
        let wide = "x".repeat(BUFFER - 9);
        for more in 0..20 {
            let pad = "y".repeat(more);
            let text = format!("id,what\r\n1,{wide}{pad}\r\n\r\n2,\"a\r\nb\"\r\n3,c\r\n");
            let rows = read(text.as_bytes()).expect("read");
            assert_eq!(rows.len(), 4, "{more}");
            assert_eq!((rows[2].1[1].as_str(), rows[3].0), ("a\nb", 6), "{more}");
        }
    }

    #[test]
    fn half_a_letter_of_utf_16_is_no_text() {
        assert!(matches!(read(&[0xff, 0xfe, b'a', 0, b'b']), Err(Error::NotText { .. })));
        assert!(matches!(read(&[0xff, 0xfe, 0, 0xd8]), Err(Error::NotText { .. })));
        assert!(read(&[0xff, 0xfe]).is_ok_and(|rows| rows.len() == 1));
    }
}
