//! Which services people come to, and in what order: a model of who refers whom, so that
//! pathways drawn from the exports tell a story. People leaving violence find a refuge,
//! then a home, then care; children come with the parent who brings them.

use super::draw::Draws;
use super::household::{Day, LAST_DAY, Person, WINDOW};

/// A kind of agency; the first `--sources` of them write an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Service {
    Housing,
    MentalHealth,
    FamilyViolence,
    Homelessness,
    AlcoholDrugs,
    FamilySupport,
    Youth,
    Legal,
}

/// What is known of a kind of agency.
#[derive(Debug)]
pub(super) struct Facts {
    /// The source's name.
    pub(super) name: &'static str,
    /// What its client numbers begin with.
    pub(super) prefix: &'static str,
    programs: [&'static str; 3],
    /// Reasons for presenting, of Common Dataset item 3.1.1.
    reasons: &'static [u8],
    /// What others call it when they refer to it: code of Common Dataset item 4.2.3.
    destination: u8,
    /// Weight of a first contact here.
    first: u32,
    /// Weight of going on to each service, in the order of [`Service::ALL`].
    next: [u32; 8],
    /// The youngest and oldest who come alone.
    ages: (i32, i32),
    /// The shortest and longest usual stay in days.
    stay: (i32, i32),
    /// The months (1 to 12) with half as many first contacts again.
    busy: (i8, i8),
    /// Whether children come along with a parent.
    children_along: bool,
}

impl Service {
    /// Every kind, in the order in which `--sources` takes them.
    pub(super) const ALL: [Service; 8] = [
        Service::Housing,
        Service::MentalHealth,
        Service::FamilyViolence,
        Service::Homelessness,
        Service::AlcoholDrugs,
        Service::FamilySupport,
        Service::Youth,
        Service::Legal,
    ];

    /// A number for one of its programs, as the Data Exchange has one for each service type.
    pub(super) fn program_number(self, program: &str) -> usize {
        let at = self.facts().programs.iter().position(|name| *name == program).unwrap_or(0);
        self as usize * self.facts().programs.len() + at + 1
    }

    pub(super) fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }
}

static FACTS: [Facts; 8] = [
    Facts {
        name: "housing",
        prefix: "HO",
        programs: ["Public housing", "Community housing", "Rental assistance"],
        reasons: &[2, 2, 3, 3, 1, 5, 4, 7],
        destination: 11,
        first: 22,
        next: [10, 26, 4, 18, 12, 14, 4, 12],
        ages: (16, 120),
        stay: (120, 900),
        busy: (1, 2),
        children_along: true,
    },
    Facts {
        name: "mental-health",
        prefix: "MH",
        programs: ["Community mental health", "Acute inpatient", "Early intervention"],
        reasons: &[11, 11, 11, 11, 13, 7, 12, 25],
        destination: 7,
        first: 24,
        next: [22, 18, 5, 14, 24, 7, 5, 5],
        ages: (8, 120),
        stay: (10, 240),
        busy: (9, 10),
        children_along: false,
    },
    Facts {
        name: "family-violence",
        prefix: "FV",
        programs: ["Crisis refuge", "Family violence outreach", "Court support"],
        reasons: &[9, 9, 9, 9, 9, 7, 8, 6],
        // Item 4.2.3 has no code of its own for these services.
        destination: 19,
        first: 16,
        next: [42, 22, 9, 22, 3, 14, 1, 22],
        ages: (14, 120),
        stay: (5, 120),
        busy: (12, 1),
        children_along: true,
    },
    Facts {
        name: "homelessness",
        prefix: "SH",
        programs: ["Crisis accommodation", "Street outreach", "Transitional housing"],
        reasons: &[3, 3, 5, 22, 9, 18, 7, 13],
        destination: 1,
        first: 15,
        next: [46, 20, 6, 14, 16, 6, 6, 4],
        ages: (15, 120),
        stay: (1, 180),
        busy: (6, 8),
        children_along: true,
    },
    Facts {
        name: "alcohol-drugs",
        prefix: "AD",
        programs: ["Withdrawal", "Counselling", "Residential rehabilitation"],
        reasons: &[13, 13, 14, 14, 11, 18, 16],
        destination: 9,
        first: 10,
        next: [12, 30, 4, 18, 16, 5, 3, 12],
        ages: (14, 90),
        stay: (7, 150),
        busy: (1, 2),
        children_along: false,
    },
    Facts {
        name: "family-support",
        prefix: "FS",
        programs: ["Intensive family support", "Parenting program", "Family mediation"],
        reasons: &[7, 7, 25, 27, 9, 11, 1],
        destination: 5,
        first: 10,
        next: [16, 18, 12, 6, 6, 12, 8, 12],
        ages: (18, 80),
        stay: (30, 300),
        busy: (2, 3),
        children_along: true,
    },
    Facts {
        name: "youth",
        prefix: "YS",
        programs: ["Youth outreach", "Youth refuge", "Reconnect"],
        reasons: &[24, 7, 7, 3, 28, 11, 6],
        destination: 19,
        first: 12,
        next: [10, 24, 4, 20, 14, 8, 12, 8],
        ages: (12, 24),
        stay: (7, 200),
        busy: (2, 3),
        children_along: false,
    },
    Facts {
        name: "legal",
        prefix: "LG",
        programs: ["Duty lawyer", "Legal advice", "Tenancy advocacy"],
        reasons: &[7, 9, 5, 1, 15, 18, 28],
        destination: 14,
        first: 8,
        next: [16, 12, 8, 8, 8, 12, 2, 10],
        ages: (15, 120),
        stay: (1, 60),
        busy: (2, 3),
        children_along: false,
    },
];

