//! Reading what is measured: truth, row files, maps and scored pairs. Values never appear
//! in an error; a line number does.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::ByteRecord;
use serde::Deserialize;

use super::{Error, Records, source_of};
use crate::files;
use crate::files::saved::{SavedCsv, saved_csv};
use crate::ids::RowId;

/// One record of the truth file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Its true person, as a number.
    pub(super) person: u32,
    /// Its row, where an agency packaged it: a place in [`RecordSet::rows`].
    pub(super) row: Option<u32>,
}

/// One row of a package.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// A place in [`Links::sources`].
    pub(super) source: u16,
    pub(super) id: RowId,
    /// The person it was linked to, where its source's map has it.
    pub(super) linked: Option<u32>,
}

/// A linked source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) name: String,
    /// Whether it was declared to hold each person once.
    pub(super) unique_people: bool,
}

/// The maps of a linkage.
#[derive(Debug)]
pub(super) struct Links {
    pub(super) sources: Vec<Source>,
    person_of: HashMap<(u16, RowId), u32>,
}

/// The truth file: where each record is among the records.
#[derive(Debug)]
pub(super) struct Truth {
    place: HashMap<Box<[u8]>, u32>,
    records: Vec<Record>,
}

/// Records with truth, and the rows they are in.
#[derive(Debug)]
pub(super) struct RecordSet {
    pub(super) records: Vec<Record>,
    pub(super) rows: Vec<Row>,
    row_at: HashMap<(u16, RowId), u32>,
    without_truth: u64,
}

impl RecordSet {
    /// What there is to measure.
    pub(super) fn counts(&self) -> Records {
        let packaged = self.records.iter().filter_map(|r| r.row);
        let unmapped = packaged.clone().filter(|&r| self.rows[r as usize].linked.is_none());
        let in_truth = self.records.len() as u64;
        let packaged = packaged.count() as u64;
        Records {
            in_truth,
            packaged,
            not_packaged: in_truth - packaged,
            without_truth: self.without_truth,
            without_map: unmapped.count() as u64,
        }
    }
}

/// Two rows that `link` compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScoredPair {
    /// Places in [`RecordSet::rows`].
    pub(super) rows: [u32; 2],
    pub(super) probability: f64,
    pub(super) weight: f64,
}

/// A CSV file being read, row by row.
struct Table {
    path: PathBuf,
    reader: SavedCsv,
    row: ByteRecord,
}

impl Table {
    fn open(path: &Path) -> Result<Table, Error> {
        Ok(Table { path: path.to_owned(), reader: saved_csv(path)?, row: ByteRecord::new() })
    }

    /// The places of these columns.
    fn columns<const N: usize>(&mut self, names: [&'static str; N]) -> Result<[usize; N], Error> {
        let path = self.path.clone();
        let header = self.reader.byte_headers().map_err(|e| broken(&path, &e))?;
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(names) {
            *place = header
                .iter()
                .position(|cell| cell == column.as_bytes())
                .ok_or_else(|| Error::Column { path: path.clone(), column })?;
        }
        Ok(places)
    }

    /// Reads the next row; false at the end.
    fn next(&mut self) -> Result<bool, Error> {
        let read = self.reader.read_byte_record(&mut self.row);
        read.map_err(|e| broken(&self.path, &e))
    }

    fn line(&self) -> u64 {
        self.row.position().map_or(0, csv::Position::line)
    }

    fn wrong(&self, expected: &'static str) -> Error {
        Error::Row { path: self.path.clone(), line: self.line(), expected }
    }

    fn conflict(&self, what: &'static str) -> Error {
        Error::Conflict { path: self.path.clone(), line: self.line(), what }
    }

    fn parsed<T: FromStr>(&self, column: usize, expected: &'static str) -> Result<T, Error> {
        let text = std::str::from_utf8(&self.row[column]).ok();
        text.and_then(|text| text.parse().ok()).ok_or_else(|| self.wrong(expected))
    }

    fn row_id(&self, column: usize) -> Result<RowId, Error> {
        self.parsed(column, "expected a row id of 32 hexadecimal digits")
    }
}

fn broken(path: &Path, e: &csv::Error) -> Error {
    let line = e.position().map_or(0, csv::Position::line);
    match e.kind() {
        csv::ErrorKind::Io(source) => {
            let source = std::io::Error::from(source.kind());
            files::io_error(path, "read", source).into()
        }
        _ => {
            let expected = "expected as many cells as the header has columns";
            Error::Row { path: path.to_owned(), line, expected }
        }
    }
}

/// A place in a list, as four bytes.
fn place(len: usize) -> Result<u32, Error> {
    u32::try_from(len).map_err(|_| Error::TooMany)
}

/// Reads a truth file of two columns: the record, and its person.
pub(super) fn truth(path: &Path) -> Result<Truth, Error> {
    let mut table = Table::open(path)?;
    let mut people: HashMap<Box<[u8]>, u32> = HashMap::new();
    let mut truth = Truth { place: HashMap::new(), records: Vec::new() };
    while table.next()? {
        if table.row.len() != 2 {
            return Err(table.wrong("expected two columns: a record, and its person"));
        }
        let (record, person) = (&table.row[0], &table.row[1]);
        if record.is_empty() || person.is_empty() {
            return Err(table.wrong("expected a record and its person; a cell is empty"));
        }
        let next = place(people.len())?;
        let person = *people.entry(person.into()).or_insert(next);
        let next = place(truth.records.len())?;
        match truth.place.get(record) {
            None => {
                truth.place.insert(record.into(), next);
                truth.records.push(Record { person, row: None });
            }
            Some(&before) if truth.records[before as usize].person == person => {}
            Some(_) => return Err(table.conflict("the record stands for another person above")),
        }
    }
    if truth.records.is_empty() {
        return Err(Error::Empty { path: path.to_owned() });
    }
    Ok(truth)
}

/// The part of a run record that says what the sources are.
#[derive(Debug, Deserialize)]
struct Run {
    #[serde(default)]
    sources: Vec<RunSource>,
}

#[derive(Debug, Deserialize)]
struct RunSource {
    name: String,
    #[serde(default)]
    unique_people: bool,
}

/// Reads every map of a linkage; without a run record no source is taken as unique.
pub(super) fn links(folder: &Path) -> Result<Links, Error> {
    let maps = folder.join("to-analyst");
    let not_links = || Error::NotLinks { path: folder.to_owned() };
    let mut named: Vec<(String, PathBuf)> = fs::read_dir(&maps)
        .map_err(|_| not_links())?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            Some((source_of(&path, ".map.csv")?, path))
        })
        .collect();
    named.sort();
    if named.is_empty() {
        return Err(not_links());
    }
    let run = folder.join("keep").join("run.json");
    let unique: Vec<String> = if run.exists() {
        let text = files::read_text(&run)?;
        let run: Run = serde_json::from_str(&text).map_err(|_| Error::Run { path: run })?;
        run.sources.into_iter().filter(|s| s.unique_people).map(|s| s.name).collect()
    } else {
        Vec::new()
    };
    let mut links = Links { sources: Vec::new(), person_of: HashMap::new() };
    let mut people: HashMap<Box<[u8]>, u32> = HashMap::new();
    for (name, path) in named {
        let source = u16::try_from(links.sources.len()).map_err(|_| Error::TooMany)?;
        let mut table = Table::open(&path)?;
        let [row_id, person_id] = table.columns(["row_id", "person_id"])?;
        while table.next()? {
            let next = place(people.len())?;
            let person = *people.entry(table.row[person_id].into()).or_insert(next);
            let before = links.person_of.insert((source, table.row_id(row_id)?), person);
            if before.is_some_and(|before| before != person) {
                return Err(table.conflict("the row is mapped to another person above"));
            }
        }
        let unique_people = unique.contains(&name);
        links.sources.push(Source { name, unique_people });
    }
    Ok(links)
}

