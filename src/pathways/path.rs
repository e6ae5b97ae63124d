//! Paths: the order in which people used programs, and the tree of those that may be shown.
//!
//! A path is a person's programs in order, repeats in a row collapsed, at most
//! [`MOST_STEPS`] long. Rare paths fold into the longest beginning that enough people share
//! (`security.md` 6.2.8). The shown tree divides the people into groups, each of at least
//! the threshold; every number drawn from it (a path, a beginning, a flow between steps) is
//! a sum of whole groups, so no difference between such numbers is a small count.

use std::collections::{BTreeMap, BTreeSet};

use crate::disclosure::Threshold;

/// Paths are told up to so many programs.
pub(crate) const MOST_STEPS: usize = 6;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Step {
    /// A program, by index.
    Program(u8),
    /// Nothing further by the extract date.
    End,
    /// Further programs beyond [`MOST_STEPS`].
    More,
}

/// Programs in order, closed by [`Step::End`] or [`Step::More`].
pub(crate) type Path = Vec<Step>;

/// The path of a person's programs in order.
pub(crate) fn of(programs: impl Iterator<Item = u8>) -> Path {
    let mut path: Path = Vec::with_capacity(MOST_STEPS + 1);
    for program in programs {
        let step = Step::Program(program);
        if path.last() == Some(&step) {
            continue;
        }
        if path.len() == MOST_STEPS {
            path.push(Step::More);
            return path;
        }
        path.push(step);
    }
    path.push(Step::End);
    path
}

/// A group of people whose paths are shown alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// The steps shown. Without a closing step, the people share this beginning and then
    /// differ too much to show.
    pub(crate) path: Path,
    /// How many people.
    pub(crate) people: u64,
}

impl Leaf {
    /// Whether the whole path is shown, not only its beginning.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self.path.last(), Some(Step::End | Step::More))
    }

    /// The programs shown, in order.
    pub(crate) fn programs(&self) -> impl Iterator<Item = usize> + '_ {
        self.path.iter().filter_map(|s| match s {
            Step::Program(p) => Some(usize::from(*p)),
            Step::End | Step::More => None,
        })
    }

    /// The different programs shown.
    pub(crate) fn set(&self) -> BTreeSet<usize> {
        self.programs().collect()
    }
}

/// The paths that may be shown: groups of at least a threshold of people, that together are
/// everyone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    /// In path order.
    pub(crate) leaves: Vec<Leaf>,
}

impl Tree {
    /// Folds rare paths; beginnings in `hidden` are folded whatever their count.
    pub(crate) fn fold(
        paths: &BTreeMap<Path, u64>,
        threshold: Threshold,
        hidden: &BTreeSet<Path>,
    ) -> Self {
        let list: Vec<Counted> = paths.iter().map(|(p, n)| (p.as_slice(), *n)).collect();
        let mut leaves = Vec::new();
        branch(&[], &list, threshold, hidden, &mut leaves);
        leaves.sort_by(|a, b| a.path.cmp(&b.path));
        Tree { leaves }
    }

    /// People whose shown path begins so; None where it is not shown.
    pub(crate) fn beginning(&self, path: &[Step]) -> Option<u64> {
        let within: Vec<u64> =
            self.leaves.iter().filter(|l| l.path.starts_with(path)).map(|l| l.people).collect();
        (!within.is_empty()).then(|| within.iter().sum())
    }

    /// For each leaf, the sum of a number of each path that is counted in it.
    pub(crate) fn keys(&self, paths: &BTreeMap<Path, u64>) -> Vec<u64> {
        let mut keys = vec![0u64; self.leaves.len()];
        let of: BTreeMap<&[Step], usize> =
            self.leaves.iter().enumerate().map(|(i, leaf)| (leaf.path.as_slice(), i)).collect();
        for (path, key) in paths {
            // A path is counted in the longest of its beginnings that is a leaf.
            let leaf = (0..=path.len()).rev().find_map(|cut| of.get(&path[..cut]));
            if let Some(&leaf) = leaf {
                keys[leaf] = keys[leaf].wrapping_add(*key);
            }
        }
        keys
    }

    /// How many people of the shown groups have something.
    pub(crate) fn seen(&self, has: impl Fn(&Leaf) -> bool) -> u64 {
        self.leaves.iter().filter(|l| has(l)).map(|l| l.people).sum()
    }
}

/// A path and how many people have it.
type Counted<'a> = (&'a [Step], u64);

