//! Pictures as shapes with places and colours; the template draws them as inline SVG.
//! Everything is worked out from a [`Release`], so from protected counts only.

use crate::pathways::{Flow, Place, Release, thousands};

/// Okabe–Ito colours first, told apart by colour-blind readers; black and yellow are left out
/// for contrast on white. Then some of Paul Tol's, so that a dozen programs differ.
const PALETTE: [&str; 12] = [
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#332288", "#999933",
    "#882255", "#44aa99", "#8c6d46", "#aa4499",
];
const OTHER: &str = "#8a8f98";
const ENDED: &str = "#d3d7dd";

/// The colour of a program, the same in every picture.
pub(crate) fn colour(program: usize) -> &'static str {
    PALETTE[program % PALETTE.len()]
}

fn place_colour(place: Place) -> &'static str {
    match place {
        Place::Program(p) => colour(p),
        Place::Other => OTHER,
        Place::End => ENDED,
    }
}

/// One program, at one step, in [`Sankey`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) height: f64,
    pub(crate) fill: &'static str,
    pub(crate) title: String,
    /// Left out where the node is too thin to carry it.
    pub(crate) label: Option<String>,
    pub(crate) label_x: f64,
    pub(crate) label_y: f64,
}

/// People going from one node to another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ribbon {
    pub(crate) d: String,
    pub(crate) fill: &'static str,
    pub(crate) title: String,
}

/// The first steps of journeys as a Sankey diagram.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sankey {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Where the heading of each step stands.
    pub(crate) headings: Vec<(f64, String)>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) ribbons: Vec<Ribbon>,
}

/// Width of a node.
pub(crate) const NODE_WIDTH: f64 = 14.0;
const TOP: f64 = 34.0;
const GAP: f64 = 12.0;
const WIDTH: f64 = 980.0;
/// A last step that fewer than one in so many people reach is left to the table.
const LEAST_REACHING: u64 = 100;
/// Room for the labels of the last step.
const RIGHT: f64 = 176.0;

/// A node before it is drawn: where it is, how many people.
struct Slot {
    step: usize,
    place: Place,
    people: u64,
    y: f64,
    /// How much of its height is taken by ribbons that come and go.
    entered: f64,
    left: f64,
}

impl Sankey {
    /// Lays out the flows of a release; None where there is none to draw.
    pub(crate) fn of(release: &Release) -> Option<Self> {
        let mut flows = release.flows();
        let mut last = flows.iter().map(|f| f.step + 1).max()?;
        let reach = |step: usize| {
            flows.iter().filter(|f| f.step + 1 == step).map(|f| f.people).sum::<u64>()
        };
        while last > 2 && reach(last) * LEAST_REACHING < release.people {
            last -= 1;
        }
        flows.retain(|f| f.step < last);
        let mut slots = slots(release, &flows, last);
        let column = |slots: &[Slot], step: usize| -> (u64, usize) {
            let of_step = slots.iter().filter(|s| s.step == step);
            of_step.fold((0, 0), |(people, n), s| (people + s.people, n + 1))
        };
        let most = (1..=last).map(|s| column(&slots, s).1).max().unwrap_or(1);
        let height = (most as f64 * 48.0).clamp(300.0, 900.0);
        let scale = (1..=last)
            .map(|s| column(&slots, s))
            .map(|(people, n)| (height - GAP * (n as f64 - 1.0)) / people.max(1) as f64)
            .fold(f64::INFINITY, f64::min);
        let across = (WIDTH - RIGHT - NODE_WIDTH) / (last as f64 - 1.0);
        let x_of = |step: usize| (step as f64 - 1.0) * across;

        for step in 1..=last {
            let mut y = TOP;
            for slot in slots.iter_mut().filter(|s| s.step == step) {
                slot.y = y;
                y += slot.people as f64 * scale + GAP;
            }
        }
        let mut ribbons = Vec::new();
        for flow in ordered(&flows, &slots) {
            let thick = flow.people as f64 * scale;
            let (x0, x1) = (x_of(flow.step) + NODE_WIDTH, x_of(flow.step + 1));
            let Some(y0) = take(&mut slots, flow.step, flow.from, thick, |s| &mut s.left) else {
                continue;
            };
            let Some(y1) = take(&mut slots, flow.step + 1, flow.to, thick, |s| &mut s.entered)
            else {
                continue;
            };
            let mid = (x0 + x1) / 2.0;
            ribbons.push(Ribbon {
                d: format!(
                    "M{x0:.1},{y0:.1} C{mid:.1},{y0:.1} {mid:.1},{y1:.1} {x1:.1},{y1:.1} \
                     L{x1:.1},{:.1} C{mid:.1},{:.1} {mid:.1},{:.1} {x0:.1},{:.1} Z",
                    y1 + thick,
                    y1 + thick,
                    y0 + thick,
                    y0 + thick
                ),
                fill: if flow.to == Place::End { ENDED } else { place_colour(flow.from) },
                title: format!(
                    "Step {} to {}: {} to {}: {} people",
                    flow.step,
                    flow.step + 1,
                    release.place(flow.from),
                    release.place(flow.to),
                    thousands(flow.people)
                ),
            });
        }
        let nodes = slots.iter().map(|s| node(release, s, x_of(s.step), scale)).collect();
        let headings = (1..=last).map(|s| (x_of(s), format!("Step {s}"))).collect();
        Some(Sankey { width: WIDTH, height: height + TOP + 8.0, headings, nodes, ribbons })
    }
}

