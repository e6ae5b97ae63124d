//! Canaries: unlikely names, dates, numbers and the keys themselves are planted in an export,
//! and every command is run, on success and on each kind of failure. None of them may be
//! found in any byte of any file that leaves the agency, of the run record and the rejects
//! that stay, or of what is printed.

#![allow(clippy::disallowed_methods)]
#![cfg(unix)]

mod town;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use bech32::Bech32m;
use bech32::primitives::decode::CheckedHrpstring;
use town::{Town, hidden, tree};

/// What no file outside `keep/` may hold, in any way of writing it. All are long enough not
/// to stand in random bytes by chance.
const NAMES: [&str; 14] = [
    "Surnamely",
    "Zyxqvarnholt-Quibbleworth",
    "Quibbleworth",
    "Brunhexalda",
    "Þrúðvargsdóttir",
    "Thrudvargsdottir",
    "Xerxavantia",
    "Vlokmarquin",
    "O'Pfizzlethwaite",
    "Grzymolowska",
    "Kwyjiboria",
    "Иннокентьевская",
    "Wobblygoolah",
    "Snarkytown Heights",
];
/// Numbers and free text of the export that nobody asked for.
const EXTRAS: [&str; 4] = ["0499123777", "04 9912 3777", "2951-66013-1", "Zorbnote"];
/// The record numbers.
const RECORDS: [&str; 4] = ["REC-7741388", "REC-7741389", "REC-7741390", "REC-7741391"];
/// Birth dates and event dates of nobody else, as day, month, year. The third does not exist.
const DATES: [(u32, u32, u32); 4] = [(23, 11, 1937), (19, 7, 1941), (31, 2, 1957), (17, 9, 1911)];

const HEADER: &str =
    "client_id,surname,given_name,sex,dob,suburb,postcode,phone,medicare,note,consent";

/// The rows that hold canaries, and some that do not.
fn rows() -> Vec<String> {
    let mut rows: Vec<String> = [
        "REC-7741388,Zyxqvarnholt-Quibbleworth,Brunhexalda,F,23/11/1937,Wobblygoolah,2614,0499123777,2951-66013-1,Zorbnote,1",
        // The same person again, so that tokens are shared.
        "REC-7741389,Zyxqvarnholt-Quibbleworth,Brunhexalda,F,23/11/1937,Snarkytown Heights,2615,04 9912 3777,,Zorbnote,1",
        // A date that is none, and one in the wrong form.
        "REC-7741390,Þrúðvargsdóttir,Xerxavantia,M,31/02/1957,Wobblygoolah,26,0499123777,,,1",
        "REC-7741391,Vlokmarquin,Grzymolowska,Q,1941-07-19,Wobblygoolah,ACT,,,,1",
        // A mononym, another script, consent refused and consent not stated.
        "a1,,Kwyjiboria,F,17/09/1911,Wobblygoolah,2614,,,,1",
        "a2,Иннокентьевская,Xerxavantia,F,19/07/1941,Wobblygoolah,2614,,,,1",
        "a3,O'Pfizzlethwaite,Brunhexalda,F,23/11/1937,Wobblygoolah,2614,,,,2",
        "a4,O'Pfizzlethwaite,Brunhexalda,F,23/11/1937,Wobblygoolah,2614,,,,",
        // Too few cells, too many, and no record number.
        "REC-7741388,Vlokmarquin",
        "a5,Vlokmarquin,Brunhexalda,F,23/11/1937,Wobblygoolah,2614,,,,1,Zorbnote,Grzymolowska",
        ",Vlokmarquin,Brunhexalda,F,23/11/1937,Wobblygoolah,2614,,,,1",
    ]
    .map(str::to_owned)
    .to_vec();
    for i in 0..40 {
        let family = ["Smith", "Nguyen", "Brown", "Lee", "Singh"][i % 5];
        let given = ["Mary", "An", "Peter", "Wei", "Asha", "Kylie", "Tom"][i % 7];
        rows.push(format!(
            "b{i},{family},{given},F,{:02}/{:02}/{},Kambah,2902,,,,1",
            1 + i * 7 % 28,
            1 + i % 12,
            1950 + i
        ));
    }
    rows
}

fn export() -> String {
    format!("{HEADER}\r\n{}\r\n", rows().join("\r\n"))
}

