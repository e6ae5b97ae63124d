//! A key file with some bytes changed: it is the same key, or it is refused, and nothing of it is
//! repeated.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use veilway::error::{Class, Fault};
use veilway::key::ProjectKey;
use veilway::project::{Preset, Project};

use super::{edited, home, shown};

#[path = "../../tests/room/keys.rs"]
#[allow(dead_code)]
mod keys;

struct Base {
    path: PathBuf,
    text: Vec<u8>,
    project: Project,
    fingerprint: String,
}

/// One input: nothing to choose, and what is changed.
pub fn run((_, edits): (u8, &[u8])) {
    static BASE: OnceLock<Base> = OnceLock::new();
    let base = BASE.get_or_init(Base::new);
    let text = edited(&base.text, edits);
    fs::write(&base.path, &text).expect("written");
    match ProjectKey::load(&base.path) {
        Ok(key) => {
            let fingerprint = key.fingerprint(&base.project).to_string();
            assert!(fingerprint == base.fingerprint, "a changed key is another, and was taken");
        }
        Err(e) => {
            assert!(e.class() == Class::Key);
            shown(&e.to_string());
            let text = String::from_utf8_lossy(&text);
            let message = e.to_string();
            for line in text.lines().filter(|line| line.len() > 30) {
                let end = line.get(line.len() - 8..).unwrap_or(line);
                assert!(!message.contains(end), "a piece of the file is shown");
            }
        }
    }
}

impl Base {
    fn new() -> Base {
        let path = home("key").join("project.key");
        let project = Project::parse(&Preset::Minimal.toml("yard", "2026"), "p").expect("a preset");
        keys::write(&path, keys::PROJECT, "yard");
        let text = fs::read(&path).expect("read");
        let key = ProjectKey::load(&path).expect("a key");
        let fingerprint = key.fingerprint(&project).to_string();
        Base { path, text, project, fingerprint }
    }
}
