//! Parquet and Arrow IPC: columns of typed values, turned into rows of text cells. A null is an
//! empty cell. Lengths that the bytes themselves state are checked before they are believed.

use std::io::Read;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type,
    Decimal256Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{Message, root_as_message};
use arrow_schema::{DataType, Schema, TimeUnit};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::file::reader::ChunkReader;

use super::error::Error;
use super::feed::{Halt, Sink};
use super::form::{Form, Pen};
use super::kind::Kind;
use super::unpack::{self, FREE};

/// Rows that are decoded together.
const ROWS: usize = 1 << 13;

/// How many times its own size the text of a file may have, beyond [`FREE`] bytes: columns
/// that repeat one value take next to nothing.
const MOST_TIMES: u64 = 1000;

/// What a row counts as, beside its text: rows of nothing are rows too.
const ROW: u64 = 64;

/// The metadata of one Arrow message is no longer than this.
const MOST_METADATA: u32 = 16 << 20;

/// The mark of an Arrow file is padded to no more than so many times 8 bytes.
const MOST_PADDING: usize = 16;

/// The body of one Arrow message is no longer than this.
const MOST_BODY: u64 = 1 << 30;

/// Reads a Parquet file.
pub(super) fn parquet(
    bytes: impl ChunkReader + 'static,
    form: &Form,
    sink: &mut Sink,
) -> Result<(), Halt> {
    let unsound = |sink: &Sink| Error::Unsound {
        file: sink.file().to_owned(),
        kind: Kind::Parquet,
        line: None,
    };
    let size = bytes.len();
    // What pandas and others add to the schema is not needed, and could be anything.
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes, options)
        .map_err(|_| unsound(sink))?;
    let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).ok();
    let mut table = Columns::begin(builder.schema(), rows, form, sink)?;
    let batches = builder.with_batch_size(ROWS).build().map_err(|_| unsound(sink))?;
    for batch in batches {
        table.batch(&batch.map_err(|_| unsound(sink))?, size, sink)?;
    }
    Ok(())
}

