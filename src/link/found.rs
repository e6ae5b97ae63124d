//! The pairs of a run, from packages to odds: found by their match keys, compared, scored, and
//! joined by those that fuzzy values alone show. What `link` makes people of is what `explain`
//! explains.

use super::block::{self, Candidate, Forecast};
use super::compare;
use super::people::People;
use super::scan::{self, Scan};
use super::score::{self, Links, Scored, ScoredPair};
use crate::engine::{Judgement, Space};
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
    /// Pairs of which some match key agrees, sorted.
    pub(super) candidates: Vec<Candidate>,
    pub(super) forecast: Forecast,
    /// How alike the candidates' fuzzy values are, in their order.
    pub(super) levels: Vec<u8>,
    /// Per candidate, how much likelier its level is for the same person.
    pub(super) ratios: Vec<f64>,
    /// The candidates, and the pairs that were found otherwise, before they compete.
    pub(super) pairs: Vec<ScoredPair>,
    pub(super) judgement: Judgement,
    pub(super) links: Links,
    pub(super) scan: Scan,
}

impl Found {
    /// Finds and scores the pairs of these packages, which belong together.
    pub(super) fn new(
        packages: &[Package],
        people: People,
        settings: &Settings<'_>,
        progress: &Progress,
    ) -> Found {
        let Settings { project, block_cap } = *settings;
        let space = Space::of_match_keys(project);
        let keys = project.match_keys.len();
        let (candidates, forecast) =
            block::candidates(packages, &people, keys, block_cap, progress);

        progress.begin("scoring pairs", None);
        let encoding = project.fuzzy.as_ref().map(|fuzzy| fuzzy.encoding);
        let levels = compare::levels(packages, &people, &candidates, encoding);
        let Scored { mut pairs, judgement, links, ratios } =
            score::score(&space, packages, &people, &candidates, &levels);
        packages.iter().for_each(Package::forget_fuzzy);
        progress.end();
        let scan = match encoding {
            Some(encoding) => {
                progress.begin("comparing the people left over", None);
                let scan = scan::scan(packages, &people, &candidates, &pairs, encoding);
                progress.end();
                scan
            }
            None => Scan::default(),
        };
        pairs.extend(&scan.pairs);
        pairs.sort_unstable_by_key(|pair| (pair.a, pair.b));
        Found { people, space, candidates, forecast, levels, ratios, pairs, judgement, links, scan }
    }
}
