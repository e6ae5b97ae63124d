//! How often two different people of a source agree by chance, counted before any token is
//! withheld: the u of the Fellegi–Sunter model. Takes the values of each component, gives
//! one share per subset of each comparison group.
//!
//! Only people's first token sets are counted, and only pairs in which both have all
//! components of the subset.

use rayon::prelude::*;

use super::{NO_VALUE, TokenSets, whole_names};
use crate::project::groups::{self, ChanceOfGroup, ChanceOfSubset};
use crate::project::{Component, Part, Project};

/// A share of the pairs of people, and of people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chance {
    /// The share of the pairs that agree, among those where both have a value.
    pub agreeing: f64,
    /// The share of the people who have a value.
    pub fill: f64,
}

/// Counts the agreements of one column; `NO_VALUE` is none. Sorts it.
pub fn chance(column: &mut [u64]) -> Chance {
    column.sort_unstable();
    let known = &column[column.partition_point(|&v| v == NO_VALUE)..];
    let agreeing = known.chunk_by(|a, b| a == b).map(|same| pairs(same.len())).sum();
    Chance {
        agreeing: share(agreeing, pairs(known.len())),
        fill: share(known.len() as u128, column.len() as u128),
    }
}

/// The chances of all comparison groups of the project; `first` are the first sets of the
/// people, `components` the columns of `sets.values`.
pub fn of_groups(
    project: &Project,
    components: &[Component],
    sets: &TokenSets,
    first: &[u32],
) -> Vec<ChanceOfGroup> {
    let column_of = |component: &Component| components.binary_search(component).ok();
    // Nothing hangs on the order of people: in that of the sets, memory is read as it lies.
    let mut first = first.to_vec();
    first.sort_unstable();
    let first = first.as_slice();
    let mut chances: Vec<ChanceOfGroup> = groups::comparison_groups(project)
        .into_iter()
        .map(|group| {
            let subsets: Vec<Vec<Component>> = groups::subsets(&group.components).collect();
            let subsets = subsets
                .into_par_iter()
                .map(|subset| {
                    let columns: Vec<&[u64]> = subset
                        .iter()
                        .filter_map(column_of)
                        .map(|i| sets.values[i].as_slice())
                        .collect();
                    let mut joint = joint_values(&columns, first);
                    let Chance { agreeing, fill } = chance(&mut joint);
                    let components = subset.iter().map(|&c| project.component_name(c)).collect();
                    ChanceOfSubset { components, chance: agreeing, fill }
                })
                .collect();
            ChanceOfGroup { group: group.name, subsets }
        })
        .collect();
    chances.extend(names_crossed(project, components, sets, first));
    chances
}

/// One number for the values of several components in one set.
pub(crate) fn joint_value(columns: &[&[u64]], set: u32) -> u64 {
    let mut joint = 0u64;
    for column in columns {
        let value = column[set as usize];
        if value == NO_VALUE {
            return NO_VALUE;
        }
        joint = (joint.rotate_left(29) ^ value).wrapping_mul(SPREAD);
    }
    joint.max(NO_VALUE + 1)
}

/// As [`joint_value`] for many sets, column by column.
fn joint_values(columns: &[&[u64]], sets: &[u32]) -> Vec<u64> {
    let mut joints = vec![0u64; sets.len()];
    let mut is_known = vec![true; sets.len()];
    for column in columns {
        for ((joint, is_known), &set) in joints.iter_mut().zip(&mut is_known).zip(sets) {
            let value = column[set as usize];
            *is_known &= value != NO_VALUE;
            *joint = (joint.rotate_left(29) ^ value).wrapping_mul(SPREAD);
        }
    }
    let of =
        |(joint, is_known): (u64, bool)| if is_known { joint.max(NO_VALUE + 1) } else { NO_VALUE };
    joints.into_iter().zip(is_known).map(of).collect()
}

