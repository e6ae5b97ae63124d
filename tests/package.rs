//! De-identification end to end: exports become packages, events and what the agency keeps.
//! Packages are read here with Arrow's own reader, not with ours.

#![allow(clippy::disallowed_methods)]

#[path = "room/keys.rs"]
mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, RecordBatch};
use arrow_ipc::reader::FileReader;
use veilway::deidentify::{self, Job, Summary, Unhardened};
use veilway::files::Overwrite;
use veilway::package::{self, Manifest, Package};
use veilway::progress::Progress;
use veilway::project::fuzzy::FuzzyEncoding;
use veilway::project::{Preset, Project};
use veilway::sources::{Input, SourceSpec};
use veilway::{Class, Error};

const COLUMNS: &str = "\
    [columns]\n\
    family_name = \"surname\"\n\
    given_name = \"given_name\"\n\
    birth_date = \"dob\"\n\
    sex = \"sex\"\n\
    suburb = \"suburb\"\n\
    postcode = \"postcode\"\n\
    [codes]\n\
    sex = { M = \"1\", F = \"2\" }\n";
const HEADER: &str = "id,surname,given_name,sex,dob,suburb,postcode";

/// One agency with its keys, in a folder of its own.
struct Agency {
    home: tempfile::TempDir,
    project: Project,
}

impl Agency {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        let text = Preset::Minimal.toml("yard", "2026");
        let project = Project::parse(&text, "project.toml").expect("the preset");
        keys::write(&home.path().join("project.key"), keys::PROJECT, "yard");
        keys::write(&home.path().join("agency.key"), keys::AGENCY, "agency-a");
        Agency { home, project }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn job(&self, export: &str, source: &str, out: &str) -> Job {
        let head =
            "[source]\nname = \"agency-a\"\nrecord_id = \"id\"\ndate_format = \"%Y-%m-%d\"\n";
        let source = SourceSpec::parse(&format!("{head}{source}"), "a.toml").expect("a source");
        let path = self.path(&format!("{out}.csv"));
        fs::write(&path, export).expect("written");
        Job {
            export: Input::File(path),
            events: None,
            project: self.project.clone(),
            source,
            key_file: self.path("project.key"),
            agency_key: Some(self.path("agency.key")),
            out: self.path(out),
            overwrite: Overwrite::Refuse,
            unhardened: Unhardened::Refuse,
            today: jiff::civil::date(2026, 1, 31),
            as_at: None,
            memory: usize::MAX,
        }
    }

    fn run(&self, export: &str, source: &str, out: &str) -> Output {
        Output::of(&self.job(export, source, out))
    }
}

/// What a run wrote.
struct Output {
    summary: Summary,
    package: PathBuf,
    batch: RecordBatch,
    manifest: Manifest,
    rows: BTreeMap<String, String>,
    rejects: Vec<String>,
}

impl Output {
    fn of(job: &Job) -> Self {
        let summary = deidentify::run(job, &Progress::silent()).expect("a run");
        let lines = |name: &str| -> Vec<String> {
            let text = fs::read_to_string(job.out.join("keep").join(name)).expect("a file");
            text.lines().skip(1).map(str::to_owned).collect()
        };
        let rows = lines("agency-a.rows.csv").into_iter();
        let rows =
            rows.filter_map(|l| l.split_once(',').map(|(a, b)| (a.to_owned(), b.to_owned())));
        let package = job.out.join(&summary.package);
        package::verify(&package).expect("a good package");
        Output {
            batch: read_batch(&package),
            manifest: Package::open(&package).expect("opened").manifest().clone(),
            package,
            rows: rows.collect(),
            rejects: lines("agency-a.rejects.csv"),
            summary,
        }
    }

    /// The match keys of each row that have a token, by hexadecimal row id.
    fn filled(&self) -> Vec<(String, BTreeSet<String>)> {
        let batch = &self.batch;
        let ids = batch.column(0).as_fixed_size_binary();
        let row = |i: usize| {
            let keys = batch
                .schema()
                .fields()
                .iter()
                .enumerate()
                .filter_map(|(c, field)| {
                    let is_token = !["row_id", "fuzzy", "quality"].contains(&field.name().as_str());
                    (is_token && batch.column(c).is_valid(i)).then(|| field.name().clone())
                })
                .collect();
            (hex(ids.value(i)), keys)
        };
        (0..batch.num_rows()).map(row).collect()
    }

    /// Whether each row has a fuzzy value, with its row id, and the value.
    fn fuzzy(&self) -> Vec<(String, Option<Vec<u8>>)> {
        let column = self.batch.column_by_name("fuzzy").expect("a fuzzy column");
        let values = column.as_fixed_size_binary();
        let ids = self.batch.column(0).as_fixed_size_binary();
        let value = |i: usize| values.is_valid(i).then(|| values.value(i).to_vec());
        (0..self.batch.num_rows()).map(|i| (hex(ids.value(i)), value(i))).collect()
    }
}

