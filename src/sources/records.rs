//! A byte stream cut into records: which bytes belong to one record, and on which physical
//! line it begins. Cells are taken apart by the `csv` crate; it counts `\n` only and does not
//! say where a quote was left open, so the lines are counted here.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::spec::Encoding;

/// A record longer than this is refused: one stray quote can swallow a whole file.
pub(super) const MAX_RECORD_BYTES: usize = 1 << 20;

const CHUNK: usize = 1 << 16;

/// Where a record stood in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// The physical line it begins on; 1 is the first line of the file.
    pub(super) line: u64,
    /// The physical line it ends on.
    pub(super) last_line: u64,
}

/// Why the stream cannot be cut into records.
#[derive(Debug)]
pub(super) enum Broken {
    /// The system failed to read.
    Io(io::Error),
    /// Not one zero byte, which UTF-16 text with commas or line ends always has.
    NoUtf16,
    /// Bytes that the declared encoding does not have.
    Malformed { line: u64 },
    /// The file ended inside quotes.
    OpenQuote { line: u64 },
    /// A record of more than [`MAX_RECORD_BYTES`].
    TooLong { line: u64, quote: Option<u64> },
}

/// Where in a record the scanner is; the same five states as the `csv` crate's reader, so
/// that both see the same records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of this record was seen.
    RecordStart,
    /// After a delimiter: a quote here opens a quoted cell.
    CellStart,
    /// In an unquoted cell: quotes are ordinary.
    Plain,
    /// In a quoted cell, opened on this line.
    Quoted(u64),
    /// After a quote in a quoted cell: doubled, or the end.
    Closing(u64),
}

/// Cuts a stream into records.
pub(super) struct Records {
    encoding: Encoding,
    reader: Box<dyn Read + Send>,
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    /// Decoded bytes, of which those before `at` are used up.
    text: Vec<u8>,
    at: usize,
    ended: bool,
    /// Bytes that were read of the stream.
    read: u64,
    malformed: bool,
    delimiter: u8,
    line: u64,
    after_cr: bool,
}

impl Records {
    /// Begins to read: looks at the first bytes and steps over a byte-order mark, which says how
    /// this file's bytes become text whatever is declared for those without one.
    pub(super) fn new(
        mut reader: Box<dyn Read + Send>,
        encoding: Encoding,
    ) -> Result<Self, Broken> {
        let mut head = Vec::with_capacity(CHUNK);
        reader.by_ref().take(CHUNK as u64).read_to_end(&mut head).map_err(Broken::Io)?;
        let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
        let utf8 = head.starts_with(&[0xef, 0xbb, 0xbf]);
        let encoding = match (utf16, utf8) {
            (true, _) => Encoding::Utf16,
            (_, true) => Encoding::Utf8,
            _ => encoding,
        };
        let (decoder, mark) = match encoding {
            Encoding::Utf16 if !utf16 && !head.is_empty() && !head.contains(&0) => {
                return Err(Broken::NoUtf16);
            }
            Encoding::Utf8 => (None, if utf8 { 3 } else { 0 }),
            Encoding::Windows1252 => (Some(WINDOWS_1252.new_decoder_without_bom_handling()), 0),
            Encoding::Utf16 if head.starts_with(&[0xfe, 0xff]) => {
                (Some(UTF_16BE.new_decoder_without_bom_handling()), 2)
            }
            Encoding::Utf16 => {
                (Some(UTF_16LE.new_decoder_without_bom_handling()), if utf16 { 2 } else { 0 })
            }
        };
        let mut records = Records {
            reader,
            encoding,
            decoder,
            raw: vec![0; CHUNK],
            text: Vec::new(),
            at: 0,
            ended: false,
            read: head.len() as u64,
            malformed: false,
            delimiter: b',',
            line: 1,
            after_cr: false,
        };
        records.take_in(&head[mark..], head.is_empty());
        Ok(records)
    }

    /// How the bytes become text.
    pub(super) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The byte between cells; set before the first record is read.
    pub(super) fn set_delimiter(&mut self, delimiter: u8) {
        self.delimiter = delimiter;
    }

    /// Bytes that were read of the stream so far.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The first line that is not blank, as far as [`MAX_RECORD_BYTES`], left in place.
    pub(super) fn peek_line(&mut self) -> Result<&[u8], Broken> {
        let is_end = |b: &u8| matches!(b, b'\n' | b'\r');
        loop {
            let text = &self.text[self.at..];
            let start = text.iter().position(|b| !is_end(b)).unwrap_or(text.len());
            let end = text[start..].iter().position(is_end);
            if end.is_some() || self.ended || text.len() > MAX_RECORD_BYTES {
                let end = end.map_or(text.len(), |n| start + n);
                return Ok(&self.text[self.at + start..self.at + end]);
            }
            self.fill()?;
        }
    }

    /// Whether anything but line ends is left.
    pub(super) fn has_more(&mut self) -> Result<bool, Broken> {
        Ok(!self.peek_line()?.is_empty() || self.malformed)
    }