fn slots(release: &Release, flows: &[Flow], last: usize) -> Vec<Slot> {
    let mut slots: Vec<Slot> = Vec::new();
    let mut add = |step: usize, place: Place, people: u64| match slots
        .iter_mut()
        .find(|s| s.step == step && s.place == place)
    {
        Some(slot) => slot.people += people,
        None => slots.push(Slot { step, place, people, y: 0.0, entered: 0.0, left: 0.0 }),
    };
    for flow in flows {
        if flow.step == 1 {
            add(1, flow.from, flow.people);
        }
        add(flow.step + 1, flow.to, flow.people);
    }
    let (_, others) = release.entries();
    if others > 0 && last > 1 {
        add(1, Place::Other, others);
    }
    // Ends and others below; programs by how many pass through them, the same at each step.
    let mut through: Vec<(Place, u64)> = Vec::new();
    for slot in &slots {
        match through.iter_mut().find(|(p, _)| *p == slot.place) {
            Some((_, n)) => *n += slot.people,
            None => through.push((slot.place, slot.people)),
        }
    }
    let total = |place: Place| through.iter().find(|(p, _)| *p == place).map_or(0, |(_, n)| *n);
    slots.sort_by_key(|s| {
        let below = match s.place {
            Place::Program(_) => 0,
            Place::Other => 1,
            Place::End => 2,
        };
        (s.step, below, std::cmp::Reverse(total(s.place)), s.place)
    });
    slots
}

/// Flows in the order that crosses least: by where they come from, then by where they go.
fn ordered(flows: &[Flow], slots: &[Slot]) -> Vec<Flow> {
    let rank = |step: usize, place: Place| {
        slots.iter().position(|s| s.step == step && s.place == place).unwrap_or(usize::MAX)
    };
    let mut flows = flows.to_vec();
    flows.sort_by_key(|f| (f.step, rank(f.step, f.from), rank(f.step + 1, f.to)));
    flows
}

/// Takes the next free part of a node's side; its top.
fn take(
    slots: &mut [Slot],
    step: usize,
    place: Place,
    thick: f64,
    side: impl Fn(&mut Slot) -> &mut f64,
) -> Option<f64> {
    let slot = slots.iter_mut().find(|s| s.step == step && s.place == place)?;
    let top = slot.y;
    let taken = side(slot);
    let y = top + *taken;
    *taken += thick;
    Some(y)
}

fn node(release: &Release, slot: &Slot, x: f64, scale: f64) -> Node {
    let height = slot.people as f64 * scale;
    let name = release.place(slot.place);
    let people = thousands(slot.people);
    let label = (height >= 9.0).then(|| format!("{} {people}", short(&name, 24)));
    Node {
        x,
        y: slot.y,
        height: height.max(1.0),
        fill: place_colour(slot.place),
        title: format!("Step {}: {name}: {people} people", slot.step),
        label,
        label_x: x + NODE_WIDTH + 6.0,
        label_y: slot.y + height / 2.0 + 4.0,
    }
}

