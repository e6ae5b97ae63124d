//! What was read becomes files: case by case, each with those of its clients, sessions and
//! assessments that can be written. What refers to something that is not there is set aside.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use super::asides::Much;
use super::gather::{Fate, Gather, Merge, digest};
use super::ids::IdKind;
use super::parts::{Base, Line, Parts, Put};
use super::shape::{self, Note};
use super::store::{At, Place, Stored};
use crate::files;
use crate::files::sheet::CsvFile;
use crate::progress::Progress;
use crate::sources::upload::{Element, List};

/// Records written of each list; a client who stands in two files once.
pub(super) type Written = [u64; List::ALL.len()];

/// Writes what was read.
pub(super) struct Finish<'f, 's> {
    pub(super) gather: Gather,
    pub(super) parts: &'f mut Parts<'s>,
    /// The list of numbers, where they are new.
    pub(super) numbers: Option<CsvFile>,
    pub(super) written: Written,
}

/// A case that is being written.
struct Case {
    base: Base,
    /// The numbers of its clients.
    members: HashSet<String>,
}

/// A record of several rows, or of one.
struct Merged {
    at: At,
    place: Place,
    id: String,
    root: Element,
}

const NO_CLIENT: Note = Note { element: "ClientId", reason: "is no client that can be written" };
const NOT_ON_CASE: Note = Note { element: "ClientId", reason: "is not on the case" };
const NOT_AT_SESSION: Note = Note { element: "ClientId", reason: "was not at the session" };
const NO_CASE: Note = Note { element: "CaseId", reason: "is no case that can be written" };
const NO_SESSION: Note = Note { element: "SessionId", reason: "is no session that can be written" };
const TWICE: &str = "stands twice";

impl Finish<'_, '_> {
    /// Writes everything.
    pub(super) fn run(&mut self, progress: &Progress) -> Result<(), files::Error> {
        self.gather.hide_barred()?;
        self.gather.cases.sort_unstable();
        self.gather.sessions.sort_unstable();
        self.gather.assessments.sort_unstable();
        let cases = std::mem::take(&mut self.gather.cases);
        let sessions = std::mem::take(&mut self.gather.sessions);
        let assessments = std::mem::take(&mut self.gather.assessments);
        let mut groups: Vec<&[(u64, At)]> = cases.chunk_by(|a, b| a.0 == b.0).collect();
        // In the order they came in.
        groups.sort_unstable_by_key(|group| group[0].1);
        progress.begin("writing cases", Some(groups.len() as u64));
        for group in groups {
            let key = group[0].0;
            let of = |from: fn(&(u64, u64, At)) -> u64| range(&sessions, |s| from(s).cmp(&key));
            let sessions = &sessions[of(|session| session.0)];
            let assessed = range(&assessments, |assessment| assessment.0.cmp(&key));
            self.case(group, sessions, &assessments[assessed])?;
            progress.advance(1);
        }
        progress.end();
        self.without_case(&cases, &sessions, &assessments)?;
        for number in 0..self.gather.known.len() {
            if self.gather.known[number].fate == Fate::Waiting {
                let at = self.gather.known[number].at;
                let stored = self.gather.store.get(at)?;
                self.mark(&[(number as u32, at)])?;
                self.parts.client(at, stored.text)?;
            }
        }
        Ok(())
    }

