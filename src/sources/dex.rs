//! The bulk-upload file of the Data Exchange (DEX): `DEXFileUpload` with lists of clients, cases
//! and sessions. Each list is a table whose columns are the names of its elements. A session is
//! one row for each client who attended it. Streams: memory follows one record.

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use jiff::civil::{Date, DateTime};
use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::error::Error;
use super::feed::{Halt, LOOKED_AT, LOOKED_AT_BYTES, NEW_NAME, Names, Sink};
use super::form::{Form, Pen};
use super::kind::{DEX_ROOT, Kind};
use super::records::MAX_RECORD_BYTES;
use super::spec::{Encoding, SourceSpec};
use super::unpack;
use crate::config;
use crate::ids::SourceName;
use crate::project::Project;

/// The Data Exchange takes no larger file.
pub(super) const MOST_UPLOADED: u64 = 10_000_000;

/// Elements within elements go no deeper than this.
const MOST_DEEP: usize = 64;

/// What the rows of one record may come to, where each repeats what they have in common.
const MOST_REPEATED: usize = 64 << 20;

/// One of the lists of an upload file.
struct List {
    name: &'static str,
    record: &'static str,
    /// The element of a record that makes a row of its own.
    each: Option<&'static str>,
    /// Its usual elements: columns even where no record has them.
    elements: &'static [&'static str],
}

#[rustfmt::skip]
const LISTS: [List; 3] = [
    List {
        name: "Clients",
        record: "Client",
        each: None,
        elements: &[
            "ClientId", "Slk", "ConsentToProvideDetails", "ConsentedForFutureContacts",
            "GivenName", "FamilyName", "IsUsingPsuedonym", "BirthDate", "IsBirthDateAnEstimate",
            "GenderCode", "CountryOfBirthCode", "LanguageSpokenAtHomeCode",
            "AboriginalOrTorresStraitIslanderOriginCode", "HasDisabilities", "Suburb",
            "StateCode", "Postcode",
        ],
    },
    List {
        name: "Cases",
        record: "Case",
        each: Some("CaseClient"),
        elements: &["CaseId", "OutletActivityId", "ClientId", "ReferralSourceCode"],
    },
    List {
        name: "Sessions",
        record: "Session",
        each: Some("SessionClient"),
        elements: &[
            "SessionId", "CaseId", "SessionDate", "ServiceTypeId", "ClientId",
            "ParticipationCode",
        ],
    },
];

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
# every organisation; OutletActivityId of the case is the organisation's own.
[events]
sheet = "Sessions"
record_id = "ClientId"
program = "ServiceTypeId"
start = "SessionDate"
end = "SessionDate"
date_format = "%Y-%m-%d"
"#;

impl SourceSpec {
    /// The source that a DEX upload file is, for the fields of a project.
    ///
    /// # Errors
    /// None; the description is a fixed text.
    pub fn dex(name: &SourceName, project: &Project) -> Result<SourceSpec, config::Error> {
        let text = DEX_SOURCE.replace("{name}", name.as_str());
        let mut spec = SourceSpec::parse(&text, "a DEX upload file")?;
        let has = |name: &String| project.fields.iter().any(|field| field.name == *name);
        spec.columns.retain(|name, _| has(name));
        spec.further_columns.retain(|name, _| has(name));
        Ok(spec)
    }
}

/// Reads a list of an upload file.
pub(super) fn read(
    reader: Box<dyn Read + Send>,
    shown: &Path,
    form: &Form,
    sink: &mut Sink,
) -> Result<(), Halt> {
    let asked = form.sheet.as_deref().unwrap_or(LISTS[0].name);
    let Some(list) = LISTS.iter().find(|list| list.name.eq_ignore_ascii_case(asked.trim())) else {
        let have = LISTS.iter().map(|list| list.name.to_owned()).collect();
        let (file, sheet) = (sink.file().to_owned(), asked.to_owned());
        return Err(Error::NoSheet { file, sheet, have }.into());
    };
    let mut names = Names::default();
    for element in list.elements {
        names.place_or_new(element);
    }
    let mut records = Elements::new(reader, shown, list, sink.file().to_owned());
    let mut first = Vec::new();
    let mut held = 0;
    while first.len() < LOOKED_AT && held < LOOKED_AT_BYTES {
        let Some(record) = records.next()? else { break };
        let values = record.shared.iter().chain(record.each.iter().flatten());
        for (name, value) in values {
            names.place_or_new(name);
            held += name.len() + value.len();
        }
        first.push(record);
    }
    sink.header(names.all().to_vec(), None)?;
    let pens: Vec<Pen> = names.all().iter().map(|name| form.pen(name)).collect();
    let mut table = Table { list, names, pens, cells: Vec::new() };
    for record in first {
        table.rows(record, sink)?;
    }
    while let Some(record) = records.next()? {
        table.rows(record, sink)?;
    }
    Ok(())
}

