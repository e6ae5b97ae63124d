//! How often two different people of a source agree by chance, counted before any token is
//! withheld: the u of the Fellegi–Sunter model. Takes the values of each component, gives
//! one share per subset of each comparison group.
//!
//! Only people's first token sets are counted, and only pairs in which both have all
//! components of the subset.

use rayon::prelude::*;

use super::spread::{Alike, PART, dealt};
use super::store::{Column, Store};
use super::{NO_VALUE, whole_names};
use crate::files;
use crate::progress::Progress;
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

/// Counts the agreements of one column; `NO_VALUE` is none.
pub fn chance(mut column: Vec<u64>) -> Chance {
    let people = column.len();
    column.retain(|value| *value != NO_VALUE);
    let (mut agreeing, mut alike, mut counts) = (0, Alike::default(), vec![]);
    for part in dealt(&column, PART, |value| *value).parts() {
        counts.clear();
        counts.resize(part.len(), 0u64);
        for &first in alike.firsts(part, |value| *value, |a, b| a == b) {
            let count = &mut counts[first as usize];
            // One more agrees with all before, and they with that one.
            agreeing += u128::from(2 * *count);
            *count += 1;
        }
    }
    Chance {
        agreeing: share(agreeing, pairs(column.len())),
        fill: share(column.len() as u128, people as u128),
    }
}

