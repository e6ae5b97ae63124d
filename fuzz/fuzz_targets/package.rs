//! `package` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| veilway_fuzz::package::run(input));
