//! The linkage unit's room: packages in, a map per source out. Takes tokens and manifests;
//! never sees a name, a birth date or a key.
//!
//! The stages, in order: check that the packages belong together; `block` finds the pairs
//! that share a token; `compare` says how alike their fuzzy values are; `score` has the engine
//! judge them beside their `rivals`; `scan` finds more among the people left over; `conclude`
//! heeds the `decisions` that a person made; `cluster` makes people of pairs;
//! `persons` names them; `output` writes. From `conclude` on it does not matter how pairs
//! were found: a custodian who links in the clear hands its judged pairs over as plain numbers.
//! `found` is the stages up to `conclude`, which `explain` has in common with them all.

mod assign;
mod block;
mod cluster;
mod compare;
mod decisions;
pub mod explain;
mod found;
mod memory;
mod output;
mod people;
mod persons;
mod rivals;
mod scan;
mod score;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::Serialize;

use crate::engine::{Judgement, Space, Stop};
use crate::error::{Class, Fault};
use crate::files::{self, Overwrite, Pile, Staged, clean, clean_text};
use crate::ids::{Band, PersonId, RowId, SourceName};
use crate::package::{Manifest, Package};
use crate::progress::Progress;
use crate::project::Project;
use crate::project::differences;

pub(crate) use decisions::Decisions;
pub use decisions::{Applied, Error as DecisionsError};
use found::{Found, Settings};
use memory::Memory;
pub(crate) use people::{People, Source};
pub(crate) use persons::earlier;
pub(crate) use scan::Scan;
pub(crate) use score::ScoredPair;

/// What to link, and where to.
#[derive(Debug)]
pub struct Job {
    /// The packages, in any order.
    pub packages: Vec<PathBuf>,
    /// The linkage agreement.
    pub project: Project,
    /// The output folder.
    pub out: PathBuf,
    /// The output folder of an earlier run, whose person ids are kept.
    pub previous: Option<PathBuf>,
    /// A clerical file with a person's decisions on pairs.
    pub decisions: Option<PathBuf>,
    /// Pairs of this band and above are linked: `Probable` or `Definite`.
    pub least: Band,
    /// How pairs compete for a person.
    pub assignment: Assignment,
    /// The most people with one token that are compared with each other.
    pub block_cap: usize,
    /// How many bytes of memory tokens and pairs may fill; what is more goes to the disk of
    /// the output, encrypted. What is known of each person comes on top.
    pub memory: usize,
    /// Whether earlier output may be replaced.
    pub overwrite: Overwrite,
}

/// How pairs compete for a person of a source that holds each person once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Assignment {
    /// Each pair against the odds of its rivals, wherever these are better off.
    #[default]
    Greedy,
    /// Each pair by its share of all one-to-one assignments; two sources without duplicates
    /// only.
    Optimal,
}

/// How a run of linking went; also `run.json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The program and version.
    pub tool: String,
    /// What the records were compared by.
    pub mode: Mode,
    /// The project's id.
    pub project: String,
    /// The digest of the agreement.
    pub project_digest: String,
    /// The fingerprint of the key that all packages were made with; nothing in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_fingerprint: Option<String>,
    /// The sources, by name.
    pub sources: Vec<SourceSummary>,
    /// The weakest band that was linked.
    pub linked_from: Band,
    /// How pairs competed: what was asked for, where the sources allow it.
    pub assignment: Assignment,
    /// Pairs of people that share a token.
    pub candidate_pairs: u64,
    /// Pairs left out since more people than the cap have the token.
    pub pairs_over_cap: u64,
    /// Linked pairs: definite, probable.
    pub definite: u64,
    /// See [`Summary::definite`].
    pub probable: u64,
    /// Pairs for clerical review (`keep/clerical.csv`): not linked.
    pub possible: u64,
    /// What became of a person's decisions, where some were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Applied>,
    /// Links that a source's "each person once" ruled out, a decision, or the other pairs of
    /// those who would be one person.
    pub ruled_out: u64,
    /// The share of linked pairs that the model expects to be right.
    pub expected_precision: f64,
    /// The share of all matches that the model expects to be linked, of people of whom a match
    /// key is filled.
    pub expected_recall: f64,
    /// The share of those matches that have a match key in common, as estimated: least,
    /// likeliest, most.
    pub blocking_recall: [f64; 3],
    /// Pairs of people left over that were compared by their fuzzy values.
    pub pairs_scanned: u64,
    /// Of those, pairs worth scoring that no match key had found.
    pub pairs_found_by_scan: u64,
    /// People in all sources together, after linking.
    pub persons: u64,
    /// Of those, people who are in more than one row.
    pub linked_persons: u64,
    /// Clusters that a person should look at (`keep/review.csv`).
    pub doubtful_clusters: u64,
    /// How the model was fitted.
    pub model: ModelSummary,
    /// What changed since the earlier run, where one was given.
    pub changes: Option<ChangeSummary>,
    /// What a person should know before using the maps.
    pub warnings: Vec<String>,
}

