//! How an agency writes a person down: its habits, and what goes wrong at the counter.
//! Takes a person as they are, gives the cells of one row of an export.

use super::draw::Draws;
use super::household::{Day, Person};
use super::journey::Service;
use super::names::{Names, Sex, without_marks};

/// The columns of an export, named after items of the ACT Common Dataset.
pub(super) const COLUMNS: [&str; 12] = [
    "client_id",
    "family_name",
    "given_name",
    "other_family_name",
    "birth_date",
    "birth_date_estimated",
    "sex",
    "suburb",
    "postcode",
    "state",
    "collect_consent",
    "share_consent",
];

/// The cells of one row, without the client number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) family: String,
    pub(super) given: String,
    pub(super) other_family: String,
    pub(super) birth_date: String,
    pub(super) estimated: &'static str,
    pub(super) sex: &'static str,
    pub(super) suburb: String,
    pub(super) postcode: String,
    pub(super) state: String,
    pub(super) share_consent: &'static str,
    /// The day of writing.
    pub(super) day: Day,
    /// Written down by [`super::contact`], as is the telephone number.
    pub(super) address: String,
    pub(super) phone: String,
}

/// How an agency writes names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    AsGiven,
    Upper,
    Lower,
}

/// How often things go wrong, in ten thousand records.
#[derive(Debug)]
struct Rates {
    typo_given: u32,
    typo_family: u32,
    typo_suburb: u32,
    names_swapped: u32,
    names_swapped_family_first: u32,
    short_form: u32,
    second_family_added: u32,
    placeholder_name: u32,
    day_month_swapped: u32,
    wrong_digit: u32,
    year_off: u32,
    estimated: u32,
    impossible_day: u32,
    wrong_postcode: u32,
    other_sex: u32,
    missing_family: u32,
    missing_given: u32,
    missing_birth: u32,
    missing_sex: u32,
    missing_suburb: u32,
    missing_postcode: u32,
    stray_blanks: u32,
    other_case: u32,
}

const RATES: Rates = Rates {
    typo_given: 400,
    typo_family: 400,
    typo_suburb: 300,
    names_swapped: 60,
    names_swapped_family_first: 600,
    short_form: 900,
    second_family_added: 50,
    placeholder_name: 40,
    day_month_swapped: 100,
    wrong_digit: 100,
    year_off: 50,
    estimated: 200,
    impossible_day: 5,
    wrong_postcode: 100,
    other_sex: 30,
    missing_family: 60,
    missing_given: 100,
    missing_birth: 120,
    missing_sex: 200,
    missing_suburb: 300,
    missing_postcode: 250,
    stray_blanks: 200,
    other_case: 300,
};

