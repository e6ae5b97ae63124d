//! Numbers by row and column, darker for more.

use super::drawing::{Anchor, Drawing, Fit, cut, fold, text_width};
use super::{BLANK, HATCH};

/// What one square shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Heat {
    /// A number from 0 to the largest of the map, and how it is written.
    Value(f64, String),
    /// Withheld.
    Withheld,
    /// There is nothing to show here.
    Blank,
}

/// What a heat map is of, in words.
pub(crate) struct Words {
    /// Its name on the page.
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) desc: &'static str,
}

const CELL: (f64, f64) = (62.0, 36.0);
/// The most room for a label.
const LABEL: f64 = 190.0;

/// Lays out a map; `heat` is asked by row and column for a square and its title.
pub(crate) fn heat_map(
    words: &Words,
    rows: &[String],
    columns: &[String],
    heat: impl Fn(usize, usize) -> (Heat, String),
) -> Drawing {
    let rows_folded: Vec<Vec<String>> = rows.iter().map(|name| fold(name, LABEL)).collect();
    let columns_cut: Vec<String> = columns.iter().map(|name| cut(name, LABEL)).collect();
    let widest = |texts: &mut dyn Iterator<Item = &String>| {
        texts.map(|text| text_width(text)).fold(0.0, f64::max)
    };
    let left = 16.0 + widest(&mut rows_folded.iter().flatten());
    // Column labels lean at 40 degrees.
    let lean = widest(&mut columns_cut.iter());
    let top = 20.0 + lean * 0.66;
    let (width, height) = CELL;
    let right = left + columns.len() as f64 * width;
    let mut to = Drawing::new(
        Fit::Wide,
        words.title.to_owned(),
        words.desc,
        right + (lean * 0.77 - width / 2.0).max(0.0),
        top + rows.len() as f64 * height + 6.0,
    );
    for (c, name) in columns_cut.into_iter().enumerate() {
        to.leaning((left + (c as f64 + 0.5) * width - 4.0, top - 8.0), name);
    }
    let most = (0..rows.len())
        .flat_map(|r| (0..columns.len()).map(move |c| (r, c)))
        .filter_map(|(r, c)| match heat(r, c).0 {
            Heat::Value(v, _) => Some(v),
            Heat::Withheld | Heat::Blank => None,
        })
        .fold(0.0, f64::max);
    for (r, lines) in rows_folded.into_iter().enumerate() {
        let y = top + r as f64 * height;
        let first = y + height / 2.0 + 4.5 - 7.5 * (lines.len() as f64 - 1.0);
        for (i, line) in lines.into_iter().enumerate() {
            to.text((left - 8.0, first + 15.0 * i as f64), Anchor::End, "lab", line);
        }
        for c in 0..columns.len() {
            let x = left + c as f64 * width;
            let (heat, title) = heat(r, c);
            let (fill, ink, text) = match heat {
                Heat::Value(v, text) => {
                    let share = if most > 0.0 { v / most } else { 0.0 };
                    (blue(share), if share > 0.7 { "val light" } else { "val" }, text)
                }
                Heat::Withheld => (HATCH.into(), "val", "n.p.".into()),
                Heat::Blank => (BLANK.into(), "val", String::new()),
            };
            to.rect((x + 1.0, y + 1.0), (width - 2.0, height - 2.0), fill, title);
            if !text.is_empty() {
                let middle = (x + width / 2.0, y + height / 2.0 + 4.5);
                to.text(middle, Anchor::Middle, ink, text);
            }
        }
    }
    to.named(words.id)
}

/// From near white to the palette's blue.
fn blue(share: f64) -> String {
    let mix = |from: f64, to: f64| (from + (to - from) * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(240.0, 0.0), mix(246.0, 90.0), mix(252.0, 156.0))
}

#[cfg(test)]
mod tests {
    use super::super::drawing::Mark;
    use super::*;

    #[test]
    fn more_is_darker_and_withheld_is_hatched() {
        let names = ["a".to_owned(), "b".to_owned()];
        let map =
            heat_map(&Words { id: "i", title: "t", desc: "d" }, &names, &names, |r, c| {
                match (r, c) {
                    (0, 1) => (Heat::Value(10.0, "10".into()), "ten".into()),
                    (1, 0) => (Heat::Withheld, "n.p.".into()),
                    _ => (Heat::Blank, String::new()),
                }
            });
        let fills: Vec<(&str, &str)> = map
            .marks
            .iter()
            .filter_map(|m| match m {
                Mark::Rect { fill, title, .. } => Some((fill.as_str(), title.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(fills[1], ("#005a9c", "ten"));
        assert_eq!(fills[2], ("url(#hatch)", "n.p."));
    }
}
