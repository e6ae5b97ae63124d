//! What an upload file is made of: which elements each record has, in which order, and of which
//! kind. The order follows the public schema of the upload; elements that came after it stand at
//! the end of their record.

use std::fmt::Write;

use quick_xml::escape::partial_escape;

use crate::sources::day;
use crate::sources::upload::{Element, List};

/// What an element holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    /// True or false.
    Flag,
    Day,
    /// A whole number from 0 to this.
    Number(u32),
    /// Four digits.
    Postcode,
    Group,
}

/// Whether a record must have an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Must,
    May,
    /// It must, and this is what nothing means.
    Else(&'static str),
}

/// How often an element may stand beside its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Once,
    Often,
}

/// An element as an upload has it.
#[derive(Debug)]
pub(super) struct Shape {
    name: &'static str,
    kind: Kind,
    need: Need,
    times: Times,
    inner: &'static [Shape],
}

/// Something of a record that is not written as it came, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Note {
    pub(super) element: &'static str,
    pub(super) reason: &'static str,
}

const fn must(name: &'static str, kind: Kind) -> Shape {
    Shape { name, kind, need: Need::Must, times: Times::Once, inner: &[] }
}

const fn may(name: &'static str, kind: Kind) -> Shape {
    Shape { name, kind, need: Need::May, times: Times::Once, inner: &[] }
}

const fn or(name: &'static str, kind: Kind, means: &'static str) -> Shape {
    Shape { name, kind, need: Need::Else(means), times: Times::Once, inner: &[] }
}

const fn group(name: &'static str, need: Need, inner: &'static [Shape]) -> Shape {
    Shape { name, kind: Kind::Group, need, times: Times::Once, inner }
}

const fn each(name: &'static str, inner: &'static [Shape]) -> Shape {
    Shape { name, kind: Kind::Group, need: Need::Must, times: Times::Often, inner }
}

const fn every(name: &'static str) -> Shape {
    Shape { name, kind: Kind::Text, need: Need::Must, times: Times::Often, inner: &[] }
}

use Kind::{Day, Flag, Number, Postcode, Text};

const CLIENT: [Shape; 36] = [
    must("ClientId", Text),
    may("Slk", Text),
    must("ConsentToProvideDetails", Flag),
    or("ConsentedForFutureContacts", Flag, "false"),
    may("GivenName", Text),
    may("FamilyName", Text),
    or("IsUsingPsuedonym", Flag, "false"),
    must("BirthDate", Day),
    or("IsBirthDateAnEstimate", Flag, "false"),
    or("GenderCode", Text, "NOTSTATED"),
    may("GenderDetails", Text),
    // "Not stated" of the standard classifications of countries and languages.
    or("CountryOfBirthCode", Text, "0003"),
    or("LanguageSpokenAtHomeCode", Text, "0002"),
    or("AboriginalOrTorresStraitIslanderOriginCode", Text, "NOTSTATED"),
    must("HasDisabilities", Flag),
    group("Disabilities", Need::May, &[every("DisabilityCode")]),
    may("AccommodationTypeCode", Text),
    may("DVACardStatusCode", Text),
    may("HasCarer", Flag),
    group(
        "ResidentialAddress",
        Need::Must,
        &[
            may("AddressLine1", Text),
            may("AddressLine2", Text),
            must("Suburb", Text),
            must("StateCode", Text),
            must("Postcode", Postcode),
        ],
    ),
    may("IsHomeless", Flag),
    may("HomelessIndicatorCode", Text),
    may("HouseholdCompositionCode", Text),
    may("MainSourceOfIncomeCode", Text),
    may("IncomeFrequencyCode", Text),
    may("IncomeAmount", Number(u32::MAX)),
    may("FirstArrivalYear", Number(9999)),
    may("FirstArrivalMonth", Text),
    may("MigrationVisaCategoryCode", Text),
    may("AncestryCode", Text),
    may("EducationLevelCode", Text),
    may("EmploymentStatusCode", Text),
    may("IsClientACarer", Flag),
    may("NDISEligibilityCode", Text),
    may("InterpreterRequired", Flag),
    may("HasValidatedForDuplicateClient", Flag),
];

