//! Tests the order of steps in a second look on a paused clock.

use super::*;
use crate::pool::{Counters, Key, Pool};
use crate::record::{Event as Recorded, SampleInfo};
use crate::run::error::CommandError;
use crate::run::rehearsal::{Rehearsal, Rehearsed};

const SECOND: Duration = Duration::from_secs(1);
const WORK: bool = true;
const REST: bool = false;

/// Returns a plan with slots of one second.
fn plan(order: &[bool], pause: BlockPause) -> SecondLook {
    let candidates = vec![Key::new("MyD1".parse().unwrap(), Pool::Nonpaged, Counters::Wrapping32)];
    SecondLook { number: 1, candidates, seed: 7, lead: 2, slots: 3, slot_us: 1_000_000, order: order.to_vec(), pause }
}

/// Two iterations; each takes a slot of 900 ms plus 100 ms to settle.
fn iterations() -> Rehearsal {
    Rehearsal::new("iterations: 2", Duration::from_millis(900))
}

/// Four seconds of work, with 300 ms an iteration.
fn lasting() -> Rehearsal {
    Rehearsal::new("duration: 4 s", Duration::from_millis(300))
}

async fn well(rehearsal: Rehearsal) -> Rehearsed {
    let run = rehearsal.run().await;
    run.outcome.as_ref().unwrap();
    assert!(!run.running);
    run
}

/// Returns the length of each slot of the second look in milliseconds, from its settled samples.
fn lengths(run: &Rehearsed) -> Vec<u128> {
    let (mut last, mut lengths) = (None, Vec::new());
    let mut events = run.recording.events();
    while let Some(event) = events.next() {
        match event {
            Recorded::Mark { at, mark: Mark::SecondLook(_) } => last = Some(at),
            Recorded::Sample { info: SampleInfo { at, settled: true, .. }, .. } => {
                if let Some(last) = &mut last {
                    lengths.push((at - std::mem::replace(last, at)).as_millis());
                }
            }
            Recorded::Sample { .. } | Recorded::Mark { .. } | Recorded::Damaged { .. } | Recorded::End { .. } => {}
        }
    }
    lengths
}

#[tokio::test(start_paused = true)]
async fn nothing_to_look_at_again_ends_the_measuring() {
    let run = well(iterations()).await;
    assert_eq!(run.story(), " lead-in:sss workload:c 1sc 2s cool-down:ss");
    assert_eq!(run.asked, [run.story()]);
}

