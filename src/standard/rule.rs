//! The rules that a file may break, in words.

use std::fmt;

/// What can be wrong with a value, a record or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Rule {
    /// No column for an item that every record must have.
    MissingColumn,
    /// Two columns for an item of one value.
    SecondColumn,
    /// A row that does not have the header's cells.
    Unreadable,
    /// Empty, though every record must have it.
    Missing,
    /// Empty, though its condition holds.
    MustBeFilled,
    /// Filled, though its condition does not hold.
    MustBeEmpty,
    /// Its condition leaves one code only, and this is another.
    MustBeCode,
    /// Not of its type.
    Type,
    /// Longer than it may be.
    TooLong,
    /// Not one of its codes.
    Code,
    /// A number outside its bounds.
    Range,
    /// A day that does not exist.
    NoSuchDay,
    /// A day after the day of the extract.
    Future,
    /// A day before 1900.
    TooOld,
    /// A service that ends before it starts.
    EndBeforeStart,
    /// A service before the person's birth.
    BeforeBirth,
    /// An estimated birth date that is not on the first of a month (DEX: on 1 January).
    EstimateOn,
    /// An SLK-581 that breaks its grammar.
    KeyMalformed,
    /// An SLK-581 of other names than the record has.
    KeyNames,
    /// An SLK-581 of another birth date than the record has.
    KeyBirthDate,
    /// An SLK-581 of another sex than the record has.
    KeySex,
    /// A postcode that the state does not have.
    PostcodeState,
    /// A number that says who somebody is.
    Identifies,
    /// A record that is there already.
    Twice,
    /// One number for two different things.
    Differs,
    /// A name or street without consent.
    NameWithoutConsent,
    /// Neither consent nor a linkage key.
    NoConsentNoKey,
    /// A session of a client who is not on its case.
    NotOnCase,
    /// A session outside the reporting period.
    OutsidePeriod,
    /// A reference to what the file does not have.
    NotThere,
    /// A case without a session.
    NoSession,
    /// A session without anybody.
    Nobody,
    /// A file that is larger than the Data Exchange takes.
    TooLarge,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 33] = [
        Rule::MissingColumn,
        Rule::SecondColumn,
        Rule::Unreadable,
        Rule::Missing,
        Rule::MustBeFilled,
        Rule::MustBeEmpty,
        Rule::MustBeCode,
        Rule::Type,
        Rule::TooLong,
        Rule::Code,
        Rule::Range,
        Rule::NoSuchDay,
        Rule::Future,
        Rule::TooOld,
        Rule::EndBeforeStart,
        Rule::BeforeBirth,
        Rule::EstimateOn,
        Rule::KeyMalformed,
        Rule::KeyNames,
        Rule::KeyBirthDate,
        Rule::KeySex,
        Rule::PostcodeState,
        Rule::Identifies,
        Rule::Twice,
        Rule::Differs,
        Rule::NameWithoutConsent,
        Rule::NoConsentNoKey,
        Rule::NotOnCase,
        Rule::OutsidePeriod,
        Rule::NotThere,
        Rule::NoSession,
        Rule::Nobody,
        Rule::TooLarge,
    ];

    /// The word for this rule in machine-readable reports.
    pub fn code(self) -> &'static str {
        match self {
            Rule::MissingColumn => "missing-column",
            Rule::SecondColumn => "second-column",
            Rule::Unreadable => "unreadable-row",
            Rule::Missing => "missing",
            Rule::MustBeFilled => "must-be-filled",
            Rule::MustBeEmpty => "must-be-empty",
            Rule::MustBeCode => "must-be-code",
            Rule::Type => "type",
            Rule::TooLong => "too-long",
            Rule::Code => "code",
            Rule::Range => "range",
            Rule::NoSuchDay => "no-such-day",
            Rule::Future => "future-date",
            Rule::TooOld => "too-old",
            Rule::EndBeforeStart => "end-before-start",
            Rule::BeforeBirth => "before-birth",
            Rule::EstimateOn => "estimate-day",
            Rule::KeyMalformed => "slk-malformed",
            Rule::KeyNames => "slk-names",
            Rule::KeyBirthDate => "slk-birth-date",
            Rule::KeySex => "slk-sex",
            Rule::PostcodeState => "postcode-state",
            Rule::Identifies => "identifying-number",
            Rule::Twice => "twice",
            Rule::Differs => "differs",
            Rule::NameWithoutConsent => "name-without-consent",
            Rule::NoConsentNoKey => "no-consent-no-slk",
            Rule::NotOnCase => "client-not-on-case",
            Rule::OutsidePeriod => "outside-period",
            Rule::NotThere => "not-there",
            Rule::NoSession => "no-session",
            Rule::Nobody => "nobody-there",
            Rule::TooLarge => "too-large",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Rule::MissingColumn => "has no column, and every record must have it",
            Rule::SecondColumn => "has a second column; the first is judged",
            Rule::Unreadable => "the row does not have the header's cells",
            Rule::Missing => "is empty, and every record must have it",
            Rule::MustBeFilled => "is empty, though it is asked here",
            Rule::MustBeEmpty => "is filled, though it is not asked here",
            Rule::MustBeCode => "has another code than its condition leaves",
            Rule::Type => "is not of its type",
            Rule::TooLong => "is too long",
            Rule::Code => "is not one of its codes",
            Rule::Range => "is a number outside its bounds",
            Rule::NoSuchDay => "is a day that does not exist",
            Rule::Future => "is after the day of the extract",
            Rule::TooOld => "is before 1900",
            Rule::EndBeforeStart => "is before the start",
            Rule::BeforeBirth => "is before the birth date",
            Rule::EstimateOn => "is an estimate on a day that estimates do not have",
            Rule::KeyMalformed => "is not a well-formed SLK-581",
            Rule::KeyNames => "is an SLK-581 of other names than the record's",
            Rule::KeyBirthDate => "is an SLK-581 of another birth date than the record's",
            Rule::KeySex => "is an SLK-581 of another sex than the record's",
            Rule::PostcodeState => "is a postcode that the state does not have",
            Rule::Identifies => {
                "says who the person is: it is a name, key, date or address of theirs"
            }
            Rule::Twice => "stands in a second record",
            Rule::Differs => "stands for two different things",
            Rule::NameWithoutConsent => "is filled, though there is no consent to give details",
            Rule::NoConsentNoKey => "is empty, and there is no consent to give details either",
            Rule::NotOnCase => "is a client who is not on the case",
            Rule::OutsidePeriod => "is outside the reporting period",
            Rule::NotThere => "refers to what is not in the file",
            Rule::NoSession => "has no session",
            Rule::Nobody => "was attended by nobody",
            Rule::TooLarge => "the file is larger than the 10 MB that the Data Exchange takes",
        })
    }
}
