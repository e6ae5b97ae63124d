//! What stands behind the services of a DEX export: sessions without a client, cases without a
//! session, clients whose outcomes (SCORE) were recorded before and after. Takes rows, gives
//! counts; numbers of clients, cases and sessions are kept as digests.

use serde::Serialize;

use crate::error::Error;
use crate::progress::Progress;
use crate::sources::upload::List;
use crate::sources::{self, Input, Kind, NO_CLIENT, Row, SourceSpec, Table, Whom};
use crate::standard::digest;
use crate::standard::{Attended, Coverage, Covered, Dictionary, Phase, Seen, Standard, Wording};

const BATCH: usize = 1 << 15;

/// What the services of an export cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Services {
    /// Different cases that a client or a session belongs to.
    pub cases: u64,
    /// Of these, cases without a session.
    pub cases_without_session: u64,
    /// Cases of an upload that list no client.
    pub cases_without_client: u64,
    /// Different sessions, those without a client among them.
    pub sessions: u64,
    /// Sessions of nobody who is named: neither a client nor, where the file counts them, a
    /// group of unidentified ones. Whoever comes along to support a client is none.
    pub sessions_without_client: u64,
    /// Different clients, in any list.
    pub clients: u64,
    /// Clients with any SCORE; nothing where no list of them is read.
    pub clients_with_score: Option<u64>,
    /// Clients with a SCORE before and one after, in one domain.
    pub clients_with_pair: Option<u64>,
}

/// What the code of a participation begins with that is not a client's.
const SUPPORT: &str = "SUPPORT";

/// The columns of a table that are DEX elements about services.
#[derive(Debug, Clone, Default)]
pub(super) struct Elements {
    client: Option<usize>,
    case: Option<usize>,
    session: Option<usize>,
    participation: Option<usize>,
    unidentified: Option<usize>,
    score: Option<usize>,
    phase: Option<usize>,
    domain: Option<usize>,
}

impl Elements {
    /// Finds the columns.
    pub(super) fn of(table: &Table) -> Elements {
        let dictionary = Dictionary::of(Standard::Dex, Wording::Corrected);
        let place = |element: &str| {
            let is_it = |heading: &String| {
                heading.trim().eq_ignore_ascii_case(element)
                    || dictionary.named(heading).is_some_and(|item| item.id == element)
            };
            table.header().iter().position(is_it)
        };
        Elements {
            client: place("ClientId"),
            case: place("CaseId"),
            session: place("SessionId"),
            participation: place("ParticipationCode"),
            unidentified: place("TotalNumberOfUnidentifiedClients"),
            score: place("ScoreTypeCode"),
            phase: place("AssessmentPhaseCode"),
            domain: place("OutcomeDomainScoreCode").or(place("ScoreCode")),
        }
    }

    /// Whether the rows tell of sessions.
    pub(super) fn have_sessions(&self) -> bool {
        self.session.is_some()
    }

    /// What a row tells.
    pub(super) fn seen(&self, row: &Row) -> impl Iterator<Item = Seen> {
        let cell = |place: Option<usize>| place.map_or("", |place| row.cell(place));
        let [case, session] = [self.case, self.session].map(cell);
        let start = cell(self.participation).get(..SUPPORT.len());
        let is_support = start.is_some_and(|start| start.eq_ignore_ascii_case(SUPPORT));
        let client = if is_support { "" } else { cell(self.client) };
        let [score, phase, domain] = [self.score, self.phase, self.domain].map(cell);
        let others = cell(self.unidentified).parse::<u32>().is_ok_and(|clients| clients > 0);
        let has_score = !score.is_empty() || !phase.is_empty();
        let attended = |is: bool| if is { Attended::Yes } else { Attended::No };
        let of = |cells: &[&str]| digest(cells.iter().copied());
        let seen = [
            (!client.is_empty()).then(|| Seen::Client(of(&[client]))),
            (!case.is_empty()).then(|| Seen::Case(of(&[case]), attended(!session.is_empty()))),
            (!session.is_empty()).then(|| {
                Seen::Session(of(&[session, case]), attended(!client.is_empty() || others))
            }),
            (!client.is_empty() && has_score).then(|| {
                let phase = match phase.to_ascii_uppercase().as_str() {
                    "PRE" => Phase::Before,
                    "POST" => Phase::After,
                    _ => Phase::Other,
                };
                // A code of a score is its domain and, at its end, how far it was reached.
                let domain = domain.trim_end_matches(|c: char| c.is_ascii_digit());
                Seen::Score(of(&[client]), of(&[client, score, domain]), phase)
            }),
        ];
        seen.into_iter().flatten()
    }
}

impl Services {
    /// Of a table whose rows told all there is.
    pub(super) fn of(covered: &Covered, elements: &Elements) -> Services {
        let has_scores = elements.score.is_some() || elements.phase.is_some();
        Services::counted(covered.count(), has_scores)
    }

    fn counted(coverage: Coverage, has_scores: bool) -> Services {
        Services {
            cases: coverage.cases,
            cases_without_session: coverage.cases_without_session,
            cases_without_client: 0,
            sessions: coverage.sessions,
            sessions_without_client: coverage.sessions_without_client,
            clients: coverage.clients,
            clients_with_score: has_scores.then_some(coverage.clients_with_score),
            clients_with_pair: has_scores.then_some(coverage.clients_with_pair),
        }
    }

    /// Of an upload file, whose clients were read: goes through its other lists.
    ///
    /// # Errors
    /// When a list cannot be read on.
    pub(super) fn of_upload(
        export: &Input,
        source: &SourceSpec,
        mut covered: Covered,
        progress: &Progress,
    ) -> Result<Services, Error> {
        let mut cases_without_client = 0;
        if let Some(table) = open(export, source, List::Cases, Whom::Served)? {
            cases_without_client = read(table, &mut covered, progress)?;
        }
        // A session may be of a group, or of support persons only.
        if let Some(table) = open(export, source, List::Sessions, Whom::Everybody)? {
            read(table, &mut covered, progress)?;
        }
        let scores = open(export, source, List::ClientAssessments, Whom::Served)?;
        let has_scores = scores.is_some();
        if let Some(table) = scores {
            read(table, &mut covered, progress)?;
        }
        Ok(Services { cases_without_client, ..Services::counted(covered.count(), has_scores) })
    }
}

/// A list of an upload file, where there is one with records in it.
fn open(
    export: &Input,
    source: &SourceSpec,
    list: List,
    whom: Whom,
) -> Result<Option<Table>, sources::Error> {
    let mut form = source.form();
    form.sheet = Some(list.name().to_owned());
    form.whom = whom;
    match Table::open(export, &form) {
        Ok(table) if table.kind() == Kind::Dex => Ok(Some(table)),
        Ok(_) | Err(sources::Error::NoRows { .. } | sources::Error::NoSheet { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Reads a list; gives how many records of it name no client.
fn read(mut table: Table, covered: &mut Covered, progress: &Progress) -> Result<u64, Error> {
    let elements = Elements::of(&table);
    let mut without = 0;
    let mut batch = table.next_batch(BATCH)?;
    progress.begin("looking at services", table.about_rows(batch.len()));
    while !batch.is_empty() {
        for row in &batch.rows {
            elements.seen(row).for_each(|seen| covered.take(seen));
        }
        without += batch.rejects.iter().filter(|r| r.reason == NO_CLIENT).count() as u64;
        progress.advance(batch.len() as u64);
        batch = table.next_batch(BATCH)?;
    }
    progress.end();
    Ok(without)
}
