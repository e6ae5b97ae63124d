//! Returns: people who left a program and came back, to it or to any.

use super::{Ground, firsts, life_band, life_bands};
use crate::pathways::count::Measure;
use crate::pathways::journey::Episode;
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally, Tie};

/// Its name, by which the table of stays finds it.
pub(super) const NAME: &str = "returns";

/// A life table for each program, to the same program and to any.
pub(super) fn measure(ground: &Ground<'_>) -> Measure<'static> {
    let days: Vec<i32> = ground.choices.return_days.iter().map(|d| i32::from(*d)).collect();
    let categories = life_bands(&days);
    let width = categories.len();
    let n = ground.programs().len();
    let groups = (0..n).flat_map(|a| {
        ["the same program", "any program"].map(|to| {
            Group::empty(vec![ground.program(a), to.into()], width, Of::Program(a), false)
        })
    });
    let mut ties = Vec::new();
    for a in 0..n {
        let (same, any) = (2 * a, 2 * a + 1);
        let count = |category| Of::Count(NAME, any, category);
        // The same people have left.
        ties.push(Tie {
            parts: (0..width).map(|c| (same, c)).collect(),
            wholes: (0..width).map(count).collect(),
            is_all: true,
        });
        for band in 0..days.len() {
            // Who is back in the same program by the end of a band is back in any, and who is
            // back in none when follow-up ends is not back in the same.
            ties.push(Tie {
                parts: (0..=band).map(|b| (same, 2 * b)).collect(),
                wholes: (0..=band).map(|b| count(2 * b)).collect(),
                is_all: false,
            });
            ties.push(Tie {
                parts: vec![(any, 2 * band + 1)],
                wholes: vec![Of::Count(NAME, same, 2 * band + 1)],
                is_all: false,
            });
        }
    }
    let tally = Tally {
        name: NAME,
        caption: "Returns after leaving a program".into(),
        rule: "Of the people whose first episode in the program has ended: from that day to their \
               next start on a later day. At risk are those who are not back and still followed; \
               whose follow-up ends within a band is at risk for half of it (a life table). A start \
               in another program while the episode lasted is no return."
            .into(),
        by: vec!["Program left".into(), "Return to".into()],
        categories,
        total: Some("Have left".into()),
        groups: groups.collect(),
        ties,
        derived: Derived::LifeTable { event: "Returned" },
        chart: Chart::Curves,
    };
    let extract = ground.extract.0;
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for (_, first) in firsts(journey) {
            let Some(left) = first.end else { continue };
            let back = |is_it: &dyn Fn(&Episode) -> bool| {
                let next = journey.iter().find(|e| e.start > left && is_it(e));
                life_band(&days, next.map(|e| e.start.0 - left.0), extract - left.0)
            };
            let group = 2 * usize::from(first.program);
            hits.push((group, back(&|e| e.program == first.program)));
            hits.push((group + 1, back(&|_| true)));
        }
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

#[cfg(test)]
mod tests {
    use crate::pathways::usage::tests::{episode, hits};

    #[test]
    fn a_return_is_a_later_start_in_the_same_program_or_in_any() {
        // Left a on day 100, b from day 90 (no return), b left on day 120; c on day 130, a on 300.
        let journey = [
            episode(0, 0, Some(100)),
            episode(1, 90, Some(120)),
            episode(2, 130, None),
            episode(0, 300, Some(301)),
        ];
        // a: the same after 200 days, any after 30. b: the same never in 880 days; any after 10.
        assert_eq!(hits(super::measure, &journey), [(0, 6), (1, 2), (2, 8), (3, 0)]);
        // An open episode has not been left; one left 30 days ago is followed for 30.
        assert_eq!(hits(super::measure, &[episode(0, 0, None)]), []);
        assert_eq!(hits(super::measure, &[episode(0, 0, Some(970))]), [(0, 3), (1, 3)]);
    }
}
