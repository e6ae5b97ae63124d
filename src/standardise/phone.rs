//! Telephone numbers. Takes a cell, gives the number as E.164 writes it ("+61412345678"), or
//! says why there is none that tells people apart.
//!
//! The rules are those of the Telecommunications Numbering Plan 2015 of the Australian
//! Communications and Media Authority: area codes 02, 03, 07 and 08 with eight digits, mobile
//! numbers 04 and (set aside) 05 with eight more; 13, 1300, 180, 1800 and 19 belong to
//! organisations. Of numbers of other countries only the length is judged.

use super::code::{Text, known, words};
use super::name::plain_letters;
use super::placeholders::PlaceholderList;
use super::{Absent, Reason, Value};

/// Digits of a number in Australia, without the 0 that is dialled before it.
const NATIONAL: usize = 9;
/// Digits of a number within its area.
const LOCAL: usize = 8;
/// Digits that a number of any country has (E.164).
const INTERNATIONAL: std::ops::RangeInclusive<usize> = 8..=15;

/// Words before the number of a desk, in capitals, behind a number of so many digits.
const EXTENSIONS: [&str; 3] = ["EXT", "X", "#"];
const SHORTEST: usize = 6;

/// Signs between the numbers of a cell.
const BETWEEN: [char; 6] = ['/', ';', ',', '|', '&', '\n'];

/// Reads a number. Where the cell holds several, the first that can be used counts, or else that
/// there is one without its area; what stands behind "ext" is left away.
pub(super) fn phone(text: &str, list: &PlaceholderList) -> Value<Text> {
    let whole = one(text, list);
    if whole.known().is_some() {
        return whole;
    }
    let mut read = whole;
    for part in parted(text).split(BETWEEN) {
        match one(part, list) {
            known @ Value::Known(_) => return known,
            local @ Value::Bad(Reason::PhoneArea) => read = local,
            _ => {}
        }
    }
    read
}

/// A number without its area, with the area that its state has; of several, the first such one.
/// Along some borders the areas are not those of the states; the last eight digits are right all
/// the same.
pub(super) fn in_state(text: &str, state: &str, list: &PlaceholderList) -> Value<Text> {
    let area = match state {
        "ACT" | "NSW" => "02",
        "TAS" | "VIC" => "03",
        "QLD" => "07",
        "NT" | "SA" | "WA" => "08",
        _ => return Value::Bad(Reason::PhoneArea),
    };
    let parted = parted(text);
    let mut numbers = std::iter::once(text).chain(parted.split(BETWEEN));
    match numbers.find(|number| one(number, list) == Value::Bad(Reason::PhoneArea)) {
        Some(number) => {
            let folded: String = plain_letters(number).collect();
            one(&format!("{area}{}", digits(&folded)), list)
        }
        None => phone(text, list),
    }
}

/// A cell with a sign in place of the word between two numbers.
fn parted(text: &str) -> String {
    text.replace(" or ", "/")
}

/// The last so many digits of a standardised number.
pub(crate) fn last(number: &str, digits: usize) -> Option<&str> {
    let first = number.len().checked_sub(digits)?;
    number.get(first..).filter(|end| end.bytes().all(|b| b.is_ascii_digit()))
}

