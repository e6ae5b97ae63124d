//! The proof that a withheld count is safe: other whole numbers.
//!
//! A count is safe when two sets of whole-number, non-negative values of all unpublished
//! counts are known that satisfy every sum, and in which the count takes values as far apart
//! as [`Threshold::width`]: then no reader, by whatever reasoning from those sums, can tell
//! which it is, and the bounds that linear programming gives are at least so far apart.
//!
//! Such values are looked for by moving a few counts ([`Search`]), which is quick and mostly
//! succeeds, and otherwise at the ends of the interval that linear programming finds
//! ([`super::bounds`]). What is found for one count mostly proves others too, so it is kept.

use std::collections::{BTreeMap, BTreeSet};

use super::bounds::{End, System};
use super::ledger::{CellId, Ledger};

/// What has been proved of the counts of a ledger.
pub(super) struct Proof {
    /// Each says how far some counts move; the others stay.
    examples: Vec<Vec<(usize, i64)>>,
    /// The least and the greatest value of each count in the examples.
    seen: Vec<(i64, i64)>,
    search: Search,
}

impl Proof {
    pub(super) fn new(ledger: &Ledger) -> Self {
        let seen = ledger.cells.iter().map(|cell| (cell.value, cell.value)).collect();
        Proof { examples: Vec::new(), seen, search: Search::new(ledger) }
    }

    /// Whether the count is proved safe. Examples found are kept: they stay examples when
    /// more is withheld.
    pub(super) fn holds(&mut self, ledger: &Ledger, cell: usize) -> bool {
        if self.is_wide(ledger, cell) {
            return true;
        }
        for example in self.search.examples(ledger, cell) {
            self.keep(ledger, example);
        }
        self.is_wide(ledger, cell) || self.solve(ledger, cell)
    }

    /// Whether the quick search proves the count safe as the ledger is now. Keeps nothing, so
    /// that the ledger may be changed back.
    pub(super) fn is_found_at_once(&mut self, ledger: &Ledger, cell: usize) -> bool {
        let value = ledger.cells[cell].value;
        let (mut least, mut most) = self.seen[cell];
        for example in self.search.examples(ledger, cell) {
            for (_, by) in example.into_iter().filter(|(moved, _)| *moved == cell) {
                least = least.min(value + by);
                most = most.max(value + by);
            }
        }
        most - least >= width(ledger)
    }

    fn is_wide(&self, ledger: &Ledger, cell: usize) -> bool {
        let (least, most) = self.seen[cell];
        most - least >= width(ledger)
    }

    fn keep(&mut self, ledger: &Ledger, example: Vec<(usize, i64)>) {
        for &(cell, by) in &example {
            let value = ledger.cells[cell].value + by;
            let (least, most) = &mut self.seen[cell];
            *least = (*least).min(value);
            *most = (*most).max(value);
        }
        self.examples.push(example);
    }

    /// The proof that is left when a count is published after all.
    pub(super) fn without(&self, ledger: &Ledger, published: usize) -> Proof {
        let mut left = Proof::new(ledger);
        for example in &self.examples {
            if example.iter().all(|(cell, _)| *cell != published) {
                left.keep(ledger, example.clone());
            }
        }
        left
    }

    /// Looks for the ends of the count's interval by linear programming.
    fn solve(&mut self, ledger: &Ledger, cell: usize) -> bool {
        let (system, part) = tied_to(ledger, cell);
        let value = ledger.cells[cell].value;
        let most = value.saturating_add(width(ledger));
        let least = value.saturating_sub(width(ledger)).max(0);
        for end in [End::Greatest(most), End::Least(least)] {
            let point = system.reach(0, end).unwrap_or_default();
            let moves =
                part.iter().zip(point).map(|(&i, value)| (i, value - ledger.cells[i].value));
            self.keep(ledger, moves.filter(|(_, by)| *by != 0).collect());
            if self.is_wide(ledger, cell) {
                return true;
            }
        }
        false
    }
}

fn width(ledger: &Ledger) -> i64 {
    i64::try_from(ledger.threshold.width()).unwrap_or(i64::MAX)
}

/// What is not published and tied to a count by sums, the count first; and those sums.
fn tied_to(ledger: &Ledger, cell: usize) -> (System, Vec<usize>) {
    let mut part = vec![cell];
    let mut place: BTreeMap<usize, usize> = BTreeMap::from([(cell, 0)]);
    let mut sums = BTreeSet::new();
    let mut next = 0;
    while let Some(&from) = part.get(next) {
        next += 1;
        for &(sum, _) in &ledger.cells[from].sums {
            if !sums.insert(sum) {
                continue;
            }
            for &(CellId(other), _) in &ledger.sums[sum] {
                if !ledger.cells[other].is_known() && !place.contains_key(&other) {
                    place.insert(other, part.len());
                    part.push(other);
                }
            }
        }
    }
    let mut system = System::new(part.len());
    for sum in sums {
        let inside = |(CellId(i), factor): &(CellId, i64)| place.get(i).map(|&at| (at, *factor));
        let terms: Vec<(usize, i64)> = ledger.sums[sum].iter().filter_map(inside).collect();
        let is = terms.iter().map(|&(at, f)| f * ledger.cells[part[at]].value).sum();
        system.sum(terms, is);
    }
    (system, part)
}

