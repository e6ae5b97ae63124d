//! Rows of an agency's tables as records of an upload: Common Dataset items and their codes, or
//! columns that are called as DEX elements are. A row may tell of a client, of a session, and of
//! scores, all at once.

use jiff::civil::Date;

use super::Error;
use super::asides::EVENTS;
use super::gather::Gather;
use super::shape;
use super::store::Place;
use crate::days::DateFormats;
use crate::deidentify::consent::{Consent, Use, Withheld};
use crate::progress::Progress;
use crate::sources::upload::{Element, List, Record};
use crate::sources::{Row, SourceSpec, Table};
use crate::standard::Extract;

const BATCH: usize = 1 << 14;

/// The items that are read.
const ITEMS: [&str; 23] = [
    "1.1.1", "1.1.2", "1.2.1", "1.2.3", "1.3.1", "1.3.2", "1.4.1", "1.4.2", "1.5.1", "1.5.2",
    "1.5.3", "1.5.4", "1.5.5", "1.5.6", "1.5.7", "1.5.8", "1.7.1", "2.1.1", "2.2.1", "2.2.2",
    "2.3.1", "4.1.1", "4.1.2",
];

/// Elements of a client that are taken as they are, where a column is called so.
const OF_CLIENT: [&str; 24] = [
    "GenderDetails",
    "AccommodationTypeCode",
    "DVACardStatusCode",
    "HasCarer",
    "IsHomeless",
    "HomelessIndicatorCode",
    "HouseholdCompositionCode",
    "MainSourceOfIncomeCode",
    "IncomeFrequencyCode",
    "IncomeAmount",
    "FirstArrivalYear",
    "FirstArrivalMonth",
    "MigrationVisaCategoryCode",
    "AncestryCode",
    "EducationLevelCode",
    "EmploymentStatusCode",
    "IsClientACarer",
    "InterpreterRequired",
    "IsUsingPsuedonym",
    "ConsentedForFutureContacts",
    "Slk",
    "IsBirthDateAnEstimate",
    "AddressLine1",
    "AddressLine2",
];

/// Elements of cases, and of clients on them, as above.
const OF_CASE: [&str; 6] = [
    "ClientAttendanceProfileCode",
    "AgBusinessTypeCode",
    "ReferralSourceCode",
    "ReasonForAssistanceCode",
    "ExitReasonCode",
    "EndDate",
];

/// Elements of sessions, as above.
const OF_SESSION: [&str; 9] = [
    "TotalNumberOfUnidentifiedClients",
    "FeesCharged",
    "MoneyBusinessCommunityEducationWorkshopCode",
    "InterpreterPresent",
    "TimeMinutes",
    "TotalCost",
    "Quantity",
    "ServiceSettingCode",
    "TopicCode",
];

/// Elements that are read in another way than as they are.
const OTHERS: [&str; 25] = [
    "ClientId",
    "ConsentToProvideDetails",
    "GivenName",
    "FamilyName",
    "BirthDate",
    "GenderCode",
    "CountryOfBirthCode",
    "LanguageSpokenAtHomeCode",
    "AboriginalOrTorresStraitIslanderOriginCode",
    "HasDisabilities",
    "DisabilityCode",
    "Suburb",
    "StateCode",
    "Postcode",
    "CaseId",
    "OutletActivityId",
    "SessionId",
    "SessionDate",
    "ServiceTypeId",
    "ParticipationCode",
    "ScoreTypeCode",
    "AssessmentPhaseCode",
    "ScoreCode",
    "OutcomeDomainScoreCode",
    "Score",
];

/// The languages of item 2.2.2, in its order, by the Australian standard classification.
const LANGUAGES: [&str; 15] = [
    "1201", "4202", "9216", "6302", "2303", "6101", "7104", "7101", "5203", "5212", "4106", "2401",
    "2201", "7301", "0000",
];

/// How the address says that there is none (item 1.5.1).
const NO_FIXED_ADDRESS: &str = "No fixed address";

/// What an agency's tables do not say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Always {
    pub(super) outlet: Option<u32>,
    pub(super) service: Option<u32>,
}

/// What a row says of naming its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consents {
    Yes,
    /// Refused, withdrawn, in part, or not at this time: no other row may name them.
    No,
    /// Not by this row.
    NotStated,
}

