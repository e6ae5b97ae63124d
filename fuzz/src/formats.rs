//! Files of every kind with some bytes changed, and any bytes as text of the kinds that are text:
//! every row has as many cells as the header and stands no higher than the one before, or the
//! file is refused with a reason; no more comes out than the bounds let through.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::sync::OnceLock;

use veilway::Class;
use veilway::error::Fault;
use veilway::files::Overwrite;
use veilway::progress::Progress;
use veilway::sources::spec::Encoding;
use veilway::sources::{Form, READER, SourceSpec, Table};
use veilway::synth::{self, As, Plan};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{edited, home};

/// What unpacks to more than this, or a thousand times its size, is refused.
const MOST: usize = 64 << 20;

/// A sound file and how it is read.
struct Base {
    bytes: Vec<u8>,
    /// The workbook that the bytes are a part of, and its name there.
    part: Option<(Vec<u8>, &'static str)>,
    form: Form,
}

/// One input: which file, and what is changed in it.
pub fn run(input: (u8, &[u8])) {
    static BASES: OnceLock<Vec<Base>> = OnceLock::new();
    let bases = BASES.get_or_init(sound_files);
    let (choice, edits) = input;
    let texts: [&[u8]; 2] = [b"{\"a\":1,\"b\":\"x\"}\n", b"<DEXFileUpload><Clients><Client>"];
    let choice = usize::from(choice) % (bases.len() + texts.len());
    match choice.checked_sub(bases.len()) {
        Some(text) => {
            let form = Form::of(Encoding::Utf8);
            read([texts[text], edits].concat(), &form);
        }
        None => {
            let Base { bytes, part, form } = &bases[choice];
            let changed = edited(bytes, edits);
            match part {
                // Zip has checksums: a change that is to be seen is made before packing.
                Some((workbook, name)) => read(repacked(workbook, name, &changed), form),
                None => read(changed, form),
            }
        }
    }
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
fn sound_files() -> Vec<Base> {
    // A reader that panics on damaged bytes is no finding: it says that the file is broken.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if std::thread::current().name() != Some(READER) {
            hook(panic);
        }
    }));
    let home = home("formats");
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
        if kind == As::Workbook {
            for name in ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/styles.xml"] {
                let part = Some((bytes.clone(), name));
                bases.push(Base { bytes: unpacked(&bytes, name), part, form: form.clone() });
            }
        }
        bases.push(Base { bytes: packed, part: None, form: form.clone() });
        bases.push(Base { bytes, part: None, form });
    }
    let arrow = veilway_arrow();
    bases.push(Base { bytes: arrow, part: None, form: Form::of(Encoding::Utf8) });
    let _ = fs::remove_dir_all(home);
    bases
}

/// One part of a workbook.
fn unpacked(workbook: &[u8], name: &str) -> Vec<u8> {
    let mut zip = ZipArchive::new(Cursor::new(workbook)).expect("a workbook");
    let mut bytes = Vec::new();
    zip.by_name(name).expect("a part").read_to_end(&mut bytes).expect("read");
    bytes
}

/// The workbook with one part replaced.
fn repacked(workbook: &[u8], name: &str, part: &[u8]) -> Vec<u8> {
    let mut zip = ZipArchive::new(Cursor::new(workbook)).expect("a workbook");
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for i in 0..zip.len() {
        let file = zip.by_index_raw(i).expect("a part");
        if file.name().expect("a name") != name {
            out.raw_copy_file(file).expect("copied");
        }
    }
    out.start_file(name, plain).expect("begun");
    out.write_all(part).expect("written");
    out.finish().expect("a workbook").into_inner()
}

/// An Arrow stream of two columns, one of them compressed.
fn veilway_arrow() -> Vec<u8> {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};

    let names: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..200).map(|i| format!("n{i}"))));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..200));
    let batch = RecordBatch::try_from_iter([("n", names), ("i", numbers)]).expect("a batch");
    let options = IpcWriteOptions::default()
        .try_with_compression(Some(CompressionType::LZ4_FRAME))
        .expect("options");
    let mut writer =
        StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).expect("a writer");
    writer.write(&batch).expect("written");
    writer.into_inner().expect("written")
}
