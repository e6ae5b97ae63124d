//! How fast is it here? Makes a seeded town, does with it what the commands do, checks every
//! answer in a second and plainer way, and only then says how long each stage took. The same
//! plan makes the same town everywhere; times are this machine's.

mod check;

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use crate::demo::Watch;
use crate::demo::town::{self, Town};
use crate::error::{Class, Fault};
use crate::files::{Overwrite, Readers, Staged};
use crate::kernel::{Kernel, Rows};
use crate::package::Package;
use crate::progress::Progress;
use crate::project::Project;
use crate::slk::export::{Keyed, Sink, add_keys};
use crate::sources::{Input, SourceSpec, Table};
use crate::standardise::Standardiser;
use crate::synth;

const AGENCIES: usize = 2;
const SEED: u64 = 1;
/// Fuzzy values a side that are compared with each other, at most.
const COMPARED: usize = 4_000;
/// A share of the bits within which two fuzzy values are near: unlike ones differ in half.
const NEAR: f64 = 0.4;
/// The file that keys are written to.
const KEYED: &str = "keyed.csv";

/// What to measure.
#[derive(Debug, Clone)]
pub struct Job {
    /// Where the made town is put while it is needed.
    pub folder: PathBuf,
    /// People of the made town.
    pub people: u64,
    /// How often everything is done; the shortest time of each stage counts.
    pub runs: u32,
    /// The day of the run.
    pub today: Date,
}

/// What was measured, after every answer was found right.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// The program and version.
    pub tool: &'static str,
    /// People of the made town.
    pub people: u64,
    /// How often everything was done.
    pub runs: u32,
    /// Worker threads.
    pub threads: usize,
    /// The instructions that fuzzy values are compared with.
    pub kernel: &'static str,
    /// The stages, in their order.
    pub stages: Vec<Stage>,
}

/// How long a stage took.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    /// Its name: that of the command, where there is one.
    pub stage: &'static str,
    /// What is counted: rows, events or pairs.
    pub what: &'static str,
    /// How many of them went through.
    pub count: u64,
    /// The shortest time of all runs.
    pub seconds: f64,
    /// How many went through in a second.
    pub per_second: f64,
    /// The most memory that the program had in use in this stage, in MB of 10⁶ bytes; nothing
    /// where the system does not say.
    pub peak_memory_mb: Option<f64>,
}

/// An answer that is not what it should be. No time is shown then.
#[derive(Debug, thiserror::Error)]
#[error("stage {stage}: expected {expected}, found {found}; no time is shown")]
pub struct WrongAnswer {
    stage: &'static str,
    expected: String,
    found: String,
}

impl Fault for WrongAnswer {
    fn class(&self) -> Class {
        Class::Internal
    }

    fn hint(&self) -> Option<String> {
        Some("please report it, with the version and the kind of machine".into())
    }
}

/// Makes the town in a folder of its own, does the work and checks it, so many times.
///
/// # Errors
/// When an answer is wrong, the folder cannot be written, or a room fails.
pub fn run(job: &Job, progress: &Progress) -> Result<Measured, crate::Error> {
    let plan = synth::Plan::new(job.people, AGENCIES, SEED)?;
    let runs = job.runs.max(1);
    let mut stages = once(&plan, job, progress)?;
    for _ in 1..runs {
        for (best, stage) in stages.iter_mut().zip(once(&plan, job, progress)?) {
            // Counts may differ by a few pairs, since every run has a key of its own.
            if stage.seconds < best.seconds {
                *best = stage;
            }
        }
    }
    Ok(Measured {
        tool: concat!("veilway ", env!("CARGO_PKG_VERSION")),
        people: job.people,
        runs,
        threads: rayon::current_num_threads(),
        kernel: Kernel::best().name(),
        stages,
    })
}

