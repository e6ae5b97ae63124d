//! What a DEX file covers: clients, cases and sessions, what stands alone, and for how many
//! clients outcomes (SCORE) were recorded before and after. Takes digests, gives counts.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

/// What a DEX file covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Different clients.
    pub clients: u64,
    /// Clients with any SCORE.
    pub clients_with_score: u64,
    /// Clients with one before and one after, in the same domain.
    pub clients_with_pair: u64,
    /// Different cases.
    pub cases: u64,
    /// Cases without a session.
    pub cases_without_session: u64,
    /// Different sessions.
    pub sessions: u64,
    /// Sessions with no client, and no unidentified ones either.
    pub sessions_without_client: u64,
}

/// What one row says. Digests stand for numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A client.
    Client(u128),
    /// A case, and whether a session of it.
    Case(u128, Attended),
    /// A session, and whether somebody at it.
    Session(u128, Attended),
    /// An outcome: the client, the client and domain, and when.
    Score(u128, u128, Phase),
}

/// Whether there is a session of a case, or a client at a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attended {
    No,
    Yes,
}

/// When an outcome was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Before,
    After,
    Other,
}

/// What was seen so far.
#[derive(Default)]
pub(crate) struct Covered {
    clients: HashSet<u128>,
    cases: HashMap<u128, Attended>,
    sessions: HashMap<u128, Attended>,
    /// By client and domain: the client, whether before, whether after.
    scores: HashMap<u128, (u128, bool, bool)>,
}

impl Covered {
    pub(crate) fn take(&mut self, seen: Seen) {
        let most = |of: &mut HashMap<u128, Attended>, key, attended: Attended| {
            let known = of.entry(key).or_insert(attended);
            *known = attended.max(*known);
        };
        match seen {
            Seen::Client(client) => drop(self.clients.insert(client)),
            Seen::Case(case, attended) => most(&mut self.cases, case, attended),
            Seen::Session(session, attended) => most(&mut self.sessions, session, attended),
            Seen::Score(client, domain, phase) => {
                let (_, before, after) =
                    self.scores.entry(domain).or_insert((client, false, false));
                *before |= phase == Phase::Before;
                *after |= phase == Phase::After;
            }
        }
    }

    pub(crate) fn count(&self) -> Coverage {
        let alone = |of: &HashMap<u128, Attended>| {
            of.values().filter(|attended| **attended == Attended::No).count() as u64
        };
        let with_score: HashSet<u128> = self.scores.values().map(|(client, ..)| *client).collect();
        let pairs = self.scores.values().filter(|(_, before, after)| *before && *after);
        let with_pair: HashSet<u128> = pairs.map(|(client, ..)| *client).collect();
        Coverage {
            clients: self.clients.len() as u64,
            clients_with_score: with_score.len() as u64,
            clients_with_pair: with_pair.len() as u64,
            cases: self.cases.len() as u64,
            cases_without_session: alone(&self.cases),
            sessions: self.sessions.len() as u64,
            sessions_without_client: alone(&self.sessions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair is one client in one domain; two domains, or two clients, make none.
    #[test]
    fn what_belongs_together_is_counted_together() {
        let mut covered = Covered::default();
        let (before, after) = (Phase::Before, Phase::After);
        for seen in [
            Seen::Client(1),
            Seen::Client(2),
            Seen::Client(2),
            Seen::Client(3),
            Seen::Client(4),
            Seen::Case(10, Attended::No),
            Seen::Case(10, Attended::Yes),
            Seen::Case(11, Attended::No),
            Seen::Session(20, Attended::Yes),
            Seen::Session(20, Attended::No),
            Seen::Session(21, Attended::No),
            Seen::Score(1, 100, before),
            Seen::Score(1, 100, after),
            Seen::Score(2, 200, before),
            Seen::Score(2, 201, after),
            Seen::Score(3, 300, Phase::Other),
        ] {
            covered.take(seen);
        }
        let expected = Coverage {
            clients: 4,
            clients_with_score: 3,
            clients_with_pair: 1,
            cases: 2,
            cases_without_session: 1,
            sessions: 2,
            sessions_without_client: 1,
        };
        assert_eq!(covered.count(), expected);
    }
}
