//! Measures of who used what, when, and for how long: each a table that journeys are counted
//! into.

mod before;
mod concurrent;
mod dwell;
mod months;
mod next;
mod periods;
mod returns;
mod sessions;
mod sets;

pub(super) use self::before::{NAME as BEFORE, groups as before_groups};
pub(super) use self::next::NAME as NEXT;
pub(super) use self::periods::{EPISODES, PEOPLE};
pub(super) use self::sets::NAME as SETS;

use super::count::Measure;
use super::journey::{Day, Episode};
use super::measure::Measures;
use super::study::MeasureChoices;
use crate::disclosure::Threshold;

/// What measures are made from.
pub(super) struct Ground<'a> {
    pub(super) measures: &'a Measures,
    pub(super) choices: &'a MeasureChoices,
    pub(super) threshold: Threshold,
    /// The earliest start.
    pub(super) first: Day,
    /// The last day looked at.
    pub(super) extract: Day,
    /// Whether any episode is a case of sessions.
    pub(super) has_sessions: bool,
}

impl Ground<'_> {
    fn programs(&self) -> &[String] {
        &self.measures.programs
    }

    fn program(&self, a: usize) -> String {
        self.programs()[a].clone()
    }
}

/// Every measure, in the order of the report; the last are left out first where there are too
/// few people. Why some are not told is added to `not_told`.
pub(super) fn measures(ground: &Ground<'_>, not_told: &mut Vec<String>) -> Vec<Measure<'static>> {
    let mut list = vec![next::measure(ground), sets::measure(ground), concurrent::measure(ground)];
    list.extend(before::measure(ground, not_told));
    list.push(returns::measure(ground));
    list.push(dwell::measure(ground));
    list.extend(sessions::measure(ground));
    list.extend(periods::measures(ground));
    list.extend(months::measure(ground));
    list
}

/// The last day of an episode; of an open one, none that comes.
fn last_day(episode: &Episode) -> Day {
    episode.end.unwrap_or(Day(i32::MAX))
}

/// Where a journey first comes to each program: the place of the episode.
fn firsts(journey: &[Episode]) -> impl Iterator<Item = (usize, &Episode)> {
    let is_first =
        |(i, e): &(usize, &Episode)| journey[..*i].iter().all(|b| b.program != e.program);
    journey.iter().enumerate().filter(is_first)
}

/// The categories of a life table over bands that end after so many days: for each band what
/// happened and whose follow-up ended, and those followed beyond.
fn life_bands(days: &[i32]) -> Vec<String> {
    let mut names = Vec::new();
    for end in days {
        names.push(format!("{end} days"));
        names.push(format!("{end} days: follow-up ended"));
    }
    names.push("followed beyond".into());
    names
}

/// The category of somebody to whom it happened after so many days, or not in the days they
/// were followed. Who is followed to the end of a band is at risk for all of it.
fn life_band(days: &[i32], happened: Option<i32>, followed: i32) -> usize {
    let beyond = 2 * days.len();
    match happened.filter(|day| *day <= followed) {
        Some(day) => days.iter().position(|end| day <= *end).map_or(beyond, |i| 2 * i),
        None => days.iter().position(|end| followed < *end).map_or(beyond, |i| 2 * i + 1),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ids::Band;
    use crate::pathways::journey::Journeys;
    use crate::pathways::measure::Vocabulary;

    pub(super) fn episode(program: u16, start: i32, end: Option<i32>) -> Episode {
        let end = end.map(Day);
        let band = Band::Single;
        Episode { person: 0, start: Day(start), program, end, band, sessions: 0 }
    }

    /// Where a measure over three programs counts a journey, as of day 1000.
    pub(super) fn hits(
        measure: impl Fn(&Ground<'_>) -> Measure<'static>,
        journey: &[Episode],
    ) -> Vec<(usize, usize)> {
        // Somebody else who used everything, so that every pair is there.
        let all = (0..3).map(|p| Episode { person: 1, ..episode(p, 0, Some(1)) });
        let episodes = journey.iter().copied().chain(all).collect();
        let persons = [0, 1].map(|n| crate::ids::PersonId::from_bytes([n; 10])).to_vec();
        let (merged, outside) = Default::default();
        let journeys = Journeys {
            persons,
            episodes,
            unmapped: 0,
            after_extract: 0,
            merged,
            outside,
            silent: vec![],
        };
        let vocabulary = Vocabulary::of(&journeys, &["a", "b", "c"].map(str::to_owned));
        let measures = Measures::of(&journeys, &vocabulary, |_| 1).expect("measures");
        let ground = Ground {
            measures: &measures,
            choices: &MeasureChoices::default(),
            threshold: Threshold::new(3),
            first: Day(0),
            extract: Day(1000),
            has_sessions: true,
        };
        let measure = measure(&ground);
        let mut hits = Vec::new();
        (measure.sort)(journey, &mut hits);
        hits.sort_unstable();
        if !measure.counts_episodes {
            hits.dedup();
        }
        let size = (measure.tally.groups.len(), measure.tally.categories.len());
        assert!(hits.iter().all(|(g, c)| *g < size.0 && *c < size.1));
        hits
    }

    #[test]
    fn a_life_band_is_the_one_where_it_happens_or_follow_up_ends() {
        let days = [28, 90];
        for (happened, followed, band) in [
            (Some(1), 500, 0),
            (Some(28), 28, 0),
            (Some(29), 500, 2),
            (Some(91), 500, 4),
            (None, 27, 1),
            // Followed to the end of the band: at risk for all of it.
            (None, 28, 3),
            (None, 89, 3),
            (None, 90, 4),
            // What happens after the follow-up is not known.
            (Some(50), 40, 3),
        ] {
            assert_eq!(life_band(&days, happened, followed), band, "{happened:?} of {followed}");
        }
    }
}