/// Everything once, in a folder that is gone afterwards.
fn once(plan: &synth::Plan, job: &Job, progress: &Progress) -> Result<Vec<Stage>, crate::Error> {
    let today = job.today;
    let staged = Staged::folder(&job.folder.join("veilway-bench"), Overwrite::Refuse)?;
    let mut watch = Watch::default();
    let town = town::play(plan, &staged, today, &mut watch, progress)?;
    check::town(staged.path(), &town)?;
    let keyed = add_slk(&staged, &town, today, &mut watch, progress)?;
    let compared = compare(staged.path(), &town, &mut watch)?;

    let rows: u64 = town.agencies.iter().map(|a| a.run.rows_in).sum();
    let packaged: u64 = town.agencies.iter().map(|a| a.run.package_rows).sum();
    let counts = [
        ("slk", "rows", keyed.rows),
        ("deidentify", "rows", rows),
        ("link", "rows", packaged),
        ("link", "pairs", town.links.candidate_pairs + town.links.pairs_scanned),
        ("pathways", "events", town.pathways.events_read),
        ("compare", "pairs", compared),
    ];
    let stages = counts.into_iter().filter_map(|(name, what, count)| {
        let timed = watch.stages.iter().find(|timed| timed.stage == name)?;
        let seconds = timed.took.as_secs_f64().max(1e-9);
        Some(Stage {
            stage: timed.stage,
            what,
            count,
            seconds: rounded(seconds),
            per_second: (count as f64 / seconds).round(),
            peak_memory_mb: timed.peak.map(|bytes| (bytes as f64 / 1e6).round()),
        })
    });
    Ok(stages.collect())
}

/// Adds SLK-581 keys to the first agency's export.
fn add_slk(
    staged: &Staged,
    town: &Town,
    today: Date,
    watch: &mut Watch,
    progress: &Progress,
) -> Result<Keyed, crate::Error> {
    let home = staged.path();
    let Some(agency) = town.agencies.first() else { return Ok(Keyed::default()) };
    let project = Project::load(&home.join("linkage-unit/project.toml"))?;
    let spec = SourceSpec::load(&home.join(&agency.folder).join("source.toml"))?;
    let export = home.join(&agency.folder).join("export.csv");
    let mut out = staged.create(KEYED, Readers::Owner)?;
    let keyed = watch.time("slk", || -> Result<Keyed, crate::Error> {
        let table = Table::open(&Input::File(export.clone()), &spec.form())?;
        let standardiser = Standardiser::new(&table, &spec, &project, today)?;
        let shown = out.shown().to_owned();
        let sink = Sink { out: &mut out, shown: &shown };
        let profile = project.slk_profile;
        add_keys(table, &standardiser, profile, sink, |_| Ok(()), progress)
    })?;
    out.finish()?;
    check::keyed(&export, &home.join(KEYED), project.slk_profile, &keyed)?;
    Ok(keyed)
}

/// Compares the fuzzy values of two packages, each with each; gives how many pairs those are.
fn compare(home: &Path, town: &Town, watch: &mut Watch) -> Result<u64, crate::Error> {
    let mut packages = Vec::new();
    for agency in &town.agencies {
        packages.push(Package::open(&home.join(agency.carried_package()))?);
    }
    let side = |package: &'_ Package| -> Option<(Vec<u8>, usize)> {
        let column = package.fuzzy()?;
        let width = column.width();
        let rows = (0..package.rows()).filter(|&row| column.is_valid(row)).take(COMPARED);
        let bytes = rows.flat_map(|row| column.bytes()[row * width..][..width].to_vec()).collect();
        Some((bytes, width))
    };
    let sides: Vec<(Vec<u8>, usize)> = packages.iter().filter_map(side).collect();
    let rows: Vec<Rows<'_>> =
        sides.iter().filter_map(|(bytes, width)| Rows::new(bytes, *width)).collect();
    let [a, b] = rows[..] else { return Ok(0) };
    let limit = (NEAR * 8.0 * a.width() as f64) as u32;
    let mut near = Vec::new();
    watch.time("compare", || {
        Kernel::best().hamming_within(a, b, limit, |i, j, distance| near.push((i, j, distance)));
    });
    check::compared(a, b, limit, near)?;
    Ok(a.len() as u64 * b.len() as u64)
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_small_town_is_measured_in_every_stage() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().to_owned();
        let job = Job { folder, people: 500, runs: 1, today: date(2026, 7, 1) };
        let measured = run(&job, &Progress::silent()).expect("right answers");
        assert_eq!(std::fs::read_dir(home.path()).expect("a folder").count(), 0, "left behind");
        let stages: Vec<&str> = measured.stages.iter().map(|s| s.stage).collect();
        assert_eq!(stages, ["slk", "deidentify", "link", "link", "pathways", "compare"]);
        assert!(measured.stages.iter().all(|s| s.count > 0 && s.per_second > 0.0));
    }
}
