//! How a name sounds, as a short code. Takes letters A to Z, gives letters; two spellings of
//! one name should have one code.

use std::sync::LazyLock;

use rphonetic::DoubleMetaphone;

use crate::standardise::Cells;

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
pub(super) struct Sounds(Cells<Code>);

/// A code, and how long it is.
type Code = ([u8; LENGTH], usize);

impl Sounds {
    /// Appends the code of [`phonetic`].
    pub(super) fn write(&mut self, letters: &str, out: &mut Vec<u8>) {
        let (code, length) = self.0.value(letters, || {
            let (code, mut bytes) = (phonetic(letters), [0; LENGTH]);
            bytes.iter_mut().zip(code.bytes()).for_each(|(to, from)| *to = from);
            (bytes, code.len().min(LENGTH))
        });
        out.extend_from_slice(&code[..length]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn remembered_codes_are_the_same(
            names in prop::collection::vec("[A-Z]{0,9}|[XJTSC]{6,40}", 1..20),
        ) {
            let mut sounds = Sounds::default();
            for name in names.iter().chain(&names) {
                let mut code = vec![];
                sounds.write(name, &mut code);
                prop_assert_eq!(code, phonetic(name).into_bytes());
            }
        }
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
