//! The bundled benchmark: its settings fit its files, and its agreement is a preset's.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use veilway::project::{Preset, Project};
use veilway::sources::SourceSpec;

#[test]
fn the_settings_fit_the_files() {
    let folder = Path::new("testdata/febrl");
    let project = Project::load(&folder.join("project.toml")).expect("a project");
    for (spec, data) in [("febrl-a.toml", "dataset4a.csv"), ("febrl-b.toml", "dataset4b.csv")] {
        let spec = SourceSpec::load(&folder.join(spec)).expect("a source");
        assert_eq!(spec.check_against(&project), Vec::<String>::new());
        let text = fs::read_to_string(folder.join(data)).expect("the data");
        let header: Vec<&str> = text.lines().next().expect("a header").split(", ").collect();
        let columns = spec.columns.values().chain([&spec.record_id]);
        for column in columns {
            assert!(header.contains(&column.as_str()), "{data}: {column}");
        }
        assert_eq!(text.lines().count(), 5_001);
    }
}

/// What the benchmark shows is what a user gets: the match keys of `minimal`, without the
/// sex that the files lack.
#[test]
fn the_agreement_is_the_minimal_preset_without_sex() {
    let keys = |project: &Project| -> BTreeSet<BTreeSet<String>> {
        let parts = project.match_keys.iter().map(|key| {
            let names = key.components.iter().map(|c| project.component_name(*c));
            names.filter(|name| name != "sex").collect()
        });
        parts.collect()
    };
    let febrl = Project::load(Path::new("testdata/febrl/project.toml")).expect("a project");
    let text = Preset::Minimal.toml("minimal", "open");
    let minimal = Project::parse(&text, "minimal").expect("the preset");
    assert_eq!(keys(&febrl), keys(&minimal));
    assert_eq!(febrl.fuzzy, minimal.fuzzy);
    assert!(febrl.fields.iter().all(|field| field.name != "sex"));
    for field in &febrl.fields {
        assert!(minimal.fields.contains(field), "{}", field.name);
    }
}
