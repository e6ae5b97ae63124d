//! The direction rules: nothing right of the gate can name what holds a name or a birth
//! date, and what touches the machine is in few, known places. Reads the source text; every
//! rule is also shown a planted line that it must find.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms right of the gate, and the engine, which serves both sides.
const CODED: [&str; 7] =
    ["link", "pathways", "disclosure", "release", "report", "kernel", "engine"];
/// What only the clear side may name.
const CLEAR: [&str; 11] = [
    "sources",
    "standardise",
    "slk",
    "standard",
    "quality",
    "encode",
    "clear",
    "deidentify",
    "key",
    "synth",
    "dex",
];
/// The rooms that may name the project's or the agency's key.
const KEY_HOLDERS: [&str; 7] = ["key", "encode", "deidentify", "dex", "cli", "demo", "bench"];
/// The files of the package room that only read: the linkage unit runs them.
const READING_SIDE: [&str; 5] = [
    "package/mapped.rs",
    "package/read.rs",
    "package/verify.rs",
    "package/mod.rs",
    "package/manifest.rs",
];
/// Arrows that cross the gate all the same, each for a reason. The manifest says under which
/// profile of SLK-581 a package was made: a word, not a value.
const ALLOWED: [(&str, &str); 1] = [("package/manifest.rs", "slk::Profile")];
/// The most lines a file may have.
const MOST_LINES: usize = 700;

/// One file of `src/`, without its unit tests and its comments.
struct Source {
    /// Its path below `src/`, with `/` on every system.
    name: String,
    /// Its lines of code, in order; comment lines are empty.
    code: Vec<String>,
    /// How long it is, tests and all.
    lines: usize,
}

impl Source {
    fn new(name: &str, text: &str) -> Self {
        let mut code = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if line == "#[cfg(test)]" {
                // A block that begins at the margin ends at the margin.
                let opens = lines.next().unwrap_or_default();
                if opens.ends_with('{') {
                    for line in lines.by_ref() {
                        if line == "}" {
                            break;
                        }
                    }
                }
                continue;
            }
            let is_comment = line.trim_start().starts_with("//");
            code.push(if is_comment { String::new() } else { line.to_owned() });
        }
        Source { name: name.to_owned(), code, lines: text.lines().count() }
    }

    /// The room: the first folder, or the file at the top.
    fn room(&self) -> &str {
        let first = self.name.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    fn in_room(&self, rooms: &[&str]) -> bool {
        rooms.contains(&self.room())
    }

    /// What the file names of this crate, as `room::rest`: `use crate::slk::Profile` and
    /// `crate::slk::Profile::Aihw` alike; braces are opened.
    fn names(&self) -> BTreeSet<String> {
        let text = self.code.join("\n");
        let mut found = BTreeSet::new();
        for (at, _) in text.match_indices("crate::") {
            open_tree("", &text[at + "crate::".len()..], &mut found);
        }
        // `super` from a file at the top of a room reaches the room's siblings.
        let depth = self.name.matches('/').count();
        let is_mod = self.name.ends_with("mod.rs");
        let climbs = if is_mod { depth } else { depth + 1 };
        let climb = "super::".repeat(climbs);
        for (at, _) in text.match_indices(&climb) {
            let inside_longer = text[..at].ends_with("super::");
            if !inside_longer {
                open_tree("", &text[at + climb.len()..], &mut found);
            }
        }
        found
    }

    /// The lines that have this word as a whole word.
    fn having<'a>(&'a self, word: &'a str) -> impl Iterator<Item = String> + 'a {
        self.code
            .iter()
            .filter(move |line| has_word(line, word))
            .map(|line| format!("{}: {}", self.name, line.trim()))
    }
}

/// Opens a `use` tree: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn open_tree(before: &str, text: &str, found: &mut BTreeSet<String>) -> usize {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let end = text.find(|c: char| !is_path(c)).unwrap_or(text.len());
    let path = format!("{before}{}", &text[..end]);
    if !text[end..].starts_with('{') || !(path.is_empty() || path.ends_with("::")) {
        found.insert(path.trim_end_matches(':').to_owned());
        return end;
    }
    let mut at = end + 1;
    while at < text.len() && !text[at..].starts_with('}') {
        let skip = text[at..].find(|c: char| is_path(c) || c == '{' || c == '}');
        at += skip.unwrap_or(text.len() - at);
        if text[at..].starts_with('}') || at >= text.len() {
            break;
        }
        at += open_tree(&path, &text[at..], found).max(1);
    }
    at + 1
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let before = line[..at].chars().next_back().is_some_and(is_part);
        let after = line[at + word.len()..].chars().next().is_some_and(is_part);
        !(before || after && word.ends_with(is_part))
    })
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("listed") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below src");
            let name: Vec<String> =
                name.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            Source::new(&name.join("/"), &fs::read_to_string(path).expect("read"))
        })
        .filter(|source| source.name != "lib.rs" && !TESTS_ONLY.contains(&source.name.as_str()))
        .collect()
}

