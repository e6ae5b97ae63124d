//! Seeded choices. One household, one stream: what is drawn for one never moves what is
//! drawn for another, so households can be made in parallel with the same bytes. All
//! arithmetic is on integers, so that every machine draws the same.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of choices.
#[derive(Debug)]
pub(super) struct Draws(ChaCha8Rng);

impl Draws {
    /// The choices of one household.
    pub(super) fn of_household(seed: u64, household: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(household);
        Draws(rng)
    }

    /// A number below `n`, which is at least 1. Written out and not taken from `rand`,
    /// whose ranges may draw other values from one version to the next.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let wide = u64::from(self.0.next_u32()) * n as u64;
        (wide >> 32) as usize
    }

    /// A number from `low` to `high`, both possible.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        low + self.below((high - low + 1).max(1) as usize) as i32
    }

    /// Whether something that happens to so many in ten thousand happens.
    pub(super) fn chance(&mut self, in_10_000: u32) -> bool {
        self.below(10_000) < in_10_000 as usize
    }

    /// One of these, each as likely.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// The place of one of these weights, the larger the likelier; the first where all are 0.
    pub(super) fn weighted(&mut self, weights: &[u32]) -> usize {
        let total: u32 = weights.iter().sum();
        let mut left = self.below(total.max(1) as usize) as u32;
        for (place, &weight) in weights.iter().enumerate() {
            if left < weight {
                return place;
            }
            left -= weight;
        }
        0
    }
}

/// Things in falling order of how common they are, drawn with weight 1/(rank + flatness).
#[derive(Debug)]
pub(super) struct Ranked<T> {
    items: Vec<T>,
    upto: Vec<u32>,
}

impl<T> Ranked<T> {
    /// The commonest first; a larger `flatness` makes the common ones less common.
    pub(super) fn new(items: Vec<T>, flatness: u32) -> Self {
        let mut total = 0;
        let upto = (0..items.len() as u32)
            .map(|rank| {
                total += 1_000_000 / (rank + flatness.max(1));
                total
            })
            .collect();
        Ranked { items, upto }
    }

    /// One of them, or nothing where there are none.
    pub(super) fn draw(&self, draws: &mut Draws) -> Option<&T> {
        let total = *self.upto.last()?;
        let at = draws.below(total as usize) as u32;
        self.items.get(self.upto.partition_point(|&upto| upto <= at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_known_and_apart() {
        let mut one = Draws::of_household(1, 0);
        let mut two = Draws::of_household(1, 1);
        let first: Vec<usize> = (0..4).map(|_| one.below(1_000)).collect();
        let second: Vec<usize> = (0..4).map(|_| two.below(1_000)).collect();
        assert_ne!(first, second);
        assert_eq!(first, KNOWN, "another generator makes another population");
    }

    const KNOWN: [usize; 4] = [549, 402, 984, 80];

    #[test]
    fn ranked_things_fall_off() {
        let ranked = Ranked::new(vec![0, 1, 2, 3], 1);
        let mut draws = Draws::of_household(7, 7);
        let mut seen = [0; 4];
        for _ in 0..10_000 {
            seen[*ranked.draw(&mut draws).expect("there are some")] += 1;
        }
        assert!(seen[0] > seen[1] && seen[1] > seen[2] && seen[2] > seen[3], "{seen:?}");
        assert!(Ranked::<u8>::new(vec![], 1).draw(&mut draws).is_none());
    }
}
