//! A synthetic population in several agency exports, with truth. Takes a number of people,
//! a number of agencies and a seed; gives each agency an export and its events, and says in
//! `truth.csv` which records are one person. Nobody in it is real; the same plan gives the
//! same bytes on every machine, at any thread count.

mod agency;
mod contact;
mod describe;
mod draw;
mod household;
mod journey;
mod names;
mod record;

use std::io::Write;
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;

use crate::error::{Class, Fault};
use crate::files::{self, OutFile, Overwrite, Readers, Staged};
use crate::progress::Progress;
use crate::project::{Extra, Preset};
use agency::AgencyFiles;
pub use agency::As;
use draw::Draws;
use household::{Day, LAST_DAY, Person};
use journey::{Episode, Service};
use names::Sex;
use record::{COLUMNS, Record};

/// The columns of an events file; reasons, referrals, dwellings and tenures are codes of the
/// Common Dataset items 3.1.1, 4.2.3, 3.3.1 and 3.3.2.
const EVENT_COLUMNS: [&str; 12] = [
    "client_id",
    "program",
    "start_date",
    "end_date",
    "reason_for_presenting",
    "referral_to",
    "dwelling",
    "tenure",
    "dwelling_at_end",
    "tenure_at_end",
    "sex",
    "age",
];

/// Added to the seed for addresses and telephone numbers.
const CONTACTS: u64 = 0xc0_47ac_7000_0000;
/// Added to the seed for what is drawn apart from the people and their journeys.
const ASIDE: u64 = 0x5eed_a51d_e000_0000;

/// What the agreement of a made population is called.
const PROJECT_ID: &str = "synthetic-town";
/// The period it covers: that of the events.
const PERIOD: &str = "2023-2025";

/// Households that are made and ordered together.
const CHUNK: u64 = 4_096;

/// The most people a plan may have: client numbers have eight digits, two for each person.
pub const MOST_PEOPLE: u64 = 50_000_000;

/// What to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    people: u64,
    sources: usize,
    seed: u64,
    kind: As,
    extras: Vec<Extra>,
}

impl Plan {
    /// So many people, known to the first `sources` of eight kinds of agency.
    ///
    /// # Errors
    /// When there are no people, more than [`MOST_PEOPLE`], or not 2 to 8 agencies.
    pub fn new(people: u64, sources: usize, seed: u64) -> Result<Plan, Error> {
        if !(1..=MOST_PEOPLE).contains(&people) {
            return Err(Error::People);
        }
        if !(2..=Service::ALL.len()).contains(&sources) {
            return Err(Error::Sources);
        }
        Ok(Plan { people, sources, seed, kind: As::Csv, extras: Vec::new() })
    }

    /// The same people in files of another kind.
    pub fn in_files(self, kind: As) -> Plan {
        Plan { kind, ..self }
    }

    /// The same people with further columns; a DEX upload has no room for them.
    pub fn with(self, extras: Vec<Extra>) -> Plan {
        Plan { extras, ..self }
    }

    /// The columns of an export.
    fn columns(&self) -> Vec<&'static str> {
        COLUMNS.into_iter().chain(self.extras().into_iter().map(Extra::name)).collect()
    }

    /// The further fields that its files have.
    fn extras(&self) -> Vec<Extra> {
        Extra::ALL.into_iter().filter(|extra| self.has(*extra)).collect()
    }

    fn has(&self, extra: Extra) -> bool {
        self.extras.contains(&extra) && self.kind != As::Dex
    }
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// People in all.
    pub people: u64,
    /// People known to more than one agency.
    pub people_in_several: u64,
    /// The agencies, in the order of their folders.
    pub sources: Vec<MadeSource>,
}

/// What was made for one agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MadeSource {
    /// Its name, which is that of its folder.
    pub name: String,
    /// Rows of its export.
    pub records: u64,
    /// Records that are a second one of the same person.
    pub duplicates: u64,
    /// Rows of its events.
    pub events: u64,
}

