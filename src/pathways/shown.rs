//! What the paths that are shown tell of measures: a reader who can see how many of the people
//! counted in a table took a shown path can work out the others.

use super::measure::Measures;
use super::path::{Leaf, Step, Tree};
use super::tally::Tally;
use super::told::Places;
use super::usage::{BEFORE, NEXT, SETS, before_groups};
use crate::disclosure::Ledger;

/// Declares for each count of the tallies that paths tell of how many others there are.
pub(super) fn declare(
    ledger: &mut Ledger,
    m: &Measures,
    tree: &Tree,
    tallies: &[Tally],
    places: &[Places],
) {
    for (tally, places) in tallies.iter().zip(places) {
        match tally.name {
            NEXT => next(ledger, m, tree, places),
            SETS => sets(ledger, m, tree, tally, places),
            BEFORE => before(ledger, m, tree, tally, places),
            _ => {}
        }
    }
}

/// Whoever has a shown whole path that ends where a program first comes started no other
/// program later.
fn next(ledger: &mut Ledger, m: &Measures, tree: &Tree, places: &Places) {
    for a in 0..m.programs.len() {
        let seen = tree.seen(|leaf| {
            let steps: Vec<usize> = leaf.programs().collect();
            leaf.path.last() == Some(&Step::End)
                && steps.iter().position(|p| *p == a).is_some_and(|i| i + 1 == steps.len())
        });
        // Whose follow-up ended within a band, and those followed beyond.
        let counts = places.counts(a);
        let last = counts.len() - 1;
        let none_later = |at: usize| at % 2 == 1 || at == last;
        let cells = counts.iter().enumerate().filter(|(at, _)| none_later(*at));
        let cells: Vec<_> = cells.map(|(_, placed)| *placed).collect();
        ledger.seen_among(&cells, seen);
    }
}

/// A shown whole path is of one set of programs.
fn sets(ledger: &mut Ledger, m: &Measures, tree: &Tree, tally: &Tally, places: &Places) {
    let named = |leaf: &Leaf| {
        let names: Vec<&str> = leaf.set().into_iter().map(|p| m.programs[p].as_str()).collect();
        let name = names.join(" + ");
        tally.groups.iter().position(|group| group.labels[0] == name)
    };
    let others = tally.groups.len() - 1;
    for group in 0..=others {
        let seen = tree.seen(|leaf| {
            leaf.path.last() == Some(&Step::End) && named(leaf).unwrap_or(others) == group
        });
        ledger.seen_among(places.counts(group), seen);
    }
}

/// A shown path that comes to a program tells what came before.
fn before(ledger: &mut Ledger, m: &Measures, tree: &Tree, tally: &Tally, places: &Places) {
    let targets: Vec<usize> = (0..m.programs.len())
        .filter(|&a| tally.groups.iter().any(|group| group.labels[0] == m.programs[a]))
        .collect();
    for (group, (target, came_from)) in before_groups(&targets, &m.moves).into_iter().enumerate() {
        let seen = tree.seen(|leaf| {
            let steps: Vec<usize> = leaf.programs().collect();
            let at = steps.iter().position(|p| *p == target);
            at.is_some_and(|at| at.checked_sub(1).map(|i| steps[i]) == came_from)
        });
        ledger.seen_among(places.counts(group), seen);
    }
}
