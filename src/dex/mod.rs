//! Writing upload files of the Data Exchange (DEX). Takes an agency's extract with names, or an
//! upload; gives files below the size that the Data Exchange takes, in which nobody is named who
//! did not consent, and lists that stay at the agency: which number stands for whom, and what was
//! set aside and why.

mod asides;
mod client;
mod finish;
mod gather;
mod ids;
mod locality;
mod parts;
mod rows;
mod shape;
mod store;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;

use crate::days::DateFormats;
use crate::deidentify::consent;
use crate::deidentify::withdrawn::Withdrawn;
use crate::error::{Class, Fault};
use crate::files::sheet::CsvFile;
use crate::files::{Overwrite, Readers, Staged};
use crate::key::AgencyKey;
use crate::progress::Progress;
use crate::sources::spec::Encoding;
use crate::sources::upload::{List, Upload};
use crate::sources::{Form, Input, SourceSpec, Table};
use crate::standard::Period;

use asides::Asides;
pub use asides::SetAside;
use client::{Keys, Rules};
use finish::Finish;
use gather::{Gather, Merge, Times};
use ids::Ids;
pub use locality::Locality;
pub use parts::PartFile;
use parts::Parts;
use rows::{Always, Reader};
use store::Store;

/// The agency's own key, below the output folder.
const AGENCY_KEY: &str = "keep/agency.key";

/// One run: what goes in, and where the output goes.
#[derive(Debug, Clone)]
pub struct Job {
    /// The extract of clients, or an upload.
    pub export: Input,
    /// A file of events, where the extract has none.
    pub events: Option<PathBuf>,
    /// What the agency says of its files.
    pub source: Option<SourceSpec>,
    /// How dates are written; else as the description says, or else as the Common Dataset has it.
    pub date_format: Option<DateFormats>,
    /// How the bytes of text files become text.
    pub encoding: Option<Encoding>,
    /// The activity of the outlet, where no column says it.
    pub outlet: Option<u32>,
    /// The type of service, where no column says it.
    pub service: Option<u32>,
    /// The half-year that is reported: other sessions are set aside.
    pub period: Option<Period>,
    /// The day of the extract: dates after it are in the future.
    pub as_at: Date,
    /// Which numbers clients, cases and sessions have.
    pub numbers: Numbers,
    /// The agency's own key, where it is not in the output of an earlier run.
    pub agency_key: Option<PathBuf>,
    /// What becomes of clients without consent.
    pub unconsenting: Unconsenting,
    /// What is written of where people live who have no fixed address; else they are set aside.
    pub no_fixed_address: Option<Locality>,
    /// The output folder.
    pub out: PathBuf,
    /// Whether it may replace an earlier one.
    pub overwrite: Overwrite,
    /// The most bytes of a file; the Data Exchange's own limit where nothing is said.
    pub most: Option<usize>,
}

/// Which numbers clients, cases and sessions have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Numbers {
    /// Those of an upload stay, those of an extract are replaced.
    #[default]
    AsUsual,
    /// All stay, but for those that say who somebody is.
    Keep,
    /// Pseudonyms, made with the agency's own key.
    New,
}

/// What becomes of clients who did not consent that their details are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unconsenting {
    /// They are written without name and street, by their linkage key.
    #[default]
    Unnamed,
    /// They are left out.
    LeaveOut,
}

