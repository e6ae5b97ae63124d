//! What the fuzz targets do with an input: for libFuzzer (`fuzz_targets/`), and for the random
//! bytes of `cargo test --test fuzz`, which needs no more than any test.

pub mod csv_row;
pub mod formats;
pub mod key;
pub mod package;
pub mod settings;
pub mod slk;
pub mod tables;

use std::path::PathBuf;

/// A folder of this process for files that a target needs, made once.
fn home(target: &str) -> PathBuf {
    let home = std::env::temp_dir().join(format!("veilway-fuzz-{target}-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("a folder");
    home
}

/// Says no more than where, what was expected and what to do: a message is one or more lines of
/// text that a terminal shows as they are.
fn shown(message: &str) {
    assert!(message.chars().all(|c| c == '\n' || !c.is_control()), "{message:?}");
}

/// Every three bytes change one: how, and where.
fn edited(bytes: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits.chunks_exact(3).take(16) {
        let place = usize::from(edit[1]) << 8 | usize::from(edit[2]);
        // Heads and tails of files say what is where: half of the edits are there.
        let place = match edit[0] & 3 {
            0 => place % bytes.len().max(1),
            1 => place % bytes.len().clamp(1, 256),
            2 => bytes.len().saturating_sub(1 + place % 2048),
            _ => place * 7 % bytes.len().max(1),
        };
        match edit[0] >> 2 {
            0 => bytes.truncate(place),
            1 => drop(bytes.get(place).copied().map(|byte| bytes.insert(place, byte))),
            value => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = byte.wrapping_add(value);
                }
            }
        }
    }
    bytes
}
