//! Where people can be found: street addresses and telephone numbers, which a household shares
//! and which change when it moves. Drawn apart, so that the people are the same with and
//! without them. Nobody has the numbers: mobile numbers begin with 05, which the ACMA has set
//! aside, and local ones with 2, as no number in use does.

use super::draw::Draws;
use super::household::{Day, LAST_DAY, Person, WINDOW};
use super::journey::Service;
use super::record::{Record, typo, wrong_digit};

/// Names of streets, the commoner first.
const STREETS: [&str; 64] = [
    "Church",
    "High",
    "Station",
    "Park",
    "Victoria",
    "George",
    "King",
    "Queen",
    "Albert",
    "Elizabeth",
    "William",
    "Mary",
    "John",
    "Railway",
    "Beach",
    "Hill",
    "River",
    "Lake",
    "Forest",
    "Garden",
    "Acacia",
    "Banksia",
    "Grevillea",
    "Wattle",
    "Waratah",
    "Boronia",
    "Melaleuca",
    "Eucalypt",
    "Kurrajong",
    "Jacaranda",
    "Magpie",
    "Kookaburra",
    "Rosella",
    "Lorikeet",
    "Wallaby",
    "Possum",
    "Cook",
    "Phillip",
    "Flinders",
    "Sturt",
    "Leichhardt",
    "Hume",
    "Macquarie",
    "Bligh",
    "Hunter",
    "St Georges",
    "St Johns",
    "Mount Pleasant",
    "Mill",
    "Bridge",
    "Market",
    "School",
    "Mitchell",
    "Barton",
    "Deakin",
    "Fisher",
    "Reid",
    "Hughes",
    "Bruce",
    "Lyons",
    "Menzies",
    "Chifley",
    "Curtin",
    "Old Coach",
];

/// Types of streets, each as it is written out and short.
const TYPES: [(&str, &str); 8] = [
    ("Street", "St"),
    ("Road", "Rd"),
    ("Avenue", "Ave"),
    ("Court", "Ct"),
    ("Crescent", "Cres"),
    ("Place", "Pl"),
    ("Drive", "Dr"),
    ("Close", "Cl"),
];

/// How often things go wrong, in ten thousand records.
const MISSING_ADDRESS: u32 = 600;
const NO_HOME: u32 = 2_500;
const POST_BOX: u32 = 200;
const TYPO_STREET: u32 = 350;
const WRONG_NUMBER: u32 = 100;
const NO_UNIT: u32 = 1_500;
const NO_TYPE: u32 = 400;
const MISSING_PHONE: u32 = 1_200;
const OF_ANOTHER: u32 = 1_000;
const WRONG_DIGIT: u32 = 150;
const FILLER: u32 = 50;

/// Where somebody lives, in parts.
#[derive(Debug, Clone)]
struct Address {
    unit: Option<u32>,
    number: u32,
    street: &'static str,
    kind: usize,
}

impl Address {
    fn draw(draws: &mut Draws) -> Address {
        let street = draws.below(STREETS.len()).min(draws.below(STREETS.len()));
        Address {
            unit: draws.chance(2_800).then(|| 1 + draws.below(24) as u32),
            number: 1 + draws.below(160).min(draws.below(160)) as u32,
            street: STREETS[street],
            kind: draws.weighted(&[34, 14, 14, 10, 9, 8, 7, 4]),
        }
    }
}

/// How somebody can be found, and how before it changed.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    address: Address,
    address_before: Option<(Day, Address)>,
    /// Their own number, or that of who answers for them.
    mobile: Option<String>,
    mobile_before: Option<(Day, String)>,
    /// What is given now and then in its place: the landline, another of the household.
    others: Vec<String>,
}

/// The contacts of the people of a household.
pub(super) fn contacts(people: &[Person], draws: &mut Draws) -> Vec<Contact> {
    let address = Address::draw(draws);
    let together = people.first().and_then(|first| first.home_before.as_ref());
    let together = together.map(|(day, _)| *day);
    let before = Address::draw(draws);
    let landline = draws.chance(3_500).then(|| {
        let area = people.first().map_or("02", |first| area(first.home.state));
        format!("{area}2{:07}", draws.below(10_000_000))
    });
    let mut all: Vec<Contact> = Vec::with_capacity(people.len());
    for person in people {
        let address_before = person.home_before.as_ref().map(|(day, _)| match together {
            Some(moved) if moved == *day => (*day, before.clone()),
            _ => (*day, Address::draw(draws)),
        });
        let own = (person.age() >= 12 && draws.chance(8_800)).then(|| mobile_number(draws));
        let changed = own.is_some() && draws.chance(1_200);
        let mobile_before = changed.then(|| {
            let day = LAST_DAY.plus(-(draws.below(WINDOW as usize) as i32));
            (day, mobile_number(draws))
        });
        let of_first = all.first().and_then(|first| first.mobile.clone());
        let is_child = person.age() < 16;
        let mobile = own.or_else(|| of_first.clone().filter(|_| is_child)).or(landline.clone());
        let others = of_first.into_iter().chain(landline.clone());
        let others = others.filter(|other| Some(other) != mobile.as_ref()).collect();
        all.push(Contact {
            address: address.clone(),
            address_before,
            mobile,
            mobile_before,
            others,
        });
    }
    all
}

