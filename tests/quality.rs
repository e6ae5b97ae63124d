//! Links are as good as is claimed: floors on made people and on FEBRL 4. A floor is a
//! little below the figure of the day it was set; a change that goes below it needs a reason.

#![allow(clippy::disallowed_methods)]
// The figures are shown with `--nocapture`.
#![allow(clippy::print_stdout)]

mod town;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use town::Town;

/// The measure at this path, such as `pairs.f1`.
fn measure(evaluation: &serde_json::Value, path: &str) -> f64 {
    let value = path.split('.').fold(evaluation, |value, key| &value[key]);
    value.as_f64().unwrap_or_else(|| panic!("{path} is not a number: {value}"))
}

/// The share of the pairs of a band in `keep/pairs.csv` that are true, by the agencies' row
/// lists and the truth file.
fn share_true(town: &Town, links: &str, sources: &[String], truth: &str, band: &str) -> f64 {
    let table = |name: &str| -> Vec<Vec<String>> {
        let text = town.read(name);
        text.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect()).collect()
    };
    let person: HashMap<String, String> =
        table(truth).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let mut people: HashMap<String, HashSet<String>> = HashMap::new();
    for source in sources {
        for row in table(&format!("{source}/keep/{source}.rows.csv")) {
            people.entry(row[1].clone()).or_default().insert(person[&row[0]].clone());
        }
    }
    let (mut all, mut right) = (0u32, 0u32);
    for pair in table(&format!("{links}/keep/pairs.csv")) {
        if pair[6] == band {
            all += 1;
            right += u32::from(!people[&pair[1]].is_disjoint(&people[&pair[3]]));
        }
    }
    assert!(all > 100, "{all} pairs of band {band}");
    f64::from(right) / f64::from(all)
}

/// What a run of linking must reach.
struct Floor {
    f1: f64,
    precision: f64,
    /// Recall among the packaged.
    recall: f64,
    definite: f64,
}

/// Links made people and holds the result to a floor.
fn made_people(sources: u32, floor: &Floor) {
    let town = Town::synth(20_000, sources, 41);
    town.deidentify_all();
    let packages = town.packages().join(" ");
    let linked =
        town.ok(&format!("link {packages} --project town/project.toml --out links --format json"));
    let expected = measure(&linked.json(), "expected_precision");
    let definite = share_true(&town, "links", &town.agencies(), "town/truth.csv", "definite");
    hold(
        &format!("made people, {sources} sources"),
        &town.evaluate("links"),
        expected,
        definite,
        floor,
    );
}

fn hold(name: &str, evaluation: &serde_json::Value, expected: f64, definite: f64, floor: &Floor) {
    let [f1, precision, recall] = ["pairs.f1", "pairs.precision", "pairs.recall_packaged"]
        .map(|path| measure(evaluation, path));
    println!(
        "{name}: F1 {f1:.4}, precision {precision:.4} (expected {expected:.4}), recall among \
         the packaged {recall:.4}, definite links right {definite:.4}"
    );
    assert!(f1 >= floor.f1, "{name}: F1 {f1}");
    assert!(precision >= floor.precision, "{name}: precision {precision}");
    assert!(recall >= floor.recall, "{name}: recall {recall}");
    assert!(definite >= floor.definite, "{name}: definite {definite}");
    assert!((expected - precision).abs() <= 0.02, "{name}: expected {expected}, is {precision}");
}

#[test]
fn made_people_of_two_agencies() {
    made_people(2, &Floor { f1: 0.87, precision: 0.98, recall: 0.9, definite: 0.99 });
}

#[test]
fn made_people_of_three_agencies() {
    made_people(3, &Floor { f1: 0.87, precision: 0.98, recall: 0.9, definite: 0.99 });
}

/// Leaves of the people whom two agencies have in common one in so many, and of the others one
/// record or the other.
fn part(town: &Town, one_in: usize) {
    let agencies = town.agencies();
    let exports: Vec<String> = agencies.iter().map(|a| format!("town/{a}/export.csv")).collect();
    let first = |line: &str| line.split(',').next().unwrap_or_default().to_owned();
    let truth = town.read("town/truth.csv");
    let person: HashMap<String, String> = truth
        .lines()
        .map(|line| line.split_once(',').expect("two columns"))
        .map(|(record, person)| (record.to_owned(), person.to_owned()))
        .collect();
    let people = |export: &String| -> HashSet<String> {
        town.read(export).lines().skip(1).map(|line| person[&first(line)].clone()).collect()
    };
    let [a, b] = [people(&exports[0]), people(&exports[1])];
    let mut shared: Vec<&String> = a.intersection(&b).collect();
    shared.sort();
    let place: HashMap<&String, usize> = shared.into_iter().zip(0..).collect();
    for (side, export) in exports.iter().enumerate() {
        let text = town.read(export);
        let stays = |line: &&str| {
            let place = person.get(&first(line)).and_then(|person| place.get(person));
            place.is_none_or(|place| place % one_in == 0 || place % 2 == side)
        };
        let lines: Vec<&str> = text.lines().filter(stays).collect();
        town.write(export, lines.join("\n") + "\n");
    }
}

