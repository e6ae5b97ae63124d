//! Exports held against the Common Dataset and DEX: every rule is broken once, and found once,
//! where it is broken; what breaks none is found clean.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use jiff::civil::date;
use proptest::prelude::*;
use veilway::progress::Progress;
use veilway::sources::Input;
use veilway::sources::Table;
use veilway::sources::spec::Encoding;
use veilway::standard::{
    Dictionary, Job, Period, Report, Rule, Standard, Wording, validate, validate_upload,
};

fn job(standard: Standard) -> Job {
    Job {
        standard,
        wording: Wording::Corrected,
        source: None,
        date_format: None,
        period: Period::parse("2025-jan-jun").filter(|_| standard == Standard::Dex),
        as_at: date(2026, 7, 1),
    }
}

fn report(text: &str, job: &Job) -> Report {
    let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let table = Table::from_reader(reader, Path::new("t.csv"), Encoding::Utf8, None);
    validate(table.expect("a table"), job, &Progress::silent()).expect("a report")
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    fs::read_to_string(folder.join(name)).expect("a fixture")
}

/// What a fixture says is wrong: line, item, rule.
fn told(text: &str) -> Vec<(u64, String, String)> {
    let mut told = Vec::new();
    let columns = text.lines().next().expect("a header").split(',').count();
    for (line, row) in (1..).zip(text.lines()).skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        if cells.len() != columns {
            told.push((line, String::new(), Rule::Unreadable.code().to_owned()));
        } else if let Some((item, rule)) = cells[columns - 1].split_once(' ') {
            told.push((line, item.to_owned(), rule.to_owned()));
        }
    }
    told
}

fn found(report: &Report) -> Vec<(u64, String, String)> {
    let mut found = Vec::new();
    for finding in &report.findings {
        assert_eq!(finding.count, finding.lines.len() as u64, "{} {}", finding.item, finding.rule);
        for line in &finding.lines {
            found.push((*line, finding.item.clone(), finding.rule.to_owned()));
        }
    }
    found.sort();
    found
}

const BROKEN: [(&str, Standard); 3] = [
    ("standard/common-dataset-broken.csv", Standard::CommonDataset),
    ("standard/dex-broken.csv", Standard::Dex),
    ("standard/dex-cases-broken.csv", Standard::Dex),
];

#[test]
fn every_row_breaks_the_rule_it_says_and_no_other() {
    for (name, standard) in BROKEN {
        let text = fixture(name);
        assert_eq!(found(&report(&text, &job(standard))), told(&text), "{name}");
    }
}

const UPLOAD: &str = "standard/dex-upload-broken.xml";

fn upload_report(name: &str) -> Report {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name);
    let job = job(Standard::Dex);
    validate_upload(&Input::File(file), &job, &Progress::silent()).expect("a report")
}

/// What comments on the lines of an upload say is wrong.
fn told_of_upload(text: &str) -> Vec<(u64, String, String)> {
    let told = (1..).zip(text.lines()).filter_map(|(line, record)| {
        let (_, comment) = record.split_once("<!-- ")?;
        let (item, rule) = comment.strip_suffix(" -->")?.split_once(' ')?;
        Some((line, item.to_owned(), rule.to_owned()))
    });
    told.collect()
}

/// All lists of an upload are judged, each by itself and by the others.
#[test]
fn every_record_of_an_upload_breaks_the_rule_it_says_and_no_other() {
    let told = told_of_upload(&fixture(UPLOAD));
    assert!(told.len() > 15);
    assert_eq!(found(&upload_report(UPLOAD)), told);
    let clean = upload_report("dex/whole.xml");
    assert_eq!((clean.findings, clean.columns_not_known), (vec![], 0));
    let coverage = clean.coverage.expect("a coverage");
    assert_eq!((coverage.clients, coverage.cases, coverage.sessions), (3, 3, 3));
    assert_eq!((coverage.clients_with_score, coverage.clients_with_pair), (2, 1));
    assert_eq!((coverage.cases_without_session, coverage.sessions_without_client), (0, 0));
}

/// How an upload is laid out does not count, and each of several files stands by itself.
#[test]
fn nothing_is_twice_on_one_line_or_in_two_files() {
    let whole = fixture("dex/whole.xml");
    let room = tempfile::tempdir().expect("a folder");
    for files in [vec![whole.replace('\n', "")], vec![whole.clone(), whole]] {
        for (number, text) in files.iter().enumerate() {
            fs::write(room.path().join(format!("{number}.xml")), text).expect("written");
        }
        let folder = Input::File(room.path().to_owned());
        let report = validate_upload(&folder, &job(Standard::Dex), &Progress::silent());
        assert_eq!(report.expect("a report").findings, []);
    }
}

