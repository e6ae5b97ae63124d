//! Writing an analysis: journeys for the analyst's own room, protected tables and one HTML
//! report for everyone. The report stands alone: inline styles and SVG, no script, nothing
//! fetched, readable on paper, on a phone and by a screen reader.

mod chart;
mod checklist;
#[cfg(test)]
mod gallery;
mod maps;
mod page;
mod paths;
mod story;
mod terms;

use std::io::Write;
use std::path::Path;

use askama::Template;

use self::page::Page;
use self::terms::Terms;
use crate::error::{Class, Fault};
use crate::files::{self, OutFile, Overwrite, Readers, Staged};
use crate::pathways::{Analysis, Cell, RELEASE_KEY, Table, neutral};

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

/// Writes `keep/journeys.csv`, `keep/rejects.csv`, `keep/run.json`, `release/*.csv`,
/// `release/report.html` and `release/terms.html` below `out`, whole or not at all.
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
    let report = Page::of(analysis, &tables).render().map_err(|_| Error::Layout)?;
    write_text(&report, staged.create("release/report.html", Readers::Default)?)?;
    let terms = Terms::of(analysis.record.tool).render().map_err(|_| Error::Layout)?;
    write_text(&terms, staged.create("release/terms.html", Readers::Default)?)?;
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use askama::Template;

    use super::page::Page;
    use super::terms::Terms;
    use crate::disclosure::Threshold;
    use crate::pathways::{Settings, analyse};
    use crate::progress::Progress;

    #[test]
    fn the_report_and_its_terms_are_sound() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/pathways");
        let events = ["north", "south"].map(|s| dir.join(format!("{s}.events.csv")));
        for people in [3, 5] {
            let settings = Settings {
                threshold: Threshold::new(people),
                ..Settings::on(jiff::civil::date(2026, 7, 1))
            };
            let analysis = analyse(&dir.join("maps"), &events, &settings, &Progress::silent());
            let analysis = analysis.expect("an analysis");
            let tables = analysis.release.tables();
            let html = Page::of(&analysis, &tables).render().expect("laid out");
            assert_sound(&html);
            for table in &tables {
                assert!(html.contains(&format!("{}.csv", table.name)), "{} is missing", table.name);
            }
        }
        assert_sound(&Terms::of("veilway").render().expect("laid out"));
    }

    /// What holds of every page: no script, nothing fetched, every id once, every reference to
    /// one that is there, every picture with a title and a description.
    pub(super) fn assert_sound(html: &str) {
        let lower = html.to_lowercase();
        for banned in [
            "<script",
            "javascript:",
            " onload=",
            " onclick=",
            "@import",
            "<iframe",
            "<img",
            "<link",
            "http://",
            "https://",
            "url(http",
            " src=",
        ] {
            assert!(!lower.contains(banned), "has {banned}");
        }
        let after = |what: &str| -> Vec<String> {
            let parts = html.split(what).skip(1);
            parts.filter_map(|rest| rest.split_once('"').map(|(v, _)| v.to_owned())).collect()
        };
        let ids = after(" id=\"");
        let unique: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "an id stands twice");
        for target in after(" href=\"") {
            let is_there = match target.strip_prefix('#') {
                Some(id) => unique.contains(&id.to_owned()),
                None => ["terms.html", "report.html"].contains(&target.as_str()),
            };
            assert!(is_there, "nothing at {target}");
        }
        for labels in after(" aria-labelledby=\"") {
            assert!(labels.split(' ').all(|id| unique.contains(&id.to_owned())), "{labels}");
        }
        for fill in html.split("url(#").skip(1).filter_map(|rest| rest.split_once(')')) {
            assert!(unique.contains(&fill.0.to_owned()), "no fill {}", fill.0);
        }
        for svg in html.split("<svg").skip(1) {
            let head = svg.split_once('>').map_or("", |(head, _)| head);
            let is_named = head.contains("role=\"img\"") && head.contains("aria-labelledby");
            assert!(is_named || head.contains("aria-hidden"), "a picture without a name");
        }
    }
}
