//! What linking writes: a map per source for the analyst, and pairs, doubts, changes and a
//! run record that stay with the linkage unit.

use std::cmp::Reverse;
use std::io::Write;

use rayon::prelude::*;

use super::cluster::{Clusters, Doubt};
use super::decisions::Decision;
use super::people::People;
use super::persons::{Change, Persons};
use super::score::ScoredPair;
use super::{Applied, Assignment, ChangeSummary, Mode, Setting, SourceSummary, Summary};
use crate::engine::ones;
use crate::files::{self, OutFile, Pile, Readers, Staged};
use crate::ids::{Band, PersonId};

/// Everything a run of linking found.
pub(super) struct Results<'a> {
    pub(super) setting: &'a Setting<'a>,
    pub(super) people: &'a People,
    pub(super) pairs: &'a Pile<ScoredPair>,
    pub(super) assignment: Assignment,
    pub(super) applied: Option<Applied>,
    pub(super) clusters: &'a Clusters,
    pub(super) doubts: &'a [Doubt],
    pub(super) persons: &'a Persons,
    pub(super) with_earlier: bool,
}

impl Results<'_> {
    /// # Errors
    /// When pairs are on disk, and that refuses.
    pub(super) fn summary(&self) -> Result<Summary, files::Error> {
        let Results { setting, people, pairs, clusters, .. } = self;
        let linked_from = setting.least;
        let (mut right, mut linked) = (0.0, 0u64);
        let (mut by_keys, mut without) = (0.0, 0.0);
        // What pairs of which one match key agrees, and two, expect together.
        let mut with_few = [0.0; 2];
        let mut possible = 0;
        pairs.each(|pair| {
            let is_linked = pair.band().is_some_and(|band| band >= linked_from)
                && pair.decision.is_none()
                && clusters.root(pair.a) == clusters.root(pair.b);
            if is_linked {
                right += pair.probability;
                linked += 1;
            }
            match pair.agree.count_ones() {
                0 => without += pair.probability,
                keys => {
                    by_keys += pair.probability;
                    if let Some(sum) = with_few.get_mut(keys as usize - 1) {
                        *sum += pair.probability;
                    }
                }
            }
            possible += u64::from(self.is_clerical(pair));
        })?;
        let mean = right / linked.max(1) as f64;
        // Two ways to tell, each of which errs to the hopeful side; how far they differ says how
        // sure that is, if it is more than a normal interval of 95 %.
        let [by_counts, variance] = missed(with_few);
        let by_model = setting.model.unseen_matches;
        let missed = by_counts.max(by_model);
        let apart = if setting.mode == Mode::Encoded { (by_counts - by_model).abs() } else { 0.0 };
        let margin = (1.96 * variance.sqrt()).max(apart);
        // At least those that were found without a key.
        let seen = setting.scan.seen.unwrap_or_default().max(without);
        let [most, missed, least] = [missed + margin, missed, missed - margin].map(|m| m.max(seen));
        let share =
            |found: f64, all: f64| if all > 0.0 { super::rounded(found / all) } else { 1.0 };
        let blocked = by_keys + if setting.mode == Mode::Clear { without } else { 0.0 };
        let blocking_recall = [most, missed, least].map(|m| share(blocked, by_keys + m));
        let roots = (0..people.len() as u32).filter(|&p| clusters.root(p) == p).count();
        let [definite, probable] = clusters.joined;
        let changes = self.with_earlier.then(|| ChangeSummary {
            kept: self.persons.kept,
            merged: self.changes(|c| matches!(c, Change::Merged { .. })),
            split: self.changes(|c| matches!(c, Change::Split { .. })),
            new: self.persons.new,
            gone: self.persons.gone,
        });
        Ok(Summary {
            tool: concat!("veilway ", env!("CARGO_PKG_VERSION")).to_owned(),
            mode: setting.mode,
            project: setting.project.id.clone(),
            project_digest: setting.project.digest().to_string(),
            key_fingerprint: setting.key_fingerprint.clone(),
            sources: self.sources(),
            linked_from,
            assignment: self.assignment,
            candidate_pairs: setting.candidate_pairs,
            pairs_over_cap: setting.pairs_over_cap,
            definite,
            probable,
            possible,
            decisions: self.applied.map(|applied| Applied {
                matches_ruled_out: clusters.forbidden_matches,
                ..applied
            }),
            ruled_out: clusters.forbidden,
            expected_precision: super::rounded(mean),
            expected_recall: share(right, by_keys + missed),
            blocking_recall,
            pairs_scanned: setting.scan.compared,
            pairs_found_by_scan: setting.scan.pairs.len() as u64,
            persons: roots as u64,
            linked_persons: clusters.linked_persons(),
            doubtful_clusters: self.doubts.len() as u64,
            model: setting.model.clone(),
            changes,
            warnings: self.warnings(),
        })
    }

    /// Whether a pair is left to a person: worth a look, not linked, and not decided yet.
    fn is_clerical(&self, pair: &ScoredPair) -> bool {
        pair.decision.is_none() && pair.band().is_some_and(|band| band < self.setting.least)
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

    fn warnings(&self) -> Vec<String> {
        let mut warnings = self.setting.warnings.clone();
        if self.setting.assignment != self.assignment {
            warnings.push(
                "the optimal assignment is for two sources that hold each person once; pairs were \
                 taken greedily"
                    .to_owned(),
            );
        }
        for &source in &self.persons.strangers {
            warnings.push(format!(
                "no row of source {} is in the earlier run, so all of its people may have new ids: \
                 if it was linked then, was it de-identified with the same agency key?",
                self.people.sources[source].name
            ));
        }
        if let Some(Applied { unknown_rows: n @ 1.., .. }) = self.applied {
            warnings.push(format!(
                "decisions on rows that are in none of the sources were not used: {n}"
            ));
        }
        if self.clusters.forbidden_matches > 0 {
            warnings.push(format!(
                "pairs that were decided to be one person but cannot be, since a source holds each \
                 person once or other decisions contradict: {}",
                self.clusters.forbidden_matches
            ));
        }
        warnings
    }

    /// Writes every file of the run into the staged folder, several at a time.
    pub(super) fn write(&self, staged: &Staged, summary: &Summary) -> Result<(), crate::Error> {
        let maps = || {
            let sources = (0..self.people.sources.len()).into_par_iter();
            sources.map(|source| self.write_map(staged, source)).collect::<Result<(), _>>()
        };
        let pairs = || self.write_pairs(staged.create("keep/pairs.csv", Readers::Default)?);
        let rest = || {
            self.write_clerical(staged.create("keep/clerical.csv", Readers::Default)?)?;
            self.write_doubts(staged.create("keep/review.csv", Readers::Default)?)?;
            if self.with_earlier {
                self.write_changes(staged.create("keep/changes.csv", Readers::Default)?)?;
            }
            let mut run = staged.create("keep/run.json", Readers::Default)?;
            let json = serde_json::to_string_pretty(summary).unwrap_or_default();
            writeln!(run, "{json}").map_err(|e| run.error(e))?;
            Ok(run.finish()?)
        };
        let (maps, (pairs, rest)) = rayon::join(maps, || rayon::join(pairs, rest));
        maps.and(pairs).and(rest)
    }

    fn write_map(&self, staged: &Staged, source: usize) -> Result<(), crate::Error> {
        let name = format!("to-analyst/{}.map.csv", self.people.sources[source].name);
        let file = staged.create(&name, Readers::Default)?;
        let people: Vec<u32> = self.people.of_source(source).collect();
        table(file, "row_id,person_id,band", &people, |&person, row| {
            row.cell(&self.people.id(person).digits());
            row.cell(&self.persons.ids[person as usize].digits());
            row.cell(self.clusters.band(person).name().as_bytes());
        })
    }

    fn write_pairs(&self, file: OutFile) -> Result<(), crate::Error> {
        let header = "source_a,row_id_a,source_b,row_id_b,weight,probability,band,rule";
        let mut table = Table::new(file, header)?;
        for chunk in 0..self.pairs.chunks() {
            let pairs = self.pairs.chunk(chunk)?;
            let pairs: Vec<(&ScoredPair, Band)> =
                pairs.iter().filter_map(|pair| Some((pair, pair.band()?))).collect();
            table.rows(&pairs, |&(pair, band), row| {
                let rule = match pair.decision {
                    Some(_) => "decision",
                    None => self.match_keys(pair).next().unwrap_or(self.without_key()),
                };
                self.ends(pair, row);
                row.number(pair.weight, 2);
                row.number(pair.probability, PLACES);
                row.cell(band.name().as_bytes());
                row.cell(rule.as_bytes());
            })?;
        }
        table.finish()
    }

    /// The pairs that are left to a person, the likeliest first, and after them the pairs that
    /// were decided: with its decisions filled in, the file can be given to the next run. No
    /// cell can be taken for a formula: ids, names of sources and keys begin with a letter or
    /// a digit, and the rest are numbers.
    fn write_clerical(&self, file: OutFile) -> Result<(), crate::Error> {
        let mut pairs: Vec<ScoredPair> = Vec::new();
        self.pairs.each(|pair| {
            if pair.decision.is_some() || self.is_clerical(pair) {
                pairs.push(*pair);
            }
        })?;
        // As probable as they are written, so that what nobody sees does not decide the order.
        let written = |pair: &ScoredPair| (pair.probability * 10f64.powi(PLACES as i32)).round();
        pairs.sort_by_key(|pair| (pair.decision.is_some(), Reverse(written(pair) as u64)));
        let header = "source_a,row_id_a,source_b,row_id_b,match_keys,weight,probability,decision";
        table(file, header, &pairs, |pair, row| {
            self.ends(pair, row);
            row.cell(self.match_keys(pair).collect::<Vec<_>>().join(" ").as_bytes());
            row.number(pair.weight, 2);
            row.number(pair.probability, PLACES);
            row.cell(pair.decision.map_or("", Decision::name).as_bytes());
        })
    }

    /// Source and row id of both.
    fn ends(&self, pair: &ScoredPair, row: &mut Row<'_>) {
        for person in [pair.a, pair.b] {
            row.cell(self.people.sources[self.people.source_of(person)].name.as_str().as_bytes());
            row.cell(&self.people.id(person).digits());
        }
    }

    /// The match keys that agree.
    fn match_keys(&self, pair: &ScoredPair) -> impl Iterator<Item = &str> {
        ones(pair.agree).map(|key| self.setting.project.match_keys[key].name.as_str())
    }

    /// How a pair was found of which no match key agrees.
    fn without_key(&self) -> &'static str {
        match self.setting.mode {
            Mode::Encoded => "fuzzy",
            Mode::Clear => "near",
        }
    }

    fn write_doubts(&self, file: OutFile) -> Result<(), crate::Error> {
        let rows: Vec<(u32, &Doubt)> = self
            .doubts
            .iter()
            .flat_map(|doubt| doubt.people.iter().map(move |&person| (person, doubt)))
            .collect();
        table(file, "person_id,reason,source,row_id", &rows, |&(person, doubt), row| {
            row.cell(&self.persons.ids[person as usize].digits());
            row.cell(doubt.why.name().as_bytes());
            row.cell(self.people.sources[self.people.source_of(person)].name.as_str().as_bytes());
            row.cell(&self.people.id(person).digits());
        })
    }

    fn write_changes(&self, file: OutFile) -> Result<(), crate::Error> {
        let of = |change: &Change| -> Vec<(&str, PersonId, PersonId)> {
            match change {
                Change::Merged { into, from } => {
                    from.iter().map(|old| ("merged", *old, *into)).collect()
                }
                Change::Split { from, into } => {
                    into.iter().map(|new| ("split", *from, *new)).collect()
                }
            }
        };
        let rows: Vec<_> = self.persons.changes.iter().flat_map(of).collect();
        table(file, "change,earlier_person_id,person_id", &rows, |(change, old, new), row| {
            row.cell(change.as_bytes());
            row.cell(&old.digits());
            row.cell(&new.digits());
        })
    }
}

