//! The command line as its users meet it. Every file under `tests/cmd` is a transcript:
//! commands after `$`, then what they print (standard error after `!`), then `?` and the exit
//! code where it is not 0. Each runs in a folder of its own that holds two tiny agencies and
//! what they made; `SNAPSHOTS=overwrite cargo test --test cli` writes the transcripts anew.
//!
//! Beside its transcript, every command is held to the promises of all commands: a failure
//! changes no file, is the same as one JSON object, and shows no value of the data; a success
//! is one JSON document, quiet when asked to be, and the same with one thread.

#![allow(clippy::disallowed_methods)]

mod room;

use std::fs;
use std::path::{Path, PathBuf};

use room::{Room, ran};
use snapbox::{Assert, Data};

/// Runs every transcript of a folder below `tests/cmd`.
fn transcripts(folder: &str) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&dir)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut failed = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a transcript");
        let run = std::panic::catch_unwind(|| {
            let actual = Room::new().replay(&text);
            let expected = Data::read_from(&file, None).raw();
            Assert::new().action_env("SNAPSHOTS").eq(actual, expected);
        });
        if run.is_err() {
            failed.push(file);
        }
    }
    assert!(failed.is_empty(), "these transcripts failed: {failed:#?}");
}

macro_rules! folders {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            transcripts(stringify!($name));
        }
    )*};
}

folders!(deidentify dex evaluate explain help inspect key link pathways project quality release slk source synth validate verify);

/// The command lines of the first tour, word for word, and nothing edited by hand.
#[test]
fn the_tour_works_word_for_word() {
    let room = Room::bare();
    let lines = "\
veilway project new --preset minimal --id yard --out project.toml
veilway key new --project project.toml --out project.key
veilway source new agency_a.csv --project project.toml --name agency-a --date-format %Y-%m-%d --unique-people --out a.toml
veilway source new agency_b.csv --project project.toml --name agency-b --date-format %Y-%m-%d --unique-people --out b.toml
veilway deidentify agency_a.csv --project project.toml --source a.toml --key-file project.key --out a
veilway deidentify agency_b.csv --project project.toml --source b.toml --key-file project.key --out b
veilway link a/to-linkage-unit/agency-a.package.arrow b/to-linkage-unit/agency-b.package.arrow --project project.toml --out links
veilway evaluate --links links --truth truth.csv --rows a/keep/agency-a.rows.csv --rows b/keep/agency-b.rows.csv --format json
veilway slk agency_a.csv --source a.toml --profile aihw --out -";
    let outputs: Vec<String> = lines
        .lines()
        .map(|line| {
            let output = room.run(line);
            assert_eq!(output.code, 0, "{line}\n{}", output.stderr);
            output.stdout
        })
        .collect();
    let evaluation: serde_json::Value =
        serde_json::from_str(&outputs[outputs.len() - 2]).expect("one JSON document");
    for measure in ["precision", "recall", "f1"] {
        assert_eq!(evaluation["pairs"][measure], 1.0, "{measure}");
        assert!(evaluation["clusters"][measure].is_number(), "{measure}");
    }
    let keyed = outputs.last().expect("the keyed export");
    assert_eq!(keyed.lines().count(), 13);
    assert!(keyed.contains("RAKTT140319872"));
}

/// Every example on a help page runs as it stands.
#[test]
fn the_examples_of_the_help_pages_run() {
    let mut run = 0;
    for page in PAGES {
        let help = Room::new().run(&format!("veilway {page} --help"));
        assert_eq!(help.code, 0, "{page}");
        let (_, after) = help.stdout.split_once("\nExample").expect("an example on each help page");
        let examples: Vec<String> = after
            .replace("\\\n", " ")
            .lines()
            .filter(|line| line.starts_with("  veilway "))
            .map(|line| line.trim().to_owned())
            .collect();
        assert!(!examples.is_empty(), "{page}");
        let room = Room::new();
        for example in examples {
            let words = room::words(&example);
            if let Some(at) = words.iter().position(|word| word == "--out") {
                room.remove(&words[at + 1]);
                room.remove(&format!("{}.rejects.csv", words[at + 1]));
            }
            let output = room.run(&example);
            assert_eq!(output.code, 0, "{example}\n{}", output.stderr);
            run += 1;
        }
    }
    assert!(run >= PAGES.len());
}

/// Every command with a help page of its own.
const PAGES: [&str; 26] = [
    "",
    "project",
    "project new",
    "project check",
    "source",
    "source new",
    "key",
    "key new",
    "key fingerprint",
    "slk",
    "slk check",
    "slk explain",
    "validate",
    "quality",
    "deidentify",
    "dex",
    "dex write",
    "inspect",
    "verify",
    "link",
    "explain",
    "pathways",
    "evaluate",
    "synth",
    "bench",
    "exit-codes",
];

