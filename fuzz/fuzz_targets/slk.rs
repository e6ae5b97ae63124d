//! `slk` for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: (String, String, String, u16, bool, bool)| {
    veilway_fuzz::slk::run(input)
});
