//! `veilway quality`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;

use super::slk::today;
use super::{Printer, UsageError};
use crate::error::Error;
use crate::files::{Overwrite, Readers, StagedFile, clean, clean_text, io_error};
use crate::project::{Preset, Project};
use crate::quality::{self, Job, Quality, Reason, Report};
use crate::slk::Profile;
use crate::sources::{Input, SourceSpec};

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  veilway quality agency_a.csv --source a.toml
  veilway quality agency_a.csv --source a.toml --html quality.html --csv quality.csv

Says how good the records are for linking: complete keys and what the others lack, placeholders,
days on which dates heap, people held twice, keys that different people share. Several exports of
one source are a trend. Counts only; no value is shown. Small counts are not protected: what is
written stays at the agency.")]
pub(crate) struct Args {
    /// The exports: CSV, .xlsx, Parquet, Arrow, JSON Lines or a DEX upload, packed or not; `-` is
    /// standard input.
    #[arg(value_name = "EXPORT", required = true)]
    exports: Vec<OsString>,
    /// Their description (`veilway source new` writes one).
    #[arg(long, value_name = "FILE")]
    source: PathBuf,
    /// An agreement by whose fields people are compared [default: the preset common-dataset].
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    /// Whose reading of the SLK-581 rules [default: aihw, or the project's].
    #[arg(long, value_name = "PROFILE", value_parser = profiles())]
    profile: Option<Profile>,
    /// The day the exports were made, as YYYY-MM-DD: consent that has days is judged on it, and
    /// dates after it are in the future [default of the latter: today].
    #[arg(long, value_name = "DATE")]
    as_at: Option<Date>,
    /// Write the report as a page to this file too.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the main figures to this file too, one row for each export.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Replace the files if they are there.
    #[arg(long)]
    force: bool,
}

fn profiles() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(Profile::name)).try_map(|s| s.parse::<Profile>())
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let source = SourceSpec::load(&args.source)?;
    let agreed = args.project.as_deref().map(Project::load).transpose()?;
    let profile = args.profile.or(agreed.as_ref().map(|p| p.slk_profile)).unwrap_or(Profile::Aihw);
    let project = match agreed {
        Some(project) => project,
        None => Project::parse(&Preset::CommonDataset.toml("quality", "now"), "the preset")?,
    };
    let outputs: Vec<&PathBuf> = [&args.html, &args.csv].into_iter().flatten().collect();
    if let [html, csv] = outputs[..]
        && html == csv
    {
        return Err(UsageError::Clash("`--html` and `--csv` name the same file").into());
    }
    let mut inputs: Vec<&Path> = args.exports.iter().map(Path::new).collect();
    inputs.extend([Some(args.source.as_path()), args.project.as_deref()].into_iter().flatten());
    for output in outputs {
        super::guard(output, &inputs)?;
    }
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    let staged = |path: &Option<PathBuf>| {
        path.as_deref().map(|path| StagedFile::create(path, Readers::Owner, overwrite)).transpose()
    };
    let (mut html, mut csv) = (staged(&args.html)?, staged(&args.csv)?);
    let exports = args.exports.iter().map(Input::from_arg).collect();
    let job = Job { exports, source, project, profile, today: today(), as_at: args.as_at };
    let report = quality::run(&job, &printer.progress())?;
    for file in &report.files {
        let of_file = |warning: &String| match &report.files[..] {
            [_] => warning.clone(),
            _ => format!("{}: {warning}", file.file),
        };
        file.warnings.iter().map(of_file).for_each(|warning| printer.warn(&warning));
    }
    if let Some(html) = &mut html {
        put(html, report.html()?.as_bytes())?;
    }
    if let Some(csv) = &mut csv {
        put(csv, &report.csv()?)?;
    }
    // Both are whole before the first has its name.
    for (staged, path) in [(html, &args.html), (csv, &args.csv)] {
        if let (Some(staged), Some(path)) = (staged, path) {
            staged.commit()?;
            printer.say(&format!("written: {}", clean(path)));
        }
    }
    printer.result(&report, &text(&report))
}

/// Writes a file that is not there yet under its name.
pub(super) fn put(file: &mut StagedFile, bytes: &[u8]) -> Result<(), Error> {
    let written = file.write_all(bytes).and_then(|()| file.flush());
    Ok(written.map_err(|e| io_error(file.shown(), "write", e))?)
}

fn text(report: &Report) -> String {
    let mut text = format!("source         {} ({})\n", report.source, report.profile);
    if let many @ [_, _, ..] = &report.files[..] {
        for file in many {
            let share = per_cent(file.keys.complete, file.rows - file.set_aside);
            let _ = writeln!(text, "{share:>8} complete keys in {}", file.file);
        }
    }
    report.files.iter().for_each(|file| one(file, &mut text));
    text
}

