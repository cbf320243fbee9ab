//! Objects in use and whole slabs of a Linux cache: the figure each limit is on, and the messages if one is missing.

use poolgate::judge::Verdict::{self, Broken, Held, Unclear};
use poolgate::pool::{Counters, Key, Pool, Usage};

use super::machine::{Machine, Now, live, machine};

const MIB: u64 = 1 << 20;

fn key(tag: &str, pool: Pool) -> Key {
    let counters = if pool == Pool::Slab { Counters::InUse } else { Counters::BytesOnly };
    Key::new(tag.parse().unwrap(), pool, counters)
}

fn bytes(bytes: u64) -> Option<Usage> {
    Some(Usage { bytes, ..Usage::default() })
}

/// A cache of 10,000 objects in use. Its slabs hold 2 MiB before the workload and `after` bytes after it.
fn fragmented(thresholds: &str, after: u64) -> Machine {
    let held = move |now: Now| bytes(if now.slot > 10 { after } else { 2 * MIB });
    without_slabs(thresholds).keyed(key("dentry", Pool::Slabs), held)
}

/// The same cache in a recording with its objects only.
fn without_slabs(thresholds: &str) -> Machine {
    machine(60, thresholds).keyed(key("dentry", Pool::Slab), |_| live(10_000.0))
}

fn said(machine: Machine) -> (Verdict, String) {
    let ran = machine.run();
    (ran.verdict(), ran.finding().because.clone())
}

#[test]
fn a_caches_level_counts_slabs_and_its_growth_counts_objects() {
    for (threshold, expected, because) in [
        ("{ tag: dentry, max_bytes: 1 MiB }", Broken, "holds 9.00 MiB in slabs at the end; objects in use: 625 KiB"),
        (
            "{ tag: dentry, max_bytes: 1 MiB, measure: objects }",
            Held,
            "holds 625 KiB at the end; whole slabs: 9.00 MiB",
        ),
        (
            "{ tag: dentry, max_growth: 1 MiB }",
            Held,
            "grew by 0 B (625 KiB → 625 KiB); whole slabs: 2.00 MiB → 9.00 MiB",
        ),
        (
            "{ tag: dentry, max_growth: 1 MiB, measure: slabs }",
            Broken,
            "grew by 7.00 MiB (2.00 MiB → 9.00 MiB) in slabs",
        ),
        ("{ total: slab, max_bytes: 1 MiB }", Broken, "holds 9.00 MiB in slabs at the end"),
        ("{ total: slab, max_growth: 1 MiB }", Broken, "grew by 7.00 MiB (2.00 MiB → 9.00 MiB) in slabs"),
        ("{ total: slab, max_growth: 1 MiB, measure: objects }", Held, "grew by 0 B (625 KiB → 625 KiB)"),
    ] {
        let (verdict, told) = said(fragmented(&format!("  - {threshold}\n"), 9 * MIB));
        assert_eq!(verdict, expected, "{threshold}: {told}");
        assert!(told.contains(because), "{threshold}: {told}");
    }
}

#[test]
fn a_cache_is_one_tag_of_the_report_with_both_figures() {
    let ran = fragmented("  - { tag: \"*\", max_rate: 0 B/iteration }\n", 9 * MIB).run();
    assert_eq!(ran.judgement.tags.len(), 1, "{:?}", ran.judgement.tags);
    let figures = ran.figures("dentry");
    assert_eq!(figures.levels.unwrap().bytes_after, 640_000);
    let slabs = figures.slabs.unwrap();
    assert_eq!((slabs.bytes_before, slabs.bytes_after), (2 * MIB, 9 * MIB));
    assert_eq!(ran.verdict(), Held, "a step of slabs is no leak of objects");
    assert_eq!(ran.judgement.notes, [""; 0]);
}

#[test]
fn slabs_that_leak_get_a_second_look_if_they_are_measured() {
    let leaky = |threshold: &str| {
        let slabs = |now: Now| bytes(4096 * (500 + now.work as u64));
        without_slabs(threshold).keyed(key("dentry", Pool::Slabs), slabs)
    };
    let (ran, recording, _) = leaky("  - { tag: dentry, max_rate: 0 B/iteration, measure: slabs }\n").run_with("");
    assert_eq!(ran.plans[0].candidates, [key("dentry", Pool::Slabs)]);
    assert_eq!(ran.verdict(), Broken, "{}", ran.finding().because);
    assert!(ran.finding().because.contains("4096.0 B/iteration"), "{}", ran.finding().because);
    drop(recording);
    let ran = leaky("  - { tag: dentry, max_rate: 0 B/iteration }\n").run();
    assert_eq!((ran.verdict(), ran.plans.len()), (Held, 0), "{}", ran.finding().because);
}

#[test]
fn a_recording_without_slabs_is_judged_by_objects_with_a_note() {
    for (threshold, noted) in [
        ("{ tag: dentry, max_bytes: 1 MiB }", true),
        ("{ total: slab, max_growth: 1 MiB }", true),
        ("{ tag: dentry, max_growth: 1 MiB }", false),
        ("{ tag: dentry, max_bytes: 1 MiB, measure: objects }", false),
        ("{ tag: \"*\", pool: paged, max_bytes: 1 MiB }", false),
    ] {
        let ran = without_slabs(&format!("  - {threshold}\n")).run();
        let notes = ran.judgement.notes.iter().filter(|note| note.contains("use the objects in use")).count();
        assert_eq!(notes, usize::from(noted), "{threshold}: {:?}", ran.judgement.notes);
    }
    let (verdict, told) = said(without_slabs("  - { tag: dentry, max_bytes: 1 KiB, measure: slabs }\n"));
    assert_eq!(verdict, Unclear, "{told}");
    assert!(told.contains("no figures of whole slabs"), "{told}");
}

#[test]
fn slab_memory_outside_of_all_caches_is_noted_if_it_moves() {
    let notes = |before: u64, after: u64| {
        let kernel = move |now: Now| bytes(if now.slot > 10 { after } else { before });
        let machine = fragmented("  - { tag: dentry, max_growth: 1 MiB }\n", 2 * MIB);
        machine.keyed(key("Slab", Pool::Kernel), kernel).run().judgement.notes
    };
    assert_eq!(notes(40 * MIB, 41 * MIB), [""; 0], "large kmallocs are in no cache");
    let moved = notes(40 * MIB, 90 * MIB);
    assert!(
        moved[0].contains("outside of all caches") && moved[0].contains("50.0 MiB (38.0 MiB → 88.0 MiB)"),
        "{moved:?}"
    );
    let ran = fragmented("  - { tag: dentry, max_growth: 1 MiB }\n", 90 * MIB);
    let less = ran.keyed(key("Slab", Pool::Kernel), |_| bytes(4 * MIB)).run().judgement.notes;
    assert!(less[0].contains("slabs add up to 90.0 MiB") && less[0].contains("reports 4.00 MiB"), "{less:?}");
}
