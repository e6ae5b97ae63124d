//! What other cuts would have given: the scored pairs are clustered again, surest first,
//! under the sources' own constraints, and counted on the way. Also how often pairs of a
//! stated probability are true.

use std::collections::BTreeMap;

use serde::Serialize;

use super::input::{RecordSet, ScoredPair, Source};
use super::tally::choose_two;
use super::{quality, share};

/// The probabilities that the table shows.
const CUTS: [f64; 9] = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 0.999];

/// Pairs when everything from a probability on is linked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cut {
    /// Pairs of this probability or more are linked.
    pub probability: f64,
    /// Share of the linked pairs that are true.
    pub precision: Option<f64>,
    /// Share of the true pairs that are linked.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
}

/// The scored pairs of a range of probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CalibrationBin {
    /// From this probability,
    pub from: f64,
    /// to this one (the last range includes its end).
    pub to: f64,
    /// Pairs of rows.
    pub pairs: u64,
    /// Their mean probability.
    pub mean_probability: Option<f64>,
    /// The share of them that are true.
    pub share_true: Option<f64>,
}

/// What [`measure`] found.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) table: Vec<Cut>,
    pub(super) best: Option<Cut>,
    pub(super) calibration: Vec<CalibrationBin>,
}

/// Clusters again at every cut. `true_pairs` is how many there are to find.
pub(super) fn measure(
    pairs: &[ScoredPair],
    records: &RecordSet,
    sources: &[Source],
    true_pairs: u64,
) -> Measured {
    let mut sorted: Vec<&ScoredPair> = pairs.iter().collect();
    // Falling probability, then weight; then by row id, whatever the order of the file.
    let ids = |p: &ScoredPair| p.rows.map(|row| records.rows[row as usize].id);
    sorted.sort_unstable_by(|a, b| {
        let surer = b.probability.total_cmp(&a.probability);
        surer.then(b.weight.total_cmp(&a.weight)).then_with(|| ids(a).cmp(&ids(b)))
    });
    let mut forest = Forest::new(records, sources);
    let calibration = calibration(&sorted, &forest);
    let cut_at = |probability: f64, forest: &Forest| {
        let [precision, recall, f1] = quality(forest.both, forest.linked, true_pairs);
        Cut { probability, precision, recall, f1 }
    };
    let mut table = Vec::with_capacity(CUTS.len());
    let mut best: Option<Cut> = None;
    let mut cuts = CUTS.into_iter().rev().peekable();
    for equal in sorted.chunk_by(|a, b| a.probability == b.probability) {
        let probability = equal[0].probability;
        while let Some(cut) = cuts.next_if(|&cut| cut > probability) {
            table.push(cut_at(cut, &forest));
        }
        for pair in equal {
            forest.link(pair.rows);
        }
        let here = cut_at(probability, &forest);
        if here.f1 > best.and_then(|b| b.f1) {
            best = Some(here);
        }
    }
    table.extend(cuts.map(|cut| cut_at(cut, &forest)));
    table.reverse();
    Measured { table, best, calibration }
}

/// The clusters so far, and the pairs that they make.
struct Forest {
    parent: Vec<u32>,
    /// Of each root: how many records with truth each true person has.
    people: Vec<BTreeMap<u32, u32>>,
    /// Of each root: records with truth.
    sizes: Vec<u64>,
    /// Of each root: its sources that hold each person once.
    unique: Vec<Vec<u16>>,
    linked: u64,
    both: u64,
}

impl Forest {
    fn new(records: &RecordSet, sources: &[Source]) -> Self {
        let n = records.rows.len();
        let mut people: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new(); n];
        for record in &records.records {
            let Some(row) = record.row else { continue };
            *people[row as usize].entry(record.person).or_default() += 1;
        }
        let unique_of = |source: u16| sources[usize::from(source)].unique_people;
        let unique: Vec<Vec<u16>> = records
            .rows
            .iter()
            .map(|row| if unique_of(row.source) { vec![row.source] } else { Vec::new() })
            .collect();
        let (mut linked, mut both) = (0, 0);
        for (of_row, unique) in people.iter().zip(&unique) {
            if unique.is_empty() {
                linked += choose_two(of_row.values().map(|&n| n as usize).sum());
                both += of_row.values().map(|&n| choose_two(n as usize)).sum::<u64>();
            }
        }
        let sizes = people.iter().map(|p| p.values().map(|&n| u64::from(n)).sum()).collect();
        Forest { parent: (0..n as u32).collect(), people, sizes, unique, linked, both }
    }

    fn root(&mut self, mut row: u32) -> u32 {
        while self.parent[row as usize] != row {
            let above = self.parent[self.parent[row as usize] as usize];
            self.parent[row as usize] = above;
            row = above;
        }
        row
    }

    /// Links two rows, unless that would give a source with each person once two rows of
    /// one person.
    fn link(&mut self, [a, b]: [u32; 2]) {
        let (a, b) = (self.root(a), self.root(b));
        let shared = |xs: &[u16], ys: &[u16]| xs.iter().any(|x| ys.contains(x));
        if a == b || shared(&self.unique[a as usize], &self.unique[b as usize]) {
            return;
        }
        let larger = self.people[a as usize].len() >= self.people[b as usize].len();
        let (root, joined) = if larger { (a, b) } else { (b, a) };
        let of_joined = std::mem::take(&mut self.people[joined as usize]);
        let of_root = &mut self.people[root as usize];
        self.linked += self.sizes[root as usize] * self.sizes[joined as usize];
        for (person, n) in of_joined {
            let known = of_root.entry(person).or_default();
            self.both += u64::from(n) * u64::from(*known);
            *known += n;
        }
        let mut unique = std::mem::take(&mut self.unique[joined as usize]);
        self.unique[root as usize].append(&mut unique);
        self.sizes[root as usize] += self.sizes[joined as usize];
        self.parent[joined as usize] = root;
    }
}

/// Counts before anything is linked: two rows are a true pair when they share a person.
/// Rows without truth say nothing and are left out.
fn calibration(pairs: &[&ScoredPair], rows: &Forest) -> Vec<CalibrationBin> {
    let mut edges = vec![0.0];
    edges.extend(CUTS);
    edges.push(1.0);
    let mut bins = vec![(0u64, 0.0f64, 0u64); edges.len() - 1];
    for pair in pairs {
        let [a, b] = pair.rows.map(|row| &rows.people[row as usize]);
        if a.is_empty() || b.is_empty() {
            continue;
        }
        let is_true = a.keys().any(|person| b.contains_key(person));
        let bin = edges.partition_point(|&edge| edge <= pair.probability).clamp(1, bins.len()) - 1;
        bins[bin].0 += 1;
        bins[bin].1 += pair.probability;
        bins[bin].2 += u64::from(is_true);
    }
    bins.iter()
        .zip(edges.windows(2))
        .map(|(&(pairs, sum, true_), edge)| CalibrationBin {
            from: edge[0],
            to: edge[1],
            pairs,
            mean_probability: (pairs > 0).then(|| sum / pairs as f64),
            share_true: share(true_, pairs),
        })
        .collect()
}
