//! The bulk-upload file of the Data Exchange (DEX) as tables: `DEXFileUpload` with lists of
//! clients, cases, sessions and assessments. Each list is a table whose columns are the names of
//! its elements. A session is one row for each client who attended it, an assessment one for each
//! score. Streams: memory follows one record, and the sessions where scores are told by their day.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use jiff::civil::{Date, DateTime};
use sha2::{Digest, Sha256};

use super::error::Error;
use super::feed::{Halt, LOOKED_AT, LOOKED_AT_BYTES, NEW_NAME, Names, Sink};
use super::form::{Form, Pen, Whom};
use super::records::MAX_RECORD_BYTES;
use super::spec::{FOLLOW_UP, SourceSpec};
use super::upload::{Element, List, Record, Records};
use crate::config;
use crate::ids::SourceName;
use crate::project::Project;

/// The Data Exchange takes no larger file.
pub(crate) const MOST_UPLOADED: u64 = 10_000_000;

/// What the rows of one record may come to, where each repeats what they have in common.
const MOST_REPEATED: usize = 64 << 20;

/// A table of an upload file.
struct Sheet {
    name: &'static str,
    /// The lists that its rows are of.
    lists: &'static [List],
    /// Its usual elements: columns even where no record has them.
    elements: &'static [&'static str],
}

const SCORES: [&str; 6] =
    ["ClientId", "CaseId", "SessionId", "ScoreTypeCode", "AssessmentPhaseCode", "ScoreCode"];

#[rustfmt::skip]
const SHEETS: [Sheet; 6] = [
    Sheet {
        name: "Clients",
        lists: &[List::Clients],
        elements: &[
            "ClientId", "Slk", "ConsentToProvideDetails", "ConsentedForFutureContacts",
            "GivenName", "FamilyName", "IsUsingPsuedonym", "BirthDate", "IsBirthDateAnEstimate",
            "GenderCode", "CountryOfBirthCode", "LanguageSpokenAtHomeCode",
            "AboriginalOrTorresStraitIslanderOriginCode", "HasDisabilities", "Suburb",
            "StateCode", "Postcode",
        ],
    },
    Sheet {
        name: "Cases",
        lists: &[List::Cases],
        elements: &["CaseId", "OutletActivityId", "ClientId", "ReferralSourceCode"],
    },
    Sheet {
        name: "Sessions",
        lists: &[List::Sessions],
        elements: &[
            "SessionId", "CaseId", "SessionDate", "ServiceTypeId", "ClientId",
            "ParticipationCode",
        ],
    },
    Sheet { name: "SessionAssessments", lists: &[List::SessionAssessments], elements: &SCORES },
    Sheet { name: "ClientAssessments", lists: &[List::ClientAssessments], elements: &SCORES },
    // Sessions, and each score on the day of its session.
    Sheet {
        name: EVENTS,
        lists: &[List::Sessions, List::SessionAssessments, List::ClientAssessments],
        elements: &[
            "SessionId", "CaseId", "SessionDate", "ServiceTypeId", "ClientId",
            "ParticipationCode", "ScoreTypeCode", "AssessmentPhaseCode", "ScoreCode",
        ],
    },
];

/// The sheet of everything that happened.
const EVENTS: &str = "Events";

/// The description of a source that is an upload file: its elements are known, so that nobody
/// needs to write one. `{name}` stands for the name of the source.
pub const DEX_SOURCE: &str = r#"# A DEX bulk-upload file: its elements are fixed, and so is what they mean.

[source]
name = "{name}"
sheet = "Clients"
record_id = "ClientId"
# A client may have been registered twice.
unique_people = false
date_format = "%Y-%m-%d"

[columns]
family_name = "FamilyName"
given_name = "GivenName"
birth_date = "BirthDate"
sex = "GenderCode"
suburb = "Suburb"
state = "StateCode"
postcode = "Postcode"

[birth_date_accuracy]
column = "IsBirthDateAnEstimate"
code = "estimated"

