//! The HMACs of a run of `deidentify` and nothing else: what its cost is measured against.
//!
//! usage: hmacs_alone PROJECT KEY ROWS    one for each row and match key, of 40 bytes, on every
//! thread; prints how many, and their XOR, so that none can be left out

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::path::Path;

use rayon::prelude::*;
use veilway::key::{ProjectKey, Purpose};
use veilway::project::Project;

/// A family name, a birth date and a postcode, each with its length, are about as long.
const MESSAGE: usize = 40;

fn main() -> Result<(), veilway::Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [project, key, rows] = arguments.as_slice() else { return usage() };
    let Ok(rows) = rows.parse::<u64>() else { return usage() };
    let project = Project::load(Path::new(project))?;
    let key = ProjectKey::load(Path::new(key))?;
    let subkeys: Vec<_> = project
        .match_keys
        .iter()
        .map(|match_key| key.subkey(&project, Purpose::MatchKey, &match_key.name))
        .collect();
    let row = |row: u64| {
        let mut message = [0; MESSAGE];
        message[..8].copy_from_slice(&row.to_be_bytes());
        let macs = subkeys.iter().map(|subkey| u128::from_be_bytes(subkey.mac128(&message)));
        macs.fold(0, |all, mac| all ^ mac)
    };
    let all = (0..rows).into_par_iter().map(row).reduce(|| 0, |a, b| a ^ b);
    println!("{} {all:032x}", rows * subkeys.len() as u64);
    Ok(())
}

fn usage() -> Result<(), veilway::Error> {
    eprintln!("usage: hmacs_alone PROJECT KEY ROWS");
    Ok(())
}
