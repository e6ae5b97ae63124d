//! A whole export: every row goes through with its key beside it, or a column of existing
//! keys is checked. Streams in batches, in the order of the file; memory does not grow with
//! it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use serde::Serialize;

use super::check::{Checked, Defect, check};
use super::lines::Lines;
use super::make::make;
use super::profile::Profile;
use crate::Error;
use crate::error::{Class, Fault};
use crate::files;
use crate::progress::Progress;
use crate::sources::{self, Batch, Reject, Row, Table};
use crate::standardise::{Dates, Person, Seen, Standardiser};

/// The columns that are added.
const ADDED: [&str; 3] = ["slk581", "slk581_profile", "slk581_quality"];

/// The quality of a key without any doubt.
const OK: &str = "ok";

const BATCH: usize = 1 << 14;
const CHUNK: usize = 1 << 10;

/// Why keys cannot be added to an export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The export has a column of the name of one that is added.
    #[error("{file}: has a column `{column}` already")]
    Added {
        /// The file.
        file: String,
        /// The column.
        column: &'static str,
    },
    /// The source's description names neither a family nor a given name column.
    #[error("{file}: its source description maps no column to `family_name` or `given_name`")]
    NoNames {
        /// The file.
        file: String,
    },
}

impl Fault for ExportError {
    fn class(&self) -> Class {
        match self {
            ExportError::Added { .. } => Class::Input,
            ExportError::NoNames { .. } => Class::Usage,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            ExportError::Added { .. } => {
                "rename or drop it; `veilway slk check` checks the keys an export has".into()
            }
            ExportError::NoNames { .. } => {
                "map them in source.toml; an export that has keys in place of names needs no new ones"
                    .into()
            }
        })
    }
}

/// Where the output goes, and what messages call it.
pub struct Sink<'a> {
    /// Takes the bytes.
    pub out: &'a mut dyn Write,
    /// The place they will have.
    pub shown: &'a Path,
}

impl Sink<'_> {
    fn write(&mut self, lines: &[Vec<u8>]) -> Result<(), Error> {
        let written = lines.iter().try_for_each(|lines| self.out.write_all(lines));
        Ok(written.map_err(|e| files::io_error(self.shown, "write", e))?)
    }
}

/// What became of the rows of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Keyed {
    /// Profile and version of its rules.
    pub profile: String,
    /// Data rows in the file.
    pub rows: u64,
    /// Rows that got a key.
    pub keys: u64,
    /// Rows without a key: the quality column says why.
    pub without_key: u64,
    /// Rows that could not be kept, since they do not have the header's cells.
    pub set_aside: u64,
    /// How many rows have each quality code.
    pub quality: BTreeMap<String, u64>,
    /// How many birth dates have the declared form.
    pub birth_dates: Dates,
}

/// Writes every row of a table with its key, profile and quality in three further columns.
///
/// The table's own cells go through as they are. Rows that cannot be kept are handed to
/// `rejects` in their order.
///
/// # Errors
/// When the table already has such a column or no name column, cannot be read on, or the
/// output cannot be written.
pub fn add_keys(
    mut table: Table,
    standardiser: &Standardiser,
    profile: Profile,
    mut sink: Sink<'_>,
    mut rejects: impl FnMut(&Reject) -> Result<(), Error>,
    progress: &Progress,
) -> Result<Keyed, Error> {
    let file = table.name().to_owned();
    let has = |name: &&str| table.header().iter().any(|have| have.eq_ignore_ascii_case(name));
    if let Some(column) = ADDED.into_iter().find(has) {
        return Err(ExportError::Added { file, column }.into());
    }
    if !standardiser.has_names() {
        return Err(ExportError::NoNames { file }.into());
    }
    let label = profile.label();
    let delimiter = table.delimiter();
    let header = table.header().iter().map(String::as_str).chain(ADDED);
    let mut heading = Lines::new(delimiter, 0);
    header.for_each(|cell| heading.cell(cell));
    heading.end();
    sink.write(&[heading.into_bytes()])?;
    let mut keyed = Keyed { profile: label.clone(), ..Keyed::default() };
    let written = |cells: &[&str]| {
        let mut lines = Lines::new(delimiter, 0);
        cells.iter().for_each(|cell| lines.cell(cell));
        lines.into_bytes()
    };
    let (label, ok) = (written(&[&label]), written(&[&label, OK]));
    let keyer = Keyer { standardiser, profile, label, ok, delimiter, desks: Mutex::default() };
    let mut batch = table.next_batch(BATCH)?;
    progress.begin("making keys", table.about_rows(batch.len()));
    let mut lines = vec![];
    while !batch.is_empty() {
        let (made, next) =
            turn(&mut table, &batch.rows, |rows| keyer.chunk(rows), || sink.write(&lines))?;
        let counts: Vec<Keyed>;
        (lines, counts) = made.into_iter().unzip();
        counts.into_iter().for_each(|counts| keyed.add(counts));
        for reject in &batch.rejects {
            rejects(reject)?;
        }
        keyed.set_aside += batch.rejects.len() as u64;
        keyed.rows += batch.rejects.len() as u64;
        progress.advance(batch.len() as u64);
        batch = next.or_else(|e| sink.write(&lines).and(Err(e.into())))?;
    }
    sink.write(&lines)?;
    progress.end();
    Ok(keyed)
}

