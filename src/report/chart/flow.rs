//! How records became journeys: a flow diagram in the manner of RECORD, item 12 (Benchimol and
//! others 2015), from counts that may be published.

use super::drawing::{Anchor, Drawing, Fit, cut};
use crate::disclosure::{Count, Threshold};
use crate::pathways::{Cell, Record, Release, thousands};

const WIDTH: f64 = 740.0;
const BOX: f64 = 350.0;
const LINE: f64 = 19.0;
const HEAD: f64 = 28.0;
const GAP: f64 = 34.0;
/// More sources are told of together.
const MOST_SOURCES: usize = 12;

/// One box: a heading and lines.
struct Station {
    class: &'static str,
    head: String,
    lines: Vec<String>,
}

impl Station {
    fn height(&self) -> f64 {
        HEAD + LINE * self.lines.len() as f64 + if self.lines.is_empty() { 2.0 } else { 8.0 }
    }

    /// Draws it; the middle of its lower edge.
    fn draw(&self, to: &mut Drawing, (x, y): (f64, f64), width: f64) -> (f64, f64) {
        let height = self.height();
        let d = format!("M{x:.1},{y:.1} h{width:.1} v{height:.1} h-{width:.1} Z");
        to.path(d, self.class, "", String::new());
        let head = cut(&self.head, width - 24.0);
        to.text((x + 12.0, y + 20.0), Anchor::Start, "strong", head);
        for (i, line) in self.lines.iter().enumerate() {
            let at = (x + 12.0, y + HEAD + 12.0 + LINE * i as f64);
            to.text(at, Anchor::Start, "lab", cut(line, width - 24.0));
        }
        (x + width / 2.0, y + height)
    }
}

/// Events by what became of them are counts of one run and not protected with the tables, so
/// they are told roughly: each leaves open at least as many values as the threshold.
fn rough(count: u64, threshold: Threshold) -> String {
    let unit = u64::from(threshold.people().max(10));
    match count {
        0 => "none".into(),
        n if n < unit => format!("fewer than {unit}"),
        n => format!("about {}", thousands((n + unit / 2) / unit * unit)),
    }
}

/// Draws the flow of rows, people and events into journeys.
pub(crate) fn flow(release: &Release, record: &Record) -> Drawing {
    let columns = [of_people(release), of_events(record, release.threshold)];
    let journeys = Station {
        class: "box last",
        head: format!(
            "{} people with a journey of {} episodes",
            thousands(release.people),
            Cell::Count(release.all_episodes)
        ),
        lines: vec!["These are counted in this report.".into()],
    };
    let heights = columns
        .each_ref()
        .map(|column| column.iter().map(|station| station.height() + GAP).sum::<f64>());
    let last = 1.0 + heights[0].max(heights[1]);
    let desc = "Two columns of boxes from top to bottom: at the left the rows of each source and \
                the people they were linked to; at the right the events that were read and what \
                became of them. Both lead to the people with a journey and their episodes.";
    let title = "Flow diagram from rows and events to journeys".to_owned();
    let mut to = Drawing::new(Fit::Wide, title, desc, WIDTH, last + journeys.height() + 2.0);
    for (column, x) in columns.iter().zip([1.0, WIDTH - BOX - 1.0]) {
        let mut y = 1.0;
        for (i, station) in column.iter().enumerate() {
            let end = station.draw(&mut to, (x, y), BOX);
            y += station.height() + GAP;
            arrow(&mut to, end, if i + 1 < column.len() { y } else { last });
        }
    }
    journeys.draw(&mut to, (1.0, last), WIDTH - 2.0);
    to.named("flow")
}

fn of_people(release: &Release) -> Vec<Station> {
    let said = |count: Count| Cell::Count(count).to_string();
    let mut lines = Vec::new();
    for source in release.sources.iter().take(MOST_SOURCES) {
        let [single, probable, definite] = source.bands.map(said);
        lines.push(format!("{}: {} rows", source.source, said(source.rows)));
        lines.push(format!("\u{2003}{definite} definite, {probable} probable, {single} single"));
    }
    if release.sources.len() > MOST_SOURCES {
        lines.push(format!("and {} more sources", release.sources.len() - MOST_SOURCES));
    }
    let people = vec![
        format!("{} with rows that were linked", said(release.people_with_more_rows)),
        format!("{} with one row only", said(release.people_with_one_row)),
    ];
    let head = format!("{} people", said(release.people_in_maps));
    vec![
        Station { class: "box", head: "Rows of the sources, linked".into(), lines },
        Station { class: "box", head, lines: people },
    ]
}

fn of_events(record: &Record, threshold: Threshold) -> Vec<Station> {
    let lines = |counts: Vec<(&str, u64)>| -> Vec<String> {
        let some = counts.into_iter().filter(|(_, n)| *n > 0);
        some.map(|(why, n)| format!("{why}: {}", rough(n, threshold))).collect()
    };
    let read = rough(record.events_read, threshold);
    let head = format!("Events read: {read}");
    let sessions = vec![("sessions, put together as cases", record.sessions)];
    let mut stations = vec![Station { class: "box", head, lines: lines(sessions) }];
    let mut aside: Vec<(&str, u64)> =
        record.set_aside_by_reason.iter().map(|(why, n)| (*why, *n)).collect();
    aside.push(("of no row in the maps", record.events_not_in_maps));
    aside.push(("begun after the extract date", record.events_after_extract));
    let (merged, outside) = (record.merged, record.outside_frame);
    let joined = vec![
        ("with the same dates again", merged.repeated),
        ("inside another", merged.nested),
        ("sharing a day with another", merged.overlapping),
        ("begun the day after another", merged.adjoining),
        ("after a gap that is bridged", merged.within_gap),
    ];
    let left_out = vec![
        ("begun before the look-back", outside.episodes_before),
        ("of people outside the window", outside.episodes),
    ];
    for (head, counts) in [
        ("Events set aside", aside),
        ("Events of one program that meet", joined),
        ("Episodes outside the study frame", left_out),
    ] {
        let lines = lines(counts);
        if !lines.is_empty() {
            stations.push(Station { class: "box aside", head: head.into(), lines });
        }
    }
    stations
}

fn arrow(to: &mut Drawing, (x, y): (f64, f64), end: f64) {
    to.line((x, y + 3.0), (x, end - 9.0), "arrow");
    let d = format!("M{:.1},{:.1} h10 l-5,8 Z", x - 5.0, end - 11.0);
    to.path(d, "tick", "", String::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_told_roughly() {
        let ten = Threshold::new(10);
        let five = Threshold::new(5);
        let thirty = Threshold::new(30);
        for (count, threshold, said) in [
            (0, ten, "none"),
            (1, ten, "fewer than 10"),
            (9, five, "fewer than 10"),
            (10, five, "about 10"),
            (29, thirty, "fewer than 30"),
            (50, thirty, "about 60"),
            (12_345, ten, "about 12,350"),
        ] {
            assert_eq!(rough(count, threshold), said);
        }
    }
}
