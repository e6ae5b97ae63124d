//! Time to the next service: from a person's first start in a program to their first start in
//! another on a later day.

use super::{Ground, firsts, life_band, life_bands};
use crate::pathways::count::Measure;
use crate::pathways::journey::Episode;
use crate::pathways::measure::BANDS;
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally};

/// Its name, by which the release finds what the shown paths tell of it.
pub(in crate::pathways) const NAME: &str = "time_to_next";

/// A life table for each program.
pub(super) fn measure(ground: &Ground<'_>) -> Measure<'static> {
    let categories = life_bands(&BANDS);
    let group = |a| Group::empty(vec![ground.program(a)], categories.len(), Of::Program(a), true);
    let tally = Tally {
        name: NAME,
        caption: "Time to the next service".into(),
        rule: "From a person's first start in the program to their first start in another program \
               on a later day. At risk are those who have started no other program and are still \
               followed; whose follow-up ends within a band is at risk for half of it (a life \
               table: Kaplan–Meier by bands of time)."
            .into(),
        by: vec!["Program".into()],
        groups: (0..ground.programs().len()).map(group).collect(),
        categories,
        total: None,
        ties: Vec::new(),
        derived: Derived::LifeTable { event: "Started another program" },
        chart: Chart::Curves,
    };
    let extract = ground.extract.0;
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for (at, first) in firsts(journey) {
            let later = |e: &&Episode| e.program != first.program && e.start > first.start;
            let next = journey[at..].iter().find(later).map(|e| e.start.0 - first.start.0);
            let band = life_band(&BANDS, next, extract - first.start.0);
            hits.push((usize::from(first.program), band));
        }
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

#[cfg(test)]
mod tests {
    use crate::pathways::usage::tests::{episode, hits};

    #[test]
    fn the_next_service_is_another_program_on_a_later_day() {
        // a on day 0, b on the same day, a again on day 20, c on day 30.
        let journey = [
            episode(0, 0, Some(1)),
            episode(1, 0, Some(1)),
            episode(0, 20, Some(21)),
            episode(2, 30, None),
        ];
        // From a to c: 30 days. From b to a again: 20. From c: followed 970 days, beyond.
        assert_eq!(hits(super::measure, &journey), [(0, 2), (1, 0), (2, 8)]);
        // Too recent: followed for 50 days.
        assert_eq!(hits(super::measure, &[episode(0, 950, None)]), [(0, 3)]);
    }
}
