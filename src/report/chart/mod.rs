//! Pictures of protected counts: each is made from a [`Release`](crate::pathways::Release) or
//! from a table as it is printed, so nothing is drawn that is not published. What is withheld
//! is hatched, never drawn as nought.

mod axis;
mod bars;
mod change;
mod curves;
mod drawing;
mod figure;
mod flow;
mod heat;
mod ladder;
mod months;
mod panel;
mod points;
mod sankey;
mod upset;

use self::figure::Figure;
use crate::pathways::{Chart, Table};

pub(crate) use self::drawing::{Anchor, Drawing, Fit, Mark};
pub(crate) use self::flow::flow;
pub(crate) use self::heat::{Heat, Words, heat_map};
pub(crate) use self::sankey::sankey;

/// Okabe–Ito colours first, told apart by colour-blind readers; black and yellow are left out
/// for contrast on white. Then some of Paul Tol's, so that a dozen programs differ.
pub(crate) const PALETTE: [&str; 12] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#332288", "#999933",
    "#882255", "#44aa99", "#8c6d46", "#aa4499",
];
const OTHER: &str = "#8a8f98";
const BLANK: &str = "#f1f3f5";
/// The fill of what is withheld; the page defines it.
const HATCH: &str = "url(#hatch)";

/// The colour of a program, the same in every picture.
pub(crate) fn colour(program: usize) -> &'static str {
    PALETTE[program % PALETTE.len()]
}

/// The fill of a category: its colour, with a texture of its own for who sees no colours; the
/// page defines them.
fn fill(category: usize) -> String {
    format!("url(#fill{})", category % PALETTE.len())
}

/// A line of the key of a picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyLine {
    pub(crate) fill: String,
    pub(crate) label: String,
}

/// A table as one or more pictures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Picture {
    /// How it is read, in a sentence or two.
    pub(crate) reading: String,
    pub(crate) key: Vec<KeyLine>,
    pub(crate) drawings: Vec<Drawing>,
}

impl Picture {
    /// Whether its drawings stand side by side.
    pub(crate) fn is_panels(&self) -> bool {
        self.drawings.iter().any(|d| d.fit == Fit::Panel)
    }

    fn one(reading: &str, drawing: Drawing) -> Self {
        Picture { reading: reading.to_owned(), key: Vec::new(), drawings: vec![drawing] }
    }

    /// Says that there are more rows than are drawn.
    fn first_rows(mut self, figure: &Figure, most: usize) -> Self {
        if figure.rows() > most {
            let rows = format!(" The first {most} of {} rows; the table has all.", figure.rows());
            self.reading.push_str(&rows);
        }
        self
    }

    /// Says what a hatched part is, where there is one.
    fn with_withheld(mut self) -> Self {
        let is_hatched = |m: &Mark| matches!(m, Mark::Rect { fill, .. } if fill == HATCH);
        if self.drawings.iter().flat_map(|d| &d.marks).any(is_hatched) {
            self.key.push(KeyLine { fill: HATCH.into(), label: "n.p., not published".into() });
        }
        self
    }
}

/// Draws a table as its chart says; None for a table that has none, or no rows. `programs` are
/// those of the release.
pub(crate) fn draw(table: &Table, programs: &[String]) -> Option<Picture> {
    let figure = Figure::of(table)?;
    let mut picture = match table.chart {
        Chart::Table => return None,
        Chart::Bars => bars::draw(&figure),
        Chart::Curves => curves::draw(&figure)?,
        Chart::Months => months::draw(&figure),
        Chart::Upset => upset::draw(&figure, programs),
        Chart::Change => change::draw(&figure),
        Chart::Points => points::draw(&figure)?,
    };
    for (i, drawing) in (1..).zip(&mut picture.drawings) {
        drawing.id = format!("{}-{i}", table.name);
    }
    Some(picture.with_withheld())
}

/// The key of some columns of a table.
fn key(figure: &Figure, columns: impl Iterator<Item = usize>) -> Vec<KeyLine> {
    let line = |(i, c)| KeyLine { fill: fill(i), label: figure.column(c).to_owned() };
    columns.enumerate().map(line).collect()
}
