#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| poolgate_fuzz::read(b"t_seconds,iteration,tag,pool,allocs,frees,bytes\n", bytes));