fn events() -> String {
    let mut text = "client,program,from,to,reason,worker_note\n".to_owned();
    for id in RECORDS {
        let _ = writeln!(text, "{id},Housing,01/03/2024,05/03/2024,3,Zorbnote Vlokmarquin");
    }
    for i in 0..40 {
        let _ = writeln!(text, "b{i},Housing,02/03/2024,,4,");
        let _ = writeln!(text, "b{i},Counselling,02/04/2024,,4,");
    }
    // Of nobody, of no day, ragged.
    text += "REC-9999999,Housing,01/03/2024,,3,Zorbnote\n";
    text += "REC-7741388,Housing,Grzymolowska,,3,Zorbnote\n";
    text += "REC-7741388,Brunhexalda\n";
    text
}

const SOURCE: &str = r#"
[source]
name = "agency-a"
record_id = "client_id"
date_format = "%d/%m/%Y"
[columns]
family_name = "surname"
given_name = "given_name"
birth_date = "dob"
sex = "sex"
suburb = "suburb"
postcode = "postcode"
[codes.sex]
F = "2"
M = "1"
[[consent]]
column = "consent"
share = ["1"]
refuse = ["2"]
[events]
record_id = "client"
program = "program"
start = "from"
end = "to"
date_format = "%d/%m/%Y"
keep = ["reason"]
"#;

/// Every way in which something that was planted may be written.
struct Canaries {
    /// What is looked for as it is, in capitals or not.
    text: BTreeSet<Vec<u8>>,
    /// What is looked for among letters and digits only.
    letters: BTreeSet<Vec<u8>>,
    /// What is looked for byte by byte.
    raw: Vec<Vec<u8>>,
}

impl Canaries {
    fn new() -> Self {
        Canaries { text: BTreeSet::new(), letters: BTreeSet::new(), raw: Vec::new() }
    }

    fn add(&mut self, canary: &str) {
        let lower = canary.to_lowercase();
        let units: Vec<u16> = lower.encode_utf16().collect();
        self.text.insert(units.iter().flat_map(|u| u.to_le_bytes()).collect());
        self.text.insert(units.iter().flat_map(|u| u.to_be_bytes()).collect());
        let letters: String = lower.chars().filter(|c| c.is_alphanumeric()).collect();
        assert!(letters.len() >= 7, "{canary} could stand somewhere by chance");
        self.letters.insert(letters.into_bytes());
        self.text.insert(lower.into_bytes());
    }

    fn add_date(&mut self, (day, month, year): (u32, u32, u32)) {
        let months =
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let month_name = months[month as usize - 1];
        for date in [
            format!("{day:02}/{month:02}/{year}"),
            format!("{year}-{month:02}-{day:02}"),
            format!("{month:02}/{day:02}/{year}"),
            format!("{day} {month_name} {year}"),
            format!("{day}-{month_name}-{year}"),
        ] {
            self.add(&date);
        }
    }

    /// A key as it is in its file, as bytes, in hexadecimal and in base 64.
    fn add_key(&mut self, file: &str) {
        let line = file.lines().find(|line| !line.starts_with('#')).expect("a key line");
        let secret: Vec<u8> =
            CheckedHrpstring::new::<Bech32m>(line).expect("a key").byte_iter().collect();
        assert_eq!(secret.len(), 32);
        self.add(line);
        // Without the checksum and what says the kind: the secret part alone, and half of it.
        let data = line.rsplit_once('1').expect("a separator").1;
        self.add(&data[..data.len() - 6]);
        self.add(&data[..26]);
        let hex = secret.iter().fold(String::new(), |text, b| format!("{text}{b:02x}"));
        self.add(&hex);
        self.add(&hex[..32]);
        self.raw.push(secret[..16].to_vec());
        self.raw.push(secret[16..].to_vec());
        for encoded in [base64(&secret, b"+/"), base64(&secret, b"-_")] {
            self.raw.push(encoded.as_bytes()[..20].to_vec());
        }
    }

    /// All but these.
    fn without(&self, few: &[String]) -> Canaries {
        let mut gone = Canaries::new();
        few.iter().for_each(|canary| gone.add(canary));
        Canaries {
            text: self.text.difference(&gone.text).cloned().collect(),
            letters: self.letters.difference(&gone.letters).cloned().collect(),
            raw: self.raw.clone(),
        }
    }