/// Why a population could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Too few or too many people.
    #[error("the number of people must be 1 to {MOST_PEOPLE}")]
    People,
    /// Too few or too many agencies.
    #[error("the number of sources must be 2 to 8")]
    Sources,
    /// A row that could not be put into words; never by a fault of the caller.
    #[error("a row could not be written")]
    Row,
    /// More rows than a sheet has.
    #[error("the sheet of a workbook has at most 1,048,576 rows")]
    Sheet,
    /// The folder could not be written.
    #[error(transparent)]
    File(#[from] files::Error),
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::People | Error::Sources | Error::Sheet => Class::Usage,
            Error::Row => Class::Internal,
            Error::File(e) => e.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::File(e) => e.hint(),
            Error::Sheet => Some("make fewer people, or files of another kind".into()),
            _ => None,
        }
    }
}

impl From<csv::Error> for Error {
    fn from(_: csv::Error) -> Self {
        Error::Row
    }
}

/// Makes the population and writes it: for each agency a folder with its export, its events
/// and `source.toml`, and beside them `project.toml` and `truth.csv`. With these `deidentify`
/// works as it is, once a key is made.
///
/// # Errors
/// When `out` is there already and may not be replaced, or cannot be written.
pub fn write(
    plan: &Plan,
    out: &Path,
    overwrite: Overwrite,
    progress: &Progress,
) -> Result<Made, Error> {
    let staged = Staged::folder(out, overwrite)?;
    let services = &Service::ALL[..plan.sources];
    let mut files = Files::begin(&staged, services, plan)?;
    let mut made = Made {
        people: plan.people,
        people_in_several: 0,
        sources: services.iter().map(|s| MadeSource::empty(s.facts().name)).collect(),
    };
    progress.begin("making people", Some(plan.people));
    let chunks = chunks(plan);
    // As many chunks in memory at a time as keep every core busy; written in their order.
    for some in chunks.chunks(2 * rayon::current_num_threads()) {
        let parts: Vec<Result<Part, Error>> = some.par_iter().map(|c| part(plan, c)).collect();
        for (part, chunk) in parts.into_iter().zip(some) {
            let part = part?;
            files.write(&part)?;
            made.add(&part);
            progress.advance(chunk.people);
        }
    }
    progress.end();
    files.finish()?;
    let project = Preset::CommonDataset.toml_with(PROJECT_ID, PERIOD, &plan.extras());
    settings(&staged, "project.toml", &project)?;
    for service in services {
        let name = format!("{}/source.toml", service.facts().name);
        settings(&staged, &name, &describe::source_toml(*service, plan.kind, &plan.columns()))?;
    }
    staged.commit()?;
    Ok(made)
}

impl MadeSource {
    fn empty(name: &str) -> Self {
        MadeSource { name: name.to_owned(), records: 0, duplicates: 0, events: 0 }
    }
}

impl Made {
    fn add(&mut self, part: &Part) {
        self.people_in_several += part.people_in_several;
        for (total, of_part) in self.sources.iter_mut().zip(&part.sources) {
            total.records += of_part.records;
            total.duplicates += of_part.duplicates;
            total.events += of_part.events;
        }
    }
}

/// The open files of a population.
struct Files {
    agencies: Vec<(Service, AgencyFiles)>,
    /// Those of an export.
    columns: Vec<&'static str>,
    truth: OutFile,
}

impl Files {
    fn begin(staged: &Staged, services: &[Service], plan: &Plan) -> Result<Files, Error> {
        let columns = plan.columns();
        let begin = |service: &Service| {
            AgencyFiles::begin(staged, *service, plan.kind, &columns).map(|files| (*service, files))
        };
        let agencies = services.iter().map(begin).collect::<Result<_, _>>()?;
        let mut truth = staged.create("truth.csv", Readers::Default)?;
        put(&mut truth, b"rec_id,person_id\n")?;
        Ok(Files { agencies, columns, truth })
    }

    fn write(&mut self, part: &Part) -> Result<(), Error> {
        for ((service, files), source) in self.agencies.iter_mut().zip(&part.sources) {
            files.put(*service, &self.columns, &source.export, &source.event_rows)?;
        }
        put(&mut self.truth, &part.truth)
    }

    fn finish(self) -> Result<(), Error> {
        for (_, files) in self.agencies {
            files.finish()?;
        }
        Ok(self.truth.finish()?)
    }
}

fn settings(staged: &Staged, name: &str, text: &str) -> Result<(), Error> {
    let mut file = staged.create(name, Readers::Default)?;
    put(&mut file, text.as_bytes())?;
    Ok(file.finish()?)
}

