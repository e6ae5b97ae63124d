//! Writing an analysis: journeys for the analyst's own room, protected tables and one HTML
//! report for everyone. The report stands alone: inline styles and SVG, no script, nothing
//! fetched, readable on paper, on a phone and by a screen reader.

mod chart;

use std::io::Write;
use std::path::Path;

use askama::Template;

use self::chart::{Heat, HeatMap, NODE_WIDTH, Sankey};
use crate::disclosure::Count;
use crate::error::{Class, Fault};
use crate::files::{self, OutFile, Overwrite, Readers, Staged};
use crate::pathways::{
    self, Analysis, BANDS, Cell, RELEASE_KEY, Release, Step, Table, neutral, thousands,
};

/// A report that could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be written.
    #[error(transparent)]
    Files(#[from] files::Error),
    /// The report's template failed.
    #[error("the report could not be laid out")]
    Layout,
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Files(e) => e.class(),
            Error::Layout => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Files(e) => e.hint(),
            Error::Layout => Some("please report it, with the version but without data".into()),
        }
    }
}

/// Checks that the output folder can be begun, so that a long run does not fail at its end.
///
/// # Errors
/// As [`write()`].
pub fn check(out: &Path, overwrite: Overwrite) -> Result<(), Error> {
    Ok(Staged::folder(out, overwrite).map(drop)?)
}

/// Writes `keep/journeys.csv`, `keep/rejects.csv`, `keep/run.json`, `release/*.csv` and
/// `release/report.html` below `out`, whole or not at all.
///
/// # Errors
/// When `out` is there already and may not be replaced, or the disk refuses.
pub fn write(analysis: &Analysis, out: &Path, overwrite: Overwrite) -> Result<(), Error> {
    let staged = Staged::folder(out, overwrite)?;
    write_journeys(analysis, staged.create("keep/journeys.csv", Readers::Owner)?)?;
    write_rejects(analysis, staged.create("keep/rejects.csv", Readers::Owner)?)?;
    let mut record = serde_json::to_string_pretty(&analysis.record).map_err(|_| Error::Layout)?;
    record.push('\n');
    write_text(&record, staged.create("keep/run.json", Readers::Owner)?)?;
    if let Some(key) = &analysis.release_key {
        write_text(&key.expose_text(), staged.create(RELEASE_KEY, Readers::Owner)?)?;
    }
    let tables = analysis.release.tables();
    for table in &tables {
        let name = format!("release/{}.csv", table.name);
        write_table(table, staged.create(&name, Readers::Default)?)?;
    }
    let page = Page::of(analysis, tables);
    let html = page.render().map_err(|_| Error::Layout)?;
    write_text(&html, staged.create("release/report.html", Readers::Default)?)?;
    staged.commit()?;
    Ok(())
}

fn write_text(text: &str, mut file: OutFile) -> Result<(), Error> {
    file.write_all(text.as_bytes()).map_err(|e| file.error(e))?;
    Ok(file.finish()?)
}

/// Writes rows of text cells to a CSV file.
fn write_csv(
    mut file: OutFile,
    rows: impl FnOnce(&mut csv::Writer<&mut OutFile>) -> csv::Result<()>,
) -> Result<(), Error> {
    let mut writer = csv::Writer::from_writer(&mut file);
    let written = rows(&mut writer).and_then(|()| Ok(writer.flush()?));
    drop(writer);
    match written {
        Ok(()) => Ok(file.finish()?),
        Err(e) => match e.into_kind() {
            csv::ErrorKind::Io(e) => Err(file.error(e).into()),
            _ => Err(Error::Layout),
        },
    }
}

fn write_table(table: &Table, file: OutFile) -> Result<(), Error> {
    write_csv(file, |out| {
        out.write_record(table.columns.iter().map(|column| neutral(column)))?;
        table.rows.iter().try_for_each(|row| out.write_record(row.iter().map(Cell::plain)))
    })
}

fn write_journeys(analysis: &Analysis, file: OutFile) -> Result<(), Error> {
    let names: Vec<String> = analysis.programs.iter().map(|n| neutral(n)).collect();
    write_csv(file, |out| {
        out.write_record(["person_id", "step", "program", "start", "end", "band"])?;
        let journeys = &analysis.journeys;
        for journey in journeys.episodes.chunk_by(|a, b| a.person == b.person) {
            for (step, episode) in (1..).zip(journey) {
                out.write_record([
                    journeys.persons[episode.person as usize].to_string(),
                    format!("{step}"),
                    names[usize::from(episode.program)].clone(),
                    episode.start.date().to_string(),
                    episode.end.map(|end| end.date().to_string()).unwrap_or_default(),
                    episode.band.to_string(),
                ])?;
            }
        }
        Ok(())
    })
}

