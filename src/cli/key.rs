//! `veilway key`.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use super::Printer;
use crate::error::Error;
use crate::files::clean;
use crate::key::{Fingerprint, ProjectKey};
use crate::project::Project;

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  \
    veilway key new --project project.toml --out project.key\n  \
    veilway key fingerprint project.key --project project.toml")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the project key: once, at one agency.
    #[command(after_help = "Example:\n  \
        veilway key new --project project.toml --out project.key")]
    New {
        /// The agreement.
        #[arg(long, value_name = "FILE")]
        project: PathBuf,
        /// Where to write the key; a key is never replaced.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Show the fingerprint of a key: the same at every agency, and safe to publish.
    #[command(after_help = "Example:\n  \
        veilway key fingerprint project.key --project project.toml")]
    Fingerprint {
        /// The key file.
        file: PathBuf,
        /// The agreement.
        #[arg(long, value_name = "FILE")]
        project: PathBuf,
    },
}

/// What may be said of a key.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    project: &'a str,
    period: &'a str,
    fingerprint: Fingerprint,
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    match args.command {
        Command::New { project, out } => {
            let project = Project::load(&project)?;
            let key = ProjectKey::create(&out, &project)?;
            let fingerprint = key.fingerprint(&project);
            show(printer, &project, fingerprint)?;
            printer.say(&format!(
                "wrote {}, which only you may read; the line above is its fingerprint\n\
                 next: hand the file to the other agencies over a safe channel (not e-mail), and \
                 compare\nfingerprints by telephone; the linkage unit and the analysts must never \
                 have it",
                clean(&out)
            ));
            Ok(())
        }
        Command::Fingerprint { file, project } => {
            let project = Project::load(&project)?;
            let fingerprint = ProjectKey::load(&file)?.fingerprint(&project);
            show(printer, &project, fingerprint)
        }
    }
}

fn show(printer: &Printer, project: &Project, fingerprint: Fingerprint) -> Result<(), Error> {
    let shown = Shown { project: &project.id, period: &project.period, fingerprint };
    printer.result(&shown, &format!("{fingerprint}\n"))
}
