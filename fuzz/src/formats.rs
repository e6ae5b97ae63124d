//! Files of every kind with some bytes changed, and any bytes as text of the kinds that are text:
//! every row has as many cells as the header and stands no higher than the one before, or the
//! file is refused with a reason; no more comes out than the bounds let through.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::OnceLock;

use veilway::Class;
use veilway::error::Fault;
use veilway::files::Overwrite;
use veilway::progress::Progress;
use veilway::sources::spec::Encoding;
use veilway::sources::{Form, READER, SourceSpec, Table};
use veilway::synth::{self, As, Plan};

/// What unpacks to more than this, or a thousand times its size, is refused.
const MOST: usize = 64 << 20;

/// A sound file and how it is read.
struct Base {
    bytes: Vec<u8>,
    form: Form,
}

/// One input: which file, and what is changed in it.
pub fn run(input: (u8, &[u8])) {
    static BASES: OnceLock<Vec<Base>> = OnceLock::new();
    let bases = BASES.get_or_init(bases);
    let (choice, edits) = input;
    let texts: [&[u8]; 2] = [b"{\"a\":1,\"b\":\"x\"}\n", b"<DEXFileUpload><Clients><Client>"];
    let choice = usize::from(choice) % (bases.len() + texts.len());
    match choice.checked_sub(bases.len()) {
        Some(text) => {
            let form = Form::of(Encoding::Utf8);
            read([texts[text], edits].concat(), &form);
        }
        None => {
            let Base { bytes, form } = &bases[choice];
            read(edited(bytes, edits), form);
        }
    }
}

/// Every three bytes change one: how, and where.
fn edited(bytes: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits.chunks_exact(3).take(16) {
        let place = usize::from(edit[1]) << 8 | usize::from(edit[2]);
        // Heads and tails of files say what is where: half of the edits are there.
        let place = match edit[0] & 3 {
            0 => place % bytes.len().max(1),
            1 => place % bytes.len().clamp(1, 256),
            2 => bytes.len().saturating_sub(1 + place % 2048),
            _ => place * 7 % bytes.len().max(1),
        };
        match edit[0] >> 2 {
            0 => bytes.truncate(place),
            1 => drop(bytes.get(place).copied().map(|byte| bytes.insert(place, byte))),
            value => {
                if let Some(byte) = bytes.get_mut(place) {
                    *byte = byte.wrapping_add(value);
                }
            }
        }
    }
    bytes
}

fn read(bytes: Vec<u8>, form: &Form) {
    let size = bytes.len();
    let mut table = match Table::from_stream(Box::new(Cursor::new(bytes)), Path::new("f"), form) {
        Ok(table) => table,
        Err(e) => return assert!(e.class() == Class::Input, "{e}"),
    };
    let columns = table.header().len();
    let (mut last, mut out) = (0, 0);
    loop {
        let batch = match table.next_batch(1000) {
            Ok(batch) if batch.is_empty() => break,
            Ok(batch) => batch,
            Err(e) => return assert!(e.class() == Class::Input, "{e}"),
        };
        let rows = batch.rows.iter().map(|row| row.line);
        let mut lines: Vec<u64> = rows.chain(batch.rejects.iter().map(|r| r.line)).collect();
        lines.sort_unstable();
        assert!(lines[0] >= last, "rows come in the order of the file");
        last = lines[lines.len() - 1];
        for row in &batch.rows {
            assert!(row.cells().count() == columns);
            out += row.cells().map(str::len).sum::<usize>();
        }
        // Each session repeats what it has in common for each client.
        assert!(out <= 2 * MOST + 1000 * size, "{out} bytes of {size}");
    }
}

/// Small files of every kind, packed ones among them.
fn bases() -> Vec<Base> {
    // A reader that panics on damaged bytes is no finding: it says that the file is broken.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(READER) {
            hook(panic);
        }
    }));
    let home = std::env::temp_dir().join(format!("veilway-fuzz-{}", std::process::id()));
    let mut bases = Vec::new();
    for (kind, file) in [
        (As::Workbook, "export.xlsx"),
        (As::Parquet, "events.parquet"),
        (As::JsonLines, "export.jsonl"),
        (As::Dex, "upload.xml"),
    ] {
        let plan = Plan::new(40, 2, 1).expect("a plan").in_files(kind);
        synth::write(&plan, &home, Overwrite::Replace, &Progress::silent()).expect("written");
        let folder = home.join("housing");
        let source = SourceSpec::load(&folder.join("source.toml")).expect("a source");
        let form = source.form();
        let bytes = fs::read(folder.join(file)).expect("read");
        let packed = zstd::encode_all(&bytes[..], 1).expect("packed");
        bases.push(Base { bytes: packed, form: form.clone() });
        bases.push(Base { bytes, form });
    }
    let arrow = veilway_arrow();
    bases.push(Base { bytes: arrow, form: Form::of(Encoding::Utf8) });
    let _ = fs::remove_dir_all(home);
    bases
}

/// An Arrow stream of two columns, one of them compressed.
fn veilway_arrow() -> Vec<u8> {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};

    let names: ArrayRef = Arc::new(StringArray::from_iter_values((0..200).map(|i| format!("n{i}"))));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..200));
    let batch = RecordBatch::try_from_iter([("n", names), ("i", numbers)]).expect("a batch");
    let options = IpcWriteOptions::default()
        .try_with_compression(Some(CompressionType::LZ4_FRAME))
        .expect("options");
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options)
        .expect("a writer");
    writer.write(&batch).expect("written");
    writer.into_inner().expect("written")
}
