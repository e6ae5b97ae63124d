//! Records that wait to be written: on the disk, encrypted, in the order they were read. Memory
//! holds where each is, and never what it says.

use crate::files::{self, Scratch};
use crate::sources::upload::{Element, parse};

/// Records are written to the disk by so many bytes.
const BLOCK: usize = 1 << 22;

/// Where a record lies; in the order of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    block: u32,
    offset: u32,
    length: u32,
}

impl At {
    /// How many bytes it is, about.
    pub(super) fn bytes(self) -> usize {
        self.length as usize
    }
}

/// Where a record came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: u32,
    pub(super) line: u64,
}

/// A record as it was put. Prints as shape.
pub(super) struct Stored {
    pub(super) place: Place,
    /// The number that the agency has for it; empty where it has none.
    pub(super) id: String,
    /// As it will be written.
    pub(super) text: String,
}

impl Stored {
    /// The record as elements.
    pub(super) fn root(&self) -> Element {
        // It was written by this program.
        parse(self.text.as_bytes()).unwrap_or_default()
    }
}

/// The records.
pub(super) struct Store {
    scratch: Scratch,
    /// Where each block lies.
    blocks: Vec<u64>,
    /// The block that is not written yet.
    open: Vec<u8>,
}

impl Store {
    pub(super) fn new(scratch: Scratch) -> Store {
        Store { scratch, blocks: Vec::new(), open: Vec::with_capacity(BLOCK) }
    }

    /// Keeps a record.
    pub(super) fn put(&mut self, record: &Stored) -> Result<At, files::Error> {
        let length = 16 + record.id.len() + record.text.len();
        if self.open.len() + length > BLOCK {
            self.seal()?;
        }
        let offset = self.open.len();
        self.open.extend(record.place.line.to_le_bytes());
        self.open.extend(record.place.file.to_le_bytes());
        self.open.extend((record.id.len() as u32).to_le_bytes());
        self.open.extend(record.id.as_bytes());
        self.open.extend(record.text.as_bytes());
        // Blocks and records are far below four gigabytes.
        let [block, offset, length] = [self.blocks.len(), offset, length].map(|n| n as u32);
        Ok(At { block, offset, length })
    }

    /// Writes what is not written yet; then everything can be read.
    pub(super) fn seal(&mut self) -> Result<(), files::Error> {
        if !self.open.is_empty() {
            self.blocks.push(self.scratch.append(&mut self.open)?);
            self.open.clear();
        }
        Ok(())
    }

    /// A record that was put.
    pub(super) fn get(&self, at: At) -> Result<Stored, files::Error> {
        let mut bytes = vec![0; at.length as usize];
        let block = self.blocks.get(at.block as usize).copied().unwrap_or_default();
        self.scratch.read(block + u64::from(at.offset), &mut bytes)?;
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().rev().fold(0u64, |n, byte| n << 8 | u64::from(*byte))
        };
        let (line, file, id) = (number(0, 8), number(8, 12) as u32, number(12, 16) as usize);
        let text = |from: usize, to: usize| {
            let bytes = bytes.get(from..to).unwrap_or_default();
            String::from_utf8_lossy(bytes).into_owned()
        };
        Ok(Stored {
            place: Place { file, line },
            id: text(16, 16 + id),
            text: text(16 + id, bytes.len()),
        })
    }
}
