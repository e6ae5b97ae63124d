//! Reading an export: each row is judged for consent, standardised and encoded, or set
//! aside with a reason. Takes the open table; after it, names are in memory only where the
//! source's people are still to be compared with each other.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use rayon::prelude::*;

use super::Error;
use super::consent::{Consent, Use};
use super::events::{EventReader, Events};
use super::left_out::LeftOut;
use super::violence::Perpetrators;
use crate::clear::Traits;
use crate::encode::fuzzy::FuzzyEncoder;
use crate::encode::people::Records;
use crate::encode::store::{Layout, Packed, Room, Store};
use crate::encode::{Encoder, Scratch, TokenSets};
use crate::package::manifest::Exclusions;
use crate::package::max_rows;
use crate::progress::Progress;
use crate::project::Project;
use crate::sources::{FileNames, Row, SourceSpec, Table};
use crate::standardise::{Dates, Person, Seen, Standardiser};

/// Rows read in one go, and rows of one piece of parallel work. Neither depends on the
/// number of threads, and pieces are joined in order.
const BATCH: usize = 1 << 15;
const PIECE: usize = 1 << 10;

/// Something of the export or the events that is not used: where, and why. Never a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Aside {
    pub(super) kind: Kind,
    /// The file, where there are several.
    pub(super) file: Option<Arc<str>>,
    pub(super) line: u64,
    pub(super) column: Option<String>,
    pub(super) reason: String,
}

/// What was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A whole row of the export.
    Row,
    /// One value; its row is in the package.
    Value,
    /// An event.
    Event,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Row => "row",
            Kind::Value => "value",
            Kind::Event => "event",
        }
    }
}

/// How an export is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) project: &'a Project,
    pub(super) source: &'a SourceSpec,
    /// Dates after it are in the future.
    pub(super) today: Date,
    /// The day of the extract, where it was declared.
    pub(super) as_at: Option<Date>,
    /// Whether the export has the source's events.
    pub(super) has_events: bool,
    /// Whether its people will be compared in the clear.
    pub(super) is_compared: bool,
    pub(super) encoder: &'a Encoder<'a>,
    pub(super) fuzzy: Option<&'a FuzzyEncoder>,
}

/// An export, read and encoded.
#[derive(Debug)]
pub(super) struct Export<'a> {
    pub(super) rows_in: u64,
    pub(super) excluded: Exclusions,
    /// Whose records are left out for want of consent.
    pub(super) left_out: LeftOut,
    /// Rows with a postcode that their state does not have.
    pub(super) odd_postcodes: u64,
    pub(super) birth_dates: Dates,
    pub(super) records: Records,
    /// The token sets of the records, with their fuzzy rows and values.
    pub(super) store: Store<'a>,
    /// What the person of each token set is compared by; names, birth date and sex only, where the
    /// source holds each person once.
    pub(super) traits: Traits,
    pub(super) asides: Vec<Aside>,
    pub(super) events: Events,
    /// Rows of people who use violence; they are among the unreadable.
    pub(super) kept_back: u64,
    /// How many listed record numbers of people who withdrew no row had.
    pub(super) listed_in_vain: usize,
}

/// What some rows of an export became.
#[derive(Debug, Default)]
struct Part {
    files: FileNames,
    excluded: Exclusions,
    left_out: LeftOut,
    kept_back: u64,
    odd_postcodes: u64,
    birth_dates: Dates,
    records: Records,
    packed: Packed,
    traits: Traits,
    asides: Vec<Aside>,
    events: Events,
}

