//! Writing a package: columns and a manifest, through the gate, into one file.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use arrow_array::{ArrayRef, FixedSizeBinaryArray, RecordBatch, UInt32Array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_ipc::writer::FileWriter;
use arrow_schema::{ArrowError, Field, Schema};
use sha2::{Digest, Sha256};

use super::gate::{self, ColumnKind};
use super::{DIGEST_DIGITS, Error, Manifest, Token};
use crate::files::{self, OutFile};
use crate::ids::RowId;
use crate::project::fuzzy::FuzzyEncoding;

/// The most rows of a package with this fuzzy column. Arrow readers address fixed-size
/// values by a signed 32-bit byte offset.
pub fn max_rows(fuzzy: Option<FuzzyEncoding>) -> usize {
    i32::MAX as usize / fuzzy.map_or(16, FuzzyEncoding::width)
}

/// What goes into a package, all in the same row order.
#[derive(Clone, PartialEq)]
pub struct Contents {
    /// The account of it.
    pub manifest: Manifest,
    /// The row ids, sorted.
    pub row_ids: Vec<RowId>,
    /// One column of tokens per match key; all zeros is null.
    pub tokens: Vec<Vec<Token>>,
    /// The fuzzy values one after the other, where the manifest has the column; one of all
    /// zero bytes is null.
    pub fuzzy: Vec<u8>,
    /// The quality flags.
    pub quality: Vec<u32>,
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Contents({} rows of {})", self.row_ids.len(), self.manifest.source)
    }
}

/// Writes a package and gives its digest, 64 hexadecimal digits. The same contents give the
/// same bytes.
///
/// # Errors
/// When the gate finds something that is not on its list, there are more than
/// [`max_rows`] rows, or the disk refuses.
pub fn write(contents: Contents, out: &mut OutFile) -> Result<String, Error> {
    let written = write_to(contents, &mut *out);
    written.map_err(|failure| match failure {
        Failure::Write(e) => Error::File(out.error(e)),
        Failure::Contents(e) => e,
    })
}

/// The rows of a package, but for the columns that are handed on one by one.
#[derive(Debug)]
pub struct Rows {
    /// The account of it.
    pub manifest: Manifest,
    /// The row ids, sorted.
    pub row_ids: Vec<RowId>,
    /// The quality flags.
    pub quality: Vec<u32>,
}

/// The token columns of a package, and the fuzzy column behind them, in row order. Together
/// they may be larger than memory.
pub trait Columns {
    /// Which rows have a value: bit `i % 8` of byte `i / 8` for row `i`.
    fn filled(&self, column: usize) -> Vec<u8>;

    /// Hands on the values of a column, as many at a time as it likes; one of all zero bytes
    /// is none.
    ///
    /// # Errors
    /// When the values cannot be come by, or whoever takes them refuses.
    fn values(
        &self,
        column: usize,
        give: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), ColumnError>;
}

