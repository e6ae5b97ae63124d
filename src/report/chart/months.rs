//! An area for each category over periods, one under the same scale as the other.

use std::ops::Range;

use super::axis::Unit;
use super::figure::Figure;
use super::panel::Panel;
use super::{HATCH, Picture};

/// The most areas that are drawn.
const MOST: usize = 24;

pub(super) fn draw(figure: &Figure) -> Picture {
    let most = figure.most(figure.categories.clone());
    let series = figure.series();
    let areas: Vec<(Range<usize>, usize)> = series
        .iter()
        .flat_map(|rows| figure.categories.clone().map(move |c| (rows.clone(), c)))
        .collect();
    let drawn = areas.iter().take(MOST);
    let drawings = drawn.map(|(rows, c)| area(figure, rows.clone(), *c, most).to).collect();
    let mut reading = "Each step is one period; all have the same scale.".to_owned();
    if areas.len() > MOST {
        let note = format!(" The first {MOST} of {}; the table has all.", areas.len());
        reading.push_str(&note);
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