/// The one batch of a package, by Arrow's own reader.
fn read_batch(path: &Path) -> RecordBatch {
    let file = File::open(path).expect("opened");
    let mut reader = FileReader::try_new(file, None).expect("an Arrow file");
    let batch = reader.next().expect("a batch").expect("readable");
    assert!(reader.next().is_none());
    batch
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

/// An export of made-up people with many values in common, some twice.
fn population(people: usize) -> String {
    let families = ["NGUYEN", "SMITH", "O'BRIEN", "Li", "Müller", "Papadopoulos", "", "Singh"];
    let givens = ["An", "Mary-Jane", "José", "Wei", "Ahmed", "Kylie", "Unknown", "Bo", "Siobhan"];
    let suburbs = ["Braddon", "Kambah", "Ngunnawal", "Fyshwick"];
    let mut text = format!("{HEADER}\n");
    for i in 0..people {
        // Steps that share no factor, so that combinations differ.
        let person = if i % 17 == 16 { i - 1 } else { i };
        let _ = writeln!(
            text,
            "c{i:05},{},{},{},{}-{:02}-{:02},{},{}",
            families[person * 7 % families.len()],
            givens[person * 5 % givens.len()],
            ["M", "F", "", "X"][person * 3 % 4],
            1940 + person * 11 % 70,
            1 + person * 7 % 12,
            1 + person * 13 % 30,
            suburbs[person / 3 % 4],
            2600 + person % 20,
        );
    }
    text
}

#[test]
fn no_two_rows_share_a_token() {
    let output = Agency::new().run(&population(1500), COLUMNS, "out");
    let batch = &output.batch;
    let mut tokens = 0;
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()).skip(1) {
        if field.name() == "quality" {
            continue;
        }
        let mut seen = BTreeSet::new();
        for token in column.as_fixed_size_binary().iter().flatten() {
            assert!(seen.insert(token.to_owned()), "a token of {} is there twice", field.name());
        }
        match (field.name().as_str(), output.manifest.fuzzy) {
            ("fuzzy", Some(fuzzy)) => assert_eq!(seen.len() as u64, fuzzy.filled),
            _ => tokens += seen.len() as u64,
        }
    }
    let record = &output.summary.record;
    assert_eq!(tokens, record.tokens.filled);
    assert!(record.tokens.shared > 1000, "{} shared", record.tokens.shared);
    assert!(tokens > 1000);
}

#[test]
fn every_row_is_in_the_package_or_set_aside() {
    let agency = Agency::new();
    let mut export = population(40);
    export += "ragged,row\n,No,Number,M,1980-01-01,Braddon,2612\n";
    export += "bad,Fine,Name,M,1980-02-31,Braddon,26\n";
    let output = agency.run(&export, COLUMNS, "out");
    let record = &output.summary.record;
    assert_eq!((record.rows_in, record.rows_used), (43, 41));
    assert_eq!((record.rows_set_aside.unreadable, record.rows_set_aside.no_record_id), (1, 1));
    assert!(output.rows.contains_key("bad"));
    assert!(output.rejects.contains(&"42,,row,has 2 cells; expected 7".to_owned()));
    assert!(output.rejects.contains(&"43,id,row,there is no record number".to_owned()));
    assert!(output.rejects.iter().any(|line| line.starts_with("44,dob,value,")));
    assert!(output.rejects.iter().any(|line| line.starts_with("44,postcode,value,")));
    let rows: BTreeSet<&String> = output.rows.values().collect();
    assert_eq!(rows.len() as u64, record.people);
}

#[test]
fn any_number_of_threads_and_any_order_of_rows_give_the_same_package() {
    let agency = Agency::new();
    let export = population(5000);
    let mut files = vec![];
    for threads in [1, 2, 7] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let job = agency.job(&export, COLUMNS, &format!("out{threads}"));
        let output = pool.install(|| Output::of(&job));
        files.push(fs::read(&output.package).expect("read"));
    }
    let mut lines: Vec<&str> = export.lines().skip(1).collect();
    lines.reverse();
    let turned = agency.run(&format!("{HEADER}\n{}\n", lines.join("\n")), COLUMNS, "turned");
    files.push(fs::read(&turned.package).expect("read"));
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn one_client_number_or_equal_beyond_doubt_is_one_person() {
    let output = Agency::new().run(
        &format!(
            "{HEADER}\n\
             b,Nguyen,Thi,F,1980-05-17,Kambah,2902\n\
             a,NGUYEN,thi,F,1980-05-17,,2902\n\
             d,Nguyen,Thi,F,1980-05-17,Braddon,2612\n\
             c,Smith,Jo,M,1970-01-09,Braddon,2612\n\
             c,Smythe,Joe,M,1970-01-09,Kambah,2902\n"
        ),
        COLUMNS,
        "out",
    );
    let rows = &output.rows;
    assert_eq!(rows["a"], rows["b"], "names, date, sex and postcode are equal");
    assert_ne!(rows["a"], rows["d"], "no place is equal");
    assert_eq!(output.summary.record.people, 3);
    let filled = output.filled();
    assert_eq!(filled.iter().filter(|(id, _)| *id == rows["c"]).count(), 2);
    assert!(filled.is_sorted_by_key(|(id, _)| id.clone()));
}