/// One turn: the lines of some rows are made while the next rows are read, and those of the rows
/// before are written. Chunks keep the order of the file, at any number of threads.
fn turn<M: Send>(
    table: &mut Table,
    rows: &[Row],
    make: impl Fn(&[Row]) -> M + Sync + Send,
    write: impl FnOnce() -> Result<(), Error>,
) -> Result<(Vec<M>, Result<Batch, sources::Error>), Error> {
    let (mut made, mut next) = (vec![], Ok(Batch::default()));
    rayon::in_place_scope(|scope| {
        scope.spawn(|_| next = table.next_batch(BATCH));
        scope.spawn(|_| made = rows.par_chunks(CHUNK).map(make).collect());
        write()
    })?;
    Ok((made, next))
}

impl Keyed {
    fn count(&mut self, code: &str) {
        match self.quality.get_mut(code) {
            Some(n) => *n += 1,
            None => {
                self.quality.insert(code.to_owned(), 1);
            }
        }
    }

    fn add(&mut self, part: Keyed) {
        self.rows += part.rows;
        self.keys += part.keys;
        self.without_key += part.without_key;
        self.birth_dates.add(part.birth_dates);
        for (code, n) in part.quality {
            *self.quality.entry(code).or_default() += n;
        }
    }
}

/// Makes the lines of rows with their keys.
struct Keyer<'a> {
    standardiser: &'a Standardiser,
    profile: Profile,
    /// The cell of the profile as it is written.
    label: Vec<u8>,
    /// The last two cells of a row whose key is beyond doubt, as they are written.
    ok: Vec<u8>,
    delimiter: u8,
    /// Desks that nobody works at: what is used again from chunk to chunk.
    desks: Mutex<Vec<(Seen, Person)>>,
}

impl Keyer<'_> {
    fn chunk(&self, rows: &[Row]) -> (Vec<u8>, Keyed) {
        let desks = || self.desks.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut seen, mut person) = desks().pop().unwrap_or_default();
        let mut counts = Keyed { rows: rows.len() as u64, ..Keyed::default() };
        let mut lines = Lines::new(self.delimiter, rows.len() * 128);
        let (mut ok, mut quality_cell) = (0, String::new());
        for row in rows {
            self.standardiser.read(row, &mut seen, &mut person);
            counts.birth_dates.count(&person.birth);
            quality_cell.clear();
            let key = match make(&person, self.profile) {
                Ok((key, quality)) => {
                    counts.keys += 1;
                    ok += u64::from(quality.is_ok());
                    quality.codes().iter().for_each(|code| counts.count(code));
                    quality.write(&mut quality_cell);
                    Some(key)
                }
                Err(none) => {
                    counts.without_key += 1;
                    let codes = none.codes();
                    codes.iter().for_each(|code| counts.count(code));
                    quality_cell.push_str(&codes.join(";"));
                    None
                }
            };
            lines.row(row);
            // A key is of letters and digits only.
            lines.written(key.as_ref().map_or(&[], |key| key.bytes().as_slice()));
            lines.written(&[self.delimiter]);
            match quality_cell.as_str() {
                OK => lines.written(&self.ok),
                codes => {
                    lines.written(&self.label);
                    lines.cell(codes);
                }
            }
            lines.end();
        }
        if ok > 0 {
            counts.quality.insert(OK.to_owned(), ok);
        }
        desks().push((seen, person));
        (lines.into_bytes(), counts)
    }
}

