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
        |a, b| match (a == b, r.moves[a][b]) {
            (true, _) => Heat::Blank,
            (_, Count::Shown(n)) => Heat::Value(n as f64, thousands(n)),
            (_, Count::Withheld) => Heat::Withheld,
        },
        |a, b, text| match a == b {
            true => String::new(),
            false => {
                format!("straight from {} to {}: {text} people", r.programs[a], r.programs[b])
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
        |a, b| match (a == b, r.both[a][b].shown().zip(r.users[a].shown())) {
            (true, _) => Heat::Blank,
            (_, Some((n, of))) if of > 0 => {
                let share = (100.0 * n as f64 / of as f64).min(100.0);
                Heat::Value(share, format!("{share:.0}%"))
            }
            _ => Heat::Withheld,
        },
        |a, b, text| match a == b {
            true => String::new(),
            false => {
                format!("of the people of {}, also in {}: {text}", r.programs[a], r.programs[b])
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
        |a, i| match shares[a][i] {
            Some(share) => Heat::Value(share, format!("{share:.0}%")),
            None => Heat::Withheld,
        },
        |a, i, text| format!("{}: another program within {} days: {text}", r.programs[a], BANDS[i]),
    )
}
