//! Rows of the formats that are not delimited text. A reader of its own thread puts cells into
//! a [`Sink`]; the [`Feed`] hands them on as the same batches that text is read in. Few batches
//! wait at a time, so that memory follows the batch and not the file. A reader that panics, as
//! readers of binary formats do on bytes that were tampered with, is a broken file and no fault
//! of the program.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::cells::{Cells, Row, ragged};
use super::error::{Error, MAX_COLUMNS};
use super::form::Least;
use super::kind::Kind;
use super::records::{MAX_RECORD_BYTES, Span};
use super::several::Part;
use super::table::{Batch, Reject};
use crate::files;

/// What the threads of readers are called: a panic in one of them is no news to anybody.
pub const READER: &str = "veilway reader";

/// A batch is handed on at so many rows, or so many bytes.
const ROWS: usize = 1 << 12;
const BYTES: usize = 1 << 22;

/// Why a reader stops early.
pub(super) enum Halt {
    /// The file is at fault.
    Fault(Error),
    /// Nobody wants more rows.
    Unwanted,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Halt::Fault(error)
    }
}

enum Message {
    Header(Vec<String>, Option<u64>),
    Rows(Cells, Vec<u64>, Vec<Reject>),
    Fault(Error),
}

/// Where a reader puts the cells of its file.
pub(super) struct Sink {
    sender: SyncSender<Message>,
    file: String,
    columns: usize,
    cells: Cells,
    lines: Vec<u64>,
    rejects: Vec<Reject>,
    /// Where the text and the cells of the row at hand begin.
    row: (usize, usize),
}

impl Sink {
    /// The file, fit to be shown.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// Says which columns there are, before any row, and how many rows, where it is known.
    pub(super) fn header(&mut self, names: Vec<String>, rows: Option<u64>) -> Result<(), Halt> {
        if names.is_empty() {
            return Err(Error::Empty { file: self.file.clone() }.into());
        }
        if names.len() > MAX_COLUMNS {
            let file = self.file.clone();
            return Err(Error::TooWide { file, columns: names.len() }.into());
        }
        self.columns = names.len();
        let names = names.into_iter().map(|name| name.trim().to_owned()).collect();
        self.send(Message::Header(names, rows))
    }

    /// The text of the cell at hand, to be written to.
    pub(super) fn text(&mut self) -> &mut String {
        &mut self.cells.text
    }

    /// Ends the cell at hand.
    pub(super) fn end_cell(&mut self) {
        // A batch is cut long before four gigabytes.
        self.cells.ends.push(u32::try_from(self.cells.text.len()).unwrap_or(u32::MAX));
    }

    /// One whole cell.
    pub(super) fn cell(&mut self, text: &str) {
        self.cells.text.push_str(text);
        self.end_cell();
    }

    /// Ends the row at hand, which stands on this line of the file.
    pub(super) fn end_row(&mut self, line: u64) -> Result<(), Halt> {
        let (text, cells) = self.row;
        let bytes = &self.cells.text.as_bytes()[text..];
        let count = self.cells.ends.len() - cells;
        let fault = if memchr::memchr(0, bytes).is_some() {
            Some("holds a NUL byte".to_owned())
        } else if bytes.len() > MAX_RECORD_BYTES {
            Some("is longer than 1 MiB".to_owned())
        } else if count != self.columns {
            Some(ragged(count, self.columns, Span { line, last_line: line }))
        } else {
            None
        };
        match fault {
            Some(reason) => self.reject(line, reason),
            None => {
                self.lines.push(line);
                self.cells.rows.push(u32::try_from(self.cells.ends.len()).unwrap_or(u32::MAX));
                self.row = (self.cells.text.len(), self.cells.ends.len());
                self.hand_on_when_full()
            }
        }
    }

    /// Sets the row at hand aside.
    pub(super) fn reject(&mut self, line: u64, reason: String) -> Result<(), Halt> {
        self.forget();
        self.rejects.push(Reject { file: 0, line, column: None, reason });
        self.hand_on_when_full()
    }

    /// Forgets the cells of the row at hand.
    pub(super) fn forget(&mut self) {
        self.cells.text.truncate(self.row.0);
        self.cells.ends.truncate(self.row.1);
    }

    fn hand_on_when_full(&mut self) -> Result<(), Halt> {
        match self.lines.len() + self.rejects.len() >= ROWS || self.cells.text.len() >= BYTES {
            true => self.hand_on(),
            false => Ok(()),
        }
    }

    fn hand_on(&mut self) -> Result<(), Halt> {
        self.forget();
        self.row = (0, 0);
        let (cells, lines) = (std::mem::take(&mut self.cells), std::mem::take(&mut self.lines));
        let rejects = std::mem::take(&mut self.rejects);
        self.send(Message::Rows(cells, lines, rejects))
    }

    fn send(&self, message: Message) -> Result<(), Halt> {
        self.sender.send(message).map_err(|_| Halt::Unwanted)
    }
}

/// The receiving end: batches of a file that is read by a thread of its own.
pub(super) struct Feed {
    receiver: Receiver<Message>,
    /// What was received and not yet asked for.
    waiting: Batch,
    fault: Option<Error>,
    rows: Option<u64>,
    part: Part,
    /// What was received before the part was known; nothing where there is a header alone.
    first: Option<(Cells, Vec<u64>, Vec<Reject>)>,
    is_empty: bool,
}

