//! Street addresses. Takes a cell as people type it ("Unit 2, 14 Smith St"), gives one spelling
//! ("2/14 SMITH STREET"), and the parts of that spelling which match keys are made of. Reads
//! the forms of AS 4590 (interchange of client information) and of Australia Post.

use super::code::{Text, known};
use super::name::plain_letters;
use super::place::{absent, behind_care_of, without_state, write_out};
use super::placeholders::PlaceholderList;
use super::street::{
    LONG_SUFFIXES, ORDINALS, is_plain_type, is_type, other_type, plain_type, suffix,
};
use super::{Reason, Value};

/// Words before the number of a dwelling within a building.
const UNITS: [&str; 25] = [
    "APARTMENT",
    "APT",
    "CABIN",
    "CARAVAN",
    "DUPLEX",
    "F",
    "FLAT",
    "HOUSE",
    "HSE",
    "ROOM",
    "RM",
    "SE",
    "SITE",
    "STE",
    "STUDIO",
    "STU",
    "SUITE",
    "SHOP",
    "TNHS",
    "TOWNHOUSE",
    "U",
    "UNIT",
    "VAN",
    "VILLA",
    "VLLA",
];

/// Words before the number of a floor, which says no more than the dwelling's.
const FLOORS: [&str; 6] = ["FLOOR", "FL", "L", "LEVEL", "LVL", "LEV"];

/// Words before a number that stands for the one of a house.
const LOTS: [&str; 5] = ["LOT", "RMB", "RMS", "RSD", "SECTION"];

/// How boxes are written, and what is made of it.
const BOXES: [(&[&str], &str); 13] = [
    (&["GPO", "BOX"], "GPO BOX"),
    (&["G", "P", "O", "BOX"], "GPO BOX"),
    (&["PO", "BOX"], "PO BOX"),
    (&["P", "O", "BOX"], "PO BOX"),
    (&["PO", "BX"], "PO BOX"),
    (&["POBOX"], "PO BOX"),
    (&["POST", "OFFICE", "BOX"], "PO BOX"),
    (&["POSTAL", "BOX"], "PO BOX"),
    (&["LOCKED", "MAIL", "BAG"], "LOCKED BAG"),
    (&["LOCKED", "BAG"], "LOCKED BAG"),
    (&["PRIVATE", "MAIL", "BAG"], "PRIVATE BAG"),
    (&["PRIVATE", "BAG"], "PRIVATE BAG"),
    (&["CMB"], "CMB"),
];

/// Reads an address. What was typed behind the street (a suburb, a state, a postcode) is left
/// away where the type of the street or a comma shows where it ends; so are floors, the names
/// of buildings before a number, and the second number of a range.
pub(super) fn address(text: &str, list: &PlaceholderList) -> Value<Text> {
    let is_for_another = behind_care_of(text);
    let tokens = tokens(is_for_another.unwrap_or(text));
    let words = || tokens.iter().filter(|t| is_word(t)).cloned().collect::<Vec<String>>();
    if let Some(absent) = absent(&words().join(" ")) {
        return Value::Missing(absent);
    }
    if let value @ Value::Missing(_) = known(words(), " ", text, list) {
        return value;
    }
    if let Some(found) = post_box(&tokens) {
        return Value::Known(Text::new(&found));
    }
    let mut cursor = Cursor { tokens: &tokens, at: 0 };
    let house = House::read(&mut cursor, is_for_another.is_some());
    let Some(street) = Street::read(&tokens[cursor.at..]) else {
        return Value::Bad(Reason::Address);
    };
    let number = house.number.or(street.number).or(house.lot);
    let unit = house.unit.or(street.unit);
    let written = match (unit, number) {
        (Some(unit), Some(number)) => format!("{unit}/{number} {}", street.name),
        (Some(number), None) | (None, Some(number)) => format!("{number} {}", street.name),
        (None, None) => street.name,
    };
    Value::Known(Text::new(&written))
}

