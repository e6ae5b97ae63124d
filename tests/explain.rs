//! `explain` through the program: it says of a pair what `link` made of it, and nothing else.

#![allow(clippy::disallowed_methods)]

mod town;

use std::collections::BTreeMap;

use serde_json::Value;
use town::Town;

/// A row of a CSV file, by column.
type Row = BTreeMap<String, String>;

fn rows(town: &Town, name: &str) -> Vec<Row> {
    let text = town.read(name);
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let header: Vec<String> = lines.next().expect("a header").collect();
    lines.map(|cells| header.iter().cloned().zip(cells).collect()).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The parts of a weight, added up.
fn sum(weights: &Value) -> f64 {
    let groups = weights["groups"].as_array().expect("groups");
    groups.iter().map(|group| number(&group["bits"])).sum::<f64>()
        + number(&weights["rarity"])
        + number(&weights["likeness"]["bits"])
}

#[test]
fn every_pair_is_explained_as_it_was_linked() {
    let town = Town::synth(2_000, 2, 5);
    // One agency holds each person once, so that pairs compete.
    let name = format!("town/{}/source.toml", town.agencies()[0]);
    let once = town.read(&name).replace("unique_people = false", "unique_people = true");
    town.write(&name, once);
    town.deidentify_all();
    let files = format!("{} --project town/project.toml", town.packages().join(" "));
    town.ok(&format!("link {files} --out links"));
    let linked = rows(&town, "links/keep/pairs.csv");
    let run = town.ok(&format!("explain {files} --pairs links/keep/pairs.csv --format json"));
    assert!(run.stderr.is_empty());
    let explained = run.json();
    let explained = explained.as_array().expect("a list");
    assert!(linked.len() > 200);
    assert_eq!(explained.len(), linked.len());
    let mut rivals = 0;
    for (of, row) in explained.iter().zip(&linked) {
        for (i, letter) in ["a", "b"].iter().enumerate() {
            assert_eq!(of["rows"][i]["source"], row[&format!("source_{letter}")]);
            assert_eq!(of["rows"][i]["row_id"], row[&format!("row_id_{letter}")]);
        }
        let (weights, outcome) = (&of["weights"], &of["outcome"]);
        let total = number(&weights["total"]);
        assert!((sum(weights) - total).abs() < 1e-6, "{of}");
        let [weight, probability] = ["weight", "probability"].map(|column| &row[column]);
        assert_eq!(
            (&format!("{total:.2}"), &row["band"]),
            (weight, &outcome["band"].as_str().expect("a band").to_owned())
        );
        assert_eq!(&format!("{:.6}", number(&outcome["probability"])), probability);
        let agree = of["match_keys"]["agree"].as_array().expect("keys");
        match row["rule"].as_str() {
            "fuzzy" => assert!(agree.is_empty() && of["found"] == "fuzzy-values", "{of}"),
            rule => assert!(agree[0] == rule && of["found"] == "match-keys", "{of}"),
        }
        // By the odds of the pair and of those that compete with it.
        let both = outcome["rivals"].as_array().expect("two rows");
        let compete = both.iter().filter(|r| r["compete"] == true);
        let others: f64 = compete.map(|r| number(&r["odds"])).sum();
        let odds = number(&outcome["odds"]);
        let share = odds / (1.0 + odds + others);
        assert!((share - number(&outcome["probability"])).abs() < 1e-9, "{of}");
        rivals += usize::from(others > 0.0);
    }
    assert!(rivals > 0, "some pairs compete");

    // One pair by its ids, with hyphens as some programs write them, in either order.
    let row = linked.iter().find(|row| row["band"] == "definite").expect("a definite pair");
    let hyphens = |id: &str| [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
    let [a, b] = ["row_id_a", "row_id_b"].map(|column| row[column].clone());
    let text = town.ok(&format!("explain {files} --rows {} {b}", hyphens(&a))).out();
    assert_eq!(town.ok(&format!("explain {files} --rows {b} {a}")).out(), text);
    for shown in ["keys that agree", "start", "birth_date", "rarity", "likeness", "definite"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(text.lines().any(|line| line.starts_with("weight") && line.contains(&row["weight"])));

    // A decision of a person is shown as such.
    town.write("decided.csv", format!("row_id_a,row_id_b,decision\n{a},{b},no-match\n"));
    let line = format!("explain {files} --rows {a} {b} --decisions decided.csv");
    assert!(town.ok(&line).out().contains("no-match, by a person"));
}

#[test]
fn a_pair_that_was_not_found_is_explained_too() {
    let town = Town::synth(1_000, 2, 9);
    town.deidentify_all();
    let files = format!("{} --project town/project.toml", town.packages().join(" "));
    town.ok(&format!("link {files} --out links"));
    let map = |agency: &str| rows(&town, &format!("links/to-analyst/{agency}.map.csv"));
    let [a, b] = [0, 1].map(|i| map(&town.agencies()[i]));
    let with = |rows: &[Row], is_single: bool| -> Vec<String> {
        let fits = |row: &&Row| (row["band"] == "single") == is_single;
        rows.iter().filter(fits).take(20).map(|row| row["row_id"].clone()).collect()
    };
    let found = |a: &str, b: &str| {
        let run = town.ok(&format!("explain {files} --rows {a} {b} --format json"));
        let explained = run.json()[0].clone();
        if explained["found"] != "match-keys" && explained["found"] != "fuzzy-values" {
            assert!(explained["weights"].is_null() && explained["outcome"].is_null());
            assert_eq!(explained["match_keys"]["agree"], serde_json::json!([]));
        }
        explained["found"].as_str().expect("a word").to_owned()
    };
    // People who are in no link: compared by their fuzzy values, and unlike.
    let alone = (with(&a, true), with(&b, true));
    let unlike = alone.0.iter().zip(&alone.1).take(4).filter(|(a, b)| found(a, b) == "unlike");
    assert!(unlike.count() >= 2);
    // A person who is in a link is not compared with others.
    let linked = with(&a, false);
    let others = linked.iter().zip(&alone.1).take(4).filter(|(a, b)| found(a, b) == "linked");
    assert!(others.count() >= 2);
    // Two people of one agency, which may hold a person twice.
    assert_eq!(found(&alone.0[0], &alone.0[1]), "one-source");
}
