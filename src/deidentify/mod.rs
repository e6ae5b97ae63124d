//! The agency's whole job: an export with names becomes a package for the linkage unit,
//! events for the analyst, and what the agency keeps. Takes the export, the agreement, the
//! source's description and the keys; gives one folder that appears whole or not at all.
//!
//! Consent is judged before any key is made. Every row of the export is either in the
//! package or set aside with a reason; the run fails rather than lose one.

pub(crate) mod consent;
pub(crate) mod doubles;
mod duplicates;
mod events;
mod export;
pub mod inhouse;
mod left_out;
mod mixed;
mod record;
mod refused;
mod violence;
pub(crate) mod withdrawn;
mod write;

use std::path::PathBuf;

use jiff::civil::Date;
use rayon::prelude::*;
use serde::Serialize;

use crate::clear::Traits;
use crate::encode::bits::Bits;
use crate::encode::fuzzy::FuzzyEncoder;
use crate::encode::order::{Order, Owners};
use crate::encode::people::{self, People, Records};
use crate::encode::rows::{FuzzyCounts, Rows};
use crate::encode::store::{Room, Store};
use crate::encode::{Encoder, chance};
use crate::error::{Class, Fault};
use crate::files::{Overwrite, Staged};
use crate::ids::{RowId, SourceName};
use crate::key::{AgencyKey, ProjectKey, Purpose};
use crate::package::manifest::{
    Exclusions, FORMAT, FuzzySummary, KeySummary, Manifest, Role, published,
};
use crate::progress::Progress;
use crate::project::Project;
use crate::project::fuzzy::{FuzzyEncoding, FuzzySettings};
use crate::project::groups::ChanceOfGroup;
use crate::sources::spec::{EventSpec, SourceSpec};
use crate::sources::{Input, Least, Table};

use events::Events;
use export::{Export, Reading};
use mixed::Mixed;
pub use record::{Column, EventCount, KeyFill, RunRecord, Tokens};
use write::RowIds;

/// One run: what goes in, and where the output goes.
#[derive(Debug, Clone)]
pub struct Job {
    /// The export.
    pub export: Input,
    /// The events file; without one, a source with events has them in the export.
    pub events: Option<PathBuf>,
    /// The agreement.
    pub project: Project,
    /// The description of the source.
    pub source: SourceSpec,
    /// The project key.
    pub key_file: PathBuf,
    /// The agency's own key, where it is not in the output of an earlier run.
    pub agency_key: Option<PathBuf>,
    /// The output folder.
    pub out: PathBuf,
    /// Whether it may replace an earlier one.
    pub overwrite: Overwrite,
    /// Whether the fuzzy column may be unhardened, should the agreement say so.
    pub unhardened: Unhardened,
    /// The day of the run: dates after it are in the future.
    pub today: Date,
    /// The day on which the export was made, where it was declared: on it consent is judged, and
    /// dates after it are in the future.
    pub as_at: Option<Date>,
    /// Bytes of tokens that may be held in memory; what is more goes to the disk, encrypted.
    pub memory: usize,
}

/// Whether a fuzzy column without hardening may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unhardened {
    /// It is refused.
    #[default]
    Refuse,
    /// It was asked for by name, and comes with a warning.
    Allow,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The counts; also written to `keep/run.json`.
    pub record: RunRecord,
    /// The output folder.
    pub out: PathBuf,
    /// The package, below the output folder.
    pub package: String,
    /// The events, below the output folder, where the source has any.
    pub events: Option<String>,
    /// How many clients are left out for want of consent, below the output folder, where the
    /// source asks for any.
    pub left_out: Option<String>,
    /// Where the agency's own key is from.
    pub agency_key: KeyOf,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// Whether row ids are those of earlier runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyOf {
    /// The agency's own key is an earlier run's, so that clients have the row ids they had.
    EarlierRun,
    /// It was made by this run.
    ThisRun,
}