fn write_rejects(analysis: &Analysis, file: OutFile) -> Result<(), Error> {
    write_csv(file, |out| {
        out.write_record(["file", "line", "reason"])?;
        analysis.rejects.iter().try_for_each(|reject| {
            out.write_record([&neutral(&reject.file), &reject.line.to_string(), reject.reason])
        })
    })
}

/// A headline number.
struct Headline {
    number: String,
    what: &'static str,
}

/// The report shows so many paths; the file has all.
const PATHS_SHOWN: usize = 20;

/// A row of the paths figure.
struct PathRow {
    steps: Vec<(String, &'static str)>,
    /// What stands after the steps, where there is something.
    tail: &'static str,
    people: String,
    share: String,
    /// Length of the bar, in per cent of the longest.
    bar: f64,
}

/// The report, ready for its template.
#[derive(Template)]
#[template(path = "report.html")]
struct Page {
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
    cells: usize,
    withheld_small: usize,
    withheld_to_protect: usize,
    node_width: f64,
    sankey: Option<Sankey>,
    moves: HeatMap,
    overlap: HeatMap,
    within: HeatMap,
    paths: Vec<PathRow>,
    linkage: Table,
    programs: Table,
    numbers: Table,
    entry: Table,
    flows: Table,
    more_paths: Option<String>,
    path_rule: String,
    path_caption: String,
    move_table: Table,
    overlap_table: Table,
    next: Table,
    more: Vec<Table>,
}

impl Page {
    fn of(analysis: &Analysis, tables: Vec<Table>) -> Self {
        let r = &analysis.release;
        let find = |name: &str| tables.iter().find(|t| t.name == name).cloned().unwrap_or_default();
        let path_table = find("paths");
        let show = |c: Count| Cell::Count(c).to_string();
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
            cells: r.suppression.cells,
            withheld_small: r.suppression.primary,
            withheld_to_protect: r.suppression.complementary,
            node_width: NODE_WIDTH,
            sankey: Sankey::of(r),
            moves: counts_map(r, &r.moves, "straight from"),
            overlap: shares_map(r),
            within: within_map(r),
            paths: path_rows(r),
            linkage: find("linkage"),
            programs: find("programs"),
            numbers: find("programs_per_person"),
            entry: find("entry"),
            flows: find("first_steps"),
            more_paths: more_paths(r),
            path_rule: path_table.rule,
            path_caption: path_table.caption,
            move_table: find("transitions"),
            overlap_table: find("co_use"),
            next: find("time_to_next"),
            more: tables
                .iter()
                .filter(|t| t.labels > 0 && t.name != "time_to_next")
                .cloned()
                .collect(),
        }
    }
}

fn headlines(r: &Release) -> Vec<Headline> {
    let mut list = vec![
        Headline { number: thousands(r.people), what: "people with a journey" },
        Headline { number: Cell::Count(r.all_episodes).to_string(), what: "episodes of service" },
        Headline { number: r.programs.len().to_string(), what: "programs" },
        Headline { number: r.sources.len().to_string(), what: "sources linked" },
    ];
    if let Some(one) = r.by_number[0].shown() {
        let share = 100.0 * r.people.saturating_sub(one) as f64 / r.people.max(1) as f64;
        list.push(Headline { number: format!("{share:.0}%"), what: "used more than one program" });
    }
    list
}