    /// The first canary in these bytes.
    fn first_in(&self, bytes: &[u8]) -> Option<String> {
        let lower = lowered(bytes);
        let letters: Vec<u8> =
            lower.iter().copied().filter(|b| b.is_ascii_alphanumeric() || *b >= 0x80).collect();
        let found = first_of(self.text.iter(), &lower)
            .or_else(|| first_of(self.letters.iter(), &letters))
            .or_else(|| first_of(self.raw.iter(), bytes));
        found.map(|canary| String::from_utf8_lossy(canary).into_owned())
    }
}

/// In small letters, where the bytes are text at all.
fn lowered(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => bytes.to_ascii_lowercase(),
    }
}

fn first_of<'a>(canaries: impl Iterator<Item = &'a Vec<u8>>, bytes: &[u8]) -> Option<&'a Vec<u8>> {
    let mut by_first: Vec<Vec<&Vec<u8>>> = vec![Vec::new(); 256];
    canaries.for_each(|canary| by_first[usize::from(canary[0])].push(canary));
    (0..bytes.len()).find_map(|at| {
        let here = &bytes[at..];
        by_first[usize::from(here[0])].iter().find(|c| here.starts_with(c)).copied()
    })
}

fn base64(bytes: &[u8], last: &[u8; 2]) -> String {
    let mut digits: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').collect();
    digits.extend_from_slice(last);
    let mut text = String::new();
    for three in bytes.chunks_exact(3) {
        let bits = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        for i in (0..4).rev() {
            text.push(char::from(digits[(bits >> (6 * i) & 63) as usize]));
        }
    }
    text
}

/// The agency, the linkage unit and the analyst, with canaries in `in/`.
struct Scene {
    town: Town,
    /// Names, dates, SLKs, numbers and the project key.
    canaries: Canaries,
    /// The agency's own key.
    agency_key: Canaries,
    /// Everything that is not as it should be.
    found: Vec<String>,
    /// How many streams and files were looked at.
    looked_at: usize,
}

impl Scene {
    fn new() -> Self {
        let town = Town::empty();
        town.write("in/export.csv", export());
        town.write("in/events.csv", events());
        town.write("in/source.toml", SOURCE);
        town.ok("project new --preset minimal --id canary --out in/project.toml");
        town.ok("key new --project in/project.toml --out in/project.key");
        let mut canaries = Canaries::new();
        NAMES.iter().chain(&EXTRAS).chain(&RECORDS).for_each(|canary| canaries.add(canary));
        DATES.iter().for_each(|date| canaries.add_date(*date));
        canaries.add_key(&town.read("in/project.key"));
        // The keys of these people, as the program makes them.
        town.ok("slk in/export.csv --source in/source.toml --out in/keyed.csv --quiet");
        let keyed = town.read("in/keyed.csv");
        let at = keyed.lines().next().expect("a header").split(',').position(|h| h == "slk581");
        let at = at.expect("the key column");
        for line in keyed.lines().skip(1).filter(|line| !line.starts_with('b')) {
            // No canary row has a quoted cell.
            let slk = line.split(',').nth(at).expect("a key cell");
            if !slk.is_empty() {
                canaries.add(slk);
            }
        }
        // Worked out by hand: letters 2, 3, 5 and 2, 3, the date, the sex.
        assert!(canaries.first_in(b"YXVRU231119372").is_some());
        Scene { town, canaries, agency_key: Canaries::new(), found: Vec::new(), looked_at: 0 }
    }

    /// Runs a command as text and as JSON; looks at what it printed and at what it left.
    /// `OUT` in its line is its output, `out/NAME` and `out/NAME-json`.
    fn run(&mut self, name: &str, code: i32, line: &str) {
        for (format, suffix) in [("text", ""), ("json", "-json")] {
            let out = format!("out/{name}{suffix}");
            let line = format!("{} --format {format}", line.replace("OUT", &out));
            let outcome = self.town.run(&line);
            if outcome.code != Some(code) {
                let (is, said) = (outcome.code, outcome.err());
                self.found.push(format!("{name}: ends with {is:?}, expected {code}: {said}"));
            }
            self.look_at(name, "stderr", &outcome.stderr);
            // `explain` shows on standard output what was typed.
            if !line.starts_with("slk explain") {
                self.look_at(name, "stdout", &outcome.stdout);
            }
            if code != 0 && outcome.stderr.is_empty() {
                self.found.push(format!("{name} says nothing"));
            }
            if code != 0 && self.town.path(&out).exists() {
                self.found.push(format!("{name} left {out}"));
            }
            for stage in ["", "in", "out"].map(|stage| self.town.path(stage)) {
                if stage.is_dir() && !hidden(&stage).is_empty() {
                    self.found.push(format!("{name} left {:?}", hidden(&stage)));
                }
            }
        }
    }

