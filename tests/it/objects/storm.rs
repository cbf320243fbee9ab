//! The figures of docs/stacks.md: the cost of a followed cache in a storm of allocations, and the kernel memory that the
//! tracer itself uses. They measure and assert nothing, so they run only if asked for, alone, on an idle machine:
//!
//! `cargo test --test it -- --ignored --nocapture --test-threads 1 objects::storm::`

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use poolgate::machine::linux::ObjectTracer;
use rustix::event::{EventfdFlags, eventfd};
use rustix::time::{ClockId, clock_gettime};

use super::live::{alone, follow, pause, shell};

/// Pairs of an eventfd and its close, on each of two processors. A pair allocates a `filp`, a `dentry`, and a
/// `kmalloc-64`.
const PAIRS: u32 = 100_000;
const ROUNDS: usize = 5;

/// The processor time of this process: other processes count in wall time.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap(), u32::try_from(time.tv_nsec).unwrap())
}

/// The processor time of one storm, per pair.
fn storm() -> Duration {
    let begun = processor_time();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..PAIRS {
                    drop(eventfd(0, EventfdFlags::empty()).unwrap());
                }
            });
        }
    });
    (processor_time() - begun) / (2 * PAIRS)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
#[ignore = "it measures"]
fn a_storm_with_and_without_a_tracer() {
    let _alone = alone();
    for followed in [&["key_jar"][..], &["filp"], &["kmalloc-64"], &["filp", "dentry", "kmalloc-64"]] {
        let (mut without, mut with, mut last) = (Vec::new(), Vec::new(), None);
        for _ in 0..ROUNDS {
            without.push(storm());
            let Some(mut tracer) = follow(followed) else { return };
            with.push(storm());
            last = Some(tracer.survivors().unwrap());
        }
        let (without, with, last) = (median(without), median(with), last.unwrap());
        println!(
            "{followed:?}: {without:?} a pair without, {with:?} with: {:.2} ×",
            with.as_secs_f64() / without.as_secs_f64(),
        );
        for cache in last.caches {
            println!(
                "  {}: {} allocated, {} alive, on {} paths and {} without survivors; {:?}; freed unseen {}, older {}; missed {:?}, unwatched {:?}",
                cache.cache,
                cache.allocated,
                cache.alive,
                cache.paths.len(),
                cache.paths_without,
                cache.lost,
                cache.freed_unseen,
                cache.freed_older,
                last.missed,
                last.unwatched
            );
        }
    }
}

/// Objects in use, exact after a shrink, with their size.
fn in_use() -> BTreeMap<String, (i64, i64)> {
    shell("for cache in /sys/kernel/slab/*/shrink; do echo 1 >$cache; done");
    let text = fs_err::read_to_string("/proc/slabinfo").unwrap();
    let figures = |line: &str| {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        Some((words[0].to_owned(), (words.get(1)?.parse().ok()?, words.get(3)?.parse().ok()?)))
    };
    text.lines().skip(2).filter_map(figures).collect()
}

/// Prints the caches that grew by at least `least` objects.
fn print_growth(title: &str, before: &BTreeMap<String, (i64, i64)>, after: &BTreeMap<String, (i64, i64)>, least: i64) {
    println!("{title}:");
    for (name, (objects, size)) in after {
        let growth = objects - before.get(name).map_or(0, |(objects, _)| *objects);
        if growth.abs() >= least {
            println!("  {name} {growth:+} objects, {:+} bytes", growth * size);
        }
    }
}

#[test]
#[ignore = "it measures"]
fn kernel_memory_of_the_tracer() {
    let _alone = alone();
    // The first time may fill the kernel's own caches.
    drop(follow(&["key_jar", "kmalloc-64"]));
    pause();
    let before = in_use();
    let idle = in_use();
    print_growth("nothing happens", &before, &idle, 1);
    let begun = Instant::now();
    let Some(mut tracer) = follow(&["filp", "kmalloc-64"]) else { return };
    println!("attach: {:?}", begun.elapsed());
    let attached = in_use();
    print_growth("attached", &idle, &attached, 1);
    for round in 0..3 {
        storm();
        let begun = Instant::now();
        let survivors = tracer.survivors().unwrap();
        println!(
            "survivors: {:?}, {} bytes of JSON",
            begun.elapsed(),
            serde_json::to_string(&survivors).unwrap().len()
        );
        print_growth(&format!("storm {round}"), &attached, &in_use(), 3);
    }
    let begun = Instant::now();
    drop(tracer);
    println!("detach: {:?}", begun.elapsed());
    pause();
    print_growth("detached", &idle, &in_use(), 1);
    memory_of_maps();
}

/// The memory of each map, as the kernel counts it.
fn memory_of_maps() {
    let Some(tracer) = follow(&["filp"]) else { return };
    print_maps(&tracer);
}

fn print_maps(_held: &ObjectTracer) {
    for entry in fs_err::read_dir("/proc/self/fdinfo").unwrap() {
        let Ok(text) = fs_err::read_to_string(entry.unwrap().path()) else { continue };
        let value =
            |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned());
        if let (Some(entries), Some(bytes)) = (value("max_entries:"), value("memlock:")) {
            println!(
                "map of {entries} entries of {:?} + {:?} bytes: {bytes} bytes",
                value("key_size:"),
                value("value_size:")
            );
        }
    }
}
