//! How many clients are left out for want of consent, as the analyst may know it: whoever reads
//! the tables must know whom they are not about. Takes record numbers, keeps digests, gives
//! counts of which small ones are withheld.

use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::consent::Withheld;
use crate::disclosure::{Count, Error, Ledger, Threshold, Worth};
use crate::package::manifest::Exclusions;

/// The clients left out, each once for each reason. Prints as shape.
#[derive(Default)]
pub(super) struct LeftOut {
    clients: HashSet<(Withheld, u64)>,
    /// Those of whom a row gives consent anew after a withdrawal.
    renewed: HashSet<u64>,
}

impl LeftOut {
    /// Notes the record number of a row that is left out. Rows are not counted: a dozen of them
    /// may be of one client.
    pub(super) fn push(&mut self, why: Withheld, number: &str) {
        self.clients.insert((why, digest(number)));
    }

    /// Notes that a row of a record number gives consent anew, after a withdrawal.
    pub(super) fn renew(&mut self, number: &str) {
        self.renewed.insert(digest(number));
    }

    /// Why no row of a record number may be used, where one of them says so of the client. That
    /// consent is not stated there, or is over, says nothing against a row that gives it.
    pub(super) fn refuses(&self, number: &str) -> Option<Withheld> {
        let digest = if self.clients.is_empty() { return None } else { digest(number) };
        let said = [Withheld::Withdrawn, Withheld::Refused, Withheld::Partial];
        let is_undone = |why| why == Withheld::Withdrawn && self.renewed.contains(&digest);
        said.into_iter().find(|&why| self.clients.contains(&(why, digest)) && !is_undone(why))
    }

    pub(super) fn append(&mut self, other: LeftOut) {
        self.clients.extend(other.clients);
        self.renewed.extend(other.renewed);
    }

    /// Each reason with its clients, after those who are in the package. No sum is given, so
    /// that nothing withheld can be worked out.
    ///
    /// # Errors
    /// When the counts cannot be protected.
    pub(super) fn table(&self, people: u64) -> Result<Vec<(&'static str, Count)>, Error> {
        let mut clients = Exclusions::default();
        self.clients.iter().for_each(|(why, _)| why.count_in(&mut clients));
        let reasons = clients.by_consent();
        let all = people + reasons.iter().map(|(_, n)| n).sum::<u64>();
        let mut ledger = Ledger::new(Threshold::default());
        let lines = std::iter::once((IN_PACKAGE, people)).chain(reasons);
        let cells: Vec<_> =
            lines.map(|(reason, n)| (reason, ledger.publish_in(n, all, Worth::Detail))).collect();
        ledger.protect()?;
        Ok(cells.into_iter().map(|(reason, cell)| (reason, ledger.count(cell))).collect())
    }
}

fn digest(number: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    number.hash(&mut hasher);
    hasher.finish()
}

const IN_PACKAGE: &str = "in the package";

impl fmt::Debug for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeftOut({} clients)", self.clients.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_counted_once_and_few_are_not_shown() {
        let mut left_out = LeftOut::default();
        // Twenty rows of one client; ten clients of two rows; nine of one.
        for row in 0..20 {
            left_out.push(Withheld::Withdrawn, "a");
            left_out.push(Withheld::Refused, &format!("b{}", row / 2));
        }
        let mut more = LeftOut::default();
        (0..9).for_each(|client| more.push(Withheld::Partial, &format!("c{client}")));
        more.push(Withheld::Refused, "b0");
        left_out.append(more);
        let table = left_out.table(300).expect("protected");
        let expected = [
            ("in the package", Count::Shown(300)),
            ("consent refused", Count::Shown(10)),
            ("consent in part only", Count::Withheld),
            ("consent not stated", Count::Shown(0)),
            ("consent not yet given", Count::Shown(0)),
            ("consent ended", Count::Shown(0)),
            ("consent withdrawn", Count::Withheld),
        ];
        assert_eq!(table, expected);
        // Of few people, a nought would say something of each.
        let few = LeftOut::default().table(12).expect("protected");
        assert!(few[1..].iter().all(|(_, count)| *count == Count::Withheld));
    }
}