/// Shows one beginning: its continuations with enough people each, and a group for the
/// rest. `list` are the paths below it, in order.
fn branch(
    stem: &[Step],
    list: &[Counted],
    threshold: Threshold,
    hidden: &BTreeSet<Path>,
    leaves: &mut Vec<Leaf>,
) {
    let enough = u64::from(threshold.people());
    let depth = stem.len();
    let mut rest = 0;
    let mut kept: Vec<(u64, &[Counted])> = Vec::new();
    for group in list.chunk_by(|a, b| a.0[depth] == b.0[depth]) {
        let people: u64 = group.iter().map(|(_, n)| n).sum();
        if people < enough || hidden.contains(&group[0].0[..=depth]) {
            rest += people;
        } else {
            kept.push((people, group));
        }
    }
    // A small rest would be derivable as the beginning less the groups shown: it takes the
    // smallest of them in.
    kept.sort_by_key(|(people, group)| (std::cmp::Reverse(*people), group[0].0[depth]));
    while threshold.is_small(rest) {
        let Some((people, _)) = kept.pop() else { break };
        rest += people;
    }
    if rest > 0 {
        leaves.push(Leaf { path: stem.to_vec(), people: rest });
    }
    for (people, group) in kept {
        let path = &group[0].0[..=depth];
        match path[depth] {
            Step::Program(_) => branch(path, group, threshold, hidden, leaves),
            Step::End | Step::More => leaves.push(Leaf { path: path.to_vec(), people }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> Path {
        of(text.bytes().map(|b| b - b'A'))
    }

    #[test]
    fn repeats_collapse_and_long_paths_are_cut() {
        use Step::{End, More, Program};
        assert_eq!(path("AAB"), [Program(0), Program(1), End]);
        assert_eq!(path("ABABAB").len(), 7);
        assert_eq!(path("ABABAB")[6], End);
        assert_eq!(path("ABABABB")[6], End);
        assert_eq!(path("ABABABA")[6], More);
    }

    #[test]
    fn rare_paths_fold_into_their_beginning() {
        let paths = [("A", 10), ("AB", 9), ("ABC", 3), ("AC", 3), ("B", 2), ("C", 20)]
            .map(|(p, n)| (path(p), n))
            .into();
        let tree = Tree::fold(&paths, Threshold::new(5), &BTreeSet::new());
        let shown: Vec<(Path, u64)> =
            tree.leaves.iter().map(|l| (l.path.clone(), l.people)).collect();
        // Under A: A-B has 12 (9 end there, 3 go on: 3 is small, so the 9 join them), A-C
        // has 3: folded, small, so A's smallest, the 10 who end there, join: 13.
        // At the top: B's 2 are small, so the smallest shown there, C's 20, join them.
        assert_eq!(
            shown,
            [
                (vec![], 22),
                (vec![Step::Program(0)], 13),
                (vec![Step::Program(0), Step::Program(1)], 12),
            ]
        );
        assert_eq!(tree.beginning(&[Step::Program(0)]), Some(25));
        assert_eq!(tree.beginning(&[Step::Program(2)]), None);
    }

    proptest! {
        #[test]
        fn groups_are_everyone_and_never_small(
            paths in prop::collection::btree_map("[A-C]{1,7}", 1u64..12, 1..40),
            hide in prop::collection::vec("[A-C]{1,3}", 0..3),
        ) {
            let mut counted: BTreeMap<Path, u64> = BTreeMap::new();
            for (text, n) in &paths {
                *counted.entry(path(text)).or_default() += n;
            }
            let hidden: BTreeSet<Path> = hide.iter().map(|h| {
                let mut p = path(h);
                p.pop();
                p
            }).collect();
            let everyone: u64 = counted.values().sum();
            let tree = Tree::fold(&counted, Threshold::new(5), &hidden);
            prop_assert_eq!(tree.seen(|_| true), everyone);
            let people: Vec<u64> = tree.leaves.iter().map(|leaf| leaf.people).collect();
            prop_assert_eq!(tree.keys(&counted), people);
            for leaf in &tree.leaves {
                prop_assert!(leaf.people >= 5 || everyone < 5, "{:?}", leaf);
                prop_assert!(!hidden.iter().any(|h| !h.is_empty() && leaf.path.starts_with(h)));
            }
            // A shown beginning has everyone who began so.
            for leaf in &tree.leaves {
                for cut in 1..=leaf.path.len() {
                    let stem = &leaf.path[..cut];
                    let all: u64 = counted.iter().filter(|(p, _)| p.starts_with(stem)).map(|(_, n)| n).sum();
                    prop_assert_eq!(tree.beginning(stem), Some(all));
                }
            }
        }
    }
}
