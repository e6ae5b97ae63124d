//! Opening a file: its packing is taken off, with a bound on how much may come out of it, and
//! its kind is known by the first bytes.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::error::Error;
use super::kind::{HEAD, Kind, Packing, Unread};
use crate::files;

/// What comes out of a packed file is not bounded below this.
pub(super) const FREE: u64 = 64 << 20;

/// How many times larger than itself a packed file may become, beyond [`FREE`] bytes. Exports
/// become 5 to 30 times smaller.
pub(super) const MOST_TIMES: u64 = 100;

/// The most bytes held in memory of a file that must be read back and forth, but is packed or
/// comes through a pipe.
const MOST_HELD: u64 = 1 << 30;

/// A file whose kind is known.
pub(super) struct Opened {
    pub(super) kind: Kind,
    /// Its bytes from the beginning, without the packing.
    pub(super) bytes: Bytes,
    /// How many bytes it has, where it is a file that is not packed.
    pub(super) size: Option<u64>,
}

/// The bytes of a file.
pub(super) enum Bytes {
    /// A plain file, which can be read in any order.
    File(File),
    /// What can be read once, from the beginning.
    Stream(Box<dyn Read + Send>),
}

impl Opened {
    /// Opens a file.
    pub(super) fn file(shown: &Path) -> Result<Opened, Error> {
        let fail = |e| Error::from(files::io_error(shown, "read", e));
        let mut file = files::open(shown)?;
        let head = head_of(&mut file).map_err(fail)?;
        // A pipe has no size that says anything, and no way back.
        let is_plain = file.metadata().is_ok_and(|file| file.is_file());
        if Packing::of(&head).is_some() || !is_plain {
            return Opened::stream(head, Box::new(file), shown);
        }
        let kind = Kind::of(&head).map_err(|unread| not_read(shown, unread))?;
        let size = file.seek(SeekFrom::End(0)).map_err(fail)?;
        file.seek(SeekFrom::Start(0)).map_err(fail)?;
        Ok(Opened { kind, bytes: Bytes::File(file), size: Some(size) })
    }

    /// As [`Opened::file`], from any stream.
    pub(super) fn from_reader(
        mut reader: Box<dyn Read + Send>,
        shown: &Path,
    ) -> Result<Opened, Error> {
        let fail = |e| Error::from(files::io_error(shown, "read", e));
        let head = head_of(&mut reader).map_err(fail)?;
        Opened::stream(head, reader, shown)
    }

    fn stream(head: Vec<u8>, rest: Box<dyn Read + Send>, shown: &Path) -> Result<Opened, Error> {
        let Some(packing) = Packing::of(&head) else {
            let kind = Kind::of(&head).map_err(|unread| not_read(shown, unread))?;
            let bytes = Bytes::Stream(Box::new(Cursor::new(head).chain(rest)));
            return Ok(Opened { kind, bytes, size: None });
        };
        let fail = |e| broken(&e, shown);
        let packed = Counted { inner: Cursor::new(head).chain(rest), count: 0 };
        let mut reader: Box<dyn Read + Send> = match packing {
            Packing::Gzip => Box::new(Bounded::new(MultiGzDecoder::new(packed), |decoder| {
                decoder.get_ref().count
            })),
            Packing::Zstd => {
                let decoder = zstd::Decoder::new(packed).map_err(fail)?;
                Box::new(Bounded::new(decoder, |decoder| decoder.get_ref().get_ref().count))
            }
        };
        let head = head_of(&mut reader).map_err(fail)?;
        let kind = Kind::of(&head).map_err(|unread| not_read(shown, unread))?;
        let bytes = Bytes::Stream(Box::new(Cursor::new(head).chain(reader)));
        Ok(Opened { kind, bytes, size: None })
    }
}

impl Bytes {
    /// The bytes in order.
    pub(super) fn reader(self) -> Box<dyn Read + Send> {
        match self {
            Bytes::File(file) => Box::new(file),
            Bytes::Stream(reader) => reader,
        }
    }

    /// All bytes of a stream in memory.
    pub(super) fn held(reader: Box<dyn Read + Send>, shown: &Path) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        reader.take(MOST_HELD + 1).read_to_end(&mut bytes).map_err(|e| broken(&e, shown))?;
        match bytes.len() as u64 > MOST_HELD {
            true => Err(Error::TooLargeToHold { file: files::clean(shown) }),
            false => Ok(bytes),
        }
    }
}

fn not_read(shown: &Path, unread: Unread) -> Error {
    Error::Unread { file: files::clean(shown), unread }
}

/// What a failed read of a file that may be packed means.
pub(super) fn broken(e: &io::Error, shown: &Path) -> Error {
    let file = files::clean(shown);
    match e.kind() {
        _ if e.get_ref().is_some_and(|inner| inner.is::<Swollen>()) => Error::Swollen { file },
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Error::Unpacked { file },
        io::ErrorKind::UnexpectedEof | io::ErrorKind::Other if e.raw_os_error().is_none() => {
            Error::Unpacked { file }
        }
        kind => {
            let same = e.raw_os_error().map(io::Error::from_raw_os_error);
            files::io_error(shown, "read", same.unwrap_or(kind.into())).into()
        }
    }
}

/// More came out of a packed file than any export needs.
#[derive(Debug, thiserror::Error)]
#[error("more than is reasonable comes out of it")]
struct Swollen;

/// The first bytes, at most [`HEAD`].
fn head_of(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(HEAD);
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Counts the bytes read.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.count += read as u64;
        Ok(read)
    }
}

/// Stops when what comes out is too much for what went in.
struct Bounded<D> {
    decoder: D,
    /// Packed bytes that the decoder has read.
    taken: fn(&D) -> u64,
    given: u64,
}

impl<D: Read> Bounded<D> {
    fn new(decoder: D, taken: fn(&D) -> u64) -> Self {
        Bounded { decoder, taken, given: 0 }
    }
}

impl<D: Read> Read for Bounded<D> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.decoder.read(into)?;
        self.given += read as u64;
        if self.given > FREE && self.given / MOST_TIMES > (self.taken)(&self.decoder) {
            return Err(io::Error::other(Swollen));
        }
        Ok(read)
    }
}