#[test]
fn further_names_give_further_rows_with_only_new_tokens() {
    let source = format!("{COLUMNS}[[aliases]]\nfamily_name = \"alias\"\n");
    let output = Agency::new().run(
        &format!(
            "{HEADER},alias\n\
             a,Nguyen,Thi,F,1980-05-17,Kambah,2902,Brown\n\
             b,Smith,Jo,M,1970-01-09,Braddon,2612,Unknown\n"
        ),
        &source,
        "out",
    );
    assert_eq!(output.rejects.len(), 1, "{:?}", output.rejects);
    assert!(output.rejects[0].starts_with("3,alias,value,"), "{:?}", output.rejects);
    let filled = output.filled();
    let of = |id: &str| -> Vec<&BTreeSet<String>> {
        filled.iter().filter(|(row, _)| *row == output.rows[id]).map(|(_, keys)| keys).collect()
    };
    let [main, further] = of("a")[..] else { panic!("expected two rows") };
    assert_eq!(of("b").len(), 1);
    assert!(main.contains("slk581") && further.contains("slk581"));
    let manifest = &output.manifest;
    assert_eq!((manifest.people, manifest.rows), (2, 3));
    for key in &manifest.match_keys {
        let has_family =
            key.components.iter().any(|c| c.starts_with("family_name") || c.starts_with("names."));
        assert_eq!(
            further.contains(&key.name),
            has_family && main.contains(&key.name),
            "{}",
            key.name
        );
        assert_eq!(key.filled + key.missing + key.shared + key.repeated, 3);
    }
}

#[test]
fn an_export_of_keys_feeds_the_match_keys_as_far_as_it_can() {
    let agency = Agency::new();
    let keys_only = "[columns]\nslk581 = \"slk\"\npostcode = \"postcode\"\n";
    let names =
        agency.run(&format!("{HEADER}\na,Nguyen,Thi,F,1980-05-17,Kambah,2902\n"), COLUMNS, "names");
    let keys = agency.run(
        "id,slk,postcode\n\
         a,GUEHI170519802,2902\n\
         b,99999170519819,\n\
         c,222HI170519802,2902\n\
         d,not a key,2902\n",
        keys_only,
        "keys",
    );
    let token = |output: &Output, id: &str| {
        let batch = &output.batch;
        let ids = batch.column(0).as_fixed_size_binary();
        let row = (0..batch.num_rows()).find(|&i| hex(ids.value(i)) == output.rows[id]);
        let column = batch.column_by_name("slk581").expect("the first match key");
        let row = row.expect("a row");
        column.is_valid(row).then(|| column.as_fixed_size_binary().value(row).to_vec())
    };
    assert!(token(&keys, "a").is_some());
    assert_eq!(token(&keys, "a"), token(&names, "a"), "a key made or recorded is one token");
    for weak in ["b", "c", "d"] {
        assert_eq!(token(&keys, weak), None, "{weak}");
    }
    assert!(keys.rejects.iter().any(|line| line.starts_with("5,slk,value,")));
}

#[test]
fn consent_is_needed_before_any_key_is_made() {
    let source = format!(
        "{COLUMNS}\
         [[consent]]\ncolumn = \"consent\"\nshare = [\"1\"]\npartial = [\"2\"]\nrefuse = [\"3\"]\n\
         [[consent]]\ncolumn = \"other\"\nshare = [\"Yes\"]\nrefuse = [\"No\"]\n"
    );
    let mut export = format!("{HEADER},consent,other\n");
    for (id, codes) in [
        ("a", "1,yes"),
        ("b", "2,yes"),
        ("c", "3,yes"),
        ("d", ",yes"),
        ("e", "7,yes"),
        ("f", "1,NO"),
    ] {
        let _ = writeln!(export, "{id},Nguyen,Thi{id},F,1980-05-17,Kambah,2902,{codes}");
    }
    let output = Agency::new().run(&export, &source, "out");
    assert_eq!(output.rows.keys().collect::<Vec<_>>(), ["a"]);
    let excluded = output.manifest.excluded;
    assert_eq!(
        (excluded.consent_refused, excluded.consent_partial, excluded.consent_not_stated),
        (2, 1, 2)
    );
    assert!(output.rejects.contains(&"7,other,row,consent is refused".to_owned()));
    assert_eq!(output.rejects.len(), 5);
}

