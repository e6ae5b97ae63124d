//! What the lists of an upload say of each other: numbers that stand twice, references to what is
//! not there, cases without a session, sessions without anybody. Values are kept as digests.

use std::collections::{HashMap, HashSet};

use super::dictionary::Dictionary;
use super::fact::digest;
use super::findings::Tally;
use super::rule::Rule;
use crate::sources::upload::{Element, List, Upload};
use crate::sources::{self, Input, MOST_UPLOADED};

/// A case or a session: where it stands, and whether there is a session of it, or somebody at it.
struct Seen {
    /// The last file that it is in.
    file: u32,
    line: u64,
    has_more: bool,
}

/// Something that must be in a list.
struct Reference {
    item: &'static str,
    list: List,
    key: u128,
    line: u64,
}

#[derive(Default)]
struct Structure {
    lists: HashSet<List>,
    clients: HashSet<u128>,
    cases: HashMap<u128, Seen>,
    sessions: HashMap<u128, Seen>,
    /// With the file that each is in.
    assessments: HashSet<(u32, u128)>,
    references: Vec<Reference>,
    /// What is found at once: item, rule, line.
    found: Vec<(Option<&'static str>, Rule, u64)>,
}

/// Holds the lists of upload files against each other.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn check(
    input: &Input,
    dictionary: &Dictionary,
    tally: &mut Tally,
) -> Result<(), sources::Error> {
    let mut structure = Structure::default();
    let sizes = Upload::sizes(input)?;
    for _ in sizes.into_iter().filter(|size| *size > MOST_UPLOADED) {
        structure.found.push((None, Rule::TooLarge, 0));
    }
    if let Some(mut upload) = Upload::open(input)? {
        while let Some((file, record)) = upload.next()? {
            structure.take(record.list, &record.root, file, record.line);
        }
    }
    for (item, rule, line) in structure.conclude() {
        tally.note(item.and_then(|item| dictionary.place(item)), rule, line);
    }
    Ok(())
}

fn key<'c>(cells: impl IntoIterator<Item = &'c str>) -> u128 {
    digest(cells.into_iter())
}

/// The elements of a group.
fn each<'e>(root: &'e Element, group: &str) -> &'e [Element] {
    root.get(group).map_or(&[], |group| &group.inner)
}

impl Structure {
    /// Files are read one after the other; a number stands once in each.
    fn take(&mut self, list: List, root: &Element, file: u32, line: u64) {
        self.lists.insert(list);
        let case = key([root.text("CaseId")]);
        let session = key([root.text("CaseId"), root.text("SessionId")]);
        let mut refer = |item, list, key| {
            self.references.push(Reference { item, list, key, line });
        };
        let others = root.text("TotalNumberOfUnidentifiedClients");
        let has_others = others.parse::<u32>().is_ok_and(|clients| clients > 0);
        match list {
            List::Clients => drop(self.clients.insert(key([root.text("ClientId")]))),
            List::Cases => {
                for client in each(root, "CaseClients") {
                    refer("ClientId", List::Clients, key([client.text("ClientId")]));
                }
                let seen = Seen { file, line, has_more: false };
                if self.cases.insert(case, seen).is_some_and(|other| other.file == file) {
                    self.found.push((Some("CaseId"), Rule::Twice, line));
                }
            }
            List::Sessions => {
                refer("CaseId", List::Cases, case);
                let has_more = has_others || !each(root, "SessionClients").is_empty();
                let seen = Seen { file, line, has_more };
                if self.sessions.insert(session, seen).is_some_and(|other| other.file == file) {
                    self.found.push((Some("SessionId"), Rule::Twice, line));
                }
            }
            List::SessionAssessments | List::ClientAssessments => {
                refer("SessionId", List::Sessions, session);
                let client = root.text("ClientId");
                if list == List::ClientAssessments {
                    refer("ClientId", List::Clients, key([client]));
                }
                for assessment in each(root, "Assessments") {
                    let [kind, phase] =
                        ["ScoreTypeCode", "AssessmentPhaseCode"].map(|name| assessment.text(name));
                    let (case, session) = (root.text("CaseId"), root.text("SessionId"));
                    let of = key([case, session, client, kind, phase]);
                    if !self.assessments.insert((file, of)) {
                        self.found.push((Some("ScoreTypeCode"), Rule::Twice, line));
                    }
                }
            }
        }
    }

    /// All that is found, once every record is known. What a file does not list is not missed.
    fn conclude(mut self) -> Vec<(Option<&'static str>, Rule, u64)> {
        let mut found = std::mem::take(&mut self.found);
        for Reference { item, list, key, line } in self.references {
            let is_there = match list {
                List::Clients => self.clients.contains(&key),
                List::Cases => match self.cases.get_mut(&key) {
                    Some(case) => {
                        case.has_more = true;
                        true
                    }
                    None => false,
                },
                _ => self.sessions.contains_key(&key),
            };
            if !is_there && self.lists.contains(&list) {
                found.push((Some(item), Rule::NotThere, line));
            }
        }
        let alone = self.cases.values().filter(|case| !case.has_more);
        if self.lists.contains(&List::Sessions) {
            found.extend(alone.map(|case| (Some("CaseId"), Rule::NoSession, case.line)));
        }
        let nobody = self.sessions.values().filter(|session| !session.has_more);
        found.extend(nobody.map(|session| (Some("SessionId"), Rule::Nobody, session.line)));
        found
    }
}
