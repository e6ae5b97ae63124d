//! Record numbers that different people have: a household's number, a case's, or one that was
//! given out again. All rows of a number are one person further on, so the source must know.

use std::fmt;

use crate::clear::{self, Traits};
use crate::encode::people::{People, Records};

/// The record numbers whose rows are plainly of different people. Prints as shape.
#[derive(Clone, Default)]
pub(crate) struct Mixed {
    /// Record numbers with several rows.
    pub(crate) several: u64,
    /// Those of them that different people have.
    pub(crate) numbers: u64,
    /// Of each such number a record that says whose it is, and those that are plainly another's.
    pub(crate) records: Vec<u32>,
}

/// This many numbers of different people in all, and one of so many of the numbers with several
/// rows: then it is hardly the person's number.
const FEWEST_FOR_COLUMN: u64 = 5;
const ONE_OF: u64 = 20;

impl Mixed {
    /// Finds them. `traits` has what each token set of the records is told by.
    pub(crate) fn find(records: &Records, people: &People, traits: &Traits) -> Mixed {
        let mut mixed = Mixed::default();
        for rows in people.order.chunk_by(|&a, &b| records.id(a) == records.id(b)) {
            if rows.len() < 2 {
                continue;
            }
            mixed.several += 1;
            let set = |record: u32| records.first_set(record);
            let is_whole = |record: &&u32| clear::is_whole(traits, set(**record));
            let Some(&first) = rows.iter().find(is_whole) else { continue };
            let before = mixed.records.len();
            mixed.records.push(first);
            let others = rows.iter().copied();
            let others = others.filter(|&r| clear::are_plainly_two(traits, set(first), set(r)));
            mixed.records.extend(others);
            match mixed.records.len() - before {
                1 => mixed.records.truncate(before),
                _ => mixed.numbers += 1,
            }
        }
        mixed
    }

    /// What a person should know of it; `list` is a file with the lines, where there is one.
    pub(crate) fn warning(&self, column: &str, list: Option<&str>) -> Option<String> {
        let Mixed { several, numbers, .. } = self;
        let list = list.map(|file| format!("; see {file}")).unwrap_or_default();
        let column = crate::files::clean_text(column);
        match numbers {
            0 => None,
            _ if *numbers >= FEWEST_FOR_COLUMN && numbers * ONE_OF > *several => Some(format!(
                "column `{column}` is hardly the person's own number: {numbers} of {several} record \
                 numbers with several rows hold rows of different people (given names and birth \
                 dates are unlike), and each number becomes ONE person, which is wrong{list}; name the \
                 person's number as `record_id` in source.toml, not that of a household or a case"
            )),
            _ => Some(format!(
                "record numbers that hold rows of different people (given names and birth \
                 dates are unlike): {numbers} of {several} with several rows; each number becomes one \
                 person{list}; is `{column}` the person's own number, and was none given out again?"
            )),
        }
    }
}

impl fmt::Debug for Mixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mixed({} of {} numbers)", self.numbers, self.several)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::DateFormats;
    use crate::encode::people::group;
    use crate::project::{Placeholders, Preset, Project};
    use crate::standardise::{BirthDate, Name, Person, PlaceholderList, Value};

    /// Rows as number, family name, given name and birth date.
    fn find(rows: &[[&str; 4]]) -> Mixed {
        let project = Project::parse(&Preset::Minimal.toml("yard", "2026"), "project.toml");
        let project = project.expect("the preset");
        let list = PlaceholderList::new(&Placeholders::standard());
        let (mut records, mut traits) = (Records::default(), Traits::default());
        for (at, [number, family, given, birth]) in (0..).zip(rows) {
            let name = |text| Name::read(text, project.diacritics, &list);
            let today = jiff::civil::date(2026, 7, 1);
            let formats = DateFormats::named("%d/%m/%Y");
            let birth: Value<BirthDate> = BirthDate::read(birth, &formats, today, None, &list);
            let person =
                Person { family: name(family), given: name(given), birth, ..Person::default() };
            records.push(number, u64::from(at) + 2, at, []);
            traits.push(&project, &person);
        }
        Mixed::find(&records, &group(&records), &traits)
    }

    #[test]
    fn numbers_of_different_people_are_found_wherever_their_rows_stand() {
        let ada = ["Okafor", "Ada", "17/05/1980"];
        let row = |number, [f, g, b]: [&'static str; 3]| [number, f, g, b];
        let janet = ["Brantley", "Janet", "23/11/1961"];
        let mixed = find(&[
            row("b", ["", "Ada", "17/05/1980"]),
            row("a", ada),
            row("b", ada),
            row("a", ["Marsh", "Ada", "17/05/1980"]),
            row("c", janet),
            row("b", janet),
        ]);
        assert_eq!((mixed.several, mixed.numbers), (2, 1));
        assert_eq!(mixed.records, [2, 5], "the first row of b does not say whose it is");
        assert_eq!(format!("{mixed:?}"), "Mixed(1 of 2 numbers)");
    }

    #[test]
    fn many_say_that_the_column_is_wrong() {
        let of = |numbers, several| Mixed { several, numbers, records: vec![] };
        assert_eq!(of(0, 100).warning("id", None), None);
        for (mixed, is_column) in
            [(of(4, 4), false), (of(5, 5), true), (of(5, 100), false), (of(6, 100), true)]
        {
            let said = mixed.warning("id", Some("keep/a.csv")).expect("a warning");
            assert_eq!(said.contains("hardly"), is_column, "{said}");
            assert!(said.contains("; see keep/a.csv"), "{said}");
        }
    }
}