/// A run that cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An events file for a source that describes no events.
    #[error("an events file was given, but source.toml has no section [events]")]
    NoEventSpec,
    /// The export holds no events, and no events file was given.
    #[error("{file}: has no column `{}`, in which source.toml says that events begin", crate::files::clean_text(.column))]
    EventsElsewhere {
        /// The export.
        file: String,
        /// The column of first days.
        column: String,
    },
    /// Events on another sheet of what can be read once only.
    #[error("standard input is read once, and source.toml has the events on another sheet")]
    SheetOfStdin,
    /// The analyst would be given an identifier.
    #[error("source.toml: `{key}` of [events] names column `{}`, which identifies people", crate::files::clean_text(.column))]
    SendsIdentifier {
        /// The key of `[events]`.
        key: &'static str,
        /// The column.
        column: String,
    },
    /// The analyst would be given an item that stays at the agency.
    #[error(
        "source.toml: `keep` of [events] names column `{}`, which as item {item} of the Common Dataset {why}",
        crate::files::clean_text(.column)
    )]
    KeepsItem {
        /// The column.
        column: String,
        /// The item.
        item: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A column about violence would leave the agency.
    #[error(
        "source.toml: `{}` names column `{}`, which is about violence, and would endanger people",
        crate::files::clean_text(.key), crate::files::clean_text(.column)
    )]
    Violence {
        /// The key that names it.
        key: String,
        /// The column.
        column: String,
    },
    /// The agreement wants a fuzzy column that protects nobody.
    #[error(
        "the agreement's fuzzy encoding, `danger-unhardened-clk`, protects nobody: graph matching names nearly everybody in such a file, and needs no key"
    )]
    Unhardened,
    /// Two exports of one source.
    #[error("two of the exports are described as source {source_name}")]
    TwiceTheSource {
        /// The source.
        source_name: SourceName,
    },
    /// More records than a package can hold.
    #[error("the export has more records than the {most} a package can hold")]
    TooManyRecords {
        /// The most there can be.
        most: usize,
    },
    /// Rows that are neither in the package nor set aside.
    #[error("{rows_in} rows were read, but {accounted} are accounted for")]
    RowsLost {
        /// Rows read.
        rows_in: u64,
        /// Rows in the package or set aside.
        accounted: u64,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::NoEventSpec | Error::TwiceTheSource { .. } | Error::SheetOfStdin => Class::Usage,
            Error::SendsIdentifier { .. }
            | Error::KeepsItem { .. }
            | Error::Violence { .. }
            | Error::Unhardened => Class::Refused,
            Error::TooManyRecords { .. } | Error::EventsElsewhere { .. } => Class::Input,
            Error::RowsLost { .. } => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::NoEventSpec => "say in [events] of source.toml which columns the events have",
            Error::EventsElsewhere { .. } => {
                "give the events file with `--events`, or correct [events] of source.toml"
            }
            Error::SheetOfStdin => "name the file instead of `-`",
            Error::TwiceTheSource { .. } => {
                "give each export its own source.toml, with a name of its own"
            }
            Error::SendsIdentifier { key: "keep", .. } | Error::KeepsItem { .. } => {
                "take the column out of `keep`: the analyst may not have it"
            }
            Error::SendsIdentifier { .. } => {
                "name another column there: the analyst may not have this one"
            }
            Error::Violence { .. } => {
                "take the column out: it stays at the agency, whoever asks for it"
            }
            Error::Unhardened => {
                "agree on `encoding = \"eld\"` in [fuzzy] of project.toml; only to exchange data \
                 with an older tool, and as if it were names, run with --danger-unhardened-clk"
            }
            Error::TooManyRecords { .. } => "split the export into several sources",
            Error::RowsLost { .. } => "please report it, with the version but without any data",
        };
        Some(hint.into())
    }
}

