//! The gate: the list of what may be in a package, and the refusal of everything else. It is
//! asked once more right before a package is written, and again when one is opened; it
//! takes column names, types and the manifest, and never sees a person.

use std::collections::BTreeSet;

use arrow_schema::{DataType, Schema};

use super::manifest::Manifest;
use crate::project::fuzzy::FuzzyEncoding;

/// The column of row ids.
pub const ROW_ID: &str = "row_id";
/// The column of fuzzy encodings, where a project has one.
pub const FUZZY: &str = "fuzzy";
/// The column of quality flags.
pub const QUALITY: &str = "quality";
/// The schema metadata key of the manifest.
pub(super) const MANIFEST: &str = "veilway";
/// The footer metadata key of the digest.
pub(super) const DIGEST: &str = "veilway.sha256";

/// The bytes of a row id and of a token.
pub const TOKEN_BYTES: i32 = 16;

/// A column that may be in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: ColumnKind,
}

/// What a column holds, and so its one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnKind {
    RowId,
    Token,
    Fuzzy(FuzzyEncoding),
    Quality,
}

impl ColumnKind {
    pub(super) fn data_type(self) -> DataType {
        match self {
            ColumnKind::RowId | ColumnKind::Token => DataType::FixedSizeBinary(TOKEN_BYTES),
            // At most 8 * (2^16 / 64) bytes.
            ColumnKind::Fuzzy(encoding) => DataType::FixedSizeBinary(encoding.width() as i32),
            ColumnKind::Quality => DataType::UInt32,
        }
    }

    pub(super) fn is_nullable(self) -> bool {
        matches!(self, ColumnKind::Token | ColumnKind::Fuzzy(_))
    }

    /// The bytes of one value.
    pub(super) fn width(self) -> usize {
        match self {
            ColumnKind::RowId | ColumnKind::Token => 16,
            ColumnKind::Fuzzy(encoding) => encoding.width(),
            ColumnKind::Quality => 4,
        }
    }
}

/// The columns of a package with this manifest, in order.
pub(super) fn columns(manifest: &Manifest) -> Vec<Column> {
    let column = |name: &str, kind| Column { name: name.to_owned(), kind };
    let mut columns = vec![column(ROW_ID, ColumnKind::RowId)];
    columns.extend(manifest.match_keys.iter().map(|key| column(&key.name, ColumnKind::Token)));
    if let Some(fuzzy) = manifest.fuzzy {
        columns.push(column(FUZZY, ColumnKind::Fuzzy(fuzzy.encoding)));
    }
    columns.push(column(QUALITY, ColumnKind::Quality));
    columns
}

/// What the gate found that may not be in a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unlisted {
    /// The columns are not those of the list.
    #[error("column {position} is not on the list of what a package may hold")]
    Column {
        /// Its place, from 1.
        position: usize,
    },
    /// There is metadata beside the manifest.
    #[error("there is metadata beside the manifest")]
    Metadata,
    /// A match key's name is no plain word, is there twice, or is another column's.
    #[error("match key {position} has a name that a package column may not have")]
    KeyName {
        /// Its place, from 1.
        position: usize,
    },
    /// A match key of one component: its values can be counted and lined up with a public
    /// list.
    #[error("match key {position} has a single component")]
    SingleComponent {
        /// Its place, from 1.
        position: usize,
    },
    /// A fuzzy encoding that no agreement can choose.
    #[error("the fuzzy column is of an encoding that has no name")]
    FuzzyEncoding,
    /// A text of the manifest that is no plain line.
    #[error("the manifest's {0} is not a short plain line")]
    Text(&'static str),
}

/// Checks a schema against the list.
///
/// # Errors
/// The first thing that is not on the list.
pub(super) fn check(schema: &Schema, manifest: &Manifest) -> Result<(), Unlisted> {
    check_manifest(manifest)?;
    if schema.metadata().keys().any(|key| key != MANIFEST) {
        return Err(Unlisted::Metadata);
    }
    let listed = columns(manifest);
    for (i, field) in schema.fields().iter().enumerate() {
        let is_listed = listed.get(i).is_some_and(|column| {
            field.name() == &column.name
                && field.data_type() == &column.kind.data_type()
                && field.is_nullable() == column.kind.is_nullable()
                && field.metadata().is_empty()
        });
        if !is_listed {
            return Err(Unlisted::Column { position: i + 1 });
        }
    }
    if schema.fields().len() < listed.len() {
        return Err(Unlisted::Column { position: schema.fields().len() + 1 });
    }
    Ok(())
}

/// Checks what the manifest says of itself.
///
/// # Errors
/// As [`check`].
pub(super) fn check_manifest(manifest: &Manifest) -> Result<(), Unlisted> {
    let mut seen: BTreeSet<&str> = [ROW_ID, FUZZY, QUALITY].into();
    for (i, key) in manifest.match_keys.iter().enumerate() {
        if !is_word(&key.name) || !seen.insert(&key.name) {
            return Err(Unlisted::KeyName { position: i + 1 });
        }
        if key.components.len() < 2 {
            return Err(Unlisted::SingleComponent { position: i + 1 });
        }
    }
    if manifest.fuzzy.is_some_and(|f| FuzzyEncoding::named(&f.encoding.name()).is_none()) {
        return Err(Unlisted::FuzzyEncoding);
    }
    for (what, text) in [
        ("project id", &manifest.project),
        ("period", &manifest.period),
        ("project digest", &manifest.project_digest),
        ("key fingerprint", &manifest.key_fingerprint),
        ("program version", &manifest.tool),
    ] {
        if text.len() > 200 || text.chars().any(char::is_control) {
            return Err(Unlisted::Text(what));
        }
    }
    Ok(())
}

fn is_word(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}