/// Reads an Arrow IPC stream, or a file, which is a stream between two marks.
pub(super) fn arrow(
    reader: Box<dyn Read + Send>,
    shown: &Path,
    form: &Form,
    sink: &mut Sink,
) -> Result<(), Halt> {
    let mut messages = Messages { reader, read: 0, file: sink.file().to_owned() };
    let unsound = |sink: &Sink| Error::Unsound {
        file: sink.file().to_owned(),
        kind: Kind::Arrow,
        line: None,
    };
    let mut decoder = StreamDecoder::new();
    let mut table = None;
    let mut is_first = true;
    loop {
        let message = messages.next(is_first, shown)?;
        is_first = false;
        let is_last = message.is_none();
        let mut bytes = Buffer::from_vec(message.unwrap_or_else(|| END.to_vec()));
        while !bytes.is_empty() {
            let batch = decoder.decode(&mut bytes).map_err(|_| unsound(sink))?;
            if let (None, Some(schema)) = (&table, decoder.schema()) {
                table = Some(Columns::begin(&schema, None, form, sink)?);
            }
            if let (Some(table), Some(batch)) = (&mut table, batch) {
                table.batch(&batch, messages.read, sink)?;
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

/// The end of an Arrow stream.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// The messages of an Arrow stream, each whole and of believable lengths.
struct Messages {
    reader: Box<dyn Read + Send>,
    read: u64,
    file: String,
}

impl Messages {
    /// The next message with its mark, its metadata and its body; nothing at the end.
    fn next(&mut self, is_first: bool, shown: &Path) -> Result<Option<Vec<u8>>, Halt> {
        let mut bytes = self.take(8, shown)?;
        if is_first && bytes.starts_with(b"ARROW1") {
            // The mark is padded with zeros, to 8 bytes or more.
            let mut padding = 0;
            loop {
                bytes = self.take(8, shown)?;
                padding += 1;
                if padding > MOST_PADDING || bytes.iter().any(|b| *b != 0) || bytes.is_empty() {
                    break;
                }
            }
        }
        let length = match bytes[..] {
            // A stream may just end.
            [] => return Ok(None),
            [0xff, 0xff, 0xff, 0xff, a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
            _ => return Err(self.unsound()),
        };
        if length == 0 {
            return Ok(None);
        }
        if length > MOST_METADATA {
            return Err(self.unsound());
        }
        let metadata = self.take(u64::from(length), shown)?;
        let message = root_as_message(&metadata).map_err(|_| self.unsound())?;
        let body = u64::try_from(message.bodyLength()).map_err(|_| self.unsound())?;
        if metadata.len() < length as usize || body > MOST_BODY {
            return Err(self.unsound());
        }
        let body = self.take(body, shown)?;
        if body.len() as i64 != message.bodyLength() || !is_believable(&message, &body) {
            return Err(self.unsound());
        }
        bytes.extend(metadata);
        bytes.extend(body);
        Ok(Some(bytes))
    }

    /// So many bytes, or as many as there are: memory follows what is there.
    fn take(&mut self, length: u64, shown: &Path) -> Result<Vec<u8>, Halt> {
        let mut bytes = Vec::new();
        let read = self.reader.by_ref().take(length).read_to_end(&mut bytes);
        read.map_err(|e| unpack::broken(&e, shown))?;
        self.read += bytes.len() as u64;
        Ok(bytes)
    }

    fn unsound(&self) -> Halt {
        Error::Unsound { file: self.file.clone(), kind: Kind::Arrow, line: None }.into()
    }
}

/// Whether the buffers that a message describes lie in its body, and become no more than is
/// reasonable where they are compressed.
fn is_believable(message: &Message<'_>, body: &[u8]) -> bool {
    let batch = message
        .header_as_record_batch()
        .or_else(|| message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data()));
    let Some(batch) = batch else { return true };
    let mut unpacked = 0u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let (Ok(start), Ok(length)) =
            (usize::try_from(buffer.offset()), usize::try_from(buffer.length()))
        else {
            return false;
        };
        let Some(bytes) = start.checked_add(length).and_then(|end| body.get(start..end)) else {
            return false;
        };
        if let (Some(_), Some(stated)) = (batch.compression(), bytes.first_chunk::<8>()) {
            // -1 says that the buffer is not compressed after all.
            let stated = i64::from_le_bytes(*stated);
            if stated < -1 {
                return false;
            }
            unpacked = unpacked.saturating_add(stated.max(0) as u64);
        }
    }
    batch.length() >= 0 && unpacked <= FREE.max(MOST_TIMES * body.len() as u64).min(MOST_BODY)
}

/// The columns of a file, and what came of them so far.
struct Columns {
    pens: Vec<Pen>,
    row: u64,
    /// What the rows came to: bytes of text, and [`ROW`] for each.
    written: u64,
}

impl Columns {
    fn begin(
        schema: &Schema,
        rows: Option<u64>,
        form: &Form,
        sink: &mut Sink,
    ) -> Result<Columns, Halt> {
        for field in schema.fields() {
            if let Some(holds) = unreadable(field.data_type()) {
                let (file, column) = (sink.file().to_owned(), field.name().clone());
                return Err(Error::ColumnType { file, column, holds }.into());
            }
        }
        let names: Vec<String> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let pens = names.iter().map(|name| form.pen(name)).collect();
        sink.header(names, rows)?;
        Ok(Columns { pens, row: 0, written: 0 })
    }

    /// Writes the rows of a batch; `size` is how many bytes of the file they may come from.
    fn batch(&mut self, batch: &RecordBatch, size: u64, sink: &mut Sink) -> Result<(), Halt> {
        let columns: Vec<Column> = batch.columns().iter().map(Column::new).collect();
        for row in 0..batch.num_rows() {
            self.row += 1;
            let before = sink.text().len();
            let mut fault = None;
            for (column, pen) in columns.iter().zip(&self.pens) {
                if let Err(reason) = column.write(row, pen, sink.text()) {
                    fault = Some(reason);
                    break;
                }
                sink.end_cell();
            }
            self.written += ROW + (sink.text().len() - before) as u64;
            match fault {
                Some(reason) => sink.reject(self.row, reason.to_owned())?,
                None => sink.end_row(self.row)?,
            }
            if self.written > FREE && self.written / MOST_TIMES > size {
                return Err(Error::Swollen { file: sink.file().to_owned() }.into());
            }
        }
        Ok(())
    }
}

/// What a column holds that is no single value.
fn unreadable(data_type: &DataType) -> Option<&'static str> {
    match data_type {
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::ListView(_)
        | DataType::LargeListView(_)
        | DataType::FixedSizeList(..) => Some("lists"),
        DataType::Struct(_) | DataType::Union(..) | DataType::Map(..) => Some("several values"),
        DataType::RunEndEncoded(..) => Some("run-end encoded values"),
        DataType::Interval(_) | DataType::Duration(_) => Some("spans of time"),
        DataType::Dictionary(_, values) => unreadable(values),
        _ => None,
    }
}

/// One column of a batch.
struct Column {
    values: ArrayRef,
    /// Where the values are held once: the place of each row's.
    keys: Option<(ArrayRef, Vec<usize>)>,
}

const NOT_TEXT: &str = "holds bytes that are no text";
const NO_DAY: &str = "holds a date beyond the calendar";
/// Why a row with a number that lost digits is set aside.
pub(super) const DIGITS: &str =
    "holds a number of more digits than are kept; write the column as text";

impl Column {
    fn new(array: &ArrayRef) -> Column {
        match array.as_any_dictionary_opt() {
            Some(dictionary) => Column {
                values: dictionary.values().clone(),
                keys: Some((array.clone(), dictionary.normalized_keys())),
            },
            None => Column { values: array.clone(), keys: None },
        }
    }

    /// Writes the value of a row, or says why it cannot be.
    fn write(&self, row: usize, pen: &Pen, into: &mut String) -> Result<(), &'static str> {
        let at = match &self.keys {
            Some((array, _)) if array.is_null(row) => return Ok(()),
            Some((_, places)) => places[row],
            None => row,
        };
        let values = &self.values;
        if at >= values.len() || values.is_null(at) {
            return Ok(());
        }
        let text = |bytes, into: &mut String| -> Result<(), &'static str> {
            into.push_str(std::str::from_utf8(bytes).map_err(|_| NOT_TEXT)?);
            Ok(())
        };
        match values.data_type() {
            DataType::Null => {}
            DataType::Utf8 => into.push_str(values.as_string::<i32>().value(at)),
            DataType::LargeUtf8 => into.push_str(values.as_string::<i64>().value(at)),
            DataType::Utf8View => into.push_str(values.as_string_view().value(at)),
            DataType::Binary => text(values.as_binary::<i32>().value(at), into)?,
            DataType::LargeBinary => text(values.as_binary::<i64>().value(at), into)?,
            DataType::BinaryView => text(values.as_binary_view().value(at), into)?,
            DataType::FixedSizeBinary(_) => text(values.as_fixed_size_binary().value(at), into)?,
            DataType::Boolean => {
                into.push_str(if values.as_boolean().value(at) { "true" } else { "false" });
            }
            DataType::Int8 => pen.whole(i128::from(value::<Int8Type>(values, at)), into),
            DataType::Int16 => pen.whole(i128::from(value::<Int16Type>(values, at)), into),
            DataType::Int32 => pen.whole(i128::from(value::<Int32Type>(values, at)), into),
            DataType::Int64 => pen.whole(i128::from(value::<Int64Type>(values, at)), into),
            DataType::UInt8 => pen.whole(i128::from(value::<UInt8Type>(values, at)), into),
            DataType::UInt16 => pen.whole(i128::from(value::<UInt16Type>(values, at)), into),
            DataType::UInt32 => pen.whole(i128::from(value::<UInt32Type>(values, at)), into),
            DataType::UInt64 => pen.whole(i128::from(value::<UInt64Type>(values, at)), into),
            DataType::Float16 => {
                let number = f64::from(value::<Float16Type>(values, at));
                pen.number(number, into).map_err(|_| DIGITS)?;
            }
            DataType::Float32 => {
                // Its own shortest form, not the longer one of the same 64-bit number.
                let number = value::<Float32Type>(values, at).to_string().parse();
                pen.number(number.unwrap_or(f64::NAN), into).map_err(|_| DIGITS)?;
            }
            DataType::Float64 => {
                pen.number(value::<Float64Type>(values, at), into).map_err(|_| DIGITS)?;
            }
            DataType::Decimal32(..) => {
                decimal(&values.as_primitive::<Decimal32Type>().value_as_string(at), pen, into);
            }
            DataType::Decimal64(..) => {
                decimal(&values.as_primitive::<Decimal64Type>().value_as_string(at), pen, into);
            }
            DataType::Decimal128(..) => {
                decimal(&values.as_primitive::<Decimal128Type>().value_as_string(at), pen, into);
            }
            DataType::Decimal256(..) => {
                decimal(&values.as_primitive::<Decimal256Type>().value_as_string(at), pen, into);
            }
            DataType::Date32 => {
                let days = i64::from(value::<Date32Type>(values, at));
                pen.moment(moment(days.saturating_mul(86_400), 0)?, into);
            }
            DataType::Date64 => {
                let days = value::<Date64Type>(values, at).div_euclid(86_400_000);
                pen.moment(moment(days.saturating_mul(86_400), 0)?, into);
            }
            DataType::Timestamp(unit, zone) => {
                let (count, in_a_second) = match unit {
                    TimeUnit::Second => (value::<TimestampSecondType>(values, at), 1),
                    TimeUnit::Millisecond => (value::<TimestampMillisecondType>(values, at), 1_000),
                    TimeUnit::Microsecond => {
                        (value::<TimestampMicrosecondType>(values, at), 1_000_000)
                    }
                    TimeUnit::Nanosecond => {
                        (value::<TimestampNanosecondType>(values, at), 1_000_000_000)
                    }
                };
                let rest = count.rem_euclid(in_a_second) * (1_000_000_000 / in_a_second);
                let moment = moment(count.div_euclid(in_a_second), rest)?;
                match zone {
                    None => pen.moment(moment, into),
                    Some(_) => pen.instant(moment, into),
                }
            }
            _ => return Err("holds a value of a type that is not read"),
        }
        Ok(())
    }
}