fn put(file: &mut OutFile, bytes: &[u8]) -> Result<(), Error> {
    file.write_all(bytes).map_err(|e| file.error(e).into())
}

/// Households that are made together, and the number of their first person.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    first_household: u64,
    households: u64,
    first_person: u64,
    people: u64,
}

/// Every chunk of a plan; the last household loses those who would be too many.
fn chunks(plan: &Plan) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let (mut person, mut household) = (0, 0);
    while person < plan.people {
        let first =
            Chunk { first_household: household, households: 0, first_person: person, people: 0 };
        let mut chunk = first;
        while chunk.households < CHUNK && chunk.first_person + chunk.people < plan.people {
            let mut draws = Draws::of_household(plan.seed, household);
            chunk.people += household::people_in(&mut draws) as u64;
            chunk.households += 1;
            household += 1;
        }
        chunk.people = chunk.people.min(plan.people - person);
        person += chunk.people;
        chunks.push(chunk);
    }
    chunks
}

/// The rows that one chunk adds to every file.
struct Part {
    sources: Vec<PartSource>,
    truth: Vec<u8>,
    people_in_several: u64,
}

/// The rows that one chunk adds to the files of one agency.
#[derive(Default)]
struct PartSource {
    export: Vec<u8>,
    event_rows: Vec<u8>,
    records: u64,
    duplicates: u64,
    events: u64,
}

/// What one agency holds of one chunk, before it is put in order and into words.
#[derive(Default)]
struct Desk {
    records: Vec<(u64, u64, Record)>,
    events: Vec<Visit>,
    duplicates: u64,
}

/// One episode of a client.
struct Visit {
    client: u64,
    episode: Episode,
    /// Common Dataset 1.4.1.
    sex: &'static str,
    /// In years, when it began.
    age: i32,
}

fn part(plan: &Plan, chunk: &Chunk) -> Result<Part, Error> {
    let mut desks: Vec<Desk> = (0..plan.sources).map(|_| Desk::default()).collect();
    let has_contacts = !plan.extras().is_empty();
    let mut people_in_several = 0;
    let mut number = chunk.first_person;
    let end = chunk.first_person + chunk.people;
    for household in chunk.first_household..chunk.first_household + chunk.households {
        let mut draws = Draws::of_household(plan.seed, household);
        let people = household::household(&mut draws);
        let mut journeys = journey::journeys(&people, plan.sources, &mut draws);
        let mut aside = Draws::of_household(plan.seed.wrapping_add(ASIDE), household);
        journey::house(&mut journeys, &mut aside);
        let mut reach = Draws::of_household(plan.seed.wrapping_add(CONTACTS), household);
        // Their draws are apart from all others, so that nothing changes without them.
        let contacts = match has_contacts {
            true => contact::contacts(&people, &mut reach),
            false => Vec::new(),
        };
        for (place, (person, episodes)) in people.iter().zip(&journeys).enumerate() {
            if number == end {
                break;
            }
            let before: Vec<usize> = desks.iter().map(|desk| desk.records.len()).collect();
            let known_to = register(person, number, episodes, &mut desks, plan.seed, &mut draws);
            for ((desk, before), service) in desks.iter_mut().zip(before).zip(Service::ALL) {
                let Some(contact) = contacts.get(place) else { break };
                for (_, _, record) in desk.records.iter_mut().skip(before) {
                    contact::write_down(contact, service, record, &mut reach);
                }
            }
            people_in_several += u64::from(known_to > 1);
            number += 1;
        }
    }
    let mut truth = csv::Writer::from_writer(Vec::new());
    let mut sources = Vec::with_capacity(desks.len());
    for (desk, service) in desks.into_iter().zip(Service::ALL) {
        sources.push(desk.in_words(service, plan, &mut truth)?);
    }
    let truth = truth.into_inner().map_err(|_| Error::Row)?;
    Ok(Part { sources, truth, people_in_several })
}

