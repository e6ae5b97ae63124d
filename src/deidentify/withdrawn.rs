//! The record numbers of people who withdrew their consent, from the lists that
//! `source.toml` names. Takes tables, gives whether a number is in one; never shows a number.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Class, Fault};
use crate::sources::{self, Form, Input, SourceSpec, Table};

const BATCH: usize = 1 << 14;

/// A list that cannot be honoured whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// A line that does not say who withdrew.
    #[error("{file} line {line}: a list of withdrawn records has no record number here")]
    NoNumber {
        /// The list.
        file: String,
        /// The line.
        line: u64,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        Some("correct the line: whoever it is about may not be used".to_owned())
    }
}

/// Who withdrew, and whether a row of theirs was seen. Prints as shape.
#[derive(Default)]
pub(crate) struct Withdrawn(HashMap<String, AtomicBool>);

impl Withdrawn {
    /// Reads the lists of a source. They have its column of record numbers; others count for
    /// nothing.
    ///
    /// # Errors
    /// When a list cannot be read, or a line of it does not say whose it is: a withdrawal may
    /// not be lost.
    pub(crate) fn read(source: &SourceSpec) -> Result<Self, crate::Error> {
        let mut numbers = HashMap::new();
        for list in &source.withdrawn {
            let opened = Table::open(&Input::File(list.clone()), &Form::of(source.encoding));
            let mut table = match opened {
                // A list of nobody yet.
                Err(sources::Error::NoRows { .. }) => continue,
                opened => opened?,
            };
            let column = table.column(&source.record_id)?;
            loop {
                let batch = table.next_batch(BATCH)?;
                if batch.is_empty() {
                    break;
                }
                let unread = batch.rejects.iter().map(|reject| reject.line);
                let empty = batch.rows.iter().filter(|row| row.cell(column).is_empty());
                if let Some(line) = unread.chain(empty.map(|row| row.line)).min() {
                    return Err(Error::NoNumber { file: table.name().to_owned(), line }.into());
                }
                let rows = batch.rows.iter();
                numbers.extend(rows.map(|row| (row.cell(column).to_owned(), false.into())));
            }
        }
        Ok(Withdrawn(numbers))
    }

    /// Whether the person of a record number withdrew.
    pub(crate) fn has(&self, number: &str) -> bool {
        let listed = self.0.get(number);
        // Only whether any row had it is asked, and only once all are read.
        listed.inspect(|seen| seen.store(true, Ordering::Relaxed)).is_some()
    }

    /// How many numbers no row had.
    pub(crate) fn unseen(&self) -> usize {
        self.0.values().filter(|seen| !seen.load(Ordering::Relaxed)).count()
    }
}

impl fmt::Debug for Withdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Withdrawn({} numbers)", self.0.len())
    }
}
