//! Reading what an analyst holds: maps from the linkage unit and events from the agencies,
//! and refusing what an analyst must not hold (names, keys, tokens, record numbers).

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::ByteRecord;
use jiff::civil::Date;
use rayon::prelude::*;

use super::Error;
use super::cases;
use super::journey::{Day, Span};
use super::outcome::{Kept, Spec, Taken};
use crate::days;
use crate::files;
use crate::ids::{Band, PersonId, RowId, SourceName};
use crate::progress::Progress;

/// One line of a map: a row of a source and the person it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MapRow {
    pub(crate) row: RowId,
    /// Index into [`Maps::persons`].
    pub(crate) person: u32,
    pub(crate) band: Band,
    /// Which of [`Maps::sources`] it came from.
    pub(crate) source: u16,
}

/// Every map of a project.
#[derive(Debug)]
pub(crate) struct Maps {
    pub(crate) sources: Vec<SourceName>,
    /// Sorted.
    pub(crate) persons: Vec<PersonId>,
    /// Sorted by row id.
    pub(crate) rows: Vec<MapRow>,
}

impl Maps {
    /// How many rows each person has.
    pub(crate) fn rows_of_each(&self) -> Vec<u32> {
        let mut counts = vec![0; self.persons.len()];
        self.rows.iter().for_each(|row| counts[row.person as usize] += 1);
        counts
    }

    /// Numbers the people, given that of each row.
    fn number(&mut self, ids: Vec<PersonId>) {
        let mut order: Vec<(PersonId, u32)> = ids.into_iter().zip(0..).collect();
        order.par_sort_unstable();
        for same in order.chunk_by(|a, b| a.0 == b.0) {
            let person = self.persons.len() as u32;
            self.persons.push(same[0].0);
            same.iter().for_each(|&(_, row)| self.rows[row as usize].person = person);
        }
    }
}

/// One event: the row it belongs to, the program, when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Event {
    pub(crate) row: RowId,
    /// Index into [`Events::programs`].
    pub(crate) program: u16,
    pub(crate) span: Span,
    /// How many sessions of a case it stands for; nought where it is no case.
    pub(crate) sessions: u32,
}

/// A row of an events file that was set aside: where and why, never what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reject {
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) reason: &'static str,
}

/// Every event of every file, in reading order.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Program names, sorted.
    pub(crate) programs: Vec<String>,
    pub(crate) events: Vec<Event>,
    pub(crate) rejects: Vec<Reject>,
    /// What other columns say, and assessments.
    pub(crate) kept: Kept,
    /// Rows read, set aside ones included.
    pub(crate) read: u64,
    /// Of these, sessions of a case.
    pub(crate) sessions: u64,
    /// Of these, with an end in the future, and so open.
    pub(crate) ends_in_future: u64,
}