/// Writes a person down at every agency they come to; now and then twice, when a second
/// counter does not find the first record. Gives the number of agencies.
fn register(
    person: &Person,
    number: u64,
    episodes: &[Episode],
    desks: &mut [Desk],
    seed: u64,
    draws: &mut Draws,
) -> usize {
    let mut known_to = 0;
    for (desk, service) in desks.iter_mut().zip(Service::ALL) {
        let here = || episodes.iter().filter(|e| e.service == service);
        let Some(first) = here().map(|e| e.start).min() else { continue };
        known_to += 1;
        let client = client_number(seed, service, 2 * number);
        desk.records.push((client, number, record::written_down(person, service, first, draws)));
        let second = draws.chance(300).then(|| client_number(seed, service, 2 * number + 1));
        let from = draws.below(here().count());
        if let Some(second) = second {
            let later = here().map(|e| e.start).max().unwrap_or(first);
            let day = if later > first { later } else { LAST_DAY };
            desk.records.push((second, number, record::written_down(person, service, day, draws)));
            desk.duplicates += 1;
        }
        for (place, episode) in here().enumerate() {
            let client = second.filter(|_| place >= from.max(1)).unwrap_or(client);
            let sex = match person.sex {
                Sex::Male => "1",
                Sex::Female => "2",
                Sex::Other => "3",
            };
            let age = (episode.start.0 - person.born.0).max(0) / 365;
            desk.events.push(Visit { client, episode: episode.clone(), sex, age });
        }
    }
    known_to
}

/// A client number that says nothing of the person: a one-to-one scrambling of the numbers
/// below a hundred million, another one for each agency and seed.
fn client_number(seed: u64, service: Service, slot: u64) -> u64 {
    const RANGE: u64 = 100_000_000;
    // Odd and no multiple of five, so that every number is reached once.
    const STEP: u64 = 61_803_399;
    let start = (seed % RANGE) * 7_919 + (service as u64 + 1) * 12_345_679;
    (slot * STEP + start) % RANGE
}