/// Every rule of time and purpose through a whole run: what is used, what the manifest and the
/// analyst are told.
#[test]
fn consent_holds_for_a_purpose_and_a_time_and_until_it_is_withdrawn() {
    let agency = Agency::new();
    let source = format!(
        "{}[[consent]]\ncolumn = \"research\"\nshare = [\"1\"]\nrefuse = [\"2\"]\n\
         purposes = [\"research\"]\ngiven = \"given\"\nuntil = \"until\"\nwithdrawn = \"gone\"\n\
         [[consent]]\ncolumn = \"contact\"\nshare = [\"1\"]\npurposes = [\"follow-up\"]\n",
        COLUMNS
    );
    let mut export = format!("{HEADER},research,given,until,gone,contact\n");
    for (id, cells) in [
        ("a", "1,2024-01-01,,,"),
        ("b", "2,2024-01-01,,,1"),
        ("c", "1,2024-07-01,,,1"),
        ("d", "1,2023-01-01,2024-06-29,,1"),
        ("e", "1,2023-01-01,,2024-05-05,1"),
        ("f", "1,,,,1"),
        ("g", "1,2024-01-01,,,1"),
        ("g", "1,2024-01-01,,,1"),
        ("h", "1,2023-01-01,,2023-05-05,"),
        ("h", "1,2023-05-06,2024-06-30,2023-05-05,"),
    ] {
        let _ = writeln!(export, "{id},Nguyen,Thi{id},F,1980-05-17,Kambah,2902,{cells}");
    }
    let mut job = agency.job(&export, &source, "out");
    let refused = |job: &Job| {
        let refused = veilway::deidentify::run(job, &Progress::silent()).expect_err("refused");
        assert!(!job.out.exists());
        refused.to_string()
    };
    assert!(refused(&job).contains("the agreement states none"));
    job.project.purposes = vec!["audit".into()];
    assert!(refused(&job).contains("no consent column is for the agreement's purpose `audit`"));
    job.project.purposes = vec!["research".into()];
    assert!(refused(&job).contains("the day of the extract is not declared"));
    job.as_at = Some(jiff::civil::date(2024, 6, 30));
    let list = agency.path("withdrawn.csv");
    fs::write(&list, "when,id\n2024-06-01,g\n2024-06-01,gg\n").expect("written");
    job.source.withdrawn = vec![list.clone()];
    let output = Output::of(&job);
    assert_eq!(output.rows.keys().collect::<Vec<_>>(), ["a", "h"]);
    let excluded = output.manifest.excluded;
    let counts: Vec<u64> = excluded.by_consent().iter().map(|(_, n)| *n).collect();
    // Refused, in part, not stated, not yet, ended, withdrawn: e, the two rows of g, one of h.
    assert_eq!(counts, [1, 0, 1, 1, 1, 4]);
    assert!(output.rejects.contains(&"8,id,row,consent is withdrawn".to_owned()));
    assert!(output.rejects.contains(&"6,gone,row,consent is withdrawn".to_owned()));
    let vain = "that no row of the export has: 1;";
    assert!(output.summary.warnings.iter().any(|w| w.contains(vain)), "{:?}", output.summary);
    assert_eq!(output.summary.record.as_at.as_deref(), Some("2024-06-30"));
    let told = fs::read_to_string(job.out.join("to-analyst/agency-a.left-out.csv")).expect("told");
    assert_eq!(told.lines().next(), Some("reason,clients"));
    assert_eq!(told.lines().filter(|line| line.ends_with(",n.p.")).count(), 7, "{told}");

    // A list with a line that says nobody is honoured by no run; one of nobody by every run.
    fs::write(&list, "when,id\n2024-06-01,\n").expect("written");
    job.out = agency.path("none");
    assert!(refused(&job).contains("withdrawn.csv line 2: a list of withdrawn records"));
    fs::write(&list, "when,id\n").expect("written");
    assert_eq!(Output::of(&job).rows.keys().collect::<Vec<_>>(), ["a", "g", "h"]);
}

/// Every byte of a run but the lines of its rejects, in small letters.
fn every_byte(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in fs::read_dir(folder).expect("listed") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            bytes.extend(every_byte(&path));
        } else {
            bytes.extend(fs::read(&path).expect("read").to_ascii_lowercase());
        }
    }
    bytes
}

