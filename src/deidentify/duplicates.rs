//! People whom a source holds more than once under different record numbers, found by
//! judging pairs of the agency's own records in the clear. Only what is as good as certain
//! is joined: a wrong join cannot be undone further on, a missed one only costs a link.

use crate::clear::{self, Blocking, Comparison, Limits, Source, Traits};
use crate::encode::TokenSets;
use crate::engine::Judgement;
use crate::project::{Component, Project};

/// Two people are joined from these odds on: as sure as a definite link.
const LEAST_ODDS: f64 = 99.0;
/// Values that more people have are too common to compare everybody who has them, and a
/// match key that makes more pairs than this for each person is too loose to be worth it.
const LIMITS: Limits = Limits { spelling: 200_000, block: 50, pairs_each: 5, pairs: 1 << 24 };

/// The pairs of people, as places in `first`, who are one person. `first` are the places of
/// the people's token sets in `sets` and `traits`; the values of `sets` are of `components`.
pub(super) fn find(
    project: &Project,
    components: &[Component],
    sets: &TokenSets,
    traits: &Traits,
    first: &[u32],
) -> Vec<(u32, u32)> {
    let source = Source { people: 0..first.len() as u32, unique: false };
    let comparison = Comparison::new(project, traits, vec![source], first.to_vec());
    let blocking = Blocking { project, components, sets, comparison: &comparison };
    let pairs = blocking.candidates(LIMITS).pairs;
    let Judgement { judged, .. } = clear::judge(&comparison, &pairs);
    pairs
        .into_iter()
        .zip(judged)
        .filter(|(_, judged)| judged.odds >= LEAST_ODDS)
        .map(|(pair, _)| pair)
        .collect()
}
