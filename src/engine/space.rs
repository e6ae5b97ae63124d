//! What can be true of a pair of records, and what its tokens say about it.
//!
//! A pair either agrees or does not on each component; the components of one comparison
//! group have a handful of possible *states* (the whole name agrees, or only its initial,
//! and so on). Tokens show a pair's state through a veil: an agreeing match key says that
//! all its components agree; a key that both rows have and that differs says that not all
//! of them do; a missing or withheld token says nothing. A [`Veil`] is the set of joint
//! states that one such observation leaves possible. In the clear each group's state is seen.

mod known;
mod outline;

use std::collections::BTreeMap;

use super::veil::ones;
use crate::project::groups::{BIRTH_DATE, FAMILY_NAME, GIVEN_NAME_AND_SEX, comparison_groups};
use crate::project::{Component, FieldKind, Part, Project};
pub(crate) use known::Known;
use outline::Stronger;

/// A set of components, by bit.
pub(crate) type Components = u64;
/// A set of match keys, by bit.
pub(crate) type Keys = u64;

/// The states of a project's comparison groups, and its match keys in terms of them.
#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) groups: Vec<GroupStates>,
    /// The components of each match key; [`Space::any_order`] stands apart.
    keys: Vec<Components>,
    /// Keys that hold the names in either order.
    any_order: Keys,
    whole_names: Components,
    given_names: Components,
    family_names: Components,
    family_group: Option<usize>,
    /// Per component, the states of its group that it agrees in.
    states_with: Vec<u64>,
    /// Per group and set of its components, those that agree for certain when these do.
    certain: Vec<Vec<Components>>,
    /// Parts that a value may lack though more of it is there: a post box has no street.
    may_lack: Components,
    /// For the names in order and crossed.
    stronger: [Stronger; 2],
}

/// The possible states of one comparison group.
#[derive(Debug, Clone)]
pub(crate) struct GroupStates {
    pub(crate) name: String,
    pub(crate) kind: GroupKind,
    pub(crate) components: Vec<Component>,
    /// The components of this group, as bits.
    bits: Components,
    /// The agreeing components of each state, within [`GroupStates::bits`].
    pub(crate) states: Vec<Components>,
    /// The extra state of the family name where family and given name are each other's.
    pub(crate) crossed: Option<usize>,
    /// Per state, its share among those in which the group agrees in full: one for the
    /// single such state, and nothing for all others, unless full agreement is told apart
    /// by how common the value is.
    pub(crate) full: Vec<f64>,
    /// How many states go together as one value of each of two features that err apart from
    /// each other (a name, and the sex beside it): 1 where the group is one feature.
    pub(crate) beside: usize,
}

/// What a group tells of a household.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GroupKind {
    /// Given name and sex: differs between the people of a household.
    GivenNameAndSex,
    /// Family name: shared in a household.
    FamilyName,
    /// Birth date: shared by twins.
    BirthDate,
    /// Place and anything else: shared in a household.
    Other,
}

impl GroupStates {
    /// The agreeing components of a state as a subset number: the first component of the
    /// group is the lowest bit.
    pub(crate) fn subset(&self, state: usize) -> usize {
        (self.states[state] >> self.bits.trailing_zeros()) as usize
    }

    /// A group whose states are seen in the clear, by their shares of full agreement.
    pub(crate) fn in_clear(
        name: String,
        kind: GroupKind,
        full: Vec<f64>,
        beside: usize,
    ) -> GroupStates {
        GroupStates {
            name,
            kind,
            components: vec![],
            bits: 0,
            states: vec![0; full.len()],
            crossed: None,
            full,
            beside,
        }
    }

    /// Whether the group agrees in full.
    pub(crate) fn is_full(&self, state: usize) -> bool {
        self.full[state] > 0.0
    }
}

impl Space {
    /// Seen through the project's match keys.
    pub(crate) fn of_match_keys(project: &Project) -> Space {
        let keys: Vec<&[Component]> =
            project.match_keys.iter().map(|k| k.components.as_slice()).collect();
        Space::new(project, &keys)
    }

