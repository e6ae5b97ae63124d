//! Reading the rows of an agency's files, with their positions.

pub mod spec;

pub use spec::SourceSpec;