/// Why a column could not be handed on.
#[derive(Debug, thiserror::Error)]
pub enum ColumnError {
    /// Its values could not be read.
    #[error(transparent)]
    Read(#[from] files::Error),
    /// They could not be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// As [`write()`], with columns that are handed on one by one.
///
/// # Errors
/// As [`write()`], and when a column cannot be read.
pub fn write_rows(rows: Rows, columns: &dyn Columns, out: &mut OutFile) -> Result<String, Error> {
    let written = write_columns(rows, columns, &mut *out);
    written.map_err(|failure| match failure {
        Failure::Write(e) => Error::File(out.error(e)),
        Failure::Contents(e) => e,
    })
}

impl Columns for (Vec<Vec<Token>>, Vec<u8>, usize) {
    fn filled(&self, column: usize) -> Vec<u8> {
        let (tokens, fuzzy, width) = self;
        let (values, width) = match tokens.get(column) {
            Some(tokens) => (tokens.as_flattened(), 16),
            None => (fuzzy.as_slice(), *width),
        };
        let mut bits = vec![0; (values.len() / width).div_ceil(8)];
        for (row, value) in values.chunks_exact(width).enumerate() {
            bits[row / 8] |= u8::from(value.iter().any(|byte| *byte != 0)) << (row % 8);
        }
        bits
    }

    fn values(
        &self,
        column: usize,
        give: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), ColumnError> {
        let (tokens, fuzzy, _) = self;
        Ok(give(tokens.get(column).map_or(fuzzy, |tokens| tokens.as_flattened()))?)
    }
}

enum Failure {
    Write(io::Error),
    Contents(Error),
}

impl From<Error> for Failure {
    fn from(e: Error) -> Self {
        Failure::Contents(e)
    }
}

impl From<ArrowError> for Failure {
    fn from(e: ArrowError) -> Self {
        match e {
            ArrowError::IoError(_, e) => Failure::Write(e),
            // Arrow's other messages may quote what they were given.
            _ => Failure::Contents(Error::Layout),
        }
    }
}

fn write_to(contents: Contents, out: impl Write + Send) -> Result<String, Failure> {
    let Contents { manifest, row_ids, tokens, fuzzy, quality } = contents;
    let (rows, keys) = (row_ids.len(), manifest.match_keys.len());
    let width = manifest.fuzzy.map_or(0, |fuzzy| fuzzy.encoding.width());
    let fits = tokens.iter().all(|column| column.len() == rows) && tokens.len() == keys;
    if !fits || fuzzy.len() != rows * width {
        return Err(Error::Layout.into());
    }
    let rows = Rows { manifest, row_ids, quality };
    write_columns(rows, &(tokens, fuzzy, width), out)
}

fn write_columns(
    rows: Rows,
    columns: &dyn Columns,
    out: impl Write + Send,
) -> Result<String, Failure> {
    let Rows { manifest, row_ids, quality } = rows;
    let rows = row_ids.len();
    let encoding = manifest.fuzzy.map(|fuzzy| fuzzy.encoding);
    let most = max_rows(encoding);
    if rows > most {
        return Err(Error::TooManyRows { rows, most }.into());
    }
    let listed = gate::columns(&manifest);
    let fields: Vec<Field> = listed
        .iter()
        .map(|column| (column.name.clone(), column.kind))
        .map(|(name, kind)| Field::new(name, kind.data_type(), kind.is_nullable()))
        .collect();
    let metadata = HashMap::from([(gate::MANIFEST.to_owned(), manifest.to_json())]);
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));

    // Arrow wants all columns at once. They are given memory that was never touched and so
    // costs nothing, one for all; the values are put in its place as it is written. It comes
    // from a vector, since memory of a stricter alignment is set to zero by hand.
    let widest = encoding.map_or(16, FuzzyEncoding::width);
    let blank = Buffer::from_vec(vec![0u8; widest * rows]);
    let row_ids: Vec<Token> = row_ids.into_iter().map(|id| id.0).collect();
    let row_ids = Buffer::from_vec(row_ids.into_flattened());
    let mut arrays: Vec<ArrayRef> = vec![fixed_size(row_ids, None, ColumnKind::RowId)?];
    let kinds = manifest.match_keys.iter().map(|_| ColumnKind::Token);
    for (column, kind) in kinds.chain(encoding.map(ColumnKind::Fuzzy)).enumerate() {
        let filled = BooleanBuffer::new(Buffer::from_vec(columns.filled(column)), 0, rows);
        let values = blank.slice_with_length(0, kind.width() * rows);
        arrays.push(fixed_size(values, Some(NullBuffer::new(filled)), kind)?);
    }
    arrays.push(Arc::new(UInt32Array::from(quality)));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;

    gate::check(&batch.schema(), &manifest).map_err(Error::Refused)?;
    let blank = blank.as_ptr().addr();
    let mut writer = FileWriter::try_new(Digesting::new(out, columns, blank), &schema)?;
    if let Err(e) = writer.write(&batch) {
        return Err(match writer.get_mut().unread.take() {
            Some(unread) => Error::File(unread).into(),
            None => e.into(),
        });
    }
    writer.get_mut().hold();
    writer.write_metadata(gate::DIGEST, PLACEHOLDER);
    writer.finish()?;
    writer.into_inner()?.seal()
}