/// Windows line ends and a byte-order mark change no byte of the package.
#[test]
fn line_ends_and_a_byte_order_mark_do_not_count() {
    let room = Room::new();
    let export = fs::read_to_string(room.path("agency_a.csv")).expect("the export");
    let windows = format!("\u{feff}{}", export.replace('\n', "\r\n"));
    fs::write(room.path("windows.csv"), windows).expect("written");
    let with = |export: &str, out: &str| {
        let line = format!(
            "veilway deidentify {export} --project project.toml --source a.toml --key-file \
             project.key --agency-key a/keep/agency.key --out {out}"
        );
        assert_eq!(room.run(&line).code, 0);
        let package = format!("{out}/to-linkage-unit/agency-a.package.arrow");
        fs::read(room.path(&package)).expect("the package")
    };
    assert!(with("agency_a.csv", "plain") == with("windows.csv", "marked"));
}

/// `veilway slk … --out - | head -1` is a success.
#[cfg(unix)]
#[test]
fn a_closed_pipe_is_a_success() {
    let room = Room::new();
    // More rows than a pipe holds, so that the reader is gone before the end.
    let export = fs::read_to_string(room.path("agency_a.csv")).expect("the export");
    let (header, rows) = export.split_once('\n').expect("a header");
    fs::write(room.path("long.csv"), format!("{header}\n{}", rows.repeat(2000))).expect("written");
    for line in [
        "slk long.csv --source a.toml --out -",
        "slk long.csv --source a.toml --out - --quiet",
        "project check project.toml",
        "--help",
    ] {
        let script = format!("{{ {} {line}; echo $? >code; }} | head -1", room::PROGRAM);
        let output = ran(room.sh(&script));
        assert_eq!(fs::read_to_string(room.path("code")).expect("a code"), "0\n", "{line}");
        assert!(!output.stderr.contains("error"), "{line}: {}", output.stderr);
    }
}

/// A full disk: the message says so, and nothing is left behind.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let room = Room::new();
    let files = "--project project.toml --source a.toml --key-file project.key";
    let packages = "a/to-linkage-unit/agency-a.package.arrow \
                    b/to-linkage-unit/agency-b.package.arrow --project project.toml";
    for line in [
        format!("deidentify agency_a.csv {files} --out new"),
        format!("deidentify agency_a.csv {files} --out a --force"),
        format!("link {packages} --out new"),
        "pathways --map links --events a/to-analyst/agency-a.events.csv --out new".to_owned(),
        "slk long.csv --source a.toml --out new.csv".to_owned(),
        "synth --people 500 --out new".to_owned(),
        "project new --preset dex --id x --out new.toml".to_owned(),
    ] {
        let export = fs::read_to_string(room.path("agency_a.csv")).expect("the export");
        fs::write(room.path("long.csv"), export).expect("written");
        let before = room.tree();
        // No file may grow over 512 bytes; the signal that says so is not listened to, so
        // that the write fails as it does on a full disk.
        let script = format!("trap '' XFSZ; ulimit -f 1; exec {} {line}", room::PROGRAM);
        let output = ran(room.sh(&script));
        assert_eq!(output.code, 7, "{line}: {}", output.stderr);
        assert!(output.stderr.contains("error: "), "{line}: {}", output.stderr);
        assert!(output.stderr.contains("nothing was left half-written"), "{}", output.stderr);
        assert!(room.tree() == before, "{line} left something behind");
    }
}

/// Standard output on a full disk.
#[cfg(target_os = "linux")]
#[test]
fn a_full_standard_output_is_an_error() {
    let room = Room::new();
    for line in ["slk agency_a.csv --source a.toml --out -", "project check project.toml"] {
        let output = ran(room.sh(&format!("exec {} {line} >/dev/full", room::PROGRAM)));
        assert_eq!(output.code, 7, "{line}");
        assert!(output.stderr.contains("standard output: cannot write: the disk is full"));
        assert!(output.stderr.contains("what was written so far is cut off"));
    }
}

/// A device is never replaced, not even when asked.
#[cfg(unix)]
#[test]
fn a_device_is_not_replaced() {
    let output =
        Room::new().run("veilway slk agency_a.csv --source a.toml --out /dev/null --force");
    assert_eq!(output.code, 2);
    assert_eq!(
        output.stderr,
        "error: /dev/null: is a device or a pipe; expected a place for a file\n\
         hint: name a file, or `-` for standard output where the command has it\n"
    );
}

/// A file or folder without permission: where the person may read everything, as root may,
/// there is nothing to see.
#[cfg(unix)]
#[test]
fn no_permission_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let room = Room::new();
    let close = |name: &str| {
        fs::set_permissions(room.path(name), fs::Permissions::from_mode(0o0)).expect("closed");
    };
    close("agency_a.csv");
    fs::create_dir(room.path("closed")).expect("a folder");
    close("closed");
    if fs::File::open(room.path("agency_a.csv")).is_ok() {
        return;
    }
    let files = "--project project.toml --key-file project.key";
    for line in [
        format!("veilway deidentify agency_a.csv --source a.toml {files} --out new"),
        format!("veilway deidentify agency_b.csv --source b.toml {files} --out closed/new"),
        "veilway slk agency_b.csv --source b.toml --out closed/new.csv".to_owned(),
    ] {
        let output = room.run(&line);
        assert_eq!(output.code, 7, "{line}");
        assert!(output.stderr.contains("permission denied"), "{line}: {}", output.stderr);
        assert!(output.stderr.contains("hint: "), "{line}: {}", output.stderr);
    }
    fs::set_permissions(room.path("closed"), fs::Permissions::from_mode(0o700)).expect("opened");
}