    fn look_at(&mut self, name: &str, stream: &str, bytes: &[u8]) {
        self.looked_at += 1;
        for canaries in [&self.canaries, &self.agency_key] {
            if let Some(canary) = canaries.first_in(bytes) {
                let said = String::from_utf8_lossy(bytes);
                self.found.push(format!("{name}: {canary} is on {stream}:\n{said}"));
            }
        }
    }

    /// Looks at every byte below `out/`, but for what is an agency's to keep.
    fn look_at_files(&mut self) {
        let numbers = self
            .canaries
            .without(&RECORDS.map(|id| [id.to_owned(), replaced(id, "REC", "CLI")]).concat());
        for (name, bytes) in tree(&self.town.path("out")).expect("outputs") {
            // The list of record numbers holds record numbers, and nothing else.
            let canaries = match name.ends_with(".rows.csv") {
                true => &numbers,
                false => &self.canaries,
            };
            if let Some(canary) = canaries.first_in(&bytes) {
                self.found.push(format!("{canary} is in {name}"));
            }
            if !name.ends_with("keep/agency.key") && self.agency_key.first_in(&bytes).is_some() {
                self.found.push(format!("the agency's key is in {name}"));
            }
            self.looked_at += 1;
        }
    }
}

/// The packages and events of the first two agencies.
const A: &str = "out/plain/to-linkage-unit/agency-a.package.arrow";
const B: &str = "out/b/to-linkage-unit/agency-b.package.arrow";
const EVENTS_A: &str = "out/plain/to-analyst/agency-a.events.csv";
const ROWS: &str = "--rows out/plain/keep/agency-a.rows.csv --rows out/b/keep/agency-b.rows.csv";

/// The truth file: some true pairs that cannot be found.
fn truth() -> String {
    let mut text = "rec_id,person_id\n".to_owned();
    for (i, id) in RECORDS.iter().enumerate() {
        let _ = writeln!(text, "{id},{}", i / 4);
    }
    (0..40).for_each(|i| {
        let _ = writeln!(text, "b{i},{}", 10 + i);
    });
    text
}

fn owner_only() -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(0o600)
}

/// The same text in Windows-1252; what that cannot write becomes a question mark.
fn windows1252(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// The same text in UTF-16, with a byte-order mark.
fn utf16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is there to be replaced");
    text.replace(from, to)
}

const MAKE: &str = "deidentify in/export.csv --events in/events.csv";
const WITH: &str = "--project in/project.toml --source in/source.toml --key-file in/project.key";

#[test]
fn nothing_planted_is_found_outside_keep() {
    let mut scene = Scene::new();
    scene.successes();
    scene.bad_exports();
    scene.bad_settings_and_keys();
    scene.bad_packages();
    scene.bad_content();
    scene.look_at_files();
    assert!(scene.found.is_empty(), "{}", scene.found.join("\n\n"));
    assert!(scene.looked_at > 300, "{} streams and files only", scene.looked_at);
}

