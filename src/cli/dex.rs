//! `veilway dex`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Subcommand;
use jiff::civil::Date;

use super::Printer;
use super::slk::today;
use super::source::{date_format, encodings};
use super::validate::period;
use crate::days::DateFormats;
use crate::dex::{Job, Locality, Numbers, Summary, Unconsenting, write};
use crate::error::Error;
use crate::files::{Overwrite, clean};
use crate::sources::spec::Encoding;
use crate::sources::{Input, SourceSpec};
use crate::standard::Period;

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    veilway dex write common_dataset.csv --outlet-activity 77 --service-type 12 --out upload")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write upload files from an extract with names, or from an upload.
    Write(WriteArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  veilway dex write common_dataset.csv --outlet-activity 77 --service-type 12 --out upload

Columns are known as `validate --standard common-dataset` knows them, or by the name of a DEX
element. Files for the Data Exchange go to DIR/to-dex, each below 10 MB and whole by itself. What
stays at the agency is in DIR/keep: ids.csv says which number stands for whom, rejects.csv what was
set aside and why. Nobody is named who did not consent.")]
struct WriteArgs {
    /// The extract: CSV, .xlsx, Parquet, Arrow, JSON Lines, packed or not; or a DEX upload. `-` is
    /// standard input (no upload).
    #[arg(value_name = "EXPORT")]
    export: OsString,
    /// The services given, where the extract does not hold them.
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// The description of extract and events (`veilway source new` writes one).
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// The outlet's activity, as the Data Exchange numbers it, where no column has it.
    #[arg(long, value_name = "NUMBER")]
    outlet_activity: Option<u32>,
    /// The type of service, as the Data Exchange numbers it, where no column has it.
    #[arg(long, value_name = "NUMBER")]
    service_type: Option<u32>,
    /// The half-year that is reported, as 2025-jan-jun or 2025-jul-dec: other sessions are set
    /// aside.
    #[arg(long, value_name = "PERIOD", value_parser = period)]
    period: Option<Period>,
    /// Which numbers clients, cases and sessions have: their own, or pseudonyms [default: those
    /// of an upload are kept, those of an extract are new].
    #[arg(long, value_name = "keep|new", value_parser = numbers)]
    ids: Option<Numbers>,
    /// The agency's own key, of which the pseudonyms are made [default: that of the output to be
    /// replaced, or a new one].
    #[arg(long, value_name = "FILE")]
    agency_key: Option<PathBuf>,
    /// Leave out clients without consent [default: write them without name and street, by their
    /// linkage key].
    #[arg(long)]
    consenting_only: bool,
    /// The place to write for clients without a fixed address who have none recorded, as that of
    /// the outlet [default: they are set aside, since every upload must say a place].
    #[arg(long, value_name = "SUBURB,STATE,POSTCODE", value_parser = Locality::parse)]
    no_fixed_address: Option<Locality>,
    /// How dates are written [default: as the description says, or else 31121999].
    #[arg(long, value_name = "FORMAT", value_parser = date_format)]
    date_format: Option<DateFormats>,
    /// The day the extract was made, as YYYY-MM-DD: dates after it are in the future
    /// [default: today].
    #[arg(long, value_name = "DATE")]
    as_at: Option<Date>,
    /// How the bytes of a text file become text [default: as the description says, or utf-8].
    #[arg(long, value_name = "ENCODING", value_parser = encodings())]
    encoding: Option<Encoding>,
    /// Where the output goes.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Replace earlier output.
    #[arg(long)]
    force: bool,
}

fn numbers(word: &str) -> Result<Numbers, &'static str> {
    match word {
        "keep" => Ok(Numbers::Keep),
        "new" => Ok(Numbers::New),
        _ => Err("expected keep or new"),
    }
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let Command::Write(args) = args.command;
    let source = args.source.as_deref().map(SourceSpec::load).transpose()?;
    let job = Job {
        export: Input::from_arg(&args.export),
        events: args.events,
        source,
        date_format: args.date_format,
        encoding: args.encoding,
        outlet: args.outlet_activity,
        service: args.service_type,
        period: args.period,
        as_at: args.as_at.unwrap_or_else(today),
        numbers: args.ids.unwrap_or_default(),
        agency_key: args.agency_key,
        unconsenting: match args.consenting_only {
            true => Unconsenting::LeaveOut,
            false => Unconsenting::Unnamed,
        },
        no_fixed_address: args.no_fixed_address,
        out: args.out,
        overwrite: if args.force { Overwrite::Replace } else { Overwrite::Refuse },
        most: None,
    };
    let summary = write(&job, &printer.progress())?;
    for warning in &summary.warnings {
        printer.warn(warning);
    }
    printer.result(&summary, &text(&summary, &job))
}

fn text(summary: &Summary, job: &Job) -> String {
    let out = clean(&job.out);
    let mut text = String::new();
    for (list, written) in &summary.written {
        if summary.read[list] > 0 {
            let _ = writeln!(text, "{list:<18} {written} written");
        }
    }
    let set_aside = summary.set_aside.iter().map(|aside| aside.count).sum::<u64>();
    if set_aside > 0 {
        let _ = writeln!(text, "set aside          {set_aside}, listed in {out}/keep/rejects.csv");
    }
    for aside in &summary.set_aside {
        let part = if aside.much == "part" { " (the rest is written)" } else { "" };
        let (list, element) = (aside.list, &aside.element);
        let place = match (list, element.as_str()) {
            ("", "") => "row".to_owned(),
            ("", column) => format!("column {}", crate::files::clean_text(column)),
            (list, element) => format!("{list}, {element}"),
        };
        let _ = writeln!(text, "{:>8}  {place}: {}{part}", aside.count, aside.reason);
    }
    for file in &summary.files {
        let _ = writeln!(text, "for the Data Exchange: {out}/{} ({} bytes)", file.file, file.bytes);
    }
    if summary.has_new_numbers {
        let _ = writeln!(text, "stays here: {out}/keep (ids.csv says who is who)");
    }
    text
}
