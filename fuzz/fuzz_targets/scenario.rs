//! Scenarios of any bytes: a scenario that reads back the same from its own text, or mistakes that are safe to print.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| poolgate_fuzz::target("scenario")(bytes));
