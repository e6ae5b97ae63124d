//! From what a pair's tokens show to the joint states that this leaves possible.
//!
//! Many observations say the same: a key that differs says nothing more where another that
//! differs has fewer components. What is left of an observation without such is its
//! [`Outline`]; there are far fewer of them than observations, and each is worked out once.

use std::collections::BTreeMap;

use super::{Components, Keys, Names, Space};
use crate::engine::veil::{Classes, Veil, ones};

/// What an observation says, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Outline {
    /// For each order of the names that it leaves possible.
    orders: [Option<Said>; 2],
    /// Where no order is possible: with the names crossed, and letters in common by chance.
    alike: Option<Said>,
}

/// What an observation says if the names are in one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Said {
    /// The components that agree for certain.
    certain: Components,
    /// The keys that differ and say something.
    differ: Keys,
}

impl Space {
    /// What it says that exactly these of the keys that both rows have agree.
    pub(crate) fn outline(&self, both: Keys, agree: Keys) -> Outline {
        let orders = ORDERS.map(|names| self.said(both, agree, names));
        let either = agree & self.any_order != 0;
        let alike = either.then(|| {
            let parts = self.of_parts_of_names(agree);
            self.said(both & !parts, agree & !parts, Names::Crossed)
        });
        Outline { orders, alike: alike.flatten().filter(|_| orders[1].is_none()) }
    }

    /// Of keys, those that hold less than a whole name in its place. Names that are each
    /// other's may have such a part in common by chance ("Ann Adams"); nothing else makes names
    /// agree in either order and not in their places.
    fn of_parts_of_names(&self, keys: Keys) -> Keys {
        ones(keys & !self.any_order)
            .filter(|&k| {
                let names = self.keys[k] & (self.given_names | self.family_names);
                names != 0 && names & self.whole_names == 0
            })
            .fold(0, |set, k| set | 1 << k)
    }

    /// What an outline leaves possible, in the one order of the names and in the other.
    pub(crate) fn veils(&self, outline: Outline) -> Vec<(Classes, Veil)> {
        let branches = outline.orders.into_iter().zip(ORDERS);
        let veils: Vec<(Classes, Veil)> =
            branches.filter_map(|(said, names)| self.branch(said?, names)).collect();
        match outline.alike {
            Some(said) if veils.is_empty() => {
                self.branch(said, Names::Crossed).into_iter().collect()
            }
            _ => veils,
        }
    }

    fn said(&self, both: Keys, agree: Keys, names: Names) -> Option<Said> {
        let all_names = self.given_names | self.family_names;
        if names == Names::Crossed && self.crossed().is_none() {
            return None;
        }
        let shown = ones(agree).fold(0, |set, k| set | self.parts(k, names));
        if names == Names::Crossed && shown & all_names != 0 {
            return None;
        }
        // With the names crossed, a key that holds a name in its place cannot agree, so it says
        // nothing more.
        let stronger = &self.stronger[names as usize];
        let differ = both & !agree & stronger.any;
        let told = ones(differ).fold(0, |set, k| set | stronger.than[k]);
        let certain = self.certain(shown);
        Some(Said { certain, differ: self.telling(differ & !told, certain, names) })
    }

    /// Of keys that differ, those that say something beside the others, given what agrees for
    /// certain: what differs is among the rest of their components.
    fn telling(&self, differ: Keys, certain: Components, names: Names) -> Keys {
        let open = |k: usize| self.parts(k, names) & !certain;
        let says_less = |k: usize| {
            ones(differ & !(1 << k))
                .any(|other| open(other) & !open(k) == 0 && (open(other) != open(k) || other < k))
        };
        ones(differ).filter(|&k| says_less(k)).fold(differ, |set, k| set & !(1 << k))
    }

    fn branch(&self, said: Said, names: Names) -> Option<(Classes, Veil)> {
        let Said { certain, differ } = said;
        let mut allowed: Vec<u64> = self
            .groups
            .iter()
            .enumerate()
            .map(|(g, group)| {
                let only_crossed = names == Names::Crossed && Some(g) == self.family_group;
                (0..group.states.len())
                    .filter(|&s| match group.crossed {
                        Some(c) if only_crossed || c == s => only_crossed && c == s,
                        _ => group.states[s] & certain & group.bits == certain & group.bits,
                    })
                    .fold(0u64, |set, s| set | 1 << s)
            })
            .collect();
        // A key that differs: not all its components agree, and so not all that are open.
        let mut clauses: Vec<Components> =
            ones(differ).map(|k| self.parts(k, names) & !certain).collect();
        clauses.sort_unstable();

        // Where only one group can still break a clause, it must.
        loop {
            let mut changed = false;
            let mut open = Vec::new();
            for &clause in &clauses {
                let breakers: Vec<usize> = (0..self.groups.len())
                    .filter(|&g| self.holding(g, clause, allowed[g]) != allowed[g])
                    .collect();
                match breakers[..] {
                    [] => return None,
                    [g] => {
                        allowed[g] &= !self.holding(g, clause, allowed[g]);
                        changed = true;
                    }
                    _ if (0..self.groups.len())
                        .any(|g| allowed[g] != 0 && self.holding(g, clause, allowed[g]) == 0) => {}
                    _ => open.push(clause),
                }
            }
            clauses = open;
            if !changed {
                break;
            }
        }
        if allowed.contains(&0) {
            return None;
        }
        Some(self.combine(&allowed, &clauses))
    }