[codes.sex]
MALE = "1"
FEMALE = "2"
OTHER = "3"
NOTSTATED = "9"

# Who did not consent that details are stored is left out.
[[consent]]
column = "ConsentToProvideDetails"
share = ["true", "1"]
refuse = ["false", "0"]

# A session is one day of one service for each client who came. Its service type means the same at
# every organisation; OutletActivityId of the case is the organisation's own. Scores (SCORE) are
# further rows, on the day of their session.
[events]
sheet = "Events"
record_id = "ClientId"
program = "ServiceTypeId"
start = "SessionDate"
end = "SessionDate"
date_format = "%Y-%m-%d"
keep = ["ScoreCode", "AssessmentPhaseCode"]
"#;

/// What more is asked where the agreement is for contacting people again: it is consent of its own.
const FOLLOW_UP_CONSENT: &str = r#"
[[consent]]
column = "ConsentedForFutureContacts"
share = ["true", "1"]
refuse = ["false", "0"]
"#;

impl SourceSpec {
    /// The source that a DEX upload file is, for the fields and purposes of a project.
    ///
    /// # Errors
    /// None; the description is a fixed text.
    pub fn dex(name: &SourceName, project: &Project) -> Result<SourceSpec, config::Error> {
        let mut text = DEX_SOURCE.replace("{name}", name.as_str());
        if project.purposes.iter().any(|purpose| purpose == FOLLOW_UP) {
            text += FOLLOW_UP_CONSENT;
        }
        let mut spec = SourceSpec::parse(&text, "a DEX upload file")?;
        let has = |name: &String| project.fields.iter().any(|field| field.name == *name);
        spec.columns.retain(|name, _| has(name));
        spec.further_columns.retain(|name, _| has(name));
        Ok(spec)
    }
}

/// Reads a table of an upload file.
pub(super) fn read(
    reader: Box<dyn Read + Send>,
    shown: &Path,
    form: &Form,
    sink: &mut Sink,
) -> Result<(), Halt> {
    let asked = form.sheet.as_deref().unwrap_or(SHEETS[0].name);
    let Some(sheet) = SHEETS.iter().find(|s| s.name.eq_ignore_ascii_case(asked.trim())) else {
        let have = SHEETS.iter().map(|sheet| sheet.name.to_owned()).collect();
        let (file, sheet) = (sink.file().to_owned(), asked.to_owned());
        return Err(Error::NoSheet { file, sheet, have }.into());
    };
    let mut names = Names::default();
    for element in sheet.elements {
        names.place_or_new(element);
    }
    let mut records = Records::new(reader, shown, sheet.lists);
    let mut first = Vec::new();
    let mut held = 0;
    while first.len() < LOOKED_AT && held < LOOKED_AT_BYTES {
        let Some(record) = records.next()? else { break };
        look(&record.root, &mut names, &mut held);
        first.push(record);
    }
    sink.header(names.all().to_vec(), None)?;
    let pens: Vec<Pen> = names.all().iter().map(|name| form.pen(name)).collect();
    let sessions = (sheet.name == EVENTS).then(Sessions::default);
    let whom = form.whom;
    let mut table = Table { names, pens, cells: Vec::new(), sessions, whom };
    for record in first {
        table.rows(&record, sink)?;
    }
    while let Some(record) = records.next()? {
        table.rows(&record, sink)?;
    }
    Ok(())
}

/// Gives a place to the name of every value of a record.
fn look(element: &Element, names: &mut Names, held: &mut usize) {
    for inner in &element.inner {
        if inner.inner.is_empty() {
            names.place_or_new(&inner.name);
            *held += inner.name.len() + inner.text.len();
        }
        look(inner, names, held);
    }
}

/// Values by the names of their elements, in order.
type Values<'a> = Vec<(&'a str, &'a str)>;

/// Why a case or a session that names nobody is set aside.
pub(crate) const NO_CLIENT: &str = "has no client";

