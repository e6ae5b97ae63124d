//! Disclosure control: which counts of a release may be seen.
//!
//! A [`Ledger`] holds every count of one release, published or only derivable, and every
//! sum that ties them together, across tables. Counts of 1 to threshold − 1 are withheld
//! (primary suppression); then more are withheld (complementary suppression) until each
//! withheld or derivable small count is *proved* safe.
//!
//! The proof is by example, not by estimate: for a count to be safe there must be other
//! whole-number, non-negative values of all unpublished counts that satisfy every sum, in
//! which the count takes values at least a threshold apart. The search shows such values or
//! gives up, and giving up means withholding more, so a weak search costs detail and never
//! safety. Withholding more keeps every earlier proof valid.
//!
//! Limits: the proof covers the sums that are declared. Rules: AIHW (counts of 1 to 4 as
//! n.p., with consequential suppression), ABS Data Confidentiality Guide.

use std::collections::BTreeSet;

use crate::error::{Class, Fault};

/// A release that cannot be protected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is left to withhold and a small count would still be derivable.
    #[error("the release cannot be protected: a count below {threshold} would stay derivable")]
    Unprotectable {
        /// The threshold in force.
        threshold: u32,
    },
}

impl Fault for Error {
    fn class(&self) -> Class {
        Class::Refused
    }

    fn hint(&self) -> Option<String> {
        Some("there are too few people for these tables; publish nothing, or bring more sources together".into())
    }
}

/// The least number of people a published count may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threshold(u32);

impl Threshold {
    /// The floor: no release goes lower (ABS: fewer than three contributors stay secure).
    pub const FLOOR: u32 = 3;

    /// This threshold, or the floor where it is lower.
    pub fn new(people: u32) -> Self {
        Threshold(people.max(Self::FLOOR))
    }

    /// The number of people.
    pub fn people(self) -> u32 {
        self.0
    }

    /// Whether a count is small: at least one, and under the threshold.
    pub fn is_small(self, count: u64) -> bool {
        count > 0 && count < u64::from(self.0)
    }
}

/// A count as it may be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// The count itself.
    Shown(u64),
    /// Not publishable: printed `n.p.`, never 0 or blank.
    Withheld,
}

impl Count {
    /// The number, where it may be seen.
    pub fn shown(self) -> Option<u64> {
        match self {
            Count::Shown(n) => Some(n),
            Count::Withheld => None,
        }
    }
}

/// One count of a [`Ledger`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CellId(usize);

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

struct Cell {
    value: i64,
    state: State,
    /// The sums it stands in, with its factor.
    sums: Vec<(usize, i64)>,
}

impl Cell {
    fn is_known(&self) -> bool {
        matches!(self.state, State::Published(_))
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
    threshold: Threshold,
    cells: Vec<Cell>,
    /// Each is Σ factor × cell = a constant that the reader knows.
    sums: Vec<Vec<(CellId, i64)>>,
}

impl Ledger {
    /// An empty ledger.
    pub fn new(threshold: Threshold) -> Self {
        Ledger { threshold, cells: Vec::new(), sums: Vec::new() }
    }

    /// Adds a count that a table prints. A small one is withheld.
    pub fn publish(&mut self, value: u64, worth: Worth) -> CellId {
        let small = self.threshold.is_small(value);
        self.add(value, if small { State::Withheld } else { State::Published(worth) })
    }

    /// Adds a printed count that is part of a group of `margin` people. A nought in a small
    /// group says something of everyone in it, so under twice the threshold it is withheld.
    pub fn publish_in(&mut self, value: u64, margin: u64, worth: Worth) -> CellId {
        if value == 0 && margin < 2 * u64::from(self.threshold.0) {
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
        let mut search = Search::new(self);
        // Proofs outlive later withholding, so each count is proved once.
        let mut todo: Vec<usize> =
            (0..self.cells.len()).rev().filter(|&i| self.must_be_safe(i)).collect();
        while let Some(cell) = todo.pop() {
            while !search.is_safe(self, cell) {
                let more = self.next_to_withhold(&mut search, cell)?;
                self.cells[more].state = State::Withheld;
                todo.push(more);
            }
        }
        let printed = self
            .cells
            .iter()
            .filter(|c| matches!(c.state, State::Published(_) | State::Withheld))
            .count();
        let complementary = self.withheld() - primary;
        Ok(Suppression { cells: printed, primary, complementary })
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
    fn next_to_withhold(&mut self, search: &mut Search, cell: usize) -> Result<usize, Error> {
        let mut first = None;
        for ring in self.rings(cell) {
            for candidate in ring {
                let before = self.cells[candidate].state;
                self.cells[candidate].state = State::Withheld;
                let safe = search.is_safe(self, cell);
                self.cells[candidate].state = before;
                if safe {
                    return Ok(candidate);
                }
                first = first.or(Some(candidate));
            }
        }
        first.ok_or(Error::Unprotectable { threshold: self.threshold.0 })
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
            ring.sort_by_key(|&c| (self.worth(c), self.cells[c].value, c));
            rings.push(ring);
            edge = next;
        }
        rings
    }

    fn worth(&self, cell: usize) -> Option<Worth> {
        match self.cells[cell].state {
            State::Published(worth) => Some(worth),
            State::Withheld | State::Derivable | State::Slack => None,
        }
    }
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

    /// Whether the values that the count can take are at least a threshold apart.
    fn is_safe(&mut self, ledger: &Ledger, cell: usize) -> bool {
        let width = i64::from(ledger.threshold.0);
        let up = (1..=width).rev().find(|&by| self.can_move(ledger, cell, by)).unwrap_or(0);
        let rest = width - up;
        rest == 0 || (rest <= ledger.cells[cell].value && self.can_move(ledger, cell, -rest))
    }

    fn can_move(&mut self, ledger: &Ledger, cell: usize, by: i64) -> bool {
        self.steps = 0;
        self.shift(ledger, cell, by);
        let found = self.settle(ledger);
        self.undo(ledger, 0);
        found
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
                Err(Error::Unprotectable { .. }) => prop_assert!(total < 12, "total {total}"),
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
