//! `veilway exit-codes`.

use serde::Serialize;

use super::Printer;
use crate::error::{Class, Error};

/// One way a run can end.
#[derive(Serialize)]
struct Code {
    code: u8,
    class: &'static str,
    meaning: &'static str,
}

pub(crate) fn run(printer: &Printer) -> Result<(), Error> {
    let mut codes = vec![Code {
        code: 0,
        class: "finished",
        meaning: "the work is done, or the reader of the output had enough",
    }];
    codes.extend(Class::ALL.map(|class| Code {
        code: class.exit_code(),
        class: class.name(),
        meaning: meaning(class),
    }));
    codes.push(Code { code: 130, class: "interrupted", meaning: "somebody pressed Ctrl-C" });
    let mut text = String::from("code  class        what it means\n");
    for Code { code, class, meaning } in &codes {
        text += &format!("{code:>4}  {class:<11}  {meaning}\n");
    }
    printer.result(&codes, &text)
}

fn meaning(class: Class) -> &'static str {
    match class {
        Class::Finding => "the answer is \"no\": a check found something",
        Class::Usage => "a wrong flag, or a mistake in project.toml or source.toml",
        Class::Input => "the export or another data file: a missing column, a wrong encoding",
        Class::Key => "a key file: missing, damaged, of another kind, or readable by others",
        Class::Package => "a package: damaged, or of another agreement or key",
        Class::Refused => "on purpose: it would break a protection or replace something",
        Class::Io => "the machine: no such file, no permission, disk full",
        Class::Internal => "a fault inside veilway: please report it, without any data",
    }
}
