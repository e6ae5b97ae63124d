//! `veilway bench`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::Printer;
use crate::bench::{self, Job, Measured};
use crate::error::Error;
use crate::pathways::thousands;

/// Measure this machine on made people.
///
/// Makes a town of synthetic people, does with it what the other commands do, and checks every
/// answer in a second way. Only when all are right are times shown.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  veilway bench --quick\n\nNeeds about 2 kB of disk space for each person."
)]
pub(crate) struct Args {
    /// People of the made town.
    #[arg(long, value_name = "N", default_value_t = 100_000,
          value_parser = clap::value_parser!(u64).range(1_000..=50_000_000))]
    people: u64,
    /// How often everything is done; the shortest time of each stage counts.
    #[arg(long, value_name = "N", default_value_t = 3,
          value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// The folder in which the town is made; nothing of it stays.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// 2,000 people, once: whether the answers are right, and a rough idea of the times.
    #[arg(long, conflicts_with_all = ["people", "runs"])]
    quick: bool,
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let (people, runs) = if args.quick { (2_000, 1) } else { (args.people, args.runs) };
    let job = Job { folder: args.dir, people, runs, today: super::slk::today() };
    let measured = bench::run(&job, &printer.progress())?;
    printer.result(&measured, &text(&measured))
}

fn text(measured: &Measured) -> String {
    let Measured { tool, people, runs, threads, kernel, stages } = measured;
    let mut text = format!(
        "{tool}, {} made people, shortest of {runs} runs, {threads} threads, kernel {kernel}; \
         every answer was right\n\n{:<12}{:>15}{:>11}{:>17}{:>16}\n",
        thousands(*people),
        "stage",
        "count",
        "seconds",
        "in a second",
        "peak memory"
    );
    for stage in stages {
        let count = format!("{} {}", thousands(stage.count), stage.what);
        let memory = stage.peak_memory_mb.map_or("not known".into(), |mb| format!("{mb:.0} MB"));
        let _ = writeln!(
            text,
            "{:<12}{count:>15}{:>11.3}{:>17}{memory:>16}",
            stage.stage,
            stage.seconds,
            thousands(stage.per_second as u64)
        );
    }
    text
}
