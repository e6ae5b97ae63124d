//! What the fuzz targets do with an input, for libFuzzer (`fuzz_targets/`) and for the plain
//! runner (`src/bin/plain.rs`) alike.

pub mod csv_row;
pub mod formats;
pub mod slk;
