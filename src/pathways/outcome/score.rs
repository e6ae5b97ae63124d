//! SCORE: the first and the last assessment of each client, case and domain, and the change
//! between them. What makes no pair is counted apart: one assessment only, a later one that
//! is dated before the first, and how many had more than two.

use super::code::{About, DOMAINS, Phase};
use super::notes::{Notes, Rating};
use super::spec::Spec;
use crate::pathways::count::Measure;
use crate::pathways::journey::{Day, Episode};
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally};

/// What the assessments of one client, case and domain come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairing {
    /// A first and a later one.
    Pair {
        /// Rating of the last less that of the first.
        change: i8,
        /// Day of the last.
        day: Day,
        /// Whether there were more than two.
        is_repeated: bool,
    },
    /// One only, or all of one day or one phase.
    Alone,
    /// The later one is dated before the first.
    Reversed,
}

impl Pairing {
    /// Pairs the assessments of one client, case and domain, which are in order of day.
    ///
    /// Where files say which is first and which is later, that decides; else the day does. Of
    /// two on one day the lower rating counts, since sources do not say which was meant.
    fn of(ratings: &[Rating]) -> Self {
        let is = |phase: Phase| ratings.iter().any(|r| r.phase == phase);
        let by_phase = is(Phase::First) && is(Phase::Later);
        if !by_phase && !is(Phase::NotSaid) {
            return Pairing::Alone;
        }
        let may_be = |r: &&Rating, phase: Phase| !by_phase || r.phase == phase;
        let firsts = ratings.iter().filter(|r| may_be(r, Phase::First));
        let lasts = ratings.iter().filter(|r| may_be(r, Phase::Later));
        let first = firsts.min_by_key(|r| (r.day, r.score));
        let last = lasts.max_by_key(|r| (r.day, std::cmp::Reverse(r.score)));
        match first.zip(last) {
            Some((first, last)) if last.day < first.day => Pairing::Reversed,
            Some((first, last)) if by_phase || last.day > first.day => Pairing::Pair {
                change: last.score as i8 - first.score as i8,
                day: last.day,
                is_repeated: ratings.len() > 2,
            },
            _ => Pairing::Alone,
        }
    }
}

/// The pairing of each case and domain of one client, by domain.
pub(super) fn pairings(ratings: &[Rating]) -> impl Iterator<Item = (u8, Pairing)> + '_ {
    let cases = ratings.chunk_by(|a, b| (a.domain, a.case) == (b.domain, b.case));
    cases.map(|case| (case[0].domain, Pairing::of(case)))
}

/// What the domain of an assessment is about.
pub(super) fn about(domain: u8) -> About {
    DOMAINS[usize::from(domain)].about
}

/// The tables: pairs, change, repeats, and how many clients have what is expected.
pub(super) fn measures<'a>(notes: &'a Notes, spec: &Spec) -> Vec<Measure<'a>> {
    if !notes.has_ratings() {
        return Vec::new();
    }
    let domains = notes.domains();
    let mut measures = Vec::new();
    if !domains.is_empty() {
        measures.push(pairs(notes, &domains));
        measures.push(changes(notes, &domains));
        measures.push(repeats(notes, &domains));
    }
    measures.push(coverage(notes, spec));
    measures
}

fn label(domain: u8) -> Vec<String> {
    let about = match about(domain) {
        About::Circumstances => "Circumstances",
        About::Goals => "Goals",
        About::Satisfaction => "Satisfaction",
        About::Community => "Community",
    };
    vec![about.to_owned(), DOMAINS[usize::from(domain)].label.to_owned()]
}

/// A table with a row for each domain that counts cases.
fn by_domain<'a>(
    notes: &'a Notes,
    domains: &[u8],
    tally: Tally,
    of: impl Fn(usize) -> (Of, bool),
    category: impl Fn(Pairing) -> Option<usize> + Sync + 'a,
) -> Measure<'a> {
    let width = tally.categories.len();
    let groups = domains.iter().enumerate().map(|(i, domain)| {
        let (of, is_all) = of(i);
        Group::empty(label(*domain), width, of, is_all)
    });
    let tally = Tally { groups: groups.collect(), ..tally };
    let domains = domains.to_vec();
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for (domain, pairing) in pairings(notes.client(journey[0].person).ratings) {
            let group = domains.binary_search(&domain).ok();
            hits.extend(group.zip(category(pairing)));
        }
    };
    Measure { tally, counts_episodes: true, sort: Box::new(sort) }
}

/// A table of assessments that has no rows yet.
fn table(name: &'static str, caption: &str, rule: String, categories: &[&str]) -> Tally {
    Tally {
        name,
        caption: caption.to_owned(),
        rule,
        by: ["About", "Domain"].map(str::to_owned).to_vec(),
        categories: categories.iter().map(|c| (*c).to_owned()).collect(),
        total: Some("Cases".into()),
        groups: Vec::new(),
        ties: Vec::new(),
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    }
}

fn pairs<'a>(notes: &'a Notes, domains: &[u8]) -> Measure<'a> {
    let rule = "Counts cases of a client that were assessed in the domain. A pair is a first and \
                a later assessment of one client, case and domain; where files say which is \
                which, that decides, else the day does. The others have one assessment only \
                (or all on one day or of one phase), or a later one that is dated before the \
                first."
        .to_owned();
    let categories = ["First and later", "One only", "Later before first"];
    let tally = table("score_pairs", "SCORE: what was assessed twice", rule, &categories);
    by_domain(
        notes,
        domains,
        tally,
        |_| (Of::Apart, false),
        |pairing| {
            Some(match pairing {
                Pairing::Pair { .. } => 0,
                Pairing::Alone => 1,
                Pairing::Reversed => 2,
            })
        },
    )
}

