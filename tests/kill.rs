//! Nothing half-written: a run that is killed at any moment leaves the old output or none,
//! never a part; what it leaves hidden is its owner's alone, and the next run removes it. Two
//! runs to one place do not mix.

#![allow(clippy::disallowed_methods)]
#![cfg(unix)]

mod town;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use town::{Draws, Town, deidentify, hidden, tree};

/// Kills of each command.
const KILLS: u32 = 50;

/// No hidden entries.
const NOTHING: [std::path::PathBuf; 0] = [];

type Files = BTreeMap<String, Vec<u8>>;

/// A command whose output is `OUT`, and the whole outputs it may leave.
struct Case<'a> {
    town: &'a Town,
    /// The command line, without the output folder.
    line: String,
    old: Files,
    new: Files,
    /// How long an undisturbed run takes.
    takes: Duration,
}

impl<'a> Case<'a> {
    /// `old_line` makes the output that is there before; both lines end in `--out`.
    fn new(town: &'a Town, old_line: &str, line: &str) -> Self {
        let files = |out: &str| tree(&town.path(out)).expect("an output");
        town.ok(&format!("{old_line} old"));
        // The shortest of three: another test may be at work on the same machine.
        let run = |_| {
            let begun = Instant::now();
            town.ok(&format!("{line} new --force"));
            begun.elapsed()
        };
        let takes = (0..3).map(run).min().expect("three runs");
        let (old, new) = (files("old"), files("new"));
        assert!(old != new, "the outputs can be told apart");
        Case { town, line: line.to_owned(), old, new, takes }
    }

    /// Kills runs at random moments: first without an output, then over the old one.
    fn kill_at_random(&self, seed: u64) {
        let mut draws = Draws(seed);
        let (mut stopped, mut left_hidden) = (0, 0);
        for kill in 0..KILLS {
            let over_old = kill % 2 == 1;
            let place = format!("place-{kill}");
            let out = self.town.path(&place).join("out");
            if over_old {
                copy(&self.old, &out);
            } else {
                fs::create_dir_all(self.town.path(&place)).expect("made");
            }
            // Half of the moments are spread over the run, half over its end, when files
            // are written and put in place.
            let from = if kill % 4 < 2 { 0.0 } else { 0.6 };
            let delay = self.takes.mul_f64(from + (1.1 - from) * draws.share());
            let force = if over_old { " --force" } else { "" };
            let line = format!("{} {place}/out{force}", self.line);
            let mut child = self.town.start(&line, Stdio::null());
            sleep(delay);
            child.kill().expect("killed");
            let ended = child.wait().expect("ended");
            stopped += u32::from(!ended.success());

            let found = tree(&out);
            let what = format!("kill {kill} after {delay:?} of {:?}", self.takes);
            match (&found, over_old) {
                (None, false) => {}
                (Some(files), _) if *files == self.new => {}
                (Some(files), true) if *files == self.old => {}
                (Some(files), _) => panic!("{what}: a part: {:?}", files.keys()),
                (None, true) => panic!("{what}: the old output is gone"),
            }
            left_hidden += u32::from(!hidden(&self.town.path(&place)).is_empty());
            self.assert_hidden_from_others(&self.town.path(&place));

            // The next run to the same place removes what is left, and succeeds.
            if kill % 5 < 2 {
                self.town.ok(&format!("{} {place}/out --force", self.line));
                assert!(tree(&out).expect("an output") == self.new, "{what}: the run after");
                assert_eq!(hidden(&self.town.path(&place)), NOTHING, "{what}: left behind");
            }
        }
        assert!(stopped >= KILLS / 5, "only {stopped} runs were stopped before their end");
        assert!(left_hidden >= 3, "only {left_hidden} were stopped while they wrote");
    }

    /// Nobody else may look into the folders that a killed run left.
    fn assert_hidden_from_others(&self, place: &Path) {
        for path in hidden(place) {
            let mode = fs::metadata(&path).expect("metadata").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
        }
    }
}

fn copy(files: &Files, to: &Path) {
    for (name, bytes) in files {
        let path = to.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, bytes).expect("written");
        if name.starts_with("keep/") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("set");
        }
    }
}

/// A town whose agencies' keys were made, with two exports of one agency.
fn town() -> Town {
    let town = Town::synth(3_000, 2, 23);
    town.deidentify_all();
    town
}

const WITH_KEY: &str = "--agency-key housing/keep/agency.key --out";

