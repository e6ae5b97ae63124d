//! `veilway deidentify`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;

use super::Printer;
use crate::deidentify::{self, Column, Job, KeyOf, RunRecord, Summary, Unhardened};
use crate::error::{Class, Error, Fault};
use crate::files::{Overwrite, clean, clean_text};
use crate::ids::SourceName;
use crate::project::Project;
use crate::sources::{Input, SourceSpec};

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  veilway deidentify agency_a.csv --project project.toml --source a.toml \\
      --key-file project.key --out a

OUT/to-linkage-unit/ goes to the linkage unit, OUT/to-analyst/ to the analyst; OUT/keep/
never leaves the agency.")]
pub(crate) struct Args {
    /// The export: CSV, .xlsx, Parquet, Arrow, JSON Lines or a DEX upload, packed or not; several
    /// files, a folder of them or a pattern are read as one; `-` is standard input.
    #[arg(value_name = "EXPORT", required = true)]
    export: Vec<PathBuf>,
    /// The events file, a folder or a pattern; without it, the events that source.toml describes are read from the
    /// export.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// The linkage agreement.
    #[arg(long, value_name = "FILE")]
    project: PathBuf,
    /// The description of the export.
    #[arg(long, value_name = "FILE", required_unless_present = "name")]
    source: Option<PathBuf>,
    /// What to call a source that is a DEX upload file, which needs no description.
    #[arg(long, conflicts_with = "source")]
    name: Option<SourceName>,
    /// The day the export was made, as YYYY-MM-DD: consent that has days is judged on it, and
    /// dates after it are in the future [default of the latter: today].
    #[arg(long, value_name = "DATE")]
    as_at: Option<Date>,
    /// Records of people who withdrew their consent, beside the lists that source.toml names: a
    /// table with the column of record numbers.
    #[arg(long, value_name = "FILE")]
    withdrawn: Vec<PathBuf>,
    /// The project key.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The agency's own key of an earlier run; without it, the one in OUT/keep/, or a new one.
    #[arg(long, value_name = "FILE")]
    agency_key: Option<PathBuf>,
    /// The folder to write.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace the folder if it is there.
    #[arg(long)]
    force: bool,
    /// How much memory tokens may fill, such as 800M or 4G; what is more goes to the disk of
    /// --out, encrypted [default: a quarter of what there is].
    #[arg(long, value_name = "SIZE", value_parser = super::memory::amount)]
    memory: Option<usize>,
    /// Make the fuzzy column even though the agreement leaves it unhardened: whoever holds such
    /// a package can name nearly everybody in it, without a key. To exchange data with older
    /// tools only.
    #[arg(long)]
    danger_unhardened_clk: bool,
}

/// Neither a description nor a name, which the command line does not let through.
#[derive(Debug, thiserror::Error)]
#[error("expected `--source` or `--name`")]
struct Unnamed;

impl Fault for Unnamed {
    fn class(&self) -> Class {
        Class::Usage
    }
}

/// The result for machines.
#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    record: &'a RunRecord,
    package: PathBuf,
    events_file: Option<PathBuf>,
    left_out_file: Option<PathBuf>,
    keep: PathBuf,
    agency_key: KeyOf,
    warnings: &'a [String],
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let project = Project::load(&args.project)?;
    let mut source = match (&args.source, &args.name) {
        (Some(path), _) => SourceSpec::load(path)?,
        (None, name) => SourceSpec::dex(name.as_ref().ok_or(Unnamed)?, &project)?,
    };
    source.withdrawn.extend(args.withdrawn);
    let job = Job {
        export: Input::from_args(&args.export),
        events: args.events,
        source,
        project,
        key_file: args.key_file,
        agency_key: args.agency_key,
        out: args.out,
        overwrite: if args.force { Overwrite::Replace } else { Overwrite::Refuse },
        unhardened: match args.danger_unhardened_clk {
            true => Unhardened::Allow,
            false => Unhardened::Refuse,
        },
        today: super::slk::today(),
        as_at: args.as_at,
        memory: super::memory::limit(args.memory),
    };
    let summary = deidentify::run(&job, &printer.progress())?;
    for warning in &summary.warnings {
        printer.warn(warning);
    }
    let report = Report {
        record: &summary.record,
        package: summary.out.join(&summary.package),
        events_file: summary.events.as_ref().map(|name| summary.out.join(name)),
        left_out_file: summary.left_out.as_ref().map(|name| summary.out.join(name)),
        keep: summary.out.join("keep"),
        agency_key: summary.agency_key,
        warnings: &summary.warnings,
    };
    printer.close(&report, &text(&summary, &report))
}

