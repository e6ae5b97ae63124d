//! Reading the rows of an agency's files, with their positions. Bytes of a declared
//! encoding come in, trimmed text cells with line numbers go out; what a cell means is
//! decided in [`crate::standardise`].

mod cells;
pub mod csv;
mod error;
mod header;
mod look;
mod parse;
pub mod propose;
mod records;
pub mod spec;

pub use cells::Row;
pub use csv::{Batch, Input, Reject, Table};
pub use error::{ColumnProblem, Error};
pub(crate) use header::{item_number, plain, usual_heading};
pub use parse::{DATE_FORMAT, is_date_format};
pub use records::Found;
pub use spec::SourceSpec;
