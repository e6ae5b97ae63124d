//! What the stages should give: known beforehand, measured against the truth, or counted in
//! another way.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Error, Size};
use crate::deidentify::RunRecord;
use crate::evaluate::Pairs;
use crate::files;
use crate::link;
use crate::package;
use crate::pathways;
use crate::slk::export::Keyed;
use crate::synth::Made;

/// What is known beforehand: the beginnings of digests. They change when made-up people do, or
/// how names and dates are read; then the figures of earlier versions are of other data.
pub(super) struct Expected {
    exports: &'static str,
    keyed: &'static str,
}

/// Fewer links than this are right, or found, only where something is broken.
const LEAST_PRECISION: f64 = 0.95;
const LEAST_RECALL: f64 = 0.9;

impl Expected {
    pub(super) fn of(size: Size) -> Expected {
        match size {
            Size::Quick => Expected { exports: "97d9383af3e3c850", keyed: "c5e5a60fcb036af7" },
            Size::Full => Expected { exports: "4d2e756c910beebb", keyed: "f04eb9b0b01b413e" },
        }
    }

    /// The exports and events that were made.
    pub(super) fn made(&self, files: &[PathBuf]) -> Result<(), crate::Error> {
        let found = digest(files)?;
        let what = || format!("other people were made: {found}, not {}", self.exports);
        holds("synth", found == self.exports, what)
    }

    /// An export with keys.
    pub(super) fn keyed(
        &self,
        keyed: &Keyed,
        records: u64,
        file: &Path,
    ) -> Result<(), crate::Error> {
        same("slk", "rows of the export", keyed.rows, records)?;
        let told = keyed.keys + keyed.without_key + keyed.set_aside;
        same("slk", "rows accounted for", told, records)?;
        let found = digest(&[file.to_owned()])?;
        let what = || format!("other keys were made: {found}, not {}", self.keyed);
        holds("slk", found == self.keyed, what)
    }
}

/// Every record is in a package or set aside, and every package is as it should be.
pub(super) fn deidentified(
    made: &Made,
    runs: &[RunRecord],
    packages: &[PathBuf],
) -> Result<(), crate::Error> {
    for ((source, run), path) in made.sources.iter().zip(runs).zip(packages) {
        same("deidentify", "records", run.rows_in, source.records)?;
        let verified = package::verify(path)?;
        same("deidentify", "rows of the package", verified.rows, run.package_rows)?;
        same("deidentify", "people of the package", verified.people, run.people)?;
        same("deidentify", "tokens of the package", verified.tokens, run.tokens.filled)?;
    }
    Ok(())
}

/// The links, measured against the truth.
pub(super) fn linked(
    runs: &[RunRecord],
    summary: &link::Summary,
    pairs: &Pairs,
) -> Result<(), crate::Error> {
    for (run, source) in runs.iter().zip(by_source(runs, summary)) {
        same("link", "people of a source", source, run.people)?;
    }
    for (name, found, least) in [
        ("precision", pairs.precision, LEAST_PRECISION),
        ("recall", pairs.recall_packaged, LEAST_RECALL),
    ] {
        let found = found.unwrap_or_default();
        let what = || format!("{name} is {found:.4}, expected at least {least}");
        holds("link", found >= least, what)?;
    }
    Ok(())
}

/// The people of each run's source, as linking counted them.
fn by_source(runs: &[RunRecord], summary: &link::Summary) -> Vec<u64> {
    let of = |run: &RunRecord| summary.sources.iter().find(|s| s.name == run.source);
    runs.iter().map(|run| of(run).map_or(0, |source| source.people)).collect()
}

/// Every event was read, and every person of the maps.
pub(super) fn journeys(
    summary: &link::Summary,
    events: &[PathBuf],
    record: &pathways::Record,
) -> Result<(), crate::Error> {
    let mut lines = 0;
    for path in events {
        let reader = BufReader::new(files::open(path)?);
        // But for the header; made-up cells have no line breaks.
        lines += reader.lines().count().saturating_sub(1) as u64;
    }
    same("pathways", "events", record.events_read, lines)?;
    same("pathways", "events set aside", record.events_set_aside, 0)?;
    same("pathways", "people", record.people_in_maps, summary.persons)
}

fn same(stage: &'static str, of: &str, found: u64, expected: u64) -> Result<(), crate::Error> {
    holds(stage, found == expected, || format!("{of}: {found}, expected {expected}"))
}

fn holds(
    stage: &'static str,
    is_right: bool,
    what: impl FnOnce() -> String,
) -> Result<(), crate::Error> {
    if is_right { Ok(()) } else { Err(Error::Wrong { stage, what: what() }.into()) }
}

/// The first 16 digits of the SHA-256 of files, one after the other.
fn digest(paths: &[PathBuf]) -> Result<String, crate::Error> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    for path in paths {
        let mut file = files::open(path)?;
        loop {
            let read = file.read(&mut buffer).map_err(|e| files::io_error(path, "read", e))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
        }
    }
    Ok(hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_answer_is_a_fault_of_the_program_and_says_which() {
        let wrong = same("slk", "rows", 1, 2).expect_err("one is not two");
        assert_eq!(
            wrong.to_string(),
            "slk gave a wrong answer: rows: 1, expected 2; no times are given"
        );
        assert_eq!(wrong.class(), crate::error::Class::Internal);
        assert!(same("slk", "rows", 2, 2).is_ok());
    }
}
