//! Cells that were read before: names, suburbs, dates and codes repeat, so each is read once
//! and then looked up. What a cell says hangs on its text and its column alone, so that no
//! result depends on what was seen.

use std::collections::HashMap;
use std::fmt;

use super::{BirthDate, Name, Sex, Text, Value};

/// The most cells that are remembered of one column; then it begins anew.
const MOST: usize = 1 << 14;
/// Longer cells are read each time.
const LONGEST: usize = 64;

/// What the cells seen so far say, one list for each way to read a cell. Prints as shape.
#[derive(Default)]
pub struct Seen {
    names: Vec<Cells<Name>>,
    pub(super) births: Cells<BirthDate>,
    pub(super) sexes: Cells<Sex>,
    texts: Vec<Cells<Text>>,
}

impl Seen {
    /// The cells of one of the source's name columns: family, given, then those of aliases.
    pub(super) fn name(&mut self, column: usize) -> &mut Cells<Name> {
        of(&mut self.names, column)
    }

    /// The cells of a field of the project.
    pub(super) fn text(&mut self, field: usize) -> &mut Cells<Text> {
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

/// The cells of one column.
pub(super) struct Cells<T> {
    known: HashMap<Box<str>, Value<T>>,
    /// How often a cell was found since the list began.
    found: usize,
    /// Where hardly a cell repeats, remembering costs more than it saves.
    is_idle: bool,
}

impl<T> Default for Cells<T> {
    fn default() -> Self {
        Cells { known: HashMap::new(), found: 0, is_idle: false }
    }
}

impl<T: Clone> Cells<T> {
    /// What a cell says: as it was said before, or as it is read now.
    pub(super) fn value(&mut self, cell: &str, read: impl FnOnce() -> Value<T>) -> Value<T> {
        if self.is_idle || cell.len() > LONGEST {
            return read();
        }
        if let Some(value) = self.known.get(cell) {
            self.found += 1;
            return value.clone();
        }
        if self.known.len() >= MOST {
            self.is_idle = self.found < MOST;
            self.found = 0;
            self.known.clear();
        }
        let value = read();
        self.known.insert(cell.into(), value.clone());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standardise::Absent;

    #[test]
    fn a_cell_is_read_once_and_a_column_that_never_repeats_is_let_be() {
        let mut cells = Cells::<u32>::default();
        let mut reads = 0;
        let mut value = |cell: &str, cells: &mut Cells<u32>| {
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
        for n in 0..MOST {
            value(&n.to_string(), &mut cells);
        }
        assert!(cells.is_idle && cells.known.len() < MOST);
    }
}
