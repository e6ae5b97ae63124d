//! Reading an export: each row is judged for consent, standardised and encoded, or set
//! aside with a reason. Takes the open table; after it, names are in memory only where the
//! source's people are still to be compared with each other.

use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use rayon::prelude::*;

use super::Error;
use super::consent::{Consent, Withheld};
use super::events::{EventReader, Events};
use crate::clear::Traits;
use crate::encode::fuzzy::{FuzzyEncoder, FuzzyRows};
use crate::encode::people::Records;
use crate::encode::{Encoder, Scratch, TokenSets};
use crate::package::manifest::Exclusions;
use crate::package::max_rows;
use crate::progress::Progress;
use crate::project::Project;
use crate::sources::{Row, SourceSpec, Table};
use crate::standardise::{Person, Seen, Standardiser};

/// Rows read in one go, and rows of one piece of parallel work. Neither depends on the
/// number of threads, and pieces are joined in order.
const BATCH: usize = 1 << 16;
const PIECE: usize = 1 << 11;

/// Something of the export or the events that is not used: where, and why. Never a value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Aside {
    pub(super) kind: Kind,
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
    /// Whether the export has the source's events.
    pub(super) has_events: bool,
    /// Whether its people will be compared in the clear.
    pub(super) is_compared: bool,
    pub(super) encoder: &'a Encoder<'a>,
    pub(super) fuzzy: Option<&'a FuzzyEncoder>,
}

/// An export, read and encoded.
#[derive(Debug, Default)]
pub(super) struct Export {
    pub(super) rows_in: u64,
    pub(super) excluded: Exclusions,
    pub(super) records: Records,
    pub(super) sets: TokenSets,
    /// What the person of each token set is compared by, where the source may hold a person
    /// twice; else nothing.
    pub(super) traits: Traits,
    /// The fuzzy row of each token set, where the agreement has the column.
    pub(super) fuzzy: Option<FuzzyRows>,
    pub(super) asides: Vec<Aside>,
    pub(super) events: Events,
}

impl Export {
    /// Reads a whole export.
    ///
    /// # Errors
    /// When columns are missing or the file cannot be read on.
    pub(super) fn read(
        mut table: Table,
        reading: &Reading<'_>,
        progress: &Progress,
    ) -> Result<Export, crate::Error> {
        let &Reading { project, source, today, has_events, is_compared, encoder, fuzzy } = reading;
        let reader = Reader {
            record_id: table.column(&source.record_id)?,
            record_id_name: &source.record_id,
            consent: Consent::new(&table, &source.consent)?,
            standardiser: Standardiser::new(&table, source, project, today)?,
            events: match &source.events {
                Some(spec) if has_events => Some(EventReader::new(&table, spec)?),
                _ => None,
            },
            encoder,
            fuzzy,
            compared: is_compared.then_some(project),
            desks: Mutex::default(),
        };
        let mut export = reader.piece(&[]);
        progress.begin("reading the export", None);
        let mut batch = table.next_batch(BATCH)?;
        while !batch.is_empty() {
            let read = batch.rows.len() + batch.rejects.len();
            export.rows_in += read as u64;
            export.excluded.unreadable += batch.rejects.len() as u64;
            export.asides.extend(batch.rejects.into_iter().map(|reject| Aside {
                kind: Kind::Row,
                line: reject.line,
                column: reject.column,
                reason: reject.reason,
            }));
            // The next rows are read while these are encoded.
            let (pieces, next) = rayon::join(
                || -> Vec<Export> {
                    batch.rows.par_chunks(PIECE).map(|rows| reader.piece(rows)).collect()
                },
                || table.next_batch(BATCH),
            );
            for piece in pieces {
                export.append(piece);
            }
            let most = max_rows(None);
            if export.sets.len() > most {
                return Err(Error::TooManyRecords { most }.into());
            }
            progress.advance(read as u64);
            batch = next?;
        }
        progress.end();
        Ok(export)
    }

