//! Tests the order of measuring steps on a paused clock.
//!
//! In a story, a number is a finished iteration, `s` a settled sample, `c` a sample on the clock, and `!` a failed one.

use super::*;
use crate::record::Event as Recorded;
use crate::run::rehearsal::Rehearsal;

#[tokio::test(start_paused = true)]
async fn an_iteration_ends_in_a_settled_sample_with_clock_samples_meanwhile() {
    let run = Rehearsal::new("iterations: 3", Duration::from_millis(2200)).run().await;
    run.outcome.as_ref().unwrap();
    assert_eq!(run.story(), " lead-in:sss workload:cc 1scc 2cscc 3s cool-down:ss");
}

#[tokio::test(start_paused = true)]
async fn a_fast_workload_is_sampled_once_an_iteration() {
    let run = Rehearsal::new("iterations: 4", Duration::from_millis(1)).run().await;
    run.outcome.as_ref().unwrap();
    assert_eq!(run.story(), " lead-in:sss workload: 1s 2s 3s 4s cool-down:sss");
}

#[tokio::test(start_paused = true)]
async fn a_long_workload_is_sampled_on_the_clock_with_the_iterations_so_far() {
    let run = Rehearsal::new("duration: 4 s", Duration::from_millis(300)).run().await;
    run.outcome.as_ref().unwrap();
    assert_eq!(run.story(), " lead-in:sss workload: 1c 5c 8c 11c cool-down: 13ss");
    assert!(!run.running);
}

#[tokio::test(start_paused = true)]
async fn a_request_to_stop_ends_the_workload_in_the_middle() {
    let run =
        Rehearsal::new("iterations: 9", Duration::from_secs(60)).stopped_after(Duration::from_millis(6500)).run().await;
    assert!(matches!(run.outcome, Err(RunError::Interrupted)));
    assert_eq!(run.story(), " lead-in:sss workload:ccc");
    assert!(!run.running);
}

#[tokio::test(start_paused = true)]
async fn every_tick_has_a_sample_or_is_counted_as_missed() {
    for slow in [700, 1300, 4999, 60_000, 1_499_000] {
        let rehearsal = Rehearsal::new("duration: 1500 s", Duration::from_secs(1));
        let run = rehearsal.on_a_busy_machine(Duration::from_millis(slow)).run().await;
        run.outcome.as_ref().unwrap();
        let (mut taken, mut missed, mut last) = (0, 0, Duration::ZERO);
        let mut events = run.recording.events();
        while let Some(event) = events.next() {
            if let Recorded::Sample { info, .. } = event {
                (taken, missed, last) = (taken + 1, missed + u64::from(info.missed), info.at);
            }
        }
        // The last tick may still be due.
        assert!(last.as_secs().abs_diff(taken + missed) <= 1, "{slow} ms: {taken} and {missed} of {last:?}");
        assert!(slow <= 1000 || missed > 300, "{slow} ms: {missed}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_or_two_failed_samples_are_gaps_and_three_in_a_row_fail_the_run() {
    for failing in 1..=3 {
        let blind = Duration::from_millis(6500)..Duration::from_millis(6500 + 1000 * failing);
        let run = Rehearsal::new("duration: 12 s", Duration::from_secs(60)).blind(blind).run().await;
        assert_eq!(run.story().matches('!').count(), failing as usize, "{}", run.story());
        assert_eq!(matches!(run.outcome, Err(RunError::Sample(_))), failing == 3, "{failing}: {:?}", run.outcome);
        assert_eq!(run.outcome.is_ok(), failing < 3, "{failing}: {:?}", run.outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_measured_beside_a_workload_that_cannot_be_ended() {
    let run = Rehearsal::new("duration: 4 s", Duration::from_millis(300)).hanging_at_end(1).run().await;
    assert!(run.hung(), "{:?}", run.outcome);
    assert_eq!(run.story(), " lead-in:sss workload: 1c 5c 8c 11c");
}

#[tokio::test(start_paused = true)]
async fn a_workload_that_cannot_be_ended_is_reported_before_the_reason_to_end_it() {
    let after = Duration::from_millis(6500);
    let run =
        Rehearsal::new("iterations: 9", Duration::from_secs(60)).hanging_at_end(1).stopped_after(after).run().await;
    assert!(run.hung(), "{:?}", run.outcome);
}
