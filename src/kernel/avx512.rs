//! AVX-512 with VPOPCNTDQ: sixteen words counted by one instruction. Intel from Ice Lake
//! (2019), AMD from Zen 4 (2022).
#![allow(unsafe_code)]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::*;

use super::scan::{Block, GROUP, Near, QUERIES, Tile};
use super::{Rows, pairs};

pub(super) fn is_available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vpopcntdq")
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
#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
fn hamming_with(a: &[u8], b: &[u8]) -> u32 {
    let (a_blocks, a_rest) = a.as_chunks::<64>();
    let (b_blocks, b_rest) = b.as_chunks::<64>();
    let mut count = _mm512_setzero_si512();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        let differ = _mm512_xor_si512(load(a), load(b));
        count = _mm512_add_epi64(count, _mm512_popcnt_epi64(differ));
    }
    if !a_rest.is_empty() {
        let differ = _mm512_xor_si512(load_rest(a_rest), load_rest(b_rest));
        count = _mm512_add_epi64(count, _mm512_popcnt_epi64(differ));
    }
    _mm512_reduce_add_epi64(count) as u32
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
fn hamming_pairs_with(a: Rows<'_>, b: Rows<'_>, pairs: &[(u32, u32)], out: &mut [u16]) {
    pairs::each(a, b, pairs, out, |x, y| hamming_with(x, y));
}

#[target_feature(enable = "avx512f,avx512bw,avx512vpopcntdq")]
fn sweep_with(tile: &Tile, block: &Block, cut: usize, near: &mut Vec<Near>) {
    let (head_queries, rest_queries) = block.words.split_at(cut);
    for group in 0..tile.groups() {
        let (head, rest) = tile.words_of(group).split_at(cut);
        let mut common = [_mm512_setzero_si512(); QUERIES];
        for (lanes, queries) in head.iter().zip(head_queries) {
            let lanes = load_lanes(lanes);
            for (common, query) in common.iter_mut().zip(queries) {
                let both = _mm512_and_si512(lanes, _mm512_set1_epi32(*query as i32));
                *common = _mm512_add_epi32(*common, _mm512_popcnt_epi32(both));
            }
        }
        let needed = load_needed(&tile.needed[group]);
        let tail = load_lanes(&tile.tail[group]);
        let mut may = [0; QUERIES];
        for (q, may) in may.iter_mut().enumerate() {
            let tail = _mm512_min_epu32(tail, _mm512_set1_epi32(block.tail[q] as i32));
            let most = _mm512_add_epi32(common[q], tail);
            let needed = _mm512_add_epi32(needed, _mm512_set1_epi32(block.needed[q]));
            *may = _mm512_cmpge_epi32_mask(most, needed);
        }
        if may == [0; QUERIES] {
            continue;
        }
        for q in (0..QUERIES).filter(|q| may[*q] != 0) {
            let mut common = common[q];
            for (lanes, queries) in rest.iter().zip(rest_queries) {
                let query = _mm512_set1_epi32(queries[q] as i32);
                let both = _mm512_and_si512(load_lanes(lanes), query);
                common = _mm512_add_epi32(common, _mm512_popcnt_epi32(both));
            }
            let needed = _mm512_add_epi32(needed, _mm512_set1_epi32(block.needed[q]));
            let mut lanes = _mm512_cmpge_epi32_mask(common, needed);
            let common = store(common);
            while lanes != 0 {
                let lane = lanes.trailing_zeros() as usize;
                near.push(Near { query: q, candidate: group * GROUP + lane, common: common[lane] });
                lanes &= lanes - 1;
            }
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: 64 bytes are there, and an unaligned load is allowed anywhere.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_rest(bytes: &[u8]) -> __m512i {
    let mask = !(u64::MAX << bytes.len());
    // SAFETY: the mask has one bit per byte of the slice (fewer than 64), and bytes without a
    // bit are not read.
    unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_lanes(lanes: &[u32; GROUP]) -> __m512i {
    // SAFETY: sixteen words are 64 bytes, and an unaligned load is allowed anywhere.
    unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_needed(lanes: &[i32; GROUP]) -> __m512i {
    // SAFETY: sixteen words are 64 bytes, and an unaligned load is allowed anywhere.
    unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(vector: __m512i) -> [u32; GROUP] {
    let mut lanes = [0; GROUP];
    // SAFETY: sixteen words are 64 bytes, and an unaligned store is allowed anywhere.
    unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), vector) };
    lanes
}