    /// One case, with all that belongs to it.
    fn case(
        &mut self,
        group: &[(u64, At)],
        sessions: &[(u64, u64, At)],
        assessments: &[(u64, u64, List, At)],
    ) -> Result<(), files::Error> {
        let records: Vec<At> = group.iter().map(|(_, at)| *at).collect();
        let case = self.merged(List::Cases, &records, "CaseClients")?;
        let Some((case, old)) = self.on_case(case)? else {
            return self.refuse(sessions, assessments, NO_CASE);
        };
        let bytes = case.base.case.2.len()
            + case.base.clients.iter().map(|(_, at)| at.bytes()).sum::<usize>()
            + sessions.iter().map(|(_, _, at)| at.bytes()).sum::<usize>()
            + assessments.iter().map(|(_, _, _, at)| at.bytes()).sum::<usize>();
        self.parts.make_room(bytes)?;
        let mut groups: Vec<&[(u64, u64, At)]> = sessions.chunk_by(|a, b| a.1 == b.1).collect();
        groups.sort_unstable_by_key(|group| group[0].2);
        if self.put(&case.base, Vec::new())? == Put::TooLarge {
            let stored = self.gather.store.get(group[0].1)?;
            let note = Note { element: "Case", reason: "is larger than a file may be" };
            self.gather.asides.note(stored.place, List::Cases, Much::Record, note)?;
            return self.refuse(sessions, assessments, NO_CASE);
        }
        self.mark(&case.base.clients)?;
        self.number(IdKind::Case, &old, &case.base.case.2)?;
        self.written[List::Cases as usize] += 1;
        for group in groups {
            let assessed = range(assessments, |assessment| assessment.1.cmp(&group[0].1));
            self.session(&case, group, &assessments[assessed])?;
        }
        // Assessments of sessions that are not there.
        for orphans in assessments.chunk_by(|a, b| a.1 == b.1) {
            if range(sessions, |session| session.1.cmp(&orphans[0].1)).is_empty() {
                self.refuse(&[], orphans, NO_SESSION)?;
            }
        }
        Ok(())
    }

    /// The case, with those of its clients who can be written, and the agency's number of it;
    /// nothing where nobody is left on it.
    fn on_case(&mut self, mut case: Merged) -> Result<Option<(Case, String)>, files::Error> {
        let had_clients = case.root.get("CaseClients").is_some();
        let mut clients = Vec::new();
        let mut members = HashSet::new();
        for member in attendants(&mut case.root, "CaseClients") {
            let id = member.text("ClientId").to_owned();
            let known = self.gather.clients.get(&digest([id.as_str()])).copied();
            let note = match known {
                None => NO_CLIENT,
                Some(number) if members.insert(id) => {
                    clients.push((number, self.gather.known[number as usize].at));
                    put_back(&mut case.root, "CaseClients", member);
                    continue;
                }
                Some(_) if self.gather.merge == Merge::Rows => continue,
                Some(_) => Note { element: "ClientId", reason: TWICE },
            };
            self.gather.asides.note(case.place, List::Cases, Much::Part, note)?;
        }
        if had_clients && clients.is_empty() && !has_others(&case.root) {
            let note = Note { element: "CaseClients", reason: "nobody on it can be written" };
            self.gather.asides.note(case.place, List::Cases, Much::Record, note)?;
            return Ok(None);
        }
        let base = Base { case: line(List::Cases, case.at, &case.root), clients };
        Ok(Some((Case { base, members }, case.id)))
    }

    fn session(
        &mut self,
        case: &Case,
        group: &[(u64, u64, At)],
        assessments: &[(u64, u64, List, At)],
    ) -> Result<(), files::Error> {
        let records: Vec<At> = group.iter().map(|(_, _, at)| *at).collect();
        let mut session = self.merged(List::Sessions, &records, "SessionClients")?;
        let had_clients = session.root.get("SessionClients").is_some();
        let mut there = HashSet::new();
        for client in attendants(&mut session.root, "SessionClients") {
            let id = client.text("ClientId");
            let note = match (case.members.contains(id), there.insert(id.to_owned())) {
                (true, true) => {
                    put_back(&mut session.root, "SessionClients", client);
                    continue;
                }
                (true, false) if self.gather.merge == Merge::Rows => continue,
                (true, false) => Note { element: "ClientId", reason: TWICE },
                (false, _) => {
                    there.remove(id);
                    NOT_ON_CASE
                }
            };
            self.gather.asides.note(session.place, List::Sessions, Much::Part, note)?;
        }
        if had_clients && there.is_empty() && !has_others(&session.root) {
            let note = Note { element: "SessionClients", reason: "nobody at it can be written" };
            self.gather.asides.note(session.place, List::Sessions, Much::Record, note)?;
            return self.refuse(&[], assessments, NO_SESSION);
        }
        let text = line(List::Sessions, session.at, &session.root);
        let (first, id) = (text.2.clone(), session.id);
        let mut own = vec![text];
        own.extend(self.assessed(&there, assessments)?);
        let counts = own.iter().map(|(list, ..)| *list as usize).collect::<Vec<_>>();
        match self.put(&case.base, own)? {
            Put::Yes => {
                counts.into_iter().for_each(|list| self.written[list] += 1);
                self.number(IdKind::Session, &id, &first)
            }
            Put::TooLarge => {
                let note = Note { element: "Session", reason: "is larger than a file may be" };
                self.gather.asides.note(session.place, List::Sessions, Much::Record, note)?;
                self.refuse(&[], assessments, NO_SESSION)
            }
        }
    }

