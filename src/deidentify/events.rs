//! Service events: read from the export or a file of their own, freed of everything that
//! identifies a person, and keyed by row id. Only events of people who are in the package
//! are kept.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;

use super::Error;
use super::export::{Aside, Kind};
use super::violence::Perpetrators;
use super::write::RowIds;
use crate::ids::RowId;
use crate::progress::Progress;
use crate::project::{FieldKind, Project};
use crate::sources::spec::{EventSpec, Program, SourceSpec};
use crate::sources::{self, FileNames, Row, Table};
use crate::standard::{Dictionary, Reach, Standard, Wording};

const BATCH: usize = 1 << 16;

/// Fields by which nobody is known, whether the agreement has them or not.
const PLAIN_FIELDS: [&str; 4] = ["sex", "suburb", "postcode", "state"];

/// Refuses to hand identifiers to the analyst.
///
/// # Errors
/// When a kept column is one that the source maps to a name, a birth date, an address, a
/// telephone number, a key, the record number, or a field of its own that the agreement does not
/// have; or an item of the Common Dataset that identifies people or is free text.
pub(super) fn check_kept_columns(source: &SourceSpec, project: &Project) -> Result<(), Error> {
    let Some(spec) = &source.events else { return Ok(()) };
    let identifies = |field: &&String| match project.fields.iter().find(|f| f.name == **field) {
        Some(field) => match field.kind {
            FieldKind::FamilyName | FieldKind::GivenName | FieldKind::BirthDate => true,
            kind => kind.is_of_a_household(),
        },
        // Of a field that the agreement does not have, its name is all that is known.
        None => !PLAIN_FIELDS.contains(&field.as_str()),
    };
    let mapped = source.columns.keys().filter(identifies);
    let mapped = mapped.flat_map(|field| source.columns_of(field));
    let aliases = source.aliases.iter().flat_map(|alias| {
        [&alias.family_name, &alias.given_name, &alias.slk581].into_iter().flatten()
    });
    let identifying: Vec<String> = mapped
        .chain(aliases)
        .chain(&source.slk581)
        .chain([&source.record_id, &spec.record_id])
        .map(|column| column.trim().to_lowercase())
        .collect();
    if let Some(column) =
        spec.keep.iter().find(|kept| identifying.contains(&kept.trim().to_lowercase()))
    {
        return Err(Error::KeepsIdentifier { column: column.clone() });
    }
    let dataset = Dictionary::of(Standard::CommonDataset, Wording::Corrected);
    for column in &spec.keep {
        let Some(item) = dataset.named(column) else { continue };
        let why = match item.reach {
            // Columns about violence are refused wherever they are named.
            Reach::Analyst | Reach::Violence => continue,
            Reach::Identifies => "identifies people",
            Reach::FreeText => "is free text, in which people may be named",
        };
        return Err(Error::KeepsItem { column: column.clone(), item: item.id.clone(), why });
    }
    Ok(())
}

/// One event. Prints as shape.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Event {
    file: Option<Arc<str>>,
    line: u64,
    record_id: String,
    program: String,
    start: Date,
    end: Option<Date>,
    kept: Vec<String>,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event(line {})", self.line)
    }
}

/// Finds the parts of an event in the rows of a table.
#[derive(Debug)]
pub(super) struct EventReader {
    record_id: usize,
    program: Program,
    program_place: usize,
    start: usize,
    end: Option<usize>,
    keep: Vec<usize>,
    perpetrators: Perpetrators,
    spec: EventSpec,
    files: FileNames,
}

impl EventReader {
    /// Finds the columns.
    ///
    /// # Errors
    /// When any is not in the table; all are named.
    pub(super) fn new(table: &Table, spec: &EventSpec) -> Result<Self, sources::Error> {
        let program = spec.program.column();
        let names = [&spec.record_id, &spec.start].into_iter();
        let names = names.chain(program).chain(&spec.end).chain(&spec.keep);
        table.columns(names.map(String::as_str))?;
        Ok(EventReader {
            record_id: table.column(&spec.record_id)?,
            program: spec.program.clone(),
            program_place: program.map_or(Ok(0), |column| table.column(column))?,
            start: table.column(&spec.start)?,
            end: spec.end.as_deref().map(|column| table.column(column)).transpose()?,
            keep: table.columns(spec.keep.iter().map(String::as_str))?,
            perpetrators: Perpetrators::new(table),
            spec: spec.clone(),
            files: table.files(),
        })
    }

    /// The event of a row that is set aside as a whole.
    pub(super) fn unused(&self, row: &Row) -> Aside {
        let column = Some(self.spec.record_id.clone());
        let (file, line) = (self.files.of_several(row.file()), row.line);
        Aside { kind: Kind::Event, file, line, column, reason: NOT_IN_PACKAGE.to_owned() }
    }