/// Rows of people who use violence become neither record nor event, whatever else they hold; and
/// no more is told outside `keep/` than that some rows are not usable.
#[test]
fn rows_of_perpetrators_and_items_about_violence_go_nowhere() {
    let agency = Agency::new();
    let export = format!(
        "{HEADER},3.5.1,3.5.4,3.5.5,program,from,to,reason\n\
         a,Nguyen,Thi,F,1980-05-17,Kambah,2902,1,,,Housing,01/03/2024,,x\n\
         zyxqv1,Vlokmarquin,Grzymol,M,1979-11-23,Wobblygoolah,2614,2,1,,Housing,02/03/2024,,x\n\
         zyxqv2,Vlokmarquin,Kwyjibor,F,1981-07-19,Wobblygoolah,2614,03,,Zorbnote,Housing,,,x\n\
         zyxqv3,Vlokmarquin,Brunhexa,F,1983-09-17,Wobblygoolah,2614,,14,Zorbnote,Housing,,,x\n\
         b,Smith,Jo,M,1970-01-09,Braddon,2612,99,99,,Housing,03/03/2024,,x\n\
         c,Singh,Asha,F,1990-03-08,Braddon\n"
    );
    let events = EVENTS.replace("\"client\"", "\"id\"");
    let output = agency.run(&export, &format!("{COLUMNS}{events}"), "out");
    assert_eq!(output.rows.keys().collect::<Vec<_>>(), ["a", "b"]);
    let record = &output.summary.record;
    assert_eq!((record.people, record.rows_kept_back), (2, 3));
    // One row is ragged: the manifest has them in one number.
    assert_eq!(output.manifest.excluded.unreadable, 4);
    assert_eq!(record.events.as_ref().map(|events| events.written), Some(2));
    let reason = "3,3.5.1,row,stays at the agency, by item 3.5.1 of the Common Dataset";
    let plain: Vec<String> = output.rejects.iter().map(|line| line.replace('"', "")).collect();
    assert!(plain.contains(&reason.to_owned()), "{plain:?}");
    let bytes = every_byte(&agency.path("out"));
    let holds = |canary: &str| bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
    for canary in ["zyxqv", "vlokmarq", "grzymol", "kwyjibor", "brunhexa", "wobblyg", "zorbnote"] {
        assert!(!holds(canary), "{canary}");
    }
    assert!(!holds("1979-11-23") && holds("2024-03-01"), "the search finds what is there");

    // Events in a file of their own are judged too, and no key may name such a column.
    let mut job = agency.job(&population(2), &format!("{COLUMNS}{EVENTS}"), "e");
    let file = agency.path("events.csv");
    let text = "client,program,from,to,reason,3.5.1\nc00000,Housing,01/03/2024,,x,2\nc00000,Housing,02/03/2024,,x,1\n";
    fs::write(&file, text).expect("written");
    job.events = Some(file);
    let count = Output::of(&job).summary.record.events.expect("events");
    assert_eq!((count.read, count.written), (2, 1));
    for (from, to, key) in [
        ("\"reason\"", "\"dfv_flag\"", "events.keep"),
        ("\"program\"", "\"3.5.2\"", "events.program"),
        ("\"suburb\"", "\"Personal and family safety\"", "columns.suburb"),
    ] {
        let source = format!("{COLUMNS}{EVENTS}").replace(&format!("= {from}"), &format!("= {to}"));
        let source = source.replace(&format!("[{from}]"), &format!("[{to}]"));
        let job = agency.job(&export, &source, "refused");
        let refused = deidentify::run(&job, &Progress::silent()).expect_err(key);
        assert_eq!(refused.class(), Class::Refused);
        assert!(refused.to_string().contains(&format!("`{key}` names column")), "{refused}");
        assert!(!job.out.exists());
    }
}

const EVENTS: &str = "\
    [events]\n\
    record_id = \"client\"\n\
    program = \"program\"\n\
    start = \"from\"\n\
    end = \"to\"\n\
    date_format = \"%d/%m/%Y\"\n\
    keep = [\"reason\"]\n";

#[test]
fn events_are_keyed_by_row_and_sorted() {
    let agency = Agency::new();
    let export = format!("{HEADER}\na,Nguyen,Thi,F,1980-05-17,Kambah,2902\n");
    let mut job = agency.job(&export, &format!("{COLUMNS}{EVENTS}"), "out");
    let events = agency.path("events.csv");
    fs::write(
        &events,
        "client,program,from,to,reason\r\n\
         a,Housing,02/03/2024,,=cmd()\r\n\
         a,Alcohol,01/03/2024,05/03/2024,\"a, b\"\r\n\
         zz,Housing,02/03/2024,,\r\n\
         a,Housing,31/02/2024,,\r\n\
         a,Housing,02/03/2024,01/03/2024,\r\n\
         a,,02/03/2024,,\r\n",
    )
    .expect("written");
    job.events = Some(events);
    let output = Output::of(&job);
    let text = fs::read_to_string(job.out.join("to-analyst/agency-a.events.csv")).expect("events");
    let id = &output.rows["a"];
    assert_eq!(
        text,
        format!(
            "row_id,program,start,end,reason\n\
             {id},Alcohol,2024-03-01,2024-03-05,\"a, b\"\n\
             {id},Housing,2024-03-02,,'=cmd()\n"
        )
    );
    let count = output.summary.record.events.as_ref().expect("events");
    assert_eq!((count.read, count.written), (6, 2));
    assert_eq!(count.set_aside.values().sum::<u64>(), 4);
    assert!(output.rejects.contains(&"4,client,event,its record is not in the package".to_owned()));
}

