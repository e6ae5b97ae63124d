//! The files of one agency in the form it keeps them: CSV, a workbook, Parquet, JSON Lines or a
//! DEX upload. Takes rows as CSV, which every form holds alike; what is typed there (days,
//! postcodes) is typed as the programs of agencies would have it.

use std::io::Write;
use std::sync::Arc;

use arrow_array::builder::{Date32Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use csv::{ReaderBuilder, StringRecord};
use jiff::civil::{Date, date};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use super::Error;
use super::record::COLUMNS;
use super::{EVENT_COLUMNS, Service};
use crate::files::{OutFile, Readers, Staged};

/// What kind of files are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum As {
    /// `export.csv` and `events.csv`.
    #[default]
    Csv,
    /// `export.xlsx` with two sheets, days and postcodes as numbers.
    Workbook,
    /// `export.parquet` and `events.parquet`.
    Parquet,
    /// `export.jsonl` and `events.jsonl`.
    JsonLines,
    /// `upload.xml`, as the Data Exchange takes it.
    Dex,
}

/// The sheet of a made workbook that holds the events.
pub(super) const EVENTS_SHEET: &str = "Services";

/// How a made file writes days.
const DAY: &str = "%d/%m/%Y";

/// The open files of one agency.
pub(super) enum AgencyFiles {
    Csv { export: OutFile, events: OutFile },
    Workbook { book: Box<Workbook>, rows: [u32; 2], out: OutFile },
    Parquet { export: Columns, events: Columns },
    JsonLines { export: OutFile, events: OutFile },
    Dex { clients: OutFile, cases: Vec<u8>, sessions: Vec<u8>, number: u64 },
}

impl AgencyFiles {
    pub(super) fn begin(
        staged: &Staged,
        service: Service,
        kind: As,
        columns: &[&str],
    ) -> Result<Self, Error> {
        let name = service.facts().name;
        let create = |file: &str| staged.create(&format!("{name}/{file}"), Readers::Default);
        Ok(match kind {
            As::Csv => {
                let (mut export, mut events) = (create("export.csv")?, create("events.csv")?);
                put(&mut export, format!("{}\n", columns.join(",")).as_bytes())?;
                put(&mut events, format!("{}\n", EVENT_COLUMNS.join(",")).as_bytes())?;
                AgencyFiles::Csv { export, events }
            }
            As::Workbook => {
                let mut book = Box::new(Workbook::new());
                // The day of making would make every file another one.
                let day = ExcelDateTime::from_ymd(2026, 1, 1).map_err(|_| Error::Row)?;
                book.set_properties(&DocProperties::new().set_creation_datetime(&day));
                for (sheet, names) in [("Clients", columns), (EVENTS_SHEET, &EVENT_COLUMNS[..])] {
                    let sheet = book.add_worksheet().set_name(sheet).map_err(|_| Error::Row)?;
                    sheet.write_row(0, 0, names.iter().copied()).map_err(|_| Error::Row)?;
                }
                AgencyFiles::Workbook { book, rows: [1, 1], out: create("export.xlsx")? }
            }
            As::Parquet => AgencyFiles::Parquet {
                export: Columns::begin(create("export.parquet")?, columns, &[])?,
                events: Columns::begin(
                    create("events.parquet")?,
                    &EVENT_COLUMNS,
                    &["start_date", "end_date"],
                )?,
            },
            As::JsonLines => AgencyFiles::JsonLines {
                export: create("export.jsonl")?,
                events: create("events.jsonl")?,
            },
            As::Dex => {
                let mut clients = create("upload.xml")?;
                put(
                    &mut clients,
                    b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<DEXFileUpload>\n<Clients>\n",
                )?;
                AgencyFiles::Dex { clients, cases: Vec::new(), sessions: Vec::new(), number: 0 }
            }
        })
    }

