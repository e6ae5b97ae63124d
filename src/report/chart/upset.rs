//! Sets of programs as an UpSet plot: a column for each set, its people as a bar, and a dot
//! for each of its programs.

use super::axis::{Axis, Unit};
use super::drawing::{Anchor, Drawing, Fit, cut, text_width};
use super::figure::Figure;
use super::{HATCH, Picture, colour};

/// The most sets that are drawn.
const MOST: usize = 30;
/// Width of a column, height of a line of dots and of the bars.
const COLUMN: f64 = 30.0;
const LINE: f64 = 22.0;
const BARS: f64 = 150.0;
/// Height of a bar of which nobody may know how high it is.
const UNKNOWN: f64 = 20.0;
const TOP: f64 = 18.0;
const LABELS: f64 = 200.0;

pub(super) fn draw(figure: &Figure, programs: &[String]) -> Picture {
    let column = figure.categories.start;
    let sets: Vec<Vec<String>> =
        (0..figure.rows().min(MOST)).map(|row| members(&figure.label(row), programs)).collect();
    let lines = lines(&sets, programs);
    let widest = lines.iter().map(|l| text_width(&cut(l, LABELS))).fold(0.0, f64::max);
    let left = widest.max(60.0) + 16.0;
    let right = left + sets.len() as f64 * COLUMN;
    let bottom = TOP + BARS;
    let dots = bottom + 14.0;
    let desc = "Each column is a set of programs that people used: the bar is how many, the dots \
                below are the programs of the set. A hatched bar is not published. The table \
                below has the same numbers.";
    let height = dots + lines.len() as f64 * LINE + 6.0;
    let mut to = Drawing::new(Fit::Wide, figure.caption(), desc, right + 10.0, height);
    let axis = Axis::new(Unit::People, figure.most(std::iter::once(column)), 4.0, BARS);
    for (along, text) in axis.ticks() {
        to.line((left, bottom - along), (right, bottom - along), "grid");
        to.text((left - 6.0, bottom - along + 4.0), Anchor::End, "tick", text);
    }
    for (i, line) in lines.iter().enumerate() {
        let y = dots + i as f64 * LINE;
        if i % 2 == 0 {
            to.rect((0.0, y), (right, LINE), "#f6f8fa", String::new());
        }
        to.text((left - 10.0, y + 15.5), Anchor::End, "lab", cut(line, LABELS));
    }
    for (row, set) in sets.iter().enumerate() {
        let middle = left + (row as f64 + 0.5) * COLUMN;
        let title = format!("{}: {}", figure.name(row), figure.said(row, column));
        let (height, fill) = match figure.number(row, column) {
            Some(number) => (axis.at(number), colour(0)),
            None => (UNKNOWN, HATCH),
        };
        to.rect((middle - 10.0, bottom - height), (20.0, height), fill, title.clone());
        let said = figure.said(row, column);
        // Neighbours' numbers keep out of each other's way.
        let class = if text_width(&said) > COLUMN { "val small" } else { "val" };
        to.text((middle, bottom - height - 5.0), Anchor::Middle, class, said);
        let y_of = |line: usize| dots + (line as f64 + 0.5) * LINE;
        let on: Vec<usize> = (0..lines.len()).filter(|l| set.contains(&lines[*l])).collect();
        for line in 0..lines.len() {
            if !on.contains(&line) {
                to.dot((middle, y_of(line)), 4.0, "off", String::new());
            }
        }
        if let (Some(first), Some(last)) = (on.first(), on.last()) {
            to.line((middle, y_of(*first)), (middle, y_of(*last)), "join");
        }
        for line in on {
            to.dot((middle, y_of(line)), 6.0, "on", title.clone());
        }
    }
    let reading = "Each column is one set of programs: the dots say which, the bar how many \
                   people used just these.";
    Picture::one(reading, to).first_rows(figure, MOST)
}

/// The programs of a set, from a label that joins them by " + ". A program's own name may
/// have that in it.
fn members(label: &str, programs: &[String]) -> Vec<String> {
    let pieces: Vec<&str> = label.split(" + ").collect();
    let (mut members, mut at) = (Vec::new(), 0);
    while at < pieces.len() {
        let joined = |end: usize| pieces[at..end].join(" + ");
        let longest = (at + 1..=pieces.len()).rev().find(|end| programs.contains(&joined(*end)));
        let end = longest.unwrap_or(at + 1);
        members.push(joined(end));
        at = end;
    }
    members
}

/// Every program that is in a set, in the release's order; then what else labels name.
fn lines(sets: &[Vec<String>], programs: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = programs.to_vec();
    lines.retain(|p| sets.iter().any(|set| set.contains(p)));
    for member in sets.iter().flatten() {
        if !lines.contains(member) {
            lines.push(member.clone());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_plus_in_it_is_one_program() {
        let programs = ["Alcohol + drugs", "Housing"].map(str::to_owned);
        assert_eq!(members("Alcohol + drugs + Housing", &programs), programs);
        assert_eq!(members("Other sets", &programs), ["Other sets"]);
        let sets = [vec!["Other sets".to_owned()], vec!["Housing".to_owned()]];
        assert_eq!(lines(&sets, &programs), ["Housing", "Other sets"]);
    }
}