#[tokio::test(start_paused = true)]
async fn work_and_rest_follow_the_order_and_each_slot_ends_in_a_settled_sample() {
    let run = well(iterations().looking_again(plan(&[REST, WORK, WORK, REST], BlockPause::Idle))).await;
    assert_eq!(run.second_look(), " | work: 3s 4s idle:sss work: 5s 6s 7s work: 8s 9s 10s idle:sss");
    assert_eq!(run.done, ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
}

#[tokio::test(start_paused = true)]
async fn a_slot_of_rest_is_as_long_as_one_of_work() {
    let run = well(iterations().looking_again(plan(&[REST, WORK], BlockPause::Idle))).await;
    // The paused clock counts whole milliseconds, so each wait may end slightly late.
    let lengths = lengths(&run);
    assert!(lengths.iter().all(|length| (1000..=1004).contains(length)), "{lengths:?}");
    assert_eq!(lengths.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn on_a_machine_that_became_slower_rest_is_as_long_as_work_is_now() {
    // Iterations took 0.5 s in the first look, and take 1 s in this one.
    let look = SecondLook { slot_us: 500_000, ..plan(&[REST, WORK, REST], BlockPause::Idle) };
    let run = well(iterations().looking_again(look)).await;
    let lengths = lengths(&run);
    assert!(lengths.iter().all(|length| (1000..=1004).contains(length)), "{lengths:?}");
}

#[tokio::test(start_paused = true)]
async fn the_plan_is_on_disk_before_its_first_block() {
    let look = plan(&[WORK, REST], BlockPause::Idle);
    let again = SecondLook { number: 2, order: vec![REST, WORK], ..look.clone() };
    let run = well(iterations().looking_again(look.clone()).looking_again(again.clone())).await;
    let first = " lead-in:sss workload:c 1sc 2s cool-down:ss";
    assert_eq!(run.asked[0], first, "asked with all of the first look on the disk");
    assert!(run.asked[1].starts_with(&format!("{first} plan second look: work:")), "{}", run.asked[1]);
    assert!(run.asked[2].starts_with(&run.asked[1]) && run.asked[2] == run.story(), "{:?}", run.asked);
    assert_eq!(run.story().matches(" plan second look: work:").count(), 2);

    // Check at each look's first iteration; marks of stages and blocks may not be on disk yet.
    for (iteration, looks) in [(3, 1), (8, 2)] {
        let before = &run.before[iteration - 1];
        assert_eq!(before.matches(" plan").count(), looks, "{before}");
    }

    let mut plans = Vec::new();
    let mut events = run.recording.events();
    while let Some(event) = events.next() {
        if let Recorded::Mark { mark: Mark::SecondLook(plan), .. } = event {
            plans.push(plan);
        }
    }
    assert_eq!(plans, [look, again]);
}

#[tokio::test(start_paused = true)]
async fn at_half_speed_every_second_slot_works() {
    let run = well(iterations().looking_again(plan(&[REST, WORK], BlockPause::HalfSpeed))).await;
    assert_eq!(run.second_look(), " | work: 3s 4s idle:s 5ss work: 6s 7s 8s");
}

#[tokio::test(start_paused = true)]
async fn a_long_command_is_ended_to_rest_and_begun_again_to_work() {
    let run = well(lasting().looking_again(plan(&[REST, WORK, REST, REST], BlockPause::Idle))).await;
    assert_eq!(run.done, ["begin", "end", "begin", "end", "begin", "end"]);
    assert_eq!(run.second_look(), " | work: 16s 19s idle:sss work: 22s 25s 28s idle:sss idle:sss");
    assert!(lengths(&run).iter().all(|length| (1000..=1004).contains(length)), "{:?}", lengths(&run));
}

#[tokio::test(start_paused = true)]
async fn a_long_command_never_runs_longer_than_its_duration() {
    let run = well(lasting().looking_again(plan(&[WORK, WORK, WORK], BlockPause::Never))).await;
    // 11 s of work need three starts of at most 4 s.
    assert_eq!(run.done, ["begin", "end"].repeat(4));
    assert_eq!(run.second_look().matches('s').count(), 11);
}

#[tokio::test(start_paused = true)]
async fn without_confirmation_there_is_no_second_look() {
    let run = well(iterations().unconfirmed().looking_again(plan(&[WORK], BlockPause::Idle))).await;
    assert!(run.asked.is_empty() && !run.story().contains("plan"), "{}", run.story());
}

#[tokio::test(start_paused = true)]
async fn a_second_look_that_fits_into_the_time_limit_is_begun() {
    // 3.5 s + 2 s + 2.5 s, and eight slots.
    let run = well(iterations().within(17 * SECOND).looking_again(plan(&[WORK, REST], BlockPause::Idle))).await;
    assert_eq!(run.second_look(), " | work: 3s 4s work: 5s 6s 7s idle:sss");
}

#[tokio::test(start_paused = true)]
async fn a_second_look_that_does_not_fit_is_reported_and_left_out() {
    let run = well(iterations().within(15 * SECOND).looking_again(plan(&[WORK, REST], BlockPause::Idle))).await;
    assert_eq!(run.story(), " lead-in:sss workload:c 1sc 2s cool-down:ss");
    let told = RunEvent::NoTime { subject: "MyD1 nonpaged".to_owned(), length: 8 * SECOND };
    assert!(run.told.contains(&told), "{:?}", run.told);
}

#[tokio::test(start_paused = true)]
async fn where_no_second_look_can_fit_all_of_the_time_is_work() {
    let run = well(iterations().within(Duration::from_millis(11_500))).await;
    // Five iterations, not six: the cool-down must end in time.
    assert_eq!(run.story().replace('c', ""), " lead-in:sss workload: 1s 2s 3s 4s 5s ool-down:ss");
    assert!(run.told.iter().any(|event| matches!(event, RunEvent::GoesOn(_))), "{:?}", run.told);
    let run = well(lasting().within(16 * SECOND)).await;
    assert_eq!(run.done, ["begin", "end"].repeat(3), "ten seconds are twice four and two");
}

#[tokio::test(start_paused = true)]
async fn a_request_to_stop_ends_a_second_look_in_the_middle() {
    let look = plan(&[WORK, REST], BlockPause::Idle);
    for (rehearsal, after) in [(iterations(), 8500), (iterations(), 13_500), (lasting(), 10_700)] {
        let run = rehearsal.looking_again(look.clone()).stopped_after(Duration::from_millis(after)).run().await;
        assert!(matches!(run.outcome, Err(RunError::Interrupted)) && !run.running, "{after} {:?}", run.outcome);
        assert_eq!(run.asked.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn an_iteration_that_fails_in_a_second_look_fails_the_run() {
    let run = iterations().looking_again(plan(&[REST, WORK], BlockPause::Idle)).failing_at(5).run().await;
    let failed = matches!(&run.outcome, Err(RunError::Command { which, because: CommandError::TimedOut(_), .. })
        if which == "iteration 5");
    assert!(failed && !run.running, "{:?}", run.outcome);
}

#[tokio::test(start_paused = true)]
async fn samples_that_keep_failing_in_a_second_look_fail_the_run() {
    let look = plan(&[REST, REST, REST], BlockPause::Idle);
    let run = iterations().looking_again(look).blind_after(12 * SECOND).run().await;
    assert!(matches!(run.outcome, Err(RunError::Sample(_))), "{:?}", run.outcome);
    assert_eq!(run.story().matches('!').count(), 3, "{}", run.story());
}

#[tokio::test(start_paused = true)]
async fn the_blocks_and_the_remaining_ones_are_reported() {
    let run = well(iterations().looking_again(plan(&[REST, WORK, REST], BlockPause::Idle))).await;
    let told: Vec<String> = run.told.iter().map(RunEvent::to_string).collect();
    let from = told.iter().position(|line| line.contains("second look")).unwrap();
    let blocks: Vec<&str> = told[from..].iter().map(String::as_str).filter(|line| !line.starts_with("slot")).collect();
    assert_eq!(
        blocks,
        [
            "second look at MyD1 nonpaged, which grew (about 11 s)",
            "second look at MyD1 nonpaged: work before the first block, about 11 s left",
            "second look at MyD1 nonpaged: idle block 1 of 2, about 9 s left",
            "second look at MyD1 nonpaged: work block 1 of 1, about 6 s left",
            "second look at MyD1 nonpaged: idle block 2 of 2, about 3 s left",
        ]
    );
    assert_eq!(told.last().unwrap(), "slot 11 of 11");
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_second_look_reports_a_workload_that_cannot_be_ended() {
    let look = plan(&[WORK, REST, WORK, REST], BlockPause::Idle);
    let after = Duration::from_millis(12_500);
    let run = lasting().hanging_at_end(2).looking_again(look).stopped_after(after).run().await;
    assert!(run.hung(), "{:?}", run.outcome);
    assert!(!run.story().contains("idle"), "{}", run.story());
}

#[tokio::test(start_paused = true)]
async fn objects_are_followed_from_the_look_to_its_end_and_belong_to_their_iterations() {
    let look = iterations().looking_again(plan(&[WORK, REST], BlockPause::Idle));
    let run = well(look.following_objects(None)).await;
    let calls = ["follow MyD1 nonpaged", "3", "4", "5", "6", "7", "0", "0", "0", "survivors"];
    assert_eq!(run.followed, calls);
    assert!(run.second_look().ends_with(" survivors"), "{}", run.second_look());
    assert_eq!(run.notes, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn without_a_second_look_no_object_is_followed() {
    assert_eq!(well(iterations().following_objects(None)).await.followed, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn objects_that_cannot_be_followed_are_a_note_and_change_nothing_else() {
    let look = || iterations().looking_again(plan(&[WORK, REST], BlockPause::Idle));
    for call in ["follow MyD1 nonpaged", "5", "survivors"] {
        let run = well(look().following_objects(Some(call))).await;
        assert_eq!(run.followed.last().map(String::as_str), Some(call));
        assert_eq!(run.second_look(), well(look()).await.second_look());
        assert_eq!(run.notes, ["the call paths of leaked objects are unknown: it was refused"]);
    }
}
