//! The files of a run, below one staged folder named after who may have them.

use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::ops::Range;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::events::{Events, Line};
use super::export::Aside;
use super::mixed::Mixed;
use super::record::RunRecord;
use crate::disclosure::Count;
use crate::encode::people::{People, Records};
use crate::encode::rows::Rows;
use crate::files::sheet::CsvFile;
use crate::files::{Readers, Staged};
use crate::ids::RowId;
use crate::package::{self, Manifest};
use crate::sources::{FileNames, Row, SourceSpec};

/// The agency's own key, below the output folder.
pub(super) const AGENCY_KEY: &str = "keep/agency.key";

/// Writes the package; gives its name below the output folder, and its digest.
pub(super) fn package(
    staged: &Staged,
    source: &SourceSpec,
    manifest: Manifest,
    rows: Rows<'_>,
) -> Result<(String, String), crate::Error> {
    let name = format!("to-linkage-unit/{}.package.arrow", source.name);
    let mut out = staged.create(&name, Readers::Default)?;
    let columns = rows.columns;
    let rows = package::Rows { manifest, row_ids: rows.row_ids, quality: rows.quality };
    let digest = package::write_rows(rows, &columns, &mut out)?;
    out.finish()?;
    Ok((name, digest))
}

/// The row id of each record number, found by a table of hashes: events ask in any order, and a
/// search through the sorted numbers would wait for memory at each of its twenty steps.
#[derive(Debug)]
pub(super) struct RowIds<'a> {
    records: &'a Records,
    people: &'a People,
    /// By rank.
    row_ids: &'a [RowId],
    hasher: RandomState,
    /// Twice as many places as ranks and more; a rank and one, from the place of its hash on.
    /// Made when somebody asks: not every source has events.
    places: OnceLock<Vec<u32>>,
}

impl<'a> RowIds<'a> {
    pub(super) fn new(records: &'a Records, people: &'a People, row_ids: &'a [RowId]) -> Self {
        let (hasher, places) = (RandomState::new(), OnceLock::new());
        RowIds { records, people, row_ids, hasher, places }
    }

    fn places(&self) -> Vec<u32> {
        let mut places = vec![0; (2 * self.row_ids.len() + 1).next_power_of_two()];
        for rank in 0..self.row_ids.len() {
            // A record number of several rows has the row id of the first, as they all have.
            if let Err(free) = self.place(&places, self.id(rank)) {
                places[free] = rank as u32 + 1;
            }
        }
        places
    }

    fn id(&self, rank: usize) -> &'a str {
        self.records.id(self.people.order[rank])
    }

    /// The rank of a record number, or the free place where it would stand.
    fn place(&self, places: &[u32], record_id: &str) -> Result<usize, usize> {
        let mask = places.len() - 1;
        let mut at = self.hasher.hash_one(record_id) as usize & mask;
        loop {
            match places[at] {
                0 => return Err(at),
                rank if self.id(rank as usize - 1) == record_id => return Ok(rank as usize - 1),
                _ => at = (at + 1) & mask,
            }
        }
    }

    pub(super) fn of(&self, record_id: &str) -> Option<RowId> {
        let places = self.places.get_or_init(|| self.places());
        self.place(places, record_id).ok().map(|rank| self.row_ids[rank])
    }

    /// The lines of `rows.csv` from these ranks: each record number once.
    fn lines(&self, ranks: Range<usize>) -> Vec<u8> {
        in_memory(ranks.len() * 48, |writer| {
            for rank in ranks {
                let id = self.id(rank);
                if rank == 0 || self.id(rank - 1) != id {
                    writer.write_record([id.as_bytes(), &self.row_ids[rank].digits()])?;
                }
            }
            Ok(())
        })
    }
}

/// Ranks, and events, that are written as one piece of parallel work.
const PIECE: usize = 1 << 14;

/// Writes `rows.csv`, which never leaves the agency, sorted by record number.
pub(super) fn keep_rows(
    staged: &Staged,
    source: &SourceSpec,
    row_ids: &RowIds<'_>,
) -> Result<(), crate::Error> {
    let mut file = staged.create(&format!("keep/{}.rows.csv", source.name), Readers::Owner)?;
    let mut write = |bytes: &[u8]| file.write_all(bytes).map_err(|e| file.error(e));
    write(b"record_id,row_id\n")?;
    let ranks = row_ids.row_ids.len();
    let pieces: Vec<usize> = (0..ranks).step_by(PIECE).collect();
    // A few pieces at a time: what is not written yet is held in memory.
    for group in pieces.chunks(64) {
        let lines = |&start: &usize| row_ids.lines(start..ranks.min(start + PIECE));
        for lines in group.par_iter().map(lines).collect::<Vec<_>>() {
            write(&lines)?;
        }
    }
    Ok(file.finish()?)
}

/// What became of the events.
#[derive(Debug)]
pub(super) struct WrittenEvents {
    pub(super) name: String,
    pub(super) read: u64,
    pub(super) written: u64,
    /// Of these, with an end in the future, which is left away.
    pub(super) ends_in_future: u64,
}

