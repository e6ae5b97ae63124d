//! What the release says in a few numbers and sentences, from protected counts only.

use crate::pathways::{BANDS, Cell, Release, thousands};

/// A headline number.
pub(super) struct Headline {
    pub(super) number: String,
    pub(super) what: &'static str,
}

pub(super) fn headlines(r: &Release) -> Vec<Headline> {
    let mut list = vec![
        Headline { number: thousands(r.people), what: "people with a journey" },
        Headline { number: Cell::Count(r.all_episodes).to_string(), what: "episodes of service" },
        Headline { number: r.programs.len().to_string(), what: "programs" },
        Headline { number: r.sources.len().to_string(), what: "sources linked" },
    ];
    if let Some(one) = r.by_number[0].shown() {
        let share = 100.0 * r.people.saturating_sub(one) as f64 / r.people.max(1) as f64;
        list.push(Headline { number: format!("{share:.0}%"), what: "used more than one program" });
    }
    list
}

/// What the tables say, in sentences, from protected counts.
pub(super) fn story(r: &Release) -> Vec<String> {
    let mut said = Vec::new();
    if let Some((linked, all)) = r.people_with_more_rows.shown().zip(r.people_in_maps.shown())
        && linked > 0
    {
        let share = 100.0 * linked as f64 / all as f64;
        said.push(format!(
            "Linking brought records together for {} of {} people ({share:.0}%): their way \
             through services could not be seen in any record alone.",
            thousands(linked),
            thousands(all)
        ));
    }
    let (entries, _) = r.entries();
    let first = entries.iter().enumerate().filter_map(|(a, c)| c.shown().map(|n| (n, a)));
    if let Some((n, a)) = first.max_by_key(|(n, a)| (*n, std::cmp::Reverse(*a))) {
        let share = 100.0 * n as f64 / r.people as f64;
        let name = &r.programs[a];
        said.push(format!(
            "Most often, journeys begin in {name}: {} people ({share:.0}%).",
            thousands(n)
        ));
    }
    let pairs = (0..r.programs.len()).flat_map(|a| (0..r.programs.len()).map(move |b| (a, b)));
    let moves = pairs.filter(|(a, b)| a != b).filter_map(|(a, b)| {
        r.moves[a][b].shown().filter(|n| *n > 0).map(|n| (n, std::cmp::Reverse((a, b))))
    });
    if let Some((n, std::cmp::Reverse((a, b)))) = moves.max() {
        said.push(format!(
            "The commonest move is from {} straight to {}: {} people.",
            r.programs[a],
            r.programs[b],
            thousands(n)
        ));
    }
    let halves = r.shares_within();
    let year = BANDS.len() - 1;
    let best = halves.iter().enumerate().filter_map(|(a, s)| s[year].map(|s| (s, a)));
    if let Some((share, a)) = best.max_by(|x, y| x.0.total_cmp(&y.0).then(y.1.cmp(&x.1))) {
        said.push(format!(
            "After a first start in {}, about {share:.0}% begin another program within {} days.",
            r.programs[a], BANDS[year]
        ));
    }
    said
}
