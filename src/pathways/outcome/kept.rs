//! The kept columns of events files, as they are read: two bytes a cell, column by column,
//! beside the events; and assessments, which are rows of their own and no episodes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use csv::ByteRecord;

use super::code::{self, Code, NOTHING, OTHER, Phase};
use super::role::Role;
use super::spec::Spec;
use crate::ids::RowId;
use crate::pathways::input::Event;
use crate::pathways::journey::{Day, Span};

/// The roles that are told of every event, each in a column of its own.
const BY_EVENT: [Role; 13] = [
    Role::Reason,
    Role::Dwelling,
    Role::Tenure,
    Role::DwellingAtEnd,
    Role::TenureAtEnd,
    Role::Homeless,
    Role::Referral,
    Role::Sex,
    Role::Age,
    Role::Indigenous,
    Role::Region,
    Role::Disability,
    Role::Language,
];

/// The columns of the events, in the order of the events. Prints as shape.
#[derive(Default)]
pub(crate) struct Columns {
    /// By the place of the role; empty where no file has it.
    codes: [Vec<Code>; Role::ALL.len()],
    /// What the codes of ages and regions stand for, sorted.
    words: [Vec<String>; Role::ALL.len()],
}

impl Columns {
    /// What an event says.
    pub(super) fn code(&self, role: Role, event: u32) -> Code {
        self.codes[role.place()].get(event as usize).copied().unwrap_or(NOTHING)
    }

    /// Whether any file has a column for it.
    pub(super) fn has(&self, role: Role) -> bool {
        !self.codes[role.place()].is_empty()
    }

    /// What the codes of a role stand for, from 1.
    pub(super) fn words(&self, role: Role) -> &[String] {
        &self.words[role.place()]
    }

    /// Everything that an event says, for an order that does not depend on that of the files.
    pub(super) fn all(&self, event: u32) -> [Code; BY_EVENT.len()] {
        BY_EVENT.map(|role| self.code(role, event))
    }
}

/// One row whose cells are kept. Prints as shape.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) row: RowId,
    pub(super) program: u16,
    /// Whether its file has assessments.
    pub(super) is_scored: bool,
    /// Whether it is a session of a case.
    pub(super) is_session: bool,
    pub(super) span: Span,
}

/// What was read of every file.
pub(super) struct Read {
    /// In reading order; the columns are in the same.
    pub(super) rows: Vec<Row>,
    pub(super) columns: Columns,
    pub(super) assessments: Vec<Assessment>,
}

/// One assessment. Prints as shape.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Assessment {
    pub(super) row: RowId,
    /// Source and case, or source and program where the file has no cases; a number that tells
    /// the cases of one person apart.
    pub(super) case: u32,
    /// Place in [`code::DOMAINS`].
    pub(super) domain: u8,
    pub(super) day: Day,
    pub(super) phase: Phase,
    /// 1 to 5.
    pub(super) score: u8,
}

impl fmt::Debug for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Assessment")
    }
}

/// What a row of an events file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// An episode; its kept cells are noted.
    Episode,
    /// An assessment; it is noted, and makes no episode.
    Assessment,
    /// An assessment that cannot be used.
    Unusable(&'static str),
}

/// The columns of one file.
#[derive(Default)]
struct File {
    /// Its first row among all.
    first: usize,
    /// What case numbers of this file begin with.
    seed: u32,
    places: [Option<usize>; Role::ALL.len()],
    program: usize,
}

/// Reads kept columns. Prints as shape.
#[derive(Default)]
pub(crate) struct Kept {
    /// Which column has a role, where the study file says so: by the place of the role.
    named: [Option<String>; Role::ALL.len()],
    /// Which roles any file has a column for.
    found: [bool; Role::ALL.len()],
    rows: Vec<Row>,
    columns: Columns,
    /// What raw cells were read as.
    read: [HashMap<Box<[u8]>, Code>; Role::ALL.len()],
    assessments: Vec<Assessment>,
    file: File,
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} rows, {} assessments)", self.rows.len(), self.assessments.len())
    }
}

impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.codes.iter().filter(|c| !c.is_empty()).count();
        write!(f, "Columns({used})")
    }
}

/// Raw cells remembered for each column; a column of codes has fewer.
const REMEMBERED: usize = 4096;

/// Regions or bands of ages that are told apart; more is no such column.
const MOST_WORDS: usize = 1000;

impl Kept {
    /// Looks for the columns that a study names, and those whose names say what they are for.
    pub(crate) fn new(spec: &Spec) -> Self {
        let mut kept = Kept::default();
        for (role, column) in &spec.columns {
            kept.named[role.place()] = Some(column.trim().to_lowercase());
        }
        kept
    }

    /// Where the column of each role is in a file with these headings, in lower case.
    fn places(&self, header: &[String]) -> [Option<usize>; Role::ALL.len()] {
        Role::ALL.map(|role| match &self.named[role.place()] {
            Some(named) => header.iter().position(|h| h == named),
            None => header.iter().position(|h| Role::of(h) == Some(role)),
        })
    }

    /// Looks at the headings of a file that will be read.
    pub(crate) fn look(&mut self, header: &[String]) {
        let places = self.places(header);
        self.found.iter_mut().zip(places).for_each(|(found, place)| *found |= place.is_some());
    }

    /// Begins a file with these headings. Its rows come next.
    pub(crate) fn open(&mut self, source: &str, header: &[String]) {
        self.close();
        self.file = File {
            first: self.rows.len(),
            seed: fold(FOLD_START, source.as_bytes()),
            places: self.places(header),
            program: header.iter().position(|h| h == "program").unwrap_or_default(),
        };
    }

    /// Ends a file. Where no event with a case number lasts longer than its day, such events are
    /// sessions of one day, whether the file says when they ended or not; else they are none.
    fn close(&mut self) {
        let rows = &mut self.rows[self.file.first..];
        let lasts = |r: &Row| r.is_session && r.span.end.is_some_and(|end| end > r.span.start);
        let are_sessions = !rows.iter().any(lasts);
        for row in rows.iter_mut().filter(|r| r.is_session) {
            row.is_session = are_sessions;
            if are_sessions {
                row.span.end = Some(row.span.start);
            }
        }
    }

    /// Renumbers the programs.
    pub(crate) fn renumber(&mut self, new_code: &[u16]) {
        for row in &mut self.rows {
            row.program = new_code[usize::from(row.program)];
        }
    }

