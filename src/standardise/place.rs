//! Suburbs, and what the names of places have in common: short forms are written out, and a
//! state or postcode behind the name is left away. Nothing is folded that tells two places of
//! Australia apart: Brighton North and North Brighton stay two, and so do Port and Point.

use super::code::{Text, known, state_name, words};
use super::placeholders::PlaceholderList;
use super::{Absent, Value};

/// Words of place names with their short forms.
const SHORT_FORMS: [(&str, &str); 33] = [
    ("BCH", "BEACH"),
    ("CK", "CREEK"),
    ("CNTR", "CENTRE"),
    ("CRK", "CREEK"),
    ("CTR", "CENTRE"),
    ("GDNS", "GARDENS"),
    ("GRDNS", "GARDENS"),
    // Victor Harbor is written without the u, and everywhere else it is a slip.
    ("HARBOR", "HARBOUR"),
    ("HBR", "HARBOUR"),
    ("HDS", "HEADS"),
    ("HGTS", "HEIGHTS"),
    ("HTS", "HEIGHTS"),
    ("ISL", "ISLAND"),
    ("JCT", "JUNCTION"),
    ("JCTN", "JUNCTION"),
    ("JN", "JUNCTION"),
    ("LKS", "LAKES"),
    ("LWR", "LOWER"),
    ("MT", "MOUNT"),
    ("MTN", "MOUNTAIN"),
    ("MTNS", "MOUNTAINS"),
    ("NTH", "NORTH"),
    ("PK", "PARK"),
    ("RVR", "RIVER"),
    ("SPGS", "SPRINGS"),
    ("STH", "SOUTH"),
    ("STHN", "SOUTHERN"),
    ("STN", "STATION"),
    ("UPR", "UPPER"),
    ("VLG", "VILLAGE"),
    ("VLGE", "VILLAGE"),
    ("VLY", "VALLEY"),
    ("WST", "WEST"),
];

/// Single letters that stand for a direction at either end of a name.
const DIRECTIONS: [(&str, &str); 4] =
    [("N", "NORTH"), ("S", "SOUTH"), ("E", "EAST"), ("W", "WEST")];

/// Words that may stand before a saint: "East St Kilda", "Mount St Thomas".
const BEFORE_SAINTS: [&str; 13] = [
    "NORTH", "SOUTH", "EAST", "WEST", "UPPER", "LOWER", "OLD", "NEW", "PORT", "MOUNT", "LAKE",
    "CAPE", "POINT",
];

/// Places that begin with Point, by their next word: "Pt Cook". Where neither list has the
/// word, "Pt" stays as it is.
const POINTS: [&str; 20] = [
    "ARKWRIGHT",
    "BOSTON",
    "CLARE",
    "COOK",
    "FRANKLIN",
    "FREDERICK",
    "HENRY",
    "LEO",
    "LONSDALE",
    "LOOKOUT",
    "MCLEAY",
    "PASS",
    "PEARCE",
    "PIPER",
    "SAMSON",
    "STUART",
    "TALBURPIN",
    "TURTON",
    "VERNON",
    "WOLSTONCROFT",
];

/// Places that begin with Port, by their next word: "Pt Adelaide".
const PORTS: [&str; 42] = [
    "ADELAIDE",
    "ALBERT",
    "ALMA",
    "ARTHUR",
    "AUGUSTA",
    "BOTANY",
    "BROUGHTON",
    "CAMPBELL",
    "CLINTON",
    "CURTIS",
    "DAVIS",
    "DENISON",
    "DOUGLAS",
    "ELLIOT",
    "ELLIOTT",
    "FAIRY",
    "FRANKLIN",
    "GAWLER",
    "GERMEIN",
    "GREGORY",
    "HACKING",
    "HEDLAND",
    "HUGHES",
    "HUON",
    "JULIA",
    "KEMBLA",
    "KENNEDY",
    "LATTA",
    "LINCOLN",
    "MACDONNELL",
    "MACQUARIE",
    "MELBOURNE",
    "NEILL",
    "NOARLUNGA",
    "PIRIE",
    "SORELL",
    "STEPHENS",
    "VICTORIA",
    "VINCENT",
    "WAKEFIELD",
    "WELSHPOOL",
    "WILLUNGA",
];

