//! Lists of candidate pairs: the loop that every implementation has in common.
#![allow(unsafe_code)]

use super::Rows;

/// How many pairs ahead a row is asked for, so that it is there when it is needed.
const AHEAD: usize = 8;

/// The distance of each pair. Inlined into its callers, so that the loop is compiled for the
/// instructions they may use.
#[inline(always)]
pub(super) fn each(
    a: Rows<'_>,
    b: Rows<'_>,
    pairs: &[(u32, u32)],
    out: &mut [u16],
    distance: impl Fn(&[u8], &[u8]) -> u32,
) {
    for (n, (place, &(i, j))) in out.iter_mut().zip(pairs).enumerate() {
        if let Some(&(i, j)) = pairs.get(n + AHEAD) {
            fetch(a.row(i as usize));
            fetch(b.row(j as usize));
        }
        // At most 8 × 8191 bits differ, which 16 bits hold.
        *place = distance(a.row(i as usize), b.row(j as usize)) as u16;
    }
}

/// Asks for the first lines of a row; the machine goes on with the rest by itself.
#[inline(always)]
fn fetch(row: &[u8]) {
    #[cfg(target_arch = "x86_64")]
    for line in row.chunks(64).take(4) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: asking for a line reads nothing, and every x86-64 machine can do it.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = row;
}