/// One linked source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SourceSummary {
    /// Its name.
    pub name: SourceName,
    /// Whether it was declared to hold each person once.
    pub unique_people: bool,
    /// Its people.
    pub people: u64,
    /// Its rows: one per person and one per further set of tokens.
    pub rows: u64,
    /// Of its people, those linked to another row.
    pub linked: u64,
    /// The digest of its package; nothing in the clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package_digest: Option<String>,
}

/// What records were compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Tokens, by a linkage unit that sees no name.
    Encoded,
    /// Names and dates, by a custodian in-house.
    Clear,
}

/// How the model was fitted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelSummary {
    /// Rounds of EM.
    pub iterations: u32,
    /// Why EM stopped.
    pub stopped: String,
    /// Distinct observations the model was fitted to.
    pub patterns: usize,
    /// Matches the model expects among the candidates.
    pub expected_matches: f64,
    /// Matches the model expects of which no match key agrees; 0 in the clear.
    pub unseen_matches: f64,
    /// Per comparison, the probability that the same person agrees in full.
    pub full_agreement: Vec<(String, f64)>,
}

/// What changed since an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeSummary {
    /// Persons who kept their id.
    pub kept: u64,
    /// Persons who are several earlier ones together.
    pub merged: u64,
    /// Earlier persons who are several now.
    pub split: u64,
    /// Persons of whom no row was there.
    pub new: u64,
    /// Earlier persons of whom no row is left.
    pub gone: u64,
}

/// Packages that cannot be linked, or an earlier map that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A package of another agreement.
    #[error("{}: source {source_name} was made under another agreement than the project file given here:\n  {}", clean(.path), .differing.join("\n  "))]
    OtherAgreement {
        /// The package.
        path: PathBuf,
        /// Its source.
        source_name: SourceName,
        /// The settings that differ, and how.
        differing: Vec<String>,
    },
    /// A package made with another key.
    #[error("{}: source {source_name} was made with key {found}; source {other} with key {expected}", clean(.path))]
    OtherKey {
        /// The package.
        path: PathBuf,
        /// Its source.
        source_name: SourceName,
        /// The fingerprint of its key.
        found: String,
        /// The first package's source.
        other: SourceName,
        /// The fingerprint of the first package's key.
        expected: String,
    },
    /// Two packages of one source.
    #[error("{}: is a second package of source {source_name}", clean(.path))]
    TwiceTheSource {
        /// The second package.
        path: PathBuf,
        /// The source.
        source_name: SourceName,
    },
    /// More sources than a run can hold.
    #[error("{found} packages; expected at most {MOST_SOURCES}")]
    TooManySources {
        /// How many were given.
        found: usize,
    },
    /// The folder of the earlier run has no map.
    #[error("{}: has no `.map.csv` file of an earlier run", clean(.path))]
    NoEarlierMap {
        /// The folder.
        path: PathBuf,
    },
    /// A map of an earlier run cannot be read.
    #[error("{} line {line}: expected the columns row_id and person_id with an id each", clean(.path))]
    EarlierMap {
        /// The map.
        path: PathBuf,
        /// The line.
        line: u64,
    },
}

