//! `slk` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| veilway_fuzz::slk::run(input));
