//! A bar for each group, its categories one after the other.

use super::axis::{Axis, Unit};
use super::drawing::{Anchor, Drawing, Fit, text_width};
use super::figure::Figure;
use super::ladder::{BAR, Ladder, MOST_ROWS};
use super::{HATCH, Picture, fill, key};

pub(super) const WIDTH: f64 = 720.0;
const TOP: f64 = 8.0;
/// Room for the ends of bars.
const RIGHT: f64 = 66.0;
/// The width of a part of which nobody may know how wide it is.
const UNKNOWN: f64 = 34.0;

pub(super) fn draw(figure: &Figure) -> Picture {
    let ladder = Ladder::of(figure, TOP);
    let is_shares =
        figure.categories.len() > 1 && figure.share_of(figure.categories.start).is_some();
    let length = WIDTH - ladder.left - RIGHT;
    let unit = if is_shares { Unit::PerCent } else { Unit::People };
    let axis = Axis::new(unit, if is_shares { 100.0 } else { longest(figure) }, 5.0, length);
    let desc = "A bar for each row, divided by category; hatched parts are not published. The \
                table below has the same numbers.";
    let mut to = Drawing::new(Fit::Wide, figure.caption(), desc, WIDTH, ladder.bottom + 26.0);
    grid(&mut to, &axis, ladder.left, (TOP, ladder.bottom));
    ladder.draw(&mut to);
    for &(row, middle) in &ladder.rungs {
        let bar = Bar { figure, axis: &axis, row, left: ladder.left, y: middle - BAR / 2.0 };
        bar.draw(&mut to, is_shares);
    }
    let reading = match (is_shares, figure.categories.len()) {
        (true, _) => "Each bar is one row of the table and adds up to 100%.".to_owned(),
        (false, 1) => {
            format!("{}, by {}.", figure.column(figure.categories.start), figure.row_name())
        }
        (false, _) => {
            "Each bar is one row of the table, with its parts one after the other.".to_owned()
        }
    };
    let mut picture = Picture::one(&reading, to);
    if figure.categories.len() > 1 {
        picture.key = key(figure, figure.categories.clone());
    }
    picture.first_rows(figure, MOST_ROWS)
}

/// The lines of an axis from top to bottom, with its numbers under them.
pub(super) fn grid(to: &mut Drawing, axis: &Axis, left: f64, (top, bottom): (f64, f64)) {
    for (along, text) in axis.ticks() {
        to.line((left + along, top), (left + along, bottom), "grid");
        to.text((left + along, bottom + 17.0), Anchor::Middle, "tick", text);
    }
}

/// The longest bar: what is shown of each row, or its total.
fn longest(figure: &Figure) -> f64 {
    let shown = |row| figure.categories.clone().filter_map(|c| figure.number(row, c)).sum::<f64>();
    let total = |row| figure.total.and_then(|c| figure.number(row, c)).unwrap_or(0.0);
    (0..figure.rows()).map(|row| shown(row).max(total(row))).fold(0.0, f64::max)
}

/// The bar of one row.
struct Bar<'a> {
    figure: &'a Figure<'a>,
    axis: &'a Axis,
    row: usize,
    left: f64,
    y: f64,
}

impl Bar<'_> {
    fn draw(&self, to: &mut Drawing, is_shares: bool) {
        let (f, row) = (self.figure, self.row);
        let name = f.name(row);
        let (mut so_far, mut withheld) = (0.0, Vec::new());
        for (i, category) in f.categories.clone().enumerate() {
            let column = if is_shares { f.share_of(category) } else { Some(category) };
            let Some((column, number)) = column.and_then(|c| f.number(row, c).map(|n| (c, n)))
            else {
                withheld.push(f.column(category));
                continue;
            };
            let (from, end) = (self.axis.at(so_far), self.axis.at(so_far + number));
            so_far += number;
            let mut title = format!("{name}: {}: {}", f.column(category), f.said(row, category));
            if is_shares {
                title.push_str(&format!(" ({})", f.said(row, column)));
            }
            // A white line between parts, where they are wide enough for one.
            let gap = if end - from > 3.0 { 1.0 } else { 0.0 };
            to.rect((self.left + from, self.y), (end - from - gap, BAR), fill(i), title);
            let text = f.said(row, column);
            if f.categories.len() > 1 && end - from > text_width(&text) + 6.0 {
                let at = (self.left + (from + end) / 2.0, self.y + BAR / 2.0 + 4.5);
                to.text(at, Anchor::Middle, "halo", text);
            }
        }
        let mut end = self.axis.at(so_far);
        if !withheld.is_empty() {
            let whole = match (is_shares, f.total) {
                (true, _) => Some(100.0),
                (false, Some(total)) => f.number(row, total),
                (false, None) => None,
            };
            // What is left of the whole is what is withheld together, as the table shows too.
            let rest = whole.map(|n| self.axis.at(n) - end).filter(|width| *width > 2.0);
            let width = rest.unwrap_or(UNKNOWN);
            let title = format!("{name}: not published: {}", withheld.join(", "));
            to.rect((self.left + end, self.y), (width, BAR), HATCH, title);
            if width > 30.0 {
                let at = (self.left + end + width / 2.0, self.y + BAR / 2.0 + 4.5);
                to.text(at, Anchor::Middle, "halo", "n.p.");
            }
            end += width;
        }
        let said = match (f.total, f.categories.len()) {
            (_, 1) if withheld.is_empty() => f.said(row, f.categories.start),
            (Some(total), _) if !is_shares => f.said(row, total),
            _ => return,
        };
        let at = (self.left + end + 6.0, self.y + BAR / 2.0 + 4.5);
        to.text(at, Anchor::Start, "halo", said);
    }
}
