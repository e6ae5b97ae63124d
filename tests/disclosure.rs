//! Disclosure control against an attacker with another solver: random tables of two and
//! three dimensions with all their totals are protected, and a simplex method in exact
//! fractions, which shares nothing with the program, works out what the published numbers
//! leave open for each withheld one.
//!
//! `cargo test` tries [`FEW`] tables; `VEILWAY_TABLES=10000 cargo test --test disclosure --
//! --nocapture` tries ten thousand and prints what protection costs beside a simple method.

#![allow(clippy::disallowed_methods, clippy::print_stdout)]

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use veilway::disclosure::{Count, Ledger, Table, Threshold};

/// Tables of an ordinary run.
const FEW: u64 = 600;
const THRESHOLD: u32 = 10;

/// A fraction in lowest terms, the lower number above nought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fraction(i128, i128);

impl Fraction {
    const NOUGHT: Fraction = Fraction(0, 1);
    const ONE: Fraction = Fraction(1, 1);

    fn new(over: i128, under: i128) -> Self {
        let (mut a, mut b) = (over.unsigned_abs(), under.unsigned_abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = a.max(1) as i128 * under.signum();
        Fraction(over / common, under / common)
    }

    fn minus(self, other: Self) -> Self {
        Fraction::new(self.0 * other.1 - other.0 * self.1, self.1 * other.1)
    }

    fn times(self, other: Self) -> Self {
        Fraction::new(self.0 * other.0, self.1 * other.1)
    }

    fn over(self, other: Self) -> Self {
        Fraction::new(self.0 * other.1, self.1 * other.0)
    }

    fn is_below(self, other: Self) -> bool {
        self.0 * other.1 < other.0 * self.1
    }
}

/// A linear program in standard form as a tableau: the last column is the right-hand side.
#[derive(Clone)]
struct Tableau {
    rows: Vec<Vec<Fraction>>,
    basis: Vec<usize>,
}

impl Tableau {
    /// A point that satisfies Σ factor × unknown = number for each sum, none below nought.
    fn feasible(unknowns: usize, sums: &[(Vec<(usize, i64)>, i64)]) -> Option<Tableau> {
        let width = unknowns + sums.len() + 1;
        let mut rows = Vec::new();
        for (i, (terms, is)) in sums.iter().enumerate() {
            let sign = if *is < 0 { -1 } else { 1 };
            let mut row = vec![Fraction::NOUGHT; width];
            for &(unknown, factor) in terms {
                row[unknown] = Fraction(i128::from(sign * factor), 1);
            }
            row[unknowns + i] = Fraction::ONE;
            row[width - 1] = Fraction(i128::from(sign * is), 1);
            rows.push(row);
        }
        let basis = (unknowns..unknowns + sums.len()).collect();
        let mut tableau = Tableau { rows, basis };
        let mut cost = vec![Fraction::NOUGHT; width - 1];
        cost[unknowns..].fill(Fraction::ONE);
        if tableau.minimise(&cost)? != Fraction::NOUGHT {
            return None;
        }
        // What still stands for a sum is nought: it leaves, or the sum says nothing new.
        for row in (0..tableau.rows.len()).rev() {
            if tableau.basis[row] < unknowns {
                continue;
            }
            match (0..unknowns).find(|&c| tableau.rows[row][c] != Fraction::NOUGHT) {
                Some(column) => tableau.pivot(row, column),
                None => {
                    tableau.rows.remove(row);
                    tableau.basis.remove(row);
                }
            }
        }
        for row in &mut tableau.rows {
            row.drain(unknowns..unknowns + sums.len());
        }
        Some(tableau)
    }

    fn pivot(&mut self, row: usize, column: usize) {
        let by = self.rows[row][column];
        self.rows[row].iter_mut().for_each(|x| *x = x.over(by));
        let pivot = self.rows[row].clone();
        for (i, other) in self.rows.iter_mut().enumerate() {
            let factor = other[column];
            if i != row && factor != Fraction::NOUGHT {
                for (x, p) in other.iter_mut().zip(&pivot) {
                    if *p != Fraction::NOUGHT {
                        *x = x.minus(factor.times(*p));
                    }
                }
            }
        }
        self.basis[row] = column;
    }

