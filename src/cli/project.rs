//! `veilway project`.

use super::Printer;
use crate::error::Error;

/// What was typed.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: Args, _printer: &Printer) -> Result<(), Error> {
    Ok(())
}
