#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| poolgate_fuzz::read(b"Tag,Type,Allocs,Frees,Diff,Bytes,Per Alloc\n", bytes));
