//! A plain copy of an export, through the same reader and writer as `slk` and on as many threads:
//! what the cost of its keys is measured against.
//!
//! usage: copied EXPORT OUT

#![allow(clippy::print_stderr)]

use std::path::Path;

use veilway::files::{Overwrite, Readers, StagedFile};
use veilway::slk::export::{Sink, copy};
use veilway::sources::spec::Encoding;
use veilway::sources::{Form, Input, Table};

fn main() -> Result<(), veilway::Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [export, out] = arguments.as_slice() else {
        eprintln!("usage: copied EXPORT OUT");
        return Ok(());
    };
    let table = Table::open(&Input::from_arg(export), &Form::of(Encoding::Utf8))?;
    let shown = Path::new(out);
    let mut file = StagedFile::create(shown, Readers::Owner, Overwrite::Replace)?;
    copy(table, Sink { out: &mut file, shown })?;
    Ok(file.commit()?)
}