/// The number and the name of the street of a standardised address, without the dwelling and
/// the type of the street, which many leave out; of a box, all of it.
pub(crate) fn number_and_street(address: &str) -> Option<(&str, &str)> {
    if is_box(address) {
        return address.rsplit_once(' ').map(|(kind, number)| (number, kind));
    }
    let (number, street) = address.split_once(' ').filter(|(first, _)| is_number(first))?;
    let number = number.rsplit_once('/').map_or(number, |(_, number)| number);
    Some((number, without_type(street)))
}

/// The name of the street without its type; a box has none.
pub(crate) fn street(address: &str) -> Option<&str> {
    if is_box(address) {
        return None;
    }
    let street = match address.split_once(' ') {
        Some((first, street)) if is_number(first) => street,
        _ => address,
    };
    Some(without_type(street))
}

fn is_box(address: &str) -> bool {
    BOXES
        .iter()
        .any(|(_, kind)| address.strip_prefix(kind).is_some_and(|rest| rest.starts_with(' ')))
}

/// A street without its type and what is behind it; "THE PARADE" keeps it.
fn without_type(street: &str) -> &str {
    let split = |text: &'_ str| text.rfind(' ').map(|at| (at, at + 1));
    let Some((before_last, last)) = split(street) else { return street };
    if is_type(&street[last..]) && &street[..before_last] != "THE" {
        return &street[..before_last];
    }
    if LONG_SUFFIXES.contains(&&street[last..])
        && let Some((before, word)) = split(&street[..before_last])
        && is_type(&street[word..before_last])
    {
        return &street[..before];
    }
    street
}

/// Words of letters and digits, and the signs `/`, `-` (between two words with a digit) and
/// `,`, in capitals.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut end = |word: &mut String, sign: Option<char>| {
        if !word.is_empty() {
            tokens.push(std::mem::take(word));
        }
        if let Some(sign) = sign {
            tokens.push(sign.to_string());
        }
    };
    for c in plain_letters(text) {
        match c {
            c if c.is_ascii_alphanumeric() => word.push(c),
            '\'' | '`' | '.' | '\u{2018}' | '\u{2019}' | '\u{200b}' | '\u{ad}' => {}
            '/' | '\\' | '\u{2044}' => end(&mut word, Some('/')),
            ',' | ';' | '\n' | '\r' | '|' => end(&mut word, Some(',')),
            '-' | '\u{2010}'..='\u{2015}' | '&' => end(&mut word, Some('-')),
            _ => end(&mut word, None),
        }
    }
    end(&mut word, None);
    tokens
}

fn is_word(token: &str) -> bool {
    !matches!(token, "/" | "-" | ",")
}