/// The usual [`Job::block_cap`].
pub const BLOCK_CAP: usize = 1000;

/// The most sources of one run.
const MOST_SOURCES: usize = 64;

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::OtherAgreement { .. } | Error::OtherKey { .. } => Class::Package,
            Error::TwiceTheSource { .. } | Error::TooManySources { .. } => Class::Usage,
            Error::NoEarlierMap { .. } | Error::EarlierMap { .. } => Class::Input,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::OtherAgreement { .. } => {
                "agree on one `project.toml`, then have the source de-identified again with it"
            }
            Error::OtherKey { .. } => {
                "have the agencies compare `veilway key fingerprint`, then de-identify again with one key"
            }
            Error::TwiceTheSource { .. } => "give each source's package once",
            Error::TooManySources { .. } => "link the sources in groups",
            Error::NoEarlierMap { .. } | Error::EarlierMap { .. } => {
                "give the output folder of an earlier `veilway link`"
            }
        };
        Some(hint.into())
    }
}

/// Links the packages and writes the maps: [`Linkage::open`] and [`Linkage::run`].
///
/// # Errors
/// When a package cannot be opened, the packages do not belong together, or the output
/// cannot be written; nothing is left half-written.
pub fn run(job: &Job, progress: &Progress) -> Result<Summary, crate::Error> {
    Linkage::open(job)?.run(progress)
}

/// Packages that belong together, ready to be linked.
#[derive(Debug)]
pub struct Linkage<'a> {
    job: &'a Job,
    packages: Vec<Package>,
    staged: Staged,
    earlier: Option<HashMap<RowId, PersonId>>,
    decisions: Option<Decisions>,
}

impl<'a> Linkage<'a> {
    /// Opens the packages and checks that they belong together and that the output can be
    /// written.
    ///
    /// # Errors
    /// As [`run`].
    pub fn open(job: &'a Job) -> Result<Self, crate::Error> {
        let staged = Staged::folder(&job.out, job.overwrite)?;
        let earlier = match &job.previous {
            Some(folder) => Some(persons::earlier(folder)?),
            None => None,
        };
        let decisions = job.decisions.as_deref().map(Decisions::read).transpose()?;
        let packages = open(&job.packages, &job.project)?;
        Ok(Linkage { job, packages, staged, earlier, decisions })
    }

    /// The most candidate pairs there can be, from the counts in the manifests: a token of
    /// one source meets at most as many in another as people may share a token.
    pub fn forecast(&self) -> u64 {
        let manifests: Vec<&Manifest> = self.packages.iter().map(Package::manifest).collect();
        let share = u64::from(self.job.project.people_per_token);
        let mut pairs = 0;
        for (i, a) in manifests.iter().enumerate() {
            pairs += a.match_keys.iter().map(|k| k.filled * (share - 1) / 2).sum::<u64>();
            for b in &manifests[i + 1..] {
                let keys = a.match_keys.iter().zip(&b.match_keys);
                pairs += keys.map(|(x, y)| x.filled.min(y.filled) * share).sum::<u64>();
            }
        }
        pairs
    }

    /// Links them and writes the maps.
    ///
    /// # Errors
    /// When the output cannot be written.
    pub fn run(self, progress: &Progress) -> Result<Summary, crate::Error> {
        let Linkage { job, packages, staged, earlier, decisions } = self;
        let settings = Settings { project: &job.project, block_cap: job.block_cap };
        let people = People::new(&packages);
        let memory = Memory::of(job.memory, &staged);
        let Found { people, space, candidates, forecast, pairs, judgement, scan, .. } =
            Found::new(&packages, people, &settings, &memory, progress)?;
        drop(memory);

        let setting = Setting {
            mode: Mode::Encoded,
            project: &job.project,
            least: job.least,
            assignment: job.assignment,
            key_fingerprint: packages.first().map(|p| p.manifest().key_fingerprint.clone()),
            sources: packages.iter().map(Described::of).collect(),
            candidate_pairs: candidates as u64,
            pairs_over_cap: forecast.dropped,
            scan,
            model: ModelSummary::of(&space, &judgement),
            warnings: warnings(job, &packages, &people, forecast, &judgement),
        };
        conclude(&setting, &people, pairs, decisions, earlier.as_ref(), staged)
    }
}

