#![no_main]

use libfuzzer_sys::fuzz_target;

// A stamp between two tables, of whatever form.
fuzz_target!(|bytes: &[u8]| {
    let table: &[u8] = b"\n Tag  Type  Allocs  Frees  Diff  Bytes  Per Alloc\n Irp  Nonp 3 1 2 64 32\n";
    poolgate_fuzz::read(table, &[&b"2026-01-08 15:04:05\n"[..], table, bytes, table, bytes, table].concat());
});
