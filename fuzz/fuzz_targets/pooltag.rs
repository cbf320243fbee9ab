//! A pooltag.txt or localtag.txt of any bytes: rows that are safe to print, found again by their tags.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| poolgate_fuzz::target("pooltag")(bytes));