/// A number as houses have it: 14, 14A, G02, LOT7; not 1ST.
fn is_number(token: &str) -> bool {
    let token = token.rsplit_once('/').map_or(token, |(_, number)| number);
    let has_digit = token.bytes().any(|b| b.is_ascii_digit());
    let digits = token.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_ordinal = digits.len() < token.len() && matches!(digits, "ST" | "ND" | "RD" | "TH");
    let is_short = digits.len() <= 1 && digits.len() < token.len();
    let is_lettered = token.len() <= 4
        && token.starts_with(|c: char| c.is_ascii_uppercase())
        && token[1..].bytes().all(|b| b.is_ascii_digit());
    let is_lot = LOTS.iter().any(|lot| {
        token.strip_prefix(lot).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    has_digit && !is_ordinal && (is_short || is_lettered || is_lot)
}

/// What may be the number of a dwelling: a number, or one letter.
fn is_unit(token: &str) -> bool {
    is_number(token) || token.len() == 1 && token.bytes().all(|b| b.is_ascii_uppercase())
}

/// "P.O. Box 12" as PO BOX 12.
fn post_box(tokens: &[String]) -> Option<String> {
    let (spelling, kind) = BOXES.iter().find(|(spelling, _)| {
        tokens.len() > spelling.len() && tokens.iter().zip(*spelling).all(|(t, s)| t == s)
    })?;
    let number = tokens[spelling.len()..].iter().find(|t| is_word(t) && *t != "NO")?;
    number.bytes().any(|b| b.is_ascii_digit()).then(|| format!("{kind} {number}"))
}

/// A place in the tokens of an address.
struct Cursor<'a> {
    tokens: &'a [String],
    at: usize,
}

impl Cursor<'_> {
    fn token(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", String::as_str)
    }

    /// Takes a word of a list and the number behind it.
    fn named(&mut self, names: &[&str]) -> Option<String> {
        if names.contains(&self.token(0)) {
            let skip = if matches!(self.token(1), "NO" | "NUMBER") { 2 } else { 1 };
            let is_before_word = is_word(self.token(skip + 1)) && !self.token(skip + 1).is_empty();
            let found = self.token(skip);
            // A letter may be the first of a street's words: "Unit E Smith St" is rare.
            if is_number(found) || is_unit(found) && is_before_word {
                let found = found.to_owned();
                self.at += skip + 1;
                return Some(found);
            }
            return None;
        }
        // U2, LOT7: written together. UNIT2 begins with U too, and only one of them leaves a number.
        let found = names.iter().find_map(|name| {
            let number = self.token(0).strip_prefix(name)?;
            let is_one = number.starts_with(|c: char| c.is_ascii_digit()) && is_number(number);
            is_one.then(|| number.to_owned())
        })?;
        self.at += 1;
        Some(found)
    }
}

/// What stands before the name of a street.
#[derive(Default)]
struct House {
    unit: Option<String>,
    number: Option<String>,
    lot: Option<String>,
}

impl House {
    fn read(cursor: &mut Cursor<'_>, is_for_another: bool) -> House {
        let mut house = House::default();
        while cursor.at < cursor.tokens.len() {
            if matches!(cursor.token(0), "," | "/" | "-" | "NO" | "NUMBER") {
                cursor.at += 1;
            } else if let Some(unit) = cursor.named(&UNITS) {
                house.unit.get_or_insert(unit);
            } else if cursor.named(&FLOORS).is_some() {
                continue;
            } else if matches!(cursor.token(0), "GROUND" | "UPPER" | "LOWER" | "FIRST" | "SECOND")
                && matches!(cursor.token(1), "FLOOR" | "FLR" | "LEVEL")
            {
                cursor.at += 2;
            } else if let Some(lot) = LOTS
                .iter()
                .find_map(|kind| cursor.named(&[*kind]).map(|number| format!("{kind}{number}")))
            {
                house.lot = Some(lot);
            } else if is_number(cursor.token(0)) {
                house.number(cursor);
                if house.number.is_some() {
                    break;
                }
            } else if let Some(skip) = building(&cursor.tokens[cursor.at..], is_for_another) {
                cursor.at += skip;
            } else {
                break;
            }
        }
        house
    }

    /// Takes a number: of a dwelling where another follows.
    fn number(&mut self, cursor: &mut Cursor<'_>) {
        let number = cursor.token(0).to_owned();
        let gap = usize::from(matches!(cursor.token(1), "/" | ","));
        let is_next = is_number(cursor.token(1 + gap));
        if self.unit.is_none() && is_next {
            self.unit = Some(number);
            cursor.at += 1 + gap;
            return;
        }
        cursor.at += 1;
        let mut number = number;
        // 14 - 16: the first of a range.
        if cursor.token(0) == "-" && is_number(cursor.token(1)) {
            cursor.at += 2;
        } else if let [letter @ b'A'..=b'Z'] = cursor.token(0).as_bytes()
            && !b"NSEW".contains(letter)
            && is_word(cursor.token(1))
            && !cursor.token(1).is_empty()
            && !is_plain_type(cursor.token(1))
        {
            // "14 a Smith St"
            number.push(char::from(*letter));
            cursor.at += 1;
        }
        self.number = Some(number);
    }
}

