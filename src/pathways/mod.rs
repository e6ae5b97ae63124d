//! The analyst's room: maps and events become journeys, journeys become counts, and counts
//! become a release in which no small count can be seen or worked out.
//!
//! In: `<source>.map.csv` from the linkage unit, `<source>.events.csv` from the agencies.
//! Out: an [`Analysis`]; [`crate::report`] writes it. Must never see: names, birth dates,
//! keys, tokens, record numbers; files that hold them are refused.
//!
//! ```text
//!  input ─► journey ─► measure ─► release ─► table
//!  maps,    episodes   exact      one ledger  rows to
//!  events   in order   counts     protected   print
//!              │       path ──────┤ of `disclosure`
//!              └─► count ─► tally ┘ ─► told
//! ```

mod cases;
mod count;
mod derived;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod forty;
mod input;
pub mod journey;
mod measure;
mod noised;
pub mod outcome;
mod path;
mod release;
mod secret;
mod shown;
pub mod study;
mod table;
mod tally;
mod told;
mod usage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use self::input::Reject;
use self::journey::{Day, Journeys, Merged, Outside, Rules};
use self::measure::{Linkage, Measures, Vocabulary};
use self::noised::Keyed;
use self::outcome::Notes;
use self::study::{Frame, Study};
use self::usage::Ground;
use crate::config;
use crate::disclosure::{self, NoiseKey, Protection, Suppression, Threshold};
use crate::error::{Class, Fault};
use crate::files::{self, clean};
use crate::ids::{PersonId, SourceName};
use crate::progress::Progress;

pub(crate) use self::measure::BANDS;
pub(crate) use self::path::{Leaf, Step};
pub use self::release::Release;
pub(crate) use self::secret::RELEASE_KEY;
pub use self::secret::release_key;
pub(crate) use self::table::{Cell, Flow, Place, Table, neutral, thousands};
pub(crate) use self::tally::Chart;

