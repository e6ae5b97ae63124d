//! The fuzz targets on seeded random bytes: a smoke test with any compiler. It finds less than
//! libFuzzer, which is steered by coverage: see CONTRIBUTING.md.

#![allow(clippy::disallowed_methods, unreachable_pub)]

#[path = "../fuzz/src/lib.rs"]
mod targets;

use targets::{csv_row, formats, key, package, settings, slk, tables};

#[test]
fn slk() {
    anything(slk::run, 40_000);
}

#[test]
fn csv_row() {
    anything(csv_row::run, 20_000);
}

#[test]
fn formats() {
    changes(formats::run, 4_000);
}

#[test]
fn settings() {
    changes(settings::run, 6_000);
}

#[test]
fn package() {
    changes(package::run, 5_000);
}

#[test]
fn key() {
    changes(key::run, 10_000);
}

#[test]
fn tables() {
    anything(tables::run, 5_000);
}

type Target = fn((u8, &[u8]));

/// So many inputs of up to 300 bytes.
fn anything(target: Target, inputs: usize) {
    let mut random = Random(0x5eed);
    for _ in 0..inputs {
        let (choice, bytes) = random.input();
        target((choice, &bytes));
    }
}

/// Every sound file as it is, and so many inputs that change a few bytes of one: many at once
/// break it at the first.
fn changes(target: Target, inputs: usize) {
    (0..=u8::MAX).for_each(|choice| target((choice, &[])));
    let mut random = Random(0x5eed);
    for _ in 0..inputs {
        let (choice, bytes) = random.input();
        let few = 3 + bytes.len() % 12;
        target((choice, &bytes[..bytes.len().min(few)]));
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A choice, and up to 300 bytes, half of them such as stand in a CSV of people.
    fn input(&mut self) -> (u8, Vec<u8>) {
        const USUAL: &[u8] = b",,,,\n\n\r\"\";;\t //--''0123456789AEINORSaeinors\0\xc3\xa9\xff\xfe";
        let (choice, length) = (self.next() as u8, self.next() % 300);
        let byte = |n: u64| match n & 1 {
            0 => USUAL[(n >> 1) as usize % USUAL.len()],
            _ => (n >> 8) as u8,
        };
        (choice, (0..length).map(|_| byte(self.next())).collect())
    }
}