/// Looks for other values of the unpublished counts that satisfy every sum.
struct Search {
    /// How far each cell is moved from its true value.
    moved: Vec<i64>,
    /// How far each sum is off.
    off: Vec<i64>,
    /// Cells moved, in order, to undo.
    trail: Vec<usize>,
    steps: usize,
}

impl Search {
    /// Moves tried before giving up; giving up withholds more.
    const STEPS: usize = 600;

    fn new(ledger: &Ledger) -> Self {
        Search {
            moved: vec![0; ledger.cells.len()],
            off: vec![0; ledger.sums.len()],
            trail: Vec::new(),
            steps: 0,
        }
    }

    /// Examples in which the count's values are as far apart as they need be, or those that
    /// were found.
    fn examples(&mut self, ledger: &Ledger, cell: usize) -> Vec<Vec<(usize, i64)>> {
        let width = width(ledger);
        let up = (1..=width).rev().find_map(|by| Some((by, self.example(ledger, cell, by)?)));
        let rest = width - up.as_ref().map_or(0, |(by, _)| *by);
        let mut found: Vec<_> = up.into_iter().map(|(_, example)| example).collect();
        if 0 < rest && rest <= ledger.cells[cell].value {
            found.extend(self.example(ledger, cell, -rest));
        }
        found
    }

    /// Moves a count and others, so that every sum holds again; what was moved, and how far.
    fn example(&mut self, ledger: &Ledger, cell: usize, by: i64) -> Option<Vec<(usize, i64)>> {
        self.steps = 0;
        self.shift(ledger, cell, by);
        let found = self.settle(ledger);
        let moves = found.then(|| self.trail.iter().map(|&c| (c, self.moved[c])).collect());
        self.undo(ledger, 0);
        moves
    }

    fn shift(&mut self, ledger: &Ledger, cell: usize, by: i64) {
        self.moved[cell] = by;
        self.trail.push(cell);
        for &(sum, factor) in &ledger.cells[cell].sums {
            self.off[sum] += factor * by;
        }
    }

    fn undo(&mut self, ledger: &Ledger, to: usize) {
        while self.trail.len() > to {
            if let Some(cell) = self.trail.pop() {
                let by = std::mem::take(&mut self.moved[cell]);
                for &(sum, factor) in &ledger.cells[cell].sums {
                    self.off[sum] -= factor * by;
                }
            }
        }
    }

    /// Moves further counts until every sum holds again.
    fn settle(&mut self, ledger: &Ledger) -> bool {
        self.steps += 1;
        if self.steps > Self::STEPS || self.trail.len() > 400 {
            return false;
        }
        let Some(sum) = self.tightest_broken_sum(ledger) else { return true };
        for (cell, by) in self.repairs(ledger, sum) {
            let mark = self.trail.len();
            self.shift(ledger, cell, by);
            if self.settle(ledger) {
                return true;
            }
            self.undo(ledger, mark);
        }
        false
    }

    /// The sum that is off and has the fewest counts that could mend it.
    fn tightest_broken_sum(&self, ledger: &Ledger) -> Option<usize> {
        let mut seen = BTreeSet::new();
        let mut best: Option<(usize, usize)> = None;
        for &cell in &self.trail {
            for &(sum, _) in &ledger.cells[cell].sums {
                if self.off[sum] == 0 || !seen.insert(sum) {
                    continue;
                }
                let open = ledger.sums[sum].iter().filter(|(c, _)| self.is_free(ledger, c.0));
                let key = (open.count(), sum);
                best = Some(best.map_or(key, |b| b.min(key)));
            }
        }
        best.map(|(_, sum)| sum)
    }

    fn is_free(&self, ledger: &Ledger, cell: usize) -> bool {
        self.moved[cell] == 0 && !ledger.cells[cell].is_known()
    }

    /// Moves of one count that mend a sum, the least entangled first; a count too small to
    /// give all gives all it has, after those that can.
    fn repairs(&self, ledger: &Ledger, sum: usize) -> Vec<(usize, i64)> {
        let off = self.off[sum];
        let mut moves: Vec<(bool, usize, i64, usize, i64)> = Vec::new();
        for &(CellId(i), factor) in &ledger.sums[sum] {
            if !self.is_free(ledger, i) || off % factor != 0 {
                continue;
            }
            let cell = &ledger.cells[i];
            let wanted = -off / factor;
            let by = wanted.max(-cell.value);
            if by != 0 {
                moves.push((by != wanted, cell.sums.len(), -cell.value, i, by));
            }
        }
        moves.sort_unstable();
        moves.into_iter().map(|(_, _, _, cell, by)| (cell, by)).collect()
    }
}