/// Writes a person down on the day they first come.
pub(super) fn written_down(
    person: &Person,
    service: Service,
    day: Day,
    draws: &mut Draws,
) -> Record {
    // Intake at a refuge or on the street goes wrong twice as often as at a tenancy office.
    let hurried = matches!(service, Service::FamilyViolence | Service::Homelessness);
    let scale = if hurried { 2 } else { 1 };
    let mut happens = |rate: u32, draws: &mut Draws| draws.chance(rate * scale);

    let mut family = person.family_on(day).to_owned();
    let mut given = person.given.clone();
    if person.heritage.has_one_name() {
        one_name(&family.clone(), &mut family, &mut given, draws);
    }
    if happens(RATES.short_form, draws)
        && let Some(short) = Names::bundled().short(&given, draws)
    {
        given = short.to_owned();
    }
    if happens(RATES.second_family_added, draws) {
        let second = Names::bundled().family(person.heritage, draws);
        if !second.is_empty() && !family.is_empty() {
            family = format!("{family}-{second}");
        }
    }
    if happens(RATES.typo_given, draws) {
        given = typo(&given, draws);
    }
    if happens(RATES.typo_family, draws) {
        family = typo(&family, draws);
    }
    let swaps = if person.heritage.family_name_first() {
        RATES.names_swapped_family_first
    } else {
        RATES.names_swapped
    };
    if happens(swaps, draws) {
        std::mem::swap(&mut family, &mut given);
    }
    if happens(RATES.placeholder_name, draws) {
        placeholder(person, &mut family, &mut given, draws);
    }
    if happens(RATES.missing_family, draws) {
        family.clear();
    }
    if happens(RATES.missing_given, draws) {
        given.clear();
    }
    let (birth_date, estimated) = birth_cells(person, &mut happens, draws);
    let (mut suburb, mut postcode) = {
        let home = person.home_on(day);
        (home.suburb.clone(), home.postcode.clone())
    };
    if happens(RATES.typo_suburb, draws) {
        suburb = typo(&suburb, draws);
    }
    if happens(RATES.wrong_postcode, draws) {
        postcode = wrong_digit(&postcode, 1, draws);
    }
    if happens(RATES.missing_suburb, draws) {
        suburb.clear();
    }
    if happens(RATES.missing_postcode, draws) {
        postcode.clear();
    }
    let other_family = match &person.family_before {
        Some((changed, before)) if day >= *changed && draws.chance(3_000) => before.clone(),
        _ => String::new(),
    };
    let mut record = Record {
        family,
        given,
        other_family,
        birth_date,
        estimated,
        sex: sex_cell(person.sex, &mut happens, draws),
        suburb,
        postcode,
        state: person.home_on(day).state.to_owned(),
        share_consent: consent_cell(service, draws),
        day,
        address: String::new(),
        phone: String::new(),
    };
    typed(&mut record, service, &mut happens, draws);
    record
}

/// The many ways in which agencies record people of one name: Common Dataset 1.2.3 wants it
/// as family name, the Data Exchange in both, and clerks fill the empty box.
fn one_name(name: &str, family: &mut String, given: &mut String, draws: &mut Draws) {
    match draws.weighted(&[6, 2, 1, 1]) {
        0 => given.clear(),
        1 => name.clone_into(given),
        2 => {
            name.clone_into(given);
            family.clear();
        }
        _ => "-".clone_into(given),
    }
}

/// A word in place of a name that was not known.
fn placeholder(person: &Person, family: &mut String, given: &mut String, draws: &mut Draws) {
    if person.age() < 2 {
        let newborn: &[&str] = &["Baby of", "Baby", "Infant", "Baby boy", "Baby girl"];
        draws.pick(newborn).to_string().clone_into(given);
        return;
    }
    let words: &[&str] = &["UNKNOWN", "Unknown", "Not stated", "N/A", "Unk", "XXX", "TBA"];
    let word = draws.pick(words).to_string();
    match draws.below(3) {
        0 => *family = word,
        1 => *given = word,
        _ => {
            word.clone_into(given);
            *family = word;
        }
    }
}

/// The birth date as `dd/mm/yyyy`, and whether it is estimated (Common Dataset 1.3.2: then
/// 1 January of the year).
fn birth_cells(
    person: &Person,
    happens: &mut impl FnMut(u32, &mut Draws) -> bool,
    draws: &mut Draws,
) -> (String, &'static str) {
    let born = person.born.date();
    let (mut day, mut month, mut year) = (born.day(), born.month(), born.year());
    if happens(RATES.missing_birth, draws) {
        return (String::new(), "2");
    }
    if happens(RATES.estimated, draws) {
        let year = year + draws.between(-1, 1) as i16;
        // Now and then the flag is forgotten.
        let flag = if draws.chance(8_500) { "1" } else { "2" };
        return (format!("01/01/{:04}", year.min(2025)), flag);
    }
    if happens(RATES.impossible_day, draws) {
        return (format!("31/02/{year:04}"), "2");
    }
    if happens(RATES.day_month_swapped, draws) && day <= 12 {
        (day, month) = (month, day);
    }
    if happens(RATES.year_off, draws) {
        year += if draws.chance(5_000) { 1 } else { -1 };
    }
    let text = format!("{day:02}/{month:02}/{year:04}");
    if !happens(RATES.wrong_digit, draws) {
        return (text, "2");
    }
    // A wrong digit that no calendar has would have been sent back by the form.
    let place = [1, 4, 8, 9][draws.below(4)];
    let wrong = replaced_digit(&text, place, draws);
    let real = jiff::civil::Date::strptime("%d/%m/%Y", &wrong)
        .is_ok_and(|date| date <= super::household::LAST_DAY.date());
    (if real { wrong } else { text }, "2")
}