/// What is written where somebody has no home, letters only.
const NO_HOME: [&str; 24] = [
    "CAR",
    "COUCH SURFER",
    "COUCH SURFING",
    "COUCHSURFING",
    "HOMELESS",
    "ITINERANT",
    "LIVING IN CAR",
    "NFA",
    "NFPA",
    "NIL FIXED ABODE",
    "NIL FIXED ADDRESS",
    "NO ADDRESS",
    "NO FIXED ABODE",
    "NO FIXED ADDRESS",
    "NO FIXED PLACE OF ABODE",
    "NO FIXED RESIDENCE",
    "NO HOME",
    "NO PERMANENT ADDRESS",
    "OF NO FIXED ABODE",
    "OF NO FIXED ADDRESS",
    "ROUGH SLEEPER",
    "ROUGH SLEEPING",
    "SLEEPING ROUGH",
    "TRANSIENT",
];

/// What is written where a place is not told, beyond the words of the project's list.
const NOT_TOLD: [&str; 17] = [
    "ADDRESS UNKNOWN",
    "ADDRESS WITHHELD",
    "AS ABOVE",
    "AS BELOW",
    "CONFIDENTIAL",
    "GENERAL DELIVERY",
    "INTERSTATE",
    "NO CURRENT ADDRESS",
    "NO SUBURB",
    "OVERSEAS",
    "POSTE RESTANTE",
    "SAME",
    "SAME AS ABOVE",
    "SILENT",
    "SUPPRESSED",
    "UNKNOWN ADDRESS",
    "VARIOUS",
];

/// Reads a suburb, town or locality: "St Kilda Nth, VIC 3182" is SAINT KILDA NORTH.
pub(super) fn suburb(text: &str, list: &PlaceholderList) -> Value<Text> {
    let mut words = words_of_suburb(text);
    loop {
        let before = words.len();
        write_out(&mut words);
        while let Some(rest) = without_state(&words) {
            words.truncate(rest);
        }
        if words.len() == before {
            break;
        }
    }
    match absent(&words.join(" ")) {
        Some(absent) => Value::Missing(absent),
        None => known(words, " ", text, list),
    }
}

/// Whether the cell of a suburb or an address says that there is no fixed address.
pub(crate) fn says_no_fixed_address(text: &str, list: &PlaceholderList) -> bool {
    matches!(suburb(text, list), Value::Missing(Absent::NoFixedAddress))
}

/// The state that stands behind the name in the cell of a suburb.
pub(super) fn state_of_suburb(text: &str) -> Option<&'static str> {
    if !may_end_in_state(text) {
        return None;
    }
    let mut parts = parts(text);
    if let Some(last) = parts.last_mut()
        && last.last().is_some_and(|word| is_postcode(word))
    {
        last.pop();
    }
    parts.retain(|words| !words.is_empty());
    let last = parts.last()?;
    // Behind a comma it may be written in full.
    let whole = if parts.len() > 1 { state_name(&last.concat()) } else { None };
    whole.or_else(|| (1..last.len()).find_map(|first| state_at_end(&last[first..].join(" "))))
}

