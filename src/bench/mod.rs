//! How fast every stage is on this machine, on people that are made up: from exports to
//! pathways, in a temporary folder. What comes out is checked before any time is given, since
//! a wrong answer is fast.
//!
//! The people are the same everywhere, so what is made of them without a key is known
//! beforehand, byte for byte. Tokens are not (each run makes a key), so packages are verified,
//! links measured against the truth, and the rooms' counts held against each other.

mod answer;
mod memory;

use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::civil::{Date, date};
use serde::Serialize;

use crate::deidentify::{self, RunRecord};
use crate::error::{Class, Fault};
use crate::evaluate;
use crate::files::{Overwrite, Readers, Scratch, Staged};
use crate::ids::Band;
use crate::kernel::Kernel;
use crate::key::ProjectKey;
use crate::link;
use crate::pathways::{self, Settings};
use crate::progress::Progress;
use crate::project::Project;
use crate::report;
use crate::slk::export::{Keyed, Sink, add_keys};
use crate::sources::{Input, SourceSpec, Table};
use crate::standardise::Standardiser;
use crate::synth::{self, Made, Plan};
use answer::Expected;

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// A few thousand people: whether it works, in seconds.
    Quick,
    /// Enough people for figures that mean something.
    Full,
}

/// What a run has shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bench {
    /// The program and version.
    pub tool: String,
    /// People made up.
    pub people: u64,
    /// Worker threads.
    pub threads: usize,
    /// The kernel that compares fuzzy values.
    pub kernel: &'static str,
    /// The stages, in order.
    pub stages: Vec<Stage>,
}

/// What one stage took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// The command that does it.
    pub name: &'static str,
    /// Rows it read.
    pub rows: u64,
    /// Wall time.
    pub seconds: f64,
    /// Rows read in a second.
    pub rows_per_second: f64,
    /// Pairs compared in a second, where it compares any.
    pub pairs_per_second: Option<f64>,
    /// The most memory it had, in bytes; nothing where the system does not tell.
    pub peak_memory: Option<u64>,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A stage gave something else than it should.
    #[error("{stage} gave a wrong answer: {what}; no times are given")]
    Wrong {
        /// The stage.
        stage: &'static str,
        /// What is wrong.
        what: String,
    },
    /// There is no room for temporary files.
    #[error("cannot make a temporary folder: {0}")]
    Folder(std::io::Error),
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Wrong { .. } => Class::Internal,
            Error::Folder(_) => Class::Io,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Error::Wrong { .. } => "please report it, with the version and the machine".into(),
            Error::Folder(_) => "see that the system's temporary folder can be written".into(),
        })
    }
}

/// The kinds of agencies whose people are made up.
const AGENCIES: usize = 3;
const SEED: u64 = 1;
/// The day of the run, so that ages do not change the answer.
const TODAY: Date = date(2026, 7, 1);

impl Size {
    fn people(self) -> u64 {
        match self {
            Size::Quick => 4_000,
            Size::Full => 200_000,
        }
    }
}

/// Runs every stage in a temporary folder, which is gone afterwards.
///
/// # Errors
/// When a stage fails, or gives a wrong answer.
pub fn run(size: Size, progress: &Progress) -> Result<Bench, crate::Error> {
    let folder = Scratch::new().map_err(Error::Folder)?;
    let staged = Staged::folder(&folder.path().join("bench"), Overwrite::Refuse)?;
    let mut watch = Watch { stages: vec![] };
    let home = staged.path();
    let plan = Plan::new(size.people(), AGENCIES, SEED)?;
    let expected = Expected::of(size);

    let town = home.join("town");
    let made = watch.stage("synth", || synth::write(&plan, &town, Overwrite::Refuse, progress))?;
    watch.rows(made.sources.iter().map(|s| s.records + s.events).sum(), None);
    let agency = |source: &synth::MadeSource| town.join(&source.name);
    let exports: Vec<PathBuf> = made
        .sources
        .iter()
        .flat_map(|s| ["export.csv", "events.csv"].map(|file| agency(s).join(file)))
        .collect();
    expected.made(&exports)?;

    let first = agency(&made.sources[0]);
    let keyed = watch.stage("slk", || slk(&staged, &first, progress))?;
    watch.rows(keyed.rows, None);
    expected.keyed(&keyed, made.sources[0].records, &home.join(KEYED))?;

    let project = Project::load(&town.join("project.toml"))?;
    let runs = watch.stage("deidentify", || deidentify(home, &made, &project, progress))?;
    watch.rows(runs.iter().map(|run| run.rows_in).sum(), None);
    let packages: Vec<PathBuf> = made.sources.iter().map(|s| home.join(package_of(s))).collect();
    answer::deidentified(&made, &runs, &packages)?;

    let linked = watch.stage("link", || {
        let job = link::Job {
            packages: packages.clone(),
            project: project.clone(),
            out: home.join("links"),
            previous: None,
            decisions: None,
            least: Band::Probable,
            assignment: link::Assignment::default(),
            block_cap: link::BLOCK_CAP,
            overwrite: Overwrite::Refuse,
        };
        link::run(&job, progress)
    })?;
    let pairs = linked.candidate_pairs + linked.pairs_scanned;
    watch.rows(linked.sources.iter().map(|s| s.rows).sum(), Some(pairs));
    let quality = evaluate::run(
        &evaluate::Job {
            links: home.join("links"),
            truth: town.join("truth.csv"),
            rows: made.sources.iter().map(|s| home.join(rows_of(s))).collect(),
        },
        progress,
    )?;
    answer::linked(&runs, &linked, &quality.pairs)?;

    let events: Vec<PathBuf> = made.sources.iter().map(|s| home.join(events_of(s))).collect();
    let journeys = watch.stage("pathways", || {
        let maps = home.join("links");
        let analysis = pathways::analyse(&maps, &events, &Settings::default(), progress)?;
        report::write(&analysis, &home.join("pathways"), Overwrite::Refuse)?;
        Ok::<_, crate::Error>(analysis.record)
    })?;
    watch.rows(journeys.events_read, None);
    answer::journeys(&linked, &events, &journeys)?;
    Ok(Bench {
        tool: concat!("veilway ", env!("CARGO_PKG_VERSION")).to_owned(),
        people: made.people,
        threads: rayon::current_num_threads(),
        kernel: Kernel::best().name(),
        stages: watch.stages,
    })
}