#[test]
fn an_upload_that_is_too_large_is_found() {
    let room = tempfile::tempdir().expect("a folder");
    let file = room.path().join("upload.xml");
    let text = fixture("dex/whole.xml") + &"<!-- -->\n".repeat(1_200_000);
    fs::write(&file, text).expect("written");
    let job = job(Standard::Dex);
    let report = validate_upload(&Input::File(file), &job, &Progress::silent()).expect("a report");
    let shape: Vec<_> = report.findings.iter().map(|f| (f.item.as_str(), f.rule)).collect();
    assert_eq!(shape, [("", "too-large")]);
}

#[test]
fn every_rule_is_broken_somewhere() {
    let mut broken: BTreeSet<String> =
        BROKEN.iter().flat_map(|(name, _)| told(&fixture(name))).map(|(_, _, rule)| rule).collect();
    broken.extend(told_of_upload(&fixture(UPLOAD)).into_iter().map(|(_, _, rule)| rule));
    // These are about columns and files: tests of their own.
    let others = [Rule::MissingColumn, Rule::SecondColumn, Rule::TooLarge];
    broken.extend(others.map(|r| r.code().to_owned()));
    let rules: BTreeSet<String> = Rule::ALL.iter().map(|rule| rule.code().to_owned()).collect();
    assert_eq!(broken, rules);
}

#[test]
fn what_breaks_no_rule_is_found_clean() {
    for (name, standard) in
        [("cli/common_dataset.csv", Standard::CommonDataset), ("cli/dex.csv", Standard::Dex)]
    {
        let report = report(&fixture(name), &job(standard));
        assert_eq!(report.findings, [], "{name}");
        assert_eq!(report.columns_not_known, 0, "{name}");
        assert!(report.rows > 4 && report.pass().is_ok());
    }
}

#[test]
fn a_column_too_few_and_one_too_many_are_found_once() {
    let text = fixture("cli/common_dataset.csv");
    let without = text.replacen("1.1.1", "of no item", 1);
    let findings = report(&without, &job(Standard::CommonDataset)).findings;
    let shape: Vec<_> = findings.iter().map(|f| (f.item.as_str(), f.rule, f.count)).collect();
    assert_eq!(shape, [("1.1.1", "missing-column", 1)]);
    let twice = text.replacen("1.2.5", "Sex", 1);
    let findings = report(&twice, &job(Standard::CommonDataset)).findings;
    let shape: Vec<_> = findings.iter().map(|f| (f.item.as_str(), f.rule, f.count)).collect();
    assert_eq!(shape, [("1.4.1", "second-column", 1)]);
}

/// Titles, snake case and usual spellings mean the same as item numbers.
#[test]
fn columns_are_known_by_number_title_and_usual_spelling() {
    let text = fixture("standard/common-dataset-broken.csv");
    let names = [
        ("1.2.1", "First name(s)"),
        ("1.2.3", "surname"),
        ("1.3.1", "DOB"),
        ("1.4.1", "sex"),
        ("1.5.7", "item_1_5_7"),
        ("1.5.8", "State"),
        ("1.7.1", "client_id"),
        ("1.7.2", "Statistical linkage key"),
        ("2.3.2", "Self care activities (AIHW)"),
        ("2.3.16", "Support worker or carer"),
    ];
    let (header, rows) = text.split_once('\n').expect("a header");
    let cells: Vec<String> = header
        .split(',')
        .map(|id| match names.iter().find(|(item, _)| *item == id) {
            Some((_, name)) => (*name).to_owned(),
            None => id.to_owned(),
        })
        .collect();
    let renamed = format!("{}\n{rows}", cells.join(","));
    let plain = report(&text, &job(Standard::CommonDataset));
    let named = report(&renamed, &job(Standard::CommonDataset));
    assert_eq!(found(&named), found(&plain));
    assert_eq!(named.items.len(), plain.items.len());
}

/// Windows line ends, a byte-order mark, tabs and any number of threads change nothing.
#[test]
fn the_form_of_the_file_does_not_count() {
    let text = fixture("standard/common-dataset-broken.csv");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let tabs = text.replace(',', "\t");
    let plain = report(&text, &job(Standard::CommonDataset));
    for other in [windows, tabs] {
        assert_eq!(report(&other, &job(Standard::CommonDataset)), plain);
    }
}

