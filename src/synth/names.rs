//! The names and places that people are given: lists of names in ordinary use, the common
//! ones drawn often, and a long tail of built ones, so that a million people have the
//! variety of a million people.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::draw::{Draws, Ranked};

/// Where a household's names come from, and how many in ten thousand households.
const HERITAGES: [(&str, u32); 12] = [
    ("anglo", 6_000),
    ("vietnamese", 450),
    ("chinese", 700),
    ("arabic", 500),
    ("indian", 650),
    ("pacific", 350),
    ("greek", 250),
    ("italian", 400),
    ("african", 200),
    ("balkan", 250),
    ("filipino", 200),
    ("one", 50),
];

/// How flat the family names of a heritage are: 40 in 100 Vietnamese families share one
/// name, while the commonest Anglo name is that of one in a hundred.
fn flatness(heritage: &str) -> u32 {
    match heritage {
        "vietnamese" => 1,
        "indian" | "chinese" => 4,
        _ => 12,
    }
}

/// States and territories with their share of people, the capital territory over-drawn
/// since the Common Dataset is its own.
const STATES: [(&str, u32); 8] = [
    ("NSW", 29),
    ("VIC", 24),
    ("QLD", 19),
    ("WA", 10),
    ("SA", 7),
    ("ACT", 6),
    ("TAS", 3),
    ("NT", 2),
];

/// The sexes a given name is listed under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sex {
    Male,
    Female,
    Other,
}

/// A locality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) suburb: String,
    pub(super) postcode: String,
    pub(super) state: &'static str,
}

/// Given names of one heritage, sex and years of birth.
#[derive(Debug)]
struct GivenList {
    heritage: String,
    female: bool,
    years: std::ops::RangeInclusive<i32>,
    names: Ranked<String>,
}

/// Every list, read once.
#[derive(Debug)]
pub(super) struct Names {
    given: Vec<GivenList>,
    family: BTreeMap<String, Ranked<String>>,
    short: BTreeMap<String, Vec<String>>,
    places: Vec<Ranked<Place>>,
}

/// Where the names of one household come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heritage(&'static str);

impl Heritage {
    /// People who have one name only.
    pub(super) fn has_one_name(self) -> bool {
        self.0 == "one"
    }

    /// People whose family name comes first at home, so that clerks swap the two.
    pub(super) fn family_name_first(self) -> bool {
        matches!(self.0, "vietnamese" | "chinese")
    }
}

