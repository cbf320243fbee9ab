//! Slab caches and call sites as one pool table.

use poolgate::machine::{Machine, MachineError};
use poolgate::pool::{Key, Usage};

use super::root::{Root, told};

const HEAD: &str = "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n";

fn kernel() -> Root {
    Root::new().copy("proc/slabinfo", "proc/slabinfo-6.18.txt").copy("proc/allocinfo", "allocinfo/6.10.txt")
}

fn usage(machine: &mut Machine, tag: &str) -> Option<(u64, u64)> {
    let found = machine.pool.sample().unwrap().present().find(|(key, _)| key.tag.as_str() == tag);
    found.map(|(_, Usage { allocs, frees, bytes })| {
        assert_eq!(frees, 0);
        (allocs, bytes)
    })
}

/// What `text` as /proc/allocinfo gives, slab caches apart.
fn sites(text: &str) -> Result<Vec<(String, u64, u64)>, MachineError> {
    let root = Root::new().with("proc/slabinfo", "slabinfo - version: 2.1\n").with("proc/allocinfo", text);
    let mut pool = root.machine().pool;
    let row = |(key, usage): (&Key, Usage)| (key.to_string(), usage.allocs, usage.bytes);
    Ok(pool.sample()?.present().map(row).collect())
}

#[test]
fn both_tables_stand_in_one_snapshot() {
    let root = kernel();
    let mut machine = root.machine();
    assert_eq!(machine.pool.name(), "linux slabinfo and allocinfo");
    assert!(usage(&mut machine, "key_jar").is_some());
    assert_eq!(usage(&mut machine, "kernel:alloc_page_ext"), Some((31168, 127_664_128)));
    assert_eq!(usage(&mut machine, "ctagmod:ctagmod_start"), Some((1010, 4_136_960)));
    assert_eq!(usage(&mut machine, "kernel:key_alloc"), Some((320, 20480)), "two places in one function");
    assert_eq!(usage(&mut machine, "ext4:ext4_mb_init"), Some((2, 6144)));
    assert_eq!(usage(&mut machine, "kernel:__alloc_skb"), None, "below zero is not yet in use");
    // 33 caches, and 21 functions which hold anything.
    assert_eq!(machine.pool.sample().unwrap().present().count(), 33 + 21);
}

#[test]
fn without_allocinfo_or_with_profiling_off_slabinfo_is_all_there_is() {
    let off = |root: Root| root.with("proc/sys/vm/mem_profiling", "0\n");
    for without in [off, |root: Root| root.without("proc/allocinfo")] {
        let root = without(kernel());
        let mut machine = root.machine();
        assert_eq!(machine.pool.name(), "linux slabinfo");
        assert_eq!(usage(&mut machine, "kernel:alloc_page_ext"), None);
        assert!(usage(&mut machine, "key_jar").is_some());
    }
}

#[test]
fn profiling_which_is_on_is_used() {
    let root = kernel().with("proc/sys/vm/mem_profiling", "1\n");
    assert_eq!(root.machine().pool.name(), "linux slabinfo and allocinfo");
}

#[test]
fn a_place_is_left_out_until_it_allocates_and_then_stays() {
    let root = kernel();
    let mut machine = root.machine();
    let text = |line: &str| format!("{HEAD}{line}");
    let root = root.with("proc/allocinfo", &text("           0        0 lib/a.c:1 func:a \n"));
    assert_eq!(usage(&mut machine, "kernel:a"), None);
    let root = root.with("proc/allocinfo", &text("          64        2 lib/a.c:1 func:a \n"));
    assert_eq!(usage(&mut machine, "kernel:a"), Some((2, 64)));
    let root = root.with("proc/allocinfo", &text("           0        0 lib/a.c:1 func:a \n"));
    assert_eq!(usage(&mut machine, "kernel:a"), Some((0, 0)), "everything given back is not absent");
    let _root = root.with("proc/allocinfo", HEAD);
    assert_eq!(usage(&mut machine, "kernel:a"), None, "its module is gone: absent, not zero");
}

#[test]
fn version_2_says_where_it_is_inaccurate_and_counts() {
    let root = kernel().copy("proc/allocinfo", "allocinfo/6.18.txt");
    let mut machine = root.machine();
    assert_eq!(usage(&mut machine, "kernel:key_alloc"), Some((128, 8192)));
    assert_eq!(usage(&mut machine, "ctagmod:ctagmod_start"), Some((1010, 4_136_960)));
}

#[test]
fn a_row_keeps_its_place_from_sample_to_sample() {
    let root = kernel();
    let mut machine = root.machine();
    let keys = machine.pool.sample().unwrap().keys().to_vec();
    assert_eq!(machine.pool.sample().unwrap().keys(), keys);
}

#[test]
fn a_sample_of_both_tables_allocates_nothing_once_all_is_known() {
    let root = kernel();
    let mut machine = root.machine();
    machine.pool.sample().unwrap();
    let counted = allocation_counter::measure(|| {
        machine.pool.sample().unwrap();
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_damaged_text_is_an_error_never_a_smaller_sample() {
    for (text, problem) in [
        ("", "line 1: the text ends in the middle of a line"),
        ("allocinfo - version: 3.0\n", "line 1: not an allocinfo of version 1.x or 2.x"),
        (&format!("{HEAD}  64  2 lib/a.c:1 func:a"), "line 3: the text ends in the middle of a line"),
        (&format!("{HEAD}  6x  2 lib/a.c:1 func:a \n"), "line 3: the size is not a number"),
        (&format!("{HEAD}  -  2 lib/a.c:1 func:a \n"), "line 3: the size is not a number"),
        (&format!("{HEAD}  9223372036854775808  2 lib/a.c:1 func:a \n"), "line 3: the size is not a number"),
        (&format!("{HEAD}  64  -2 lib/a.c:1 func:a \n"), "line 3: the calls are not a number"),
        (&format!("{HEAD}  64  2\n"), "line 3: no place in the code"),
        (&format!("{HEAD}  64  2 lib/a.c:1 [a]\n"), "line 3: no function"),
        (&format!("{HEAD}  64  2 lib/a.c:1 func:\n"), "line 3: no function"),
    ] {
        let (error, help) = told(sites(text).unwrap_err());
        assert!(error.contains(problem), "{error}");
        assert!(help.contains("allocinfo versions"), "{help}");
    }
    assert_eq!(sites(HEAD).unwrap(), []);
}
