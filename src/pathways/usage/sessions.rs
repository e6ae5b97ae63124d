//! Sessions: how many a person had in a program, where events are sessions of cases.

use super::{Ground, firsts};
use crate::pathways::count::Measure;
use crate::pathways::journey::Episode;
use crate::pathways::tally::{Chart, Derived, Group, Of, Tally};

/// The table, where there are sessions at all.
pub(super) fn measure(ground: &Ground<'_>) -> Option<Measure<'static>> {
    if !ground.has_sessions {
        return None;
    }
    let categories = ["1 session", "2 to 5", "6 to 11", "12 or more", "No session"];
    let group = |a| Group::empty(vec![ground.program(a)], categories.len(), Of::Program(a), true);
    let tally = Tally {
        name: "sessions",
        caption: "People by how many sessions they had".into(),
        rule:
            "Sessions of a person in the program, over all their cases. Share is of the program's \
               people."
                .into(),
        by: vec!["Program".into()],
        groups: (0..ground.programs().len()).map(group).collect(),
        categories: categories.map(str::to_owned).to_vec(),
        total: Some("People".into()),
        ties: Vec::new(),
        derived: Derived::ShareOfGroup,
        chart: Chart::Bars,
    };
    let sort = |journey: &[Episode], hits: &mut Vec<(usize, usize)>| {
        for (_, first) in firsts(journey) {
            let own = journey.iter().filter(|e| e.program == first.program);
            let sessions: u64 = own.map(|e| u64::from(e.sessions)).sum();
            let band = match sessions {
                0 => 4,
                1 => 0,
                2..=5 => 1,
                6..=11 => 2,
                _ => 3,
            };
            hits.push((usize::from(first.program), band));
        }
    };
    Some(Measure { tally, counts_episodes: false, sort: Box::new(sort) })
}