fn text(summary: &Summary, report: &Report<'_>) -> String {
    let RunRecord { rows_in, people, package_rows, rows_set_aside, tokens, .. } = &summary.record;
    let reasons = rows_set_aside.by_reason();
    let reasons = reasons.iter().map(|(reason, n)| (reason.to_string(), *n));
    let mut columns: BTreeMap<String, u64> = BTreeMap::new();
    for set_aside in &summary.record.values_set_aside {
        *columns.entry(clean_text(&set_aside.column)).or_default() += set_aside.values;
    }
    let columns_total: u64 = columns.values().sum();
    let reasons_of_values = summary.record.values_set_aside.iter().map(|set_aside| {
        let Column { column, reason, values } = set_aside;
        format!("{values:>19}  {}: {reason}\n", clean_text(column))
    });
    let reasons_of_values: String = reasons_of_values.collect();
    let joined = match summary.record.duplicates_joined {
        0 => String::new(),
        n => format!("; {n} found under a second record number"),
    };
    let mut text = format!(
        "rows in            {rows_in}\n\
         people in package  {people}, in {package_rows} rows{joined}\n\
         rows set aside     {}\n\
         values not usable  {}\n{reasons_of_values}\
         tokens             {} written, {} withheld as shared, {} without a value\n",
        counted(reasons),
        counted(columns),
        tokens.filled,
        tokens.shared,
        tokens.missing,
    );
    if let Some(fuzzy) = &summary.record.fuzzy {
        text += &format!(
            "fuzzy values       {} written, {} withheld as shared, {} without a value\n",
            fuzzy.filled, fuzzy.shared, fuzzy.missing,
        );
    }
    let mut aside = rows_set_aside.total() + columns_total;
    if let Some(events) = &summary.record.events {
        let set_aside = counted(events.set_aside.clone());
        text += &format!("events             {} written; set aside {set_aside}\n", events.written);
        aside += events.set_aside.values().sum::<u64>();
    }
    text += &format!("for linkage unit   {}\n", clean(&report.package));
    for file in [&report.events_file, &report.left_out_file].into_iter().flatten() {
        text += &format!("for the analyst    {}\n", clean(file));
    }
    if summary.agency_key == KeyOf::ThisRun {
        text += &format!(
            "agency key         made anew: KEEP {}; with it (--agency-key) later deliveries give \
             clients the same row ids\n",
            clean(&report.keep.join("agency.key"))
        );
    }
    text += &format!("stays here         {}", clean(&report.keep));
    if aside > 0 {
        let rejects = report.keep.join(format!("{}.rejects.csv", summary.record.source));
        text += &format!("\nlines and reasons  {}", clean(&rejects));
    }
    text
}

/// A sum and its parts: `3 (consent refused: 2, row not usable: 1)`.
fn counted(parts: impl IntoIterator<Item = (String, u64)>) -> String {
    let parts: Vec<(String, u64)> = parts.into_iter().filter(|(_, n)| *n > 0).collect();
    let sum: u64 = parts.iter().map(|(_, n)| n).sum();
    let list: Vec<String> = parts.iter().map(|(name, n)| format!("{name}: {n}")).collect();
    if sum == 0 { "0".to_owned() } else { format!("{sum} ({})", list.join(", ")) }
}