    /// The allowed states of a group in which all of a clause's components agree.
    fn holding(&self, g: usize, clause: Components, allowed: u64) -> u64 {
        ones(clause & self.groups[g].bits).fold(allowed, |set, c| set & self.states_with[c])
    }

    /// Sorts each group's states into classes that the open clauses cannot tell apart, and
    /// lists the combinations of classes that break every clause.
    fn combine(&self, allowed: &[u64], clauses: &[Components]) -> (Classes, Veil) {
        // Clauses beyond what a list can hold are let go, loosest last: the veil is then a
        // little thicker than it need be, never thinner.
        let mut clauses = clauses;
        loop {
            let classes: Vec<Vec<(u64, u64)>> = (0..self.groups.len())
                .map(|g| {
                    let mut by_signature: BTreeMap<u64, u64> = BTreeMap::new();
                    for s in ones(allowed[g]) {
                        let signature = (0..clauses.len())
                            .filter(|&c| self.holding(g, clauses[c], 1 << s) != 0)
                            .fold(0u64, |set, c| set | 1 << c);
                        *by_signature.entry(signature).or_default() |= 1 << s;
                    }
                    by_signature.into_iter().collect()
                })
                .collect();
            let count: usize = classes.iter().map(Vec::len).product();
            if count > MAX_COMBINATIONS && !clauses.is_empty() {
                clauses = &clauses[..clauses.len() - 1];
                continue;
            }
            let every = (1u64 << clauses.len()) - 1;
            let mut all = Classes::default();
            let places = classes.iter().enumerate().map(|(g, group)| {
                group.iter().map(|&(signature, states)| (signature, all.place(g, states))).collect()
            });
            let places: Vec<Vec<(u64, u32)>> = places.collect();
            let mut veil = Veil::default();
            list(&places, every, &mut Vec::with_capacity(places.len()), &mut veil);
            return (all, veil);
        }
    }

    /// The group of the family name, and its state where the names are each other's.
    fn crossed(&self) -> Option<(usize, usize)> {
        self.family_group.and_then(|g| Some((g, self.groups[g].crossed?)))
    }

    /// Which keys say less than which others when they differ.
    pub(super) fn stronger(&self, names: Names) -> Stronger {
        let all_names = self.given_names | self.family_names;
        let parts: Vec<Components> = (0..self.keys.len()).map(|k| self.parts(k, names)).collect();
        let any = (0..parts.len())
            .filter(|&k| names == Names::InOrder || parts[k] & all_names == 0)
            .fold(0, |set, k| set | 1 << k);
        let says_less = |k: usize, other: usize| {
            let holds_all = parts[k] & !parts[other] == 0;
            k != other && holds_all && (parts[k] != parts[other] || k < other)
        };
        let than = (0..parts.len())
            .map(|k| ones(any).filter(|&other| says_less(k, other)).fold(0, |set, o| set | 1 << o))
            .collect();
        Stronger { any, than }
    }
}

/// Of keys that differ, which others say nothing more, in one order of the names.
#[derive(Debug, Clone, Default)]
pub(super) struct Stronger {
    /// The keys that say anything.
    any: Keys,
    /// Per key, those that hold all its components, and more or come after it.
    than: Vec<Keys>,
}

const ORDERS: [Names; 2] = [Names::InOrder, Names::Crossed];
const MAX_COMBINATIONS: usize = 1 << 12;

/// Adds every combination of classes, one of each group, that leaves nothing unbroken.
fn list(groups: &[Vec<(u64, u32)>], unbroken: u64, head: &mut Vec<u32>, out: &mut Veil) {
    let Some((group, rest)) = groups.split_first() else { return };
    if rest.is_empty() {
        let before = out.tails.len();
        let breaks = group.iter().filter(|(signature, _)| unbroken & signature == 0);
        out.tails.extend(breaks.map(|&(_, place)| place));
        if out.tails.len() > before {
            out.heads.extend_from_slice(head);
            out.ends.push(out.tails.len() as u32);
        }
        return;
    }
    for &(signature, place) in group {
        head.push(place);
        list(rest, unbroken & signature, head, out);
        head.pop();
    }
}
