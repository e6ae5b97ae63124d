//! How good an export is for linking: what a data-quality report of it says. Takes an
//! agency's exports and their description, gives counts and shares. Never shows a value; what
//! it gives stays at the agency, since small counts are not protected.

mod events;
#[cfg(test)]
mod fixture;
mod page;
mod services;
mod shared;
mod table;
mod tally;

use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use rayon::prelude::*;
use serde::Serialize;

use crate::deidentify::consent::{Consent, Use};
use crate::deidentify::doubles::{self, Doubles, Found};
use crate::encode::{Encoder, Scratch};
use crate::error::{Class, Fault};
use crate::progress::Progress;
use crate::project::Project;
use crate::slk::Profile;
use crate::sources::{Input, Kind, Row, SourceSpec, Table};
use crate::standard::{self, Covered};
use crate::standardise::{Person, Seen, Standardiser};
pub use events::EventDays;
use services::Elements;
pub use services::Services;
use tally::Tally;
pub use tally::{Births, Consents, Heap, Keys, Names, Place, Reason, Sexes};

/// Rows read in one go, and rows of one piece of parallel work: neither depends on the number
/// of threads.
const BATCH: usize = 1 << 15;
const PIECE: usize = 1 << 10;

/// Which exports are looked at, and how they are read.
#[derive(Debug, Clone)]
pub struct Job {
    /// The exports, in the order of the report: several are a trend.
    pub exports: Vec<Input>,
    /// What they look like.
    pub source: SourceSpec,
    /// By what people are compared.
    pub project: Project,
    /// Whose reading of the SLK-581 rules.
    pub profile: Profile,
    /// The day of the run: dates after it are in the future.
    pub today: Date,
    /// The day on which the exports were made, where it was declared; on it consent is judged.
    pub as_at: Option<Date>,
}

/// What was found of every export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The source.
    pub source: String,
    /// Profile and version of the SLK-581 rules.
    pub profile: String,
    /// One for each export.
    pub files: Vec<Quality>,
}

/// What was found of one export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// The file.
    pub file: String,
    /// Its data rows.
    pub rows: u64,
    /// Rows that do not have the header's cells.
    pub set_aside: u64,
    /// Rows without a record number; nobody is looked for in them.
    pub without_number: u64,
    /// The linkage keys.
    pub keys: Keys,
    /// Family names.
    pub family_names: Names,
    /// Given names.
    pub given_names: Names,
    /// Birth dates.
    pub birth_dates: Births,
    /// The sex.
    pub sexes: Sexes,
    /// Rows with a postcode that the state beside it does not have; nothing where the source has
    /// no states.
    pub postcodes_of_another_state: Option<u64>,
    /// Consent, where the source has columns of it.
    pub consent: Option<Consents>,
    /// The days of its events, where it has any beside its people.
    pub events: Option<EventDays>,
    /// Who is one person.
    pub people: People,
    /// What its services cover, where it is a DEX export with sessions.
    pub services: Option<Services>,
    /// How each column is filled.
    pub columns: Vec<ColumnFill>,
    /// What a person should look at: where the export is hardly what its description says.
    pub warnings: Vec<String>,
}

/// Who of an export is one person.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct People {
    /// Different record numbers.
    pub numbers: u64,
    /// Different people, as far as names and dates tell.
    pub people: u64,
    /// Numbers beyond the first of their person.
    pub numbers_too_many: u64,
    /// Numbers with several rows.
    pub numbers_of_several_rows: u64,
    /// Of these, the numbers whose rows are plainly of different people.
    pub numbers_of_different_people: u64,
    /// Different keys.
    pub keys: u64,
    /// Keys that different people share.
    pub keys_shared: u64,
    /// Pairs of different people with one key.
    pub pairs_sharing: u64,
    /// How many such pairs chance alone would make.
    pub pairs_by_chance: f64,
}

/// How a column is filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnFill {
    /// Its heading.
    pub column: String,
    /// Rows with a value.
    pub filled: u64,
    /// Rows without.
    pub empty: u64,
    /// Of the values, those of no use, by reason, as [`crate::deidentify`] lists them; of a field
    /// that stands in several columns, at the first.
    pub unusable: Vec<Reason>,
}

