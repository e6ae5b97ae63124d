//! What people are compared by in the clear, column by column: names, birth date, sex and
//! the other fields, each distinct word once. Takes usable details, never compares.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::encode::bits::Bits;
use crate::encode::component::Details;
use crate::project::{FieldKind, Project};
use crate::standardise::Person;

/// The number of a missing word.
pub(crate) const NO_WORD: u32 = 0;

/// The traits of people, one entry each per token set. What one person has lies together, since
/// pairs are compared in no order that memory would like. Prints as shape.
#[derive(Clone, Default)]
pub(crate) struct Traits {
    /// Family and given names have their words in common, so that they can be each other's.
    pub(super) names: Words,
    pub(super) people: Vec<Trait>,
    /// The fields of the other kinds, in the project's order.
    pub(super) others: Vec<Field>,
    /// As many numbers for each person as there are other fields.
    values: Vec<u32>,
}

/// What every project knows of a person, names as numbers of words.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trait {
    pub(super) family: u32,
    pub(super) given: u32,
    pub(super) birth: Birth,
    /// The code; 0 where it is missing.
    pub(super) sex: u8,
}

/// A birth date as far as it is known; 0 stands for what is not. Never printed.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Birth {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Birth {
    pub(super) fn is_whole(self) -> bool {
        self.year != 0 && self.month != 0 && self.day != 0
    }
}

/// A field of another kind.
#[derive(Clone, Default)]
pub(super) struct Field {
    /// Its place in the project.
    pub(super) field: usize,
    pub(super) words: Words,
}

/// Distinct words, numbered from 1 as they come.
#[derive(Clone, Default)]
pub(super) struct Words {
    texts: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Words {
    /// Every word, that of number 1 first.
    pub(super) fn texts(&self) -> &[Arc<str>] {
        &self.texts
    }

    fn number(&mut self, word: Option<&str>) -> u32 {
        let Some(word) = word.filter(|w| !w.is_empty()) else { return NO_WORD };
        if let Some(&number) = self.numbers.get(word) {
            return number;
        }
        let word: Arc<str> = word.into();
        self.texts.push(word.clone());
        let number = self.texts.len() as u32;
        self.numbers.insert(word, number);
        number
    }

    /// Takes in the words of another list, and gives what their numbers become.
    fn absorb(&mut self, other: Words) -> Vec<u32> {
        let mut renumbered = vec![NO_WORD];
        renumbered.extend(other.texts.iter().map(|text| self.number(Some(text))));
        renumbered
    }
}

impl Traits {
    /// Room for the traits that a project compares by.
    pub(crate) fn new(project: &Project) -> Traits {
        let fields = project.fields.iter().enumerate().filter(|(_, f)| !f.kind.is_single());
        let others = fields.map(|(field, _)| Field { field, ..Field::default() }).collect();
        Traits { others, ..Traits::default() }
    }

    /// Appends those of one person.
    pub(crate) fn push(&mut self, project: &Project, person: &Person) {
        let details = Details::of(person, &project.placeholders);
        let [family, given] = details.names();
        let (day, month, year) = details.birth_date();
        self.people.push(Trait {
            family: self.names.number(family),
            given: self.names.number(given),
            birth: Birth {
                year: year.unwrap_or(0),
                month: month.unwrap_or(0),
                day: day.unwrap_or(0),
            },
            sex: details.sex().unwrap_or(0),
        });
        for other in &mut self.others {
            let text = details.other(other.field).map(|text| text.as_str());
            self.values.push(other.words.number(text));
        }
    }

    /// The numbers of a person's words in the other fields.
    pub(super) fn others_of(&self, place: usize) -> &[u32] {
        let fields = self.others.len();
        &self.values[place * fields..][..fields]
    }

    /// Leaves those of the kept places.
    pub(crate) fn retain(&mut self, kept: &Bits) {
        let fields = self.others.len();
        let mut place = 0..;
        self.people.retain(|_| place.next().is_some_and(|place| kept.get(place)));
        let mut place = (0..).flat_map(|place| std::iter::repeat_n(place, fields));
        self.values.retain(|_| place.next().is_some_and(|place| kept.get(place)));
    }

    /// Moves all of another batch behind these.
    pub(crate) fn append(&mut self, other: Traits) {
        let into = self.names.absorb(other.names);
        self.people.extend(other.people.iter().map(|&person| Trait {
            family: into[person.family as usize],
            given: into[person.given as usize],
            ..person
        }));
        let fields = self.others.iter_mut().zip(other.others);
        let into: Vec<Vec<u32>> = fields.map(|(f, more)| f.words.absorb(more.words)).collect();
        let numbers = other.values.iter().zip(into.iter().cycle());
        self.values.extend(numbers.map(|(&number, into)| into[number as usize]));
    }
}

impl fmt::Debug for Traits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traits({})", self.people.len())
    }
}

/// The kind of a project's field.
pub(super) fn kind(project: &Project, field: usize) -> FieldKind {
    project.fields[field].kind
}

#[cfg(test)]
mod tests {
    use crate::clear::tests::{person, project, traits};

    #[test]
    fn batches_joined_are_as_one_and_print_no_name() {
        let project = project();
        let people = [
            person(["SMITH", "ANNA", "17/05/1980", "2", "BRUCE", "2617"]),
            person(["JONES", "", "", "", "", ""]),
            person(["ANNA", "SMITH", "01/02/1990", "1", "ACTON", "2601"]),
        ];
        let whole = traits(&project, &people);
        let mut joined = traits(&project, &people[..1]);
        joined.append(traits(&project, &people[1..]));
        assert!(joined.people == whole.people);
        assert_eq!(joined.values, whole.values);
        assert_eq!(joined.values.len(), 3 * joined.others.len());
        let (first, last) = (joined.people[0], joined.people[2]);
        assert_eq!((first.family, first.given), (last.given, last.family));
        assert_eq!(format!("{joined:?}"), "Traits(3)");
    }
}
