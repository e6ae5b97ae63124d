//! The values that people type when they do not know.

use super::Placeholders;

/// Names of a person who has none yet, or whose name is not known or not given: seen in
/// Australian administrative collections. "Na" is a real family name, and is not here.
const NAMES: &[&str] = &[
    "anon",
    "anonymous",
    "baby",
    "baby boy",
    "baby girl",
    "baby of",
    "bb",
    "boy",
    "child",
    "client",
    "dr",
    "dummy",
    "first name",
    "girl",
    "infant",
    "last name",
    "miss",
    "mr",
    "mrs",
    "ms",
    "n a",
    "name",
    "name unknown",
    "newborn",
    "nil",
    "no first name",
    "no given name",
    "no last name",
    "no name",
    "no surname",
    "none",
    "not applicable",
    "not available",
    "not given",
    "not known",
    "not provided",
    "not recorded",
    "not stated",
    "null",
    "person",
    "refused",
    "surname",
    "tba",
    "tbc",
    "test",
    "testing",
    "twin",
    "unborn",
    "unk",
    "unknown",
    "unnamed",
    "unspecified",
    "withheld",
    "x",
    "xx",
    "xxx",
    "xxxx",
    "z",
    "zz",
    "zzz",
    "zzzz",
];

/// Fillers for a birth date that is not known: the AODTS filler, the mental-health dummy,
/// repeated digits, and what spreadsheets and databases make of nothing.
const DATES: &[&str] = &[
    "01010001", "01011800", "01011900", "01011901", "09099999", "11111111", "30121899", "31121899",
    "31129999",
];

impl Placeholders {
    /// The list a project begins with.
    pub fn standard() -> Self {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        Placeholders { names: owned(NAMES), dates: owned(DATES) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted_distinct_and_well_formed() {
        assert!(NAMES.is_sorted_by(|a, b| a < b));
        assert!(DATES.is_sorted_by(|a, b| a < b));
        assert!(NAMES.iter().all(|n| n.bytes().all(|b| b.is_ascii_lowercase() || b == b' ')));
        assert!(DATES.iter().all(|d| d.len() == 8 && d.bytes().all(|b| b.is_ascii_digit())));
    }

    /// A real name that no default may take away.
    #[test]
    fn real_short_names_are_not_placeholders() {
        for name in ["na", "bo", "li", "o", "an", "day"] {
            assert!(!NAMES.contains(&name), "{name}");
        }
    }
}