/// Values by the names of their elements, in order.
type Values = Vec<(String, String)>;

/// One record of a list.
#[derive(Default)]
struct Record {
    line: u64,
    shared: Values,
    each: Vec<Values>,
    /// Bytes of all names and values.
    bytes: usize,
}

/// The rows of a list.
struct Table {
    list: &'static List,
    names: Names,
    pens: Vec<Pen>,
    cells: Vec<String>,
}

impl Table {
    fn rows(&mut self, record: Record, sink: &mut Sink) -> Result<(), Halt> {
        let Record { line, shared, each, bytes } = record;
        if bytes > MAX_RECORD_BYTES || bytes.saturating_mul(each.len()) > MOST_REPEATED {
            return sink.reject(line, "is longer than 1 MiB".to_owned());
        }
        if self.list.each.is_none() {
            return self.row(line, &shared, &[], sink);
        }
        if each.is_empty() {
            return sink.reject(line, "has no client".to_owned());
        }
        for own in &each {
            let is_support = |(name, value): &(String, String)| {
                name == "ParticipationCode" && value.to_uppercase().starts_with("SUPPORT")
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
        shared: &[(String, String)],
        own: &[(String, String)],
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

/// A day as XML writes it, with or without a time. A zone is that of the agency.
fn day(text: &str) -> Option<DateTime> {
    let local = text.get(..19).filter(|_| text.as_bytes().get(10) == Some(&b'T')).unwrap_or(text);
    match local.len() {
        10 => local.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0)),
        _ => local.parse().ok(),
    }
}

/// The records of one list of an XML file.
struct Elements<'f> {
    xml: Reader<Bounded>,
    buffer: Vec<u8>,
    shown: &'f Path,
    file: String,
    list: &'static List,
    /// The local names of the elements that are open.
    open: Vec<String>,
    /// Whether the element at hand has elements in it.
    has_elements: bool,
    text: String,
    record: Record,
}

impl<'f> Elements<'f> {
    fn new(
        reader: Box<dyn Read + Send>,
        shown: &'f Path,
        list: &'static List,
        file: String,
    ) -> Self {
        let reader = BufReader::with_capacity(1 << 16, reader);
        Elements {
            xml: Reader::from_reader(Bounded { reader, line: 1, since: 0 }),
            buffer: Vec::new(),
            shown,
            file,
            list,
            open: Vec::new(),
            has_elements: false,
            text: String::new(),
            record: Record::default(),
        }
    }

    /// The next record of the list; nothing at the end of the file.
    fn next(&mut self) -> Result<Option<Record>, Halt> {
        loop {
            let mut buffer = std::mem::take(&mut self.buffer);
            buffer.clear();
            self.xml.get_mut().since = 0;
            let event = self.xml.read_event_into(&mut buffer);
            let line = self.xml.get_ref().line;
            let is_done = match event {
                Ok(Event::Start(element)) => {
                    self.start(&element, line)?;
                    false
                }
                Ok(Event::Empty(element)) => {
                    self.start(&element, line)?;
                    self.end(line)?
                }
                Ok(Event::End(_)) => self.end(line)?,
                Ok(Event::Text(text)) => {
                    self.add(&text);
                    false
                }
                Ok(Event::CData(text)) => {
                    self.add(&text);
                    false
                }
                Ok(Event::GeneralRef(reference)) => {
                    match character(&reference) {
                        Some(c) => self.add(c.encode_utf8(&mut [0; 4])),
                        None => return Err(self.unsound(line)),
                    }
                    false
                }
                Ok(Event::DocType(_)) => {
                    return Err(Error::DocumentType { file: self.file.clone(), line }.into());
                }
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => false,
                Ok(Event::Eof) if self.open.is_empty() => return Ok(None),
                Ok(Event::Eof) => return Err(self.unsound(line)),
                Err(e) => return Err(self.explain(e, line)),
            };
            self.buffer = buffer;
            if is_done {
                return Ok(Some(std::mem::take(&mut self.record)));
            }
        }
    }

