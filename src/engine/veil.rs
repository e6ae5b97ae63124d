//! What observations leave possible: sets of joint states of the comparison groups, kept as
//! sums of products so that their probabilities and shares are quick to work out.

use std::array;
use std::collections::HashMap;

/// One number for each kind of pair: the same person, unrelated people, people of one household,
/// twins. Four that lie together are worked out together.
pub(crate) type OfKinds = [f64; 4];

/// Per kind of pair, the state probabilities, group by group.
pub(crate) type Views<'a> = [Vec<&'a [f64]>; 4];

/// The joint states that an observation leaves possible, as combinations of one class of
/// states per group; a class is known by its place in [`Classes`]. Combinations that differ in
/// the last group only are one run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Veil {
    /// Run by run, the classes of all groups but the last.
    pub(super) heads: Vec<u32>,
    /// Run by run, the classes of the last group.
    pub(super) tails: Vec<u32>,
    /// Where each run ends in the tails.
    pub(super) ends: Vec<u32>,
}

/// Classes of states: the group of each, and its states as bits. Thousands of veils have a
/// few hundred between them, so what a class adds up to is worked out once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Classes {
    all: Vec<(usize, u64)>,
    places: HashMap<(usize, u64), u32>,
}

/// What is left possible of the pairs of each pair of sources.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlooks {
    pub(crate) classes: Classes,
    /// Each with its pair of sources, as an index into the model's; those of one are together.
    pub(crate) all: Vec<(usize, Veil)>,
}

impl Outlooks {
    /// From the observations' pairs of sources and what each leaves possible, with classes of
    /// its own.
    pub(crate) fn new(observed: Vec<(usize, Vec<(Classes, Veil)>)>) -> Outlooks {
        let mut classes = Classes::default();
        let all = observed
            .into_iter()
            .map(|(between, branches)| (between, classes.join(branches)))
            .collect();
        Outlooks { classes, all }
    }
}

impl Classes {
    /// The place of a group's class.
    pub(super) fn place(&mut self, group: usize, states: u64) -> u32 {
        *self.places.entry((group, states)).or_insert_with(|| {
            self.all.push((group, states));
            (self.all.len() - 1) as u32
        })
    }

    /// One veil of several that exclude each other, in terms of these classes.
    fn join(&mut self, branches: Vec<(Classes, Veil)>) -> Veil {
        let mut joined = Veil::default();
        for (classes, veil) in branches {
            let places: Vec<u32> = classes.all.iter().map(|&(g, set)| self.place(g, set)).collect();
            let here = |place: &u32| places[*place as usize];
            let before = joined.tails.len() as u32;
            joined.heads.extend(veil.heads.iter().map(here));
            joined.tails.extend(veil.tails.iter().map(here));
            joined.ends.extend(veil.ends.iter().map(|end| before + end));
        }
        joined
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// The probability of each class, given each group's state probabilities.
    pub(crate) fn sums(&self, views: &Views<'_>) -> Vec<OfKinds> {
        let sum = |&(group, class): &(usize, u64)| {
            array::from_fn(|kind| ones(class).map(|s| views[kind][group][s]).sum())
        };
        self.all.iter().map(sum).collect()
    }

    /// Adds what each class got of one kind to the counts of its states, in proportion to their
    /// probability; `sums` are those of the classes.
    pub(crate) fn spread(
        &self,
        kind: usize,
        shares: &[OfKinds],
        sums: &[OfKinds],
        states: &[&[f64]],
        counts: &mut [Vec<f64>],
    ) {
        for ((&(group, class), share), sum) in self.all.iter().zip(shares).zip(sums) {
            if sum[kind] > 0.0 {
                for s in ones(class) {
                    counts[group][s] += share[kind] / sum[kind] * states[group][s];
                }
            }
        }
    }

    /// The states of a group that a veil leaves possible.
    pub(super) fn possible(&self, veil: &Veil, group: usize) -> u64 {
        let classes = veil.heads.iter().chain(&veil.tails).map(|&place| self.all[place as usize]);
        classes.filter(|(of, _)| *of == group).fold(0, |set, (_, class)| set | class)
    }
}

impl Veil {
    /// One class of each group.
    pub(crate) fn of_classes(states: impl Iterator<Item = u64>) -> (Classes, Veil) {
        let mut classes = Classes::default();
        let places = states.enumerate().map(|(group, set)| classes.place(group, set));
        let mut heads: Vec<u32> = places.collect();
        let tails: Vec<u32> = heads.pop().into_iter().collect();
        (classes, Veil { heads, ends: vec![tails.len() as u32], tails })
    }

    /// Run by run, its head and its tail.
    fn runs(&self) -> impl Iterator<Item = (&[u32], &[u32])> {
        let head = self.heads.len() / self.ends.len().max(1);
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).enumerate().map(move |(run, (start, &end))| {
            (&self.heads[run * head..][..head], &self.tails[start as usize..end as usize])
        })
    }

    /// The probability of the observation, given that of each class.
    pub(crate) fn likelihood(&self, sums: &[OfKinds]) -> OfKinds {
        let of_run = |(head, tail)| times(product(head, sums), total(tail, sums));
        self.runs().map(of_run).fold([0.0; 4], plus)
    }

    /// Adds the weights, shared out over the possible combinations in proportion to their
    /// probability, to the shares of their classes. `likelihood` is that of the observation.
    pub(crate) fn share_out(
        &self,
        sums: &[OfKinds],
        likelihood: &OfKinds,
        weights: &OfKinds,
        shares: &mut [OfKinds],
    ) {
        let scale = array::from_fn(|kind| match likelihood[kind] > 0.0 && weights[kind] > 0.0 {
            true => weights[kind] / likelihood[kind],
            false => 0.0,
        });
        for (head, tail) in self.runs() {
            let before = times(scale, product(head, sums));
            let both = times(before, total(tail, sums));
            for &place in head {
                shares[place as usize] = plus(shares[place as usize], both);
            }
            for &place in tail {
                let share = times(before, sums[place as usize]);
                shares[place as usize] = plus(shares[place as usize], share);
            }
        }
    }
}

/// The probability of one class of each of several groups.
fn product(places: &[u32], sums: &[OfKinds]) -> OfKinds {
    places.iter().map(|&place| sums[place as usize]).fold([1.0; 4], times)
}

/// The probability of several classes of one group.
fn total(places: &[u32], sums: &[OfKinds]) -> OfKinds {
    places.iter().map(|&place| sums[place as usize]).fold([0.0; 4], plus)
}

pub(crate) fn plus(x: OfKinds, y: OfKinds) -> OfKinds {
    array::from_fn(|kind| x[kind] + y[kind])
}

fn times(x: OfKinds, y: OfKinds) -> OfKinds {
    array::from_fn(|kind| x[kind] * y[kind])
}

/// The positions of the bits that are set.
pub(crate) fn ones(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (set != 0).then(|| {
            let bit = set.trailing_zeros() as usize;
            set &= set - 1;
            bit
        })
    })
}