/// A quick look whether the last word can belong to a state: most cells hold none.
fn may_end_in_state(text: &str) -> bool {
    const LAST: [&str; 14] = [
        "NSW",
        "VIC",
        "QLD",
        "SA",
        "WA",
        "TAS",
        "NT",
        "ACT",
        "WALES",
        "VICTORIA",
        "QUEENSLAND",
        "AUSTRALIA",
        "TASMANIA",
        "TERRITORY",
    ];
    let mut words = text.rsplit(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.next().is_some_and(|last| {
        // "N.S.W." ends in a letter.
        last.len() == 1
            || is_postcode(last)
            || LAST.iter().any(|word| word.eq_ignore_ascii_case(last))
    })
}

/// Why a place that reads like this is missing.
pub(super) fn absent(words: &str) -> Option<Absent> {
    if NO_HOME.contains(&words) {
        Some(Absent::NoFixedAddress)
    } else if NOT_TOLD.contains(&words) {
        Some(Absent::Placeholder)
    } else {
        None
    }
}

/// The text behind "c/-" or "care of", where it begins so.
pub(super) fn behind_care_of(text: &str) -> Option<&str> {
    const MARKS: [&str; 7] = ["c/-", "c/o", "c\\-", "c\\o", "c/ ", "c-o ", "care of "];
    let text = text.trim_start();
    MARKS.iter().find_map(|mark| {
        let start = text.get(..mark.len())?;
        start.eq_ignore_ascii_case(mark).then(|| &text[mark.len()..])
    })
}

/// Writes the short forms of a name out. A name of one word is left as it is.
pub(super) fn write_out(words: &mut Vec<String>) {
    let all = words.len();
    if all < 2 {
        return;
    }
    for (place, word) in words.iter_mut().enumerate() {
        let is_end = place == 0 || place + 1 == all;
        let ends = if is_end { &DIRECTIONS[..] } else { &[] };
        let long = SHORT_FORMS.iter().chain(ends).find(|(short, _)| short == word);
        if let Some((_, long)) = long {
            *word = (*long).to_owned();
        }
    }
    for place in 0..all {
        let next = words.get(place + 1).map(String::as_str);
        let long = match (words[place].as_str(), next) {
            ("ST", Some(_)) if words[..place].iter().all(|w| is_before_saint(w)) => "SAINT",
            ("PT", None) => "POINT",
            ("PT", Some(next)) if POINTS.contains(&next) && !PORTS.contains(&next) => "POINT",
            ("PT", Some(next)) if PORTS.contains(&next) && !POINTS.contains(&next) => "PORT",
            _ => continue,
        };
        words[place] = long.to_owned();
    }
    // "Mc Kellar", "O Connor": a part of a name that stands by itself.
    let mut place = 0;
    while place + 1 < words.len() {
        let is_part = words[place] == "MC" || place == 0 && matches!(&*words[0], "O" | "D");
        if is_part {
            let rest = words.remove(place + 1);
            words[place].push_str(&rest);
        }
        place += 1;
    }
}

fn is_before_saint(word: &str) -> bool {
    BEFORE_SAINTS.contains(&word)
}

/// The parts of a cell between commas, each as its words.
fn parts(text: &str) -> Vec<Vec<String>> {
    text.split([',', ';', '\n']).map(words).filter(|words| !words.is_empty()).collect()
}

/// The words of a suburb without who receives its post, and without a state in full or a
/// postcode behind a comma.
fn words_of_suburb(text: &str) -> Vec<String> {
    let text = match behind_care_of(text) {
        Some(rest) => rest.split_once(',').map_or(rest, |(_, rest)| rest),
        None => text,
    };
    let mut parts = parts(text);
    while let [_, .., last] = parts.as_slice()
        && (state_name(&last.concat()).is_some()
            || matches!(last.as_slice(), [word] if is_postcode(word) || word == "AUSTRALIA")
            || matches!(last.as_slice(), [state, word] if is_postcode(word) && state_name(state).is_some()))
    {
        parts.pop();
    }
    parts.concat()
}

/// How many words are left without the state, the postcode or the country at the end.
///
/// Victoria is left in place: there is a Port Victoria. So is a number after "of": the town
/// of 1770.
pub(super) fn without_state(words: &[String]) -> Option<usize> {
    let rest = words.len().checked_sub(1).filter(|rest| *rest > 0)?;
    if is_postcode(&words[rest]) && words[rest - 1] != "OF" {
        return Some(rest);
    }
    (1..=rest).find(|&first| state_at_end(&words[first..].join(" ")).is_some()).or_else(|| {
        (words[rest] == "AUSTRALIA" && !matches!(&*words[rest - 1], "SOUTH" | "WESTERN"))
            .then_some(rest)
    })
}

/// A state whose name no place ends in.
fn state_at_end(words: &str) -> Option<&'static str> {
    let is_plain =
        words != "VICTORIA" && words.bytes().all(|b| b == b' ' || b.is_ascii_uppercase());
    if is_plain { state_name(&words.replace(' ', "")) } else { None }
}

