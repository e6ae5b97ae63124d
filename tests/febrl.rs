//! The bundled benchmark: its settings fit its files.

use std::fs;
use std::path::Path;

use veilway::project::Project;
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
