//! The first steps of journeys as a Sankey diagram.

use super::drawing::{Anchor, Drawing, Fit, cut, text_width};
use super::{OTHER, colour};
use crate::pathways::{Flow, Place, Release, thousands};

const ENDED: &str = "#d3d7dd";

fn place_colour(place: Place) -> &'static str {
    match place {
        Place::Program(p) => colour(p),
        Place::Other => OTHER,
        Place::End => ENDED,
    }
}

/// Width of a node.
const NODE_WIDTH: f64 = 14.0;
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

/// Lays out the flows of a release; None where there is none to draw.
pub(crate) fn sankey(release: &Release) -> Option<Drawing> {
    let mut flows = release.flows();
    let mut last = flows.iter().map(|f| f.step + 1).max()?;
    let reach =
        |step: usize| flows.iter().filter(|f| f.step + 1 == step).map(|f| f.people).sum::<u64>();
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
    let mut to = Drawing::new(
        Fit::Wide,
        "Flow diagram of the first steps of journeys".into(),
        "Columns are steps; bars are programs; bands are people going from one program to the \
         next. The table below has the same numbers.",
        WIDTH,
        height + TOP + 8.0,
    );
    for step in 1..=last {
        to.text((x_of(step), 16.0), Anchor::Start, "head", format!("Step {step}"));
    }
    for flow in ordered(&flows, &slots) {
        let thick = flow.people as f64 * scale;
        let (x0, x1) = (x_of(flow.step) + NODE_WIDTH, x_of(flow.step + 1));
        let Some(y0) = take(&mut slots, flow.step, flow.from, thick, |s| &mut s.left) else {
            continue;
        };
        let Some(y1) = take(&mut slots, flow.step + 1, flow.to, thick, |s| &mut s.entered) else {
            continue;
        };
        let mid = (x0 + x1) / 2.0;
        let (z0, z1) = (y0 + thick, y1 + thick);
        let d = format!(
            "M{x0:.1},{y0:.1} C{mid:.1},{y0:.1} {mid:.1},{y1:.1} {x1:.1},{y1:.1} L{x1:.1},{z1:.1} \
             C{mid:.1},{z1:.1} {mid:.1},{z0:.1} {x0:.1},{z0:.1} Z"
        );
        let fill = if flow.to == Place::End { ENDED } else { place_colour(flow.from) };
        let (step, next) = (flow.step, flow.step + 1);
        let (from, into) = (release.place(flow.from), release.place(flow.to));
        let people = thousands(flow.people);
        let title = format!("Step {step} to {next}: {from} to {into}: {people} people");
        to.path(d, "ribbon", fill, title);
    }
    for slot in &slots {
        node(&mut to, release, slot, x_of(slot.step), scale);
    }
    // Labels last, so that no bar lies on one.
    for slot in &slots {
        label(&mut to, release, slot, x_of(slot.step), across.max(RIGHT), scale);
    }
    Some(to.named("sankey"))
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

fn node(to: &mut Drawing, release: &Release, slot: &Slot, x: f64, scale: f64) {
    let height = (slot.people as f64 * scale).max(1.0);
    let (name, people) = (release.place(slot.place), thousands(slot.people));
    let title = format!("Step {}: {name}: {people} people", slot.step);
    to.rect((x, slot.y), (NODE_WIDTH, height), place_colour(slot.place), title);
}

/// Beside its node, unless that is too thin to carry it.
fn label(to: &mut Drawing, release: &Release, slot: &Slot, x: f64, room: f64, scale: f64) {
    let height = slot.people as f64 * scale;
    if height < 9.0 {
        return;
    }
    let people = thousands(slot.people);
    let left = room - NODE_WIDTH - 20.0 - text_width(&people);
    let name = cut(&release.place(slot.place), left.max(40.0));
    let at = (x + NODE_WIDTH + 6.0, slot.y + height / 2.0 + 4.0);
    to.text(at, Anchor::Start, "halo", format!("{name} {people}"));
}
