//! Addresses and telephone numbers as fields: they find people whom names and dates miss, and
//! do not make one person of those who share a home.

#![allow(clippy::disallowed_methods)]
// The figures are shown with `--nocapture`.
#![allow(clippy::print_stdout)]

mod town;

use std::collections::HashMap;

use town::Town;

/// Two agencies of people with addresses and telephone numbers.
fn made() -> Town {
    let town = Town::empty();
    town.ok("synth --people 20000 --sources 2 --seed 12 --with address,phone --out town --quiet");
    town.key("project.key");
    town
}

/// Links the packages of both agencies, and gives what is true of the pairs.
fn linked(town: &Town, links: &str) -> serde_json::Value {
    town.deidentify_all();
    let packages = town.packages().join(" ");
    town.ok(&format!("link {packages} --project town/project.toml --out {links}"));
    town.evaluate(links)["pairs"].clone()
}

fn number(value: &serde_json::Value, key: &str) -> f64 {
    value[key].as_f64().unwrap_or_else(|| panic!("{key} is no number: {value}"))
}

#[test]
fn they_find_people_whom_names_and_dates_miss() {
    let town = made();
    let with = linked(&town, "with");
    for agency in town.agencies() {
        std::fs::remove_dir_all(town.path(&agency)).expect("removed");
    }
    town.ok("project new --preset common-dataset --id synthetic-town --period 2023-2025 \
         --out town/project.toml --force");
    let without = linked(&town, "without");
    println!("with {with}\nwithout {without}");
    let gained = number(&with, "recall_packaged") - number(&without, "recall_packaged");
    assert!(gained >= 0.008, "{gained}");
    assert!(number(&with, "f1") > number(&without, "f1"));
    assert!(number(&with, "precision") >= 0.98, "{with}");
}

/// One record of an export, with consent.
fn record(id: &str, names: [&str; 2], born: &str, sex: &str, found: [&str; 2]) -> String {
    let ([family, given], [address, phone]) = (names, found);
    format!("{id},{family},{given},,{born},2,{sex},Lyneham,2602,ACT,1,1,{address},{phone}\n")
}

#[test]
fn a_household_is_not_one_person() {
    let town = made();
    let add = |agency: &str, rows: &[String]| {
        let name = format!("town/{agency}/export.csv");
        let text = town.read(&name) + &rows.concat();
        town.write(&name, text);
    };
    let home = ["\"Unit 3, 9 Quince Street\"", "0599 123 987"];
    let again = ["3/9 QUINCE ST", "+61 599 123 987"];
    let of_two = ["71 Quince Street", "0588 765 123"];
    add(
        "housing",
        &[
            record("X1", ["Marlowe", "Zinnia"], "12/04/1981", "2", home),
            record("X2", ["Hale", "Rosalind"], "03/09/1970", "2", of_two),
            record("X3", ["Hale", "Bertram"], "21/11/1968", "1", of_two),
        ],
    );
    add(
        "mental-health",
        &[
            // The same person under another name, and without a birth date.
            record("Y1", ["Petersson", "Zinnia"], "", "2", again),
            record("Y2", ["Hale", "Imogen"], "17/02/1999", "2", of_two),
            record("Y3", ["Hale", "Crispin"], "30/06/2001", "1", of_two),
        ],
    );
    town.deidentify_all();
    let packages = town.packages().join(" ");
    town.ok(&format!("link {packages} --project town/project.toml --out links"));
    let mut person_of: HashMap<String, String> = HashMap::new();
    for agency in town.agencies() {
        let table = |name: &str| -> HashMap<String, String> {
            let text = town.read(name);
            let pair = |line: &str| {
                let mut cells = line.split(',').map(str::to_owned);
                Some((cells.next()?, cells.next()?))
            };
            text.lines().skip(1).filter_map(pair).collect()
        };
        let people = table(&format!("links/to-analyst/{agency}.map.csv"));
        for (record, row) in table(&format!("{agency}/keep/{agency}.rows.csv")) {
            if let Some(person) = people.get(&row) {
                person_of.insert(record, person.clone());
            }
        }
    }
    assert_eq!(person_of["X1"], person_of["Y1"]);
    let hales = ["X2", "X3", "Y2", "Y3"].map(|record| &person_of[record]);
    for (place, one) in hales.iter().enumerate() {
        assert!(!hales[place + 1..].contains(one), "two people of a household are one");
    }
}