    /// Appends the bytes of the next record that is not an empty line, without its line
    /// end; `None` at the end of the file.
    pub(super) fn next(&mut self, into: &mut Vec<u8>) -> Result<Option<Span>, Broken> {
        let start = into.len();
        let mut state = State::RecordStart;
        let mut first = self.line;
        loop {
            if self.at == self.text.len() {
                if self.ended {
                    return self.at_end(state, first);
                }
                self.fill()?;
                continue;
            }
            if state == State::RecordStart {
                match self.text[self.at] {
                    b'\n' | b'\r' => {
                        self.line_end();
                        continue;
                    }
                    _ => {
                        self.after_cr = false;
                        first = self.line;
                        state = State::CellStart;
                    }
                }
            }
            let from = self.at;
            let ended = self.line_without_quotes(state) || self.scan(&mut state);
            into.extend_from_slice(&self.text[from..self.at]);
            if into.len() - start > MAX_RECORD_BYTES {
                let quote = match state {
                    State::Quoted(line) => Some(line),
                    _ => None,
                };
                return Err(Broken::TooLong { line: first, quote });
            }
            if ended {
                let last_line = self.line;
                self.line_end();
                return Ok(Some(Span { line: first, last_line }));
            }
        }
    }

    /// At the beginning of a record whose line is at hand and has no quote, as nearly all are,
    /// steps to the line end; else stays.
    fn line_without_quotes(&mut self, state: State) -> bool {
        let rest = &self.text[self.at..];
        let end = match state {
            State::CellStart => memchr::memchr2(b'\n', b'\r', rest),
            _ => None,
        };
        let Some(end) = end.filter(|end| memchr::memchr(b'"', &rest[..*end]).is_none()) else {
            return false;
        };
        if end > 0 {
            self.after_cr = false;
        }
        self.at += end;
        true
    }

    /// Steps to the line end that closes the record (true) or to the end of the text at
    /// hand (false).
    fn scan(&mut self, state: &mut State) -> bool {
        while let Some(&byte) = self.text.get(self.at) {
            *state = match (*state, byte) {
                (State::Quoted(line), b'"') => State::Closing(line),
                (State::Quoted(line), b'\n' | b'\r') => {
                    self.line_end();
                    *state = State::Quoted(line);
                    continue;
                }
                (State::Quoted(line), _) => {
                    self.after_cr = false;
                    let rest = &self.text[self.at..];
                    let plain = |b: &u8| !matches!(b, b'"' | b'\n' | b'\r');
                    self.at += rest.iter().take_while(|b| plain(b)).count();
                    *state = State::Quoted(line);
                    continue;
                }
                (State::Closing(line), b'"') => State::Quoted(line),
                (_, b'\n' | b'\r') => return true,
                (_, b) if b == self.delimiter => State::CellStart,
                (State::CellStart, b'"') => State::Quoted(self.line),
                _ => State::Plain,
            };
            self.after_cr = false;
            self.at += 1;
            if *state == State::Plain {
                let end = self.delimiter;
                let rest = &self.text[self.at..];
                let plain = |b: &u8| *b != end && !matches!(b, b'\n' | b'\r');
                self.at += rest.iter().take_while(|b| plain(b)).count();
            }
        }
        false
    }

    /// Steps over one byte of a line end: `\r\n`, `\n` and `\r` are each one line.
    fn line_end(&mut self) {
        let byte = self.text[self.at];
        if !(byte == b'\n' && self.after_cr) {
            self.line += 1;
        }
        self.after_cr = byte == b'\r';
        self.at += 1;
    }

    fn at_end(&self, state: State, first: u64) -> Result<Option<Span>, Broken> {
        match state {
            _ if self.malformed => Err(Broken::Malformed { line: self.line }),
            State::Quoted(line) => Err(Broken::OpenQuote { line }),
            State::RecordStart => Ok(None),
            _ => Ok(Some(Span { line: first, last_line: self.line })),
        }
    }

    /// Reads and decodes another chunk.
    fn fill(&mut self) -> Result<(), Broken> {
        let mut raw = std::mem::take(&mut self.raw);
        let read = loop {
            match self.reader.read(&mut raw) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(Broken::Io)?,
            }
        };
        self.read += read as u64;
        self.take_in(&raw[..read], read == 0);
        self.raw = raw;
        Ok(())
    }

    fn take_in(&mut self, bytes: &[u8], last: bool) {
        self.text.drain(..self.at);
        self.at = 0;
        self.ended |= last;
        let Some(decoder) = &mut self.decoder else {
            self.text.extend_from_slice(bytes);
            return;
        };
        let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        let start = self.text.len();
        self.text.resize(start + room.unwrap_or(bytes.len() * 3 + 16), 0);
        let (result, _, written) =
            decoder.decode_to_utf8_without_replacement(bytes, &mut self.text[start..], last);
        self.text.truncate(start + written);
        if let DecoderResult::Malformed(..) = result {
            self.malformed = true;
            self.ended = true;
        }
    }
}