/// Writes every row of a table as it is, by the same ways as [`add_keys`]: what that costs
/// beyond this is the keys.
///
/// # Errors
/// When the table cannot be read on, or the output cannot be written.
#[doc(hidden)]
pub fn copy(mut table: Table, mut sink: Sink<'_>) -> Result<u64, Error> {
    let delimiter = table.delimiter();
    let mut heading = Lines::new(delimiter, 0);
    table.header().iter().for_each(|cell| heading.cell(cell));
    heading.end();
    sink.write(&[heading.into_bytes()])?;
    let (mut rows, mut lines) = (0, vec![]);
    let mut batch = table.next_batch(BATCH)?;
    while !batch.is_empty() {
        let copied = |rows: &[Row]| {
            let mut lines = Lines::new(delimiter, rows.len() * 128);
            for row in rows {
                lines.row(row);
                lines.end();
            }
            lines.into_bytes()
        };
        let (made, next) = turn(&mut table, &batch.rows, copied, || sink.write(&lines))?;
        lines = made;
        rows += batch.rows.len() as u64;
        batch = next?;
    }
    sink.write(&lines)?;
    Ok(rows)
}

/// What a column of existing keys holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ColumnCheck {
    /// Profile and version of its rules.
    pub profile: String,
    /// Data rows in the file.
    pub rows: u64,
    /// Keys that keep every rule.
    pub well_formed: u64,
    /// Digests of keys, where the profile accepts them.
    pub digests: u64,
    /// Empty cells.
    pub empty: u64,
    /// Keys that break a rule.
    pub failed: u64,
    /// Rows that do not have the header's cells.
    pub set_aside: u64,
    /// How often each rule is broken, by position and then rule.
    pub defects: Vec<DefectCount>,
}

/// How often one rule is broken at one position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DefectCount {
    /// The first position it concerns, counted from 1; 0 for the whole key.
    pub position: u8,
    /// The part of the key.
    pub part: &'static str,
    /// The rule, in words.
    pub reason: String,
    /// How many keys.
    pub keys: u64,
    /// The line of the first.
    pub first_line: u64,
}

