//! Room on disk for what does not fit in memory: a file without a name, gone with the process
//! however it ends, whose bytes are encrypted under a key that is in memory only. What it
//! holds are names' tokens and record numbers, and a disk keeps what was written long after.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use zeroize::Zeroizing;

use super::{Error, io_error};

/// Bytes under one nonce. ChaCha20 (RFC 8439) has a keystream of 2^38; no bytes of a write
/// lie in two stretches.
const STRETCH: u64 = 1 << 36;

/// Bytes written once and read back any number of times, in any order. Prints as shape.
pub struct Scratch {
    file: File,
    shown: PathBuf,
    key: Zeroizing<[u8; 32]>,
    end: u64,
}

impl Scratch {
    /// Makes the file in a folder; `shown` is what messages call that.
    pub(super) fn new(folder: &Path, shown: &Path) -> Result<Self, Error> {
        let fail = |e| io_error(shown, "write in", e);
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key).map_err(|_| fail(io::ErrorKind::Other.into()))?;
        let file = tempfile::tempfile_in(folder).map_err(fail)?;
        Ok(Scratch { file, shown: shown.to_owned(), key, end: 0 })
    }

    /// Writes bytes, which are encrypted where they are, and gives the place to read them at.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn append(&mut self, bytes: &mut [u8]) -> Result<u64, Error> {
        let length = bytes.len() as u64;
        if self.end % STRETCH + length > STRETCH {
            self.end = self.end.next_multiple_of(STRETCH);
        }
        let at = self.end;
        let fail = |e| io_error(&self.shown, "write in", e);
        self.cipher(at, bytes)?;
        write_at(&mut self.file, at, bytes).map_err(fail)?;
        self.end += length;
        Ok(at)
    }

    /// Reads bytes that begin at a place within what was written in one go.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn read(&self, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        read_at(&self.file, at, bytes).map_err(|e| io_error(&self.shown, "read in", e))?;
        self.cipher(at, bytes)
    }

    /// Encrypts or decrypts what stands at a place.
    fn cipher(&self, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&(at / STRETCH).to_le_bytes());
        let mut cipher = ChaCha20::new((&*self.key).into(), (&nonce).into());
        // Neither fails within a stretch.
        let fail = || io_error(&self.shown, "read in", io::ErrorKind::FileTooLarge.into());
        cipher.try_seek(at % STRETCH).map_err(|_| fail())?;
        cipher.try_apply_keystream(bytes).map_err(|_| fail())
    }
}

impl std::fmt::Debug for Scratch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scratch({} bytes)", self.end)
    }
}

fn write_at(file: &mut File, at: u64, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(at))?;
    file.write_all(bytes)
}

#[cfg(unix)]
fn read_at(file: &File, at: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut at: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    use std::os::windows::fs::FileExt;
    while !bytes.is_empty() {
        let read = file.seek_read(bytes, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        at += read as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back_and_is_not_on_the_disk_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut scratch = Scratch::new(folder.path(), folder.path()).expect("scratch");
        let first: Vec<u8> = (0..5000u32).map(|i| i as u8).collect();
        let a = scratch.append(&mut first.clone()).expect("written");
        let mut second = b"a planted value".to_vec();
        let b = scratch.append(&mut second).expect("written");
        assert_ne!(second, b"a planted value");
        let mut part = [0; 300];
        scratch.read(a + 77, &mut part).expect("read");
        assert_eq!(part[..], first[77..377]);
        let mut back = [0; 15];
        scratch.read(b, &mut back).expect("read");
        assert_eq!(&back, b"a planted value");
        let mut raw = vec![0; 5015];
        read_at(&scratch.file, 0, &mut raw).expect("read");
        assert!(!raw.windows(7).any(|bytes| bytes == b"planted"));
        assert_ne!(raw[..5000], first[..]);
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 0, "no name");
    }

    #[test]
    fn no_write_lies_in_two_stretches() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut scratch = Scratch::new(folder.path(), folder.path()).expect("scratch");
        scratch.end = STRETCH - 10;
        let at = scratch.append(&mut b"over the edge".to_vec()).expect("written");
        assert_eq!(at, STRETCH);
        let mut back = [0; 13];
        scratch.read(at, &mut back).expect("read");
        assert_eq!(&back, b"over the edge");
    }
}
