//! Counting journeys. Everything here is exact and internal; what may be seen of it is
//! decided by [`super::release`].

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::Error;
use super::input::Maps;
use super::journey::{Day, Episode, Journeys};
use super::path::{self, Path, Step};
use crate::disclosure::Contributions;
use crate::ids::{Band, PersonId};

/// Upper ends, in days, of the bands of time to the next service.
pub(crate) const BANDS: [i32; 4] = [28, 90, 180, 365];

/// The most programs that tables tell apart. More would make tables that are mostly empty;
/// the programs with the fewest people are then counted together.
pub(crate) const MOST_PROGRAMS: usize = 24;
/// What the programs beyond [`MOST_PROGRAMS`] are called.
pub(crate) const OTHER_PROGRAMS: &str = "All other programs";
/// With at most so many programs, which sets of programs people used can be worked out from
/// the other tables, so the sets are in the ledger to protect them.
pub(crate) const SETS_UP_TO: usize = 4;

/// So many of the commonest paths are told apart in other measures.
const COMMONEST: usize = 10;

/// Every measure of a set of journeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measures {
    /// Program names in name order; indices below are into this.
    pub(crate) programs: Vec<String>,
    /// People with at least one episode.
    pub(crate) people: u64,
    /// People by program.
    pub(crate) users: Vec<u64>,
    /// Episodes by program.
    pub(crate) episodes: Vec<u64>,
    /// What each person had of them.
    pub(crate) stays: Vec<Contributions>,
    /// People by the number of programs they used; index 0 is unused.
    pub(crate) by_number: Vec<u64>,
    /// People with both programs, at any time; symmetric.
    pub(crate) both: Vec<Vec<u64>>,
    /// People whose first start in the row's program is before that in the column's.
    pub(crate) before: Vec<Vec<u64>>,
    /// People who went at least once straight from the row's program to the column's.
    pub(crate) moves: Vec<Vec<u64>>,
    /// People by path.
    pub(crate) paths: BTreeMap<Path, u64>,
    /// People by exact set of programs (bits).
    pub(crate) sets: BTreeMap<u32, u64>,
}

/// How linking went, from the maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Linkage {
    /// Rows by source and band: single, probable, definite.
    pub(crate) rows: Vec<[u64; 3]>,
    /// People in the maps.
    pub(crate) people: u64,
    /// People with one row only.
    pub(crate) one_row: u64,
    /// The others.
    pub(crate) more_rows: u64,
}

impl Linkage {
    /// Counts the maps, as [`Measures::of`] counts journeys.
    pub(crate) fn of(maps: &Maps, weigh: impl Fn(PersonId) -> u64 + Sync) -> Self {
        let mut rows = vec![[0; 3]; maps.sources.len()];
        let weights: Vec<u64> = maps.persons.par_iter().map(|&person| weigh(person)).collect();
        let (mut people, mut one_row, mut more_rows) = (0, 0, 0);
        for (rows, &weight) in maps.rows_of_each().into_iter().zip(&weights) {
            add(&mut people, weight);
            add(if rows == 1 { &mut one_row } else { &mut more_rows }, weight);
        }
        for row in &maps.rows {
            let band = match row.band {
                Band::Single => 0,
                Band::Possible | Band::Probable => 1,
                Band::Definite => 2,
            };
            add(&mut rows[usize::from(row.source)][band], weights[row.person as usize]);
        }
        Linkage { rows, people, one_row, more_rows }
    }
}

/// Adds people, or their keys, whose sums wrap around.
fn add(sum: &mut u64, weight: u64) {
    *sum = sum.wrapping_add(weight);
}

impl Measures {
    /// Counts journeys. Every person counts as one, or,
    /// where noise is made, as their key: then each sum is the key of a count.
    ///
    /// # Errors
    /// When there is no journey at all.
    pub(crate) fn of(
        journeys: &Journeys,
        vocabulary: &Vocabulary,
        weigh: impl Fn(PersonId) -> u64 + Sync,
    ) -> Result<Self, Error> {
        if journeys.episodes.is_empty() {
            return Err(Error::NoJourneys);
        }
        let empty = || Measures::empty(vocabulary.programs.clone());
        Ok(journeys
            .each()
            .fold(empty, |mut m, episodes| {
                let person = journeys.persons[episodes[0].person as usize];
                m.add(episodes, &vocabulary.code, weigh(person));
                m
            })
            .reduce(empty, Measures::plus))
    }

    /// The whole paths that most people have, commonest first.
    pub(crate) fn commonest(&self) -> Vec<&Path> {
        let is_whole = |path: &&Path| path.last() == Some(&Step::End);
        let mut paths: Vec<(&Path, u64)> =
            self.paths.iter().map(|(path, n)| (path, *n)).filter(|(p, _)| is_whole(p)).collect();
        paths.sort_unstable_by_key(|(path, n)| (std::cmp::Reverse(*n), *path));
        paths.truncate(COMMONEST);
        paths.into_iter().map(|(path, _)| path).collect()
    }