/// A report that could not be written down.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The page's template failed, or memory refused a line of CSV.
    #[error("the report could not be laid out")]
    Layout,
}

impl Fault for Error {
    fn class(&self) -> Class {
        Class::Internal
    }
}

impl Report {
    /// The report as one HTML page that stands alone.
    ///
    /// # Errors
    /// When it cannot be laid out.
    pub fn html(&self) -> Result<String, Error> {
        page::html(self)
    }

    /// The report as a table, one row a file.
    ///
    /// # Errors
    /// When memory refuses it.
    pub fn csv(&self) -> Result<Vec<u8>, Error> {
        table::csv(self)
    }
}

impl Quality {
    /// Rows that were looked at.
    pub fn read(&self) -> u64 {
        self.rows - self.set_aside
    }
}

/// Looks at every export.
///
/// # Errors
/// When columns that the source describes are not there, or an export cannot be read on.
pub fn run(job: &Job, progress: &Progress) -> Result<Report, crate::Error> {
    let files = job.exports.iter().map(|export| look(export, job, progress));
    Ok(Report {
        source: job.source.name.as_str().to_owned(),
        profile: job.profile.label(),
        files: files.collect::<Result<_, _>>()?,
    })
}

/// What turns rows into counts.
struct Reader<'a> {
    job: &'a Job,
    encoder: &'a Encoder<'a>,
    standardiser: Standardiser,
    consent: Consent,
    /// What rows tell of services, where they tell of any.
    elements: Option<Elements>,
    /// Where the days of events are, where rows have any.
    event_days: Option<events::Columns>,
    number: usize,
    recorded: Option<usize>,
    columns: usize,
    /// Desks that nobody works at: what is used again from piece to piece.
    desks: Mutex<Vec<(Seen, Scratch, Person)>>,
}

/// What some rows became.
struct Part {
    tally: Tally,
    events: events::Tally,
    doubles: Doubles,
    seen: Vec<standard::Seen>,
}

impl Reader<'_> {
    fn part(&self, rows: &[Row]) -> Part {
        let desks = || self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut seen, mut scratch, mut person) = desks().pop().unwrap_or_default();
        let project = &self.job.project;
        let mut tally = Tally::of(self.columns);
        let mut doubles = Doubles::new(project, self.encoder);
        let mut seen_services = Vec::new();
        let mut events = events::Tally::default();
        for row in rows {
            if let Some(elements) = &self.elements {
                seen_services.extend(elements.seen(row));
            }
            if let Some(columns) = &self.event_days {
                columns.count(row, &mut events);
            }
            self.standardiser.read(row, &mut seen, &mut person);
            let recorded = self.recorded.map(|column| row.cell(column));
            let key =
                tally.person(&person, self.standardiser.has_names(), recorded, self.job.profile);
            let is_odd = self.standardiser.has_postcode_of_another_state(row, &person);
            tally.odd_postcodes += u64::from(is_odd);
            tally.consent(self.consent.withheld(row).map(|(withheld, _)| withheld));
            tally.cells(row);
            let of_aliases = self.standardiser.alias_problems(row, &mut seen);
            for (column, reason) in self.standardiser.problems(&person).chain(of_aliases) {
                tally.unusable(column, reason);
            }
            let number = row.cell(self.number);
            if number.is_empty() {
                tally.without_number += 1;
                continue;
            }
            doubles.push(project, self.encoder, &mut scratch, (number, row.line), &person);
            tally.keys_of.push(key);
        }
        desks().push((seen, scratch, person));
        Part { tally, events, doubles, seen: seen_services }
    }
}