/// A name cut to so many characters, for pictures; tables have it whole.
pub(crate) fn short(name: &str, most: usize) -> String {
    match name.char_indices().nth(most) {
        Some((cut, _)) => format!("{}…", name[..cut].trim_end()),
        None => name.to_owned(),
    }
}

/// One square of a [`HeatMap`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Square {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) fill: String,
    pub(crate) ink: &'static str,
    pub(crate) text: String,
    pub(crate) title: String,
}

/// A label of a [`HeatMap`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Label {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) text: String,
}

/// Numbers by row and column, darker for more.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeatMap {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) cell_width: f64,
    pub(crate) cell_height: f64,
    pub(crate) rows: Vec<Label>,
    pub(crate) columns: Vec<Label>,
    pub(crate) squares: Vec<Square>,
}

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

impl HeatMap {
    /// Lays out a map; `heat` and `title` are asked by row and column.
    pub(crate) fn new(
        rows: &[String],
        columns: &[String],
        heat: impl Fn(usize, usize) -> Heat,
        title: impl Fn(usize, usize, &str) -> String,
    ) -> Self {
        let (cell_width, cell_height) = (62.0, 36.0);
        let longest = |names: &[String]| {
            names.iter().map(|n| short(n, 26).chars().count()).max().unwrap_or(0) as f64
        };
        let left = 16.0 + 7.2 * longest(rows);
        // Column labels lean at 40 degrees.
        let top = 20.0 + 7.2 * longest(columns) * 0.66;
        let lean = 7.2 * longest(columns) * 0.77;
        let most = (0..rows.len())
            .flat_map(|r| (0..columns.len()).map(move |c| (r, c)))
            .filter_map(|(r, c)| match heat(r, c) {
                Heat::Value(v, _) => Some(v),
                Heat::Withheld | Heat::Blank => None,
            })
            .fold(0.0, f64::max);
        let mut squares = Vec::new();
        for r in 0..rows.len() {
            for c in 0..columns.len() {
                let (x, y) = (left + c as f64 * cell_width, top + r as f64 * cell_height);
                let (fill, ink, text) = match heat(r, c) {
                    Heat::Value(v, text) => {
                        let share = if most > 0.0 { v / most } else { 0.0 };
                        let ink = if share > 0.7 { "#ffffff" } else { "#1b2733" };
                        (blue(share), ink, text)
                    }
                    Heat::Withheld => ("url(#hatch)".into(), "#4a5563", "n.p.".into()),
                    Heat::Blank => ("#f1f3f5".into(), "#4a5563", String::new()),
                };
                let title = title(r, c, &text);
                squares.push(Square { x, y, fill, ink, text, title });
            }
        }
        let label = |x, y, name: &String| Label { x, y, text: short(name, 26) };
        HeatMap {
            width: left + columns.len() as f64 * cell_width + lean,
            height: top + rows.len() as f64 * cell_height + 6.0,
            cell_width,
            cell_height,
            rows: (0..rows.len())
                .map(|r| label(left - 8.0, top + (r as f64 + 0.5) * cell_height + 4.0, &rows[r]))
                .collect(),
            columns: (0..columns.len())
                .map(|c| label(left + (c as f64 + 0.5) * cell_width - 4.0, top - 8.0, &columns[c]))
                .collect(),
            squares,
        }
    }
}

/// From near white to the palette's blue.
fn blue(share: f64) -> String {
    let mix = |from: f64, to: f64| (from + (to - from) * share).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(240.0, 0.0), mix(246.0, 90.0), mix(252.0, 156.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_characters() {
        assert_eq!(short("Família e comunidade", 7), "Família…");
        assert_eq!(short("Short", 7), "Short");
    }

    #[test]
    fn more_is_darker_and_withheld_is_hatched() {
        let names = ["a".to_owned(), "b".to_owned()];
        let map = HeatMap::new(
            &names,
            &names,
            |r, c| match (r, c) {
                (0, 1) => Heat::Value(10.0, "10".into()),
                (1, 0) => Heat::Withheld,
                _ => Heat::Blank,
            },
            |r, c, text| format!("{r} {c} {text}"),
        );
        assert_eq!(map.squares[1].fill, "#005a9c");
        assert_eq!(map.squares[2].text, "n.p.");
        assert_eq!(map.squares[2].fill, "url(#hatch)");
    }
}
