//! Excel workbooks: one sheet, read row by row. Cells that hold days are written as the source
//! declares, whole numbers as such. Rows are numbered as in the sheet.

use std::io::{self, BufReader, Read, Seek};

use calamine::{
    CellErrorType, DataRef, ExcelDateTime, Reader, Sheet, SheetType, SheetVisible, Xlsx,
};
use jiff::civil::{Date, DateTime};
use zip::ZipArchive;

use super::columns::DIGITS;
use super::error::Error;
use super::feed::{Halt, Sink};
use super::form::{Form, Pen};
use super::kind::Kind;
use super::unpack::{FREE, MOST_TIMES};

/// Reads a sheet of a workbook.
pub(super) fn read(mut bytes: impl Read + Seek, form: &Form, sink: &mut Sink) -> Result<(), Halt> {
    let unsound = |sink: &Sink, line| -> Halt {
        Error::Unsound { file: sink.file().to_owned(), kind: Kind::Workbook, line }.into()
    };
    match is_bounded(&mut bytes) {
        Some(true) => {}
        Some(false) => return Err(Error::Swollen { file: sink.file().to_owned() }.into()),
        None => return Err(unsound(sink, None)),
    }
    let mut book = Xlsx::new(BufReader::new(bytes)).map_err(|_| unsound(sink, None))?;
    let sheet = choose(book.sheets_metadata(), form, sink)?;
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|_| unsound(sink, None))?;
    let mut rows = Rows { form, line: 0, pens: None, cells: Vec::new(), fault: None };
    loop {
        let line = rows.line;
        let Some(cell) = cells.next_cell().map_err(|_| unsound(sink, Some(line)))? else { break };
        let (row, column) = cell.get_position();
        let line = u64::from(row) + 1;
        if line != rows.line {
            rows.end(sink)?;
            // Rows that do not follow one another have no place in a sound sheet.
            if line < rows.line {
                return Err(unsound(sink, Some(line)));
            }
            rows.line = line;
        }
        rows.put(column as usize, cell.get_value());
    }
    rows.end(sink)
}

/// Whether what a workbook unpacks to is bounded; nothing where it cannot be unpacked. What an
/// archive says of its own sizes may be untrue, so all of it is unpacked once.
fn is_bounded(bytes: &mut (impl Read + Seek)) -> Option<bool> {
    let size = bytes.seek(io::SeekFrom::End(0)).ok()?;
    bytes.rewind().ok()?;
    let mut archive = ZipArchive::new(&mut *bytes).ok()?;
    let mut left = FREE.max(size.saturating_mul(MOST_TIMES));
    for at in 0..archive.len() {
        let entry = archive.by_index(at).ok()?;
        let unpacked = io::copy(&mut entry.take(left + 1), &mut io::sink()).ok()?;
        match left.checked_sub(unpacked) {
            Some(rest) => left = rest,
            None => return Some(false),
        }
    }
    bytes.rewind().ok()?;
    Some(true)
}

/// The sheet that was asked for, or the first that can be seen.
fn choose(sheets: &[Sheet], form: &Form, sink: &Sink) -> Result<String, Halt> {
    let sheets = || sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let have = || sheets().map(|sheet| sheet.name.clone()).collect::<Vec<_>>();
    let file = sink.file().to_owned();
    let Some(asked) = &form.sheet else {
        let first = sheets().find(|sheet| sheet.visible == SheetVisible::Visible);
        let first = first.or_else(|| sheets().next());
        return first.map(|sheet| sheet.name.clone()).ok_or(Error::Empty { file }.into());
    };
    let plain = |name: &str| name.trim().to_lowercase();
    let mut exact = sheets().filter(|sheet| sheet.name == *asked);
    let mut alike = sheets().filter(|sheet| plain(&sheet.name) == plain(asked));
    exact
        .next()
        .or_else(|| alike.next())
        .map(|sheet| sheet.name.clone())
        .ok_or_else(|| Error::NoSheet { file, sheet: asked.clone(), have: have() }.into())
}

/// The row at hand, and how its columns are written.
struct Rows<'f> {
    form: &'f Form,
    line: u64,
    /// One for each column, once the header was read.
    pens: Option<Vec<Pen>>,
    cells: Vec<String>,
    fault: Option<&'static str>,
}

const BROKEN: &str = "holds a formula that failed";
const BEYOND: &str = "has a value in a column without a heading";

impl Rows<'_> {
    fn put(&mut self, column: usize, value: &DataRef<'_>) {
        let plain = Pen::default();
        let pen = match &self.pens {
            Some(pens) => pens.get(column),
            None => Some(&plain),
        };
        let mut text = String::new();
        match write(value, pen.unwrap_or(&plain), &mut text) {
            Err(fault) => self.fault = Some(fault),
            Ok(()) if text.trim().is_empty() => {}
            Ok(()) if pen.is_none() => self.fault = Some(BEYOND),
            Ok(()) => {
                if self.cells.len() <= column {
                    self.cells.resize(column + 1, String::new());
                }
                self.cells[column] = text;
            }
        }
    }

    /// Hands the row on; the first that is not blank is the header.
    fn end(&mut self, sink: &mut Sink) -> Result<(), Halt> {
        let mut cells = std::mem::take(&mut self.cells);
        let fault = self.fault.take();
        let Some(pens) = &self.pens else {
            if !cells.is_empty() {
                self.pens = Some(cells.iter().map(|name| self.form.pen(name)).collect());
                sink.header(cells, None)?;
            }
            return Ok(());
        };
        if let Some(fault) = fault {
            return sink.reject(self.line, fault.to_owned());
        }
        if cells.is_empty() {
            return Ok(());
        }
        cells.resize(pens.len(), String::new());
        for cell in &cells {
            sink.cell(cell);
        }
        sink.end_row(self.line)
    }
}