/// What is said of one file.
fn one(q: &Quality, text: &mut String) {
    let rows = q.read();
    let mut line = |what: &str, said: String| {
        let _ = writeln!(text, "{}", format!("{what:<15}{said}").trim_end());
    };
    line("", String::new());
    line("file", q.file.clone());
    line("rows", format!("{}, {} of them set aside", q.rows, q.set_aside));
    line(
        "complete keys",
        format!("{} of {rows} ({})", q.keys.complete, per_cent(q.keys.complete, rows)),
    );
    line("without a key", q.keys.without_key.to_string());
    for reason in &q.keys.reasons {
        line("", format!("{:>8}  {}", reason.rows, reason.reason));
    }
    for defect in &q.keys.defects {
        line("", format!("{:>8}  recorded key: {}", defect.rows, defect.reason));
    }
    let marks: Vec<String> = q
        .keys
        .positions
        .iter()
        .flat_map(|p| [(p.position, '2', p.twos), (p.position, '9', p.nines)])
        .filter(|(_, _, count)| *count > 0)
        .map(|(position, mark, count)| format!("{position}: {count} with {mark}"))
        .collect();
    if !marks.is_empty() {
        line("by position", marks.join(", "));
    }
    for (what, names) in [("family names", &q.family_names), ("given names", &q.given_names)] {
        line(
            what,
            format!(
                "{} known, {} empty, {} placeholders, {} without letters, {} in another script",
                names.known, names.empty, names.placeholder, names.no_letters, names.other_script
            ),
        );
    }
    let births = &q.birth_dates;
    line(
        "birth dates",
        format!(
            "{} known ({} estimated), {} empty, {} fillers",
            births.known, births.estimated, births.empty, births.placeholder
        ),
    );
    for reason in &births.bad {
        line("", format!("{:>8}  {}", reason.rows, reason.reason));
    }
    for heap in &births.heaps {
        line(
            "",
            format!(
                "{:>8}  on {}: {} times the {} that chance makes",
                heap.dates, heap.days, heap.ratio, heap.by_chance
            ),
        );
    }
    let s = &q.sexes;
    line(
        "sex",
        format!(
            "1: {}, 2: {}, 3: {}, not stated: {}, empty: {}, no known code: {}",
            s.male, s.female, s.other, s.not_stated, s.empty, s.unknown_code
        ),
    );
    if let Some(count) = q.postcodes_of_another_state {
        line("postcodes", format!("{count} that the state beside them does not have"));
    }
    if let Some(c) = &q.consent {
        let mut said = format!(
            "{} given, {} in part, {} refused, {} not stated",
            c.given, c.partial, c.refused, c.not_stated
        );
        for (what, count) in
            [("not yet given", c.not_yet), ("ended", c.ended), ("withdrawn", c.withdrawn)]
        {
            if count > 0 {
                let _ = write!(said, ", {count} {what}");
            }
        }
        line("consent", said);
    }
    if let Some(e) = &q.events {
        line(
            "events",
            format!(
                "{}, {} of them open ({} end in the future)",
                e.events, e.open, e.ends_in_future
            ),
        );
        for reason in &e.bad {
            line("", format!("{:>8}  {}", reason.rows, reason.reason));
        }
    }
    if let Some(s) = &q.services {
        line(
            "cases",
            format!(
                "{} with a client, {} of them without a session; {} without a client",
                s.cases, s.cases_without_session, s.cases_without_client
            ),
        );
        line(
            "sessions",
            format!("{}, {} of them without a client", s.sessions, s.sessions_without_client),
        );
        if let (Some(scores), Some(pairs)) = (s.clients_with_score, s.clients_with_pair) {
            line(
                "SCORE",
                format!(
                    "{scores} of {} clients, {pairs} before and after in one domain",
                    s.clients
                ),
            );
        }
    }
    let p = &q.people;
    line(
        "people",
        format!(
            "{} under {} record numbers (too many: {}; of different people: {}); rows without a \
             number: {}",
            p.people,
            p.numbers,
            p.numbers_too_many,
            p.numbers_of_different_people,
            q.without_number
        ),
    );
    line(
        "shared keys",
        format!(
            "{} of {}; pairs of different people: {} ({} by chance)",
            p.keys_shared, p.keys, p.pairs_sharing, p.pairs_by_chance
        ),
    );
    for column in q.columns.iter().filter(|column| column.empty > 0) {
        line("", format!("{:>8}  empty in {}", column.empty, clean_text(&column.column)));
    }
    for column in &q.columns {
        for Reason { reason, rows } in &column.unusable {
            line("", format!("{rows:>8}  of no use in {}: {reason}", clean_text(&column.column)));
        }
    }
}

fn per_cent(part: u64, all: u64) -> String {
    format!("{:.1} %", part as f64 * 100.0 / all.max(1) as f64)
}