/// How many tokens to skip for the name of a building: up to a number that has words behind
/// it, when a comma comes before it, or when the post is for another. "Smith Street, Unit 2,
/// Lyneham" is no building: its street comes first.
fn building(tokens: &[String], is_for_another: bool) -> Option<usize> {
    let number = tokens.iter().position(|t| is_number(t))?;
    let before = &tokens[..number];
    let is_unit_or_lot = before.last().is_some_and(|t| {
        UNITS.contains(&t.as_str()) || LOTS.contains(&t.as_str()) || FLOORS.contains(&t.as_str())
    });
    let skip = if is_unit_or_lot { number - 1 } else { number };
    let has_street = before.iter().skip(1).any(|t| is_plain_type(t));
    let has_words_behind =
        tokens[number + 1..].iter().any(|t| is_word(t) && !is_number(t) && t.len() > 1);
    let is_house = tokens[number + 1..].iter().any(|t| is_plain_type(t));
    let is_apart = is_for_another || before.iter().any(|t| t == ",");
    (skip > 0 && has_words_behind && (is_house || !has_street) && is_apart).then_some(skip)
}

/// The street, and what is written behind it though it belongs before.
struct Street {
    name: String,
    number: Option<String>,
    unit: Option<String>,
}

impl Street {
    fn read(tokens: &[String]) -> Option<Street> {
        // Up to a comma; a lone type behind it is the street's, where columns were joined.
        let mut parts = tokens.split(|t| t == ",").filter(|part| !part.is_empty());
        let words = |part: &[String]| -> Vec<String> {
            part.iter().filter(|t| is_word(t)).cloned().collect()
        };
        let mut name = words(parts.next()?);
        let rest: Vec<Vec<String>> = parts.map(words).collect();
        if let Some(next) = rest.first()
            && next
                .first()
                .is_some_and(|word| plain_type(word).is_some() || other_type(word).is_some())
            && next.len() <= 2
            && !name.iter().skip(1).any(|word| is_plain_type(word))
        {
            name.extend(next.iter().cloned());
        }
        let mut street = Street { name: String::new(), number: None, unit: None };
        // "14 Smith Street, Unit 2"; "Smith Street 14".
        let behind = rest.iter().map(Vec::as_slice).chain([name.as_slice()]);
        let is_dwelling = |two: &[String]| {
            UNITS.contains(&two[0].as_str()) && two[0].len() > 1 && is_number(&two[1])
        };
        street.unit = behind
            .flat_map(|words| words.windows(2))
            .find(|two| is_dwelling(two))
            .map(|two| two[1].clone());
        // Old Villa Road is no dwelling: no number follows.
        if let Some(at) = name.windows(2).position(is_dwelling).filter(|&at| at > 0) {
            name.truncate(at);
        }
        if name.len() > 1
            && let Some(last) = name.pop_if(|last| is_number(last) && last.len() < 4)
        {
            street.number = Some(last);
        }
        while let Some(left) = without_state(&name) {
            name.truncate(left);
        }
        name.iter_mut().for_each(|word| {
            if let Some((_, long)) = ORDINALS.iter().find(|(short, _)| short == word) {
                *word = (*long).to_owned();
            }
        });
        let kind = end_of_street(&mut name);
        write_out(&mut name);
        street.name = name.iter().map(String::as_str).chain(kind).collect::<Vec<_>>().join(" ");
        street.name.bytes().any(|b| b.is_ascii_uppercase()).then_some(street)
    }
}

