//! What a run did, as numbers: `keep/run.json`, and the JSON result of the command. No
//! path, no value, and no time finer than a day.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::export::{Aside, Kind};
use super::write::WrittenEvents;
use super::{Job, doubles};
use crate::files::clean_text;
use crate::ids::SourceName;
use crate::package::Manifest;
use crate::package::manifest::{Exclusions, FuzzySummary, KeySummary};
use crate::project::MatchKey;
use crate::sources::SourceSpec;
use crate::standardise::{Dates, many};

/// The account of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The program and version.
    pub tool: String,
    /// The day of the run.
    pub day: String,
    /// The day of the extract, where it was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_at: Option<String>,
    /// The source.
    pub source: SourceName,
    /// The project's id.
    pub project: String,
    /// The period of the agreement.
    pub period: String,
    /// The digest of the agreement.
    pub project_digest: String,
    /// The fingerprint of the project key.
    pub key_fingerprint: String,
    /// The digest of the package.
    pub package_digest: String,
    /// Rows of the export.
    pub rows_in: u64,
    /// Rows whose record is in the package.
    pub rows_used: u64,
    /// Rows that were set aside, by reason; with `rows_used`, these are all.
    pub rows_set_aside: Exclusions,
    /// Among the unusable rows, those of people who use violence. Nobody else is told of them
    /// apart: where one more is left out and one row id is gone, that would say whose it was.
    #[serde(default)]
    pub rows_kept_back: u64,
    /// Values that cannot be used, by column and reason; their rows are in the package.
    pub values_set_aside: Vec<Column>,
    /// Rows with a postcode that their state does not have; both values are used.
    #[serde(default)]
    pub postcodes_of_another_state: u64,
    /// How many birth dates have the declared form.
    #[serde(default)]
    pub birth_dates: Dates,
    /// Record numbers with several rows.
    #[serde(default)]
    pub numbers_of_several_rows: u64,
    /// Of these, the numbers whose rows are plainly of different people; each is one person in the
    /// package.
    #[serde(default)]
    pub numbers_of_different_people: u64,
    /// People in the package.
    pub people: u64,
    /// People found under several record numbers, and joined: how many fewer that made.
    pub duplicates_joined: u64,
    /// Rows of the package.
    pub package_rows: u64,
    /// Tokens of all match keys together.
    pub tokens: Tokens,
    /// Each match key.
    pub match_keys: Vec<KeyFill>,
    /// The fuzzy column, where the agreement has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuzzy: Option<FuzzySummary>,
    /// The events, where the source has any.
    pub events: Option<EventCount>,
}

/// How many values of a column were set aside for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The column of the export.
    pub column: String,
    /// Why.
    pub reason: String,
    /// How many.
    pub values: u64,
}

/// What became of the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tokens {
    /// Written.
    pub filled: u64,
    /// Not made: a component is missing or weak.
    pub missing: u64,
    /// Withheld: too many people have the same.
    pub shared: u64,
    /// Left out of a further row: an earlier row of the person has it.
    pub repeated: u64,
}

/// How far one match key is filled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeyFill {
    /// The match key.
    pub name: String,
    /// The share of the package's rows with a token.
    pub fill: f64,
    /// What became of its tokens.
    #[serde(flatten)]
    pub tokens: Tokens,
}

/// What became of the events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventCount {
    /// Events read.
    pub read: u64,
    /// Events for the analyst.
    pub written: u64,
    /// Of these, with an end in the future (9999-12-31, say), which is left away: they are open.
    #[serde(default)]
    pub ends_in_future: u64,
    /// Events set aside, by reason.
    pub set_aside: BTreeMap<String, u64>,
}

/// Below this fill, a match key says little.
const LOW_FILL: f64 = 0.5;

impl RunRecord {
    pub(super) fn new(
        job: &Job,
        manifest: &Manifest,
        rows_in: u64,
        duplicates_joined: u64,
        package_digest: String,
        asides: &[Aside],
        events: Option<&WrittenEvents>,
    ) -> Self {
        let mut values: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut event_reasons: BTreeMap<String, u64> = BTreeMap::new();
        for aside in asides {
            let column = aside.column.as_deref().unwrap_or_default();
            match aside.kind {
                Kind::Row => {}
                Kind::Value => *values.entry((column, &aside.reason)).or_default() += 1,
                Kind::Event => *event_reasons.entry(aside.reason.clone()).or_default() += 1,
            }
        }
        let values = values.into_iter().map(|((column, reason), values)| Column {
            column: column.to_owned(),
            reason: reason.to_owned(),
            values,
        });
        let match_keys: Vec<KeyFill> =
            manifest.match_keys.iter().map(|key| KeyFill::of(key, manifest.rows)).collect();
        RunRecord {
            tool: tool(),
            day: job.today.to_string(),
            as_at: job.as_at.map(|day| day.to_string()),
            source: manifest.source.clone(),
            project: manifest.project.clone(),
            period: manifest.period.clone(),
            project_digest: manifest.project_digest.clone(),
            key_fingerprint: manifest.key_fingerprint.clone(),
            package_digest,
            rows_in,
            rows_used: rows_in - manifest.excluded.total(),
            rows_set_aside: manifest.excluded,
            rows_kept_back: 0,
            values_set_aside: values.collect(),
            postcodes_of_another_state: 0,
            birth_dates: Dates::default(),
            numbers_of_several_rows: 0,
            numbers_of_different_people: 0,
            people: manifest.people,
            duplicates_joined,
            package_rows: manifest.rows,
            tokens: Tokens::sum(match_keys.iter().map(|key| key.tokens)),
            match_keys,
            fuzzy: manifest.fuzzy,
            events: events.map(|events| EventCount {
                read: events.read,
                written: events.written,
                ends_in_future: events.ends_in_future,
                set_aside: event_reasons,
            }),
        }
    }