/// Why journeys could not be made or published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// The release cannot be protected.
    #[error(transparent)]
    Disclosure(#[from] disclosure::Error),
    /// No map in the folder.
    #[error("{}: expected files named `<source>.map.csv`, found none", clean(.dir))]
    NoMaps {
        /// The folder looked in.
        dir: PathBuf,
    },
    /// A file or folder that an analyst must not hold.
    #[error("{}: holds {what}; an analyst may hold maps and events only", clean(.path))]
    NotForAnalysts {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A column that says who somebody is, or that belongs to a package.
    #[error("{} line 1, column number {column}: looks like an identifier or a token; expected service content only", clean(.path))]
    Identifying {
        /// The file.
        path: PathBuf,
        /// The column, from 1.
        column: usize,
    },
    /// Not the columns that the file should have.
    #[error("{} line 1: expected {expected}", clean(.path))]
    Columns {
        /// The file.
        path: PathBuf,
        /// The columns it should have.
        expected: &'static str,
    },
    /// A file name that says no source.
    #[error("{}: expected a file named `<source>{suffix}`", clean(.path))]
    FileName {
        /// The file.
        path: PathBuf,
        /// How the name should end.
        suffix: &'static str,
    },
    /// A file without a header.
    #[error("{}: is empty; expected a header line", clean(.path))]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A file in UTF-16.
    #[error("{}: is UTF-16 text; expected UTF-8", clean(.path))]
    Utf16 {
        /// The file.
        path: PathBuf,
    },
    /// A cell of a map that is not what it should be.
    #[error("{} line {line}, column {column}: expected {expected}", clean(.path))]
    Cell {
        /// The map.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The column.
        column: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A line of a map with too few or too many cells.
    #[error("{} line {line}: expected 3 cells", clean(.path))]
    Ragged {
        /// The map.
        path: PathBuf,
        /// The line.
        line: u64,
    },
    /// One row id in two maps, or twice in one.
    #[error("one row id stands in the map of `{first}` and again in that of `{second}`")]
    RowTwice {
        /// A map.
        first: SourceName,
        /// The other, or the same.
        second: SourceName,
    },
    /// Two events files of one source.
    #[error("two events files are named for the source `{name}`")]
    SourceTwice {
        /// The source.
        name: SourceName,
    },
    /// More than can be told apart.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many are possible.
        limit: usize,
    },
    /// No event belongs to a person of the maps.
    #[error("no event belongs to a row of the maps: there is no journey")]
    NoJourneys,
    /// No event could be used as it is.
    #[error("every event was set aside, most often since {reason}")]
    NoUsableEvent {
        /// The commonest reason.
        reason: &'static str,
    },
    /// No event had begun when the extract was made.
    #[error("every event of a row of the maps begins after the extract date, {extract}")]
    AllAfterExtract {
        /// The extract date in force.
        extract: Date,
    },
    /// The day of the extract is still to come.
    #[error("the extract date, {extract}, is in the future")]
    ExtractToCome {
        /// The day that was given.
        extract: Date,
    },
    /// A file that is no release key.
    #[error("{}: is not a release key", clean(.path))]
    NotAReleaseKey {
        /// The file.
        path: PathBuf,
    },
    /// A release key that others may read.
    #[error("{}: can be read by others than its owner", clean(.path))]
    ExposedKey {
        /// The file.
        path: PathBuf,
    },
    /// A study file that is none.
    #[error(transparent)]
    Study(#[from] config::Error),
    /// A program of the study file that no event is of.
    #[error("the study file names a program in `{key}` that no event is of: `{name}`")]
    NoSuchProgram {
        /// Where it is named.
        key: &'static str,
        /// The name.
        name: String,
    },
    /// Nobody's first start is in the window of the study frame.
    #[error("nobody's first start is in the window of the study frame")]
    NobodyInFrame,
    /// Fewer people than a single published count needs.
    #[error("fewer than {threshold} people have a journey: nothing can be published")]
    TooFewPeople {
        /// The threshold in force.
        threshold: u32,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Files(e) => e.class(),
            Error::Disclosure(e) => e.class(),
            Error::NotForAnalysts { .. }
            | Error::Identifying { .. }
            | Error::TooFewPeople { .. } => Class::Refused,
            Error::NotAReleaseKey { .. } | Error::ExposedKey { .. } => Class::Key,
            Error::Study(_) | Error::ExtractToCome { .. } => Class::Usage,
            Error::NoMaps { .. }
            | Error::Columns { .. }
            | Error::FileName { .. }
            | Error::Empty { .. }
            | Error::Utf16 { .. }
            | Error::Cell { .. }
            | Error::Ragged { .. }
            | Error::RowTwice { .. }
            | Error::SourceTwice { .. }
            | Error::TooMany { .. }
            | Error::NoSuchProgram { .. }
            | Error::NobodyInFrame
            | Error::NoUsableEvent { .. }
            | Error::AllAfterExtract { .. }
            | Error::NoJourneys => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        let text = match self {
            Error::Files(e) => return e.hint(),
            Error::Disclosure(e) => return e.hint(),
            Error::Study(_) => "correct each line; docs/study.md has every key of a study file",
            Error::NoMaps { .. } => {
                "name the folder that `veilway link` wrote, or its `to-analyst` folder"
            }
            Error::NotForAnalysts { .. } | Error::Identifying { .. } => {
                "ask the agency for the files of its `to-analyst` folder; who analyses must not \
                 see names, keys or tokens"
            }
            Error::Cell { .. } | Error::Ragged { .. } | Error::RowTwice { .. } => {
                "maps are written by `veilway link`; ask the linkage unit for them again"
            }
            Error::NoJourneys => {
                "check that maps and events are of one run: row ids change with the agency's key"
            }
            Error::NoUsableEvent { .. } => {
                "correct the events, or ask the agency for them again as `veilway deidentify` wrote them"
            }
            Error::AllAfterExtract { .. } => {
                "give the last day that the extract covers with `--extract-date`, or leave it away"
            }
            Error::ExtractToCome { .. } => {
                "an extract covers no day after it was made; without `--extract-date`, it is taken to \
                 cover the days to the latest date in the events"
            }
            Error::TooMany { .. } => {
                "check that the program column names programs, not single services or people"
            }
            Error::NoSuchProgram { .. } => "write it as the events files do",
            Error::NobodyInFrame => "check the dates and programs of `[frame]` in the study file",
            Error::NotAReleaseKey { .. } => "name the `keep/release.key` of an earlier run",
            Error::ExposedKey { .. } => "take the others' permissions away: `chmod 600`",
            Error::Utf16 { .. } => "save the file as UTF-8",
            Error::SourceTwice { .. } => "give each source's events once",
            _ => return None,
        };
        Some(text.into())
    }
}

/// What an analyst chooses.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The least number of people a published count may stand for.
    pub threshold: Threshold,
    /// How counts are protected.
    pub protection: Protection,
    /// The last day the extract covers; by default the latest date in the events.
    pub extract: Option<Date>,
    /// The day of the run: dates after it are in the future.
    pub today: Date,
    /// The choices of the study file.
    pub study: Study,
}

impl Settings {
    /// What is chosen by default, on the day of the run.
    pub fn on(today: Date) -> Self {
        Settings {
            threshold: Threshold::default(),
            protection: Protection::default(),
            extract: None,
            today,
            study: Study::default(),
        }
    }
}

/// The counts of one run, for the analyst's own records: exact, not for release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// The program and its version.
    pub tool: &'static str,
    /// How counts were protected.
    pub protection: &'static str,
    /// Threshold in force.
    pub threshold: u32,
    /// Extract date in force.
    pub extract_date: String,
    /// Gap rule in force.
    pub merge_gap_days: u16,
    /// Every rule in force, in words.
    pub rules: Vec<String>,
    /// The sources with a map.
    pub sources: Vec<SourceName>,
    /// Of these, those of which no event is used: no table tells of them.
    pub sources_without_events: Vec<SourceName>,
    /// Rows of the maps.
    pub map_rows: u64,
    /// People of the maps.
    pub people_in_maps: u64,
    /// Rows of the events files.
    pub events_read: u64,
    /// Of these, not usable and set aside (`keep/rejects.csv` says where and why).
    pub events_set_aside: u64,
    /// Those set aside, by reason.
    pub set_aside_by_reason: BTreeMap<&'static str, u64>,
    /// Of the events, assessments, which are no episodes.
    pub assessments: u64,
    /// Of the events, sessions that were put together as cases.
    pub sessions: u64,
    /// Of the events, of a row that is in no map.
    pub events_not_in_maps: u64,
    /// Of the events, begun after the extract date and set aside.
    pub events_after_extract: u64,
    /// Of the events, with an end in the future (9999-12-31, say), which are open.
    pub ends_in_future: u64,
    /// Events that became one with another.
    pub merged: Merged,
    /// What the study frame leaves out.
    pub outside_frame: Outside,
    /// Episodes after merging.
    pub episodes: u64,
    /// People with a journey.
    pub people: u64,
    /// People whose path nobody else has: what folding rare paths protects.
    pub people_of_unique_path: u64,
    /// Programs named by the events.
    pub programs: u64,
    /// What is not told, and why.
    pub not_told: Vec<String>,
    /// Printed counts.
    pub cells: usize,
    /// Printed counts withheld because they are small.
    pub withheld_small: usize,
    /// Printed counts withheld because they would reveal another.
    pub withheld_to_protect: usize,
}

