#![no_main]

use libfuzzer_sys::fuzz_target;

// With nothing before it: what a log is, and in which encoding, its bytes say.
fuzz_target!(|bytes: &[u8]| poolgate_fuzz::read(b"", bytes));