/// Runs a job.
///
/// # Errors
/// When a key, the export or the events cannot be read, the output is there already or
/// cannot be written, or a protection would be broken. Nothing is left behind then.
pub fn run(job: &Job, progress: &Progress) -> Result<Summary, crate::Error> {
    let Job { project, source, .. } = job;
    let key = ProjectKey::load(&job.key_file)?;
    if job.events.is_some() && source.events.is_none() {
        return Err(Error::NoEventSpec.into());
    }
    violence::check_columns(source)?;
    events::check_columns(source, project)?;
    let is_unhardened =
        project.fuzzy.as_ref().is_some_and(|f| f.encoding == FuzzyEncoding::UnhardenedClk);
    if is_unhardened && job.unhardened == Unhardened::Refuse {
        return Err(Error::Unhardened.into());
    }
    let encode_fuzzy = |settings: &FuzzySettings| FuzzyEncoder::new(project, &key, settings);
    let fuzzy_encoder = project.fuzzy.as_ref().map(encode_fuzzy).transpose()?;
    let staged = Staged::folder(&job.out, job.overwrite)?;
    let folders = [Some(&job.out), None];
    let (agency_key, key_of) = agency_key(job.agency_key.as_ref(), folders, project, &staged)?;
    // An agency may have had no client, or no event.
    let table = Table::open(&job.export, &source.form().with(Least::Header))?;
    let (mut file_warnings, files) = (table.warnings(), table.files());
    file_warnings.extend(consent::unasked(&table, source));
    let encoder = Encoder::new(project, &key);
    let in_export = source.events.as_ref().filter(|e| e.sheet.is_none() && job.events.is_none());
    if let Some(EventSpec { start, .. }) = in_export
        && table.column(start).is_err()
        && table.column(&source.record_id).is_ok()
    {
        let (file, column) = (table.name().to_owned(), start.clone());
        return Err(Error::EventsElsewhere { file, column }.into());
    }

    let reading = Reading {
        project,
        source,
        today: job.today,
        as_at: job.as_at,
        has_events: in_export.is_some(),
        is_compared: !source.unique_people,
        encoder: &encoder,
        fuzzy: fuzzy_encoder.as_ref(),
    };
    let room = Room { bytes: job.memory, disk: &staged };
    let export = Export::read(table, &reading, room, progress)?;
    let Export { rows_in, excluded, left_out, listed_in_vain, kept_back, odd_postcodes, .. } =
        export;
    let birth_dates = export.birth_dates;
    let Export { records, store, traits, mut asides, events, .. } = export;
    progress.begin("finding people", None);
    let Found { people, mixed, duplicates } = find_people(&records, &store, traits, &encoder, job)?;
    write::mixed(&staged, source, &records, &mixed, &files)?;
    let row_ids = row_ids(&records, &people, &agency_key, project, source);
    let keep = RowIds::new(&records, &people, &row_ids);
    write::keep_rows(&staged, source, &keep)?;
    progress.end();
    let events = match events.or_file(job, progress)? {
        Some(events) => Some(write::events(&staged, source, events, &keep, &mut asides)?),
        None => None,
    };
    let owners = owners(&records, &people, &row_ids, store.len());
    drop((people, row_ids));

    let (rows, chances) = arrange(project, &encoder, &store, owners, progress)?;
    check_rows(rows_in, excluded, &records, &rows)?;
    drop(records);
    let uneven = uneven_warning(project, &rows);

    let manifest = manifest(job, &key, excluded, &rows, chances);
    let columns = project.match_keys.len() + usize::from(rows.fuzzy.is_some());
    progress.begin("writing the package", Some(columns as u64));
    let (package, digest) = write::package(&staged, source, manifest.clone(), rows)?;
    progress.end();
    write::rejects(&staged, source, &mut asides)?;
    let left_out = write::left_out(&staged, source, &left_out.table(manifest.people)?)?;
    let mut record =
        RunRecord::new(job, &manifest, rows_in, duplicates, digest, &asides, events.as_ref());
    record.rows_kept_back = kept_back;
    record.postcodes_of_another_state = odd_postcodes;
    record.birth_dates = birth_dates;
    record.numbers_of_several_rows = mixed.several;
    record.numbers_of_different_people = mixed.numbers;
    write::run_record(&staged, &record)?;
    staged.commit()?;
    let mut warnings = file_warnings;
    let list = write::mixed_name(source);
    warnings.extend(mixed.warning(&source.record_id, Some(&list)));
    warnings.extend(record.warnings(job));
    warnings.extend(consent::warning(listed_in_vain));
    warnings.extend(uneven);
    if is_unhardened {
        warnings.insert(0, UNHARDENED.to_owned());
    }
    let events = events.map(|written| written.name);
    let left_out = source.asks_for_consent().then_some(left_out);
    let out = job.out.clone();
    Ok(Summary { record, out, package, events, left_out, agency_key: key_of, warnings })
}

/// The agency's own key: the one named, that of earlier output in one of the folders, or a
/// new one, and which of them. It is in `keep/` of the output, so that the next run gives every
/// client the same row id.
fn agency_key(
    named: Option<&PathBuf>,
    folders: [Option<&PathBuf>; 2],
    project: &Project,
    staged: &Staged,
) -> Result<(AgencyKey, KeyOf), crate::Error> {
    let kept = staged.path().join(write::AGENCY_KEY);
    let earlier = folders.into_iter().flatten().map(|folder| folder.join(write::AGENCY_KEY));
    let Some(source) = named.cloned().or_else(|| earlier.into_iter().find(|key| key.exists()))
    else {
        return Ok((AgencyKey::create(&kept, project)?, KeyOf::ThisRun));
    };
    let key = AgencyKey::load(&source)?;
    key.save(&kept, project)?;
    Ok((key, KeyOf::EarlierRun))
}

