//! Every chart, from made-up tables with few and many rows, laid out on a page: what holds of
//! all of them.

use askama::Template;
use proptest::prelude::*;

use super::chart::{self, Anchor, Drawing, Fit, Mark, PALETTE};
use super::page::Shown;
use crate::disclosure::Count;
use crate::pathways::{Cell, Chart, Table};

/// A page of nothing but pictures with their tables.
#[derive(Template)]
#[template(
    source = r#"{% import "figures.html" as f %}<!DOCTYPE html><html lang="en-AU"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Pictures</title><style>{% include "style.css" %}</style></head><body>{% call f::fills() %}{% endcall %}<main>{% for s in all %}<h2>{{ s.table.caption }}</h2>{% call f::shown(s) %}{% endcall %}{% endfor %}</main></body></html>"#,
    ext = "html"
)]
struct Gallery {
    all: Vec<Shown>,
}

const CHARTS: [Chart; 6] =
    [Chart::Bars, Chart::Curves, Chart::Months, Chart::Upset, Chart::Change, Chart::Points];

/// Names of programs, some too long for a picture and one that looks like markup.
fn programs(n: usize) -> Vec<String> {
    let names = [
        "Housing",
        "Family violence support and recovery service for children and young people",
        "<b>Youth</b> & \"family\"",
        "Alcohol + drugs",
        "住宅支援サービスと家族の暴力への対応",
        "Supercalifragilisticexpialidociousserviceswithoutanyspace",
    ];
    let name = |i: usize| match i / names.len() {
        0 => names[i].to_owned(),
        round => format!("{} {}", names[i % names.len()], round + 1),
    };
    (0..n).map(name).collect()
}

/// A made-up count: small for some, withheld for others, the same every time.
fn count(seed: usize) -> Count {
    let mixed = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    match mixed % 9 {
        0 => Count::Withheld,
        1 => Count::Shown(0),
        _ => Count::Shown(mixed % 20_000),
    }
}

fn share(part: Count, whole: Count) -> Cell {
    let shown = part.shown().zip(whole.shown()).filter(|(_, whole)| *whole > 0);
    Cell::Share(shown.map(|(part, whole)| (100.0 * part as f64 / whole as f64).min(100.0)))
}

/// A table that a chart could be asked to draw, about so many programs.
fn table(chart: Chart, programs: &[String], seed: usize) -> Table {
    let text = |t: &str| Cell::Text(t.to_owned());
    let n = programs.len();
    let (by, categories): (Vec<&str>, Vec<&str>) = match chart {
        Chart::Curves => (vec!["Program", "Within"], vec!["At risk", "Started", "Ended"]),
        Chart::Months => (vec!["Program", "Month"], vec!["In the program"]),
        Chart::Upset => (vec!["Programs"], vec!["People"]),
        Chart::Change => (vec!["Domain"], vec!["Declined", "Same", "Improved", "Unpaired"]),
        Chart::Points => (vec!["By", "Group"], vec!["Linked", "Single"]),
        Chart::Bars | Chart::Table => {
            (vec!["Program"], vec!["In 28 days", "In 90 days", "Later", "Never"])
        }
    };
    let mut labels: Vec<Vec<Cell>> = Vec::new();
    for (i, program) in programs.iter().enumerate() {
        match chart {
            Chart::Curves => {
                let bands = ["Up to 28 days", "29–90 days", "91–180 days", "181–365 days"];
                labels.extend(bands.map(|band| vec![text(program), text(band)]));
            }
            Chart::Months => labels.extend((0..24).map(|m| {
                vec![text(program), Cell::Text(format!("{}-{:02}", 2023 + m / 12, m % 12 + 1))]
            })),
            Chart::Upset => {
                let set: Vec<&str> =
                    (0..n).filter(|p| (i + p * p) % 3 == 0).map(|p| programs[p].as_str()).collect();
                labels.push(vec![Cell::Text(set.join(" + "))]);
            }
            Chart::Points if i == 0 => labels.push(vec![text("All"), text("All people")]),
            Chart::Points => {
                labels.push(vec![text(if i % 2 == 0 { "Sex" } else { "Age" }), text(program)]);
            }
            Chart::Bars | Chart::Change | Chart::Table => labels.push(vec![text(program)]),
        }
    }
    let rows = labels.into_iter().enumerate().map(|(r, mut row)| {
        let counts: Vec<Count> = (0..categories.len()).map(|c| count(seed + r * 7 + c)).collect();
        let total = counts.iter().map(|c| c.shown()).sum::<Option<u64>>();
        let total = total.map_or(Count::Withheld, Count::Shown);
        row.extend(counts.iter().map(|c| Cell::Count(*c)));
        match chart {
            Chart::Curves => row.push(share(counts[1], Count::Shown(20_000))),
            Chart::Months | Chart::Upset => {}
            _ => {
                row.push(Cell::Count(total));
                if seed.is_multiple_of(2) {
                    row.extend(counts.iter().map(|c| share(*c, total)));
                }
            }
        }
        row
    });
    let rows: Vec<Vec<Cell>> = rows.collect();
    let mut columns: Vec<String> =
        by.iter().chain(&categories).map(|name| (*name).to_owned()).collect();
    match chart {
        Chart::Curves => columns.push("Share so far".into()),
        Chart::Months | Chart::Upset => {}
        _ => {
            columns.push("All".into());
            if seed.is_multiple_of(2) {
                columns.extend(categories.iter().map(|c| format!("Share: {c}")));
            }
        }
    }
    let name = match chart {
        Chart::Bars => "bars",
        Chart::Curves => "curves",
        Chart::Months => "months",
        Chart::Upset => "upset",
        Chart::Change => "change",
        Chart::Points => "points",
        Chart::Table => "table",
    };
    let caption = format!("{name} of {n}, made up");
    let (labels, categories) = (by.len(), categories.len());
    let rule = String::new();
    Table { name, caption, rule, columns, rows, chart, labels, categories }
}

