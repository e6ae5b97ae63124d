//! A point for each group with the share of its first category, and a line where all are.

use super::axis::{Axis, Unit};
use super::bars::{WIDTH, grid};
use super::drawing::{Anchor, Drawing, Fit};
use super::figure::Figure;
use super::ladder::{BAR, Ladder, MOST_ROWS};
use super::{HATCH, Picture};

const TOP: f64 = 26.0;
const RIGHT: f64 = 70.0;

pub(super) fn draw(figure: &Figure) -> Option<Picture> {
    let share = figure.shares.start;
    if figure.shares.is_empty() {
        return None;
    }
    let ladder = Ladder::of(figure, TOP);
    let axis = Axis::new(Unit::PerCent, 100.0, 5.0, WIDTH - ladder.left - RIGHT);
    let desc = "A point for each row; the line is where all rows together are. Hatched rows are \
                not published. The table below has the same numbers.";
    let mut to = Drawing::new(Fit::Wide, figure.caption(), desc, WIDTH, ladder.bottom + 26.0);
    grid(&mut to, &axis, ladder.left, (TOP, ladder.bottom));
    ladder.draw(&mut to);
    let reference = (0..figure.rows()).find(|row| is_all(&figure.label(*row)));
    let level = reference.and_then(|row| figure.number(row, share));
    if let Some(level) = level {
        let x = ladder.left + axis.at(level);
        to.line((x, TOP - 4.0), (x, ladder.bottom), "reference");
        let name = reference.map(|row| figure.label(row)).unwrap_or_default();
        to.text((x, 16.0), Anchor::Middle, "tick", name);
    }
    let mut is_apart = false;
    for &(row, y) in &ladder.rungs {
        let said = figure.said(row, share);
        let mut title = format!("{}: {}: {said}", figure.name(row), figure.column(share));
        let Some(number) = figure.number(row, share) else {
            to.rect((ladder.left, y - BAR / 2.0), (axis.at(100.0), BAR), HATCH, title);
            to.text((ladder.left + 8.0, y + 4.5), Anchor::Start, "halo", said);
            continue;
        };
        let x = ladder.left + axis.at(number);
        let apart = figure.remark(row).is_some_and(|said| !["", "no"].contains(&said));
        if apart {
            is_apart = true;
            title.push_str(&format!(", {}", figure.remark(row).unwrap_or_default()));
        }
        if let Some(level) = level {
            to.line((ladder.left + axis.at(level), y), (x, y), "join");
        }
        to.dot((x, y), 6.0, if apart { "apart" } else { "on" }, title);
        // The number stands on the side away from the line.
        match level.is_some_and(|level| number < level) {
            true => to.text((x - 10.0, y + 4.5), Anchor::End, "halo", said),
            false => to.text((x + 10.0, y + 4.5), Anchor::Start, "halo", said),
        }
    }
    let mut reading = format!("{}, by {}.", figure.column(share), figure.row_name());
    if level.is_some() {
        reading.push_str(" The dashed line is all together.");
    }
    if is_apart {
        reading.push_str(
            " A ringed point differs from the others, as the last column says: compare with care.",
        );
    }
    Some(Picture::one(&reading, to).first_rows(figure, MOST_ROWS))
}

/// Whether a label names everyone.
fn is_all(label: &str) -> bool {
    let label = label.to_lowercase();
    label == "all" || label.starts_with("all ") || label.starts_with("every") || label == "total"
}