/// Who the records are of.
struct Found {
    people: People,
    /// The record numbers that different people have.
    mixed: Mixed,
    /// How many people were found under a further record number.
    duplicates: u64,
}

/// Finds the people of the records.
fn find_people(
    records: &Records,
    store: &Store<'_>,
    traits: Traits,
    encoder: &Encoder<'_>,
    job: &Job,
) -> Result<Found, crate::Error> {
    let Job { project, source, .. } = job;
    let mut people = people::group(records);
    let mixed = Mixed::find(records, &people, &traits);
    if source.join_duplicates && !source.unique_people {
        let sets = store.values()?;
        let (ranks, first) = people::compared_by(records, &people, &sets);
        let pairs = duplicates::find(project, encoder.components(), &sets, &traits, &first);
        let pairs = pairs.iter().map(|&(a, b)| (ranks[a as usize], ranks[b as usize]));
        people::merge(&mut people.representatives, pairs);
    }
    let (numbers, found) = doubles::count(records, &people);
    Ok(Found { people, mixed, duplicates: numbers - found })
}

/// The row id of each rank, made from the first record number of its person.
fn row_ids(
    records: &Records,
    people: &People,
    agency_key: &AgencyKey,
    project: &Project,
    source: &SourceSpec,
) -> Vec<RowId> {
    let subkey = agency_key.subkey(project, Purpose::RowId, source.name.as_str());
    let People { order, representatives } = people;
    let id_of = |&first: &u32| RowId(subkey.mac128(records.id(order[first as usize]).as_bytes()));
    representatives.par_iter().map(id_of).collect()
}

/// Whose each token set is.
fn owners(records: &Records, people: &People, row_ids: &[RowId], sets: usize) -> Owners {
    let mut by_record = vec![RowId([0; 16]); records.len()];
    for (&record, &row_id) in people.order.iter().zip(row_ids) {
        by_record[record as usize] = row_id;
    }
    let mut aliases = Bits::none(sets);
    if sets == records.len() {
        return Owners { row_ids: by_record, aliases };
    }
    let mut row_ids = Vec::with_capacity(sets);
    for (set, (record, is_alias)) in records.of_sets(sets as u32).enumerate() {
        row_ids.push(by_record[record as usize]);
        if is_alias {
            aliases.set(set);
        }
    }
    Owners { row_ids, aliases }
}

/// The rows of the package, and the chances counted before any token was withheld.
fn arrange<'s>(
    project: &Project,
    encoder: &Encoder<'_>,
    store: &'s Store<'s>,
    owners: Owners,
    progress: &Progress,
) -> Result<(Rows<'s>, Vec<ChanceOfGroup>), crate::Error> {
    let order = Order::of(store, owners)?;
    let mut chances =
        chance::of_groups(project, encoder.components(), store, &order.first_sets(), progress)?;
    for subset in chances.iter_mut().flat_map(|group| &mut group.subsets) {
        subset.chance = published(subset.chance);
        subset.fill = published(subset.fill);
    }
    Ok((order.arrange(project.people_per_token, progress)?, chances))
}

/// Every row of the export is in the package or set aside.
fn check_rows(
    rows_in: u64,
    excluded: Exclusions,
    records: &Records,
    rows: &Rows<'_>,
) -> Result<(), Error> {
    let in_package =
        (0..records.len() as u32).filter(|&record| rows.has(records.first_set(record)));
    let accounted = in_package.count() as u64 + excluded.total();
    if accounted == rows_in { Ok(()) } else { Err(Error::RowsLost { rows_in, accounted }) }
}

/// What whoever asked for an unhardened column is told every time.
const UNHARDENED: &str = "the fuzzy column is not hardened (danger-unhardened-clk): graph \
    matching names nearly everybody in such a file, and needs no key; keep and send the package \
    as if it held the names themselves";

