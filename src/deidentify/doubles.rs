//! Who of an export is one person, by the ways of [`super::run`], for reports that stay at the
//! agency. Takes persons, gives a number for each record's person; makes no token.

use super::duplicates;
use super::mixed::Mixed;
use crate::clear::Traits;
use crate::encode::people::{self, People, Records};
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
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The person of each record, in the order of the export.
    pub(crate) person_of: Vec<u32>,
    /// How many record numbers there are.
    pub(crate) numbers: u64,
    /// How many people there are.
    pub(crate) people: u64,
    /// The numbers that different people have.
    pub(crate) mixed: Mixed,
}

/// How many record numbers there are, and how many people have them.
pub(super) fn count(records: &Records, people: &People) -> (u64, u64) {
    let People { order, representatives } = people;
    let changes = order.windows(2).filter(|r| records.id(r[0]) != records.id(r[1]));
    let numbers = changes.count() as u64 + u64::from(!records.is_empty());
    let own = (0u32..).zip(representatives).filter(|(rank, person)| rank == *person);
    (numbers, own.count() as u64)
}

/// What to say of people who are there twice in a source that is described as holding each once.
/// They are so many, or `at_least` so many.
pub(crate) fn told_once(twice: u64, at_least: &str) -> Option<String> {
    (twice > 0).then(|| {
        format!(
            "source.toml says that each person is there once (`unique_people = true`), but people \
             are there again under further record numbers: {at_least}{twice}; linkage that believes \
             it loses matches, so say `unique_people = false`, or join them in the export"
        )
    })
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
        let mixed = Mixed::find(records, &people, traits);
        let (ranks, first) = people::compared_by(records, &people, sets);
        let pairs = duplicates::find(project, encoder.components(), sets, traits, &first);
        let pairs = pairs.iter().map(|&(a, b)| (ranks[a as usize], ranks[b as usize]));
        people::merge(&mut people.representatives, pairs);
        let mut person_of = vec![0; records.len()];
        for (&record, &person) in people.order.iter().zip(&people.representatives) {
            person_of[record as usize] = person;
        }
        let (numbers, people) = count(records, &people);
        Found { person_of, numbers, people, mixed }
    }
}
