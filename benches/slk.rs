//! How fast people become SLK-581 keys. Every case checks its answer once before it is
//! timed: a wrong and fast one fails.

use std::io::Cursor;
use std::path::Path;

use divan::Bencher;
use divan::counter::ItemsCount;
use jiff::civil::date;
use veilway::progress::Progress;
use veilway::project::{Diacritics, Placeholders};
use veilway::slk::export::{Sink, add_keys, copy};
use veilway::slk::{Profile, make};
use veilway::sources::spec::Encoding;
use veilway::sources::{SourceSpec, Table};
use veilway::standardise::{Name, PlaceholderList, Standardiser};

const ROWS: usize = 10_000;

const SOURCE: &str = "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = \"%d/%m/%Y\"\n\
    [columns]\nfamily_name = \"family\"\ngiven_name = \"given\"\nbirth_date = \"born\"\n\
    sex = \"sex\"\n";

/// Invented names: plain, with signs, and with marks.
const NAMES: [(&str, &str); 4] =
    [("Smith", "John"), ("O'Mara-Lee", "Jo Anne"), ("Nguyễn", "Thảo"), ("Ng", "Zoë")];

fn main() {
    divan::main();
}

fn export() -> String {
    let mut text = String::from("id,family,given,born,sex\n");
    for n in 0..ROWS {
        let (family, given) = NAMES[n % NAMES.len()];
        let (day, month, year) = (1 + n % 28, 1 + n % 12, 1930 + n % 90);
        text += &format!("{n},{family},{given},{day:02}/{month:02}/{year},{}\n", 1 + n % 2);
    }
    text
}

fn open(text: &str) -> (Table, Standardiser) {
    let reader = Box::new(Cursor::new(text.as_bytes().to_vec()));
    let table =
        Table::from_reader(reader, Path::new("bench.csv"), Encoding::Utf8, None).expect("a table");
    let spec = SourceSpec::parse(SOURCE, "bench.toml").expect("a source");
    let (fold, list) = (Diacritics::Fold, Placeholders::standard());
    let standardiser = Standardiser::for_slk(&table, &spec, fold, &list, date(2026, 7, 1));
    (table, standardiser.expect("a standardiser"))
}

/// One name from text to letters.
#[divan::bench(args = ["Smith", "O'Mara-Lee", "Nguyễn"])]
fn name(bencher: Bencher<'_, '_>, text: &str) {
    let list = PlaceholderList::new(&Placeholders::standard());
    let read = || Name::read(text, Diacritics::Fold, &list);
    let letters = read().known().map(|name| name.letters().to_owned());
    assert!(["SMITH", "OMARALEE", "NGUYEN"].map(Some).contains(&letters.as_deref()));
    bencher.counter(ItemsCount::new(1usize)).bench(read);
}

/// Rows already in memory to people to keys, on one thread.
#[divan::bench]
fn rows_to_keys(bencher: Bencher<'_, '_>) {
    let (mut table, standardiser) = open(&export());
    let rows = table.next_batch(ROWS).expect("rows").rows;
    let key = |row| make(&standardiser.person(row), Profile::Aihw).expect("a key").0;
    let first: Vec<String> = rows[..4].iter().map(|row| key(row).as_str().to_owned()).collect();
    assert_eq!(first, ["MIHOH010119301", "MAAOA020219312", "GUEHA030319321", "G22OE040419332"]);
    bencher
        .counter(ItemsCount::new(ROWS))
        .bench(|| rows.iter().map(|row| u64::from(key(row).as_str().as_bytes()[0])).sum::<u64>());
}

/// A whole export, CSV to CSV, on every thread.
#[divan::bench]
fn export_to_keyed_export(bencher: Bencher<'_, '_>) {
    let text = export();
    let run = || {
        let (table, standardiser) = open(&text);
        let mut out = Vec::with_capacity(text.len() * 2);
        let sink = Sink { out: &mut out, shown: Path::new("out.csv") };
        let silent = Progress::silent();
        add_keys(table, &standardiser, Profile::Aihw, sink, |_| Ok(()), &silent).expect("keyed")
    };
    assert_eq!(run().keys, ROWS as u64);
    bencher.counter(ItemsCount::new(ROWS)).bench(run);
}

/// The same export through the same reader and writer without keys: what the keys cost is what
/// the one above takes beyond it.
#[divan::bench]
fn export_to_copied_export(bencher: Bencher<'_, '_>) {
    let text = export();
    let run = || {
        let (table, _) = open(&text);
        let mut out = Vec::with_capacity(text.len() * 2);
        let rows = copy(table, Sink { out: &mut out, shown: Path::new("out.csv") });
        (rows.expect("copied"), out)
    };
    assert!(run() == (ROWS as u64, text.clone().into_bytes()));
    bencher.counter(ItemsCount::new(ROWS)).bench(run);
}