    /// The least value of a cost, by Bland's rule, which never cycles; None where there is
    /// no least.
    fn minimise(&mut self, cost: &[Fraction]) -> Option<Fraction> {
        loop {
            let last = cost.len();
            let value = |column: usize| {
                let rows = self.rows.iter().zip(&self.basis);
                rows.fold(Fraction::NOUGHT, |sum, (row, &basic)| {
                    sum.minus(Fraction::NOUGHT.minus(cost[basic].times(row[column])))
                })
            };
            let Some(enters) = (0..last).find(|&c| cost[c].is_below(value(c))) else {
                return Some(value(last));
            };
            let mut leaves: Option<(Fraction, usize, usize)> = None;
            for (i, row) in self.rows.iter().enumerate() {
                if Fraction::NOUGHT.is_below(row[enters]) {
                    let ratio = row[last].over(row[enters]);
                    let better = leaves.is_none_or(|(least, basic, _)| {
                        ratio.is_below(least) || ratio == least && self.basis[i] < basic
                    });
                    if better {
                        leaves = Some((ratio, self.basis[i], i));
                    }
                }
            }
            self.pivot(leaves?.2, enters);
        }
    }
}

/// A random table as it is published.
struct Published {
    sizes: Vec<usize>,
    /// Totals among them, the last dimension running fastest.
    values: Vec<u64>,
    withheld: BTreeSet<usize>,
}

impl Published {
    fn at(&self, mut place: usize) -> Vec<usize> {
        let mut at = vec![0; self.sizes.len()];
        for (at, size) in at.iter_mut().zip(&self.sizes).rev() {
            *at = place % (size + 1);
            place /= size + 1;
        }
        at
    }

    /// Every line of the table: its total, and its parts.
    fn lines(&self) -> Vec<(usize, Vec<usize>)> {
        let mut lines = Vec::new();
        for place in 0..self.values.len() {
            let at = self.at(place);
            let mut step = 1;
            for d in (0..self.sizes.len()).rev() {
                if at[d] == self.sizes[d] {
                    let parts = (1..=self.sizes[d]).map(|back| place - back * step).collect();
                    lines.push((place, parts));
                }
                step *= self.sizes[d] + 1;
            }
        }
        lines
    }

    /// The least and the greatest whole number that each withheld cell can be.
    fn attack(&self) -> Vec<(usize, i128, Option<i128>)> {
        let unknowns: Vec<usize> = self.withheld.iter().copied().collect();
        let index = |place: usize| unknowns.binary_search(&place).ok();
        let mut sums = Vec::new();
        for (total, parts) in self.lines() {
            let mut terms = Vec::new();
            let mut is = 0;
            let all = parts.iter().map(|&p| (p, 1)).chain([(total, -1)]);
            for (place, factor) in all {
                match index(place) {
                    Some(unknown) => terms.push((unknown, factor)),
                    None => is -= factor * self.values[place] as i64,
                }
            }
            if !terms.is_empty() {
                sums.push((terms, is));
            }
        }
        let start = Tableau::feasible(unknowns.len(), &sums).expect("the truth is a point");
        let bound = |unknown: usize, sign: i128| {
            let mut cost = vec![Fraction::NOUGHT; unknowns.len()];
            cost[unknown] = Fraction(sign, 1);
            start.clone().minimise(&cost)
        };
        let ends = unknowns.iter().enumerate().map(|(i, &place)| {
            let least = bound(i, 1).expect("nought limits it");
            let most = bound(i, -1).map(|m| -m.0).zip(bound(i, -1).map(|m| m.1));
            let most = most.map(|(over, under)| over.div_euclid(under));
            (place, -(-least.0).div_euclid(least.1), most)
        });
        ends.collect()
    }

    /// Withheld cells whose interval is narrower than the threshold.
    fn breaches(&self) -> usize {
        let narrow = |(_, least, most): &(usize, i128, Option<i128>)| {
            most.is_some_and(|most| most - least < i128::from(THRESHOLD))
        };
        self.attack().iter().filter(|ends| narrow(ends)).count()
    }

    /// What many do by hand: where a line has one withheld cell, its smallest other is
    /// withheld as well, until no line has.
    fn withhold_by_lines(&mut self) {
        loop {
            let lone = self.lines().into_iter().find_map(|(total, parts)| {
                let line = || parts.iter().copied().chain([total]);
                let hidden = line().filter(|p| self.withheld.contains(p)).count();
                let others = line().filter(|p| !self.withheld.contains(p));
                // Nought reveals nothing less than itself when withheld, so it goes last.
                let cheap = |p: &usize| (*p == total, self.values[*p] == 0, self.values[*p]);
                (hidden == 1).then(|| others.min_by_key(cheap)).flatten()
            });
            match lone {
                Some(cell) => self.withheld.insert(cell),
                None => return,
            };
        }
    }
}

/// Counts as services have them: some noughts, some small, most not.
fn random(seed: u64) -> (Vec<usize>, Vec<u64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let sizes: Vec<usize> = match seed % 2 {
        0 => (0..2).map(|_| rng.random_range(2..=6)).collect(),
        _ => (0..3).map(|_| rng.random_range(2..=3)).collect(),
    };
    let count = |rng: &mut ChaCha8Rng| match rng.random_range(0..100) {
        0..15 => 0,
        15..35 => rng.random_range(1..u64::from(THRESHOLD)),
        35..70 => rng.random_range(10..40),
        _ => rng.random_range(40..400),
    };
    let cells = sizes.iter().product();
    let counts = (0..cells).map(|_| count(&mut rng)).collect();
    (sizes, counts)
}

/// What came of one table.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    cells: usize,
    primary: usize,
    /// Withheld beyond the primary ones, by the program and by lines.
    beyond: usize,
    beyond_by_lines: usize,
    breaches: usize,
    tables_that_leak_by_lines: usize,
    refused: usize,
}