/// Reads the row files and finds the rows of the records with truth.
pub(super) fn records(paths: &[PathBuf], links: &Links, truth: Truth) -> Result<RecordSet, Error> {
    let Truth { place: places, records } = truth;
    let mut set = RecordSet { records, rows: Vec::new(), row_at: HashMap::new(), without_truth: 0 };
    let mut given: Vec<u16> = Vec::new();
    for path in paths {
        let name = source_of(path, ".rows.csv");
        let name = name.ok_or_else(|| Error::RowsName { path: path.clone() })?;
        let source = links.sources.iter().position(|s| s.name == name);
        let source = source.ok_or_else(|| Error::NotLinked { path: path.clone() })? as u16;
        if given.contains(&source) {
            return Err(Error::RowsTwice { path: path.clone() });
        }
        given.push(source);
        let mut table = Table::open(path)?;
        let [record_id, row_id] = table.columns(["record_id", "row_id"])?;
        while table.next()? {
            let id = table.row_id(row_id)?;
            let next = place(set.rows.len())?;
            let row = *set.row_at.entry((source, id)).or_insert(next);
            if row == next {
                let linked = links.person_of.get(&(source, id)).copied();
                set.rows.push(Row { source, id, linked });
            }
            let Some(&record) = places.get(&table.row[record_id]) else {
                set.without_truth += 1;
                continue;
            };
            let record = &mut set.records[record as usize];
            match record.row {
                None => record.row = Some(row),
                Some(before) if before == row => {}
                Some(before) if set.rows[before as usize].source == source => {
                    return Err(table.conflict("the record has another row id above"));
                }
                Some(_) => {
                    return Err(table.conflict(
                        "the record is in another source too; records of the truth file \
                         must be in one source",
                    ));
                }
            }
        }
    }
    match (0..).zip(&links.sources).find(|(place, _)| !given.contains(place)) {
        Some((_, source)) => Err(Error::RowsMissing { name: source.name.clone() }),
        None => Ok(set),
    }
}

/// Reads the pairs that `link` scored.
pub(super) fn scored_pairs(
    folder: &Path,
    records: &RecordSet,
    links: &Links,
) -> Result<Vec<ScoredPair>, Error> {
    let mut table = Table::open(&folder.join("keep").join("pairs.csv"))?;
    let [source_a, row_a, source_b, row_b, weight, probability] =
        table.columns(["source_a", "row_id_a", "source_b", "row_id_b", "weight", "probability"])?;
    let mut pairs = Vec::new();
    while table.next()? {
        let row = |source: usize, row: usize| {
            let name = &table.row[source];
            let source = links.sources.iter().position(|s| s.name.as_bytes() == name);
            let source = source.ok_or_else(|| table.wrong("expected a source with a map"))?;
            let at = records.row_at.get(&(source as u16, table.row_id(row)?));
            at.copied().ok_or_else(|| table.wrong("expected a row of the row files"))
        };
        let rows = [row(source_a, row_a)?, row(source_b, row_b)?];
        let weight: f64 = table.parsed(weight, "expected a number as weight")?;
        let probability: f64 =
            table.parsed(probability, "expected a number from 0 to 1 as probability")?;
        if !(0.0..=1.0).contains(&probability) || weight.is_nan() {
            return Err(table.wrong("expected a probability from 0 to 1, and a weight"));
        }
        pairs.push(ScoredPair { rows, probability, weight });
    }
    Ok(pairs)
}
