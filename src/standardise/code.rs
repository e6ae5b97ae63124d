//! Coded values and other text: sex, suburb, postcode, state. Takes a cell after the
//! source's own code map, gives one spelling for one thing.

use std::fmt;
use std::sync::Arc;

use super::name::{no_letters, plain_letters};
use super::placeholders::PlaceholderList;
use super::{Absent, Reason, Value, address, phone, place};
use crate::project::FieldKind;

/// Sex as METEOR codes it; not stated is a missing value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sex {
    /// 1.
    Male,
    /// 2.
    Female,
    /// 3: intersex, indeterminate, or another term.
    Other,
}

impl Sex {
    /// Reads a code or word. METEOR and the keys use 1, 2, 3, 9; ACT Common Dataset items
    /// 1.4.1 and 1.7.2 also 99 and 4 for "not stated" and X; DEX and newer collections words.
    pub fn read(text: &str) -> Value<Sex> {
        let plain = |c: char| if matches!(c, '-' | '_' | '/') { ' ' } else { c };
        let text: String = text.chars().map(plain).flat_map(char::to_lowercase).collect();
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        match words.as_str() {
            "" => Value::Missing(Absent::Empty),
            "1" | "m" | "male" | "man" | "boy" => Value::Known(Sex::Male),
            "2" | "f" | "female" | "woman" | "girl" => Value::Known(Sex::Female),
            "3"
            | "x"
            | "i"
            | "o"
            | "other"
            | "intersex"
            | "indeterminate"
            | "non binary"
            | "nonbinary"
            | "gender diverse"
            | "different term"
            | "another term"
            | "intersex or indeterminate" => Value::Known(Sex::Other),
            "4"
            | "9"
            | "99"
            | "u"
            | "unk"
            | "unknown"
            | "not known"
            | "not stated"
            | "notstated"
            | "not recorded"
            | "not provided"
            | "prefer not to say"
            | "prefer not to answer"
            | "n a"
            | "null" => Value::Missing(Absent::NotStated),
            _ => Value::Bad(Reason::UnknownCode),
        }
    }

    /// The digit of METEOR 349510.
    pub fn digit(self) -> u8 {
        match self {
            Sex::Male => b'1',
            Sex::Female => b'2',
            Sex::Other => b'3',
        }
    }
}

/// Any other standardised text. Prints as shape.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Arc<str>);

impl Text {
    /// Reads a cell as its kind says; the four kinds with types of their own are read as
    /// plain text.
    pub fn read(kind: FieldKind, text: &str, placeholders: &PlaceholderList) -> Value<Text> {
        let text = text.trim();
        if text.is_empty() {
            return Value::Missing(Absent::Empty);
        }
        match kind {
            FieldKind::Suburb => place::suburb(text, placeholders),
            FieldKind::Postcode => postcode(text, placeholders),
            FieldKind::State => state(text, placeholders),
            FieldKind::Address => address::address(text, placeholders),
            FieldKind::Phone => phone::phone(text, placeholders),
            _ => plain(text, placeholders),
        }
    }

    /// A text that is standardised already.
    pub(super) fn new(text: &str) -> Text {
        Text(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} characters)", self.0.chars().count())
    }
}

/// Upper-case words of A to Z and digits. Apostrophes and full stops join, other signs part.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in plain_letters(text) {
        if c.is_ascii_alphanumeric() {
            if let Some(word) = words.last_mut() {
                word.push(c);
            }
        } else if !matches!(c, '\'' | '`' | '.' | '\u{2018}' | '\u{2019}' | '\u{200b}' | '\u{ad}') {
            words.push(String::new());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// These words as a value, unless they are none or stand for none.
pub(super) fn known(
    words: Vec<String>,
    gap: &str,
    text: &str,
    list: &PlaceholderList,
) -> Value<Text> {
    if words.is_empty() {
        return Value::Missing(no_letters(text));
    }
    if list.has_name(&words.join(" ")) {
        return Value::Missing(Absent::Placeholder);
    }
    Value::Known(Text(words.join(gap).into()))
}

/// Four digits. Spreadsheets write 0800 as 800, or as 800.0; no place has 0000 or 9999.
fn postcode(text: &str, list: &PlaceholderList) -> Value<Text> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    if !(3..=4).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        let word = known(words(text), " ", text, list);
        let absent = matches!(word, Value::Missing(_));
        return if absent { word } else { Value::Bad(Reason::Postcode) };
    }
    match format!("{digits:0>4}") {
        none if none == "0000" || none == "9999" => Value::Missing(Absent::NotStated),
        postcode => Value::Known(Text(postcode.into())),
    }
}

/// The usual abbreviation. Digits are the state codes of the Australian Statistical
/// Geography Standard.
fn state(text: &str, list: &PlaceholderList) -> Value<Text> {
    let words = words(text);
    let word = words.concat();
    if let Some(short) = state_name(&word) {
        return Value::Known(Text(short.into()));
    }
    let short = match word.as_str() {
        "1" => "NSW",
        "2" => "VIC",
        "3" => "QLD",
        "4" => "SA",
        "5" => "WA",
        "6" => "TAS",
        "7" => "NT",
        "8" => "ACT",
        "9" | "OT" | "OTHERTERRITORIES" => "OT",
        "99" | "NOTSTATED" => return Value::Missing(Absent::NotStated),
        _ => {
            let word = known(words, " ", text, list);
            let absent = matches!(word, Value::Missing(_));
            return if absent { word } else { Value::Bad(Reason::UnknownCode) };
        }
    };
    Value::Known(Text(short.into()))
}