/// How a run of linking was set up and what it found, however its pairs were found.
pub(crate) struct Setting<'a> {
    pub(crate) mode: Mode,
    pub(crate) project: &'a Project,
    pub(crate) least: Band,
    /// The assignment asked for.
    pub(crate) assignment: Assignment,
    pub(crate) key_fingerprint: Option<String>,
    pub(crate) sources: Vec<Described>,
    pub(crate) candidate_pairs: u64,
    pub(crate) pairs_over_cap: u64,
    pub(crate) scan: Scan,
    pub(crate) model: ModelSummary,
    pub(crate) warnings: Vec<String>,
}

/// What is told of a source beside its people.
pub(crate) struct Described {
    pub(crate) rows: u64,
    pub(crate) package_digest: Option<String>,
}

impl Described {
    fn of(package: &Package) -> Described {
        let rows = package.manifest().rows;
        Described { rows, package_digest: Some(package.digest().to_owned()) }
    }
}

impl ModelSummary {
    pub(crate) fn of(space: &Space, judgement: &Judgement) -> ModelSummary {
        let model = &judgement.model;
        ModelSummary {
            iterations: model.iterations,
            stopped: match model.stop {
                Stop::Converged => "converged",
                Stop::IterationLimit => "iteration limit",
            }
            .to_owned(),
            patterns: judgement.patterns,
            expected_matches: rounded(model.expected.iter().map(|e| e.same).sum()),
            unseen_matches: rounded(model.expected.iter().map(|e| e.unseen).sum()),
            full_agreement: space
                .groups
                .iter()
                .zip(model.full_agreement(space))
                .map(|(group, full)| (group.name.clone(), rounded(full)))
                .collect(),
        }
    }
}

/// Gives pairs the probability that a person's decisions make of theirs, and has them compete as
/// asked for where the sources allow it.
fn decide(
    people: &People,
    pairs: &mut Pile<ScoredPair>,
    decisions: Option<&Decisions>,
    assignment: Assignment,
) -> Result<(Option<Applied>, Assignment), files::Error> {
    let applied = decisions.map(|decisions| decisions.apply(people, pairs)).transpose()?;
    if applied.is_some() {
        rivals::compete(people, pairs)?;
    }
    let assignment = match assignment {
        Assignment::Optimal if assign::is_possible(people) => Assignment::Optimal,
        _ => Assignment::Greedy,
    };
    if assignment == Assignment::Optimal {
        assign::compete(people, pairs)?;
    }
    Ok((applied, assignment))
}

/// Makes people of judged pairs, and writes the maps and all that stays.
///
/// # Errors
/// When the output cannot be written.
pub(crate) fn conclude(
    setting: &Setting<'_>,
    people: &People,
    pairs: Pile<ScoredPair>,
    decisions: Option<Decisions>,
    earlier: Option<&HashMap<RowId, PersonId>>,
    staged: Staged,
) -> Result<Summary, crate::Error> {
    // On an error too they are dropped before `staged`, in whose folder they may lie.
    let mut pairs = pairs;
    let (applied, assignment) = decide(people, &mut pairs, decisions.as_ref(), setting.assignment)?;
    let clusters = cluster::cluster(people, &pairs, setting.least)?;
    let digest = setting.project.digest().to_string();
    let none = HashMap::new();
    let (doubts, persons) = rayon::join(
        || clusters.doubts(people, &pairs),
        || persons::persons(&digest, people, &clusters, earlier.unwrap_or(&none)),
    );
    let doubts = doubts?;
    let results = output::Results {
        setting,
        people,
        pairs: &pairs,
        assignment,
        applied,
        clusters: &clusters,
        doubts: &doubts,
        persons: &persons,
        with_earlier: earlier.is_some(),
    };
    let summary = results.summary()?;
    results.write(&staged, &summary)?;
    // What is on disk lies in the folder that is put in its place now.
    drop(pairs);
    staged.commit()?;
    Ok(summary)
}

