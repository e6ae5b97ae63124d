//! From what a pair's tokens show to the joint states that this leaves possible.
//!
//! Many observations say the same: a key that differs says nothing more where another that
//! differs has fewer components. What is left of an observation without such is its
//! [`Outline`]; there are far fewer of them than observations, and each is worked out once.

use super::{Components, Keys, Names, Space};
use crate::engine::veil::{Veil, ones};

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

    /// What an outline leaves possible, in the one order of the names and in the other, which
    /// exclude each other.
    pub(crate) fn veil(&self, outline: Outline) -> Veil {
        let mut veil = Veil::default();
        for (said, names) in outline.orders.into_iter().zip(ORDERS) {
            said.inspect(|&said| self.branch(said, names, &mut veil));
        }
        if let Some(said) = outline.alike.filter(|_| veil == Veil::default()) {
            self.branch(said, Names::Crossed, &mut veil);
        }
        veil
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

    /// Adds what is left possible if the names are in this order.
    fn branch(&self, said: Said, names: Names, veil: &mut Veil) {
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
                let can_break = |&g: &usize| self.holding(g, clause, allowed[g]) != allowed[g];
                let mut breakers = (0..self.groups.len()).filter(can_break);
                match (breakers.next(), breakers.next()) {
                    (None, _) => return,
                    (Some(g), None) => {
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
        if !allowed.contains(&0) {
            self.combine(&allowed, &clauses, veil);
        }
    }

    /// The allowed states of a group in which all of a clause's components agree.
    fn holding(&self, g: usize, clause: Components, allowed: u64) -> u64 {
        ones(clause & self.groups[g].bits).fold(allowed, |set, c| set & self.states_with[c])
    }

    /// Sorts each group's states by the open clauses that they leave unbroken, and adds the
    /// combinations that break every clause.
    fn combine(&self, allowed: &[u64], clauses: &[Components], veil: &mut Veil) {
        // Clauses beyond what a list can hold are let go, loosest last: the veil is then a
        // little thicker than it need be, never thinner.
        let mut clauses = clauses;
        loop {
            let sorted = |(g, &allowed): (usize, &u64)| {
                let holding: Vec<u64> =
                    clauses.iter().map(|&clause| self.holding(g, clause, allowed)).collect();
                let unbroken = |s: usize| {
                    (holding.iter().enumerate())
                        .fold(0, |set, (c, holds)| set | (holds >> s & 1) << c)
                };
                together(ones(allowed).map(|s| (unbroken(s), 1 << s)))
            };
            let groups: Vec<Vec<(u64, u64)>> = allowed.iter().enumerate().map(sorted).collect();
            let count: usize = groups.iter().map(Vec::len).product();
            if count > MAX_COMBINATIONS && !clauses.is_empty() {
                clauses = &clauses[..clauses.len() - 1];
                continue;
            }
            let every = (1u64 << clauses.len()) - 1;
            list(&groups, every, &mut Vec::with_capacity(groups.len()), veil);
            return;
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

/// States that leave the same clauses unbroken, as one set.
fn together(states: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = Vec::new();
    for (unbroken, states) in states {
        match all.iter_mut().find(|(other, _)| *other == unbroken) {
            Some((_, set)) => *set |= states,
            None => all.push((unbroken, states)),
        }
    }
    all
}

/// Adds every combination of sets, one of each group, that leaves nothing unbroken.
fn list(groups: &[Vec<(u64, u64)>], unbroken: u64, head: &mut Vec<u64>, out: &mut Veil) {
    let Some((group, rest)) = groups.split_first() else {
        if unbroken == 0 {
            out.0.extend_from_slice(head);
        }
        return;
    };
    // What the groups before have broken is all the same now.
    for (unbroken, states) in together(group.iter().map(|&(left, set)| (unbroken & left, set))) {
        head.push(states);
        list(rest, unbroken, head, out);
        head.pop();
    }
}