/// Reads every `<source>.map.csv` of a folder, or of its `to-analyst` folder.
///
/// # Errors
/// When there is no map, a map is malformed, two rows have one id, or the folder holds
/// what an analyst must not hold.
pub(crate) fn read_maps(dir: &Path, progress: &Progress) -> Result<Maps, Error> {
    let within = dir.join("to-analyst");
    let dir = if within.is_dir() { within } else { dir.to_owned() };
    let list = fs::read_dir(&dir).map_err(|e| files::io_error(&dir, "read", e))?;
    let mut paths = Vec::new();
    for entry in list {
        let path = entry.map_err(|e| files::io_error(&dir, "read", e))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.ends_with(".arrow") || name.ends_with(".rows.csv") {
            return Err(Error::NotForAnalysts { path, what: "a package or a row list" });
        }
        if name.ends_with(".map.csv") {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(Error::NoMaps { dir });
    }
    progress.begin("reading maps", None);
    let mut maps = Maps { sources: Vec::new(), persons: Vec::new(), rows: Vec::new() };
    let mut ids = Vec::new();
    for path in paths {
        read_map(&path, &mut maps, &mut ids, progress)?;
    }
    progress.end();
    maps.number(ids);
    maps.rows.par_sort_unstable_by_key(|r| (r.row, r.source, r.person));
    if let Some(pair) = maps.rows.windows(2).find(|w| w[0].row == w[1].row) {
        let name = |r: &MapRow| maps.sources[usize::from(r.source)].clone();
        return Err(Error::RowTwice { first: name(&pair[0]), second: name(&pair[1]) });
    }
    Ok(maps)
}

/// Reads one map; its people are not numbered yet, but put down row by row.
fn read_map(
    path: &Path,
    maps: &mut Maps,
    ids: &mut Vec<PersonId>,
    progress: &Progress,
) -> Result<(), Error> {
    let mut reader = reader(path)?;
    let header = header(path, &mut reader)?;
    if header != ["row_id", "person_id", "band"] {
        refuse_identifiers(path, &header)?;
        return Err(Error::Columns { path: path.to_owned(), expected: "row_id,person_id,band" });
    }
    let source = source_of(path, ".map.csv")?;
    let index = u16::try_from(maps.sources.len())
        .map_err(|_| Error::TooMany { what: "maps", limit: usize::from(u16::MAX) })?;
    maps.sources.push(source);
    let mut record = ByteRecord::new();
    let mut pending = 0;
    while read_record(path, &mut reader, &mut record)? {
        let line = line_of(&record);
        let fail = |column, expected| Error::Cell { path: path.to_owned(), line, column, expected };
        if record.len() != 3 {
            return Err(Error::Ragged { path: path.to_owned(), line });
        }
        let row = parse::<RowId>(&record[0])
            .ok_or_else(|| fail("row_id", "a row id of 32 hexadecimal digits"))?;
        let person = parse::<PersonId>(&record[1])
            .ok_or_else(|| fail("person_id", "a person id: `p` and 16 letters or digits"))?;
        let band = match record[2].trim_ascii() {
            b"single" => Band::Single,
            b"probable" => Band::Probable,
            b"definite" => Band::Definite,
            _ => return Err(fail("band", "`single`, `probable` or `definite`")),
        };
        maps.rows.push(MapRow { row, person: 0, band, source: index });
        ids.push(person);
        tick(progress, &mut pending);
    }
    progress.advance(pending);
    Ok(())
}

/// Reads event files. Malformed rows, and those that cannot have begun on their first day, are
/// set aside with line and reason.
///
/// # Errors
/// When a file cannot be read, lacks a column, or holds what an analyst must not hold.
pub(crate) fn read_events(
    paths: &[PathBuf],
    outcomes: &Spec,
    today: Date,
    progress: &Progress,
) -> Result<Events, Error> {
    let mut names = Names::default();
    let mut all = Events { kept: Kept::new(outcomes), ..Events::default() };
    // Whether anything is to be kept at all shows in the headers; what is wrong with a file is
    // said below.
    for path in paths {
        if let Ok(header) = reader(path).and_then(|mut reader| header(path, &mut reader)) {
            all.kept.look(&header);
        }
    }
    let mut seen: Vec<SourceName> = Vec::new();
    progress.begin("reading events", None);
    for path in paths {
        if path.extension().is_some_and(|e| e == "arrow") {
            return Err(Error::NotForAnalysts { path: path.clone(), what: "a package" });
        }
        let source = source_of(path, ".events.csv")?;
        if seen.contains(&source) {
            return Err(Error::SourceTwice { name: source });
        }
        read_event_file(path, &source, today, &mut all, &mut names, progress)?;
        seen.push(source);
    }
    progress.end();
    names.sort(&mut all);
    Ok(all)
}

fn read_event_file(
    path: &Path,
    source: &SourceName,
    today: Date,
    all: &mut Events,
    names: &mut Names,
    progress: &Progress,
) -> Result<(), Error> {
    let mut reader = reader(path)?;
    let header = header(path, &mut reader)?;
    refuse_identifiers(path, &header)?;
    let columns = ["row_id", "program", "start", "end"];
    let mut at = [0; 4];
    for (slot, name) in at.iter_mut().zip(columns) {
        let mut found = header.iter().enumerate().filter(|(_, h)| *h == name);
        match (found.next(), found.next()) {
            (Some((i, _)), None) => *slot = i,
            _ => {
                let expected = "row_id,program,start,end once each, then the kept columns";
                return Err(Error::Columns { path: path.to_owned(), expected });
            }
        }
    }
    let case = header.iter().position(|h| h == "case_id");
    let mut cases = Vec::new();
    let shown = path.file_name().map(|n| files::clean(n.as_ref())).unwrap_or_default();
    all.kept.open(source.as_str(), &header);
    let mut record = ByteRecord::new();
    let mut pending = 0;
    while read_record(path, &mut reader, &mut record)? {
        all.read += 1;
        let line = line_of(&record);
        if line < 64 && kept_token(&record, at[0]) {
            return Err(Error::NotForAnalysts { path: path.to_owned(), what: "a token column" });
        }
        let event = if record.len() == header.len() {
            event(at.map(|i| &record[i]), today, names)?
        } else {
            Err("not as many cells as the header")
        };
        let event = event.map(|(event, ends_in_future)| {
            all.ends_in_future += u64::from(ends_in_future);
            event
        });
        let taken = event.map(|event| (all.kept.take(&event, &record), event));
        match taken {
            Ok((Taken::Episode, event)) => match case.map(|at| record[at].trim_ascii()) {
                Some(number) if !number.is_empty() => cases.push((cases::code(number), event)),
                _ => all.events.push(event),
            },
            Ok((Taken::Assessment, _)) => {}
            Ok((Taken::Unusable(reason), _)) | Err(reason) => {
                all.rejects.push(Reject { file: shown.clone(), line, reason });
            }
        }
        tick(progress, &mut pending);
    }
    progress.advance(pending);
    all.sessions += cases::put_together(cases, &mut all.events);
    Ok(())
}

/// An event, and whether its end is in the future. The outer error stops the run; the inner
/// reason sets the row aside.
fn event(
    cells: [&[u8]; 4],
    today: Date,
    names: &mut Names,
) -> Result<Result<(Event, bool), &'static str>, Error> {
    let [row, program, start, end] = cells;
    let parsed = (|| {
        let row = parse::<RowId>(row).ok_or("row_id is not 32 hexadecimal digits")?;
        let program = std::str::from_utf8(program).map_err(|_| "program is not UTF-8 text")?;
        if program.trim().is_empty() {
            return Err("program is empty");
        }
        let start = date(start).ok_or("start is not a date YYYY-MM-DD")?;
        let end = match end.trim_ascii() {
            b"" => None,
            text => Some(date(text).ok_or("end is not a date YYYY-MM-DD, nor empty")?),
        };
        if end.is_some_and(|end| end < start) {
            return Err("end is before start");
        }
        if let Some(reason) = days::fault_of_start(start, today) {
            return Err(reason);
        }
        let open = end.filter(|end| days::is_open(*end, today));
        let end = end.filter(|_| open.is_none()).map(Day::of);
        Ok((row, program, Span { start: Day::of(start), end }, open.is_some()))
    })();
    match parsed {
        Ok((row, program, span, ends_in_future)) => {
            let program = names.code(program)?;
            Ok(Ok((Event { row, program, span, sessions: 0 }, ends_in_future)))
        }
        Err(reason) => Ok(Err(reason)),
    }
}

