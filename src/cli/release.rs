//! `veilway release`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;

use super::Printer;
use super::pathways::{Rule, threshold};
use crate::disclosure::Threshold;
use crate::error::Error;
use crate::files::Overwrite;
use crate::release::{self, Check, Job, ProtectJob, Reading};

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Attack tables: which withheld count could a reader work out?
    ///
    /// Reads CSV tables with withheld counts (`n.p.`, `np`, `*`, `<5`). The first columns hold
    /// labels, the others counts; a row, a column or a label called total, all, or all and a
    /// word (`All ages`) is a total. Cells of the same labels in two tables are one cell. For
    /// each withheld count, the least and the greatest value that all sums allow are worked
    /// out. Exit code 1 when something is found. Counts with noise in them do not add up, so
    /// there is nothing to work out.
    Check(CheckArgs),
    /// Protect tables: withhold small counts, and what would tell of them.
    ///
    /// Reads CSV tables of true counts as `release check` does, protects all of them together,
    /// and writes them with `n.p.` for what is withheld. Where anything is, the percentages of
    /// that table are withheld too.
    Protect(ProtectArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  veilway release protect by-age.csv by-area.csv --out tables --profile aihw")]
struct ProtectArgs {
    /// The tables, or folders of them.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    /// Folder to write, with a file for each table; appears whole or not at all.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    rules: Rules,
    /// Replace the output folder if it is there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  veilway release check pathways/release
  veilway release check tables/*.csv --total Persons --ledger releases.json --record 2024-h2")]
struct CheckArgs {
    /// The tables, or folders of them.
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<PathBuf>,
    #[command(flatten)]
    rules: Rules,
    /// Ledger of earlier releases, to compare with.
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
    /// Add these tables to the ledger under this name, if nothing is found.
    #[arg(long, value_name = "NAME", requires = "ledger")]
    record: Option<String>,
}

/// How tables are read, and what holds for them.
#[derive(Debug, clap::Args)]
struct Rules {
    /// Whose rule says how many people a published count must stand for.
    #[arg(long, value_enum, default_value_t = Rule::Abs)]
    profile: Rule,
    /// Least number of people that a published count may stand for, and how wide an interval
    /// must be left open for a withheld one (default: the profile's).
    #[arg(long, value_name = "N",
          value_parser = clap::value_parser!(u32).range(i64::from(Threshold::FLOOR)..=1000))]
    threshold: Option<u32>,
    /// A further label that names a total.
    #[arg(long, value_name = "LABEL")]
    total: Vec<String>,
    /// How many label columns each table has (default: up to the first column of numbers).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    labels: Option<u16>,
}

impl Rules {
    fn threshold(&self) -> Threshold {
        threshold(self.profile, self.threshold)
    }

    fn reading(self) -> Reading {
        Reading { totals: self.total, labels: self.labels.map(usize::from) }
    }
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    match args.action {
        Action::Check(args) => run_check(args, printer),
        Action::Protect(args) => run_protect(args, printer),
    }
}

fn run_protect(args: ProtectArgs, printer: &Printer) -> Result<(), Error> {
    let job = ProtectJob {
        tables: args.tables,
        threshold: args.rules.threshold(),
        reading: args.rules.reading(),
        out: args.out,
        overwrite: if args.force { Overwrite::Replace } else { Overwrite::Refuse },
    };
    let done = release::protect(&job)?;
    for note in &done.notes {
        printer.warn(note);
    }
    let withheld = done.withheld_small + done.withheld_to_protect;
    let text = format!(
        "tables    {}\ncounts    {} printed: {} withheld as small, {} to protect those",
        done.tables,
        done.counts - withheld,
        done.withheld_small,
        done.withheld_to_protect
    );
    printer.close(&done, &text)
}

fn run_check(args: CheckArgs, printer: &Printer) -> Result<(), Error> {
    let job = Job {
        tables: args.tables,
        threshold: args.rules.threshold(),
        reading: args.rules.reading(),
        ledger: args.ledger,
        record: args.record,
    };
    let check = release::check(&job)?;
    printer.result(&check, &text(&check))?;
    Ok(check.pass()?)
}

fn text(check: &Check) -> String {
    let mut text = format!(
        "tables    {}\ncounts    {}, {} of them withheld\nsums      {}\nearlier   {} releases\n",
        check.tables, check.counts, check.withheld, check.sums, check.earlier
    );
    for note in &check.notes {
        let _ = writeln!(text, "note      {note}");
    }
    for finding in &check.findings {
        let _ = writeln!(text, "{finding}");
    }
    if check.findings.is_empty() {
        let _ = writeln!(
            text,
            "nothing found: no count is under {0}, and the sums leave an interval of {0} or more \
             for each withheld one",
            check.threshold
        );
    }
    text
}
