//! Two people side by side: which state each comparison group is in, as far as both have
//! values. Takes traits, gives small numbers that say nothing of the values.

use std::collections::HashMap;
use std::hash::Hash;

use super::Source;
use super::likeness::{Likeness, Word, one_edit};
use super::nicknames::Rows;
use super::states::{BANDS, Group, birth, family, given, groups, possible, states, steps};
use super::traits::{Birth, NO_WORD, Trait, Traits, Words, kind};
use crate::encode::phonetic::phonetic;
use crate::engine::{GroupKind, GroupStates, Space, ones};
use crate::project::{FieldKind, Project};
use crate::standardise::address;

/// From these shares of the people on, a value is in the next band: two a tenfold.
const BAND_EDGES: [f64; BANDS - 1] = [1e-5, 3.2e-5, 1e-4, 3.2e-4, 1e-3, 3.2e-3, 1e-2];
/// Near names are told apart by whether the rarer one is in one of the first bands: a name
/// that hardly anybody has is more likely a typing error.
const RARE_BANDS: usize = 2;

/// People ready to be compared, pair by pair.
pub(crate) struct Comparison<'a> {
    sources: Vec<Source>,
    groups: Vec<Group>,
    names: Vec<String>,
    /// Per group, the states that each outcome leaves possible.
    possible: Vec<Vec<u64>>,
    /// The sources' people, by number: the place of each in the traits.
    people: Vec<u32>,
    source_of: Vec<u16>,
    traits: &'a Traits,
    words: Vec<Word>,
    short_forms: Vec<Rows>,
    others: Vec<Vec<Word>>,
    other_kinds: Vec<FieldKind>,
    /// How common values are, over all sources: of given names, of family names, of birth
    /// dates, and of each further group as a whole.
    pub(super) given: Common,
    pub(super) family: Common,
    pub(super) birth: Common,
    pub(super) wholes: Vec<Common>,
}

/// Whether two people's family and given names stand in each other's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crossed {
    No,
    Nearly,
    Wholly,
}

/// One column's values as numbers, and how many people have each.
#[derive(Default)]
pub(super) struct Common {
    /// Per person, the number of its value; 0 for none.
    pub(super) values: Vec<u32>,
    counts: Vec<u32>,
    known: u32,
}

impl Common {
    fn new<T: Eq + Hash>(values: impl Iterator<Item = Option<T>>) -> Common {
        let mut numbers: HashMap<T, u32> = HashMap::new();
        let mut common = Common { values: vec![], counts: vec![0], known: 0 };
        for value in values {
            let number = value.map_or(0, |value| {
                let next = numbers.len() as u32 + 1;
                *numbers.entry(value).or_insert(next)
            });
            if number as usize == common.counts.len() {
                common.counts.push(0);
            }
            common.counts[number as usize] += 1;
            common.known += u32::from(number != 0);
            common.values.push(number);
        }
        common
    }

    /// The band of a value, by how many people beside so many have it.
    pub(super) fn band(&self, value: u32, beside: u32) -> usize {
        let others = self.counts[value as usize].saturating_sub(beside);
        let share = f64::from(others) / f64::from(self.known.saturating_sub(beside).max(1));
        BAND_EDGES.iter().filter(|edge| share >= **edge).count()
    }

    /// The share of the people with a value whose value is in each band.
    fn shares(&self) -> Vec<f64> {
        let mut people = [0.5; BANDS];
        for value in 1..self.counts.len() as u32 {
            people[self.band(value, 1)] += f64::from(self.counts[value as usize]);
        }
        let total: f64 = people.iter().sum();
        people.iter().map(|n| n / total).collect()
    }
}