impl Names {
    /// The lists built into the program.
    pub(super) fn bundled() -> &'static Names {
        static NAMES: LazyLock<Names> = LazyLock::new(Names::read);
        &NAMES
    }

    fn read() -> Names {
        let mut names = Names {
            given: Vec::new(),
            family: BTreeMap::new(),
            short: BTreeMap::new(),
            places: Vec::new(),
        };
        for (head, items) in lines(include_str!("names/given.txt")) {
            let mut words = head.split_whitespace();
            let heritage = words.next().unwrap_or_default().to_owned();
            let female = words.next() == Some("f");
            let (from, to) = words.next().and_then(|y| y.split_once('-')).unwrap_or_default();
            let year = |text: &str| text.parse::<i32>().unwrap_or_default();
            let years = year(from)..=year(to);
            names.given.push(GivenList { heritage, female, years, names: Ranked::new(items, 5) });
        }
        for (heritage, items) in lines(include_str!("names/family.txt")) {
            names.family.insert(heritage.to_owned(), Ranked::new(items, flatness(heritage)));
        }
        for (name, forms) in lines(include_str!("names/short.txt")) {
            names.short.insert(name.to_owned(), forms);
        }
        let listed: BTreeMap<&str, Vec<String>> = lines(include_str!("places.txt")).collect();
        for (state, _) in STATES {
            let places = listed.get(state).map(Vec::as_slice).unwrap_or_default();
            let place = |text: &String| {
                let (suburb, postcode) = text.rsplit_once(' ').unwrap_or_default();
                Place { suburb: suburb.to_owned(), postcode: postcode.to_owned(), state }
            };
            names.places.push(Ranked::new(places.iter().map(place).collect(), 8));
        }
        names
    }

    /// The heritage of a household.
    pub(super) fn heritage(&self, draws: &mut Draws) -> Heritage {
        Heritage(HERITAGES[draws.weighted(&HERITAGES.map(|(_, share)| share))].0)
    }

    /// A given name for someone of this sex born in this year.
    pub(super) fn given(&self, of: Heritage, sex: Sex, year: i32, draws: &mut Draws) -> String {
        // One in eight families of any heritage takes a name of the country and the time.
        let heritage = if !of.has_one_name() && draws.chance(1_250) { "anglo" } else { of.0 };
        let female = match sex {
            Sex::Female => true,
            Sex::Male => false,
            Sex::Other => draws.chance(5_000),
        };
        let fits = |list: &&GivenList| {
            list.heritage == heritage && list.female == female && list.years.contains(&year)
        };
        let listed = self.given.iter().find(fits).and_then(|list| list.names.draw(draws));
        let name = listed.cloned().unwrap_or_default();
        if heritage == "anglo" && draws.chance(700) { respelt(&name, draws) } else { name }
    }

    /// A family name; for people of one name, that name is drawn by [`Names::given`].
    pub(super) fn family(&self, of: Heritage, draws: &mut Draws) -> String {
        let built = match of.0 {
            "anglo" => 4_500,
            "balkan" | "greek" | "italian" => 3_500,
            _ => 0,
        };
        if draws.chance(built) {
            return match of.0 {
                "balkan" => joined(&SLAVIC, draws),
                "greek" => joined(&HELLENIC, draws),
                "italian" => joined(&ITALIC, draws),
                _ => english(draws),
            };
        }
        self.family.get(of.0).and_then(|list| list.draw(draws)).cloned().unwrap_or_default()
    }

    /// A familiar form of a given name, where it has one.
    pub(super) fn short(&self, given: &str, draws: &mut Draws) -> Option<&str> {
        self.short.get(given).map(|forms| draws.pick(forms).as_str())
    }

    /// Somewhere to live.
    pub(super) fn place(&self, draws: &mut Draws) -> Option<&Place> {
        self.places[draws.weighted(&STATES.map(|(_, share)| share))].draw(draws)
    }
}

/// Lines of `head: item, item`, without comments.
fn lines(text: &str) -> impl Iterator<Item = (&str, Vec<String>)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let (head, items) = line.split_once(": ")?;
        Some((head, items.split(", ").map(str::to_owned).collect()))
    })
}

/// Letters without their marks, as an older system stores them.
pub(super) fn without_marks(name: &str) -> String {
    name.nfd()
        .filter(|&c| !unicode_normalization::char::is_combining_mark(c))
        .map(|c| match c {
            'Đ' => 'D',
            'đ' => 'd',
            'Ł' => 'L',
            'ł' => 'l',
            other => other,
        })
        .collect()
}

/// A parent's own spelling: Jayden, Jaydan, Jaidyn.
fn respelt(name: &str, draws: &mut Draws) -> String {
    const SWAPS: [(&str, &str); 10] = [
        ("y", "i"),
        ("c", "k"),
        ("ie", "y"),
        ("ll", "l"),
        ("e", "a"),
        ("ai", "ay"),
        ("ph", "f"),
        ("n", "nn"),
        ("ey", "ee"),
        ("i", "y"),
    ];
    let start = draws.below(SWAPS.len());
    let tail_at = name.char_indices().nth(1).map_or(name.len(), |(at, _)| at);
    let (first, tail) = name.split_at(tail_at);
    let swap = (0..SWAPS.len())
        .map(|step| SWAPS[(start + step) % SWAPS.len()])
        .find(|(from, _)| tail.contains(from));
    match swap {
        Some((from, to)) => format!("{first}{}", tail.replacen(from, to, 1)),
        None => name.to_owned(),
    }
}

/// Beginnings and endings that make a family name.
type Parts = (&'static [&'static str], &'static [&'static str]);

