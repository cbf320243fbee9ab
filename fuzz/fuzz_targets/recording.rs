//! Recordings of any bytes and of any frames: reading and judging them ends and never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| poolgate_fuzz::target("recording")(bytes));