    /// The assessments of a session, one for each client, type and phase.
    fn assessed(
        &mut self,
        there: &HashSet<String>,
        assessments: &[(u64, u64, List, At)],
    ) -> Result<Vec<Line>, files::Error> {
        let mut sorted: Vec<(At, List)> =
            assessments.iter().map(|&(_, _, list, at)| (at, list)).collect();
        sorted.sort_unstable();
        let mut seen = HashSet::new();
        let mut records: Vec<(List, At, Element)> = Vec::new();
        for (at, list) in sorted {
            let stored = self.gather.store.get(at)?;
            let mut root = stored.root();
            let client = root.text("ClientId").to_owned();
            if list == List::ClientAssessments && !there.contains(&client) {
                let asides = &mut self.gather.asides;
                asides.note(stored.place, list, Much::Record, NOT_AT_SESSION)?;
                continue;
            }
            if self.gather.merge == Merge::Rows {
                let is_his =
                    |of: &&mut (List, At, Element)| of.0 == list && of.2.text("ClientId") == client;
                match records.iter_mut().find(is_his) {
                    Some((_, _, earlier)) => add_scores(earlier, root),
                    None => records.push((list, at, root)),
                }
                continue;
            }
            for assessment in attendants(&mut root, "Assessments") {
                let [kind, phase] = ["ScoreTypeCode", "AssessmentPhaseCode"]
                    .map(|element| assessment.text(element).to_ascii_uppercase());
                if seen.insert((list, client.clone(), kind, phase)) {
                    put_back(&mut root, "Assessments", assessment);
                } else {
                    let note =
                        Note { element: "Assessment", reason: "is a second of its type and phase" };
                    self.gather.asides.note(stored.place, list, Much::Part, note)?;
                }
            }
            if root.get("Assessments").is_some() {
                records.push((list, at, root));
            }
        }
        Ok(records.iter().map(|(list, at, root)| line(*list, *at, root)).collect())
    }

    /// Several records of one number: the first, with the clients of the others where each row of
    /// a table tells of one.
    fn merged(&mut self, list: List, records: &[At], group: &str) -> Result<Merged, files::Error> {
        let stored = self.gather.store.get(records[0])?;
        let mut root = stored.root();
        let mut clients = attendants(&mut root, group);
        for at in &records[1..] {
            let later = self.gather.store.get(*at)?;
            let number = match list {
                List::Cases => "CaseId",
                _ => "SessionId",
            };
            if self.gather.merge == Merge::Never {
                let note = Note { element: number, reason: TWICE };
                self.gather.asides.note(later.place, list, Much::Record, note)?;
                continue;
            }
            let mut other = later.root();
            clients.extend(attendants(&mut other, group));
            if other.inner != root.inner {
                let reason = "stands for other details than in the first row";
                let note = Note { element: number, reason };
                self.gather.asides.note(later.place, list, Much::Part, note)?;
            }
        }
        clients.into_iter().for_each(|client| put_back(&mut root, group, client));
        let Stored { place, id, .. } = stored;
        Ok(Merged { at: records[0], place, id, root })
    }

    fn put(&mut self, base: &Base, own: Vec<Line>) -> Result<Put, files::Error> {
        let store = &self.gather.store;
        self.parts.put(base, own, |at| Ok(store.get(at)?.text))
    }

    /// Notes that clients are written, and their numbers.
    fn mark(&mut self, clients: &[(u32, At)]) -> Result<(), files::Error> {
        for &(number, at) in clients {
            let known = &mut self.gather.known[number as usize];
            if std::mem::replace(&mut known.fate, Fate::Written) != Fate::Written {
                self.written[List::Clients as usize] += 1;
                if self.numbers.is_some() {
                    let stored = self.gather.store.get(at)?;
                    self.number(IdKind::Client, &stored.id, &stored.text)?;
                }
            }
        }
        Ok(())
    }