/// One time that a service is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) service: Service,
    pub(super) program: &'static str,
    pub(super) start: Day,
    /// Nothing for an episode that was open on the day of the export.
    pub(super) end: Option<Day>,
    /// Common Dataset 3.1.1.
    pub(super) reason: u8,
    /// Common Dataset 4.2.3, where someone was referred on.
    pub(super) referral: Option<u8>,
    /// Where the person lived when they came.
    pub(super) housing: Housing,
    /// Where they lived when they left.
    pub(super) housing_at_end: Option<Housing>,
}

/// Codes of Common Dataset 3.3.1 and 3.3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Housing {
    pub(super) dwelling: u8,
    pub(super) tenure: u8,
}

impl Housing {
    /// A house or flat, rented privately.
    const RENTED: Housing = Housing { dwelling: 1, tenure: 1 };
    /// The street, a car, a boarding house, a refuge.
    const HOMELESS: [Housing; 4] = [
        Housing { dwelling: 7, tenure: 22 },
        Housing { dwelling: 8, tenure: 22 },
        Housing { dwelling: 9, tenure: 6 },
        Housing { dwelling: 10, tenure: 15 },
    ];
    /// Private and social housing, one's own home.
    const HOUSED: [Housing; 5] = [
        Housing::RENTED,
        Housing::RENTED,
        Housing { dwelling: 1, tenure: 2 },
        Housing { dwelling: 1, tenure: 3 },
        Housing { dwelling: 1, tenure: 19 },
    ];
}

/// Says where people of a household lived when they came and left. Draws of their own, so that
/// everything else about them stays as it was.
pub(super) fn house(journeys: &mut [Vec<Episode>], draws: &mut Draws) {
    for episodes in journeys {
        // Those who left without a home mostly come without one.
        let mut is_homeless = None;
        for episode in episodes {
            // In ten thousand: homeless on coming, and still so on leaving.
            let (comes, stays) = match episode.service {
                Service::Homelessness => (8_500, 4_500),
                Service::FamilyViolence => (4_000, 3_000),
                Service::Housing => (3_500, 800),
                Service::Youth | Service::AlcoholDrugs => (2_500, 6_000),
                Service::MentalHealth | Service::FamilySupport | Service::Legal => (800, 7_000),
            };
            let comes = match is_homeless {
                Some(true) => 8_000,
                Some(false) => comes / 4,
                None => comes,
            };
            let came = draws.chance(comes);
            episode.housing = live(came, draws);
            if episode.end.is_some() {
                let left = draws.chance(if came { stays } else { 300 });
                episode.housing_at_end = Some(live(left, draws));
                is_homeless = Some(left);
            }
        }
    }
}

fn live(is_homeless: bool, draws: &mut Draws) -> Housing {
    if is_homeless { *draws.pick(&Housing::HOMELESS) } else { *draws.pick(&Housing::HOUSED) }
}

/// The episodes of everyone in a household, in the order of its people; everyone has one.
/// Only the first `sources` services are there to come to.
pub(super) fn journeys(people: &[Person], sources: usize, draws: &mut Draws) -> Vec<Vec<Episode>> {
    let mut all: Vec<Vec<Episode>> = Vec::with_capacity(people.len());
    for person in people {
        let along = match all.first() {
            Some(head) if person.age() < 18 => brought_along(head, person.born, draws),
            _ => Vec::new(),
        };
        all.push(if along.is_empty() { journey(person, sources, draws) } else { along });
    }
    all
}

/// The episodes to which a child came with the first adult, in full or for most of them.
fn brought_along(head: &[Episode], born: Day, draws: &mut Draws) -> Vec<Episode> {
    let with_children = head.iter().filter(|e| e.start >= born && e.service.facts().children_along);
    with_children.filter(|_| draws.chance(6_500)).cloned().collect()
}