    /// What a person should look at.
    pub(super) fn warnings(&self, job: &Job) -> Vec<String> {
        let Job { project, source, .. } = job;
        let mut warnings = source.check_against(project);
        if self.rows_used == 0 {
            warnings.push("no row of the export is in the package".to_owned());
            return warnings;
        }
        if self.match_keys.iter().all(|key| key.tokens.filled == 0) {
            warnings.push(
                "no match key is filled on any row, so nobody of this source can be linked; check \
                 which columns [columns] of source.toml names, and what of them is unusable"
                    .to_owned(),
            );
        }
        if let Some(EventCount { read, written, .. }) = &self.events
            && 2 * written < *read
        {
            warnings.push(format!(
                "{} of {read} events are set aside; keep/{}.rejects.csv says why",
                read - written,
                source.name
            ));
        }
        if self.events.as_ref().is_some_and(|events| events.read == 0) {
            warnings
                .push("no event was read: check that none was cut off or filtered away".to_owned());
        }
        if source.unique_people {
            // Nobody was looked for, so that there may be more who are not quite equal.
            warnings.extend(doubles::told_once(self.duplicates_joined, "at least "));
        }
        let of_dates = self.birth_dates.warning(source);
        warnings.extend(self.unusable(source, of_dates.is_some()));
        warnings.extend(of_dates);
        let has_dates = source.columns.contains_key("birth_date");
        if has_dates && source.date_format.has_years_of_two_digits() && self.as_at.is_none() {
            warnings.push(
                "birth dates have years of two digits, read as the latest year up to that of this \
                 run; give --as-at with the day of the export, so that a later run reads them alike"
                    .to_owned(),
            );
        }
        if self.postcodes_of_another_state > 0 {
            warnings.push(format!(
                "postcodes that the state beside them does not have: {}; both are used as they are",
                self.postcodes_of_another_state
            ));
        }
        if let Some(EventCount { written, ends_in_future: ends @ 1.., .. }) = &self.events {
            warnings.push(format!(
                "{ends} of {written} events: with an end in the future (9999-12-31, say), and so \
                 written as open"
            ));
        }
        // A match key of a field without a column is explained already.
        let explained =
            |key: &MatchKey| key.components.iter().any(|c| !source.has(&project.fields[c.field]));
        let keys = project.match_keys.iter().zip(&self.match_keys);
        let low: Vec<&KeyFill> = keys
            .filter(|(key, fill)| fill.fill < LOW_FILL && !explained(key))
            .map(|(_, fill)| fill)
            .collect();
        let least = low.iter().min_by(|a, b| a.fill.total_cmp(&b.fill));
        if let Some(KeyFill { name, fill, tokens }) =
            least.filter(|_| low.len() < self.match_keys.len())
        {
            warnings.push(format!(
                "{} of {} match keys are filled on less than half of the rows, `{name}` on {:.1} % \
                 ({} lack a part, {} are withheld as shared); `veilway inspect` shows each",
                low.len(),
                self.match_keys.len(),
                100.0 * fill,
                tokens.missing,
                tokens.shared,
            ));
        }
        warnings
    }

    /// Which columns are of no use on many rows, and why. Where dates have another form than the
    /// declared one, that is said elsewhere.
    fn unusable(&self, source: &SourceSpec, dates_are_told: bool) -> Vec<String> {
        let told = source.columns.get("birth_date").filter(|_| dates_are_told);
        self.values_set_aside
            .chunk_by(|a, b| a.column == b.column)
            .filter(|reasons| Some(&reasons[0].column) != told)
            .filter_map(|reasons| {
                let values = reasons.iter().map(|reason| reason.values).sum();
                let most = reasons.iter().max_by_key(|reason| reason.values)?;
                many(values, self.rows_used).then(|| {
                    format!(
                        "column `{}` has no usable value in {values} of {} rows, mostly since: {}",
                        clean_text(&most.column),
                        self.rows_used,
                        most.reason,
                    )
                })
            })
            .collect()
    }
}

impl KeyFill {
    fn of(key: &KeySummary, rows: u64) -> Self {
        let KeySummary { filled, missing, shared, repeated, .. } = *key;
        KeyFill {
            name: key.name.clone(),
            fill: if rows == 0 { 0.0 } else { filled as f64 / rows as f64 },
            tokens: Tokens { filled, missing, shared, repeated },
        }
    }
}

impl Tokens {
    fn sum(all: impl Iterator<Item = Tokens>) -> Self {
        all.fold(Tokens::default(), |sum, more| Tokens {
            filled: sum.filled + more.filled,
            missing: sum.missing + more.missing,
            shared: sum.shared + more.shared,
            repeated: sum.repeated + more.repeated,
        })
    }
}

/// The program and version that files name as their maker.
pub(super) fn tool() -> String {
    format!("veilway {}", env!("CARGO_PKG_VERSION"))
}
