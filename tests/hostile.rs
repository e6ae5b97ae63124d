//! Exports as nobody should write them and somebody does: 150 of them, and what the program
//! makes of each. `testdata/hostile/expected.txt` has a line for each; `SNAPSHOTS=overwrite
//! cargo test --test hostile` writes it anew, to be read before it is kept.

#![allow(clippy::disallowed_methods)]

mod hostile_cases;
mod town;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hostile_cases::{CANARY, Case, cases};
use town::{Outcome, Town, tree};

const EXPECTED: &str = "testdata/hostile/expected.txt";

/// How long a MiB may take before it is a hang: it takes well under a second, but for a build
/// that is not optimised, on a machine that does much else.
const PER_MIB: Duration = Duration::from_secs(60);

#[test]
fn every_hostile_export_has_its_outcome() {
    let cases = cases();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let town = Town::empty();
    town.ok("project new --preset minimal --id yard --out project.toml");
    town.key("project.key");
    town.write("source.toml", SOURCE);
    let mut found = String::new();
    for case in &cases {
        found += &format!("{}\n", outcome(&town, case));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(EXPECTED);
    if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
        fs::write(&path, &found).expect("written");
    }
    let expected = fs::read_to_string(&path).expect("the outcomes");
    let expected: Vec<&str> = expected.lines().collect();
    for (found, expected) in found.lines().zip(&expected) {
        assert_eq!(found, *expected);
    }
    assert_eq!(found.lines().count(), expected.len());
}

/// What becomes of one export: in `slk` and in `deidentify`.
fn outcome(town: &Town, case: &Case) -> String {
    town.write("export.csv", &case.bytes);
    let before = tree(town.home()).expect("a folder");
    let began = Instant::now();
    let encoding = match case.encoding {
        "utf-8" => "source.toml".to_owned(),
        other => {
            let text = SOURCE.replace("\"utf-8\"", &format!("\"{other}\""));
            town.write("other.toml", text);
            "other.toml".to_owned()
        }
    };
    let slk = town.run(&format!(
        "slk export.csv --source {encoding} --out keyed.csv --as-at 2026-01-01 --format json"
    ));
    let deidentified = town.run(&format!(
        "deidentify export.csv --project project.toml --source {encoding} --key-file \
         project.key --out out --format json"
    ));
    let mib = 1 + case.bytes.len() as u32 / (1 << 20);
    assert!(began.elapsed() < PER_MIB * 2 * mib, "{}: {:?}", case.name, began.elapsed());
    for said in [&slk, &deidentified] {
        held(case, said);
    }
    for told in ["keyed.csv.rejects.csv", "out/keep/agency-a.rejects.csv", "out/keep/run.json"] {
        let text = fs::read_to_string(town.path(told)).unwrap_or_default().to_uppercase();
        assert!(!text.contains(CANARY), "{}: a value is in {told}", case.name);
    }
    let line = format!(
        "{:<32}slk: {} | deidentify: {}",
        case.name,
        said(&slk, "keys", "rows"),
        said(&deidentified, "rows_used", "rows_in")
    );
    for made in ["keyed.csv", "keyed.csv.rejects.csv", "other.toml"] {
        let _ = fs::remove_file(town.path(made));
    }
    let _ = fs::remove_dir_all(town.path("out"));
    // A failure left nothing, and a success no more than it said.
    let after = tree(town.home()).expect("a folder");
    assert!(names(&before) == names(&after), "{}: {:?}", case.name, names(&after));
    line
}

fn names(tree: &BTreeMap<String, Vec<u8>>) -> Vec<&String> {
    tree.keys().collect()
}

/// Whatever happens, no value is shown, nothing steers the terminal, and the program ends of
/// itself with a code that it has.
fn held(case: &Case, ran: &Outcome) {
    let name = case.name;
    let code = ran.code.unwrap_or_else(|| panic!("{name}: ended by a signal"));
    assert!([0, 3, 4, 8].contains(&code), "{name}: {code}: {}", ran.err());
    for stream in [ran.out(), ran.err()] {
        let upper = stream.to_uppercase();
        assert!(!upper.contains(CANARY), "{name}: a value is shown: {stream}");
        let steers = |c: char| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}')
        };
        assert!(!stream.contains(steers), "{name}: {stream:?}");
        assert!(!stream.contains("panicked"), "{name}: {stream}");
    }
}

/// An outcome in words: the counts, or the error without its position's file name.
fn said(ran: &Outcome, part: &str, whole: &str) -> String {
    if ran.code == Some(0) {
        let json = ran.json();
        let mut text = format!("{} of {}", json[part], json[whole]);
        for (reason, count) in reasons(&json) {
            text += &format!(", {count} {reason}");
        }
        return text;
    }
    let json: serde_json::Value = serde_json::from_str(&ran.err())
        .unwrap_or_else(|e| panic!("no JSON object: {e}: {}", ran.err()));
    let message = json["error"]["message"].as_str().expect("a message").replace('\n', " / ");
    let short: String = message.chars().take(150).collect();
    format!("{} {short}", ran.code.unwrap_or(-1))
}

/// What was set aside, by reason.
fn reasons(json: &serde_json::Value) -> Vec<(String, u64)> {
    let mut all = Vec::new();
    for part in ["rows_set_aside", "quality"] {
        for (reason, count) in json[part].as_object().into_iter().flatten() {
            all.push((reason.clone(), count.as_u64().unwrap_or_default()));
        }
    }
    for value in json["values_set_aside"].as_array().into_iter().flatten() {
        let name = format!("{} {}", value["column"], value["reason"]).replace('"', "");
        all.push((name, value["values"].as_u64().unwrap_or_default()));
    }
    all.retain(|(reason, count)| *count > 0 && reason != "ok");
    all
}

const SOURCE: &str = r#"
[source]
name = "agency-a"
record_id = "client"
encoding = "utf-8"
date_format = "%Y-%m-%d"

[columns]
family_name = "family"
given_name = "given"
birth_date = "born"
sex = "sex"
suburb = "suburb"
postcode = "postcode"

[codes.sex]
m = "1"
f = "2"
"#;
