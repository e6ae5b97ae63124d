//! Every count of a release in one ledger, and what of them is withheld.
//!
//! A [`Ledger`] holds every count of one release, published or only derivable, and every
//! sum that ties them together, across tables. Small counts are withheld; then more are,
//! until each withheld or derivable small count is *proved* safe ([`super::proof`]). Where no
//! proof is found, more is withheld, so a weak search costs detail and never safety.
//! Withholding more keeps every earlier proof valid.
//!
//! Limits: the proof covers the sums that are declared.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::choice;
use super::proof::Proof;
use super::{Count, Error, Threshold};

/// One count of a [`Ledger`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellId(pub(super) usize);

/// How much a published count is missed when it is withheld. Complementary suppression
/// takes the least missed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// Detail: one cell of a large table.
    Detail,
    /// A row of a short table.
    Row,
    /// What readers look for first.
    Headline,
    /// Never withheld: the release makes no sense without it.
    Fixed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Published(Worth),
    Withheld,
    /// In no table, but tied by sums to counts that are.
    Derivable,
    /// Not a count of people: what an inequality leaves open.
    Slack,
}

pub(super) struct Cell {
    pub(super) value: i64,
    state: State,
    /// The sums it stands in, with its factor.
    pub(super) sums: Vec<(usize, i64)>,
}

impl Cell {
    pub(super) fn is_known(&self) -> bool {
        self.worth().is_some()
    }

    /// How much it is missed when it is withheld; None where it is not published.
    pub(super) fn worth(&self) -> Option<Worth> {
        match self.state {
            State::Published(worth) => Some(worth),
            State::Withheld | State::Derivable | State::Slack => None,
        }
    }
}

/// How many counts a protected release withholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Suppression {
    /// Counts in the tables.
    pub cells: usize,
    /// Withheld because they are small themselves.
    pub primary: usize,
    /// Withheld because they would reveal another.
    pub complementary: usize,
}

/// Every count of one release and the sums that tie them together.
pub struct Ledger {
    pub(super) threshold: Threshold,
    pub(super) cells: Vec<Cell>,
    /// Each is Σ factor × cell = a constant that the reader knows.
    pub(super) sums: Vec<Vec<(CellId, i64)>>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(threshold: Threshold) -> Self {
        Ledger { threshold, cells: Vec::new(), sums: Vec::new() }
    }

    /// The threshold in force.
    pub fn threshold(&self) -> Threshold {
        self.threshold
    }

    /// Adds a count that a table prints. A small one is withheld.
    pub fn publish(&mut self, value: u64, worth: Worth) -> CellId {
        let small = self.threshold.is_small(value);
        self.add(value, if small { State::Withheld } else { State::Published(worth) })
    }

    /// Adds a printed count that is part of a group of `margin` people. A nought in a small
    /// group says something of everyone in it, so under twice the threshold it is withheld.
    pub fn publish_in(&mut self, value: u64, margin: u64, worth: Worth) -> CellId {
        if self.threshold.is_telling_nought(value, margin) {
            return self.add(value, State::Withheld);
        }
        self.publish(value, worth)
    }

    /// Adds a printed count that is withheld whatever its value.
    pub fn withhold(&mut self, value: u64) -> CellId {
        self.add(value, State::Withheld)
    }

    /// Adds a count that no table prints but that readers could work out from sums.
    pub fn derive(&mut self, value: u64) -> CellId {
        self.add(value, State::Derivable)
    }

    /// Adds what an inequality between counts leaves open; it needs no protection.
    pub fn slack(&mut self, value: u64) -> CellId {
        self.add(value, State::Slack)
    }

    fn add(&mut self, value: u64, state: State) -> CellId {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.cells.push(Cell { value, state, sums: Vec::new() });
        CellId(self.cells.len() - 1)
    }

    /// Declares that Σ factor × cell is the same in every table a reader could imagine.
    /// Each cell stands once in a sum.
    pub fn relate(&mut self, terms: Vec<(CellId, i64)>) {
        for (cell, factor) in &terms {
            self.cells[cell.0].sums.push((self.sums.len(), *factor));
        }
        self.sums.push(terms);
    }

    /// Declares that `total` is the sum of `parts`.
    pub fn total(&mut self, total: CellId, parts: impl IntoIterator<Item = CellId>) {
        let mut terms: Vec<(CellId, i64)> = parts.into_iter().map(|p| (p, 1)).collect();
        terms.push((total, -1));
        self.relate(terms);
    }

    /// Declares that `part` lies within `whole` and that what is left can be worked out;
    /// `left` is that remainder.
    pub fn remainder(&mut self, whole: CellId, part: CellId, left: u64) -> CellId {
        let rest = self.derive(left);
        self.total(whole, [part, rest]);
        rest
    }

