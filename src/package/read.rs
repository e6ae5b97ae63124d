//! Reading a package by memory map. The columns are read where they lie; only the flags are
//! copied. Arrow's own decoder panics on lengths that do not fit the file, and a package
//! comes from outside: so the (verified) flatbuffers of the footer and the batch are read
//! here, and each length is checked against the file before use.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use arrow_ipc::{Endianness, Footer, KeyValue, MetadataVersion, RecordBatch, Type};
use arrow_ipc::{root_as_footer, root_as_message};
use sha2::{Digest, Sha256};

use super::gate::{self, Column, ColumnKind};
use super::manifest::{FORMAT, Heading, Role};
use super::mapped::Mapped;
use super::write::{PLACEHOLDER, hex};
use super::{DIGEST_DIGITS, Error, Manifest, Token, max_rows};

/// An open package. Opening checks structure, lengths, format and role and reads little
/// more than the manifest; [`super::verify`] reads every byte.
pub struct Package {
    path: PathBuf,
    mapped: Mapped,
    manifest: Manifest,
    rows: usize,
    row_ids: Range<usize>,
    tokens: Vec<Span>,
    fuzzy: Option<Span>,
    quality: Vec<u32>,
    digest: Range<usize>,
}

/// Where a column lies in the file.
#[derive(Debug, Clone)]
struct Span {
    validity: Option<Range<usize>>,
    values: Range<usize>,
    valid: usize,
}

impl Package {
    /// Opens a package.
    ///
    /// # Errors
    /// When the file cannot be read, is no package, is of another format or role, holds a
    /// column that is not listed, or its lengths do not fit the file.
    pub fn open(path: &Path) -> Result<Package, Error> {
        let mapped = Mapped::open(path)?;
        let layout = Layout::of(mapped.bytes()).map_err(|fault| fault.at(path))?;
        let Layout { manifest, rows, row_ids, tokens, fuzzy, quality, digest } = layout;
        Ok(Package {
            path: path.to_owned(),
            mapped,
            manifest,
            rows,
            row_ids,
            tokens,
            fuzzy,
            quality,
            digest,
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the package says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The row ids, in row order.
    pub fn row_ids(&self) -> &[[u8; 16]] {
        self.chunks(&self.row_ids)
    }

    /// The tokens of one match key, by its place in the manifest.
    ///
    /// # Panics
    /// When there is no such match key.
    pub fn tokens(&self, match_key: usize) -> TokenColumn<'_> {
        let span = &self.tokens[match_key];
        TokenColumn {
            values: self.chunks(&span.values),
            validity: self.validity(span),
            valid: span.valid,
        }
    }

    /// The fuzzy column, where the agreement has one.
    pub fn fuzzy(&self) -> Option<FuzzyColumn<'_>> {
        let span = self.fuzzy.as_ref()?;
        Some(FuzzyColumn {
            width: self.manifest.fuzzy?.encoding.width(),
            bytes: &self.mapped.bytes()[span.values.clone()],
            validity: self.validity(span),
            valid: span.valid,
        })
    }

    /// The quality flags: bit i says that field i of the project is usable on the row, bit
    /// 31 that its birth date is estimated.
    pub fn quality(&self) -> &[u32] {
        &self.quality
    }

    /// The digest that the file carries, 64 hexadecimal digits; not checked.
    pub fn digest(&self) -> &str {
        std::str::from_utf8(&self.mapped.bytes()[self.digest.clone()]).unwrap_or_default()
    }

    /// The digest that the file has.
    pub(super) fn computed_digest(&self) -> String {
        let bytes = self.mapped.bytes();
        let mut digest = Sha256::new();
        digest.update(&bytes[..self.digest.start]);
        digest.update(PLACEHOLDER);
        digest.update(&bytes[self.digest.end..]);
        hex(&digest.finalize())
    }

    /// Gives the memory of a match key's tokens back to the system: they were read, and are
    /// read from the file again should they be asked for.
    ///
    /// # Panics
    /// When there is no such match key.
    pub(crate) fn forget_tokens(&self, match_key: usize) {
        self.mapped.forget(self.tokens[match_key].values.clone());
    }

    /// As [`Package::forget_tokens`], for the row ids.
    pub(crate) fn forget_row_ids(&self) {
        self.mapped.forget(self.row_ids.clone());
    }

    /// As [`Package::forget_tokens`], for the fuzzy values.
    pub(crate) fn forget_fuzzy(&self) {
        if let Some(span) = &self.fuzzy {
            self.mapped.forget(span.values.clone());
        }
    }

    fn validity(&self, span: &Span) -> Option<&[u8]> {
        span.validity.as_ref().map(|range| &self.mapped.bytes()[range.clone()])
    }

    fn chunks(&self, range: &Range<usize>) -> &[[u8; 16]] {
        self.mapped.bytes()[range.clone()].as_chunks::<16>().0
    }
}

impl fmt::Debug for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Package({}, {} rows)", self.manifest.source, self.rows)
    }
}

