//! The package: the one file that leaves an agency for the linkage unit. Takes tokens and a
//! manifest, gives an Arrow IPC file that any Arrow reader opens, and reads it back by
//! memory map. Never sees a person; the gate refuses what is not on its list.
//!
//! # The file
//!
//! One Arrow IPC *file* with one record batch of uncompressed columns, in this order:
//!
//! | column | type | holds |
//! |---|---|---|
//! | `row_id` | fixed 16 bytes | the agency's pseudonym of the person; sorted |
//! | one per match key | fixed 16 bytes, nullable | the token; a null slot is all zero bytes |
//! | `fuzzy` (where the agreement has it) | fixed 256, 512 or 128 bytes, nullable | the person as bits that stay near each other; a null slot is all zero bytes |
//! | `quality` | unsigned 32 bits | bit i: field i of the project is usable; bit 31: the birth date is estimated |
//!
//! The manifest has `fuzzy` exactly when the column is there, and its encoding says the width:
//! `eld` 256 bytes, `eld-high-assurance` 512, `danger-unhardened-clk` 128. No two rows have
//! the same value.
//!
//! The manifest is JSON under `veilway` in the schema metadata. The digest, under
//! `veilway.sha256` in the footer metadata, is the SHA-256 of the whole file from the first
//! byte to the last, with the digest's own 64 hexadecimal digits read as `0`. So it covers
//! row ids, validity, values, manifest, and every byte that Arrow itself ignores.

pub mod gate;
pub mod manifest;
mod mapped;
mod read;
mod verify;
mod write;

use std::path::PathBuf;

use crate::error::{Class, Fault};
use crate::files::{self, clean};

pub use manifest::Manifest;
pub use read::{FuzzyColumn, Package, TokenColumn};
pub use verify::{Verified, verify};
pub use write::{ColumnError, Columns, Contents, Rows, max_rows, write, write_rows};

/// One token; all zero bytes stand for none.
pub type Token = [u8; 16];

/// The value of a token column where there is no token.
pub const NO_TOKEN: Token = [0; 16];

/// The digest of a package: 64 lower-case hexadecimal digits.
const DIGEST_DIGITS: usize = 64;

/// A package that could not be written, opened or trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file itself could not be read or written.
    #[error(transparent)]
    File(#[from] files::Error),
    /// Another program holds the file for writing.
    #[error("{}: is being written by another program", clean(.path))]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file is not a package at all.
    #[error("{}: is not a package: {what}", clean(.path))]
    NotAPackage {
        /// The file.
        path: PathBuf,
        /// What gave it away.
        what: &'static str,
    },
    /// The file was a package once.
    #[error("{}: is damaged: {what}", clean(.path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// A format that this program does not know.
    #[error("{}: has package format {found}; this program reads format {expected}", clean(.path))]
    Format {
        /// The file.
        path: PathBuf,
        /// The format it declares.
        found: u32,
        /// The format of this program.
        expected: u32,
    },
    /// A file for somebody else.
    #[error("{}: its role is not `{expected}`; this is not a file for the linkage unit", clean(.path))]
    Role {
        /// The file.
        path: PathBuf,
        /// The role of a package.
        expected: &'static str,
    },
    /// The file holds something that a package may not hold.
    #[error("{}: {found}", clean(.path))]
    Unlisted {
        /// The file.
        path: PathBuf,
        /// What the gate found.
        found: gate::Unlisted,
    },
    /// The manifest and the columns tell different stories, or a promise is broken.
    #[error("{}: {}{what}", clean(.path), column.as_ref().map(|c| format!("column {}: ", files::clean_text(c))).unwrap_or_default())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The column, where it is one column's.
        column: Option<String>,
        /// What is wrong.
        what: &'static str,
    },
    /// The gate refused to write.
    #[error("the gate refuses to write a package: {0}")]
    Refused(gate::Unlisted),
    /// More rows than any Arrow reader can address.
    #[error("{rows} rows are more than the {most} a package can hold")]
    TooManyRows {
        /// The rows there were.
        rows: usize,
        /// The most there can be.
        most: usize,
    },
    /// The columns handed over are of different lengths, or Arrow refused them.
    #[error("the columns of the package do not fit together")]
    Layout,
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::File(e) => e.class(),
            Error::Busy { .. } => Class::Io,
            Error::NotAPackage { .. }
            | Error::Damaged { .. }
            | Error::Format { .. }
            | Error::Role { .. }
            | Error::Unlisted { .. }
            | Error::Broken { .. } => Class::Package,
            Error::Refused(_) => Class::Refused,
            Error::TooManyRows { .. } => Class::Input,
            Error::Layout => Class::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::File(e) => e.hint(),
            Error::Busy { .. } => Some("wait until it is finished, then run again".into()),
            Error::NotAPackage { .. } => {
                Some("give the `.package.arrow` file that `veilway deidentify` wrote".into())
            }
            Error::Damaged { .. } | Error::Broken { .. } => {
                Some("ask the agency to send the package again".into())
            }
            Error::Format { .. } => Some("use the same version of veilway at every party".into()),
            Error::Role { .. } | Error::Unlisted { .. } => {
                Some("do not use this file; tell the agency that sent it".into())
            }
            Error::TooManyRows { .. } => Some("split the source into several".into()),
            Error::Refused(_) | Error::Layout => None,
        }
    }
}