/// Times stages as they run.
struct Watch {
    stages: Vec<Stage>,
}

impl Watch {
    fn stage<T, E>(
        &mut self,
        name: &'static str,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        memory::forget_peak();
        let start = Instant::now();
        let done = work()?;
        let seconds = start.elapsed().as_secs_f64();
        let peak_memory = memory::peak();
        let (rows, rows_per_second, pairs_per_second) = (0, 0.0, None);
        let stage = Stage { name, rows, seconds, rows_per_second, pairs_per_second, peak_memory };
        self.stages.push(stage);
        Ok(done)
    }

    /// How many rows the latest stage read, and how many pairs it compared.
    fn rows(&mut self, rows: u64, pairs: Option<u64>) {
        if let Some(stage) = self.stages.last_mut() {
            stage.rows = rows;
            stage.rows_per_second = rows as f64 / stage.seconds;
            stage.pairs_per_second = pairs.map(|pairs| pairs as f64 / stage.seconds);
        }
    }
}

/// The file of the stage `slk`.
const KEYED: &str = "keyed.csv";

/// Adds keys to an agency's export.
fn slk(staged: &Staged, agency: &Path, progress: &Progress) -> Result<Keyed, crate::Error> {
    let project = Project::load(&agency.join("../project.toml"))?;
    let spec = SourceSpec::load(&agency.join("source.toml"))?;
    let input = Input::from_arg(agency.join("export.csv"));
    let table = Table::open(&input, spec.encoding, spec.delimiter)?;
    let standardiser =
        Standardiser::for_slk(&table, &spec, project.diacritics, &project.placeholders, TODAY)?;
    let mut file = staged.create(KEYED, Readers::Default)?;
    let shown = file.shown().to_owned();
    let sink = Sink { out: &mut file, shown: &shown };
    let keyed = add_keys(table, &standardiser, project.slk_profile, sink, |_| Ok(()), progress)?;
    file.finish()?;
    Ok(keyed)
}

fn package_of(source: &synth::MadeSource) -> String {
    format!("out-{}/to-linkage-unit/{}.package.arrow", source.name, source.name)
}

fn rows_of(source: &synth::MadeSource) -> String {
    format!("out-{}/keep/{}.rows.csv", source.name, source.name)
}

fn events_of(source: &synth::MadeSource) -> String {
    format!("out-{}/to-analyst/{}.events.csv", source.name, source.name)
}

/// De-identifies every agency's export under one key.
fn deidentify(
    home: &Path,
    made: &Made,
    project: &Project,
    progress: &Progress,
) -> Result<Vec<RunRecord>, crate::Error> {
    let key_file = home.join("project.key");
    ProjectKey::create(&key_file, project)?;
    let run = |source: &synth::MadeSource| {
        let folder = home.join("town").join(&source.name);
        let job = deidentify::Job {
            unhardened: deidentify::Unhardened::Refuse,
            export: Input::from_arg(folder.join("export.csv")),
            events: Some(folder.join("events.csv")),
            project: project.clone(),
            source: SourceSpec::load(&folder.join("source.toml"))?,
            key_file: key_file.clone(),
            agency_key: None,
            out: home.join(format!("out-{}", source.name)),
            overwrite: Overwrite::Refuse,
            today: TODAY,
        };
        Ok(deidentify::run(&job, progress)?.record)
    };
    made.sources.iter().map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quick_run_is_right_and_times_every_stage() {
        let bench = run(Size::Quick, &Progress::silent()).expect("right answers");
        let names: Vec<&str> = bench.stages.iter().map(|stage| stage.name).collect();
        assert_eq!(names, ["synth", "slk", "deidentify", "link", "pathways"]);
        assert!(bench.stages.iter().all(|stage| stage.rows > 0 && stage.rows_per_second > 0.0));
        assert!(bench.stages[3].pairs_per_second > Some(0.0));
    }
}