/// Writes `events.csv` for the analyst.
pub(super) fn events(
    staged: &Staged,
    source: &SourceSpec,
    events: Events,
    row_ids: &RowIds<'_>,
    asides: &mut Vec<Aside>,
) -> Result<WrittenEvents, crate::Error> {
    let name = format!("to-analyst/{}.events.csv", source.name);
    let Some(spec) = &source.events else {
        return Ok(WrittenEvents { name, read: 0, written: 0, ends_in_future: 0 });
    };
    let (lines, set_aside, ends_in_future) = events.keyed(spec, row_ids);
    let written = lines.len() as u64;
    let read = written + set_aside.len() as u64;
    asides.extend(set_aside);
    let mut file = staged.create(&name, Readers::Default)?;
    let header = ["row_id", "program", "start", "end"].into_iter();
    let header = header.chain(spec.keep.iter().map(String::as_str));
    let mut write = |bytes: &[u8]| file.write_all(bytes).map_err(|e| file.error(e));
    write(&in_memory(0, |writer| writer.write_record(header)))?;
    // A few pieces at a time: what is not written yet is held in memory.
    for group in lines.chunks(64 * PIECE) {
        for lines in group.par_chunks(PIECE).map(event_lines).collect::<Vec<_>>() {
            write(&lines)?;
        }
    }
    file.finish()?;
    Ok(WrittenEvents { name, read, written, ends_in_future })
}

/// Lines of CSV, of about so many bytes.
fn in_memory(
    room: usize,
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> csv::Result<()>,
) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::with_capacity(room));
    // Memory takes every line, and all have as many cells.
    let written = write(&mut writer);
    debug_assert!(written.is_ok());
    writer.into_inner().unwrap_or_default()
}

fn event_lines(lines: &[Line]) -> Vec<u8> {
    in_memory(lines.len() * 96, |writer| {
        lines.iter().try_for_each(|line| {
            let row_id = line.row_id.digits();
            let start = line.start.to_string();
            let end = line.end.map(|end| end.to_string()).unwrap_or_default();
            let mut cells = line.cells().map(str::as_bytes);
            let program = cells.next().unwrap_or_default();
            let first = [&row_id[..], program, start.as_bytes(), end.as_bytes()];
            writer.write_record(first.into_iter().chain(cells))
        })
    })
}

/// Writes `rejects.csv`: where and why, never a value.
pub(super) fn rejects(
    staged: &Staged,
    source: &SourceSpec,
    asides: &mut [Aside],
) -> Result<(), crate::Error> {
    asides.sort();
    let mut file = CsvFile::create(staged, &format!("keep/{}.rejects.csv", source.name))?;
    let named = asides.iter().any(|aside| aside.file.is_some());
    let heading = named.then_some("file").into_iter();
    file.line(heading.chain(["line", "column", "set_aside", "reason"]))?;
    for Aside { kind, file: place, line, column, reason } in asides.iter() {
        let column = column.as_deref().unwrap_or_default();
        let place = named.then_some(place.as_deref().unwrap_or_default()).into_iter();
        file.line(place.chain([line.to_string().as_str(), column, kind.name(), reason]))?;
    }
    Ok(file.finish()?)
}

/// The name of the list of [`mixed`] below the output folder.
pub(super) fn mixed_name(source: &SourceSpec) -> String {
    format!("keep/{}.different-people.csv", source.name)
}

/// Writes which rows of one record number are of different people, where there are any.
pub(super) fn mixed(
    staged: &Staged,
    source: &SourceSpec,
    records: &Records,
    mixed: &Mixed,
    files: &FileNames,
) -> Result<(), crate::Error> {
    if mixed.records.is_empty() {
        return Ok(());
    }
    let mut file = CsvFile::create(staged, &mixed_name(source))?;
    let is_named = files.of_several(0).is_some();
    file.line(["record_id"].into_iter().chain(is_named.then_some("file")).chain(["line"]))?;
    for &record in &mixed.records {
        let (place, line) = Row::file_and_line(records.place(record));
        let (name, line) = (files.of_several(place), line.to_string());
        let name = name.as_deref().into_iter();
        file.line([records.id(record)].into_iter().chain(name).chain([line.as_str()]))?;
    }
    Ok(file.finish()?)
}

/// Writes `left-out.csv` for the analyst; gives its name in the output.
pub(super) fn left_out(
    staged: &Staged,
    source: &SourceSpec,
    lines: &[(&str, Count)],
) -> Result<String, crate::Error> {
    let name = format!("to-analyst/{}.left-out.csv", source.name);
    let mut file = CsvFile::create_for(staged, &name, Readers::Default)?;
    file.line(["reason", "clients"])?;
    for (reason, count) in lines {
        let clients = count.shown().map_or("n.p.".to_owned(), |n| n.to_string());
        file.line([*reason, &clients])?;
    }
    file.finish()?;
    Ok(name)
}

/// Writes `run.json`.
pub(super) fn run_record(staged: &Staged, record: &RunRecord) -> Result<(), crate::Error> {
    let mut out = staged.create("keep/run.json", Readers::Owner)?;
    let mut json = serde_json::to_string_pretty(record).unwrap_or_default();
    json.push('\n');
    out.write_all(json.as_bytes()).map_err(|e| out.error(e))?;
    Ok(out.finish()?)
}