/// A rule: every breach of it in a file.
type Rule = fn(&Source) -> Vec<String>;

/// Every rule, with a file and a line that breaks it.
const RULES: [(Rule, &str, &str); 20] = [
    (the_coded_side_sees_no_names, "link/score.rs", "use crate::standardise::Person;"),
    (the_coded_side_sees_no_names, "report/mod.rs", "let x = crate::slk::Slk::default();"),
    (the_coded_side_sees_no_names, "link/score.rs", "use crate::clear::Traits;"),
    (the_coded_side_sees_no_names, "report/mod.rs", "use crate::standard::Report;"),
    (the_coded_side_sees_no_names, "link/mod.rs", "use crate::{error::Fault, key::{self, Key}};"),
    (the_coded_side_sees_no_names, "pathways/input.rs", "use super::super::sources::Table;"),
    (the_reading_side_sees_no_names, "package/read.rs", "use crate::encode::rows::Rows;"),
    (the_reading_side_sees_no_names, "package/manifest.rs", "use crate::slk::Slk;"),
    (disclosure_sees_numbers_only, "disclosure/noise.rs", "use crate::ids::PersonId;"),
    (keys_are_held_by_few, "package/write.rs", "use crate::key::ProjectKey;"),
    (keys_are_held_by_few, "sources/csv.rs", "fn f(k: &crate::key::Subkey) {}"),
    (nothing_depends_on_the_command_line, "link/mod.rs", "use crate::cli::Printer;"),
    (the_command_line_knows_the_terminal, "files.rs", "let x = std::env::var(\"HOME\");"),
    (the_command_line_knows_the_terminal, "link/mod.rs", "std::process::exit(1);"),
    (the_command_line_knows_the_terminal, "report/mod.rs", "use std::io::IsTerminal;"),
    (unsafe_is_in_three_places, "link/block.rs", "let x = unsafe { *p };"),
    (nothing_is_printed, "cli/link.rs", "println!(\"{x}\");"),
    (nothing_is_unwrapped, "sources/csv.rs", "let x = y.unwrap();"),
    (files_are_made_in_one_room, "synth/mod.rs", "std::fs::write(path, text)?;"),
    (no_file_is_long, "link/long.rs", ""),
];

fn the_coded_side_sees_no_names(source: &Source) -> Vec<String> {
    if source.in_room(&CODED) { crossings(source) } else { vec![] }
}

fn the_reading_side_sees_no_names(source: &Source) -> Vec<String> {
    if READING_SIDE.contains(&source.name.as_str()) { crossings(source) } else { vec![] }
}

/// What a file names of the clear side.
fn crossings(source: &Source) -> Vec<String> {
    let is_clear = |name: &str| CLEAR.iter().any(|room| name.split("::").next() == Some(room));
    let allowed = |name: &str| ALLOWED.contains(&(source.name.as_str(), name));
    let names = source.names().into_iter().filter(|name| is_clear(name) && !allowed(name));
    names.map(|name| format!("{} names {name}", source.name)).collect()
}

/// Disclosure control serves any table: it knows of no file, person or program.
fn disclosure_sees_numbers_only(source: &Source) -> Vec<String> {
    if source.room() != "disclosure" {
        return vec![];
    }
    let own = ["disclosure", "error"];
    let names = source.names().into_iter();
    let names = names.filter(|name| !own.iter().any(|own| name.split("::").next() == Some(own)));
    names.map(|name| format!("{} names {name}", source.name)).collect()
}

fn keys_are_held_by_few(source: &Source) -> Vec<String> {
    // The fuzzy encoding lives in `encode`.
    if source.in_room(&KEY_HOLDERS) {
        return vec![];
    }
    let names = source.names().into_iter();
    let names = names.filter(|name| name.split("::").next() == Some("key"));
    names.map(|name| format!("{} names {name}", source.name)).collect()
}

fn nothing_depends_on_the_command_line(source: &Source) -> Vec<String> {
    if source.in_room(&["cli", "main"]) {
        return vec![];
    }
    let names = source.names().into_iter();
    let names = names.filter(|name| name.split("::").next() == Some("cli"));
    names.map(|name| format!("{} names {name}", source.name)).collect()
}

