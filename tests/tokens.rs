//! One token, one person: read with Arrow's own reader from packages of made people, some of
//! whom are in the export twice or under another name.

#![allow(clippy::disallowed_methods)]

mod town;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;

use arrow_array::cast::AsArray;
use arrow_ipc::reader::FileReader;
use town::Town;

/// The rows of a package: row ids, for each match key the token of each row, and the fuzzy
/// value of each row.
struct Rows {
    ids: Vec<Vec<u8>>,
    tokens: BTreeMap<String, Vec<Option<Vec<u8>>>>,
    fuzzy: Vec<Option<Vec<u8>>>,
    manifest: serde_json::Value,
}

impl Rows {
    fn read(town: &Town, package: &str) -> Self {
        let file = File::open(town.path(package)).expect("opened");
        let reader = FileReader::try_new(file, None).expect("an Arrow file");
        let schema = reader.schema();
        let manifest = schema.metadata().values().find(|text| text.contains("\"match_keys\""));
        let manifest = serde_json::from_str(manifest.expect("a manifest")).expect("JSON");
        let mut rows =
            Rows { ids: Vec::new(), tokens: BTreeMap::new(), fuzzy: Vec::new(), manifest };
        for batch in reader {
            let batch = batch.expect("readable");
            for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
                match field.name().as_str() {
                    "quality" => {}
                    "row_id" => {
                        let ids = column.as_fixed_size_binary().iter();
                        rows.ids.extend(ids.map(|id| id.expect("never null").to_owned()));
                    }
                    name => {
                        let values = column.as_fixed_size_binary().iter();
                        let values = values.map(|value| value.map(<[u8]>::to_owned));
                        match name {
                            "fuzzy" => rows.fuzzy.extend(values),
                            key => rows.tokens.entry(key.to_owned()).or_default().extend(values),
                        }
                    }
                }
            }
        }
        rows
    }

    /// For each token of a column, the people who have it.
    fn holders(&self, key: &str) -> BTreeMap<&Vec<u8>, BTreeSet<&Vec<u8>>> {
        let mut holders: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for (id, token) in self.ids.iter().zip(&self.tokens[key]) {
            if let Some(token) = token {
                holders.entry(token).or_default().insert(id);
            }
        }
        holders
    }
}

#[test]
fn no_two_rows_of_any_package_have_a_token_in_common() {
    let town = Town::synth(8_000, 3, 29);
    town.deidentify_all();
    for package in town.packages() {
        let rows = Rows::read(&town, &package);
        assert!(rows.ids.is_sorted());
        let people: BTreeSet<&Vec<u8>> = rows.ids.iter().collect();
        assert!(people.len() + 20 < rows.ids.len(), "some people have another name");
        let run = town.read(&format!("{}/keep/run.json", package.split('/').next().unwrap_or("")));
        let run: serde_json::Value = serde_json::from_str(&run).expect("JSON");
        assert_eq!(run["people"], people.len());
        assert!(run["rows_used"].as_u64() > run["people"].as_u64(), "some are there twice");

        assert!(rows.tokens.len() >= 20, "{} match keys", rows.tokens.len());
        // Not even of two match keys: every token of the file is another.
        let mut seen = BTreeSet::new();
        let mut withholding = 0;
        for (key, tokens) in &rows.tokens {
            assert_eq!(tokens.len(), rows.ids.len());
            let mut filled = 0;
            for token in tokens.iter().flatten() {
                assert_eq!(token.len(), 16);
                assert!(seen.insert(token), "{package}: a token of {key} is there twice");
                filled += 1;
            }
            let summaries = rows.manifest["match_keys"].as_array().expect("a list");
            let summary = summaries.iter().find(|s| s["name"] == *key).expect("its summary");
            assert_eq!(summary["filled"], filled, "{package}: {key}");
            withholding += usize::from(summary["shared"].as_u64() > Some(0));
        }
        assert!(seen.len() > 10 * rows.ids.len());
        assert!(withholding > rows.tokens.len() / 2, "{withholding} match keys withhold something");

        assert_eq!(rows.fuzzy.len(), rows.ids.len());
        let mut seen = BTreeSet::new();
        for value in rows.fuzzy.iter().flatten() {
            assert_eq!(value.len(), 256);
            assert!(seen.insert(value), "{package}: a fuzzy value is there twice");
        }
        let summary = &rows.manifest["fuzzy"];
        assert_eq!(summary["filled"], seen.len(), "{package}");
        assert!(seen.len() > rows.ids.len() / 2);
    }
}

#[test]
fn a_raised_limit_is_a_limit() {
    let town = Town::synth(4_000, 2, 31);
    let project = town.read("town/project.toml");
    let raised = project.replace("people_per_token = 1", "people_per_token = 3");
    assert_ne!(project, raised);
    town.write("town/project.toml", raised);
    town.deidentify("housing", "housing", "");
    let rows = Rows::read(&town, "housing/to-linkage-unit/housing.package.arrow");
    let mut most = 0;
    for key in rows.tokens.keys() {
        most = most.max(rows.holders(key).values().map(BTreeSet::len).max().unwrap_or(0));
    }
    assert_eq!(most, 3);
    town.ok("verify housing/to-linkage-unit/housing.package.arrow");
}