/// The tokens of one match key.
#[derive(Clone, Copy)]
pub struct TokenColumn<'a> {
    values: &'a [Token],
    validity: Option<&'a [u8]>,
    valid: usize,
}

impl<'a> TokenColumn<'a> {
    /// The values, one per row; where [`TokenColumn::is_valid`] is false the value means
    /// nothing.
    pub fn values(&self) -> &'a [Token] {
        self.values
    }

    /// Whether the row has a token.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn is_valid(&self, row: usize) -> bool {
        assert!(row < self.values.len(), "no such row");
        is_set(self.validity, row)
    }

    /// How many rows have a token.
    pub fn valid_count(&self) -> usize {
        self.valid
    }

    /// Goes through those of some rows that have a token, in order, without reading any.
    ///
    /// # Panics
    /// When there are not so many rows.
    pub fn each_valid(&self, rows: Range<usize>, mut give: impl FnMut(usize)) {
        let end = rows.end;
        for row in rows.step_by(64) {
            let mut bits = self.valid_among(row..end.min(row + 64));
            while bits != 0 {
                give(row + bits.trailing_zeros() as usize);
                bits &= bits - 1;
            }
        }
    }

    /// Which of some rows, at most 64, have a token, as bits from the lowest on.
    ///
    /// # Panics
    /// When there are not so many rows.
    pub(crate) fn valid_among(&self, rows: Range<usize>) -> u64 {
        assert!(rows.end <= self.values.len() && rows.len() <= 64, "no such rows");
        let all = u64::MAX.checked_shr(64 - rows.len() as u32).unwrap_or(0);
        let Some(validity) = self.validity else { return all };
        let bytes = &validity[rows.start / 8..rows.end.div_ceil(8)];
        let mut word = [0; 16];
        word[..bytes.len()].copy_from_slice(bytes);
        (u128::from_le_bytes(word) >> (rows.start % 8)) as u64 & all
    }
}

impl fmt::Debug for TokenColumn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenColumn({} of {} rows)", self.valid, self.values.len())
    }
}

/// The values of the fuzzy column.
#[derive(Clone, Copy)]
pub struct FuzzyColumn<'a> {
    width: usize,
    bytes: &'a [u8],
    validity: Option<&'a [u8]>,
    valid: usize,
}

impl<'a> FuzzyColumn<'a> {
    /// Bytes of a value.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The values, one per row, one after the other; where [`FuzzyColumn::is_valid`] is
    /// false the value means nothing.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether the row has a value.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn is_valid(&self, row: usize) -> bool {
        assert!(row < self.bytes.len() / self.width, "no such row");
        is_set(self.validity, row)
    }

    /// How many rows have a value.
    pub fn valid_count(&self) -> usize {
        self.valid
    }
}

impl fmt::Debug for FuzzyColumn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FuzzyColumn({} of {} rows)", self.valid, self.bytes.len() / self.width)
    }
}

/// The bit of a row in Arrow's validity; without any, all rows are valid.
fn is_set(validity: Option<&[u8]>, row: usize) -> bool {
    validity.is_none_or(|bits| bits[row / 8] >> (row % 8) & 1 == 1)
}