impl Desk {
    fn in_words(
        mut self,
        service: Service,
        plan: &Plan,
        truth: &mut csv::Writer<Vec<u8>>,
    ) -> Result<PartSource, Error> {
        let id = |client: u64| format!("{}{client:08}", service.facts().prefix);
        self.records.sort_by_key(|(client, _, _)| *client);
        self.events.sort_by_key(|visit| (visit.episode.start, visit.client));
        let mut export = csv::Writer::from_writer(Vec::new());
        for (client, person, r) in &self.records {
            let id = id(*client);
            let mut cells: Vec<&str> = vec![
                &id,
                &r.family,
                &r.given,
                &r.other_family,
                &r.birth_date,
                r.estimated,
                r.sex,
                &r.suburb,
                &r.postcode,
                &r.state,
                "1",
                r.share_consent,
            ];
            cells.extend(plan.has(Extra::Address).then_some(r.address.as_str()));
            cells.extend(plan.has(Extra::Phone).then_some(r.phone.as_str()));
            export.write_record(cells)?;
            truth.write_record([&id, &person.to_string()])?;
        }
        let mut events = csv::Writer::from_writer(Vec::new());
        for Visit { client, episode: e, sex, age } in &self.events {
            let day = |day: Day| day.date().strftime("%d/%m/%Y").to_string();
            let code = |code: Option<u8>| code.map(|code| code.to_string()).unwrap_or_default();
            let cells: [&str; EVENT_COLUMNS.len()] = [
                &id(*client),
                e.program,
                &day(e.start),
                &e.end.map(day).unwrap_or_default(),
                &e.reason.to_string(),
                &code(e.referral),
                &e.housing.dwelling.to_string(),
                &e.housing.tenure.to_string(),
                &code(e.housing_at_end.map(|h| h.dwelling)),
                &code(e.housing_at_end.map(|h| h.tenure)),
                sex,
                &age.to_string(),
            ];
            events.write_record(cells)?;
        }
        Ok(PartSource {
            export: export.into_inner().map_err(|_| Error::Row)?,
            event_rows: events.into_inner().map_err(|_| Error::Row)?,
            records: self.records.len() as u64,
            duplicates: self.duplicates,
            events: self.events.len() as u64,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};
    use std::fs;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::project::Project;

    fn made(people: u64, sources: usize, seed: u64) -> (tempfile::TempDir, Made) {
        let home = tempfile::tempdir().expect("a folder");
        let plan = Plan::new(people, sources, seed).expect("a plan");
        let out = home.path().join("out");
        let made = write(&plan, &out, Overwrite::Refuse, &Progress::silent()).expect("written");
        (home, made)
    }

    fn digest(home: &Path) -> String {
        let mut all = Sha256::new();
        for file in ["truth.csv", "housing/export.csv", "mental-health/events.csv"] {
            all.update(fs::read(home.join("out").join(file)).expect("a file"));
        }
        all.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn a_population_is_the_same_at_any_thread_count() {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
        let (alone, _) = one.install(|| made(30_000, 3, 9));
        let three = rayon::ThreadPoolBuilder::new().num_threads(3).build().expect("a pool");
        let (together, _) = three.install(|| made(30_000, 3, 9));
        assert_eq!(digest(alone.path()), digest(together.path()));
        assert_ne!(digest(alone.path()), digest(made(30_000, 3, 10).0.path()));
    }

    #[test]
    fn a_known_plan_has_known_bytes() {
        assert_eq!(
            digest(made(500, 2, 1).0.path()),
            "be84e44014294cc229887ddac7425ccaa572d403a199b0966f1e14b31440280e"
        );
    }

    #[test]
    fn counts_files_and_truth_agree() {
        let (home, made) = made(3_000, 3, 4);
        let out = home.path().join("out");
        let mut truth: BTreeMap<String, String> = BTreeMap::new();
        let mut reader = csv::Reader::from_path(out.join("truth.csv")).expect("truth");
        for row in reader.records() {
            let row = row.expect("a row");
            let before = truth.insert(row[0].to_owned(), row[1].to_owned());
            assert!(before.is_none(), "a record twice in truth");
        }
        assert_eq!(truth.values().collect::<HashSet<_>>().len(), 3_000);
        let mut records = 0;
        for source in &made.sources {
            let folder = out.join(&source.name);
            let mut ids = HashSet::new();
            let mut export = csv::Reader::from_path(folder.join("export.csv")).expect("export");
            for row in export.records() {
                let row = row.expect("a row");
                assert!(truth.contains_key(&row[0]) && ids.insert(row[0].to_owned()));
            }
            assert_eq!(ids.len() as u64, source.records);
            let people: HashSet<&String> = ids.iter().map(|id| &truth[id]).collect();
            assert_eq!(people.len() as u64 + source.duplicates, source.records);
            let mut events = csv::Reader::from_path(folder.join("events.csv")).expect("events");
            let of_clients: Vec<bool> =
                events.records().map(|row| ids.contains(&row.expect("a row")[0])).collect();
            assert!(of_clients.iter().all(|&known| known));
            assert_eq!(of_clients.len() as u64, source.events);
            records += source.records;
        }
        assert_eq!(truth.len() as u64, records);
        let several = made.people_in_several;
        assert!((600..2_400).contains(&several), "{several} of 3,000 in several sources");
    }

    #[test]
    fn the_agreement_has_the_further_fields_that_the_files_have() {
        let home = tempfile::tempdir().expect("a folder");
        for (kind, has_them) in [(As::Csv, true), (As::Dex, false)] {
            let plan = Plan::new(20, 2, 1).expect("a plan").with(vec![Extra::Address]);
            let out = home.path().join(format!("{kind:?}"));
            let plan = plan.in_files(kind);
            write(&plan, &out, Overwrite::Refuse, &Progress::silent()).expect("written");
            let text = fs::read_to_string(out.join("project.toml")).expect("an agreement");
            let project = Project::parse(&text, "project.toml").expect("an agreement");
            let is_there = project.fields.iter().any(|field| field.name == "address");
            assert_eq!(is_there, has_them, "{kind:?}");
        }
    }

    #[test]
    fn client_numbers_are_one_to_one() {
        let numbers: HashSet<u64> =
            (0..200_000).map(|slot| client_number(u64::MAX, Service::Legal, slot)).collect();
        assert_eq!(numbers.len(), 200_000);
        assert!(numbers.iter().all(|&n| n < 100_000_000));
    }

    #[test]
    fn plans_have_limits() {
        assert!(matches!(Plan::new(0, 3, 1), Err(Error::People)));
        assert!(matches!(Plan::new(10, 1, 1), Err(Error::Sources)));
        assert!(matches!(Plan::new(10, 9, 1), Err(Error::Sources)));
        assert!(Plan::new(1, 2, 1).is_ok());
    }
}
