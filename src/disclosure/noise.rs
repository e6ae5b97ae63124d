//! Noise instead of withholding: counts rounded at random to a multiple of three, or moved
//! by a few people. The noise of a count depends on who is counted and on a secret of the
//! analyst's, so the same people get the same noise in every table of every release, and
//! asking again tells nothing new (the cell-key method of the ABS TableBuilder).
//!
//! Each person has a person key: their pseudonym under the secret. The sum of the person keys
//! of all who are counted is the cell key, and that decides the noise. Every count has noise
//! of its own, totals too, so tables do not add up exactly.
//!
//! Limits: who can put together many counts whose true sum is one and the same can average
//! noise away (Asghar and Kaafar 2020). So thin tables stay out of a release: paths are
//! folded to the threshold first.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Error;

/// How counts are protected.
#[derive(Debug, Clone, Default)]
pub enum Protection {
    /// Small counts, and those that tell of them, are withheld.
    #[default]
    Suppress,
    /// Every count is rounded at random to one of the two multiples of three next to it, so
    /// that it is right on average.
    Round(NoiseKey),
    /// Every count is moved by at most five, so that it is right on average; none is 1 or 2.
    Perturb(NoiseKey),
}

impl Protection {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Protection::Suppress => "suppress",
            Protection::Round(_) => "round",
            Protection::Perturb(_) => "perturb",
        }
    }

    /// The secret, where noise is made.
    pub fn key(&self) -> Option<&NoiseKey> {
        match self {
            Protection::Suppress => None,
            Protection::Round(key) | Protection::Perturb(key) => Some(key),
        }
    }

    /// A count with its noise; itself where none is made.
    pub fn noised(&self, count: u64, cell: CellKey) -> u64 {
        match self {
            Protection::Suppress => count,
            Protection::Round(key) => rounded(count, key.draw(b"round", cell)),
            Protection::Perturb(key) => perturbed(count, key.draw(b"perturb", cell)),
        }
    }
}

/// The analyst's secret: 256 random bits.
#[derive(Clone)]
pub struct NoiseKey(Zeroizing<[u8; 32]>);

/// The sum of the person keys of all who are counted, wrapping around.
pub type CellKey = u64;

impl NoiseKey {
    const PREFIX: &str = "veilway-release-key-1:";

    /// Makes a secret.
    ///
    /// # Errors
    /// When the operating system has no random bits.
    pub fn generate() -> Result<NoiseKey, Error> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(key.as_mut()).map_err(|_| Error::Random)?;
        Ok(NoiseKey(key))
    }

    /// Reads a secret from its line of text.
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: &str) -> Result<NoiseKey, Error> {
        let hex = text.trim().strip_prefix(Self::PREFIX).ok_or(Error::NotAKey)?.as_bytes();
        if hex.len() != 64 {
            return Err(Error::NotAKey);
        }
        let mut key = Zeroizing::new([0; 32]);
        for (byte, pair) in key.iter_mut().zip(hex.chunks_exact(2)) {
            let digit = |c: u8| char::from(c).to_digit(16).ok_or(Error::NotAKey);
            *byte = (digit(pair[0])? * 16 + digit(pair[1])?) as u8;
        }
        Ok(NoiseKey(key))
    }

    /// The secret as its line of text, to be kept.
    pub fn expose_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(Self::PREFIX.len() + 65));
        text.push_str(Self::PREFIX);
        for byte in self.0.iter() {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
            text.push(digit(byte >> 4));
            text.push(digit(byte & 15));
        }
        text.push('\n');
        text
    }

    /// The key of a person, from the bytes of a pseudonym.
    pub fn person(&self, pseudonym: &[u8]) -> CellKey {
        self.draw_bytes(b"person", pseudonym)
    }

    fn draw(&self, purpose: &[u8], cell: CellKey) -> u64 {
        self.draw_bytes(purpose, &cell.to_le_bytes())
    }

    /// 64 bits that nobody without the secret can foretell.
    fn draw_bytes(&self, purpose: &[u8], bytes: &[u8]) -> u64 {
        // HMAC takes a key of any length, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.as_slice()) else { return 0 };
        mac.update(b"veilway/release/1/");
        mac.update(&[purpose.len() as u8]);
        mac.update(purpose);
        mac.update(bytes);
        let tag = mac.finalize().into_bytes();
        let mut first = [0; 8];
        first.copy_from_slice(&tag[..8]);
        u64::from_le_bytes(first)
    }
}

impl fmt::Debug for NoiseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoiseKey(secret)")
    }
}

/// Random rounding to base three (Stats NZ): a remainder of one goes down two times of three,
/// a remainder of two up two times of three.
fn rounded(count: u64, draw: u64) -> u64 {
    let to_the_nearer = draw % 3 < 2;
    match (count % 3, to_the_nearer) {
        (0, _) => count,
        (1, true) => count - 1,
        (1, false) => count + 2,
        (_, true) => count + 1,
        (_, false) => count - 2,
    }
}

/// How far a count may be moved.
const MOST: u64 = 5;

