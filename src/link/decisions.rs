//! What a person decided on pairs that the program left open. Reads the clerical file that
//! `link` wrote (`keep/clerical.csv`) with its column `decision` filled in, or any CSV with its
//! ids, and gives the decisions as pairs of people.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Position};
use serde::Serialize;

use super::people::People;
use super::score::{ScoredPair, with_more};
use crate::error::{Class, Fault};
use crate::files::saved::saved_csv;
use crate::files::{self, Pile, clean};
use crate::ids::RowId;

/// What was decided on a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is one person: linked before all other pairs.
    Match,
    /// It is two: never linked, nor held together by others.
    NoMatch,
}

impl Decision {
    /// The word in files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Decision::Match => "match",
            Decision::NoMatch => "no-match",
        }
    }

    /// The odds that it is one person, beside which no other pair's count.
    pub(super) fn odds(self) -> f64 {
        match self {
            Decision::Match => 1e15,
            Decision::NoMatch => 0.0,
        }
    }

    /// The probability that it is one person.
    pub(super) fn probability(self) -> f64 {
        match self {
            Decision::Match => 1.0,
            Decision::NoMatch => 0.0,
        }
    }
}

/// A file of decisions that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A column is not there.
    #[error("{}: has no column `{column}`", clean(.path))]
    Column {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
    },
    /// A cell does not hold what it must.
    #[error("{} line {line}, column `{column}`: expected {expected}", clean(.path))]
    Cell {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The column.
        column: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// A row with more or fewer cells than the header.
    #[error("{} line {line}: expected as many cells as the header has columns", clean(.path))]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
    },
    /// A pair that is decided in two ways.
    #[error("{} line {line}, column `decision`: the same pair is decided otherwise on line {before}", clean(.path))]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// The earlier line.
        before: u64,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Contradiction { .. } => "keep the one that holds and remove the other row",
            Error::Column { column: "row_id_a" | "row_id_b", .. } => {
                "give keep/clerical.csv or keep/pairs.csv of an earlier `veilway link`, or any file \
                 with their columns row_id_a and row_id_b"
            }
            _ => {
                "give keep/clerical.csv of an earlier `veilway link`, with `match`, `no-match` or \
                 nothing in its column `decision`; the columns row_id_a, row_id_b and decision \
                 are enough"
            }
        };
        Some(hint.into())
    }
}

/// The columns that are read.
const COLUMNS: [&str; 3] = ["row_id_a", "row_id_b", "decision"];

/// A pair of rows; of a decision, the lesser id first.
type Rows = [RowId; 2];

/// The decisions of a file, sorted by rows.
#[derive(Debug)]
pub(crate) struct Decisions(Vec<(Rows, Decision)>);

impl Decisions {
    /// Reads a file; rows without a decision are passed over.
    ///
    /// # Errors
    /// At the first cell that cannot be used.
    pub(crate) fn read(path: &Path) -> Result<Decisions, crate::Error> {
        let mut decided: HashMap<Rows, (Decision, u64)> = HashMap::new();
        each(path, &COLUMNS, |rows, cells, line| {
            let rows = [rows[0].min(rows[1]), rows[0].max(rows[1])];
            let decision = match cells[2].to_ascii_lowercase().as_slice() {
                b"" => return Ok(()),
                b"match" => Decision::Match,
                b"no-match" => Decision::NoMatch,
                _ => {
                    let expected = "`match`, `no-match` or nothing";
                    let path = path.to_owned();
                    return Err(Error::Cell { path, line, column: COLUMNS[2], expected });
                }
            };
            let (first, before) = *decided.entry(rows).or_insert((decision, line));
            if first != decision {
                return Err(Error::Contradiction { path: path.to_owned(), line, before });
            }
            Ok(())
        })?;
        let mut sorted: Vec<(Rows, Decision)> =
            decided.into_iter().map(|(rows, (decision, _))| (rows, decision)).collect();
        sorted.sort_unstable_by_key(|(rows, _)| *rows);
        Ok(Decisions(sorted))
    }

