//! The pairs of a run, from packages to odds: found by their match keys, compared, scored, and
//! joined by those that fuzzy values alone show. What `link` makes people of is what `explain`
//! explains.

use super::block::{Forecast, Hits};
use super::compare;
use super::memory::Memory;
use super::people::People;
use super::rivals;
use super::scan::{self, Scan};
use super::score::{Candidates, Known, Links, Scored, ScoredPair, with_more};
use crate::engine::{Judgement, Space};
use crate::files::{self, Pile};
use crate::package::Package;
use crate::progress::Progress;
use crate::project::Project;

/// What decides which pairs there are.
pub(super) struct Settings<'a> {
    pub(super) project: &'a Project,
    /// See [`super::Job::block_cap`].
    pub(super) block_cap: usize,
}

/// The pairs of a run.
pub(super) struct Found {
    pub(super) people: People,
    pub(super) space: Space,
    /// Pairs of which some match key agrees.
    pub(super) candidates: usize,
    pub(super) forecast: Forecast,
    /// The candidates, and the pairs that were found otherwise, in order.
    pub(super) pairs: Pile<ScoredPair>,
    /// The model, and what it says of each different observation.
    pub(super) judgement: Judgement,
    pub(super) links: Links,
    /// What the levels of fuzzy values mean, where there are any.
    pub(super) levels: Option<Known>,
    pub(super) scan: Scan,
}

impl Found {
    /// Finds and scores the pairs of these packages, which belong together.
    ///
    /// # Errors
    /// When pairs go to the disk, and that refuses.
    pub(super) fn new(
        packages: &[Package],
        people: People,
        settings: &Settings<'_>,
        memory: &Memory,
        progress: &Progress,
    ) -> Result<Found, files::Error> {
        let Settings { project, block_cap } = *settings;
        let space = Space::of_match_keys(project);
        let keys = project.match_keys.len();
        let hits = Hits::find(packages, &people, keys, block_cap, memory, progress)?;
        let forecast = hits.forecast;

        progress.begin("scoring pairs", None);
        let encoding = project.fuzzy.as_ref().map(|fuzzy| fuzzy.encoding);
        let width = encoding.map_or(0, |encoding| encoding.width());
        let mut candidates = Candidates::new(&space, packages, &people, memory);
        hits.batches(memory, width, |batch| {
            let (levels, patterns) = rayon::join(
                || compare::levels(packages, &people, &batch, encoding, memory.batch),
                || candidates.see(&space, &people, &batch),
            );
            packages.iter().for_each(Package::forget_fuzzy);
            candidates.push(&batch, &patterns, &levels)
        })?;
        let count = candidates.len();
        let scored = candidates.score(&space, &people, memory)?;
        let Scored { mut pairs, judgement, links, levels } = scored;
        progress.end();
        let scan = match encoding {
            Some(encoding) => {
                progress.begin("comparing the people left over", None);
                let scan = scan::scan(packages, &people, &pairs, encoding)?;
                progress.end();
                scan
            }
            None => Scan::default(),
        };
        packages.iter().for_each(Package::forget_fuzzy);
        if !scan.pairs.is_empty() {
            with_more(&mut pairs, &scan.pairs, |_, more| *more)?;
            rivals::compete(&people, &mut pairs)?;
        }
        let candidates = count;
        Ok(Found { people, space, candidates, forecast, pairs, judgement, links, levels, scan })
    }
}
