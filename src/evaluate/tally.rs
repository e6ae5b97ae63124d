//! Counting: pairs and clusters, found and true. Pairs are counted from the sizes of
//! clusters, never one by one, so that a large cluster costs no more than a small one.

use serde::Serialize;

use super::input::{RecordSet, Source};
use super::{quality, share};

/// Pairs of records in scope.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pairs {
    /// Share of the linked pairs that are true.
    pub precision: Option<f64>,
    /// Share of the true pairs that are linked.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
    /// Linked pairs that are true.
    pub true_positive: u64,
    /// Linked pairs.
    pub linked: u64,
    /// True pairs.
    #[serde(rename = "true")]
    pub true_pairs: u64,
    /// True pairs that no linkage could find: a record of theirs was not packaged.
    pub true_not_packaged: u64,
    /// Recall among the true pairs of packaged records.
    pub recall_packaged: Option<f64>,
}

/// Clusters of two records or more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Clusters {
    /// Share of the linked clusters that are exactly a true one.
    pub precision: Option<f64>,
    /// Share of the true clusters that were found exactly.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
    /// Clusters found exactly.
    pub exact: u64,
    /// Linked clusters.
    pub linked: u64,
    /// True clusters.
    #[serde(rename = "true")]
    pub true_clusters: u64,
}

/// B-cubed: for each record, how pure its linked cluster is and how much of its true one it
/// holds, averaged over all records (Bagga and Baldwin 1998).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BCubed {
    /// Mean share of a record's linked cluster that is its person.
    pub precision: Option<f64>,
    /// Mean share of a record's person that is in its linked cluster.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
}

/// Where a record was put, and where it belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Placed {
    linked: u64,
    person: u32,
    /// Nothing for a record that was not packaged.
    source: Option<u16>,
}

/// Puts every record with truth into its linked cluster. A row without a map and a record
/// without a row are clusters of their own.
pub(super) fn placed(set: &RecordSet) -> Vec<Placed> {
    let mapped = set.rows.iter().filter_map(|row| row.linked).max().map_or(0, |p| u64::from(p) + 1);
    let rows = set.rows.len() as u64;
    (0..)
        .zip(&set.records)
        .map(|(place, record): (u64, _)| {
            let person = record.person;
            let Some(at) = record.row else {
                return Placed { linked: mapped + rows + place, person, source: None };
            };
            let row = &set.rows[at as usize];
            let linked = row.linked.map_or(mapped + u64::from(at), u64::from);
            Placed { linked, person, source: Some(row.source) }
        })
        .collect()
}

/// Counts pairs in scope.
pub(super) fn pairs(placed: &[Placed], sources: &[Source]) -> Pairs {
    let linked = count(placed.iter().map(|p| (p.linked, 0, p.source)), sources);
    let true_pairs = count(placed.iter().map(|p| (0, p.person, p.source)), sources);
    let both = count(placed.iter().map(|p| (p.linked, p.person, p.source)), sources);
    let packaged = placed.iter().filter(|p| p.source.is_some());
    let reachable = count(packaged.map(|p| (0, p.person, p.source)), sources);
    let [precision, recall, f1] = quality(both, linked, true_pairs);
    Pairs {
        precision,
        recall,
        f1,
        true_positive: both,
        linked,
        true_pairs,
        true_not_packaged: true_pairs - reachable,
        recall_packaged: share(both, reachable),
    }
}

/// Pairs within groups, without those inside one source that holds each person once. A
/// record whose source is not known is taken to be of another source than any.
fn count(keys: impl Iterator<Item = (u64, u32, Option<u16>)>, sources: &[Source]) -> u64 {
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    let mut total = 0;
    for group in keys.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        total += choose_two(group.len());
        for same in group.chunk_by(|a, b| a.2 == b.2) {
            let unique = same[0].2.is_some_and(|s| sources[usize::from(s)].unique_people);
            if unique {
                total -= choose_two(same.len());
            }
        }
    }
    total
}

/// How many pairs so many things make.
pub(super) fn choose_two(n: usize) -> u64 {
    let n = n as u64;
    n * n.saturating_sub(1) / 2
}