fn value<T: ArrowPrimitiveType>(values: &ArrayRef, at: usize) -> T::Native {
    values.as_primitive::<T>().value(at)
}

/// A decimal number: where its fraction is nothing, as a whole one.
fn decimal(text: &str, pen: &Pen, into: &mut String) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    match whole.parse() {
        Ok(number) if fraction.bytes().all(|b| b == b'0') => pen.whole(number, into),
        _ => into.push_str(text),
    }
}

/// The day and time so many seconds after 1970 began.
fn moment(seconds: i64, nanoseconds: i64) -> Result<DateTime, &'static str> {
    let since = SignedDuration::new(seconds, i32::try_from(nanoseconds).unwrap_or(0));
    let timestamp = Timestamp::from_duration(since).map_err(|_| NO_DAY)?;
    Ok(timestamp.to_zoned(TimeZone::UTC).datetime())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array, ListArray,
        NullArray, StringArray, TimestampMicrosecondArray,
    };
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{Compression, ZstdLevel};
    use parquet::file::properties::WriterProperties;

    use super::super::SourceSpec;
    use super::super::table::tests::{plain, read};
    use super::*;

    fn batch() -> RecordBatch {
        let day = 10_592; // 1999-01-01
        let second = i64::from(day) * 86_400_000_000;
        let places: DictionaryArray<Int8Type> = [Some("x"), None, Some("y")].into_iter().collect();
        let columns: [(&str, ArrayRef); 8] = [
            ("id", Arc::new(Int64Array::from(vec![7, 8, 9]))),
            ("name", Arc::new(StringArray::from(vec![Some("O'Hara"), None, Some("a,\"b\"\nc")]))),
            ("dob", Arc::new(Date32Array::from(vec![Some(day), None, Some(-1)]))),
            ("pc", Arc::new(Float64Array::from(vec![Some(800.0), None, Some(2600.0)]))),
            ("at", Arc::new(TimestampMicrosecondArray::from(vec![second, second + 1_000_000, 0]))),
            (
                "utc",
                Arc::new(
                    TimestampMicrosecondArray::from(vec![second, second + 1_000_000, 0])
                        .with_timezone("UTC"),
                ),
            ),
            (
                "cost",
                Arc::new(
                    Decimal128Array::from(vec![1250, 100, -5])
                        .with_precision_and_scale(9, 2)
                        .expect("a decimal"),
                ),
            ),
            ("place", Arc::new(places)),
        ];
        RecordBatch::try_from_iter(columns).expect("a batch")
    }

    fn form() -> Form {
        let text = "[source]\nname = \"a\"\nrecord_id = \"id\"\ndate_format = \"%d/%m/%Y\"\n\
            [columns]\nfamily_name = \"name\"\nbirth_date = \"dob\"\npostcode = \"pc\"\n";
        SourceSpec::parse(text, "a.toml").expect("a source").form()
    }

    const EXPECTED: [&str; 4] = [
        "id|name|dob|pc|at|utc|cost|place",
        "1:7|O'Hara|01/01/1999|0800|1999-01-01|1999-01-01|12.50|x",
        "2:8||||1999-01-01T00:00:01|1999-01-01T00:00:01Z|1|",
        "3:9|a,\"b\"\nc|31/12/1969|2600|1970-01-01|1970-01-01|-0.05|y",
    ];

    fn as_parquet(batch: &RecordBatch, compression: Compression) -> Vec<u8> {
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).expect("a writer");
        writer.write(batch).expect("written");
        writer.close().expect("written");
        bytes
    }

    fn as_stream(batch: &RecordBatch) -> Vec<u8> {
        let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).expect("a writer");
        writer.write(batch).expect("written");
        writer.write(batch).expect("written");
        writer.into_inner().expect("written")
    }

    #[test]
    fn typed_columns_become_text() {
        for compression in [
            Compression::UNCOMPRESSED,
            Compression::SNAPPY,
            Compression::GZIP(Default::default()),
            Compression::LZ4_RAW,
            Compression::ZSTD(ZstdLevel::default()),
        ] {
            let rows = read(&as_parquet(&batch(), compression), &form()).expect("rows");
            assert_eq!(rows, EXPECTED, "{compression:?}");
        }
        for compression in [None, Some(CompressionType::LZ4_FRAME), Some(CompressionType::ZSTD)] {
            let options =
                IpcWriteOptions::default().try_with_compression(compression).expect("options");
            let mut writer =
                FileWriter::try_new_with_options(Vec::new(), &batch().schema(), options)
                    .expect("a writer");
            writer.write(&batch()).expect("written");
            let bytes = writer.into_inner().expect("written");
            assert_eq!(read(&bytes, &form()).expect("rows"), EXPECTED, "{compression:?}");
        }
        let rows = read(&as_stream(&batch()), &form()).expect("rows");
        assert_eq!(rows.len(), 7);
        assert!(rows[6].starts_with("6:9|"), "rows are counted over batches");
    }

    #[test]
    fn columns_of_lists_are_refused_by_name() {
        let list = ListArray::from_iter_primitive::<Int8Type, _, _>([Some([Some(1)])]);
        let batch = RecordBatch::try_from_iter([("li", Arc::new(list) as ArrayRef)]);
        let refused = read(&as_stream(&batch.expect("a batch")), &plain());
        let expected = "f: column `li` holds lists; expected single values";
        assert_eq!(refused, Err(expected.to_owned()));
    }

    #[test]
    fn a_file_that_says_it_is_endless_is_refused() {
        let nulls = NullArray::new(1 << 40);
        let batch = RecordBatch::try_from_iter([("n", Arc::new(nulls) as ArrayRef)]);
        let refused = read(&as_stream(&batch.expect("a batch")), &plain());
        assert_eq!(refused, Err("f: unpacks to far more than its size allows".to_owned()));
    }

    /// Whatever byte is changed or cut off: rows, or a broken file; no panic and no fault of
    /// the program.
    #[test]
    fn damaged_files_are_broken_files() {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() != Some(super::super::READER) {
                hook(panic);
            }
        }));
        for bytes in [as_stream(&batch()), as_parquet(&batch(), Compression::SNAPPY)] {
            for at in (0..bytes.len()).step_by(7) {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x55;
                let _ = read(&damaged, &plain());
                let _ = read(&bytes[..at], &plain());
            }
        }
    }
}