/// Checks every key of a column.
///
/// # Errors
/// When there is no such column, or the table cannot be read on.
pub fn check_column(
    mut table: Table,
    column: &str,
    profile: Profile,
    progress: &Progress,
) -> Result<ColumnCheck, Error> {
    let column = table.column(column)?;
    let mut found: BTreeMap<Defect, (u64, u64)> = BTreeMap::new();
    let mut sum = ColumnCheck {
        profile: profile.label(),
        rows: 0,
        well_formed: 0,
        digests: 0,
        empty: 0,
        failed: 0,
        set_aside: 0,
        defects: Vec::new(),
    };
    let mut batch = table.next_batch(BATCH)?;
    progress.begin("checking keys", table.about_rows(batch.len()));
    while !batch.is_empty() {
        for row in &batch.rows {
            match row.cell(column) {
                "" => sum.empty += 1,
                text => match check(text, profile) {
                    Ok(Checked::Key(_)) => sum.well_formed += 1,
                    Ok(Checked::Digest) => sum.digests += 1,
                    Err(defects) => {
                        sum.failed += 1;
                        for defect in defects {
                            found.entry(defect).or_insert((0, row.line)).0 += 1;
                        }
                    }
                },
            }
        }
        sum.set_aside += batch.rejects.len() as u64;
        sum.rows += batch.len() as u64;
        progress.advance(batch.len() as u64);
        batch = table.next_batch(BATCH)?;
    }
    progress.end();
    sum.defects = found
        .into_iter()
        .map(|(defect, (keys, first_line))| DefectCount {
            position: defect.position,
            part: defect.part(),
            reason: defect.fault.to_string(),
            keys,
            first_line,
        })
        .collect();
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use jiff::civil::date;

    use super::*;
    use crate::project::{Diacritics, Placeholders};
    use crate::sources::SourceSpec;
    use crate::sources::spec::Encoding;

    const SOURCE: &str = "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = \"%d/%m/%Y\"\n\
        [columns]\nfamily_name = \"family\"\ngiven_name = \"given\"\nbirth_date = \"born\"\n\
        sex = \"sex\"\n";

    fn table(text: &str) -> Table {
        let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
        Table::from_reader(reader, Path::new("t.csv"), Encoding::Utf8, None).expect("a table")
    }

    fn keyed(text: &str) -> Result<(String, Keyed, Vec<u64>), Error> {
        let table = table(text);
        let spec = SourceSpec::parse(SOURCE, "a.toml").expect("a source");
        let (fold, list) = (Diacritics::Fold, Placeholders::standard());
        let standardiser = Standardiser::for_slk(&table, &spec, fold, &list, date(2026, 7, 1))?;
        let (mut out, mut lines) = (Vec::new(), Vec::new());
        let sink = Sink { out: &mut out, shown: Path::new("out.csv") };
        let set_aside = |reject: &Reject| {
            lines.push(reject.line);
            Ok(())
        };
        let progress = Progress::silent();
        let sum = add_keys(table, &standardiser, Profile::Aihw, sink, set_aside, &progress)?;
        Ok((String::from_utf8(out).expect("text"), sum, lines))
    }

    #[test]
    fn every_row_goes_through_with_its_key_or_is_set_aside() {
        let text = "id,family,given,born,sex,note\n\
            1,Smith,John,01/01/2017,1,\"a, \"\"b\"\"\"\n\
            2,Smith,John,31/02/2017,1, =1+1 \n\
            3,Smith\n\
            4,,Jo,19/12/2000,,\n";
        let (out, sum, lines) = keyed(text).expect("keyed");
        assert_eq!(
            out,
            "id,family,given,born,sex,note,slk581,slk581_profile,slk581_quality\n\
             1,Smith,John,01/01/2017,1,\"a, \"\"b\"\"\",MIHOH010120171,aihw/1,ok\n\
             2,Smith,John,31/02/2017,1, =1+1 ,,aihw/1,no-key;birth-date-no-such-day\n\
             4,,Jo,19/12/2000,,,999O2191220009,aihw/1,family-missing;given-short;sex-not-stated\n"
        );
        assert_eq!((sum.rows, sum.keys, sum.without_key, sum.set_aside), (4, 2, 1, 1));
        assert_eq!(sum.quality.get("ok"), Some(&1));
        assert_eq!(lines, [4]);
    }

    #[test]
    fn an_export_with_such_a_column_is_refused() {
        let error = keyed("id,family,given,born,sex,SLK581\n1,a,b,c,d,e\n").expect_err("refused");
        assert_eq!(error.class(), Class::Input);
        assert_eq!(error.to_string(), "t.csv: has a column `slk581` already");
    }

    #[test]
    fn rows_keep_their_order_at_any_number_of_threads() {
        let mut text = String::from("id,family,given,born,sex\n");
        for n in 0..40_000 {
            text += &format!("{n},Smith,John,01/01/2017,1\n");
        }
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.expect("a pool").install(|| keyed(&text).expect("keyed").0)
        };
        let one = run(1);
        assert_eq!(one, run(3));
        let ids = one.lines().skip(1).map(|line| line.split(',').next().unwrap_or_default());
        assert!(ids.eq((0..40_000).map(|n| n.to_string())));
    }

    #[test]
    fn a_column_of_keys_is_counted_by_position_and_rule() {
        let keys = "id,k\n1,MIHOH010120171\n2,MIHOH010120174\n3,\n4,mIHOH310220179\n5\n";
        let sum = check_column(table(keys), "k", Profile::Aihw, &Progress::silent());
        let sum = sum.expect("checked");
        assert_eq!(
            (sum.rows, sum.well_formed, sum.empty, sum.failed, sum.set_aside),
            (5, 1, 1, 2, 1)
        );
        let found: Vec<_> =
            sum.defects.iter().map(|d| (d.position, d.keys, d.first_line)).collect();
        assert_eq!(found, [(1, 1, 5), (6, 1, 5), (14, 1, 3)]);
    }
}
