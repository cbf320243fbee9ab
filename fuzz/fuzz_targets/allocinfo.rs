//! A /proc/allocinfo of any bytes: every sample is complete, or there is none.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| poolgate_fuzz::target("allocinfo")(bytes));