/// Program names, interned in order of appearance.
#[derive(Default)]
struct Names {
    codes: std::collections::HashMap<String, u16>,
    list: Vec<String>,
}

impl Names {
    fn code(&mut self, raw: &str) -> Result<u16, Error> {
        if let Some(&code) = self.codes.get(raw) {
            return Ok(code);
        }
        let too_many = Error::TooMany { what: "programs", limit: usize::from(u16::MAX) };
        if self.codes.len() >= usize::from(u16::MAX) {
            return Err(too_many);
        }
        let name = tidy(raw);
        let code = match self.list.iter().position(|n| *n == name) {
            Some(code) => code,
            None => {
                self.list.push(name);
                self.list.len() - 1
            }
        };
        let code = u16::try_from(code).map_err(|_| too_many)?;
        self.codes.insert(raw.to_owned(), code);
        Ok(code)
    }

    /// Renumbers the events so that program codes follow the order of the names, which no
    /// longer depends on the order of the files.
    fn sort(self, all: &mut Events) {
        let mut order: Vec<(String, usize)> =
            self.list.into_iter().enumerate().map(|(i, n)| (n, i)).collect();
        order.sort();
        let mut new_code = vec![0u16; order.len()];
        for (new, (_, old)) in order.iter().enumerate() {
            new_code[*old] = new as u16;
        }
        for event in &mut all.events {
            event.program = new_code[usize::from(event.program)];
        }
        all.kept.renumber(&new_code);
        all.programs = order.into_iter().map(|(name, _)| name).collect();
    }
}

/// A program name fit for tables: one line, no control or direction characters, no runs of
/// blanks, at most 80 characters.
pub(super) fn tidy(raw: &str) -> String {
    let plain: String =
        raw.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|&c| !turns(c)).collect();
    let name = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.char_indices().nth(80) {
        Some((cut, _)) => format!("{}…", &name[..cut]),
        None => name,
    }
}

