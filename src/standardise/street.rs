//! The types of streets with their short forms (AS 4590), what stands behind them, and numbers
//! that streets are named after.

/// Street types that hardly any street has within its name, with their short forms.
const PLAIN_TYPES: [(&str, &[&str]); 20] = [
    ("AVENUE", &["AV", "AVE", "AVN", "AVNUE"]),
    ("BOULEVARD", &["BLVD", "BVD", "BVDE", "BOULEVARDE", "BLVDE"]),
    ("CIRCUIT", &["CCT", "CIRCT"]),
    ("CLOSE", &["CL", "CLS"]),
    ("COURT", &["CT", "CRT"]),
    ("CRESCENT", &["CR", "CRES", "CRS", "CRESENT", "CRSNT"]),
    ("DRIVE", &["DR", "DRV", "DVE", "DRVE"]),
    ("ESPLANADE", &["ESP", "ESPL"]),
    ("FREEWAY", &["FWY", "FRWY"]),
    ("GROVE", &["GR", "GRV", "GVE"]),
    ("HIGHWAY", &["HWY", "HIWAY", "HGWY"]),
    ("LANE", &["LA", "LN"]),
    ("PARADE", &["PDE", "PRDE", "PD"]),
    ("PLACE", &["PL", "PLC"]),
    ("PROMENADE", &["PROM"]),
    ("ROAD", &["RD"]),
    ("SQUARE", &["SQ"]),
    ("STREET", &["ST", "STR", "STRT", "STREETS"]),
    ("TERRACE", &["TCE", "TER", "TERR", "TRC"]),
    ("WAY", &["WY"]),
];

/// Street types that are words of many names too, so that they count at the end only.
const OTHER_TYPES: [(&str, &[&str]); 46] = [
    ("ALLEY", &["ALLY", "ALY"]),
    ("APPROACH", &["APP", "APPR"]),
    ("ARCADE", &["ARC"]),
    ("BEND", &[]),
    ("BRACE", &[]),
    ("BYPASS", &["BYPA"]),
    ("CHASE", &["CH"]),
    ("CIRCLE", &["CIR"]),
    ("COMMON", &["CMMN"]),
    ("CONCOURSE", &["CON"]),
    ("CORNER", &["CNR"]),
    ("COVE", &[]),
    ("CREST", &["CRST"]),
    ("CROSS", &["CRSS"]),
    ("CROSSING", &["CRSG"]),
    ("DALE", &[]),
    ("END", &[]),
    ("ENTRANCE", &["ENT"]),
    ("EXPRESSWAY", &["EXP"]),
    ("GARDENS", &["GDN", "GDNS"]),
    ("GATE", &["GTE"]),
    ("GLADE", &["GLD"]),
    ("GLEN", &[]),
    ("GREEN", &["GRN"]),
    ("HEIGHTS", &["HTS"]),
    ("HILL", &[]),
    ("LINK", &["LNK"]),
    ("LOOP", &[]),
    ("MALL", &[]),
    ("MEWS", &["MWS"]),
    ("OUTLOOK", &["OTLK"]),
    ("PARK", &["PK"]),
    ("PARKWAY", &["PWY", "PKWY"]),
    ("PASS", &[]),
    ("PATH", &[]),
    ("PLAZA", &["PLZA"]),
    ("POINT", &["PNT"]),
    ("QUAY", &["QY"]),
    ("RETREAT", &["RTT"]),
    ("RIDGE", &["RDGE"]),
    ("RISE", &[]),
    ("ROW", &[]),
    ("TRACK", &["TRK"]),
    ("TRAIL", &["TRL"]),
    ("VIEW", &["VW"]),
    ("WALK", &["WLK"]),
];

/// What stands behind the type of a street (METEOR 429869).
const SUFFIXES: [(&str, &str); 6] = [
    ("N", "NORTH"),
    ("S", "SOUTH"),
    ("E", "EAST"),
    ("W", "WEST"),
    ("NTH", "NORTH"),
    ("STH", "SOUTH"),
];
/// The same in full.
pub(super) const LONG_SUFFIXES: [&str; 5] = ["NORTH", "SOUTH", "EAST", "WEST", "EXTENSION"];

/// The first numbers in words, as streets are named after them.
pub(super) const ORDINALS: [(&str, &str); 12] = [
    ("1ST", "FIRST"),
    ("2ND", "SECOND"),
    ("3RD", "THIRD"),
    ("4TH", "FOURTH"),
    ("5TH", "FIFTH"),
    ("6TH", "SIXTH"),
    ("7TH", "SEVENTH"),
    ("8TH", "EIGHTH"),
    ("9TH", "NINTH"),
    ("10TH", "TENTH"),
    ("11TH", "ELEVENTH"),
    ("12TH", "TWELFTH"),
];

/// Whether this is a type in full.
pub(super) fn is_type(word: &str) -> bool {
    PLAIN_TYPES.iter().chain(&OTHER_TYPES).any(|(long, _)| *long == word)
}

/// What stands behind the type, in full.
pub(super) fn suffix(word: &str) -> Option<&'static str> {
    let short = SUFFIXES.iter().find(|(short, _)| *short == word).map(|(_, long)| *long);
    short.or_else(|| LONG_SUFFIXES.into_iter().find(|long| *long == word))
}

/// Whether this is plainly a type.
pub(super) fn is_plain_type(word: &str) -> bool {
    plain_type(word).is_some()
}

/// The type in full, where it is plainly one.
pub(super) fn plain_type(word: &str) -> Option<&'static str> {
    in_full(&PLAIN_TYPES, word)
}

/// The type in full, where it is one that is a word of many names too.
pub(super) fn other_type(word: &str) -> Option<&'static str> {
    in_full(&OTHER_TYPES, word)
}

fn in_full(types: &[(&'static str, &[&str])], word: &str) -> Option<&'static str> {
    types.iter().find(|(long, short)| *long == word || short.contains(&word)).map(|(long, _)| *long)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_name_each_word_once() {
        let mut words: Vec<&str> = PLAIN_TYPES
            .iter()
            .chain(&OTHER_TYPES)
            .flat_map(|(long, short)| short.iter().chain([long]))
            .copied()
            .collect();
        let all = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), all);
    }
}