impl<'a> Comparison<'a> {
    /// The people of the sources, whose places in the traits are `people`.
    pub(crate) fn new(
        project: &Project,
        traits: &'a Traits,
        sources: Vec<Source>,
        people: Vec<u32>,
    ) -> Comparison<'a> {
        let (groups, names) = groups(project, traits);
        let each = || people.iter().map(|&p| traits.people[p as usize]);
        let known = |word: u32| (word != NO_WORD).then_some(word);
        let wholes = groups.iter().filter_map(|group| match group {
            Group::Others(fields) => Some(Common::new(people.iter().map(|&p| {
                let others = traits.others_of(p as usize);
                let values: Vec<u32> = fields.iter().map(|&f| others[f]).collect();
                (!values.contains(&NO_WORD)).then_some(values)
            }))),
            _ => None,
        });
        let mut source_of = vec![0; people.len()];
        for (s, source) in (0..).zip(&sources) {
            source_of[source.people.start as usize..source.people.end as usize].fill(s);
        }
        let kinds: Vec<FieldKind> = traits.others.iter().map(|f| kind(project, f.field)).collect();
        Comparison {
            possible: groups.iter().map(|group| possible(group, &kinds)).collect(),
            given: Common::new(each().map(|t| known(t.given))),
            family: Common::new(each().map(|t| known(t.family))),
            birth: Common::new(each().map(|t| t.birth.is_whole().then_some(t.birth))),
            wholes: wholes.collect(),
            words: words(&traits.names),
            short_forms: std::iter::once(Rows::default())
                .chain(traits.names.texts().iter().map(|text| Rows::of(text)))
                .collect(),
            others: traits.others.iter().map(|field| words(&field.words)).collect(),
            other_kinds: kinds,
            sources,
            groups,
            names,
            people,
            source_of,
            traits,
        }
    }

    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub(super) fn source_of(&self, person: u32) -> usize {
        usize::from(self.source_of[person as usize])
    }

    /// The place of each person in the traits.
    pub(super) fn places(&self) -> &[u32] {
        &self.people
    }

    /// Whether two people may be one at all: not within a source that holds each once.
    pub(super) fn may_be_one(&self, a: u32, b: u32) -> bool {
        let (a, b) = (self.source_of(a), self.source_of(b));
        a != b || !self.sources[a].unique
    }

    pub(super) fn possible(&self) -> &[Vec<u64>] {
        &self.possible
    }

    /// The groups and their states.
    pub(crate) fn space(&self) -> Space {
        let groups = self.groups.iter().zip(&self.names).enumerate();
        let groups = groups.map(|(g, (group, name))| {
            let kind = match group {
                Group::GivenAndSex => GroupKind::GivenNameAndSex,
                Group::Family => GroupKind::FamilyName,
                Group::Birth => GroupKind::BirthDate,
                Group::Others(_) => GroupKind::Other,
            };
            let mut full = vec![0.0; self.states(g)];
            let shares = self.common(g).shares();
            for (band, share) in shares.into_iter().enumerate() {
                full[self.full_state(g, band)] = share;
            }
            let beside = if kind == GroupKind::GivenNameAndSex { 2 } else { 1 };
            GroupStates::in_clear(name.clone(), kind, full, beside)
        });
        Space::in_clear(groups.collect())
    }

    /// How many groups there are.
    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// How many states a group has.
    pub(super) fn states(&self, g: usize) -> usize {
        states(&self.groups[g], &self.other_kinds)
    }

    /// The state of full agreement on a value of a band (and on sex).
    pub(super) fn full_state(&self, g: usize, band: usize) -> usize {
        match &self.groups[g] {
            Group::GivenAndSex => 2 * (given::EQUAL + band) + 1,
            _ => self.states(g) - BANDS + band,
        }
    }

    /// How common the whole values of a group are.
    pub(super) fn common(&self, g: usize) -> &Common {
        match &self.groups[g] {
            Group::GivenAndSex => &self.given,
            Group::Family => &self.family,
            Group::Birth => &self.birth,
            Group::Others(_) => {
                let before = &self.groups[..g];
                &self.wholes[before.iter().filter(|g| matches!(g, Group::Others(_))).count()]
            }
        }
    }

    /// What group this is.
    pub(super) fn is_given(&self, g: usize) -> bool {
        self.groups[g] == Group::GivenAndSex
    }

    /// See [`Comparison::is_given`].
    pub(super) fn is_family(&self, g: usize) -> bool {
        self.groups[g] == Group::Family
    }

    fn of(&self, person: u32) -> &Trait {
        &self.traits.people[self.people[person as usize] as usize]
    }

    /// The sex of a person; 0 where it is missing.
    pub(super) fn sex(&self, person: u32) -> u8 {
        self.of(person).sex
    }

    /// The words of a person's family and given names, as numbers of one list.
    pub(super) fn names_of(&self, person: u32) -> (u32, u32) {
        let person = self.of(person);
        (person.family, person.given)
    }

    /// The word of a name's number.
    pub(super) fn word(&self, name: u32) -> &Word {
        &self.words[name as usize]
    }

    /// Single values by which people of a small file may be compared, column by column, each
    /// with the person's number; 0 where there is none.
    pub(super) fn singles(&self) -> Vec<Vec<(u64, u32)>> {
        let column = |value: &dyn Fn(u32) -> u64| -> Vec<(u64, u32)> {
            (0..self.people.len() as u32).map(|person| (value(person), person)).collect()
        };
        let parts =
            |parts: &dyn Fn(Birth) -> [u16; 2], person: u32| match parts(self.of(person).birth) {
                [0, _] | [_, 0] => 0,
                [x, y] => u64::from(x) << 16 | u64::from(y),
            };
        let mut columns = vec![
            column(&|p| self.names_of(p).0.into()),
            column(&|p| self.names_of(p).1.into()),
            column(&|p| self.word(self.names_of(p).0).sound().into()),
            column(&|p| self.word(self.names_of(p).1).sound().into()),
            column(&|p| self.birth.values[p as usize].into()),
            column(&|p| parts(&|d| [d.day.into(), d.month.into()], p)),
            column(&|p| parts(&|d| [d.day.into(), d.year], p)),
            column(&|p| parts(&|d| [d.month.into(), d.year], p)),
        ];
        let other = |p: u32, f: usize| self.traits.others_of(self.people[p as usize] as usize)[f];
        columns.extend((0..self.others.len()).map(|f| column(&|p| other(p, f).into())));
        columns
    }

    /// The share of a kind of pairs that are candidates, from its state probabilities:
    /// blocking finds those who have the birth date in common, or two of names and place.
    pub(super) fn share_seen(&self, states: &[&[f64]]) -> f64 {
        let mut none = 1.0;
        let mut one = 0.0;
        for (g, p) in states.iter().enumerate() {
            let strong: f64 = (0..p.len()).filter(|&s| self.is_strong(g, s)).map(|s| p[s]).sum();
            if self.groups[g] == Group::Birth {
                none *= 1.0 - strong;
                one *= 1.0 - strong;
            } else {
                one = one * (1.0 - strong) + none * strong;
                none *= 1.0 - strong;
            }
        }
        1.0 - none - one
    }

    /// Whether a pair with these outcomes is surely among those of [`Comparison::share_seen`].
    pub(super) fn is_sure(&self, outcomes: u64) -> bool {
        let mut strong = 0;
        for (g, possible) in self.possible.iter().enumerate() {
            let set = possible[usize::from((outcomes >> (8 * g)) as u8)];
            if ones(set).all(|s| self.is_strong(g, s)) {
                strong += if self.groups[g] == Group::Birth { 2 } else { 1 };
            }
        }
        strong >= 2
    }

    fn is_strong(&self, g: usize, state: usize) -> bool {
        match &self.groups[g] {
            Group::GivenAndSex => state / 2 >= given::EQUAL,
            Group::Family => state >= family::CROSSED,
            Group::Birth => state >= birth::EQUAL,
            Group::Others(fields) => {
                let mut rest = state;
                state >= self.states(g) - BANDS
                    || fields.iter().any(|&f| {
                        let steps = steps(self.other_kinds[f]);
                        let step = rest % steps;
                        rest /= steps;
                        step == steps - 1 && self.other_kinds[f] != FieldKind::State
                    })
            }
        }
    }

    /// What is seen of two people: one byte a group.
    pub(super) fn outcomes(&self, a: u32, b: u32) -> u64 {
        let mut seen = 0;
        let crossed = self.crossed(a, b);
        for (g, group) in self.groups.iter().enumerate() {
            let outcome = match group {
                Group::GivenAndSex => self.given_and_sex(a, b, crossed),
                Group::Family => self.family(a, b, crossed),
                Group::Birth => self.birth(a, b),
                Group::Others(fields) => self.others(g, fields, a, b),
            };
            seen |= (outcome as u64) << (8 * g);
        }
        seen
    }

    /// Whether the family name of each is the given name of the other.
    fn crossed(&self, a: u32, b: u32) -> Crossed {
        let ((family_a, given_a), (family_b, given_b)) = (self.names_of(a), self.names_of(b));
        let names = [family_a, given_a, family_b, given_b];
        if names.contains(&NO_WORD) || family_a == family_b || given_a == given_b {
            return Crossed::No;
        }
        if family_a == given_b && given_a == family_b {
            return Crossed::Wholly;
        }
        let is_near = |given: u32, family: u32| {
            let (given_word, family_word) =
                (&self.words[given as usize], &self.words[family as usize]);
            given == family
                || given_word.likeness(family_word) >= Likeness::Alike
                || given_word.is_part(family_word)
                || self.short_forms[given as usize].meet(self.short_forms[family as usize])
        };
        match is_near(given_b, family_a) && is_near(given_a, family_b) {
            true => Crossed::Nearly,
            false => Crossed::No,
        }
    }

    /// Three outcomes for each state of the name, and for none: sexes that differ, agree, or
    /// are not known.
    fn given_and_sex(&self, a: u32, b: u32, crossed: Crossed) -> usize {
        let sex = match (self.sex(a), self.sex(b)) {
            (0, _) | (_, 0) => 2,
            (x, y) => usize::from(x == y),
        };
        let ((_, x), (_, y)) = (self.names_of(a), self.names_of(b));
        let name = if x == NO_WORD || y == NO_WORD || crossed != Crossed::No {
            given::EQUAL + BANDS
        } else if x == y {
            given::EQUAL + self.given.band(self.given.values[a as usize], 2)
        } else {
            let (p, q) = (&self.words[x as usize], &self.words[y as usize]);
            match p.likeness(q) {
                Likeness::Near if self.is_rare(&self.given, a, b) => given::NEAR_RARE,
                Likeness::Near => given::NEAR,
                _ if self.short_forms[x as usize].meet(self.short_forms[y as usize]) => {
                    given::SHORT_FORM
                }
                _ if p.begins_with(q) => given::BEGINS,
                Likeness::Alike => given::ALIKE,
                Likeness::Unlike if p.text()[..1] == q.text()[..1] => given::INITIAL,
                Likeness::Unlike => 0,
            }
        };
        3 * name + sex
    }

    fn family(&self, a: u32, b: u32, crossed: Crossed) -> usize {
        let ((x, _), (y, _)) = (self.names_of(a), self.names_of(b));
        match crossed {
            Crossed::Wholly => return family::CROSSED,
            Crossed::Nearly => return family::NEARLY_CROSSED,
            Crossed::No => {}
        }
        if x == NO_WORD || y == NO_WORD {
            return family::EQUAL + BANDS;
        }
        if x == y {
            return family::EQUAL + self.family.band(self.family.values[a as usize], 2);
        }
        let (p, q) = (&self.words[x as usize], &self.words[y as usize]);
        match p.likeness(q) {
            Likeness::Near if self.is_rare(&self.family, a, b) => family::NEAR_RARE,
            Likeness::Near => family::NEAR,
            _ if p.is_part(q) => family::PART,
            Likeness::Alike => family::ALIKE,
            Likeness::Unlike => 0,
        }
    }

    /// Whether the rarer of two people's names is one that hardly anybody has.
    fn is_rare(&self, common: &Common, a: u32, b: u32) -> bool {
        let band = |person: u32| common.band(common.values[person as usize], 1);
        band(a).min(band(b)) < RARE_BANDS
    }

    /// The states of two whole dates; behind them, what is left possible by those parts that
    /// both have.
    fn birth(&self, a: u32, b: u32) -> usize {
        let (x, y) = (self.of(a).birth, self.of(b).birth);
        if !x.is_whole() || !y.is_whole() {
            let part = |bit: usize, x: u16, y: u16| match (x, y) {
                (0, _) | (_, 0) => 0,
                _ => bit | if x == y { bit << 3 } else { 0 },
            };
            return birth::EQUAL
                + BANDS
                + (part(1, x.day.into(), y.day.into())
                    | part(2, x.month.into(), y.month.into())
                    | part(4, x.year, y.year));
        }
        if x == y {
            return birth::EQUAL + self.birth.band(self.birth.values[a as usize], 2);
        }
        let is_first = |date: Birth| (date.day, date.month) == (1, 1);
        match (x.day == y.day, x.month == y.month, x.year == y.year) {
            (false, false, true) if (x.day, x.month) == (y.month, y.day) => birth::SWAPPED,
            (_, _, true) if is_first(x) || is_first(y) => birth::FIRST_OF_YEAR,
            (false, true, true) if near(x.day.into(), y.day.into()) => birth::ONE_DIGIT,
            (true, false, true) if near(x.month.into(), y.month.into()) => birth::ONE_DIGIT,
            (true, true, false) if near(x.year, y.year) => birth::ONE_DIGIT,
            (true, true, false) => birth::DAY_MONTH,
            (false, true, true) => birth::MONTH_YEAR,
            (true, false, true) => birth::DAY_YEAR,
            (false, false, true) => birth::YEAR,
            _ => 0,
        }
    }

    /// A step for each field, or one more where it is not known in both; behind them the
    /// bands of agreement in all.
    fn others(&self, g: usize, fields: &[usize], a: u32, b: u32) -> usize {
        let others = |person: u32| self.traits.others_of(self.people[person as usize] as usize);
        let (p, q) = (others(a), others(b));
        let (mut outcome, mut scale, mut is_full) = (0, 1, true);
        for &f in fields {
            let (x, y) = (p[f], q[f]);
            let steps = steps(self.other_kinds[f]);
            let step = match (x, y) {
                (NO_WORD, _) | (_, NO_WORD) => steps,
                _ if x == y => steps - 1,
                _ if steps == 3 => {
                    let words = &self.others[f];
                    let (x, y) = (&words[x as usize], &words[y as usize]);
                    usize::from(match self.other_kinds[f] {
                        FieldKind::Postcode | FieldKind::Phone => {
                            one_edit(x.text().as_bytes(), y.text().as_bytes())
                        }
                        FieldKind::Address => is_near_address(x, y),
                        _ => x.likeness(y) == Likeness::Near,
                    })
                }
                _ => 0,
            };
            is_full &= step == steps - 1;
            outcome += scale * step;
            scale *= steps + 1;
        }
        if is_full {
            let common = self.common(g);
            return scale + common.band(common.values[a as usize], 2);
        }
        outcome
    }
}

