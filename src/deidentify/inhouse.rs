//! A custodian's own linking: exports with names in, the linkage unit's outputs out. Pairs
//! are judged in the clear, and handed on as plain numbers to the room that makes people of
//! them; consent and standardising are those of [`super::run`].

use std::path::PathBuf;

use jiff::civil::Date;

use super::export::{Export, Reading};
use super::mixed::Mixed;
use super::write::RowIds;
use super::{Error, agency_key, consent, violence, write};
use crate::clear::{self, Blocking, Candidates, Comparison, Limits, Traits};
use crate::encode::people;
use crate::encode::store::Room;
use crate::encode::{Encoder, TokenSets};
use crate::engine::{Judged, Judgement, Stop};
use crate::files::{self, Overwrite, Pile, Staged};
use crate::ids::{Band, RowId};
use crate::link::{
    self, Assignment, Decisions, Described, Mode, ModelSummary, People, Scan, ScoredPair, Setting,
    Source, Summary, UNSETTLED,
};
use crate::progress::Progress;
use crate::project::Project;
use crate::sources::{Input, SourceSpec, Table};
use crate::standardise::Dates;

/// What to link, and where to.
#[derive(Debug)]
pub struct Job {
    /// Each export with its description.
    pub exports: Vec<(Input, SourceSpec)>,
    /// The linkage agreement.
    pub project: Project,
    /// The output folder.
    pub out: PathBuf,
    /// The custodian's own key for row ids, where it is not in the output of an earlier run.
    pub agency_key: Option<PathBuf>,
    /// The output folder of an earlier run, whose person ids are kept.
    pub previous: Option<PathBuf>,
    /// Pairs of this band and above are linked: `Probable` or `Definite`.
    pub least: Band,
    /// How pairs compete where each source holds each person once.
    pub assignment: Assignment,
    /// A clerical file with a person's decisions on pairs.
    pub decisions: Option<PathBuf>,
    /// The most people with one value that are compared with each other.
    pub block_cap: usize,
    /// Whether earlier output may be replaced.
    pub overwrite: Overwrite,
    /// The day of the run: dates after it are in the future.
    pub today: Date,
    /// The day on which the exports were made, where it was declared: on it consent is judged.
    pub as_at: Option<Date>,
}

/// A match key that makes more pairs per person than this is left out.
const PAIRS_EACH: u64 = 10;
/// Of all match keys together, a run makes no more pairs than this.
const PAIRS: u64 = 1 << 28;
/// Below these odds a pair is never written, so nobody asks which of its match keys agree.
const LEAST_ODDS: f64 = 0.01;

/// One export, read.
struct Read<'a> {
    source: &'a SourceSpec,
    /// The row id of each record, by record number.
    row_ids: Vec<RowId>,
    rows: u64,
    set_aside: u64,
    listed_in_vain: usize,
    birth_dates: Dates,
    mixed: Mixed,
}

/// Links the exports and writes the maps; one export alone is searched for people it holds
/// twice.
///
/// # Errors
/// When an export cannot be read, two describe one source, or the output cannot be written;
/// nothing is left half-written.
pub fn run(job: &Job, progress: &Progress) -> Result<Summary, crate::Error> {
    let Job { project, .. } = job;
    let mut exports: Vec<&(Input, SourceSpec)> = job.exports.iter().collect();
    exports.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    if let Some(pair) = exports.windows(2).find(|pair| pair[0].1.name == pair[1].1.name) {
        return Err(Error::TwiceTheSource { source_name: pair[0].1.name.clone() }.into());
    }
    for (_, source) in &exports {
        violence::check_columns(source)?;
    }
    let staged = Staged::folder(&job.out, job.overwrite)?;
    let earlier = job.previous.as_deref().map(link::earlier).transpose()?;
    let decisions = job.decisions.as_deref().map(Decisions::read).transpose()?;
    let places = [Some(&job.out), job.previous.as_ref()];
    let (agency_key, _) = agency_key(job.agency_key.as_ref(), places, project, &staged)?;
    let encoder = Encoder::for_values(project);

    let mut sets = encoder.token_sets(0);
    let mut traits = Traits::new(project);
    let mut sources: Vec<Read<'_>> = Vec::new();
    let mut firsts: Vec<Vec<u32>> = Vec::new();
    for (input, source) in exports {
        let table = Table::open(input, &source.form())?;
        let files = table.files();
        let reading = Reading {
            project,
            source,
            today: job.today,
            as_at: job.as_at,
            has_events: false,
            is_compared: true,
            encoder: &encoder,
            fuzzy: None,
        };
        let room = Room { bytes: usize::MAX, disk: &staged };
        let mut export = Export::read(table, &reading, room, progress)?;
        let values = export.store.values()?;
        let people = people::group(&export.records);
        let mixed = Mixed::find(&export.records, &people, &export.traits);
        write::mixed(&staged, source, &export.records, &mixed, &files)?;
        let (_, first) = people::compared_by(&export.records, &people, &values);
        let before = sets.len() as u32;
        firsts.push(first.iter().map(|set| before + set).collect());
        sets.append(values);
        traits.append(export.traits);
        let row_ids = super::row_ids(&export.records, &people, &agency_key, project, source);
        let keep = RowIds::new(&export.records, &people, &row_ids);
        write::keep_rows(&staged, source, &keep)?;
        write::rejects(&staged, source, &mut export.asides)?;
        sources.push(Read {
            source,
            row_ids,
            rows: export.records.len() as u64,
            set_aside: export.rows_in - export.records.len() as u64,
            listed_in_vain: export.listed_in_vain,
            birth_dates: export.birth_dates,
            mixed,
        });
    }

    progress.begin("comparing people", None);
    let found = compare(job, &encoder, &sets, &traits, &sources, firsts);
    progress.end();
    let (people, pairs, setting) = found?;
    link::conclude(&setting, &people, pairs, decisions, earlier.as_ref(), staged)
}

