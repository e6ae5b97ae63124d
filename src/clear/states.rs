//! The states that a comparison group can be in, and which of them an outcome of comparing
//! leaves possible where something is missing. Holds no value.

use super::traits::{Traits, kind};
use crate::engine::MOST_GROUPS;
use crate::project::groups::{BIRTH_DATE, FAMILY_NAME, GIVEN_NAME_AND_SEX};
use crate::project::{FieldKind, Project};

/// Agreement on a value is told apart by how many people have it, in bands.
pub(super) const BANDS: usize = 8;
/// How two given names stand to each other, agreement in its bands last.
pub(super) mod given {
    pub(in crate::clear) const INITIAL: usize = 1;
    pub(in crate::clear) const ALIKE: usize = 2;
    pub(in crate::clear) const BEGINS: usize = 3;
    pub(in crate::clear) const SHORT_FORM: usize = 4;
    pub(in crate::clear) const NEAR: usize = 5;
    pub(in crate::clear) const NEAR_RARE: usize = 6;
    pub(in crate::clear) const EQUAL: usize = 7;
}

/// How two family names stand to each other.
pub(super) mod family {
    pub(in crate::clear) const ALIKE: usize = 1;
    pub(in crate::clear) const PART: usize = 2;
    pub(in crate::clear) const NEAR: usize = 3;
    pub(in crate::clear) const NEAR_RARE: usize = 4;
    /// Each is nearly the given name of the other.
    pub(in crate::clear) const NEARLY_CROSSED: usize = 5;
    /// Each is the given name of the other.
    pub(in crate::clear) const CROSSED: usize = 6;
    pub(in crate::clear) const EQUAL: usize = 7;
}

/// How two birth dates stand to each other.
pub(super) mod birth {
    pub(in crate::clear) const YEAR: usize = 1;
    pub(in crate::clear) const DAY_YEAR: usize = 2;
    pub(in crate::clear) const MONTH_YEAR: usize = 3;
    pub(in crate::clear) const DAY_MONTH: usize = 4;
    /// The same year, and one is its first day, as people write who know no more.
    pub(in crate::clear) const FIRST_OF_YEAR: usize = 5;
    /// One digit, or two neighbouring ones, of the day, the month or the year.
    pub(in crate::clear) const ONE_DIGIT: usize = 6;
    /// Day and month in each other's place.
    pub(in crate::clear) const SWAPPED: usize = 7;
    pub(in crate::clear) const EQUAL: usize = 8;

    /// Per state before [`EQUAL`], in which ways day (1), month (2) and year (4) can agree.
    pub(in crate::clear) const AGREEING: [&[usize]; EQUAL + 1] =
        [&[0, 1, 2], &[4], &[5], &[6], &[3], &[4, 5, 6], &[3, 5, 6], &[4], &[7]];
}

/// What a comparison group is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Group {
    GivenAndSex,
    Family,
    Birth,
    /// Fields of the other kinds, by their place in the traits.
    Others(Vec<usize>),
}

/// The groups of a project, and their names.
pub(super) fn groups(project: &Project, traits: &Traits) -> (Vec<Group>, Vec<String>) {
    let has = |kind| project.field_of(kind).is_some();
    let mut all = Vec::new();
    if has(FieldKind::GivenName) || has(FieldKind::Sex) {
        all.push((Group::GivenAndSex, GIVEN_NAME_AND_SEX.to_owned()));
    }
    if has(FieldKind::FamilyName) {
        all.push((Group::Family, FAMILY_NAME.to_owned()));
    }
    if has(FieldKind::BirthDate) {
        all.push((Group::Birth, BIRTH_DATE.to_owned()));
    }
    let kinds: Vec<FieldKind> = traits.others.iter().map(|f| kind(project, f.field)).collect();
    for (i, field) in traits.others.iter().enumerate() {
        let word = &project.fields[field.field].compare_as;
        let known =
            all.iter_mut().find(|(group, name)| matches!(group, Group::Others(_)) && name == word);
        match known {
            Some((Group::Others(fields), _)) => {
                fields.push(i);
                let group = Group::Others(fields.clone());
                // A state is a bit, and an outcome a byte: what does not fit is left out.
                if states(&group, &kinds) > 64 || unknown_at(fields, &kinds) + BANDS > 256 {
                    fields.pop();
                }
            }
            _ => all.push((Group::Others(vec![i]), word.clone())),
        }
    }
    all.truncate(MOST_GROUPS);
    all.into_iter().unzip()
}

/// How far two values of a field can be told apart: unlike, near (some kinds), equal.
pub(super) fn steps(kind: FieldKind) -> usize {
    if kind == FieldKind::State { 2 } else { 3 }
}

/// How many outcomes a group of fields has before its bands.
fn unknown_at(fields: &[usize], kinds: &[FieldKind]) -> usize {
    fields.iter().map(|&f| steps(kinds[f]) + 1).product()
}

pub(super) fn states(group: &Group, kinds: &[FieldKind]) -> usize {
    match group {
        Group::GivenAndSex => 2 * (given::EQUAL + BANDS),
        Group::Family => family::EQUAL + BANDS,
        Group::Birth => birth::EQUAL + BANDS,
        Group::Others(fields) => {
            fields.iter().map(|&f| steps(kinds[f])).product::<usize>() - 1 + BANDS
        }
    }
}

/// The states that each outcome of a group leaves possible, as bits.
pub(super) fn possible(group: &Group, kinds: &[FieldKind]) -> Vec<u64> {
    let all = states(group, kinds);
    let every = (0..all).fold(0u64, |set, s| set | 1 << s);
    match group {
        Group::GivenAndSex => {
            let sexes = |s: u64| [1 << (2 * s), 1 << (2 * s + 1), 3 << (2 * s)];
            let agree = (0..all / 2).fold(0u64, |set, s| set | 2 << (2 * s));
            (0..all as u64 / 2).flat_map(sexes).chain([every & !agree, agree, every]).collect()
        }
        Group::Family => (0..all).map(|s| 1 << s).chain([every]).collect(),
        Group::Birth => {
            let agreeing = |s: usize| birth::AGREEING[s.min(birth::EQUAL)];
            let parts = |known: usize| (known & 7, known >> 3);
            let left = |outcome: usize| {
                let (known, agree) = parts(outcome);
                (0..all)
                    .filter(|&s| agreeing(s).iter().any(|ways| ways & known == agree))
                    .fold(0u64, |set, s| set | 1 << s)
            };
            (0..all).map(|s| 1 << s).chain((0..64).map(left)).collect()
        }
        Group::Others(fields) => {
            let bands = every & !((1 << (all - BANDS)) - 1);
            let left = |outcome: usize| {
                (0..=all - BANDS)
                    .filter(|&s| {
                        let (mut outcome, mut state) = (outcome, s);
                        fields.iter().all(|&f| {
                            let steps = steps(kinds[f]);
                            let (seen, step) = (outcome % (steps + 1), state % steps);
                            outcome /= steps + 1;
                            state /= steps;
                            seen == steps || seen == step
                        })
                    })
                    .fold(0u64, |set, s| set | if s == all - BANDS { bands } else { 1 << s })
            };
            let banded = (all - BANDS..all).map(|s| 1 << s);
            (0..unknown_at(fields, kinds)).map(left).chain(banded).collect()
        }
    }
}