fn mobile_number(draws: &mut Draws) -> String {
    format!("05{:08}", draws.below(100_000_000))
}

/// The area code of a state.
fn area(state: &str) -> &'static str {
    match state {
        "VIC" | "TAS" => "03",
        "QLD" => "07",
        "WA" | "SA" | "NT" => "08",
        _ => "02",
    }
}

/// Writes down where somebody can be found, on the day of the record.
pub(super) fn write_down(
    contact: &Contact,
    service: Service,
    record: &mut Record,
    draws: &mut Draws,
) {
    record.address = address_cell(contact, service, record.day, draws);
    record.phone = phone_cell(contact, record.day, draws);
}

fn address_cell(contact: &Contact, service: Service, day: Day, draws: &mut Draws) -> String {
    let address = match &contact.address_before {
        Some((moved, before)) if day < *moved => before,
        _ => &contact.address,
    };
    if service == Service::Homelessness && draws.chance(NO_HOME) {
        return (*draws.pick(&["No fixed address", "NFA", "nil fixed abode"])).to_owned();
    }
    if draws.chance(MISSING_ADDRESS) {
        return String::new();
    }
    if draws.chance(POST_BOX) {
        let number = 1 + draws.below(900);
        return format!("{} {number}", draws.pick(&["PO Box", "P.O. Box", "GPO BOX"]));
    }
    let street = match draws.chance(TYPO_STREET) {
        true => typo(address.street, draws),
        false => address.street.to_owned(),
    };
    let number = match draws.chance(WRONG_NUMBER) {
        true => 1 + draws.below(160) as u32,
        false => address.number,
    };
    let (long, short) = TYPES[address.kind];
    let kind = match draws.below(2) {
        _ if draws.chance(NO_TYPE) => String::new(),
        0 => format!(" {long}"),
        _ => format!(" {short}"),
    };
    let cell = match address.unit.filter(|_| !draws.chance(NO_UNIT)) {
        None => format!("{number} {street}{kind}"),
        Some(unit) => match draws.below(3) {
            0 => format!("Unit {unit}, {number} {street}{kind}"),
            1 => format!("U{unit} {number} {street}{kind}"),
            _ => format!("{unit}/{number} {street}{kind}"),
        },
    };
    match service {
        Service::Housing | Service::Legal => cell.to_uppercase(),
        _ => cell,
    }
}

fn phone_cell(contact: &Contact, day: Day, draws: &mut Draws) -> String {
    if draws.chance(MISSING_PHONE) {
        return String::new();
    }
    if draws.chance(FILLER) {
        return "0400 000 000".to_owned();
    }
    let own = match (&contact.mobile_before, &contact.mobile) {
        (Some((changed, before)), _) if day < *changed => before,
        (_, Some(mobile)) => mobile,
        (_, None) => return String::new(),
    };
    let given = match contact.others.is_empty() || !draws.chance(OF_ANOTHER) {
        true => own.clone(),
        false => draws.pick(&contact.others).clone(),
    };
    let digits = match draws.chance(WRONG_DIGIT) {
        true => wrong_digit(&given, 2, draws),
        false => given,
    };
    let (front, back) = digits.split_at(4);
    match draws.below(6) {
        0 => digits,
        1 => format!("+61 {} {} {}", &front[1..], &back[..3], &back[3..]),
        // What a spreadsheet makes of a number.
        2 => digits[1..].to_owned(),
        _ => format!("{front} {} {}", &back[..3], &back[3..]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::household::household;
    use super::*;

    #[test]
    fn households_share_an_address_and_mostly_no_mobile() {
        let (mut homes, mut numbers, mut pairs) = (0, 0, 0);
        for h in 0..2_000 {
            let people = household(&mut Draws::of_household(5, h));
            let contacts = contacts(&people, &mut Draws::of_household(6, h));
            assert_eq!(contacts.len(), people.len());
            for two in contacts.windows(2) {
                pairs += 1;
                homes += usize::from(two[0].address.number == two[1].address.number);
                numbers += usize::from(two[0].mobile == two[1].mobile);
            }
            for contact in &contacts {
                let all = contact.others.iter().chain(&contact.mobile);
                assert!(all.clone().all(|n| n.len() == 10 && n.starts_with('0')));
            }
        }
        assert_eq!(homes, pairs);
        assert!(numbers * 10 > pairs && numbers * 2 < pairs, "{numbers} of {pairs}");
    }
}