/// Common Dataset 1.4.1: 1 male, 2 female, 3 other, 99 not stated.
fn sex_cell(
    sex: Sex,
    happens: &mut impl FnMut(u32, &mut Draws) -> bool,
    draws: &mut Draws,
) -> &'static str {
    if happens(RATES.missing_sex, draws) {
        return if draws.chance(5_000) { "99" } else { "" };
    }
    let other = happens(RATES.other_sex, draws);
    match sex {
        Sex::Male if other => "2",
        Sex::Female if other => "1",
        Sex::Male => "1",
        Sex::Female => "2",
        Sex::Other => "3",
    }
}

/// Common Dataset 1.1.2: 1 shares, 2 refuses, 99 partial.
fn consent_cell(service: Service, draws: &mut Draws) -> &'static str {
    let refuses = match service {
        Service::FamilyViolence | Service::Legal => 6,
        Service::MentalHealth | Service::AlcoholDrugs => 4,
        _ => 2,
    };
    ["1", "2", "99", ""][draws.weighted(&[100 - refuses - 3, refuses, 2, 1])]
}

/// What the agency's system and a tired hand make of the cells.
fn typed(
    record: &mut Record,
    service: Service,
    happens: &mut impl FnMut(u32, &mut Draws) -> bool,
    draws: &mut Draws,
) {
    let house = match service {
        Service::Housing | Service::Legal => Case::Upper,
        _ => Case::AsGiven,
    };
    let case = if happens(RATES.other_case, draws) {
        *draws.pick(&[Case::Upper, Case::Lower])
    } else {
        house
    };
    let old_system = matches!(service, Service::Housing | Service::Homelessness | Service::Youth);
    let stray = happens(RATES.stray_blanks, draws).then(|| draws.below(4));
    let cells = [&mut record.family, &mut record.given, &mut record.other_family];
    for (place, cell) in cells.into_iter().chain([&mut record.suburb]).enumerate() {
        if old_system {
            *cell = without_marks(cell);
        }
        match case {
            Case::AsGiven => {}
            Case::Upper => *cell = cell.to_uppercase(),
            Case::Lower => *cell = cell.to_lowercase(),
        }
        if stray == Some(place) {
            cell.push(' ');
        }
    }
}

/// Letters beside each letter of the keyboard, `a` to `z`.
const BESIDE: [&str; 26] = [
    "qswz", "vghn", "xdfv", "serfcx", "wsdr", "drtgvc", "ftyhbv", "gyujnb", "ujko", "huikmn",
    "jiolm", "kop", "njk", "bhjm", "iklp", "ol", "wa", "edft", "awedxz", "rfgy", "yhji", "cfgb",
    "qase", "zsdc", "tghu", "asx",
];

/// One slip: a letter changed (half the time to one beside it), added, dropped, or two
/// letters swapped. An empty text stays empty.
pub(super) fn typo(text: &str, draws: &mut Draws) -> String {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    let mut letters: Vec<char> = text.chars().collect();
    if letters.is_empty() {
        return String::new();
    }
    let at = draws.below(letters.len());
    let any = char::from(*draws.pick(LETTERS));
    match draws.below(4) {
        0 => {
            let plain = letters[at].to_ascii_lowercase();
            let beside = match plain {
                'a'..='z' if draws.chance(5_000) => {
                    char::from(*draws.pick(BESIDE[usize::from(plain as u8 - b'a')].as_bytes()))
                }
                _ => any,
            };
            let upper = letters[at].is_uppercase();
            letters[at] = if upper { beside.to_ascii_uppercase() } else { beside };
        }
        1 => letters.insert(at + 1, any),
        2 if letters.len() > 2 => {
            letters.remove(at);
        }
        _ => {
            let at = at.min(letters.len().saturating_sub(2));
            if at + 1 < letters.len() {
                letters.swap(at, at + 1);
            }
        }
    }
    letters.into_iter().collect()
}