/// The chances of all comparison groups of the project; `first` are the first sets of the
/// people in ascending order, `components` those whose values the store has.
///
/// # Errors
/// When what was spilled cannot be read.
pub fn of_groups(
    project: &Project,
    components: &[Component],
    store: &Store<'_>,
    first: &[u32],
    progress: &Progress,
) -> Result<Vec<ChanceOfGroup>, files::Error> {
    let column_of = |component: &Component| components.binary_search(component).ok();
    // Of each subset that is counted, 28 bytes for each person are in memory at most.
    let at_once = (store.room() / (28 * first.len().max(1))).max(1);
    let mut chances = vec![];
    let groups = groups::comparison_groups(project);
    let subsets = groups.iter().map(|group| groups::subsets(&group.components).count() as u64);
    progress.begin("counting chance agreement", Some(subsets.sum()));
    for group in groups {
        let all: Vec<Vec<Component>> = groups::subsets(&group.components).collect();
        let mut subsets = Vec::with_capacity(all.len());
        for some in all.chunks(at_once) {
            let counted: Result<Vec<ChanceOfSubset>, files::Error> = some
                .par_iter()
                .map(|subset| {
                    let columns: Vec<usize> = subset.iter().filter_map(column_of).collect();
                    let Chance { agreeing, fill } = chance(joint_values(store, &columns, first)?);
                    progress.advance(1);
                    let components = subset.iter().map(|&c| project.component_name(c)).collect();
                    Ok(ChanceOfSubset { components, chance: agreeing, fill })
                })
                .collect();
            subsets.extend(counted?);
        }
        chances.push(ChanceOfGroup { group: group.name, subsets });
    }
    chances.extend(names_crossed(project, components, store, first)?);
    progress.end();
    Ok(chances)
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

/// As [`joint_value`] for many sets in ascending order, column by column.
fn joint_values(
    store: &Store<'_>,
    columns: &[usize],
    sets: &[u32],
) -> Result<Vec<u64>, files::Error> {
    let mut joints = vec![0u64; sets.len()];
    let mut is_known = vec![true; sets.len()];
    let join = |(joint, is_known): (&mut u64, &mut bool), value: u64| {
        *is_known &= value != NO_VALUE;
        *joint = (joint.rotate_left(29) ^ value).wrapping_mul(SPREAD);
    };
    for &column in columns {
        let mut left = (sets, joints.as_mut_slice(), is_known.as_mut_slice());
        store.each(Column::Value(column), |first, bytes| {
            let values = bytes.as_chunks::<8>().0;
            let value = |set: u32| u64::from_ne_bytes(values[set as usize - first]);
            // The sets of this piece, and their places.
            let end = first + values.len();
            let count = match left.0 {
                [.., last] if (*last as usize) < end => left.0.len(),
                sets => sets.partition_point(|set| (*set as usize) < end),
            };
            let (sets, rest) = left.0.split_at(count);
            let (joints, later) = std::mem::take(&mut left.1).split_at_mut(count);
            let (is_known, unknown) = std::mem::take(&mut left.2).split_at_mut(count);
            left = (rest, later, unknown);
            let joined = joints.iter_mut().zip(is_known);
            if count == values.len() {
                // Nearly everybody has one set.
                joined.zip(values).for_each(|(of, value)| join(of, u64::from_ne_bytes(*value)));
            } else {
                joined.zip(sets).for_each(|(of, &set)| join(of, value(set)));
            }
        })?;
    }
    for (joint, is_known) in joints.iter_mut().zip(is_known) {
        *joint = if is_known { (*joint).max(NO_VALUE + 1) } else { NO_VALUE };
    }
    Ok(joints)
}

/// The multiplier of Knuth's multiplicative hashing, 2^64 over the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The chance that the family name of each of two people is the given name of the other,
/// for a project with a key on names in any order.
fn names_crossed(
    project: &Project,
    components: &[Component],
    store: &Store<'_>,
    first: &[u32],
) -> Result<Option<ChanceOfGroup>, files::Error> {
    let names = whole_names(project);
    let place = |component: &Component| components.binary_search(component).ok();
    let ([family, given], true) =
        (names.as_slice(), components.iter().any(|c| c.part == Part::NamesAnyOrder))
    else {
        return Ok(None);
    };
    let (Some(family_place), Some(given_place)) = (place(family), place(given)) else {
        return Ok(None);
    };
    let families = values_of(store, family_place, first)?;
    let givens = values_of(store, given_place, first)?;
    let people: Vec<(u64, u64, bool)> = families
        .into_iter()
        .zip(givens)
        .filter(|&(family, given)| family != NO_VALUE && given != NO_VALUE)
        .map(|(family, given)| (family.min(given), family.max(given), family < given))
        .collect();
    let (mut crossed, mut alike, mut counts) = (0, Alike::default(), vec![]);
    for part in dealt(&people, PART, |person| person.0).parts() {
        counts.clear();
        counts.resize(part.len(), [0u64; 2]);
        let hash = |person: &(u64, u64, bool)| person.0.rotate_left(32) ^ person.1;
        let firsts = alike.firsts(part, hash, |a, b| (a.0, a.1) == (b.0, b.1));
        for (first, person) in firsts.iter().zip(part).filter(|(_, person)| person.0 != person.1) {
            let counts = &mut counts[*first as usize];
            // One more is crossed with all that are the other way round, and they with that one.
            crossed += u128::from(2 * counts[usize::from(!person.2)]);
            counts[usize::from(person.2)] += 1;
        }
    }
    let subset = ChanceOfSubset {
        components: vec![project.component_name(*family), project.component_name(*given)],
        chance: share(crossed, pairs(people.len())),
        fill: share(people.len() as u128, first.len() as u128),
    };
    Ok(Some(ChanceOfGroup { group: groups::NAMES_CROSSED.to_owned(), subsets: vec![subset] }))
}

/// The values of a component in these sets, which are in ascending order.
fn values_of(store: &Store<'_>, component: usize, sets: &[u32]) -> Result<Vec<u64>, files::Error> {
    let bytes = store.gather(Column::Value(component), sets)?;
    Ok(bytes.as_chunks::<8>().0.iter().map(|value| u64::from_ne_bytes(*value)).collect())
}

/// Ordered pairs of different people.
pub(super) fn pairs(people: usize) -> u128 {
    let n = people as u128;
    n * n.saturating_sub(1)
}

pub(super) fn share(part: u128, whole: u128) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::TokenSets;
    use crate::encode::store::tests::stored;
    use crate::project::Preset;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn columns_are_joined_as_one_set_is(
            one in prop::collection::vec(0u64..3, 20),
            other in prop::collection::vec(0u64..3, 20),
            sets in prop::collection::btree_set(0u32..20, 0..20),
        ) {
            let some: Vec<u32> = sets.into_iter().collect();
            let values = vec![one, other];
            let all = TokenSets { values: values.clone(), ..of_twenty() };
            stored(&all, None, usize::MAX, |store| {
                for columns in [&[0, 1][..], &[1], &[]] {
                    for sets in [some.clone(), (0..20).collect()] {
                        let held: Vec<&[u64]> = columns.iter().map(|&c| &values[c][..]).collect();
                        let plain: Vec<u64> =
                            sets.iter().map(|&set| joint_value(&held, set)).collect();
                        assert_eq!(joint_values(store, columns, &sets).expect("read"), plain);
                    }
                }
            });
        }
    }

    fn of_twenty() -> TokenSets {
        TokenSets { quality: vec![0; 20], ..TokenSets::default() }
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
        let mut chances = vec![];
        stored(&sets, None, usize::MAX, |store| {
            chances = of_groups(&project, &components, store, &[0, 1, 2, 3], &Progress::silent())
                .expect("counted");
        });
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
            let found = chance(values.clone());
            prop_assert_eq!(found.agreeing, expected);
            prop_assert_eq!(found.fill, if values.is_empty() { 0.0 } else { known as f64 / values.len() as f64 });
        }
    }
}