#[test]
fn events_in_the_export_need_the_consent_of_their_own_row() {
    let source = format!(
        "{COLUMNS}[[consent]]\ncolumn = \"ok\"\nshare = [\"y\"]\n{}",
        EVENTS.replace("\"client\"", "\"id\"")
    );
    let output = Agency::new().run(
        &format!(
            "{HEADER},ok,program,from,to,reason\n\
             a,Nguyen,Thi,F,1980-05-17,Kambah,2902,y,Housing,01/03/2024,,x\n\
             a,Nguyen,Thi,F,1980-05-17,Kambah,2902,n,Alcohol,02/03/2024,,x\n"
        ),
        &source,
        "out",
    );
    let count = output.summary.record.events.as_ref().expect("events");
    assert_eq!((count.read, count.written), (2, 1));
    assert_eq!(output.summary.record.people, 1);
}

#[test]
fn the_analyst_is_given_no_identifier() {
    let agency = Agency::new();
    let source = format!("{COLUMNS}{}", EVENTS.replace("\"reason\"", "\"SURNAME\""));
    let job = agency.job(&population(3), &source, "out");
    let refused: Error = deidentify::run(&job, &Progress::silent()).expect_err("refused");
    assert_eq!(refused.class(), Class::Refused);
    assert!(!job.out.exists());
}

#[test]
fn a_client_keeps_its_row_id_in_the_next_run() {
    let agency = Agency::new();
    let mut job = agency.job(&population(20), COLUMNS, "out");
    job.agency_key = None;
    let first = Output::of(&job);
    let refused = deidentify::run(&job, &Progress::silent()).expect_err("is there already");
    assert_eq!(refused.class(), Class::Refused);
    fs::write(agency.path("out.csv"), population(30)).expect("written");
    job.overwrite = Overwrite::Replace;
    let second = Output::of(&job);
    assert_eq!(second.rows.len(), 30);
    assert!(first.rows.iter().all(|(id, row)| second.rows[id] == *row));

    job.out = agency.path("elsewhere");
    let third = Output::of(&job);
    assert!(first.rows.iter().all(|(id, row)| third.rows[id] != *row), "a new key, new ids");
}

#[test]
fn nothing_that_leaves_the_agency_holds_a_value() {
    let agency = Agency::new();
    let source = format!("{COLUMNS}{}", EVENTS.replace("\"client\"", "\"id\""));
    let output = agency.run(
        &format!(
            "{HEADER},program,from,to,reason\n\
             xq7731,Zzyzxbury,Qwixotl,F,1931-07-23,Wqxville,2977,Housing,01/03/2024,,kept\n\
             xq7732,Zzyzxbury,Qwixotl,F,1931-02-31,Wqxville,29x7,Housing,01/13/2024,,kept\n"
        ),
        &source,
        "out",
    );
    let canaries = ["ZZYZX", "QWIXOTL", "WQXVILLE", "XQ773", "1931-07", "19310723", "29X7", "2977"];
    let out = agency.path("out");
    for folder in ["to-linkage-unit", "to-analyst"] {
        for entry in fs::read_dir(out.join(folder)).expect("listed") {
            assert_holds_none(&entry.expect("an entry").path(), &canaries);
        }
    }
    for name in ["keep/run.json", "keep/agency-a.rejects.csv"] {
        assert_holds_none(&out.join(name), &canaries);
    }
    assert_eq!(output.summary.record.people, 2);
}

/// No canary stands in the file as a word of its own. Part of a longer run of letters and digits
/// says nothing: four digits are in one of some hundred row ids by chance.
fn assert_holds_none(path: &Path, canaries: &[&str]) {
    let bytes = fs::read(path).expect("read").to_ascii_uppercase();
    let part_of_word = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    for canary in canaries {
        let holds = bytes.windows(canary.len()).enumerate().any(|(at, window)| {
            let end = at + canary.len();
            let alone = (at == 0 || !part_of_word(at - 1)) && !part_of_word(end);
            window == canary.as_bytes() && (alone || canary.len() > 4)
        });
        assert!(!holds, "{canary} is in {}", path.display());
    }
}

#[cfg(unix)]
#[test]
fn what_stays_at_the_agency_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let agency = Agency::new();
    agency.run(&population(3), COLUMNS, "out");
    for entry in fs::read_dir(agency.path("out/keep")).expect("listed") {
        let entry = entry.expect("an entry");
        let mode = entry.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", entry.path().display());
    }
}