/// What is said where fuzzy values are withheld since base filters that are far from half full
/// would show through the hardening: whom that concerns, and which fields are the reason.
fn uneven_warning(project: &Project, rows: &Rows<'_>) -> Option<String> {
    let (settings, counts) = project.fuzzy.as_ref().zip(rows.fuzzy.as_ref())?;
    let of = rows.row_ids.len();
    let usable =
        |field: usize| rows.quality.iter().filter(|flags| *flags >> field & 1 == 1).count();
    let lacking: Vec<String> = project
        .fields
        .iter()
        .enumerate()
        .take(31)
        .filter(|(_, field)| settings.weight(field) > 0)
        .map(|(place, field)| (&field.name, usable(place)))
        .filter(|(_, usable)| 2 * usable < of)
        .map(|(name, usable)| format!("`{name}` is usable on {usable}"))
        .collect();
    let reason = match lacking.is_empty() {
        true => String::new(),
        false => format!(" ({})", lacking.join(", ")),
    };
    (counts.uneven > 0).then(|| {
        format!(
            "{} of {of} rows go without a fuzzy value, which hides who resembles whom only where \
             fields fill about half of its bits{reason}; match keys link them, but not where typing \
             errors break every key. If the export has the fields, correct source.toml; if most \
             sources lack one, agree on a weight of 0 for it in `[fuzzy.weights]` of project.toml",
            counts.uneven
        )
    })
}

/// The account of the fuzzy column, its shares to three digits like all that is published.
fn fuzzy_summary(settings: &FuzzySettings, counts: &FuzzyCounts) -> FuzzySummary {
    let FuzzyCounts { filled, missing, shared, repeated, statistics, .. } = counts;
    FuzzySummary {
        encoding: settings.encoding,
        filled: *filled,
        missing: *missing,
        shared: *shared,
        repeated: *repeated,
        mean_fill: published(statistics.mean_fill),
        least_fill: published(statistics.least_fill),
        most_fill: published(statistics.most_fill),
        lightest_column: published(statistics.lightest_column),
        heaviest_column: published(statistics.heaviest_column),
    }
}

fn manifest(
    job: &Job,
    key: &ProjectKey,
    excluded: Exclusions,
    rows: &Rows<'_>,
    chance: Vec<ChanceOfGroup>,
) -> Manifest {
    let Job { project, source, .. } = job;
    let match_keys = project.match_keys.iter().zip(&rows.keys).map(|(key, counts)| KeySummary {
        name: key.name.clone(),
        components: key.components.iter().map(|&c| project.component_name(c)).collect(),
        filled: counts.filled,
        missing: counts.missing,
        shared: counts.shared,
        repeated: counts.repeated,
        held_by_two: counts.held_by_two,
        chance: published(counts.chance.agreeing),
    });
    Manifest {
        format: FORMAT,
        role: Role::IdentityEncoded,
        tool: record::tool(),
        project: project.id.clone(),
        period: project.period.clone(),
        project_digest: project.digest().to_string(),
        settings: project.settings(),
        key_fingerprint: key.fingerprint(project).to_string(),
        suite: project.suite,
        slk_profile: project.slk_profile,
        source: source.name.clone(),
        unique_people: source.unique_people,
        people_per_token: project.people_per_token,
        people: rows.people,
        rows: rows.row_ids.len() as u64,
        excluded,
        match_keys: match_keys.collect(),
        fuzzy: project.fuzzy.as_ref().zip(rows.fuzzy.as_ref()).map(|(s, v)| fuzzy_summary(s, v)),
        fields: project.fields.iter().map(|f| f.name.clone()).collect(),
        chance,
    }
}

impl Events {
    /// The events: those found in the export, or those of the events file.
    fn or_file(self, job: &Job, progress: &Progress) -> Result<Option<Events>, crate::Error> {
        let today = job.as_at.unwrap_or(job.today);
        match (&job.source.events, &job.events) {
            (Some(spec), Some(path)) => {
                let input = Input::File(path.clone());
                let form = job.source.events_form(spec).with(Least::Header);
                let table = Table::open(&input, &form)?;
                Ok(Some(Events::read(table, spec, today, progress)?))
            }
            (Some(EventSpec { sheet: Some(_), .. }), None) if job.export == Input::Stdin => {
                Err(Error::SheetOfStdin.into())
            }
            (Some(spec @ EventSpec { sheet: Some(_), .. }), None) => {
                let form = job.source.events_form(spec).with(Least::Nothing);
                let table = Table::open(&job.export, &form)?;
                Ok(Some(Events::read(table, spec, today, progress)?))
            }
            (Some(_), None) => Ok(Some(self)),
            (None, _) => Ok(None),
        }
    }
}