/// For each count of 1 to 8 or more, how often of 65,536 times it is moved by -5, -4, …, 5.
/// Of all tables with a mean of nought, no result of 1 or 2 and none below nought, those that
/// come nearest to a normal distribution with a variance of four.
const MOVES: [[u16; 11]; 8] = [
    [0, 0, 0, 0, 46605, 0, 0, 12331, 4801, 1455, 344],
    [0, 0, 0, 29865, 0, 0, 19512, 10271, 4210, 1344, 334],
    [0, 0, 15582, 0, 0, 22157, 15112, 8027, 3320, 1070, 268],
    [0, 5458, 0, 0, 18960, 17418, 12460, 6942, 3012, 1018, 268],
    [1152, 0, 0, 11265, 14610, 14760, 11612, 7115, 3395, 1262, 365],
    [0, 0, 5152, 9163, 12690, 13688, 11498, 7522, 3832, 1521, 470],
    [0, 1885, 4468, 8247, 11851, 13265, 11563, 7850, 4150, 1709, 548],
    [578, 1779, 4267, 7972, 11600, 13144, 11600, 7972, 4267, 1779, 578],
];

/// Moves a count by a few; nought stays.
fn perturbed(count: u64, draw: u64) -> u64 {
    if count == 0 {
        return 0;
    }
    let row = MOVES[(count.min(MOVES.len() as u64) - 1) as usize];
    let mut left = (draw & 0xffff) as u32;
    for (up, often) in (0..).zip(row) {
        match left.checked_sub(u32::from(often)) {
            Some(rest) => left = rest,
            // The table moves no count below nought.
            None => return (count + up).saturating_sub(MOST),
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> NoiseKey {
        NoiseKey(Zeroizing::new([n; 32]))
    }

    #[test]
    fn rounding_is_to_three_and_right_on_average() {
        let protection = Protection::Round(key(7));
        let (mut error, mut nearer, mut tried) = (0i64, 0u32, 0u32);
        for cell in 0..150_000u64 {
            let count = cell % 50;
            let out = protection.noised(count, cell.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            assert!(out.is_multiple_of(3) && out.abs_diff(count) < 3);
            error += out as i64 - count as i64;
            if count % 3 != 0 {
                tried += 1;
                nearer += u32::from(out.abs_diff(count) == 1);
            } else {
                assert_eq!(out, count);
            }
        }
        // 99,000 counts with a remainder, two thirds of them to the nearer multiple.
        assert_eq!(tried, 99_000);
        let share = f64::from(nearer) / f64::from(tried);
        assert!((share - 2.0 / 3.0).abs() < 0.005, "{share}");
        let mean = error as f64 / 150_000.0;
        assert!(mean.abs() < 0.02, "{mean}");
    }

    #[test]
    fn moves_have_a_mean_of_nought_and_never_give_one_or_two() {
        for (count, row) in (1i64..).zip(MOVES) {
            let moves = || (-5i64..).zip(row).filter(|(_, often)| *often > 0);
            assert_eq!(moves().map(|(_, often)| u32::from(often)).sum::<u32>(), 1 << 16);
            assert_eq!(moves().map(|(by, often)| by * i64::from(often)).sum::<i64>(), 0, "{count}");
            for (by, _) in moves() {
                let out = count + by;
                assert!(out == 0 || out > 2, "{count} to {out}");
            }
            let spread: i64 = moves().map(|(by, often)| by * by * i64::from(often)).sum();
            assert!((2.5..4.0).contains(&(spread as f64 / 65536.0)), "{count}");
        }
    }

    #[test]
    fn perturbation_follows_its_table() {
        let protection = Protection::Perturb(key(9));
        for count in [1u64, 3, 6, 8, 1000] {
            let mut seen = [0u32; 11];
            for cell in 0..65_536u64 {
                let out = protection.noised(count, cell.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                seen[(out + 5 - count) as usize] += 1;
            }
            let row = MOVES[(count.min(8) - 1) as usize];
            for (seen, often) in seen.into_iter().zip(row) {
                // Six standard deviations of a count of so many.
                assert!(seen.abs_diff(u32::from(often)) <= 6 * 256, "{count}: {seen} of {often}");
                assert!(often > 0 || seen == 0);
            }
        }
        assert_eq!(protection.noised(0, 5), 0);
    }

    #[test]
    fn the_same_people_get_the_same_noise_and_another_secret_gives_other_noise() {
        let people = |key: &NoiseKey, ids: &[u8]| {
            ids.iter().fold(0u64, |sum, id| sum.wrapping_add(key.person(&[*id])))
        };
        let (a, b) = (key(1), key(2));
        // Whatever the order in which they are counted.
        assert_eq!(people(&a, &[1, 2, 3]), people(&a, &[3, 1, 2]));
        assert_ne!(people(&a, &[1, 2, 3]), people(&a, &[1, 2, 4]));
        let noise = |key: &NoiseKey| -> Vec<u64> {
            let protection = Protection::Round(key.clone());
            (0..64).map(|n| protection.noised(100, people(key, &[n]))).collect()
        };
        assert_eq!(noise(&a), noise(&a));
        assert_ne!(noise(&a), noise(&b));
    }

    #[test]
    fn a_secret_is_kept_as_text_and_never_shown() {
        let made = NoiseKey::generate().expect("random bits");
        let read = NoiseKey::parse(&made.expose_text()).expect("read");
        assert_eq!(read.person(b"x"), made.person(b"x"));
        assert_eq!(format!("{:?}", Protection::Round(made)), "Round(NoiseKey(secret))");
        for bad in ["", "veilway-release-key-1:00", "x", &"0".repeat(64)] {
            assert!(matches!(NoiseKey::parse(bad), Err(Error::NotAKey)));
        }
    }
}
