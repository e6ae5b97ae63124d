//! The answers of a run, found a second and plainer way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::WrongAnswer;
use crate::demo::town::Town;
use crate::files;
use crate::kernel::Rows;
use crate::package;
use crate::slk::Profile;
use crate::slk::check::check;
use crate::slk::export::Keyed;

/// The least share of right links, and of matches found, in a made town: a wrong turn in any
/// stage shows here.
const LEAST_PRECISION: f64 = 0.95;
const LEAST_RECALL: f64 = 0.85;

/// What the parties of the town did.
pub(super) fn town(home: &Path, town: &Town) -> Result<(), crate::Error> {
    for agency in &town.agencies {
        let run = &agency.run;
        is("deidentify", agency.records, run.rows_in)?;
        is("deidentify", run.rows_in, run.rows_used + run.rows_set_aside.total())?;
        let verified = package::verify(&home.join(agency.carried_package()))?;
        is("deidentify", run.people, verified.people)?;
    }
    let quality = &town.quality.pairs;
    for (name, share, least) in [
        ("precision", quality.precision, LEAST_PRECISION),
        ("recall", quality.recall_packaged, LEAST_RECALL),
    ] {
        let share = share.unwrap_or_default();
        if share < least {
            return Err(wrong("link", format!("a {name} of {least}"), format!("{share:.3}")));
        }
    }
    journeys(home, town)
}

/// Everybody with an event that is in a map has a journey, and nobody else.
fn journeys(home: &Path, town: &Town) -> Result<(), crate::Error> {
    let mut person_of: BTreeMap<String, String> = BTreeMap::new();
    for agency in &town.agencies {
        for [row, person] in cells(&home.join(agency.carried_map()), ["row_id", "person_id"])? {
            person_of.insert(row, person);
        }
    }
    let mut people = BTreeSet::new();
    let mut events = 0;
    for agency in &town.agencies {
        for [row] in cells(&home.join(agency.carried_events()), ["row_id"])? {
            events += 1;
            people.extend(person_of.get(&row));
        }
    }
    is("pathways", events, town.pathways.events_read)?;
    is("pathways", people.len() as u64, town.pathways.people)
}

/// Every row is there as it was, with a key that is one by its own rules.
pub(super) fn keyed(
    export: &Path,
    with_keys: &Path,
    profile: Profile,
    keyed: &Keyed,
) -> Result<(), crate::Error> {
    let mut before = reader(export)?;
    let mut after = reader(with_keys)?;
    let fail = |e| damaged(with_keys, e);
    let own = before.headers().map_err(fail)?.len();
    let (mut rows, mut keys) = (0, 0);
    let mut pairs = before.records().zip(after.records());
    while let Some((Ok(plain), Ok(row))) = pairs.next() {
        rows += 1;
        if !plain.iter().eq(row.iter().take(own)) {
            return Err(wrong("slk", "each row as it was".into(), "another".into()));
        }
        let key = row.get(own).unwrap_or_default();
        if !key.is_empty() {
            keys += 1;
            if check(key, profile).is_err() {
                return Err(wrong("slk", "well-formed keys".into(), "one that is not".into()));
            }
        }
    }
    is("slk", keyed.rows, rows)?;
    is("slk", keyed.keys, keys)
}

/// The pairs within the limit, by nested loops over bytes.
pub(super) fn compared(
    a: Rows<'_>,
    b: Rows<'_>,
    limit: u32,
    mut near: Vec<(usize, usize, u32)>,
) -> Result<(), crate::Error> {
    near.sort_unstable();
    let mut expected = Vec::new();
    // A part of the queries says enough, and the plain way is slow.
    let queries = a.len().min(100);
    near.retain(|&(i, ..)| i < queries);
    for i in 0..queries {
        for j in 0..b.len() {
            let differ: u32 =
                a.row(i).iter().zip(b.row(j)).map(|(x, y)| (x ^ y).count_ones()).sum();
            if differ <= limit {
                expected.push((i, j, differ));
            }
        }
    }
    if near != expected {
        return Err(wrong(
            "compare",
            format!("{} near pairs", expected.len()),
            format!("{} or others", near.len()),
        ));
    }
    Ok(())
}

/// The cells of some columns, row by row.
fn cells<const N: usize>(
    path: &Path,
    columns: [&str; N],
) -> Result<Vec<[String; N]>, crate::Error> {
    let mut reader = reader(path)?;
    let fail = |e| damaged(path, e);
    let header = reader.headers().map_err(fail)?.clone();
    let places = columns.map(|name| header.iter().position(|have| have == name));
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(fail)?;
        rows.push(places.map(|at| at.and_then(|at| record.get(at)).unwrap_or_default().to_owned()));
    }
    Ok(rows)
}

fn reader(path: &Path) -> Result<csv::Reader<std::fs::File>, crate::Error> {
    Ok(csv::ReaderBuilder::new().flexible(true).from_reader(files::open(path)?))
}

fn damaged(path: &Path, e: csv::Error) -> crate::Error {
    let e = match e.into_kind() {
        csv::ErrorKind::Io(e) => e,
        _ => std::io::Error::other("it is no CSV file"),
    };
    files::io_error(path, "read", e).into()
}

fn is(stage: &'static str, expected: u64, found: u64) -> Result<(), crate::Error> {
    match expected == found {
        true => Ok(()),
        false => Err(wrong(stage, expected.to_string(), found.to_string())),
    }
}

fn wrong(stage: &'static str, expected: String, found: String) -> crate::Error {
    WrongAnswer { stage, expected, found }.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_too_many_or_too_few_is_a_wrong_answer() {
        let (a, b) = ([0u8, 0xff], [0u8, 0x0f]);
        let rows = |bytes| Rows::new(bytes, 1).expect("whole rows");
        let right = vec![(0, 0, 0), (0, 1, 4), (1, 1, 4)];
        assert!(compared(rows(&a), rows(&b), 4, right.clone()).is_ok());
        assert!(compared(rows(&a), rows(&b), 4, right[1..].to_vec()).is_err());
        assert!(compared(rows(&a), rows(&b), 3, right).is_err());
    }
}
