//! The `veilway` program: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    veilway::cli::main()
}
