//! A temporary folder, and a word to the system: neither is output, and neither outlives the
//! run.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use tempfile::TempDir;

/// A temporary folder, which is gone with this value.
#[derive(Debug)]
pub(crate) struct Scratch(TempDir);

impl Scratch {
    /// In the system's folder for temporary files.
    ///
    /// # Errors
    /// When none can be made there.
    pub(crate) fn new() -> io::Result<Self> {
        tempfile::tempdir().map(Scratch)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// Writes a word into one of the files by which the system is spoken to; makes none.
///
/// # Errors
/// When there is no such file, or it may not be written.
pub(crate) fn tell_system(file: &Path, word: &str) -> io::Result<()> {
    OpenOptions::new().write(true).open(file)?.write_all(word.as_bytes())
}
