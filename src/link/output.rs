//! What linking writes: a map per source for the analyst, and pairs, doubts, changes and a
//! run record that stay with the linkage unit.

use std::io::Write;

use super::cluster::{Clusters, Doubt};
use super::people::People;
use super::persons::{Change, Persons};
use super::score::ScoredPair;
use super::{ChangeSummary, Setting, SourceSummary, Summary};
use crate::engine::ones;
use crate::files::{OutFile, Readers, Staged};
use crate::ids::Band;

/// Everything a run of linking found.
pub(super) struct Results<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) people: &'a People,
    pub(super) pairs: &'a [ScoredPair],
    pub(super) clusters: &'a Clusters,
    pub(super) doubts: &'a [Doubt],
    pub(super) persons: &'a Persons,
    pub(super) with_earlier: bool,
}

impl Results<'_> {
    pub(super) fn summary(&self) -> Summary {
        let Results { setting, people, pairs, clusters, .. } = self;
        let linked_from = setting.least;
        let linked: Vec<f64> = pairs
            .iter()
            .filter(|p| p.band().is_some_and(|band| band >= linked_from))
            .filter(|p| clusters.root(p.a) == clusters.root(p.b))
            .map(|p| p.probability)
            .collect();
        let mean = linked.iter().sum::<f64>() / linked.len().max(1) as f64;
        let roots = (0..people.len() as u32).filter(|&p| clusters.root(p) == p).count();
        let [definite, probable] = clusters.joined;
        let possible = pairs.iter().filter(|p| p.band().is_some_and(|b| b < linked_from)).count();
        let changes = self.with_earlier.then(|| ChangeSummary {
            kept: self.persons.kept,
            merged: self.changes(|c| matches!(c, Change::Merged { .. })),
            split: self.changes(|c| matches!(c, Change::Split { .. })),
        });
        Summary {
            tool: concat!("veilway ", env!("CARGO_PKG_VERSION")).to_owned(),
            mode: setting.mode,
            project: setting.project.id.clone(),
            project_digest: setting.project.digest().to_string(),
            key_fingerprint: setting.key_fingerprint.clone(),
            sources: self.sources(),
            linked_from,
            candidate_pairs: pairs.len() as u64,
            pairs_over_cap: setting.pairs_over_cap,
            definite,
            probable,
            possible: possible as u64,
            ruled_out: clusters.forbidden,
            expected_precision: super::rounded(mean),
            persons: roots as u64,
            linked_persons: clusters.linked().len() as u64,
            doubtful_clusters: self.doubts.len() as u64,
            model: setting.model.clone(),
            changes,
            warnings: setting.warnings.clone(),
        }
    }

    fn changes(&self, which: impl Fn(&Change) -> bool) -> u64 {
        self.persons.changes.iter().filter(|c| which(c)).count() as u64
    }

    fn sources(&self) -> Vec<SourceSummary> {
        self.people
            .sources
            .iter()
            .zip(&self.setting.sources)
            .enumerate()
            .map(|(s, (source, described))| {
                let people = self.people.of_source(s);
                let linked =
                    people.clone().filter(|&p| self.clusters.band(p) != Band::Single).count();
                SourceSummary {
                    name: source.name.clone(),
                    unique_people: source.unique,
                    people: people.len() as u64,
                    rows: described.rows,
                    linked: linked as u64,
                    package_digest: described.package_digest.clone(),
                }
            })
            .collect()
    }

    /// Writes every file of the run into the staged folder.
    pub(super) fn write(&self, staged: &Staged, summary: &Summary) -> Result<(), crate::Error> {
        for (s, source) in self.people.sources.iter().enumerate() {
            let name = format!("to-analyst/{}.map.csv", source.name);
            let file = staged.create(&name, Readers::Default)?;
            let rows = self.people.of_source(s).map(|p| {
                [
                    self.people.id(p).to_string(),
                    self.persons.ids[p as usize].to_string(),
                    self.clusters.band(p).to_string(),
                ]
            });
            table(file, ["row_id", "person_id", "band"], rows)?;
        }
        self.write_pairs(staged.create("keep/pairs.csv", Readers::Default)?)?;
        self.write_doubts(staged.create("keep/review.csv", Readers::Default)?)?;
        if self.with_earlier {
            self.write_changes(staged.create("keep/changes.csv", Readers::Default)?)?;
        }
        let mut run = staged.create("keep/run.json", Readers::Default)?;
        let json = serde_json::to_string_pretty(summary).unwrap_or_default();
        writeln!(run, "{json}").map_err(|e| run.error(e))?;
        run.finish()?;
        Ok(())
    }

    fn write_pairs(&self, file: OutFile) -> Result<(), crate::Error> {
        let name = |person| self.people.sources[self.people.source_of(person)].name.to_string();
        let rows = self.pairs.iter().filter_map(|pair| {
            let band = pair.band()?;
            let rule = ones(pair.agree).next();
            let rule = rule.map_or("", |k| self.setting.project.match_keys[k].name.as_str());
            Some([
                name(pair.a),
                self.people.id(pair.a).to_string(),
                name(pair.b),
                self.people.id(pair.b).to_string(),
                format!("{:.2}", pair.weight),
                format!("{:.6}", pair.probability),
                band.to_string(),
                rule.to_owned(),
            ])
        });
        let header = [
            "source_a",
            "row_id_a",
            "source_b",
            "row_id_b",
            "weight",
            "probability",
            "band",
            "rule",
        ];
        table(file, header, rows)
    }

    fn write_doubts(&self, file: OutFile) -> Result<(), crate::Error> {
        let rows = self.doubts.iter().flat_map(|doubt| {
            doubt.people.iter().map(|&person| {
                [
                    self.persons.ids[person as usize].to_string(),
                    doubt.why.name().to_owned(),
                    self.people.sources[self.people.source_of(person)].name.to_string(),
                    self.people.id(person).to_string(),
                ]
            })
        });
        table(file, ["person_id", "reason", "source", "row_id"], rows)
    }

    fn write_changes(&self, file: OutFile) -> Result<(), crate::Error> {
        let rows = self.persons.changes.iter().flat_map(|change| match change {
            Change::Merged { into, from } => from
                .iter()
                .map(|old| ["merged".to_owned(), old.to_string(), into.to_string()])
                .collect::<Vec<_>>(),
            Change::Split { from, into } => into
                .iter()
                .map(|new| ["split".to_owned(), from.to_string(), new.to_string()])
                .collect(),
        });
        table(file, ["change", "earlier_person_id", "person_id"], rows)
    }
}

/// Writes a header and rows as CSV, and finishes the file.
fn table<const N: usize>(
    file: OutFile,
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<(), crate::Error> {
    let shown = file.shown().to_owned();
    let fail = |e: csv::Error| {
        let source = match e.into_kind() {
            csv::ErrorKind::Io(source) => source,
            _ => std::io::Error::other("the row could not be written"),
        };
        crate::files::io_error(&shown, "write", source)
    };
    let mut writer = csv::Writer::from_writer(file);
    writer.write_record(header).map_err(fail)?;
    for row in rows {
        writer.write_record(&row).map_err(fail)?;
    }
    let file =
        writer.into_inner().map_err(|e| crate::files::io_error(&shown, "write", e.into_error()))?;
    file.finish()?;
    Ok(())
}
