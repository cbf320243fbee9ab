//! `judge` and `export` read the logs that `mon` writes.

use poolgate::pool::Pool;

#[cfg(unix)]
use crate::program::{Completed, poolgate_in};

#[cfg(unix)]
#[test]
fn a_leak_in_a_log_is_found_by_judge() {
    let bed = super::Bed::new();
    let mut going = super::plain::Going::start(&bed, &["/b", "--timestamps"]);
    let mut log = String::new();
    for _ in 0..80 {
        bed.allocate("MyD1", Pool::Nonpaged, 96, 1);
        // Adds one screen to the log after each allocation.
        log.push_str(&going.until(|line| line.starts_with("# ")));
        log.push_str(&going.all_until(|line| line.starts_with(" Both Nonp")));
    }
    going.interrupt();
    super::file(&bed.path("poolmon.log"), &log);
    let mut judge = poolgate_in(bed.folder.path());
    let judged = Completed::run(judge.args(["judge", "--no-confirm", "poolmon.log"]));
    judged.is(1, &[]);
    assert!(judged.stdout.contains("MyD1 nonpaged"), "{}", judged.stdout);
    assert!(!judged.stdout.contains("Big paged"), "{}", judged.stdout);
}

/// On Linux, names are longer, and there are no frees.
#[cfg(unix)]
#[test]
fn caches_are_read_back_as_caches() {
    let bed = super::Bed::new();
    fs_err::create_dir_all(bed.path("host/proc")).unwrap();
    fs_err::create_dir_all(bed.path("host/sys/kernel/slab/dentry")).unwrap();
    super::file(&bed.path("host/sys/kernel/slab/dentry/reclaim_account"), "1\n");
    let line = |name: &str, active: u64| format!("{name} {active} 9999 192 16 1 : tunables 0 0 0 : slabdata 6 6 0\n");
    let caches = [line("kmalloc-rnd-01-64", 120), line("dentry", 5), line("TCP", 3)].concat();
    let slabinfo = format!("slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> …\n{caches}");
    super::file(&bed.path("host/proc/slabinfo"), &slabinfo);
    let poolgate = || {
        let mut command = poolgate_in(bed.folder.path());
        command.env_remove("POOLGATE_SIM_KERNEL");
        command
    };
    let mon = ["mon", "/b", "/e", "--root", "host", "--log", "pool.log", "--for", "0 s"];
    assert!(poolgate().args(mon).status().unwrap().success());
    let said = poolgate().args(["export", "--csv", "pool.log"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&said.stderr);
    assert_eq!((said.status.code(), stderr.as_ref()), (Some(0), ""), "{}", bed.text("pool.log"));
    let csv = String::from_utf8(said.stdout).unwrap();
    let rows: Vec<&str> = csv.lines().skip(1).map(|line| line.splitn(3, ',').nth(2).unwrap()).collect();
    let slabs = 6 * rustix::param::page_size();
    // By bytes, the largest first. A screen may show only some of the tags, regardless of its TOTAL lines.
    let held = ["TCP", "dentry", "kmalloc-rnd-01-64"].map(|name| format!("{name},Slabs,,,{slabs},0,yes"));
    let in_use =
        ["kmalloc-rnd-01-64,Slab,120,,23040,0,yes", "dentry,Slab reclaimable,5,,960,0,yes", "TCP,Slab,3,,576,0,yes"];
    let expected: Vec<&str> = held.iter().map(String::as_str).chain(in_use).collect();
    assert_eq!(rows, expected);
}
