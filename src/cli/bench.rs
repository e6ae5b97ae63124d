//! `veilway bench`.

use std::fmt::Write as _;

use super::Printer;
use crate::bench::{self, Bench, Size};
use crate::error::Error;

/// Measure how fast every stage is on this machine, and check what it gives.
///
/// Makes up people, the same everywhere, and takes them all the way from exports to pathways in
/// a temporary folder. What each stage gives is checked; no time is given for a wrong answer.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  veilway bench --quick")]
pub(crate) struct Args {
    /// A few thousand people instead of 200,000: whether it works, in seconds.
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let size = if args.quick { Size::Quick } else { Size::Full };
    let bench = bench::run(size, &printer.progress())?;
    printer.result(&bench, &text(&bench))
}

fn text(bench: &Bench) -> String {
    let mut text = format!(
        "{}: {} made-up people, {} threads, fuzzy values compared by {}; every answer is right\n\n\
         {:<12}{:>12}{:>10}{:>14}{:>14}{:>10}\n",
        bench.tool,
        crate::pathways::thousands(bench.people),
        bench.threads,
        bench.kernel,
        "stage",
        "rows",
        "seconds",
        "rows/s",
        "pairs/s",
        "peak MB"
    );
    let whole = |number: f64| crate::pathways::thousands(number.round() as u64);
    for stage in &bench.stages {
        let _ = writeln!(
            text,
            "{:<12}{:>12}{:>10.3}{:>14}{:>14}{:>10}",
            stage.name,
            crate::pathways::thousands(stage.rows),
            stage.seconds,
            whole(stage.rows_per_second),
            stage.pairs_per_second.map_or_else(String::new, whole),
            stage.peak_memory.map_or_else(|| "untold".to_owned(), |b| whole(b as f64 / 1e6)),
        );
    }
    text
}
