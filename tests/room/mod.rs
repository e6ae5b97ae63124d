//! A folder of its own for each transcript, with two tiny agencies and what they made.

pub(crate) mod keys;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_veilway");

/// What ran, as text.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs to the end; a signal is code -1.
pub(crate) fn ran(mut command: Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

/// A folder that goes away with its value.
pub(crate) struct Room(TempDir);

impl Room {
    /// A room with nothing but the exports, the events and the truth.
    pub(crate) fn bare() -> Self {
        let room = Room(TempDir::new().expect("a temporary folder"));
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cli"), room.0.path());
        room
    }

    /// A room where the agencies have de-identified and the linkage unit has linked.
    pub(crate) fn new() -> Self {
        static FINISHED: OnceLock<PathBuf> = OnceLock::new();
        let room = Room(TempDir::new().expect("a temporary folder"));
        copy(FINISHED.get_or_init(Room::finished), room.0.path());
        room
    }

    /// Made once; below `target`, since nothing removes it.
    fn finished() -> PathBuf {
        let room = Room::bare();
        room.make("veilway project new --preset minimal --id yard --out project.toml");
        keys::write(&room.path("project.key"), keys::PROJECT, "yard");
        for x in ["a", "b"] {
            room.make(&format!(
                "veilway source new agency_{x}.csv --project project.toml --name agency-{x} \
                 --date-format %Y-%m-%d --unique-people --out {x}.toml"
            ));
            let described = fs::read_to_string(room.path(&format!("{x}.toml"))).expect("read");
            let with_events = format!("{described}{EVENTS}");
            fs::write(room.path(&format!("{x}-events.toml")), with_events).expect("written");
            keys::write(&room.path(&format!("{x}.key")), keys::AGENCY, x);
            room.make(&format!(
                "veilway deidentify agency_{x}.csv --events agency_{x}.events.csv --project \
                 project.toml --source {x}-events.toml --key-file project.key --agency-key {x}.key \
                 --out {x}"
            ));
            room.remove(&format!("{x}.key"));
        }
        room.make(
            "veilway link a/to-linkage-unit/agency-a.package.arrow \
             b/to-linkage-unit/agency-b.package.arrow --project project.toml --out links",
        );
        room.make("veilway slk agency_a.csv --source a.toml --out keyed.csv");
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cli-room");
        let _ = fs::remove_dir_all(&place);
        copy(room.0.path(), &place);
        place
    }

    fn make(&self, line: &str) {
        let output = self.run(line);
        assert_eq!(output.code, 0, "{line}\n{}", output.stderr);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn remove(&self, name: &str) {
        let path = self.path(name);
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }

    /// Every file and folder, with its bytes.
    pub(crate) fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        let mut tree = BTreeMap::new();
        walk(self.0.path(), "", &mut tree);
        tree
    }

    /// Runs one line that begins with `veilway`.
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.run_words(&words(line), &[])
    }

    /// A shell in this room.
    pub(crate) fn sh(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    fn run_words(&self, words: &[String], more: &[&str]) -> Ran {
        let (words, input) = match words.iter().position(|word| word == "<") {
            Some(at) => (&words[..at], Some(&words[at + 1])),
            None => (words, None),
        };
        let mut command = Command::new(PROGRAM);
        command.args(&words[1..]).args(more).current_dir(self.0.path());
        command.env_remove("COLUMNS").env("NO_COLOR", "1");
        command.stdin(match input {
            Some(file) => fs::File::open(self.path(file)).expect("an input").into(),
            None => Stdio::null(),
        });
        ran(command)
    }

    /// Runs the commands of a transcript and gives it as it would be now.
    pub(crate) fn replay(self, transcript: &str) -> String {
        let (mut now, mut printed) = (String::new(), false);
        let mut lines = transcript.lines().peekable();
        while let Some(line) = lines.next() {
            if line.starts_with('#') && !now.contains("$ ") {
                now += &format!("{line}\n");
            }
            let Some(mut command) = line.strip_prefix("$ ").map(str::to_owned) else { continue };
            if printed {
                now.push('\n');
            }
            now += &format!("{line}\n");
            while command.ends_with('\\') {
                let next = lines.next().expect("a continued line");
                now += &format!("{next}\n");
                command.pop();
                command += next;
            }
            let words: Vec<String> = words(&command).iter().map(|word| self.row_id(word)).collect();
            let output = self.step(&words);
            printed = !output.is_empty();
            now += &output;
        }
        now
    }

    /// A word as it is; but the row id of a record for `{a-01}`, since it differs from room to
    /// room.
    fn row_id(&self, word: &str) -> String {
        let Some(record) = word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) else {
            return word.to_owned();
        };
        let agency = record.split('-').next().unwrap_or_default();
        let rows = self.path(&format!("{agency}/keep/agency-{agency}.rows.csv"));
        let rows = fs::read_to_string(rows).expect("the rows of an agency");
        let row = rows.lines().find_map(|line| line.strip_prefix(&format!("{record},")));
        row.and_then(|rest| rest.split(',').next()).expect("a record").to_owned()
    }

    fn step(&self, words: &[String]) -> String {
        let word = |at: usize| words.get(at).map(String::as_str).expect("a word more");
        match word(0) {
            "veilway" => return shown(&self.checked(words)),
            "write" => fs::write(self.path(word(1)), bytes(word(2))).expect("written"),
            "replace" => {
                let text = fs::read_to_string(self.path(word(1))).expect("a text file");
                let (old, new) = (bytes(word(2)), bytes(word(3)));
                let (old, new) = (String::from_utf8(old), String::from_utf8(new));
                let (old, new) = (old.expect("text"), new.expect("text"));
                assert!(text.contains(&old), "{} has no {old}", word(1));
                fs::write(self.path(word(1)), text.replacen(&old, &new, 1)).expect("written");
            }
            "copy" => copy(&self.path(word(1)), &self.path(word(2))),
            "remove" => self.remove(word(1)),
            "folder" => fs::create_dir(self.path(word(1))).expect("a folder"),
            "cut" => {
                let all = fs::read(self.path(word(1))).expect("a file");
                let half = all.len() / 2;
                fs::write(self.path(word(1)), &all[..half]).expect("written");
            }
            "flip" => {
                let mut all = fs::read(self.path(word(1))).expect("a file");
                let middle = all.len() / 2;
                all[middle] ^= 1;
                fs::write(self.path(word(1)), all).expect("written");
            }
            #[cfg(unix)]
            "open-to-all" => {
                use std::os::unix::fs::PermissionsExt;
                let mode = fs::Permissions::from_mode(0o644);
                fs::set_permissions(self.path(word(1)), mode).expect("opened");
            }
            "show" => return fs::read_to_string(self.path(word(1))).expect("a text file"),
            "list" => {
                let mut tree = BTreeMap::new();
                walk(&self.path(word(1)), "", &mut tree);
                return tree.keys().map(|name| format!("{name}\n")).collect();
            }
            other => panic!("no such step: {other}"),
        }
        String::new()
    }

    /// Runs a command, and holds it to what every command promises.
    fn checked(&self, words: &[String]) -> Ran {
        let has = |flag: &str| words.iter().any(|word| word == flag);
        if has("--help") || has("--version") || has("--threads") {
            return self.run_words(words, &[]);
        }
        let before = self.copied();
        let run = self.run_words(words, &[]);
        if !has("--format") {
            let more = ["--format", "json", "--threads", "2"];
            check_json(&run, &before.copied().run_words(words, &more), words);
        }
        // A page of findings is written though, and because, the answer is "no".
        if run.code == 1 && has("--html") {
            assert!(self.tree() != before.tree(), "{words:?} wrote no page");
        } else if run.code != 0 {
            assert!(self.tree() == before.tree(), "{words:?} failed, and changed a file");
        } else if !has("--quiet") {
            let quiet = before.run_words(words, &["--quiet", "--threads", "1"]);
            assert_eq!(quiet.stderr, "", "{words:?} is not quiet");
            // What is new has a new key.
            assert!(quiet.stdout == run.stdout || has("new"), "{words:?} differs with one thread");
        }
        if !has("slk") {
            check_nobody(&run);
        }
        run
    }

    fn copied(&self) -> Room {
        let room = Room(TempDir::new().expect("a temporary folder"));
        copy(self.0.path(), room.0.path());
        room
    }
}

