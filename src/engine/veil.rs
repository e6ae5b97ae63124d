//! What observations leave possible: sets of joint states of the comparison groups, kept as
//! sums of products so that their probabilities and shares are quick to work out.

use std::array;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

/// One number for each kind of pair: the same person, unrelated people, people of one household,
/// twins. Four that lie together are worked out together.
pub(crate) type OfKinds = [f64; 4];

/// Per kind of pair, the state probabilities, group by group.
pub(crate) type Views<'a> = [Vec<&'a [f64]>; 4];

/// The joint states that an observation leaves possible, as products: one set of states (as
/// bits) of each group, product by product. No joint state is in two of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Veil(pub(super) Vec<u64>);

/// The different veils of the pairs of each pair of sources. Thousands of them are made of a
/// few thousand products, and these of a few hundred sets, so each is worked out once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outlooks {
    groups: usize,
    /// The sets: the group of each, and its states as bits.
    sets: Vec<(usize, u64)>,
    /// Product by product, its sets, one of each group.
    products: Vec<u32>,
    /// The pair of sources of each product, as an index into the model's; those of one are
    /// together.
    between: Vec<usize>,
    /// The products of each outlook, and the outlooks of each product.
    made_of: Lists,
    parts_of: Lists,
}

/// What a model makes of outlooks.
pub(crate) struct Likelihoods {
    /// The probability of each set, per pair of sources.
    sets: Vec<Vec<OfKinds>>,
    products: Vec<OfKinds>,
    /// The probability of each outlook.
    pub(crate) all: Vec<OfKinds>,
}

impl Outlooks {
    /// From what observations leave possible and their pairs of sources; and which of the outlooks
    /// is that of each.
    pub(crate) fn new(groups: usize, observed: &[(usize, Veil)]) -> (Outlooks, Vec<usize>) {
        let mut outlooks = Outlooks { groups, ..Outlooks::default() };
        let (mut sets, mut products) = (FxHashMap::default(), FxHashMap::default());
        let mut veils: FxHashMap<&(usize, Veil), usize> = FxHashMap::default();
        let mut of_product = |outlooks: &mut Outlooks, between: usize, product: &[u64]| {
            outlooks.between.push(between);
            for (group, &set) in product.iter().enumerate() {
                let place = *sets.entry((group, set)).or_insert_with(|| {
                    outlooks.sets.push((group, set));
                    outlooks.sets.len() - 1
                });
                outlooks.products.push(place as u32);
            }
        };
        let mut order: Vec<usize> = (0..observed.len()).collect();
        order.sort_by_key(|&place| observed[place].0);
        let mut places = vec![0; observed.len()];
        for i in order {
            let (between, veil) = &observed[i];
            let next = veils.len();
            places[i] = *veils.entry(&observed[i]).or_insert(next);
            if places[i] < next {
                continue;
            }
            for product in veil.0.chunks_exact(groups) {
                let number = *products.entry((between, product)).or_insert_with(|| {
                    of_product(&mut outlooks, *between, product);
                    outlooks.between.len() - 1
                });
                outlooks.made_of.all.push(number as u32);
            }
            outlooks.made_of.ends.push(outlooks.made_of.all.len());
        }
        outlooks.parts_of = outlooks.made_of.turned(outlooks.between.len());
        (outlooks, places)
    }

    /// The sets of a product.
    fn sets_of(&self, product: usize) -> &[u32] {
        &self.products[product * self.groups..][..self.groups]
    }

    /// The probability of each outlook, given each group's state probabilities, per pair of
    /// sources.
    pub(crate) fn likelihoods(&self, views: &[Views<'_>]) -> Likelihoods {
        let of_set = |views: &Views<'_>, &(group, set): &(usize, u64)| {
            array::from_fn(|kind| ones(set).map(|s| views[kind][group][s]).sum())
        };
        let of_sets = |views| self.sets.iter().map(|set| of_set(views, set)).collect();
        let sets: Vec<Vec<OfKinds>> = views.iter().map(of_sets).collect();
        let of_product = |product: usize| {
            let sums = &sets[self.between[product]];
            self.sets_of(product).iter().map(|&set| sums[set as usize]).fold([1.0; 4], times)
        };
        let products: Vec<OfKinds> =
            (0..self.between.len()).into_par_iter().with_min_len(AT_ONCE).map(of_product).collect();
        let all = self.made_of.sums(&products);
        Likelihoods { sets, products, all }
    }

