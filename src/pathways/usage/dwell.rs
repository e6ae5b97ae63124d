//! How long people stay: the length of their first episode in a program.

use super::{Ground, firsts, life_band, life_bands, returns};
use crate::pathways::count::Measure;
use crate::pathways::journey::Episode;
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};

/// Upper ends, in days, of the bands of a stay.
const DAYS: [i32; 5] = [28, 90, 180, 365, 730];

/// A life table for each program.
pub(super) fn measure(ground: &Ground<'_>) -> Measure<'static> {
    let categories = life_bands(&DAYS);
    let n = ground.programs().len();
    let group = |a| Group::empty(vec![ground.program(a)], categories.len(), Of::Program(a), true);
    // Who left within a band is one of those who have left at all.
    let tie = |a| Tie {
        parts: (0..DAYS.len()).map(|band| (a, 2 * band)).collect(),
        wholes: vec![Of::Group(returns::NAME, 2 * a)],
        is_all: false,
    };
    let tally = Tally {
        name: "length_of_stay",
        caption: "How long people stay".into(),
        rule: "The length of a person's first episode in the program, first and last day counted. At \
               risk are those who have not left and are still followed; whose follow-up ends within \
               a band is at risk for half of it (a life table)."
            .into(),
        by: vec!["Program".into()],
        groups: (0..n).map(group).collect(),
        ties: (0..n).map(tie).collect(),
        categories,
        total: None,
        derived: Derived::LifeTable { event: "Left" },
        chart: Chart::Curves,
    };
    let extract = ground.extract.0;
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for (_, first) in firsts(journey) {
            let length = first.end.map(|end| end.0 - first.start.0 + 1);
            let followed = extract - first.start.0 + 1;
            hits.push((usize::from(first.program), life_band(&DAYS, length, followed)));
        }
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

#[cfg(test)]
mod tests {
    use crate::pathways::usage::tests::{episode, hits};

    #[test]
    fn the_first_and_the_last_day_count() {
        assert_eq!(hits(super::measure, &[episode(0, 1, Some(28))]), [(0, 0)]);
        assert_eq!(hits(super::measure, &[episode(0, 1, Some(29))]), [(0, 2)]);
        // Open since day 901, followed for a hundred days; the second episode does not count.
        let journey = [episode(1, 901, None), episode(2, 0, Some(999)), episode(2, 1000, None)];
        assert_eq!(hits(super::measure, &journey), [(1, 5), (2, 10)]);
    }
}
