//! `veilway verify`.

use std::path::PathBuf;

use super::Printer;
use crate::error::Error;
use crate::files::clean;
use crate::package;

/// What was typed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  veilway verify a/to-linkage-unit/agency-a.package.arrow")]
pub(crate) struct Args {
    /// The packages.
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<PathBuf>,
}

pub(crate) fn run(args: Args, printer: &Printer) -> Result<(), Error> {
    let mut all = vec![];
    let mut text = String::new();
    let mut first_failure: Option<Error> = None;
    for path in &args.packages {
        match package::verify(path) {
            Ok(verified) => {
                text += &format!(
                    "{}: good; every byte, {} rows of {} people in order, {} tokens in {} match \
                     keys, none shared beyond the limit{}\n",
                    clean(path),
                    verified.rows,
                    verified.people,
                    verified.tokens,
                    verified.match_keys,
                    match verified.fuzzy {
                        Some(n) => format!("; {n} fuzzy values, none there twice"),
                        None => String::new(),
                    }
                );
                all.push(verified);
            }
            Err(e) => match first_failure {
                None => first_failure = Some(e.into()),
                Some(_) => printer.error(&e.into()),
            },
        }
    }
    if !all.is_empty() || first_failure.is_none() {
        printer.result(&all, &text)?;
    }
    first_failure.map_or(Ok(()), Err)
}