/// Every value within an element, but not those within elements of a name.
fn values<'a>(element: &'a Element, except: &str, into: &mut Values<'a>) {
    for inner in element.inner.iter().filter(|inner| inner.name != except) {
        match inner.inner.is_empty() {
            true => into.push((&inner.name, &inner.text)),
            false => values(inner, except, into),
        }
    }
}

/// Every element of a name, however deep.
fn all<'a>(element: &'a Element, name: &str, into: &mut Vec<&'a Element>) {
    for inner in &element.inner {
        match inner.name == name {
            true => into.push(inner),
            false => all(inner, name, into),
        }
    }
}

/// The element of a record that makes a row of its own.
fn each(list: List) -> &'static str {
    match list {
        List::Clients => "",
        List::Cases => "CaseClient",
        List::Sessions => "SessionClient",
        List::SessionAssessments | List::ClientAssessments => "Assessment",
    }
}

/// What the values of an element that makes a row come to: one row, or one for each score.
fn own<'a>(list: List, element: &'a Element, into: &mut Vec<Values<'a>>) {
    let is_scored = matches!(list, List::SessionAssessments | List::ClientAssessments);
    let mut row = Values::new();
    values(element, if is_scored { "ScoreCode" } else { "" }, &mut row);
    if !is_scored {
        return into.push(row);
    }
    let mut scores = Vec::new();
    all(element, "ScoreCode", &mut scores);
    for score in scores {
        into.push(row.iter().copied().chain([("ScoreCode", score.text.as_str())]).collect());
    }
}

/// The rows of a table.
struct Table {
    names: Names,
    pens: Vec<Pen>,
    cells: Vec<String>,
    /// The day of each session, where scores are told by it.
    sessions: Option<Sessions>,
    whom: Whom,
}