/// The multiplier of Knuth's multiplicative hashing, 2^64 over the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The chance that the family name of each of two people is the given name of the other,
/// for a project with a key on names in any order.
fn names_crossed(
    project: &Project,
    components: &[Component],
    sets: &TokenSets,
    first: &[u32],
) -> Option<ChanceOfGroup> {
    components.iter().find(|c| c.part == Part::NamesAnyOrder)?;
    let names = whole_names(project);
    let [family, given] = names.as_slice() else { return None };
    let family_values = &sets.values[components.binary_search(family).ok()?];
    let given_values = &sets.values[components.binary_search(given).ok()?];
    let mut people: Vec<(u64, u64, bool)> = first
        .iter()
        .map(|&set| (family_values[set as usize], given_values[set as usize]))
        .filter(|&(family, given)| family != NO_VALUE && given != NO_VALUE)
        .map(|(family, given)| (family.min(given), family.max(given), family < given))
        .collect();
    people.par_sort_unstable();
    let crossed: u128 = people
        .chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
        .filter(|same| same[0].0 != same[0].1)
        .map(|same| {
            let one = same.partition_point(|person| !person.2);
            2 * one as u128 * (same.len() - one) as u128
        })
        .sum();
    let subset = ChanceOfSubset {
        components: vec![project.component_name(*family), project.component_name(*given)],
        chance: share(crossed, pairs(people.len())),
        fill: share(people.len() as u128, first.len() as u128),
    };
    Some(ChanceOfGroup { group: groups::NAMES_CROSSED.to_owned(), subsets: vec![subset] })
}

/// Ordered pairs of different people.
fn pairs(people: usize) -> u128 {
    let n = people as u128;
    n * n.saturating_sub(1)
}

fn share(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::Preset;

    proptest! {
        #[test]
        fn columns_are_joined_as_one_set_is(
            one in prop::collection::vec(0u64..3, 20),
            other in prop::collection::vec(0u64..3, 20),
            sets in prop::collection::vec(0u32..20, 0..30),
        ) {
            for columns in [&[&one[..], &other[..]][..], &[&one[..]], &[]] {
                let plain: Vec<u64> = sets.iter().map(|&set| joint_value(columns, set)).collect();
                prop_assert_eq!(joint_values(columns, &sets), plain);
            }
        }
    }

    #[test]
    fn subsets_and_crossed_names_are_counted_over_pairs_of_people() {
        let text = Preset::Minimal.toml("yard", "2026");
        let project = Project::parse(&text, "project.toml").expect("the preset");
        let keys = project.match_keys.iter().flat_map(|k| k.components.iter().copied());
        let mut components: Vec<Component> = keys.chain(whole_names(&project)).collect();
        components.sort_unstable();
        components.dedup();
        // Four people: Lee Kim, Kim Lee, Kim Lee, and one without a given name.
        let (lee, kim) = (7, 8);
        let mut sets = TokenSets {
            tokens: vec![],
            quality: vec![0; 4],
            values: vec![vec![NO_VALUE; 4]; components.len()],
        };
        for (name, values) in
            whole_names(&project).iter().zip([[lee, kim, kim, kim], [kim, lee, lee, NO_VALUE]])
        {
            let column = components.binary_search(name).expect("a component");
            sets.values[column] = values.to_vec();
        }
        let chances = of_groups(&project, &components, &sets, &[0, 1, 2, 3]);
        let of = |group: &str, components: &[&str]| {
            let group = chances.iter().find(|g| g.group == group).expect("a group");
            let subset = group.subsets.iter().find(|s| s.components == components);
            subset.map(|s| (s.chance, s.fill)).expect("a subset")
        };
        assert_eq!(of(groups::FAMILY_NAME, &["family_name"]), (0.5, 1.0));
        assert_eq!(of(groups::GIVEN_NAME_AND_SEX, &["given_name"]), (1.0 / 3.0, 0.75));
        assert_eq!(of(groups::GIVEN_NAME_AND_SEX, &["given_name", "sex"]), (0.0, 0.0));
        let crossed = of(groups::NAMES_CROSSED, &["family_name", "given_name"]);
        assert_eq!(crossed, (4.0 / 6.0, 0.75));
    }

    proptest! {
        /// The count equals looking at every pair.
        #[test]
        fn chance_is_the_share_of_agreeing_pairs(values in prop::collection::vec(0u64..5, 0..40)) {
            let (mut agreeing, mut both) = (0u32, 0u32);
            for (i, a) in values.iter().enumerate() {
                for (j, b) in values.iter().enumerate() {
                    if i != j && *a != NO_VALUE && *b != NO_VALUE {
                        both += 1;
                        agreeing += u32::from(a == b);
                    }
                }
            }
            let expected = if both == 0 { 0.0 } else { f64::from(agreeing) / f64::from(both) };
            let known = values.iter().filter(|v| **v != NO_VALUE).count();
            let found = chance(&mut values.clone());
            prop_assert_eq!(found.agreeing, expected);
            prop_assert_eq!(found.fill, if values.is_empty() { 0.0 } else { known as f64 / values.len() as f64 });
        }
    }
}
