//! A package file as bytes in memory, without a copy. With `unsafe`, as few places have.
#![allow(unsafe_code)]

use std::fs::{File, TryLockError};
use std::ops::Range;
use std::path::Path;

use memmap2::Mmap;

use super::Error;
use crate::files;

/// The bytes of a file, mapped read-only, with a shared lock held for as long.
#[derive(Debug)]
pub(super) struct Mapped {
    map: Mmap,
    _locked: File,
}

impl Mapped {
    /// Maps a file.
    ///
    /// # Errors
    /// When it cannot be read, is empty, or a program holds it for writing.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let file = files::open(path)?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { path: path.to_owned() }),
            // Some network file systems have no locks; then nothing else can hold one.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let length = file.metadata().map_err(|e| files::io_error(path, "read", e))?.len();
        if length == 0 {
            return Err(Error::NotAPackage { path: path.to_owned(), what: "it is empty" });
        }
        // SAFETY: the map is read-only and private to this value. What a map cannot bear is a
        // file that shrinks or changes under it: this program only ever replaces whole files
        // by rename, which leaves the mapped one as it was, and the shared lock above keeps
        // out every program that asks for an exclusive one.
        let map = unsafe { Mmap::map(&file) }.map_err(|e| files::io_error(path, "read", e))?;
        Ok(Mapped { map, _locked: file })
    }

    /// Gives the memory that a range of bytes takes back to the system; they are still there,
    /// and read from the file again when they are asked for.
    pub(super) fn forget(&self, range: Range<usize>) {
        #[cfg(unix)]
        {
            // SAFETY: this drops clean pages of a read-only map of a file. The next read of them
            // gets the same bytes from the file, and nothing was written that could be lost.
            let advice = unsafe {
                let dont_need = memmap2::UncheckedAdvice::DontNeed;
                self.map.unchecked_advise_range(dont_need, range.start, range.len())
            };
            // A system that does not heed it only keeps the memory for longer.
            drop(advice);
        }
        #[cfg(not(unix))]
        let _ = range;
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.map
    }
}
