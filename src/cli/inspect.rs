//! `veilway inspect`.

use std::path::PathBuf;

use serde::Serialize;

use super::Printer;
use crate::error::Error;
use crate::package::manifest::FuzzySummary;
use crate::package::{Manifest, Package};
use crate::project::fuzzy::FuzzyEncoding;

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  veilway inspect a/to-linkage-unit/agency-a.package.arrow")]
pub(crate) struct Args {
    /// The package.
    #[arg(value_name = "PACKAGE")]
    package: PathBuf,
}

/// The result for machines.
#[derive(Serialize)]
struct Report<'a> {
    manifest: &'a Manifest,
    /// Not checked here: `verify` does that.
    digest: &'a str,
    quality: Vec<FieldFill<'a>>,
    estimated_birth_dates: u64,
}

/// How many rows have a field.
#[derive(Serialize)]
struct FieldFill<'a> {
    field: &'a str,
    rows: u64,
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let package = Package::open(&args.package)?;
    let manifest = package.manifest();
    let with_bit = |bit: usize| {
        package.quality().iter().filter(|flags| **flags >> bit & 1 == 1).count() as u64
    };
    let fields = manifest.fields.iter().enumerate().take(31);
    let report = Report {
        manifest,
        digest: package.digest(),
        quality: fields.map(|(i, field)| FieldFill { field, rows: with_bit(i) }).collect(),
        estimated_birth_dates: with_bit(31),
    };
    printer.result(&report, &text(&report))
}

fn text(report: &Report<'_>) -> String {
    let Manifest {
        source, project, period, key_fingerprint, rows, people, people_per_token, ..
    } = report.manifest;
    let unique = if report.manifest.unique_people { "yes" } else { "no" };
    let mut text = format!(
        "source           {source}\n\
         role             {}\n\
         project          {project}, period {period}\n\
         agreement        {}\n\
         key fingerprint  {key_fingerprint}\n\
         suite            {}\n\
         made by          {}\n\
         people           {people}, in {rows} rows (each person once: {unique})\n\
         people a token   at most {people_per_token}\n",
        report.manifest.role.name(),
        report.manifest.project_digest,
        report.manifest.suite,
        report.manifest.tool,
    );
    for (reason, n) in report.manifest.excluded.by_reason() {
        if n > 0 {
            text += &format!("left out         {n}: {reason}\n");
        }
    }
    let share = |n: u64| if *rows == 0 { 0.0 } else { 100.0 * n as f64 / *rows as f64 };
    let keys = &report.manifest.match_keys;
    let width = keys.iter().map(|key| key.name.len()).max().unwrap_or(0).max(9);
    text += &format!(
        "\n{:width$}  {:>8}  {:>8}  {:>8}  {:>8}\n",
        "match key", "filled", "missing", "shared", "repeated"
    );
    for key in keys {
        text += &format!(
            "{:width$}  {:>6.1} %  {:>6.1} %  {:>6.1} %  {:>6.1} %\n",
            key.name,
            share(key.filled),
            share(key.missing),
            share(key.shared),
            share(key.repeated),
        );
    }
    if let Some(fuzzy) = &report.manifest.fuzzy {
        text += &fuzzy_text(fuzzy, share);
    }
    let width = report.quality.iter().map(|f| f.field.len()).max().unwrap_or(0).max(9);
    text += &format!("\n{:width$}  {:>8}\n", "field", "usable");
    for field in &report.quality {
        text += &format!("{:width$}  {:>6.1} %\n", field.field, share(field.rows));
    }
    text + &format!("\nestimated birth dates: {:.1} %\n", share(report.estimated_birth_dates))
}

fn fuzzy_text(fuzzy: &FuzzySummary, share: impl Fn(u64) -> f64) -> String {
    let percent = |share: f64| 100.0 * share;
    let danger = match fuzzy.encoding {
        FuzzyEncoding::UnhardenedClk => {
            "; NOT HARDENED: graph matching names nearly everybody, without a key"
        }
        FuzzyEncoding::Eld { .. } => "",
    };
    format!(
        "\nfuzzy column     {}, {} bytes a value{danger}\n\
         filled           {:.1} %, missing {:.1} %, shared {:.1} %, repeated {:.1} %\n\
         filter fill      {:.1} % on average, {:.1} % to {:.1} %\n\
         a bit is set in  {:.1} % to {:.1} % of the values\n",
        fuzzy.encoding.name(),
        fuzzy.encoding.width(),
        share(fuzzy.filled),
        share(fuzzy.missing),
        share(fuzzy.shared),
        share(fuzzy.repeated),
        percent(fuzzy.mean_fill),
        percent(fuzzy.least_fill),
        percent(fuzzy.most_fill),
        percent(fuzzy.lightest_column),
        percent(fuzzy.heaviest_column),
    )
}
