//! A tally as it may be printed: its counts in the ledger of the release, or with noise.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::{Chart, Derived, Group, Of, Tally};
use crate::disclosure::{CellId, Count, Ledger, Protection, Worth};

/// A measure as it may be printed. Holds no exact small count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) caption: String,
    pub(crate) rule: String,
    pub(crate) by: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) total: Option<String>,
    pub(crate) groups: Vec<ToldGroup>,
    pub(crate) derived: Derived,
    pub(crate) chart: Chart,
}

/// One row of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ToldGroup {
    pub(crate) labels: Vec<String>,
    pub(crate) counts: Vec<Count>,
    pub(crate) total: Count,
    /// The people it is part of.
    pub(crate) whole: Count,
}

impl Told {
    fn of(tally: &Tally, groups: Vec<ToldGroup>) -> Self {
        Told {
            name: tally.name,
            caption: tally.caption.clone(),
            rule: tally.rule.clone(),
            by: tally.by.clone(),
            categories: tally.categories.clone(),
            total: tally.total.clone(),
            groups,
            derived: tally.derived,
            chart: tally.chart,
        }
    }

    /// Puts noise on every count; `whole` gives the count, with its noise, of other people.
    pub(super) fn noised(
        tally: &Tally,
        one: &mut impl FnMut(u64, u64) -> Count,
        whole: &impl Fn(Of) -> Count,
    ) -> Self {
        let groups = tally.groups.iter().map(|group| {
            let of = whole(group.of);
            let sum = |numbers: &[u64]| numbers.iter().fold(0u64, |sum, n| sum.wrapping_add(*n));
            ToldGroup {
                labels: group.labels.clone(),
                counts: group.counts.iter().zip(&group.keys).map(|(&n, &k)| one(n, k)).collect(),
                // The same people have the same noise anyway.
                total: if group.is_all { of } else { one(group.total(), sum(&group.keys)) },
                whole: of,
            }
        });
        Told::of(tally, groups.collect())
    }
}

/// Noise on tallies, in their order, which may name each other.
pub(super) fn noised(
    tallies: &[Tally],
    protection: &Protection,
    cells: &mut usize,
    base: impl Fn(Of) -> Count,
) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    for tally in tallies {
        let mut one = |count, key| {
            *cells += 1;
            Count::Shown(protection.noised(count, key))
        };
        let whole = |of: Of| match of {
            Of::Group(name, i) => find(&told, name).map_or(Count::Withheld, |t| t.groups[i].total),
            Of::Count(name, i, c) => {
                find(&told, name).map_or(Count::Withheld, |t| t.groups[i].counts[c])
            }
            of => base(of),
        };
        let next = Told::noised(tally, &mut one, &whole);
        told.push(next);
    }
    told
}

fn find<'a>(told: &'a [Told], name: &str) -> Option<&'a Told> {
    told.iter().find(|t| t.name == name)
}

/// A count in the ledger and its value.
pub(super) type Placed = (CellId, u64);

/// Where the counts of a tally stand in the ledger.
pub(super) struct Places {
    groups: Vec<PlacedGroup>,
}

struct PlacedGroup {
    counts: Vec<Placed>,
    total: Placed,
    whole: Option<Placed>,
}

/// Puts tallies into the ledger, in their order, which may name each other. `base` says where
/// other counts stand.
pub(super) fn place(
    ledger: &mut Ledger,
    tallies: &[Tally],
    base: impl Fn(Of) -> Option<Placed>,
) -> Vec<Places> {
    let mut all: Vec<Places> = Vec::new();
    let mut named: BTreeMap<&'static str, usize> = BTreeMap::new();
    for tally in tallies {
        let group = |name, i: usize| all[*named.get(name)?].groups.get(i);
        let find = |of: Of| match of {
            Of::Group(name, i) => Some(group(name, i)?.total),
            Of::Count(name, i, category) => group(name, i)?.counts.get(category).copied(),
            of => base(of),
        };
        let places = Places::of(ledger, tally, &find);
        named.insert(tally.name, all.len());
        all.push(places);
    }
    all
}

