//! `veilway synth`.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::Printer;
use crate::error::Error;
use crate::files::{Overwrite, clean};
use crate::synth::{self, As, Made, Plan};

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  veilway synth --people 3000 --sources 3 --seed 1 --out town")]
pub(crate) struct Args {
    /// How many people.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=synth::MOST_PEOPLE))]
    people: u64,
    /// How many agencies, 2 to 8: housing, mental-health, family-violence, homelessness,
    /// alcohol-drugs, family-support, youth, legal.
    #[arg(long, value_name = "K", default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=8))]
    sources: u8,
    /// The same seed makes the same people.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// What kind of files the agencies have.
    #[arg(long = "as", value_enum, value_name = "KIND", default_value_t = Files::Csv)]
    files: Files,
    /// Further columns that people are linked by: what people of a household share.
    #[arg(long, value_enum, value_name = "FIELD", value_delimiter = ',')]
    with: Vec<super::project::Further>,
    /// The folder to make.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace the folder if it is there.
    #[arg(long)]
    force: bool,
}

/// Kinds of files.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Files {
    /// export.csv and events.csv
    Csv,
    /// export.xlsx, a workbook with two sheets
    Xlsx,
    /// export.parquet and events.parquet
    Parquet,
    /// export.jsonl and events.jsonl
    Jsonl,
    /// upload.xml, as the Data Exchange takes it
    Dex,
}

impl From<Files> for As {
    fn from(files: Files) -> As {
        match files {
            Files::Csv => As::Csv,
            Files::Xlsx => As::Workbook,
            Files::Parquet => As::Parquet,
            Files::Jsonl => As::JsonLines,
            Files::Dex => As::Dex,
        }
    }
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let plan = Plan::new(args.people, usize::from(args.sources), args.seed)?;
    let extras = args.with.iter().map(|&further| further.into()).collect();
    let plan = plan.in_files(args.files.into()).with(extras);
    let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
    let made = synth::write(&plan, &args.out, overwrite, &printer.progress())?;
    let text = format!("{}written to {}", table(&made), clean(&args.out));
    printer.close(&made, &text)
}

fn table(made: &Made) -> String {
    let mut text = format!(
        "{} people, {} of them known to several agencies\n\n{:<18}{:>10}{:>18}{:>10}\n",
        made.people, made.people_in_several, "source", "records", "second records", "events"
    );
    for s in &made.sources {
        let _ =
            writeln!(text, "{:<18}{:>10}{:>18}{:>10}", s.name, s.records, s.duplicates, s.events);
    }
    text.push('\n');
    text
}