/// Characters that turn or hide text.
fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn date(text: &[u8]) -> Option<Date> {
    let text = text.trim_ascii();
    if text.len() != 10 || text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let number = |part: &[u8]| {
        part.iter().try_fold(0i16, |n, b| b.is_ascii_digit().then(|| n * 10 + i16::from(b - b'0')))
    };
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn parse<T: FromStr>(cell: &[u8]) -> Option<T> {
    std::str::from_utf8(cell).ok()?.trim().parse().ok()
}

/// `<source>` of a file name `<source><suffix>`.
fn source_of(path: &Path, suffix: &'static str) -> Result<SourceName, Error> {
    let name = path.file_name().and_then(|n| n.to_str());
    name.and_then(|n| n.strip_suffix(suffix))
        .and_then(|n| n.parse().ok())
        .ok_or_else(|| Error::FileName { path: path.to_owned(), suffix })
}

fn reader(path: &Path) -> Result<csv::Reader<impl Read + use<>>, Error> {
    let mut file = files::open(path)?;
    // A byte-order mark or an Arrow file shows in the first bytes.
    let mut first = [0u8; 6];
    let mut got = 0;
    while got < first.len() {
        match file.read(&mut first[got..]).map_err(|e| files::io_error(path, "read", e))? {
            0 => break,
            n => got += n,
        }
    }
    if &first == b"ARROW1" {
        return Err(Error::NotForAnalysts { path: path.to_owned(), what: "a package" });
    }
    if first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]) {
        return Err(Error::Utf16 { path: path.to_owned() });
    }
    let skip = if first.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let start = io::Cursor::new(first[skip..got.max(skip)].to_vec());
    let whole = start.chain(file);
    Ok(csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        // The reader counts lines right with this one only; cells are trimmed where used.
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(1 << 18)
        .from_reader(whole))
}

fn header<R: Read>(path: &Path, reader: &mut csv::Reader<R>) -> Result<Vec<String>, Error> {
    let mut record = ByteRecord::new();
    if !read_record(path, reader, &mut record)? {
        return Err(Error::Empty { path: path.to_owned() });
    }
    Ok(record.iter().map(|c| String::from_utf8_lossy(c).trim().to_ascii_lowercase()).collect())
}

fn read_record<R: Read>(
    path: &Path,
    reader: &mut csv::Reader<R>,
    record: &mut ByteRecord,
) -> Result<bool, Error> {
    loop {
        let more = reader.read_byte_record(record).map_err(|e| match e.into_kind() {
            csv::ErrorKind::Io(e) => files::io_error(path, "read", e).into(),
            _ => Error::Columns { path: path.to_owned(), expected: "a CSV file" },
        })?;
        let blank = record.len() == 1 && record[0].trim_ascii().is_empty();
        if !more || !blank {
            return Ok(more);
        }
    }
}