    /// Notes which number a record got, which is the first that its text has.
    fn number(&mut self, kind: IdKind, old: &str, text: &str) -> Result<(), files::Error> {
        let Some(numbers) = &mut self.numbers else { return Ok(()) };
        let inner = text.split_once("Id>").map_or("", |(_, rest)| rest);
        let new = inner.split_once('<').map_or("", |(new, _)| new);
        numbers.line([kind.name(), old, new])
    }

    /// Sets sessions and assessments aside.
    fn refuse(
        &mut self,
        sessions: &[(u64, u64, At)],
        assessments: &[(u64, u64, List, At)],
        note: Note,
    ) -> Result<(), files::Error> {
        let sessions = sessions.iter().map(|&(_, _, at)| (List::Sessions, at));
        let assessments = assessments.iter().map(|&(_, _, list, at)| (list, at));
        for (list, at) in sessions.chain(assessments) {
            let stored = self.gather.store.get(at)?;
            self.gather.asides.note(stored.place, list, Much::Record, note)?;
        }
        Ok(())
    }

    /// Sets aside what is of no case.
    fn without_case(
        &mut self,
        cases: &[(u64, At)],
        sessions: &[(u64, u64, At)],
        assessments: &[(u64, u64, List, At)],
    ) -> Result<(), files::Error> {
        let is_there = |key: u64| cases.binary_search_by_key(&key, |(key, _)| *key).is_ok();
        for group in sessions.chunk_by(|a, b| a.0 == b.0) {
            if !is_there(group[0].0) {
                self.refuse(group, &[], NO_CASE)?;
            }
        }
        for group in assessments.chunk_by(|a, b| a.0 == b.0) {
            if !is_there(group[0].0) {
                self.refuse(&[], group, NO_CASE)?;
            }
        }
        Ok(())
    }
}

/// The run of a sorted list that is neither less nor more.
fn range<T>(list: &[T], order: impl Fn(&T) -> std::cmp::Ordering) -> Range<usize> {
    let from = list.partition_point(|item| order(item).is_lt());
    from..list.partition_point(|item| order(item).is_le())
}

/// Takes the elements of a group out of a record.
fn attendants(root: &mut Element, group: &str) -> Vec<Element> {
    let Some(place) = root.inner.iter().position(|inner| inner.name == group) else {
        return Vec::new();
    };
    let inner = std::mem::take(&mut root.inner[place].inner);
    root.inner.remove(place);
    inner
}

/// Puts an element back into a group of a record.
fn put_back(root: &mut Element, group: &str, element: Element) {
    match root.inner.iter_mut().find(|inner| inner.name == group) {
        Some(there) => there.inner.push(element),
        None => root.inner.push(Element::group(group, vec![element])),
    }
}

/// Whether somebody is counted who is not named.
fn has_others(root: &Element) -> bool {
    root.text("TotalNumberOfUnidentifiedClients").parse::<u32>().is_ok_and(|clients| clients > 0)
}

/// Adds the scores of an assessment to those of its type and phase.
fn add_scores(earlier: &mut Element, mut later: Element) {
    let mut all: BTreeMap<(String, String), Element> = BTreeMap::new();
    let mut order = Vec::new();
    for assessment in
        attendants(earlier, "Assessments").into_iter().chain(attendants(&mut later, "Assessments"))
    {
        let of = |element| assessment.text(element).to_ascii_uppercase();
        let key = (of("ScoreTypeCode"), of("AssessmentPhaseCode"));
        match all.get_mut(&key) {
            None => {
                order.push(key.clone());
                all.insert(key, assessment);
            }
            Some(there) => {
                let mut assessment = assessment;
                for score in attendants(&mut assessment, "Scores") {
                    let scores = there.get("Scores").map_or(&[][..], |scores| &scores.inner);
                    if !scores.contains(&score) {
                        put_back(there, "Scores", score);
                    }
                }
            }
        }
    }
    for assessment in order.into_iter().filter_map(|key| all.remove(&key)) {
        put_back(earlier, "Assessments", assessment);
    }
}

/// A record as it is written.
fn line(list: List, at: At, root: &Element) -> Line {
    let mut root = root.clone();
    // Groups that were put back stand where they belong.
    let mut notes = Vec::new();
    let _ = shape::settle(list, &mut root, &mut notes);
    let mut text = String::new();
    shape::write(&root, &mut text);
    (list, at, text)
}