/// Reads one table.
pub(super) struct Reader {
    extract: Extract,
    always: Always,
    /// Whether it has a column of dates, and so of sessions.
    has_events: bool,
    /// Whether its rows tell of clients, and not only who came.
    has_clients: bool,
    /// Columns of a described address, which are no items.
    street: Vec<usize>,
    /// What is described of consent, and who withdrew it.
    consent: Option<Consent>,
    /// Whether a description says which columns are of consent.
    has_described_consent: bool,
    /// What its files are numbered from.
    files: u32,
}

impl Reader {
    /// Finds the columns of the clients' table.
    pub(super) fn of_clients(
        table: &Table,
        source: Option<&SourceSpec>,
        date_format: Option<&DateFormats>,
        as_at: Date,
        always: Always,
    ) -> Result<Reader, crate::Error> {
        let mut reader = Reader::new(table, source, date_format, as_at, always, 0)?;
        let street = source.iter().flat_map(|source| source.columns_of("address"));
        reader.street = table.columns(street.map(String::as_str))?;
        if let Some(source) = source {
            // The Data Exchange has one consent for all that it does: every column is asked.
            let columns = source.consent.iter();
            let purposes: Vec<String> = columns.flat_map(|c| c.purposes.clone()).collect();
            let wanted = Use { purposes: &purposes, as_at: Some(as_at) };
            reader.consent = Some(Consent::new(table, source, wanted)?);
            reader.has_described_consent = !source.consent.is_empty();
        }
        Ok(reader)
    }

    /// Finds the columns of an events file.
    pub(super) fn of_events(
        table: &Table,
        source: Option<&SourceSpec>,
        date_format: Option<&DateFormats>,
        as_at: Date,
        always: Always,
    ) -> Result<Reader, crate::Error> {
        // Of what is described, the events have their own number of the client and their days.
        let described = source.and_then(|source| {
            let mut of_events = source.clone();
            of_events.record_id.clone_from(&source.events.as_ref()?.record_id);
            of_events.columns.clear();
            (of_events.slk581, of_events.accuracy) = (None, None);
            Some(of_events)
        });
        let reader = Reader::new(table, described.as_ref(), date_format, as_at, always, EVENTS)?;
        match reader.has_events {
            true => Ok(Reader { has_clients: false, ..reader }),
            false => Err(Error::NoDates { file: table.name().to_owned() }.into()),
        }
    }

    fn new(
        table: &Table,
        source: Option<&SourceSpec>,
        date_format: Option<&DateFormats>,
        as_at: Date,
        always: Always,
        files: u32,
    ) -> Result<Reader, crate::Error> {
        let elements: Vec<&'static str> =
            OF_CLIENT.into_iter().chain(OF_CASE).chain(OF_SESSION).chain(OTHERS).collect();
        let items: Vec<&'static str> = ITEMS.into_iter().chain(["4.1.4"]).collect();
        let extract = Extract::new(table, source, date_format, as_at, &items, &elements)?;
        if !extract.has("ClientId", "1.7.1") {
            return Err(Error::NoClients { file: table.name().to_owned() }.into());
        }
        let has_events = extract.has("SessionDate", "4.1.1") || extract.has("", "4.1.2");
        let has_clients = extract.has("BirthDate", "1.3.1");
        Ok(Reader {
            extract,
            always,
            has_events,
            has_clients,
            street: Vec::new(),
            consent: None,
            has_described_consent: false,
            files,
        })
    }

    /// How many numbers on the lists of who withdrew no row had so far.
    pub(super) fn listed_in_vain(&self) -> usize {
        self.consent.as_ref().map_or(0, Consent::listed_in_vain)
    }

    /// Reads the table.
    pub(super) fn read(
        &self,
        mut table: Table,
        gather: &mut Gather,
        progress: &Progress,
    ) -> Result<u64, crate::Error> {
        let mut rows = 0;
        let mut batch = table.next_batch(BATCH)?;
        progress.begin("reading records", table.about_rows(batch.len()));
        while !batch.is_empty() {
            for reject in &batch.rejects {
                let place = Place { file: self.files + reject.file, line: reject.line };
                let column = reject.column.as_deref().unwrap_or_default();
                gather.asides.row(place, column, &reject.reason)?;
            }
            for row in &batch.rows {
                self.row(row, gather)?;
            }
            rows += batch.len() as u64;
            progress.advance(batch.len() as u64);
            batch = table.next_batch(BATCH)?;
        }
        progress.end();
        Ok(rows)
    }

