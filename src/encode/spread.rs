//! Sorting by numbers that are spread evenly, as tokens and hashes are: their first bits say
//! nearly where each belongs, and the rest is a matter of a few neighbours.

/// Numbers for each bucket, about.
const EACH: usize = 16;
/// The most buckets, as a power of two: their beginnings fit in a processor's cache.
const MOST: u32 = 16;

/// The items by their keys, and by all else where keys are equal. Any keys are sorted; evenly
/// spread ones fast.
pub(super) fn sorted<T: Copy + Ord + Default>(items: Vec<T>, key: impl Fn(&T) -> u64) -> Vec<T> {
    let bits = (items.len() / EACH).max(1).ilog2().min(MOST);
    if bits == 0 {
        let mut items = items;
        items.sort_unstable();
        return items;
    }
    let bucket = |item: &T| (key(item) >> (u64::BITS - bits)) as usize;
    let mut starts = vec![0u32; 1 << bits];
    items.iter().for_each(|item| starts[bucket(item)] += 1);
    let mut start = 0;
    for count in &mut starts {
        start += std::mem::replace(count, start);
    }
    let mut sorted = vec![T::default(); items.len()];
    for item in &items {
        let place = &mut starts[bucket(item)];
        sorted[*place as usize] = *item;
        *place += 1;
    }
    // Now each says where its bucket ends.
    let mut start = 0;
    for end in starts {
        sorted[start as usize..end as usize].sort_unstable();
        start = end;
    }
    sorted
}

#[cfg(test)]
mod tests {
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
                prop_assert_eq!(sorted(items, |item| item.0), plain);
            }
        }
    }
}
