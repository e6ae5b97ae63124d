//! Three agencies, a linkage unit that links again later, and who is refused what.

#![allow(clippy::disallowed_methods)]

mod town;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use town::{Town, keys};

/// The person id of every row of every map of a run.
fn maps(town: &Town, links: &str) -> BTreeMap<String, String> {
    let mut ids = BTreeMap::new();
    for agency in town.agencies() {
        let name = format!("{links}/to-analyst/{agency}.map.csv");
        if !town.path(&name).exists() {
            continue;
        }
        for line in town.read(&name).lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let before = ids.insert(cells[0].to_owned(), cells[1].to_owned());
            assert!(before.is_none(), "a row id twice");
        }
    }
    ids
}

/// The rows that each person has.
fn by_person(ids: &BTreeMap<String, String>) -> BTreeMap<&String, BTreeSet<&String>> {
    let mut people: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (row, person) in ids {
        people.entry(person).or_default().insert(row);
    }
    people
}

fn link(town: &Town, packages: &str, out: &str, more: &str) -> serde_json::Value {
    let line = format!("link {packages} --project town/project.toml --out {out} {more}");
    town.ok(&format!("{line} --format json")).json()
}

/// Has an agency keep records apart that are as good as certainly one person.
fn leave_duplicates_apart(town: &Town, agency: &str) {
    let name = format!("town/{agency}/source.toml");
    let source = town.read(&name);
    let said = "unique_people = false";
    let apart = source.replace(said, &format!("{said}\njoin_duplicates = false"));
    assert_ne!(apart, source);
    town.write(&name, apart);
}

#[test]
fn three_agencies_and_an_earlier_run_whose_ids_are_kept() {
    let town = Town::synth(9_000, 3, 7);
    // Agencies that do not find people they have twice: a third may.
    for agency in town.agencies() {
        leave_duplicates_apart(&town, &agency);
    }
    town.deidentify_all();
    let packages = town.packages();
    let two = packages[..2].join(" ");
    let three = packages.join(" ");

    let first = link(&town, &two, "first", "");
    assert!(first["changes"].is_null());
    let before = maps(&town, "first");

    // The same again, told of the earlier run: nothing changes.
    let same = link(&town, &two, "same", "--previous first");
    assert_eq!(maps(&town, "same"), before);
    assert_eq!((&same["changes"]["merged"], &same["changes"]["split"]), (&0.into(), &0.into()));
    assert_eq!(town.read("same/keep/changes.csv").lines().count(), 1);

    // A third agency joins: whoever was known keeps the id.
    let more = link(&town, &three, "more", "--previous first");
    let after = maps(&town, "more");
    let changed: BTreeSet<&String> =
        before.iter().filter(|(row, id)| after[*row] != **id).map(|(_, id)| id).collect();
    let merged = more["changes"]["merged"].as_u64().expect("a number");
    assert!(merged > 0, "the third agency knows that some two are one");
    let (people_before, people_after) = (by_person(&before), by_person(&after));
    // Whoever's id changed was merged with, or split from, somebody.
    for id in &changed {
        let rows = &people_before[*id];
        let now: BTreeSet<&String> = rows.iter().map(|row| &after[*row]).collect();
        let with: BTreeSet<&String> = now
            .iter()
            .flat_map(|id| &people_after[*id])
            .filter_map(|row| before.get(*row))
            .collect();
        assert!(now.len() > 1 || with.len() > 1, "{id} changed for no reason");
    }
    // What is reported is what happened.
    let several = |of: &BTreeSet<&String>, ids: &BTreeMap<String, String>| {
        of.iter().filter_map(|row| ids.get(*row)).collect::<BTreeSet<_>>().len() > 1
    };
    let merges = people_after.values().filter(|rows| several(rows, &before)).count();
    let splits = people_before.values().filter(|rows| several(rows, &after)).count();
    assert_eq!(merged, merges as u64);
    assert_eq!(more["changes"]["split"], splits as u64);
    let report = town.read("more/keep/changes.csv");
    assert!(report.lines().count() > merges + splits, "{report}");
    // No id of somebody earlier is given to somebody new.
    for (id, rows) in &people_after {
        if let Some(earlier) = people_before.get(*id) {
            assert!(!earlier.is_disjoint(rows), "{id} was given to somebody else");
        }
    }

    // The agency goes again: splits are reported, and ids still belong to whom they did.
    let fewer = link(&town, &two, "fewer", "--previous more");
    assert!(fewer["changes"]["split"].as_u64().expect("a number") > 0);
}