/// What a run did; also written to `keep/run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// The program and version.
    pub tool: String,
    /// The day of the extract.
    pub as_at: String,
    /// Rows or records of the export.
    pub rows_in: u64,
    /// Rows of the events file, where there is one.
    pub event_rows_in: Option<u64>,
    /// Records made or read of each list.
    pub read: BTreeMap<&'static str, u64>,
    /// Records written of each list.
    pub written: BTreeMap<&'static str, u64>,
    /// What was set aside, whole or in part.
    pub set_aside: Vec<SetAside>,
    /// The files for the Data Exchange.
    pub files: Vec<PartFile>,
    /// Whether clients, cases and sessions have new numbers, which `keep/ids.csv` lists.
    pub has_new_numbers: bool,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// A run that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No column has the number of the client.
    #[error("{file}: has no column of client numbers")]
    NoClients {
        /// The file.
        file: String,
    },
    /// A file of events without a column of dates.
    #[error("{file}: has no column of dates")]
    NoDates {
        /// The file.
        file: String,
    },
    /// Events beside an upload, which has its own.
    #[error("{file}: is an upload file, which has its own sessions")]
    EventsOfUpload {
        /// The file.
        file: String,
    },
    /// Nothing can be written.
    #[error("{file}: nothing of it can be written: {reason}")]
    Nothing {
        /// The file.
        file: String,
        /// The reason that is most frequent.
        reason: String,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::EventsOfUpload { .. } => Class::Usage,
            Error::NoClients { .. } | Error::NoDates { .. } | Error::Nothing { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::NoClients { .. } => {
                "call the column `ClientId` or `1.7.1`, or describe the file with `--source`"
            }
            Error::NoDates { .. } => {
                "call the column `SessionDate` or `4.1.1`, or describe it in [events] of source.toml"
            }
            Error::EventsOfUpload { .. } => "leave out `--events`",
            Error::Nothing { .. } => {
                "`veilway validate` says what is wrong with each column of the file"
            }
        };
        Some(hint.into())
    }
}

/// Writes upload files.
///
/// # Errors
/// When a file or key cannot be read, nothing can be written, or the output is there already or
/// cannot be written. Nothing is left behind then.
pub fn write(job: &Job, progress: &Progress) -> Result<Summary, crate::Error> {
    let upload = match job.export {
        Input::Stdin => None,
        _ => Upload::open(&job.export)?,
    };
    let shown = crate::files::clean(job.export.shown());
    if upload.is_some() && job.events.is_some() {
        return Err(Error::EventsOfUpload { file: shown }.into());
    }
    let staged = Staged::folder(&job.out, job.overwrite)?;
    let is_new = match job.numbers {
        Numbers::AsUsual => upload.is_none(),
        Numbers::Keep => false,
        Numbers::New => true,
    };
    let ids = if is_new { Ids::new(&agency_key(job, &staged)?) } else { Ids::kept() };
    let numbers = match is_new {
        true => {
            let mut numbers = CsvFile::create(&staged, "keep/ids.csv")?;
            numbers.line(["kind", "id", "upload_id"])?;
            Some(numbers)
        }
        false => None,
    };
    let (merge, keys) = match upload {
        Some(_) => (Merge::Never, Keys::Recorded),
        None => (Merge::Rows, Keys::Everybody),
    };
    let rules = Rules::new(job.as_at, job.unconsenting, job.no_fixed_address.clone(), keys);
    let times = Times { period: job.period, as_at: job.as_at };
    let events = job.events.clone().map(Input::File);
    let names = |input: Option<&Input>| input.map(Upload::names).transpose();
    let names = [names(Some(&job.export))?, names(events.as_ref())?].map(Option::unwrap_or_default);
    let asides = Asides::new(&staged, names)?;
    let store = Store::new(staged.scratch()?);
    let mut gather = Gather::new(store, ids, rules, times, merge, asides);
    let rows = match upload {
        Some(upload) => read_upload(upload, job.source.as_ref(), &mut gather, progress)?,
        None => read_tables(job, events.as_ref(), &mut gather, progress)?,
    };
    let mut parts = Parts::new(&staged, job.most);
    let mut finish = Finish { gather, parts: &mut parts, numbers, written: Default::default() };
    finish.run(progress)?;
    let Finish { gather, numbers, written, .. } = finish;
    if let Some(numbers) = numbers {
        numbers.finish()?;
    }
    let by_list = |counts: [u64; List::ALL.len()]| {
        List::ALL.into_iter().map(|list| (list.name(), counts[list as usize])).collect()
    };
    let read = gather.read;
    let summary = Summary {
        tool: format!("veilway {}", env!("CARGO_PKG_VERSION")),
        as_at: job.as_at.to_string(),
        rows_in: rows.export,
        event_rows_in: rows.events,
        read: by_list(read),
        written: by_list(written),
        set_aside: gather.asides.finish()?,
        files: parts.finish()?,
        has_new_numbers: is_new,
        warnings: consent::warning(rows.listed_in_vain).into_iter().collect(),
    };
    if summary.files.is_empty() {
        let most = summary.set_aside.iter().max_by_key(|aside| aside.count);
        let reason = most.map_or("it has no record".to_owned(), |aside| {
            format!("{} {}", aside.element, aside.reason)
        });
        return Err(Error::Nothing { file: shown, reason }.into());
    }
    let mut out = staged.create("keep/run.json", Readers::Owner)?;
    let mut json = serde_json::to_string_pretty(&summary).unwrap_or_default();
    json.push('\n');
    out.write_all(json.as_bytes()).map_err(|e| out.error(e))?;
    out.finish()?;
    staged.commit()?;
    Ok(summary)
}

