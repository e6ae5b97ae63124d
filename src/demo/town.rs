//! Act one: agencies de-identify, a linkage unit links, an analyst analyses. Each party
//! works in a folder of its own; what passes between them is copied, as it would be carried.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Serialize;

use super::follow::{self, Followed};
use super::watch::Watch;
use crate::deidentify::{self, RunRecord};
use crate::disclosure::Profile;
use crate::evaluate::{self, Evaluation};
use crate::files::{Overwrite, Staged};
use crate::ids::Band;
use crate::key::ProjectKey;
use crate::link;
use crate::pathways::{self, Settings};
use crate::progress::Progress;
use crate::project::Project;
use crate::report;
use crate::sources::{Input, SourceSpec};
use crate::synth::{self, Made};

/// Where the report is, in the demo's folder.
pub(super) const REPORT: &str = "analyst/pathways/release/report.html";

/// What an agency has and gives away.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agency {
    /// Its name.
    pub name: String,
    /// Its folder, in the demo's.
    pub folder: String,
    /// Rows of its export.
    pub records: u64,
    /// Rows of its events.
    pub events: u64,
    /// What de-identifying did.
    pub run: RunRecord,
}

/// What the first act gives.
pub(crate) struct Town {
    pub(crate) made: Made,
    pub(crate) agencies: Vec<Agency>,
    pub(crate) links: link::Summary,
    pub(crate) pathways: pathways::Record,
    pub(crate) quality: Evaluation,
    pub(super) followed: Option<Followed>,
}

/// Plays the act in the staged folder, and times what the parties do.
pub(crate) fn play(
    plan: &synth::Plan,
    staged: &Staged,
    today: Date,
    watch: &mut Watch,
    progress: &Progress,
) -> Result<Town, crate::Error> {
    let home = staged.path();
    let made = synth::write(plan, &home.join("town"), Overwrite::Refuse, progress)?;
    let project = Project::load(&home.join("town/project.toml"))?;
    let agencies = agencies(staged, &made, &project, today, watch, progress)?;
    let links = linkage_unit(staged, &agencies, project, watch, progress)?;
    let pathways = analyst(staged, &agencies, today, watch, progress)?;
    let quality = evaluate::run(
        &evaluate::Job {
            links: home.join("linkage-unit/links"),
            truth: home.join("town/truth.csv"),
            rows: agencies.iter().map(|a| home.join(a.kept_rows())).collect(),
        },
        progress,
    )?;
    let followed = follow::one_person(home, &agencies)?;
    Ok(Town { made, agencies, links, pathways, quality, followed })
}

impl Agency {
    fn deidentified(&self) -> String {
        format!("{}/deidentified", self.folder)
    }

    fn package(&self) -> String {
        format!("{}/to-linkage-unit/{}.package.arrow", self.deidentified(), self.name)
    }

    fn events(&self) -> String {
        format!("{}/to-analyst/{}.events.csv", self.deidentified(), self.name)
    }

    pub(crate) fn kept_rows(&self) -> String {
        format!("{}/keep/{}.rows.csv", self.deidentified(), self.name)
    }

    /// The package, where the linkage unit has it.
    pub(crate) fn carried_package(&self) -> String {
        format!("linkage-unit/{}.package.arrow", self.name)
    }

    /// The map, where the analyst has it.
    pub(crate) fn carried_map(&self) -> String {
        format!("analyst/maps/{}.map.csv", self.name)
    }

    pub(crate) fn carried_events(&self) -> String {
        format!("analyst/{}.events.csv", self.name)
    }
}

/// The first agency makes the key and hands it to the others; each de-identifies.
fn agencies(
    staged: &Staged,
    made: &Made,
    project: &Project,
    today: Date,
    watch: &mut Watch,
    progress: &Progress,
) -> Result<Vec<Agency>, crate::Error> {
    let home = staged.path();
    let mut key: Option<PathBuf> = None;
    let mut agencies = Vec::new();
    for source in &made.sources {
        let folder = format!("agency-{}", source.name);
        staged.rename(&format!("town/{}", source.name), &folder)?;
        staged.take_in(&home.join("town/project.toml"), &format!("{folder}/project.toml"))?;
        let key_file = home.join(&folder).join("project.key");
        match &key {
            Some(first) => staged.take_in(first, &format!("{folder}/project.key"))?,
            None => {
                ProjectKey::create(&key_file, project)?;
                key = Some(key_file.clone());
            }
        }
        let job = deidentify::Job {
            unhardened: deidentify::Unhardened::Refuse,
            export: Input::from_arg(home.join(&folder).join("export.csv")),
            events: Some(home.join(&folder).join("events.csv")),
            project: project.clone(),
            source: SourceSpec::load(&home.join(&folder).join("source.toml"))?,
            key_file,
            agency_key: None,
            out: home.join(&folder).join("deidentified"),
            overwrite: Overwrite::Refuse,
            today,
            as_at: None,
            memory: usize::MAX,
        };
        let run = watch.time("deidentify", || deidentify::run(&job, progress))?;
        agencies.push(Agency {
            name: source.name.clone(),
            folder,
            records: source.records,
            events: source.events,
            run: run.record,
        });
    }
    Ok(agencies)
}

fn linkage_unit(
    staged: &Staged,
    agencies: &[Agency],
    project: Project,
    watch: &mut Watch,
    progress: &Progress,
) -> Result<link::Summary, crate::Error> {
    let home = staged.path();
    staged.take_in(&home.join("town/project.toml"), "linkage-unit/project.toml")?;
    carry(staged, agencies, Agency::package, Agency::carried_package)?;
    let job = link::Job {
        packages: agencies.iter().map(|a| home.join(a.carried_package())).collect(),
        project,
        out: home.join("linkage-unit/links"),
        previous: None,
        decisions: None,
        least: Band::Probable,
        assignment: link::Assignment::default(),
        block_cap: link::BLOCK_CAP,
        memory: usize::MAX,
        overwrite: Overwrite::Refuse,
    };
    watch.time("link", || link::run(&job, progress))
}

fn analyst(
    staged: &Staged,
    agencies: &[Agency],
    today: Date,
    watch: &mut Watch,
    progress: &Progress,
) -> Result<pathways::Record, crate::Error> {
    let home = staged.path();
    let map = |a: &Agency| format!("linkage-unit/links/to-analyst/{}.map.csv", a.name);
    carry(staged, agencies, map, Agency::carried_map)?;
    carry(staged, agencies, Agency::events, Agency::carried_events)?;
    let events: Vec<PathBuf> = agencies.iter().map(|a| home.join(a.carried_events())).collect();
    let maps = home.join("analyst/maps");
    // A town is small: ten people a count would leave too little to look at.
    let settings = Settings { threshold: Profile::Aihw.threshold(), ..Settings::on(today) };
    watch.time("pathways", || {
        let analysis = pathways::analyse(&maps, &events, &settings, progress)?;
        report::write(&analysis, &home.join("analyst/pathways"), Overwrite::Refuse)?;
        Ok(analysis.record)
    })
}

/// Takes a file of every agency to another party.
fn carry(
    staged: &Staged,
    agencies: &[Agency],
    from: impl Fn(&Agency) -> String,
    to: impl Fn(&Agency) -> String,
) -> Result<(), crate::Error> {
    for agency in agencies {
        let from: &Path = &staged.path().join(from(agency));
        staged.take_in(from, &to(agency))?;
    }
    Ok(())
}