impl std::fmt::Debug for Comparison<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Comparison({} people)", self.people.len())
    }
}

/// Whether two addresses are one house but for the dwelling or the type of the street, or one
/// typing error apart.
fn is_near_address(x: &Word, y: &Word) -> bool {
    let house = address::number_and_street(x.text());
    x.likeness(y) == Likeness::Near
        || house.is_some() && house == address::number_and_street(y.text())
}

/// Whether two numbers differ in one digit, or in two neighbours that changed places.
fn near(x: u16, y: u16) -> bool {
    let digits = |n: u16| [n / 1000, n / 100 % 10, n / 10 % 10, n % 10].map(|d| d as u8);
    one_edit(&digits(x), &digits(y))
}

/// Words ready to be compared, after one for a missing word.
fn words(words: &Words) -> Vec<Word> {
    let mut sounds: HashMap<String, u32> = HashMap::new();
    let texts = words.texts().iter().map(|text| {
        let mut letters = text.to_string();
        letters.retain(|c| c.is_ascii_uppercase());
        let code = phonetic(&letters);
        let next = sounds.len() as u32 + 1;
        let sound = if code.is_empty() { 0 } else { *sounds.entry(code).or_insert(next) };
        Word::new(text, sound)
    });
    std::iter::once(Word::default()).chain(texts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clear::tests::{person, project, traits};

    /// The states that a pair of records leaves possible, group by group.
    fn seen(a: [&str; 6], b: [&str; 6]) -> Vec<Vec<usize>> {
        let project = project();
        let traits = traits(&project, &[person(a), person(b)]);
        let source = Source { people: 0..2, unique: false };
        let comparison = Comparison::new(&project, &traits, vec![source], vec![0, 1]);
        let outcomes = comparison.outcomes(0, 1);
        assert_eq!(outcomes, comparison.outcomes(1, 0), "the order of two people does not count");
        let of = |g: usize| usize::from((outcomes >> (8 * g)) as u8);
        let possible = comparison.possible().iter().enumerate();
        possible.map(|(g, sets)| ones(sets[of(g)]).collect()).collect()
    }

    const SOMEONE: [&str; 6] = ["SMITH", "CATHERINE", "17/05/1980", "2", "BRUCE", "2617"];

    fn with(changes: &[(usize, &'static str)]) -> [&'static str; 6] {
        let mut other = SOMEONE;
        for &(i, value) in changes {
            other[i] = value;
        }
        other
    }

    #[test]
    fn each_group_is_in_the_state_that_a_person_would_say() {
        let (given_group, family_group, birth_group, place) = (0, 1, 2, 3);
        let sexed = |name: usize| vec![2 * name + 1];
        for (changes, group, expected) in [
            (vec![], given_group, sexed(given::EQUAL)),
            (vec![(1, "CATHRINE")], given_group, sexed(given::NEAR_RARE)),
            (vec![(1, "KATE")], given_group, sexed(given::SHORT_FORM)),
            (vec![(1, "C")], given_group, sexed(given::BEGINS)),
            (vec![(1, "CLAIRE")], given_group, sexed(given::INITIAL)),
            (vec![(1, "WENDY")], given_group, sexed(0)),
            (vec![(3, "1")], given_group, vec![2 * given::EQUAL]),
            (vec![], family_group, vec![family::EQUAL]),
            (vec![(0, "SMYTH")], family_group, vec![family::NEAR_RARE]),
            (vec![(0, "SMITHJONES")], family_group, vec![family::PART]),
            (vec![(0, "CATHERINE"), (1, "SMITH")], family_group, vec![family::CROSSED]),
            (vec![(0, "KATE"), (1, "SMYTH")], family_group, vec![family::NEARLY_CROSSED]),
            (vec![(0, "JONES")], family_group, vec![0]),
            (vec![], birth_group, vec![birth::EQUAL]),
            (vec![(2, "18/05/1980")], birth_group, vec![birth::ONE_DIGIT]),
            (vec![(2, "17/05/1908")], birth_group, vec![birth::ONE_DIGIT]),
            (vec![(2, "17/05/1962")], birth_group, vec![birth::DAY_MONTH]),
            (vec![(2, "01/01/1980")], birth_group, vec![birth::FIRST_OF_YEAR]),
            (vec![(2, "29/11/1980")], birth_group, vec![birth::YEAR]),
            (vec![(2, "29/11/1971")], birth_group, vec![0]),
            (vec![], place, vec![8]),
            (vec![(5, "2671")], place, vec![2 + 3]),
            (vec![(4, "BRUEC"), (5, "2000")], place, vec![1]),
        ] {
            assert_eq!(seen(SOMEONE, with(&changes))[group], expected, "{changes:?}");
        }
        let [a, b] = ["05/11/1980", "11/05/1980"].map(|date| with(&[(2, date)]));
        assert_eq!(seen(a, b)[birth_group], [birth::SWAPPED]);
    }

    #[test]
    fn crossed_names_say_nothing_of_the_given_name_in_its_place() {
        let states = seen(SOMEONE, with(&[(0, "CATHERINE"), (1, "SMITH")]));
        let same_sex: Vec<usize> = (0..given::EQUAL + BANDS).map(|name| 2 * name + 1).collect();
        assert_eq!(states[0], same_sex);
    }

    #[test]
    fn what_is_missing_leaves_open_what_it_could_have_said() {
        let states = seen(SOMEONE, with(&[(0, ""), (1, ""), (2, ""), (3, ""), (4, ""), (5, "")]));
        for (g, states) in states.iter().enumerate() {
            let all: Vec<usize> = (0..[30, 15, 16, 16][g]).collect();
            assert_eq!(states, &all, "group {g}");
        }
        // The sex alone, and the postcode alone.
        let states = seen(SOMEONE, with(&[(1, ""), (4, "")]));
        assert!(states[0].iter().all(|s| s % 2 == 1));
        assert_eq!(states[3], [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    }

    #[test]
    fn a_common_value_is_in_a_higher_band_than_a_rare_one() {
        let values = (0..100_000).map(|i| Some(if i < 2_000 { 0 } else { i }));
        let common = Common::new(values);
        assert_eq!((common.band(1, 1), common.band(2, 1)), (BANDS - 1, 0));
        assert!((common.shares().iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
