//! `veilway evaluate`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::Printer;
use crate::error::Error;
use crate::evaluate::{self, Evaluation, Job};

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    veilway evaluate --links links --truth truth.csv \\\n    \
    --rows a/keep/agency-a.rows.csv --rows b/keep/agency-b.rows.csv")]
pub(crate) struct Args {
    /// The folder that `link` wrote.
    #[arg(long, value_name = "DIR")]
    links: PathBuf,
    /// A CSV of records and their true person: `rec_id,person_id`.
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// An agency's `<source>.rows.csv`; once for each linked source.
    #[arg(long, value_name = "FILE", required = true)]
    rows: Vec<PathBuf>,
    /// Fail (exit code 1) when the F1 of pairs is lower.
    #[arg(long, value_name = "F1", value_parser = share)]
    min_f1: Option<f64>,
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|n| (0.0..=1.0).contains(n));
    number.ok_or_else(|| "expected a number from 0 to 1".to_owned())
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let job = Job { links: args.links, truth: args.truth, rows: args.rows };
    let evaluation = evaluate::run(&job, &printer.progress())?;
    printer.result(&evaluation, &text(&evaluation))?;
    if let Some(wanted) = args.min_f1 {
        evaluation.check(wanted)?;
    }
    Ok(())
}

fn text(e: &Evaluation) -> String {
    let mut text = String::new();
    let three = |name: &str, p: Option<f64>, r: Option<f64>, f: Option<f64>| {
        format!("{name:<12}{:>10}{:>10}{:>10}", number(p), number(r), number(f))
    };
    let _ = writeln!(text, "{:<12}{:>10}{:>10}{:>10}", "", "precision", "recall", "F1");
    let _ = writeln!(text, "{}", three("pairs", e.pairs.precision, e.pairs.recall, e.pairs.f1));
    let c = &e.clusters;
    let _ = writeln!(text, "{}", three("clusters", c.precision, c.recall, c.f1));
    let b = &e.b_cubed;
    let _ = writeln!(text, "{}", three("b-cubed", b.precision, b.recall, b.f1));
    let _ = writeln!(
        text,
        "\n{} pairs linked, {} of them true; {} true pairs in all",
        e.pairs.linked, e.pairs.true_positive, e.pairs.true_pairs
    );
    if e.records.not_packaged > 0 {
        let _ = writeln!(
            text,
            "{} of {} records were not packaged; {} true pairs went with them\n\
             recall among packaged records: {}",
            e.records.not_packaged,
            e.records.in_truth,
            e.pairs.true_not_packaged,
            number(e.pairs.recall_packaged)
        );
    }
    if e.records.without_truth > 0 {
        let n = e.records.without_truth;
        let _ = writeln!(text, "{n} packaged records are not in the truth file and were left out");
    }
    if e.records.without_map > 0 {
        let _ = writeln!(text, "{} packaged records are in no map", e.records.without_map);
    }
    let _ =
        writeln!(text, "\n{:<12}{:>10}{:>10}{:>10}", "linked from", "precision", "recall", "F1");
    for cut in &e.thresholds {
        let name = cut.probability.to_string();
        let _ = writeln!(text, "{}", three(&name, cut.precision, cut.recall, cut.f1));
    }
    if let Some(best) = &e.best {
        let (p, f1) = (best.probability, number(best.f1));
        let _ = writeln!(text, "best: F1 {f1} when linked from probability {p:.4}");
    }
    let _ = writeln!(text, "\n{:<16}{:>10}{:>10}{:>10}", "probability", "pairs", "stated", "true");
    for bin in &e.calibration {
        let _ = writeln!(
            text,
            "{:<16}{:>10}{:>10}{:>10}",
            format!("{} to {}", bin.from, bin.to),
            bin.pairs,
            number(bin.mean_probability),
            number(bin.share_true)
        );
    }
    text
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "none".to_owned(), |v| format!("{v:.4}"))
}