impl Scene {
    fn successes(&mut self) {
        self.run("check", 0, "project check in/project.toml");
        self.run("fingerprint", 0, "key fingerprint in/project.key --project in/project.toml");
        self.run("key-new", 0, "key new --project in/project.toml --out OUT.secret");
        self.town.write("in/other.key", self.town.read("out/key-new.secret"));
        for name in ["out/key-new.secret", "out/key-new-json.secret"] {
            let key = self.town.read(name);
            self.canaries.add_key(&key);
            fs::remove_file(self.town.path(name)).expect("removed");
        }
        let proposal = "source new in/export.csv --project in/project.toml --name agency-a";
        self.run("source", 0, &format!("{proposal} --date-format %d/%m/%Y --out OUT.toml"));
        self.run("source-guess", 0, &format!("{proposal} --out OUT.toml"));
        self.run("plain", 0, &format!("{MAKE} {WITH} --out OUT"));
        self.run("quiet", 0, &format!("{MAKE} {WITH} --out OUT --quiet"));
        let agency_key = self.town.read("out/plain/keep/agency.key");
        self.agency_key.add_key(&agency_key);
        self.town.write("in/agency.key", agency_key);
        fs::set_permissions(self.town.path("in/agency.key"), owner_only()).expect("set");
        fs::set_permissions(self.town.path("in/other.key"), owner_only()).expect("set");

        // Who withdrew, one of them of no row; and a line that says nobody's number.
        self.canaries.add("REC-6666666");
        let list = format!("client_id,why\n{},Zorbnote\nREC-6666666,Zorbnote\n", RECORDS[1]);
        self.town.write("in/withdrawn.csv", list);
        let gone = "--withdrawn in/withdrawn.csv --as-at 2026-06-30";
        self.run("withdrawn", 0, &format!("{MAKE} {WITH} {gone} --out OUT"));
        self.town.write("in/torn.csv", "client_id,why\n,Zorbnote Vlokmarquin\n");
        self.run("torn", 3, &format!("{MAKE} {WITH} --withdrawn in/torn.csv --out OUT"));

        // A second agency has the same people under other numbers.
        let theirs = replaced(&export(), "\r\nREC-", "\r\nCLI-");
        let theirs = replaced(&theirs, "\r\na", "\r\nc").replace("\r\nb", "\r\nd");
        self.town.write("in/b.csv", theirs);
        RECORDS.iter().for_each(|id| self.canaries.add(&replaced(id, "REC", "CLI")));
        self.town.write("in/b.toml", replaced(SOURCE, "agency-a", "agency-b"));
        let with_b = replaced(WITH, "source.toml", "b.toml");
        self.run("b", 0, &format!("deidentify in/b.csv --events in/events.csv {with_b} --out OUT"));
        // The same in UTF-16 and in Windows-1252, both declared.
        for (name, bytes) in
            [("utf-16", utf16(&export())), ("windows-1252", windows1252(&export()))]
        {
            self.town.write(&format!("in/{name}.csv"), bytes);
            let encoding = format!("date_format = \"%d/%m/%Y\"\nencoding = \"{name}\"\n[columns]");
            let source = replaced(SOURCE, "date_format = \"%d/%m/%Y\"\n[columns]", &encoding);
            let events_at = source.find("[events]").expect("events");
            self.town.write(&format!("in/{name}.toml"), &source[..events_at]);
            let with = replaced(WITH, "source.toml", &format!("{name}.toml"));
            self.run(name, 0, &format!("deidentify in/{name}.csv {with} --out OUT"));
        }
        self.run("inspect", 0, &format!("inspect {A}"));
        self.run("verify", 0, &format!("verify {A} {B}"));
        self.run("link", 0, &format!("link {A} {B} --project in/project.toml --out OUT"));
        self.run(
            "again",
            0,
            &format!("link {A} {B} --project in/project.toml --previous out/link --out OUT"),
        );
        let fed = "--decisions out/link/keep/clerical.csv";
        self.run("fed", 0, &format!("link {A} {B} --project in/project.toml {fed} --out OUT"));
        let pairs = "--pairs out/link/keep/pairs.csv";
        self.run("why", 0, &format!("explain {A} {B} --project in/project.toml {pairs}"));
        let clear = "--source in/source.toml --source in/b.toml --project in/project.toml";
        self.run("clear", 0, &format!("link --clear in/export.csv in/b.csv {clear} --out OUT"));
        self.run("paths", 0, &format!("pathways --map out/link --events {EVENTS_A} --out OUT"));
        self.town.write("in/truth.csv", truth());
        self.run("evaluate", 0, &format!("evaluate --links out/link --truth in/truth.csv {ROWS}"));
        // Its output holds names, as its input does: what it says must not.
        self.run("slk", 0, "slk in/export.csv --source in/source.toml --out in/keyed.csv --force");
        self.run("slk-check", 0, "slk check in/keyed.csv --column slk581");
        let pages = "--html out/quality.html --csv out/quality.csv --force";
        let source = "--source in/source.toml";
        self.run("quality", 0, &format!("quality in/export.csv in/export.csv {source} {pages}"));
        for standard in ["common-dataset", "dex"] {
            let against = format!("--standard {standard} --html out/{standard}.html --force");
            let line = format!("validate in/keyed.csv {against}");
            self.run(&format!("validate-{standard}"), 1, &line);
            self.run(&format!("validated-{standard}"), 1, &format!("{line} {source}"));
        }
        self.run(
            "explain",
            0,
            "slk explain --family Vlokmarquin --given Brunhexalda --birth-date 23/11/1937 --sex 2",
        );
    }