impl Table {
    fn rows(&mut self, record: &Record, sink: &mut Sink) -> Result<(), Halt> {
        let &Record { list, line, ref root, is_long } = record;
        let (mut shared, mut elements, mut rows) = (Values::new(), Vec::new(), Vec::new());
        values(root, each(list), &mut shared);
        all(root, each(list), &mut elements);
        elements.iter().for_each(|element| own(list, element, &mut rows));
        let bytes = |of: &Values<'_>| of.iter().map(|(_, value)| value.len() + 1).sum::<usize>();
        let repeated = bytes(&shared).saturating_mul(rows.len());
        if is_long || bytes(&shared) > MAX_RECORD_BYTES || repeated > MOST_REPEATED {
            return sink.reject(line, "is longer than 1 MiB".to_owned());
        }
        let is_of_all = rows.is_empty() && self.whom == Whom::Everybody;
        if list == List::Clients || is_of_all {
            return self.row(line, &shared, &[], sink);
        }
        let told = match &mut self.sessions {
            Some(sessions) if list == List::Sessions => {
                sessions.note(root);
                None
            }
            Some(sessions) => {
                if list == List::SessionAssessments {
                    return sink.reject(line, "is of a group, and of no client".to_owned());
                }
                let Some((day, service)) = sessions.of(root) else {
                    let reason = "no session that stands before it in the file is its own";
                    return sink.reject(line, reason.to_owned());
                };
                Some([("SessionDate", day.to_owned()), ("ServiceTypeId", service.to_owned())])
            }
            None => None,
        };
        shared.extend(told.iter().flatten().map(|(name, value)| (*name, value.as_str())));
        if rows.is_empty() {
            let what = match list {
                List::Cases | List::Sessions | List::Clients => NO_CLIENT,
                List::SessionAssessments | List::ClientAssessments => "has no score",
            };
            return sink.reject(line, what.to_owned());
        }
        for own in &rows {
            let is_support = |(name, value): &(&str, &str)| {
                let is_it = *name == "ParticipationCode" && self.whom == Whom::Served;
                is_it && value.to_uppercase().starts_with("SUPPORT")
            };
            // Whoever comes along to support a client is not given the service.
            match own.iter().any(is_support) {
                true => sink.reject(line, "attended as a support person".to_owned())?,
                false => self.row(line, &shared, own, sink)?,
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        line: u64,
        shared: &[(&str, &str)],
        own: &[(&str, &str)],
        sink: &mut Sink,
    ) -> Result<(), Halt> {
        self.cells.iter_mut().for_each(String::clear);
        self.cells.resize(self.pens.len(), String::new());
        for (name, value) in shared.iter().chain(own) {
            let Some(place) = self.names.place(name) else {
                return sink.reject(line, NEW_NAME.to_owned());
            };
            let cell = &mut self.cells[place];
            if !cell.is_empty() {
                cell.push(';');
            }
            match day(value).filter(|_| name.ends_with("Date")) {
                Some(moment) => self.pens[place].moment(moment, cell),
                None => cell.push_str(value),
            }
        }
        for cell in &self.cells {
            sink.cell(cell);
        }
        sink.end_row(line)
    }
}

/// The day and the service of each session, by a digest of its numbers. Prints nothing.
#[derive(Default)]
struct Sessions {
    of: HashMap<[u8; 16], u32>,
    /// Days and services, each pair once.
    pairs: Vec<(String, String)>,
    places: HashMap<(String, String), u32>,
}

impl Sessions {
    fn key(element: &Element) -> [u8; 16] {
        let mut hash = Sha256::new();
        for name in ["CaseId", "SessionId"] {
            hash.update((element.text(name).len() as u64).to_le_bytes());
            hash.update(element.text(name).as_bytes());
        }
        let mut key = [0; 16];
        key.copy_from_slice(&hash.finalize()[..16]);
        key
    }

    fn note(&mut self, session: &Element) {
        let day = session.text("SessionDate").to_owned();
        let pair = (day, session.text("ServiceTypeId").to_owned());
        let next = u32::try_from(self.pairs.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(pair).or_insert_with_key(|pair| {
            self.pairs.push(pair.clone());
            next
        });
        self.of.entry(Sessions::key(session)).or_insert(place);
    }

    fn of(&self, assessment: &Element) -> Option<(&str, &str)> {
        let place = *self.of.get(&Sessions::key(assessment))?;
        let (day, service) = self.pairs.get(place as usize)?;
        Some((day, service))
    }
}

/// A day as XML writes it, with or without a time. A zone is that of the agency.
pub(crate) fn day(text: &str) -> Option<DateTime> {
    let local = text.get(..19).filter(|_| text.as_bytes().get(10) == Some(&b'T')).unwrap_or(text);
    match local.len() {
        10 => local.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0)),
        _ => local.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::tests::{plain, read as rows};
    use super::*;
    use crate::project::Preset;

    const FILE: &str = "<?xml version=\"1.0\"?>\n<DEXFileUpload>\n<Clients>\n<Client>\n\
        <ClientId>C1</ClientId><GivenName>Zo&#xEB; &amp; co</GivenName>\n\
        <FamilyName><![CDATA[O'Hara]]></FamilyName><BirthDate>1980-02-01T00:00:00</BirthDate>\n\
        <Disabilities><DisabilityCode>A</DisabilityCode><DisabilityCode>B</DisabilityCode>\n\
        </Disabilities><ResidentialAddress><Suburb>Reid</Suburb></ResidentialAddress></Client>\n\
        <Client><ClientId> C2 </ClientId><GivenName/></Client></Clients>\n\
        <Cases><Case><CaseId>K</CaseId><CaseClients><CaseClient><ClientId>C1</ClientId>\n\
        </CaseClient></CaseClients></Case></Cases><Sessions>\n\
        <Session><SessionId>S1</SessionId><CaseId>K</CaseId><SessionDate>2024-05-06</SessionDate>\n\
        <SessionClients><SessionClient><ClientId>C1</ClientId></SessionClient><SessionClient>\n\
        <ClientId>C2</ClientId><ParticipationCode>SUPPORTPERSON</ParticipationCode>\n\
        </SessionClient></SessionClients><ServiceTypeId>5</ServiceTypeId></Session>\n\
        <Session><SessionId>S2</SessionId></Session></Sessions></DEXFileUpload>\n";

    /// The rows with the names of what they have.
    fn named(list: &str) -> Vec<String> {
        let mut form = plain();
        form.sheet = Some(list.to_owned());
        let lines = rows(FILE.as_bytes(), &form).expect("rows");
        let header: Vec<&str> = lines[0].split('|').collect();
        let name = |line: &String| match line.split_once(':') {
            None => line.clone(),
            Some((at, cells)) => {
                let cells =
                    header.iter().zip(cells.split('|')).filter(|(_, cell)| !cell.is_empty());
                let cells: Vec<String> =
                    cells.map(|(name, cell)| format!("{name}={cell}")).collect();
                format!("{at}:{}", cells.join(" "))
            }
        };
        lines[1..].iter().map(name).collect()
    }

    #[test]
    fn lists_become_tables() {
        assert_eq!(
            named("Clients"),
            [
                "4:ClientId=C1 GivenName=Zoë & co FamilyName=O'Hara BirthDate=1980-02-01 \
                 Suburb=Reid DisabilityCode=A;B",
                "9:ClientId=C2",
            ]
        );
        assert_eq!(
            named("sessions"),
            [
                "12:SessionId=S1 CaseId=K SessionDate=2024-05-06 ServiceTypeId=5 ClientId=C1",
                "12!attended as a support person",
                "16!has no client",
            ]
        );
        assert_eq!(named("Cases"), ["10:CaseId=K ClientId=C1"]);
        let mut form = plain();
        form.sheet = Some("Outlets".to_owned());
        let expected = "f: has no sheet `Outlets`; it has `Clients`, `Cases`, `Sessions`, \
            `SessionAssessments`, `ClientAssessments`, `Events`";
        assert_eq!(rows(FILE.as_bytes(), &form), Err(expected.to_owned()));
    }

    #[test]
    fn scores_are_events_on_the_day_of_their_session() {
        let score = |case: &str, client: &str| {
            format!(
                "<ClientAssessment>{client}<CaseId>{case}</CaseId><SessionId>S1</SessionId>\
                 <Assessments><Assessment><ScoreTypeCode>GOALS</ScoreTypeCode>\
                 <AssessmentPhaseCode>PRE</AssessmentPhaseCode><Scores><ScoreCode>SKILLS3</ScoreCode>\
                 <ScoreCode>CRISIS1</ScoreCode></Scores></Assessment></Assessments>\
                 </ClientAssessment>"
            )
        };
        let scores = format!(
            "<ClientAssessments>{}\n{}</ClientAssessments>\n<SessionAssessments>{}\
             </SessionAssessments></DEXFileUpload>",
            score("K", "<ClientId>C1</ClientId>"),
            score("L", "<ClientId>C1</ClientId>"),
            score("K", "").replace("ClientAssessment", "SessionAssessment"),
        );
        let text = FILE.replace("</DEXFileUpload>", &scores);
        let mut form = plain();
        form.sheet = Some("events".to_owned());
        // Rows and those set aside come in two lists.
        let mut lines = rows(text.as_bytes(), &form).expect("rows");
        lines[1..].sort();
        assert_eq!(
            lines,
            [
                "SessionId|CaseId|SessionDate|ServiceTypeId|ClientId|ParticipationCode|\
                 ScoreTypeCode|AssessmentPhaseCode|ScoreCode",
                "12!attended as a support person",
                "12:S1|K|2024-05-06|5|C1||||",
                "16!has no client",
                "16:S1|K|2024-05-06|5|C1||GOALS|PRE|CRISIS1",
                "16:S1|K|2024-05-06|5|C1||GOALS|PRE|SKILLS3",
                "17!no session that stands before it in the file is its own",
                "18!is of a group, and of no client",
            ]
        );
    }

    #[test]
    fn the_known_description_names_what_is_there() {
        let project = Project::parse(&Preset::Dex.toml("yard", "2026"), "p").expect("the preset");
        let name = "agency-d".parse().expect("a name");
        let spec = SourceSpec::dex(&name, &project).expect("sound");
        assert_eq!(spec.check_against(&project), [""; 0]);
        let events = spec.events.as_ref().expect("events");
        let mut columns: Vec<&String> = spec.columns.values().chain([&spec.record_id]).collect();
        columns.extend(spec.consent.iter().map(|consent| &consent.column));
        columns.extend(spec.accuracy.as_ref().map(|accuracy| &accuracy.column));
        assert!(columns.iter().all(|column| SHEETS[0].elements.contains(&column.as_str())));
        let columns = [&events.record_id, &events.start].into_iter().chain(&events.keep);
        let mut columns = columns.map(String::as_str);
        assert!(columns.all(|column| SHEETS[5].elements.contains(&column)));
        assert_eq!(spec.form().sheet.as_deref(), Some("Clients"));
        assert_eq!(spec.events_form(events).sheet.as_deref(), Some("Events"));
    }

    #[test]
    fn consent_to_be_contacted_again_is_asked_where_the_agreement_is_for_that() {
        let mut project =
            Project::parse(&Preset::Dex.toml("yard", "2026"), "p").expect("the preset");
        let name = "agency-d".parse().expect("a name");
        for (purposes, asked) in [
            (vec![], vec!["ConsentToProvideDetails"]),
            (vec!["research"], vec!["ConsentToProvideDetails"]),
            (
                vec!["research", "follow-up"],
                vec!["ConsentToProvideDetails", "ConsentedForFutureContacts"],
            ),
        ] {
            project.purposes = purposes.into_iter().map(str::to_owned).collect();
            let spec = SourceSpec::dex(&name, &project).expect("sound");
            let columns: Vec<&str> = spec.consent.iter().map(|c| c.column.as_str()).collect();
            assert_eq!(columns, asked);
            // Each is asked whatever else the records are for.
            assert!(spec.consent.iter().all(|consent| consent.purposes.is_empty()));
        }
    }

    #[test]
    fn hostile_or_broken_files_are_refused() {
        let wrapped = |inner: &str| {
            format!("<DEXFileUpload><Clients><Client>{inner}</Client></Clients></DEXFileUpload>")
        };
        let deep = format!("{}{}", "<a>".repeat(99), "</a>".repeat(99));
        let long = format!("<a>{}</a>", "x".repeat(MAX_RECORD_BYTES + 100_000));
        for (text, expected) in [
            (
                format!("<!DOCTYPE a [<!ENTITY b \"c\">]>\n{FILE}")
                    .replace("<?xml version=\"1.0\"?>", ""),
                "f line 1: has a document type declaration (DOCTYPE)",
            ),
            (wrapped("<a>&b;</a>"), "f line 1: is not sound as a DEX upload file"),
            (wrapped("<a>x</b>"), "f line 1: is not sound as a DEX upload file"),
            (wrapped(&deep), "f line 1: is not sound as a DEX upload file"),
            (wrapped(&long), "f line 1: the row that begins here is longer than 1 MiB"),
            (
                FILE[..FILE.find("<Cases>").unwrap_or(0)].to_owned(),
                "f line 10: is not sound as a DEX upload file",
            ),
            (FILE.replace("Clients>", "Others>"), "f: has a header but no data rows"),
        ] {
            assert_eq!(rows(text.as_bytes(), &plain()), Err(expected.to_owned()));
        }
        let many = wrapped(&"<a>yyyyyyyy</a>".repeat(150_000));
        let lines = rows(many.as_bytes(), &plain()).expect("rows");
        assert_eq!(lines[1..], ["1!is longer than 1 MiB"]);
    }
}
