//! How good links are, against the truth. Takes the output of `link`, the agencies' row
//! files and a truth file; gives precision, recall and F1 of pairs and clusters, what other
//! cuts would have given, and how well the probabilities are calibrated. A tool for tests:
//! it sees record numbers, so it is run where truth is known, never at a linkage unit.

mod cuts;
mod input;
mod tally;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Class, Fault};
use crate::files::{self, clean};
use crate::progress::Progress;

pub use cuts::{CalibrationBin, Cut};
pub use tally::{BCubed, Clusters, Pairs};

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The output folder of `link`.
    pub links: PathBuf,
    /// A CSV whose first column is a record and whose second is its true person.
    pub truth: PathBuf,
    /// The agencies' `<source>.rows.csv`, one for each source of the links.
    pub rows: Vec<PathBuf>,
}

/// Everything measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Pairs of records.
    pub pairs: Pairs,
    /// Whole clusters, of two records or more.
    pub clusters: Clusters,
    /// Clusters as each record sees them.
    pub b_cubed: BCubed,
    /// What linking at other probabilities would have given.
    pub thresholds: Vec<Cut>,
    /// The probability that would have given the highest F1.
    pub best: Option<Cut>,
    /// How often pairs of a probability are true.
    pub calibration: Vec<CalibrationBin>,
    /// What was measured.
    pub records: Records,
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Records {
    /// Records of the truth file.
    pub in_truth: u64,
    /// Those of them that are in a row file.
    pub packaged: u64,
    /// Those of them that are in no row file: set aside by their agency.
    pub not_packaged: u64,
    /// Records of the row files that the truth file does not have; they are left out.
    pub without_truth: u64,
    /// Packaged records whose row is in no map; they count as linked to nobody.
    pub without_map: u64,
}

/// Why links could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A row that is no CSV row, or does not have the columns that it should.
    #[error("{} line {line}: {expected}", clean(.path))]
    Row {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What was expected there.
        expected: &'static str,
    },
    /// A column that is not there.
    #[error("{} line 1: expected a column `{column}`", clean(.path))]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A file with nothing to measure.
    #[error("{}: holds no rows", clean(.path))]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A folder that `link` did not write.
    #[error("{}: holds no maps; expected the folder that `link` wrote", clean(.path))]
    NotLinks {
        /// The folder.
        path: PathBuf,
    },
    /// A row file whose name does not say its source.
    #[error("{}: expected a file named `<source>.rows.csv`", clean(.path))]
    RowsName {
        /// The file.
        path: PathBuf,
    },
    /// A row file of a source that was not linked.
    #[error("{}: the links have no map of this source", clean(.path))]
    NotLinked {
        /// The file.
        path: PathBuf,
    },
    /// Two row files of one source.
    #[error("{}: a row file of this source was given already", clean(.path))]
    RowsTwice {
        /// The file.
        path: PathBuf,
    },
    /// A linked source without a row file.
    #[error("the links have a source `{name}` for which no row file was given")]
    RowsMissing {
        /// The source.
        name: String,
    },
    /// A record that stands for two people, or in two sources.
    #[error("{} line {line}: {what}", clean(.path))]
    Conflict {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// `run.json` is not what `link` writes.
    #[error("{}: is not a run record of `link`", clean(.path))]
    Run {
        /// The file.
        path: PathBuf,
    },
    /// More records than can be counted.
    #[error("more than 4 billion records or people")]
    TooMany,
    /// The links are not good enough.
    #[error("pair F1 is {found:.4}; at least {wanted} was asked for")]
    BelowMinimum {
        /// The F1 of the pairs.
        found: f64,
        /// The F1 that was asked for.
        wanted: f64,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::File(e) => e.class(),
            Error::Row { .. }
            | Error::Column { .. }
            | Error::Empty { .. }
            | Error::NotLinks { .. }
            | Error::Conflict { .. }
            | Error::Run { .. }
            | Error::TooMany => Class::Input,
            Error::RowsName { .. }
            | Error::NotLinked { .. }
            | Error::RowsTwice { .. }
            | Error::RowsMissing { .. } => Class::Usage,
            Error::BelowMinimum { .. } => Class::Finding,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::File(e) => e.hint(),
            Error::RowsMissing { name } => {
                Some(format!("add `--rows {name}.rows.csv` from that agency's `keep` folder"))
            }
            Error::RowsName { .. } => {
                Some("`deidentify` writes it in the agency's `keep` folder".into())
            }
            _ => None,
        }
    }
}

/// Measures links.
///
/// Pairs in scope are those of records of different sources, and those inside a source that
/// is not declared to hold each person once. Records with one row id count as linked: their
/// agency said that they are one person. A true pair of which one record is in no row file
/// is missed.
///
/// # Errors
/// When a file cannot be read, is not what it should be, or does not belong to the others.
pub fn run(job: &Job, progress: &Progress) -> Result<Evaluation, Error> {
    progress.begin("reading links and truth", None);
    let truth = input::truth(&job.truth)?;
    let links = input::links(&job.links)?;
    let records = input::records(&job.rows, &links, truth)?;
    progress.end();
    progress.begin("measuring", None);
    let placed = tally::placed(&records);
    let pairs = tally::pairs(&placed, &links.sources);
    let (clusters, b_cubed) = tally::clusters(&placed);
    let scored = input::scored_pairs(&job.links, &records, &links)?;
    let measured = cuts::measure(&scored, &records, &links.sources, pairs.true_pairs);
    progress.end();
    Ok(Evaluation {
        pairs,
        clusters,
        b_cubed,
        thresholds: measured.table,
        best: measured.best,
        calibration: measured.calibration,
        records: records.counts(),
    })
}

