//! The five standard DEX key performance indicators, by half-year.

use super::code::{About, NO, YES};
use super::notes::{Client, Notes};
use super::period::HalfYear;
use super::role::Role;
use super::score::{Pairing, about, pairings};
use crate::pathways::count::Measure;
use crate::pathways::journey::{Day, Episode};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};
use crate::pathways::usage::{EPISODES, PEOPLE};

/// The periods told apart, the latest ones.
const MOST_PERIODS: i32 = 10;

/// What says of somebody that they are of a priority group, or that they are not.
const PRIORITY: [Role; 3] = [Role::Indigenous, Role::Disability, Role::Language];

/// The periods of a study.
#[derive(Clone)]
struct Periods {
    list: Vec<HalfYear>,
    /// Whether there are earlier ones.
    is_cut: bool,
}

impl Periods {
    fn of(notes: &Notes) -> Self {
        let last = HalfYear::of(notes.extract);
        let first = notes.first_day().map_or(last, HalfYear::of);
        let all = first.to(last).filter(|p| p.until(last) < MOST_PERIODS);
        Periods { list: all.collect(), is_cut: first.until(last) >= MOST_PERIODS }
    }

    /// Whether one of them lies in a period of this name: the same half-year, or its year.
    fn is_within(&self, half: usize, period: &str) -> bool {
        let label = self.list[half].label();
        label == period || label.strip_suffix(period).is_some_and(|rest| rest.ends_with(' '))
    }

    /// The episodes of all programs that began in a period are those that began in its
    /// half-years.
    fn ties(&self, episodes: &Tally) -> Vec<Tie> {
        let tie = |(period, name): (usize, &String)| {
            let halves: Vec<usize> =
                (0..self.list.len()).filter(|&half| self.is_within(half, name)).collect();
            let wholes = (0..episodes.groups.len()).map(|a| Of::Count(EPISODES, a, period));
            // Of a year whose first half is no longer told of, part is missing.
            let is_cut = self.is_cut && halves.first() == Some(&0);
            (!halves.is_empty()).then(|| Tie {
                parts: halves.iter().map(|&half| (half, 0)).collect(),
                wholes: wholes.collect(),
                is_all: !is_cut || self.list[0].label() == *name,
            })
        };
        episodes.categories.iter().enumerate().filter_map(tie).collect()
    }

    fn place(&self, period: HalfYear) -> Option<usize> {
        self.list.binary_search(&period).ok()
    }

    /// The periods in which a service was given to a client.
    fn served(&self, client: &Client<'_>) -> Vec<usize> {
        let mut served: Vec<usize> = client
            .notes
            .iter()
            .flat_map(|n| HalfYear::of(n.start).to(HalfYear::of(n.last)))
            .filter_map(|period| self.place(period))
            .collect();
        served.sort_unstable();
        served.dedup();
        served
    }