fn changes<'a>(notes: &'a Notes, domains: &[u8]) -> Measure<'a> {
    let rule = "Counts cases of a client with a first and a later assessment in the domain, by \
                the last rating less the first (of 1 to 5 points). The mean is worked out from \
                these counts, a change of more than two points counting as two."
        .to_owned();
    let categories = [
        "Declined by 2 or more",
        "Declined by 1",
        "The same",
        "Improved by 1",
        "Improved by 2 or more",
    ];
    let mut tally = table("score_change", "SCORE: change by domain", rule, &categories);
    tally.derived = Derived::MeanChange;
    tally.chart = Chart::Change;
    by_domain(
        notes,
        domains,
        tally,
        |i| (Of::Count("score_pairs", i, 0), true),
        |pairing| match pairing {
            Pairing::Pair { change, .. } => usize::try_from(change.clamp(-2, 2) + 2).ok(),
            Pairing::Alone | Pairing::Reversed => None,
        },
    )
}

fn repeats<'a>(notes: &'a Notes, domains: &[u8]) -> Measure<'a> {
    let rule = "Counts cases of a client with a first and a later assessment in the domain. \
                Where there are more than two, the first and the last count."
        .to_owned();
    let categories = ["Two assessments", "More than two"];
    let mut tally = table("score_repeats", "SCORE: assessments in a pair", rule, &categories);
    tally.chart = Chart::Table;
    by_domain(
        notes,
        domains,
        tally,
        |i| (Of::Count("score_pairs", i, 0), true),
        |pairing| match pairing {
            Pairing::Pair { is_repeated, .. } => Some(usize::from(is_repeated)),
            Pairing::Alone | Pairing::Reversed => None,
        },
    )
}

fn coverage<'a>(notes: &'a Notes, spec: &Spec) -> Measure<'a> {
    let (pairs, satisfaction) = (spec.expected_pairs, spec.expected_satisfaction);
    let labels = [
        format!("Circumstances or goals, first and later (expected: {pairs}%)"),
        format!("Satisfaction (expected: {satisfaction}%)"),
    ];
    let groups = labels.into_iter().enumerate().map(|(i, label)| {
        let of = if i == 0 { Of::Everyone } else { Of::Group("score_coverage", 0) };
        Group::empty(vec![label], 2, of, i > 0)
    });
    let tally = Tally {
        name: "score_coverage",
        caption: "SCORE: how many clients were assessed".into(),
        rule: "People with a service or an assessment in a source that records SCORE. What is \
               expected is the share that funders ask for."
            .into(),
        by: vec!["Assessment".into()],
        categories: ["Assessed", "Not assessed"].map(str::to_owned).to_vec(),
        total: Some("Clients".into()),
        groups: groups.collect(),
        ties: Vec::new(),
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        let client = notes.client(journey[0].person);
        if client.ratings.is_empty() && !client.notes.iter().any(|n| n.is_scored) {
            return;
        }
        let paired = |(domain, pairing): (u8, Pairing)| {
            matches!(about(domain), About::Circumstances | About::Goals)
                && matches!(pairing, Pairing::Pair { .. })
        };
        let is_paired = pairings(client.ratings).any(paired);
        let is_asked = client.ratings.iter().any(|r| about(r.domain) == About::Satisfaction);
        hits.extend([(0, usize::from(!is_paired)), (1, usize::from(!is_asked))]);
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pathways::outcome::notes::rating;

    fn pairing(list: &[(i32, Phase, u8)]) -> Pairing {
        let mut ratings: Vec<Rating> =
            list.iter().map(|&(day, phase, score)| rating(0, 1, Day(day), phase, score)).collect();
        ratings.sort_unstable();
        Pairing::of(&ratings)
    }

    #[test]
    fn phases_decide_where_they_are_said_and_days_elsewhere() {
        use Phase::{First, Later, NotSaid};
        let pair = |change, day, is_repeated| Pairing::Pair { change, day: Day(day), is_repeated };
        for (list, expected) in [
            (vec![(0, First, 2), (90, Later, 4)], pair(2, 90, false)),
            (vec![(0, NotSaid, 4), (90, NotSaid, 3)], pair(-1, 90, false)),
            // More than two: the first and the last.
            (vec![(0, NotSaid, 1), (9, NotSaid, 5), (90, NotSaid, 2)], pair(1, 90, true)),
            (vec![(0, First, 3), (9, First, 1), (50, Later, 5), (90, Later, 3)], pair(0, 90, true)),
            // One, or all of one phase, or all of one day.
            (vec![(0, First, 2)], Pairing::Alone),
            (vec![(0, First, 2), (90, First, 4)], Pairing::Alone),
            (vec![(7, NotSaid, 2), (7, NotSaid, 4)], Pairing::Alone),
            (vec![(0, Later, 2), (90, First, 4)], Pairing::Reversed),
            // Both phases on one day are a pair.
            (vec![(7, First, 2), (7, Later, 3)], pair(1, 7, false)),
            // One without a phase goes by its day.
            (vec![(0, First, 2), (90, NotSaid, 4)], pair(2, 90, false)),
            // On one day the lower counts.
            (
                vec![(0, NotSaid, 3), (0, NotSaid, 2), (9, NotSaid, 5), (9, NotSaid, 4)],
                pair(2, 9, true),
            ),
        ] {
            assert_eq!(pairing(&list), expected, "{} assessments", list.len());
        }
    }
}
