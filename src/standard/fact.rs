//! What only many records together can show: a record that is there twice, a number of two
//! things, a session of a client who is not on its case. Values are kept as digests.

use std::collections::{HashMap, HashSet};

use sha2::{Digest, Sha256};

use super::coverage::{Coverage, Covered, Seen};
use super::findings::Tally;
use super::rule::Rule;

/// One thing that a record says, for comparing with the others.
pub(super) struct Fact {
    /// The item that a finding is about.
    pub(super) item: usize,
    pub(super) line: u64,
    pub(super) kind: Kind,
}

/// What a record says. Digests stand for values.
pub(super) enum Kind {
    /// This is there once.
    Once(u128),
    /// The first always has the second beside it.
    Same(u128, u128),
    /// This client is on this case.
    Member(u128),
    /// A session has this client on this case.
    Uses(u128),
    /// Something that is only counted.
    Counted(Seen),
}

/// Values as one number that tells nothing of them.
pub(crate) fn digest<'c>(cells: impl Iterator<Item = &'c str>) -> u128 {
    let mut hash = Sha256::new();
    for cell in cells {
        hash.update((cell.len() as u64).to_le_bytes());
        hash.update(cell.as_bytes());
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    u128::from_le_bytes(first)
}

/// What was said so far.
#[derive(Default)]
pub(super) struct Facts {
    once: HashSet<(usize, u128)>,
    same: HashMap<(usize, u128), u128>,
    members: HashSet<u128>,
    uses: Vec<(usize, u128, u64)>,
    covered: Covered,
}

impl Facts {
    /// Takes in what records say, in the order of the file.
    pub(super) fn take(&mut self, facts: Vec<Fact>, tally: &mut Tally) {
        for Fact { item, line, kind } in facts {
            match kind {
                Kind::Once(key) => {
                    if !self.once.insert((item, key)) {
                        tally.note(Some(item), Rule::Twice, line);
                    }
                }
                Kind::Same(key, value) => {
                    if *self.same.entry((item, key)).or_insert(value) != value {
                        tally.note(Some(item), Rule::Differs, line);
                    }
                }
                Kind::Member(key) => drop(self.members.insert(key)),
                Kind::Uses(key) => self.uses.push((item, key, line)),
                Kind::Counted(seen) => self.covered.take(seen),
            }
        }
    }

    /// What the file covers.
    pub(super) fn coverage(&self) -> Coverage {
        self.covered.count()
    }

    /// What could only be said at the end: where a file lists the clients of its cases, every
    /// session keeps to the list.
    pub(super) fn conclude(self, tally: &mut Tally) {
        if self.members.is_empty() {
            return;
        }
        for (item, key, line) in self.uses {
            if !self.members.contains(&key) {
                tally.note(Some(item), Rule::NotOnCase, line);
            }
        }
    }
}
