//! The Data Exchange (DEX): the elements of its upload file as columns of a table, and the
//! checks of its own. Which elements there are, and their spelling, follows public exporters
//! (`IsUsingPsuedonym` is spelt so); lists of codes that are not public are not judged.

use jiff::civil::{Date, date};

use super::dictionary::{Dictionary, Part};
use super::item::{Code, Item, Kind, Meaning, Need, Reach, Tier, Values};
use crate::sources::plain;

/// The parts of an upload file, in the order of [`Dictionary::parts`].
pub(super) const CLIENT: usize = 0;
pub(super) const CASE: usize = 1;
pub(super) const SESSION: usize = 2;

const GENDERS: &[&str] = &["MALE", "FEMALE", "OTHER", "NOTSTATED"];
const ORIGINS: &[&str] = &["NO", "ABORIGINAL", "TSI", "BOTH", "NOTSTATED"];
const STATES: &[&str] = &["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA", "OT"];
const SCORES: &[&str] = &["CIRCUMSTANCES", "GOALS", "SATISFACTION", "COMMUNITY", "GROUP"];
const PHASES: &[&str] = &["PRE", "POST"];
const COUNT: Kind = Kind::Integer { least: 0, most: 9999 };
use Need::{Always, Never};

/// An element: its name, part, kind, codes, whether it must be there, other spellings (letters
/// and digits only, lower case), and the Common Dataset item whose usual headings mean it.
type Element = (
    &'static str,
    usize,
    Kind,
    &'static [&'static str],
    Need,
    &'static [&'static str],
    &'static str,
);

