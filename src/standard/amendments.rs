//! What is wrong with the document itself, and how it is read all the same. One table: the
//! loader applies it, `veilway validate --strict` leaves it out.

use super::item::Meaning;

/// A known defect of the Common Dataset's document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amendment {
    /// The item.
    pub item: &'static str,
    /// What the document says.
    pub defect: &'static str,
    /// How it is read.
    pub reading: &'static str,
    pub(super) change: Change,
}

/// What is changed of the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing: the way codes and columns are kept deals with it.
    Nothing,
    /// One more code.
    Code(&'static str, Meaning),
    /// Every number up to this is a code.
    CodesTo(u32),
    /// Text of so many characters.
    Text(usize),
    /// It may be empty.
    NotNeeded,
    /// The document asks another item than is meant: this one, for this code.
    Asked(&'static str, &'static str),
    /// Keys of the other collections are keys too.
    EveryKey,
}

/// Every known defect that bears on what may stand in a file.
pub const AMENDMENTS: [Amendment; 17] = [
    Amendment {
        item: "1.1.2",
        defect: "99 is partial consent, and in most other items a missing value",
        reading: "99 means what its own item says: each code has a meaning of its own",
        change: Change::Nothing,
    },
    Amendment {
        item: "1.2.5",
        defect: "core, though most people have no other name",
        reading: "it may be empty",
        change: Change::NotNeeded,
    },
    Amendment {
        item: "1.5.6",
        defect: "the format of a postcode, for the name of a suburb",
        reading: "text, as the address standard that it cites has it (METEOR 429889)",
        change: Change::Text(46),
    },
    Amendment {
        item: "1.7.2",
        defect: "4 is a sex not stated, where every other collection has 9",
        reading: "either",
        change: Change::EveryKey,
    },
    Amendment {
        item: "2.2.8",
        defect: "three codes, where the guide describes ten categories",
        reading: "1 to 10",
        change: Change::CodesTo(10),
    },
    Amendment {
        item: "2.3.8",
        defect: "99 is another reason, and in most other items a missing value",
        reading: "99 means what its own item says",
        change: Change::Nothing,
    },
    Amendment {
        item: "2.3.10",
        defect: "no code for the \"not applicable\" of its guide",
        reading: "0, as in its neighbours",
        change: Change::Code("0", Meaning::NotApplicable),
    },
    Amendment {
        item: "2.3.11",
        defect: "no code for the \"not applicable\" of its guide",
        reading: "0, as in its neighbours",
        change: Change::Code("0", Meaning::NotApplicable),
    },
    Amendment {
        item: "2.3.13",
        defect: "no code for an answer that is missing",
        reading: "99, as in its neighbours",
        change: Change::Code("99", Meaning::NotStated),
    },
    Amendment {
        item: "2.3.16",
        defect: "the title of 2.3.17 too",
        reading: "the first column of that title is 2.3.16, the second 2.3.17",
        change: Change::Nothing,
    },
    Amendment {
        item: "2.3.17",
        defect: "asked by the answer to 2.3.12, which is about another matter",
        reading: "asked by the answer to 2.3.16",
        change: Change::Asked("2.3.12", "1"),
    },
    Amendment {
        item: "3.1.1",
        defect: "no code for the \"don't know\" of its guide",
        reading: "99, as in its neighbours",
        change: Change::Code("99", Meaning::NotStated),
    },
    Amendment {
        item: "3.2.1",
        defect: "99 is listed twice",
        reading: "once",
        change: Change::Nothing,
    },
    Amendment {
        item: "3.4.1",
        defect: "the titles of 3.4.1 and 3.4.2 are each other's",
        reading: "both are free text, so either column is judged alike",
        change: Change::Nothing,
    },
    Amendment {
        item: "3.4.3",
        defect: "0 is \"no dependent children\" of a couple, and \"not applicable\"",
        reading: "0 is accepted as either: which is meant hangs on the type of family",
        change: Change::Nothing,
    },
    Amendment {
        item: "4.1.4",
        defect: "core, though an episode that goes on has no end",
        reading: "it may be empty",
        change: Change::NotNeeded,
    },
    Amendment {
        item: "4.2.3",
        defect: "99 is another organisation, and \"don't know\" in 4.2.1",
        reading: "99 means what its own item says",
        change: Change::Nothing,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standard::Rule;

    /// The page that people read has every defect and every rule.
    #[test]
    fn the_page_on_standards_is_whole() {
        let page = include_str!("../../docs/standards.md");
        for Amendment { item, defect, reading, .. } in AMENDMENTS {
            assert!(page.contains(&format!("| {item} | {defect} | {reading} |")), "{item}");
        }
        for rule in Rule::ALL {
            let line = format!("| `{}` | {rule} |", rule.code());
            assert!(page.contains(&line), "{line}");
        }
    }
}
