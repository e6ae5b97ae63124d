//! A table of any number of dimensions, with its totals, in a ledger.

use super::ledger::{CellId, Ledger, Worth};

/// Counts by one category of each dimension. Each dimension has one place more than it has
/// categories: the last is its total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Categories of each dimension.
    sizes: Vec<usize>,
    cells: Vec<CellId>,
}

impl Table {
    /// Puts a table and its totals into a ledger. `counts` has one count for each combination
    /// of categories, the last dimension running fastest; counts that are missing are nought.
    ///
    /// A total is missed the more, the more it sums up; the grand total is fixed. A nought in
    /// a small group is withheld ([`super::Threshold::is_telling_nought`]).
    pub fn publish(ledger: &mut Ledger, sizes: &[usize], counts: &[u64]) -> Table {
        let places: usize = sizes.iter().map(|size| size + 1).product();
        let mut table = Table { sizes: sizes.to_vec(), cells: Vec::with_capacity(places) };
        let all: Vec<u64> = (0..places).map(|place| table.sum(&table.at(place), counts)).collect();
        for (place, &count) in all.iter().enumerate() {
            let at = table.at(place);
            let totals = at.iter().zip(sizes).filter(|(at, size)| at == size).count();
            let worth = match totals {
                0 => Worth::Detail,
                n if n == sizes.len() => Worth::Fixed,
                1 => Worth::Row,
                _ => Worth::Headline,
            };
            // A nought speaks of everyone it could have been one of.
            let margins = (0..sizes.len()).filter(|&d| at[d] != sizes[d]);
            let margin = margins.map(|d| all[table.place(&with(&at, d, sizes[d]))]).min();
            let id = match margin {
                Some(margin) if margin > 0 => ledger.publish_in(count, margin, worth),
                _ => ledger.publish(count, worth),
            };
            table.cells.push(id);
        }
        for place in 0..places {
            let at = table.at(place);
            for d in (0..sizes.len()).filter(|&d| at[d] == sizes[d]) {
                let parts: Vec<CellId> =
                    (0..sizes[d]).map(|c| table.cell(&with(&at, d, c))).collect();
                ledger.total(table.cells[place], parts);
            }
        }
        table
    }

    /// The count of a combination of categories; a category past the last is the total.
    pub fn cell(&self, at: &[usize]) -> CellId {
        self.cells[self.place(at)]
    }

    /// Every count, totals among them, the last dimension running fastest.
    pub fn cells(&self) -> &[CellId] {
        &self.cells
    }

    fn at(&self, mut place: usize) -> Vec<usize> {
        let mut at = vec![0; self.sizes.len()];
        for (at, size) in at.iter_mut().zip(&self.sizes).rev() {
            *at = place % (size + 1);
            place /= size + 1;
        }
        at
    }

    fn place(&self, at: &[usize]) -> usize {
        at.iter().zip(&self.sizes).fold(0, |place, (at, size)| place * (size + 1) + at)
    }

    /// The sum of the counts that a place, total or not, stands for.
    fn sum(&self, at: &[usize], counts: &[u64]) -> u64 {
        let Some(d) = (0..at.len()).find(|&d| at[d] == self.sizes[d]) else {
            let place = at.iter().zip(&self.sizes).fold(0, |place, (at, size)| place * size + at);
            return counts.get(place).copied().unwrap_or(0);
        };
        (0..self.sizes[d]).map(|category| self.sum(&with(at, d, category), counts)).sum()
    }
}

fn with(at: &[usize], dimension: usize, category: usize) -> Vec<usize> {
    let mut at = at.to_vec();
    at[dimension] = category;
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::{Count, Threshold};

    #[test]
    fn totals_are_worked_out_in_every_direction() {
        // 2 × 2 × 2: 10, 20, …, 80.
        let counts: Vec<u64> = (1..=8).map(|n| n * 10).collect();
        let mut ledger = Ledger::new(Threshold::new(3));
        let table = Table::publish(&mut ledger, &[2, 2, 2], &counts);
        ledger.protect().expect("protected");
        let shown = |at: [usize; 3]| ledger.count(table.cell(&at));
        assert_eq!(table.cells().len(), 27);
        assert_eq!(shown([0, 0, 0]), Count::Shown(10));
        assert_eq!(shown([1, 0, 2]), Count::Shown(50 + 60));
        assert_eq!(shown([2, 0, 2]), Count::Shown(10 + 20 + 50 + 60));
        assert_eq!(shown([2, 2, 2]), Count::Shown(360));
    }

    #[test]
    fn a_nought_in_a_small_group_is_withheld_and_an_empty_group_is_not() {
        let mut ledger = Ledger::new(Threshold::new(3));
        // The first row has five people, the second none.
        let table = Table::publish(&mut ledger, &[3, 2], &[0, 5, 0, 0, 40, 40]);
        assert_eq!(ledger.count(table.cell(&[0, 0])), Count::Withheld);
        assert_eq!(ledger.count(table.cell(&[1, 0])), Count::Shown(0));
    }
}
