//! AVX2: bits counted by looking up each half of a byte in a table of sixteen (Muła's way).
//! Intel from Haswell (2013), AMD from Excavator (2015).
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::*;

use super::scan::{Block, GROUP, Near, QUERIES, Tile};
use super::{Rows, pairs, plain};

/// Counts of bytes are kept in bytes, which hold this many of up to eight.
const FULL: usize = 31;

/// Query rows at once: more would not fit the sixteen registers.
const AT_ONCE: usize = 4;

/// Rows in half a group, which is one vector.
const HALF: usize = GROUP / 2;

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx2")
}

pub(super) fn hamming(a: &[u8], b: &[u8]) -> u32 {
    // SAFETY: only a `Kernel` that `is_available` let through gets here.
    unsafe { hamming_with(a, b) }
}

pub(super) fn hamming_pairs(a: Rows<'_>, b: Rows<'_>, pairs: &[(u32, u32)], out: &mut [u16]) {
    // SAFETY: only a `Kernel` that `is_available` let through gets here.
    unsafe { hamming_pairs_with(a, b, pairs, out) }
}

pub(super) fn sweep(tile: &Tile, block: &Block, cut: usize, near: &mut Vec<Near>) {
    // SAFETY: only a `Kernel` that `is_available` let through gets here.
    unsafe { sweep_with(tile, block, cut, near) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn hamming_with(a: &[u8], b: &[u8]) -> u32 {
    let (a_blocks, a_rest) = a.as_chunks::<32>();
    let (b_blocks, b_rest) = b.as_chunks::<32>();
    let mut count = _mm256_setzero_si256();
    for (a, b) in a_blocks.chunks(FULL).zip(b_blocks.chunks(FULL)) {
        let mut bytes = _mm256_setzero_si256();
        for (a, b) in a.iter().zip(b) {
            bytes = _mm256_add_epi8(bytes, ones(_mm256_xor_si256(load(a), load(b))));
        }
        count = _mm256_add_epi64(count, _mm256_sad_epu8(bytes, _mm256_setzero_si256()));
    }
    let count = _mm_add_epi64(_mm256_castsi256_si128(count), _mm256_extracti128_si256(count, 1));
    let count = _mm_cvtsi128_si64(count) + _mm_extract_epi64(count, 1);
    count as u32 + plain::hamming(a_rest, b_rest)
}

#[target_feature(enable = "avx2")]
fn hamming_pairs_with(a: Rows<'_>, b: Rows<'_>, pairs: &[(u32, u32)], out: &mut [u16]) {
    pairs::each(a, b, pairs, out, |x, y| hamming_with(x, y));
}

#[target_feature(enable = "avx2")]
fn sweep_with(tile: &Tile, block: &Block, cut: usize, near: &mut Vec<Near>) {
    let (head_queries, rest_queries) = block.words.split_at(cut);
    for group in 0..tile.groups() {
        let (head, rest) = tile.words_of(group).split_at(cut);
        for first in (0..block.len).step_by(AT_ONCE) {
            for half in [0, HALF] {
                let needed = load_needed(&tile.needed[group], half);
                let tail = load_lanes(&tile.tail[group], half);
                let common = count::<AT_ONCE>(head, head_queries, first, half);
                for (common, q) in common.into_iter().zip(first..) {
                    let needed = _mm256_add_epi32(needed, _mm256_set1_epi32(block.needed[q]));
                    let tail = _mm256_min_epu32(tail, _mm256_set1_epi32(block.tail[q] as i32));
                    if reaches(_mm256_add_epi32(common, tail), needed) == 0 {
                        continue;
                    }
                    let [more] = count::<1>(rest, rest_queries, q, half);
                    let common = _mm256_add_epi32(common, more);
                    let mut lanes = reaches(common, needed);
                    let common = store(common);
                    while lanes != 0 {
                        let lane = lanes.trailing_zeros() as usize;
                        let candidate = group * GROUP + half + lane;
                        near.push(Near { query: q, candidate, common: common[lane] });
                        lanes &= lanes - 1;
                    }
                }
            }
        }
    }
}

/// The bits that half a group has in common with `N` query rows from `first` on.
#[inline]
#[target_feature(enable = "avx2")]
fn count<const N: usize>(
    words: &[[u32; GROUP]],
    queries: &[[u32; QUERIES]],
    first: usize,
    half: usize,
) -> [__m256i; N] {
    let mut common = [_mm256_setzero_si256(); N];
    for (words, queries) in words.chunks(FULL).zip(queries.chunks(FULL)) {
        let mut bytes = [_mm256_setzero_si256(); N];
        for (lanes, queries) in words.iter().zip(queries) {
            let lanes = load_lanes(lanes, half);
            for (bytes, query) in bytes.iter_mut().zip(&queries[first..]) {
                let both = _mm256_and_si256(lanes, _mm256_set1_epi32(*query as i32));
                *bytes = _mm256_add_epi8(*bytes, ones(both));
            }
        }
        for (common, bytes) in common.iter_mut().zip(bytes) {
            let twos = _mm256_maddubs_epi16(bytes, _mm256_set1_epi8(1));
            let fours = _mm256_madd_epi16(twos, _mm256_set1_epi16(1));
            *common = _mm256_add_epi32(*common, fours);
        }
    }
    common
}

/// The ones of each byte.
#[inline]
#[target_feature(enable = "avx2")]
fn ones(bytes: __m256i) -> __m256i {
    let of_half =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    let low = _mm256_set1_epi8(0x0f);
    let lower = _mm256_and_si256(bytes, low);
    let upper = _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low);
    _mm256_add_epi8(_mm256_shuffle_epi8(of_half, lower), _mm256_shuffle_epi8(of_half, upper))
}

/// One bit per lane that is at least what is needed.
#[inline]
#[target_feature(enable = "avx2")]
fn reaches(common: __m256i, needed: __m256i) -> u32 {
    let short = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(needed, common)));
    !(short as u32) & 0xff
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> __m256i {
    // SAFETY: 32 bytes are there, and an unaligned load is allowed anywhere.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_lanes(lanes: &[u32; GROUP], half: usize) -> __m256i {
    let lanes: &[u32] = &lanes[half..half + HALF];
    // SAFETY: the slice has eight words, which are 32 bytes; unaligned loads are allowed.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_needed(lanes: &[i32; GROUP], half: usize) -> __m256i {
    let lanes: &[i32] = &lanes[half..half + HALF];
    // SAFETY: the slice has eight words, which are 32 bytes; unaligned loads are allowed.
    unsafe { _mm256_loadu_si256(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(vector: __m256i) -> [u32; HALF] {
    let mut lanes = [0; HALF];
    // SAFETY: eight words are 32 bytes, and an unaligned store is allowed anywhere.
    unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), vector) };
    lanes
}