/// Writes the value of a cell.
fn write(value: &DataRef<'_>, pen: &Pen, into: &mut String) -> Result<(), &'static str> {
    match value {
        DataRef::Empty => {}
        DataRef::Int(number) => pen.whole(i128::from(*number), into),
        DataRef::Float(number) => pen.number(*number, into).map_err(|_| DIGITS)?,
        DataRef::String(text) => into.push_str(text),
        DataRef::SharedString(text) => into.push_str(text),
        DataRef::Bool(value) => into.push_str(if *value { "true" } else { "false" }),
        DataRef::DateTime(value) if value.is_duration() => {
            pen.number(value.as_f64(), into).map_err(|_| DIGITS)?;
        }
        DataRef::DateTime(value) => {
            pen.moment(moment(value).ok_or("holds a date beyond the calendar")?, into);
        }
        DataRef::DateTimeIso(text) => match text.parse::<DateTime>() {
            Ok(moment) => pen.moment(moment, into),
            Err(_) => into.push_str(text),
        },
        DataRef::DurationIso(text) => into.push_str(text),
        // #N/A and #NULL! say that there is nothing.
        DataRef::Error(CellErrorType::NA | CellErrorType::Null) => {}
        DataRef::Error(_) => return Err(BROKEN),
    }
    Ok(())
}

fn moment(value: &ExcelDateTime) -> Option<DateTime> {
    let (year, month, day, hour, minute, second, _) = value.to_ymd_hms_milli();
    let day =
        Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let hour = i8::try_from(hour).ok()?;
    Some(day.ok()?.at(hour, i8::try_from(minute).ok()?, i8::try_from(second).ok()?, 0))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rust_xlsxwriter::{ExcelDateTime as Day, Format, Formula, Workbook};
    use zip::write::SimpleFileOptions;

    use super::super::SourceSpec;
    use super::super::table::tests::{plain, read as rows};
    use super::*;

    fn form() -> Form {
        let text = "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = \"%d%m%Y\"\n\
            [columns]\nfamily_name = \"name\"\nbirth_date = \"dob\"\npostcode = \"pc\"\n";
        SourceSpec::parse(text, "a.toml").expect("a source").form()
    }

    /// Two sheets; the first has a blank row before and within, and a title nobody sees.
    fn workbook() -> Vec<u8> {
        let mut book = Workbook::new();
        let date = Format::new().set_num_format("dd/mm/yyyy");
        let day = |y, m, d| Day::from_ymd(y, m, d).expect("a day");
        let sheet = book.add_worksheet().set_name("Clients 2024").expect("a name");
        for (column, name) in (0..).zip(["id", "name", "dob", "pc", "seen"]) {
            sheet.write(1, column, name).expect("written");
        }
        sheet.write(2, 0, 7).expect("written");
        sheet.write(2, 1, "O'Hara\nLee").expect("written");
        sheet.write_with_format(2, 2, day(1980, 2, 1), &date).expect("written");
        sheet.write(2, 3, 800).expect("written");
        sheet.write_with_format(2, 4, day(2024, 12, 31), &date).expect("written");
        sheet.write(4, 0, 1.5).expect("written");
        sheet.write(4, 2, 1_021_980).expect("written");
        sheet.write(4, 4, true).expect("written");
        sheet.write(5, 6, "beyond").expect("written");
        sheet.write_formula(6, 0, Formula::new("=1/0").set_result("#DIV/0!")).expect("written");
        let other = book.add_worksheet().set_name("Services").expect("a name");
        other.write(0, 0, "id").expect("written");
        other.write(1, 0, "x").expect("written");
        book.save_to_buffer().expect("a workbook")
    }

    #[test]
    fn typed_cells_become_text() {
        let read = rows(&workbook(), &form()).expect("rows");
        assert_eq!(
            read[..5],
            [
                "id|name|dob|pc|seen",
                "3:7|O'Hara\nLee|01021980|0800|2024-12-31",
                "5:1.5||01021980||true",
                "6!has a value in a column without a heading",
                "7!holds a formula that failed",
            ]
        );
    }

    #[test]
    fn sheets_are_found_by_name() {
        let mut form = plain();
        form.sheet = Some(" services".to_owned());
        assert_eq!(rows(&workbook(), &form), Ok(vec!["id".to_owned(), "2:x".to_owned()]));
        form.sheet = Some("Cases".to_owned());
        let expected = "f: has no sheet `Cases`; it has `Clients 2024`, `Services`";
        assert_eq!(rows(&workbook(), &form), Err(expected.to_owned()));
    }

    #[test]
    fn workbooks_that_are_cut_off_or_swell_are_refused() {
        let whole = workbook();
        for at in (4..whole.len()).step_by(997) {
            let refused = rows(&whole[..at], &plain());
            assert_eq!(refused, Err("f: is not sound as an Excel workbook (.xlsx)".to_owned()));
        }
        let mut archive = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        archive.start_file("xl/workbook.xml", options).expect("a file");
        for _ in 0..65 {
            archive.write_all(&vec![b' '; 1 << 20]).expect("written");
        }
        let bomb = archive.finish().expect("an archive").into_inner();
        let refused = rows(&bomb, &plain());
        assert_eq!(refused, Err("f: unpacks to far more than its size allows".to_owned()));
    }
}
