//! A printed table with its columns told apart, so that charts read nothing else.

use std::ops::Range;

use crate::disclosure::Count;
use crate::pathways::{Cell, Table};

/// A table about to be drawn.
pub(super) struct Figure<'a> {
    table: &'a Table,
    /// So many columns at the left are labels.
    labels: usize,
    /// The columns of categories.
    pub(super) categories: Range<usize>,
    /// The column of their sum.
    pub(super) total: Option<usize>,
    /// The columns of shares.
    pub(super) shares: Range<usize>,
}

impl<'a> Figure<'a> {
    /// Tells the columns of a table apart; None where there is nothing to draw.
    pub(super) fn of(table: &'a Table) -> Option<Self> {
        let first = table.rows.first()?;
        let end = table.labels + table.categories;
        let total = matches!(first.get(end), Some(Cell::Count(_))).then_some(end);
        let shares = end + usize::from(total.is_some());
        let is_share = |c: &&Cell| matches!(c, Cell::Share(_));
        let shares = shares..shares + first.iter().skip(shares).take_while(is_share).count();
        let is_whole = table.rows.iter().all(|row| row.len() == first.len());
        let is_drawn = table.labels > 0 && table.categories > 0 && end <= first.len() && is_whole;
        let (labels, categories) = (table.labels, table.labels..end);
        is_drawn.then_some(Figure { table, labels, categories, total, shares })
    }

    pub(super) fn rows(&self) -> usize {
        self.table.rows.len()
    }

    /// The table's caption.
    pub(super) fn caption(&self) -> String {
        self.table.caption.clone()
    }

    /// The last label of a row.
    pub(super) fn label(&self, row: usize) -> String {
        self.said(row, self.labels - 1)
    }

    /// The other labels of a row.
    pub(super) fn heading(&self, row: usize) -> String {
        let labels: Vec<String> = (0..self.labels - 1).map(|l| self.said(row, l)).collect();
        labels.join(" · ")
    }

    /// All labels of a row.
    pub(super) fn name(&self, row: usize) -> String {
        let labels: Vec<String> = (0..self.labels).map(|l| self.said(row, l)).collect();
        labels.join(" · ")
    }

    /// Rows that agree in all labels but the last, in a row.
    pub(super) fn series(&self) -> Vec<Range<usize>> {
        let mut series: Vec<Range<usize>> = Vec::new();
        for row in 0..self.rows() {
            match series.last_mut() {
                Some(last) if self.heading(last.start) == self.heading(row) => last.end = row + 1,
                _ => series.push(row..row + 1),
            }
        }
        series
    }

    /// The heading of a column.
    pub(super) fn column(&self, column: usize) -> &str {
        self.table.columns.get(column).map_or("", String::as_str)
    }

    /// What a row is, as it stands in a sentence.
    pub(super) fn row_name(&self) -> String {
        match self.labels {
            1 => self.column(0).to_lowercase(),
            _ => "row of the table".to_owned(),
        }
    }

    /// A cell as the table says it.
    pub(super) fn said(&self, row: usize, column: usize) -> String {
        self.table.rows[row][column].to_string()
    }

    /// A number of the table, where it may be seen.
    pub(super) fn number(&self, row: usize, column: usize) -> Option<f64> {
        match self.table.rows[row][column] {
            Cell::Count(Count::Shown(n)) => Some(n as f64),
            Cell::Share(share) => share,
            _ => None,
        }
    }

    /// The column of the share that belongs to a category, where each has one.
    pub(super) fn share_of(&self, category: usize) -> Option<usize> {
        (self.shares.len() == self.categories.len())
            .then_some(self.shares.start + (category - self.categories.start))
    }

    /// What the last cell of a row remarks, where it is in words.
    pub(super) fn remark(&self, row: usize) -> Option<&str> {
        match self.table.rows[row][self.labels..].last() {
            Some(Cell::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The greatest number of some columns.
    pub(super) fn most(&self, columns: impl Iterator<Item = usize> + Clone) -> f64 {
        let rows = 0..self.rows();
        let numbers = rows.flat_map(|r| columns.clone().filter_map(move |c| self.number(r, c)));
        numbers.fold(0.0, f64::max)
    }
}
