//! What was found: per item and rule, how often and where first. Holds line numbers, never a
//! value.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rule::Rule;

/// So many lines are named for each finding.
const LINES: usize = 5;

/// Findings as they are counted. The item is its place in the dictionary; none is a whole row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Tally {
    found: BTreeMap<(Option<usize>, Rule), Places>,
    /// How many findings there are.
    notes: u64,
    /// Records of which something was found by themselves.
    pub(super) records: u64,
    /// Of each item, how many records have an answer, a code for none, and nothing.
    pub(super) fill: Vec<Fill>,
}

/// How often, and where first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Places {
    pub(super) count: u64,
    pub(super) lines: Vec<u64>,
}

/// How an item is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Fill {
    /// Records with an answer.
    pub filled: u64,
    /// Records with a code for "not stated" or "not applicable".
    pub no_answer: u64,
    /// Records with nothing.
    pub empty: u64,
}

impl Tally {
    pub(super) fn of(items: usize) -> Tally {
        Tally { fill: vec![Fill::default(); items], ..Tally::default() }
    }

    /// Notes a finding; line 0 is the file as a whole.
    pub(super) fn note(&mut self, item: Option<usize>, rule: Rule, line: u64) {
        let places = self.found.entry((item, rule)).or_default();
        places.count += 1;
        places.add(line);
        self.notes += 1;
    }

    /// How many findings there are.
    pub(super) fn count(&self) -> u64 {
        self.notes
    }

    /// Adds what was found in later rows, or in the same ones by another rule.
    pub(super) fn append(&mut self, other: Tally) {
        for (key, more) in other.found {
            let places = self.found.entry(key).or_default();
            places.count += more.count;
            more.lines.iter().for_each(|line| places.add(*line));
        }
        self.notes += other.notes;
        self.records += other.records;
        for (fill, more) in self.fill.iter_mut().zip(other.fill) {
            fill.filled += more.filled;
            fill.no_answer += more.no_answer;
            fill.empty += more.empty;
        }
    }

    /// Every finding, by item and rule.
    pub(super) fn found(&self) -> impl Iterator<Item = (Option<usize>, Rule, &Places)> {
        self.found.iter().map(|((item, rule), places)| (*item, *rule, places))
    }
}

impl Places {
    /// Keeps the first lines, in order.
    fn add(&mut self, line: u64) {
        if line == 0 || self.lines.contains(&line) {
            return;
        }
        let at = self.lines.partition_point(|known| *known < line);
        if at < LINES {
            self.lines.insert(at, line);
            self.lines.truncate(LINES);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_are_kept_in_any_order_of_finding() {
        let mut tally = Tally::of(1);
        for line in [9, 3, 8, 2, 7, 7, 4, 30] {
            tally.note(Some(0), Rule::Code, line);
        }
        let mut other = Tally::of(1);
        other.note(Some(0), Rule::Code, 1);
        other.note(None, Rule::Unreadable, 5);
        tally.append(other);
        let found: Vec<_> = tally
            .found()
            .map(|(item, rule, places)| (item, rule, places.count, places.lines.clone()))
            .collect();
        assert_eq!(
            found,
            [(None, Rule::Unreadable, 1, vec![5]), (Some(0), Rule::Code, 9, vec![1, 2, 3, 4, 7]),]
        );
        assert_eq!(tally.count(), 10);
    }
}
