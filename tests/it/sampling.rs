//! Sampling of the slab caches of a Linux kernel: every form of slabinfo gives the same figures, a damaged one never
//! gives a smaller sample, and a sample allocates no heap memory, because that would disturb the measurement.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use poolgate::machine::linux::MemoryTables;
use poolgate::machine::{MachineError, PoolSource};
use poolgate::pool::{Counters, Pool, Snapshot, TagPattern, Usage};
use tempfile::TempDir;

use crate::sampler::Sampler;

/// A folder with a `proc` and a `sys` written by the test.
struct Root(TempDir);

impl Root {
    fn new() -> Root {
        let root = Root(tempfile::tempdir().unwrap());
        fs_err::create_dir(root.0.path().join("proc")).unwrap();
        root
    }

    fn saying(slabinfo: &str) -> Root {
        let root = Root::new();
        root.say(slabinfo);
        root
    }

    /// A kernel with these caches: name and number of objects in use, each of 10 bytes.
    fn with(caches: &[(&str, u64)]) -> Root {
        Root::saying(&text(caches))
    }

    fn say(&self, slabinfo: &str) {
        self.put("proc/slabinfo", slabinfo);
    }

    /// Overwrites in place, as a kernel does, so that a reader with the file open sees the change.
    fn put(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs_err::read_to_string(self.0.path().join(path)).unwrap()
    }

    fn source(&self) -> MemoryTables {
        MemoryTables::new(self.0.path())
    }
}

fn text(caches: &[(&str, u64)]) -> String {
    let lines = caches.iter().map(|(name, active)| {
        format!("{name:<17} {active:>6} {active:>6}     10   16    1 : tunables    0    0    0 : slabdata      6      6      0\n")
    });
    std::iter::once("slabinfo - version: 2.1\n# name            <active_objs> …\n".to_owned()).chain(lines).collect()
}

/// Returns objects and bytes of each cache present, and the pages of its slabs.
fn figures(snapshot: &Snapshot) -> BTreeMap<String, (u64, u64, u64)> {
    let mut figures = BTreeMap::new();
    for (key, usage) in snapshot.present() {
        let (objects, bytes, pages) = figures.entry(key.tag.to_string()).or_default();
        match key.pool {
            Pool::Slabs => *pages = usage.bytes / rustix::param::page_size() as u64,
            _ => (*objects, *bytes) = (usage.allocs, usage.bytes),
        }
    }
    figures
}

fn objects(source: &mut MemoryTables) -> Vec<(String, Option<u64>)> {
    let snapshot = source.sample().unwrap();
    let rows = snapshot.keys().iter().zip(snapshot.usages()).filter(|(key, _)| key.pool == Pool::Slab);
    rows.map(|(key, usage)| (key.tag.to_string(), usage.map(|usage| usage.allocs))).collect()
}

fn patterns(typed: &[&str]) -> Vec<TagPattern> {
    typed.iter().map(|typed| typed.parse().unwrap()).collect()
}

#[test]
fn every_form_of_slabinfo_reads_to_its_figures() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/slabinfo");
    let files = fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let texts: Vec<PathBuf> = files.filter(|file| file.extension().is_some_and(|kind| kind == "slabinfo")).collect();
    assert!(texts.len() >= 4, "{texts:?}");
    for path in texts {
        let root = Root::saying(&fs_err::read_to_string(&path).unwrap());
        let mut source = root.source();
        let snapshot = source.sample().unwrap();
        let expected = fs_err::read_to_string(path.with_extension("expected")).unwrap();
        let expected: BTreeMap<String, (u64, u64, u64)> = expected
            .lines()
            .map(|line| {
                let items: Vec<&str> = line.split(' ').collect();
                let number = |at: usize| items[at].parse().unwrap();
                (items[0].to_owned(), (number(1), number(2), number(3)))
            })
            .collect();
        assert_eq!(figures(snapshot), expected, "{}", path.display());
        for (key, usage) in snapshot.present() {
            let counters = if key.pool == Pool::Slab { Counters::InUse } else { Counters::BytesOnly };
            assert!(matches!(key.pool, Pool::Slab | Pool::Slabs), "{key}");
            assert_eq!((key.counters, usage.frees), (counters, 0));
        }
    }
}