/// Decimal places of a probability.
const PLACES: usize = 6;

/// Matches of which no match key agrees, as estimated from those of which one and two do,
/// with the variance of that: f₁² / f₂, the geometric form of Chao's estimator, for people
/// who are found more or less easily (Niwitpong, Böhning, van der Heijden and Holling 2013).
fn missed([one, two]: [f64; 2]) -> [f64; 2] {
    let two = two.max(1.0);
    let missed = one * one / two;
    [missed, missed * missed * (4.0 / one.max(1.0) + 1.0 / two)]
}

/// A row of CSV whose cells are plain words and numbers: ids, names of sources, bands and
/// match keys are letters, digits, `-` and `_`, and none ever needs quotes.
struct Row<'a>(&'a mut Vec<u8>);

impl Row<'_> {
    fn cell(&mut self, word: &[u8]) {
        self.0.extend_from_slice(word);
        self.0.push(b',');
    }

    fn number(&mut self, value: f64, places: usize) {
        // A vector takes every byte.
        let _ = write!(self.0, "{value:.places$},");
    }
}

/// So many rows are made by one thread at a time, and so many such chunks before any is written.
const ROWS_AT_ONCE: usize = 1 << 13;
const CHUNKS_AT_ONCE: usize = 16;

/// Writes a header and rows as CSV, and finishes the file.
fn table<T: Sync>(
    file: OutFile,
    header: &str,
    rows: &[T],
    cells: impl Fn(&T, &mut Row<'_>) + Sync,
) -> Result<(), crate::Error> {
    let mut table = Table::new(file, header)?;
    table.rows(rows, cells)?;
    table.finish()
}

/// A CSV file that rows are written to.
struct Table(OutFile);

impl Table {
    fn new(mut file: OutFile, header: &str) -> Result<Table, crate::Error> {
        writeln!(file, "{header}").map_err(|e| file.error(e))?;
        Ok(Table(file))
    }

    fn rows<T: Sync>(
        &mut self,
        rows: &[T],
        cells: impl Fn(&T, &mut Row<'_>) + Sync,
    ) -> Result<(), crate::Error> {
        let text = |rows: &[T]| {
            let mut text = Vec::new();
            for row in rows {
                cells(row, &mut Row(&mut text));
                // The comma behind the last cell.
                text.pop();
                text.push(b'\n');
            }
            text
        };
        for rows in rows.chunks(ROWS_AT_ONCE * CHUNKS_AT_ONCE) {
            let chunks: Vec<Vec<u8>> = rows.par_chunks(ROWS_AT_ONCE).map(text).collect();
            for chunk in chunks {
                self.0.write_all(&chunk).map_err(|e| self.0.error(e))?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<(), crate::Error> {
        Ok(self.0.finish()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_that_no_key_finds_follow_from_those_that_one_and_two_find() {
        let [missed, variance] = missed([10.0, 20.0]);
        assert!(
            (missed - 5.0).abs() < 1e-9 && (variance - 11.25).abs() < 1e-9,
            "{missed} {variance}"
        );
        assert_eq!(super::missed([0.0; 2])[0], 0.0);
    }
}