const ENGLISH: Parts = (
    &[
        "Ash", "Ald", "Arb", "Bar", "Beck", "Bel", "Birch", "Black", "Bland", "Bol", "Brad",
        "Bram", "Bran", "Brock", "Brom", "Brough", "Buck", "Bur", "Cal", "Carl", "Carr", "Chad",
        "Char", "Chil", "Clay", "Cliff", "Cob", "Cold", "Col", "Comp", "Cran", "Craw", "Cren",
        "Cros", "Cul", "Cum", "Dal", "Dan", "Den", "Dor", "Down", "Dray", "Dun", "East", "Eck",
        "Ed", "El", "Elm", "Er", "Fair", "Far", "Fen", "Field", "Flax", "Fol", "Frank", "Gar",
        "Gold", "Gran", "Green", "Had", "Hal", "Ham", "Hard", "Hart", "Has", "Hather", "Haw",
        "Hay", "Hazel", "Heath", "Hel", "Hen", "Hind", "Hol", "Hon", "Horn", "Hough", "Hum",
        "Hurst", "In", "Kel", "Ken", "Kings", "Kirk", "Lam", "Lang", "Lat", "Law", "Led", "Lin",
        "Lock", "Long", "Lud", "Lyn", "Mal", "Mans", "Mar", "Mel", "Mid", "Mil", "Mor", "Nant",
        "Nether", "New", "Nor", "North", "Oak", "Old", "Or", "Os", "Pad", "Pem", "Pen", "Pick",
        "Pres", "Quar", "Rad", "Rams", "Raven", "Red", "Rich", "Ring", "Rock", "Roth", "Row",
        "Rush", "Ruther", "Sand", "Scar", "Sel", "Shel", "Shep", "Ship", "Sil", "Skel", "Somer",
        "South", "Stan", "Stock", "Strat", "Sum", "Sut", "Swin", "Tan", "Tarl", "Thorn", "Thur",
        "Tid", "Trem", "Tren", "Tun", "Ul", "Wal", "War", "Wel", "Whit", "Wick", "Wil", "Win",
        "Wood", "Wor", "Wy", "Yar",
    ],
    &[
        "ley", "ton", "ford", "well", "worth", "ham", "field", "wood", "man", "er", "by", "cott",
        "combe", "stead", "bury", "more", "land", "bourne", "shaw", "den", "gate", "hurst",
        "ridge", "brook", "low", "ing", "ings", "ett", "kin", "kins", "som", "croft", "dale",
        "wick", "thorpe", "stone", "bridge", "hill", "smith", "ward",
    ],
);
const SLAVIC: Parts = (
    &[
        "Mil", "Rad", "Vuk", "Bog", "Drag", "Stan", "Zor", "Lub", "Bran", "Vlad", "Gor", "Tom",
        "Luk", "Mat", "Pavl", "Sim", "Mark", "Step", "Jank", "Kral", "Kov", "Kral", "Zel", "Wal",
        "Dab", "Lew", "Sok", "Zak", "Pol", "Ost",
    ],
    &[
        "ović", "ević", "ić", "anović", "ski", "owski", "ewski", "ak", "enko", "ov", "ovski",
        "evski", "čić", "ek", "ar", "anov",
    ],
);
const HELLENIC: Parts = (
    &[
        "Papa", "Kara", "Hadji", "Chatzi", "Geor", "Stef", "Mich", "Vas", "Dem", "Anast", "Kou",
        "Tsak", "Lam", "Mav", "Pan", "Theo", "Kal", "Sak", "Giann", "Man",
    ],
    &[
        "dakis",
        "giannis",
        "manolis",
        "nikolaou",
        "poulos",
        "akis",
        "opoulos",
        "idis",
        "elis",
        "ros",
        "tzis",
        "theodorou",
        "andreou",
        "otis",
    ],
);
const ITALIC: Parts = (
    &[
        "Bell", "Cast", "Ferr", "Mart", "Pal", "Sant", "Tagl", "Vern", "Zan", "Cap", "Mor", "Gall",
        "Bian", "Car", "Don", "Fior", "Guar", "Lom", "Mal", "Pir", "Scal", "Tor", "Vit",
    ],
    &[
        "ini", "elli", "aro", "etti", "one", "ucci", "otti", "ano", "asso", "iello", "ato", "esi",
        "erra", "aldi", "anella",
    ],
);

