//! A made town and its agencies, in a temporary folder, worked on through the program
//! itself, as people do it.

// Every test uses some of this.
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

#[path = "../room/keys.rs"]
pub(crate) mod keys;

/// What a run of the program did.
pub(crate) struct Outcome {
    /// The exit code; nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Outcome {
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout).expect("a JSON document")
    }
}

/// A folder that the program is run in.
pub(crate) struct Town {
    home: tempfile::TempDir,
}

impl Town {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Town { home: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A synthetic population below `town/`, and a project key.
    pub(crate) fn synth(people: u32, sources: u32, seed: u32) -> Self {
        let town = Town::empty();
        town.ok(&format!(
            "synth --people {people} --sources {sources} --seed {seed} --out town --quiet"
        ));
        town.key("project.key");
        town
    }

    /// A project key, the same in every run.
    pub(crate) fn key(&self, name: &str) {
        keys::write(&self.path(name), keys::PROJECT, "town");
    }

    /// The agencies of a made town, by name.
    pub(crate) fn agencies(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path("town"))
            .expect("listed")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_dir())
            .map(|path| path.file_name().expect("a name").to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// De-identifies one agency's export into the folder `out`.
    pub(crate) fn deidentify(&self, agency: &str, out: &str, more: &str) -> Outcome {
        self.ok(&deidentify(agency, out, more))
    }

    /// De-identifies every agency's export, each into a folder of its name, with the same keys
    /// in every run.
    pub(crate) fn deidentify_all(&self) {
        for agency in self.agencies() {
            let key = format!("{agency}.key");
            keys::write(&self.path(&key), keys::AGENCY, &agency);
            self.deidentify(&agency, &agency, &format!("--agency-key {key}"));
        }
    }

    /// Where the packages of every agency are, once [`Town::deidentify_all`] was run.
    pub(crate) fn packages(&self) -> Vec<String> {
        let of = |agency: &String| format!("{agency}/to-linkage-unit/{agency}.package.arrow");
        self.agencies().iter().map(of).collect()
    }

    /// `evaluate` against the truth of a made town.
    pub(crate) fn evaluate(&self, links: &str) -> serde_json::Value {
        let rows: Vec<String> =
            self.agencies().iter().map(|a| format!("--rows {a}/keep/{a}.rows.csv")).collect();
        let rows = rows.join(" ");
        let line = format!("evaluate --links {links} --truth town/truth.csv {rows} --format json");
        self.ok(&line).json()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, bytes).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Starts the program on a command line whose words are separated by blanks.
    pub(crate) fn start(&self, line: &str, stdin: Stdio) -> Child {
        self.command(line)
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started")
    }

    /// Runs the program.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        let output = self.command(line).stdin(Stdio::null()).output().expect("run");
        Outcome { code: output.status.code(), stdout: output.stdout, stderr: output.stderr }
    }

    /// Runs the program, which must succeed.
    pub(crate) fn ok(&self, line: &str) -> Outcome {
        let outcome = self.run(line);
        assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.err());
        outcome
    }

    /// Runs the program, which must end with this exit code; gives what it said.
    pub(crate) fn fails(&self, line: &str, code: i32) -> String {
        let outcome = self.run(line);
        assert_eq!(outcome.code, Some(code), "{line}: {}", outcome.err());
        outcome.err()
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_veilway"));
        command.args(line.split_whitespace()).current_dir(self.home.path());
        command
    }
}

/// The command line that de-identifies one agency's export.
pub(crate) fn deidentify(agency: &str, out: &str, more: &str) -> String {
    format!(
        "deidentify town/{agency}/export.csv --events town/{agency}/events.csv \
         --project town/project.toml --source town/{agency}/source.toml \
         --key-file project.key --out {out} {more}"
    )
}

/// Every file below a folder and its bytes; nothing when there is no such folder.
pub(crate) fn tree(folder: &Path) -> Option<BTreeMap<String, Vec<u8>>> {
    folder.is_dir().then(|| {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(next) = folders.pop() {
            for entry in fs::read_dir(next).expect("listed") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(folder).expect("below");
                    files.insert(
                        name.to_string_lossy().into_owned(),
                        fs::read(&path).expect("read"),
                    );
                }
            }
        }
        files
    })
}

/// The hidden entries of a folder.
pub(crate) fn hidden(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("listed");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_hidden = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
    };
    paths.filter(is_hidden).collect()
}

/// A seeded stream of numbers (SplitMix64): the same in every run of the tests.
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to 1.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, (self.next() % (i as u64 + 1)) as usize);
        }
    }
}
