//! A package with some bytes changed: it is refused, by its digest at the latest; and one whose
//! digest was made to fit again is read within its own bounds, or refused.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};
use veilway::deidentify::{self, Job, Unhardened};
use veilway::error::{Class, Fault};
use veilway::files::Overwrite;
use veilway::key::ProjectKey;
use veilway::package::{Package, verify};
use veilway::progress::Progress;
use veilway::project::Project;
use veilway::sources::{Input, SourceSpec};
use veilway::synth::{self, Plan};

use super::{edited, home, shown};

struct Base {
    path: PathBuf,
    bytes: Vec<u8>,
    /// Where the digest's 64 digits stand.
    digest: usize,
}

/// One input: whether the digest is made to fit, and what is changed.
pub fn run(input: (u8, &[u8])) {
    static BASE: OnceLock<Base> = OnceLock::new();
    let base = BASE.get_or_init(Base::new);
    let (choice, edits) = input;
    let mut bytes = edited(&base.bytes, edits);
    let fits = choice & 1 == 1 && bytes.len() == base.bytes.len();
    if fits {
        let place = base.digest..base.digest + 64;
        bytes[place.clone()].fill(b'0');
        let digest = hex(&Sha256::digest(&bytes));
        bytes[place].copy_from_slice(digest.as_bytes());
    }
    // A new file each time: an open package is mapped, and must not change under its reader.
    fs::remove_file(&base.path).expect("removed");
    fs::write(&base.path, &bytes).expect("written");
    match Package::open(&base.path) {
        Ok(package) => read(&package),
        Err(e) => refused(&e),
    }
    match verify(&base.path) {
        Ok(_) => assert!(fits || bytes == base.bytes, "a changed package was taken"),
        Err(e) => {
            assert!(bytes != base.bytes, "{e}");
            refused(&e);
        }
    }
}

fn refused(e: &veilway::package::Error) {
    assert!(matches!(e.class(), Class::Package | Class::Refused), "{e}");
    shown(&e.to_string());
}

/// Everything that linking reads.
fn read(package: &Package) {
    let rows = package.rows();
    assert!(package.row_ids().len() == rows && package.quality().len() == rows);
    for key in 0..package.manifest().match_keys.len() {
        let column = package.tokens(key);
        assert!(column.values().len() == rows);
        // How many are valid is counted by `verify`; opening holds it to the rows.
        assert!(column.valid_count() <= rows);
        column.each_valid(0..rows, |row| assert!(row < rows));
    }
    if let Some(fuzzy) = package.fuzzy() {
        assert!(fuzzy.bytes().len() == rows * fuzzy.width());
        assert!(fuzzy.valid_count() <= rows);
    }
}

impl Base {
    fn new() -> Base {
        let home = home("package");
        let (made, out) = (home.join("synth"), home.join("out"));
        let plan = Plan::new(60, 2, 1).expect("a plan");
        synth::write(&plan, &made, Overwrite::Replace, &Progress::silent()).expect("made");
        let project = Project::load(&made.join("project.toml")).expect("a project");
        let source = SourceSpec::load(&made.join("housing/source.toml")).expect("a source");
        let key_file = home.join("project.key");
        if !key_file.exists() {
            ProjectKey::create(&key_file, &project).expect("a key");
        }
        let job = Job {
            export: Input::File(made.join("housing/export.csv")),
            events: Some(made.join("housing/events.csv")),
            project,
            source,
            key_file,
            agency_key: None,
            out: out.clone(),
            overwrite: Overwrite::Replace,
            unhardened: Unhardened::Refuse,
            today: jiff::civil::date(2026, 7, 1),
            as_at: None,
            memory: usize::MAX,
        };
        let summary = deidentify::run(&job, &Progress::silent()).expect("de-identified");
        let path = out.join(summary.package);
        let bytes = fs::read(&path).expect("read");
        let digest = Package::open(&path).expect("opened").digest().to_owned();
        let mut places = bytes.windows(64).enumerate().filter(|(_, w)| *w == digest.as_bytes());
        let (digest, _) = places.next().expect("the digest stands in the file");
        assert!(places.next().is_none(), "once");
        Base { path, bytes, digest }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