fn journey(person: &Person, sources: usize, draws: &mut Draws) -> Vec<Episode> {
    // Chance in ten thousand of one more episode after the first, the second, …
    const GOES_ON: [u32; 7] = [5_600, 5_000, 4_200, 3_600, 3_000, 2_500, 2_000];
    let open_to = |service: Service, weight: u32| {
        let (youngest, oldest) = service.facts().ages;
        if (youngest..=oldest).contains(&person.age()) { weight } else { 0 }
    };
    let services = &Service::ALL[..sources];
    let weights: Vec<u32> = services.iter().map(|&s| open_to(s, s.facts().first)).collect();
    let mut service = services[draws.weighted(&weights)];
    let mut start = first_day(service, person.born, draws);
    let mut episodes = Vec::new();
    for goes_on in GOES_ON {
        let (episode, end) = episode(service, start, draws);
        episodes.push(episode);
        let weights: Vec<u32> =
            services.iter().zip(service.facts().next).map(|(&s, w)| open_to(s, w)).collect();
        let next = services[draws.weighted(&weights)];
        // Some come to the next service while still with this one, most soon after.
        let next_start = match draws.weighted(&[4, 4, 2]) {
            0 => start.plus(draws.between(7, 60)),
            1 => end.plus(draws.between(1, 45)),
            _ => end.plus(draws.between(30, 240)),
        };
        let goes = draws.chance(goes_on) && next_start <= LAST_DAY;
        // Most who go on were referred; some referrals are not taken up.
        let referred = draws.chance(if goes { 6_500 } else { 1_500 });
        if let Some(last) = episodes.last_mut()
            && referred
        {
            last.referral = Some(next.facts().destination);
        }
        if !goes {
            break;
        }
        (service, start) = (next, next_start);
    }
    episodes
}

/// A day of the window, not before birth, likelier in the service's busy months.
fn first_day(service: Service, born: Day, draws: &mut Draws) -> Day {
    let (from, to) = service.facts().busy;
    let mut day = LAST_DAY;
    for _ in 0..2 {
        day = LAST_DAY.plus(-(draws.below(WINDOW as usize) as i32)).max(born);
        let month = day.date().month();
        let busy =
            if from <= to { (from..=to).contains(&month) } else { month >= from || month <= to };
        if busy || draws.chance(6_667) {
            break;
        }
    }
    day
}

/// One episode, and the day it ends or would end.
fn episode(service: Service, start: Day, draws: &mut Draws) -> (Episode, Day) {
    let facts = service.facts();
    let (short, long) = facts.stay;
    // The lower of two draws: many short stays, few long ones.
    let days = draws.between(short, long).min(draws.between(short, long));
    let end = start.plus(days);
    let program = facts.programs[draws.weighted(&[5, 3, 2])];
    let reason = *draws.pick(facts.reasons);
    let known_end = (end <= LAST_DAY).then_some(end);
    let episode = Episode {
        service,
        program,
        start,
        end: known_end,
        reason,
        referral: None,
        housing: Housing::RENTED,
        housing_at_end: None,
    };
    (episode, end)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::household::household;
    use super::*;

    fn town(sources: usize) -> Vec<(Person, Vec<Episode>)> {
        let mut town = Vec::new();
        for h in 0..4_000 {
            let mut draws = Draws::of_household(3, h);
            let people = household(&mut draws);
            let episodes = journeys(&people, sources, &mut draws);
            town.extend(people.into_iter().zip(episodes));
        }
        town
    }

    #[test]
    fn everyone_has_an_episode_inside_the_window() {
        for sources in [2, 3, 8] {
            for (person, episodes) in town(sources) {
                assert!(!episodes.is_empty());
                for e in episodes {
                    assert!((e.service as usize) < sources);
                    assert!(e.start > LAST_DAY.plus(-WINDOW) && e.start <= LAST_DAY);
                    assert!(e.end.is_none_or(|end| end >= e.start && end <= LAST_DAY));
                    assert!(e.start >= person.born);
                }
            }
        }
    }

    #[test]
    fn the_table_is_in_the_order_of_the_services() {
        for (place, service) in Service::ALL.iter().enumerate() {
            assert_eq!(*service as usize, place);
            assert!(service.facts().name.parse::<crate::ids::SourceName>().is_ok());
        }
    }

    #[test]
    fn violence_leads_to_a_home_more_than_to_anything_else() {
        let mut after: BTreeMap<Service, u32> = BTreeMap::new();
        let (mut open, mut all) = (0, 0);
        for (_, mut episodes) in town(3) {
            episodes.sort_by_key(|e| e.start);
            for pair in episodes.windows(2) {
                if pair[0].service == Service::FamilyViolence {
                    *after.entry(pair[1].service).or_default() += 1;
                }
            }
            open += episodes.iter().filter(|e| e.end.is_none()).count();
            all += episodes.len();
        }
        let home = after[&Service::Housing];
        assert!(home > 50 && after.values().all(|&n| n <= home), "{after:?}");
        assert!(open * 100 / all > 5 && open * 100 / all < 60, "{open} open of {all}");
    }
}
