//! What the persons of an export became, until the whole export is read: token sets and fuzzy
//! rows, in pieces of some thousand sets. As many pieces as there is room for are in memory,
//! the others on disk, encrypted. Either way a column is read from front to back, piece by
//! piece: no step of what follows needs more of it at once.

use std::fmt;

use sha2::{Digest, Sha256};

use super::bits::Bits;
use super::fuzzy::FuzzyRows;
use super::{NO_TOKEN, Token, TokenSets};
use crate::files::{self, Scratch, Staged};

/// How many bytes may be held in memory, and the folder on whose disk the rest goes.
#[derive(Debug, Clone, Copy)]
pub struct Room<'a> {
    /// Bytes in memory.
    pub bytes: usize,
    /// The folder.
    pub disk: &'a Staged,
}

/// One column of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The tokens of a match key.
    Token(usize),
    /// A digest of each fuzzy row, in the form of a token: rows that are alike have one digest.
    FuzzyDigest,
    /// The numbers that stand for a component's values.
    Value(usize),
    /// The fuzzy rows; all zeros where there is none.
    Fuzzy,
}

/// Which columns there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Match keys.
    pub keys: usize,
    /// Components.
    pub values: usize,
    /// Bytes of a fuzzy row; 0 for no such column.
    pub width: usize,
}

impl Layout {
    /// Bytes of one set in a column.
    pub fn width(self, column: Column) -> usize {
        match column {
            Column::Token(_) | Column::FuzzyDigest => size_of::<Token>(),
            Column::Value(_) => size_of::<u64>(),
            Column::Fuzzy => self.width,
        }
    }

    /// Bytes of one set in the columns before this one. Columns stand one after the other.
    fn before(self, column: Column) -> usize {
        let tokens = self.keys + usize::from(self.width > 0);
        match column {
            Column::Token(key) => 16 * key,
            Column::FuzzyDigest => 16 * self.keys,
            Column::Value(value) => 16 * tokens + 8 * value,
            Column::Fuzzy => 16 * tokens + 8 * self.values,
        }
    }

    /// All columns, in the order in which they stand.
    fn columns(self) -> impl Iterator<Item = Column> {
        let fuzzy = |column| (self.width > 0).then_some(column);
        let tokens = (0..self.keys).map(Column::Token).chain(fuzzy(Column::FuzzyDigest));
        tokens.chain((0..self.values).map(Column::Value)).chain(fuzzy(Column::Fuzzy))
    }

    /// Puts a piece together.
    pub fn pack(self, sets: &TokenSets, fuzzy: Option<&FuzzyRows>) -> Packed {
        let each = self.before(Column::Fuzzy) + self.width;
        let mut bytes = Vec::with_capacity(sets.len() * each);
        for column in &sets.tokens {
            bytes.extend_from_slice(column.as_flattened());
        }
        if let Some(rows) = fuzzy {
            for i in 0..rows.len() {
                bytes.extend_from_slice(&rows.row(i).map_or(NO_TOKEN, digest));
            }
        }
        for column in sets.values.iter().take(self.values) {
            column.iter().for_each(|value| bytes.extend_from_slice(&value.to_ne_bytes()));
        }
        if let Some(rows) = fuzzy {
            bytes.extend_from_slice(rows.bytes());
        }
        debug_assert_eq!(bytes.len(), sets.len() * each);
        let fills = fuzzy.map(|rows| rows.fills().to_vec()).unwrap_or_default();
        Packed { bytes, quality: sets.quality.clone(), fills }
    }
}

/// 128 bits of the SHA-256 of a row: equal for equal rows and no others.
fn digest(row: &[u8]) -> Token {
    let digest: [u8; 32] = Sha256::digest(row).into();
    std::array::from_fn(|i| digest[i])
}

/// One piece, ready for a store. Prints as shape.
#[derive(Default)]
pub struct Packed {
    bytes: Vec<u8>,
    quality: Vec<u32>,
    fills: Vec<u16>,
}

impl fmt::Debug for Packed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packed({} sets)", self.quality.len())
    }
}

/// Prints as shape.
pub struct Store<'a> {
    layout: Layout,
    room: Room<'a>,
    held: usize,
    pieces: Vec<Piece>,
    scratch: Option<Scratch>,
    /// The quality flags of each set.
    pub quality: Vec<u32>,
    /// The fill of each set's base filter, 0 for a set without a fuzzy row; none where there
    /// is no such column.
    pub fills: Vec<u16>,
}

struct Piece {
    sets: usize,
    bytes: Bytes,
}

