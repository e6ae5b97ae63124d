//! Who of an export is one person, by the ways of [`super::run`], for reports that stay at the
//! agency. Takes persons, gives a number for each record's person; makes no token.

use super::duplicates;
use crate::clear::Traits;
use crate::encode::people::{self, Records};
use crate::encode::{Encoder, Scratch, TokenSets};
use crate::project::Project;
use crate::standardise::Person;

/// The records of an export, as far as they are compared by. Prints as shape.
#[derive(Debug, Default)]
pub(crate) struct Doubles {
    records: Records,
    sets: TokenSets,
    traits: Traits,
}

/// Who is who.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The person of each record, in the order of the export.
    pub(crate) person_of: Vec<u32>,
    /// How many record numbers there are.
    pub(crate) numbers: u64,
    /// How many people there are.
    pub(crate) people: u64,
}

impl Doubles {
    /// Room for records.
    pub(crate) fn new(project: &Project, encoder: &Encoder<'_>) -> Self {
        Doubles {
            records: Records::default(),
            sets: encoder.token_sets(0),
            traits: Traits::new(project),
        }
    }

    /// Appends a record.
    pub(crate) fn push(
        &mut self,
        project: &Project,
        encoder: &Encoder<'_>,
        scratch: &mut Scratch,
        (number, line): (&str, u64),
        person: &Person,
    ) {
        let set = self.sets.len() as u32;
        encoder.encode(person, scratch, &mut self.sets);
        self.records.push(number, line, set, encoder.identities(person, scratch));
        self.traits.push(project, person);
    }

    /// Appends the records of later rows.
    pub(crate) fn append(&mut self, other: Doubles) {
        self.records.append(&other.records, self.sets.len() as u32);
        self.sets.append(other.sets);
        self.traits.append(other.traits);
    }

    /// Finds the people.
    pub(crate) fn find(&self, project: &Project, encoder: &Encoder<'_>) -> Found {
        let Doubles { records, sets, traits } = self;
        let mut people = people::group(records);
        let (ranks, first) = people::compared_by(records, &people, sets);
        let pairs = duplicates::find(project, encoder.components(), sets, traits, &first);
        let pairs = pairs.iter().map(|&(a, b)| (ranks[a as usize], ranks[b as usize]));
        people::merge(&mut people.representatives, pairs);
        let mut person_of = vec![0; records.len()];
        for (&record, &person) in people.order.iter().zip(&people.representatives) {
            person_of[record as usize] = person;
        }
        let changes = people.order.windows(2).filter(|r| records.id(r[0]) != records.id(r[1]));
        let numbers = changes.count() as u64 + u64::from(!records.is_empty());
        let own = (0u32..).zip(&people.representatives).filter(|(rank, person)| rank == *person);
        Found { person_of, numbers, people: own.count() as u64 }
    }
}
