#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| joingate_fuzz::token_state(bytes));
