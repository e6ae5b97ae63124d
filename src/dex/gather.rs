//! What an upload will hold, as it is read: every record judged by itself, in its final form, and
//! kept on the disk until all are known. Memory follows the number of records, by a few bytes
//! each.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::asides::{Asides, Much};
use super::client::Rules;
use super::ids::Ids;
use super::shape::{self, Note};
use super::store::{At, Place, Store, Stored};
use crate::files;
use crate::sources::upload::{Element, List, Record};
use crate::standard::{Identity, Period};
use jiff::civil::Date;

/// Whether records of one number are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merge {
    /// No: the later one is set aside.
    Never,
    /// Yes: each row of a table tells of one client of it.
    Rows,
}

/// Several values as one number that tells nothing of them.
pub(super) fn digest<'c>(cells: impl IntoIterator<Item = &'c str>) -> u64 {
    let mut hash = Sha256::new();
    for cell in cells {
        hash.update((cell.len() as u64).to_le_bytes());
        hash.update(cell.as_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_le_bytes(first)
}

/// A client who can be written.
pub(super) struct Known {
    pub(super) at: At,
    said: u64,
    consents: bool,
    pub(super) fate: Fate,
}

/// What becomes of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Not written yet.
    Waiting,
    Written,
    /// Not to be written after all.
    LeftOut,
}

/// Makes the record of a client one without consent.
pub(super) fn refuse(client: &mut Element) {
    let consent = client.inner.iter_mut().filter(|inner| inner.name == "ConsentToProvideDetails");
    consent.for_each(|inner| inner.text = "false".to_owned());
}

/// What sessions are held to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) period: Option<Period>,
    pub(super) as_at: Date,
}

/// What was read so far.
pub(super) struct Gather {
    pub(super) store: Store,
    pub(super) ids: Ids,
    rules: Rules,
    times: Times,
    pub(super) merge: Merge,
    pub(super) asides: Asides,
    /// Records read of each list.
    pub(super) read: [u64; List::ALL.len()],
    /// Places in `known`, by the number.
    pub(super) clients: HashMap<u64, u32>,
    pub(super) known: Vec<Known>,
    refused: HashSet<u64>,
    /// Clients whom some record does not let be named: then no other may.
    barred: HashSet<u64>,
    /// Those of them of whom it was said that another record would name them.
    contradicted: HashSet<u64>,
    /// By the number of the case.
    pub(super) cases: Vec<(u64, At)>,
    /// By the numbers of case and session.
    pub(super) sessions: Vec<(u64, u64, At)>,
    pub(super) assessments: Vec<(u64, u64, List, At)>,
}

impl Gather {
    pub(super) fn new(
        store: Store,
        ids: Ids,
        rules: Rules,
        times: Times,
        merge: Merge,
        asides: Asides,
    ) -> Gather {
        Gather {
            store,
            ids,
            rules,
            times,
            merge,
            asides,
            read: [0; List::ALL.len()],
            clients: HashMap::new(),
            known: Vec::new(),
            refused: HashSet::new(),
            barred: HashSet::new(),
            contradicted: HashSet::new(),
            cases: Vec::new(),
            sessions: Vec::new(),
            assessments: Vec::new(),
        }
    }

    /// Takes in that a record does not let its client be named, whatever else becomes of it.
    pub(super) fn bar(&mut self, client: &str) {
        let number = self.number(client);
        self.barred.insert(number);
    }

