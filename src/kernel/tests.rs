//! One suite, run on every implementation of this machine, against twins that a tired reader
//! believes.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

fn naive_hamming(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

fn naive_dice(a: &[u8], b: &[u8]) -> Dice {
    let ones = |row: &[u8]| row.iter().map(|b| b.count_ones()).sum::<u32>();
    Dice {
        common: a.iter().zip(b).map(|(a, b)| (a & b).count_ones()).sum(),
        sum: ones(a) + ones(b),
    }
}

fn random(seed: u64, bytes: usize) -> Vec<u8> {
    let mut out = vec![0; bytes];
    ChaCha8Rng::seed_from_u64(seed).fill_bytes(&mut out);
    out
}

/// Rows of which some are near to others: each third one is an earlier one with a few bits
/// changed, some are empty and some full.
fn people(seed: u64, rows: usize, width: usize) -> Vec<u8> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut out = Vec::with_capacity(rows * width);
    for i in 0..rows {
        let mut row = vec![0; width];
        match i % 7 {
            3 if i % 2 == 1 => {}
            5 if i % 2 == 1 => row.fill(0xff),
            2 | 4 | 6 => {
                let earlier = rng.next_u32() as usize % i;
                row.copy_from_slice(&out[earlier * width..][..width]);
                for _ in 0..rng.next_u32() % 8 {
                    row[rng.next_u32() as usize % width] ^= 1 << (rng.next_u32() % 8);
                }
            }
            _ => {
                rng.fill_bytes(&mut row);
                let mut thinner = vec![0; width];
                rng.fill_bytes(&mut thinner);
                row.iter_mut().zip(thinner).for_each(|(r, t)| *r &= t);
            }
        }
        out.extend(row);
    }
    out
}

#[test]
fn the_plain_one_is_always_there_and_the_best_is_the_first() {
    let available = Kernel::available();
    assert_eq!(available.last().map(|k| k.name()), Some("plain"));
    for kernel in &available {
        kernel.prefer();
        assert_eq!(Kernel::best(), *kernel);
    }
    available[0].prefer();
}

#[test]
fn every_length_and_start_counts_alike() {
    let (a, b) = (random(1, 400), random(2, 400));
    let (zeros, full) = (vec![0; 400], vec![0xff; 400]);
    for kernel in Kernel::available() {
        for len in 0..=260 {
            for (x, y) in
                [(&a, &b), (&a, &a), (&a, &zeros), (&b, &full), (&zeros, &full), (&full, &full)]
            {
                // Starts that no vector is aligned to.
                let (x, y) = (&x[len % 67..][..len], &y[(len * 3) % 71..][..len]);
                assert_eq!(kernel.hamming(x, y), naive_hamming(x, y), "{} {len}", kernel.name());
                assert_eq!(kernel.dice(x, y), naive_dice(x, y), "{} {len}", kernel.name());
            }
        }
    }
}

#[test]
fn pairs_count_alike() {
    for width in (1..=20).chain([63, 64, 65, 127, 128, 129, 256, 260, 512, Rows::MAX_WIDTH]) {
        let (a, b) = (people(3, 23, width), people(4, 31, width));
        let (a, b) = (Rows::new(&a, width).expect("rows"), Rows::new(&b, width).expect("rows"));
        let pairs: Vec<(u32, u32)> = (0..97).map(|i| (i * 7 % 23, i * 11 % 31)).collect();
        let expected: Vec<u16> = pairs
            .iter()
            .map(|&(i, j)| naive_hamming(a.row(i as usize), b.row(j as usize)) as u16)
            .collect();
        for kernel in Kernel::available() {
            let mut out = vec![0; pairs.len()];
            kernel.hamming_pairs(a, b, &pairs, &mut out);
            assert_eq!(out, expected, "{} {width}", kernel.name());
        }
    }
}

/// Both scans against nested loops.
fn check_scans(a: &[u8], b: &[u8], width: usize, limits: &[u32], ratios: &[(u16, u16)]) {
    let (a, b) = (Rows::new(a, width).expect("rows"), Rows::new(b, width).expect("rows"));
    let all = || (0..a.len()).flat_map(|i| (0..b.len()).map(move |j| (i, j)));
    for kernel in Kernel::available() {
        for &limit in limits {
            let expected: Vec<(usize, usize, u32)> = all()
                .map(|(i, j)| (i, j, naive_hamming(a.row(i), b.row(j))))
                .filter(|(_, _, d)| *d <= limit)
                .collect();
            let mut found = vec![];
            kernel.hamming_within(a, b, limit, |i, j, d| found.push((i, j, d)));
            found.sort();
            assert_eq!(found, expected, "{} {width} within {limit}", kernel.name());
        }
        for &(num, den) in ratios {
            let ratio = Ratio::new(num, den).expect("a ratio");
            let expected: Vec<(usize, usize, Dice)> = all()
                .map(|(i, j)| (i, j, naive_dice(a.row(i), b.row(j))))
                .filter(|(_, _, dice)| dice.at_least(ratio))
                .collect();
            let mut found = vec![];
            kernel.dice_at_least(a, b, ratio, |i, j, dice| found.push((i, j, dice)));
            found.sort_by_key(|(i, j, _)| (*i, *j));
            assert_eq!(found, expected, "{} {width} at least {num}/{den}", kernel.name());
        }
    }
}