/// The abbreviation of a state whose name or abbreviation this is, without blanks.
pub(super) fn state_name(word: &str) -> Option<&'static str> {
    Some(match word {
        "NSW" | "NEWSOUTHWALES" => "NSW",
        "VIC" | "VICTORIA" => "VIC",
        "QLD" | "QUEENSLAND" => "QLD",
        "SA" | "SOUTHAUSTRALIA" | "STHAUSTRALIA" => "SA",
        "WA" | "WESTERNAUSTRALIA" | "WESTAUSTRALIA" => "WA",
        "TAS" | "TASMANIA" => "TAS",
        "NT" | "NORTHERNTERRITORY" => "NT",
        "ACT" | "AUSTRALIANCAPITALTERRITORY" => "ACT",
        _ => return None,
    })
}

fn plain(text: &str, list: &PlaceholderList) -> Value<Text> {
    known(words(text), "", text, list)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::Placeholders;

    fn read(kind: FieldKind, text: &str) -> Result<String, Value<Text>> {
        let list = PlaceholderList::new(&Placeholders::standard());
        let value = Text::read(kind, text, &list);
        value.known().map(|t| t.0.to_string()).ok_or(value)
    }

    #[test]
    fn sex_is_read_in_every_coding_of_domain_table_1_7() {
        for (text, expected) in [
            ("1", Value::Known(Sex::Male)),
            ("MALE", Value::Known(Sex::Male)),
            ("man", Value::Known(Sex::Male)),
            (" F ", Value::Known(Sex::Female)),
            ("Woman", Value::Known(Sex::Female)),
            ("X", Value::Known(Sex::Other)),
            ("Non-binary", Value::Known(Sex::Other)),
            ("OTHER", Value::Known(Sex::Other)),
            ("NOTSTATED", Value::Missing(Absent::NotStated)),
            ("4", Value::Missing(Absent::NotStated)),
            ("9", Value::Missing(Absent::NotStated)),
            ("99", Value::Missing(Absent::NotStated)),
            ("", Value::Missing(Absent::Empty)),
            ("7", Value::Bad(Reason::UnknownCode)),
        ] {
            assert_eq!(Sex::read(text), expected, "{text}");
        }
    }

    #[test]
    fn suburbs_have_one_spelling() {
        for (text, expected) in [
            ("St. James", "SAINT JAMES"),
            ("Upper Mt Gravatt", "UPPER MOUNT GRAVATT"),
            ("O'Connor", "OCONNOR"),
            ("Dee  Why", "DEE WHY"),
            ("Brighton-Le-Sands", "BRIGHTON LE SANDS"),
            ("Kurri\u{a0}Kurri", "KURRI KURRI"),
        ] {
            assert_eq!(read(FieldKind::Suburb, text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn postcodes_are_four_digits() {
        for (text, expected) in
            [("2600", "2600"), ("800", "0800"), ("0800", "0800"), ("2600.0", "2600")]
        {
            assert_eq!(read(FieldKind::Postcode, text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["26000", "26", "26O0", "2600 ACT", "-260"] {
            let got = read(FieldKind::Postcode, text);
            assert_eq!(got, Err(Value::Bad(Reason::Postcode)), "{text}");
        }
        assert_eq!(read(FieldKind::Postcode, "9999"), Err(Value::Missing(Absent::NotStated)));
        assert_eq!(read(FieldKind::Postcode, "n/a"), Err(Value::Missing(Absent::Placeholder)));
    }

    #[test]
    fn states_have_their_abbreviation() {
        for (text, expected) in [
            ("nsw", "NSW"),
            ("N.S.W.", "NSW"),
            ("New South Wales", "NSW"),
            ("Qld", "QLD"),
            ("western australia", "WA"),
            ("8", "ACT"),
        ] {
            assert_eq!(read(FieldKind::State, text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(read(FieldKind::State, "Kent"), Err(Value::Bad(Reason::UnknownCode)));
    }

    #[test]
    fn other_text_is_letters_and_digits_only() {
        assert_eq!(read(FieldKind::Text, "12 Ō-Street").as_deref(), Ok("12OSTREET"));
        assert_eq!(read(FieldKind::Text, "李"), Err(Value::Missing(Absent::OtherScript)));
    }

    #[test]
    fn prints_as_shape() {
        assert_eq!(format!("{:?}", Text("SECRET".into())), "Text(6 characters)");
    }

    proptest! {
        #[test]
        fn standardising_twice_is_once(
            text in "\\PC{0,20}",
            kind in prop::sample::select(vec![
                FieldKind::Suburb,
                FieldKind::Postcode,
                FieldKind::State,
                FieldKind::Phone,
                FieldKind::Text,
            ]),
        ) {
            if let Ok(once) = read(kind, &text) {
                prop_assert_eq!(read(kind, &once), Ok(once.clone()));
            }
        }
    }
}