fn one(text: &str, list: &PlaceholderList) -> Value<Text> {
    let folded: String = plain_letters(text).collect();
    let digits = digits(&folded);
    if digits.is_empty() {
        return match known(words(text), " ", text, list) {
            Value::Known(_) => Value::Bad(Reason::Phone),
            absent => absent,
        };
    }
    // 0011 is what is dialled in Australia for the plus, 00 in most countries.
    let is_plus = folded.trim_start_matches(['(', ' ']).starts_with('+');
    let (digits, is_foreign) = match digits.strip_prefix("0011") {
        Some(rest) if !is_plus && INTERNATIONAL.contains(&rest.len()) => (rest, true),
        _ => match digits.strip_prefix("00").filter(|rest| rest.starts_with("61")) {
            Some(rest) => (rest, true),
            None => (digits.as_str(), is_plus),
        },
    };
    if is_filler(digits) {
        return Value::Missing(Absent::Placeholder);
    }
    let at_home = if is_foreign { digits.strip_prefix("61") } else { Some(digits) };
    if let Some(national) = national(digits, is_foreign) {
        return australian(national);
    }
    if at_home.is_some_and(is_shared) {
        return Value::Missing(Absent::Placeholder);
    }
    let is_abroad = is_foreign && at_home.is_none() && !digits.starts_with('0');
    if is_abroad && INTERNATIONAL.contains(&digits.len()) {
        return Value::Known(Text::new(&format!("+{digits}")));
    }
    let is_local =
        !is_foreign && digits.len() == LOCAL && matches!(digits.as_bytes()[0], b'2'..=b'9');
    Value::Bad(if is_local { Reason::PhoneArea } else { Reason::Phone })
}

/// The digits before an extension.
fn digits(text: &str) -> String {
    let mut digits = String::new();
    for (at, c) in text.char_indices() {
        if c.is_ascii_digit() {
            digits.push(c);
        } else if digits.len() >= SHORTEST && EXTENSIONS.iter().any(|w| text[at..].starts_with(w)) {
            break;
        }
    }
    digits
}

/// The nine digits of a number in Australia: with the country code, with the 0 before the
/// area or (as spreadsheets keep it) without, or with both.
fn national(digits: &str, is_foreign: bool) -> Option<&str> {
    let rest = match digits.strip_prefix("61") {
        Some(rest) if is_foreign || rest.len() >= NATIONAL => rest,
        _ if is_foreign => return None,
        _ => digits,
    };
    let rest = rest.strip_prefix('0').unwrap_or(rest);
    (rest.len() == NATIONAL && matches!(rest.as_bytes()[0], b'2'..=b'5' | b'7' | b'8'))
        .then_some(rest)
}

fn australian(national: &str) -> Value<Text> {
    if is_filler(&national[1..]) {
        return Value::Missing(Absent::Placeholder);
    }
    let is_mobile = matches!(national.as_bytes()[0], b'4' | b'5');
    // No number within an area begins with 0 or 1.
    if !is_mobile && matches!(national.as_bytes()[1], b'0' | b'1') {
        return Value::Bad(Reason::Phone);
    }
    Value::Known(Text::new(&format!("+61{national}")))
}

/// Numbers of organisations, which any number of people may give.
fn is_shared(digits: &str) -> bool {
    let starts = |start: &str, lengths: &[usize]| {
        digits.starts_with(start) && lengths.contains(&digits.len())
    };
    starts("1300", &[10])
        || starts("13", &[6])
        || starts("180", &[7, 10])
        || starts("19", &[6, 8, 10])
        || matches!(digits, "000" | "106" | "112")
}

