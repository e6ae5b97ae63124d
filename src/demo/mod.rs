//! The whole story on bundled data. Act one: a synthetic town with three agencies, a linkage
//! unit and an analyst, each in a folder that holds what that party would hold and nothing
//! else. Act two: the FEBRL benchmark, linked in the same way and measured against its truth.
//!
//! It calls the rooms as the commands do, so it is also the shortest example of the library.

mod benchmark;
mod follow;
pub(crate) mod town;
mod watch;

use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use crate::error::{Class, Fault};
use crate::evaluate::Evaluation;
use crate::files::{self, Overwrite, Readers, Staged, clean};
use crate::link;
use crate::pathways;
use crate::progress::Progress;
use crate::synth;

pub use benchmark::Benchmark;
pub use follow::{Followed, Step, Trace};
pub use town::Agency;
pub(crate) use watch::Watch;

/// Enough people for pathways that are not all too small to publish.
const PEOPLE: u64 = 3_000;
const AGENCIES: usize = 3;
const SEED: u64 = 1;

/// Says that the demo made a folder, and so may replace it.
const MARKER: &str = ".veilway-demo";

/// What to run, and where to.
#[derive(Debug, Clone)]
pub struct Job {
    /// The folder to make.
    pub out: PathBuf,
    /// Whether a folder may be replaced that the demo did not make.
    pub overwrite: Overwrite,
    /// The day of the run.
    pub today: Date,
}

/// What happened, party by party.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// People of the town.
    pub people: u64,
    /// Of these, known to more than one agency.
    pub people_in_several: u64,
    /// What each agency has and gives away.
    pub agencies: Vec<Agency>,
    /// What the linkage unit did.
    pub links: link::Summary,
    /// What the analyst did.
    pub pathways: pathways::Record,
    /// How good the links are.
    pub quality: Evaluation,
    /// One synthetic person, as each party sees them.
    pub followed: Option<Followed>,
    /// The second act.
    pub benchmark: Benchmark,
    /// The report.
    pub report: PathBuf,
}

/// Why the story could not be told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder is there and the demo did not make it.
    #[error("{}: is there already, and `veilway demo` did not make it", clean(.path))]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// A file that a room has just written cannot be read.
    #[error("{}: line {line}: cannot be read back", clean(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::NotOurs { .. } => Class::Refused,
            Error::Unreadable { .. } => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::NotOurs { .. } => {
                Some("name another folder with `--out`, or add `--force` to replace it".into())
            }
            Error::Unreadable { .. } => Some("please report it, with the version".into()),
        }
    }
}

/// Runs both acts and writes the folder, whole or not at all. A folder that the demo made
/// before is replaced.
///
/// # Errors
/// When the folder is somebody else's, cannot be written, or a room fails.
pub fn run(job: &Job, progress: &Progress) -> Result<Story, crate::Error> {
    let staged = begin(&job.out, job.overwrite)?;
    let plan = synth::Plan::new(PEOPLE, AGENCIES, SEED)?;
    let town = town::play(&plan, &staged, job.today, &mut Watch::default(), progress)?;
    let benchmark = benchmark::play(&staged, job.today, progress)?;
    let mut marker = staged.create(MARKER, Readers::Default)?;
    marker
        .write_all(b"Made by `veilway demo`, which may replace this folder.\n")
        .map_err(|e| marker.error(e))?;
    marker.finish()?;
    staged.commit()?;
    Ok(Story {
        people: town.made.people,
        people_in_several: town.made.people_in_several,
        agencies: town.agencies,
        links: town.links,
        pathways: town.pathways,
        quality: town.quality,
        followed: town.followed,
        benchmark,
        report: job.out.join(town::REPORT),
    })
}

fn begin(out: &Path, overwrite: Overwrite) -> Result<Staged, crate::Error> {
    let ours = out.join(MARKER).is_file();
    let overwrite = if ours { Overwrite::Replace } else { overwrite };
    Staged::folder(out, overwrite).map_err(|e| match e {
        files::Error::Exists { path } => Error::NotOurs { path }.into(),
        other => other.into(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use jiff::civil::date;

    use super::*;

    #[test]
    fn both_acts_run_and_a_second_run_replaces_the_first() {
        let home = tempfile::tempdir().expect("a folder");
        let out = home.path().join("demo");
        let job = Job { out: out.clone(), overwrite: Overwrite::Refuse, today: date(2026, 7, 1) };
        let story = run(&job, &Progress::silent()).expect("a story");
        assert!(story.report.is_file());
        let followed = story.followed.expect("a person to follow");
        assert_eq!(followed.traces.len(), 2);
        assert_ne!(followed.traces[0].row_id, followed.traces[1].row_id);
        assert!(followed.journey.len() >= 2);
        assert!(story.quality.pairs.precision > Some(0.97));
        assert!(story.quality.pairs.recall_packaged > Some(0.92));
        let Benchmark { slk_alone, match_keys, .. } = story.benchmark;
        assert!(match_keys.f1 > Some(0.98) && slk_alone.f1 < Some(0.75));

        // What a party must not hold is not in its folder.
        let names = |folder: &str| -> Vec<String> {
            let entries = fs::read_dir(out.join(folder)).expect(folder);
            let mut names: Vec<String> = entries
                .map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(
            names("linkage-unit"),
            [
                "family-violence.package.arrow",
                "housing.package.arrow",
                "links",
                "mental-health.package.arrow",
                "project.toml"
            ]
        );
        assert_eq!(
            names("analyst"),
            [
                "family-violence.events.csv",
                "housing.events.csv",
                "maps",
                "mental-health.events.csv",
                "pathways"
            ]
        );
        run(&job, &Progress::silent()).expect("a second time");
    }

    #[test]
    fn a_folder_of_somebody_else_is_not_replaced() {
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("thesis.txt"), "years of work").expect("a file");
        let job = Job {
            out: home.path().to_owned(),
            overwrite: Overwrite::Refuse,
            today: date(2026, 7, 1),
        };
        let refused = run(&job, &Progress::silent()).expect_err("not ours");
        assert_eq!(refused.class(), Class::Refused);
        assert!(refused.hint().is_some_and(|hint| hint.contains("--out")));
        assert!(home.path().join("thesis.txt").is_file());
    }
}