    /// Declares that readers know from elsewhere how many of `whole` they can see, so that
    /// the `left` others can be worked out.
    pub fn seen_in_part(&mut self, whole: CellId, left: u64) {
        let rest = self.derive(left);
        self.relate(vec![(whole, 1), (rest, -1)]);
    }

    /// Declares that readers know from elsewhere how many of counts that share nobody they can
    /// see; each comes with its value.
    pub fn seen_among(&mut self, counts: &[(CellId, u64)], seen: u64) {
        let all: u64 = counts.iter().map(|(_, value)| value).sum();
        let rest = self.derive(all.saturating_sub(seen));
        let mut terms: Vec<(CellId, i64)> = counts.iter().map(|(id, _)| (*id, 1)).collect();
        terms.push((rest, -1));
        self.relate(terms);
    }

    /// The count as it may be printed.
    pub fn count(&self, id: CellId) -> Count {
        let cell = &self.cells[id.0];
        match cell.state {
            State::Published(_) => Count::Shown(cell.value.unsigned_abs()),
            State::Withheld | State::Derivable | State::Slack => Count::Withheld,
        }
    }

    /// Withholds counts until every withheld and every small derivable count is proved
    /// safe.
    ///
    /// # Errors
    /// When nothing is left to withhold and a count is still not safe.
    pub fn protect(&mut self) -> Result<Suppression, Error> {
        let primary = self.withheld();
        let before: Vec<State> = self.cells.iter().map(|cell| cell.state).collect();
        let mut proof = Proof::new(self);
        // Proofs outlive later withholding, so each count is proved once.
        let mut todo: Vec<usize> =
            (0..self.cells.len()).rev().filter(|&i| self.must_be_safe(i)).collect();
        while let Some(cell) = todo.pop() {
            while !proof.holds(self, cell) {
                let mut more = choice::cheapest(self, cell);
                if more.is_empty() {
                    more.push(self.next_to_withhold(&mut proof, cell)?);
                }
                for &more in &more {
                    self.cells[more].state = State::Withheld;
                }
                todo.extend(more);
            }
        }
        self.publish_again(&mut proof, before);
        let printed = self
            .cells
            .iter()
            .filter(|c| matches!(c.state, State::Published(_) | State::Withheld))
            .count();
        let complementary = self.withheld() - primary;
        Ok(Suppression { cells: printed, primary, complementary })
    }

    /// Publishes again what was withheld to protect another and turns out not to be needed,
    /// the most missed first.
    fn publish_again(&mut self, proof: &mut Proof, before: Vec<State>) {
        let mut more: Vec<(State, usize)> =
            before.into_iter().enumerate().map(|(i, state)| (state, i)).collect();
        more.retain(|&(before, i)| before != self.cells[i].state);
        let missed = |state: State| match state {
            State::Published(worth) => Some(worth),
            State::Withheld | State::Derivable | State::Slack => None,
        };
        more.sort_by_key(|&(before, i)| Reverse((missed(before), self.cells[i].value, i)));
        for (before, i) in more {
            self.cells[i].state = before;
            let mut left = proof.without(self, i);
            if (0..self.cells.len()).all(|c| !self.must_be_safe(c) || left.holds(self, c)) {
                *proof = left;
            } else {
                self.cells[i].state = State::Withheld;
            }
        }
    }

    fn withheld(&self) -> usize {
        self.cells.iter().filter(|c| c.state == State::Withheld).count()
    }

    fn must_be_safe(&self, i: usize) -> bool {
        let cell = &self.cells[i];
        match cell.state {
            State::Withheld => true,
            State::Derivable => self.threshold.is_small(cell.value.unsigned_abs()),
            State::Published(_) | State::Slack => false,
        }
    }

    /// The published count whose withholding makes `cell` safe at the least loss; where no
    /// single one does, the least missed one nearby, so that the caller comes nearer.
    fn next_to_withhold(&mut self, proof: &mut Proof, cell: usize) -> Result<usize, Error> {
        let mut first = None;
        for ring in self.rings(cell) {
            for candidate in ring {
                let before = self.cells[candidate].state;
                self.cells[candidate].state = State::Withheld;
                let safe = proof.is_found_at_once(self, cell);
                self.cells[candidate].state = before;
                if safe {
                    return Ok(candidate);
                }
                first = first.or(Some(candidate));
            }
        }
        first.ok_or(Error::Unprotectable { threshold: self.threshold.people() })
    }