    /// Puts the decisions in place of what the model says; gives how many pairs were decided
    /// one way and the other, and how many decisions are of rows that no package has. A pair
    /// that shares no token is added.
    ///
    /// # Errors
    /// When pairs are on disk, and that refuses.
    pub(super) fn apply(
        &self,
        people: &People,
        pairs: &mut Pile<ScoredPair>,
    ) -> Result<Applied, files::Error> {
        let mut applied = Applied::default();
        let mut all = Vec::new();
        for &(rows, decision) in &self.0 {
            let [Some(x), Some(y)] = rows.map(|row| people.find(row)) else {
                applied.unknown_rows += 1;
                continue;
            };
            let (a, b) = (x.min(y), x.max(y));
            match decision {
                Decision::Match => applied.matches += 1,
                Decision::NoMatch => applied.no_matches += 1,
            }
            all.push(ScoredPair {
                a,
                b,
                weight: 0.0,
                odds: decision.odds(),
                probability: decision.probability(),
                agree: 0,
                decision: Some(decision),
            });
        }
        all.sort_unstable_by_key(|pair| (pair.a, pair.b));
        with_more(pairs, &all, |&ScoredPair { weight, agree, .. }, decided| ScoredPair {
            weight,
            agree,
            ..*decided
        })?;
        Ok(applied)
    }
}

/// What became of the decisions of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Applied {
    /// Pairs that were decided to be one person.
    pub matches: u64,
    /// Of those, pairs that were not linked all the same: a source holds each person once, or
    /// other decisions rule it out.
    pub matches_ruled_out: u64,
    /// Pairs that were decided to be two people.
    pub no_matches: u64,
    /// Decisions on rows that are in none of the packages.
    pub unknown_rows: u64,
}

/// The pairs of rows of a file, in its order: of a clerical file, or any with its ids.
pub(super) fn pairs(path: &Path) -> Result<Vec<Rows>, crate::Error> {
    let mut pairs = Vec::new();
    each(path, &COLUMNS[..2], |rows, _, _| {
        pairs.push(rows);
        Ok(())
    })?;
    Ok(pairs)
}