fn shown(table: Table, programs: &[String]) -> Shown {
    Shown { picture: chart::draw(&table, programs), table }
}

fn drawings(shown: &Shown) -> &[Drawing] {
    shown.picture.as_ref().map_or(&[], |p| &p.drawings)
}

/// The runs of digits in a text, thousands joined.
fn numbers(text: &str) -> Vec<String> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let joined = text.replace(',', "");
    let parts = joined.split(|c| !is_part(c)).map(|n| n.trim_matches('.').to_owned());
    parts.filter(|n| !n.is_empty()).collect()
}

#[test]
fn the_page_of_all_charts_is_sound() {
    for n in [1, 2, 6, 24] {
        let programs = programs(n);
        let all = CHARTS.map(|chart| shown(table(chart, &programs, 4), &programs)).into();
        let html = Gallery { all }.render().expect("laid out");
        super::tests::assert_sound(&html);
        for name in ["bars", "curves", "months", "upset", "change", "points"] {
            assert!(html.contains(&format!("id=\"{name}-1-t\"")), "{name} of {n} is not drawn");
        }
    }
}

proptest! {
    /// What the pointer finds on a picture stands in its table: no number is worked out, and
    /// what is withheld is never a nought.
    #[test]
    fn pictures_say_only_what_their_table_says(
        chart in prop::sample::select(CHARTS.to_vec()), n in 1usize..30, seed in 0usize..10_000
    ) {
        let programs = programs(n);
        let shown = shown(table(chart, &programs, seed), &programs);
        let in_table: Vec<String> = shown.table.rows.iter().flatten().map(Cell::to_string)
            .chain(shown.table.columns.iter().cloned()).collect();
        let told: Vec<String> = in_table.iter().flat_map(|cell| numbers(cell)).collect();
        let mut titles = 0;
        for mark in drawings(&shown).iter().flat_map(|d| &d.marks) {
            let title = match mark {
                Mark::Rect { title, .. } | Mark::Path { title, .. } | Mark::Dot { title, .. } => title,
                Mark::Line { .. } | Mark::Text { .. } => continue,
            };
            titles += usize::from(!title.is_empty());
            for number in numbers(title) {
                prop_assert!(told.contains(&number), "a number that is not the table's");
            }
            if let Mark::Rect { fill, .. } = mark && fill == "url(#hatch)" {
                prop_assert!(title.contains("n.p.") || title.contains("not published"));
            }
        }
        prop_assert!(titles > 0 || drawings(&shown).is_empty());
    }

    /// Nothing is drawn outside its picture, and no number is none.
    #[test]
    fn marks_stay_inside(
        chart in prop::sample::select(CHARTS.to_vec()), n in 1usize..30, seed in 0usize..10_000
    ) {
        let programs = programs(n);
        let shown = shown(table(chart, &programs, seed), &programs);
        for drawing in drawings(&shown) {
            let (width, height) = (drawing.width, drawing.height);
            let inside = |x: f64, y: f64| {
                x >= -0.1 && x <= width + 0.1 && y >= -0.1 && y <= height + 0.1
            };
            for mark in &drawing.marks {
                let is_inside = match mark {
                    Mark::Rect { x, y, width, height, .. } => {
                        inside(*x, *y) && inside(x + width, y + height)
                    }
                    Mark::Line { x1, y1, x2, y2, .. } => inside(*x1, *y1) && inside(*x2, *y2),
                    Mark::Dot { x, y, .. } => inside(*x, *y),
                    Mark::Path { d, .. } => !d.contains("NaN") && !d.contains("inf"),
                    Mark::Text { x, y, .. } => inside(*x, *y),
                };
                prop_assert!(is_inside, "{chart:?} of {n}");
            }
        }
    }
}