/// Journeys, and what of them may be published.
#[derive(Debug)]
pub struct Analysis {
    /// What may be published.
    pub release: Release,
    /// The rules the journeys were made by.
    pub rules: Rules,
    /// The exact counts of the run.
    pub record: Record,
    pub(crate) journeys: Journeys,
    pub(crate) programs: Vec<String>,
    pub(crate) rejects: Vec<Reject>,
    /// The secret that noise was made from.
    pub(crate) release_key: Option<NoiseKey>,
}

/// Joins maps and events into journeys, measures them, and protects the measures.
///
/// `maps` is a folder of `<source>.map.csv` files, or the output folder of `veilway link`;
/// `events` are `<source>.events.csv` files.
///
/// # Errors
/// When a file is missing, malformed or not an analyst's to hold; when no event belongs to
/// a person; when there are too few people to publish anything.
pub fn analyse(
    maps: &Path,
    events: &[PathBuf],
    settings: &Settings,
    progress: &Progress,
) -> Result<Analysis, Error> {
    if let Some(extract) = settings.extract.filter(|extract| *extract > settings.today) {
        return Err(Error::ExtractToCome { extract });
    }
    let maps = input::read_maps(maps, progress)?;
    let mut read = input::read_events(events, &settings.study.outcomes, settings.today, progress)?;
    let mut by_reason = BTreeMap::new();
    for reject in &read.rejects {
        *by_reason.entry(reject.reason).or_default() += 1;
    }
    let latest = read.events.iter().map(|e| e.span.end.unwrap_or(e.span.start));
    let extract = settings.extract.map(Day::of).or_else(|| latest.max());
    let extract = extract.ok_or_else(|| match commonest(&by_reason) {
        Some(reason) => Error::NoUsableEvent { reason },
        None => Error::NoJourneys,
    })?;
    let study = &settings.study;
    study.check(&read.programs)?;
    let followed = study.frame.as_ref().and_then(Frame::last_day);
    let rules = Rules {
        extract: followed.map_or(extract, |last| last.min(extract)),
        choices: study.rules.clone(),
        frame: study.frame.clone(),
    };

    progress.begin("ordering journeys", None);
    let map_rows = maps.rows.len() as u64;
    let assessments = read.kept.assessments();
    let kept = std::mem::take(&mut read.kept);
    let first = rules.frame.as_ref().and_then(Frame::first_day);
    let notes = (!kept.is_empty()).then(|| Notes::of(kept, &maps, first, rules.extract));
    let release_key = settings.protection.key().cloned();
    let linkage = Linkage::of(&maps, |_| 1);
    let weigh = |key| move |person: PersonId| count::weigh(key, person);
    let linkage_keys = release_key.as_ref().map(|key| Linkage::of(&maps, weigh(key)));
    let sources = maps.sources.clone();
    let journeys = journey::build(maps, read.events, &read.programs, &rules);
    if journeys.episodes.is_empty() && journeys.outside.people > 0 {
        return Err(Error::NobodyInFrame);
    }
    if journeys.episodes.is_empty() {
        return Err(match (journeys.after_extract, commonest(&by_reason)) {
            (0, Some(reason)) if journeys.unmapped == 0 => Error::NoUsableEvent { reason },
            (0, _) => Error::NoJourneys,
            _ if rules.extract < extract => Error::NobodyInFrame,
            _ => Error::AllAfterExtract { extract: extract.date() },
        });
    }
    progress.end();
    progress.begin("counting", None);
    let vocabulary = Vocabulary::of(&journeys, &read.programs);
    let measures = Measures::of(&journeys, &vocabulary, |_| 1)?;
    let people_in_maps = linkage.people;
    let people = measures.people;
    let people_of_unique_path = measures.paths.values().filter(|n| **n == 1).count() as u64;
    let keyed = match release_key.as_ref().zip(linkage_keys) {
        Some((key, linkage)) => Some((Measures::of(&journeys, &vocabulary, weigh(key))?, linkage)),
        None => None,
    };
    let notes = notes.map(|notes| notes.aligned(&vocabulary.code));
    let ground = Ground {
        measures: &measures,
        choices: &study.measures,
        threshold: settings.threshold,
        first: journeys.episodes.iter().map(|e| e.start).min().unwrap_or(rules.extract),
        extract: rules.extract,
        has_sessions: read.sessions > 0,
    };
    let mut not_told = Vec::new();
    let mut list = usage::measures(&ground, &mut not_told);
    let (outcomes, no_column) = outcome::measures(
        notes.as_ref(),
        &journeys,
        &vocabulary,
        &measures.commonest(),
        &list,
        &study.outcomes,
        settings.threshold,
    );
    list.extend(outcomes);
    not_told.extend(no_column);
    let mut tallies = count::count(&journeys, &vocabulary.code, release_key.as_ref(), list);
    // A table without a row says nothing.
    tallies.retain(|tally| !tally.groups.is_empty());
    progress.end();
    progress.begin("protecting small counts", None);
    let mut release = match keyed {
        None => Release::of(&measures, &tallies, &linkage, &sources, settings.threshold)?,
        Some((keys, linkage_keys)) => Release::noised(
            &Keyed { counts: measures, keys },
            &tallies,
            &Keyed { counts: linkage, keys: linkage_keys },
            &sources,
            settings.threshold,
            &settings.protection,
        )?,
    };
    release.not_told.extend(not_told);
    if !journeys.silent.is_empty() {
        let told = format!("Of the sources with a map, {}.", without_events(&journeys.silent));
        release.not_told.insert(0, told);
    }
    progress.end();

    let Suppression { cells, primary, complementary } = release.suppression;
    let record = Record {
        tool: concat!("veilway ", env!("CARGO_PKG_VERSION")),
        protection: settings.protection.name(),
        threshold: settings.threshold.people(),
        extract_date: rules.extract.date().to_string(),
        merge_gap_days: rules.choices.merge_gap,
        rules: rules.in_words(),
        sources,
        sources_without_events: journeys.silent.clone(),
        map_rows,
        people_in_maps,
        events_read: read.read,
        events_set_aside: read.rejects.len() as u64,
        set_aside_by_reason: by_reason,
        assessments,
        sessions: read.sessions,
        events_not_in_maps: journeys.unmapped,
        events_after_extract: journeys.after_extract,
        ends_in_future: read.ends_in_future,
        merged: journeys.merged,
        outside_frame: journeys.outside,
        episodes: journeys.episodes.len() as u64,
        people,
        people_of_unique_path,
        programs: read.programs.len() as u64,
        not_told: release.not_told.clone(),
        cells,
        withheld_small: primary,
        withheld_to_protect: complementary,
    };
    let rejects = read.rejects;
    let programs = read.programs;
    Ok(Analysis { release, rules, record, journeys, programs, rejects, release_key })
}

/// The commonest of the reasons for which events were set aside; the first of equals.
fn commonest(by_reason: &BTreeMap<&'static str, u64>) -> Option<&'static str> {
    let most = by_reason.values().max()?;
    by_reason.iter().find(|(_, events)| *events == most).map(|(reason, _)| *reason)
}

/// What a reader must know where sources are mapped that no table tells of.
pub(crate) fn without_events(sources: &[SourceName]) -> String {
    let names: Vec<&str> = sources.iter().map(SourceName::as_str).collect();
    format!("no event of {} is used: every table is of the other sources only", names.join(", "))
}
