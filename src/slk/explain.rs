//! How each character of a key came about.