    /// Seen in the clear, without keys.
    pub(crate) fn in_clear(groups: Vec<GroupStates>) -> Space {
        Space {
            groups,
            keys: vec![],
            any_order: 0,
            whole_names: 0,
            given_names: 0,
            family_names: 0,
            family_group: None,
            states_with: vec![],
            certain: vec![],
            may_lack: 0,
            stronger: Default::default(),
        }
    }

    /// Whether pairs are seen in the clear.
    pub(crate) fn is_clear(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys there are.
    pub(crate) fn keys(&self) -> usize {
        self.keys.len()
    }

    fn new(project: &Project, seen: &[&[Component]]) -> Space {
        let mut bit_of = BTreeMap::new();
        let mut groups = Vec::new();
        for group in comparison_groups(project) {
            let first = bit_of.len();
            for &component in &group.components {
                let bit = bit_of.len();
                bit_of.insert(component, bit);
            }
            let kind = match group.name.as_str() {
                GIVEN_NAME_AND_SEX => GroupKind::GivenNameAndSex,
                FAMILY_NAME => GroupKind::FamilyName,
                BIRTH_DATE => GroupKind::BirthDate,
                _ => GroupKind::Other,
            };
            let n = group.components.len();
            let bits = ((1u64 << n) - 1) << first;
            let states: Vec<Components> = (0..1u64 << n)
                .filter(|&subset| possible(subset, &group.components))
                .map(|subset| subset << first)
                .collect();
            groups.push(GroupStates {
                name: group.name,
                kind,
                bits,
                components: group.components,
                full: states.iter().map(|&s| f64::from(u8::from(s == bits))).collect(),
                states,
                crossed: None,
                beside: 1,
            });
        }
        let bits = |wanted: &dyn Fn(Component) -> bool| -> Components {
            bit_of.iter().filter(|(c, _)| wanted(**c)).fold(0, |set, (_, bit)| set | 1 << bit)
        };
        let kind = |c: Component| project.fields[c.field].kind;
        let mut any_order = 0;
        let mut keys = Vec::new();
        for (i, key) in seen.iter().enumerate() {
            let mut set = 0;
            for component in *key {
                match bit_of.get(component) {
                    Some(bit) => set |= 1u64 << bit,
                    None if component.part == Part::NamesAnyOrder => any_order |= 1u64 << i,
                    None => {}
                }
            }
            keys.push(set);
        }
        let family_group = groups.iter().position(|g| g.kind == GroupKind::FamilyName);
        if any_order != 0
            && let Some(g) = family_group
        {
            groups[g].crossed = Some(groups[g].states.len());
            groups[g].states.push(0);
            groups[g].full.push(0.0);
        }
        let states_with = groups
            .iter()
            .flat_map(|group| ones(group.bits).map(move |bit| (group, bit)))
            .map(|(group, bit)| {
                let with = (0..group.states.len()).filter(|&s| group.states[s] >> bit & 1 == 1);
                with.fold(0, |set, s| set | 1 << s)
            })
            .collect();
        let mut space = Space {
            keys,
            any_order,
            whole_names: bits(&|c| {
                c.part == Part::Whole
                    && matches!(kind(c), FieldKind::FamilyName | FieldKind::GivenName)
            }),
            given_names: bits(&|c| kind(c) == FieldKind::GivenName),
            family_names: bits(&|c| kind(c) == FieldKind::FamilyName),
            family_group,
            states_with,
            certain: groups.iter().map(certain).collect(),
            may_lack: bits(&|c| {
                c.part == Part::Street || c.part == Part::Phonetic && kind(c) == FieldKind::Address
            }),
            stronger: Default::default(),
            groups,
        };
        space.stronger = [Names::InOrder, Names::Crossed].map(|names| space.stronger(names));
        space
    }

    /// The components that agree for certain when these keys agree.
    pub(crate) fn agreeing(&self, keys: Keys) -> Components {
        self.certain(ones(keys).fold(0, |set, k| set | self.keys[k]))
    }

    /// The components that agree for certain when these do.
    fn certain(&self, shown: Components) -> Components {
        let of = |(group, certain): (&GroupStates, &Vec<Components>)| {
            certain[((shown & group.bits) >> group.bits.trailing_zeros()) as usize]
        };
        self.groups.iter().zip(&self.certain).map(of).fold(0, |set, one| set | one)
    }

    /// Which groups agree in full for certain, by bit: what a fuzzy level is read beside.
    pub(crate) fn context(&self, agreeing: Components) -> usize {
        self.groups
            .iter()
            .enumerate()
            .filter(|(_, group)| agreeing & group.bits == group.bits)
            .fold(0, |set, (g, _)| set | 1 << g)
    }

    /// The keys whose components all agree for certain when these components do.
    pub(crate) fn implied(&self, components: Components) -> Keys {
        (0..self.keys.len())
            .filter(|&k| self.parts(k, Names::InOrder) & !components == 0)
            .fold(0, |set, k| set | 1 << k)
    }

    /// The keys that must agree since all their components do, but that not both have: where keys
    /// agree, and both have `both`.
    pub(crate) fn silent(&self, agree: Keys, both: Keys) -> Keys {
        let shown = ones(agree).fold(0, |set, k| set | self.keys[k]);
        let there = self.certain(shown) & (shown | !self.may_lack);
        self.implied(there) & !both
    }

    /// The keys that say something of a person with several records, of those that both have.
    ///
    /// One record may agree with the other person in the name and another in the birth date.
    /// Neither has both, so the key of name and birth date differs although all its components
    /// agree: it says nothing.
    pub(crate) fn of_several_records(&self, both: Keys, agree: Keys) -> Keys {
        both & (agree | !self.implied(self.agreeing(agree)))
    }

    /// Whether a key is of family and given names in their places, and of nothing else.
    pub(crate) fn is_of_names(&self, key: usize) -> bool {
        let parts = self.keys[key];
        self.any_order >> key & 1 == 0
            && parts & self.family_names != 0
            && parts & self.given_names != 0
            && parts & !(self.family_names | self.given_names) == 0
    }

    /// The probability that all components of a key agree, given each group's state
    /// probabilities.
    pub(crate) fn agreement(&self, key: usize, states: &[Vec<f64>]) -> f64 {
        let wanted = self.parts(key, Names::InOrder);
        self.groups
            .iter()
            .zip(states)
            .map(|(group, p)| {
                let part = wanted & group.bits;
                let hit = |s: usize| {
                    (part == 0 || group.crossed != Some(s)) && group.states[s] & part == part
                };
                (0..p.len()).filter(|&s| hit(s)).map(|s| p[s]).sum::<f64>()
            })
            .product()
    }

    /// What a key says of the components when the names are in this order.
    fn parts(&self, key: usize, names: Names) -> Components {
        let either = self.any_order >> key & 1 == 1;
        match names {
            Names::InOrder if either => self.keys[key] | self.whole_names,
            Names::InOrder | Names::Crossed => self.keys[key],
        }
    }

    /// The keys that agree when each group is in this state.
    pub(crate) fn agreeing_keys(&self, states: &[usize]) -> Keys {
        let mut agreeing = 0;
        let mut names = Names::InOrder;
        for (group, &s) in self.groups.iter().zip(states) {
            agreeing |= group.states[s];
            if group.crossed == Some(s) {
                names = Names::Crossed;
            }
        }
        if names == Names::Crossed {
            agreeing &= !(self.given_names | self.family_names);
        }
        (0..self.keys.len())
            .filter(|&k| {
                let parts = self.parts(k, names);
                parts & !agreeing == 0 && (parts != 0 || names == Names::Crossed)
            })
            .fold(0, |set, k| set | 1 << k)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    InOrder,
    Crossed,
}

/// Per set of a group's components, those that agree for certain when these do: what every
/// state has in common that holds them.
fn certain(group: &GroupStates) -> Vec<Components> {
    let first = group.bits.trailing_zeros();
    let of = |shown: Components| {
        let holds = |(s, state): &(usize, &Components)| {
            group.crossed != Some(*s) && **state & shown == shown
        };
        let all = group.states.iter().enumerate().filter(holds);
        if shown == 0 { 0 } else { all.fold(group.bits, |all, (_, state)| all & state) }
    };
    (0..1u64 << group.components.len()).map(|subset| of(subset << first)).collect()
}

/// Parts that are derived from the whole value.
const WITHIN_WHOLE: [Part; 7] = [
    Part::Phonetic,
    Part::Slk,
    Part::Initial,
    Part::NumberAndStreet,
    Part::Street,
    Part::LastEight,
    Part::LastSix,
];

/// Whether the components of a group can agree in exactly this subset.
fn possible(subset: u64, components: &[Component]) -> bool {
    let agrees = |field: usize, part: Part| {
        components
            .iter()
            .position(|c| c.field == field && c.part == part)
            .map(|i| subset >> i & 1 == 1)
    };
    components.iter().enumerate().all(|(i, c)| {
        let on = subset >> i & 1 == 1;
        let same = |part| agrees(c.field, part);
        match c.part {
            // The whole value agrees: so does all that is derived from it.
            Part::Whole if on => WITHIN_WHOLE.iter().all(|part| same(*part) != Some(false)),
            Part::NumberAndStreet if on => {
                [Part::Street, Part::Phonetic].iter().all(|part| same(*part) != Some(false))
            }
            Part::Street if on => same(Part::Phonetic) != Some(false),
            Part::LastEight if on => same(Part::LastSix) != Some(false),
            // Day and month in either order agree: the year does, and both or neither of
            // day and month are in place.
            Part::AnyOrder if on => {
                same(Part::Year) != Some(false)
                    && match (same(Part::Day), same(Part::Month)) {
                        (Some(day), Some(month)) => day == month,
                        _ => true,
                    }
            }
            Part::AnyOrder => ![Part::Day, Part::Month, Part::Year]
                .into_iter()
                .all(|part| same(part) == Some(true)),
            _ => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::veil::{Outlooks, Views};
    use crate::project::{Extra, Preset};

    fn space() -> Space {
        let text = Preset::Minimal.toml("p", "2026");
        Space::of_match_keys(&Project::parse(&text, "project.toml").expect("a preset"))
    }

    /// Every joint state, and which keys agree in it, by the plainest reading of the rules.
    fn every_state(space: &Space) -> Vec<(Vec<usize>, Keys)> {
        let mut all = vec![vec![]];
        for group in &space.groups {
            all = all
                .into_iter()
                .flat_map(|head: Vec<usize>| {
                    (0..group.states.len()).map(move |s| [head.clone(), vec![s]].concat())
                })
                .collect();
        }
        all.into_iter()
            .map(|states| {
                let crossed = space.groups.iter().zip(&states).any(|(g, &s)| g.crossed == Some(s));
                let agreeing =
                    space.groups.iter().zip(&states).fold(0, |set, (g, &s)| set | g.states[s]);
                let names = space.given_names | space.family_names;
                let keys = (0..space.keys.len())
                    .filter(|&k| {
                        let either = space.any_order >> k & 1 == 1;
                        let in_place = if crossed { agreeing & !names } else { agreeing };
                        let both_names = agreeing & space.whole_names == space.whole_names;
                        space.keys[k] & !in_place == 0 && (!either || crossed || both_names)
                    })
                    .fold(0, |set, k| set | 1 << k);
                (states, keys)
            })
            .collect()
    }

    /// Some probabilities per state, none equal.
    fn probabilities(space: &Space) -> Vec<Vec<f64>> {
        space
            .groups
            .iter()
            .map(|g| {
                let raw: Vec<f64> = (0..g.states.len()).map(|s| 1.0 / (1.7 + s as f64)).collect();
                let total: f64 = raw.iter().sum();
                raw.into_iter().map(|p| p / total).collect()
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn a_veil_is_the_sum_over_the_states_it_leaves_possible(pick: prop::sample::Index, both: u64) {
            let space = space();
            let all = every_state(&space);
            // What is seen of a true state: the keys both rows have, and those that agree.
            let both = both & ((1 << space.keys.len()) - 1);
            let agree = all[pick.index(all.len())].1 & both;
            let p = probabilities(&space);
            let slices: Vec<&[f64]> = p.iter().map(Vec::as_slice).collect();
            let mut expected = 0.0;
            let mut shares: Vec<Vec<f64>> = p.iter().map(|g| vec![0.0; g.len()]).collect();
            for (states, keys) in &all {
                if keys & both == agree {
                    let product: f64 = states.iter().zip(&p).map(|(&s, g)| g[s]).product();
                    expected += product;
                    for (g, &s) in states.iter().enumerate() {
                        shares[g][s] += product;
                    }
                }
            }
            // Beside another outlook, and between other sources too.
            let other = (0, space.veil(space.outline(both, 0)));
            let veil = space.veil(space.outline(both, agree));
            let observed = [other, (0, veil.clone()), (0, veil.clone()), (1, veil)];
            let (outlooks, places) = Outlooks::new(space.groups.len(), &observed);
            prop_assert_eq!(places[1], places[2]);
            let even: Vec<Vec<f64>> =
                p.iter().map(|g| vec![1.0 / g.len() as f64; g.len()]).collect();
            // Each kind of pair goes by its own probabilities, whatever the others are.
            for (kind, at) in (0..4).flat_map(|kind| [(kind, places[1]), (kind, places[3])]) {
                let even: Views = [(); 4].map(|()| even.iter().map(Vec::as_slice).collect());
                let mut views = [even.clone(), even];
                views[usize::from(at == places[3])][kind].clone_from(&slices);
                let likelihoods = outlooks.likelihoods(&views);
                let got = likelihoods.all[at][kind];
                prop_assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
                let mut weights = vec![[0.0; 4]; likelihoods.all.len()];
                weights[at] = [2.0; 4];
                weights[at][kind] = 1.0;
                let counts = &outlooks.share_out(&likelihoods, &views, &weights)[kind];
                for (got, expected_group) in counts.iter().flatten().zip(shares.iter().flatten()) {
                    prop_assert!((got - expected_group / expected).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn states_that_cannot_be_are_left_out() {
        let space = space();
        let sizes: Vec<usize> = space.groups.iter().map(|g| g.states.len()).collect();
        // Given name and sex: 9 x 2. Family name: 9 and the crossed one. Birth date: 8 and
        // one for day and month swapped. Place: 4.
        assert_eq!(sizes, [18, 10, 9, 4]);
    }

    /// The bit of a match key of [`space`].
    fn key(name: &str) -> Keys {
        let text = Preset::Minimal.toml("p", "2026");
        let project = Project::parse(&text, "project.toml").expect("a preset");
        1 << project.match_keys.iter().position(|k| k.name == name).expect("the key")
    }

    #[test]
    fn crossed_names_that_begin_alike_are_possible() {
        let space = space();
        let possible = |agree: Keys| {
            let every = Keys::MAX >> (64 - space.keys());
            !space.veil(space.outline(every, agree)).0.is_empty()
        };
        let either = key("names_any_order_birth") | key("names_any_order_postcode");
        let place = key("birth_sex_postcode") | key("birth_any_order_suburb");
        let crossed = either | place | key("birth") | key("birth_sex");
        assert!(possible(crossed));
        assert!(possible(crossed | key("initials_birth")));
        // The whole name in its place and not the pair of names cannot be.
        assert!(!possible(crossed | key("family_birth") | key("given_birth")));
    }

    #[test]
    fn what_several_records_say_together_is_no_contradiction() {
        let space = space();
        let agree = key("names") | key("birth");
        let differ = key("names_year") | key("slk581") | key("given_postcode");
        // The sex and the place are unknown, the rest agrees.
        let says = agree | key("slk581") | key("given_postcode");
        assert_eq!(space.of_several_records(agree | differ, agree), says);
    }

    #[test]
    fn a_withheld_street_says_nothing_of_a_post_box() {
        let text = Preset::Minimal.toml_with("p", "2026", &[Extra::Address]);
        let project = Project::parse(&text, "project.toml").expect("a preset");
        let space = Space::of_match_keys(&project);
        let key = |name: &str| -> Keys {
            1 << project.match_keys.iter().position(|k| k.name == name).expect("the key")
        };
        let agree = key("names_sound_birth") | key("birth_address");
        let street = key("names_sound_street");
        assert_ne!(space.implied(space.agreeing(agree)) & street, 0);
        let silent = space.silent(agree, agree);
        assert_eq!((silent & street, silent & key("birth")), (0, key("birth")));
    }

    #[test]
    fn an_agreeing_whole_name_shows_its_parts() {
        let space = space();
        let shown = space.agreeing(key("names"));
        assert_eq!(shown, space.family_names | space.given_names);
        assert_ne!(space.implied(shown) & key("names"), 0);
        assert_eq!(space.implied(shown) & key("slk581"), 0);
    }
}