    /// Published counts that could be withheld, by how many sums away from `cell` they are;
    /// within a ring the least missed and smallest first.
    fn rings(&self, cell: usize) -> Vec<Vec<usize>> {
        let mut rings = Vec::new();
        let mut seen_sums = BTreeSet::new();
        let mut seen_cells = BTreeSet::from([cell]);
        let mut edge = vec![cell];
        while !edge.is_empty() {
            let mut ring = Vec::new();
            let mut next = Vec::new();
            for &(sum, _) in edge.iter().flat_map(|&c| &self.cells[c].sums) {
                if !seen_sums.insert(sum) {
                    continue;
                }
                for &(CellId(other), _) in &self.sums[sum] {
                    if !seen_cells.insert(other) {
                        continue;
                    }
                    match self.cells[other].state {
                        State::Published(Worth::Fixed) => {}
                        State::Published(_) => ring.push(other),
                        State::Withheld | State::Derivable | State::Slack => next.push(other),
                    }
                }
            }
            ring.sort_by_key(|&c| (self.cells[c].worth(), self.cells[c].value, c));
            rings.push(ring);
            edge = next;
        }
        rings
    }

    /// Counts that chains of sums tie to one, through what may be withheld; in order, with
    /// the one.
    pub(super) fn nearby(&self, cell: usize) -> Vec<usize> {
        let mut near = BTreeSet::from([cell]);
        let mut sums = BTreeSet::new();
        let mut edge = vec![cell];
        while let Some(from) = edge.pop() {
            for &(sum, _) in &self.cells[from].sums {
                if sums.insert(sum) {
                    let free = |i: &usize| self.cells[*i].state != State::Published(Worth::Fixed);
                    let others = self.sums[sum].iter().map(|(c, _)| c.0).filter(free);
                    edge.extend(others.filter(|&i| near.insert(i)));
                }
            }
        }
        near.into_iter().collect()
    }

