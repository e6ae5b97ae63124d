//! The diffusion layer: each bit of a value is the XOR of a few secret positions of the base
//! filter (Armknecht, Heng, Schnell, PoPETs 2023). Two people who are near stay nearer than
//! chance; everybody else becomes a coin toss, and the graph of who resembles whom, which is
//! what names people in plain filters, is gone.

use super::bloom::{BITS, Filter, draw};
use crate::key::Subkey;

/// Records that are worked on at once: one per bit of a word.
pub(super) const LANES: usize = 64;

/// 64 records on their side: bit `r` of word `p` is bit `p` of record `r`.
pub(super) type Sliced = [u64; BITS];

/// The secret positions of every output bit.
pub(super) struct Diffusion {
    positions: usize,
    sets: Vec<u16>,
}

impl Diffusion {
    /// Draws `positions` different positions for each of `outputs` bits.
    pub(super) fn new(subkey: &Subkey, outputs: usize, positions: usize) -> Self {
        let mut sets = Vec::with_capacity(outputs * positions);
        for output in 0..outputs {
            let start = sets.len();
            for position in draw(subkey, output as u32) {
                if sets.len() == start + positions {
                    break;
                }
                // A position twice in a set would cancel itself.
                if !sets[start..].contains(&position) {
                    sets.push(position);
                }
            }
        }
        Diffusion { positions, sets }
    }

    /// The output bits of 64 records at once, on their side as the base filters are.
    pub(super) fn diffuse(&self, base: &Sliced, out: &mut Vec<u64>) {
        out.clear();
        let xor = |set: &[u16]| {
            set.iter().fold(0, |bits, position| bits ^ base[usize::from(*position) % BITS])
        };
        match self.positions {
            // The number that all encodings have had so far, known to the compiler.
            5 => out.extend(self.sets.as_chunks::<5>().0.iter().map(|set| xor(set))),
            n => out.extend(self.sets.chunks_exact(n).map(xor)),
        }
    }
}

/// Lays up to 64 filters on their side.
pub(super) fn slice(filters: &[Filter], sliced: &mut Sliced) {
    for (b, block) in sliced.as_chunks_mut::<64>().0.iter_mut().enumerate() {
        *block = [0; 64];
        block.iter_mut().zip(filters).for_each(|(word, filter)| *word = filter[b]);
        *block = turned(block);
    }
}

/// Turns 64 records on their side into rows: bit `j` of a row is bit `j % 8` of its byte
/// `j / 8`. The first `records` of them are appended.
pub(super) fn append_rows(sliced: &[u64], records: usize, rows: &mut Vec<u8>) {
    let (blocks, _) = sliced.as_chunks::<64>();
    let width = blocks.len() * 8;
    let start = rows.len();
    rows.resize(start + records * width, 0);
    for (b, block) in blocks.iter().enumerate() {
        let words = turned(block);
        for (record, row) in rows[start..].chunks_exact_mut(width).enumerate() {
            row[b * 8..][..8].copy_from_slice(&words[record % 64].to_le_bytes());
        }
    }
}

/// A square of 64 × 64 bits turned over its diagonal (Hacker's Delight, 7-3): halves are
/// exchanged, then quarters, down to single bits.
fn turned(square: &[u64; 64]) -> [u64; 64] {
    let mut square = *square;
    let (mut step, mut mask) = (32, u64::MAX >> 32);
    while step > 0 {
        for pair in square.chunks_exact_mut(2 * step) {
            let (one, other) = pair.split_at_mut(step);
            for (one, other) in one.iter_mut().zip(other) {
                let swap = (*one >> step ^ *other) & mask;
                *one ^= swap << step;
                *other ^= swap;
            }
        }
        step /= 2;
        mask ^= mask << step;
    }
    square
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::{ProjectKey, Purpose};
    use crate::project::{Preset, Project};

    fn diffusion(outputs: usize, positions: usize) -> Diffusion {
        let project = Project::parse(&Preset::Minimal.toml("yard", "2026"), "p").expect("a preset");
        let folder = tempfile::tempdir().expect("a folder");
        let key = ProjectKey::create(&folder.path().join("k"), &project).expect("a key");
        Diffusion::new(&key.subkey(&project, Purpose::FuzzyDiffusion, "test"), outputs, positions)
    }

    #[test]
    fn no_position_cancels_itself() {
        let diffusion = diffusion(2048, 6);
        assert_eq!(diffusion.sets.len(), 2048 * 6);
        for set in diffusion.sets.chunks_exact(6) {
            let mut distinct = set.to_vec();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), 6);
            assert!(distinct.iter().all(|p| usize::from(*p) < BITS));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        /// 64 records at once against one record and one bit at a time.
        #[test]
        fn sliced_is_plain(
            filters in prop::collection::vec(prop::array::uniform32(any::<u32>()), 1..=LANES),
            positions in 1usize..8,
        ) {
            let diffusion = diffusion(128, positions);
            let bit = |filter: &[u32; 32], p: usize| filter[p / 32] >> (p % 32) & 1 == 1;
            let mut sliced = [0u64; BITS];
            for (lane, filter) in filters.iter().enumerate() {
                for (p, word) in sliced.iter_mut().enumerate() {
                    *word |= u64::from(bit(filter, p)) << lane;
                }
            }
            let word = |f: &[u32; 32], w: usize| u64::from(f[2 * w]) | u64::from(f[2 * w + 1]) << 32;
            let words: Vec<Filter> =
                filters.iter().map(|f| std::array::from_fn(|w| word(f, w))).collect();
            let mut laid = [u64::MAX; BITS];
            slice(&words, &mut laid);
            prop_assert!(laid == sliced);
            let (mut diffused, mut rows) = (vec![], vec![]);
            diffusion.diffuse(&sliced, &mut diffused);
            append_rows(&diffused, filters.len(), &mut rows);
            prop_assert_eq!(rows.len(), filters.len() * 16);
            for (filter, row) in filters.iter().zip(rows.chunks_exact(16)) {
                for (j, set) in diffusion.sets.chunks_exact(positions).enumerate() {
                    let expected = set.iter().fold(false, |x, p| x ^ bit(filter, usize::from(*p)));
                    prop_assert_eq!(row[j / 8] >> (j % 8) & 1 == 1, expected);
                }
            }
        }
    }
}
