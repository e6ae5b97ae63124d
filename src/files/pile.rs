//! Records one after the other, of which as many are in memory as may be and the others on
//! disk, encrypted as all [`Scratch`] is. They are put down and read in chunks, so that no step
//! needs more than one chunk of them at once.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Error, Scratch};

/// What piles may hold in memory together, and the disk that takes the rest.
#[derive(Debug)]
pub struct Spill {
    /// Bytes in memory.
    most: usize,
    held: AtomicUsize,
    /// The folder, and what messages call it.
    folder: Option<[PathBuf; 2]>,
    scratch: RwLock<Option<Scratch>>,
}

impl Spill {
    pub(super) fn new(most: usize, folder: &Path, shown: &Path) -> Arc<Spill> {
        Spill::with(most, Some([folder.to_owned(), shown.to_owned()]))
    }

    /// Everything stays in memory.
    pub fn none() -> Arc<Spill> {
        Spill::with(usize::MAX, None)
    }

    fn with(most: usize, folder: Option<[PathBuf; 2]>) -> Arc<Spill> {
        Arc::new(Spill { most, held: AtomicUsize::new(0), folder, scratch: RwLock::new(None) })
    }

    /// Takes so many bytes of the memory, where they are free.
    fn take(&self, bytes: usize) -> bool {
        let take = |held: usize| held.checked_add(bytes).filter(|held| *held <= self.most);
        self.held.fetch_update(Relaxed, Relaxed, take).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Relaxed);
    }

    fn append(&self, [folder, shown]: &[PathBuf; 2], bytes: &mut [u8]) -> Result<u64, Error> {
        let mut scratch = self.scratch.write().unwrap_or_else(PoisonError::into_inner);
        let scratch = match &mut *scratch {
            Some(scratch) => scratch,
            none => none.insert(Scratch::new(folder, shown)?),
        };
        scratch.append(bytes)
    }

    fn read(&self, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        let scratch = self.scratch.read().unwrap_or_else(PoisonError::into_inner);
        // Without one, nothing was put there.
        scratch.as_ref().map_or(Ok(()), |scratch| scratch.read(at, bytes))
    }
}

/// What a pile is made of: values of one length as bytes.
pub trait Record: Copy {
    /// Bytes of one.
    const BYTES: usize;

    /// Puts its bytes behind the others.
    fn put(&self, bytes: &mut Vec<u8>);

    /// The record of these bytes, [`Record::BYTES`] of them.
    fn of(bytes: &[u8]) -> Self;
}

impl Record for u64 {
    const BYTES: usize = 8;

    fn put(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.to_ne_bytes());
    }

    fn of(bytes: &[u8]) -> u64 {
        bytes.as_chunks().0.first().copied().map_or(0, u64::from_ne_bytes)
    }
}

/// Records in chunks. Prints as shape.
pub struct Pile<T> {
    spill: Arc<Spill>,
    chunks: Vec<Chunk<T>>,
    len: usize,
}

enum Chunk<T> {
    Held(Vec<T>),
    Spilled { at: u64, records: usize },
}

impl<T: Record> Pile<T> {
    /// An empty pile.
    pub fn new(spill: &Arc<Spill>) -> Self {
        Pile { spill: spill.clone(), chunks: vec![], len: 0 }
    }