impl Outcome {
    fn plus(self, o: Self) -> Self {
        Outcome {
            cells: self.cells + o.cells,
            primary: self.primary + o.primary,
            beyond: self.beyond + o.beyond,
            beyond_by_lines: self.beyond_by_lines + o.beyond_by_lines,
            breaches: self.breaches + o.breaches,
            tables_that_leak_by_lines: self.tables_that_leak_by_lines + o.tables_that_leak_by_lines,
            refused: self.refused + o.refused,
        }
    }
}

fn try_one(seed: u64) -> Outcome {
    let (sizes, counts) = random(seed);
    let build = || {
        let mut ledger = Ledger::new(Threshold::new(THRESHOLD));
        let table = Table::publish(&mut ledger, &sizes, &counts);
        (ledger, table)
    };
    let withheld = |ledger: &Ledger, table: &Table| -> BTreeSet<usize> {
        let cells = table.cells().iter().enumerate();
        cells.filter(|(_, id)| ledger.count(**id) == Count::Withheld).map(|(i, _)| i).collect()
    };
    let (mut ledger, table) = build();
    let primary = withheld(&ledger, &table);
    let values = values(&sizes, &counts);
    let Ok(suppression) = ledger.protect() else {
        return Outcome { refused: 1, ..Outcome::default() };
    };
    let published = Published {
        sizes: sizes.clone(),
        values: values.clone(),
        withheld: withheld(&ledger, &table),
    };
    assert_eq!(published.withheld.len(), suppression.primary + suppression.complementary);
    assert!(published.withheld.is_superset(&primary));
    let mut by_lines = Published { sizes, values, withheld: primary.clone() };
    by_lines.withhold_by_lines();
    Outcome {
        cells: table.cells().len(),
        primary: primary.len(),
        beyond: suppression.complementary,
        beyond_by_lines: by_lines.withheld.len() - primary.len(),
        breaches: published.breaches(),
        tables_that_leak_by_lines: usize::from(by_lines.breaches() > 0),
        refused: 0,
    }
}

/// Every count of a table, totals among them, worked out without the program.
fn values(sizes: &[usize], counts: &[u64]) -> Vec<u64> {
    let frame = Published { sizes: sizes.to_vec(), values: Vec::new(), withheld: BTreeSet::new() };
    let inner: usize = sizes.iter().product();
    let places: usize = sizes.iter().map(|s| s + 1).product();
    let mut values = vec![0; places];
    for (n, count) in counts.iter().enumerate().take(inner) {
        let mut rest = n;
        let mut own = vec![0; sizes.len()];
        for (at, size) in own.iter_mut().zip(sizes).rev() {
            *at = rest % size;
            rest /= size;
        }
        for (place, value) in values.iter_mut().enumerate() {
            let at = frame.at(place);
            if at.iter().zip(&own).zip(sizes).all(|((at, own), size)| at == own || at == size) {
                *value += count;
            }
        }
    }
    values
}

#[test]
fn another_solver_recovers_no_withheld_cell() {
    let tables = std::env::var("VEILWAY_TABLES").ok().and_then(|n| n.parse().ok()).unwrap_or(FEW);
    let all = (0..tables).into_par_iter().map(try_one).reduce(Outcome::default, Outcome::plus);
    println!("{tables} tables: {all:?}");
    assert_eq!(all.breaches, 0, "{all:?}");
    // The attacker can win: the simple method leaks in many tables.
    assert!(all.tables_that_leak_by_lines * 20 > tables as usize, "{all:?}");
    assert!(all.refused * 100 < tables as usize, "{all:?}");
}

#[test]
fn the_exact_solver_is_right_where_it_can_be_worked_out_by_hand() {
    // 3 | 7 | 10     3 and the rest of its square withheld: it is 0 to 10, the totals tell
    // 8 | 9 | 17     that 8 + 3 = 11, so 0 to 10.
    let published = Published {
        sizes: vec![2, 2],
        values: vec![3, 7, 10, 8, 9, 17, 11, 16, 27],
        withheld: BTreeSet::from([0, 1, 3, 4]),
    };
    let ends = [(0, 0, Some(10)), (1, 0, Some(10)), (3, 1, Some(11)), (4, 6, Some(16))];
    assert_eq!(published.attack(), ends);
    let lone = Published { withheld: BTreeSet::from([0]), ..published };
    assert_eq!(lone.attack(), [(0, 3, Some(3))]);
    assert_eq!(lone.breaches(), 1);
}
