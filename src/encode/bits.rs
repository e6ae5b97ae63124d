//! One bit for each of many.

use std::fmt;

/// So many bits. Prints as shape.
#[derive(Clone, PartialEq, Eq)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// All unset.
    pub fn none(many: usize) -> Self {
        Bits(vec![0; many.div_ceil(64)])
    }

    /// Whether a bit is set.
    ///
    /// # Panics
    /// When there is no such bit; so with the others.
    pub fn get(&self, i: usize) -> bool {
        self.0[i / 64] >> (i % 64) & 1 == 1
    }

    /// Sets a bit.
    pub fn set(&mut self, i: usize) {
        self.0[i / 64] |= 1 << (i % 64);
    }

    /// Unsets a bit.
    pub fn clear(&mut self, i: usize) {
        self.0[i / 64] &= !(1 << (i % 64));
    }

    /// The places that are set, in ascending order.
    pub fn each(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().zip((0..).step_by(64));
        words.flat_map(|(&word, start)| {
            let rest = |word: &u64| Some(word & (word - 1)).filter(|rest| *rest != 0);
            let words = std::iter::successors(Some(word).filter(|word| *word != 0), rest);
            words.map(move |word| start + word.trailing_zeros() as usize)
        })
    }

    /// Sets all bits that are set there.
    pub fn add(&mut self, other: &Bits) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    /// How many are set.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many are set here and there.
    pub fn count_in(&self, other: &Bits) -> u64 {
        let both = self.0.iter().zip(&other.0).map(|(word, other)| word & other);
        both.map(|word| u64::from(word.count_ones())).sum()
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bits({})", 64 * self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_set_counted_and_joined() {
        let (mut a, mut b) = (Bits::none(130), Bits::none(130));
        [0, 63, 64, 129].into_iter().for_each(|i| a.set(i));
        [63, 100].into_iter().for_each(|i| b.set(i));
        assert_eq!((a.count(), a.count_in(&b), a.get(64), a.get(65)), (4, 1, true, false));
        a.clear(64);
        a.add(&b);
        let set: Vec<usize> = (0..130).filter(|&i| a.get(i)).collect();
        assert_eq!(set, [0, 63, 100, 129]);
        assert_eq!(a.each().collect::<Vec<_>>(), set);
    }
}