impl Feed {
    /// Starts a reader and waits for its header.
    pub(super) fn start(
        kind: Kind,
        shown: &Path,
        least: Least,
        read: impl FnOnce(&mut Sink) -> Result<(), Halt> + Send + 'static,
    ) -> Result<(Vec<String>, Feed), Error> {
        let file = files::clean(shown);
        let (sender, receiver) = sync_channel(2);
        let mut sink = Sink {
            sender,
            file: file.clone(),
            columns: 0,
            cells: Cells::default(),
            lines: Vec::new(),
            rejects: Vec::new(),
            row: (0, 0),
        };
        let unsound = Error::Unsound { file: file.clone(), kind, line: None };
        let work = move || {
            let fault = match catch_unwind(AssertUnwindSafe(|| read(&mut sink))) {
                Ok(Ok(())) => None,
                Ok(Err(Halt::Fault(fault))) => Some(fault),
                Ok(Err(Halt::Unwanted)) => return,
                Err(_) => Some(unsound),
            };
            // What stands before a fault of the file comes first, in messages too.
            let handed_on = sink.hand_on().is_ok();
            if let Some(fault) = fault.filter(|_| handed_on) {
                let _ = sink.send(Message::Fault(fault));
            }
        };
        thread::Builder::new()
            .name(READER.to_owned())
            .spawn(work)
            .map_err(|e| files::io_error(shown, "read", e))?;
        let mut feed = Feed {
            receiver,
            waiting: Batch::default(),
            fault: None,
            rows: None,
            part: Part::default(),
            first: None,
            is_empty: false,
        };
        let header = loop {
            match feed.receiver.recv() {
                Ok(Message::Header(header, rows)) => {
                    feed.rows = rows;
                    break header;
                }
                Ok(Message::Rows(..)) => {}
                Ok(Message::Fault(fault)) => return Err(fault),
                Err(_) => return Err(Error::Empty { file }),
            }
        };
        let is_nothing = |lines: &[u64], rejects: &[Reject]| lines.is_empty() && rejects.is_empty();
        let mut next = feed.receiver.recv();
        if matches!(&next, Ok(Message::Rows(_, lines, rejects)) if is_nothing(lines, rejects)) {
            next = feed.receiver.recv();
        }
        match next {
            Ok(Message::Rows(cells, lines, rejects)) => {
                feed.first = Some((cells, lines, rejects));
                Ok((header, feed))
            }
            Ok(Message::Fault(fault)) => Err(fault),
            // Of an upload, the list itself is missing then.
            Ok(Message::Header(..)) | Err(_)
                if least == Least::OneRow || (kind == Kind::Dex && least == Least::Header) =>
            {
                Err(Error::NoRows { file })
            }
            Ok(Message::Header(..)) | Err(_) => Ok((header, Feed { is_empty: true, ..feed })),
        }
    }

    /// Whether there is a header and nothing else.
    pub(super) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Says which file of several it is, before the first batch.
    pub(super) fn set_part(&mut self, part: Part) {
        self.part = part;
    }

    /// How many rows the file says it has.
    pub(super) fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// The next rows, at most so many with the rejects; an empty batch is the end.
    pub(super) fn next_batch(&mut self, max_rows: usize) -> Result<Batch, Error> {
        self.fill(max_rows);
        let waiting = &mut self.waiting;
        // Rows and rejects in the order of the file, as far as there is room.
        let mut rows = 0;
        let mut rejects = 0;
        while rows + rejects < max_rows {
            match (waiting.rows.get(rows), waiting.rejects.get(rejects)) {
                (Some(row), Some(reject)) if reject.line < row.line => rejects += 1,
                (Some(_), _) => rows += 1,
                (None, Some(_)) => rejects += 1,
                (None, None) => break,
            }
        }
        let rest = Batch {
            rows: waiting.rows.split_off(rows),
            rejects: waiting.rejects.split_off(rejects),
        };
        let batch = std::mem::replace(waiting, rest);
        match self.fault.take() {
            Some(fault) if batch.is_empty() => Err(fault),
            fault => {
                self.fault = fault;
                Ok(batch)
            }
        }
    }

    fn fill(&mut self, rows: usize) {
        if let Some((cells, lines, rejects)) = self.first.take() {
            self.take_in(cells, lines, rejects);
        }
        while self.fault.is_none() && self.waiting.len() < rows {
            match self.receiver.recv() {
                Ok(Message::Rows(cells, lines, rejects)) => self.take_in(cells, lines, rejects),
                Ok(Message::Header(..)) => {}
                Ok(Message::Fault(fault)) => self.fault = Some(fault),
                Err(_) => break,
            }
        }
    }

    fn take_in(&mut self, mut cells: Cells, lines: Vec<u64>, rejects: Vec<Reject>) {
        cells.part = self.part.clone();
        let cells = Arc::new(cells);
        let rows = lines.into_iter().enumerate();
        self.waiting.rows.extend(rows.map(|(at, line)| Row::new(line, Arc::clone(&cells), at)));
        let file = self.part.file;
        self.waiting.rejects.extend(rejects.into_iter().map(|reject| Reject { file, ..reject }));
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Feed({} rows waiting)", self.waiting.len())
    }
}

/// Records of formats that name each value, and so may name others on each row: the columns are
/// those of the first records, and a record with others is set aside.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

/// How many records are looked at for the names of their values, and how many bytes of them are
/// held meanwhile.
pub(super) const LOOKED_AT: usize = 10_000;
pub(super) const LOOKED_AT_BYTES: usize = 16 << 20;

/// Why a record that has a new name is set aside.
pub(super) const NEW_NAME: &str = "has a value under a name that the first records do not have";

impl Names {
    /// The place of a name; where it has none yet it gets the next.
    pub(super) fn place_or_new(&mut self, name: &str) -> usize {
        if let Some(place) = self.place(name) {
            return place;
        }
        self.names.push(name.to_owned());
        self.places.insert(name.to_owned(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// The place of a name.
    pub(super) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// Every name, in the order of their places.
    pub(super) fn all(&self) -> &[String] {
        &self.names
    }
}