enum Bytes {
    Held(Vec<u8>),
    Spilled(u64),
}

impl<'a> Store<'a> {
    /// An empty store.
    pub fn new(layout: Layout, room: Room<'a>) -> Self {
        let (pieces, quality, fills) = (vec![], vec![], vec![]);
        Store { layout, room, held: 0, pieces, scratch: None, quality, fills }
    }

    /// Which columns there are.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Bytes that working on columns may take: half of the room, as the store takes the other.
    pub fn room(&self) -> usize {
        self.room.bytes / 2
    }

    /// How many sets there are.
    pub fn len(&self) -> usize {
        self.quality.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.quality.is_empty()
    }

    /// Puts a piece behind the others.
    ///
    /// # Errors
    /// When it goes to the disk, and that refuses.
    pub fn push(&mut self, packed: Packed) -> Result<(), files::Error> {
        let Packed { mut bytes, quality, fills } = packed;
        let sets = quality.len();
        self.quality.extend(quality);
        self.fills.extend(fills);
        let bytes = if self.held + bytes.len() <= self.room.bytes / 2 {
            self.held += bytes.len();
            Bytes::Held(bytes)
        } else {
            let scratch = match &mut self.scratch {
                Some(scratch) => scratch,
                none => none.insert(self.room.disk.scratch()?),
            };
            Bytes::Spilled(scratch.append(&mut bytes)?)
        };
        self.pieces.push(Piece { sets, bytes });
        Ok(())
    }

    /// The store with the kept sets only.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn only(self, kept: &Bits) -> Result<Self, files::Error> {
        let Store { layout, room, pieces, scratch, quality, fills, .. } = self;
        let mut store = Store::new(layout, room);
        let each = layout.before(Column::Fuzzy) + layout.width;
        let mut first = 0;
        for Piece { sets, bytes } in pieces {
            let bytes = match (bytes, &scratch) {
                (Bytes::Held(bytes), _) => bytes,
                (Bytes::Spilled(at), Some(scratch)) => {
                    let mut bytes = vec![0; sets * each];
                    scratch.read(at, &mut bytes)?;
                    bytes
                }
                (Bytes::Spilled(_), None) => continue,
            };
            let places: Vec<usize> = (0..sets).filter(|set| kept.get(first + set)).collect();
            let mut packed =
                Packed { bytes: Vec::with_capacity(places.len() * each), ..Packed::default() };
            for column in layout.columns() {
                let (width, start) = (layout.width(column), layout.before(column) * sets);
                for place in &places {
                    packed.bytes.extend_from_slice(&bytes[start + place * width..][..width]);
                }
            }
            packed.quality.extend(places.iter().map(|place| quality[first + place]));
            packed.fills.extend(places.iter().filter_map(|place| fills.get(first + place)));
            store.push(packed)?;
            first += sets;
        }
        Ok(store)
    }

    /// Hands on a column piece by piece, each with the place of its first set.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn each(
        &self,
        column: Column,
        mut give: impl FnMut(usize, &[u8]),
    ) -> Result<(), files::Error> {
        let (width, before) = (self.layout.width(column), self.layout.before(column));
        let mut buffer = vec![];
        let mut first = 0;
        for Piece { sets, bytes } in &self.pieces {
            let (start, length) = (before * sets, width * sets);
            match (bytes, &self.scratch) {
                (Bytes::Held(bytes), _) => give(first, &bytes[start..start + length]),
                (Bytes::Spilled(at), Some(scratch)) => {
                    buffer.resize(length, 0);
                    scratch.read(at + start as u64, &mut buffer)?;
                    give(first, &buffer);
                }
                (Bytes::Spilled(_), None) => {}
            }
            first += sets;
        }
        Ok(())
    }

    /// As [`Store::each`] for the values of a component.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn each_value(
        &self,
        component: usize,
        mut give: impl FnMut(usize, u64),
    ) -> Result<(), files::Error> {
        self.each(Column::Value(component), |first, bytes| {
            for (i, value) in bytes.as_chunks::<8>().0.iter().enumerate() {
                give(first + i, u64::from_ne_bytes(*value));
            }
        })
    }

    /// The values of all components, whole in memory: for comparing people in the clear.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn values(&self) -> Result<TokenSets, files::Error> {
        let column = |component| {
            let mut values = Vec::with_capacity(self.len());
            self.each_value(component, |_, value| values.push(value))?;
            Ok(values)
        };
        let values: Result<Vec<Vec<u64>>, files::Error> =
            (0..self.layout.values).map(column).collect();
        Ok(TokenSets { tokens: vec![], quality: self.quality.clone(), values: values? })
    }

    /// What a column has for these sets, which are in ascending order, one after the other.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn gather(&self, column: Column, sets: &[u32]) -> Result<Vec<u8>, files::Error> {
        let width = self.layout.width(column);
        let mut found = Vec::with_capacity(width * sets.len());
        let mut left = sets;
        self.each(column, |first, bytes| {
            let end = first + bytes.len() / width;
            while let Some((&set, rest)) = left.split_first().filter(|(s, _)| (**s as usize) < end)
            {
                found.extend_from_slice(&bytes[(set as usize - first) * width..][..width]);
                left = rest;
            }
        })?;
        Ok(found)
    }
}

