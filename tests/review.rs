//! Clerical review through the program: the pairs that it leaves open are written, a person
//! decides, and the next run holds to it.

#![allow(clippy::disallowed_methods)]

mod town;

use std::collections::BTreeMap;

use town::Town;

/// A row of a CSV file, by column.
type Row = BTreeMap<String, String>;

fn rows(town: &Town, name: &str) -> Vec<Row> {
    let text = town.read(name);
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().expect("a header").collect();
    lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect()
}

/// The person of every row of a run.
fn persons(town: &Town, links: &str) -> BTreeMap<String, String> {
    let maps = town.agencies().into_iter().map(|a| format!("{links}/to-analyst/{a}.map.csv"));
    maps.flat_map(|map| rows(town, &map))
        .map(|row| (row["row_id"].clone(), row["person_id"].clone()))
        .collect()
}

fn ids(row: &Row) -> [String; 2] {
    [row["row_id_a"].clone(), row["row_id_b"].clone()]
}

#[test]
fn what_a_person_decides_holds_in_the_next_run() {
    let town = Town::synth(3_000, 2, 5);
    town.deidentify_all();
    let packages = town.packages().join(" ");
    let link = |out: &str, more: &str| {
        let line = format!("link {packages} --project town/project.toml --out {out} {more}");
        town.ok(&format!("{line} --format json")).json()
    };
    let before = link("before", "");
    assert!(before["decisions"].is_null());
    let open = rows(&town, "before/keep/clerical.csv");
    assert_eq!(before["possible"], open.len());
    assert!(open.len() >= 4, "{} pairs for review", open.len());
    let likeliness = |row: &Row| row["probability"].parse::<f64>().expect("a number");
    assert!(open.is_sorted_by(|x, y| likeliness(x) >= likeliness(y)));
    let joined = persons(&town, "before");
    // Fuzzy values find some of them, with no match key.
    assert!(open.iter().any(|row| !row["match_keys"].is_empty()), "agreeing match keys");
    for row in &open {
        assert!((0.05..0.5).contains(&likeliness(row)) && row["decision"].is_empty());
    }

    // The first open pair that is still apart is one person, the last is not; nor is one that
    // was linked; and some rows are from elsewhere.
    let is_apart = |row: &&Row| ids(row).map(|id| &joined[&id]).windows(2).all(|p| p[0] != p[1]);
    let one = ids(open.iter().find(is_apart).expect("an open pair"));
    let two = ids(open.last().expect("an open pair"));
    let linked = rows(&town, "before/keep/pairs.csv");
    let wrong = ids(linked.iter().find(|row| row["band"] == "definite").expect("a link"));
    // Two people without a token in common, both in no link.
    let alone = |agency: &str| {
        let map = rows(&town, &format!("before/to-analyst/{agency}.map.csv"));
        let row = map.into_iter().find(|row| row["band"] == "single" && row["row_id"] != one[0]);
        row.expect("a person alone")["row_id"].clone()
    };
    let agencies = town.agencies();
    let found_elsewhere = [alone(&agencies[0]), alone(&agencies[1])];
    let mut file = "\u{feff}row_id_b;row_id_a;decision\r\n".to_owned();
    for ([a, b], decision) in [
        (&one, "match"),
        (&two, "No-Match"),
        (&wrong, "no-match"),
        (&found_elsewhere, "match"),
        (&["0".repeat(32), "1".repeat(32)], "match"),
    ] {
        file += &format!("{a};{b};{decision}\r\n");
    }
    town.write("decided.csv", file);
    let after = link("after", "--decisions decided.csv");
    let decisions = &after["decisions"];
    assert_eq!((&decisions["matches"], &decisions["no_matches"]), (&2.into(), &2.into()));
    assert_eq!(decisions["unknown_rows"], 1);
    assert_eq!(decisions["matches_ruled_out"], 0);
    assert!(after["warnings"].to_string().contains("none of the sources"), "{after}");
    let run: serde_json::Value =
        serde_json::from_str(&town.read("after/keep/run.json")).expect("JSON");
    assert_eq!(run["decisions"], *decisions);

    let persons_after = persons(&town, "after");
    let together = |[a, b]: &[String; 2]| persons_after[a] == persons_after[b];
    assert!(together(&one) && together(&found_elsewhere));
    assert!(!together(&two) && !together(&wrong));
    let pairs = rows(&town, "after/keep/pairs.csv");
    let decided: Vec<&Row> = pairs.iter().filter(|row| row["rule"] == "decision").collect();
    assert_eq!(decided.len(), 2, "both matches, and no pair that was decided against");
    assert!(decided.iter().all(|row| row["band"] == "definite"));

    // The new clerical file holds the decisions, and gives the same run again.
    let open_after = rows(&town, "after/keep/clerical.csv");
    let with = |decision: &str| open_after.iter().filter(|r| r["decision"] == decision).count();
    assert_eq!((with("match"), with("no-match")), (2, 2));
    assert_eq!(after["possible"], with(""));
    link("again", "--decisions after/keep/clerical.csv");
    assert_eq!(persons(&town, "again"), persons_after);
}

#[test]
fn the_optimal_assignment_gives_each_person_one_row_of_each_source_and_is_on_record() {
    let town = Town::synth(3_000, 2, 8);
    for agency in town.agencies() {
        let name = format!("town/{agency}/source.toml");
        let once = town.read(&name).replace("unique_people = false", "unique_people = true");
        town.write(&name, once);
    }
    town.deidentify_all();
    let packages = town.packages().join(" ");
    for assignment in ["greedy", "optimal"] {
        let line = format!(
            "link {packages} --project town/project.toml --out {assignment} --assignment \
             {assignment} --format json"
        );
        assert_eq!(town.ok(&line).json()["assignment"], assignment);
        let mut rivals = 0;
        let mut share: BTreeMap<String, f64> = BTreeMap::new();
        for row in rows(&town, &format!("{assignment}/keep/pairs.csv")) {
            let probability: f64 = row["probability"].parse().expect("a number");
            for id in ids(&row) {
                let sum = share.entry(id).or_default();
                rivals += usize::from(*sum > 0.0);
                *sum += probability;
            }
        }
        assert!(rivals > 0, "some pairs compete");
        assert!(share.values().all(|sum| *sum < 1.0 + 1e-4), "one person, one match");
        for agency in town.agencies() {
            let mut persons: Vec<String> =
                rows(&town, &format!("{assignment}/to-analyst/{agency}.map.csv"))
                    .into_iter()
                    .map(|row| row["person_id"].clone())
                    .collect();
            let all = persons.len();
            persons.sort_unstable();
            persons.dedup();
            assert_eq!(persons.len(), all, "{agency}");
        }
    }
}