    fn row(&self, row: &Row, gather: &mut Gather) -> Result<(), crate::Error> {
        let file = self.files + row.file();
        let take = |gather: &mut Gather, list: List, inner: Vec<Element>| {
            let root = Element::group(list.record(), inner);
            gather.take(file, Record { list, line: row.line, root, is_long: false })
        };
        let client = self.id(row);
        // Nobody is meant, or it is not known who.
        if client.is_empty() && !(self.has_events && self.has_others(row)) {
            let place = Place { file, line: row.line };
            return Ok(gather.asides.row(place, "ClientId", "has no number of a client")?);
        }
        // A session of people who are counted and not named has no client of its own.
        if self.has_clients && !client.is_empty() {
            let consents = self.consents(row);
            if consents == Consents::No {
                gather.bar(client);
            }
            take(gather, List::Clients, self.client(row, consents))?;
        }
        if self.has_events {
            let begun = self.extract.day(row, "", "4.1.1");
            let case = match self.element(row, "CaseId") {
                "" => format!("{client}|{begun}|{}", self.outlet(row)),
                case => case.to_owned(),
            };
            take(gather, List::Cases, self.case(row, client, &case))?;
            for (session, day) in self.sessions(row, client, &case) {
                let inner = self.session(row, client, &case, &session, &day);
                take(gather, List::Sessions, inner)?;
                if let Some((list, scores)) = self.scores(row, client, &case, &session) {
                    take(gather, list, scores)?;
                }
            }
        }
        Ok(())
    }

