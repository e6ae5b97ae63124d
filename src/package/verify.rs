//! Checking a package to the last byte, and that it keeps the promise: one token, one
//! person.

use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use super::gate;
use super::manifest::FuzzySummary;
use super::{Error, FuzzyColumn, NO_TOKEN, Package, Token};

/// What was checked and found good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// The source's name.
    pub source: String,
    /// Rows.
    pub rows: u64,
    /// Different row ids.
    pub people: u64,
    /// Match-key columns.
    pub match_keys: usize,
    /// Tokens in all columns.
    pub tokens: u64,
    /// Values of the fuzzy column, where there is one.
    pub fuzzy: Option<u64>,
    /// The digest of the file, recomputed.
    pub digest: String,
}

/// Checks a package: the digest of the whole file, that rows are sorted and as many as the
/// manifest says, that null slots are empty, that no token is held by more people than the
/// project allows, and that no fuzzy value is there twice.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(path: &Path) -> Result<Verified, Error> {
    let package = Package::open(path)?;
    let digest = package.computed_digest();
    if digest != package.digest() {
        return Err(Error::Damaged {
            path: path.to_owned(),
            what: "its digest does not fit; some byte was changed",
        });
    }
    let manifest = package.manifest();
    let broken = |column: Option<&str>, what| Error::Broken {
        path: path.to_owned(),
        column: column.map(str::to_owned),
        what,
    };
    let ids = package.row_ids();
    if !ids.is_sorted() {
        return Err(broken(Some(gate::ROW_ID), "rows are not sorted by row id"));
    }
    let people = ids.chunk_by(|a, b| a == b).count() as u64;
    if people != manifest.people {
        return Err(broken(None, "the manifest's number of people is not that of the row ids"));
    }
    let tokens: Vec<u64> = manifest
        .match_keys
        .par_iter()
        .enumerate()
        .map(|(i, key)| {
            let counted = sum([key.filled, key.missing, key.shared, key.repeated]);
            let filled = check_column(&package, i).map_err(|what| broken(Some(&key.name), what))?;
            if filled != key.filled || counted != Some(manifest.rows) {
                return Err(broken(Some(&key.name), COUNTS));
            }
            Ok(filled)
        })
        .collect::<Result<_, Error>>()?;
    let fuzzy = match (manifest.fuzzy, package.fuzzy()) {
        (Some(FuzzySummary { filled, missing, shared, repeated, .. }), Some(column)) => {
            let broken = |what| broken(Some(gate::FUZZY), what);
            let found = check_fuzzy(column, package.rows()).map_err(broken)?;
            let counted = sum([filled, missing, shared, repeated]);
            if found != filled || counted != Some(manifest.rows) {
                return Err(broken(COUNTS));
            }
            Some(found)
        }
        _ => None,
    };
    Ok(Verified {
        source: manifest.source.to_string(),
        rows: package.rows() as u64,
        people,
        match_keys: tokens.len(),
        tokens: tokens.iter().sum(),
        fuzzy,
        digest,
    })
}

const COUNTS: &str = "the manifest's counts are not the column's";

fn sum(counts: [u64; 4]) -> Option<u64> {
    counts.into_iter().try_fold(0u64, u64::checked_add)
}

/// Counts the tokens of one column.
fn check_column(package: &Package, match_key: usize) -> Result<u64, &'static str> {
    let column = package.tokens(match_key);
    let mut filled: Vec<Token> = Vec::with_capacity(column.valid_count());
    for (row, &value) in column.values().iter().enumerate() {
        match (column.is_valid(row), value == NO_TOKEN) {
            (true, false) => filled.push(value),
            (false, true) => {}
            (true, true) => return Err("a token is a constant"),
            (false, false) => return Err("a null slot is not empty"),
        }
    }
    if filled.len() != column.valid_count() {
        return Err("its number of nulls is wrong");
    }
    filled.sort_unstable();
    // A person has a token once, so as many rows are as many people.
    let limit = package.manifest().people_per_token as usize;
    if filled.chunk_by(|a, b| a == b).any(|same| same.len() > limit) {
        return Err("a token is held by more people than the project allows");
    }
    Ok(filled.len() as u64)
}

