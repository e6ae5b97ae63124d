//! The pairs of a run, from packages to probabilities: found by their match keys, compared,
//! scored, joined by those that fuzzy values alone show, decided where a person did, and in
//! competition with each other. What `link` makes people of is what `explain` explains.

use super::block::{self, Candidate, Forecast};
use super::decisions::Decisions;
use super::people::People;
use super::scan::{self, Scan};
use super::score::{self, Scored};
use super::{Applied, Assignment, assign, compare};
use crate::engine::Space;
use crate::package::Package;
use crate::progress::Progress;
use crate::project::Project;

/// What decides which pairs there are, and how likely each is.
pub(super) struct Settings<'a> {
    pub(super) project: &'a Project,
    /// See [`super::Job::block_cap`].
    pub(super) block_cap: usize,
    /// See [`super::Job::assignment`].
    pub(super) assignment: Assignment,
    pub(super) decisions: Option<&'a Decisions>,
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
    /// The candidates, and the pairs that were found otherwise.
    pub(super) scored: Scored,
    pub(super) scan: Scan,
    pub(super) applied: Option<Applied>,
    /// How pairs competed: as asked for, where the sources allow it.
    pub(super) assignment: Assignment,
}

impl Found {
    /// Finds and scores the pairs of these packages, which belong together.
    pub(super) fn new(
        packages: &[Package],
        people: People,
        settings: &Settings<'_>,
        progress: &Progress,
    ) -> Found {
        let Settings { project, block_cap, assignment, decisions } = *settings;
        let space = Space::of_match_keys(project);
        let keys = project.match_keys.len();
        let (candidates, forecast) =
            block::candidates(packages, &people, keys, block_cap, progress);

        progress.begin("scoring pairs", None);
        let encoding = project.fuzzy.as_ref().map(|fuzzy| fuzzy.encoding);
        let levels = compare::levels(packages, &people, &candidates, encoding);
        let mut scored = score::score(&space, packages, &people, &candidates, &levels);
        progress.end();
        let scan = match encoding {
            Some(encoding) => {
                progress.begin("comparing the people left over", None);
                let (pairs, bare) = (&scored.pairs, &scored.bare);
                let scan = scan::scan(packages, &people, &candidates, pairs, bare, encoding);
                scored.add(&scan.pairs);
                progress.end();
                scan
            }
            None => Scan::default(),
        };
        let applied = decisions.map(|decisions| decisions.apply(&people, &mut scored.pairs));
        score::compete(&people, &mut scored.pairs);
        let assignment = match assignment {
            Assignment::Optimal if assign::is_possible(&people) => Assignment::Optimal,
            _ => Assignment::Greedy,
        };
        if assignment == Assignment::Optimal {
            assign::compete(&people, &mut scored.pairs);
        }
        Found { people, space, candidates, forecast, levels, scored, scan, applied, assignment }
    }
}
