//! The shape of a series in words, and the smallest leak that would have been seen.

use poolgate::judge::{Evidence, Trend, Verdict};
use poolgate::scenario::Per;

use super::machine::{Now, Ran, live, machine, noise};

fn ran(figures: fn(Now) -> f64) -> Ran {
    machine(300, "  - { tag: MyD1, max_growth: 1 KiB }\n").tag("MyD1", move |now| live(figures(now))).run()
}

fn trend(ran: &Ran) -> &Trend {
    match &ran.figures("MyD1").evidence {
        Evidence::Trend(trend) => trend,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_series_has_the_shape_a_person_would_see() {
    type Case = (&'static str, fn(Now) -> f64);
    let cases: [Case; 7] = [
        ("no steady growth", |now| 500.0 + noise(now.slot, 20)),
        ("steady", |now| 500.0 + now.work),
        ("one step at iteration 41, flat since", |now| if now.work < 40.0 { 500.0 } else { 700.0 }),
        ("one step at iteration 151, flat since", |now| if now.work < 151.0 { 500.0 } else { 700.0 }),
        ("slowing down", |now| 500.0 + 400.0 * (1.0 - (-now.work / 60.0).exp())),
        ("late start at iteration 209", |now| 500.0 + (now.work - 210.0).max(0.0) * 4.0),
        ("released in cool-down", |now| match now.stage {
            Some(poolgate::record::Stage::Workload) => 500.0 + now.work,
            _ => 500.0,
        }),
    ];
    for (shape, figures) in cases {
        assert_eq!(trend(&ran(figures)).shape_in_words(), shape);
    }
}

#[test]
fn growth_over_the_limit_is_described_by_its_shape() {
    let ran = ran(|now| if now.work < 40.0 { 500.0 } else { 700.0 });
    assert_eq!(ran.verdict(), Verdict::Broken);
    assert_eq!(ran.finding().because, "grew by 12.5 KiB (31.2 KiB → 43.8 KiB); one step at iteration 41, flat since");
}

#[test]
fn a_leak_that_starts_late_is_a_candidate() {
    let late = ran(|now| 500.0 + (now.work - 210.0).max(0.0) * 4.0);
    assert!(trend(&late).growing && trend(&late).cut_off == 3.6, "{:?}", trend(&late));
}

#[test]
fn the_smallest_visible_leak_in_a_quiet_run_is_eight_objects() {
    let quiet = ran(|_| 500.0);
    let smallest = trend(&quiet).smallest(Per::Iteration).unwrap();
    assert!((smallest - 8.0 / 240.0).abs() < 1e-9, "{smallest}");
    let noisy = ran(|now| 500.0 + noise(now.slot, 400));
    assert!(trend(&noisy).smallest(Per::Iteration).unwrap() > 2.0 * smallest);
}
