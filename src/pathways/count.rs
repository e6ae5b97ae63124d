//! Counting people into tallies: each person's journey is looked at once, and every measure
//! says where in its table the person belongs.

use super::journey::{Episode, Journeys};
use super::tally::Tally;
use crate::disclosure::{Contributions, NoiseKey};
use crate::ids::PersonId;

use rayon::prelude::*;

/// A measure before anybody is counted: its table, and who belongs where.
pub(super) struct Measure<'a> {
    /// Every group and category, with counts of nought.
    pub(super) tally: Tally,
    /// Whether it counts episodes and not people.
    pub(super) counts_episodes: bool,
    /// Where a person belongs: each group and category, once for people, or once for each
    /// episode. The programs of the episodes are those of the tables.
    pub(super) sort: Box<Sort<'a>>,
}

/// Says of a journey in which groups and categories it is counted.
pub(super) type Sort<'a> = dyn Fn(&[Episode], &mut Vec<(usize, usize)>) + Sync + 'a;

/// What is counted of one measure.
struct Counted {
    counts: Vec<u64>,
    keys: Vec<u64>,
    contributions: Vec<Contributions>,
}

/// Counts journeys. `code` gives the program of the tables for that of an episode; with a
/// noise key, each count gets its cell key.
pub(super) fn count(
    journeys: &Journeys,
    code: &[u8],
    noise: Option<&NoiseKey>,
    measures: Vec<Measure<'_>>,
) -> Vec<Tally> {
    let empty = || -> Vec<Counted> { measures.iter().map(Counted::empty).collect() };
    // The journey in the programs of the tables, and where it is counted: used again for each.
    let start = || (empty(), Vec::new(), Vec::new());
    let counted = journeys
        .each()
        .fold(start, |(mut counted, mut journey, mut hits): Round, episodes| {
            let person = journeys.persons[episodes[0].person as usize];
            let key = noise.map_or(0, |noise| weigh(noise, person));
            journey.clear();
            journey.extend(episodes.iter().map(|e| {
                let program = u16::from(code[usize::from(e.program)]);
                Episode { program, ..*e }
            }));
            for (measure, counted) in measures.iter().zip(&mut counted) {
                hits.clear();
                (measure.sort)(&journey, &mut hits);
                counted.add(measure, &mut hits, key);
            }
            (counted, journey, hits)
        })
        .map(|(counted, _, _)| counted)
        .reduce(empty, |a, b| a.into_iter().zip(b).map(|(a, b)| a.plus(b)).collect());
    measures.into_iter().zip(counted).map(|(m, c)| c.fill(m, noise.is_some())).collect()
}

type Round = (Vec<Counted>, Vec<Episode>, Vec<(usize, usize)>);

/// The key of a person, from which the noise of every count with them is made.
pub(super) fn weigh(noise: &NoiseKey, person: PersonId) -> u64 {
    noise.person(person.to_string().as_bytes())
}

impl Counted {
    fn empty(measure: &Measure<'_>) -> Self {
        let cells = measure.tally.groups.len() * measure.tally.categories.len();
        let behind = if measure.counts_episodes { cells } else { 0 };
        Counted {
            counts: vec![0; cells],
            keys: vec![0; cells],
            contributions: vec![Contributions::default(); behind],
        }
    }

    fn add(&mut self, measure: &Measure<'_>, hits: &mut [(usize, usize)], key: u64) {
        hits.sort_unstable();
        for same in hits.chunk_by(|a, b| a == b) {
            let (group, category) = same[0];
            let cell = group * measure.tally.categories.len() + category;
            let times = if measure.counts_episodes { same.len() as u64 } else { 1 };
            self.counts[cell] += times;
            self.keys[cell] = self.keys[cell].wrapping_add(key.wrapping_mul(times));
            if measure.counts_episodes {
                self.contributions[cell].add(times);
            }
        }
    }

    fn plus(mut self, other: Self) -> Self {
        self.counts.iter_mut().zip(other.counts).for_each(|(a, b)| *a += b);
        self.keys.iter_mut().zip(other.keys).for_each(|(a, b)| *a = a.wrapping_add(b));
        let behind = self.contributions.iter_mut().zip(other.contributions);
        behind.for_each(|(a, b)| *a = a.plus(b));
        self
    }

    fn fill(self, measure: Measure<'_>, has_keys: bool) -> Tally {
        let mut tally = measure.tally;
        let width = tally.categories.len();
        for (i, group) in tally.groups.iter_mut().enumerate() {
            let cells = i * width..(i + 1) * width;
            group.counts = self.counts[cells.clone()].to_vec();
            if has_keys {
                group.keys = self.keys[cells.clone()].to_vec();
            }
            if measure.counts_episodes {
                group.contributions = self.contributions[cells].to_vec();
            }
        }
        tally
    }
}
