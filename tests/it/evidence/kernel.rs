//! Reports of the kernel in a recording: the thresholds they break, and their effect on a comparison.

use poolgate::judge::Verdict::{Broken, Held, Unclear};
use poolgate::judge::{JudgeError, compare, judge};
use poolgate::pool::{Counters, Key, Pool};
use poolgate::record::{KernelReport, Recording};

use super::machine::{Machine, live, machine};

fn report(lines: &[&str]) -> KernelReport {
    KernelReport { lines: lines.iter().map(|&line| line.to_owned()).collect(), ..KernelReport::default() }
}

fn remaining(objects: u64) -> KernelReport {
    let slab = format!("[ 1.0] Slab 0x1 objects=32 used={objects} fp=0x1 flags=0x200");
    report(&["[ 1.0] BUG leaky (Not tainted): Objects remaining in leaky on __kmem_cache_shutdown()", &slab])
}

/// A run of a driver with its own cache; it ends with the kernel's report.
fn driver(threshold: &str, report: KernelReport) -> Machine {
    let key = Key::new("leaky".parse().unwrap(), Pool::Slab, Counters::InUse);
    machine(60, &format!("  - {threshold}\n")).keyed(key, |_| live(100.0)).reporting(report)
}

const TEARDOWN: &str = "teardown: [{ run: rmmod leaky }]";

#[test]
fn remaining_objects_break_every_threshold_after_teardown_that_means_their_cache() {
    for (threshold, expected) in [
        ("{ tag: leaky, after_teardown: 1 MiB }", Broken),
        ("{ tag: \"lea*\", after_teardown: 1 MiB }", Broken),
        ("{ total: slab, after_teardown: 1 MiB }", Broken),
        ("{ tag: \"*\", pool: nonpaged, after_teardown: 0 B }", Unclear),
        ("{ tag: leaky, max_growth: 1 MiB }", Held),
    ] {
        let (ran, ..) = driver(threshold, remaining(3)).run_with(TEARDOWN);
        assert_eq!(ran.verdict(), expected, "{threshold}: {}", ran.finding().because);
        let told = format!("{:?} {:?}", ran.judgement.rulings[0].findings, ran.judgement.notes);
        assert!(told.contains("3 objects remaining in cache leaky"), "{threshold}: {told}");
    }
    let ignored = format!("{TEARDOWN}\nignore: [{{ tag: leaky, because: known }}]");
    let (ran, ..) = driver("{ tag: leaky, after_teardown: 1 MiB }", remaining(3)).run_with(&ignored);
    assert_eq!(ran.verdict(), Held, "{}", ran.finding().because);
}

#[test]
fn findings_of_kmemleak_break_a_threshold_if_the_driver_allocated_them() {
    let kmemleak = ["unreferenced object 0xff00 (size 64):", "  backtrace:", "    leaky_open+0x1/0x2 [leaky]"];
    let report = || KernelReport { kmemleak: kmemleak.map(str::to_owned).into(), ..KernelReport::default() };
    for (driver_line, expected) in [("", Broken), ("\ndriver: leaky.ko", Broken), ("\ndriver: other.ko", Unclear)] {
        let keys = format!("{TEARDOWN}{driver_line}");
        let (ran, ..) = driver("{ tag: leaky, after_teardown: 1 MiB }", report()).run_with(&keys);
        assert_eq!(ran.verdict(), expected, "{driver_line}: {}", ran.finding().because);
    }
}

#[test]
fn a_fault_of_the_kernel_allows_no_verdict() {
    let lines = ["[ 1.0] fine", "[ 2.0] BUG: KFENCE: out-of-bounds read in leaky+0x1/0x2", "[ 2.1] at 0xff00"];
    let (bytes, scenario) = driver("{ tag: leaky, max_growth: 1 MiB }", report(&lines)).recorded(TEARDOWN);
    let error = judge(&scenario, &Recording::from_bytes(bytes).unwrap()).unwrap_err();
    let JudgeError::KernelFault { first, lines: shown } = &error else { panic!("{error:?}") };
    assert_eq!(
        (first.as_str(), shown.as_slice()),
        (&lines[1][7..], &lines[1..].iter().map(|&l| l.to_owned()).collect::<Vec<_>>()[..])
    );
}

#[test]
fn a_comparison_accuses_only_of_more_remaining_objects_than_in_the_base() {
    for (base, candidate, expected) in [(3, 3, Held), (3, 9, Broken), (0, 3, Broken)] {
        let recorded = |objects| {
            let report = if objects == 0 { KernelReport::default() } else { remaining(objects) };
            let (bytes, scenario) = driver("{ tag: leaky, after_teardown: 1 MiB }", report).recorded(TEARDOWN);
            (Recording::from_bytes(bytes).unwrap(), scenario)
        };
        let ((base_recording, scenario), (recording, _)) = (recorded(base), recorded(candidate));
        let compared = compare(&scenario, &base_recording, &recording).unwrap();
        assert_eq!(compared.rulings[0].verdict, expected, "{base} {candidate}: {:?}", compared.rulings[0].findings);
    }
}
