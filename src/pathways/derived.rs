//! Columns that are worked out from protected counts only: whether subgroups differ, and how
//! much things changed.

use super::table::Cell;
use super::told::ToldGroup;
use crate::disclosure::Count;

/// The points that a share must be from another to be called different.
const MATERIAL: f64 = 5.0;
/// How many standard errors chance goes beyond in one of a hundred tables (two-sided).
const BEYOND_CHANCE: f64 = 2.576;

/// The row of those of whom a division says nothing.
pub(crate) const NOT_RECORDED: &str = "Not recorded";

/// Whether the share of the first category in a group differs from that among the others of
/// its division. The groups are everyone, then each value of each division; who has no value is
/// compared with nobody, since what is not recorded goes by the source.
pub(super) fn differs(group: &ToldGroup, groups: &[ToldGroup]) -> Cell {
    let Some((all, values)) = groups.split_first() else { return Cell::Text(String::new()) };
    let is_unknown = |g: &ToldGroup| g.labels.last().is_some_and(|label| label == NOT_RECORDED);
    let unknown = values.iter().find(|g| g.labels[0] == group.labels[0] && is_unknown(g));
    let shown = |g: &ToldGroup| g.counts[0].shown().zip(g.total.shown());
    let Some(unknown) = unknown.filter(|_| !is_unknown(group)) else {
        return Cell::Text(String::new());
    };
    let (Some(unknown), Some(own), Some(all)) = (shown(unknown), shown(group), shown(all)) else {
        // Not that it does not differ: what is withheld does not tell.
        return Cell::Count(Count::Withheld);
    };
    // With noise, parts can be more than their whole.
    let rest = |all: u64, unknown: u64, own: u64| all.saturating_sub(unknown).saturating_sub(own);
    let (others, of) = (rest(all.0, unknown.0, own.0), rest(all.1, unknown.1, own.1));
    if own.1 == 0 || of == 0 {
        return Cell::Text(String::new());
    }
    let share = |part: u64, whole: u64| (part as f64 / whole as f64).min(1.0);
    let points = 100.0 * (share(own.0, own.1) - share(others, of));
    let pooled = share(own.0 + others, own.1 + of);
    let error = (pooled * (1.0 - pooled) * (1.0 / own.1 as f64 + 1.0 / of as f64)).sqrt();
    let is_material = points.abs() >= MATERIAL && points.abs() > 100.0 * BEYOND_CHANCE * error;
    match is_material {
        true if points < 0.0 => Cell::Text(format!("lower by {:.1} points", -points)),
        true => Cell::Text(format!("higher by {points:.1} points")),
        false => Cell::Text("no".into()),
    }
}

/// The shares that declined, stayed and improved, and the mean of the changes.
pub(super) fn change(group: &ToldGroup) -> [Cell; 4] {
    let middle = group.counts.len() / 2;
    let sum = |counts: &[Count]| {
        let shown = counts.iter().map(|c| c.shown());
        shown.sum::<Option<u64>>().map_or(Count::Withheld, Count::Shown)
    };
    let [declined, same, improved] =
        [sum(&group.counts[..middle]), group.counts[middle], sum(&group.counts[middle + 1..])]
            .map(|part| Cell::share(part, group.total));
    let steps = group.counts.iter().zip(-(middle as i64)..);
    let points = steps.map(|(count, step)| Some(count.shown()? as i64 * step)).sum::<Option<i64>>();
    let total = group.total.shown().filter(|total| *total > 0);
    let mean = points.zip(total).map(|(points, total)| points as f64 / total as f64);
    [declined, same, improved, Cell::Mean(mean)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(division: &str, value: &str, counts: [Option<u64>; 2]) -> ToldGroup {
        let shown = |n: Option<u64>| n.map_or(Count::Withheld, Count::Shown);
        ToldGroup {
            labels: vec![division.into(), value.into()],
            counts: counts.map(shown).to_vec(),
            total: shown(counts[0].zip(counts[1]).map(|(a, b)| a + b)),
            whole: Count::Withheld,
        }
    }

    #[test]
    fn only_what_is_material_and_beyond_chance_differs() {
        let with = |men: [u64; 2], women: [u64; 2]| {
            let all = [men[0] + women[0], men[1] + women[1] + 900].map(Some);
            let groups = [
                group("Everyone", "All", all),
                group("Sex", "Male", men.map(Some)),
                group("Sex", "Female", women.map(Some)),
                // Nobody of whom nothing is recorded was linked: they are compared with nobody.
                group("Sex", NOT_RECORDED, [Some(0), Some(900)]),
            ];
            groups.iter().map(|g| differs(g, &groups).plain()).collect::<Vec<_>>()
        };
        // 50% of 1000 and 40% of 1000: ten points, and five standard errors of 2.2 points.
        assert_eq!(
            with([500, 500], [400, 600]),
            ["", "higher by 10.0 points", "lower by 10.0 points", ""]
        );
        // Ten points of 40 people each may be chance; three points of many are not material.
        assert_eq!(with([20, 20], [16, 24]), ["", "no", "no", ""]);
        assert_eq!(with([50_000, 50_000], [47_000, 53_000]), ["", "no", "no", ""]);
        // What is withheld does not tell.
        let groups = [
            group("Everyone", "All", [Some(100), Some(100)]),
            group("Sex", "Male", [None, Some(50)]),
            group("Sex", NOT_RECORDED, [Some(10), Some(10)]),
        ];
        let all: Vec<_> = groups.iter().map(|g| differs(g, &groups).plain()).collect();
        assert_eq!(all, ["", "n.p.", ""]);
    }

    #[test]
    fn a_mean_needs_every_class() {
        let of = |counts: [Option<u64>; 5]| {
            let shown = |n: Option<u64>| n.map_or(Count::Withheld, Count::Shown);
            let total = Count::Shown(100);
            let counts = counts.map(shown).to_vec();
            let cells = change(&ToldGroup { labels: vec![], counts, total, whole: total });
            cells.map(|cell| cell.plain())
        };
        // -2 × 10 - 1 × 10 + 1 × 30 + 2 × 30 = 60, over 100.
        assert_eq!(of([10, 10, 20, 30, 30].map(Some)), ["20.0", "20.0", "60.0", "0.60"]);
        let one = [Some(10), None, Some(20), Some(30), Some(30)];
        assert_eq!(of(one), ["n.p.", "20.0", "60.0", "n.p."]);
    }
}
