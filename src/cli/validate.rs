//! `veilway validate`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use jiff::civil::Date;

use super::Printer;
use super::quality::put;
use super::slk::today;
use super::source::{date_format, encodings};
use crate::days::DateFormats;
use crate::error::Error;
use crate::files::{Overwrite, Readers, StagedFile, clean, clean_text};
use crate::sources::spec::Encoding;
use crate::sources::upload::Upload;
use crate::sources::{Form, Input, SourceSpec, Table};
use crate::standard::{self, Job, Period, Report, Standard, Wording};

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  veilway validate common_dataset.csv --standard common-dataset --html findings.html
  veilway validate dex.csv --standard dex --period 2025-jan-jun --format json

A column is found by its item number (`1.2.3`), by the item's title or a usual spelling of it, or
by what --source says. Findings are counted by item and rule, with the first lines where each
stands; no value is shown. Exit code 1 when something is found.")]
pub(crate) struct Args {
    /// The export: CSV, .xlsx, Parquet, Arrow, JSON Lines, packed or not, or a DEX upload (all its
    /// lists); `-` is standard input.
    #[arg(value_name = "EXPORT")]
    export: OsString,
    /// The standard.
    #[arg(long, value_name = "STANDARD", value_parser = standards())]
    standard: Standard,
    /// The export's description (`veilway source new` writes one).
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// Keep to the document's own wording, known defects and all.
    #[arg(long)]
    strict: bool,
    /// How dates are written [default: as the description says, or else the standard].
    #[arg(long, value_name = "FORMAT", value_parser = date_format)]
    date_format: Option<DateFormats>,
    /// The half-year that the sessions are of, as 2025-jan-jun or 2025-jul-dec (DEX).
    #[arg(long, value_name = "PERIOD", value_parser = period)]
    period: Option<Period>,
    /// The day the export was made, as YYYY-MM-DD: dates after it are in the future
    /// [default: today].
    #[arg(long, value_name = "DATE")]
    as_at: Option<Date>,
    /// How the file's bytes become text [default: as the description says, or utf-8].
    #[arg(long, value_name = "ENCODING", value_parser = encodings())]
    encoding: Option<Encoding>,
    /// Write the report as a page to this file too.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Replace the page if it is there.
    #[arg(long)]
    force: bool,
}

fn standards() -> impl TypedValueParser<Value = Standard> {
    PossibleValuesParser::new(Standard::ALL.map(Standard::name))
        .try_map(|word| word.parse::<Standard>())
}

pub(super) fn period(text: &str) -> Result<Period, &'static str> {
    Period::parse(text).ok_or("expected a half-year, such as 2025-jan-jun or 2025-jul-dec")
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let source = args.source.as_deref().map(SourceSpec::load).transpose()?;
    let mut page = None;
    if let Some(html) = &args.html {
        let mut inputs: Vec<&Path> = vec![args.export.as_ref()];
        inputs.extend(args.source.as_deref());
        super::guard(html, &inputs)?;
        let overwrite = if args.force { Overwrite::Replace } else { Overwrite::Refuse };
        page = Some((StagedFile::create(html, Readers::Owner, overwrite)?, html));
    }
    let mut form = source.as_ref().map_or(Form::of(Encoding::Utf8), SourceSpec::form);
    form.encoding = args.encoding.unwrap_or(form.encoding);
    let input = Input::from_arg(&args.export);
    let is_upload = match input {
        Input::Stdin => false,
        _ => args.standard == Standard::Dex && source.is_none() && Upload::is(&input)?,
    };
    let job = Job {
        standard: args.standard,
        wording: if args.strict { Wording::AsWritten } else { Wording::Corrected },
        source,
        date_format: args.date_format,
        period: args.period,
        as_at: args.as_at.unwrap_or_else(today),
    };
    let report = match is_upload {
        true => standard::validate_upload(&input, &job, &printer.progress())?,
        false => standard::validate(Table::open(&input, &form)?, &job, &printer.progress())?,
    };
    if let Some((mut file, html)) = page {
        put(&mut file, report.html()?.as_bytes())?;
        file.commit()?;
        printer.say(&format!("written: {}", clean(html)));
    }
    printer.result(&report, &text(&report))?;
    Ok(report.pass()?)
}

fn text(report: &Report) -> String {
    let mut text = format!(
        "standard  {} ({})\nrows      {}, {} of them set aside\nitems     {} have a column, {} have \
         none\nfindings  {}; rows with findings of their own: {}\n",
        report.standard,
        report.wording,
        report.rows,
        report.set_aside,
        report.items.len(),
        report.items_without_column,
        report.found,
        report.rows_with_findings,
    );
    if let Some(c) = &report.coverage {
        let _ = writeln!(
            text,
            "clients   {}; with a SCORE {}, with one before and one after {}\n\
             cases     {}; without a session {}\n\
             sessions  {}; without a client {}",
            c.clients,
            c.clients_with_score,
            c.clients_with_pair,
            c.cases,
            c.cases_without_session,
            c.sessions,
            c.sessions_without_client,
        );
    }
    if report.columns_not_known > 0 {
        let names: Vec<String> = report.headings_not_known.iter().map(|h| clean_text(h)).collect();
        let names =
            if names.is_empty() { String::new() } else { format!(": {}", names.join(", ")) };
        let _ = writeln!(text, "no item   {}{names}", report.columns_not_known);
    }
    for finding in &report.findings {
        let item = match finding.item.as_str() {
            "" => String::new(),
            item if item == finding.name => format!("{item} "),
            item => format!("{item} {}: ", finding.name),
        };
        let _ = write!(text, "{:>8}  {item}{}", finding.count, finding.text);
        if let Some(expected) = &finding.expected {
            let _ = write!(text, " ({expected})");
        }
        let lines: Vec<String> = finding.lines.iter().map(u64::to_string).collect();
        let _ = match &lines[..] {
            [] => writeln!(text),
            [line] => writeln!(text, "; on line {line}"),
            lines => writeln!(text, "; first on lines {}", lines.join(", ")),
        };
    }
    text
}