    /// People whose journey begins with a program.
    pub(crate) fn entered(&self, program: usize) -> u64 {
        let begins = |path: &Path| path.first() == Some(&Step::Program(program as u8));
        self.paths.iter().filter(|(path, _)| begins(path)).map(|(_, n)| n).sum()
    }

    fn empty(programs: Vec<String>) -> Self {
        let n = programs.len();
        let square = vec![vec![0; n]; n];
        Measures {
            programs,
            people: 0,
            users: vec![0; n],
            episodes: vec![0; n],
            stays: vec![Contributions::default(); n],
            by_number: vec![0; n + 1],
            both: square.clone(),
            before: square.clone(),
            moves: square,
            paths: BTreeMap::new(),
            sets: BTreeMap::new(),
        }
    }

    fn add(&mut self, journey: &[Episode], code: &[u8], weight: u64) {
        let steps: Vec<(u8, Day)> =
            journey.iter().map(|e| (code[usize::from(e.program)], e.start)).collect();
        let mut first: BTreeMap<u8, Day> = BTreeMap::new();
        let mut stays: BTreeMap<u8, u64> = BTreeMap::new();
        for &(program, start) in &steps {
            *stays.entry(program).or_default() += 1;
            first.entry(program).or_insert(start);
        }
        for (program, n) in stays {
            self.stays[usize::from(program)].add(n);
            add(&mut self.episodes[usize::from(program)], weight.wrapping_mul(n));
        }
        add(&mut self.people, weight);
        add(&mut self.by_number[first.len()], weight);
        for (&a, &a_start) in &first {
            add(&mut self.users[usize::from(a)], weight);
            for (&b, &b_start) in &first {
                if a != b {
                    add(&mut self.both[usize::from(a)][usize::from(b)], weight);
                    let first = if a_start < b_start { weight } else { 0 };
                    add(&mut self.before[usize::from(a)][usize::from(b)], first);
                }
            }
        }
        let mut moved: Vec<(u8, u8)> =
            steps.windows(2).map(|w| (w[0].0, w[1].0)).filter(|(a, b)| a != b).collect();
        moved.sort_unstable();
        moved.dedup();
        for (a, b) in moved {
            add(&mut self.moves[usize::from(a)][usize::from(b)], weight);
        }
        add(self.paths.entry(path::of(steps.iter().map(|s| s.0))).or_default(), weight);
        let set = first.keys().fold(0, |set, p| set | 1 << p);
        add(self.sets.entry(set).or_default(), weight);
    }

    fn plus(mut self, other: Self) -> Self {
        let add_all = |a: &mut Vec<u64>, b: Vec<u64>| {
            a.iter_mut().zip(b).for_each(|(a, b)| add(a, b));
        };
        add(&mut self.people, other.people);
        add_all(&mut self.users, other.users);
        add_all(&mut self.episodes, other.episodes);
        for (a, b) in self.stays.iter_mut().zip(other.stays) {
            *a = a.plus(b);
        }
        add_all(&mut self.by_number, other.by_number);
        for (a, b) in self.both.iter_mut().zip(other.both) {
            add_all(a, b);
        }
        for (a, b) in self.before.iter_mut().zip(other.before) {
            add_all(a, b);
        }
        for (a, b) in self.moves.iter_mut().zip(other.moves) {
            add_all(a, b);
        }
        for (path, n) in other.paths {
            add(self.paths.entry(path).or_default(), n);
        }
        for (set, n) in other.sets {
            add(self.sets.entry(set).or_default(), n);
        }
        self
    }
}

/// Which programs the tables tell apart.
pub(crate) struct Vocabulary {
    /// Their names, in name order.
    pub(crate) programs: Vec<String>,
    /// From the code of an episode to the index of a table.
    pub(crate) code: Vec<u8>,
}

impl Vocabulary {
    pub(crate) fn of(journeys: &Journeys, names: &[String]) -> Self {
        let mut people = vec![0u64; names.len()];
        for person in journeys.episodes.chunk_by(|a, b| a.person == b.person) {
            let mut programs: Vec<u16> = person.iter().map(|e| e.program).collect();
            programs.sort_unstable();
            programs.dedup();
            programs.into_iter().for_each(|p| people[usize::from(p)] += 1);
        }
        let mut kept: Vec<usize> = (0..names.len()).filter(|&p| people[p] > 0).collect();
        let fold = kept.len() > MOST_PROGRAMS;
        if fold {
            kept.sort_by_key(|&p| (std::cmp::Reverse(people[p]), p));
            kept.truncate(MOST_PROGRAMS - 1);
            kept.sort_unstable();
        }
        let mut programs: Vec<String> = kept.iter().map(|&p| names[p].clone()).collect();
        let mut code = vec![kept.len() as u8; names.len()];
        for (index, &p) in kept.iter().enumerate() {
            code[p] = index as u8;
        }
        if fold {
            programs.push(OTHER_PROGRAMS.to_owned());
        }
        Vocabulary { programs, code }
    }
}
