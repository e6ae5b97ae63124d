//! Counting equal bits of fixed-width rows: Hamming and Dice, for two rows, for lists of
//! candidate pairs, and for every row against every row.
//!
//! Takes rows as bytes, gives counts; never knows what a row stands for, and uses nothing
//! else of this crate. Each thing it computes exists in plain Rust, for AVX2 and for AVX-512
//! (VPOPCNTDQ); the best that the machine has is chosen once, and all give the same answer.
//! With the mapped package, the only place with `unsafe`.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod pairs;
mod plain;
mod scan;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU8, Ordering};

pub use scan::Ratio;

/// Rows of one width, one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    bytes: &'a [u8],
    width: usize,
}

impl<'a> Rows<'a> {
    /// The widest row, in bytes: its bits are counted in 16 bits.
    pub const MAX_WIDTH: usize = 8191;

    /// These bytes as rows of `width` bytes; `None` when the width is 0, above
    /// [`Rows::MAX_WIDTH`], or leaves a part of a row over.
    pub fn new(bytes: &'a [u8], width: usize) -> Option<Self> {
        let is_whole = (1..=Self::MAX_WIDTH).contains(&width) && bytes.len().is_multiple_of(width);
        is_whole.then_some(Rows { bytes, width })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.width
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// One row.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn row(&self, i: usize) -> &'a [u8] {
        &self.bytes[i * self.width..][..self.width]
    }

    /// Every row, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        self.bytes.chunks_exact(self.width)
    }
}

/// What two filters have in common, as counts: their Dice coefficient without a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dice {
    /// Bits set in both.
    pub common: u32,
    /// Bits set in one plus bits set in the other.
    pub sum: u32,
}

impl Dice {
    /// Whether 2·common / sum is at least the ratio, by whole numbers, so that the answer is
    /// the same on every machine. Two empty filters have nothing in common.
    pub fn at_least(self, ratio: Ratio) -> bool {
        let (num, den) = ratio.parts();
        self.sum > 0
            && 2 * u64::from(self.common) * u64::from(den) >= u64::from(num) * u64::from(self.sum)
    }
}

/// One implementation that this machine can run: holding one is the proof of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kernel(Implementation);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Implementation {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Plain,
}

impl Implementation {
    /// Every implementation built for this kind of machine, the fastest first.
    const ALL: &[Implementation] = &[
        #[cfg(target_arch = "x86_64")]
        Implementation::Avx512,
        #[cfg(target_arch = "x86_64")]
        Implementation::Avx2,
        Implementation::Plain,
    ];

    fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx512 => avx512::is_available(),
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx2 => avx2::is_available(),
            Implementation::Plain => true,
        }
    }
}

/// The place of the chosen implementation in [`Implementation::ALL`], plus one; 0 before the
/// first choice. Two threads that choose at once choose the same.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

impl Kernel {
    /// The fastest implementation of this machine.
    pub fn best() -> Kernel {
        let chosen = usize::from(CHOSEN.load(Ordering::Relaxed));
        if let Some(implementation) = chosen.checked_sub(1).and_then(|i| Implementation::ALL.get(i))
        {
            return Kernel(*implementation);
        }
        let best = Kernel::available().into_iter().next().unwrap_or(Kernel(Implementation::Plain));
        best.prefer();
        best
    }

    /// Every implementation of this machine, the fastest first, the plain one last.
    pub fn available() -> Vec<Kernel> {
        let all = Implementation::ALL.iter().copied();
        all.filter(|i| i.is_available()).map(Kernel).collect()
    }

    /// Makes this the one that [`Kernel::best`] gives: for tests that run a whole program
    /// under each implementation.
    #[doc(hidden)]
    pub fn prefer(self) {
        let place = Implementation::ALL.iter().position(|i| *i == self.0).unwrap_or_default();
        CHOSEN.store(place as u8 + 1, Ordering::Relaxed);
    }

    /// The word for this implementation.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx2 => "avx2",
            Implementation::Plain => "plain",
        }
    }

    /// How many bits differ.
    ///
    /// # Panics
    /// When the two are not of one length.
    pub fn hamming(self, a: &[u8], b: &[u8]) -> u32 {
        assert_eq!(a.len(), b.len(), "rows of one width");
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx512 => avx512::hamming(a, b),
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx2 => avx2::hamming(a, b),
            Implementation::Plain => plain::hamming(a, b),
        }
    }

    /// How many bits are set in both, and in the two together.
    ///
    /// # Panics
    /// When the two are not of one length.
    pub fn dice(self, a: &[u8], b: &[u8]) -> Dice {
        let sum = plain::ones(a) + plain::ones(b);
        // A bit of one filter only is a bit that differs.
        Dice { common: (sum - self.hamming(a, b)) / 2, sum }
    }

    /// How many bits differ in each of a list of pairs: places of a row in `a` and of one in
    /// `b`. Pairs in the order of their places are read faster than pairs in none.
    ///
    /// # Panics
    /// When the widths differ, a place is no row, or `out` and `pairs` have different lengths.
    pub fn hamming_pairs(self, a: Rows<'_>, b: Rows<'_>, pairs: &[(u32, u32)], out: &mut [u16]) {
        assert_eq!(a.width, b.width, "rows of one width");
        assert_eq!(pairs.len(), out.len(), "one place per pair");
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx512 => avx512::hamming_pairs(a, b, pairs, out),
            #[cfg(target_arch = "x86_64")]
            Implementation::Avx2 => avx2::hamming_pairs(a, b, pairs, out),
            Implementation::Plain => pairs::each(a, b, pairs, out, plain::hamming),
        }
    }
}