    /// Exports that cannot be read as they are.
    fn bad_exports(&mut self) {
        let text = export();
        let body = rows().join("\n");
        let mistakes: Vec<(&str, Vec<u8>)> = vec![
            ("empty", Vec::new()),
            ("no-header", body.clone().into_bytes()),
            ("wrong-header", format!("Zyxqvarnholt,Brunhexalda,23/11/1937\n{body}\n").into_bytes()),
            ("like-header", format!("7,Surnamely,Givenna,F,23/11/1937\n{body}\n").into_bytes()),
            ("doubled-column", replaced(&text, "note,consent", "dob,consent").into_bytes()),
            (
                "misspelt-column",
                replaced(&text, "client_id,surname", "client_id,surnmae").into_bytes(),
            ),
            ("unclosed", replaced(&text, "\r\na2,", "\r\na2,\"").into_bytes()),
            ("unmarked-utf-16", utf16(&text)[2..].to_vec()),
            ("undeclared-windows", windows1252(&text)),
        ];
        for (name, bytes) in mistakes {
            let file = format!("in/{name}.csv");
            self.town.write(&file, bytes);
            self.run(
                name,
                3,
                &format!("deidentify {file} --events in/events.csv {WITH} --out OUT"),
            );
            self.run(
                &format!("slk-{name}"),
                3,
                &format!("slk {file} --source in/source.toml --out OUT"),
            );
        }
        for (name, code) in [
            ("empty", 3),
            ("unmarked-utf-16", 3),
            ("undeclared-windows", 0),
            ("no-header", 3),
            ("like-header", 3),
        ] {
            let proposal =
                format!("source new in/{name}.csv --project in/project.toml --name a --out OUT");
            self.run(&format!("source-{name}"), code, &proposal);
        }
        // What can be read apart from some rows is read; the rows are set aside.
        self.town.write("in/nul.csv", replaced(&text, "Xerxavantia,M", "Xerxa\0vantia,M"));
        self.run(
            "nul",
            0,
            &format!("deidentify in/nul.csv --events in/events.csv {WITH} --out OUT"),
        );
        self.run(
            "slk-nul",
            0,
            "slk in/nul.csv --source in/source.toml --out in/nul-keyed.csv --force",
        );
        for name in ["nul", "doubled-column"] {
            let proposal =
                format!("source new in/{name}.csv --project in/project.toml --name a --out OUT");
            self.run(&format!("source-{name}"), 0, &proposal);
        }
        self.run("folder", 3, &format!("deidentify in --events in/events.csv {WITH} --out OUT"));
        self.run(
            "missing",
            7,
            &format!("deidentify in/missing.csv --events in/events.csv {WITH} --out OUT"),
        );
        self.run("slk-folder", 3, "slk in --source in/source.toml --out OUT");
        self.run("check-column", 3, "slk check in/keyed.csv --column slk");
        self.run("check-names", 1, "slk check in/keyed.csv --column surname");
        self.run(
            "explain-bad",
            1,
            "slk explain --family Vlokmarquin --given Brunhexalda --birth-date 31/02/1957",
        );
    }