/// Cuts the words of a street down to its name, and gives its type and suffix in full. What
/// comes behind the type is a suburb; a suffix counts where it is the last word.
fn end_of_street(words: &mut Vec<String>) -> Vec<&'static str> {
    let plain = |word: &String| plain_type(word);
    // The first that is plainly a type, or the last of several in a row: Avenue Road.
    let mut at = (1..words.len()).find(|&at| plain(&words[at]).is_some());
    while let Some(next) = at.filter(|at| words.get(at + 1).and_then(plain).is_some()) {
        at = Some(next + 1);
    }
    let mut end = Vec::new();
    match at {
        Some(at) => {
            end.extend(plain(&words[at]));
            end.extend(
                words.get(at + 1).filter(|_| at + 2 == words.len()).and_then(|word| suffix(word)),
            );
            words.truncate(at);
        }
        None => {
            if let [_, .., kind, last] = words.as_slice()
                && let (Some(kind), Some(suffix)) = (other_type(kind), suffix(last))
            {
                end.extend([kind, suffix]);
                words.truncate(words.len() - 2);
            } else if let [_, .., last] = words.as_slice()
                && let Some(kind) = other_type(last)
            {
                end.push(kind);
                words.pop();
            }
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::Placeholders;
    use crate::standardise::Absent;

    fn read(text: &str) -> Result<String, Value<Text>> {
        let list = PlaceholderList::new(&Placeholders::standard());
        let value = address(text, &list);
        value.known().map(|t| t.as_str().to_owned()).ok_or(value)
    }

    #[test]
    fn spellings_of_one_address_are_one() {
        for (one, spellings) in [
            (
                "2/14 SMITH STREET",
                &[
                    "2/14 Smith St",
                    "Unit 2, 14 Smith Street",
                    "UNIT 2 14 SMITH ST.",
                    "U2/14 smith str",
                    "U 2, 14 Smith St",
                    "Flat 2 / 14 Smith St",
                    "Apt. 2, No. 14 Smith St",
                    "2 / 14-16 Smith Street",
                    "Level 1, Unit 2, 14 Smith St",
                    "Unit2/14 Smith St",
                    "Flat2, 14 Smith St",
                    "Level1, Unit2, 14 Smith St",
                    "14 Smith St Unit 2, Lyneham",
                    "14 Smith Street, Unit 2",
                    "2, 14, Smith, St",
                    "Rose Court, Unit 2, 14 Smith St",
                    "2/14 Smith St Lyneham ACT 2602",
                    "2/14 Smith St, Lyneham, ACT, 2602",
                    "#2/14 Smith St\r\nLyneham",
                    "２／１４ Smith St",
                ][..],
            ),
            (
                "14 SMITH STREET",
                &[
                    "14 Smith St",
                    "No 14 Smith St",
                    "14 - 16 Smith St",
                    "14, Smith St",
                    "Smith Street 14",
                    "c/- Rose House, 14 Smith St",
                    "C/O Anybody 14 Smith Street",
                    "Rose House, 14 Smith St",
                    "14 Smith St Queanbeyan NSW",
                ],
            ),
            ("14A SMITH STREET", &["14A Smith St", "14a smith st", "14 a Smith St"]),
            ("LOT7 BACK CREEK ROAD", &["Lot 7 Back Creek Rd", "LOT7 Back Ck Road"]),
            ("14 SMITH STREET", &["Lot 7, 14 Smith St", "Lot 7 14 Smith St"]),
            ("12 SAINT GEORGES TERRACE", &["12 St George's Tce", "12 Saint Georges Terrace"]),
            ("12 AVENUE ROAD", &["12 Avenue Rd", "12 Avenue Road"]),
            ("8 PARK STREET", &["8 Park St", "8 Park St Park Orchards VIC"]),
            ("8 JONES PARK", &["8 Jones Park", "8 Jones Pk"]),
            ("5 SMITH STREET WEST", &["5 Smith St W", "5 Smith Street West"]),
            ("3 FIRST AVENUE", &["3 1st Ave", "3 First Av"]),
            ("9 MOUNT VIEW CRESCENT", &["9 Mt View Cr", "9 Mount View Cres."]),
            ("7 THE PARADE", &["7 The Parade", "7 The Pde"]),
            ("40 BROADWAY", &["40 Broadway"]),
            (
                "2/14 OLD VILLA ROAD",
                &["14 Old Villa Rd, Unit 2", "2/14 Old Villa Rd", "14 Old Villa Rd Unit 2"],
            ),
            ("SMITH STREET", &["Smith St"]),
            (
                "PO BOX 12",
                &[
                    "PO Box 12",
                    "P.O. Box 12",
                    "P O BOX 12",
                    "POBox 12, Civic",
                    "Post Office Box 12",
                ],
            ),
            ("GPO BOX 12", &["GPO Box 12", "G.P.O. Box 12"]),
            ("RMB12 SMITH ROAD", &["RMB 12 Smith Rd"]),
        ] {
            for spelling in spellings {
                assert_eq!(read(spelling).as_deref(), Ok(one), "{spelling}");
            }
        }
    }

    #[test]
    fn two_addresses_stay_two() {
        for (one, other) in [
            ("2/14 Smith St", "14/2 Smith St"),
            ("14 Smith St", "14 Smith Rd"),
            ("14 Smith St East", "14 Smith St West"),
            ("Lot 7 Smith St", "7 Smith St"),
            ("PO Box 12", "GPO Box 12"),
            ("114 Smith St", "1/14 Smith St"),
            ("14 Smith St", "14A Smith St"),
        ] {
            let (a, b) = (read(one).expect("an address"), read(other).expect("an address"));
            assert_ne!(a, b, "{one} {other}");
        }
    }

    #[test]
    fn no_address_says_why() {
        for (text, value) in [
            ("No fixed address", Value::Missing(Absent::NoFixedAddress)),
            ("NFA", Value::Missing(Absent::NoFixedAddress)),
            ("of no fixed abode.", Value::Missing(Absent::NoFixedAddress)),
            ("Address withheld", Value::Missing(Absent::Placeholder)),
            ("unknown", Value::Missing(Absent::Placeholder)),
            ("c/- unknown", Value::Missing(Absent::Placeholder)),
            ("n/a", Value::Missing(Absent::Placeholder)),
            ("-", Value::Missing(Absent::NoLetters)),
            ("14", Value::Bad(Reason::Address)),
            ("2/14", Value::Bad(Reason::Address)),
        ] {
            assert_eq!(read(text), Err(value), "{text}");
        }
    }

    #[test]
    fn parts_are_those_that_people_leave_in() {
        for (text, house, name) in [
            ("2/14 SMITH STREET", Some(("14", "SMITH")), Some("SMITH")),
            ("14 SMITH", Some(("14", "SMITH")), Some("SMITH")),
            ("14 SMITH STREET WEST", Some(("14", "SMITH")), Some("SMITH")),
            ("7 THE PARADE", Some(("7", "THE PARADE")), Some("THE PARADE")),
            ("40 BROADWAY", Some(("40", "BROADWAY")), Some("BROADWAY")),
            ("SMITH STREET", None, Some("SMITH")),
            ("LOT7 SMITH ROAD", Some(("LOT7", "SMITH")), Some("SMITH")),
            ("PO BOX 12", Some(("12", "PO BOX")), None),
        ] {
            assert_eq!((number_and_street(text), street(text)), (house, name), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "\\PC{0,40}") {
            let _ = read(&text);
        }

        /// What was standardised stays as it is.
        #[test]
        fn an_address_in_its_spelling_is_kept(
            unit in prop::option::of(1u32..40),
            number in 1u32..3000,
            name in "(OLD )?[B-MO-R][A-Z]{3,7}",
            kind in prop::sample::select(vec!["STREET", "ROAD", "AVENUE", "CLOSE", "WAY"]),
            suffix in prop::option::of(prop::sample::select(LONG_SUFFIXES.to_vec())),
        ) {
            prop_assume!(other_type(&name).is_none() && !is_plain_type(&name));
            let unit = unit.map(|unit| format!("{unit}/")).unwrap_or_default();
            let suffix = suffix.map(|suffix| format!(" {suffix}")).unwrap_or_default();
            let text = format!("{unit}{number} {name} {kind}{suffix}");
            prop_assert_eq!(read(&text), Ok(text.clone()));
            prop_assert_eq!(street(&text), Some(name.as_str()));
        }
    }
}
