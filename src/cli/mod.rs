//! The command line: what people type, turned into calls of the rooms. The only place that
//! knows clap, terminals and exit codes; holds no loop over records.

mod bench;
mod deidentify;
mod demo;
mod dex;
mod evaluate;
mod exit_codes;
mod explain;
mod inspect;
mod key;
mod link;
mod memory;
mod pathways;
mod printer;
mod project;
mod quality;
mod release;
mod slk;
mod source;
mod synth;
mod validate;
mod verify;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Class, Error, Fault};
use crate::files::clean;
pub(crate) use printer::{Format, Printer};

/// Link the records of people across services without seeing who they are.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "\
Example:
  veilway project new --preset minimal --id yard --out project.toml
  veilway key new --project project.toml --out project.key
  veilway source new agency_a.csv --project project.toml --name agency-a --out a.toml
  veilway deidentify agency_a.csv --project project.toml --source a.toml \\
      --key-file project.key --out a
  veilway link a/to-linkage-unit/agency-a.package.arrow --project project.toml --out links"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Flags that mean the same in every command.
#[derive(Debug, clap::Args)]
struct Global {
    /// How results are written.
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, help_heading = "General")]
    format: Format,
    /// Say nothing but results and errors.
    #[arg(long, short, global = true, help_heading = "General")]
    quiet: bool,
    /// Worker threads (default: one per core).
    #[arg(long, global = true, value_name = "N", help_heading = "General",
          value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

// One value in the life of the program: its size is nobody's concern.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Subcommand)]
enum Command {
    /// Make or check the linkage agreement (`project.toml`).
    Project(project::Args),
    /// Describe an agency's export (`source.toml`).
    Source(source::Args),
    /// Make the project key, or show its fingerprint.
    Key(key::Args),
    /// Add SLK-581 keys to an export; check or explain keys.
    Slk(slk::Args),
    /// Hold an export against the Common Dataset or DEX.
    Validate(validate::Args),
    /// Say how good an export is for linking: keys, placeholders, people held twice.
    Quality(quality::Args),
    /// Turn an export into a package for the linkage unit and events for the analyst.
    Deidentify(deidentify::Args),
    /// Write upload files for the Data Exchange (DEX).
    Dex(dex::Args),
    /// Show what a package holds.
    Inspect(inspect::Args),
    /// Check a package: every digest, and that no two rows share a token.
    Verify(verify::Args),
    /// Link packages: who is the same person, without a name or a key.
    Link(link::Args),
    /// Explain at the linkage unit why two rows were linked, or not: weights part by part.
    Explain(explain::Args),
    /// Join maps and events into client pathways, with small cells protected.
    Pathways(pathways::Args),
    /// Protect tables for publication, or attack them before somebody else does.
    Release(release::Args),
    /// Measure links against a truth file.
    Evaluate(evaluate::Args),
    /// Make a synthetic population in several agency exports, with truth.
    Synth(synth::Args),
    /// Run the whole story on bundled data.
    Demo(demo::Args),
    /// Measure this machine on made people.
    Bench(bench::Args),
    /// Print what each exit code means.
    #[command(after_help = "Example:\n  veilway exit-codes")]
    ExitCodes,
}

/// A wrong combination of flags that clap cannot see.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum UsageError {
    /// The worker threads could not be started.
    #[error("cannot start {0} worker threads")]
    Threads(u16),
    /// Flags that clash, in words.
    #[error("{0}")]
    Clash(&'static str),
}

impl Fault for UsageError {
    fn class(&self) -> Class {
        Class::Usage
    }
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    // A reader that gives up on a broken file this way is told of as a broken file, and what it
    // says of it could hold a value.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(crate::sources::READER) {
            hook(panic);
        }
    }));
    run(std::env::args_os())
}

