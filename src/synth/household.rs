//! Who lives together: people as they are, before any agency writes them down. Families
//! share a name and an address, twins a birth date; some women change their name and some
//! families move during the two years that the exports cover.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::draw::Draws;
use super::names::{Heritage, Names, Place, Sex};

/// The day the exports are drawn: nothing later is known.
pub(super) const LAST_DAY: Day = Day(45_836);
/// How many days of service the exports cover.
pub(super) const WINDOW: i32 = 731;

/// A day, as a count from 1 January 1900.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i32);

impl Day {
    pub(super) fn date(self) -> Date {
        date(1900, 1, 1).saturating_add(self.0.days())
    }

    pub(super) fn plus(self, days: i32) -> Day {
        Day(self.0 + days)
    }

    pub(super) fn year(self) -> i32 {
        i32::from(self.date().year())
    }
}

/// One person as they are.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) heritage: Heritage,
    /// Empty for people of one name.
    pub(super) given: String,
    pub(super) family: String,
    /// The family name before the day it changed.
    pub(super) family_before: Option<(Day, String)>,
    pub(super) sex: Sex,
    pub(super) born: Day,
    pub(super) home: Place,
    /// The home before the day of the move.
    pub(super) home_before: Option<(Day, Place)>,
}

impl Person {
    pub(super) fn age(&self) -> i32 {
        (LAST_DAY.0 - self.born.0) / 365
    }

    pub(super) fn family_on(&self, day: Day) -> &str {
        match &self.family_before {
            Some((changed, before)) if day < *changed => before,
            _ => &self.family,
        }
    }

    pub(super) fn home_on(&self, day: Day) -> &Place {
        match &self.home_before {
            Some((moved, before)) if day < *moved => before,
            _ => &self.home,
        }
    }
}

/// Who lives together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Alone,
    Couple,
    Parents { children: usize },
    LoneParent { children: usize },
}

impl Shape {
    fn draw(draws: &mut Draws) -> Shape {
        let children = |draws: &mut Draws| 1 + draws.weighted(&[38, 38, 16, 8]);
        match draws.weighted(&[45, 17, 20, 18]) {
            0 => Shape::Alone,
            1 => Shape::Couple,
            2 => Shape::Parents { children: children(draws) },
            _ => Shape::LoneParent { children: children(draws) },
        }
    }

    fn people(self) -> usize {
        match self {
            Shape::Alone => 1,
            Shape::Couple => 2,
            Shape::Parents { children } => 2 + children,
            Shape::LoneParent { children } => 1 + children,
        }
    }
}

/// How many people the household of these choices has: the first thing it draws.
pub(super) fn people_in(draws: &mut Draws) -> usize {
    Shape::draw(draws).people()
}

/// The people of the household of these choices: adults first.
pub(super) fn household(draws: &mut Draws) -> Vec<Person> {
    let shape = Shape::draw(draws);
    let names = Names::bundled();
    let heritage = names.heritage(draws);
    let family = names.family(heritage, draws);
    let home = home(names, draws);
    let mut people = Vec::with_capacity(shape.people());
    let (adults, children, female) = match shape {
        Shape::Alone => (1, 0, 4_700),
        Shape::Couple => (2, 0, 5_000),
        Shape::Parents { children } => (2, children, 5_000),
        Shape::LoneParent { children } => (1, children, 8_500),
    };
    // Parents are younger than people who live alone.
    let age = if children > 0 { 22 + draws.below(24) as i32 } else { adult_age(draws) };
    for adult in 0..adults {
        let (heritage, family) = match adult {
            0 => (heritage, family.clone()),
            _ if draws.chance(7_000) => (heritage, family.clone()),
            _ => {
                let other = names.heritage(draws);
                (other, names.family(other, draws))
            }
        };
        let of_this = if adult == 0 { female } else { 5_000 };
        let sex = match people.first().map(|p: &Person| p.sex) {
            Some(Sex::Female) if draws.chance(9_600) => Sex::Male,
            Some(Sex::Male) if draws.chance(9_600) => Sex::Female,
            _ => drawn_sex(of_this, draws),
        };
        let spread = if adult == 0 { 0 } else { draws.between(-5, 5) };
        let born = LAST_DAY.plus(-((age + spread).max(18) * 365 + draws.below(365) as i32));
        people.push(person(heritage, family, sex, born, &home, draws));
    }
    add_children(&mut people, children, age, draws);
    if draws.chance(1_600) {
        let (day, before) = (moving_day(draws), self::home(names, draws));
        for person in &mut people {
            person.home_before = Some((day, before.clone()));
        }
    }
    for person in &mut people {
        settle(person, names, draws);
    }
    people
}

fn adult_age(draws: &mut Draws) -> i32 {
    18 + (draws.below(35) + draws.below(36)) as i32
}

fn drawn_sex(female: u32, draws: &mut Draws) -> Sex {
    match draws.chance(female) {
        _ if draws.chance(60) => Sex::Other,
        true => Sex::Female,
        false => Sex::Male,
    }
}