#[test]
fn scans_of_every_length_find_what_nested_loops_find() {
    for width in 1..=260 {
        let (queries, candidates) = (1 + width % 11, 1 + width % 37);
        let (a, b) = (people(5, queries, width), people(6, candidates, width));
        let bits = 8 * width as u32;
        check_scans(&a, &b, width, &[0, bits / 4, bits / 2, bits], &[(1, 2), (4, 5), (1, 1)]);
    }
}

#[test]
fn scans_of_ragged_tiles_and_limits_at_the_edge_find_what_nested_loops_find() {
    for (width, queries, candidates) in
        [(128, 9, 1025), (256, 17, 511), (512, 8, 273), (4, 40, 70), (128, 0, 5), (128, 5, 0)]
    {
        let (a, b) = (people(7, queries, width), people(8, candidates, width));
        check_scans(&a, &b, width, &[0, 1, 7, u32::MAX], &[(1, 10_000), (9_999, 10_000), (1, 3)]);
    }
}

/// Enough pairs that a place to give up is looked for.
#[test]
fn giving_up_early_loses_nothing() {
    let (a, b) = (people(9, 1030, 128), people(9, 1100, 128));
    let (a_rows, b_rows) = (Rows::new(&a, 128).expect("rows"), Rows::new(&b, 128).expect("rows"));
    let ratio = Ratio::new(4, 5).expect("a ratio");
    let mut expected = vec![];
    for i in 0..a_rows.len() {
        for j in 0..b_rows.len() {
            let dice = Kernel(Implementation::Plain).dice(a_rows.row(i), b_rows.row(j));
            expected.extend(dice.at_least(ratio).then_some((i, j, dice)));
        }
    }
    assert!(expected.len() > 1000, "{} near pairs are to be found", expected.len());
    for kernel in Kernel::available() {
        let (mut dice, mut near) = (vec![], 0);
        kernel.dice_at_least(a_rows, b_rows, ratio, |i, j, d| dice.push((i, j, d)));
        dice.sort_by_key(|(i, j, _)| (*i, *j));
        assert_eq!(dice, expected, "{}", kernel.name());
        kernel.hamming_within(a_rows, b_rows, 40, |i, j, d| {
            assert_eq!(d, naive_hamming(a_rows.row(i), b_rows.row(j)));
            near += 1;
        });
        let mut distances = vec![0; a_rows.len() * b_rows.len()];
        let all: Vec<(u32, u32)> = (0..1030).flat_map(|i| (0..1100).map(move |j| (i, j))).collect();
        kernel.hamming_pairs(a_rows, b_rows, &all, &mut distances);
        assert_eq!(near, distances.iter().filter(|d| **d <= 40).count(), "{}", kernel.name());
    }
}

#[test]
fn hits_come_in_one_order_from_every_implementation() {
    let (a, b) = (people(10, 50, 16), people(11, 9000, 16));
    let (a, b) = (Rows::new(&a, 16).expect("rows"), Rows::new(&b, 16).expect("rows"));
    let orders: Vec<Vec<(usize, usize, u32)>> = Kernel::available()
        .into_iter()
        .map(|kernel| {
            let mut found = vec![];
            kernel.hamming_within(a, b, 50, |i, j, d| found.push((i, j, d)));
            found
        })
        .collect();
    assert!(orders[0].len() > 100);
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[test]
fn rows_and_ratios_that_make_no_sense_are_refused() {
    assert!(Rows::new(&[0; 12], 0).is_none());
    assert!(Rows::new(&[0; 12], 5).is_none());
    assert!(Rows::new(&[0; 8192], 8192).is_none());
    assert_eq!(Rows::new(&[], 5).map(|r| (r.len(), r.is_empty())), Some((0, true)));
    for (num, den) in [(0, 1), (3, 2), (1, 10_001), (1, 0)] {
        assert!(Ratio::new(num, den).is_none(), "{num}/{den}");
    }
}