#[rustfmt::skip]
const ELEMENTS: [Element; 73] = [
    ("ClientId", CLIENT, Kind::Text, &[], Always, &[], "1.7.1"),
    ("Slk", CLIENT, Kind::Key, &[], Never, &["slk581"], "1.7.2"),
    ("ConsentToProvideDetails", CLIENT, Kind::YesNo, &[], Always, &[], ""),
    ("ConsentedForFutureContacts", CLIENT, Kind::YesNo, &[], Always, &[], ""),
    ("GivenName", CLIENT, Kind::Text, &[], Never, &[], "1.2.1"),
    ("FamilyName", CLIENT, Kind::Text, &[], Never, &[], "1.2.3"),
    ("IsUsingPsuedonym", CLIENT, Kind::YesNo, &[], Always, &["isusingpseudonym", "ispseudonym"], ""),
    ("BirthDate", CLIENT, Kind::Date, &[], Always, &[], "1.3.1"),
    ("IsBirthDateAnEstimate", CLIENT, Kind::YesNo, &[], Always, &["birthdateestimated"], "1.3.2"),
    ("GenderCode", CLIENT, Kind::Code, GENDERS, Always, &[], "1.4.1"),
    ("GenderDetails", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("CountryOfBirthCode", CLIENT, Kind::Text, &[], Always, &["countryofbirth"], ""),
    ("LanguageSpokenAtHomeCode", CLIENT, Kind::Text, &[], Always, &["languagespokenathome", "mainlanguagespokenathome"], ""),
    ("AboriginalOrTorresStraitIslanderOriginCode", CLIENT, Kind::Code, ORIGINS, Always, &["aboriginalortorresstraitislanderorigin", "indigenousstatus"], ""),
    ("HasDisabilities", CLIENT, Kind::YesNo, &[], Always, &[], ""),
    ("DisabilityCode", CLIENT, Kind::Text, &[], Never, &["disabilities"], ""),
    ("AccommodationTypeCode", CLIENT, Kind::Text, &[], Never, &["accommodationtype"], ""),
    ("DVACardStatusCode", CLIENT, Kind::Text, &[], Never, &["dvacardstatus"], ""),
    ("HasCarer", CLIENT, Kind::YesNo, &[], Never, &[], ""),
    ("HouseholdCompositionCode", CLIENT, Kind::Text, &[], Never, &["householdcomposition"], ""),
    ("HomelessIndicatorCode", CLIENT, Kind::Text, &[], Never, &["homelessindicator", "ishomeless"], ""),
    ("EducationLevelCode", CLIENT, Kind::Text, &[], Never, &["educationlevel"], ""),
    ("EmploymentStatusCode", CLIENT, Kind::Text, &[], Never, &["employmentstatus"], ""),
    ("IsClientACarer", CLIENT, Kind::YesNo, &[], Never, &[], ""),
    ("AddressLine1", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("AddressLine2", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("Suburb", CLIENT, Kind::Text, &[], Always, &[], "1.5.6"),
    ("StateCode", CLIENT, Kind::Code, STATES, Always, &[], "1.5.8"),
    ("Postcode", CLIENT, Kind::Digits(4), &[], Always, &[], "1.5.7"),
    ("InterpreterRequired", CLIENT, Kind::YesNo, &[], Never, &[], ""),
    ("MainSourceOfIncomeCode", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("IncomeFrequencyCode", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("IncomeAmount", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("FirstArrivalYear", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("FirstArrivalMonth", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("MigrationVisaCategoryCode", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("AncestryCode", CLIENT, Kind::Text, &[], Never, &[], ""),
    ("CaseId", CASE, Kind::Text, &[], Always, &[], ""),
    ("OutletActivityId", CASE, Kind::Text, &[], Always, &[], ""),
    ("EndDate", CASE, Kind::Date, &[], Never, &["caseenddate"], ""),
    ("ClientAttendanceProfileCode", CASE, Kind::Text, &[], Never, &["attendanceprofilecode"], ""),
    ("ReferralSourceCode", CASE, Kind::Text, &[], Never, &["referralsource"], ""),
    ("ReasonForAssistanceCode", CASE, Kind::Text, &[], Never, &["reasonforassistance"], ""),
    ("ExitReasonCode", CASE, Kind::Text, &[], Never, &["exitreason"], ""),
    ("TotalNumberOfUnidentifiedClients", CASE, COUNT, &[], Never, &["unidentifiedclientcasemax"], ""),
    ("IsPrimary", CASE, Kind::Text, &[], Never, &[], ""),
    ("ParentingAgreementOutcomeCode", CASE, Kind::Text, &[], Never, &[], ""),
    ("PropertyAgreementOutcomeCode", CASE, Kind::Text, &[], Never, &[], ""),
    ("DateOfParentingAgreement", CASE, Kind::Text, &[], Never, &[], ""),
    ("DidLegalPractitionerAssistWithFormalisingAgreement", CASE, Kind::Text, &[], Never, &[], ""),
    ("DateOfPropertyAgreement", CASE, Kind::Text, &[], Never, &[], ""),
    ("DidLegalPractitionerAssistInPropertyMediation", CASE, Kind::Text, &[], Never, &[], ""),
    ("Section60ICertificateTypeCode", CASE, Kind::Text, &[], Never, &[], ""),
    ("DateIssued", CASE, Kind::Text, &[], Never, &[], ""),
    ("AgBusinessTypeCode", CASE, Kind::Text, &[], Never, &[], ""),
    ("SessionId", SESSION, Kind::Text, &[], Always, &[], ""),
    ("SessionDate", SESSION, Kind::Date, &[], Always, &["servicedate"], ""),
    ("ServiceTypeId", SESSION, Kind::Text, &[], Always, &["servicetype", "servicetypecode"], ""),
    ("ParticipationCode", SESSION, Kind::Text, &[], Never, &["participationtype"], ""),
    ("InterpreterPresent", SESSION, Kind::YesNo, &[], Never, &[], ""),
    ("ScoreTypeCode", SESSION, Kind::Code, SCORES, Never, &["scoretype", "outcometype"], ""),
    ("AssessmentPhaseCode", SESSION, Kind::Code, PHASES, Never, &["assessmentphase", "assessmenttype"], ""),
    ("OutcomeDomainScoreCode", SESSION, Kind::Text, &[], Never, &["scoredomaincode", "outcomedomain", "scorecode"], ""),
    ("FeesCharged", SESSION, Kind::Text, &[], Never, &[], ""),
    ("MoneyBusinessCommunityEducationWorkshopCode", SESSION, Kind::Text, &[], Never, &[], ""),
    ("TimeMinutes", SESSION, Kind::Text, &[], Never, &[], ""),
    ("TotalCost", SESSION, Kind::Text, &[], Never, &[], ""),
    ("Quantity", SESSION, Kind::Text, &[], Never, &[], ""),
    ("ExtraItemCode", SESSION, Kind::Text, &[], Never, &[], ""),
    ("ServiceSettingCode", SESSION, Kind::Text, &[], Never, &[], ""),
    ("TopicCode", SESSION, Kind::Text, &[], Never, &[], ""),
    ("TypeCode", SESSION, Kind::Text, &[], Never, &[], ""),
    ("PurposeCode", SESSION, Kind::Text, &[], Never, &[], ""),
];

/// The elements as a dictionary.
pub(super) fn dictionary() -> Dictionary {
    let items: Vec<Item> = ELEMENTS
        .iter()
        .map(|&(id, part, kind, codes, need, spellings, usual)| Item {
            id: id.to_owned(),
            name: id.to_owned(),
            tier: if need == Always { Tier::Core } else { Tier::Extended },
            kind,
            max_length: None,
            codes: codes
                .iter()
                .map(|&code| Code {
                    code: code.to_owned(),
                    letter: None,
                    meaning: match code {
                        "NOTSTATED" => Meaning::NotStated,
                        _ => Meaning::Answer,
                    },
                })
                .collect(),
            values: match id {
                "DisabilityCode"
                | "ReasonForAssistanceCode"
                | "IsPrimary"
                | "ExtraItemCode"
                | "TypeCode"
                | "PurposeCode" => Values::Several,
                _ => Values::One,
            },
            condition: None,
            need,
            reach: Reach::Analyst,
            part,
            spellings: std::iter::once(plain(id))
                .chain(spellings.iter().map(|&spelling| spelling.to_owned()))
                .collect(),
            usual: (!usual.is_empty()).then(|| usual.to_owned()),
        })
        .collect();
    let place = |id: &str| items.iter().position(|item| item.id == id);
    let parts = vec![
        Part { name: "client", id: place("ClientId") },
        Part { name: "case", id: place("CaseId") },
        Part { name: "session", id: place("SessionId") },
    ];
    Dictionary { title: "DSS Data Exchange (DEX)", items, parts }
}

/// What a heading may be read as: whole, or as the last step of a path such as
/// `Client/ResidentialAddress/Postcode`.
pub(super) fn forms(heading: &str) -> Vec<String> {
    let last = heading.rsplit(['/', '.', ':', '>']).next().unwrap_or(heading);
    let whole = plain(heading);
    let address = whole.strip_prefix("residentialaddress").map(str::to_owned);
    [whole.clone(), plain(last)].into_iter().chain(address).collect()
}

/// The half-year that a file reports: January to June, or July to December.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    year: i16,
    second: bool,
}

impl Period {
    /// Reads `2025-jan-jun` or `2025-jul-dec`. The halves are spelt out, since some call the
    /// one from July the first of the financial year.
    pub fn parse(text: &str) -> Option<Period> {
        let (year, half) = text.split_once('-')?;
        let second = match half.to_ascii_lowercase().as_str() {
            "jan-jun" => false,
            "jul-dec" => true,
            _ => return None,
        };
        let year = year.parse().ok().filter(|year| (1900..=2999).contains(year))?;
        Some(Period { year, second })
    }

    /// Whether a day is in it.
    pub fn has(self, day: Date) -> bool {
        let (from, to) = match self.second {
            false => (date(self.year, 1, 1), date(self.year, 6, 30)),
            true => (date(self.year, 7, 1), date(self.year, 12, 31)),
        };
        (from..=to).contains(&day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_ends_with_its_last_day() {
        let first = Period::parse("2025-jan-jun").expect("a period");
        let second = Period::parse("2025-Jul-Dec").expect("a period");
        for (day, in_first, in_second) in [
            (date(2024, 12, 31), false, false),
            (date(2025, 1, 1), true, false),
            (date(2025, 6, 30), true, false),
            (date(2025, 7, 1), false, true),
            (date(2025, 12, 31), false, true),
            (date(2026, 1, 1), false, false),
        ] {
            assert_eq!((first.has(day), second.has(day)), (in_first, in_second), "{day}");
        }
        for wrong in ["2025-h1", "2025", "-jan-jun", "25000-jan-jun", ""] {
            assert_eq!(Period::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_path_of_elements_is_its_last_step() {
        assert!(forms("Client/ResidentialAddress/Postcode").contains(&"postcode".to_owned()));
        assert!(forms("ResidentialAddress_Postcode").contains(&"postcode".to_owned()));
        assert!(forms("birth_date").contains(&"birthdate".to_owned()));
    }
}