fn home(names: &Names, draws: &mut Draws) -> Place {
    let nowhere = Place { suburb: String::new(), postcode: String::new(), state: "" };
    names.place(draws).cloned().unwrap_or(nowhere)
}

fn person(
    heritage: Heritage,
    family: String,
    sex: Sex,
    born: Day,
    home: &Place,
    draws: &mut Draws,
) -> Person {
    let given = Names::bundled().given(heritage, sex, born.year(), draws);
    let (given, family) =
        if heritage.has_one_name() { (String::new(), given) } else { (given, family) };
    let home = home.clone();
    Person { heritage, given, family, family_before: None, sex, born, home, home_before: None }
}

/// Children have a parent's name or both, are a year or more apart, and one birth in fifty
/// is of twins.
fn add_children(people: &mut Vec<Person>, children: usize, parent_age: i32, draws: &mut Draws) {
    let parents = people.clone();
    let Some(first) = parents.first() else { return };
    let named_after = draws.pick(&parents);
    let (heritage, mut family) = (named_after.heritage, named_after.family.clone());
    if let Some(other) = parents.get(1)
        && other.family != first.family
        && draws.chance(2_500)
    {
        family = format!("{}-{}", first.family, other.family);
    }
    let eldest = (parent_age - 18).clamp(0, 20);
    let mut age_days = (eldest * 365 - draws.below(700) as i32).max(20);
    let mut last: Option<(Day, Sex)> = None;
    for _ in 0..children {
        let twin = last.filter(|_| draws.chance(200));
        let (born, sex) = match twin {
            Some((born, sex)) if draws.chance(6_500) => (born, sex),
            Some((born, _)) => (born, drawn_sex(5_000, draws)),
            None => (LAST_DAY.plus(-age_days), drawn_sex(5_000, draws)),
        };
        let mut child = person(heritage, family.clone(), sex, born, &first.home, draws);
        // Nobody gives two children of a family the same name.
        while people.iter().any(|p| !p.given.is_empty() && p.given == child.given) {
            child = person(heritage, family.clone(), Sex::Other, born, &first.home, draws);
            child.sex = sex;
        }
        people.push(child);
        last = Some((born, sex));
        age_days = (age_days - 380 - draws.below(900) as i32).max(20);
    }
}

/// A day of the window on which a life changes.
fn moving_day(draws: &mut Draws) -> Day {
    LAST_DAY.plus(-(draws.below(WINDOW as usize) as i32))
}

/// What changes for one person alone: a move out, a new family name.
fn settle(person: &mut Person, names: &Names, draws: &mut Draws) {
    if person.home_before.is_none() && person.age() >= 16 && draws.chance(800) {
        person.home_before = Some((moving_day(draws), home(names, draws)));
    }
    let changes = match person.sex {
        Sex::Female => 900,
        Sex::Male | Sex::Other => 150,
    };
    if person.age() >= 18 && !person.heritage.has_one_name() && draws.chance(changes) {
        // Half of the changes fall into the window; the others are history, and show as a
        // name that some agencies still hold.
        let day = moving_day(draws).plus(-(draws.below(2) as i32) * WINDOW);
        let before = names.family(person.heritage, draws);
        person.family_before = Some((day, before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn town(households: u64) -> Vec<Vec<Person>> {
        (0..households).map(|h| household(&mut Draws::of_household(5, h))).collect()
    }

    #[test]
    fn the_last_day_is_the_end_of_a_financial_year() {
        assert_eq!(LAST_DAY.date(), date(2025, 6, 30));
        assert_eq!(LAST_DAY.plus(1 - WINDOW).date(), date(2023, 7, 1));
    }

    #[test]
    fn households_have_the_size_they_announce() {
        for (h, people) in town(500).iter().enumerate() {
            assert_eq!(people_in(&mut Draws::of_household(5, h as u64)), people.len());
        }
    }

    #[test]
    fn families_share_names_homes_and_sometimes_a_birth_date() {
        let town = town(8_000);
        let families = || town.iter().filter(|f| f.len() > 2);
        let same_name = families().filter(|f| f.iter().all(|p| p.family == f[0].family)).count();
        assert!(same_name * 2 > families().count(), "{same_name}");
        let twins = families().filter(|f| f.windows(2).any(|w| w[0].born == w[1].born)).count();
        assert!(twins > 10, "{twins}");
        let people: Vec<&Person> = town.iter().flatten().collect();
        let share = |n: usize| n * 1_000 / people.len();
        let moved = share(people.iter().filter(|p| p.home_before.is_some()).count());
        let renamed = share(people.iter().filter(|p| p.family_before.is_some()).count());
        assert!((100..350).contains(&moved), "{moved}");
        assert!((10..80).contains(&renamed), "{renamed}");
        assert!(people.iter().all(|p| p.born <= LAST_DAY && p.age() < 120));
        assert!(people.iter().any(|p| p.given.is_empty() && !p.family.is_empty()));
        let two_names = people.iter().filter(|p| !p.heritage.has_one_name());
        assert!(two_names.clone().all(|p| !p.given.is_empty() && !p.family.is_empty()));
    }
}