const PARENTING: [Shape; 3] = [
    may("ParentingAgreementOutcomeCode", Text),
    may("DateOfParentingAgreement", Day),
    may("DidLegalPractitionerAssistWithFormalisingAgreement", Flag),
];

const PROPERTY: [Shape; 3] = [
    may("PropertyAgreementOutcomeCode", Text),
    may("DateOfPropertyAgreement", Day),
    may("DidLegalPractitionerAssistInPropertyMediation", Flag),
];

const CASE: [Shape; 10] = [
    must("CaseId", Text),
    must("OutletActivityId", Number(u32::MAX)),
    or("TotalNumberOfUnidentifiedClients", Number(999), "0"),
    group(
        "CaseClients",
        Need::May,
        &[each(
            "CaseClient",
            &[
                must("ClientId", Text),
                may("ReferralSourceCode", Text),
                group(
                    "ReasonsForAssistance",
                    Need::May,
                    &[each(
                        "ReasonForAssistance",
                        &[must("ReasonForAssistanceCode", Text), or("IsPrimary", Flag, "false")],
                    )],
                ),
                may("ExitReasonCode", Text),
            ],
        )],
    ),
    group("ParentingAgreementOutcome", Need::May, &PARENTING),
    group("PropertyAgreementOutcome", Need::May, &PROPERTY),
    group(
        "Section60I",
        Need::May,
        &[must("Section60ICertificateTypeCode", Text), must("DateIssued", Day)],
    ),
    may("ClientAttendanceProfileCode", Text),
    may("EndDate", Day),
    may("AgBusinessTypeCode", Text),
];

const SESSION: [Shape; 16] = [
    must("SessionId", Text),
    must("CaseId", Text),
    must("SessionDate", Day),
    must("ServiceTypeId", Number(u32::MAX)),
    or("TotalNumberOfUnidentifiedClients", Number(999), "0"),
    may("FeesCharged", Text),
    may("MoneyBusinessCommunityEducationWorkshopCode", Text),
    may("InterpreterPresent", Flag),
    group(
        "SessionClients",
        Need::May,
        &[each(
            "SessionClient",
            &[
                must("ClientId", Text),
                or("ParticipationCode", Text, "CLIENT"),
                group(
                    "ClientReferralOutWithPurpose",
                    Need::May,
                    &[each(
                        "Referral",
                        &[
                            must("TypeCode", Text),
                            group("PurposeCodes", Need::Must, &[every("PurposeCode")]),
                        ],
                    )],
                ),
            ],
        )],
    ),
    may("TimeMinutes", Number(u32::MAX)),
    may("Time", Number(u32::MAX)),
    may("TotalCost", Number(u32::MAX)),
    may("Quantity", Number(u32::MAX)),
    group("ExtraItems", Need::May, &[every("ExtraItemCode")]),
    may("ServiceSettingCode", Text),
    may("TopicCode", Text),
];

const ASSESSMENTS: Shape = group(
    "Assessments",
    Need::Must,
    &[each(
        "Assessment",
        &[
            must("ScoreTypeCode", Text),
            must("AssessmentPhaseCode", Text),
            group("Scores", Need::Must, &[every("ScoreCode")]),
        ],
    )],
);

const SESSION_ASSESSMENT: [Shape; 3] = [must("CaseId", Text), must("SessionId", Text), ASSESSMENTS];

const CLIENT_ASSESSMENT: [Shape; 4] =
    [must("ClientId", Text), must("CaseId", Text), must("SessionId", Text), ASSESSMENTS];

/// The elements of a record of a list.
fn shapes(list: List) -> &'static [Shape] {
    match list {
        List::Clients => &CLIENT,
        List::Cases => &CASE,
        List::Sessions => &SESSION,
        List::SessionAssessments => &SESSION_ASSESSMENT,
        List::ClientAssessments => &CLIENT_ASSESSMENT,
    }
}