/// What a person should know before using the maps.
fn warnings(
    job: &Job,
    packages: &[Package],
    people: &People,
    forecast: block::Forecast,
    judgement: &Judgement,
) -> Vec<String> {
    let mut warnings = Vec::new();
    let within: Vec<&str> =
        people.sources.iter().filter(|s| !s.unique).map(|s| s.name.as_str()).collect();
    if !within.is_empty() && job.project.people_per_token == 1 {
        warnings.push(format!(
            "people recorded twice inside {} cannot be found here: under people_per_token = 1 no two \
             rows of a package share a token; find them at the agency, or raise the setting",
            within.join(", ")
        ));
    }
    for manifest in packages.iter().map(Package::manifest) {
        let filled = manifest.fuzzy.map_or(manifest.rows, |fuzzy| fuzzy.filled);
        if 2 * filled < manifest.rows {
            warnings.push(format!(
                "{}: {filled} of {} rows have a fuzzy value; the others are linked by match keys \
                 alone, and missed where typing errors break every key",
                manifest.source, manifest.rows
            ));
        }
    }
    if forecast.dropped_blocks > 0 {
        warnings.push(format!(
            "{} tokens are held by more than {} people; the {} pairs they make were not compared",
            forecast.dropped_blocks, job.block_cap, forecast.dropped
        ));
    }
    if judgement.model.stop == Stop::IterationLimit {
        warnings.push(UNSETTLED.to_owned());
    }
    warnings
}

/// What is said of a model that did not converge.
pub(crate) const UNSETTLED: &str = "the model had not settled when it reached the iteration limit";

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// The settings that differ, and how: one line each.
fn differing(here: &BTreeMap<String, String>, there: &BTreeMap<String, String>) -> Vec<String> {
    let names = differences(here, there);
    // The list of all match keys says no more than the match keys that differ.
    let said = |name: &String| names.iter().any(|other| other.starts_with(&format!("{name}.")));
    let shown = |value: &String| {
        let short: String = value.chars().take(LONGEST_SETTING).collect();
        let dots = if short.len() < value.len() { "…" } else { "" };
        format!("`{}{dots}`", clean_text(&short))
    };
    let line = |name: &String| {
        let setting = clean_text(name);
        match (here.get(name), there.get(name)) {
            (Some(here), Some(there)) if !said(name) => {
                Some(format!("{setting}: {} in the package, {} here", shown(there), shown(here)))
            }
            (None, Some(_)) => Some(format!("{setting}: in the package only")),
            (Some(_), None) => Some(format!("{setting}: here only")),
            _ => None,
        }
    };
    names.iter().filter_map(line).collect()
}

/// Longer settings are cut when they are shown.
const LONGEST_SETTING: usize = 60;

/// Opens the packages, sorted by source, and checks that they belong together.
fn open(paths: &[PathBuf], project: &Project) -> Result<Vec<Package>, crate::Error> {
    if paths.len() > MOST_SOURCES {
        return Err(Error::TooManySources { found: paths.len() }.into());
    }
    let mut packages = Vec::new();
    for path in paths {
        packages.push(Package::open(path)?);
    }
    packages.sort_by(|a, b| a.manifest().source.cmp(&b.manifest().source));
    let settings = project.settings();
    for (i, package) in packages.iter().enumerate() {
        let manifest = package.manifest();
        let path = package.path().to_owned();
        let source_name = manifest.source.clone();
        if i > 0 && packages[i - 1].manifest().source == source_name {
            return Err(Error::TwiceTheSource { path, source_name }.into());
        }
        let differing = differing(&settings, &manifest.settings);
        if !differing.is_empty() {
            return Err(Error::OtherAgreement { path, source_name, differing }.into());
        }
        let first = packages[0].manifest();
        if manifest.key_fingerprint != first.key_fingerprint {
            return Err(Error::OtherKey {
                path,
                source_name,
                found: manifest.key_fingerprint.clone(),
                other: first.source.clone(),
                expected: first.key_fingerprint.clone(),
            }
            .into());
        }
    }
    Ok(packages)
}