/// Counts the values of the fuzzy column.
fn check_fuzzy(column: FuzzyColumn<'_>, rows: usize) -> Result<u64, &'static str> {
    let mut filled: Vec<&[u8]> = Vec::with_capacity(column.valid_count());
    for (row, value) in (0..rows).zip(column.bytes().chunks_exact(column.width())) {
        match (column.is_valid(row), value.iter().all(|byte| *byte == 0)) {
            (true, false) => filled.push(value),
            (false, true) => {}
            (true, true) => return Err("a value is a constant"),
            (false, false) => return Err("a null slot is not empty"),
        }
    }
    if filled.len() != column.valid_count() {
        return Err("its number of nulls is wrong");
    }
    filled.par_sort_unstable();
    // A person has a value once, so two rows are two people.
    if filled.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err("a value is held by more than one person");
    }
    Ok(filled.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::error::{Class, Fault};
    use crate::package::Contents;
    use crate::package::write::tests::{bytes_of, small, small_fuzzy};
    use crate::project::fuzzy::FuzzyEncoding;

    fn verify_bytes(bytes: &[u8]) -> Result<Verified, Error> {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("a.package.arrow");
        fs::write(&path, bytes).expect("written");
        verify(&path)
    }

    #[test]
    fn a_good_package_is_verified_and_read_back() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("a.package.arrow");
        fs::write(&path, bytes_of(small())).expect("written");
        let verified = verify(&path).expect("verified");
        assert_eq!((verified.rows, verified.people, verified.tokens), (4, 3, 4));

        let package = Package::open(&path).expect("opened");
        let Contents { manifest, row_ids, tokens, quality, .. } = small();
        assert!(package.fuzzy().is_none());
        assert_eq!(package.manifest(), &manifest);
        assert_eq!(package.rows(), 4);
        assert!(package.row_ids().iter().eq(row_ids.iter().map(|id| &id.0)));
        assert_eq!(package.quality(), quality);
        for (i, expected) in tokens.iter().enumerate() {
            let column = package.tokens(i);
            assert_eq!(column.values(), expected);
            let valid: Vec<bool> = (0..4).map(|row| column.is_valid(row)).collect();
            let filled: Vec<bool> = expected.iter().map(|t| *t != NO_TOKEN).collect();
            assert_eq!(valid, filled);
            assert_eq!(column.valid_count(), filled.iter().filter(|f| **f).count());
        }
    }

    #[test]
    fn a_fuzzy_column_is_read_back() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("a.package.arrow");
        for word in ["eld", "eld-high-assurance", "danger-unhardened-clk"] {
            let contents = small_fuzzy(FuzzyEncoding::named(word).expect("an encoding"));
            fs::write(&path, bytes_of(contents.clone())).expect("written");
            assert_eq!(verify(&path).expect("verified").fuzzy, Some(3), "{word}");
            let package = Package::open(&path).expect("opened");
            assert_eq!(package.manifest(), &contents.manifest);
            assert_eq!(package.quality(), contents.quality);
            let column = package.fuzzy().expect("a fuzzy column");
            assert_eq!(column.bytes(), contents.fuzzy);
            assert_eq!((4 * column.width(), column.valid_count()), (contents.fuzzy.len(), 3));
            let valid: Vec<bool> = (0..4).map(|row| column.is_valid(row)).collect();
            assert_eq!(valid, [true, false, true, true]);
        }
    }

    /// Packages of format 1, written once and kept: they must open for ever.
    #[test]
    fn packages_of_format_1_still_open() {
        let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/formats/v1");
        for (name, contents) in
            [("small", small()), ("small-fuzzy", small_fuzzy(FuzzyEncoding::ELD))]
        {
            let path = home.join(format!("{name}.package.arrow"));
            let verified = verify(&path).expect("verified");
            assert_eq!((verified.rows, verified.people, verified.tokens), (4, 3, 4), "{name}");
            let package = Package::open(&path).expect("opened");
            assert_eq!(package.manifest(), &contents.manifest, "{name}");
            let fuzzy = package.fuzzy().map(|column| column.bytes().to_vec());
            assert_eq!(fuzzy.unwrap_or_default(), contents.fuzzy, "{name}");
        }
    }

    #[test]
    fn an_empty_package_is_good() {
        let mut contents = small();
        contents.row_ids.clear();
        contents.tokens.iter_mut().for_each(Vec::clear);
        contents.quality.clear();
        contents.manifest.rows = 0;
        contents.manifest.people = 0;
        for key in &mut contents.manifest.match_keys {
            (key.filled, key.missing, key.shared, key.repeated) = (0, 0, 0, 0);
        }
        assert_eq!(verify_bytes(&bytes_of(contents)).expect("verified").rows, 0);
    }

    #[test]
    fn broken_promises_are_found() {
        let found = |change: fn(&mut Contents)| {
            let mut contents = small();
            change(&mut contents);
            match verify_bytes(&bytes_of(contents)) {
                Err(Error::Broken { what, .. }) => what,
                other => panic!("expected a broken promise, found {other:?}"),
            }
        };
        let shared = found(|c| c.tokens[0][0] = c.tokens[0][1]);
        assert_eq!(shared, "a token is held by more people than the project allows");
        assert_eq!(found(|c| c.row_ids.reverse()), "rows are not sorted by row id");
        let counts = "the manifest's counts are not the column's";
        assert_eq!(found(|c| c.manifest.match_keys[1].shared += 1), counts);
        assert_eq!(found(|c| c.manifest.match_keys[1].shared = u64::MAX), counts);
        let people = "the manifest's number of people is not that of the row ids";
        assert_eq!(found(|c| c.manifest.people = 4), people);
        let with_fuzzy = |change: fn(&mut Contents)| {
            let mut contents = small_fuzzy(FuzzyEncoding::ELD);
            change(&mut contents);
            match verify_bytes(&bytes_of(contents)) {
                Err(Error::Broken { column: Some(column), what, .. }) if column == "fuzzy" => what,
                other => panic!("expected a broken promise, found {other:?}"),
            }
        };
        let twice = with_fuzzy(|c| c.fuzzy.copy_within(768..1024, 0));
        assert_eq!(twice, "a value is held by more than one person");
        let more = with_fuzzy(|c| c.manifest.fuzzy.as_mut().expect("fuzzy").missing = u64::MAX);
        assert_eq!(more, counts);
        assert_eq!(with_fuzzy(|c| c.fuzzy[256] = 1), counts);
    }

    #[test]
    fn every_flipped_and_every_cut_byte_is_found() {
        every_change_is_found(&bytes_of(small()), &[0x01, 0x20, 0x80, 0xff]);
        every_change_is_found(&bytes_of(small_fuzzy(FuzzyEncoding::UnhardenedClk)), &[0x20]);
    }

    fn every_change_is_found(good: &[u8], flips: &[u8]) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let path = home.path().join("a.package.arrow");
        let is_found = |bytes: &[u8]| {
            fs::write(&path, bytes).expect("written");
            verify(&path).is_err_and(|e| e.class() == Class::Package)
        };
        assert!(!is_found(good));
        for at in 0..good.len() {
            for flip in flips {
                let mut bad = good.to_vec();
                bad[at] ^= flip;
                assert!(is_found(&bad), "byte {at} flipped by {flip:#x}");
            }
            assert!(is_found(&good[..at]), "cut to {at} bytes");
            assert!(is_found(&good[at + 1..]), "{} bytes cut off the front", at + 1);
        }
        let mut longer = good.to_vec();
        longer.push(0);
        assert!(is_found(&longer));
    }

    #[test]
    fn other_formats_and_roles_are_refused() {
        let good = bytes_of(small());
        let swap = |from: &str, to: &str| {
            let mut bytes = good.clone();
            for at in 0..bytes.len() - from.len() {
                if bytes[at..].starts_with(from.as_bytes()) {
                    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
                }
            }
            verify_bytes(&bytes)
        };
        let newer = swap("\"format\":1", "\"format\":7");
        assert!(matches!(newer, Err(Error::Format { found: 7, .. })), "{newer:?}");
        let other = swap("identity-encoded", "content-of-events");
        assert!(matches!(other, Err(Error::Role { .. }) | Err(Error::Damaged { .. })), "{other:?}");
        let more = swap("\"role\":", "\"rule\":");
        assert!(matches!(more, Err(Error::Damaged { .. })), "{more:?}");
    }
}