/// Links the two agencies of a town; gives what the run says, and how good it is.
fn link(town: &Town) -> (serde_json::Value, serde_json::Value) {
    town.deidentify_all();
    let packages = town.packages().join(" ");
    let line = format!("link {packages} --project town/project.toml --out links --format json");
    (town.ok(&line).json(), town.evaluate("links"))
}

/// More people are kin of someone in the other file than are in it themselves.
#[test]
fn two_agencies_with_few_people_in_common() {
    let town = Town::synth(40_000, 2, 41);
    part(&town, 300);
    let (_, evaluation) = link(&town);
    let [precision, recall] =
        ["pairs.precision", "pairs.recall_packaged"].map(|path| measure(&evaluation, path));
    println!("few people in common: precision {precision:.4}, recall {recall:.4}");
    assert!(precision >= 0.97 && recall >= 0.75, "{precision}, {recall}");
}

#[test]
fn two_agencies_with_nobody_in_common() {
    let town = Town::synth(40_000, 2, 41);
    part(&town, usize::MAX);
    let (linked, _) = link(&town);
    println!("nobody in common: {} people linked", linked["linked_persons"]);
    assert!(linked["linked_persons"].as_u64().is_some_and(|people| people <= 10), "{linked}");
}

/// Of an agency of two hundred people, chance says little of how alike strangers are.
#[test]
fn a_small_agency_beside_a_large_one() {
    let town = Town::synth(40_000, 2, 41);
    let export = format!("town/{}/export.csv", town.agencies()[0]);
    let text = town.read(&export);
    let (header, rows) = text.split_once('\n').expect("a header");
    let few: Vec<&str> = rows.lines().step_by(37).take(200).collect();
    town.write(&export, format!("{header}\n{}\n", few.join("\n")));
    let (linked, evaluation) = link(&town);
    let [expected, possible] = ["expected_recall", "possible"].map(|path| measure(&linked, path));
    let [precision, recall] =
        ["pairs.precision", "pairs.recall_packaged"].map(|path| measure(&evaluation, path));
    println!(
        "a small agency: recall {recall:.4} (expected {expected:.4}), precision {precision:.4}"
    );
    // Pairs of one file count too, which the linkage unit cannot expect.
    assert!(precision >= 0.95 && recall >= 0.75, "{precision}, {recall}");
    assert!(expected >= 0.9, "expected {expected}, is {recall}");
    assert!(possible < 100.0, "{possible} pairs for review");
}

/// An agency of whose clients most have no name, or nothing at all, takes nothing from the links
/// of the others.
#[test]
fn an_agency_that_knows_little_of_its_clients() {
    let town = Town::synth(20_000, 3, 41);
    let agencies = town.agencies();
    let export = format!("town/{}/export.csv", agencies[2]);
    let text = town.read(&export);
    let mut lines = text.lines();
    let mut few = format!("{}\n", lines.next().expect("a header"));
    for (at, row) in lines.enumerate() {
        let cells: Vec<&str> = row.split(',').collect();
        let known = if at % 6 == 0 {
            row.to_owned()
        } else {
            let end = cells.len() - 2;
            format!("{}{}{}", cells[0], ",".repeat(end), cells[end..].join(","))
        };
        few += &format!("{known}\n");
    }
    town.write(&export, few);
    town.deidentify_all();
    let packages = town.packages();
    let linked = |packages: &[String], out: &str| -> (serde_json::Value, HashSet<String>) {
        let line = format!("link {} --project town/project.toml --out {out}", packages.join(" "));
        let run = town.ok(&format!("{line} --format json")).json();
        let text = town.read(&format!("{out}/keep/pairs.csv"));
        let of_two = |line: &&str| !line.contains(agencies[2].as_str());
        let ends = |line: &str| line.split(',').take(4).collect::<Vec<_>>().join(",");
        (run, text.lines().filter(of_two).map(ends).collect())
    };
    let (_, alone) = linked(&packages[..2], "two");
    let (run, beside) = linked(&packages, "three");
    let (lost, more) = (alone.difference(&beside).count(), beside.difference(&alone).count());
    let expected = measure(&run, "expected_recall");
    println!("of {} links {lost} are lost, {more} are new; recall {expected:.4}", alone.len());
    assert!(lost * 100 < alone.len() && more * 100 < alone.len(), "{lost}, {more}");
    assert!(expected > 0.9, "expected {expected}");
}