impl<'a> Export<'a> {
    /// Reads a whole export.
    ///
    /// # Errors
    /// When columns are missing, the file cannot be read on, or the disk refuses what there is
    /// no room for.
    pub(super) fn read(
        mut table: Table,
        reading: &Reading<'_>,
        room: Room<'a>,
        progress: &Progress,
    ) -> Result<Export<'a>, crate::Error> {
        let &Reading { project, source, has_events, is_compared, encoder, fuzzy, .. } = reading;
        let wanted = Use { purposes: &project.purposes, as_at: reading.as_at };
        let today = reading.as_at.unwrap_or(reading.today);
        let reader = Reader {
            files: table.files(),
            record_id: table.column(&source.record_id)?,
            record_id_name: &source.record_id,
            consent: Consent::new(&table, source, wanted)?,
            perpetrators: Perpetrators::new(&table),
            standardiser: Standardiser::new(&table, source, project, today)?,
            events: match &source.events {
                Some(spec) if has_events => Some(EventReader::new(&table, spec, today)?),
                _ => None,
            },
            encoder,
            fuzzy,
            project,
            is_compared,
            desks: Mutex::default(),
        };
        let mut export = Export {
            rows_in: 0,
            excluded: Exclusions::default(),
            left_out: LeftOut::default(),
            odd_postcodes: 0,
            birth_dates: Dates::default(),
            records: Records::default(),
            store: Store::new(reader.layout(), room),
            traits: reader.traits(),
            asides: vec![],
            events: Events::default(),
            kept_back: 0,
            listed_in_vain: 0,
        };
        let mut batch = table.next_batch(BATCH)?;
        progress.begin("reading the export", table.about_rows(batch.len()));
        while !batch.is_empty() {
            let read = batch.len();
            export.rows_in += read as u64;
            export.excluded.unreadable += batch.rejects.len() as u64;
            export.asides.extend(batch.rejects.into_iter().map(|reject| Aside {
                kind: Kind::Row,
                file: reader.files.of_several(reject.file),
                line: reject.line,
                column: reject.column,
                reason: reject.reason,
            }));
            // The next rows are read while these are encoded.
            let (parts, next) = rayon::join(
                || -> Vec<Part> {
                    batch.rows.par_chunks(PIECE).map(|rows| reader.part(rows)).collect()
                },
                || table.next_batch(BATCH),
            );
            drop(batch.rows);
            for part in parts {
                export.append(part)?;
            }
            let most = max_rows(None);
            if export.store.len() > most {
                return Err(Error::TooManyRecords { most }.into());
            }
            progress.advance(read as u64);
            batch = next?;
        }
        progress.end();
        export.listed_in_vain = reader.consent.listed_in_vain();
        export.without_refused(reader.record_id_name, &reader.files)
    }

    fn append(&mut self, part: Part) -> Result<(), crate::Error> {
        let Part { excluded, left_out, kept_back, odd_postcodes, birth_dates, .. } = part;
        let Part { records, packed, traits, asides, events, .. } = part;
        self.odd_postcodes += odd_postcodes;
        self.birth_dates.add(birth_dates);
        self.records.append(&records, self.store.len() as u32);
        self.store.push(packed)?;
        self.traits.append(traits);
        self.asides.extend(asides);
        self.events.append(events);
        self.excluded.add(excluded);
        self.left_out.append(left_out);
        self.kept_back += kept_back;
        Ok(())
    }
}

impl Part {
    fn set_aside(&mut self, kind: Kind, row: &Row, column: &str, reason: String) {
        let (file, line) = (self.files.of_several(row.file()), row.line);
        self.asides.push(Aside { kind, file, line, column: Some(column.to_owned()), reason });
    }
}

/// What turns rows into token sets.
struct Reader<'a> {
    files: FileNames,
    record_id: usize,
    record_id_name: &'a str,
    consent: Consent,
    perpetrators: Perpetrators,
    standardiser: Standardiser,
    events: Option<EventReader>,
    encoder: &'a Encoder<'a>,
    fuzzy: Option<&'a FuzzyEncoder>,
    project: &'a Project,
    /// Whether the source's people are compared with each other.
    is_compared: bool,
    /// Desks that nobody works at.
    desks: Mutex<Vec<Desk>>,
}