const UNKNOWN: &str = "is no element of an upload";
const TWICE: &str = "stands twice";
const EMPTY: &str = "is empty, and every upload must have it";

/// Brings a record into the form in which all are written: its elements in their order, flags,
/// days and numbers spelt one way.
///
/// What cannot be written and may be left out is left out, and noted.
///
/// # Errors
/// When something is not there that must be.
pub(super) fn settle(list: List, record: &mut Element, notes: &mut Vec<Note>) -> Result<(), Note> {
    settle_within(record, list.record(), shapes(list), notes)
}

fn settle_within(
    element: &mut Element,
    name: &'static str,
    shapes: &'static [Shape],
    notes: &mut Vec<Note>,
) -> Result<(), Note> {
    let mut placed: Vec<(usize, Element)> = Vec::with_capacity(element.inner.len());
    for inner in std::mem::take(&mut element.inner) {
        match shapes.iter().position(|shape| shape.name == inner.name) {
            Some(place) => placed.push((place, inner)),
            None => notes.push(Note { element: name, reason: UNKNOWN }),
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    let mut left = placed.into_iter().peekable();
    for (place, shape) in shapes.iter().enumerate() {
        let mut written = 0;
        let mut faults = Vec::new();
        while let Some((_, mut inner)) = left.next_if(|(at, _)| *at == place) {
            let is_one_more = written > 0 && shape.times == Times::Once;
            match if is_one_more { Err(shape.note(TWICE)) } else { shape.settle(&mut inner, notes) }
            {
                Ok(()) => {
                    written += 1;
                    element.inner.push(inner);
                }
                Err(note) => faults.push(note),
            }
        }
        match shape.need {
            Need::Must if written == 0 => {
                return Err(faults.first().copied().unwrap_or(shape.note(EMPTY)));
            }
            Need::Else(means) if written == 0 => {
                element.inner.push(Element::of(shape.name, means));
            }
            _ => {}
        }
        notes.extend(faults);
    }
    Ok(())
}

impl Shape {
    fn note(&self, reason: &'static str) -> Note {
        Note { element: self.name, reason }
    }

    fn settle(&self, element: &mut Element, notes: &mut Vec<Note>) -> Result<(), Note> {
        if self.kind == Kind::Group {
            return settle_within(element, self.name, self.inner, notes);
        }
        if !element.inner.is_empty() {
            return Err(self.note("holds elements where a value is expected"));
        }
        if element.text.contains(['\n', '\r', '\t']) {
            element.text = element.text.split_whitespace().collect::<Vec<_>>().join(" ");
        }
        let text = element.text.trim();
        if text.is_empty() {
            return Err(self.note(EMPTY));
        }
        // Of the first 32 characters XML has white space only.
        if text.contains(|c: char| c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}')) {
            return Err(self.note("holds a character that XML cannot"));
        }
        let spelt = match self.kind {
            Kind::Text | Kind::Group => None,
            Kind::Flag => match flag(text) {
                Some(flag) => Some(flag.to_string()),
                None => return Err(self.note("is neither true nor false")),
            },
            Kind::Day => match day(text) {
                Some(moment) => Some(moment.date().to_string()),
                None => return Err(self.note("is no day")),
            },
            Kind::Number(most) => match text.parse::<u32>() {
                Ok(number) if number <= most => Some(number.to_string()),
                _ => return Err(self.note("is no number that an upload may have")),
            },
            Kind::Postcode => {
                let is_one = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
                if !is_one {
                    return Err(self.note("is not four digits"));
                }
                None
            }
        };
        match spelt {
            Some(spelt) => element.text = spelt,
            None if text.len() < element.text.len() => element.text = text.to_owned(),
            None => {}
        }
        Ok(())
    }
}

/// What a flag says.
pub(super) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "y" => Some(true),
        "false" | "0" | "no" | "n" => Some(false),
        _ => None,
    }
}