    /// The event of a row, or why it cannot be used.
    pub(super) fn read(&self, row: &Row) -> Result<Event, Aside> {
        let aside = |column: &str, reason: &str| Aside {
            kind: Kind::Event,
            file: self.files.of_several(row.file()),
            line: row.line,
            column: Some(column.to_owned()),
            reason: reason.to_owned(),
        };
        if let Some((column, reason)) = self.perpetrators.find(row) {
            return Err(aside(column, &reason));
        }
        let date = |cell: &str| Date::strptime(&self.spec.date_format, cell).ok();
        let record_id = row.cell(self.record_id).to_owned();
        if record_id.is_empty() {
            return Err(aside(&self.spec.record_id, "there is no record number"));
        }
        let program = match &self.program {
            Program::Always(program) => program.clone(),
            Program::Column(column) => match row.cell(self.program_place) {
                "" => return Err(aside(column, "no program is recorded")),
                program => program.to_owned(),
            },
        };
        let start = match row.cell(self.start) {
            "" => return Err(aside(&self.spec.start, "the first day is not recorded")),
            cell => date(cell).ok_or_else(|| aside(&self.spec.start, NO_DATE))?,
        };
        let end_name = self.spec.end.as_deref().unwrap_or_default();
        let end = match self.end.map(|place| row.cell(place)) {
            None | Some("") => None,
            Some(cell) => Some(date(cell).ok_or_else(|| aside(end_name, NO_DATE))?),
        };
        if end.is_some_and(|end| end < start) {
            return Err(aside(end_name, "the last day is before the first"));
        }
        let kept = self.keep.iter().map(|&place| row.cell(place).to_owned()).collect();
        let file = self.files.of_several(row.file());
        Ok(Event { file, line: row.line, record_id, program, start, end, kept })
    }
}

const NOT_IN_PACKAGE: &str = "its record is not in the package";
const NO_DATE: &str = "is no day in the declared date format";

/// The events of a source, read but not yet keyed. Prints as shape.
#[derive(Debug, Default)]
pub(super) struct Events {
    read: Vec<Event>,
    asides: Vec<Aside>,
}

impl Events {
    /// Reads an events file.
    ///
    /// # Errors
    /// When columns are missing or the file cannot be read on.
    pub(super) fn read(
        mut table: Table,
        spec: &EventSpec,
        progress: &Progress,
    ) -> Result<Self, sources::Error> {
        let reader = EventReader::new(&table, spec)?;
        let mut events = Events::default();
        let mut batch = table.next_batch(BATCH)?;
        progress.begin("reading the events", table.about_rows(batch.len()));
        while !batch.is_empty() {
            progress.advance(batch.len() as u64);
            events.asides.extend(batch.rejects.into_iter().map(|reject| Aside {
                kind: Kind::Event,
                file: reader.files.of_several(reject.file),
                line: reject.line,
                column: reject.column,
                reason: reject.reason,
            }));
            for row in &batch.rows {
                events.push(reader.read(row));
            }
            batch = table.next_batch(BATCH)?;
        }
        progress.end();
        Ok(events)
    }

    pub(super) fn push(&mut self, event: Result<Event, Aside>) {
        match event {
            Ok(event) => self.read.push(event),
            Err(aside) => self.asides.push(aside),
        }
    }

    pub(super) fn append(&mut self, mut other: Events) {
        self.read.append(&mut other.read);
        self.asides.append(&mut other.asides);
    }

    /// The events of people who are in the package, as lines of `events.csv`, sorted; the
    /// rest set aside.
    pub(super) fn keyed(self, spec: &EventSpec, row_ids: &RowIds) -> (Vec<Line>, Vec<Aside>) {
        let Events { read, mut asides } = self;
        let mut lines = Vec::with_capacity(read.len());
        for event in read {
            match row_ids.of(&event.record_id) {
                Some(row_id) => lines.push(Line::of(event, row_id)),
                None => asides.push(Aside {
                    kind: Kind::Event,
                    file: event.file,
                    line: event.line,
                    column: Some(spec.record_id.clone()),
                    reason: NOT_IN_PACKAGE.to_owned(),
                }),
            }
        }
        lines.sort_unstable();
        (lines, asides)
    }
}

/// One line of `events.csv`, in the order they are sorted by. Prints as shape.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) row_id: RowId,
    pub(super) start: Date,
    pub(super) end: Option<Date>,
    pub(super) program: String,
    pub(super) kept: Vec<String>,
}

impl Line {
    fn of(event: Event, row_id: RowId) -> Self {
        Line {
            row_id,
            start: event.start,
            end: event.end,
            program: plain(event.program),
            kept: event.kept.into_iter().map(plain).collect(),
        }
    }
}

/// A cell that a spreadsheet would take for a formula gets a quote mark in front; numbers
/// stay as they are.
fn plain(cell: String) -> String {
    let looks_like_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if looks_like_formula && cell.parse::<f64>().is_err() { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Preset;

    /// What the agency calls an address is one to the analyst, though the agreement has none.
    #[test]
    fn columns_of_fields_that_the_agreement_does_not_have_are_not_kept() {
        let project = Project::parse(&Preset::Minimal.toml("yard", "2026"), "p");
        let project = project.expect("the preset");
        for (kept, is_refused) in [
            ("Street", true),
            ("street no", true),
            ("Mobile", true),
            ("Surname", true),
            ("Town", false),
            ("Shire", false),
            ("reason", false),
        ] {
            let text = format!(
                "[source]\nname = \"a\"\nrecord_id = \"id\"\n[columns]\n\
                 family_name = \"Surname\"\nsuburb = \"Town\"\nstate = \"Shire\"\n\
                 address = [\"Street No\", \"Street\"]\nphone = \"Mobile\"\n\
                 [events]\nrecord_id = \"id\"\nprogram = \"program\"\nstart = \"from\"\n\
                 date_format = \"%Y-%m-%d\"\nkeep = [\"{kept}\"]\n"
            );
            let source = SourceSpec::parse(&text, "a.toml").expect("a source");
            assert_eq!(check_kept_columns(&source, &project).is_err(), is_refused, "{kept}");
        }
    }

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        for (cell, written) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+cmd", "'+cmd"),
            ("-x", "'-x"),
            ("-3.5", "-3.5"),
            ("+2", "+2"),
            ("a=b", "a=b"),
            ("", ""),
        ] {
            assert_eq!(plain(cell.to_owned()), written);
        }
    }
}