    /// Files in each other's places, and settings with mistakes.
    fn bad_settings_and_keys(&mut self) {
        for (name, code, file) in [
            ("export", 2, "in/export.csv"),
            ("key", 2, "in/project.key"),
            ("agency-key", 2, "in/agency.key"),
            ("utf-16", 2, "in/utf-16.csv"),
            ("nothing", 7, "in/nothing"),
        ] {
            let code = if name == "utf-16" { 3 } else { code };
            let with = replaced(WITH, "in/project.toml", file);
            self.run(&format!("project-is-{name}"), code, &format!("{MAKE} {with} --out OUT"));
            self.run(&format!("check-{name}"), code, &format!("project check {file}"));
            let with = replaced(WITH, "in/source.toml", file);
            self.run(&format!("source-is-{name}"), code, &format!("{MAKE} {with} --out OUT"));
        }
        // A row of the export among the settings.
        let row = &rows()[0];
        let source = replaced(SOURCE, "[columns]", &format!("[columns]\n{row}"));
        self.town.write("in/pasted.toml", source);
        let with = replaced(WITH, "source.toml", "pasted.toml");
        self.run("pasted", 2, &format!("{MAKE} {with} --out OUT"));

        let key = self.town.read("in/project.key");
        let line = key.lines().find(|line| !line.starts_with('#')).expect("a line");
        let turned: String = line[..30].chars().chain(line[30..].chars().rev()).collect();
        self.town.write("in/damaged.key", format!("{turned}\n"));
        self.town.write("in/cut.key", &line[..line.len() - 8]);
        self.town.write("in/exposed.key", &key);
        for file in ["in/damaged.key", "in/cut.key"] {
            fs::set_permissions(self.town.path(file), owner_only()).expect("set");
        }
        for (name, file) in [
            ("damaged", "in/damaged.key"),
            ("cut", "in/cut.key"),
            ("exposed", "in/exposed.key"),
            ("agency", "in/agency.key"),
            ("export", "in/export.csv"),
            ("missing", "in/missing.key"),
        ] {
            let with = replaced(WITH, "in/project.key", file);
            self.run(&format!("{name}-key"), 4, &format!("{MAKE} {with} --out OUT"));
            self.run(
                &format!("{name}-print"),
                4,
                &format!("key fingerprint {file} --project in/project.toml"),
            );
        }
        self.run(
            "project-for-agency",
            4,
            &format!("{MAKE} {WITH} --agency-key in/project.key --out OUT"),
        );
        self.run("key-again", 6, "key new --project in/project.toml --out in/project.key");

        let with_events =
            |events: &str| format!("deidentify in/export.csv --events {events} {WITH} --out OUT");
        self.run("events-are-export", 3, &with_events("in/export.csv"));
        self.run("events-are-key", 3, &with_events("in/project.key"));
        self.run("events-missing", 7, &with_events("in/none.csv"));
        self.town.write("in/keeps.toml", replaced(SOURCE, "[\"reason\"]", "[\"surname\"]"));
        let with = replaced(WITH, "source.toml", "keeps.toml");
        self.run("keeps-name", 6, &format!("{MAKE} {with} --out OUT"));
        self.run("there-already", 6, &format!("{MAKE} {WITH} --out out/plain"));
    }

    /// Packages that are none, that are damaged, or that do not belong together.
    fn bad_packages(&mut self) {
        let good = fs::read(self.town.path(A)).expect("read");
        let mut flipped = good.clone();
        flipped[good.len() / 2] ^= 1;
        self.town.write("in/cut.arrow", &good[..good.len() / 2]);
        self.town.write("in/flipped.arrow", flipped);
        for (name, file) in
            [("export", "in/export.csv"), ("cut", "in/cut.arrow"), ("key", "in/project.key")]
        {
            let code = if name == "key" { 6 } else { 5 };
            self.run(
                &format!("link-{name}"),
                code,
                &format!("link {file} {B} --project in/project.toml --out OUT"),
            );
            self.run(&format!("inspect-{name}"), 5, &format!("inspect {file}"));
            self.run(&format!("verify-{name}"), 5, &format!("verify {B} {file}"));
        }
        self.run("verify-flipped", 5, "verify in/flipped.arrow");
        let clear = "link --clear in/export.csv --source in/source.toml";
        self.run("clear-key", 6, &format!("{clear} --project in/project.key --out OUT"));
        self.run("clear-export", 2, &format!("{clear} --project in/export.csv --out OUT"));
        let decided = "--decisions in/export.csv";
        self.run(
            "link-decided",
            3,
            &format!("link {A} {B} --project in/project.toml {decided} --out OUT"),
        );
        self.run("link-twice", 2, &format!("link {A} {A} --project in/project.toml --out OUT"));
        self.run(
            "link-with-key",
            6,
            &format!("link {A} {B} --project in/project.toml --key-file in/project.key --out OUT"),
        );
        self.run(
            "link-key-project",
            6,
            &format!("link {A} {B} --project in/project.key --out OUT"),
        );
        self.run(
            "link-export-project",
            2,
            &format!("link {A} {B} --project in/export.csv --out OUT"),
        );

        let other = format!("{MAKE} --source in/b.toml --out OUT");
        self.run(
            "other-key",
            0,
            &format!("{other} --project in/project.toml --key-file in/other.key"),
        );
        self.town.ok("project new --preset minimal --id another --out in/another.toml");
        self.run(
            "other-project",
            0,
            &format!("{other} --project in/another.toml --key-file in/project.key"),
        );
        for name in ["other-key", "other-project"] {
            let package = format!("out/{name}/to-linkage-unit/agency-b.package.arrow");
            self.run(
                &format!("link-{name}"),
                5,
                &format!("link {A} {package} --project in/project.toml --out OUT"),
            );
        }
        // What is called a map is an export.
        self.town.write("in/maps/agency-a.map.csv", export());
        self.town.write(
            "in/bad-maps/agency-a.map.csv",
            "row_id,person_id,band\nREC-7741388,Brunhexalda,Vlokmarquin\n",
        );
        for (name, folder) in
            [("export", "in/maps"), ("names", "in/bad-maps"), ("none", "out/plain")]
        {
            self.run(
                &format!("previous-{name}"),
                3,
                &format!("link {A} {B} --project in/project.toml --previous {folder} --out OUT"),
            );
        }
    }

