//! How a name sounds, as a short code. Takes letters A to Z, gives letters; two spellings of
//! one name should have one code.

use std::collections::HashMap;
use std::sync::LazyLock;

use rphonetic::DoubleMetaphone;

/// Codes are cut to this length: what follows are mostly suffixes, which vary.
const LENGTH: usize = 6;

static ENCODER: LazyLock<DoubleMetaphone> = LazyLock::new(|| DoubleMetaphone::new(Some(LENGTH)));

/// The phonetic code of a name in letters A to Z: Lawrence Philips's Double Metaphone, the
/// primary code. Empty where no letter is sounded.
pub fn phonetic(letters: &str) -> String {
    ENCODER.double_metaphone(letters).primary()
}

/// Codes that were made before: a name comes many times, and its code always is the same.
#[derive(Default)]
pub(super) struct Sounds(HashMap<Box<str>, Box<str>>);

/// The most codes that are remembered; then it begins anew.
const MOST: usize = 1 << 15;

impl Sounds {
    /// Appends the code of [`phonetic`].
    pub(super) fn write(&mut self, letters: &str, out: &mut Vec<u8>) {
        if let Some(code) = self.0.get(letters) {
            return out.extend_from_slice(code.as_bytes());
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let code = phonetic(letters);
        out.extend_from_slice(code.as_bytes());
        self.0.insert(letters.into(), code.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembered_codes_are_the_same() {
        let mut sounds = Sounds::default();
        for _ in 0..2 {
            for name in ["SMITH", "SMYTHE", "", "NGUYEN"] {
                let mut code = vec![];
                sounds.write(name, &mut code);
                assert_eq!(code, phonetic(name).as_bytes(), "{name}");
            }
        }
        (0..=MOST).for_each(|n| sounds.write(&n.to_string(), &mut vec![]));
        assert!(sounds.0.len() <= MOST);
    }

    /// Codes published with the algorithm's reference implementations.
    #[test]
    fn known_codes() {
        for (name, code) in [
            ("SMITH", "SM0"),
            ("SCHMIDT", "XMT"),
            ("JOHNSON", "JNSN"),
            ("WILLIAMS", "ALMS"),
            ("THOMPSON", "TMPSN"),
            ("KNIGHT", "NT"),
            ("WRIGHT", "RT"),
            ("CATHERINE", "K0RN"),
            ("KATHRYN", "K0RN"),
            ("PHILIP", "FLP"),
            ("XAVIER", "SF"),
            ("NGUYEN", "NKN"),
            ("PAPADOPOULOS", "PPTPLS"),
            ("", ""),
        ] {
            assert_eq!(phonetic(name), code, "{name}");
        }
    }

    #[test]
    fn spellings_of_one_name_agree() {
        for (one, other) in [("STEVEN", "STEPHEN"), ("CLARK", "CLARKE"), ("SHAUN", "SHAWN")] {
            assert_eq!(phonetic(one), phonetic(other), "{one} {other}");
        }
    }
}