#[test]
fn the_slab_allocators_total_is_a_row_of_its_own() {
    let root = Root::with(&[("dentry", 5)]);
    let all = |source: &mut MemoryTables| {
        let snapshot = source.sample().unwrap();
        snapshot.present().find(|(key, _)| key.pool == Pool::Kernel).map(|(key, usage)| (key.to_string(), usage.bytes))
    };
    assert_eq!(all(&mut root.source()), None, "this root has no meminfo");
    root.put("proc/meminfo", "MemTotal:        8000000 kB\nSlab:             120000 kB\nSReclaimable:      9 kB\n");
    let mut source = root.source();
    assert_eq!(all(&mut source), Some(("Slab kernel".to_owned(), 120_000 << 10)));
    root.put("proc/meminfo", "MemTotal:        8000000 kB\nSlab:             12x kB\n");
    let error = source.sample().map(figures).unwrap_err().to_string();
    assert!(error.contains("line 2: not a number of kB"), "{error}");
    fs_err::remove_file(root.0.path().join("proc/meminfo")).unwrap();
    assert!(root.source().sample().is_ok());
}

/// `Slab:` of /proc/meminfo also counts kmallocs of more than two pages, and lacks the pages that each CPU has not
/// added yet.
#[test]
fn the_slabs_of_this_machine_add_up_to_the_kernels_total() {
    if !live() {
        return;
    }
    let mut source = MemoryTables::new(Path::new("/"));
    let snapshot = source.sample().unwrap();
    let of = |pool| snapshot.present().filter(|(key, _)| key.pool == pool).map(|(_, usage)| usage.bytes).sum::<u64>();
    let (slabs, kernel, objects) = (of(Pool::Slabs), of(Pool::Kernel), of(Pool::Slab));
    assert!(objects <= slabs, "{objects} of {slabs}");
    assert!(slabs <= kernel + (16 << 20) && kernel <= slabs * 2 + (64 << 20), "{slabs} of {kernel}");
}

#[test]
fn a_cache_that_vanishes_is_absent_and_keeps_its_row() {
    let some = |name: &str, objects| (name.to_owned(), Some(objects));
    let root = Root::with(&[("dentry", 5), ("leaky", 7), ("filp", 9)]);
    let mut source = root.source();
    assert_eq!(objects(&mut source), [some("dentry", 5), some("leaky", 7), some("filp", 9)]);

    root.say(&text(&[("dentry", 6), ("filp", 0)]));
    assert_eq!(objects(&mut source), [some("dentry", 6), ("leaky".to_owned(), None), some("filp", 0)]);

    root.say(&text(&[("newer", 1), ("leaky", 2), ("dentry", 6), ("filp", 0)]));
    assert_eq!(objects(&mut source), [some("dentry", 6), some("leaky", 2), some("filp", 0), some("newer", 1)]);
}

#[test]
fn a_text_cut_inside_a_line_is_an_error_wherever_it_is_cut() {
    let whole = text(&[("dentry", 123), ("filp", 456)]);
    let root = Root::new();
    for cut in (0..whole.len()).filter(|&cut| whole.is_char_boundary(cut) && !whole[..cut].ends_with('\n')) {
        root.say(&whole[..cut]);
        let error = root.source().sample().map(figures).unwrap_err();
        assert!(matches!(error, MachineError::Malformed { .. }), "cut at {cut}: {error}");
    }
}

#[test]
fn after_a_failed_sample_the_next_is_whole() {
    let root = Root::with(&[("dentry", 5), ("filp", 9)]);
    let mut source = root.source();
    source.sample().unwrap();

    root.say("");
    assert!(source.sample().is_err());

    root.say(&text(&[("dentry", 6), ("filp", 0)]));
    assert_eq!(objects(&mut source), [("dentry".to_owned(), Some(6)), ("filp".to_owned(), Some(0))]);
}

#[test]
fn a_cache_that_the_kernel_can_take_back_is_reclaimable() {
    let root = Root::with(&[("dentry", 5), ("filp", 9), ("without_folder", 1), ("nfs/commit", 2)]);
    root.put("sys/kernel/slab/dentry/reclaim_account", "1\n");
    root.put("sys/kernel/slab/filp/reclaim_account", "0\n");
    // Names in sysfs have no slashes.
    root.put("sys/kernel/slab/nfs!commit/reclaim_account", "1\n");
    let mut source = root.source();
    let keys = source.sample().unwrap().keys();
    let caches = keys.iter().filter(|key| key.pool == Pool::Slab);
    assert_eq!(caches.map(|key| key.reclaimable).collect::<Vec<_>>(), [true, false, false, true]);
}