#[test]
fn a_package_alone_is_searched_only_where_the_project_lets_people_share_tokens() {
    let town = Town::synth(6_000, 2, 13);
    town.deidentify("housing", "one", "");
    let package = "to-linkage-unit/housing.package.arrow";
    let joined = |out: &str| -> serde_json::Value {
        let run = serde_json::from_str(&town.read(&format!("{out}/keep/run.json")));
        let run: serde_json::Value = run.expect("JSON");
        run["duplicates_joined"].clone()
    };
    assert!(joined("one").as_u64() > Some(20), "the agency finds duplicates itself");
    let summary = link(&town, &format!("one/{package}"), "one-links", "");
    let warnings = summary["warnings"].to_string();
    assert!(warnings.contains("people_per_token = 1"), "{warnings}");
    assert_eq!(summary["linked_persons"], 0);

    // Raised, the same export can be searched for people who are in it twice, where the agency
    // did not join them itself.
    leave_duplicates_apart(&town, "housing");
    let project = town.read("town/project.toml");
    assert!(project.contains("people_per_token = 1"));
    town.write(
        "town/project.toml",
        project.replace("people_per_token = 1", "people_per_token = 5"),
    );
    town.deidentify("housing", "five", "");
    let [all, equal] = ["one", "five"].map(|out| joined(out).as_u64().expect("a number"));
    assert!(equal < all, "only those equal in every part are joined: {equal} of {all}");
    let summary = link(&town, &format!("five/{package}"), "five-links", "");
    assert!(!summary["warnings"].to_string().contains("people_per_token = 1"));
    let evaluation = town
        .ok("evaluate --links five-links --truth town/truth.csv \
             --rows five/keep/housing.rows.csv --format json")
        .json();
    let share = |name: &str| evaluation["pairs"][name].as_f64().expect("a number");
    assert!(share("recall_packaged") > 0.9 && share("precision") > 0.8, "{evaluation}");
    let shown = town.ok(&format!("inspect five/{package}")).out();
    assert!(shown.contains("at most 5"), "{shown}");
}

