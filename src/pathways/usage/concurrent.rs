//! Co-use at one time: people who were in two programs on one day.

use super::{Ground, last_day};
use crate::pathways::count::Measure;
use crate::pathways::journey::Episode;
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally};

/// The table of pairs of programs that somebody used both of.
pub(super) fn measure(ground: &Ground<'_>) -> Measure<'static> {
    let (programs, both) = (ground.programs(), &ground.measures.both);
    let n = programs.len();
    let pairs: Vec<(usize, usize)> = (0..n)
        .flat_map(|a| (a + 1..n).map(move |b| (a, b)))
        .filter(|&(a, b)| both[a][b] > 0)
        .collect();
    let mut place = vec![None; n * n];
    for (i, &(a, b)) in pairs.iter().enumerate() {
        place[a * n + b] = Some(i);
    }
    let group = |&(a, b): &(usize, usize)| {
        let labels = vec![programs[a].clone(), programs[b].clone()];
        Group::empty(labels, 1, Of::Both(a, b), false)
    };
    let tally = Tally {
        name: "at_one_time",
        caption: "People in two programs at one time".into(),
        rule: "People who on at least one day had an episode of each program. Share is of the \
               people who used both programs at any time. Pairs not listed had nobody in both."
            .into(),
        by: vec!["Program".into(), "And".into()],
        categories: vec!["People".into()],
        total: None,
        groups: pairs.iter().map(group).collect(),
        ties: Vec::new(),
        derived: Derived::ShareOfWhole,
        chart: Chart::Points,
    };
    let sort = move |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for (i, one) in journey.iter().enumerate() {
            let end = last_day(one);
            // Later ones in order of start: those from the first that begins after its end on
            // share no day with it.
            for other in journey[i + 1..].iter().take_while(|other| other.start <= end) {
                let (a, b) = (one.program.min(other.program), one.program.max(other.program));
                let pair = place.get(usize::from(a) * n + usize::from(b)).copied().flatten();
                hits.extend(pair.map(|pair| (pair, 0)));
            }
        }
    };
    Measure { tally, counts_episodes: false, sort: Box::new(sort) }
}

#[cfg(test)]
mod tests {
    use crate::pathways::usage::tests::{episode, hits};

    fn pairs(spans: &[(u16, i32, Option<i32>)]) -> Vec<(usize, usize)> {
        let journey: Vec<_> = spans.iter().map(|&(p, a, b)| episode(p, a, b)).collect();
        let hits = hits(super::measure, &journey);
        hits.into_iter().map(|(pair, _)| [(0, 1), (0, 2), (1, 2)][pair]).collect()
    }

    #[test]
    fn the_last_day_counts_and_the_day_after_does_not() {
        assert_eq!(pairs(&[(0, 0, Some(10)), (1, 10, Some(12))]), [(0, 1)]);
        assert_eq!(pairs(&[(0, 0, Some(10)), (1, 11, Some(12))]), []);
        // An open episode meets all later ones; the order does not matter.
        let open = pairs(&[(2, 0, None), (0, 5, Some(5)), (1, 5, Some(5))]);
        assert_eq!(open, [(0, 1), (0, 2), (1, 2)]);
        // Both episodes of a program are looked at.
        assert_eq!(pairs(&[(1, 0, Some(2)), (1, 8, Some(20)), (2, 9, Some(9))]), [(1, 2)]);
    }
}
