//! Checkpoints of any bytes, and of any entries whose checksums are right: a state, or a refusal.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| poolgate_fuzz::target("checkpoint")(bytes));