    /// Adds rows, given as CSV without a header.
    pub(super) fn put(
        &mut self,
        service: Service,
        columns: &[&str],
        records: &[u8],
        event_rows: &[u8],
    ) -> Result<(), Error> {
        match self {
            AgencyFiles::Csv { export, events } => {
                put(export, records)?;
                put(events, event_rows)
            }
            AgencyFiles::Workbook { book, rows, .. } => {
                let names = [columns, &EVENT_COLUMNS[..]];
                for (at, bytes) in [records, event_rows].into_iter().enumerate() {
                    let sheet = book.worksheet_from_index(at).map_err(|_| Error::Row)?;
                    for row in table(bytes)? {
                        sheet_row(sheet, rows[at], &row, names[at]).map_err(|_| Error::Sheet)?;
                        rows[at] += 1;
                    }
                }
                Ok(())
            }
            AgencyFiles::Parquet { export, events } => {
                export.put(&table(records)?)?;
                events.put(&table(event_rows)?)
            }
            AgencyFiles::JsonLines { export, events } => {
                put(export, &objects(columns, &table(records)?)?)?;
                put(events, &objects(&EVENT_COLUMNS, &table(event_rows)?)?)
            }
            AgencyFiles::Dex { clients, cases, sessions, number } => {
                for row in table(records)? {
                    put(clients, client(&row).as_bytes())?;
                }
                for row in table(event_rows)? {
                    *number += 1;
                    cases.extend(case(&row, *number).bytes());
                    sessions.extend(session(&row, *number, service).bytes());
                }
                Ok(())
            }
        }
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        match self {
            AgencyFiles::Csv { export, events } | AgencyFiles::JsonLines { export, events } => {
                export.finish()?;
                events.finish()?;
            }
            AgencyFiles::Workbook { mut book, mut out, .. } => {
                let bytes = book.save_to_buffer().map_err(|_| Error::Row)?;
                put(&mut out, &bytes)?;
                out.finish()?;
            }
            AgencyFiles::Parquet { export, events } => {
                export.finish()?;
                events.finish()?;
            }
            AgencyFiles::Dex { mut clients, cases, sessions, .. } => {
                put(&mut clients, b"</Clients>\n<Cases>\n")?;
                put(&mut clients, &cases)?;
                put(&mut clients, b"</Cases>\n<Sessions>\n")?;
                put(&mut clients, &sessions)?;
                put(&mut clients, b"</Sessions>\n</DEXFileUpload>\n")?;
                clients.finish()?;
            }
        }
        Ok(())
    }
}

fn put(file: &mut OutFile, bytes: &[u8]) -> Result<(), Error> {
    file.write_all(bytes).map_err(|e| file.error(e).into())
}

fn table(bytes: &[u8]) -> Result<Vec<StringRecord>, Error> {
    let mut reader = ReaderBuilder::new().has_headers(false).from_reader(bytes);
    Ok(reader.records().collect::<Result<_, _>>()?)
}

fn day(text: &str) -> Option<Date> {
    Date::strptime(DAY, text).ok()
}

/// Writes a row as a person types it: a day becomes a day, a number a number. Client numbers,
/// names and places are text.
fn sheet_row(
    sheet: &mut Worksheet,
    row: u32,
    cells: &StringRecord,
    names: &[&str],
) -> Result<(), rust_xlsxwriter::XlsxError> {
    let date = Format::new().set_num_format("dd/mm/yyyy");
    for ((column, cell), name) in (0..).zip(cells).zip(names) {
        let typed = match *name {
            "birth_date" | "start_date" | "end_date" => day(cell).and_then(|day| {
                let (year, month, day) = (day.year(), day.month() as u8, day.day() as u8);
                ExcelDateTime::from_ymd(u16::try_from(year).ok()?, month, day).ok()
            }),
            _ => None,
        };
        let is_number =
            cell.len() <= 4 && !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit());
        let is_code = *name == "postcode" && cell.len() == 4 || !cell.starts_with('0');
        match (typed, cell) {
            (_, "") => {}
            (Some(day), _) => drop(sheet.write_with_format(row, column, &day, &date)?),
            (None, code) if is_number && is_code && *name != "suburb" => {
                let number: u32 = code.parse().unwrap_or_default();
                sheet.write(row, column, number)?;
            }
            (None, text) => drop(sheet.write(row, column, text)?),
        }
    }
    Ok(())
}

/// One JSON object a line; what is empty is null.
fn objects(names: &[&str], rows: &[StringRecord]) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    for row in rows {
        let mut separator = b'{';
        for (name, cell) in names.iter().zip(row) {
            bytes.push(separator);
            separator = b',';
            let cell = (!cell.is_empty()).then_some(cell);
            serde_json::to_writer(&mut bytes, name).map_err(|_| Error::Row)?;
            bytes.push(b':');
            serde_json::to_writer(&mut bytes, &cell).map_err(|_| Error::Row)?;
        }
        bytes.extend(b"}\n");
    }
    Ok(bytes)
}

/// A Parquet file being written.
pub(super) struct Columns {
    writer: Box<ArrowWriter<OutFile>>,
    schema: SchemaRef,
}

