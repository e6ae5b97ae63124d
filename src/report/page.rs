//! The report, ready for its template.

use askama::Template;

use super::chart::{self, Anchor, Drawing, Fit, Mark, PALETTE, Picture};
use super::checklist::{self, Part};
use super::maps;
use super::paths::{PathRow, more_paths, path_rows};
use super::story::{Headline, headlines, story};
use crate::disclosure::Count;
use crate::pathways::{Analysis, Cell, Chart, Table, thousands};

/// A table with its picture, where it has one.
pub(super) struct Shown {
    pub(super) table: Table,
    pub(super) picture: Option<Picture>,
}

/// The whole page.
#[derive(Template)]
#[template(path = "report.html")]
pub(super) struct Page {
    headlines: Vec<Headline>,
    story: Vec<String>,
    threshold: u32,
    protection: &'static str,
    not_told: Vec<String>,
    tool: &'static str,
    extract: String,
    rules: Vec<String>,
    people: String,
    in_maps: String,
    one_row: String,
    more_rows: String,
    printed: usize,
    withheld_small: usize,
    withheld_to_protect: usize,
    withheld_share: String,
    flow: Drawing,
    sankey: Option<Drawing>,
    moves: Drawing,
    overlap: Drawing,
    within: Drawing,
    paths: Vec<PathRow>,
    linkage: Shown,
    programs: Shown,
    numbers: Shown,
    entry: Table,
    flows: Table,
    more_paths: Option<String>,
    path_rule: String,
    path_caption: String,
    move_table: Table,
    overlap_table: Table,
    next: Option<Shown>,
    /// The tables that are laid out alike, in the order of the release.
    more: Vec<Shown>,
    guild: Vec<Part>,
    five_safes: Vec<Part>,
}

impl Page {
    pub(super) fn of(analysis: &Analysis, tables: &[Table]) -> Self {
        let r = &analysis.release;
        let find = |name: &str| tables.iter().find(|t| t.name == name).cloned().unwrap_or_default();
        // The tables that are always there say no chart of their own.
        let bars = |name: &str, categories: usize| {
            let drawn = Table { chart: Chart::Bars, labels: 1, categories, ..find(name) };
            Shown { picture: chart::draw(&drawn, &r.programs), table: drawn }
        };
        let shown = |table: &Table| Shown {
            picture: chart::draw(table, &r.programs),
            table: table.clone(),
        };
        let (next, more): (Vec<&Table>, Vec<&Table>) =
            tables.iter().filter(|t| t.labels > 0).partition(|t| t.name == "time_to_next");
        let path_table = find("paths");
        let show = |c: Count| Cell::Count(c).to_string();
        let withheld = r.suppression.primary + r.suppression.complementary;
        let share = 100.0 * withheld as f64 / r.suppression.cells.max(1) as f64;
        Page {
            headlines: headlines(r),
            story: story(r),
            threshold: r.threshold.people(),
            protection: r.protection,
            not_told: r.not_told.clone(),
            tool: analysis.record.tool,
            extract: analysis.rules.extract.date().to_string(),
            rules: analysis.rules.in_words(),
            people: thousands(r.people),
            in_maps: show(r.people_in_maps),
            one_row: show(r.people_with_one_row),
            more_rows: show(r.people_with_more_rows),
            printed: r.suppression.cells - withheld,
            withheld_small: r.suppression.primary,
            withheld_to_protect: r.suppression.complementary,
            withheld_share: format!("{share:.0}%"),
            flow: chart::flow(r, &analysis.record),
            sankey: chart::sankey(r),
            moves: maps::moves(r),
            overlap: maps::overlap(r),
            within: maps::within(r),
            paths: path_rows(r),
            linkage: bars("linkage", 3),
            programs: bars("programs", 1),
            numbers: bars("programs_per_person", 1),
            entry: find("entry"),
            flows: find("first_steps"),
            more_paths: more_paths(r),
            path_rule: path_table.rule,
            path_caption: path_table.caption,
            move_table: find("transitions"),
            overlap_table: find("co_use"),
            next: next.first().map(|table| shown(table)),
            more: more.into_iter().map(shown).collect(),
            guild: checklist::guild(r, &analysis.record),
            five_safes: checklist::five_safes(r),
        }
    }
}
