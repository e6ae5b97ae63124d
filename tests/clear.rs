//! Linking and de-duplicating in the clear, by the program itself: as good as is claimed, the
//! same whatever the order of the rows, and of use to the custodian alone.

#![allow(clippy::disallowed_methods)]
// The figures are shown with `--nocapture`.
#![allow(clippy::print_stdout)]

mod town;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use town::Town;

fn table(text: &str) -> Vec<Vec<String>> {
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// The person of each record of a truth file.
fn truth(town: &Town, name: &str) -> HashMap<String, String> {
    table(&town.read(name)).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

/// Links exports of a made town in the clear.
fn link_clear(town: &Town, agencies: &[String], out: &str, more: &str) -> serde_json::Value {
    let each = |what: &dyn Fn(&String) -> String| -> String {
        agencies.iter().map(what).collect::<Vec<_>>().join(" ")
    };
    let exports = each(&|a| format!("town/{a}/export.csv"));
    let sources = each(&|a| format!("--source town/{a}/source.toml"));
    let line = format!(
        "link --clear {exports} {sources} --project town/project.toml --out {out} --format json \
         {more}"
    );
    town.ok(&line).json()
}

fn evaluate(town: &Town, agencies: &[String], links: &str, truth: &str) -> serde_json::Value {
    let rows: String =
        agencies.iter().map(|a| format!(" --rows {links}/keep/{a}.rows.csv")).collect();
    let line = format!("evaluate --links {links} --truth {truth}{rows} --format json");
    town.ok(&line).json()["pairs"].clone()
}

fn number(value: &serde_json::Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} is no number: {value}"))
}

#[test]
fn made_people_of_three_agencies() {
    let town = Town::synth(20_000, 3, 41);
    let agencies = town.agencies();
    let summary = link_clear(&town, &agencies, "links", "");
    let pairs = evaluate(&town, &agencies, "links", "town/truth.csv");
    let expected = number(&summary, "expected_precision");
    println!("made people in the clear, expected precision {expected}: {pairs}");
    // A little below the figures of the day they were set.
    assert!(number(&pairs, "f1") >= 0.905, "{pairs}");
    assert!(number(&pairs, "recall_packaged") >= 0.97, "{pairs}");
    assert!((expected - number(&pairs, "precision")).abs() <= 0.02, "expected {expected}");
}

#[test]
fn febrl_4_by_names_date_and_place() {
    let town = Town::empty();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/febrl");
    let mut truth = "rec_id,person_id\n".to_owned();
    for file in ["dataset4a.csv", "dataset4b.csv"] {
        let text = fs::read_to_string(folder.join(file)).expect("read");
        for line in text.lines().skip(1) {
            let id = line.split(',').next().expect("an id");
            truth += &format!("{id},{}\n", id.split('-').nth(1).expect("a number"));
        }
        town.write(file, text);
    }
    for file in ["project.toml", "febrl-a.toml", "febrl-b.toml"] {
        town.write(file, fs::read(folder.join(file)).expect("read"));
    }
    town.write("truth.csv", truth);
    town.ok(
        "link --clear dataset4a.csv dataset4b.csv --source febrl-a.toml --source febrl-b.toml \
         --project project.toml --out links",
    );
    let agencies = ["febrl-a", "febrl-b"].map(str::to_owned);
    let pairs = evaluate(&town, &agencies, "links", "truth.csv");
    println!("FEBRL 4 in the clear: {pairs}");
    assert!(number(&pairs, "f1") >= 0.998, "{pairs}");
}

/// Of the pairs of records that `deidentify` took for one person, how many, how many wrongly,
/// and how many there are.
fn duplicates(town: &Town, agency: &str) -> [u32; 3] {
    let person = truth(town, "town/truth.csv");
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut records: BTreeMap<String, u32> = BTreeMap::new();
    for row in table(&town.read(&format!("{agency}/keep/{agency}.rows.csv"))) {
        *records.entry(person[&row[0]].clone()).or_default() += 1;
        rows.entry(row[1].clone()).or_default().push(person[&row[0]].clone());
    }
    let (mut joined, mut wrong) = (0, 0);
    for people in rows.values() {
        for (i, one) in people.iter().enumerate() {
            for other in &people[i + 1..] {
                joined += 1;
                wrong += u32::from(one != other);
            }
        }
    }
    [joined, wrong, records.values().map(|n| n * (n - 1) / 2).sum()]
}

#[test]
fn duplicates_inside_a_source_are_joined_and_others_are_not() {
    let mut sum = [0; 3];
    for seed in [1, 2] {
        let town = Town::synth(20_000, 3, seed);
        town.deidentify_all();
        for agency in town.agencies() {
            let found = duplicates(&town, &agency);
            println!("seed {seed}, {agency}: {found:?} joined, wrong, true");
            for (sum, n) in sum.iter_mut().zip(found) {
                *sum += n;
            }
        }
    }
    let [joined, wrong, all] = sum.map(f64::from);
    assert!(wrong <= joined / 200.0, "{wrong} of {joined} joins are wrong");
    assert!(joined - wrong >= 0.72 * all, "{joined} of {all} are found");
}

/// The lines of a CSV file in another order, the header first.
fn shuffled(text: &str) -> String {
    let (header, rows) = text.split_once('\n').expect("a header");
    let mut rows: Vec<&str> = rows.lines().collect();
    let mut draws = town::Draws(7);
    for i in (1..rows.len()).rev() {
        rows.swap(i, (draws.next() % (i as u64 + 1)) as usize);
    }
    format!("{header}\n{}\n", rows.join("\n"))
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    let town = Town::synth(4_000, 2, 5);
    let agencies = town.agencies();
    let agency = &agencies[0];
    town.deidentify(agency, "one", "");
    link_clear(&town, &agencies, "links", "");
    let maps = |links: &str| -> Vec<String> {
        agencies.iter().map(|a| town.read(&format!("{links}/to-analyst/{a}.map.csv"))).collect()
    };
    for agency in &agencies {
        let export = format!("town/{agency}/export.csv");
        town.write(&export, shuffled(&town.read(&export)));
    }
    town.deidentify(agency, "other", "--agency-key one/keep/agency.key");
    let rows = |out: &str| town.read(&format!("{out}/keep/{agency}.rows.csv"));
    assert_eq!(rows("one"), rows("other"));
    link_clear(&town, &agencies, "again", "--agency-key links/keep/agency.key --threads 1");
    assert_eq!(maps("links"), maps("again"));
    assert_eq!(town.read("links/keep/pairs.csv"), town.read("again/keep/pairs.csv"));
}

#[test]
fn one_export_alone_is_searched_for_people_it_holds_twice() {
    let town = Town::synth(6_000, 2, 3);
    let agencies = town.agencies()[..1].to_vec();
    let agency = &agencies[0];
    let summary = link_clear(&town, &agencies, "links", "");
    assert_eq!(summary["mode"], "clear");
    assert!(summary.get("key_fingerprint").is_none());
    let people = number(&summary["sources"][0], "people");
    assert!(number(&summary, "persons") < people, "{summary}");

    // Every record number has its row id, and every row id is in the map.
    let rows = table(&town.read(&format!("links/keep/{agency}.rows.csv")));
    let map = table(&town.read(&format!("links/to-analyst/{agency}.map.csv")));
    let [of_rows, of_map]: [BTreeSet<&String>; 2] =
        [rows.iter().map(|row| &row[1]).collect(), map.iter().map(|row| &row[0]).collect()];
    assert_eq!(of_rows, of_map);
    let exported = table(&town.read(&format!("town/{agency}/export.csv")));
    let numbers: BTreeSet<&String> = exported.iter().map(|row| &row[0]).collect();
    let kept: BTreeSet<&String> = rows.iter().map(|row| &row[0]).collect();
    let aside = table(&town.read(&format!("links/keep/{agency}.rejects.csv")));
    assert!(kept.is_subset(&numbers));
    assert!(kept.len() + aside.iter().filter(|row| row[2] == "row").count() >= numbers.len());
    // The analyst's files hold no record number.
    let analyst = town.read(&format!("links/to-analyst/{agency}.map.csv"));
    assert!(kept.iter().all(|number| !analyst.contains(number.as_str())));

    // No file has a name or a birth date.
    let values: BTreeSet<String> = exported
        .iter()
        .flat_map(|row| [&row[1], &row[2], &row[4]])
        .filter(|value| value.len() > 4)
        .map(|value| value.to_lowercase())
        .collect();
    for (name, bytes) in town::tree(&town.path("links")).expect("the output") {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let words: BTreeSet<&str> =
            text.split(|c: char| !(c.is_alphanumeric() || c == '/')).collect();
        let shown = values.iter().filter(|value| words.contains(value.as_str())).count();
        assert_eq!(shown, 0, "{name} shows values of the export");
    }

    // The next run gives rows and people the same ids, here and elsewhere.
    link_clear(&town, &agencies, "links", "--force");
    assert_eq!(analyst, town.read(&format!("links/to-analyst/{agency}.map.csv")));
    let summary = link_clear(&town, &agencies, "next", "--previous links --band definite");
    assert!(number(&summary["changes"], "kept") > 0.0);
    assert_eq!(rows, table(&town.read(&format!("next/keep/{agency}.rows.csv"))));
}