#[test]
fn slk_581_alone_is_far_worse() {
    let town = Town::synth(20_000, 2, 41);
    let project = town.read("town/project.toml");
    let (before, after) = project.split_once("[match_keys]").expect("the match keys");
    let (_, rest) = after.split_once("\n[").expect("a section after them");
    let (_, rest) = rest.split_once("[placeholders]").expect("a section after the fuzzy column");
    let alone = format!("{before}[match_keys]\nslk581 = [\"slk581\"]\n[placeholders]{rest}");
    town.write("town/project.toml", alone);
    town.deidentify_all();
    let packages = town.packages().join(" ");
    town.ok(&format!("link {packages} --project town/project.toml --out links"));
    let evaluation = town.evaluate("links");
    let [f1, recall] = ["pairs.f1", "pairs.recall_packaged"].map(|m| measure(&evaluation, m));
    println!("made people, 2 sources, SLK-581 alone: F1 {f1:.4}, recall {recall:.4}");
    // All match keys reach 0.87 and 0.90 at least, above.
    assert!(f1 < 0.80 && recall < 0.75, "F1 {f1}, recall {recall}");
}

/// FEBRL 4 with a project, linked and measured.
fn febrl(town: &Town, project: &str, specs: [&str; 2], out: &str) -> (serde_json::Value, f64) {
    let mut packages = String::new();
    for (source, spec) in ["a", "b"].into_iter().zip(specs) {
        town.ok(&format!(
            "deidentify dataset4{source}.csv --project {project} --source {spec} \
             --key-file {project}.key --out {out}/febrl-{source}"
        ));
        packages += &format!("{out}/febrl-{source}/to-linkage-unit/febrl-{source}.package.arrow ");
    }
    let linked =
        town.ok(&format!("link {packages} --project {project} --out {out}/links --format json"));
    let evaluation = town.ok(&format!(
        "evaluate --links {out}/links --truth truth.csv \
         --rows {out}/febrl-a/keep/febrl-a.rows.csv --rows {out}/febrl-b/keep/febrl-b.rows.csv \
         --format json"
    ));
    (evaluation.json(), measure(&linked.json(), "expected_precision"))
}

/// The bundled files, and the truth that their record ids hold.
fn febrl_town() -> Town {
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
    town.key("project.toml.key");
    town
}

#[test]
fn febrl_4_and_slk_581_alone() {
    let town = febrl_town();
    let specs = ["febrl-a.toml", "febrl-b.toml"];
    let (evaluation, expected) = febrl(&town, "project.toml", specs, "bundled");
    let f1 = measure(&evaluation, "pairs.f1");
    println!("FEBRL 4, bundled project: F1 {f1:.4}, expected precision {expected:.4}");
    println!("{}", evaluation["pairs"]);
    // Required: 0.95.
    assert!(f1 >= 0.983, "F1 {f1}");
    assert!(measure(&evaluation, "clusters.f1") >= 0.983);
    let precision = measure(&evaluation, "pairs.precision");
    assert!((expected - precision).abs() <= 0.02, "expected {expected}, is {precision}");

    // The same with SLK-581 as the only match key; the files have no sex, so without it.
    let alone = "[project]\nid = \"slk-alone\"\nperiod = \"benchmark\"\nslk_profile = \"aihw\"\n\
                 [fields]\nfamily_name = { kind = \"family-name\" }\n\
                 given_name = { kind = \"given-name\" }\n\
                 birth_date = { kind = \"birth-date\" }\n\
                 [match_keys]\n\
                 slk = [\"family_name.slk\", \"given_name.slk\", \"birth_date\"]\n";
    town.write("alone.toml", alone);
    town.key("alone.toml.key");
    let (evaluation, _) = febrl(&town, "alone.toml", specs, "alone");
    let alone = measure(&evaluation, "pairs.f1");
    println!("FEBRL 4, SLK-581 alone: F1 {alone:.4}");
    assert!(alone < f1 - 0.15, "SLK-581 alone reaches {alone}, all match keys {f1}");
    assert!(alone > 0.6, "SLK-581 alone reaches {alone}; published figures are near 0.73");
}

#[test]
fn febrl_4_with_the_minimal_preset_as_it_comes() {
    let town = febrl_town();
    town.ok("project new --preset minimal --id febrl --out minimal.toml");
    town.key("minimal.toml.key");
    for source in ["a", "b"] {
        town.ok(&format!(
            "source new dataset4{source}.csv --project minimal.toml --name febrl-{source} \
             --date-format %Y%m%d --unique-people --out new-{source}.toml"
        ));
    }
    let (evaluation, expected) =
        febrl(&town, "minimal.toml", ["new-a.toml", "new-b.toml"], "minimal");
    let f1 = measure(&evaluation, "pairs.f1");
    println!("FEBRL 4, preset minimal: F1 {f1:.4}, expected precision {expected:.4}");
    println!("{}", evaluation["pairs"]);
    assert!(f1 >= 0.955, "F1 {f1}");
    let precision = measure(&evaluation, "pairs.precision");
    assert!((expected - precision).abs() <= 0.02, "expected {expected}, is {precision}");
}
