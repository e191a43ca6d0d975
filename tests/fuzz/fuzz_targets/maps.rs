#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gosync_fuzz::maps::run(bytes));