impl Columns {
    fn begin(out: OutFile, names: &[&str], days: &[&str]) -> Result<Columns, Error> {
        let field = |name: &&str| {
            let is_day = days.contains(name);
            Field::new(*name, if is_day { DataType::Date32 } else { DataType::Utf8 }, true)
        };
        let schema = Arc::new(Schema::new(names.iter().map(field).collect::<Vec<_>>()));
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY);
        let writer = ArrowWriter::try_new(out, schema.clone(), Some(properties.build()));
        Ok(Columns { writer: Box::new(writer.map_err(|_| Error::Row)?), schema })
    }

    fn put(&mut self, rows: &[StringRecord]) -> Result<(), Error> {
        let epoch = date(1970, 1, 1);
        let column = |(at, field): (usize, &Arc<Field>)| -> ArrayRef {
            let cells = rows.iter().map(|row| row.get(at).filter(|cell| !cell.is_empty()));
            if field.data_type() == &DataType::Date32 {
                let mut days = Date32Builder::new();
                cells.for_each(|cell| {
                    days.append_option(cell.and_then(day).map(|day| (day - epoch).get_days()));
                });
                return Arc::new(days.finish());
            }
            let mut texts = StringBuilder::new();
            cells.for_each(|cell| texts.append_option(cell));
            Arc::new(texts.finish())
        };
        let columns = self.schema.fields().iter().enumerate().map(column).collect();
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(|_| Error::Row)?;
        self.writer.write(&batch).map_err(|_| Error::Row)
    }

    fn finish(self) -> Result<(), Error> {
        Ok(self.writer.into_inner().map_err(|_| Error::Row)?.finish()?)
    }
}

/// A client of a DEX upload. Without consent there are no names in it.
fn client(row: &StringRecord) -> String {
    let cell = |name: &str| {
        let at = COLUMNS.iter().position(|column| *column == name);
        at.and_then(|at| row.get(at)).unwrap_or_default()
    };
    let consents = cell("collect_consent") == "1" && cell("share_consent") == "1";
    let name = |column: &str| if consents { cell(column) } else { "" };
    let sex = match cell("sex") {
        "1" => "MALE",
        "2" => "FEMALE",
        "3" => "OTHER",
        "" => "",
        _ => "NOTSTATED",
    };
    // Days that no calendar has are sent as they were recorded.
    let born = match cell("birth_date").split('/').collect::<Vec<_>>()[..] {
        [day, month, year] => format!("{year}-{month}-{day}"),
        _ => String::new(),
    };
    let estimated = cell("birth_date_estimated") == "1";
    let values = [
        ("ClientId", cell("client_id")),
        ("ConsentToProvideDetails", if consents { "true" } else { "false" }),
        ("ConsentedForFutureContacts", "false"),
        ("GivenName", name("given_name")),
        ("FamilyName", name("family_name")),
        ("IsUsingPsuedonym", "false"),
        ("BirthDate", &born),
        ("IsBirthDateAnEstimate", if estimated { "true" } else { "false" }),
        ("GenderCode", sex),
        // Not stated, each in its own code.
        ("CountryOfBirthCode", "0003"),
        ("LanguageSpokenAtHomeCode", "0002"),
        ("AboriginalOrTorresStraitIslanderOriginCode", "NOTSTATED"),
        ("HasDisabilities", "false"),
    ];
    let address =
        [("Suburb", cell("suburb")), ("StateCode", cell("state")), ("Postcode", cell("postcode"))];
    let address = elements(&address);
    let address = format!("<ResidentialAddress>{address}</ResidentialAddress>");
    format!("<Client>{}{address}</Client>\n", elements(&values))
}

/// A case of a DEX upload: an episode.
fn case(row: &StringRecord, number: u64) -> String {
    let id = format!("K{number}");
    let values = [
        ("CaseId", id.as_str()),
        ("OutletActivityId", "1"),
        ("TotalNumberOfUnidentifiedClients", "0"),
    ];
    let client = elements(&[("ClientId", row.get(0).unwrap_or_default())]);
    let client = format!("<CaseClients><CaseClient>{client}</CaseClient></CaseClients>");
    format!("<Case>{}{client}</Case>\n", elements(&values))
}

/// A session of a DEX upload: an episode's first day.
fn session(row: &StringRecord, number: u64, service: Service) -> String {
    let cell = |at: usize| row.get(at).unwrap_or_default();
    let date = day(cell(2)).map(|day| day.to_string()).unwrap_or_default();
    let program = service.program_number(cell(1)).to_string();
    let (session, case) = (format!("S{number}"), format!("K{number}"));
    let values = [
        ("SessionId", session.as_str()),
        ("CaseId", &case),
        ("SessionDate", &date),
        ("ServiceTypeId", &program),
        ("TotalNumberOfUnidentifiedClients", "0"),
    ];
    let client = elements(&[("ClientId", cell(0)), ("ParticipationCode", "CLIENT")]);
    let client =
        format!("<SessionClients><SessionClient>{client}</SessionClient></SessionClients>");
    format!("<Session>{}{client}</Session>\n", elements(&values))
}

fn elements(values: &[(&str, &str)]) -> String {
    let filled = values.iter().filter(|(_, value)| !value.is_empty());
    filled
        .map(|(name, value)| format!("<{name}>{}</{name}>", quick_xml::escape::escape(*value)))
        .collect()
}
