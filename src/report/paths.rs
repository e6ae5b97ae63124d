//! The commonest paths, as rows with a bar.

use super::chart;
use crate::pathways::{Leaf, Release, Step, thousands};

/// The report shows so many paths; the file has all.
const PATHS_SHOWN: usize = 20;

/// A row of the paths figure.
pub(super) struct PathRow {
    pub(super) steps: Vec<(String, &'static str)>,
    /// What stands after the steps, where there is something.
    pub(super) tail: &'static str,
    pub(super) people: String,
    pub(super) share: String,
    /// Length of the bar, in per cent of the longest.
    pub(super) bar: f64,
}

pub(super) fn path_rows(r: &Release) -> Vec<PathRow> {
    let leaves = r.ranked_paths();
    let longest = leaves.iter().map(|l| l.people).max().unwrap_or(1).max(1);
    let row = |leaf: &&Leaf| PathRow {
        steps: leaf.programs().map(|p| (r.programs[p].clone(), chart::colour(p))).collect(),
        tail: match leaf.path.last() {
            None => "Other paths",
            Some(Step::End) => "",
            Some(Step::More) => "more than six",
            Some(Step::Program(_)) => "other continuations",
        },
        people: thousands(leaf.people),
        share: format!("{:.1}%", 100.0 * leaf.people as f64 / r.people as f64),
        bar: 100.0 * leaf.people as f64 / longest as f64,
    };
    leaves.iter().take(PATHS_SHOWN).map(row).collect()
}

/// What the paths beyond [`PATHS_SHOWN`] come to.
pub(super) fn more_paths(r: &Release) -> Option<String> {
    let leaves = r.ranked_paths();
    let (shown, more) = leaves.split_at(leaves.len().min(PATHS_SHOWN));
    let people: u64 = shown.iter().map(|l| l.people).sum();
    let share = 100.0 * people as f64 / r.people as f64;
    (!more.is_empty()).then(|| {
        format!(
            "The {} rows above are {share:.0}% of people; {} more rows are in the file.",
            shown.len(),
            more.len()
        )
    })
}