fn the_command_line_knows_the_terminal(source: &Source) -> Vec<String> {
    if source.in_room(&["cli", "main"]) {
        return vec![];
    }
    let words = ["clap", "indicatif", "IsTerminal", "env::", "process::", "stdout", "stderr"];
    words.iter().flat_map(|word| source.having(word)).collect()
}

fn unsafe_is_in_three_places(source: &Source) -> Vec<String> {
    let places = ["package/mapped.rs", "cli/memory.rs"];
    if places.contains(&source.name.as_str()) || source.room() == "kernel" {
        return vec![];
    }
    source.having("unsafe").chain(source.having("unsafe_code")).collect()
}

fn nothing_is_printed(source: &Source) -> Vec<String> {
    let words = ["println!", "print!", "eprintln!", "eprint!", "dbg!"];
    words.iter().flat_map(|word| source.having(word)).collect()
}

fn nothing_is_unwrapped(source: &Source) -> Vec<String> {
    let words = [".unwrap()", ".unwrap_err()", "todo!", "unimplemented!", "panic!"];
    let found = |word: &str| {
        let lines = source.code.iter().filter(|line| line.contains(word));
        lines.map(|line| format!("{}: {}", source.name, line.trim())).collect::<Vec<_>>()
    };
    words.iter().flat_map(|word| found(word)).collect()
}

/// Files that are tests from end to end.
const TESTS_ONLY: [&str; 4] = [
    "pathways/fixture.rs",
    "pathways/forty.rs",
    "pathways/outcome/fixture.rs",
    "quality/fixture.rs",
];

fn files_are_made_in_one_room(source: &Source) -> Vec<String> {
    if source.room() == "files" {
        return vec![];
    }
    let words = [
        "fs::write",
        "File::create",
        "File::create_new",
        "OpenOptions",
        "create_dir",
        "create_dir_all",
        "fs::copy",
        "fs::rename",
        "remove_file",
        "remove_dir_all",
        "set_permissions",
        "tempfile",
        "rustix",
    ];
    words.iter().flat_map(|word| source.having(word)).collect()
}

fn no_file_is_long(source: &Source) -> Vec<String> {
    let breach = format!("{} has {} lines; at most {MOST_LINES}", source.name, source.lines);
    if source.lines > MOST_LINES { vec![breach] } else { vec![] }
}

#[test]
fn every_rule_holds() {
    let sources = sources();
    assert!(sources.len() > 60, "found {} files only", sources.len());
    let breaches: BTreeSet<String> =
        RULES.iter().flat_map(|(rule, _, _)| sources.iter().flat_map(rule)).collect();
    assert!(breaches.is_empty(), "{:#?}", breaches);
}

#[test]
fn every_rule_finds_a_planted_breach() {
    for (rule, name, line) in RULES {
        let mut text = format!("//! A room.\n\nuse std::fmt;\n\n{line}\n");
        if line.is_empty() {
            text.push_str(&"// a line\n".repeat(MOST_LINES));
        }
        assert!(!rule(&Source::new(name, &text)).is_empty(), "{name}: {line}");
        // The same line in a unit test, or in a comment, is nobody's harm.
        if !line.is_empty() {
            let tests = format!("use std::fmt;\n\n#[cfg(test)]\nmod tests {{\n    {line}\n}}\n");
            assert!(rule(&Source::new(name, &tests)).is_empty(), "{name}: {line} in a test");
            let comment = format!("// {line}\nuse std::fmt;\n");
            assert!(rule(&Source::new(name, &comment)).is_empty(), "{name}: {line} in a comment");
        }
    }
}

#[test]
fn every_exception_is_still_needed() {
    let sources = sources();
    let find = |name: &str| sources.iter().find(|source| source.name == name);
    for (file, arrow) in ALLOWED {
        let names = find(file).expect("the file").names();
        assert!(names.contains(arrow), "{file} no longer names {arrow}");
    }
    for file in READING_SIDE {
        assert!(find(file).is_some(), "{file} is gone");
    }
}

#[test]
fn a_tree_of_names_is_opened() {
    let text = "use crate::{a, b::{self, c::D}, e};\nuse crate::f::{\n    G,\n    h::I,\n};\nx(crate::j::k(1));\n";
    let names = Source::new("link/mod.rs", text).names();
    let expected = ["a", "b::c::D", "b::self", "e", "f::G", "f::h::I", "j::k"];
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn what_comes_after_the_tests_is_still_read() {
    let text = "#[cfg(test)]\nmod tests {\n    fn f() {\n    }\n}\n\nfn g() {}\n";
    let code = Source::new("link/mod.rs", text).code.concat();
    assert!(code.contains("fn g") && !code.contains("fn f"));
}
