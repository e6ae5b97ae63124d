//! One item of a standard: what it is called, what may stand in it, and when it must be there.

use super::condition::Condition;

/// An item: a column of an export, as the standard describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number in the Common Dataset ("1.2.3"), or its element name in DEX ("BirthDate").
    pub id: String,
    /// Its title.
    pub name: String,
    /// What the standard expects of services.
    pub tier: Tier,
    /// What its values are.
    pub kind: Kind,
    /// The most characters of one value.
    pub max_length: Option<usize>,
    /// Its codes; a year may have one too, for a year that is not known.
    pub codes: Vec<Code>,
    /// How many values one record may have.
    pub values: Values,
    /// When it is asked at all.
    pub condition: Option<Condition>,
    /// When a record must have it.
    pub need: Need,
    /// Whether it may go to an analyst.
    pub reach: Reach,
    /// The part of a record it belongs to, by its place in [`super::Dictionary::parts`].
    pub part: usize,
    /// Headings that mean it, letters and digits only.
    pub(super) spellings: Vec<String>,
    /// The item of the Common Dataset whose usual headings mean it too.
    pub(super) usual: Option<String>,
}

/// How far an item may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To an analyst, where the agency chooses so.
    Analyst,
    /// It identifies people.
    Identifies,
    /// Free text may name people.
    FreeText,
    /// What is recorded of violence, and who used it, endangers people.
    Violence,
}

/// What a standard expects of services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Every service records it, where its condition holds.
    Core,
    /// Services record it that need it.
    Extended,
    /// The document does not say.
    Unspecified,
}

/// What the values of an item are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One of the item's codes.
    Code,
    /// Any text, up to the item's length.
    Text,
    /// A day.
    Date,
    /// A year of four digits, or a code.
    Year,
    /// A whole number.
    Integer {
        /// The least.
        least: u32,
        /// The greatest.
        most: u32,
    },
    /// So many digits, leading zeros and all.
    Digits(usize),
    /// An SLK-581.
    Key,
    /// Yes or no.
    YesNo,
    /// No value of its own: other items once more, for another person. In a table that person
    /// has a row.
    Group,
}

/// How many values one record may have of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// One.
    One,
    /// Several: in further columns, or parted by `;` or `|` (codes and dates also by commas).
    Several,
}

/// When a record must have an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Always.
    Always,
    /// Where its condition holds.
    WhereAsked,
    /// Unless this other item is filled, by its place.
    Unless(usize),
    /// Never.
    Never,
}

/// A code and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// The letter that the document puts beside it, where it does.
    pub letter: Option<String>,
    /// What it says. One number means different things in different items: 99 is "not stated"
    /// in most, "partial" in 1.1.2, and "other" in 2.3.8 and 4.2.3.
    pub meaning: Meaning,
}

/// What a code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// An answer.
    Answer,
    /// An answer that is none of those listed.
    Other,
    /// Consent in part.
    Partial,
    /// No answer is known.
    NotStated,
    /// The question does not apply.
    NotApplicable,
}

impl Meaning {
    /// Whether it is an answer to the question.
    pub fn is_answer(self) -> bool {
        matches!(self, Meaning::Answer | Meaning::Other | Meaning::Partial)
    }
}

impl Item {
    /// The code that a cell is, where it is one. `01` is 1, and a letter that the document puts
    /// beside a code is that code.
    pub fn code(&self, cell: &str) -> Option<&Code> {
        let plain = without_zeros(cell);
        self.codes.iter().find(|code| {
            code.code.eq_ignore_ascii_case(plain)
                || code.letter.as_deref().is_some_and(|letter| letter.eq_ignore_ascii_case(cell))
        })
    }

    /// The values of a cell.
    pub fn values<'c>(&self, cell: &'c str) -> impl Iterator<Item = &'c str> {
        let (values, is_text) = (self.values, self.kind == Kind::Text);
        let parts = move |c: char| {
            values == Values::Several && (matches!(c, ';' | '|') || c == ',' && !is_text)
        };
        cell.split(parts).map(str::trim).filter(|value| !value.is_empty())
    }

    /// What a value is expected to be, from the standard alone.
    pub fn expected(&self) -> String {
        match self.kind {
            Kind::Code if self.codes.len() <= 8 => {
                let codes: Vec<&str> = self.codes.iter().map(|code| code.code.as_str()).collect();
                format!("one of {}", codes.join(", "))
            }
            Kind::Code => format!("one of its {} codes", self.codes.len()),
            Kind::Text => match self.max_length {
                Some(most) => format!("text of at most {most} characters"),
                None => "text".to_owned(),
            },
            Kind::Date => "a date".to_owned(),
            Kind::Year => match self.codes.first() {
                Some(code) => format!("a year of four digits, or {}", code.code),
                None => "a year of four digits".to_owned(),
            },
            Kind::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Kind::Digits(digits) => format!("{digits} digits"),
            Kind::Key => "an SLK-581 of 14 characters".to_owned(),
            Kind::YesNo => "true or false".to_owned(),
            Kind::Group => "nothing: each person has a row".to_owned(),
        }
    }
}

/// A number without its leading zeros; other text as it is.
fn without_zeros(cell: &str) -> &str {
    if cell.len() < 2 || !cell.bytes().all(|b| b.is_ascii_digit()) {
        return cell;
    }
    match cell.trim_start_matches('0') {
        "" => "0",
        rest => rest,
    }
}
