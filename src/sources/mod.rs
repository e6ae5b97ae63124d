//! Reading the rows of an agency's files, with their positions. A file of any kind comes in,
//! trimmed text cells with line numbers go out; what a cell means is decided in
//! [`crate::standardise`].

mod cells;
mod columns;
mod csv;
mod dex;
mod error;
mod feed;
mod form;
mod header;
mod jsonl;
mod kind;
mod look;
mod parse;
mod proposal;
pub mod propose;
mod records;
mod several;
mod sheet;
pub mod spec;
mod table;
mod unpack;
pub(crate) mod upload;

pub use cells::Row;
pub(crate) use cells::trimmed;

pub use dex::DEX_SOURCE;
pub(crate) use dex::{MOST_UPLOADED, NO_CLIENT, day};
pub use error::{ColumnProblem, Error};
pub use feed::READER;
pub use form::Form;
pub(crate) use form::{Least, Whom};
pub(crate) use header::{item_number, may_be_consent, plain, usual_heading};
pub use kind::{Kind, Unread};
pub use several::FileNames;
pub use spec::SourceSpec;
pub use table::{Batch, Input, Reject, Table};