#[test]
fn quality_tells_missing_from_withheld() {
    let output = Agency::new().run(
        &format!("{HEADER}\na,Nguyen,,F,,Kambah,\nb,Nguyen,,F,,Kambah,\n"),
        COLUMNS,
        "out",
    );
    let batch = &output.batch;
    let quality = batch.column_by_name("quality").expect("quality");
    // family_name, given_name, birth_date, sex, suburb, postcode, from the lowest bit.
    assert_eq!(quality.as_primitive::<UInt32Type>().values(), &[0b01_1001, 0b01_1001]);
}

#[test]
fn a_flipped_or_cut_byte_of_a_real_package_is_found() {
    let agency = Agency::new();
    let output = agency.run(&population(3), COLUMNS, "out");
    let good = fs::read(&output.package).expect("read");
    let bad_path = agency.path("bad.package.arrow");
    let is_found = |bytes: &[u8]| {
        fs::write(&bad_path, bytes).expect("written");
        package::verify(&bad_path).is_err_and(|e| Error::from(e).class() == Class::Package)
    };
    assert!(!is_found(&good));
    // Every offset of a small package is a unit test of the package room.
    let mut bad = good.clone();
    for at in (0..good.len()).step_by(13).chain(good.len() - 100..good.len()) {
        bad[at] ^= 1 << (at % 8);
        assert!(is_found(&bad), "byte {at}");
        bad[at] = good[at];
    }
    for length in (0..good.len()).step_by(997).chain(good.len() - 100..good.len()) {
        assert!(is_found(&good[..length]), "cut to {length}");
    }
}

#[test]
fn an_agreement_without_a_fuzzy_section_has_no_fuzzy_column() {
    let mut agency = Agency::new();
    agency.project.fuzzy = None;
    let output = agency.run(&population(30), COLUMNS, "out");
    assert!(output.batch.column_by_name("fuzzy").is_none());
    assert_eq!((output.manifest.fuzzy, output.summary.record.fuzzy), (None, None));
    assert!(Package::open(&output.package).expect("opened").fuzzy().is_none());
    assert!(output.manifest.settings.keys().all(|name| !name.starts_with("fuzzy")));
}

#[test]
fn the_fuzzy_column_is_in_the_package_and_accounted_for() {
    let agency = Agency::new();
    let output = agency.run(&population(1500), COLUMNS, "out");
    let fuzzy = output.manifest.fuzzy.expect("the preset has it");
    assert_eq!(output.summary.record.fuzzy, Some(fuzzy));
    assert_eq!(fuzzy.encoding, FuzzyEncoding::ELD);
    let all = fuzzy.filled + fuzzy.missing + fuzzy.shared + fuzzy.repeated;
    assert_eq!(all, output.manifest.rows);
    assert!(fuzzy.filled > 0 && fuzzy.missing > 0, "{fuzzy:?}");
    assert!((0.4..=0.6).contains(&fuzzy.mean_fill), "{}", fuzzy.mean_fill);
    assert!(fuzzy.least_fill < fuzzy.mean_fill && fuzzy.mean_fill < fuzzy.most_fill);
    let values = output.fuzzy();
    let filled = values.iter().filter(|(_, value)| value.is_some()).count() as u64;
    assert_eq!(filled, fuzzy.filled);

    // Our own reader sees what Arrow's does.
    let package = Package::open(&output.package).expect("opened");
    let column = package.fuzzy().expect("a fuzzy column");
    assert_eq!((column.width(), column.valid_count() as u64), (256, fuzzy.filled));
    for (i, (value, (_, expected))) in column.bytes().chunks(256).zip(&values).enumerate() {
        assert_eq!(column.is_valid(i), expected.is_some());
        assert_eq!(value, expected.as_deref().unwrap_or(&[0; 256]));
    }
}

#[test]
fn a_fuzzy_value_of_two_people_is_withheld_and_one_of_a_person_is_there_once() {
    let source = format!("{COLUMNS}[[aliases]]\nfamily_name = \"alias\"\n");
    let source = format!("unique_people = true\n{source}");
    let output = Agency::new().run(
        &format!(
            "{HEADER},alias\n\
             a,Nguyen,Thi,F,1980-05-17,,,\n\
             b,NGUYEN,thi,F,1980-05-17,,,\n\
             c,Smith,Jo,M,1970-01-09,Braddon,2612,Brown\n\
             c,Smith,Jo,M,1970-01-09,Braddon,2612,\n"
        ),
        &source,
        "out",
    );
    let values = output.fuzzy();
    let of = |id: &str| -> Vec<Option<&Vec<u8>>> {
        let mine = values.iter().filter(|(row, _)| *row == output.rows[id]);
        mine.map(|(_, value)| value.as_ref()).collect()
    };
    assert_ne!(output.rows["a"], output.rows["b"], "no place is known");
    assert_eq!((of("a"), of("b")), (vec![None], vec![None]));
    let [Some(own), Some(further)] = of("c")[..] else { panic!("expected two values") };
    assert_ne!(own, further, "a further name has a value of its own");
    let fuzzy = output.manifest.fuzzy.expect("the preset has it");
    assert_eq!((fuzzy.filled, fuzzy.missing, fuzzy.shared), (2, 0, 2));
}

