//! What else to withhold so that a count is safe: the least missed counts that can move
//! together with it.
//!
//! A linear program moves the count up by the width it needs and lets every other count move
//! along, so that all sums hold, at a cost for each count that is published now. Those that
//! move are withheld together: they hide each other, since each of them mostly moves as far
//! (Kelly, Golden and Assad 1992). What comes of it is proved afterwards like everything else.

use microlp::{ComparisonOp, LinearExpr, OptimizationDirection, Problem, SolveOutcome};

use super::ledger::{Cell, CellId, Ledger, Worth};

/// Published counts that could be withheld together to make a count safe; none where the
/// solver finds no way.
pub(super) fn cheapest(ledger: &Ledger, cell: usize) -> Vec<usize> {
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let near = ledger.nearby(cell);
    let width = ledger.threshold.width() as f64;
    let moves: Vec<_> = near
        .iter()
        .map(|&i| {
            let own = &ledger.cells[i];
            let (cost, up, down) = match cost(own) {
                _ if i == cell => (0.0, (width, width), (0.0, 0.0)),
                Some(cost) => (cost, (0.0, f64::INFINITY), (0.0, own.value as f64)),
                None => (0.0, (0.0, 0.0), (0.0, 0.0)),
            };
            (problem.add_var(cost, up), problem.add_var(cost, down))
        })
        .collect();
    let place = |i: usize| near.binary_search(&i).ok();
    for terms in ledger.sums_of(&near) {
        let mut sum = LinearExpr::empty();
        for &(CellId(i), factor) in terms {
            let Some(at) = place(i) else { continue };
            sum.add(moves[at].0, factor as f64);
            sum.add(moves[at].1, -factor as f64);
        }
        problem.add_constraint(sum, ComparisonOp::Eq, 0.0);
    }
    let Ok(SolveOutcome::Solution(solution)) = problem.solve() else { return Vec::new() };
    let moved = |at: usize| {
        (solution.var_value(moves[at].0) - solution.var_value(moves[at].1)).abs() > 1e-6
    };
    let chosen =
        near.iter().enumerate().filter(|(at, i)| ledger.cells[**i].is_known() && moved(*at));
    chosen.map(|(_, &i)| i).collect()
}

/// What moving a count by one costs; None where it must not move.
fn cost(cell: &Cell) -> Option<f64> {
    // A large count is missed a little more than a small one of the same table.
    let size = (2.0 + cell.value as f64).log2() / 16.0;
    Some(match cell.worth() {
        // Withheld already: moving it costs next to nothing, but no detours.
        None => 0.001,
        Some(Worth::Detail) => 1.0 + size,
        Some(Worth::Row) => 3.0 + size,
        Some(Worth::Headline) => 12.0 + size,
        Some(Worth::Fixed) => return None,
    })
}
