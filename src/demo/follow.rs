//! One synthetic person, as each party sees them: the record with a name at two agencies,
//! the coded row that leaves, the line of the map, the journey. Nobody real is in it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Serialize;

use super::Error;
use super::town::Agency;
use crate::files;
use crate::package::Package;

/// A person that two agencies know under names spelled differently.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Followed {
    /// What the two agencies have of them.
    pub traces: Vec<Trace>,
    /// The match key by which the two rows agree.
    pub match_key: String,
    /// Its token, the same in both packages, in hexadecimal.
    pub token: String,
    /// The pseudonym that the linkage unit gives them.
    pub person_id: String,
    /// What the analyst sees.
    pub journey: Vec<Step>,
}

/// What one agency has of the person, and under which row id it gives it away.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Trace {
    /// The agency.
    pub agency: String,
    /// Record number, family name, given name and birth date, as the agency wrote them.
    pub record: [String; 4],
    /// The row id.
    pub row_id: String,
}

/// One episode of the journey.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The program.
    pub program: String,
    /// Its start.
    pub start: String,
    /// Its end; empty while it is open.
    pub end: String,
}

// Made-up values, but values: kept out of logs as those of a real person are.
impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Followed({} agencies, {} steps)", self.traces.len(), self.journey.len())
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({})", self.agency)
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Step")
    }
}

/// Finds a person to follow: a definite link of the first two agencies, who wrote the name
/// differently, with a journey of several steps. Of several such, the one with the first
/// record number.
pub(super) fn one_person(
    home: &Path,
    agencies: &[Agency],
) -> Result<Option<Followed>, crate::Error> {
    let [first, second, ..] = agencies else { return Ok(None) };
    let records = [records(home, first)?, records(home, second)?];
    let persons: BTreeMap<String, String> =
        rows(&home.join(first.carried_map()), ["row_id", "person_id"])?
            .into_iter()
            .map(|[row, person]| (row, person))
            .collect();
    let mut journeys: BTreeMap<String, Vec<Step>> = BTreeMap::new();
    let steps = rows(
        &home.join("analyst/pathways/keep/journeys.csv"),
        ["person_id", "program", "start", "end"],
    )?;
    for [person, program, start, end] in steps {
        journeys.entry(person).or_default().push(Step { program, start, end });
    }
    let pairs = rows(
        &home.join("linkage-unit/links/keep/pairs.csv"),
        ["source_a", "row_id_a", "source_b", "row_id_b", "band", "rule"],
    )?;
    let mut best: Option<Followed> = None;
    for [source_a, row_a, source_b, row_b, band, rule] in pairs {
        let (row_first, row_second) = match (&source_a, &source_b) {
            (a, b) if *a == first.name && *b == second.name => (row_a, row_b),
            (a, b) if *a == second.name && *b == first.name => (row_b, row_a),
            _ => continue,
        };
        let (Some(x), Some(y)) = (records[0].get(&row_first), records[1].get(&row_second)) else {
            continue;
        };
        let Some(journey) = persons.get(&row_first).and_then(|p| journeys.get(p)) else {
            continue;
        };
        let telling = band == "definite" && spelled_differently(x, y) && journey.len() >= 2;
        let earlier = best.as_ref().is_some_and(|b| b.traces[0].record[0] <= x[0]);
        if !telling || earlier {
            continue;
        }
        let trace = |agency: &Agency, record: &[String; 4], row_id: String| Trace {
            agency: agency.name.clone(),
            record: record.clone(),
            row_id,
        };
        best = Some(Followed {
            person_id: persons[&row_first].clone(),
            traces: vec![trace(first, x, row_first), trace(second, y, row_second)],
            match_key: rule,
            token: String::new(),
            journey: journey.clone(),
        });
    }
    let Some(mut followed) = best else { return Ok(None) };
    followed.token = token(&home.join(first.carried_package()), &followed)?;
    Ok(Some(followed))
}

/// The records of an agency by the row id they were given; of several, the first.
fn records(home: &Path, agency: &Agency) -> Result<BTreeMap<String, [String; 4]>, crate::Error> {
    let mut row_of: BTreeMap<String, String> = BTreeMap::new();
    for [record, row] in rows(&home.join(agency.kept_rows()), ["record_id", "row_id"])? {
        row_of.insert(record, row);
    }
    let export = home.join(&agency.folder).join("export.csv");
    let columns = ["client_id", "family_name", "given_name", "birth_date"];
    let mut records = BTreeMap::new();
    for record in rows(&export, columns)? {
        if let Some(row) = row_of.get(&record[0]) {
            records.entry(row.clone()).or_insert(record);
        }
    }
    Ok(records)
}

/// Whether the family name is another one, beyond case and blanks.
fn spelled_differently(a: &[String; 4], b: &[String; 4]) -> bool {
    let plain = |name: &str| name.trim().to_uppercase();
    let whole = |r: &[String; 4]| r[1..].iter().all(|cell| !cell.trim().is_empty());
    whole(a) && whole(b) && plain(&a[1]) != plain(&b[1])
}

/// The token that the person's row has for the match key, in hexadecimal.
fn token(package: &Path, followed: &Followed) -> Result<String, crate::Error> {
    let package = Package::open(package)?;
    let keys = &package.manifest().match_keys;
    let key = keys.iter().position(|k| k.name == followed.match_key);
    let hex = |bytes: &[u8; 16]| format!("{:032x}", u128::from_be_bytes(*bytes));
    let row = package.row_ids().iter().position(|id| hex(id) == followed.traces[0].row_id);
    Ok(match (key, row) {
        (Some(key), Some(row)) => hex(&package.tokens(key).values()[row]),
        _ => String::new(),
    })
}

/// These columns of a CSV file that a room has just written.
fn rows<const N: usize>(path: &Path, columns: [&str; N]) -> Result<Vec<[String; N]>, crate::Error> {
    let bad = |line: u64| Error::Unreadable { path: path.to_owned(), line };
    let mut reader = csv::Reader::from_reader(files::open(path)?);
    let header = reader.headers().map_err(|_| bad(1))?.clone();
    let mut places = [0; N];
    for (place, column) in places.iter_mut().zip(columns) {
        *place = header.iter().position(|name| name == column).ok_or_else(|| bad(1))?;
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| bad(e.position().map_or(0, csv::Position::line)))?;
        rows.push(places.map(|place| record.get(place).unwrap_or_default().to_owned()));
    }
    Ok(rows)
}