    fn element<'r>(&self, row: &'r Row, element: &str) -> &'r str {
        self.extract.element(row, element)
    }

    fn id<'s>(&'s self, row: &'s Row) -> &'s str {
        match self.element(row, "ClientId") {
            "" => self.extract.item(row, "1.7.1"),
            id => id,
        }
    }

    /// Whether a row counts people who are not named.
    fn has_others(&self, row: &Row) -> bool {
        let others = self.element(row, "TotalNumberOfUnidentifiedClients");
        others.parse::<u32>().is_ok_and(|others| others > 0)
    }

    fn outlet(&self, row: &Row) -> String {
        match (self.element(row, "OutletActivityId"), self.always.outlet) {
            ("", Some(outlet)) => outlet.to_string(),
            (outlet, _) => outlet.to_owned(),
        }
    }

    fn service(&self, row: &Row) -> String {
        match (self.element(row, "ServiceTypeId"), self.always.service) {
            ("", Some(service)) => service.to_string(),
            (service, _) => service.to_owned(),
        }
    }

    /// The elements of these names that have a column and a value.
    fn plain(&self, row: &Row, names: &[&'static str], into: &mut Vec<Element>) {
        for name in names {
            let value = self.element(row, name);
            if !value.is_empty() {
                into.push(Element::of(name, value));
            }
        }
    }

    fn client(&self, row: &Row, consents: Consents) -> Vec<Element> {
        let item = |item: &str| self.extract.item(row, item);
        let mut inner = Vec::new();
        let street = ["AddressLine1", "AddressLine2"];
        let of_client: Vec<&str> =
            OF_CLIENT.into_iter().filter(|name| !street.contains(name)).collect();
        self.plain(row, &of_client, &mut inner);
        // What an element says stands as it is; else an item is put into its words.
        let mut add = |name: &str, of_item: &str| {
            let value = Some(self.element(row, name)).filter(|value| !value.is_empty());
            let value = value.unwrap_or(of_item);
            if !value.is_empty() {
                inner.push(Element::of(name, value));
            }
        };
        let sex = if item("1.4.1").is_empty() { item("1.4.2") } else { item("1.4.1") };
        add("ClientId", item("1.7.1"));
        add("GivenName", item("1.2.1"));
        add("FamilyName", item("1.2.3"));
        add("BirthDate", &self.extract.day(row, "BirthDate", "1.3.1"));
        if self.element(row, "IsBirthDateAnEstimate").is_empty() {
            add("IsBirthDateAnEstimate", if item("1.3.2") == "1" { "true" } else { "false" });
        }
        add("GenderCode", gender(sex));
        let country = item("2.2.1");
        add("CountryOfBirthCode", if country.len() == 4 { country } else { "" });
        add("LanguageSpokenAtHomeCode", language(item("2.2.2")));
        add("AboriginalOrTorresStraitIslanderOriginCode", origin(item("2.1.1")));
        let disabilities = self.element(row, "DisabilityCode").split([';', '|']).map(str::trim);
        let disabilities: Vec<Element> = disabilities
            .filter(|code| !code.is_empty())
            .map(|code| Element::of("DisabilityCode", code))
            .collect();
        let has_some = item("2.3.1") == "1" || !disabilities.is_empty();
        add("HasDisabilities", if has_some { "true" } else { "false" });
        if !disabilities.is_empty() {
            inner.push(Element::group("Disabilities", disabilities));
        }
        let said = self.element(row, "ConsentToProvideDetails");
        let consent = match shape::flag(said) {
            // What is no answer is set aside as such.
            None if !said.is_empty() => said,
            _ if consents == Consents::Yes => "true",
            _ => "false",
        };
        inner.push(Element::of("ConsentToProvideDetails", consent));
        inner.push(self.address(row));
        inner
    }

    /// Whether a client may be named. Whatever says no comes first; nothing said is no consent,
    /// and neither is a part of it.
    fn consents(&self, row: &Row) -> Consents {
        let said = self.element(row, "ConsentToProvideDetails");
        let flag = shape::flag(said);
        let items = match self.has_described_consent {
            true => ["", ""],
            false => ["1.1.1", "1.1.2"].map(|item| self.extract.item(row, item)),
        };
        let withheld = self.consent.as_ref().and_then(|consent| consent.withheld(row));
        let withheld = withheld.map(|(reason, _)| reason);
        let is_refused = withheld.is_some_and(|reason| reason != Withheld::NotStated)
            || (!said.is_empty() && flag != Some(true))
            // A column that is called as the element is stands for 1.1.2 too.
            || items.iter().any(|item| !matches!(*item, "" | "1") && *item != said);
        let is_said = self.has_described_consent || flag == Some(true) || items == ["1", "1"];
        match (is_refused, is_said && withheld.is_none()) {
            (true, _) => Consents::No,
            (false, true) => Consents::Yes,
            (false, false) => Consents::NotStated,
        }
    }

    fn address(&self, row: &Row) -> Element {
        let item = |item: &str| self.extract.item(row, item);
        let mut inner = Vec::new();
        self.plain(row, &["AddressLine1", "AddressLine2"], &mut inner);
        if inner.is_empty() {
            inner.push(Element::of("AddressLine1", &self.street(row)));
        }
        for (name, of) in [("Suburb", "1.5.6"), ("StateCode", "1.5.8"), ("Postcode", "1.5.7")] {
            let value = Some(self.element(row, name)).filter(|value| !value.is_empty());
            inner.push(Element::of(name, value.unwrap_or_else(|| item(of))));
        }
        let has_whole_place = inner[1..].iter().all(|element| !element.text.is_empty());
        if item("1.5.1") == "2" && !has_whole_place {
            inner[0] = Element::of("AddressLine1", NO_FIXED_ADDRESS);
        }
        inner.retain(|element| !element.text.is_empty());
        Element::group("ResidentialAddress", inner)
    }

    /// The street, of items 1.5.2 to 1.5.5 or of a described address: `2/14 Elm Street`.
    fn street(&self, row: &Row) -> String {
        let item = |item: &str| self.extract.item(row, item);
        let house = match (item("1.5.2"), item("1.5.3")) {
            (unit, "") => unit.to_owned(),
            ("", number) => number.to_owned(),
            (unit, number) => format!("{unit}/{number}"),
        };
        let of_items = [house.as_str(), item("1.5.4"), item("1.5.5")];
        let described = self.street.iter().map(|place| row.cell(*place));
        let parts: Vec<&str> = match of_items.iter().all(|part| part.is_empty()) {
            true => described.filter(|part| !part.is_empty()).collect(),
            false => of_items.into_iter().filter(|part| !part.is_empty()).collect(),
        };
        parts.join(" ")
    }

    fn case(&self, row: &Row, client: &str, case: &str) -> Vec<Element> {
        let mut inner =
            vec![Element::of("CaseId", case), Element::of("OutletActivityId", &self.outlet(row))];
        let of_case = [
            "TotalNumberOfUnidentifiedClients",
            "ClientAttendanceProfileCode",
            "AgBusinessTypeCode",
        ];
        self.plain(row, &of_case, &mut inner);
        let end = self.extract.day(row, "EndDate", "4.1.4");
        if !end.is_empty() {
            inner.push(Element::of("EndDate", &end));
        }
        if !client.is_empty() {
            let mut member = vec![Element::of("ClientId", client)];
            self.plain(row, &["ReferralSourceCode", "ExitReasonCode"], &mut member);
            let reasons = self.element(row, "ReasonForAssistanceCode").split([';', '|']);
            let reasons = reasons.map(str::trim).filter(|code| !code.is_empty());
            // The first is the one that counts most.
            let reason = |(at, code)| {
                let is_primary = if at == 0 { "true" } else { "false" };
                let inner = vec![
                    Element::of("ReasonForAssistanceCode", code),
                    Element::of("IsPrimary", is_primary),
                ];
                Element::group("ReasonForAssistance", inner)
            };
            let reasons: Vec<Element> = reasons.enumerate().map(reason).collect();
            if !reasons.is_empty() {
                member.push(Element::group("ReasonsForAssistance", reasons));
            }
            inner.push(Element::group("CaseClients", vec![Element::group("CaseClient", member)]));
        }
        inner.retain(|element| !element.is_empty());
        inner
    }

    /// The number and the day of each session that a row tells of.
    fn sessions(&self, row: &Row, client: &str, case: &str) -> Vec<(String, String)> {
        let mut days = match self.extract.has("SessionDate", "") {
            true => vec![self.extract.day(row, "SessionDate", "")],
            false => self.extract.days(row, "4.1.2"),
        };
        if days.iter().all(String::is_empty) {
            days = vec![self.extract.day(row, "", "4.1.1")];
        }
        days.sort_unstable();
        days.dedup();
        let own = self.element(row, "SessionId");
        // A session is of one day and one type of service.
        let service = self.service(row);
        let number = |day: String| match own {
            "" => (format!("{client}|{case}|{day}|{service}"), day),
            own => (own.to_owned(), day),
        };
        days.into_iter().map(number).collect()
    }

    fn session(
        &self,
        row: &Row,
        client: &str,
        case: &str,
        session: &str,
        day: &str,
    ) -> Vec<Element> {
        let mut inner = vec![
            Element::of("SessionId", session),
            Element::of("CaseId", case),
            Element::of("SessionDate", day),
            Element::of("ServiceTypeId", &self.service(row)),
        ];
        self.plain(row, &OF_SESSION, &mut inner);
        if !client.is_empty() {
            let mut there = vec![Element::of("ClientId", client)];
            self.plain(row, &["ParticipationCode"], &mut there);
            let there = Element::group("SessionClient", there);
            inner.push(Element::group("SessionClients", vec![there]));
        }
        inner.retain(|element| !element.is_empty());
        inner
    }

    /// The scores of a row: of the client, or of the group where there is none.
    fn scores(
        &self,
        row: &Row,
        client: &str,
        case: &str,
        session: &str,
    ) -> Option<(List, Vec<Element>)> {
        let codes = match self.element(row, "ScoreCode") {
            "" => self.element(row, "OutcomeDomainScoreCode"),
            codes => codes,
        };
        let [kind, phase] =
            ["ScoreTypeCode", "AssessmentPhaseCode"].map(|name| self.element(row, name));
        if codes.is_empty() && kind.is_empty() && phase.is_empty() {
            return None;
        }
        // A domain and its score may stand in two columns: `HOUSING` and 4.
        let score = self.element(row, "Score");
        let codes = codes.split([';', '|']).map(str::trim).filter(|code| !code.is_empty());
        let whole = |code: &str| match code.ends_with(|c: char| c.is_ascii_digit()) {
            true => Element::of("ScoreCode", code),
            false => Element::of("ScoreCode", &format!("{code}{score}")),
        };
        let scores: Vec<Element> = codes.map(whole).collect();
        let assessment = vec![
            Element::of("ScoreTypeCode", kind),
            Element::of("AssessmentPhaseCode", phase),
            Element::group("Scores", scores),
        ];
        let assessment = Element::group("Assessment", assessment);
        let mut inner = vec![Element::of("CaseId", case), Element::of("SessionId", session)];
        let list = match client {
            "" => List::SessionAssessments,
            client => {
                inner.push(Element::of("ClientId", client));
                List::ClientAssessments
            }
        };
        inner.push(Element::group("Assessments", vec![assessment]));
        Some((list, inner))
    }
}

/// Items 1.4.1 and 1.4.2.
fn gender(code: &str) -> &'static str {
    match code {
        "1" => "MALE",
        "2" => "FEMALE",
        "3" => "OTHER",
        _ => "NOTSTATED",
    }
}

/// Item 2.2.2; 99 and nothing are "not stated".
fn language(code: &str) -> &'static str {
    let place = code.parse::<usize>().ok().and_then(|code| code.checked_sub(1));
    place.and_then(|place| LANGUAGES.get(place)).copied().unwrap_or("0002")
}

/// Item 2.1.1.
fn origin(code: &str) -> &'static str {
    match code {
        "1" => "ABORIGINAL",
        "2" => "TSI",
        "3" => "BOTH",
        "4" => "NO",
        _ => "NOTSTATED",
    }
}
