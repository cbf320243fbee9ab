//! Slab caches and call sites as one pool table.

use poolgate::machine::{Machine, MachineError};
use poolgate::pool::{Key, Usage};

use super::root::{Root, fixture, told};

const HEAD: &str = "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n";

fn kernel() -> Root {
    Root::new().copy("proc/slabinfo", "slabinfo/slub-6.12.slabinfo").copy("proc/allocinfo", "allocinfo/6.12.txt")
}

fn usage(machine: &mut Machine, tag: &str) -> Option<(u64, u64)> {
    let found = machine.pool.sample().unwrap().present().find(|(key, _)| key.tag.as_str() == tag);
    found.map(|(_, Usage { allocs, frees, bytes })| {
        assert_eq!(frees, 0);
        (allocs, bytes)
    })
}

/// Returns the rows for `text` as /proc/allocinfo, without slab caches.
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
    assert_eq!(usage(&mut machine, "leakydrv"), Some((114, 114 * 208)), "every object of a slab counts");
    assert_eq!(usage(&mut machine, "leakydrv:carry_out_request"), Some((100, 100 * 208)), "and here what was leaked");
    assert_eq!(usage(&mut machine, "kernel:alloc_page_ext"), Some((192, 786_432)), "pages too");
    assert_eq!(usage(&mut machine, "ext4:ext4_mb_init"), Some((4, 480)), "four places in one function");
    assert_eq!(usage(&mut machine, "kernel:mount_nodev_root"), None, "a place which never allocated");
}

/// The figures are awk's: tests/fixtures/allocinfo/README.md.
#[test]
fn nothing_of_a_real_text_is_lost() {
    let text = fs_err::read_to_string(fixture("allocinfo/6.12.txt")).unwrap();
    let sites = sites(&text).unwrap();
    assert_eq!(sites.len(), 288);
    assert_eq!(sites.iter().map(|(_, allocs, _)| allocs).sum::<u64>(), 27_165);
    assert_eq!(sites.iter().map(|(_, _, bytes)| bytes).sum::<u64>(), 25_156_936);
    assert_eq!(kernel().machine().pool.sample().unwrap().present().count(), 2 * 112 + 288, "and every cache");
}

#[test]
fn a_sum_below_zero_is_of_one_moment_and_not_in_use() {
    let below = "        -256 18446744073709551615 net/core/skbuff.c:633 func:__alloc_skb \n";
    assert_eq!(sites(&format!("{HEAD}{below}")).unwrap(), []);
}

#[test]
fn without_allocinfo_or_with_profiling_off_slabinfo_is_all_there_is() {
    let off = |root: Root| root.with("proc/sys/vm/mem_profiling", "0\n");
    for without in [off, |root: Root| root.without("proc/allocinfo")] {
        let root = without(kernel());
        let mut machine = root.machine();
        assert_eq!(machine.pool.name(), "linux slabinfo");
        assert_eq!(usage(&mut machine, "kernel:alloc_page_ext"), None);
        assert!(usage(&mut machine, "kmalloc-64").is_some());
    }
}

#[test]
fn profiling_that_is_on_is_used() {
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
fn version_2_marks_inaccurate_rows_and_counts_them() {
    let root = kernel().copy("proc/allocinfo", "allocinfo/6.18.txt");
    let mut machine = root.machine();
    assert_eq!(usage(&mut machine, "kernel:mce_device_create"), Some((48, 49_152)));
    assert_eq!(usage(&mut machine, "kernel:mce_gen_pool_create"), Some((1, 32_768)));
    assert_eq!(usage(&mut machine, "kernel:__its_alloc"), None, "nothing, inaccurately");
    let root = root.with("proc/allocinfo", &format!("{HEAD}  64  2 lib/a.c:1 [a] func:a accurate:no \n"));
    assert_eq!(usage(&mut root.machine(), "a:a"), Some((2, 64)), "as the kernel ends its lines");
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