/// Writes an element; nothing lies between the elements within it.
pub(super) fn write(element: &Element, into: &mut String) {
    // A string takes everything.
    let _ = write!(into, "<{}>", element.name);
    match element.inner.is_empty() {
        true => into.push_str(&partial_escape(element.text.as_str())),
        false => element.inner.iter().for_each(|inner| write(inner, into)),
    }
    let _ = write!(into, "</{}>", element.name);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::upload::parse;

    fn settled(list: List, text: &str) -> Result<(String, Vec<Note>), Note> {
        let mut record = parse(text.as_bytes()).expect("a record");
        let mut notes = Vec::new();
        settle(list, &mut record, &mut notes)?;
        let mut written = String::new();
        write(&record, &mut written);
        Ok((written, notes))
    }

    #[test]
    fn a_record_is_written_in_one_way() {
        let text = "<Session><CaseId> K &amp; 1</CaseId><SessionId>S</SessionId>\n\
            <ServiceTypeId>05</ServiceTypeId><SessionDate>2025-02-03T00:00:00</SessionDate>\
            <Other>x</Other><InterpreterPresent>1</InterpreterPresent><SessionClients>\
            <SessionClient><ClientId>C</ClientId></SessionClient><SessionClient/>\
            <SessionClient><ParticipationCode>CLIENT</ParticipationCode></SessionClient>\
            </SessionClients><Quantity>many</Quantity></Session>";
        let (written, notes) = settled(List::Sessions, text).expect("a session");
        let expected = "<Session><SessionId>S</SessionId><CaseId>K &amp; 1</CaseId>\
            <SessionDate>2025-02-03</SessionDate><ServiceTypeId>5</ServiceTypeId>\
            <TotalNumberOfUnidentifiedClients>0</TotalNumberOfUnidentifiedClients>\
            <InterpreterPresent>true</InterpreterPresent><SessionClients><SessionClient>\
            <ClientId>C</ClientId><ParticipationCode>CLIENT</ParticipationCode></SessionClient>\
            </SessionClients></Session>";
        assert_eq!(written, expected);
        let notes: Vec<_> = notes.iter().map(|note| (note.element, note.reason)).collect();
        let expected = [
            ("Session", UNKNOWN),
            ("ClientId", EMPTY),
            ("Quantity", "is no number that an upload may have"),
        ];
        assert_eq!(notes, expected);
        assert_eq!(settled(List::Sessions, &written), Ok((written.clone(), vec![])));
    }

    #[test]
    fn an_agreement_on_property_has_elements_of_its_own() {
        let text = "<Case><CaseId>K</CaseId><OutletActivityId>7</OutletActivityId>\
            <TotalNumberOfUnidentifiedClients>0</TotalNumberOfUnidentifiedClients>\
            <PropertyAgreementOutcome>\
            <PropertyAgreementOutcomeCode>FULL</PropertyAgreementOutcomeCode>\
            <DateOfPropertyAgreement>2025-02-03</DateOfPropertyAgreement>\
            <DidLegalPractitionerAssistInPropertyMediation>true\
            </DidLegalPractitionerAssistInPropertyMediation></PropertyAgreementOutcome></Case>";
        assert_eq!(settled(List::Cases, text), Ok((text.to_owned(), vec![])));
    }

    #[test]
    fn what_must_be_there_is_asked_for() {
        for (text, element, reason) in [
            ("<Case><OutletActivityId>1</OutletActivityId></Case>", "CaseId", EMPTY),
            (
                "<Case><CaseId>K</CaseId><OutletActivityId>x</OutletActivityId></Case>",
                "OutletActivityId",
                "is no number that an upload may have",
            ),
            ("<Case><CaseId>K\u{1}</CaseId></Case>", "CaseId", "holds a character that XML cannot"),
        ] {
            assert_eq!(settled(List::Cases, text), Err(Note { element, reason }), "{text}");
        }
    }
}
