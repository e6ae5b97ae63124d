//! Protecting tables that somebody else made: every count of all of them in one ledger.

use std::path::PathBuf;

use serde::Serialize;

use super::attack::Board;
use super::table::{Counts, Sheet, Value};
use super::{Error, Reading, paths, read};
use crate::disclosure::{CellId, Count, Ledger, Threshold, Worth};
use crate::files::{Overwrite, Readers, Staged};

/// What is to be protected.
#[derive(Debug, Clone)]
pub struct ProtectJob {
    /// The tables, with true counts; of a folder, every CSV file in it.
    pub tables: Vec<PathBuf>,
    /// How they are to be read.
    pub reading: Reading,
    /// The least number of people that a published count may stand for.
    pub threshold: Threshold,
    /// The folder to write, with a file for each table.
    pub out: PathBuf,
    /// Whether it may be replaced.
    pub overwrite: Overwrite,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Protected {
    /// The threshold in force.
    pub threshold: u32,
    /// Tables written.
    pub tables: usize,
    /// Counts in them; one that stands in two tables is one.
    pub counts: usize,
    /// Of these, withheld because they are small.
    pub withheld_small: usize,
    /// Of these, withheld because they would reveal another.
    pub withheld_to_protect: usize,
    /// What could not be used, in words.
    pub notes: Vec<String>,
}

/// What stands where a number is withheld.
const WITHHELD: &str = "n.p.";

/// Writes tables with small counts withheld, and what would tell of them.
///
/// # Errors
/// When a table cannot be read or holds withheld counts already, when the tables cannot be
/// protected, or when the output cannot be written.
pub fn protect(job: &ProtectJob) -> Result<Protected, Error> {
    let staged = Staged::folder(&job.out, job.overwrite)?;
    let mut sheets = Vec::new();
    for path in paths(&job.tables)? {
        let sheet = read(&path)?;
        if sheets.iter().any(|other: &Sheet| other.file == sheet.file) {
            return Err(Error::FileTwice { file: sheet.file });
        }
        sheets.push(sheet);
    }
    let mut tables = Vec::new();
    for sheet in &sheets {
        tables.push(Counts::of(sheet, &job.reading)?);
    }
    let (board, nodes) = Board::of(&tables);
    let (mut ledger, ids) = ledger(&tables, &board, &nodes, job.threshold)?;
    let suppression = ledger.protect()?;
    for ((sheet, counts), nodes) in sheets.iter_mut().zip(&tables).zip(&nodes) {
        let is_withheld = |node: usize| ledger.count(ids[node]) == Count::Withheld;
        withhold(sheet, counts, |cell| is_withheld(nodes[cell]));
        let mut file = staged.create(&sheet.file, Readers::Default)?;
        let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(&mut file);
        let written = sheet.rows.iter().try_for_each(|(_, row)| writer.write_record(row));
        let written = written.and_then(|()| Ok(writer.flush()?));
        drop(writer);
        match written.map_err(csv::Error::into_kind) {
            Ok(()) => file.finish()?,
            Err(csv::ErrorKind::Io(e)) => return Err(file.error(e).into()),
            Err(_) => return Err(Error::NotCsv { path: file.shown().to_owned() }),
        }
    }
    staged.commit()?;
    Ok(Protected {
        threshold: job.threshold.people(),
        tables: tables.len(),
        counts: suppression.cells,
        withheld_small: suppression.primary,
        withheld_to_protect: suppression.complementary,
        notes: board.notes,
    })
}

/// Every cell in a ledger, with every sum; where each cell of the board stands in it.
fn ledger(
    tables: &[Counts],
    board: &Board,
    nodes: &[Vec<usize>],
    threshold: Threshold,
) -> Result<(Ledger, Vec<CellId>), Error> {
    let size = board.size();
    let mut values = vec![0; size];
    let mut worth = vec![Worth::Detail; size];
    for (counts, nodes) in tables.iter().zip(nodes) {
        for (cell, &node) in counts.cells.iter().zip(nodes) {
            let Value::Shown(n) = cell.value else {
                let (line, column) = (cell.line, cell.column);
                return Err(Error::Withheld { file: counts.file.clone(), line, column });
            };
            values[node] = n;
            let totals = cell.at.iter().filter(|at| at.is_none()).count();
            worth[node] = worth[node].max(match totals {
                0 => Worth::Detail,
                n if n < cell.at.len() => Worth::Row,
                _ => Worth::Headline,
            });
        }
    }
    let mut margins: Vec<Option<u64>> = vec![None; size];
    for (parts, total) in board.sums() {
        for &part in parts {
            margins[part] = Some(margins[part].map_or(values[*total], |m| m.min(values[*total])));
        }
    }
    let mut ledger = Ledger::new(threshold);
    let ids: Vec<CellId> = (0..size)
        .map(|node| match margins[node] {
            Some(margin) if margin > 0 => ledger.publish_in(values[node], margin, worth[node]),
            _ => ledger.publish(values[node], worth[node]),
        })
        .collect();
    for (parts, total) in board.sums() {
        ledger.total(ids[*total], parts.iter().map(|&part| ids[part]));
    }
    Ok((ledger, ids))
}

/// Puts `n.p.` where a count is withheld. Percentages were worked out from the true counts, so
/// in a table with anything withheld they go too.
fn withhold(sheet: &mut Sheet, counts: &Counts, is_withheld: impl Fn(usize) -> bool) {
    let mut any = false;
    let mut put = |line: u64, column: usize| {
        let row = sheet.rows.iter_mut().find(|(at, _)| *at == line);
        if let Some(cell) = row.and_then(|(_, row)| row.get_mut(column)) {
            WITHHELD.clone_into(cell);
        }
    };
    for (_, cell) in counts.cells.iter().enumerate().filter(|(i, _)| is_withheld(*i)) {
        put(cell.line, cell.column - 1);
        any = true;
    }
    if any {
        for (_, row) in sheet.rows.iter_mut().skip(1) {
            for &column in &counts.shares {
                if let Some(cell) = row.get_mut(column).filter(|cell| !cell.trim().is_empty()) {
                    WITHHELD.clone_into(cell);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::attack::attack;
    use super::*;

    fn sheet(file: &str, text: &str) -> Sheet {
        let cells = |line: &str| line.split(';').map(str::to_owned).collect();
        let rows = (1..).zip(text.lines()).map(|(n, line)| (n, cells(line))).collect();
        Sheet { file: file.into(), rows }
    }

    /// Protects in memory.
    fn protected(mut sheets: Vec<Sheet>, threshold: Threshold) -> Option<Vec<Sheet>> {
        let read = |s: &Sheet| Counts::of(s, &Reading::default()).expect("read");
        let tables: Vec<Counts> = sheets.iter().map(read).collect();
        let (board, nodes) = Board::of(&tables);
        let (mut ledger, ids) = ledger(&tables, &board, &nodes, threshold).expect("a ledger");
        ledger.protect().ok()?;
        for ((sheet, counts), nodes) in sheets.iter_mut().zip(&tables).zip(&nodes) {
            withhold(sheet, counts, |cell| ledger.count(ids[nodes[cell]]) == Count::Withheld);
        }
        Some(sheets)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        /// Two tables that share a margin: programs by sex, and programs by area.
        #[test]
        fn what_is_protected_withstands_the_attack(
            by_sex in prop::collection::vec((0u64..30, 0u64..30), 2..6), north in 0u64..100,
        ) {
            let (mut sex, mut area) = ("Program;F;M;Total".to_owned(), "Program;Area;n".to_owned());
            let (mut f_all, mut m_all, mut n_all) = (0, 0, 0);
            for (i, (f, m)) in by_sex.iter().enumerate() {
                let (all, n) = (f + m, (f + m) * north / 100);
                sex += &format!("\nP{i};{f};{m};{all}");
                area += &format!("\nP{i};N;{n}\nP{i};S;{}\nP{i};Total;{all}", all - n);
                (f_all, m_all, n_all) = (f_all + f, m_all + m, n_all + n);
            }
            let all = f_all + m_all;
            sex += &format!("\nTotal;{f_all};{m_all};{all}");
            area += &format!("\nTotal;N;{n_all}\nTotal;S;{}\nTotal;Total;{all}", all - n_all);
            let threshold = Threshold::new(5);
            let sheets = vec![sheet("sex", &sex), sheet("area", &area)];
            let Some(done) = protected(sheets, threshold) else {
                prop_assert!(all < 40, "{all}");
                return Ok(());
            };
            let read = |s: &Sheet| Counts::of(s, &Reading::default()).expect("read");
            let tables: Vec<Counts> = done.iter().map(read).collect();
            let check = attack(&tables, &[], threshold);
            prop_assert!(check.findings.is_empty(), "{:?}", check.findings);
            prop_assert!(check.notes.is_empty(), "{:?}", check.notes);
        }
    }

    #[test]
    fn percentages_go_with_what_is_withheld() {
        let table = "Program;People;Share\nA;3;2.9\nB;50;48.5\nC;50;48.5\nTotal;103;100.0";
        let done = protected(vec![sheet("a", table)], Threshold::new(5)).expect("protected");
        let rows: Vec<String> = done[0].rows.iter().map(|(_, row)| row.join(";")).collect();
        assert_eq!(rows[1], "A;n.p.;n.p.");
        assert!(rows[2..].iter().all(|row| row.ends_with("n.p.")), "{rows:?}");
        let safe = "Program;People;Share\nA;53;51.5\nB;50;48.5\nTotal;103;100.0";
        let done = protected(vec![sheet("a", safe)], Threshold::new(5)).expect("protected");
        assert_eq!(done[0].rows[1].1, ["A", "53", "51.5"]);
    }
}
