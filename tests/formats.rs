//! The same people in every kind of file that agencies have: the same packages, the same events
//! and the same links.

#![allow(clippy::disallowed_methods)]

mod town;

use std::io::Write;

use town::Town;

const PEOPLE: u32 = 900;
const AGENCIES: [&str; 2] = ["housing", "mental-health"];

/// A town in files of one kind below `kind/`.
fn made(home: &Town, kind: &str) {
    home.ok(&format!(
        "synth --people {PEOPLE} --sources 2 --seed 5 --as {kind} --out {kind} --quiet"
    ));
}

/// De-identifies an agency's files into `out`, under the agency key of the run on CSV.
fn deidentify(home: &Town, agency: &str, files: &str, source: &str, out: &str) {
    let key = format!("out/{agency}/keep/agency.key");
    let named = match home.path(&key).exists() {
        true => format!("--agency-key {key}"),
        false => String::new(),
    };
    home.ok(&format!(
        "deidentify {files} {source} --project csv/project.toml --key-file project.key {named} \
         --out {out} --quiet"
    ));
}

fn bytes(home: &Town, name: &str) -> Vec<u8> {
    std::fs::read(home.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn every_kind_of_file_gives_the_same_packages_events_and_links() {
    let home = Town::empty();
    made(&home, "csv");
    home.ok("key new --project csv/project.toml --out project.key");
    for agency in AGENCIES {
        let files = format!("csv/{agency}/export.csv --events csv/{agency}/events.csv");
        let source = format!("--source csv/{agency}/source.toml");
        deidentify(&home, agency, &files, &source, &format!("out/{agency}"));
    }

    for (kind, export, events) in [
        ("xlsx", "export.xlsx", None),
        ("parquet", "export.parquet", Some("events.parquet")),
        ("jsonl", "export.jsonl", Some("events.jsonl")),
    ] {
        made(&home, kind);
        for agency in AGENCIES {
            let events = events.map(|name| format!("--events {kind}/{agency}/{name}"));
            let events = events.unwrap_or_default();
            let files = format!("{kind}/{agency}/{export} {events}");
            let source = format!("--source {kind}/{agency}/source.toml");
            deidentify(&home, agency, &files, &source, &format!("{kind}/out/{agency}"));
            same(&home, agency, &format!("{kind}/out/{agency}"));
        }
    }

    // Packed, and in monthly parts of which one has its columns in another order.
    for agency in AGENCIES {
        let text = home.read(&format!("csv/{agency}/export.csv"));
        let mut lines = text.lines();
        let header = lines.next().expect("a header");
        let rows: Vec<&str> = lines.collect();
        let (first, second) = rows.split_at(rows.len() / 3);
        let turned = |line: &&str| {
            let mut cells: Vec<String> = csv_cells(line);
            cells.rotate_left(5);
            cells.join(";")
        };
        let one = format!("{header}\n{}\n", first.join("\n"));
        let two: Vec<String> = std::iter::once(&header).chain(second).map(turned).collect();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        packed.write_all(one.as_bytes()).expect("packed");
        home.write(&format!("parts/{agency}/1.csv.gz"), packed.finish().expect("packed"));
        home.write(&format!("parts/{agency}/2.csv"), two.join("\r\n"));
        let events = bytes(&home, &format!("csv/{agency}/events.csv"));
        let events = zstd::encode_all(&events[..], 1).expect("packed");
        home.write(&format!("parts/{agency}.events.csv.zst"), events);
        let files = format!("parts/{agency} --events parts/{agency}.events.csv.zst");
        let source = format!("--source csv/{agency}/source.toml");
        deidentify(&home, agency, &files, &source, &format!("parts/out/{agency}"));
        same(&home, agency, &format!("parts/out/{agency}"));
    }
}

/// Cells of a line without line breaks in them, none of which has a semicolon.
fn csv_cells(line: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    let row = reader.records().next().expect("a row").expect("a row");
    let quoted = |cell: &str| match cell.contains('"') {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    };
    row.iter().map(quoted).collect()
}

/// Whether a run gave what the run on CSV gave, byte for byte.
fn same(home: &Town, agency: &str, out: &str) {
    for file in [
        format!("to-linkage-unit/{agency}.package.arrow"),
        format!("to-analyst/{agency}.events.csv"),
        format!("keep/{agency}.rows.csv"),
    ] {
        let expected = bytes(home, &format!("out/{agency}/{file}"));
        assert!(bytes(home, &format!("{out}/{file}")) == expected, "{out}/{file} differs");
    }
}

/// A DEX upload has no other family names; beside those, it gives the same rows and links.
#[test]
fn a_dex_upload_needs_no_description_and_gives_the_same_links() {
    let home = Town::empty();
    made(&home, "csv");
    made(&home, "dex");
    home.ok("key new --project csv/project.toml --out project.key");
    for agency in AGENCIES {
        let source = home.read(&format!("csv/{agency}/source.toml"));
        let alias = "[[aliases]]\nfamily_name = \"other_family_name\"\n";
        assert!(source.contains(alias));
        home.write("source.toml", source.replace(alias, ""));
        let files = format!("csv/{agency}/export.csv --events csv/{agency}/events.csv");
        deidentify(&home, agency, &files, "--source source.toml", &format!("out/{agency}"));
        let upload = format!("dex/{agency}/upload.xml");
        deidentify(
            &home,
            agency,
            &upload,
            &format!("--name {agency}"),
            &format!("dex-out/{agency}"),
        );
        let name = format!("keep/{agency}.rows.csv");
        let rows = home.read(&format!("dex-out/{agency}/{name}"));
        assert!(rows.lines().count() > 200);
        assert_eq!(rows, home.read(&format!("out/{agency}/{name}")));
        // One session for the first day of each event of the analyst.
        let events = format!("to-analyst/{agency}.events.csv");
        let lines = |text: String| text.lines().count();
        let expected = lines(home.read(&format!("out/{agency}/{events}")));
        assert_eq!(lines(home.read(&format!("dex-out/{agency}/{events}"))), expected);
    }
    for out in ["out", "dex-out"] {
        let packages = AGENCIES.map(|a| format!("{out}/{a}/to-linkage-unit/{a}.package.arrow"));
        let packages = packages.join(" ");
        home.ok(&format!("link {packages} --project csv/project.toml --out {out}/links --quiet"));
    }
    for agency in AGENCIES {
        let map = format!("links/to-analyst/{agency}.map.csv");
        assert_eq!(home.read(&format!("dex-out/{map}")), home.read(&format!("out/{map}")));
    }
}
