//! `veilway source`.

use std::path::PathBuf;

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;

use super::{Format, Printer};
use crate::days::{DATE_FORMAT, DateFormats};
use crate::error::Error;
use crate::files::{self, Overwrite, Readers, clean, clean_text};
use crate::ids::SourceName;
use crate::project::Project;
use crate::sources::propose::{Known, Placed, Proposal, propose};
use crate::sources::spec::Encoding;
use crate::sources::{self, DEX_SOURCE, Form, Input, Kind, SourceSpec, Table};

/// How many rows are looked at for date formats and codes.
const SAMPLE: usize = 1000;

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    veilway source new agency_a.csv --project project.toml --name agency-a --out a.toml")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Propose a source.toml from an export's header, for you to check.
    #[command(after_help = "Example:\n  \
        veilway source new agency_a.csv --project project.toml --name agency-a --out a.toml\n\n\
        Only headings and short codes are shown, never a name or a date.")]
    New {
        /// The export: CSV, .xlsx, Parquet, Arrow, JSON Lines or a DEX upload, packed or not; `-` is
        /// standard input.
        export: PathBuf,
        /// The agreement.
        #[arg(long, value_name = "FILE")]
        project: PathBuf,
        /// What to call the source: lower-case letters, digits and hyphens.
        #[arg(long)]
        name: SourceName,
        /// How dates are written, as %d/%m/%Y; found from the export where only one way fits.
        #[arg(long, value_name = "FORMAT", value_parser = date_format)]
        date_format: Option<DateFormats>,
        /// The source holds each person once.
        #[arg(long)]
        unique_people: bool,
        /// How the export's bytes become text; found from the export unless said.
        #[arg(long, value_parser = encodings())]
        encoding: Option<Encoding>,
        /// Where to write the description.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace the file if it is there.
        #[arg(long)]
        force: bool,
    },
}

pub(super) fn encodings() -> impl TypedValueParser<Value = Encoding> {
    PossibleValuesParser::new(Encoding::ALL.map(Encoding::name)).try_map(|word| {
        Encoding::ALL.into_iter().find(|e| e.name() == word).ok_or("no such encoding")
    })
}

pub(super) fn date_format(text: &str) -> Result<DateFormats, String> {
    DateFormats::of(text).ok_or_else(|| format!("expected {DATE_FORMAT}"))
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let Command::New { export, project, name, date_format, unique_people, encoding, out, force } =
        args.command;
    super::guard(&out, &[&export, &project])?;
    let agreement = clean(&project);
    let project = Project::load(&project)?;
    let (Looked { table, sample, encoding }, found) = look(&Input::from_arg(&export), encoding)?;
    let date_format = date_format.map(|format| format.to_string());
    let known = Known {
        name: &name,
        project: &project,
        unique_people,
        encoding,
        delimiter: None,
        date_format: date_format.as_deref(),
    };
    let mut proposal = propose(table.header(), &sample, &known);
    proposal.notes.extend(found);
    if table.kind() == Kind::Dex {
        // The sessions are another list of the same file; what is in it is known.
        let start = DEX_SOURCE.find("# A session is").unwrap_or(DEX_SOURCE.len());
        proposal.toml += &format!("\n{}", &DEX_SOURCE[start..]);
    }
    if !proposal.knows_a_heading() {
        let (file, columns) = (clean(&export), table.header().len());
        return Err(sources::Error::NoHeadings { file, columns }.into());
    }
    let overwrite = if force { Overwrite::Replace } else { Overwrite::Refuse };
    files::write_whole(&out, proposal.toml.as_bytes(), Readers::Default, overwrite)?;
    let file = clean(&out);
    let ready = proposal.to_decide.is_empty() && SourceSpec::parse(&proposal.toml, &file).is_ok();
    if printer.format() == Format::Json {
        printer.result(&Written { file: &file, ready, proposal: &proposal }, "")?;
    }
    printer.say(&talk([&file, &clean(&export), &agreement], ready, &proposal));
    Ok(())
}

/// An open export with its first rows.
struct Looked {
    table: Table,
    sample: Vec<Vec<String>>,
    encoding: Encoding,
}

impl Looked {
    fn at(export: &Input, encoding: Encoding) -> Result<Self, sources::Error> {
        let mut table = Table::open(export, &Form::of(encoding))?;
        let batch = table.next_batch(SAMPLE)?;
        let row = |row: &sources::Row| row.cells().map(str::to_owned).collect();
        let sample = batch.rows.iter().map(row).collect();
        Ok(Looked { table, sample, encoding })
    }
}

/// Opens an export. Where nobody said how its bytes become text, and they are not UTF-8, as what
/// an older spreadsheet wrote, with a sentence on that. Standard input is read once, so it is as
/// said.
fn look(
    export: &Input,
    encoding: Option<Encoding>,
) -> Result<(Looked, Option<String>), sources::Error> {
    let refused = match Looked::at(export, encoding.unwrap_or(Encoding::Utf8)) {
        Err(e) if encoding.is_none() && matches!(export, Input::File(_)) => e,
        read => return Ok((read?, None)),
    };
    if !matches!(refused, sources::Error::Malformed { .. }) {
        return Err(refused);
    }
    let looked = Looked::at(export, Encoding::Windows1252)?;
    let why = "encoding: read as `windows-1252`, since it is not UTF-8; look whether names with \
               accents are right";
    Ok((looked, Some(why.to_owned())))
}

#[derive(Debug, Serialize)]
struct Written<'a> {
    file: &'a str,
    ready: bool,
    #[serde(flatten)]
    proposal: &'a Proposal,
}

/// What was placed, what was not, and what to do next.
fn talk([file, export, agreement]: [&str; 3], ready: bool, proposal: &Proposal) -> String {
    let mut text = format!("wrote {file}\n");
    let mut list = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            text += &format!("{title}\n");
            lines.iter().for_each(|line| text += &format!("  {}\n", clean_text(line)));
        }
    };
    let pairs = |placed: &[Placed]| {
        placed.iter().map(|p| format!("{:<28} {}", p.key, p.column)).collect::<Vec<String>>()
    };
    list("placed", pairs(&proposal.placed));
    list("not sure: written as comments, for you to confirm", pairs(&proposal.unsure));
    list("no column found for", proposal.missing.clone());
    list("columns not used", proposal.unused.clone());
    list("noticed", proposal.notes.clone());
    list("to decide before the file can be used", proposal.to_decide.clone());
    text += &match ready {
        true => {
            let [shown, export, agreement] = [file, export, agreement].map(argument);
            format!(
                "next: read {file} and correct it, then\n  veilway quality {export} --source \
                 {shown}\n  veilway deidentify {export} --project {agreement} --source {shown} \
                 --key-file project.key --out DIR"
            )
        }
        false => format!("next: open {file} and decide what is listed above"),
    };
    text
}

/// A file's name as it is typed: in quotes where a shell would take it for several words.
fn argument(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./\\:+,=@~".contains(c);
    match name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("\"{name}\""),
    }
}