fn deidentify_line(export: &str) -> String {
    format!(
        "deidentify {export} --events town/housing/events.csv --project town/project.toml \
         --source town/housing/source.toml --key-file project.key {WITH_KEY}"
    )
}

/// With so little memory that pairs go to the disk.
fn link_line(town: &Town, packages: usize) -> String {
    let packages = town.packages()[..packages].join(" ");
    format!("link {packages} --project town/project.toml --memory 16K --out")
}

#[test]
fn deidentify_killed_at_any_moment_leaves_no_part() {
    let town = town();
    let export = town.read("town/housing/export.csv");
    let half: Vec<&str> = export.lines().take(800).collect();
    town.write("half.csv", half.join("\n") + "\n");
    let old = deidentify_line("half.csv");
    Case::new(&town, &old, &deidentify_line("town/housing/export.csv")).kill_at_random(1);
}

#[test]
fn link_killed_at_any_moment_leaves_no_part() {
    let town = town();
    Case::new(&town, &link_line(&town, 1), &link_line(&town, 2)).kill_at_random(2);
}

#[test]
fn without_force_an_output_is_never_touched() {
    let town = town();
    let before = tree(&town.path("housing"));
    let said = town.fails(&deidentify("housing", "housing", ""), 6);
    assert!(said.contains("is there already") && said.contains("--force"), "{said}");
    assert!(tree(&town.path("housing")) == before);
}

/// Starts a run that has begun its output and waits for its export on standard input.
fn start_and_hold(town: &Town, more: &str) -> std::process::Child {
    let child = town.start(&format!("{} {more}", deidentify_line("-")), Stdio::piped());
    let begun = Instant::now();
    while !hidden(town.home()).iter().any(|path| path.is_dir()) {
        assert!(begun.elapsed() < Duration::from_secs(20), "the run did not begin");
        sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn what_a_killed_run_leaves_is_its_owners_alone_and_removed_by_the_next() {
    let town = town();
    let mut child = start_and_hold(&town, "out");
    child.kill().expect("killed");
    child.wait().expect("ended");
    let left = hidden(town.home());
    assert!(left.iter().any(|path| path.is_dir()));
    for path in &left {
        let mode = fs::metadata(path).expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", path.display());
    }
    // A run to another place leaves it alone.
    town.ok(&format!("{} elsewhere", deidentify_line("town/housing/export.csv")));
    assert_eq!(hidden(town.home()).len(), left.len());
    town.ok(&format!("{} out", deidentify_line("town/housing/export.csv")));
    assert_eq!(hidden(town.home()), NOTHING);
}

#[test]
fn a_second_run_to_the_same_place_is_refused_and_harms_nothing() {
    let town = town();
    let mut first = start_and_hold(&town, "out");
    for force in ["", " --force"] {
        let line = format!("{} out{force}", deidentify_line("town/housing/export.csv"));
        let said = town.fails(&line, 6);
        assert!(said.contains("another run is writing it"), "{said}");
    }
    let export = town.read("town/housing/export.csv");
    let mut stdin = first.stdin.take().expect("standard input");
    stdin.write_all(export.as_bytes()).expect("written");
    drop(stdin);
    assert!(first.wait().expect("ended").success());
    let keep = |files: Option<Files>| files.expect("an output").into_keys().collect::<Vec<_>>();
    assert_eq!(keep(tree(&town.path("out"))), keep(tree(&town.path("housing"))));
    assert_eq!(hidden(town.home()), NOTHING);
}

#[test]
fn of_several_runs_at_once_one_wins_and_the_others_say_why_not() {
    let town = town();
    town.ok(&format!("{} whole", link_line(&town, 2)));
    let whole = tree(&town.path("whole"));
    for force in ["", " --force"] {
        let line = format!("{} links{force}", link_line(&town, 2));
        let children: Vec<_> = (0..5).map(|_| town.start(&line, Stdio::null())).collect();
        let mut won = 0;
        for mut child in children {
            let mut said = String::new();
            child.stderr.take().expect("piped").read_to_string(&mut said).expect("read");
            let code = child.wait().expect("ended").code();
            if code == Some(0) {
                won += 1;
                continue;
            }
            assert_eq!(code, Some(6), "{said}");
            let reasons = ["another run is writing it", "is there already"];
            assert!(reasons.iter().any(|reason| said.contains(reason)), "{said}");
        }
        if force.is_empty() {
            assert_eq!(won, 1);
        }
        assert!(won >= 1);
        assert!(tree(&town.path("links")) == whole);
        assert_eq!(hidden(town.home()), NOTHING);
    }
}
