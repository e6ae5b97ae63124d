//! Any bytes as a table of counts that is to be published: its counts are found and attacked, or
//! the file is refused with a reason.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use veilway::disclosure::Threshold;
use veilway::error::{Class, Fault};
use veilway::release::{Job, Reading, check};

use super::{edited, home, shown};

const TABLE: &str = "program,period,people\nhousing,2025,120\nhousing,2026,n.p.\n\
    health,2025,35\nhealth,2026,41\nTotal,2025,155\nTotal,2026,64\n";

/// One input: whether a sound table is changed or the bytes are one, and the bytes.
pub fn run(input: (u8, &[u8])) {
    static PLACE: OnceLock<PathBuf> = OnceLock::new();
    let path = PLACE.get_or_init(|| home("tables").join("table.csv"));
    let (choice, body) = input;
    let bytes = match choice & 1 {
        0 => edited(TABLE.as_bytes(), body),
        _ => [b"program,people\n", body].concat(),
    };
    fs::write(path, bytes).expect("written");
    let job = Job {
        tables: vec![path.clone()],
        reading: Reading::default(),
        threshold: Threshold::new(10),
        ledger: None,
        record: None,
    };
    match check(&job) {
        Ok(check) => {
            assert!(check.withheld <= check.counts);
        }
        Err(e) => {
            assert!(e.class() == Class::Input, "{e}");
            shown(&e.to_string());
        }
    }
}