fn look(export: &Input, job: &Job, progress: &Progress) -> Result<Quality, crate::Error> {
    let Job { source, project, .. } = job;
    let mut table = Table::open(export, &source.form())?;
    let is_upload = table.kind() == Kind::Dex;
    let encoder = Encoder::for_values(project);
    let as_at = job.as_at.unwrap_or(job.today);
    let wanted = Use { purposes: &project.purposes, as_at: job.as_at };
    let reader = Reader {
        job,
        encoder: &encoder,
        standardiser: Standardiser::new(&table, source, project, as_at)?,
        consent: Consent::new(&table, source, wanted)?,
        elements: Some(Elements::of(&table)).filter(|e| is_upload || e.have_sessions()),
        event_days: events::Columns::of(&table, source.events.as_ref(), as_at),
        number: table.column(&source.record_id)?,
        recorded: source.slk581.as_deref().map(|column| table.column(column)).transpose()?,
        columns: table.header().len(),
        desks: Mutex::default(),
    };
    let mut tally = Tally::of(reader.columns);
    let mut doubles = Doubles::new(project, &encoder);
    let mut covered = Covered::default();
    let mut events = events::Tally::default();
    let (mut rows, mut set_aside) = (0, 0);
    let mut batch = table.next_batch(BATCH)?;
    progress.begin("looking at records", table.about_rows(batch.len()));
    while !batch.is_empty() {
        let (parts, next) = rayon::join(
            || batch.rows.par_chunks(PIECE).map(|rows| reader.part(rows)).collect::<Vec<_>>(),
            || table.next_batch(BATCH),
        );
        for part in parts {
            tally.append(part.tally);
            events.append(part.events);
            doubles.append(part.doubles);
            part.seen.into_iter().for_each(|seen| covered.take(seen));
        }
        rows += batch.len() as u64;
        set_aside += batch.rejects.len() as u64;
        progress.advance(batch.len() as u64);
        batch = next?;
    }
    progress.end();
    progress.begin("finding people", None);
    let found = doubles.find(project, &encoder);
    let people = People::of(&found, &tally);
    progress.end();
    let services = match (&reader.elements, is_upload) {
        (None, _) => None,
        // What is read once has no further lists.
        (Some(_), true) if *export == Input::Stdin => None,
        (Some(_), true) => Some(Services::of_upload(export, source, covered, progress)?),
        (Some(elements), false) => Some(Services::of(&covered, elements)),
    };
    let births = tally.births();
    let mut warnings: Vec<String> =
        found.mixed.warning(&source.record_id, None).into_iter().collect();
    if source.unique_people {
        warnings.extend(doubles::told_once(people.numbers_too_many, ""));
    }
    warnings.extend(births.form().warning(source));
    let columns = table.header().iter().zip(&tally.filled).map(|(column, &filled)| ColumnFill {
        column: column.clone(),
        filled,
        empty: rows - set_aside - filled,
        unusable: tally.unusable_in(column),
    });
    // A state may stand behind a suburb too.
    let has_states = reader.standardiser.has_postcodes_and_states();
    Ok(Quality {
        file: table.name().to_owned(),
        rows,
        set_aside,
        without_number: tally.without_number,
        keys: tally.keys(),
        family_names: tally.family.clone(),
        given_names: tally.given.clone(),
        birth_dates: births,
        sexes: tally.sexes.clone(),
        postcodes_of_another_state: (has_states || tally.odd_postcodes > 0)
            .then_some(tally.odd_postcodes),
        consent: source
            .asks_for_consent()
            .then(|| Consents::of(rows - set_aside, &tally.without_consent)),
        events: reader.event_days.as_ref().map(|_| events.days()),
        people,
        services,
        columns: columns.collect(),
        warnings,
    })
}

impl People {
    fn of(found: &Found, tally: &Tally) -> People {
        let shared = shared::count(&tally.keys_of, &found.person_of);
        People {
            numbers: found.numbers,
            people: found.people,
            numbers_too_many: found.numbers.saturating_sub(found.people),
            numbers_of_several_rows: found.mixed.several,
            numbers_of_different_people: found.mixed.numbers,
            keys: shared.keys,
            keys_shared: shared.shared,
            pairs_sharing: shared.pairs,
            pairs_by_chance: shared.by_chance,
        }
    }
}
