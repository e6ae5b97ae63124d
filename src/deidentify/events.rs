//! Service events: read from the export or a file of their own, freed of everything that
//! identifies a person, and keyed by row id. Only events of people who are in the package
//! are kept.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use rayon::prelude::*;

use super::Error;
use super::export::{Aside, Kind};
use super::violence::Perpetrators;
use super::write::RowIds;
use crate::days::{Cell, EventDays};
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
/// When the column of the program or of a day, or a kept one, is one that the source maps to a
/// name, a birth date, an address, a telephone number, a key, the record number, or a field of its
/// own that the agreement does not have; or when a kept one is an item of the Common Dataset that
/// identifies people or is free text.
pub(super) fn check_columns(source: &SourceSpec, project: &Project) -> Result<(), Error> {
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
    let program = spec.program.column().map(|column| ("program", column));
    let days = [("start", Some(&spec.start)), ("end", spec.end.as_ref())];
    let days = days.into_iter().filter_map(|(key, column)| Some((key, column?)));
    let sent = program.into_iter().chain(days).chain(spec.keep.iter().map(|kept| ("keep", kept)));
    for (key, column) in sent {
        if identifying.contains(&column.trim().to_lowercase()) {
            return Err(Error::SendsIdentifier { key, column: column.clone() });
        }
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
pub(super) struct Event {
    file: Option<Arc<str>>,
    line: u64,
    start: Date,
    end: Option<Date>,
    /// Whether its end is in the future; it has none then.
    ends_in_future: bool,
    /// Its program and what is kept of it, as they are written, and its record number: each cell
    /// ends where a NUL is, which no row has. There are millions of them, all in memory.
    text: Box<str>,
}

/// What ends a cell of an event.
const END: char = '\0';

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
    /// Days after it are in the future.
    today: Date,
    files: FileNames,
}

impl EventReader {
    /// Finds the columns.
    ///
    /// # Errors
    /// When any is not in the table; all are named.
    pub(super) fn new(
        table: &Table,
        spec: &EventSpec,
        today: Date,
    ) -> Result<Self, sources::Error> {
        let program = spec.program.column();
        let names = [&spec.record_id, &spec.start].into_iter();
        let names = names.chain(program).chain(&spec.end).chain(&spec.keep);
        table.columns(names.map(String::as_str))?;
        Ok(EventReader {
            record_id: table.column(&spec.record_id)?,
            program: match &spec.program {
                Program::Always(program) => Program::Always(program.replace(END, "")),
                program => program.clone(),
            },
            program_place: program.map_or(Ok(0), |column| table.column(column))?,
            start: table.column(&spec.start)?,
            end: spec.end.as_deref().map(|column| table.column(column)).transpose()?,
            keep: table.columns(spec.keep.iter().map(String::as_str))?,
            perpetrators: Perpetrators::new(table),
            spec: spec.clone(),
            today,
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
        let record_id = row.cell(self.record_id);
        if record_id.is_empty() {
            return Err(aside(&self.spec.record_id, "there is no record number"));
        }
        let program = match &self.program {
            Program::Always(program) => program.as_str(),
            Program::Column(column) => match row.cell(self.program_place) {
                "" => return Err(aside(column, "no program is recorded")),
                program => program,
            },
        };
        let cells = [row.cell(self.start), self.end.map_or("", |place| row.cell(place))];
        let days = EventDays::read(&self.spec.date_format, cells, self.today);
        let EventDays { start, end, ends_in_future } =
            days.map_err(|(cell, reason)| match cell {
                Cell::First => aside(&self.spec.start, reason),
                Cell::Last => aside(self.spec.end.as_deref().unwrap_or_default(), reason),
            })?;
        let mut text = String::new();
        let kept = self.keep.iter().map(|&place| row.cell(place));
        for cell in [program].into_iter().chain(kept) {
            write_plain(cell, &mut text);
            text.push(END);
        }
        text.push_str(record_id);
        let file = self.files.of_several(row.file());
        Ok(Event { file, line: row.line, start, end, ends_in_future, text: text.into() })
    }
}

const NOT_IN_PACKAGE: &str = "its record is not in the package";

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
        today: Date,
        progress: &Progress,
    ) -> Result<Self, sources::Error> {
        let reader = EventReader::new(&table, spec, today)?;
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
            // The next rows are read while these become events.
            let (read, next) = rayon::join(
                || batch.rows.par_iter().map(|row| reader.read(row)).collect::<Vec<_>>(),
                || table.next_batch(BATCH),
            );
            read.into_iter().for_each(|event| events.push(event));
            batch = next?;
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
    /// rest set aside; and how many of the lines have an end in the future.
    pub(super) fn keyed(self, spec: &EventSpec, row_ids: &RowIds) -> (Vec<Line>, Vec<Aside>, u64) {
        let Events { read, mut asides } = self;
        let mut in_future = 0;
        let line = |Event { file, line, start, end, ends_in_future, text }: Event| {
            let record_id = text.rsplit(END).next().unwrap_or_default();
            let row_id = row_ids.of(record_id);
            if row_id.is_none() {
                let column = Some(spec.record_id.clone());
                let reason = NOT_IN_PACKAGE.to_owned();
                asides.push(Aside { kind: Kind::Event, file, line, column, reason });
            }
            let row_id = row_id?;
            in_future += u64::from(ends_in_future);
            Some(Line { row_id, start, end, text })
        };
        let mut lines: Vec<Line> = read.into_iter().filter_map(line).collect();
        lines.par_sort_unstable();
        (lines, asides, in_future)
    }
}

/// One line of `events.csv`, in the order they are sorted by: lines that are alike but for the
/// record number are written alike. Prints as shape.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    pub(super) row_id: RowId,
    pub(super) start: Date,
    pub(super) end: Option<Date>,
    /// As that of [`Event`].
    text: Box<str>,
}

impl Line {
    /// The program and what is kept of the event.
    pub(super) fn cells(&self) -> impl Iterator<Item = &str> {
        let written = self.text.rsplit_once(END).map_or("", |(written, _)| written);
        written.split(END)
    }
}

/// A cell that a spreadsheet would take for a formula gets a quote mark in front; numbers
/// stay as they are.
fn write_plain(cell: &str, out: &mut String) {
    let looks_like_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    out.push_str(if looks_like_formula && cell.parse::<f64>().is_err() { "'" } else { "" });
    out.push_str(cell);
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::path::Path;

    use super::*;
    use crate::project::Preset;
    use crate::sources::spec::Encoding;

    #[test]
    fn a_line_has_every_cell_and_no_record_number() {
        let spec = "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = \"%d/%m/%Y\"\n\
            [columns]\nfamily_name = \"n\"\n[events]\nrecord_id = \"id\"\nprogram = \"p\"\n\
            start = \"s\"\ndate_format = \"%d/%m/%Y\"\nkeep = [\"k\", \"l\"]\n";
        let spec = SourceSpec::parse(spec, "a.toml").expect("a source").events.expect("events");
        let text = "id,p,s,k,l\n17,=A,1/02/2020,,x y\n17,B,01/02/2020,a,\n,B,01/02/2020,a,\n";
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let mut table =
            Table::from_reader(reader, Path::new("e"), Encoding::Utf8, None).expect("a table");
        let today = jiff::civil::date(2026, 7, 1);
        let reader = EventReader::new(&table, &spec, today).expect("columns");
        let rows = table.next_batch(9).expect("rows").rows;
        let lines = rows.iter().filter_map(|row| reader.read(row).ok()).map(|event| {
            let Event { start, end, text, .. } = event;
            assert_eq!((start, end), (jiff::civil::date(2020, 2, 1), None));
            Line { row_id: RowId([0; 16]), start, end, text }
        });
        let lines: Vec<Line> = lines.collect();
        let cells: Vec<Vec<&str>> = lines.iter().map(|line| line.cells().collect()).collect();
        assert_eq!(cells, [["'=A", "", "x y"], ["B", "a", ""]]);
    }

    #[test]
    fn nothing_has_begun_tomorrow_and_an_end_to_come_is_none() {
        let spec = "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = \"%d/%m/%Y\"\n\
            [columns]\nfamily_name = \"n\"\n[events]\nrecord_id = \"id\"\nprogram = \"p\"\n\
            start = \"s\"\nend = \"e\"\ndate_format = \"%d/%m/%Y\"\n";
        let spec = SourceSpec::parse(spec, "a.toml").expect("a source").events.expect("events");
        let text = "id,p,s,e\n1,A,01/02/2020,31/12/9999\n1,A,01/02/2020,02/07/2026\n\
            1,A,01/02/2020,01/07/2026\n1,A,02/07/2026,\n1,A,01/01/1900,01/02/2020\n\
            1,A,01/02/2020,31/12/1024\n";
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        let mut table =
            Table::from_reader(reader, Path::new("e"), Encoding::Utf8, None).expect("a table");
        let today = jiff::civil::date(2026, 7, 1);
        let reader = EventReader::new(&table, &spec, today).expect("columns");
        let rows = table.next_batch(9).expect("rows").rows;
        let read: Vec<_> = rows.iter().map(|row| reader.read(row)).collect();
        let ends: Vec<_> =
            read.iter().flatten().map(|e| (e.end.is_some(), e.ends_in_future)).collect();
        assert_eq!(ends, [(false, true), (false, true), (true, false)]);
        let reasons: Vec<_> = read.into_iter().filter_map(|event| event.err()?.into()).collect();
        let reasons: Vec<_> = reasons
            .iter()
            .map(|a: &Aside| (a.line, a.column.as_deref(), a.reason.as_str()))
            .collect();
        assert_eq!(
            reasons,
            [
                (5, Some("s"), "the first day is in the future"),
                (6, Some("s"), "the first day is 1 January 1900 or earlier"),
                (7, Some("e"), "the last day is before the first"),
            ]
        );
    }

    /// What the agency calls an address is one to the analyst, though the agreement has none.
    #[test]
    fn columns_that_identify_people_are_not_sent() {
        let project = Project::parse(&Preset::Minimal.toml("yard", "2026"), "p");
        let project = project.expect("the preset");
        for (program, end, kept, is_refused) in [
            ("program", "to", "Street", true),
            ("program", "to", "street no", true),
            ("program", "to", "Mobile", true),
            ("program", "to", "Surname", true),
            ("program", "to", "Town", false),
            ("program", "to", "Shire", false),
            ("program", "to", "reason", false),
            ("surname", "to", "reason", true),
            ("program", "Born", "reason", true),
        ] {
            let text = format!(
                "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = \"%Y-%m-%d\"\n[columns]\n\
                 family_name = \"Surname\"\nbirth_date = \"Born\"\nsuburb = \"Town\"\nstate = \"Shire\"\n\
                 address = [\"Street No\", \"Street\"]\nphone = \"Mobile\"\n\
                 [events]\nrecord_id = \"id\"\nprogram = \"{program}\"\nstart = \"from\"\n\
                 end = \"{end}\"\ndate_format = \"%Y-%m-%d\"\nkeep = [\"{kept}\"]\n"
            );
            let source = SourceSpec::parse(&text, "a.toml").expect("a source");
            assert_eq!(
                check_columns(&source, &project).is_err(),
                is_refused,
                "{program} {end} {kept}"
            );
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
            let mut plain = String::new();
            write_plain(cell, &mut plain);
            assert_eq!(plain, written);
        }
    }
}