fn compare<'a>(
    job: &'a Job,
    encoder: &Encoder<'_>,
    sets: &TokenSets,
    traits: &Traits,
    sources: &[Read<'_>],
    firsts: Vec<Vec<u32>>,
) -> Result<(People, Pile<ScoredPair>, Setting<'a>), files::Error> {
    let Job { project, .. } = job;
    let mut compared: Vec<clear::Source> = Vec::new();
    for (read, first) in sources.iter().zip(&firsts) {
        let start = compared.last().map_or(0, |source| source.people.end);
        let people = start..start + first.len() as u32;
        compared.push(clear::Source { people, unique: read.source.unique_people });
    }
    let comparison = Comparison::new(project, traits, compared, firsts.concat());
    let blocking =
        Blocking { project, components: encoder.components(), sets, comparison: &comparison };
    let limits =
        Limits { spelling: usize::MAX, block: job.block_cap, pairs_each: PAIRS_EACH, pairs: PAIRS };
    let candidates = blocking.candidates(limits);
    let judgement = clear::judge(&comparison, &candidates.pairs);

    let (people, number) = people_of(sources);
    let pairs = candidates.pairs.iter().zip(&judgement.judged).map(|(&(a, b), &judged)| {
        let Judged { weight, odds, .. } = judged;
        let agree = if odds < LEAST_ODDS { 0 } else { blocking.agreeing(a, b) };
        let (a, b) = (number[a as usize], number[b as usize]);
        ScoredPair::new(a.min(b), a.max(b), agree, weight, odds)
    });
    let pairs = ScoredPair::all(&people, pairs.collect())?;
    let setting = Setting {
        mode: Mode::Clear,
        project,
        least: job.least,
        assignment: job.assignment,
        key_fingerprint: None,
        sources: sources
            .iter()
            .map(|read| Described { rows: read.rows, package_digest: None })
            .collect(),
        candidate_pairs: candidates.pairs.len() as u64,
        pairs_over_cap: candidates.dropped,
        scan: Scan::default(),
        model: ModelSummary::of(&comparison.space(), &judgement),
        warnings: warnings(job, sources, &candidates, &judgement),
    };
    Ok((people, pairs, setting))
}

/// The people in the order of the outputs, by row id; and the number there of each person of
/// the comparison, which has them by record number.
fn people_of(sources: &[Read<'_>]) -> (People, Vec<u32>) {
    let mut number = Vec::new();
    let mut listed = Vec::new();
    for Read { source, row_ids, .. } in sources {
        let before = number.len() as u32;
        // The first record of each person carries the person's own row id first.
        let mut seen = std::collections::HashSet::new();
        let ids: Vec<RowId> = row_ids.iter().copied().filter(|id| seen.insert(*id)).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        number.extend(ids.iter().map(|id| before + sorted.partition_point(|x| x < id) as u32));
        let source = Source { name: source.name.clone(), unique: source.unique_people };
        listed.push((source, sorted));
    }
    (People::of_ids(listed), number)
}

/// What a person should know before using the maps.
fn warnings(
    job: &Job,
    sources: &[Read<'_>],
    candidates: &Candidates,
    judgement: &Judgement,
) -> Vec<String> {
    let mut warnings = Vec::new();
    for Read { source, set_aside, rows, listed_in_vain, birth_dates, mixed, .. } in sources {
        warnings.extend(mixed.warning(&source.record_id, Some(&write::mixed_name(source))));
        warnings.extend(birth_dates.warning(source));
        warnings.extend(source.check_against(&job.project));
        warnings.extend(consent::warning(*listed_in_vain));
        if *rows == 0 {
            warnings.push(format!("no row of source {} is used", source.name));
        }
        if *set_aside > 0 {
            warnings.push(format!(
                "{set_aside} rows of source {0} were set aside (keep/{0}.rejects.csv)",
                source.name
            ));
        }
    }
    if let [Read { source, .. }] = sources
        && source.unique_people
    {
        warnings.push(format!(
            "source {} is described as holding each person once, so nothing was looked for: say \
             `unique_people = false` in its source.toml to find people it holds twice",
            source.name
        ));
    }
    if candidates.dropped_blocks > 0 {
        warnings.push(format!(
            "{} values are held by more than {} people; the {} pairs they make were not compared \
             for that alone",
            candidates.dropped_blocks, job.block_cap, candidates.dropped
        ));
    }
    if !candidates.too_loose.is_empty() {
        let names = candidates.too_loose.iter().map(|&k| job.project.match_keys[k].name.as_str());
        warnings.push(format!(
            "not used to find pairs, since they make more than {PAIRS_EACH} for each person or too \
             many in all: {}",
            names.collect::<Vec<_>>().join(", ")
        ));
    }
    if judgement.model.stop == Stop::IterationLimit {
        warnings.push(UNSETTLED.to_owned());
    }
    warnings
}
