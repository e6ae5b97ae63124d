//! The twin that every other implementation is tested against, and that runs where no other
//! does: words of 64 bits and the compiler's own bit count.

use super::scan::{Block, GROUP, Near, Tile};

/// How many bits differ.
pub(super) fn hamming(a: &[u8], b: &[u8]) -> u32 {
    let (a_words, a_rest) = a.as_chunks::<8>();
    let (b_words, b_rest) = b.as_chunks::<8>();
    let words = a_words
        .iter()
        .zip(b_words)
        .map(|(a, b)| (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)).count_ones());
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a ^ b).count_ones());
    words.sum::<u32>() + rest.sum::<u32>()
}

/// How many bits are set.
pub(super) fn ones(row: &[u8]) -> u32 {
    let (words, rest) = row.as_chunks::<8>();
    words.iter().map(|w| u64::from_ne_bytes(*w).count_ones()).sum::<u32>()
        + rest.iter().map(|b| b.count_ones()).sum::<u32>()
}

/// Finds the pairs of a block of query rows and a tile of candidates that are near enough.
pub(super) fn sweep(tile: &Tile, block: &Block, cut: usize, near: &mut Vec<Near>) {
    for group in 0..tile.groups() {
        let (head, rest) = tile.words_of(group).split_at(cut);
        let (head_words, rest_words) = block.words.split_at(cut);
        for query in 0..block.len {
            let mut common = [0u32; GROUP];
            count(head, head_words, query, &mut common);
            let needed = |lane: usize| tile.needed[group][lane] + block.needed[query];
            let may = |lane: usize, common: &[u32; GROUP]| {
                let tail = tile.tail[group][lane].min(block.tail[query]);
                (common[lane] + tail) as i32 >= needed(lane)
            };
            if !(0..GROUP).any(|lane| may(lane, &common)) {
                continue;
            }
            count(rest, rest_words, query, &mut common);
            for (lane, &common) in common.iter().enumerate() {
                if common as i32 >= needed(lane) {
                    near.push(Near { query, candidate: group * GROUP + lane, common });
                }
            }
        }
    }
}

fn count(
    words: &[[u32; GROUP]],
    queries: &[[u32; super::scan::QUERIES]],
    query: usize,
    common: &mut [u32; GROUP],
) {
    for (lanes, queries) in words.iter().zip(queries) {
        for (common, lane) in common.iter_mut().zip(lanes) {
            *common += (lane & queries[query]).count_ones();
        }
    }
}