    /// Notes a row whose event is good: its kept cells, or the assessment that it is.
    pub(crate) fn take(&mut self, event: &Event, record: &ByteRecord) -> Taken {
        if self.is_empty() {
            return Taken::Episode;
        }
        let cell = |role: Role| -> Cow<'_, str> {
            let place = self.file.places[role.place()];
            let bytes = place.and_then(|at| record.get(at)).unwrap_or_default();
            String::from_utf8_lossy(bytes.trim_ascii())
        };
        let domain = cell(Role::Domain);
        if !domain.is_empty() {
            let known = code::domain(&domain);
            let score = cell(Role::Score);
            let inner = known.and_then(|(_, rating)| rating);
            if !score.is_empty() || inner.is_some() {
                let score = if score.is_empty() { inner } else { score.parse().ok() };
                let Some((domain, _)) = known else {
                    return Taken::Unusable("domain is none of SCORE");
                };
                let Some(score) = score.filter(|s| (1..=5).contains(s)) else {
                    return Taken::Unusable("score is not 1 to 5");
                };
                let case = cell(Role::Case);
                let program = record.get(self.file.program).unwrap_or_default();
                let of = if case.is_empty() { program.trim_ascii() } else { case.as_bytes() };
                self.assessments.push(Assessment {
                    row: event.row,
                    case: fold(self.file.seed, of),
                    domain,
                    day: event.span.start,
                    phase: code::phase(&cell(Role::Phase)),
                    score,
                });
                return Taken::Assessment;
            }
        }
        self.rows.push(Row {
            row: event.row,
            program: event.program,
            is_scored: self.file.places[Role::Domain.place()].is_some(),
            is_session: !cell(Role::Case).is_empty(),
            span: event.span,
        });
        for role in BY_EVENT {
            let at = role.place();
            if self.found[at] {
                let cell = self.file.places[at].and_then(|place| record.get(place));
                let code = cell.map_or(NOTHING, |cell| self.code(role, cell));
                self.columns.codes[at].push(code);
            }
        }
        Taken::Episode
    }

    /// What a cell says.
    fn code(&mut self, role: Role, cell: &[u8]) -> Code {
        let at = role.place();
        if let Some(code) = self.read[at].get(cell) {
            return *code;
        }
        let text = String::from_utf8_lossy(cell);
        let text = text.trim();
        let code = match role {
            Role::Reason => code::reason(text),
            Role::Dwelling | Role::DwellingAtEnd => code::dwelling(text),
            Role::Tenure | Role::TenureAtEnd => code::tenure(text),
            Role::Homeless => code::homeless(text),
            Role::Referral => code::referral(text),
            Role::Sex => code::sex(text),
            Role::Indigenous => code::indigenous(text),
            Role::Disability => code::yes_or_no(text),
            Role::Language => code::language(text),
            Role::Age => self.word(role, code::age(text)),
            Role::Region => {
                let text = crate::pathways::input::tidy(text);
                self.word(role, (!text.is_empty()).then_some(text))
            }
            Role::Case | Role::Domain | Role::Score | Role::Phase => NOTHING,
        };
        if self.read[at].len() < REMEMBERED {
            self.read[at].insert(cell.into(), code);
        }
        code
    }

    /// The number of a word, from 1, in order of appearance.
    fn word(&mut self, role: Role, word: Option<String>) -> Code {
        let Some(word) = word else { return NOTHING };
        let list = &mut self.columns.words[role.place()];
        if let Some(at) = list.iter().position(|w| *w == word) {
            return at as Code + 1;
        }
        if list.len() == MOST_WORDS {
            return OTHER;
        }
        list.push(word);
        list.len() as Code
    }

    /// Whether any file has a column that tells something.
    pub(crate) fn is_empty(&self) -> bool {
        !self.found.contains(&true)
    }

    /// The columns that the study file names and no file has.
    pub(crate) fn missing(&self) -> Vec<Role> {
        let missing = |role: &Role| self.named[role.place()].is_some() && !self.found[role.place()];
        Role::ALL.into_iter().filter(missing).collect()
    }

    /// Whether any file has a column for assessments.
    pub(super) fn has_assessments(&self) -> bool {
        self.found[Role::Domain.place()]
    }

    /// How many assessments were read.
    pub(crate) fn assessments(&self) -> u64 {
        self.assessments.len() as u64
    }

    /// What was read; words are numbered by name, so that the order of the files does not
    /// matter.
    pub(super) fn finish(mut self) -> Read {
        self.close();
        for role in [Role::Age, Role::Region] {
            let at = role.place();
            let words = std::mem::take(&mut self.columns.words[at]);
            let mut order: Vec<(String, usize)> =
                words.into_iter().enumerate().map(|(i, word)| (word, i)).collect();
            order.sort();
            let mut number = vec![NOTHING; order.len()];
            for (new, (_, old)) in order.iter().enumerate() {
                number[*old] = new as Code + 1;
            }
            for code in &mut self.columns.codes[at] {
                if *code != NOTHING && *code != OTHER {
                    *code = number[usize::from(*code) - 1];
                }
            }
            self.columns.words[at] = order.into_iter().map(|(word, _)| word).collect();
        }
        Read { rows: self.rows, columns: self.columns, assessments: self.assessments }
    }
}

const FOLD_START: u32 = 0x811c_9dc5;

/// FNV-1a: tells the cases of one person apart without keeping what they are called.
fn fold(start: u32, bytes: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    // The end of a part is told too, so that "ab" + "c" is not "a" + "bc".
    step(bytes.iter().fold(start, step), &0xff)
}