    /// The weights of outlooks, shared out over the joint states that each leaves possible in
    /// proportion to their probability: per kind and group, what each state gets.
    pub(crate) fn share_out(
        &self,
        likelihoods: &Likelihoods,
        views: &[Views<'_>],
        weights: &[OfKinds],
    ) -> [Vec<Vec<f64>>; 4] {
        let scale = |(likelihood, weights): (&OfKinds, &OfKinds)| -> OfKinds {
            array::from_fn(|kind| match likelihood[kind] > 0.0 && weights[kind] > 0.0 {
                true => weights[kind] / likelihood[kind],
                false => 0.0,
            })
        };
        let scales: Vec<OfKinds> = likelihoods.all.iter().zip(weights).map(scale).collect();
        let scales = self.parts_of.sums(&scales);
        let empty = |views: &Vec<&[f64]>| views.iter().map(|p| vec![0.0; p.len()]).collect();
        let mut counts: [Vec<Vec<f64>>; 4] = views[0].each_ref().map(empty);
        let mut first = 0;
        for same in self.between.chunk_by(|x, y| x == y) {
            let (sums, views) = (&likelihoods.sets[same[0]], &views[same[0]]);
            let mut shares = vec![[0.0; 4]; self.sets.len()];
            let here = first..first + same.len();
            for (product, &scale) in here.clone().zip(&scales[here]) {
                let share = times(scale, likelihoods.products[product]);
                for &set in self.sets_of(product) {
                    shares[set as usize] = plus(shares[set as usize], share);
                }
            }
            first += same.len();
            for (&(group, set), (share, sum)) in self.sets.iter().zip(shares.iter().zip(sums)) {
                for (kind, counts) in counts.iter_mut().enumerate() {
                    if sum[kind] > 0.0 {
                        for s in ones(set) {
                            counts[group][s] += share[kind] / sum[kind] * views[kind][group][s];
                        }
                    }
                }
            }
        }
        counts
    }

    /// The states of a group that an outlook leaves possible.
    pub(super) fn possible(&self, outlook: usize, group: usize) -> u64 {
        let set = |&product: &u32| self.sets[self.sets_of(product as usize)[group] as usize].1;
        self.made_of.of(outlook).iter().map(set).fold(0, |all, set| all | set)
    }
}

/// So many sums one thread works out at a time, at least.
const AT_ONCE: usize = 1 << 9;

/// Lists of numbers, one behind the other, and where each ends.
#[derive(Debug, Clone, Default)]
struct Lists {
    all: Vec<u32>,
    ends: Vec<usize>,
}

impl Lists {
    fn of(&self, list: usize) -> &[u32] {
        let start = list.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.all[start..self.ends[list]]
    }

    /// Per number, the lists it is in, in order.
    fn turned(&self, numbers: usize) -> Lists {
        let mut ends = vec![0; numbers];
        self.all.iter().for_each(|&number| ends[number as usize] += 1);
        let mut end = 0;
        for count in &mut ends {
            end += std::mem::replace(count, end);
        }
        let mut all = vec![0; self.all.len()];
        for list in 0..self.ends.len() {
            for &number in self.of(list) {
                all[ends[number as usize]] = list as u32;
                ends[number as usize] += 1;
            }
        }
        Lists { all, ends }
    }

    /// Per list, the sum of what each of its numbers stands for.
    fn sums(&self, values: &[OfKinds]) -> Vec<OfKinds> {
        let sum =
            |list| self.of(list).iter().map(|&number| values[number as usize]).fold([0.0; 4], plus);
        (0..self.ends.len()).into_par_iter().with_min_len(AT_ONCE).map(sum).collect()
    }
}

fn plus(x: OfKinds, y: OfKinds) -> OfKinds {
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