/// What is wrong with the bytes of a file, before it is known which file.
enum Flaw {
    NotAPackage(&'static str),
    Damaged(&'static str),
    Format(u32),
    Role,
    Unlisted(gate::Unlisted),
}

impl Flaw {
    fn at(self, path: &Path) -> Error {
        let path = path.to_owned();
        match self {
            Flaw::NotAPackage(what) => Error::NotAPackage { path, what },
            Flaw::Damaged(what) => Error::Damaged { path, what },
            Flaw::Format(found) => Error::Format { path, found, expected: FORMAT },
            Flaw::Role => Error::Role { path, expected: Role::IdentityEncoded.name() },
            Flaw::Unlisted(found) => Error::Unlisted { path, found },
        }
    }
}

const MAGIC: &[u8] = b"ARROW1";
const CUT: Flaw = Flaw::Damaged("it is cut short");
const MISFIT: Flaw = Flaw::Damaged("its lengths do not fit together");

/// Where everything lies in the bytes of a package.
struct Layout {
    manifest: Manifest,
    rows: usize,
    row_ids: Range<usize>,
    tokens: Vec<Span>,
    fuzzy: Option<Span>,
    quality: Vec<u32>,
    digest: Range<usize>,
}

impl Layout {
    fn of(bytes: &[u8]) -> Result<Self, Flaw> {
        if !bytes.starts_with(MAGIC) {
            return Err(Flaw::NotAPackage("it is not an Arrow file"));
        }
        let footer_bytes = footer_bytes(bytes)?;
        let footer = root_as_footer(footer_bytes)
            .map_err(|_| Flaw::Damaged("its footer is not readable"))?;
        let manifest = manifest(&footer)?;
        let columns = listed_columns(&footer, &manifest)?;
        let digest = digest_place(&footer, bytes)?;
        let (batch, body) = the_batch(&footer, bytes)?;
        let mut layout = Layout {
            manifest,
            rows: 0,
            row_ids: 0..0,
            tokens: vec![],
            fuzzy: None,
            quality: vec![],
            digest,
        };
        layout.rows = usize::try_from(batch.length()).map_err(|_| MISFIT)?;
        let most = max_rows(layout.manifest.fuzzy.map(|f| f.encoding));
        if layout.rows > most || layout.manifest.rows != layout.rows as u64 {
            return Err(MISFIT);
        }
        layout.place_columns(&columns, &batch, body, bytes)?;
        Ok(layout)
    }

    /// Finds each column's buffers: validity, then values, in the order of the columns.
    fn place_columns(
        &mut self,
        columns: &[Column],
        batch: &RecordBatch<'_>,
        body: Range<usize>,
        bytes: &[u8],
    ) -> Result<(), Flaw> {
        let (Some(nodes), Some(buffers)) = (batch.nodes(), batch.buffers()) else {
            return Err(MISFIT);
        };
        if nodes.len() != columns.len() || buffers.len() != 2 * columns.len() {
            return Err(MISFIT);
        }
        let span = |buffer: usize, length: usize| -> Result<Range<usize>, Flaw> {
            let buffer = buffers.get(buffer);
            let offset = usize::try_from(buffer.offset()).map_err(|_| MISFIT)?;
            let start = body.start.checked_add(offset).ok_or(MISFIT)?;
            let end = start.checked_add(length).ok_or(MISFIT)?;
            if buffer.length() != length as i64 || end > body.end {
                return Err(MISFIT);
            }
            Ok(start..end)
        };
        for (i, column) in columns.iter().enumerate() {
            let node = nodes.get(i);
            let nulls = usize::try_from(node.null_count()).map_err(|_| MISFIT)?;
            if node.length() != self.rows as i64
                || nulls > self.rows
                || (nulls > 0 && !column.kind.is_nullable())
            {
                return Err(MISFIT);
            }
            let validity = match buffers.get(2 * i).length() {
                0 if nulls == 0 => None,
                _ => Some(span(2 * i, self.rows.div_ceil(8))?),
            };
            let values = span(2 * i + 1, self.rows * column.kind.width())?;
            match column.kind {
                ColumnKind::RowId => self.row_ids = values,
                ColumnKind::Token => {
                    self.tokens.push(Span { validity, values, valid: self.rows - nulls });
                }
                ColumnKind::Fuzzy(_) => {
                    self.fuzzy = Some(Span { validity, values, valid: self.rows - nulls });
                }
                ColumnKind::Quality => {
                    let (words, _) = bytes[values].as_chunks::<4>();
                    self.quality = words.iter().map(|&word| u32::from_le_bytes(word)).collect();
                }
            }
        }
        Ok(())
    }
}

/// The footer: before the last ten bytes, which are its length and the magic word.
fn footer_bytes(bytes: &[u8]) -> Result<&[u8], Flaw> {
    let (rest, magic) = bytes.split_last_chunk::<6>().ok_or(CUT)?;
    if magic != MAGIC {
        return Err(CUT);
    }
    let (rest, length) = rest.split_last_chunk::<4>().ok_or(CUT)?;
    let length = usize::try_from(i32::from_le_bytes(*length)).map_err(|_| CUT)?;
    let start = rest.len().checked_sub(length).ok_or(CUT)?;
    Ok(&rest[start..])
}

fn manifest(footer: &Footer<'_>) -> Result<Manifest, Flaw> {
    let schema = footer.schema().ok_or(Flaw::Damaged("it has no schema"))?;
    let entry = |pair: KeyValue<'_>| -> Option<String> {
        (pair.key() == Some(gate::MANIFEST)).then(|| pair.value().map(str::to_owned)).flatten()
    };
    let metadata = schema.custom_metadata();
    let json = metadata
        .iter()
        .flatten()
        .find_map(entry)
        .ok_or(Flaw::NotAPackage("it has no veilway manifest"))?;
    let unreadable = Flaw::Damaged("its manifest is not readable");
    let Ok(heading) = serde_json::from_str::<Heading>(&json) else { return Err(unreadable) };
    if heading.format != FORMAT {
        return Err(Flaw::Format(heading.format));
    }
    if heading.role != Role::IdentityEncoded.name() {
        return Err(Flaw::Role);
    }
    let Ok(manifest) = serde_json::from_str::<Manifest>(&json) else { return Err(unreadable) };
    gate::check_manifest(&manifest).map_err(Flaw::Unlisted)?;
    if metadata.is_none_or(|m| m.len() != 1) {
        return Err(Flaw::Unlisted(gate::Unlisted::Metadata));
    }
    Ok(manifest)
}

/// The columns, which must be those of the gate's list.
fn listed_columns(footer: &Footer<'_>, manifest: &Manifest) -> Result<Vec<Column>, Flaw> {
    let unreadable = || Flaw::Damaged("it has no schema");
    let schema = footer.schema().ok_or_else(unreadable)?;
    let fields = schema.fields().ok_or_else(unreadable)?;
    if schema.endianness() != Endianness::Little || footer.version() != MetadataVersion::V5 {
        return Err(Flaw::NotAPackage("it is Arrow of another version or byte order"));
    }
    let listed = gate::columns(manifest);
    for (i, field) in fields.iter().enumerate() {
        let has_type = |kind: ColumnKind| match field.type_type() {
            Type::FixedSizeBinary => {
                kind != ColumnKind::Quality
                    && field
                        .type_as_fixed_size_binary()
                        .is_some_and(|t| usize::try_from(t.byteWidth()) == Ok(kind.width()))
            }
            Type::Int => {
                kind == ColumnKind::Quality
                    && field.type_as_int().is_some_and(|t| t.bitWidth() == 32 && !t.is_signed())
            }
            _ => false,
        };
        let is_listed = listed.get(i).is_some_and(|column| {
            field.name() == Some(&column.name)
                && has_type(column.kind)
                && field.nullable() == column.kind.is_nullable()
                && field.dictionary().is_none()
                && field.custom_metadata().is_none_or(|m| m.is_empty())
        });
        if !is_listed {
            return Err(Flaw::Unlisted(gate::Unlisted::Column { position: i + 1 }));
        }
    }
    if fields.len() < listed.len() {
        return Err(Flaw::Unlisted(gate::Unlisted::Column { position: fields.len() + 1 }));
    }
    Ok(listed)
}

/// Where the digest's digits lie in the file.
fn digest_place(footer: &Footer<'_>, bytes: &[u8]) -> Result<Range<usize>, Flaw> {
    let none = Flaw::Damaged("it has no digest");
    let metadata = footer.custom_metadata();
    let mut entries = metadata.iter().flatten();
    let (Some(entry), None) = (entries.next(), entries.next()) else { return Err(none) };
    let (Some(gate::DIGEST), Some(digest)) = (entry.key(), entry.value()) else {
        return Err(none);
    };
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if digest.len() != DIGEST_DIGITS || !digest.bytes().all(is_hex) {
        return Err(none);
    }
    let start = (digest.as_ptr() as usize).checked_sub(bytes.as_ptr() as usize).ok_or(none)?;
    Ok(start..start + DIGEST_DIGITS)
}

/// The one record batch, and where its body lies.
fn the_batch<'a>(
    footer: &Footer<'_>,
    bytes: &'a [u8],
) -> Result<(RecordBatch<'a>, Range<usize>), Flaw> {
    if footer.dictionaries().is_some_and(|d| !d.is_empty()) {
        return Err(MISFIT);
    }
    let blocks = footer.recordBatches().filter(|b| b.len() == 1).ok_or(MISFIT)?;
    let block = blocks.get(0);
    let start = usize::try_from(block.offset()).map_err(|_| MISFIT)?;
    let head = usize::try_from(block.metaDataLength()).map_err(|_| MISFIT)?;
    let length = usize::try_from(block.bodyLength()).map_err(|_| MISFIT)?;
    let body = start.checked_add(head).ok_or(MISFIT)?;
    let end = body.checked_add(length).filter(|&end| end <= bytes.len()).ok_or(MISFIT)?;
    // A message begins with a marker and its own length, four bytes each.
    let message = bytes.get(start..body).and_then(|m| m.get(8..)).ok_or(MISFIT)?;
    let unreadable = Flaw::Damaged("its record batch is not readable");
    let Ok(message) = root_as_message(message) else { return Err(unreadable) };
    let batch = message.header_as_record_batch().ok_or(unreadable)?;
    if batch.compression().is_some() {
        return Err(Flaw::NotAPackage("its columns are compressed"));
    }
    Ok((batch, body..end))
}