impl Places {
    fn of(ledger: &mut Ledger, tally: &Tally, find: &impl Fn(Of) -> Option<Placed>) -> Self {
        let places: Vec<PlacedGroup> = tally
            .groups
            .iter()
            .map(|group| PlacedGroup::of(ledger, group, tally.total.is_some(), find(group.of)))
            .collect();
        let find = |of: Of| match of {
            Of::Group(name, i) if name == tally.name => Some(places.get(i)?.total),
            Of::Count(name, i, c) if name == tally.name => places.get(i)?.counts.get(c).copied(),
            of => find(of),
        };
        for tie in &tally.ties {
            let wholes: Option<Vec<Placed>> = tie.wholes.iter().map(|of| find(*of)).collect();
            let Some(wholes) = wholes else { continue };
            let parts: Vec<Placed> = tie.parts.iter().map(|&(g, c)| places[g].counts[c]).collect();
            let sum = |placed: &[Placed]| placed.iter().map(|(_, n)| n).sum::<u64>();
            // A count that is its own whole says nothing.
            let cells = |placed: &[Placed]| -> BTreeSet<CellId> {
                placed.iter().map(|(id, _)| *id).collect()
            };
            let (of, within) = (cells(&wholes), cells(&parts));
            debug_assert!(sum(&parts) <= sum(&wholes), "{}: more than its whole", tally.name);
            let mut terms: Vec<(CellId, i64)> = of.difference(&within).map(|id| (*id, 1)).collect();
            terms.extend(within.difference(&of).map(|id| (*id, -1)));
            if !tie.is_all {
                let left = sum(&wholes).saturating_sub(sum(&parts));
                terms.push((ledger.derive(left), -1));
            }
            ledger.relate(terms);
        }
        Places { groups: places }
    }

    /// Where the counts of a group stand, and their values.
    pub(super) fn counts(&self, group: usize) -> &[Placed] {
        &self.groups[group].counts
    }

    /// What of the tally may be printed.
    pub(super) fn told(&self, tally: &Tally, ledger: &Ledger) -> Told {
        let count = |(id, _): Placed| ledger.count(id);
        let groups = tally.groups.iter().zip(&self.groups);
        let groups = groups.map(|(group, at)| ToldGroup {
            labels: group.labels.clone(),
            counts: at.counts.iter().copied().map(count).collect(),
            total: count(at.total),
            whole: at.whole.map_or(Count::Withheld, count),
        });
        Told::of(tally, groups.collect())
    }
}

impl PlacedGroup {
    /// `whole` is what the group is part of; None where that is not told at all.
    fn of(ledger: &mut Ledger, group: &Group, is_summed: bool, whole: Option<Placed>) -> Self {
        let value = group.total();
        let is_alone = group.counts.len() == 1;
        let same = whole.filter(|_| group.is_all);
        let margin = whole.map_or(value, |(_, of)| of);
        let total = match same {
            Some((whole, _)) => whole,
            None if is_alone => publish(ledger, group, Some(0), value, margin, Worth::Row),
            None if is_summed => publish(ledger, group, None, value, margin, Worth::Row),
            None => ledger.derive(value),
        };
        if let Some((whole, of)) = whole.filter(|_| !group.is_all) {
            debug_assert!(value <= of, "a group is more than its whole");
            ledger.remainder(whole, total, of.saturating_sub(value));
        }
        let total = (total, value);
        if is_alone {
            return PlacedGroup { counts: vec![total], total, whole };
        }
        let counts: Vec<Placed> = (0..group.counts.len())
            .map(|c| {
                let n = group.counts[c];
                (publish(ledger, group, Some(c), n, value, Worth::Detail), n)
            })
            .collect();
        ledger.total(total.0, counts.iter().map(|(id, _)| *id));
        PlacedGroup { counts, total, whole }
    }
}