/// Goes through a file: the ids of each pair, the cells of the columns asked for (the first
/// two of [`COLUMNS`] are among them), and the line.
fn each(
    path: &Path,
    columns: &[&'static str],
    mut take: impl FnMut(Rows, &[&[u8]], u64) -> Result<(), Error>,
) -> Result<(), crate::Error> {
    let broken = |e: csv::Error| match e.kind() {
        csv::ErrorKind::Io(source) => files::io_error(path, "read", source.kind().into()).into(),
        _ => {
            let line = e.position().map_or(0, Position::line);
            crate::Error::from(Error::Ragged { path: path.to_owned(), line })
        }
    };
    let mut reader = saved_csv(path)?;
    let header = reader.byte_headers().map_err(broken)?.clone();
    let mut places = Vec::with_capacity(columns.len());
    for &column in columns {
        let found = header.iter().position(|cell| cell == column.as_bytes());
        places.push(found.ok_or_else(|| Error::Column { path: path.to_owned(), column })?);
    }
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record).map_err(broken)? {
        let line = record.position().map_or(0, Position::line);
        let cells: Vec<&[u8]> = places.iter().map(|&place| &record[place]).collect();
        let wrong =
            |column, expected| Error::Cell { path: path.to_owned(), line, column, expected };
        let row_id = |which: usize| -> Result<RowId, Error> {
            let text = std::str::from_utf8(cells[which]).ok();
            text.and_then(|text| text.parse().ok())
                .ok_or_else(|| wrong(COLUMNS[which], "a row id of 32 hexadecimal digits"))
        };
        let rows = [row_id(0)?, row_id(1)?];
        if rows[0] == rows[1] {
            return Err(wrong(COLUMNS[1], "another row than row_id_a").into());
        }
        take(rows, &cells, line)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::people::tests::people;

    fn id(byte: u8) -> RowId {
        RowId([byte; 16])
    }

    fn read(text: &str) -> Result<Decisions, crate::Error> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("clerical.csv");
        std::fs::write(&path, text).expect("written");
        Decisions::read(&path)
    }

    fn refused(text: &str) -> String {
        let shown = read(text).expect_err("a mistake").to_string();
        shown.split_once("clerical.csv").expect("the file's name").1.to_owned()
    }

    #[test]
    fn a_spreadsheet_may_have_saved_the_file() {
        let (a, b, c) = (id(1), id(2), id(3));
        let plain =
            format!("row_id_a,row_id_b,decision\n{b},{a},match\n{a},{c},\n{c},{b},no-match\n");
        let expected = [([a, b], Decision::Match), ([b, c], Decision::NoMatch)];
        let marked = format!("\u{feff}{}", plain.replace('\n', "\r\n"));
        let semicolons = plain.replace(',', ";").replace("match", " Match ");
        let tabs = plain.replace(',', "\t").to_uppercase().replacen(
            "ROW_ID_A\tROW_ID_B\tDECISION",
            "row_id_a\trow_id_b\tdecision",
            1,
        );
        let more = format!(
            "note,row_id_b,weight,row_id_a,decision\n\"x, y\",{a},-1,{b},MATCH\n,{b},2,{c},no-match\n"
        );
        for text in [plain, marked, semicolons.replace("no- Match ", "no-match"), tabs, more] {
            assert_eq!(read(&text).expect("read").0, expected, "{text}");
        }
        assert!(read("row_id_a,row_id_b,decision\n").expect("read").0.is_empty());
    }

    #[test]
    fn a_mistake_is_told_by_line_and_column_and_never_by_value() {
        let (a, b) = (id(1), id(2));
        let header = "row_id_a,row_id_b,decision\n";
        for (text, told) in [
            (String::new(), ": has no column `row_id_a`".to_owned()),
            ("row_id_a,row_id_b\n".into(), ": has no column `decision`".into()),
            (
                format!("{header}{a},{b},\n{a},{b},perhaps\n"),
                " line 3, column `decision`: expected `match`, `no-match` or nothing".into(),
            ),
            (
                format!("{header}{a},1.2E+31,match\n"),
                " line 2, column `row_id_b`: expected a row id of 32 hexadecimal digits".into(),
            ),
            (
                format!("{header}{a},{a},match\n"),
                " line 2, column `row_id_b`: expected another row than row_id_a".into(),
            ),
            (
                format!("{header}{a},{b},match\n{b},{a},no-match\n"),
                " line 3, column `decision`: the same pair is decided otherwise on line 2".into(),
            ),
            (
                format!("{header}{a},{b}\n"),
                " line 2: expected as many cells as the header has columns".into(),
            ),
        ] {
            assert_eq!(refused(&text), told);
            assert_eq!(refused(&text.replace('\n', "\r\n")), told);
        }
    }

    #[test]
    fn decisions_stand_in_for_the_model() {
        let people = people(&[(true, &[1, 2]), (true, &[3, 4])]);
        let scored = |a, b| ScoredPair {
            a,
            b,
            weight: 7.0,
            odds: 2.0,
            probability: 0.6,
            agree: 1,
            decision: None,
        };
        let mut pairs = Pile::held(vec![scored(0, 2), scored(1, 3)]);
        let decisions = Decisions(vec![
            ([id(1), id(3)], Decision::NoMatch),
            ([id(2), id(3)], Decision::Match),
            ([id(2), id(9)], Decision::Match),
        ]);
        let applied = decisions.apply(&people, &mut pairs).expect("in memory");
        let expected = Applied { matches: 1, matches_ruled_out: 0, no_matches: 1, unknown_rows: 1 };
        assert_eq!(applied, expected);
        let shown: Vec<(u32, u32, f64, f64)> = pairs
            .chunk(0)
            .expect("in memory")
            .iter()
            .map(|p| (p.a, p.b, p.weight, p.probability))
            .collect();
        assert_eq!(shown, [(0, 2, 7.0, 0.0), (1, 2, 0.0, 1.0), (1, 3, 7.0, 0.6)]);
    }
}