impl fmt::Debug for Store<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({} sets, {} bytes in memory)", self.len(), self.held)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::files::Overwrite;

    /// Runs a test on a store of these sets, in pieces of seven, with so much room.
    pub(in crate::encode) fn stored(
        sets: &TokenSets,
        fuzzy: Option<&FuzzyRows>,
        bytes: usize,
        test: impl FnOnce(&Store<'_>),
    ) {
        let home = tempfile::tempdir().expect("a folder");
        let disk = Staged::folder(&home.path().join("out"), Overwrite::Refuse).expect("staged");
        let (keys, values) = (sets.tokens.len(), sets.values.len());
        let layout = Layout { keys, values, width: fuzzy.map_or(0, FuzzyRows::width) };
        let mut store = Store::new(layout, Room { bytes, disk: &disk });
        for start in (0..sets.len()).step_by(7) {
            let places = start..sets.len().min(start + 7);
            let part = TokenSets {
                tokens: sets.tokens.iter().map(|column| column[places.clone()].to_vec()).collect(),
                quality: sets.quality[places.clone()].to_vec(),
                values: sets.values.iter().map(|column| column[places.clone()].to_vec()).collect(),
            };
            let rows = fuzzy.map(|rows| rows.part(places.clone()));
            store.push(layout.pack(&part, rows.as_ref())).expect("kept");
        }
        test(&store);
    }

    #[test]
    fn a_column_is_the_same_from_memory_and_from_disk() {
        let home = tempfile::tempdir().expect("a folder");
        let disk = Staged::folder(&home.path().join("out"), Overwrite::Refuse).expect("staged");
        let layout = Layout { keys: 2, values: 1, width: 0 };
        let piece = |from: u8, sets: u8| TokenSets {
            tokens: [100, 200]
                .map(|key| (0..sets).map(|i| [key + from + i; 16]).collect())
                .to_vec(),
            quality: (0..sets).map(u32::from).collect(),
            values: vec![(0..sets).map(|i| u64::from(from + i)).collect()],
        };
        for bytes in [0, 6 * 40, 1 << 20] {
            let mut store = Store::new(layout, Room { bytes, disk: &disk });
            for (from, sets) in [(0, 3), (3, 1), (4, 0), (4, 5)] {
                store.push(layout.pack(&piece(from, sets), None)).expect("kept");
            }
            assert_eq!(store.scratch.is_some(), bytes < 9 * 40);
            let mut tokens = vec![];
            store
                .each(Column::Token(1), |first, bytes| {
                    assert_eq!(first * 16, tokens.len());
                    tokens.extend_from_slice(bytes);
                })
                .expect("read");
            let expected: Vec<u8> = (0..9u8).flat_map(|set| [200 + set; 16]).collect();
            assert_eq!(tokens, expected);
            let mut values = vec![];
            store.each_value(0, |set, value| values.push((set, value))).expect("read");
            assert_eq!(values, (0..9).map(|set| (set as usize, set)).collect::<Vec<_>>());
            let some = store.gather(Column::Token(0), &[0, 3, 8]).expect("read");
            assert_eq!(some, [[100; 16], [103; 16], [108; 16]].as_flattened());
            assert_eq!(store.quality, [0, 1, 2, 0, 0, 1, 2, 3, 4]);

            let mut kept = Bits::none(9);
            [0, 2, 3, 8].into_iter().for_each(|set| kept.set(set));
            let only = store.only(&kept).expect("kept");
            let some = only.gather(Column::Token(1), &[0, 1, 2, 3]).expect("read");
            assert_eq!(some, [[200; 16], [202; 16], [203; 16], [208; 16]].as_flattened());
            let mut values = vec![];
            only.each_value(0, |set, value| values.push((set, value))).expect("read");
            assert_eq!(values, [(0, 0), (1, 2), (2, 3), (3, 8)]);
            assert_eq!(only.quality, [0, 2, 0, 4]);
        }
    }
}