fn line_of(record: &ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

fn tick(progress: &Progress, pending: &mut u64) {
    *pending += 1;
    if *pending == 1 << 14 {
        progress.advance(std::mem::take(pending));
    }
}

/// Column names that say who somebody is, or that belong to a package, without separators.
const IDENTIFYING: [&str; 32] = [
    "surname",
    "familyname",
    "lastname",
    "givenname",
    "firstname",
    "middlename",
    "fullname",
    "clientname",
    "preferredname",
    "name",
    "dob",
    "dateofbirth",
    "birthdate",
    "birthday",
    "slk",
    "slk581",
    "statisticallinkagekey",
    "recordid",
    "clientid",
    "address",
    "street",
    "phone",
    "mobile",
    "email",
    "medicare",
    "medicarenumber",
    "crn",
    "token",
    "fuzzy",
    "clk",
    "personid",
    "matchkey",
];

/// Role separation: an analyst sees content, never identifiers or tokens (`SECURITY.md`).
fn refuse_identifiers(path: &Path, header: &[String]) -> Result<(), Error> {
    let plain =
        |name: &str| -> String { name.chars().filter(char::is_ascii_alphanumeric).collect() };
    for (at, name) in header.iter().enumerate() {
        let name = plain(name);
        let given_away = IDENTIFYING.contains(&name.as_str())
            || ["slk", "surname", "dateofbirth", "token", "matchkey"]
                .iter()
                .any(|w| name.starts_with(w) || name.ends_with(w));
        if given_away {
            return Err(Error::Identifying { path: path.to_owned(), column: at + 1 });
        }
    }
    Ok(())
}

/// Whether a cell beside the row id looks like a token: 32 or more hexadecimal digits.
fn kept_token(record: &ByteRecord, row_id: usize) -> bool {
    record
        .iter()
        .enumerate()
        .any(|(i, cell)| i != row_id && cell.len() >= 32 && cell.iter().all(u8::is_ascii_hexdigit))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in files {
            fs::write(dir.path().join(name), text).expect("written");
        }
        dir
    }

    fn events(text: &str) -> Result<Events, Error> {
        let dir = folder(&[("a.events.csv", text)]);
        let today = jiff::civil::date(2026, 7, 1);
        let files = [dir.path().join("a.events.csv")];
        read_events(&files, &Spec::default(), today, &Progress::silent())
    }

    const ROW: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn bad_rows_are_set_aside_with_line_and_reason() {
        let good = format!("{ROW},Housing,2024-01-01,\r\n");
        let text = format!(
            "\u{feff}Row_ID,program,start,end\r\n{good}zz,Housing,2024-01-01,\r\n\
             {ROW},,2024-01-01,\r\n{ROW},Housing,2024-02-30,\r\n{ROW},Housing,2024-03-01,2024-02-01\r\n\
             {ROW},Housing,2024-01-01\r\n{good}{ROW},Housing,2062-03-01,9999-12-31\r\n\
             {ROW},Housing,1024-03-01,2024-03-01\r\n{ROW},Housing,2024-01-01,2024-02-30\r\n"
        );
        let read = events(&text).expect("read");
        assert_eq!((read.read, read.events.len()), (10, 2));
        let reasons: Vec<(u64, &str)> = read.rejects.iter().map(|r| (r.line, r.reason)).collect();
        assert_eq!(
            reasons,
            [
                (3, "row_id is not 32 hexadecimal digits"),
                (4, "program is empty"),
                (5, "start is not a date YYYY-MM-DD"),
                (6, "end is before start"),
                (7, "not as many cells as the header"),
                (9, "the first day is in the future"),
                (10, "the first day is 1 January 1900 or earlier"),
                (11, "end is not a date YYYY-MM-DD, nor empty"),
            ]
        );
    }

    #[test]
    fn an_end_in_the_future_is_none() {
        let text = format!(
            "row_id,program,start,end\n{ROW},Housing,2024-01-01,9999-12-31\n\
             {ROW},Housing,2024-01-01,2062-03-01\n{ROW},Housing,2024-01-01,2026-07-02\n\
             {ROW},Housing,2024-01-01,2026-07-01\n"
        );
        let read = events(&text).expect("read");
        assert_eq!((read.events.len(), read.ends_in_future), (4, 3));
        let ended: Vec<bool> = read.events.iter().map(|e| e.span.end.is_some()).collect();
        assert_eq!(ended, [false, false, false, true]);
    }

    #[test]
    fn what_an_analyst_must_not_hold_is_refused() {
        for column in ["surname", "Date of birth", "SLK581", "record_id", "slk_quality", "token_1"]
        {
            let text = format!("row_id,program,start,end,{column}\n");
            assert!(matches!(events(&text), Err(Error::Identifying { column: 5, .. })), "{column}");
        }
        let token = format!("row_id,program,start,end,x\n{ROW},A,2024-01-01,,{ROW}\n");
        assert!(matches!(events(&token), Err(Error::NotForAnalysts { .. })));
        assert!(matches!(events("ARROW1\0\0"), Err(Error::NotForAnalysts { .. })));
        let dir = folder(&[("a.package.arrow", ""), ("a.map.csv", "row_id,person_id,band\n")]);
        let maps = read_maps(dir.path(), &Progress::silent());
        assert!(matches!(maps, Err(Error::NotForAnalysts { .. })));
    }

    #[test]
    fn programs_are_numbered_by_name_and_cleaned() {
        let text = format!(
            "program,row_id,start,end,reason\nZeta,{ROW},2024-01-01,,x\n\
             \"Al\u{202e}pha\n  one\",{ROW},2024-01-01,,x\n"
        );
        let read = events(&text).expect("read");
        assert_eq!(read.programs, ["Alpha one", "Zeta"]);
        assert_eq!(read.events.iter().map(|e| e.program).collect::<Vec<_>>(), [1, 0]);
    }

    #[test]
    fn one_row_in_two_maps_is_an_error() {
        let map = format!("row_id,person_id,band\n{ROW},p0000000000000000,single\n");
        let dir = folder(&[("a.map.csv", &map), ("b.map.csv", &map)]);
        let maps = read_maps(dir.path(), &Progress::silent());
        assert!(matches!(maps, Err(Error::RowTwice { .. })));
    }

    #[test]
    fn a_damaged_map_says_where() {
        let map = format!("row_id,person_id,band\n{ROW},p0000000000000000,sure\n");
        let dir = folder(&[("a.map.csv", &map)]);
        let error = read_maps(dir.path(), &Progress::silent()).expect_err("refused");
        let text = error.to_string();
        assert!(text.contains("line 2, column band") && !text.contains("sure"), "{text}");
    }
}
