//! What is recorded of violence (Common Dataset 3.5): which columns, and whose rows, stay where
//! they are. A map that told of it, or an address that could be followed, endangers people.

use super::item::{Item, Reach};
use super::{Dictionary, Standard, Wording};
use crate::sources::plain;

/// Items by which the client of a row is one who uses violence.
const OF_PERPETRATORS: [(&str, Says); 2] = [
    // 2 is using violence, 3 is experiencing and using it.
    ("3.5.1", Says::Codes(&["2", "3"])),
    // How the person who experiences violence is related to the client is asked only of clients
    // who use it.
    ("3.5.4", Says::AnyAnswer),
];

/// What both codes of 3.5.1 say, where an export has words instead.
const USING: &str = "usingviolence";

/// Words of a heading that make it about violence, whatever standard it is of.
const WORDS: [&str; 8] =
    ["violence", "violent", "perpetrator", "perpetrators", "dfv", "fdv", "dv", "ipv"];

#[derive(Debug, Clone, Copy)]
enum Says {
    /// One of these codes.
    Codes(&'static [&'static str]),
    /// Any code that is an answer.
    AnyAnswer,
}

/// Whether a column of this heading is about violence: an item of 3.5, or one that says so in a
/// word.
pub fn is_about_violence(heading: &str) -> bool {
    let dataset = Dictionary::of(Standard::CommonDataset, Wording::Corrected);
    let is_item = dataset.named(heading).is_some_and(|item| item.reach == Reach::Violence);
    is_item || words(heading).any(|word| WORDS.contains(&word.as_str()))
}

/// The item of a heading whose cells tell of perpetrators.
pub fn perpetrator_item(heading: &str) -> Option<&'static Item> {
    let dataset = Dictionary::of(Standard::CommonDataset, Wording::Corrected);
    let item = dataset.named(heading)?;
    OF_PERPETRATORS.iter().any(|(id, _)| *id == item.id).then_some(item)
}

/// Whether a cell of such an item says that the row is of a person who uses violence.
pub fn is_of_perpetrator(item: &Item, cell: &str) -> bool {
    let Some((_, says)) = OF_PERPETRATORS.iter().find(|(id, _)| *id == item.id) else {
        return false;
    };
    item.values(cell).any(|value| match (says, item.code(value)) {
        (Says::Codes(codes), Some(code)) => codes.contains(&code.code.as_str()),
        (Says::Codes(_), None) => plain(value).contains(USING),
        (Says::AnyAnswer, Some(code)) => code.meaning.is_answer(),
        // Words in place of a code are an answer too, unless they are none of the kind.
        (Says::AnyAnswer, None) => value.chars().any(char::is_alphabetic) && !is_no_answer(value),
    })
}

fn is_no_answer(value: &str) -> bool {
    ["na", "none", "no", "nil", "null", "notapplicable", "notstated", "unknown", "dontknow"]
        .contains(&plain(value).as_str())
}

/// The words of a heading in small letters; `DvFlag` and `DVFlag` have two.
fn words(heading: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = heading.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(at + 1);
        let begins = c.is_uppercase()
            && (before.is_some_and(char::is_lowercase) || after.is_some_and(|c| c.is_lowercase()));
        if !c.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_alphanumeric(), words.last_mut()) {
            word.extend(c.to_lowercase());
        }
    }
    words.into_iter().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_about_violence_are_known_by_item_title_and_word() {
        for heading in [
            "3.5.1",
            "item_3_5_6",
            "Personal and family safety",
            "Relationship between parties - other",
            "Domestic and family violence indicator",
            "family_violence_flag",
            "DvFlag",
            "DVFlag",
            "dfv",
            "PerpetratorRelationship",
            "Experienced violence?",
        ] {
            assert!(is_about_violence(heading), "{heading}");
        }
        for heading in ["reason", "Advice", "4.2.3", "dvd", "3.4.1", "nonviolenceworker", ""] {
            assert!(!is_about_violence(heading), "{heading}");
        }
    }

    #[test]
    fn rows_of_perpetrators_are_known_by_code_and_word() {
        for (heading, cell, expected) in [
            ("3.5.1", "1", false),
            ("3.5.1", "2", true),
            ("3.5.1", "03", true),
            ("3.5.1", "4", false),
            ("3.5.1", "99", false),
            ("3.5.1", "", false),
            ("3.5.1", "Yes - using violence", true),
            ("3.5.1", "Yes - experiencing and using violence", true),
            ("3.5.1", "Yes - experiencing violence", false),
            ("Domestic and family violence indicator", "2", true),
            ("3.5.4", "1", true),
            ("3.5.4", "14", true),
            ("3.5.4", "99", false),
            ("3.5.4", "Sibling", true),
            ("3.5.4", "Not applicable", false),
            ("3.5.4", "-", false),
            ("3.5.4", "", false),
        ] {
            let item = perpetrator_item(heading).expect(heading);
            assert_eq!(is_of_perpetrator(item, cell), expected, "{heading}: {cell}");
        }
        // What a client experienced, and at whose hands, does not make the client one.
        for heading in ["3.5.2", "3.5.3", "sex"] {
            assert!(perpetrator_item(heading).is_none(), "{heading}");
        }
    }
}