    /// The sums in which these counts stand.
    pub(super) fn sums_of(&self, cells: &[usize]) -> Vec<&[(CellId, i64)]> {
        let sums: BTreeSet<usize> =
            cells.iter().flat_map(|&c| self.cells[c].sums.iter().map(|(sum, _)| *sum)).collect();
        sums.into_iter().map(|sum| self.sums[sum].as_slice()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A table with row, column and grand totals in a ledger.
    struct Grid {
        rows: usize,
        cols: usize,
        ledger: Ledger,
        /// (rows + 1) × (cols + 1), totals last.
        ids: Vec<CellId>,
    }

    fn grid(inner: &[Vec<u64>], threshold: u32) -> Grid {
        let (rows, cols) = (inner.len(), inner[0].len());
        let mut full: Vec<Vec<u64>> =
            inner.iter().map(|r| r.iter().copied().chain([r.iter().sum()]).collect()).collect();
        full.push((0..=cols).map(|c| full.iter().map(|r| r[c]).sum()).collect());
        let mut ledger = Ledger::new(Threshold::new(threshold));
        let ids: Vec<CellId> = full
            .iter()
            .enumerate()
            .flat_map(|(r, row)| row.iter().enumerate().map(move |(c, &v)| (r, c, v)))
            .map(|(r, c, v)| {
                let worth = match (r == rows, c == cols) {
                    (true, true) => Worth::Fixed,
                    (false, false) => Worth::Detail,
                    _ => Worth::Row,
                };
                ledger.publish(v, worth)
            })
            .collect();
        let at = |r: usize, c: usize| ids[r * (cols + 1) + c];
        for r in 0..=rows {
            ledger.total(at(r, cols), (0..cols).map(|c| at(r, c)));
        }
        for c in 0..=cols {
            ledger.total(at(rows, c), (0..rows).map(|r| at(r, c)));
        }
        Grid { rows, cols, ledger, ids }
    }

    /// The attacker: walks every whole-number table that agrees with what is published,
    /// until each withheld count is seen a threshold apart. Knows nothing of [`Search`].
    struct Attack<'a> {
        grid: &'a Grid,
        shown: Vec<Option<u64>>,
        most: u64,
        table: Vec<u64>,
        seen: Vec<(u64, u64)>,
        width: u64,
    }

    impl Attack<'_> {
        fn pinned(grid: &Grid, width: u64) -> bool {
            let shown: Vec<Option<u64>> =
                grid.ids.iter().map(|&id| grid.ledger.count(id).shown()).collect();
            let most = shown[shown.len() - 1].expect("the grand total is fixed");
            let seen = vec![(u64::MAX, 0); shown.len()];
            let table = vec![0; shown.len()];
            let mut attack = Attack { grid, shown, most, table, seen, width };
            attack.fill(0);
            attack.any_pinned()
        }

        fn any_pinned(&self) -> bool {
            let cells = self.shown.iter().zip(&self.seen);
            cells
                .into_iter()
                .any(|(shown, (lo, hi))| shown.is_none() && hi.saturating_sub(*lo) < self.width)
        }

        fn fits(&self, i: usize, value: u64) -> bool {
            self.shown[i].is_none_or(|n| n == value)
        }

        /// Fills inner cell number `n`, in reading order; true when nothing is left to learn.
        fn fill(&mut self, n: usize) -> bool {
            let (rows, cols) = (self.grid.rows, self.grid.cols);
            if n == rows * cols {
                return self.record();
            }
            let (r, c) = (n / cols, n % cols);
            let at = r * (cols + 1) + c;
            let range = match self.shown[at] {
                Some(v) => v..=v,
                None => 0..=self.most,
            };
            for v in range {
                self.table[at] = v;
                let row: u64 = (0..=c).map(|c| self.table[r * (cols + 1) + c]).sum();
                let col: u64 = (0..=r).map(|r| self.table[r * (cols + 1) + c]).sum();
                let row_at = r * (cols + 1) + cols;
                let col_at = rows * (cols + 1) + c;
                let over = |at: usize, sum: u64| sum > self.shown[at].unwrap_or(self.most);
                if over(row_at, row) || over(col_at, col) {
                    break;
                }
                if c + 1 == cols && !self.fits(row_at, row) {
                    continue;
                }
                if r + 1 == rows && !self.fits(col_at, col) {
                    continue;
                }
                if c + 1 == cols {
                    self.table[row_at] = row;
                }
                if r + 1 == rows {
                    self.table[col_at] = col;
                }
                if self.fill(n + 1) {
                    return true;
                }
            }
            false
        }

        fn record(&mut self) -> bool {
            let (rows, cols) = (self.grid.rows, self.grid.cols);
            let total: u64 = (0..rows).map(|r| self.table[r * (cols + 1) + cols]).sum();
            if total != self.most {
                return false;
            }
            let last = self.table.len() - 1;
            self.table[last] = total;
            for (i, v) in self.table.iter().enumerate() {
                let (lo, hi) = &mut self.seen[i];
                *lo = (*lo).min(*v);
                *hi = (*hi).max(*v);
            }
            !self.any_pinned()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

        #[test]
        fn an_attacker_who_tries_every_table_pins_nothing(
            inner in (2usize..4, 2usize..4).prop_flat_map(|(r, c)| {
                prop::collection::vec(prop::collection::vec(0u64..9, c), r)
            }),
        ) {
            let mut grid = grid(&inner, 3);
            let total: u64 = inner.iter().flatten().sum();
            // A small grand total is withheld too; a release of so few people is refused.
            prop_assume!(total >= 3);
            match grid.ledger.protect() {
                Ok(_) => prop_assert!(!Attack::pinned(&grid, 3)),
                Err(_) => prop_assert!(total < 12, "total {total}"),
            }
        }
    }

    #[test]
    fn the_attacker_of_the_property_test_can_win() {
        // One withheld cell alone is the total minus the rest.
        let mut lone = grid(&[vec![2, 9], vec![9, 9]], 3);
        assert!(Attack::pinned(&lone, 3));
        lone.ledger.protect().expect("protected");
        assert!(!Attack::pinned(&lone, 3));
    }

    #[test]
    fn a_bridge_between_two_blocks_is_found() {
        // Every row and column has two withheld cells, yet the middle one (2) is derivable:
        // rows 1 and 2 minus columns 1 and 2 leave it alone.
        let mut grid = grid(
            &[
                vec![4, 4, 20, 20, 20],
                vec![4, 4, 2, 20, 20],
                vec![20, 20, 20, 4, 4],
                vec![20, 20, 20, 4, 4],
            ],
            5,
        );
        let out = grid.ledger.protect().expect("protected");
        assert_eq!(out.primary, 9);
        assert!(out.complementary >= 1, "{out:?}");
    }

    #[test]
    fn a_table_without_small_counts_is_shown_whole() {
        let mut grid = grid(&[vec![5, 0], vec![70, 8]], 5);
        let out = grid.ledger.protect().expect("protected");
        assert_eq!(out, Suppression { cells: 9, primary: 0, complementary: 0 });
        assert_eq!(grid.ledger.count(grid.ids[0]), Count::Shown(5));
    }

    #[test]
    fn a_small_difference_between_two_published_counts_hides_one() {
        let mut ledger = Ledger::new(Threshold::new(5));
        let all = ledger.publish(100, Worth::Fixed);
        let part = ledger.publish(98, Worth::Detail);
        ledger.remainder(all, part, 2);
        ledger.protect().expect("protected");
        assert_eq!(ledger.count(part), Count::Withheld);
    }

    #[test]
    fn too_small_a_total_is_refused() {
        let mut ledger = Ledger::new(Threshold::new(5));
        let all = ledger.add(4, State::Published(Worth::Fixed));
        let parts = [ledger.publish(2, Worth::Detail), ledger.publish(2, Worth::Detail)];
        ledger.total(all, parts);
        assert!(matches!(ledger.protect(), Err(Error::Unprotectable { threshold: 5 })));
    }
}
