//! A step curve for each group over bands of time: the share to whom it had happened by the
//! end of each band, and how many were at risk at its beginning.

use std::ops::Range;

use super::axis::Unit;
use super::drawing::Anchor;
use super::figure::Figure;
use super::panel::Panel;
use super::{HATCH, Picture};

/// The most curves that are drawn.
const MOST: usize = 24;

pub(super) fn draw(figure: &Figure) -> Option<Picture> {
    let share = figure.shares.clone().next_back()?;
    let most = figure.most(std::iter::once(share));
    let (series, unseen): (Vec<Range<usize>>, Vec<Range<usize>>) =
        figure.series().into_iter().partition(|rows| figure.number(rows.start, share).is_some());
    if series.is_empty() {
        return None;
    }
    let drawn = series.iter().take(MOST);
    let drawings = drawn.map(|rows| curve(figure, rows.clone(), share, most).to).collect();
    let mut reading = format!(
        "Each curve is the {} by so many days; under it, how many people were still at risk then.",
        figure.column(share).to_lowercase()
    );
    if series.len() > MOST {
        let note = format!(" The first {MOST} of {} curves; the table has all.", series.len());
        reading.push_str(&note);
    }
    if !unseen.is_empty() {
        let note = match unseen.len() {
            1 => " One more is not published from its beginning.".to_owned(),
            n => format!(" {n} more are not published from their beginning."),
        };
        reading.push_str(&note);
    }
    Some(Picture { reading, key: Vec::new(), drawings })
}

/// The last day of each band, from its label; None where labels say no days.
fn ends(labels: &[String]) -> Option<Vec<f64>> {
    let last_number = |label: &String| {
        let digits = label.split(|c: char| !c.is_ascii_digit()).rfind(|s| !s.is_empty())?;
        digits.parse::<f64>().ok()
    };
    let days: Option<Vec<f64>> = labels.iter().map(last_number).collect();
    let grows = |days: &Vec<f64>| days.is_sorted_by(|a, b| a < b) && days.first() > Some(&0.0);
    days.filter(grows)
}

fn curve(figure: &Figure, rows: Range<usize>, share: usize, most: f64) -> Panel {
    let heading = match figure.heading(rows.start) {
        alone if alone.is_empty() => figure.caption(),
        heading => heading,
    };
    let labels: Vec<String> = rows.clone().map(|row| figure.label(row)).collect();
    let days = ends(&labels);
    let are_days = days.is_some();
    let ends = days.unwrap_or_else(|| (1..=labels.len()).map(|i| i as f64).collect());
    let last = ends.last().copied().unwrap_or(1.0);
    let at_risk = figure.categories.start;
    let desc = "A curve in steps; each step is at the end of a band of time. A hatched part is \
                not published. The table below has the same numbers.";
    let title = format!("{}: {heading}", figure.caption());
    let mut panel = Panel::new(&heading, title, desc, (Unit::PerCent, most), 62.0);
    let (left, length, bottom) = (panel.left, panel.length, panel.bottom);
    let x_of = |days: f64| left + days / last * length;

    let (mut x, mut y) = (left, bottom);
    let mut d = format!("M{x:.1},{y:.1}");
    let mut bands = Vec::new();
    for (row, end) in rows.clone().zip(&ends) {
        let Some(number) = figure.number(row, share) else { break };
        let (next_x, next_y) = (x_of(*end), bottom - panel.axis.at(number));
        d.push_str(&format!(" H{next_x:.1} V{next_y:.1}"));
        let title = format!(
            "{}: {}; {}: {}",
            figure.name(row),
            figure.said(row, share),
            figure.column(at_risk).to_lowercase(),
            figure.said(row, at_risk)
        );
        bands.push((x, next_x, title));
        (x, y) = (next_x, next_y);
    }
    if x > left {
        let area = format!("{d} V{bottom:.1} H{left:.1} Z");
        panel.to.path(area, "area", "", String::new());
        panel.to.path(d, "curve", "none", String::new());
    }
    if let Some(row) = rows.clone().nth(bands.len()) {
        let size = (left + length - x, bottom - panel.top);
        let title = format!("{}: not published from here on", figure.name(row));
        panel.to.rect((x, panel.top), size, HATCH, title);
    } else if let Some(row) = rows.clone().last() {
        // The end of the curve with its number, above it or, at the top, below.
        let above = if y - panel.top > 18.0 { y - 6.0 } else { y + 16.0 };
        let said = figure.said(row, share);
        panel.to.text((x - 2.0, above), Anchor::End, "halo", said);
    }
    // What the pointer finds lies over all.
    for (from, end, title) in bands {
        panel.to.rect((from, panel.top), (end - from, bottom - panel.top), "transparent", title);
    }
    let mut days = vec![(left, "0".to_owned())];
    days.extend(ends.iter().map(|end| (x_of(*end), format!("{end:.0}"))));
    if let Some((_, last)) = days.last_mut()
        && are_days
    {
        last.push_str(" days");
    }
    panel.under(bottom + 16.0, "tick", &days);
    let risk = format!("{}:", figure.column(at_risk));
    panel.to.text((0.0, bottom + 36.0), Anchor::Start, "tick", risk);
    let starts = std::iter::once(0.0).chain(ends.iter().copied());
    let risk: Vec<(f64, String)> =
        starts.zip(rows).map(|(start, row)| (x_of(start), figure.said(row, at_risk))).collect();
    panel.under(bottom + 52.0, "tick", &risk);
    panel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_end_where_their_labels_say() {
        let of =
            |labels: &[&str]| ends(&labels.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>());
        let days = Some(vec![28.0, 90.0, 180.0]);
        assert_eq!(of(&["Up to 28 days", "29–90 days", "91–180 days"]), days);
        assert_eq!(of(&["first", "second"]), None);
        assert_eq!(of(&["29–90 days", "0–28 days"]), None);
        assert_eq!(of(&["0 days", "28 days"]), None);
    }
}
