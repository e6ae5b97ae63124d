//! Pairs of records judged in the clear, by whoever may see the names: an agency that looks
//! for people it holds twice, or a custodian that links its own exports. Values are
//! compared by more than equality, and how common a value is counts; the decision engine
//! that judges is the linkage unit's own.

mod block;
mod chance;
mod compare;
mod likeness;
mod nicknames;
mod states;
mod traits;
mod unlike;

use rayon::prelude::*;

use crate::engine::{self, Between, Chance, Judgement, Sight};
pub(crate) use block::{Blocking, Candidates, Limits};
pub(crate) use compare::Comparison;
pub(crate) use traits::Traits;
pub(crate) use unlike::{are_plainly_two, is_whole};

/// One source of people.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its people, by number.
    pub(crate) people: std::ops::Range<u32>,
    /// Whether it holds each person once.
    pub(crate) unique: bool,
}

/// The most rounds of fitting: what is counted of a source that holds people twice is
/// corrected by how many the round before found.
const MOST_ROUNDS: usize = 4;

/// Judges pairs of people; the lower number comes first in each.
pub(crate) fn judge(comparison: &Comparison<'_>, pairs: &[(u32, u32)]) -> Judgement {
    let sources = comparison.sources();
    let seen: Vec<Sight> = pairs
        .par_iter()
        .map(|&(a, b)| {
            let (of_a, of_b) = (comparison.source_of(a), comparison.source_of(b));
            let between = index(sources.len(), of_a, of_b) as u16;
            Sight { between, outcomes: comparison.outcomes(a, b) }
        })
        .collect();
    let space = comparison.space();
    let outcomes = comparison.possible();
    let counted = chance::of_sources(comparison);
    let mut chances = counted.clone();
    let mut before: Vec<f64> = Vec::new();
    let mut round = 1;
    loop {
        let between = between(sources, &chances);
        let share_seen = |_: usize, states: &[&[f64]]| comparison.share_seen(states);
        let is_sure = |outcomes: u64| comparison.is_sure(outcomes);
        let judgement =
            engine::judge_in_clear(&space, &share_seen, &is_sure, outcomes, &between, &seen);
        // What each source that may hold a person twice is found to hold.
        let found: Vec<f64> = (0..sources.len())
            .filter(|&s| !sources[s].unique)
            .map(|s| judgement.model.expected[index(sources.len(), s, s)].same)
            .collect();
        let is_settled =
            found.iter().zip(&before).all(|(now, before)| (now - before).abs() <= 0.005 * now);
        if (is_settled && found.len() == before.len()) || round == MOST_ROUNDS {
            return judgement;
        }
        round += 1;
        let twice = (0..sources.len()).filter(|&s| !sources[s].unique);
        for (s, same) in twice.zip(&found) {
            let share = same / between[index(sources.len(), s, s)].pairs.max(1.0);
            chances[s] = chance::without(&counted[s], &judgement.model.same, share);
        }
        before = found;
    }
}

/// Every pair of sources, a source with itself too, and how each agrees by chance.
fn between(sources: &[Source], chances: &[Vec<Vec<f64>>]) -> Vec<Between> {
    let people = |s: usize| sources[s].people.len() as f64;
    let mut all = Vec::new();
    for a in 0..sources.len() {
        for b in a..sources.len() {
            let states = chances[a]
                .iter()
                .zip(&chances[b])
                .map(|(a, b)| a.iter().zip(b).map(|(a, b)| (a + b) / 2.0).collect())
                .collect();
            all.push(Between {
                chance: Chance::in_clear(states),
                people: [people(a) as u64, people(b) as u64],
                unique: [a, b].map(|s| a != b && sources[s].unique),
                pairs: match a == b {
                    true => people(a) * (people(a) - 1.0) / 2.0,
                    false => people(a) * people(b),
                },
            });
        }
    }
    all
}

/// The index of a pair of sources: the upper triangle, row by row.
fn index(sources: usize, a: usize, b: usize) -> usize {
    let (a, b) = (a.min(b), a.max(b));
    a * sources - a * (a + 1) / 2 + b
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Diacritics, FieldKind, Placeholders, Preset, Project};
    use crate::standardise::date::Accuracy;
    use crate::standardise::{Absent, BirthDate, Name, Person, PlaceholderList, Sex, Text, Value};

    pub(super) fn project() -> Project {
        Project::parse(&Preset::Minimal.toml("yard", "2026"), "project.toml").expect("the preset")
    }

    /// A person of the minimal preset: family name, given name, birth date as dd/mm/yyyy,
    /// sex, suburb, postcode; empty for missing.
    pub(super) fn person([family, given, birth, sex, suburb, postcode]: [&str; 6]) -> Person {
        let list = PlaceholderList::new(&Placeholders::default());
        let name = |text| Name::read(text, Diacritics::Fold, &list);
        let nothing = Value::Missing(Absent::Empty);
        let mut others = vec![nothing; 4];
        others.push(Text::read(FieldKind::Suburb, suburb, &list));
        others.push(Text::read(FieldKind::Postcode, postcode, &list));
        let birth = match birth.split('/').collect::<Vec<_>>()[..] {
            [day, month, year] => {
                let number = |text: &str| text.parse::<i16>().expect("a number");
                let (day, month) = (number(day) as i8, number(month) as i8);
                let date = jiff::civil::date(number(year), month, day);
                Value::Known(BirthDate::new(date, Accuracy::ACCURATE))
            }
            _ => Value::Missing(Absent::Empty),
        };
        let slk = Value::Missing(Absent::Empty);
        Person { family: name(family), given: name(given), birth, sex: Sex::read(sex), others, slk }
    }

    pub(super) fn traits(project: &Project, people: &[Person]) -> Traits {
        let mut traits = Traits::new(project);
        people.iter().for_each(|person| traits.push(project, person));
        traits
    }

    #[test]
    fn pairs_of_sources_are_numbered_without_gaps() {
        for n in 1..6 {
            let all: Vec<usize> =
                (0..n).flat_map(|a| (a..n).map(move |b| index(n, a, b))).collect();
            assert_eq!(all, (0..n * (n + 1) / 2).collect::<Vec<_>>());
            assert_eq!(index(n, n - 1, 0), index(n, 0, n - 1));
        }
    }
}
