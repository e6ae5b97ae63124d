//! A small chart with a heading, beside others of the same scale.

use super::axis::{Axis, Unit};
use super::drawing::{Anchor, Drawing, Fit, fold, text_width};

const WIDTH: f64 = 340.0;
const TOP: f64 = 44.0;
const PLOT: f64 = 128.0;
const RIGHT: f64 = 16.0;

/// A panel as far as all its kinds agree: heading, frame, the scale at the left.
pub(super) struct Panel {
    pub(super) to: Drawing,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// Width of the plot.
    pub(super) length: f64,
    pub(super) axis: Axis,
}

impl Panel {
    /// A panel for numbers up to `most`; `below` is the room under the plot.
    pub(super) fn new(
        heading: &str,
        title: String,
        desc: &str,
        (unit, most): (Unit, f64),
        below: f64,
    ) -> Self {
        let axis = Axis::new(unit, most, 4.0, PLOT);
        let mut to = Drawing::new(Fit::Panel, title, desc, WIDTH, TOP + PLOT + below);
        for (i, line) in fold(heading, WIDTH - 4.0).into_iter().enumerate() {
            to.text((0.0, 13.0 + 15.0 * i as f64), Anchor::Start, "head", line);
        }
        let ticks = axis.ticks();
        let widest = ticks.iter().map(|(_, text)| text_width(text)).fold(0.0, f64::max);
        let (left, bottom) = (widest.max(24.0) * 1.1 + 9.0, TOP + PLOT);
        for (along, text) in ticks {
            to.line((left, bottom - along), (WIDTH - RIGHT, bottom - along), "grid");
            to.text((left - 6.0, bottom - along + 4.0), Anchor::End, "tick", text);
        }
        Panel { to, left, top: TOP, bottom, length: WIDTH - RIGHT - left, axis }
    }

    /// Writes texts in a line under the plot, each in the middle of its place unless it would
    /// leave the panel; those that would lie on an earlier one are left out. The first and the
    /// last come first.
    pub(super) fn under(&mut self, y: f64, class: &'static str, texts: &[(f64, String)]) {
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let last = texts.len().saturating_sub(1);
        let order = (0..texts.len().min(1)).chain(last.max(1)..texts.len()).chain(1..last);
        for (x, text) in order.map(|i| &texts[i]) {
            let half = text_width(text) / 2.0;
            let middle = x.clamp(half, (WIDTH - half).max(half));
            let (from, end) = (middle - half - 3.0, middle + half + 3.0);
            if taken.iter().all(|(a, b)| end <= *a || from >= *b) {
                taken.push((from, end));
                self.to.text((middle, y), Anchor::Middle, class, text.clone());
            }
        }
    }
}