/// What the tables say, in sentences, from protected counts.
fn story(r: &Release) -> Vec<String> {
    let mut said = Vec::new();
    if let Some((linked, all)) = r.people_with_more_rows.shown().zip(r.people_in_maps.shown())
        && linked > 0
    {
        let share = 100.0 * linked as f64 / all as f64;
        said.push(format!(
            "Linking brought records together for {} of {} people ({share:.0}%): their way \
             through services could not be seen in any record alone.",
            thousands(linked),
            thousands(all)
        ));
    }
    let (entries, _) = r.entries();
    let first = entries.iter().enumerate().filter_map(|(a, c)| c.shown().map(|n| (n, a)));
    if let Some((n, a)) = first.max_by_key(|(n, a)| (*n, std::cmp::Reverse(*a))) {
        let share = 100.0 * n as f64 / r.people as f64;
        let name = &r.programs[a];
        said.push(format!(
            "Most often, journeys begin in {name}: {} people ({share:.0}%).",
            thousands(n)
        ));
    }
    let pairs = (0..r.programs.len()).flat_map(|a| (0..r.programs.len()).map(move |b| (a, b)));
    let moves = pairs.filter(|(a, b)| a != b).filter_map(|(a, b)| {
        r.moves[a][b].shown().filter(|n| *n > 0).map(|n| (n, std::cmp::Reverse((a, b))))
    });
    if let Some((n, std::cmp::Reverse((a, b)))) = moves.max() {
        said.push(format!(
            "The commonest move is from {} straight to {}: {} people.",
            r.programs[a],
            r.programs[b],
            thousands(n)
        ));
    }
    let halves = r.shares_within();
    let year = BANDS.len() - 1;
    let best = halves.iter().enumerate().filter_map(|(a, s)| s[year].map(|s| (s, a)));
    if let Some((share, a)) = best.max_by(|x, y| x.0.total_cmp(&y.0).then(y.1.cmp(&x.1))) {
        said.push(format!(
            "After a first start in {}, about {share:.0}% begin another program within {} days.",
            r.programs[a], BANDS[year]
        ));
    }
    said
}

fn counts_map(r: &Release, counts: &[Vec<Count>], how: &'static str) -> HeatMap {
    HeatMap::new(
        &r.programs,
        &r.programs,
        |a, b| match (a == b, counts[a][b]) {
            (true, _) => Heat::Blank,
            (_, Count::Shown(n)) => Heat::Value(n as f64, thousands(n)),
            (_, Count::Withheld) => Heat::Withheld,
        },
        |a, b, text| match a == b {
            true => String::new(),
            false => format!("{how} {} to {}: {text} people", r.programs[a], r.programs[b]),
        },
    )
}

fn shares_map(r: &Release) -> HeatMap {
    HeatMap::new(
        &r.programs,
        &r.programs,
        |a, b| match (a == b, r.both[a][b].shown().zip(r.users[a].shown())) {
            (true, _) => Heat::Blank,
            (_, Some((n, of))) if of > 0 => {
                let share = 100.0 * n as f64 / of as f64;
                Heat::Value(share, format!("{share:.0}%"))
            }
            _ => Heat::Withheld,
        },
        |a, b, text| match a == b {
            true => String::new(),
            false => {
                format!("of the people of {}, also in {}: {text}", r.programs[a], r.programs[b])
            }
        },
    )
}

fn within_map(r: &Release) -> HeatMap {
    let shares = r.shares_within();
    let columns: Vec<String> = BANDS.iter().map(|days| format!("{days} days")).collect();
    HeatMap::new(
        &r.programs,
        &columns,
        |a, i| match shares[a][i] {
            Some(share) => Heat::Value(share, format!("{share:.0}%")),
            None => Heat::Withheld,
        },
        |a, i, text| format!("{}: another program within {} days: {text}", r.programs[a], BANDS[i]),
    )
}

fn path_rows(r: &Release) -> Vec<PathRow> {
    let leaves = r.ranked_paths();
    let longest = leaves.iter().map(|l| l.people).max().unwrap_or(1).max(1);
    let row = |leaf: &&pathways::Leaf| PathRow {
        steps: leaf.programs().map(|p| (r.programs[p].clone(), chart::colour(p))).collect(),
        tail: match leaf.path.last() {
            None => "Other paths",
            Some(Step::End) => "",
            Some(Step::More) => "more than six",
            Some(Step::Program(_)) => "other continuations",
        },
        people: thousands(leaf.people),
        share: format!("{:.1}%", 100.0 * leaf.people as f64 / r.people as f64),
        bar: 100.0 * leaf.people as f64 / longest as f64,
    };
    leaves.iter().take(PATHS_SHOWN).map(row).collect()
}

/// What the paths beyond [`PATHS_SHOWN`] come to.
fn more_paths(r: &Release) -> Option<String> {
    let leaves = r.ranked_paths();
    let (shown, more) = leaves.split_at(leaves.len().min(PATHS_SHOWN));
    let people: u64 = shown.iter().map(|l| l.people).sum();
    let share = 100.0 * people as f64 / r.people as f64;
    (!more.is_empty()).then(|| {
        format!(
            "The {} rows above are {share:.0}% of people; {} more rows are in the file.",
            shown.len(),
            more.len()
        )
    })
}
