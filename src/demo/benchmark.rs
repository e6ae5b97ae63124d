//! Act two: FEBRL 4, a public benchmark whose truth is known, through the same rooms; once
//! with the match keys of a preset and once with SLK-581 alone.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;

use crate::deidentify;
use crate::evaluate::{self, Pairs};
use crate::files::{Overwrite, Readers, Staged};
use crate::ids::Band;
use crate::key::ProjectKey;
use crate::link;
use crate::progress::Progress;
use crate::project::Project;
use crate::sources::{Input, SourceSpec};

const PROJECT: &str = include_str!("../../testdata/febrl/project.toml");
/// The description and the records of each agency.
const AGENCIES: [(&str, &str, &str); 2] = [
    (
        "febrl-a",
        include_str!("../../testdata/febrl/febrl-a.toml"),
        include_str!("../../testdata/febrl/dataset4a.csv"),
    ),
    (
        "febrl-b",
        include_str!("../../testdata/febrl/febrl-b.toml"),
        include_str!("../../testdata/febrl/dataset4b.csv"),
    ),
];

/// How well the benchmark was linked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// People, each with one record in either file.
    pub people: u64,
    /// With SLK-581 alone, without its sex: the files have none.
    pub slk_alone: Pairs,
    /// With every match key of the agreement.
    pub match_keys: Pairs,
    /// How many match keys those are.
    pub keys: usize,
}

/// Plays the act in the staged folder.
pub(super) fn play(
    staged: &Staged,
    today: Date,
    progress: &Progress,
) -> Result<Benchmark, crate::Error> {
    let project = Project::parse(PROJECT, "testdata/febrl/project.toml")?;
    let mut truth = String::from("rec_id,person_id\n");
    let mut people = BTreeSet::new();
    for (name, spec, data) in AGENCIES {
        put(staged, &format!("benchmark/agency-{name}/export.csv"), data)?;
        put(staged, &format!("benchmark/agency-{name}/source.toml"), spec)?;
        // `rec-12-org` and `rec-12-dup-0` are person 12.
        for id in data.lines().skip(1).filter_map(|line| line.split(',').next()) {
            let person = id.split('-').nth(1).unwrap_or_default();
            truth += &format!("{id},{person}\n");
            people.insert(person);
        }
    }
    put(staged, "benchmark/truth.csv", &truth)?;
    let mut alone = project.clone();
    alone.match_keys.truncate(1);
    alone.fuzzy = None;
    let keys = project.match_keys.len();
    Ok(Benchmark {
        people: people.len() as u64,
        slk_alone: measure(staged, "slk-alone", &alone, today, progress)?,
        match_keys: measure(staged, "match-keys", &project, today, progress)?,
        keys,
    })
}

/// De-identifies both files, links them, and compares with the truth.
fn measure(
    staged: &Staged,
    name: &str,
    project: &Project,
    today: Date,
    progress: &Progress,
) -> Result<Pairs, crate::Error> {
    let home = staged.path().join("benchmark");
    let key_file = home.join(format!("{name}.key"));
    ProjectKey::create(&key_file, project)?;
    let (mut packages, mut rows): (Vec<PathBuf>, Vec<PathBuf>) = Default::default();
    for (agency, spec, _) in AGENCIES {
        let folder = home.join(format!("agency-{agency}"));
        let out = folder.join(name);
        let job = deidentify::Job {
            unhardened: deidentify::Unhardened::Refuse,
            export: Input::from_arg(folder.join("export.csv")),
            events: None,
            project: project.clone(),
            source: SourceSpec::parse(spec, "source.toml")?,
            key_file: key_file.clone(),
            agency_key: None,
            out: out.clone(),
            overwrite: Overwrite::Refuse,
            today,
            as_at: None,
            memory: usize::MAX,
        };
        let done = deidentify::run(&job, progress)?;
        packages.push(out.join(done.package));
        rows.push(out.join(format!("keep/{agency}.rows.csv")));
    }
    let links = home.join("linkage-unit").join(name);
    let job = link::Job {
        packages,
        project: project.clone(),
        out: links.clone(),
        previous: None,
        decisions: None,
        least: Band::Probable,
        assignment: link::Assignment::default(),
        block_cap: link::BLOCK_CAP,
        memory: usize::MAX,
        overwrite: Overwrite::Refuse,
    };
    link::run(&job, progress)?;
    let job = evaluate::Job { links, truth: home.join("truth.csv"), rows };
    Ok(evaluate::run(&job, progress)?.pairs)
}

fn put(staged: &Staged, name: &str, text: &str) -> Result<(), crate::Error> {
    let mut file = staged.create(name, Readers::Default)?;
    file.write_all(text.as_bytes()).map_err(|e| file.error(e))?;
    Ok(file.finish()?)
}