/// What a source description says of the events.
const EVENTS: &str = "
[events]
record_id = \"client\"
program = \"program\"
start = \"first_day\"
end = \"last_day\"
date_format = \"%Y-%m-%d\"
keep = [\"reason\"]
";

/// With `--format json`, a success is one JSON document and a failure one JSON object that
/// says the same as the text.
fn check_json(text: &Ran, json: &Ran, words: &[String]) {
    let to_stdout = words.windows(2).any(|pair| pair == ["--out", "-"]);
    if words.len() == 1 || (to_stdout && text.code == 0) {
        return;
    }
    assert_eq!(json.code, text.code, "{words:?}: {}", json.stderr);
    if text.code == 0 {
        let parsed = serde_json::from_str::<serde_json::Value>(&json.stdout);
        assert!(parsed.is_ok(), "{words:?} gives no JSON document: {}", json.stdout);
        assert_eq!(json.stderr, "", "{words:?}");
        return;
    }
    let error: serde_json::Value = serde_json::from_str(&json.stderr)
        .unwrap_or_else(|e| panic!("{words:?} gives no JSON object: {e}: {}", json.stderr));
    let error = &error["error"];
    assert_eq!(error["code"], text.code, "{words:?}");
    let message = error["message"].as_str().expect("a message");
    let first = message.lines().next().expect("a line");
    assert!(text.stderr.contains(first), "{words:?}: {first}\n{}", text.stderr);
}

/// No name and no birth date of the two agencies is shown.
fn check_nobody(run: &Ran) {
    static VALUES: OnceLock<Vec<String>> = OnceLock::new();
    let values = VALUES.get_or_init(|| {
        let room = Room::bare();
        let mut values = Vec::new();
        for file in ["agency_a.csv", "agency_b.csv"] {
            let text = fs::read_to_string(room.path(file)).expect("an export");
            for row in text.lines().skip(1) {
                let cells: Vec<&str> = row.split(',').collect();
                values.extend([cells[1], cells[2], cells[4]].map(str::to_owned));
            }
        }
        assert!(values.iter().all(|value| value.len() > 3));
        values
    });
    for value in values {
        let said = run.stdout.contains(value.as_str()) || run.stderr.contains(value.as_str());
        assert!(!said, "a value of the data is shown: {}{}", run.stdout, run.stderr);
    }
}

/// Output as a transcript has it: what differs from run to run and version to version is
/// left out.
fn shown(run: &Ran) -> String {
    let mut text = String::new();
    for line in run.stdout.lines() {
        text += &format!("{}\n", steady(line));
    }
    for line in run.stderr.lines() {
        text += format!("! {}", steady(line)).trim_end();
        text.push('\n');
    }
    if run.code != 0 {
        text += &format!("? {}\n", run.code);
    }
    text
}

/// A line without the version, with `#` for each digit of a digest or fingerprint, and without
/// the figures of base filters, which hang on the key.
fn steady(line: &str) -> String {
    if line.starts_with("filter fill ") || line.starts_with("a bit is set in ") {
        return figures_left_out(line);
    }
    let line = line.replace(&format!("veilway {}", env!("CARGO_PKG_VERSION")), "veilway [VERSION]");
    let hex = |c: char| c.is_ascii_hexdigit() && !c.is_ascii_uppercase();
    let mut text = String::new();
    for piece in line.split_inclusive(|c: char| !hex(c) && c != '-') {
        let body = piece.trim_end_matches(|c: char| !hex(c) && c != '-');
        let digits = body.chars().filter(|c| hex(*c)).count();
        match digits >= 32 && body.chars().any(|c| c.is_ascii_digit()) {
            true => text += &piece.replace(hex, "#"),
            false => text += piece,
        }
    }
    text
}

/// A line with `[..]` for each number.
fn figures_left_out(line: &str) -> String {
    let in_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut text = String::new();
    for c in line.chars() {
        match in_number(c) {
            true if text.ends_with("[..]") => {}
            true => text += "[..]",
            false => text.push(c),
        }
    }
    text
}

/// The words of a line, as a shell would part them.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (_, Some(q)) if c == q => quote = None,
            (_, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            ('\\', None) => word.get_or_insert_default().extend(chars.next()),
            (' ', None) => words.extend(word.take()),
            (_, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The bytes that a word of a transcript stands for: `\n`, `\r`, `\0` and `\xNN` are one each.
fn bytes(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let (byte, taken) = match rest.get(..2) {
            Some("\\n") => (Some(b'\n'), 2),
            Some("\\r") => (Some(b'\r'), 2),
            Some("\\0") => (Some(0), 2),
            Some("\\x") => (u8::from_str_radix(&rest[2..4], 16).ok(), 4),
            _ => (None, c.len_utf8()),
        };
        match byte {
            Some(byte) => bytes.push(byte),
            None => bytes.extend(rest[..taken].bytes()),
        }
        rest = &rest[taken..];
    }
    bytes
}

fn walk(folder: &Path, above: &str, tree: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{above}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            tree.insert(format!("{name}/"), Vec::new());
            walk(&entry.path(), &format!("{name}/"), tree);
        } else {
            tree.insert(name, fs::read(entry.path()).expect("a file"));
        }
    }
}

/// Copies a file, or a folder with all it holds; permissions too.
fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).expect("copied");
        return;
    }
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}
