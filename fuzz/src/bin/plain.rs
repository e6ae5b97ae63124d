//! Runs every target on seeded random bytes for so many seconds each: a smoke test where
//! there is no nightly compiler. Finds less than libFuzzer, which is steered by coverage.

use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};
use veilway_fuzz::{csv_row, formats, slk};

fn main() {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(5);
    let time = Duration::from_secs(seconds);
    smoke("slk", time, |bytes| {
        if let Ok(input) = Arbitrary::arbitrary_take_rest(Unstructured::new(bytes)) {
            slk::run(input);
        }
    });
    smoke("csv_row", time, |bytes| {
        if let Some((choice, body)) = bytes.split_first() {
            csv_row::run((*choice, body));
        }
    });
    smoke("formats", time, |bytes| {
        if let Some((choice, body)) = bytes.split_first() {
            // A few changes in one file, since many at once break it at the first.
            formats::run((*choice, &body[..body.len().min(3 + usize::from(*choice) % 12)]));
        }
    });
}

fn smoke(name: &str, time: Duration, target: impl Fn(&[u8])) {
    let mut random = Random(0x5eed);
    let start = Instant::now();
    let mut runs = 0u64;
    while start.elapsed() < time {
        target(&random.bytes());
        runs += 1;
    }
    println!("{name}: {runs} inputs");
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

    /// Up to 300 bytes, half of them such as stand in a CSV of people.
    fn bytes(&mut self) -> Vec<u8> {
        const USUAL: &[u8] = b",,,,\n\n\r\"\";;\t //--''0123456789AEINORSaeinors\0\xc3\xa9\xff\xfe";
        let length = self.next() % 300;
        let byte = |n: u64| match n & 1 {
            0 => USUAL[(n >> 1) as usize % USUAL.len()],
            _ => (n >> 8) as u8,
        };
        (0..length).map(|_| byte(self.next())).collect()
    }
}