    /// A table with a row for each period.
    fn table(
        &self,
        (name, caption, rule): (&'static str, &str, &str),
        categories: &[&str],
        of: impl Fn(usize) -> Of,
    ) -> Tally {
        let width = categories.len();
        let group = |(i, period): (usize, &HalfYear)| {
            let closes = period.closes().map_or(String::new(), |day| day.to_string());
            Group::empty(vec![period.label(), closes], width, of(i), false)
        };
        Tally {
            name,
            caption: caption.to_owned(),
            rule: rule.to_owned(),
            by: ["Period", "Reporting closes"].map(str::to_owned).to_vec(),
            categories: categories.iter().map(|c| (*c).to_owned()).collect(),
            total: (width > 1).then(|| "Clients".to_owned()),
            groups: self.list.iter().enumerate().map(group).collect(),
            ties: Vec::new(),
            derived: if width > 1 { Derived::ShareOfGroup } else { Derived::Nothing },
            chart: Chart::Bars,
        }
    }
}

/// The tables, where files carry what DEX collects. `others` are tables of the same people
/// that come before these.
pub(super) fn measures<'a>(notes: &'a Notes, others: &[Measure<'_>]) -> Vec<Measure<'a>> {
    let has_groups = PRIORITY.iter().any(|role| notes.has(*role));
    if !has_groups && !notes.has_ratings() {
        return Vec::new();
    }
    let periods = Periods::of(notes);
    let other = |name| others.iter().map(|m| &m.tally).find(|tally| tally.name == name);
    let mut measures = vec![
        clients(notes, &periods, has_groups, other(PEOPLE)),
        events(notes, &periods, other(EPISODES)),
    ];
    if notes.has_ratings() {
        measures.push(improved(notes, &periods, About::Goals));
        measures.push(improved(notes, &periods, About::Circumstances));
    }
    measures
}

fn clients<'a>(
    notes: &'a Notes,
    periods: &Periods,
    has_groups: bool,
    people: Option<&Tally>,
) -> Measure<'a> {
    let rule = "KPI 1 and 3: people with a service in the half-year. Of a priority group is who \
                was recorded as Aboriginal or Torres Strait Islander, as having a disability, \
                or with a main language other than English. 30 June and 31 December belong to \
                the period they close.";
    let names = ("kpi_clients", "DEX: clients assisted, and priority groups", rule);
    let categories = ["Of a priority group", "Not of one", "Not recorded"];
    let shown = if has_groups { &categories[..] } else { &["Clients assisted"] };
    // Who had a service in the half-year had an episode in the period that it lies in.
    let within = |half: usize| {
        let groups = people.map_or(&[][..], |tally| tally.groups.as_slice());
        let place = groups.iter().position(|g| periods.is_within(half, &g.labels[0]));
        place.map_or(Of::Everyone, |place| Of::Group(PEOPLE, place))
    };
    let tally = periods.table(names, shown, within);
    let periods = periods.clone();
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let client = notes.client(journey[0].person);
        let said = PRIORITY.map(|role| notes.first_said(role, client.notes));
        let category = match said {
            _ if !has_groups => 0,
            said if said.contains(&YES) => 0,
            said if said.contains(&NO) => 1,
            _ => 2,
        };
        hits.extend(periods.served(&client).into_iter().map(|period| (period, category)));
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

fn events<'a>(notes: &'a Notes, periods: &Periods, episodes: Option<&Tally>) -> Measure<'a> {
    let has_sessions = notes.has_sessions();
    let (heading, rule) = if has_sessions {
        (
            "Sessions",
            "KPI 2: sessions in the half-year, of people with a journey. Assessments do not \
             count, nor do episodes of sources that give no sessions.",
        )
    } else {
        (
            "Episodes",
            "KPI 2: no source gives sessions, so these are the episodes that began in the \
             half-year. Assessments do not count.",
        )
    };
    let names = ("kpi_events", "DEX: service events", rule);
    let mut tally = periods.table(names, &[heading], |_| Of::Apart);
    if let (false, Some(episodes)) = (has_sessions, episodes) {
        tally.ties = periods.ties(episodes);
    }
    let periods = periods.clone();
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let place = |day: Day| Some((periods.place(HalfYear::of(day))?, 0));
        if has_sessions {
            let client = notes.client(journey[0].person);
            let sessions = client.notes.iter().filter(|n| n.is_session);
            hits.extend(sessions.filter_map(|n| place(n.start)));
        } else {
            hits.extend(journey.iter().filter_map(|e| place(e.start)));
        }
    };
    Measure { tally, counts_episodes: true, sort: Box::new(sort) }
}

fn improved<'a>(notes: &'a Notes, periods: &Periods, wanted: About) -> Measure<'a> {
    let is_goals = wanted == About::Goals;
    let names = if is_goals {
        (
            "kpi_goals",
            "DEX: clients achieving individual goals",
            "KPI 4: clients of the half-year whose last assessment of a goal was in it and had a \
             first one to compare with. Achieved: in at least one domain of goals the last \
             rating is above the first.",
        )
    } else {
        (
            "kpi_wellbeing",
            "DEX: clients with improved independence, participation and wellbeing",
            "KPI 5: clients of the half-year whose last assessment of a circumstance was in it \
             and had a first one to compare with. Improved: in at least one domain of \
             circumstances the last rating is above the first.",
        )
    };
    let shown = if is_goals { ["Achieved", "Not achieved"] } else { ["Improved", "Not improved"] };
    let tally = periods.table(names, &shown, |i| Of::Group("kpi_clients", i));
    let periods = periods.clone();
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let client = notes.client(journey[0].person);
        let served = periods.served(&client);
        // By period, whether anything improved.
        let mut found: Vec<Option<bool>> = vec![None; periods.list.len()];
        for (domain, pairing) in pairings(client.ratings) {
            if let Pairing::Pair { change, day, .. } = pairing
                && about(domain) == wanted
                && let Some(period) = periods.place(HalfYear::of(day))
                && served.contains(&period)
            {
                found[period] = Some(found[period].unwrap_or(false) || change > 0);
            }
        }
        let told = found.into_iter().enumerate();
        hits.extend(told.filter_map(|(period, is)| Some((period, usize::from(!is?)))));
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}
