//! An area for each category over periods.

use std::ops::Range;

use super::axis::Unit;
use super::figure::Figure;
use super::panel::Panel;
use super::{HATCH, Picture};

/// The most areas that are drawn.
const MOST: usize = 24;
/// Areas share a scale where the highest is at most so many times the lowest.
const MOST_UNLIKE: f64 = 5.0;

pub(super) fn draw(figure: &Figure) -> Picture {
    let series = figure.series();
    let areas: Vec<(Range<usize>, usize)> = series
        .iter()
        .flat_map(|rows| figure.categories.clone().map(move |c| (rows.clone(), c)))
        .take(MOST)
        .collect();
    let highest = |(rows, c): &(Range<usize>, usize)| {
        rows.clone().filter_map(|row| figure.number(row, *c)).fold(0.0, f64::max)
    };
    let most = areas.iter().map(highest).fold(0.0, f64::max);
    let least = areas.iter().map(highest).filter(|n| *n > 0.0).fold(most, f64::min);
    // On one scale with a much larger one, nothing would be seen of a small one.
    let is_one_scale = least * MOST_UNLIKE >= most;
    let scale = |of: &(Range<usize>, usize)| if is_one_scale { most } else { highest(of) };
    let drawings = areas.iter().map(|of| area(figure, of.0.clone(), of.1, scale(of)).to).collect();
    let all = series.len() * figure.categories.len();
    let scales = if is_one_scale { "all have one scale" } else { "each has its own scale" };
    let mut reading = format!("Each step is one {}; {scales}.", figure.row_name());
    if all > MOST {
        reading.push_str(&format!(" The first {MOST} of {all}; the table has all."));
    }
    Picture { reading, key: Vec::new(), drawings }
}

fn area(figure: &Figure, rows: Range<usize>, category: usize, most: f64) -> Panel {
    let group = figure.heading(rows.start);
    let heading = match (group.is_empty(), figure.categories.len()) {
        (true, _) => figure.column(category).to_owned(),
        (false, 1) => group,
        (false, _) => format!("{group}: {}", figure.column(category)),
    };
    let desc = "A column for each period, in order. A hatched column is not published. The table \
                below has the same numbers.";
    let title = format!("{}: {heading}", figure.caption());
    let mut panel = Panel::new(&heading, title, desc, (Unit::People, most), 24.0);
    let width = panel.length / rows.len() as f64;
    let full = panel.bottom - panel.top;
    let mut ticks = Vec::new();
    for (i, row) in rows.enumerate() {
        let x = panel.left + i as f64 * width;
        ticks.push((x + width / 2.0, figure.label(row)));
        let said = figure.said(row, category);
        let title = format!("{}: {}: {said}", figure.name(row), figure.column(category));
        match figure.number(row, category) {
            Some(number) => {
                let height = panel.axis.at(number);
                let y = panel.bottom - height;
                panel.to.rect((x, y), (width, height), super::colour(0), String::new());
                // Found by the pointer however low it is.
                panel.to.rect((x, panel.top), (width, full), "transparent", title);
            }
            None => panel.to.rect((x, panel.top), (width, full), HATCH, title),
        }
    }
    panel.under(panel.bottom + 17.0, "tick", &ticks);
    panel
}