    /// What an analyst must not hold, and what an evaluation cannot read.
    fn bad_content(&mut self) {
        self.town.write("in/agency-a.events.csv", export());
        self.town.write("in/x/agency-a.events.csv", replaced(&events(), "client,", "row_id,"));
        let odd =
            "row_id,program,start,end\nREC-7741388,Housing,23/11/1937,Brunhexalda\nVlokmarquin\n";
        self.town.write("in/y/agency-a.events.csv", odd);
        for (name, code, map, events) in [
            ("export", 6, "out/link", "in/agency-a.events.csv"),
            ("columns", 3, "out/link", "in/x/agency-a.events.csv"),
            ("cells", 3, "out/link", "in/y/agency-a.events.csv"),
            ("package", 6, "out/link", A),
            ("key", 3, "out/link", "in/project.key"),
            ("rows", 6, "out/plain/keep", EVENTS_A),
            ("map-export", 6, "in/maps", EVENTS_A),
            ("map-cells", 3, "in/bad-maps", EVENTS_A),
            ("no-map", 3, "in/x", EVENTS_A),
        ] {
            self.run(
                &format!("paths-{name}"),
                code,
                &format!("pathways --map {map} --events {events} --out OUT"),
            );
        }
        self.run(
            "truth-is-export",
            3,
            &format!("evaluate --links out/link --truth in/export.csv {ROWS}"),
        );
        self.town.write("in/bad-truth.csv", "rec_id,person_id\nREC-7741388\nREC-7741389,\n");
        self.run(
            "bad-truth",
            3,
            &format!("evaluate --links out/link --truth in/bad-truth.csv {ROWS}"),
        );
        self.town.write("in/agency-a.rows.csv", export());
        let rows = "--rows in/agency-a.rows.csv --rows out/b/keep/agency-b.rows.csv";
        self.run(
            "rows-are-export",
            3,
            &format!("evaluate --links out/link --truth in/truth.csv {rows}"),
        );
        self.run("no-links", 3, "evaluate --links out/plain --truth in/truth.csv --rows out/plain/keep/agency-a.rows.csv");
        self.run(
            "min-f1",
            1,
            &format!("evaluate --links out/link --truth in/truth.csv --min-f1 1 {ROWS}"),
        );
    }
}

#[test]
fn the_search_finds_what_is_planted() {
    let scene = Scene::new();
    let town = &scene.town;
    let find = |bytes: &[u8]| scene.canaries.first_in(bytes);
    assert_eq!(find(b"agency-a 2024-03-01 p0123456789abcdef Housing"), None);
    for planted in [
        "x ZYXQVARNHOLT QUIBBLEWORTH x",
        "þrúðvargsdóttir",
        "иннокентьевская",
        "ИННОКЕНТЬЕВСКАЯ",
        "\"dob\": 19371123",
        "1937-11-23T00:00",
        "23 Nov 1937",
        "23.11.1937",
        "YXVRU231119372",
        "rec7741388",
        "04-9912-3777",
    ] {
        assert!(find(planted.as_bytes()).is_some(), "{planted}");
    }
    let utf16: Vec<u8> = "brunhexalda".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(find(&[b"\xff\xfe".as_slice(), &utf16].concat()).is_some());
    let file = town.read("in/project.key");
    let line = file.lines().find(|line| !line.starts_with('#')).expect("a line");
    assert!(find(line.to_uppercase().as_bytes()).is_some());
    let secret: Vec<u8> =
        CheckedHrpstring::new::<Bech32m>(line).expect("a key").byte_iter().collect();
    assert!(find(&[b"\x00\xff".as_slice(), &secret, b"\xff"].concat()).is_some());
    assert!(find(format!("key={}", base64(&secret, b"+/")).as_bytes()).is_some());
    let hex = secret.iter().fold(String::new(), |text, b| format!("{text}{b:02X}"));
    assert!(find(hex.as_bytes()).is_some());
}