/// Publishes a count of a group: a category, or all of it.
fn publish(
    ledger: &mut Ledger,
    group: &Group,
    category: Option<usize>,
    value: u64,
    margin: u64,
    worth: Worth,
) -> CellId {
    let few = ledger.threshold();
    let behind = category.and_then(|c| group.contributions.get(c));
    if behind.is_some_and(|b| few.is_small(b.people()) || b.is_dominated()) {
        return ledger.withhold(value);
    }
    // Nobody in an empty group is told of.
    match margin {
        0 => ledger.publish(value, worth),
        margin => ledger.publish_in(value, margin, worth),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::disclosure::Threshold;
    use crate::pathways::tally::Tie;

    fn tally(name: &'static str, groups: Vec<Group>, ties: Vec<Tie>) -> Tally {
        let width = groups.first().map_or(0, |g| g.counts.len());
        Tally {
            name,
            caption: String::new(),
            rule: String::new(),
            by: vec!["Group".into()],
            categories: (0..width).map(|c| c.to_string()).collect(),
            total: None,
            groups,
            ties,
            derived: Derived::Nothing,
            chart: Chart::Table,
        }
    }

    fn group(counts: &[u64], of: Of, is_all: bool) -> Group {
        let empty = Group::empty(vec!["x".into()], counts.len(), of, is_all);
        Group { counts: counts.to_vec(), ..empty }
    }

    /// What is told of tallies about so many people.
    fn told(people: u64, tallies: &[Tally]) -> Vec<Told> {
        let mut ledger = Ledger::new(Threshold::new(5));
        let everyone = ledger.publish(people, Worth::Fixed);
        let places = place(&mut ledger, tallies, |_| Some((everyone, people)));
        ledger.protect().expect("protected");
        tallies.iter().zip(&places).map(|(t, p)| p.told(t, &ledger)).collect()
    }

    #[test]
    fn a_group_that_is_nearly_all_is_withheld_and_one_that_is_all_is_not() {
        // 98 of 100 would tell of two.
        let nearly = tally("a", vec![group(&[98], Of::Everyone, false)], vec![]);
        assert_eq!(told(100, &[nearly])[0].groups[0].total, Count::Withheld);
        let all = tally("a", vec![group(&[60, 40], Of::Everyone, true)], vec![]);
        assert_eq!(told(100, &[all])[0].groups[0].counts, [60, 40].map(Count::Shown));
    }

    #[test]
    fn ties_hold_across_groups_and_tables() {
        // Three groups are everyone: with one withheld, another must be.
        let groups: Vec<Group> =
            [50, 47, 3].iter().map(|&n| group(&[n], Of::Everyone, false)).collect();
        let parts = (0..3).map(|g| (g, 0)).collect();
        let tie = Tie { parts, wholes: vec![Of::Everyone], is_all: true };
        let first = tally("a", groups, vec![tie]);
        let shown = |told: &Told| told.groups.iter().filter(|g| g.total != Count::Withheld).count();
        assert_eq!(shown(&told(100, std::slice::from_ref(&first))[0]), 1);
        // 46 of the 47 in an earlier table tell of one.
        let second = tally("b", vec![group(&[46], Of::Group("a", 1), false)], vec![]);
        let both = told(100, &[first, second]);
        assert!(
            both[0].groups[1].total == Count::Withheld
                || both[1].groups[0].total == Count::Withheld
        );
        // A table that is not there ties nothing.
        let alone = tally("b", vec![group(&[46], Of::Group("c", 1), false)], vec![]);
        let alone = told(100, &[alone]);
        assert_eq!(alone[0].groups[0].total, Count::Shown(46));
        assert_eq!(alone[0].groups[0].whole, Count::Withheld);
    }

    #[test]
    fn episodes_of_few_people_are_withheld() {
        let mut few = group(&[40, 60], Of::Everyone, true);
        let stays = |each: &[u64]| {
            let mut all = crate::disclosure::Contributions::default();
            each.iter().for_each(|n| all.add(*n));
            all
        };
        few.contributions = vec![stays(&[10; 4]), stays(&[10; 6])];
        let told_few = told(100, &[tally("a", vec![few.clone()], vec![])]);
        assert_eq!(told_few[0].groups[0].counts[0], Count::Withheld);
        few.contributions = vec![stays(&[8; 5]), stays(&[10; 6])];
        let told_many = told(100, &[tally("a", vec![few.clone()], vec![])]);
        assert_eq!(told_many[0].groups[0].counts[0], Count::Shown(40));
        // One of six has more than half.
        few.contributions[1] = stays(&[2, 2, 2, 2, 2, 50]);
        let told_one = told(100, &[tally("a", vec![few], vec![])]);
        assert_eq!(told_one[0].groups[0].counts[1], Count::Withheld);
    }

    proptest! {
        #[test]
        fn no_small_count_is_told_nor_left_over(
            rows in prop::collection::vec(prop::collection::vec(0u64..30, 3), 1..5),
        ) {
            let people: u64 = rows.iter().flatten().sum::<u64>() + 7;
            let groups = rows.iter().map(|row| group(row, Of::Everyone, false)).collect();
            let mut t = tally("a", groups, vec![]);
            t.total = Some("All".into());
            let told = told(people, &[t]);
            for group in &told[0].groups {
                let small = |n: u64| (1..5).contains(&n);
                for count in group.counts.iter().chain([&group.total]) {
                    prop_assert!(!count.shown().is_some_and(small));
                }
                prop_assert!(!group.total.shown().is_some_and(|n| small(people - n)));
                let withheld = group.counts.iter().filter(|c| **c == Count::Withheld).count();
                prop_assert!(withheld != 1 || group.total == Count::Withheld);
            }
        }
    }
}
