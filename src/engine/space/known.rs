//! What an outlook leaves certain of each comparison group, in terms of its components.

use super::{Components, GroupStates, Space};
use crate::engine::veil::{Outlooks, ones};
use crate::project::Component;

/// What an observation says for certain of one comparison group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    /// The components that agree.
    pub(crate) agrees: Vec<Component>,
    /// The components that do not.
    pub(crate) differs: Vec<Component>,
    /// Whether all components may agree, as far as is known.
    pub(crate) may_be_full: bool,
    /// Whether the family and given names are each other's.
    pub(crate) crossed: bool,
}

impl Space {
    /// What an outlook leaves certain, group by group; nothing where it leaves no state possible.
    pub(crate) fn known(&self, outlooks: &Outlooks, outlook: usize) -> Vec<Known> {
        let of = |(g, group): (usize, &GroupStates)| {
            let possible = outlooks.possible(outlook, g);
            let (all, any) = ones(possible).fold((group.bits, 0), |(all, any), s| {
                (all & group.states[s], any | group.states[s])
            });
            let which = |set: Components| {
                let bit = |i: usize| set >> group.bits.trailing_zeros() >> i & 1 == 1;
                let named = group.components.iter().enumerate().filter(move |(i, _)| bit(*i));
                named.map(|(_, c)| *c).collect()
            };
            let is_nothing = possible == 0;
            Known {
                agrees: which(if is_nothing { 0 } else { all }),
                differs: which(if is_nothing { 0 } else { group.bits & !any }),
                may_be_full: is_nothing || ones(possible).any(|s| group.is_full(s)),
                crossed: group.crossed.is_some_and(|c| possible == 1 << c),
            }
        };
        self.groups.iter().enumerate().map(of).collect()
    }
}
