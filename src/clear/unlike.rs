//! Whether two records plainly cannot be one person's, whatever number they have. Takes traits,
//! gives yes or no; in doubt it is no.

use super::likeness::{Likeness, Word};
use super::nicknames::Rows;
use super::traits::{Birth, NO_WORD, Traits};
use crate::encode::phonetic::phonetic;

/// Whole names and whole birth dates of both are known; the given name of neither is near, part or
/// short form of any name of the other; and two of day, month and year differ, the year among them
/// where the family name is alike, as in a household.
///
/// So neither a changed surname nor a mended date is enough, nor both where the given name stays.
/// Day and month in each other's place are no difference, and the first day of a year is how people
/// write that they know the year alone.
pub(crate) fn are_plainly_two(traits: &Traits, a: u32, b: u32) -> bool {
    let (x, y) = (&traits.people[a as usize], &traits.people[b as usize]);
    if [x.family, x.given, y.family, y.given].contains(&NO_WORD)
        || !are_plainly_others(x.birth, y.birth)
    {
        return false;
    }
    let unlike = |a: u32, b: u32| a != b && are_unlike(traits, a, b);
    unlike(x.given, y.given)
        && unlike(x.given, y.family)
        && unlike(x.family, y.given)
        && (x.birth.year != y.birth.year || unlike(x.family, y.family))
}

/// Whether the record says enough to be told from another.
pub(crate) fn is_whole(traits: &Traits, record: u32) -> bool {
    let person = &traits.people[record as usize];
    person.birth.is_whole() && ![person.family, person.given].contains(&NO_WORD)
}

fn are_plainly_others(x: Birth, y: Birth) -> bool {
    let is_year_alone = |date: Birth| (date.day, date.month) == (1, 1);
    if !x.is_whole() || !y.is_whole() || is_year_alone(x) || is_year_alone(y) {
        return false;
    }
    let days = match (x.day, x.month) == (y.month, y.day) {
        true => 0,
        false => usize::from(x.day != y.day) + usize::from(x.month != y.month),
    };
    days + usize::from(x.year != y.year) >= 2
}

fn are_unlike(traits: &Traits, a: u32, b: u32) -> bool {
    let texts = traits.names.texts();
    let [a, b] = [a, b].map(|name| texts[name as usize - 1].as_ref());
    let codes = [a, b].map(phonetic);
    // Numbers of sounds are only ever compared: of two, one is enough.
    let sound = u32::from(!codes[0].is_empty() && codes[0] == codes[1]);
    let [p, q] = [a, b].map(|text| Word::new(text, sound));
    p.likeness(&q) == Likeness::Unlike
        && !p.is_part(&q)
        && !p.begins_with(&q)
        && !Rows::of(a).meet(Rows::of(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::tests::{person, project, traits};

    /// Whether two people, by family name, given name and birth date, are told apart, either way
    /// round.
    fn told_apart(a: [&str; 3], b: [&str; 3]) -> bool {
        let project = project();
        let full = |[family, given, birth]: [&str; 3]| person([family, given, birth, "", "", ""]);
        let traits = traits(&project, &[full(a), full(b)]);
        let found = are_plainly_two(&traits, 0, 1);
        assert_eq!(are_plainly_two(&traits, 1, 0), found);
        found
    }

    #[test]
    fn only_given_names_and_dates_that_are_unlike_are_two_people() {
        let ada = ["OKAFOR", "ADA", "17/05/1980"];
        for (other, expected) in [
            (["BRANTLEY", "JANET", "23/11/1961"], true),
            (["BRANTLEY", "JANET", "23/11/1980"], true),
            // A surname that changed, with and without a mended date.
            (["BRANTLEY", "ADA", "17/05/1980"], false),
            (["BRANTLEY", "ADA", "23/11/1961"], false),
            // One of a household.
            (["OKAFOR", "JANET", "23/11/1961"], true),
            (["OKAFORR", "JANET", "23/11/1961"], true),
            (["OKAFOR", "JANET", "23/11/1980"], false),
            (["OKAFORR", "JANET", "23/11/1980"], false),
            // A given name that changed, and a date of which one part was mended.
            (["OKAFOR", "JANET", "17/05/1981"], false),
            // Another name, and a date of which one part was mended, or that was turned round.
            (["BRANTLEY", "JANET", "17/05/1961"], false),
            (["BRANTLEY", "JANET", "05/05/1980"], false),
            // Half of what is known elsewhere.
            (["BRANTLEY", "", "23/11/1961"], false),
            (["", "JANET", "23/11/1961"], false),
            (["BRANTLEY", "JANET", ""], false),
            // An estimate.
            (["BRANTLEY", "JANET", "01/01/1961"], false),
            // Crossed, crossed in part, longer, shortened.
            (["ADA", "OKAFOR", "23/11/1961"], false),
            (["BRANTLEY", "OKAFOR", "23/11/1961"], false),
            (["BRANTLEY", "ADAMARIA", "23/11/1961"], false),
            (["BRANTLEY", "A", "23/11/1961"], false),
        ] {
            assert_eq!(told_apart(ada, other), expected, "{other:?}");
        }
        let bill = ["MARSH", "WILLIAM", "17/05/1980"];
        assert!(!told_apart(bill, ["OKAFOR", "BILL", "23/11/1961"]), "a short form");
        assert!(!told_apart(["LI", "WEI", "03/05/1980"], ["NGO", "AN", "05/03/1980"]), "turned");
        assert!(
            !told_apart(["LI", "WEI", "03/05/1980"], ["NGO", "AN", "05/03/1990"]),
            "and a year"
        );
    }
}
