//! `judge` reads the output of `mon`: the same figures, tag by tag and screen by screen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use poolgate::import;
use poolgate::machine::Memory;
use poolgate::mon::{Drivers, LiveTable, PoolScope, PoolmonLayout, PoolmonText, RowFilter, SortColumn, SortOrder};
use poolgate::pool::{Counters, Key, Pool, Snapshot, Tag, Usage};
use poolgate::record::{Event, Recording};
use proptest::prelude::*;

#[cfg(unix)]
use crate::program::{Completed, poolgate_in};

/// The content of a screen, row by row.
type Rows = BTreeMap<(Tag, Pool), Usage>;

/// Rows of pool tags, with any bytes that a line can contain.
fn rows() -> impl Strategy<Value = Rows> {
    let byte =
        prop_oneof![4 => b' '..=b'~', 1 => any::<u8>().prop_filter("a line ends there", |b| !b"\n\r".contains(b))];
    let tag = proptest::array::uniform4(byte).prop_map(Tag::from_pool_tag);
    let pool = prop_oneof![Just(Pool::Paged), Just(Pool::Nonpaged)];
    let usage = (any::<u32>(), any::<u32>(), 0..i64::MAX as u64);
    let usage = usage.prop_map(|(allocs, frees, bytes)| Usage { allocs: allocs.into(), frees: frees.into(), bytes });
    proptest::collection::btree_map((tag, pool), usage, 1..20)
}

/// Some screens of a log, each with its rows.
fn screens() -> impl Strategy<Value = Vec<Rows>> {
    proptest::collection::vec(rows(), 1..5)
}

/// The samples of a recording, without absent rows and without the figures of the header.
fn samples(recording: &Recording) -> Vec<Rows> {
    let (mut samples, mut events) = (Vec::new(), recording.events());
    while let Some(event) = events.next() {
        if let Event::Sample { snapshot, .. } = event {
            let tags = snapshot.present().filter(|(key, _)| key.pool != Pool::Kernel);
            samples.push(tags.map(|(key, usage)| ((key.tag.clone(), key.pool), usage)).collect());
        }
    }
    samples
}

/// A log of these screens; `write` writes each one.
fn log(screens: &[Rows], session: Option<u32>, write: impl Fn(&poolgate::mon::Screen) -> Vec<u8>) -> Vec<u8> {
    let (mut table, mut snapshot, mut log) = (LiveTable::new(), Snapshot::new(), Vec::new());
    let scope = session.map_or(PoolScope::System, PoolScope::Session);
    for rows in screens {
        snapshot.clear();
        for ((tag, pool), usage) in rows {
            let row = snapshot.row(Key { session, ..Key::new(tag.clone(), *pool, Counters::Wrapping32) });
            snapshot.set(row, Some(*usage));
        }
        table.take(&snapshot, Memory::default(), Timestamp::UNIX_EPOCH);
        let order = SortOrder { by: SortColumn::Bytes, change: false };
        log.extend(write(&table.screen(&RowFilter { scope, totals: true, ..RowFilter::default() }, order)));
        log.push(b'\n');
    }
    log
}

fn assert_read_back(screens: &[Rows], log: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.log");
    std::io::Write::write_all(&mut std::fs::File::create(&path).unwrap(), log).unwrap();
    let imported = import::read(&path, Some(std::time::Duration::from_secs(5))).unwrap();
    // Tags that appear and disappear cause a note, which is correct; skipped lines would cause one too.
    let passed: Vec<_> = imported.notes.iter().filter(|note| !note.contains("tags are missing in some")).collect();
    assert!(passed.is_empty(), "{passed:?} {}", String::from_utf8_lossy(log));
    assert_eq!(samples(&imported.recording), screens);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn live_screens_are_read_back_equal(screens in screens(), session in proptest::option::of(any::<u32>())) {
        for layout in [PoolmonLayout::X86, PoolmonLayout::X64] {
            assert_read_back(&screens, &log(&screens, session, |screen| PoolmonText::new(layout, None).live(screen)));
        }
    }

    #[test]
    fn snapshots_are_read_back_equal(screens in screens()) {
        assert_read_back(&screens, &log(&screens, None, |screen| PoolmonText::new(PoolmonLayout::X64, None).snapshot(screen)));
    }

    #[test]
    fn screens_with_drivers_are_read_back_equal(screens in screens()) {
        let found = |tag: &Tag| if tag.as_str().contains('a') { "[mydrv.sys  -  Create.c 3]" } else { "Unknown Driver" };
        let text = PoolmonText::new(PoolmonLayout::X64, Some(Drivers::found_by(move |tag| found(tag).to_owned())));
        assert_read_back(&screens, &log(&screens, None, |screen| text.live(screen)));
    }
}

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
