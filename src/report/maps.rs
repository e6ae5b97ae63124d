//! The heat maps of the tables that every release has.

use super::chart::{Drawing, Heat, Words, heat_map};
use crate::disclosure::Count;
use crate::pathways::{BANDS, Release, thousands};

/// People who went straight from one program to another.
pub(super) fn moves(r: &Release) -> Drawing {
    heat_map(
        &Words {
            id: "moves",
            title: "Heat map of moves between programs",
            desc: "Rows are the program people came from, columns the program they started next; \
                   darker is more people. The table below has the same numbers.",
        },
        &r.programs,
        &r.programs,
        |a, b| {
            let way = format!("straight from {} to {}", r.programs[a], r.programs[b]);
            match (a == b, r.moves[a][b]) {
                (true, _) => (Heat::Blank, String::new()),
                (_, Count::Shown(n)) => {
                    (Heat::Value(n as f64, thousands(n)), format!("{way}: {} people", thousands(n)))
                }
                (_, Count::Withheld) => (Heat::Withheld, format!("{way}: n.p.")),
            }
        },
    )
}

/// Of the people of one program, the share also in another.
pub(super) fn overlap(r: &Release) -> Drawing {
    heat_map(
        &Words {
            id: "overlap",
            title: "Heat map of shared use",
            desc: "Rows are programs; each cell is the share of that program's people who also \
                   used the column's program; darker is more. The table below has the same \
                   numbers.",
        },
        &r.programs,
        &r.programs,
        |a, b| {
            let of = format!("of the people of {}, also in {}", r.programs[a], r.programs[b]);
            let share = r.both[a][b].shown().zip(r.users[a].shown()).filter(|(_, of)| *of > 0);
            let share = share.map(|(n, of)| (100.0 * n as f64 / of as f64).min(100.0));
            match a == b {
                true => (Heat::Blank, String::new()),
                false => square(share, &of),
            }
        },
    )
}

/// The share who had started another program by the end of each band of days.
pub(super) fn within(r: &Release) -> Drawing {
    let shares = r.shares_within();
    let columns: Vec<String> = BANDS.iter().map(|days| format!("{days} days")).collect();
    heat_map(
        &Words {
            id: "within",
            title: "Heat map of time to the next service",
            desc: "Rows are programs; columns are numbers of days; each cell is the share of \
                   people who had started another program by then. The table below has the \
                   numbers behind it.",
        },
        &r.programs,
        &columns,
        |a, i| {
            let within = format!("{}: another program within {} days", r.programs[a], BANDS[i]);
            square(shares[a][i], &within)
        },
    )
}

/// A share to the nearest whole number, and to a tenth, as the table has it, in its title.
fn square(share: Option<f64>, what: &str) -> (Heat, String) {
    match share {
        Some(share) => (Heat::Value(share, format!("{share:.0}%")), format!("{what}: {share:.1}%")),
        None => (Heat::Withheld, format!("{what}: n.p.")),
    }
}