fn joined((starts, ends): &Parts, draws: &mut Draws) -> String {
    format!("{}{}", draws.pick(starts), draws.pick(ends))
}

/// A rare English, Irish or Scottish name, now and then with a prefix or an old ending.
fn english(draws: &mut Draws) -> String {
    const MIDDLES: [&str; 8] = ["er", "en", "el", "in", "ing", "y", "les", "ar"];
    let start = draws.pick(ENGLISH.0);
    let end = draws.pick(ENGLISH.1);
    let middle = if draws.chance(4_500) { *draws.pick(&MIDDLES) } else { "" };
    let old = if draws.chance(800) { "e" } else { "" };
    let lower = start.to_lowercase();
    match draws.below(40) {
        0 => format!("Mac{lower}{end}"),
        1 => format!("Fitz{lower}"),
        2 => format!("O'{start}{end}"),
        _ => format!("{start}{middle}{end}{old}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};

    use super::*;
    use crate::project::{FieldKind, Placeholders};
    use crate::standardise::{PlaceholderList, Text};

    #[test]
    fn every_heritage_has_names_at_every_age() {
        let names = Names::bundled();
        let mut draws = Draws::of_household(1, 1);
        for (heritage, _) in HERITAGES {
            for year in [1901, 1935, 1950, 1974, 1975, 1994, 1995, 2025] {
                for sex in [Sex::Male, Sex::Female, Sex::Other] {
                    let given = names.given(Heritage(heritage), sex, year, &mut draws);
                    assert!(!given.is_empty(), "{heritage} {sex:?} {year}");
                }
            }
            assert!(!names.family(Heritage(heritage), &mut draws).is_empty(), "{heritage}");
        }
    }

    #[test]
    fn family_names_are_skewed_with_a_long_tail() {
        let names = Names::bundled();
        let mut draws = Draws::of_household(1, 2);
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        for _ in 0..100_000 {
            let heritage = names.heritage(&mut draws);
            *seen.entry(names.family(heritage, &mut draws)).or_default() += 1;
        }
        let smith = seen["Smith"];
        assert!((400..2_000).contains(&smith), "Smith: {smith} in 100,000");
        let once = seen.values().filter(|&&n| n == 1).count();
        assert!(seen.len() > 10_000 && once > 3_000, "{} names, {once} once", seen.len());
        for kind in ["O'Brien", "Nguyễn", "D'Angelo", "Al-Hassani", "Tu'ifua", "van der Berg"] {
            assert!(seen.contains_key(kind), "{kind}");
        }
    }

    #[test]
    fn places_are_whole_and_real_states() {
        let text = include_str!("places.txt");
        let all: Vec<(&str, String)> = lines(text)
            .flat_map(|(state, places)| places.into_iter().map(move |p| (state, p)))
            .collect();
        assert!(all.len() > 200, "{}", all.len());
        let known: HashSet<&str> = STATES.map(|(state, _)| state).into();
        for (state, place) in &all {
            let (suburb, postcode) = place.rsplit_once(' ').expect("a postcode");
            let digits = postcode.len() == 4 && postcode.bytes().all(|b| b.is_ascii_digit());
            assert!(known.contains(state) && !suburb.is_empty() && digits, "{place}");
        }
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len(), "a place twice");
    }

    /// Folding the spelling of suburbs makes no two of these places one, and loses none.
    #[test]
    fn places_stay_apart_when_standardised() {
        let list = PlaceholderList::new(&Placeholders::standard());
        let places: HashSet<String> = lines(include_str!("places.txt"))
            .flat_map(|(_, places)| places)
            .filter_map(|place| Some(place.rsplit_once(' ')?.0.to_owned()))
            .collect();
        let folded: HashSet<String> = places
            .iter()
            .filter_map(|place| {
                let text = Text::read(FieldKind::Suburb, place, &list);
                text.known().map(|text| text.as_str().to_owned())
            })
            .collect();
        assert_eq!(folded.len(), places.len());
    }

    #[test]
    fn marks_come_off() {
        assert_eq!(without_marks("Đặng Nguyễn Łukasz Zoë Müller"), "Dang Nguyen Lukasz Zoe Muller");
    }
}