/// Runs the program on these arguments; the first is the program's name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    let cli = match Cli::try_parse_from(&args) {
        Ok(cli) => cli,
        Err(e) if e.use_stderr() && asks_for_json(&args) => {
            let e = Error::from(Misread(misreading(&e.to_string())));
            Printer::new(Format::Json, true).error(&e);
            return ExitCode::from(e.class().exit_code());
        }
        Err(e) => {
            let _ = e.print();
            return ExitCode::from(u8::try_from(e.exit_code()).unwrap_or(2));
        }
    };
    let printer = Printer::new(cli.global.format, cli.global.quiet);
    let outcome = match std::panic::catch_unwind(|| dispatch(cli, &printer)) {
        Ok(outcome) => outcome,
        Err(_) => Err(Panicked.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) if printer.pipe_closed() => {
            let _ = e;
            ExitCode::SUCCESS
        }
        Err(e) => {
            printer.error(&e);
            ExitCode::from(e.class().exit_code())
        }
    }
}

/// Whether the words of a command line that could not be read ask for JSON.
fn asks_for_json(args: &[OsString]) -> bool {
    let pair = |pair: &[OsString]| pair[0] == "--format" && pair[1] == "json";
    args.windows(2).any(pair) || args.iter().any(|arg| arg == "--format=json")
}

/// What clap says of a command line, without the usage that follows.
fn misreading(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let ends = ["\n\nUsage:", "\n\nFor more information"];
    let end = ends.iter().filter_map(|end| text.find(end)).min().unwrap_or(text.len());
    text[..end].trim().to_owned()
}

/// A command line that clap cannot read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misread(String);

impl Fault for Misread {
    fn class(&self) -> Class {
        Class::Usage
    }

    fn hint(&self) -> Option<String> {
        Some("see `--help` of the command".into())
    }
}

/// A panic that reached the top.
#[derive(Debug, thiserror::Error)]
#[error("a fault inside veilway stopped the run")]
struct Panicked;

impl Fault for Panicked {
    fn class(&self) -> Class {
        Class::Internal
    }

    fn hint(&self) -> Option<String> {
        Some("please report it, with the command and the version but without any data".into())
    }
}

fn dispatch(cli: Cli, printer: &Printer) -> Result<(), Error> {
    if let Some(n) = cli.global.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(n))
            .build_global()
            .map_err(|_| UsageError::Threads(n))?;
    }
    match cli.command {
        Command::Project(args) => project::run(args, printer),
        Command::Source(args) => source::run(args, printer),
        Command::Key(args) => key::run(args, printer),
        Command::Slk(args) => slk::run(args, printer),
        Command::Validate(args) => validate::run(args, printer),
        Command::Quality(args) => quality::run(args, printer),
        Command::Deidentify(args) => deidentify::run(args, printer),
        Command::Dex(args) => dex::run(args, printer),
        Command::Inspect(args) => inspect::run(args, printer),
        Command::Verify(args) => verify::run(args, printer),
        Command::Link(args) => link::run(args, printer),
        Command::Explain(args) => explain::run(args, printer),
        Command::Pathways(args) => pathways::run(args, printer),
        Command::Release(args) => release::run(args, printer),
        Command::Evaluate(args) => evaluate::run(args, printer),
        Command::Synth(args) => synth::run(args, printer),
        Command::Demo(args) => demo::run(args, printer),
        Command::Bench(args) => bench::run(args, printer),
        Command::ExitCodes => exit_codes::run(printer),
    }
}

/// An output that would replace what must stay.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}, so it is not replaced", clean(.path))]
struct Guarded {
    path: PathBuf,
    why: &'static str,
}

impl Fault for Guarded {
    fn class(&self) -> Class {
        Class::Refused
    }

    fn hint(&self) -> Option<String> {
        Some("name another place with `--out`".into())
    }
}

/// Refuses an output that would replace what it is made from, or a key.
fn guard(out: &Path, inputs: &[&Path]) -> Result<(), Error> {
    let Ok(place) = out.canonicalize() else { return Ok(()) };
    let refuse = |why| Err(Guarded { path: out.to_owned(), why }.into());
    if inputs.iter().any(|input| input.canonicalize().is_ok_and(|input| input == place)) {
        return refuse("is read by this command");
    }
    if crate::key::is_key_file(&place) {
        return refuse("is a key");
    }
    Ok(())
}

/// Closed pipes are nobody's fault.
pub(crate) fn is_closed_pipe(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::BrokenPipe
}
