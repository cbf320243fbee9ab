//! Counters that wrap, begin anew or come late, and samples that are missing.

use poolgate::judge::{Evidence, Verdict};
use poolgate::pool::{Counters, Usage};
use poolgate::scenario::Per;

use super::machine::{Now, Ran, live, machine, noise};

const NAMED: &str = "  - { tag: MyD1, max_rate: 0 B/iteration }\n";

fn objects(ran: &Ran) -> f64 {
    match &ran.figures("MyD1").evidence {
        Evidence::Trend(trend) => trend.objects(Per::Iteration).unwrap().rate,
        other => panic!("{other:?}"),
    }
}

/// A busy tag with `before` objects counted already; it leaks one object per iteration.
fn busy(now: Now, before: u64) -> Usage {
    let allocs = before + 100_000 * now.slot;
    let kept = 40 + now.work as u64;
    Usage { allocs, frees: allocs - kept, bytes: kept * 64 }
}

#[test]
fn a_counter_that_wraps_changes_no_verdict() {
    let wrapped =
        |usage: Usage| Usage { allocs: usage.allocs & 0xffff_ffff, frees: usage.frees & 0xffff_ffff, ..usage };
    // Wraps in the middle of the workload.
    let before = (1 << 32) - 6_000_000;
    let ran =
        machine(100, NAMED).counted("MyD1", Counters::Wrapping32, move |now| Some(wrapped(busy(now, before)))).run();
    let plain = machine(100, NAMED).counted("MyD1", Counters::Full64, move |now| Some(busy(now, before))).run();
    assert_eq!((ran.verdict(), plain.verdict()), (Verdict::Broken, Verdict::Broken));
    assert_eq!(ran.figures("MyD1").evidence, plain.figures("MyD1").evidence);
}

#[test]
fn a_counter_that_goes_back_breaks_the_series_there() {
    // A driver that was loaded anew: its counters begin at zero, and it leaks from there.
    let reset = |at: u64| {
        move |now: Now| {
            let (base, begun) = if now.slot < at { (1_000_000, 0) } else { (0, at) };
            let kept = 500 + (now.slot - begun);
            Some(Usage {
                allocs: base + 1000 * (now.slot - begun) + kept,
                frees: base + 1000 * (now.slot - begun),
                bytes: kept * 64,
            })
        }
    };
    let early = machine(200, NAMED).counted("MyD1", Counters::Full64, reset(60)).run();
    assert!((objects(&early) - 1.0).abs() < 0.1, "{:?}", early.figures("MyD1").evidence);
    assert_eq!(early.figures("MyD1").levels, None);
    let late = machine(200, NAMED).counted("MyD1", Counters::Full64, reset(200)).run();
    assert_eq!((late.verdict(), late.plans.len()), (Verdict::Unclear, 0));
    assert!(late.finding().because.contains("had its counters reset"), "{:?}", late.finding());
}

#[test]
fn a_tag_that_appears_late_held_nothing_before() {
    let ran = machine(100, "  - { tag: MyD1, max_rate: 0 B/iteration, max_growth: 0 B }\n")
        .tag("Here", |_| live(10.0))
        .tag("MyD1", |now| if now.slot < 60 { None } else { live(200.0) })
        .run();
    assert_eq!(ran.verdict(), Verdict::Broken);
    let because = &ran.finding().because;
    assert!(
        because.starts_with("grew by 12.5 KiB (0 B → 12.5 KiB); one step at iteration 50, flat since"),
        "{because}"
    );
    let Evidence::Trend(trend) = &ran.figures("MyD1").evidence else { panic!("no trend") };
    assert!(!trend.growing);
}

#[test]
fn an_absent_sample_is_not_zero() {
    let there = |now: Now| {
        let usage = live(500.0 + noise(now.slot, 4))?;
        Some(Usage { allocs: usage.allocs + 1000 * now.slot, frees: 1000 * now.slot, ..usage })
    };
    let ran = machine(100, "  - { tag: MyD1, max_rate: 0 B/iteration, max_growth: 1 KiB }\n")
        .counted("MyD1", Counters::Full64, move |now| if (50..58).contains(&now.slot) { None } else { there(now) })
        .run();
    assert_eq!((ran.verdict(), ran.plans.len()), (Verdict::Held, 0), "{:?}", ran.finding());
}

#[test]
fn samples_that_are_missing_change_no_rate() {
    let figures = |now: Now| live(500.0 + now.work + noise(now.slot, 6));
    let ran = machine(200, NAMED).tag("MyD1", figures).missing(100..140).run();
    assert_eq!(ran.verdict(), Verdict::Broken);
    assert!((objects(&ran) - 1.0).abs() < 0.05, "{:?}", ran.figures("MyD1").evidence);
    assert_eq!(ran.judgement.notes, ["40 samples could not be read and are missing"]);
}

#[test]
fn a_tag_that_is_gone_at_the_end_is_unclear() {
    let ran = machine(100, NAMED).tag("MyD1", |now| if now.slot > 80 { None } else { live(500.0) }).run();
    assert_eq!(ran.verdict(), Verdict::Unclear);
    assert!(ran.finding().because.starts_with("disappeared during the run"), "{:?}", ran.finding());
}

#[test]
fn allocations_in_flight_hide_no_leak() {
    // The allocations of an iteration are there at its end and gone with the next; half an object of them stays.
    let figures = |now: Now| {
        let takes = |iteration: u64| 400.0 + noise(iteration, 300);
        let flight = if now.working { takes(now.work as u64) } else { 0.0 };
        let left = (0.5 * now.work).floor();
        let allocs = 5000.0 + left + (1..=now.work as u64).map(takes).sum::<f64>();
        let kept = 1000.0 + left + flight;
        Some(Usage { allocs: allocs as u64, frees: allocs as u64 - kept as u64, bytes: kept as u64 * 64 })
    };
    let ran = machine(300, NAMED).counted("MyD1", Counters::Full64, figures).run();
    assert_eq!(ran.verdict(), Verdict::Broken, "{:?}", ran.finding());
    assert!((objects(&ran) - 0.5).abs() < 0.1, "{:?}", ran.figures("MyD1").evidence);
}