/// What is used again from piece to piece, so that a row costs no memory of its own.
#[derive(Default)]
struct Desk {
    scratch: Scratch,
    seen: Seen,
    sets: TokenSets,
    /// The persons of some rows, one for each token set; those beyond are of others.
    persons: Vec<Person>,
}

impl Reader<'_> {
    fn layout(&self) -> Layout {
        let TokenSets { tokens, values, .. } = self.encoder.token_sets(0);
        let width = self.fuzzy.map_or(0, FuzzyEncoder::width);
        Layout { keys: tokens.len(), values: values.len(), width }
    }

    /// Room for what people are compared by: all of it, or what tells the rows of one record number
    /// apart.
    fn traits(&self) -> Traits {
        if self.is_compared { Traits::new(self.project) } else { Traits::default() }
    }

    fn part(&self, rows: &[Row]) -> Part {
        let desks = || self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        let free = desks().pop();
        let mut desk = free
            .unwrap_or_else(|| Desk { sets: self.encoder.token_sets(PIECE), ..Desk::default() });
        desk.sets.clear();
        let traits = self.traits();
        let mut part = Part { files: self.files.clone(), traits, ..Part::default() };
        for row in rows {
            let is_used = self.row(row, &mut desk, &mut part);
            if let Some(events) = &self.events {
                // Another row of the same client may be used; this one's event is not.
                part.events.push(if is_used { events.read(row) } else { Err(events.unused(row)) });
            }
        }
        let persons = &desk.persons[..desk.sets.len()];
        persons.iter().for_each(|person| part.traits.push(self.project, person));
        let fuzzy = self.fuzzy.map(|encoder| encoder.encode(persons));
        part.packed = self.layout().pack(&desk.sets, fuzzy.as_ref());
        desks().push(desk);
        part
    }

    /// Encodes a row, or sets it aside; gives whether it is used. The persons of its token
    /// sets are put behind the others.
    fn row(&self, row: &Row, desk: &mut Desk, part: &mut Part) -> bool {
        if let Some((withheld, column)) = self.consent.withheld(row) {
            withheld.count_in(&mut part.excluded);
            part.left_out.push(withheld, row.cell(self.record_id));
            part.set_aside(Kind::Row, row, column, withheld.reason().to_owned());
            return false;
        }
        if self.consent.is_renewed(row) {
            part.left_out.renew(row.cell(self.record_id));
        }
        if let Some((column, reason)) = self.perpetrators.find(row) {
            part.excluded.unreadable += 1;
            part.kept_back += 1;
            part.set_aside(Kind::Row, row, column, reason);
            return false;
        }
        let id = row.cell(self.record_id);
        if id.is_empty() {
            part.excluded.no_record_id += 1;
            let reason = "there is no record number".to_owned();
            part.set_aside(Kind::Row, row, self.record_id_name, reason);
            return false;
        }
        let Desk { scratch, seen, sets, persons } = desk;
        let first_set = sets.len();
        if persons.len() == first_set {
            persons.push(Person::default());
        }
        let person = &mut persons[first_set];
        self.standardiser.read(row, seen, person);
        let is_odd = self.standardiser.has_postcode_of_another_state(row, person);
        part.odd_postcodes += u64::from(is_odd);
        part.birth_dates.count(&person.birth);
        let of_aliases = self.standardiser.alias_problems(row, seen);
        for (column, reason) in self.standardiser.problems(person).chain(of_aliases) {
            part.set_aside(Kind::Value, row, column, reason.to_string());
        }
        self.encoder.encode(person, scratch, sets);
        let identities = self.encoder.identities(person, scratch);
        part.records.push(id, row.place(), first_set as u32, identities);
        let aliases = self.standardiser.alias_persons(row, person, seen);
        if !aliases.is_empty() {
            for alias in &aliases {
                self.encoder.encode(alias, scratch, sets);
            }
            persons.truncate(first_set + 1);
            persons.extend(aliases);
        }
        true
    }
}
