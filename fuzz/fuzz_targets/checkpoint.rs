//! Checkpoints of any bytes, and of any entries with correct checksums: a state, or a refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| poolgate_fuzz::target("checkpoint")(bytes));
