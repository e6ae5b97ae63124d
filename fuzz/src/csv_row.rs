//! Any bytes as an agency's CSV: every row becomes a person or a reject, each on a line of
//! its own that comes after the one before, or the whole file is refused with a reason.

use std::io::Cursor;
use std::path::Path;

use jiff::civil::date;
use veilway::Class;
use veilway::error::Fault;
use veilway::project::{Diacritics, Placeholders};
use veilway::sources::spec::Encoding;
use veilway::sources::{SourceSpec, Table};
use veilway::standardise::Standardiser;

const SOURCE: &str = "[source]\nname = \"a\"\nrecord_id = \"i\"\ndate_format = \"%d/%m/%Y\"\n\
    [columns]\nfamily_name = \"f\"\ngiven_name = \"g\"\nbirth_date = \"b\"\nsex = \"s\"\n";

/// One input.
pub fn run(input: (u8, &[u8])) {
    let (choice, body) = input;
    let encoding = Encoding::ALL[usize::from(choice % 3)];
    let mut bytes = match choice & 128 {
        0 => b"i,f,g,b,s\n".to_vec(),
        _ => Vec::new(),
    };
    bytes.extend(body);
    let reader = Box::new(Cursor::new(bytes));
    let mut table = match Table::from_reader(reader, Path::new("f.csv"), encoding, None) {
        Ok(table) => table,
        Err(e) => return assert!(e.class() == Class::Input),
    };
    let spec = SourceSpec::parse(SOURCE, "f.toml").expect("a source");
    let (fold, list) = (Diacritics::Fold, Placeholders::standard());
    let today = date(2026, 7, 1);
    let Ok(standardiser) = Standardiser::for_slk(&table, &spec, fold, &list, today) else {
        return;
    };
    let mut last = 1;
    loop {
        let batch = match table.next_batch(7) {
            Ok(batch) if batch.is_empty() => break,
            Ok(batch) => batch,
            Err(e) => return assert!(e.class() == Class::Input, "{e}"),
        };
        let rows = batch.rows.iter().map(|row| row.line);
        let mut lines: Vec<u64> = rows.chain(batch.rejects.iter().map(|r| r.line)).collect();
        lines.sort_unstable();
        for line in lines {
            assert!(line > last, "rows begin on lines of their own");
            last = line;
        }
        for row in &batch.rows {
            let person = standardiser.person(row);
            assert!(standardiser.problems(&person).count() <= 4);
            assert!(person.family.known().is_none_or(|name| !name.letters().is_empty()));
        }
    }
}
