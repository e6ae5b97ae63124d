//! What is not written, or not as it came: each place with its reason in `rejects.csv`, and the
//! counts. Never a value.

use std::collections::BTreeMap;

use serde::Serialize;

use super::shape::Note;
use super::store::Place;
use crate::files::sheet::CsvFile;
use crate::files::{self, Staged};
use crate::sources::FileNames;
use crate::sources::upload::List;

/// How much of a record is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Much {
    /// All of it.
    Record,
    /// A part; the rest is written.
    Part,
}

/// How often something was set aside for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// The list, or nothing where it is a row of the export.
    pub list: &'static str,
    /// The element.
    pub element: String,
    /// `record`, or `part` where the rest of it is written.
    pub much: &'static str,
    /// Why.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// Takes what is set aside.
pub(super) struct Asides {
    file: CsvFile,
    names: [FileNames; 2],
    counts: BTreeMap<(&'static str, String, Much, String), u64>,
}

/// Files of events are numbered from here.
pub(super) const EVENTS: u32 = 1 << 31;

impl Asides {
    /// `names` are those of the export's files, and of the events'.
    pub(super) fn new(staged: &Staged, names: [FileNames; 2]) -> Result<Asides, files::Error> {
        let mut file = CsvFile::create(staged, "keep/rejects.csv")?;
        file.line(["file", "line", "list", "element", "set_aside", "reason"])?;
        Ok(Asides { file, names, counts: BTreeMap::new() })
    }

    /// Sets something of a record aside.
    pub(super) fn note(
        &mut self,
        place: Place,
        list: List,
        much: Much,
        note: Note,
    ) -> Result<(), files::Error> {
        self.add(place, list.name(), note.element, much, note.reason)
    }

    /// Sets a row aside that says nothing of one list only.
    pub(super) fn row(
        &mut self,
        place: Place,
        column: &str,
        reason: &str,
    ) -> Result<(), files::Error> {
        self.add(place, "", column, Much::Record, reason)
    }

    fn add(
        &mut self,
        Place { file, line }: Place,
        list: &'static str,
        element: &str,
        much: Much,
        reason: &str,
    ) -> Result<(), files::Error> {
        let (names, file) = match file.checked_sub(EVENTS) {
            Some(file) => (&self.names[1], file),
            None => (&self.names[0], file),
        };
        let name = names.of_several(file).unwrap_or_default();
        let line = line.to_string();
        self.file.line([&*name, &line, list, element, much.name(), reason])?;
        let key = (list, element.to_owned(), much, reason.to_owned());
        *self.counts.entry(key).or_default() += 1;
        Ok(())
    }

    /// Finishes the list; gives the counts.
    pub(super) fn finish(self) -> Result<Vec<SetAside>, files::Error> {
        self.file.finish()?;
        let counts = self.counts.into_iter().map(|((list, element, much, reason), count)| {
            SetAside { list, element, much: much.name(), reason, count }
        });
        Ok(counts.collect())
    }
}

impl Much {
    fn name(self) -> &'static str {
        match self {
            Much::Record => "record",
            Much::Part => "part",
        }
    }
}