    fn append(&mut self, piece: Export) {
        let before = self.sets.len() as u32;
        self.records.append(&piece.records, before);
        self.sets.append(piece.sets);
        self.traits.append(piece.traits);
        if let (Some(rows), Some(more)) = (&mut self.fuzzy, piece.fuzzy) {
            rows.append(more);
        }
        self.asides.extend(piece.asides);
        self.events.append(piece.events);
        let Exclusions {
            consent_refused, consent_partial, consent_not_stated, no_record_id, ..
        } = piece.excluded;
        self.excluded.consent_refused += consent_refused;
        self.excluded.consent_partial += consent_partial;
        self.excluded.consent_not_stated += consent_not_stated;
        self.excluded.no_record_id += no_record_id;
    }

    fn set_aside(&mut self, kind: Kind, row: &Row, column: &str, reason: String) {
        self.asides.push(Aside { kind, line: row.line, column: Some(column.to_owned()), reason });
    }
}

/// What turns rows into token sets.
struct Reader<'a> {
    record_id: usize,
    record_id_name: &'a str,
    consent: Consent,
    standardiser: Standardiser,
    events: Option<EventReader>,
    encoder: &'a Encoder<'a>,
    fuzzy: Option<&'a FuzzyEncoder>,
    /// The project, where the source's people are compared with each other.
    compared: Option<&'a Project>,
    /// Desks that nobody works at.
    desks: Mutex<Vec<Desk>>,
}

/// What is used again from piece to piece, so that a row costs no memory of its own.
#[derive(Default)]
struct Desk {
    scratch: Scratch,
    seen: Seen,
    /// The persons of a piece, one for each token set; those beyond are of another piece.
    persons: Vec<Person>,
}

impl Reader<'_> {
    fn piece(&self, rows: &[Row]) -> Export {
        let desks = || self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut desk = desks().pop().unwrap_or_default();
        let sets = self.encoder.token_sets(rows.len());
        let traits = self.compared.map(Traits::new).unwrap_or_default();
        let mut piece = Export { sets, traits, ..Export::default() };
        for row in rows {
            let is_used = self.row(row, &mut desk, &mut piece);
            if let Some(events) = &self.events {
                // Another row of the same client may be used; this one's event is not.
                piece.events.push(if is_used { events.read(row) } else { Err(events.unused(row)) });
            }
        }
        let persons = &desk.persons[..piece.sets.len()];
        if let Some(project) = self.compared {
            persons.iter().for_each(|person| piece.traits.push(project, person));
        }
        piece.fuzzy = self.fuzzy.map(|encoder| encoder.encode(persons));
        desks().push(desk);
        piece
    }

    /// Encodes a row, or sets it aside; gives whether it is used. The persons of its token
    /// sets are put behind the others.
    fn row(&self, row: &Row, desk: &mut Desk, piece: &mut Export) -> bool {
        if let Some((withheld, column)) = self.consent.withheld(row) {
            match withheld {
                Withheld::Refused => piece.excluded.consent_refused += 1,
                Withheld::Partial => piece.excluded.consent_partial += 1,
                Withheld::NotStated => piece.excluded.consent_not_stated += 1,
            }
            piece.set_aside(Kind::Row, row, column, withheld.reason().to_owned());
            return false;
        }
        let id = row.cell(self.record_id);
        if id.is_empty() {
            piece.excluded.no_record_id += 1;
            let reason = "there is no record number".to_owned();
            piece.set_aside(Kind::Row, row, self.record_id_name, reason);
            return false;
        }
        let Desk { scratch, seen, persons } = desk;
        let first_set = piece.sets.len();
        if persons.len() == first_set {
            persons.push(Person::default());
        }
        let person = &mut persons[first_set];
        self.standardiser.read(row, seen, person);
        for (column, reason) in self.standardiser.problems(person) {
            piece.set_aside(Kind::Value, row, column, reason.to_string());
        }
        self.encoder.encode(person, scratch, &mut piece.sets);
        let identities = self.encoder.identities(person, scratch);
        piece.records.push(id, row.line, first_set as u32, identities);
        let aliases = self.standardiser.alias_persons(row, person, seen);
        if !aliases.is_empty() {
            for alias in &aliases {
                self.encoder.encode(alias, scratch, &mut piece.sets);
            }
            persons.truncate(first_set + 1);
            persons.extend(aliases);
        }
        true
    }
}
