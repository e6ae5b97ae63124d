//! Which components are compared together. Components that go together by nature (the whole
//! name and its initial, suburb and postcode) are one comparison of the linkage model; for
//! each group the agencies publish how often two different people agree on parts of it.
//! Both sides take the groups from here, so that they speak of the same sets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Component, FieldKind, Part, Project};

/// Components that are one comparison of the linkage model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// [`GIVEN_NAME_AND_SEX`], [`FAMILY_NAME`], [`BIRTH_DATE`], or the word of `compare_as`.
    pub name: String,
    /// The components, sorted; one to [`MAX_COMPONENTS`].
    pub components: Vec<Component>,
}

/// The group of the given name and sex: one follows from the other for most people.
pub const GIVEN_NAME_AND_SEX: &str = "given_name+sex";
/// The group of the family name.
pub const FAMILY_NAME: &str = "family_name";
/// The group of the birth date.
pub const BIRTH_DATE: &str = "birth_date";
/// Not a group of components, but the entry beside the groups that says how often the
/// family and given names of two people are each other's.
pub const NAMES_CROSSED: &str = "names_crossed";

/// The most components of a group: 63 subsets of six are counted, more would cost more than
/// they tell. Further ones, in field order, are left out.
pub const MAX_COMPONENTS: usize = 6;

/// How often two different people of a source agree on the subsets of one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChanceOfGroup {
    /// The group's name, or [`NAMES_CROSSED`].
    pub group: String,
    /// Every non-empty subset of its components, in binary counting order (the first
    /// component is the lowest bit).
    pub subsets: Vec<ChanceOfSubset>,
}

/// How often two different people of a source agree on all components of one subset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChanceOfSubset {
    /// The components, as written in `project.toml`.
    pub components: Vec<String>,
    /// The share of the pairs of people with all of the components who agree on all of them.
    pub chance: f64,
    /// The share of the people who have all of the components.
    pub fill: f64,
}

/// The comparison groups of a project, those with a component in some match key, in a fixed
/// order: given name and sex, family name, birth date, then the `compare_as` words of the
/// other fields by their first field.
pub fn comparison_groups(project: &Project) -> Vec<Group> {
    let used: BTreeSet<Component> =
        project.match_keys.iter().flat_map(|key| key.components.iter().copied()).collect();
    let mut groups: Vec<Group> = vec![];
    for name in [GIVEN_NAME_AND_SEX, FAMILY_NAME, BIRTH_DATE] {
        groups.push(Group { name: name.to_owned(), components: vec![] });
    }
    for field in &project.fields {
        if !field.kind.is_single() && !groups[3..].iter().any(|g| g.name == field.compare_as) {
            groups.push(Group { name: field.compare_as.clone(), components: vec![] });
        }
    }
    for component in used {
        if component.part == Part::NamesAnyOrder {
            continue;
        }
        let Some(field) = project.fields.get(component.field) else { continue };
        let group = match field.kind {
            FieldKind::GivenName | FieldKind::Sex => Some(0),
            FieldKind::FamilyName => Some(1),
            FieldKind::BirthDate => Some(2),
            _ => groups[3..].iter().position(|g| g.name == field.compare_as).map(|i| i + 3),
        };
        if let Some(group) = group.and_then(|i| groups.get_mut(i))
            && group.components.len() < MAX_COMPONENTS
        {
            group.components.push(component);
        }
    }
    groups.retain(|g| !g.components.is_empty());
    groups
}

/// The non-empty subsets of a group's components, in binary counting order.
pub fn subsets(components: &[Component]) -> impl Iterator<Item = Vec<Component>> {
    let n = components.len().min(MAX_COMPONENTS);
    (1usize..1 << n).map(move |bits| {
        components
            .iter()
            .take(n)
            .enumerate()
            .filter(|(i, _)| bits >> i & 1 == 1)
            .map(|(_, c)| *c)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Diacritics, Field, MatchKey, Placeholders, Suite};
    use crate::slk::Profile;

    fn project(keys: &[&[(usize, Part)]]) -> Project {
        let field = |name: &str, kind, compare_as: &str| Field {
            name: name.to_owned(),
            kind,
            compare_as: compare_as.to_owned(),
        };
        Project {
            id: "p".into(),
            period: "2024".into(),
            purposes: Vec::new(),
            suite: Suite::HmacSha256,
            slk_profile: Profile::Aihw,
            diacritics: Diacritics::Fold,
            people_per_token: 1,
            fields: vec![
                field("family_name", FieldKind::FamilyName, "family_name"),
                field("given_name", FieldKind::GivenName, "given_name"),
                field("sex", FieldKind::Sex, "sex"),
                field("birth_date", FieldKind::BirthDate, "birth_date"),
                field("suburb", FieldKind::Suburb, "place"),
                field("visa", FieldKind::Text, "visa"),
                field("postcode", FieldKind::Postcode, "place"),
            ],
            match_keys: keys
                .iter()
                .map(|parts| MatchKey {
                    name: "k".into(),
                    components: parts
                        .iter()
                        .map(|&(field, part)| Component { field, part })
                        .collect(),
                })
                .collect(),
            fuzzy: None,
            placeholders: Placeholders::default(),
        }
    }

    #[test]
    fn only_used_components_are_grouped_in_a_fixed_order() {
        let project = project(&[
            &[(6, Part::Whole), (0, Part::NamesAnyOrder), (2, Part::Whole)],
            &[(1, Part::Initial), (4, Part::Whole), (3, Part::Year), (5, Part::Whole)],
        ]);
        let groups = comparison_groups(&project);
        let named: Vec<(&str, Vec<String>)> = groups
            .iter()
            .map(|g| {
                let names = g.components.iter().map(|&c| project.component_name(c)).collect();
                (g.name.as_str(), names)
            })
            .collect();
        assert_eq!(
            named,
            [
                ("given_name+sex", vec!["given_name.initial".to_owned(), "sex".to_owned()]),
                ("birth_date", vec!["birth_date.year".to_owned()]),
                ("place", vec!["suburb".to_owned(), "postcode".to_owned()]),
                ("visa", vec!["visa".to_owned()]),
            ]
        );
    }

    #[test]
    fn subsets_count_in_binary() {
        let c: Vec<Component> =
            (0..3).map(|field| Component { field, part: Part::Whole }).collect();
        let all: Vec<Vec<usize>> =
            subsets(&c).map(|s| s.iter().map(|c| c.field).collect()).collect();
        assert_eq!(
            all,
            [vec![0], vec![1], vec![0, 1], vec![2], vec![0, 2], vec![1, 2], vec![0, 1, 2]]
        );
    }
}
