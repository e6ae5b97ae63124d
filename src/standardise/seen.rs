//! Cells that were read before: names, suburbs, dates and codes repeat, so each is read once
//! and then looked up. What a cell says hangs on its text and its column alone, so that no
//! result depends on what was seen.

use std::fmt;

use super::{BirthDate, Name, Sex, Text, Value};

/// The places that a column has for what was read: a cell has one, and takes it from another.
/// So no list of cells can make looking up slow, and nothing grows.
const PLACES: usize = 1 << 14;
/// Longer cells are read each time.
const LONGEST: usize = 31;

/// What the cells seen so far say, one list for each way to read a cell. Prints as shape.
#[derive(Default)]
pub struct Seen {
    names: Vec<Cells<Value<Name>>>,
    pub(super) births: Cells<Value<BirthDate>>,
    pub(super) sexes: Cells<Value<Sex>>,
    texts: Vec<Cells<Value<Text>>>,
}

impl Seen {
    /// The cells of one of the source's name columns: family, given, then those of aliases.
    pub(super) fn name(&mut self, column: usize) -> &mut Cells<Value<Name>> {
        of(&mut self.names, column)
    }

    /// The cells of a field of the project.
    pub(super) fn text(&mut self, field: usize) -> &mut Cells<Value<Text>> {
        of(&mut self.texts, field)
    }
}

/// The list at a place, made on its first use.
fn of<T>(lists: &mut Vec<Cells<T>>, place: usize) -> &mut Cells<T> {
    if lists.len() <= place {
        lists.resize_with(place + 1, Cells::default);
    }
    &mut lists[place]
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seen")
    }
}

/// The short cells of one column, and what is made of them. Prints as shape.
pub(crate) struct Cells<T> {
    /// One more than where a cell is among those known, where its bits say; 0 for none.
    places: Vec<u16>,
    /// A cell and what it says, by when its place was first taken: what comes often comes soon,
    /// and so stands close together.
    known: Vec<(Fixed, T)>,
    /// How many cells were found, and how many were read, since they were counted last.
    found: usize,
    read: usize,
    /// Where hardly a cell repeats, remembering costs more than it saves.
    is_idle: bool,
}

impl<T> Default for Cells<T> {
    fn default() -> Self {
        Cells { places: Vec::new(), known: Vec::new(), found: 0, read: 0, is_idle: false }
    }
}

impl<T: Clone> Cells<T> {
    /// What is made of a cell: as it was made before, or as it is read now.
    pub(crate) fn value(&mut self, cell: &str, read: impl FnOnce() -> T) -> T {
        let Some(fixed) = Fixed::of(cell).filter(|_| !self.is_idle) else { return read() };
        self.places.resize(PLACES, 0);
        let place = &mut self.places[fixed.place()];
        let known = usize::from(*place).checked_sub(1);
        if let Some((cell, value)) = known.map(|known| &self.known[known])
            && *cell == fixed
        {
            self.found += 1;
            return value.clone();
        }
        let value = read();
        match known {
            Some(known) => self.known[known] = (fixed, value.clone()),
            None => {
                self.known.push((fixed, value.clone()));
                *place = self.known.len() as u16;
            }
        }
        self.read += 1;
        if self.read == PLACES {
            self.is_idle = self.found < PLACES / 4;
            (self.found, self.read) = (0, 0);
        }
        if self.is_idle {
            (self.places, self.known) = (Vec::new(), Vec::new());
        }
        value
    }
}

impl<T> fmt::Debug for Cells<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cells")
    }
}

/// A short cell as numbers, the last byte of which is its length.
#[derive(Clone, Copy)]
struct Fixed([u64; 4]);

impl PartialEq for Fixed {
    /// All at once: most that are compared are equal.
    fn eq(&self, other: &Fixed) -> bool {
        let differing = |(a, b): (&u64, &u64)| a ^ b;
        self.0.iter().zip(&other.0).map(differing).fold(0, |all, bits| all | bits) == 0
    }
}

impl Fixed {
    fn of(cell: &str) -> Option<Fixed> {
        let mut bytes = [0; LONGEST + 1];
        bytes.get_mut(..LONGEST)?.get_mut(..cell.len())?.copy_from_slice(cell.as_bytes());
        bytes[LONGEST] = cell.len() as u8;
        let mut numbers = [0; 4];
        for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
            *number = u64::from_le_bytes(*bytes);
        }
        Some(Fixed(numbers))
    }

    /// Where it is kept.
    fn place(&self) -> usize {
        let mix = |a: u64, b: u64| {
            let product = u128::from(a) * u128::from(b);
            product as u64 ^ (product >> 64) as u64
        };
        let [a, b, c, d] = self.0;
        let mixed = mix(a ^ 0x9e37_79b9_7f4a_7c15, b ^ 0xbf58_476d_1ce4_e5b9)
            ^ mix(c ^ 0x94d0_49bb_1331_11eb, d ^ 0xd6e8_feb8_6659_fd93);
        (mixed >> 7) as usize % PLACES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standardise::Absent;

    #[test]
    fn a_cell_is_read_once_and_a_column_that_never_repeats_is_let_be() {
        let mut cells = Cells::<Value<u32>>::default();
        let mut reads = 0;
        let mut value = |cell: &str, cells: &mut Cells<Value<u32>>| {
            cells.value(cell, || {
                reads += 1;
                if cell.is_empty() { Value::Missing(Absent::Empty) } else { Value::Known(reads) }
            })
        };
        assert_eq!(value("a", &mut cells), Value::Known(1));
        assert_eq!(value("", &mut cells), Value::Missing(Absent::Empty));
        assert_eq!(value("a", &mut cells), Value::Known(1));
        let long = "b".repeat(LONGEST + 1);
        assert_eq!(value(&long, &mut cells), Value::Known(3));
        assert_eq!(value(&long, &mut cells), Value::Known(4));
        for n in 0..PLACES {
            value(&n.to_string(), &mut cells);
        }
        assert!(cells.is_idle && cells.known.is_empty());
    }

    #[test]
    fn cells_that_share_a_place_are_told_apart() {
        let mut cells = Cells::<Value<String>>::default();
        // Long ones that differ in any one byte, zeros at the end, and four times as many cells
        // as there are places, each of them three times.
        let texts =
            (0..LONGEST).map(|i| format!("{}b{}", "a".repeat(i), "a".repeat(LONGEST - 1 - i)));
        let zeros = (0..9).map(|n| "\0".repeat(n));
        let numbers = (0..4 * PLACES).map(|n| n.to_string());
        for text in texts.chain(zeros).chain(numbers) {
            for _ in 0..3 {
                let value = cells.value(&text, || Value::Known(text.clone()));
                assert_eq!(value, Value::Known(text.clone()));
            }
        }
        assert!(!cells.is_idle && cells.places.len() == PLACES && cells.known.len() <= PLACES);
    }
}