    fn start(&mut self, element: &BytesStart<'_>, line: u64) -> Result<(), Halt> {
        let name = element.local_name();
        let name: &str = name.as_ref();
        if self.open.len() >= MOST_DEEP || self.open.is_empty() && name != DEX_ROOT {
            return Err(self.unsound(line));
        }
        self.open.push(name.to_owned());
        self.has_elements = false;
        self.text.clear();
        if self.is_record() {
            self.record = Record { line, ..Record::default() };
        } else if self.is_in_record() && self.list.each == Some(name) {
            self.record.each.push(Values::new());
        }
        Ok(())
    }

    /// Ends the element at hand; gives whether it is a whole record.
    fn end(&mut self, line: u64) -> Result<bool, Halt> {
        let is_record = self.is_record();
        let is_value = self.is_in_record() && !self.has_elements;
        let Some(name) = self.open.pop() else { return Err(self.unsound(line)) };
        self.has_elements = true;
        if is_value && self.list.each != Some(&name) {
            let is_own = self.open.iter().any(|open| self.list.each == Some(open));
            let value = self.text.trim();
            self.record.bytes += name.len() + value.len();
            // Of a record that is too long no more is kept than shows that it is.
            if !value.is_empty() && self.record.bytes <= MAX_RECORD_BYTES {
                let value = value.to_owned();
                match self.record.each.last_mut().filter(|_| is_own) {
                    Some(own) => own.push((name, value)),
                    None => self.record.shared.push((name, value)),
                }
            }
        }
        self.text.clear();
        Ok(is_record)
    }

    fn add(&mut self, text: &str) {
        if self.is_in_record() && self.text.len() <= MAX_RECORD_BYTES {
            self.text.push_str(text);
        }
    }

    fn is_record(&self) -> bool {
        matches!(&self.open[..], [_, list, record]
            if list == self.list.name && record == self.list.record)
    }

    fn is_in_record(&self) -> bool {
        self.open.len() > 3 && self.open[1] == self.list.name && self.open[2] == self.list.record
    }

    fn unsound(&self, line: u64) -> Halt {
        Error::Unsound { file: self.file.clone(), kind: Kind::Dex, line: Some(line) }.into()
    }

    fn explain(&self, e: quick_xml::Error, line: u64) -> Halt {
        let file = self.file.clone();
        match e {
            quick_xml::Error::Io(e) if e.get_ref().is_some_and(|inner| inner.is::<TooLong>()) => {
                Error::TooLong { file, line, quote: None }.into()
            }
            quick_xml::Error::Io(e) => unpack::broken(&e, self.shown).into(),
            quick_xml::Error::Encoding(_) => {
                Error::Malformed { file, line, declared: Encoding::Utf8 }.into()
            }
            _ => self.unsound(line),
        }
    }
}

/// The character that a reference stands for: by number, or one of the five that XML defines.
fn character(reference: &BytesRef<'_>) -> Option<char> {
    if let Ok(Some(c)) = reference.resolve_char_ref() {
        return Some(c);
    }
    let name: &str = reference;
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "apos" => '\'',
        "quot" => '"',
        _ => return None,
    })
}

/// A text or a tag longer than any.
#[derive(Debug, thiserror::Error)]
#[error("longer than 1 MiB")]
struct TooLong;

/// Counts lines, and stops a text or tag that does not end.
struct Bounded {
    reader: BufReader<Box<dyn Read + Send>>,
    line: u64,
    since: usize,
}

impl Read for Bounded {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let length = bytes.len().min(into.len());
        into[..length].copy_from_slice(&bytes[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Bounded {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.since > MAX_RECORD_BYTES {
            true => Err(io::Error::other(TooLong)),
            false => self.reader.fill_buf(),
        }
    }

    fn consume(&mut self, length: usize) {
        let used = &self.reader.buffer()[..length];
        self.line += memchr::memchr_iter(b'\n', used).count() as u64;
        self.since += length;
        self.reader.consume(length);
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
        let expected = "f: has no sheet `Outlets`; it has `Clients`, `Cases`, `Sessions`";
        assert_eq!(rows(FILE.as_bytes(), &form), Err(expected.to_owned()));
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
        assert!(columns.iter().all(|column| LISTS[0].elements.contains(&column.as_str())));
        let columns = [&events.record_id, &events.start];
        assert!(columns.iter().all(|column| LISTS[2].elements.contains(&column.as_str())));
        assert_eq!(spec.form().sheet.as_deref(), Some("Clients"));
        assert_eq!(spec.events_form(events).sheet.as_deref(), Some("Sessions"));
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
