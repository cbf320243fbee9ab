use super::*;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn sample(coverage: &mut Coverage, at: u64, missed: u32) {
    coverage.sample(SampleInfo { at: seconds(at), settled: true, missed });
}

/// A lead-in of 60 s with samples at these seconds.
fn lead_in(taken: &[u64]) -> Coverage {
    let mut coverage = Coverage::default();
    coverage.begin(Stage::LeadIn, Duration::ZERO);
    let mut last = 0;
    for at in taken {
        sample(&mut coverage, *at, (at - last - 1) as u32);
        last = *at;
    }
    coverage.begin(Stage::Workload, seconds(60));
    sample(&mut coverage, 61, (61 - last - 1) as u32);
    coverage
}

#[test]
fn half_of_the_late_samples_are_enough_and_fewer_are_not() {
    let late = |many: u64| lead_in(&(0..many).map(|at| 31 + at * 30 / many).collect::<Vec<_>>());
    for many in [15, 20, 30] {
        assert_eq!(late(many).doubts(0, 100).growth, None, "{many}");
    }
    for many in [1, 7, 13] {
        let doubts = late(many).doubts(0, 100);
        let growth = doubts.growth.unwrap();
        assert!(growth.starts_with(&format!("only {many} of ")), "{growth}");
        assert!(growth.contains(" samples in the late half of the lead-in were taken "), "{growth}");
        assert_eq!((doubts.bytes, doubts.rate), (None, None));
    }
}

#[test]
fn early_samples_make_up_for_no_late_ones() {
    let early: Vec<u64> = (1..=31).collect();
    let growth = lead_in(&early).doubts(0, 100).growth.unwrap();
    assert!(growth.starts_with("only 2 of 30 samples"), "{growth}");
    assert_eq!(lead_in(&(1..60).collect::<Vec<_>>()).doubts(0, 100).growth, None);
}

#[test]
fn samples_that_failed_are_missing() {
    let mut coverage = Coverage::default();
    coverage.begin(Stage::CoolDown, Duration::ZERO);
    for at in 1..=10 {
        match at % 4 {
            0 => sample(&mut coverage, at, 0),
            _ => coverage.gap(seconds(at)),
        }
    }
    coverage.begin(Stage::Teardown, seconds(10));
    let doubts = coverage.doubts(0, 100);
    assert!(doubts.growth.unwrap().starts_with("only 1 of 6 samples"));
    assert!(doubts.bytes.is_some());
}

#[test]
fn a_rest_with_no_sample_due_is_not_doubted() {
    let mut coverage = Coverage::default();
    coverage.begin(Stage::CoolDown, Duration::ZERO);
    sample(&mut coverage, 1, 0);
    coverage.begin(Stage::Teardown, seconds(10));
    assert_eq!(coverage.doubts(0, 100).growth, None);
}

#[test]
fn samples_missed_in_the_warm_up_do_not_count() {
    let mut coverage = Coverage::default();
    coverage.hole(0, 60);
    assert_eq!(coverage.at_work(60, 300), SampleCounts { taken: 240, due: 240 });
    assert_eq!(coverage.at_work(20, 300), SampleCounts { taken: 240, due: 280 });
    coverage.hole(100, 120);
    assert_eq!(coverage.at_work(60, 300), SampleCounts { taken: 120, due: 240 });
    assert_eq!(coverage.doubts(60, 300).rate, None);
    coverage.hole(299, 1);
    let rate = coverage.doubts(60, 300).rate.unwrap();
    assert!(rate.starts_with("only 119 of 240 samples after the warm-up were taken (the machine"), "{rate}");
}

#[test]
fn samples_missed_at_the_end_of_the_workload_are_counted_by_the_next_one() {
    let mut coverage = Coverage::default();
    coverage.begin(Stage::Workload, Duration::ZERO);
    sample(&mut coverage, 1, 0);
    coverage.begin(Stage::CoolDown, seconds(1501));
    sample(&mut coverage, 1511, 1509);
    assert_eq!(coverage.at_work(0, 1), SampleCounts { taken: 1, due: 1500 });
    assert!(coverage.doubts(0, 1).rate.unwrap().starts_with("only 1 of 1,500 samples"));
}

#[test]
fn an_iteration_is_missing_only_if_a_sample_failed() {
    let mut coverage = Coverage::default();
    coverage.iterations(0, 9);
    assert_eq!(coverage.at_work(0, 100), SampleCounts { taken: 100, due: 100 });
    coverage.begin(Stage::Workload, Duration::ZERO);
    (0..3).for_each(|at| coverage.gap(seconds(at)));
    coverage.iterations(10, 2);
    assert_eq!(coverage.at_work(0, 100), SampleCounts { taken: 98, due: 100 });
}