    /// Puts records down as one chunk, behind the others; none make no chunk.
    ///
    /// # Errors
    /// When they go to the disk, and that refuses.
    pub fn push(&mut self, records: Vec<T>) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        self.len += records.len();
        let is_free = self.spill.take(held_by(&records));
        let chunk = match &self.spill.folder {
            Some(folder) if !is_free => {
                let mut bytes = Vec::with_capacity(records.len() * T::BYTES);
                records.iter().for_each(|record| record.put(&mut bytes));
                let at = self.spill.append(folder, &mut bytes)?;
                Chunk::Spilled { at, records: records.len() }
            }
            _ => Chunk::Held(records),
        };
        self.chunks.push(chunk);
        Ok(())
    }

    /// How many records there are, or were before some were taken.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there never was one.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many chunks there are.
    pub fn chunks(&self) -> usize {
        self.chunks.len()
    }

    /// The records of a chunk.
    ///
    /// # Errors
    /// When the disk refuses.
    ///
    /// # Panics
    /// When there is no such chunk.
    pub fn chunk(&self, chunk: usize) -> Result<Cow<'_, [T]>, Error> {
        match &self.chunks[chunk] {
            Chunk::Held(records) => Ok(Cow::Borrowed(records)),
            Chunk::Spilled { at, records } => {
                let mut bytes = vec![0; records * T::BYTES];
                self.spill.read(*at, &mut bytes)?;
                Ok(Cow::Owned(bytes.chunks_exact(T::BYTES).map(T::of).collect()))
            }
        }
    }

    /// Takes the records of a chunk out of the pile, and its memory; none are left there.
    ///
    /// # Errors
    /// As [`Pile::chunk`].
    ///
    /// # Panics
    /// When there is no such chunk.
    pub fn take(&mut self, chunk: usize) -> Result<Vec<T>, Error> {
        if let Chunk::Held(records) = &mut self.chunks[chunk] {
            self.spill.give_back(held_by(records));
            return Ok(std::mem::take(records));
        }
        let records = self.chunk(chunk)?.into_owned();
        self.chunks[chunk] = Chunk::Held(vec![]);
        Ok(records)
    }

    /// Puts other records in the place of each chunk; of the last one, it is said that it is.
    /// An empty pile has one chunk, without records.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn rewrite(&mut self, mut other: impl FnMut(Vec<T>, bool) -> Vec<T>) -> Result<(), Error> {
        let mut rewritten = Pile::new(&self.spill);
        for chunk in 0..self.chunks() {
            let records = self.take(chunk)?;
            rewritten.push(other(records, chunk + 1 == self.chunks()))?;
        }
        if self.chunks.is_empty() {
            rewritten.push(other(vec![], true))?;
        }
        *self = rewritten;
        Ok(())
    }

    /// Gives all records in order.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn each(&self, mut give: impl FnMut(&T)) -> Result<(), Error> {
        for chunk in 0..self.chunks() {
            self.chunk(chunk)?.iter().for_each(&mut give);
        }
        Ok(())
    }

    /// All records, in memory.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn into_vec(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::with_capacity(self.len);
        for chunk in 0..self.chunks() {
            all.append(&mut self.take(chunk)?);
        }
        Ok(all)
    }

    /// The record with this key, of records in the order of their keys, none of which was taken.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn find<K: Ord>(&self, wanted: &K, key: impl Fn(&T) -> K) -> Result<Option<T>, Error> {
        // The last chunk that begins with no greater key.
        let (mut from, mut to) = (0, self.chunks.len());
        while from + 1 < to {
            let middle = from.midpoint(to);
            match self.record(&self.chunks[middle], 0)? {
                Some(record) if key(&record) <= *wanted => from = middle,
                _ => to = middle,
            }
        }
        let Some(chunk) = self.chunks.get(from) else { return Ok(None) };
        let (mut from, mut to) = (0, chunk.len());
        while from < to {
            let middle = from.midpoint(to);
            let Some(record) = self.record(chunk, middle)? else { break };
            match key(&record).cmp(wanted) {
                Ordering::Equal => return Ok(Some(record)),
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
            }
        }
        Ok(None)
    }

    fn record(&self, chunk: &Chunk<T>, place: usize) -> Result<Option<T>, Error> {
        match chunk {
            Chunk::Held(records) => Ok(records.get(place).copied()),
            Chunk::Spilled { at, records } if place < *records => {
                let mut bytes = vec![0; T::BYTES];
                self.spill.read(at + (place * T::BYTES) as u64, &mut bytes)?;
                Ok(Some(T::of(&bytes)))
            }
            Chunk::Spilled { .. } => Ok(None),
        }
    }
}

impl<T> Pile<T> {
    /// One chunk in memory, whatever it takes.
    pub fn held(records: Vec<T>) -> Self {
        let (spill, len) = (Spill::none(), records.len());
        spill.take(held_by(&records));
        let chunks = if records.is_empty() { vec![] } else { vec![Chunk::Held(records)] };
        Pile { spill, chunks, len }
    }
}

impl<T> Chunk<T> {
    fn len(&self) -> usize {
        match self {
            Chunk::Held(records) => records.len(),
            Chunk::Spilled { records, .. } => *records,
        }
    }
}

/// Bytes of memory that records take.
fn held_by<T>(records: &Vec<T>) -> usize {
    records.capacity() * size_of::<T>()
}

impl<T> Drop for Pile<T> {
    fn drop(&mut self) {
        for chunk in &self.chunks {
            if let Chunk::Held(records) = chunk {
                self.spill.give_back(held_by(records));
            }
        }
    }
}

impl<T> fmt::Debug for Pile<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pile({} records in {} chunks)", self.len, self.chunks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_the_same_from_memory_and_from_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let chunks: [&[u64]; 5] = [&[1, 3], &[], &[5], &[7, 9, 11], &[13]];
        // Everything on disk; the first two chunks in memory; all.
        for (most, spilled) in [(0, 4), (24, 2), (1 << 20, 0)] {
            let spill = Spill::new(most, folder.path(), folder.path());
            let mut pile = Pile::new(&spill);
            for chunk in chunks {
                pile.push(chunk.to_vec()).expect("put down");
            }
            let is_spilled = |chunk: &&Chunk<u64>| matches!(chunk, Chunk::Spilled { .. });
            assert_eq!(pile.chunks.iter().filter(is_spilled).count(), spilled);
            assert_eq!((pile.len(), pile.chunks()), (7, 4));
            assert_eq!(pile.chunk(2).expect("read")[..], [7, 9, 11]);
            let found: Vec<u64> =
                (0..15).filter_map(|key| pile.find(&key, |r| *r).expect("read")).collect();
            assert_eq!(found, chunks.concat());
            assert_eq!(pile.take(2).expect("read"), [7, 9, 11]);
            assert!(pile.chunk(2).expect("read").is_empty());
            assert_eq!(pile.into_vec().expect("read"), [1, 3, 5, 13]);
            assert_eq!(spill.held.load(Relaxed), 0, "what is dropped is given back");
        }
    }

    #[test]
    fn without_a_disk_everything_is_held() {
        let mut pile = Pile::new(&Spill::none());
        assert_eq!(pile.find(&1, |r: &u64| *r).expect("nothing to read"), None);
        pile.push(vec![1, 2]).expect("held");
        let mut sum = 0;
        pile.each(|record| sum += record).expect("held");
        assert_eq!(sum, 3);
        assert_eq!(format!("{pile:?}"), "Pile(2 records in 1 chunks)");
    }
}
