//! Reading the rows of an agency's files, with their positions.

mod parse;
pub mod spec;

pub use spec::SourceSpec;
