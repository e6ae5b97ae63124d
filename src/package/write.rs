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
use crate::files::OutFile;
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

fn write_to(contents: Contents, out: impl Write) -> Result<String, Failure> {
    let Contents { manifest, row_ids, tokens, fuzzy, quality } = contents;
    let encoding = manifest.fuzzy.map(|fuzzy| fuzzy.encoding);
    let most = max_rows(encoding);
    if row_ids.len() > most {
        return Err(Error::TooManyRows { rows: row_ids.len(), most }.into());
    }
    let fields: Vec<Field> = gate::columns(&manifest)
        .into_iter()
        .map(|column| Field::new(column.name, column.kind.data_type(), column.kind.is_nullable()))
        .collect();
    let metadata = HashMap::from([(gate::MANIFEST.to_owned(), manifest.to_json())]);
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));

    let row_ids: Vec<Token> = row_ids.into_iter().map(|id| id.0).collect();
    let mut columns: Vec<ArrayRef> = vec![fixed_size(row_ids.into_flattened(), ColumnKind::RowId)?];
    for column in tokens {
        columns.push(fixed_size(column.into_flattened(), ColumnKind::Token)?);
    }
    match encoding {
        Some(encoding) => columns.push(fixed_size(fuzzy, ColumnKind::Fuzzy(encoding))?),
        None if fuzzy.is_empty() => {}
        None => return Err(Error::Layout.into()),
    }
    columns.push(Arc::new(UInt32Array::from(quality)));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;

    gate::check(&batch.schema(), &manifest).map_err(Error::Refused)?;
    let mut writer = FileWriter::try_new(Digesting::new(out), &schema)?;
    writer.write(&batch)?;
    writer.get_mut().hold();
    writer.write_metadata(gate::DIGEST, PLACEHOLDER);
    writer.finish()?;
    writer.into_inner()?.seal()
}

fn fixed_size(bytes: Vec<u8>, kind: ColumnKind) -> Result<ArrayRef, Failure> {
    let width = kind.width();
    if !bytes.len().is_multiple_of(width) {
        return Err(Error::Layout.into());
    }
    let nulls = kind.is_nullable().then(|| {
        let is_filled = |i: usize| bytes[i * width..][..width].iter().any(|byte| *byte != 0);
        NullBuffer::new(BooleanBuffer::collect_bool(bytes.len() / width, is_filled))
    });
    let values = Buffer::from_vec(bytes);
    // A width is 512 at most.
    Ok(Arc::new(FixedSizeBinaryArray::try_new(width as i32, values, nulls)?))
}

/// What stands in the digest's place while the digest is taken.
pub(super) const PLACEHOLDER: &str =
    "0000000000000000000000000000000000000000000000000000000000000000";

/// Passes bytes on and digests them; the last ones, with the footer, are held back until
/// the digest can be put into them.
struct Digesting<W> {
    out: W,
    digest: Sha256,
    held: Option<Vec<u8>>,
}

impl<W: Write> Digesting<W> {
    fn new(out: W) -> Self {
        Digesting { out, digest: Sha256::new(), held: None }
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

impl<W: Write> Write for Digesting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
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
                write_to(contents, &mut vec![]),
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
            write_to(contents, &mut vec![]).is_ok()
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
