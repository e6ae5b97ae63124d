//! Reading the rows of an agency's files, with their positions. Bytes of a declared
//! encoding come in, trimmed text cells with line numbers go out; what a cell means is
//! decided in [`crate::standardise`].

pub mod csv;
mod header;
mod look;
mod parse;
pub mod propose;
mod records;
pub mod spec;

pub use csv::{Batch, Error, Input, Reject, Row, Table};
pub use parse::{DATE_FORMAT, is_date_format};
pub use spec::SourceSpec;