/// The text with one digit from place `from` on changed.
pub(super) fn wrong_digit(text: &str, from: usize, draws: &mut Draws) -> String {
    let place = from + draws.below(text.len().saturating_sub(from).max(1));
    replaced_digit(text, place, draws)
}

fn replaced_digit(text: &str, place: usize, draws: &mut Draws) -> String {
    let digit = char::from(b'0' + draws.below(10) as u8);
    text.chars().enumerate().map(|(i, c)| if i == place { digit } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::household::{LAST_DAY, household};
    use super::*;

    fn records(service: Service) -> Vec<(Person, Record)> {
        let mut all = Vec::new();
        for h in 0..4_000 {
            let mut draws = Draws::of_household(11, h);
            for person in household(&mut draws) {
                let record = written_down(&person, service, LAST_DAY, &mut draws);
                all.push((person, record));
            }
        }
        all
    }

    #[test]
    fn the_common_faults_all_happen() {
        let all = records(Service::MentalHealth);
        let share = |fault: &dyn Fn(&Person, &Record) -> bool| {
            all.iter().filter(|(p, r)| fault(p, r)).count() * 10_000 / all.len()
        };
        let faults: [(&str, usize, usize); 10] = [
            ("given differs", 300, 2_500),
            ("family differs", 300, 2_500),
            ("names swapped", 20, 400),
            ("no birth date", 50, 300),
            ("estimated", 80, 400),
            ("day and month swapped", 10, 200),
            ("no sex", 80, 400),
            ("no consent", 200, 1_500),
            ("a blank at the end", 100, 400),
            ("letters with marks", 50, 1_500),
        ];
        let shares = [
            share(&|p, r| p.given != r.given),
            share(&|p, r| p.family != r.family),
            share(&|p, r| !p.given.is_empty() && p.given == r.family && p.family == r.given),
            share(&|_, r| r.birth_date.is_empty()),
            share(&|_, r| r.estimated == "1" && r.birth_date.starts_with("01/01/")),
            share(&|p, r| {
                let b = p.born.date();
                b.day() != b.month()
                    && r.birth_date == format!("{:02}/{:02}/{}", b.month(), b.day(), b.year())
            }),
            share(&|_, r| r.sex.is_empty() || r.sex == "99"),
            share(&|_, r| r.share_consent != "1"),
            share(&|_, r| r.family.ends_with(' ') || r.given.ends_with(' ')),
            share(&|_, r| !r.family.is_ascii() || !r.given.is_ascii()),
        ];
        for ((name, low, high), share) in faults.into_iter().zip(shares) {
            assert!((low..high).contains(&share), "{name}: {share} in 10,000");
        }
    }

    #[test]
    fn most_records_are_right() {
        let all = records(Service::FamilySupport);
        let right = |p: &Person, r: &Record| {
            p.given == r.given && p.family == r.family && p.home.suburb == r.suburb
        };
        let n = all.iter().filter(|(p, r)| right(p, r)).count();
        assert!(n * 100 / all.len() > 65, "{n} of {}", all.len());
    }

    #[test]
    fn an_old_system_has_capitals_and_no_marks() {
        let all = records(Service::Housing);
        assert!(all.iter().all(|(_, r)| r.family.is_ascii() && r.given.is_ascii()));
        let upper = all.iter().filter(|(_, r)| r.family == r.family.to_uppercase()).count();
        assert!(upper * 100 / all.len() > 95);
    }

    #[test]
    fn a_slip_changes_one_place() {
        let mut draws = Draws::of_household(1, 1);
        for _ in 0..2_000 {
            for name in ["Margaret", "Đặng", "O'Brien", "Li", "A"] {
                let slip = typo(name, &mut draws);
                assert!(strsim::osa_distance(name, &slip) <= 1, "{name}");
            }
        }
        assert_eq!(typo("", &mut draws), "");
    }
}
