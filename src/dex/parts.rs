//! The files that are uploaded: each below the size that the Data Exchange takes, and each whole
//! by itself: a case stands with its clients, its sessions and their assessments, so that any one
//! may go first. A client of cases in two files stands in both.

use std::collections::HashSet;
use std::io::Write;

use serde::Serialize;

use super::store::At;
use crate::files::{self, Readers, Staged};
use crate::sources::MOST_UPLOADED;
use crate::sources::upload::List;

const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DEXFileUpload>\n";
const END: &str = "</DEXFileUpload>\n";
/// What a file has beside its records: less than this.
const AROUND: usize = 1 << 10;

/// A file for the Data Exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartFile {
    /// Its place below the output folder.
    pub file: String,
    /// Its size.
    pub bytes: u64,
}

/// A record as it is written, and where it stood.
pub(super) type Line = (List, At, String);

/// What a session stands on: the case, and its clients by their numbers among all clients.
pub(super) struct Base {
    pub(super) case: Line,
    pub(super) clients: Vec<(u32, At)>,
}

/// The files being written.
pub(super) struct Parts<'s> {
    staged: &'s Staged,
    most: usize,
    /// The records of the file at hand.
    lines: Vec<Line>,
    bytes: usize,
    clients: HashSet<u32>,
    case: Option<At>,
    files: Vec<PartFile>,
}

/// What became of a record that was to be put into a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    Yes,
    /// With what it stands on it is larger than a file may be.
    TooLarge,
}

impl<'s> Parts<'s> {
    pub(super) fn new(staged: &'s Staged, most: Option<usize>) -> Self {
        let most = most.unwrap_or(MOST_UPLOADED as usize);
        Parts {
            staged,
            most,
            lines: Vec::new(),
            bytes: 0,
            clients: HashSet::new(),
            case: None,
            files: Vec::new(),
        }
    }

    fn fits(&self, bytes: usize) -> bool {
        self.bytes + bytes + AROUND <= self.most
    }

    /// Begins another file where so many bytes, which belong together, do not fit into this one
    /// but would into an empty one.
    pub(super) fn make_room(&mut self, bytes: usize) -> Result<(), files::Error> {
        match self.fits(bytes) || bytes + AROUND > self.most {
            true => Ok(()),
            false => self.flush(),
        }
    }

    /// Puts records of a case into a file, with the case and its clients where these are not in
    /// it; `read` gives a client's record.
    pub(super) fn put(
        &mut self,
        base: &Base,
        own: Vec<Line>,
        read: impl Fn(At) -> Result<String, files::Error>,
    ) -> Result<Put, files::Error> {
        let size: usize = own.iter().map(|(_, _, text)| text.len() + 1).sum();
        for _ in 0..2 {
            let is_there = self.case == Some(base.case.1);
            let new = base.clients.iter().filter(|(client, _)| !self.clients.contains(client));
            let new: Vec<(u32, At)> = if is_there { Vec::new() } else { new.copied().collect() };
            let of_base: usize = new.iter().map(|(_, at)| at.bytes() + 1).sum();
            let of_case = if is_there { 0 } else { base.case.2.len() + 1 };
            if self.fits(size + of_base + of_case) {
                for (client, at) in new {
                    self.clients.insert(client);
                    self.add((List::Clients, at, read(at)?));
                }
                if !is_there {
                    self.case = Some(base.case.1);
                    self.add(base.case.clone());
                }
                own.into_iter().for_each(|line| self.add(line));
                return Ok(Put::Yes);
            }
            self.flush()?;
        }
        Ok(Put::TooLarge)
    }

    /// Puts a client into a file who is on no case.
    pub(super) fn client(&mut self, at: At, text: String) -> Result<(), files::Error> {
        if !self.fits(text.len() + 1) {
            self.flush()?;
        }
        self.add((List::Clients, at, text));
        Ok(())
    }

    fn add(&mut self, line: Line) {
        self.bytes += line.2.len() + 1;
        self.lines.push(line);
    }

    /// Writes the file at hand, its records in the order they came in.
    fn flush(&mut self) -> Result<(), files::Error> {
        if self.lines.is_empty() {
            return Ok(());
        }
        self.lines.sort_unstable_by_key(|(list, at, _)| (*list, *at));
        let file = format!("to-dex/upload-{:03}.xml", self.files.len() + 1);
        let mut out = self.staged.create(&file, Readers::Owner)?;
        let mut bytes = 0;
        let mut write = |text: &str| {
            bytes += text.len() as u64;
            out.write_all(text.as_bytes()).map_err(|e| out.error(e))
        };
        write(BEGIN)?;
        for lines in self.lines.chunk_by(|a, b| a.0 == b.0) {
            let name = lines[0].0.name();
            write(&format!("<{name}>\n"))?;
            for (_, _, text) in lines {
                write(text)?;
                write("\n")?;
            }
            write(&format!("</{name}>\n"))?;
        }
        write(END)?;
        out.finish()?;
        self.files.push(PartFile { file, bytes });
        self.lines.clear();
        self.clients.clear();
        (self.bytes, self.case) = (0, None);
        Ok(())
    }

    /// Writes the last file; gives all.
    pub(super) fn finish(mut self) -> Result<Vec<PartFile>, files::Error> {
        self.flush()?;
        Ok(self.files)
    }
}
