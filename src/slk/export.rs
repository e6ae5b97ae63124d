//! A whole export with its keys.