impl Evaluation {
    /// Checks that the pairs are linked well enough.
    ///
    /// # Errors
    /// [`Error::BelowMinimum`] when their F1 is lower than `wanted`, or cannot be told.
    pub fn check(&self, wanted: f64) -> Result<(), Error> {
        match self.pairs.f1 {
            Some(found) if found >= wanted => Ok(()),
            found => Err(Error::BelowMinimum { found: found.unwrap_or(0.0), wanted }),
        }
    }
}

/// A share of counts, where there is something to share.
pub(crate) fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Precision, recall and F1 of counts.
pub(crate) fn quality(both: u64, found: u64, true_: u64) -> [Option<f64>; 3] {
    [share(both, found), share(both, true_), share(2 * both, found + true_)]
}

/// Where a source's file of a kind is: the name before `suffix`.
fn source_of(path: &Path, suffix: &str) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(suffix).filter(|stem| !stem.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A linkage of two sources: `a` holds each person once, `b` does not. Record a9 and b9
    /// were set aside; b1 and b2 are one row.
    fn story() -> tempfile::TempDir {
        let home = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = home.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("written");
        };
        let id = |n: u32| format!("{n:032x}");
        let [a1, a2, a3, b1, b3, b4] = [1, 2, 3, 11, 13, 14].map(id);
        write(
            "truth.csv",
            "id,cluster\r\na1,P\r\na2,Q\r\na3,R\r\na9,S\r\nb1,P\r\nb2,P\r\nb3,Q\r\nb4,T\r\nb9,S\r\n",
        );
        write("a.rows.csv", &format!("record_id,row_id\na1,{a1}\na2,{a2}\na3,{a3}\n"));
        write(
            "b.rows.csv",
            &format!("record_id,row_id\nb1,{b1}\nb2,{b1}\nb3,{b3}\nb4,{b4}\nb5,{b4}\n"),
        );
        let map = |rows: &[(&String, &str)]| {
            let rows = rows.iter().map(|(row, person)| format!("{row},{person},definite\n"));
            format!("row_id,person_id,band\n{}", rows.collect::<String>())
        };
        write("links/to-analyst/a.map.csv", &map(&[(&a1, "p1"), (&a2, "p2"), (&a3, "p3")]));
        write("links/to-analyst/b.map.csv", &map(&[(&b1, "p1"), (&b3, "p4"), (&b4, "p3")]));
        write(
            "links/keep/run.json",
            r#"{"sources": [{"name": "a", "unique_people": true, "rows": 3}, {"name": "b"}]}"#,
        );
        let pair = |a: &str, b: &str, w: f64, p: f64| format!("a,{a},b,{b},{w},{p},probable,\n");
        let pairs = pair(&a1, &b1, 20.0, 0.999_9)
            + &pair(&a3, &b4, 9.0, 0.9)
            + &pair(&a2, &b3, 4.0, 0.4)
            + &pair(&a3, &b1, 2.0, 0.2);
        let head = "source_a,row_id_a,source_b,row_id_b,weight,probability,band,rule\n";
        write("links/keep/pairs.csv", &format!("{head}{pairs}"));
        home
    }

    fn job(home: &Path) -> Job {
        Job {
            links: home.join("links"),
            truth: home.join("truth.csv"),
            rows: vec![home.join("b.rows.csv"), home.join("a.rows.csv")],
        }
    }

    fn measured(home: &Path) -> Evaluation {
        run(&job(home), &Progress::silent()).expect("measured")
    }

    #[test]
    fn a_worked_example() {
        let home = story();
        let e = measured(home.path());
        // Linked: a1-b1, a1-b2, b1-b2 and, wrongly, a3-b4. True: those three, a2-b3, a9-b9.
        let counts = (e.pairs.true_positive, e.pairs.linked, e.pairs.true_pairs);
        assert_eq!(counts, (3, 4, 5));
        assert_eq!((e.pairs.true_not_packaged, e.pairs.recall_packaged), (1, Some(0.75)));
        assert_eq!((e.clusters.exact, e.clusters.linked, e.clusters.true_clusters), (1, 2, 3));
        let records =
            Records { in_truth: 9, packaged: 7, not_packaged: 2, without_truth: 1, without_map: 0 };
        assert_eq!(e.records, records);
    }

    #[test]
    fn cuts_are_linked_again_under_the_constraints() {
        let home = story();
        let e = measured(home.path());
        let at = |probability: f64| {
            let cut = e.thresholds.iter().find(|c| c.probability == probability).expect("a cut");
            (cut.precision, cut.recall)
        };
        assert_eq!(at(0.999), (Some(1.0), Some(0.6)));
        assert_eq!(at(0.5), (Some(0.75), Some(0.6)));
        assert_eq!(at(0.3), (Some(0.8), Some(0.8)));
        // a3 would join a1 at 0.2, but `a` holds each person once.
        assert_eq!(at(0.01), at(0.3));
        let best = e.best.expect("a best cut");
        assert_eq!((best.probability, best.f1), (0.4, Some(0.8)));
        let bins: Vec<(u64, Option<f64>)> =
            e.calibration.iter().filter(|b| b.pairs > 0).map(|b| (b.pairs, b.share_true)).collect();
        assert_eq!(
            bins,
            [(1, Some(0.0)), (1, Some(1.0)), (1, Some(0.0)), (1, Some(1.0))],
            "one pair each from 0.1, 0.3, 0.9 and 0.999 on"
        );
    }

    #[test]
    fn a_minimum_is_a_finding() {
        let home = story();
        let e = measured(home.path());
        assert!(e.check(0.66).is_ok());
        let below = e.check(0.67).expect_err("too low");
        assert_eq!(below.class(), Class::Finding);
    }

    #[test]
    fn the_json_begins_with_pairs_and_clusters() {
        let home = story();
        let json = serde_json::to_string(&measured(home.path())).expect("json");
        assert!(json.starts_with(r#"{"pairs":{"precision":0.75,"recall":0.6,"f1":"#), "{json}");
        assert!(json.contains(r#","clusters":{"precision":0.5,"#), "{json}");
    }

    #[test]
    fn without_a_run_record_no_source_is_unique() {
        let home = story();
        fs::remove_file(home.path().join("links/keep/run.json")).expect("removed");
        let e = measured(home.path());
        let low = e.thresholds.first().expect("the lowest cut");
        assert!(low.precision < Some(0.8), "a1 and a3 are one cluster now");
    }

    #[test]
    fn mistakes_are_told_without_values() {
        let id = |n: u32| format!("{n:032x}");
        let cases: [(&str, String, &str); 12] = [
            ("truth.csv", "rec_id,person_id\n".into(), "holds no rows"),
            ("truth.csv", "rec_id\nSECRET\n".into(), "line 2: expected two columns"),
            ("truth.csv", "rec_id,person_id\nSECRET,\n".into(), "line 2: expected a record"),
            ("truth.csv", "r,p\nSECRET,1\nSECRET,2\n".into(), "line 3: the record stands for"),
            ("truth.csv", "r,p\nSECRET,1,2\n".into(), "line 2: expected as many cells"),
            ("a.rows.csv", "record,row_id\n".into(), "line 1: expected a column `record_id`"),
            ("a.rows.csv", "record_id,row_id\na1,SECRET\n".into(), "line 2: expected a row id"),
            (
                "a.rows.csv",
                format!("record_id,row_id\na1,{}\na1,{}\n", id(1), id(2)),
                "line 3: the record has another row id above",
            ),
            (
                "a.rows.csv",
                format!("record_id,row_id\nb1,{}\n", id(1)),
                "line 2: the record is in another source too",
            ),
            ("links/keep/run.json", "SECRET".into(), "is not a run record"),
            (
                "links/keep/pairs.csv",
                format!(
                    "source_a,row_id_a,source_b,row_id_b,weight,probability\na,{},b,{},1,SECRET\n",
                    id(1),
                    id(11)
                ),
                "line 2: expected a number from 0 to 1",
            ),
            ("links/to-analyst/c.map.csv", "row_id,person_id\n".into(), "a source `c` for which"),
        ];
        for (file, text, expected) in cases {
            let home = story();
            fs::write(home.path().join(file), &text).expect("written");
            let error = run(&job(home.path()), &Progress::silent()).expect_err(expected);
            let said = error.to_string();
            assert!(said.contains(expected), "{file}: {said}");
            assert!(!said.contains("SECRET"), "{said}");
            let home = story();
            fs::write(home.path().join(file), text.replace('\n', "\r\n")).expect("written");
            let error = run(&job(home.path()), &Progress::silent()).expect_err(expected);
            assert!(error.to_string().contains(expected), "{file}: {error}");
        }
    }

    #[test]
    fn files_must_belong_together() {
        let home = story();
        let mut job = job(home.path());
        let fails = |job: &Job| run(job, &Progress::silent()).expect_err("refused");
        let kept = job.rows.pop().expect("a file");
        assert!(matches!(fails(&job), Error::RowsMissing { name } if name == "a"));
        job.rows.push(job.rows[0].clone());
        assert!(matches!(fails(&job), Error::RowsTwice { .. }));
        job.rows[1] = home.path().join("truth.csv");
        assert!(matches!(fails(&job), Error::RowsName { .. }));
        fs::copy(&kept, home.path().join("d.rows.csv")).expect("copied");
        job.rows[1] = home.path().join("d.rows.csv");
        assert!(matches!(fails(&job), Error::NotLinked { .. }));
        job.links = home.path().to_owned();
        assert!(matches!(fails(&job), Error::NotLinks { .. }));
    }
}