#[test]
fn fuzzy_values_of_nearly_empty_filters_are_withheld_where_most_are_so() {
    let agency = Agency::new();
    let sparse = |people: usize| {
        // No name is in both lists: two names in either order have one value.
        let families = ["An", "Bo", "Cy", "Di", "Ed", "Fa", "Gi", "Ha", "Ib", "Jo", "Ky", "Lu"];
        let givens = ["Al", "Bi", "Ca", "Du", "Em", "Fi", "Go", "Hy", "Ik", "Ji", "Ka", "Le"];
        (0..people).fold(format!("{HEADER}\n"), |mut text, i| {
            let (family, given) = (families[i % 12], givens[i / 12 % 12]);
            let _ = writeln!(text, "c{i},{family},{given},M,,Braddon,2612");
            text
        })
    };
    let full = "d1,Brackenfern,Ottilie,2,1987-03-14,Braddon,2612\n\
                d2,Quillfeather,Ambrose,1,1962-11-30,Gumleaf,2600\n";
    let is_told = |output: &Output| {
        let told = |warning: &String| warning.contains("go without a fuzzy value");
        output.summary.warnings.iter().find(|warning| told(warning)).cloned()
    };
    let many = agency.run(&(sparse(144) + full), COLUMNS, "many");
    let fuzzy = many.manifest.fuzzy.expect("the column is there");
    assert_eq!((fuzzy.filled, fuzzy.missing, fuzzy.shared), (2, 144, 0));
    assert!((0.4..=0.6).contains(&fuzzy.mean_fill) && fuzzy.least_fill >= 0.4, "{fuzzy:?}");
    let with: BTreeSet<String> =
        many.fuzzy().into_iter().filter(|(_, value)| value.is_some()).map(|(row, _)| row).collect();
    assert_eq!(with, ["d1", "d2"].map(|id| many.rows[id].clone()).into());
    package::verify(&many.package).expect("a good package");
    let told = is_told(&many).expect("a warning");
    assert!(told.contains(" of 146 rows go without"), "{told}");
    assert!(told.contains("(`birth_date` is usable on 2)"), "{told}");

    // Nobody at all has a value.
    let none = agency.run(&sparse(12), COLUMNS, "none");
    assert_eq!(none.manifest.fuzzy.map(|fuzzy| (fuzzy.filled, fuzzy.missing)), Some((0, 12)));
    package::verify(&none.package).expect("a good package");
    assert!(is_told(&none).is_some());

    // A few of a file that is well filled have theirs.
    let some =
        agency.run(&(population(300) + "c,Brackenfern,Ottilie,F,,Braddon,2612\n"), COLUMNS, "some");
    assert!(some.fuzzy().iter().any(|(row, v)| *row == some.rows["c"] && v.is_some()));
    assert_eq!(is_told(&some), None);
}

#[test]
fn an_unhardened_fuzzy_column_is_made_only_when_asked_for_by_name() {
    let mut agency = Agency::new();
    let hardened = agency.run(&population(20), COLUMNS, "hardened");
    let is_danger = |warning: &String| warning.contains("graph matching");
    assert!(!hardened.summary.warnings.iter().any(is_danger));
    agency.project.fuzzy.as_mut().expect("the preset has it").encoding =
        FuzzyEncoding::UnhardenedClk;
    let mut job = agency.job(&population(20), COLUMNS, "out");
    let refused = deidentify::run(&job, &Progress::silent()).expect_err("refused");
    assert_eq!(refused.class(), Class::Refused);
    assert!(!job.out.exists());
    job.unhardened = Unhardened::Allow;
    let output = Output::of(&job);
    assert!(output.summary.warnings.iter().any(is_danger));
    let fuzzy = output.manifest.fuzzy.expect("it was asked for");
    assert_eq!(fuzzy.encoding, FuzzyEncoding::UnhardenedClk);
    let bytes = fs::read(&output.package).expect("read");
    let mark = b"\"encoding\":\"danger-unhardened-clk\"";
    assert!(bytes.windows(mark.len()).any(|window| window == mark), "the manifest says it");
    assert!(output.fuzzy().iter().flat_map(|(_, value)| value).all(|value| value.len() == 128));
}
