//! Numbers that are spread evenly, as tokens and hashes are: their first bits deal them into parts
//! that a processor's cache holds, and what is alike is in one part. So they are sorted, and those
//! that are alike are found, without a step through all of memory.

/// Items of a part in which those that are alike are looked for, about.
pub(super) const PART: usize = 1 << 11;
/// Items of a part that is sorted, about.
const SORTED: usize = 16;
/// The most parts, as a power of two: their beginnings fit in a processor's cache.
const MOST: u32 = 16;

/// Items by the first bits of their keys.
pub(super) struct Dealt<T> {
    items: Vec<T>,
    /// Where each part ends.
    ends: Vec<u32>,
}

/// Deals items into parts of about `each`; within a part they stay in their order.
pub(super) fn dealt<T: Copy + Default>(
    items: &[T],
    each: usize,
    key: impl Fn(&T) -> u64,
) -> Dealt<T> {
    let bits = (items.len() / each).max(1).ilog2().min(MOST);
    // No bit at all is no shift that there is.
    let part = |item: &T| key(item).checked_shr(u64::BITS - bits).unwrap_or(0) as usize;
    let mut ends = vec![0u32; 1 << bits];
    items.iter().for_each(|item| ends[part(item)] += 1);
    let mut start = 0;
    for count in &mut ends {
        start += std::mem::replace(count, start);
    }
    let mut dealt = vec![T::default(); items.len()];
    for item in items {
        // Where the part begins, so far; once all are dealt, where it ends.
        let place = &mut ends[part(item)];
        dealt[*place as usize] = *item;
        *place += 1;
    }
    Dealt { items: dealt, ends }
}

impl<T> Dealt<T> {
    /// The parts, in the order of their keys.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[T]> {
        let mut left = self.items.as_slice();
        self.sizes().map(move |size| {
            let (part, rest) = left.split_at(size);
            left = rest;
            part
        })
    }

    fn sizes(&self) -> impl Iterator<Item = usize> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        self.ends.iter().zip(starts).map(|(end, start)| (end - start) as usize)
    }
}

/// The items by their keys, and by all else where keys are equal. Any keys are sorted; evenly
/// spread ones fast.
pub(super) fn sorted<T: Copy + Ord + Default>(items: &[T], key: impl Fn(&T) -> u64) -> Vec<T> {
    let mut dealt = dealt(items, SORTED, key);
    let mut start = 0;
    for end in dealt.ends {
        dealt.items[start as usize..end as usize].sort_unstable();
        start = end;
    }
    dealt.items
}

/// Finds which items of a part are alike; to be used again for the next part.
#[derive(Debug, Default)]
pub(super) struct Alike {
    /// The place of an item and one, where its hash says or next to there; 0 where nothing is.
    slots: Vec<u32>,
    firsts: Vec<u32>,
}

/// How many slots there are at first, at most.
const SLOTS: usize = 1 << 12;

impl Alike {
    /// For each item the place of the first that is the same. `hash` is equal for equal items,
    /// and its last bits differ for most others.
    pub(super) fn firsts<T>(
        &mut self,
        items: &[T],
        hash: impl Fn(&T) -> u64,
        is_same: impl Fn(&T, &T) -> bool,
    ) -> &[u32] {
        let Alike { slots, firsts } = self;
        slots.clear();
        slots.resize((2 * items.len()).next_power_of_two().min(SLOTS), 0);
        firsts.clear();
        let mut different = 0;
        for (place, item) in items.iter().enumerate() {
            let first = find(slots, place, hash(item), |other| is_same(&items[other], item));
            firsts.push(first as u32);
            if first != place {
                continue;
            }
            different += 1;
            // Of a part whose items are mostly alike, few slots are needed.
            if 2 * different > slots.len() {
                let more = 2 * slots.len();
                slots.clear();
                slots.resize(more, 0);
                for (place, item) in items.iter().enumerate().take(place + 1) {
                    if firsts[place] as usize == place {
                        find(slots, place, hash(item), |_| false);
                    }
                }
            }
        }
        firsts
    }
}

/// The place of the same item, or this place, which is put into a free slot.
fn find(slots: &mut [u32], place: usize, hash: u64, is_same: impl Fn(usize) -> bool) -> usize {
    let mask = slots.len() - 1;
    let mut at = hash as usize & mask;
    loop {
        match slots[at] {
            0 => {
                slots[at] = place as u32 + 1;
                return place;
            }
            other if is_same(other as usize - 1) => return other as usize - 1,
            _ => at = (at + 1) & mask,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_numbers_are_sorted(
            spread in prop::collection::vec(any::<(u64, u32)>(), 0..600),
            crowded in prop::collection::vec((0u64..4, 0u32..9), 0..100),
        ) {
            for items in [[spread.clone(), crowded.clone()].concat(), spread, crowded] {
                let mut plain = items.clone();
                plain.sort();
                prop_assert_eq!(sorted(&items, |item| item.0), plain);
            }
        }

        /// In parts, each item has the first one that is the same, and none is lost; slots are
        /// made more of where they do not suffice.
        #[test]
        fn what_is_alike_is_found(
            spread in prop::collection::vec(any::<u64>(), 0..300),
            crowded in prop::collection::vec(0u64..40, 0..300),
            each in 1usize..400,
            many in prop::sample::select(vec![0, 2 * SLOTS]),
        ) {
            let many = (0..many as u64).map(|n| n << 1);
            let few = || spread.iter().chain(&crowded).copied();
            let items: Vec<u64> = few().chain(many).chain(few()).collect();
            let mut plain: HashMap<u64, u32> = HashMap::new();
            items.iter().for_each(|item| *plain.entry(*item).or_default() += 1);
            let (mut counted, mut alike) = (HashMap::new(), Alike::default());
            for part in dealt(&items, each, |item| *item).parts() {
                let firsts = alike.firsts(part, |item| item ^ item >> 5, |a, b| a == b);
                prop_assert_eq!(firsts.len(), part.len());
                for (place, (first, item)) in firsts.iter().zip(part).enumerate() {
                    let first = *first as usize;
                    prop_assert!(first <= place && part[first] == *item);
                    prop_assert_eq!(part.iter().position(|other| other == item), Some(first));
                    *counted.entry(*item).or_default() += 1;
                }
            }
            prop_assert_eq!(counted, plain);
        }
    }
}
