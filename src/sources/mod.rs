//! Reading the rows of an agency's files, with their positions.

mod header;
mod look;
mod parse;
pub mod propose;
pub mod spec;

pub use spec::SourceSpec;