/// One digit again and again, or digits in their order: nobody's number.
fn is_filler(digits: &str) -> bool {
    let end = digits.len().saturating_sub(LOCAL);
    let bytes = &digits.as_bytes()[end..];
    let steps = |step: u8| bytes.windows(2).all(|two| (two[0] - b'0' + step) % 10 == two[1] - b'0');
    steps(0) || bytes.len() >= 6 && (steps(1) || steps(9))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::project::Placeholders;

    fn read(text: &str) -> Result<String, Value<Text>> {
        let list = PlaceholderList::new(&Placeholders::standard());
        let value = phone(text, &list);
        value.known().map(|t| t.as_str().to_owned()).ok_or(value)
    }

    /// The numbers are those that the ACMA sets aside for books and films.
    #[test]
    fn spellings_of_one_number_are_one() {
        for (one, spellings) in [
            (
                "+61491570156",
                &[
                    "0491 570 156",
                    "0491570156",
                    "0491-570-156",
                    "(0491) 570 156",
                    "491570156",
                    "+61 491 570 156",
                    "+61 (0)491 570 156",
                    "61491570156",
                    "610491570156",
                    "0011 61 491 570 156",
                    "0061 491 570 156",
                    "mob: 0491 570 156",
                    "0491 570 156 (mother)",
                    "0491 570 156 ext 4",
                    "0491 570 156 x12",
                    "０４９１ ５７０ １５６",
                    "0491 570 156 / 02 5550 4321",
                    "none, 0491570156",
                    "\t0491 570 156\r\n",
                ][..],
            ),
            ("+61255504321", &["(02) 5550 4321", "02 5550 4321", "255504321", "02/5550 4321"]),
            ("+61370104321", &["03 7010 4321 extn. 22", "+61 3 7010 4321"]),
            ("+6421123456", &["+64 21 123 456", "(+64) 21 123456", "+64-21-123-456"]),
        ] {
            for spelling in spellings {
                assert_eq!(read(spelling).as_deref(), Ok(one), "{spelling}");
            }
        }
    }

    #[test]
    fn no_number_says_why() {
        for (text, value) in [
            ("0400 000 000", Value::Missing(Absent::Placeholder)),
            ("0000000000", Value::Missing(Absent::Placeholder)),
            ("11111111", Value::Missing(Absent::Placeholder)),
            ("0412 345 678", Value::Missing(Absent::Placeholder)),
            ("1234567890", Value::Missing(Absent::Placeholder)),
            ("000", Value::Missing(Absent::Placeholder)),
            ("1300 975 707", Value::Missing(Absent::Placeholder)),
            ("1800 975 707", Value::Missing(Absent::Placeholder)),
            ("13 22 68", Value::Missing(Absent::Placeholder)),
            ("unknown", Value::Missing(Absent::Placeholder)),
            ("n/a", Value::Missing(Absent::Placeholder)),
            ("-", Value::Missing(Absent::NoLetters)),
            ("5550 4321", Value::Bad(Reason::PhoneArea)),
            ("5550 4321 / 5550 1234", Value::Bad(Reason::PhoneArea)),
            ("none, 5550 4321 or 12", Value::Bad(Reason::PhoneArea)),
            ("0491 570 15", Value::Bad(Reason::Phone)),
            ("0491 570 1567", Value::Bad(Reason::Phone)),
            ("02 1550 4321", Value::Bad(Reason::Phone)),
            ("0691 570 156", Value::Bad(Reason::Phone)),
            ("+61 1 5550 4321", Value::Bad(Reason::Phone)),
            ("+12", Value::Bad(Reason::Phone)),
            ("call the mother", Value::Bad(Reason::Phone)),
        ] {
            assert_eq!(read(text), Err(value), "{text}");
        }
    }

    #[test]
    fn a_state_gives_the_area() {
        let list = PlaceholderList::default();
        let number = |state| in_state("5550 4321", state, &list);
        for (state, area) in [("ACT", 2), ("VIC", 3), ("QLD", 7), ("WA", 8)] {
            let expected = format!("+61{area}55504321");
            assert_eq!(number(state).known().map(Text::as_str), Some(expected.as_str()), "{state}");
        }
        assert_eq!(number("OT"), Value::Bad(Reason::PhoneArea));
        for several in ["5550 4321 / 5550 1234", "12; 5550 4321", "5550 4321 or 5550 1234 ext 5"] {
            let value = in_state(several, "ACT", &list);
            assert_eq!(value.known().map(Text::as_str), Some("+61255504321"), "{several}");
        }
    }

    #[test]
    fn last_digits() {
        assert_eq!(last("+61491570156", 8), Some("91570156"));
        assert_eq!(last("+61491570156", 6), Some("570156"));
        assert_eq!(last("+12345678", 9), None);
        assert_eq!(last("", 6), None);
    }

    proptest! {
        #[test]
        fn a_number_is_plain_and_reading_twice_is_reading_once(
            text in "(\\PC|[0-9+ ()/-]){0,24}",
        ) {
            if let Ok(once) = read(&text) {
                prop_assert!(once.starts_with('+') && once[1..].bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(read(&once), Ok(once.clone()));
            }
        }
    }
}