/// The agency's own key: the one named, that of the earlier output, or a new one. It is in
/// `keep/` of the output, so that the next run gives every client the same number.
fn agency_key(job: &Job, staged: &Staged) -> Result<AgencyKey, crate::Error> {
    let kept = staged.path().join(AGENCY_KEY);
    let earlier = Some(job.out.join(AGENCY_KEY)).filter(|key| key.exists());
    let Some(from) = job.agency_key.clone().or(earlier) else {
        return Ok(AgencyKey::create_for_uploads(&kept)?);
    };
    let key = AgencyKey::load(&from)?;
    key.save_for_uploads(&kept)?;
    Ok(key)
}

/// How many rows there were.
struct Rows {
    export: u64,
    events: Option<u64>,
    /// Numbers on the lists of who withdrew that no row has.
    listed_in_vain: usize,
}

fn read_upload(
    mut upload: Upload,
    source: Option<&SourceSpec>,
    gather: &mut Gather,
    progress: &Progress,
) -> Result<Rows, crate::Error> {
    // An upload says by itself what it is, but not who withdrew since.
    let withdrawn = source.map(Withdrawn::read).transpose()?.unwrap_or_default();
    progress.begin("reading the upload", None);
    let mut rows = 0;
    while let Some((file, mut record)) = upload.next()? {
        if record.list == List::Clients {
            let client = record.root.text("ClientId");
            let mut said = record.root.inner.iter();
            // What is no answer is no consent either.
            let is_refused = said.any(|element| {
                element.name == "ConsentToProvideDetails"
                    && !element.text.is_empty()
                    && shape::flag(&element.text) != Some(true)
            });
            let has_withdrawn = withdrawn.has(client);
            if is_refused || has_withdrawn {
                gather.bar(client);
            }
            if has_withdrawn {
                gather::refuse(&mut record.root);
            }
        }
        gather.take(file, record)?;
        rows += 1;
        progress.advance(1);
    }
    progress.end();
    Ok(Rows { export: rows, events: None, listed_in_vain: withdrawn.unseen() })
}

/// Reads the extract and the events.
fn read_tables(
    job: &Job,
    events: Option<&Input>,
    gather: &mut Gather,
    progress: &Progress,
) -> Result<Rows, crate::Error> {
    let source = job.source.as_ref();
    let mut form = source.map_or(Form::of(Encoding::Utf8), SourceSpec::form);
    form.encoding = job.encoding.unwrap_or(form.encoding);
    let table = Table::open(&job.export, &form)?;
    let always = Always { outlet: job.outlet, service: job.service };
    let format = job.date_format.as_ref();
    let reader = Reader::of_clients(&table, source, format, job.as_at, always)?;
    let export = reader.read(table, gather, progress)?;
    let rows = Rows { export, events: None, listed_in_vain: reader.listed_in_vain() };
    let described = source.and_then(|source| source.events.as_ref().map(|spec| (source, spec)));
    let sheet = described.filter(|(_, spec)| spec.sheet.is_some() && events.is_none());
    let input = match (events, sheet) {
        (Some(events), _) => events,
        (None, Some(_)) => &job.export,
        (None, None) => return Ok(rows),
    };
    let mut form =
        described.map_or(Form::of(form.encoding), |(source, spec)| source.events_form(spec));
    form.encoding = job.encoding.unwrap_or(form.encoding);
    let table = Table::open(input, &form)?;
    let reader = Reader::of_events(&table, source, format, job.as_at, always)?;
    Ok(Rows { events: Some(reader.read(table, gather, progress)?), ..rows })
}
