//! Rows under each other with their labels at the left: what bars, changes and points share.

use super::drawing::{Anchor, Drawing, fold, text_width};
use super::figure::Figure;

/// The most rows that one picture shows; a page of more is not looked at.
pub(super) const MOST_ROWS: usize = 60;
/// Height of a row, and of what is drawn on it.
pub(super) const ROW: f64 = 32.0;
pub(super) const BAR: f64 = 20.0;
const HEADING: f64 = 30.0;
/// The most room for labels.
const LABELS: f64 = 190.0;

/// Where each row of a figure stands.
pub(super) struct Ladder {
    /// The row, and the middle of its place.
    pub(super) rungs: Vec<(usize, f64)>,
    headings: Vec<(String, f64)>,
    labels: Vec<(Vec<String>, f64)>,
    /// Where labels end and marks begin.
    pub(super) left: f64,
    pub(super) bottom: f64,
}

impl Ladder {
    /// Sets the rows from `top` downwards, with a heading wherever all labels but the last
    /// change.
    pub(super) fn of(figure: &Figure, top: f64) -> Self {
        let rows = figure.rows().min(MOST_ROWS);
        let folded: Vec<Vec<String>> =
            (0..rows).map(|row| fold(&figure.label(row), LABELS)).collect();
        let widest = folded.iter().flatten().map(|line| text_width(line)).fold(0.0, f64::max);
        let (mut y, mut heading) = (top, String::new());
        let mut ladder = Ladder {
            rungs: Vec::new(),
            headings: Vec::new(),
            labels: Vec::new(),
            left: widest.clamp(40.0, LABELS) + 12.0,
            bottom: top,
        };
        for (row, lines) in folded.into_iter().enumerate() {
            let above = figure.heading(row);
            if above != heading {
                ladder.headings.push((above.clone(), y + HEADING - 10.0));
                heading = above;
                y += HEADING;
            }
            let middle = y + ROW / 2.0;
            ladder.rungs.push((row, middle));
            ladder.labels.push((lines, middle));
            y += ROW;
        }
        ladder.bottom = y;
        ladder
    }

    /// Writes headings and labels.
    pub(super) fn draw(&self, to: &mut Drawing) {
        for (text, y) in &self.headings {
            let text = super::drawing::cut(text, to.width - 8.0);
            to.text((0.0, *y), Anchor::Start, "head", text);
        }
        for (lines, middle) in &self.labels {
            let first = middle + 4.5 - 7.5 * (lines.len() as f64 - 1.0);
            for (i, line) in lines.iter().enumerate() {
                let y = first + 15.0 * i as f64;
                to.text((self.left - 10.0, y), Anchor::End, "lab", line.clone());
            }
        }
    }
}