fn is_postcode(word: &str) -> bool {
    word.len() == 4 && word.bytes().all(|b| b.is_ascii_digit()) && word >= "0200"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::Placeholders;

    fn read(text: &str) -> Result<String, Value<Text>> {
        let list = PlaceholderList::new(&Placeholders::standard());
        let value = suburb(text, &list);
        value.known().map(|t| t.as_str().to_owned()).ok_or(value)
    }

    #[test]
    fn spellings_of_one_suburb_are_one() {
        for (one, spellings) in [
            ("SAINT KILDA", &["St Kilda", "st. kilda", "SAINT KILDA", "St Kilda VIC 3182"][..]),
            ("MOUNT WAVERLEY", &["Mt Waverley", "MT. WAVERLEY", "Mount Waverley, Victoria"]),
            ("NORTH SAINT MARYS", &["Nth St Mary's", "N. St Marys", "North Saint Mary\u{2019}s"]),
            ("MELBOURNE EAST", &["Melbourne E", "Melbourne East"]),
            ("SOUTH YARRA", &["Sth Yarra", "S Yarra", "south-yarra"]),
            ("POINT COOK", &["Pt Cook", "Pt. Cook", "Point Cook"]),
            ("PORT ADELAIDE", &["Pt Adelaide", "Port Adelaide SA"]),
            ("POTTS POINT", &["Potts Pt", "Pott's Point NSW 2011"]),
            ("PORT VICTORIA", &["Port Victoria", "Pt Victoria SA 5573", "Port Victoria 5573"]),
            (
                "QUEANBEYAN",
                &[
                    "QUEANBEYAN NSW 2620",
                    "Queanbeyan, N.S.W.",
                    "Queanbeyan 2620",
                    "Queanbeyan (NSW)",
                    "Queanbeyan New South Wales",
                    "queanbeyan nsw australia",
                    "Queanbeyan, NSW, 2620, Australia",
                ],
            ),
            ("GEELONG", &["Geelong, Victoria", "Geelong, Victoria 3220", "GEELONG VIC"]),
            ("LYNEHAM", &["c/- Ainslie Village, Lyneham ACT", "c/o Lyneham", "Care of Lyneham"]),
            ("MCKELLAR", &["McKellar", "Mc Kellar", "MC KELLAR ACT"]),
            ("OCONNOR", &["O'Connor", "O Connor", "O\u{2019}CONNOR"]),
            ("TOWN OF 1770", &["Town of 1770", "TOWN OF 1770 QLD"]),
            ("1770", &["1770"]),
            ("CENTRAL TILBA", &["Central Tilba New Sth Wales"]),
        ] {
            for spelling in spellings {
                assert_eq!(read(spelling).as_deref(), Ok(one), "{spelling}");
            }
        }
    }

    proptest! {
        #[test]
        fn reading_twice_is_reading_once(
            words in prop::collection::vec(
                prop::sample::select(vec![
                    "ST", "PT", "MC", "O", "N", "E", "NTH", "STH", "NEW", "WALES", "NSW", "2620", "OF",
                    "MT", "COOK", "ADELAIDE", "WESTERN", "AUSTRALIA", "VICTORIA", ",", "c/-", "1770",
                ]),
                0..7,
            ),
        ) {
            if let Ok(once) = read(&words.join(" ")) {
                prop_assert_eq!(read(&once), Ok(once.clone()));
            }
        }
    }

    /// Places that are there side by side, or that could be.
    #[test]
    fn two_places_stay_two() {
        for (one, other) in [
            ("North Brighton", "Brighton North"),
            ("Point Franklin", "Port Franklin"),
            ("Redhill", "Red Hill"),
            ("Mount Barker", "Barker"),
            ("Mountain River", "Mount River"),
            ("St Leonards", "Leonards"),
            ("Pt Unheard", "Port Unheard"),
            ("Victoria Park", "Victoria"),
            ("Port Victoria", "Port"),
            ("Wagga Wagga", "Wagga"),
        ] {
            let (a, b) = (read(one).expect("a place"), read(other).expect("a place"));
            assert_ne!(a, b, "{one} {other}");
        }
    }

    #[test]
    fn no_place_says_why() {
        for (text, absent) in [
            ("No fixed address", Absent::NoFixedAddress),
            ("N.F.A.", Absent::NoFixedAddress),
            ("HOMELESS", Absent::NoFixedAddress),
            ("Overseas", Absent::Placeholder),
            ("unknown", Absent::Placeholder),
            ("Unknown, NSW", Absent::Placeholder),
            ("Not stated", Absent::Placeholder),
            ("-", Absent::NoLetters),
        ] {
            assert_eq!(read(text), Err(Value::Missing(absent)), "{text}");
        }
    }

    #[test]
    fn a_state_in_the_cell_is_found() {
        for (text, state) in [
            ("Queanbeyan NSW 2620", Some("NSW")),
            ("Queanbeyan, New South Wales", Some("NSW")),
            ("Perth Western Australia 6000", Some("WA")),
            ("Geelong, Victoria", Some("VIC")),
            ("Port Victoria", None),
            ("Queanbeyan", None),
            ("ACT", None),
            ("", None),
        ] {
            assert_eq!(state_of_suburb(text), state, "{text}");
        }
    }
}