#[test]
fn a_source_that_lacks_most_birth_dates_is_linked_all_the_same() {
    let town = Town::synth(4_000, 2, 5);
    let export = town.read("town/mental-health/export.csv");
    let header = export.lines().next().expect("a header");
    let place = header.split(',').position(|heading| heading == "birth_date").expect("a column");
    let rows = export.lines().enumerate().map(|(i, line)| {
        let mut cells: Vec<&str> = line.split(',').collect();
        if i % 20 != 0 {
            cells[place] = "";
        }
        cells.join(",")
    });
    let rows: Vec<String> = rows.collect();
    town.write("town/mental-health/export.csv", rows.join("\n") + "\n");
    town.deidentify("housing", "housing", "");
    let told = town.deidentify("mental-health", "mental-health", "").err();
    assert!(told.contains("go without a fuzzy value"), "{told}");
    assert!(told.contains("`birth_date` is usable on"), "{told}");
    let linked = link(&town, &town.packages().join(" "), "links", "");
    let warnings: Vec<&str> = linked["warnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .filter_map(|warning| warning.as_str())
        .collect();
    assert!(
        warnings.iter().any(|w| w.starts_with("mental-health: ") && w.contains("a fuzzy value"))
    );
    assert!(!warnings.iter().any(|w| w.starts_with("housing: ")), "{warnings:?}");
    let pairs = &town.evaluate("links")["pairs"];
    assert!(pairs["precision"].as_f64() > Some(0.9), "{pairs}");
    assert!(pairs["recall"].as_f64() > Some(0.3), "{pairs}");
}

#[test]
fn each_party_is_refused_what_belongs_to_another() {
    let town = Town::synth(600, 2, 19);
    town.deidentify_all();
    let packages = town.packages().join(" ");
    let project = "--project town/project.toml";

    // The linkage unit may hold no key, however it is offered.
    for line in [
        format!("link {packages} {project} --key-file project.key --out links"),
        format!("link {packages} project.key {project} --out links"),
        format!("link {packages} housing/keep/agency.key {project} --out links"),
        format!("link {packages} --project project.key --out links"),
    ] {
        let said = town.fails(&line, 6);
        assert!(said.contains("must not hold a key"), "{said}");
        assert!(!town.path("links").exists());
    }
    // Neither exports nor row lists nor events are packages.
    for file in [
        "town/housing/export.csv",
        "housing/keep/housing.rows.csv",
        "housing/to-analyst/housing.events.csv",
    ] {
        town.fails(&format!("link {file} {packages} {project} --out links"), 5);
    }

    // The analyst may hold no package, no row list and no names.
    town.ok(&format!("link {packages} {project} --out links"));
    let events = "--events housing/to-analyst/housing.events.csv";
    for line in [
        format!("pathways --map links --events {packages} --out paths"),
        format!("pathways --map housing/to-linkage-unit {events} --out paths"),
        format!("pathways --map housing/keep {events} --out paths"),
        "pathways --map links --events town/housing/export.csv --out paths".to_owned(),
        "pathways --map links --events housing/keep/housing.rows.csv --out paths".to_owned(),
    ] {
        let outcome = town.run(&line);
        assert!(matches!(outcome.code, Some(3 | 6)), "{line}: {}", outcome.err());
        assert!(!town.path("paths").exists());
    }

    // The agencies' command takes no agency key for the project's, nor the other way.
    town.fails(
        &town::deidentify("housing", "again", "").replace("project.key", "housing/keep/agency.key"),
        4,
    );
    town.fails(&town::deidentify("housing", "again", "--agency-key project.key"), 4);

    // Packages of two keys, or of two agreements, are not linked; the party is named.
    town.ok(&format!("key new {project} --out other.key"));
    let other = town::deidentify("housing", "other-key", "").replace("project.key", "other.key");
    town.ok(&other);
    let mixed = packages.replace("housing/to-", "other-key/to-");
    let said = town.fails(&format!("link {mixed} {project} --out mixed"), 5);
    assert!(said.contains("housing") && said.contains("mental-health"), "{said}");
    let changed = town
        .read("town/project.toml")
        .replace("slk_profile = \"act-v4\"", "slk_profile = \"aihw\"");
    town.write("changed.toml", &changed);
    let line =
        town::deidentify("housing", "changed", "").replace("town/project.toml", "changed.toml");
    town.ok(&line);
    let mixed = packages.replace("housing/to-", "changed/to-");
    let said = town.fails(&format!("link {mixed} {project} --out mixed"), 5);
    assert!(said.contains("housing") && said.contains("slk_profile"), "{said}");
    assert!(!town.path("mixed").exists());
}

/// Whoever refuses in one row is left out with all rows, wherever that row stands: as if every row
/// of theirs said so.
#[test]
fn who_refuses_in_one_row_refuses_in_all() {
    let town = Town::synth(1_200, 2, 5);
    let agency = &town.agencies()[0];
    let export = format!("town/{agency}/export.csv");
    let text = town.read(&export);
    let (header, rows) = text.split_once('\n').expect("a header");
    let said = |row: &str, code: &str| {
        let before = row.trim_end().rfind(',').expect("the last column");
        format!("{},{code}\n", &row[..before])
    };
    assert!(header.trim_end().ends_with(",share_consent"));
    let (mut in_one, mut in_all) = (format!("{header}\n"), format!("{header}\n"));
    for (at, row) in rows.lines().enumerate() {
        let code = ["2", "99"][at / 12 % 2];
        let (refused, own) = (said(row, code), format!("{}\n", row.trim_end()));
        match at % 12 {
            _ if !own.ends_with(",1,1\n") => (in_one += &own, in_all += &own),
            0 => (in_one += &(refused.clone() + &own), in_all += &refused.repeat(2)),
            6 => (in_one += &(own + &refused), in_all += &refused.repeat(2)),
            _ => (in_one += &own, in_all += &own),
        };
    }
    let leaving = |name: &str, text: &str, memory: &str| {
        town.write(&export, text);
        town.deidentify(agency, name, &format!("--agency-key {agency}.key {memory}"));
        let read = |file: String| fs::read(town.path(&format!("{name}/{file}"))).expect("written");
        let of = |folder: &str, kind: &str| read(format!("{folder}/{agency}.{kind}"));
        let rejects = String::from_utf8(of("keep", "rejects.csv")).expect("text");
        let leaving = [
            of("to-linkage-unit", "package.arrow"),
            of("to-analyst", "events.csv"),
            of("to-analyst", "left-out.csv"),
        ];
        (leaving, rejects.matches("another row of the client: consent").count())
    };
    keys::write(&town.path(&format!("{agency}.key")), keys::AGENCY, agency);
    let (expected, of_others) = leaving("all", &in_all, "");
    assert_eq!(of_others, 0);
    let people = rows.lines().count() / 12 * 2;
    for memory in ["", "--memory 16K"] {
        let (found, of_others) = leaving(&format!("one{}", memory.len()), &in_one, memory);
        for ((found, expected), what) in
            found.iter().zip(&expected).zip(["package", "events", "left out"])
        {
            assert!(found == expected, "the {what} tells of them, {memory}");
        }
        assert!(of_others > people / 2, "{of_others} of {people}");
    }
}
