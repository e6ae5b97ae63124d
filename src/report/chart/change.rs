//! The change of each group: declined to the left, improved to the right.

use std::ops::Range;

use super::axis::{Axis, Unit};
use super::bars::WIDTH;
use super::drawing::{Anchor, Drawing, Fit, text_width};
use super::figure::Figure;
use super::ladder::{BAR, Ladder, MOST_ROWS};
use super::{BLANK, HATCH, KeyLine, OTHER, Picture, fill};

/// What a category says of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Declined,
    Same,
    Improved,
}

impl Way {
    const ALL: [Way; 3] = [Way::Declined, Way::Same, Way::Improved];

    /// What a heading tells; None for those that are of no change.
    fn of(heading: &str) -> Option<Self> {
        let heading = heading.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|w| heading.contains(w));
        match () {
            () if says(&["declin", "worse", "lower"]) => Some(Way::Declined),
            () if says(&["same", "no change", "unchanged"]) => Some(Way::Same),
            () if says(&["improv", "better", "higher"]) => Some(Way::Improved),
            () => None,
        }
    }

    fn fill(self) -> String {
        match self {
            Way::Declined => fill(5),
            Way::Same => OTHER.into(),
            Way::Improved => fill(0),
        }
    }
}

const TOP: f64 = 30.0;
/// Room for those who stayed the same.
const SAME: f64 = 96.0;
/// The length of a part of which nobody may know how long it is.
const UNKNOWN: f64 = 26.0;

/// The columns of each way: shares where there are such, else counts. Where headings do not
/// tell, the order does: no change is in the middle.
fn columns(figure: &Figure) -> ([Vec<usize>; 3], Unit) {
    let told = |columns: Range<usize>| {
        Way::ALL.map(|way| {
            columns.clone().filter(|c| Way::of(figure.column(*c)) == Some(way)).collect::<Vec<_>>()
        })
    };
    let shares = told(figure.shares.clone());
    if !shares[0].is_empty() && !shares[2].is_empty() {
        return (shares, Unit::PerCent);
    }
    let counts = told(figure.categories.clone());
    if !counts[0].is_empty() && !counts[2].is_empty() {
        return (counts, Unit::People);
    }
    let (all, middle) = (figure.categories.clone(), figure.categories.len() / 2);
    let middle = all.start + middle;
    ([(all.start..middle).collect(), vec![middle], (middle + 1..all.end).collect()], Unit::People)
}

pub(super) fn draw(figure: &Figure) -> Picture {
    let (columns, unit) = columns(figure);
    let side = |way: usize, row: usize| {
        columns[way].iter().filter_map(|c| figure.number(row, *c)).sum::<f64>()
    };
    let sides = (0..figure.rows()).map(|row| side(0, row).max(side(2, row)));
    let most = sides.fold(0.0, f64::max);

    let ladder = Ladder::of(figure, TOP);
    let half = (WIDTH - ladder.left - SAME - 24.0) / 2.0;
    let axis = Axis::new(unit, most, 3.0, half - 60.0);
    let middle = ladder.left + half;
    let desc = "For each row a bar to the left for those who declined and one to the right for \
                those who improved; those who stayed the same stand at the right edge. Hatched \
                parts are not published. The table below has the same numbers.";
    let mut to = Drawing::new(Fit::Wide, figure.caption(), desc, WIDTH, ladder.bottom + 26.0);
    for (along, text) in axis.ticks() {
        for x in [middle - along, middle + along] {
            to.line((x, TOP), (x, ladder.bottom), "grid");
            to.text((x, ladder.bottom + 17.0), Anchor::Middle, "tick", text.clone());
        }
    }
    to.text((middle - 10.0, 18.0), Anchor::End, "head", "◀ Declined");
    to.text((middle + 10.0, 18.0), Anchor::Start, "head", "Improved ▶");
    if !columns[1].is_empty() {
        to.text((WIDTH, 18.0), Anchor::End, "head", "The same");
    }
    ladder.draw(&mut to);
    for &(row, y) in &ladder.rungs {
        for (way, columns) in Way::ALL.into_iter().zip(&columns) {
            let mut so_far = 0.0;
            for &column in columns {
                let is_alone = columns.len() == 1;
                let part = Part { figure, row, column, way, is_alone };
                so_far += part.draw(&mut to, &axis, (middle, y), so_far);
            }
        }
    }
    to.line((middle, TOP), (middle, ladder.bottom), "axis");
    let reading = "The further to the right, the more improved; the further to the left, the \
                   more declined.";
    let mut picture = Picture::one(reading, to).first_rows(figure, MOST_ROWS);
    for (way, label) in [(Way::Declined, "Declined"), (Way::Improved, "Improved")] {
        picture.key.push(KeyLine { fill: way.fill(), label: label.into() });
    }
    picture
}

/// What one cell says of one way.
struct Part<'a> {
    figure: &'a Figure<'a>,
    row: usize,
    column: usize,
    way: Way,
    /// Whether its side has no other.
    is_alone: bool,
}

impl Part<'_> {
    /// Draws it outwards from where the last one of its side ended; how long it is.
    fn draw(&self, to: &mut Drawing, axis: &Axis, (middle, y): (f64, f64), so_far: f64) -> f64 {
        let said = self.figure.said(self.row, self.column);
        let heading = self.figure.column(self.column);
        let title = format!("{}: {heading}: {said}", self.figure.name(self.row));
        let number = self.figure.number(self.row, self.column);
        let (length, fill) = match number {
            Some(number) => (axis.at(number), self.way.fill()),
            None => (UNKNOWN, HATCH.to_owned()),
        };
        let (top, text_y) = (y - BAR / 2.0, y + 4.5);
        let end = so_far + length;
        let is_inside = !self.is_alone && length > text_width(&said) + 4.0;
        match self.way {
            Way::Declined => {
                to.rect((middle - end, top), (length, BAR), fill, title);
                if self.is_alone {
                    to.text((middle - end - 6.0, text_y), Anchor::End, "halo", said);
                } else if is_inside {
                    to.text((middle - end + length / 2.0, text_y), Anchor::Middle, "halo", said);
                }
            }
            Way::Improved => {
                to.rect((middle + so_far, top), (length, BAR), fill, title);
                if self.is_alone {
                    to.text((middle + end + 6.0, text_y), Anchor::Start, "halo", said);
                } else if is_inside {
                    to.text((middle + end - length / 2.0, text_y), Anchor::Middle, "halo", said);
                }
            }
            Way::Same => {
                let width = text_width(&said) + 12.0;
                let fill = if number.is_some() { BLANK } else { HATCH };
                to.rect((WIDTH - width, top), (width, BAR), fill, title);
                to.text((WIDTH - 6.0, text_y), Anchor::End, "val", said);
            }
        }
        length
    }
}