/// Findings far apart are counted over pieces and batches, in the order of the file.
#[test]
fn long_files_are_counted_whole() {
    let text = fixture("cli/dex.csv");
    let (header, rows) = text.split_once('\n').expect("a header");
    let row = rows.lines().next().expect("a row");
    let mut long = format!("{header}\n");
    for n in 0..40_000 {
        let row = row.replace("k001", &format!("k{n}")).replace("case001", &format!("case{n}"));
        let row = if n % 1000 == 999 { row.replace("2615", "x") } else { row };
        long += &format!("{row}\n");
    }
    let report = report(&long, &job(Standard::Dex));
    assert_eq!((report.rows, report.found, report.rows_with_findings), (40_000, 40, 40));
    assert_eq!(report.findings[0].lines, [1001, 2001, 3001, 4001, 5001]);
}

/// The wording of the document itself: what is put right is wrong again.
#[test]
fn strict_keeps_the_documents_wording() {
    let strict = Job { wording: Wording::AsWritten, ..job(Standard::CommonDataset) };
    let report = report(&fixture("cli/common_dataset.csv"), &strict);
    let shape: Vec<_> = report.findings.iter().map(|f| (f.item.as_str(), f.rule)).collect();
    assert_eq!(
        shape,
        [
            // Nobody here has another name.
            ("1.2.5", "missing"),
            // The name of a suburb is no postcode.
            ("1.5.6", "type"),
            // The carer's details are asked by another item.
            ("2.3.17", "must-be-empty"),
            // An episode that goes on.
            ("4.1.4", "missing"),
            // The document does not say that these two hang on a referral.
            ("4.2.5", "missing"),
            ("4.2.7", "missing"),
        ]
    );
}

/// A page and a document say the same, and hold no value.
#[test]
fn no_value_is_in_any_report() {
    for (name, standard) in BROKEN {
        let text = fixture(name);
        let report = report(&text, &job(standard));
        let said =
            report.html().expect("a page") + &serde_json::to_string(&report).expect("a document");
        for value in
            ["Brackenfern", "Ottilie", "RAKTT", "14031987", "1987-03", "someone@", "k9", "c-1"]
        {
            assert!(!said.contains(value), "{name}: {value}");
        }
        assert!(said.contains("<svg") && !said.contains("<script"));
    }
}

/// Cells of every kind: codes, dates, keys, numbers, and what people type.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[0-9]{1,2}",
        "[0-3][0-9][01][0-9](19|20)[0-9]{2}",
        "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]",
        "[A-Z29]{5}[0-3][0-9][01][0-9](19|20)[0-9]{2}[12349]",
        "(true|false|PRE|POST|ACT|NSW|MALE)",
        "\\PC{0,50}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever stands in a file, it is judged, and the counts add up.
    #[test]
    fn any_file_is_judged(
        is_dex in any::<bool>(),
        columns in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        rows in prop::collection::vec(prop::collection::vec(cell(), 30), 1..12),
    ) {
        let standard = if is_dex { Standard::Dex } else { Standard::CommonDataset };
        let items = &Dictionary::of(standard, Wording::Corrected).items;
        let headings: BTreeSet<&str> = columns.iter().map(|at| at.get(items).id.as_str()).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(headings.iter()).expect("a header");
        for row in &rows {
            // A line of one empty cell would be no row.
            let cells = row.iter().take(headings.len()).enumerate();
            let cells = cells.map(|(at, cell)| if at == 0 && cell.trim().is_empty() { "0" } else { cell });
            writer.write_record(cells).expect("a row");
        }
        let text = String::from_utf8(writer.into_inner().expect("bytes")).expect("text");
        for wording in [Wording::Corrected, Wording::AsWritten] {
            let report = report(&text, &Job { wording, ..job(standard) });
            prop_assert_eq!(report.rows, rows.len() as u64);
            prop_assert_eq!(report.items.len(), headings.len());
            prop_assert_eq!(report.findings.iter().map(|f| f.count).sum::<u64>(), report.found);
            for item in &report.items {
                let fill = item.fill;
                let all = fill.filled + fill.no_answer + fill.empty + report.set_aside;
                prop_assert_eq!(all, report.rows);
            }
        }
    }
}