#[test]
fn only_named_caches_are_shrunk() {
    let root = Root::with(&[("key_jar", 5), ("filp", 9), ("dentry", 1), ("without_folder", 1)]);
    let switch = |cache: &str| format!("sys/kernel/slab/{cache}/shrink");
    let caches = ["key_jar", "filp", "dentry"];
    for cache in caches {
        root.put(&switch(cache), "");
    }
    let shrunk = |source: &mut MemoryTables, named: &[&str]| {
        let count = source.shrink(&patterns(named)).unwrap();
        let written = caches.into_iter().filter(|cache| root.text(&switch(cache)) == "1").collect::<Vec<_>>();
        for cache in caches {
            root.put(&switch(cache), "");
        }
        (count, written)
    };
    let mut source = root.source();
    assert_eq!(shrunk(&mut source, &["key_jar"]), (0, vec![]), "nothing is known before the first sample");
    source.sample().unwrap();
    assert_eq!(shrunk(&mut source, &["key_jar"]), (1, vec!["key_jar"]));
    assert_eq!(shrunk(&mut source, &["filp", "d*"]), (2, vec!["filp", "dentry"]));
    assert_eq!(shrunk(&mut source, &["without_folder"]), (0, vec![]));
    assert_eq!(shrunk(&mut source, &[]), (0, vec![]));
}

#[test]
fn a_cache_whose_module_is_gone_needs_no_shrinking() {
    let root = Root::with(&[("leaky", 5), ("filp", 9)]);
    root.put("sys/kernel/slab/leaky/shrink", "");
    root.put("sys/kernel/slab/filp/shrink", "");
    let mut source = root.source();
    source.sample().unwrap();
    fs_err::remove_dir_all(root.0.path().join("sys/kernel/slab/leaky")).unwrap();
    source.shrink(&patterns(&["leaky", "filp"])).unwrap();
    assert_eq!(root.text("sys/kernel/slab/filp/shrink"), "1");
}

/// Enough for two whole samples after the first. Keys are repeated before these.
const MANY: u64 = 600;

#[test]
fn a_sample_takes_no_heap_memory() {
    let names: Vec<String> = (0..300).map(|cache| format!("driver_cache_{cache}")).collect();
    // The figures get longer, as with a leak, and one cache comes and goes.
    let caches = |time: u64| -> Vec<(&str, u64)> {
        let present = names.iter().skip(usize::from(time % 7 == 3)).map(String::as_str);
        present.zip(1..).map(|(name, cache)| (name, cache % 3 * time * time * 2)).collect()
    };
    let root = Root::with(&caches(0));
    root.put("proc/meminfo", "Slab:             120000 kB\n");
    let mut sampler = Sampler::new(root.source());
    assert_eq!(sampler.sample(), 601);
    for time in 1..=MANY {
        root.say(&text(&caches(time)));
        assert_eq!(sampler.counted(), (601, 0), "sample {time}");
    }
}

#[test]
fn shrinking_again_takes_no_heap_memory() {
    let root = Root::with(&[("key_jar", 5), ("filp", 9)]);
    root.put("sys/kernel/slab/key_jar/shrink", "");
    let mut source = root.source();
    source.sample().unwrap();
    let named = patterns(&["key_jar", "kmalloc-*"]);
    assert_eq!(source.shrink(&named).unwrap(), 1);
    assert_eq!(allocation_counter::measure(|| assert_eq!(source.shrink(&named).unwrap(), 1)).count_total, 0);
}

/// Returns whether this machine shows its slab caches. If not, a test prints a note and ends; with CI=true it fails.
fn live() -> bool {
    let Err(because) = File::open("/proc/slabinfo") else { return true };
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "/proc/slabinfo cannot be read: {because}");
    eprintln!("skipped, because /proc/slabinfo cannot be read: {because}");
    false
}

#[test]
fn a_sample_of_this_machine_takes_no_heap_memory() {
    if !live() {
        return;
    }
    let mut sampler = Sampler::new(MemoryTables::new(Path::new("/")));
    let mut known = sampler.sample();
    for time in 1..=MANY {
        let (now, allocations) = sampler.counted();
        // A new cache needs a row.
        if now == known {
            assert_eq!(allocations, 0, "sample {time}");
        }
        known = now;
    }
}

#[test]
fn directory_entries_of_this_machine_are_reclaimable() {
    if !live() {
        return;
    }
    let mut source = MemoryTables::new(Path::new("/"));
    let snapshot = source.sample().unwrap();
    let (key, usage) = snapshot.present().find(|(key, _)| key.tag.as_str() == "dentry").unwrap();
    assert!(key.reclaimable);
    let Usage { allocs, bytes, .. } = usage;
    assert!(allocs > 0 && bytes / allocs >= 128 && bytes % allocs == 0, "{usage:?}");
}