/// Counts whole clusters, and measures B-cubed.
pub(super) fn clusters(placed: &[Placed]) -> (Clusters, BCubed) {
    let mut sorted = placed.to_vec();
    sorted.sort_unstable();
    let people = sorted.iter().map(|p| p.person as usize + 1).max().unwrap_or(0);
    let mut person_size = vec![0u64; people];
    for record in &sorted {
        person_size[record.person as usize] += 1;
    }
    let true_clusters = person_size.iter().filter(|&&n| n > 1).count() as u64;
    let (mut linked, mut exact) = (0, 0);
    let (mut purity, mut wholeness) = (0.0, 0.0);
    for cluster in sorted.chunk_by(|a, b| a.linked == b.linked) {
        linked += u64::from(cluster.len() > 1);
        for cell in cluster.chunk_by(|a, b| a.person == b.person) {
            let n = cell.len() as u64;
            let of_person = person_size[cell[0].person as usize];
            exact += u64::from(n > 1 && cell.len() == cluster.len() && n == of_person);
            purity += (n * n) as f64 / cluster.len() as f64;
            wholeness += (n * n) as f64 / of_person as f64;
        }
    }
    let [precision, recall, f1] = quality(exact, linked, true_clusters);
    let clusters = Clusters { precision, recall, f1, exact, linked, true_clusters };
    let mean = |sum: f64| (!sorted.is_empty()).then(|| sum / sorted.len() as f64);
    let (precision, recall) = (mean(purity), mean(wholeness));
    let f1 = precision.zip(recall).map(|(p, r)| 2.0 * p * r / (p + r));
    (clusters, BCubed { precision, recall, f1 })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sources() -> Vec<Source> {
        let source = |name: &str, unique_people| Source { name: name.into(), unique_people };
        vec![source("a", true), source("b", false), source("c", true)]
    }

    /// Every pair looked at, one by one.
    fn naive(placed: &[Placed], same: impl Fn(&Placed, &Placed) -> bool) -> u64 {
        let sources = sources();
        let mut n = 0;
        for (i, a) in placed.iter().enumerate() {
            for b in &placed[i + 1..] {
                let unique = a.source.is_some_and(|s| sources[usize::from(s)].unique_people);
                let in_scope = a.source != b.source || !unique;
                n += u64::from(in_scope && same(a, b));
            }
        }
        n
    }

    proptest! {
        #[test]
        fn counting_agrees_with_looking_at_every_pair(
            drawn in prop::collection::vec((0u64..8, 0u32..8, prop::option::of(0u16..3)), 0..40)
        ) {
            let placed: Vec<Placed> = drawn
                .into_iter()
                .map(|(linked, person, source)| Placed { linked, person, source })
                .collect();
            let pairs = pairs(&placed, &sources());
            prop_assert_eq!(pairs.linked, naive(&placed, |a, b| a.linked == b.linked));
            prop_assert_eq!(pairs.true_pairs, naive(&placed, |a, b| a.person == b.person));
            let both = naive(&placed, |a, b| a.linked == b.linked && a.person == b.person);
            prop_assert_eq!(pairs.true_positive, both);
            let gone = |p: &Placed| p.source.is_none();
            let missing = naive(&placed, |a, b| a.person == b.person && (gone(a) || gone(b)));
            prop_assert_eq!(pairs.true_not_packaged, missing);
        }
    }

    #[test]
    fn clusters_of_a_worked_example() {
        // Three people with 3, 2 and 1 records; the second was found exactly, the first
        // was split and one of its parts has the record of the third.
        let at = |linked, person| Placed { linked, person, source: Some(1) };
        let placed = [at(1, 0), at(1, 0), at(2, 0), at(2, 2), at(3, 1), at(3, 1)];
        let (clusters, b_cubed) = clusters(&placed);
        assert_eq!((clusters.exact, clusters.linked, clusters.true_clusters), (1, 3, 2));
        assert_eq!(clusters.precision, Some(1.0 / 3.0));
        assert_eq!(clusters.recall, Some(0.5));
        // Purity 1, 1, 1/2, 1/2, 1, 1; wholeness 2/3, 2/3, 1/3, 1, 1, 1.
        assert!((b_cubed.precision.expect("records") - 5.0 / 6.0).abs() < 1e-12);
        assert!((b_cubed.recall.expect("records") - 14.0 / 18.0).abs() < 1e-12);
    }

    #[test]
    fn nothing_linked_has_no_precision() {
        let at = |linked| Placed { linked, person: 0, source: Some(1) };
        let pairs = pairs(&[at(1), at(2)], &sources());
        assert_eq!((pairs.precision, pairs.recall, pairs.f1), (None, Some(0.0), Some(0.0)));
    }
}