    /// Names nobody whom a record did not let be named that came after another. Everything can be
    /// read then.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn hide_barred(&mut self) -> Result<(), files::Error> {
        self.store.seal()?;
        let numbers = self.barred.iter().filter_map(|number| self.clients.get(number));
        let mut numbers: Vec<u32> = numbers.copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            let known = &self.known[number as usize];
            if !known.consents {
                continue;
            }
            let stored = self.store.get(known.at)?;
            let mut root = stored.root();
            let Stored { place, id, .. } = stored;
            let client = digest([root.text("ClientId")]);
            self.contradict(place, client)?;
            refuse(&mut root);
            match self.rules.apply(&mut root, &self.ids, &mut Vec::new()) {
                Ok(()) => {
                    let mut text = String::new();
                    shape::write(&root, &mut text);
                    let at = self.store.put(&Stored { place, id, text })?;
                    self.known[number as usize].at = at;
                }
                Err(note) => {
                    self.asides.note(place, List::Clients, Much::Record, note)?;
                    self.clients.remove(&client);
                    self.known[number as usize].fate = Fate::LeftOut;
                }
            }
        }
        self.store.seal()
    }

    /// A client's number as an upload will have it, as a number that tells nothing of it.
    fn number(&self, client: &str) -> u64 {
        let mut element = Element::group("Client", vec![Element::of("ClientId", client)]);
        self.ids.replace(&mut element);
        digest([element.text("ClientId")])
    }

    /// Says once of a client that a record would name them and another does not let them be named.
    fn contradict(&mut self, place: Place, client: u64) -> Result<(), files::Error> {
        let reason = "another record of the client gives no consent";
        let note = Note { element: "ConsentToProvideDetails", reason };
        match self.contradicted.insert(client) {
            true => self.asides.note(place, List::Clients, Much::Part, note),
            false => Ok(()),
        }
    }

    /// Takes a record in, or sets it aside.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn take(&mut self, file: u32, record: Record) -> Result<(), files::Error> {
        let Record { list, line, mut root, is_long } = record;
        let place = Place { file, line };
        self.read[list as usize] += 1;
        if list == List::Clients && !self.barred.is_empty() {
            let client = self.number(root.text("ClientId"));
            let consents = shape::flag(root.text("ConsentToProvideDetails")) == Some(true);
            if consents && self.barred.contains(&client) {
                self.contradict(place, client)?;
                refuse(&mut root);
            }
        }
        let mut notes = Vec::new();
        let judged = match is_long {
            true => Err(Note { element: list.record(), reason: "is longer than 1 MiB" }),
            false => self.judge(list, &mut root, &mut notes),
        };
        if let Err(note) = judged {
            // Each row of a table says it again.
            let is_news = list != List::Clients
                || self.merge == Merge::Never
                || self.refused.insert(digest([root.text("ClientId")]));
            return match is_news {
                true => self.asides.note(place, list, Much::Record, note),
                false => Ok(()),
            };
        }
        let id = match list {
            List::Clients => root.text("ClientId"),
            List::Cases => root.text("CaseId"),
            List::Sessions => root.text("SessionId"),
            List::SessionAssessments | List::ClientAssessments => "",
        };
        let id = id.to_owned();
        self.ids.replace(&mut root);
        if list == List::Clients && !self.is_new(place, &root)? {
            return Ok(());
        }
        for note in notes {
            self.asides.note(place, list, Much::Part, note)?;
        }
        let mut text = String::new();
        shape::write(&root, &mut text);
        let said = digest([text.as_str()]);
        let at = self.store.put(&Stored { place, id, text })?;
        let case = digest([root.text("CaseId")]);
        let session = digest([root.text("SessionId")]);
        match list {
            List::Clients => {
                let number = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
                self.clients.insert(digest([root.text("ClientId")]), number);
                let consents = root.text("ConsentToProvideDetails") == "true";
                self.known.push(Known { at, said, consents, fate: Fate::Waiting });
            }
            List::Cases => self.cases.push((case, at)),
            List::Sessions => self.sessions.push((case, session, at)),
            List::SessionAssessments | List::ClientAssessments => {
                self.assessments.push((case, session, list, at));
            }
        }
        Ok(())
    }

    fn judge(&self, list: List, root: &mut Element, notes: &mut Vec<Note>) -> Result<(), Note> {
        if list == List::Clients {
            self.rules.place(root, notes)?;
        }
        shape::settle(list, root, notes)?;
        let number = match list {
            List::Clients => return self.rules.apply(root, &self.ids, notes),
            List::Cases => "CaseId",
            List::Sessions => "SessionId",
            List::SessionAssessments | List::ClientAssessments => return Ok(()),
        };
        let nobody = Identity::of("", "", "", "", None);
        if self.ids.are_kept() && nobody.is_told_by(root.text(number)) {
            return Err(Note { element: number, reason: "says who the person is" });
        }
        if list == List::Sessions {
            let fault = |reason| Err(Note { element: "SessionDate", reason });
            let day = root.text("SessionDate").parse::<Date>();
            match (day, self.times.period) {
                (Ok(day), _) if day > self.times.as_at => return fault("is in the future"),
                (Ok(day), Some(period)) if !period.has(day) => {
                    return fault("is outside the reporting period");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether a client was not there before; else what is to say of it is said.
    fn is_new(&mut self, place: Place, root: &Element) -> Result<bool, files::Error> {
        let number = digest([root.text("ClientId")]);
        let Some(known) = self.clients.get(&number).and_then(|at| self.known.get(*at as usize))
        else {
            return Ok(true);
        };
        let note = |reason| Note { element: "ClientId", reason };
        match self.merge {
            Merge::Never => {
                self.asides.note(place, List::Clients, Much::Record, note("stands twice"))?;
            }
            Merge::Rows => {
                let mut text = String::new();
                shape::write(root, &mut text);
                if digest([text.as_str()]) != known.said {
                    let said = note("stands for other details than in the first row");
                    self.asides.note(place, List::Clients, Much::Record, said)?;
                }
            }
        }
        Ok(false)
    }
}