fn fixed_size(
    values: Buffer,
    nulls: Option<NullBuffer>,
    kind: ColumnKind,
) -> Result<ArrayRef, Failure> {
    // A width is 512 at most.
    Ok(Arc::new(FixedSizeBinaryArray::try_new(kind.width() as i32, values, nulls)?))
}

/// What stands in the digest's place while the digest is taken.
pub(super) const PLACEHOLDER: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// Passes bytes on and digests them, with the columns in place of the blank; the last bytes,
/// with the footer, are held back until the digest can be put into them.
struct Digesting<'c, W> {
    out: W,
    digest: Sha256,
    held: Option<Vec<u8>>,
    columns: &'c dyn Columns,
    /// Where the blank is.
    blank: usize,
    /// The column that is next.
    next: usize,
    /// Why a column could not be read.
    unread: Option<files::Error>,
}

impl<'c, W: Write + Send> Digesting<'c, W> {
    fn new(out: W, columns: &'c dyn Columns, blank: usize) -> Self {
        let digest = Sha256::new();
        Digesting { out, digest, held: None, columns, blank, next: 0, unread: None }
    }

    /// Writes the next column, which has so many bytes.
    fn column(&mut self, length: usize) -> io::Result<()> {
        let Digesting { out, digest, columns, next, .. } = self;
        let mut left = length;
        let written = columns.values(*next, &mut |bytes| {
            left = left.checked_sub(bytes.len()).ok_or(io::ErrorKind::InvalidData)?;
            // Neither changes what the other reads.
            rayon::join(|| out.write_all(bytes), || digest.update(bytes)).0
        });
        *next += 1;
        match written {
            Ok(()) if left == 0 => Ok(()),
            Ok(()) => Err(io::ErrorKind::InvalidData.into()),
            Err(ColumnError::Write(e)) => Err(e),
            Err(ColumnError::Read(e)) => {
                self.unread = Some(e);
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    /// From here on, bytes are held back.
    fn hold(&mut self) {
        self.held.get_or_insert_default();
    }

    /// Digests the held bytes, puts the digest in its place, writes them.
    fn seal(mut self) -> Result<String, Failure> {
        let mut tail = self.held.take().unwrap_or_default();
        self.digest.update(&tail);
        let digest = hex(&self.digest.finalize());
        let mut places =
            (0..tail.len()).filter(|&at| tail[at..].starts_with(PLACEHOLDER.as_bytes()));
        let (Some(place), None) = (places.next(), places.next()) else {
            return Err(Error::Layout.into());
        };
        tail[place..place + DIGEST_DIGITS].copy_from_slice(digest.as_bytes());
        self.out.write_all(&tail).and_then(|()| self.out.flush()).map_err(Failure::Write)?;
        Ok(digest)
    }
}

impl<W: Write + Send> Write for Digesting<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.as_ptr().addr() == self.blank && !bytes.is_empty() {
            return self.column(bytes.len()).map(|()| bytes.len());
        }
        if let Some(held) = &mut self.held {
            return held.write(bytes);
        }
        let n = self.out.write(bytes)?;
        self.digest.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::package::NO_TOKEN;
    use crate::package::manifest::{Exclusions, FORMAT, FuzzySummary, KeySummary, Role};
    use crate::project::Suite;
    use crate::slk::Profile;

    /// A small package: three people, the second with two rows; two match keys.
    pub(in crate::package) fn small() -> Contents {
        let key = |name: &str, filled, missing, shared, repeated| KeySummary {
            name: name.to_owned(),
            components: vec!["family_name".into(), "sex".into()],
            filled,
            missing,
            shared,
            repeated,
            held_by_two: 0,
            chance: 0.0123,
        };
        Contents {
            manifest: Manifest {
                format: FORMAT,
                role: Role::IdentityEncoded,
                tool: "veilway 0.1.0".into(),
                project: "yard".into(),
                period: "2024".into(),
                project_digest: "d".repeat(64),
                settings: BTreeMap::from([("suite".into(), "hmac-sha256".into())]),
                key_fingerprint: "f".repeat(32),
                suite: Suite::HmacSha256,
                slk_profile: Profile::Aihw,
                source: "agency-a".parse().expect("a source name"),
                unique_people: true,
                people_per_token: 1,
                people: 3,
                rows: 4,
                excluded: Exclusions::default(),
                match_keys: vec![key("slk", 3, 0, 0, 1), key("loose", 1, 1, 2, 0)],
                fuzzy: None,
                fields: vec!["family_name".into(), "sex".into()],
                chance: vec![],
            },
            row_ids: vec![RowId([1; 16]), RowId([2; 16]), RowId([2; 16]), RowId([9; 16])],
            tokens: vec![
                vec![[3; 16], [4; 16], NO_TOKEN, [5; 16]],
                vec![NO_TOKEN, NO_TOKEN, [7; 16], NO_TOKEN],
            ],
            fuzzy: vec![],
            quality: vec![3, 3, 1, 0x8000_0002],
        }
    }

    /// The same with a fuzzy column: the second row has none, the third is a further name.
    pub(in crate::package) fn small_fuzzy(encoding: FuzzyEncoding) -> Contents {
        let mut contents = small();
        contents.manifest.fuzzy = Some(FuzzySummary {
            encoding,
            filled: 3,
            missing: 0,
            shared: 1,
            repeated: 0,
            mean_fill: 0.498,
            least_fill: 0.431,
            most_fill: 0.562,
            lightest_column: 0.333,
            heaviest_column: 0.667,
        });
        contents.fuzzy = [0xa5, 0, 0x3c, 0x96].map(|b| vec![b; encoding.width()]).concat();
        contents
    }

    pub(in crate::package) fn bytes_of(contents: Contents) -> Vec<u8> {
        let mut bytes = vec![];
        assert!(write_to(contents, &mut bytes).is_ok());
        bytes
    }

    #[test]
    fn the_same_contents_give_the_same_bytes() {
        assert_eq!(bytes_of(small()), bytes_of(small()));
    }

    #[test]
    fn the_gate_refuses_what_is_not_listed() {
        let refused = |change: fn(&mut Contents)| {
            let mut contents = small();
            change(&mut contents);
            matches!(
                write_to(contents, vec![]),
                Err(Failure::Contents(Error::Refused(_) | Error::Layout))
            )
        };
        assert!(!refused(|_| {}));
        assert!(refused(|c| c.manifest.match_keys[0].name = "row_id".into()));
        assert!(refused(|c| c.manifest.match_keys[0].name = "fuzzy".into()));
        assert!(refused(|c| c.manifest.match_keys[0].name = "loose".into()));
        assert!(refused(|c| c.manifest.match_keys[0].name = "a name, with text".into()));
        assert!(refused(|c| c.manifest.match_keys[0].components.truncate(1)));
        assert!(refused(|c| c.manifest.project = "two\nlines".into()));
        assert!(refused(|c| c.tokens.truncate(1)));
        assert!(refused(|c| c.quality.truncate(1)));
        assert!(refused(|c| c.tokens.push(vec![NO_TOKEN; 4])));
        assert!(refused(|c| c.fuzzy = vec![1; 4 * 256]));
        assert!(refused(|c| c.manifest.fuzzy = small_fuzzy(FuzzyEncoding::ELD).manifest.fuzzy));
        let with = |change: fn(&mut Contents)| {
            let mut contents = small_fuzzy(FuzzyEncoding::ELD);
            change(&mut contents);
            write_to(contents, vec![]).is_ok()
        };
        assert!(with(|_| {}));
        assert!(!with(|c| c.fuzzy.truncate(3 * 256)));
        assert!(!with(|c| c.fuzzy.truncate(4 * 256 - 1)));
        assert!(!with(|c| {
            let unnamed = FuzzyEncoding::Eld { outputs: 2048, positions: 7 };
            c.manifest.fuzzy.as_mut().expect("fuzzy").encoding = unnamed;
        }));
    }
}
