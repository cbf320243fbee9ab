//! Results of a second look at leaks and at harmless growth.

use super::harness::{Ended, Scenario};

#[cfg(unix)]
fn looked_again(ended: &Ended) -> bool {
    ended.stderr.contains("second look at")
}

#[track_caller]
fn came_to(ended: &Ended, code: i32, because: &str) {
    // The table may break its lines anywhere.
    let text = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(ended.code == Some(code) && text.contains(because), "{:?}: {}{}", ended.code, ended.stdout, ended.stderr);
    assert_eq!(ended.judged_again(), Some(code), "the recording says the same");
}

#[test]
fn a_leak_is_confirmed() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B --churn Drv1:512Bx20")
        .confirmed()
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    came_to(&ended, 1, "confirmed by the second look: the workload causes it");
    let log = fs_err::read_to_string(ended.run.join("run.log")).unwrap();
    for line in
        ["second look at Drv1 nonpaged, which grew (about ", ": work block 8 of 8, about ", ": idle block 4 of 4, "]
    {
        assert!(log.contains(line) && ended.stderr.contains(line), "{line}: {log}");
    }
}

#[test]
#[cfg(unix)]
fn a_cache_that_is_full_soon_after_the_first_look_holds() {
    let ended = Scenario::running("poolgate sim exercise --cache Drv1:1KiBx60 --churn Drv1:512Bx20")
        .confirmed()
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    assert!(looked_again(&ended), "{}", ended.stderr);
    came_to(&ended, 0, "did not persist in the second look");
}

#[test]
#[cfg(unix)]
fn a_driver_that_frees_everything_gets_no_second_look() {
    let ended = Scenario::running("poolgate sim exercise --churn Drv1:64Bx9 --cache Drv1:1KiBx10")
        .confirmed()
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    came_to(&ended, 0, "held");
    assert!(!looked_again(&ended), "{}", ended.stderr);
}

/// The driver leaks nothing, but other tags grow all the time.
#[cfg(unix)]
fn growing_by_itself(threshold: &str) -> Ended {
    Scenario::running("poolgate sim exercise --churn Drv1:64Bx9")
        .confirmed()
        .on("{ simulated: { tags: 12, noise: [background_growth] } }")
        .threshold(threshold)
        .run()
}

#[test]
#[cfg(unix)]
fn growth_by_time_is_not_the_workload_s() {
    let ended = growing_by_itself("{ tag: \"*\", max_rate: 0 B/iteration }");
    assert!(looked_again(&ended), "{}", ended.stderr);
    assert!(!ended.stdout.contains("the workload causes it"), "{}", ended.stdout);
    came_to(&ended, 0, "held");
}

#[test]
#[cfg(unix)]
fn growth_by_time_of_a_named_tag_is_its_leak_by_the_hour() {
    // Each run draws its own order of work and rest. By chance one in twenty orders fits both the workload and the
    // time.
    let once = || growing_by_itself("{ tag: \"aa*\", max_rate: 0 B/h }");
    let first = once();
    let ended = if first.stdout.contains("background growth, driven by time") { first } else { once() };
    came_to(&ended, 1, "background growth, driven by time");
}

#[test]
#[cfg(unix)]
fn without_confirmation_growth_is_a_leak_at_once() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    came_to(&ended, 1, "by 96.0 B/iteration");
    assert!(!looked_again(&ended), "{}", ended.stderr);
}

#[test]
#[cfg(unix)]
fn a_workload_that_cannot_pause_is_confirmed_without_a_cause() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B")
        .confirmed()
        .plan("iterations: 45, warm_up: 5, pause: never")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    came_to(&ended, 1, "confirmed by the second look; attribution not tested");
    assert!(!ended.stderr.contains("idle block"), "{}", ended.stderr);
}

#[test]
#[cfg(unix)]
fn at_half_speed_a_leak_is_half_as_fast_and_so_the_workload_s() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B")
        .confirmed()
        .plan("iterations: 45, warm_up: 5, pause: half_speed")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    came_to(&ended, 1, "confirmed by the second look: the workload causes it");
}

#[test]
#[cfg(unix)]
fn a_long_command_rests_by_being_ended() {
    let ended =
        Scenario::running("echo begun >> begun; poolgate sim exercise --leak Drv1:64B --rounds 1000000 --pause 5")
            .confirmed()
            .sampled_often()
            .plan("duration: 4 s, count_lines: '^round [0-9]+$'")
            .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
            .run();
    came_to(&ended, 1, "confirmed by the second look: the workload causes it");
    let log = fs_err::read_to_string(ended.run.join("workload.log")).unwrap();
    assert!(log.matches("--- workload: ").count() > 2, "{log}");
}

#[test]
#[cfg(unix)]
fn in_too_little_time_all_of_it_is_one_look() {
    // The first look takes more than a quarter of the time, but not all of it, even on a busy machine.
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B; sleep 0.06")
        .confirmed()
        .section("time_limit: 12 s")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    // On a busy machine the look seems so long that its length is given as the reason.
    let reasons = ["the time limit has no room for a second look", "does not fit into the time limit"];
    assert!(reasons.iter().any(|reason| ended.stderr.contains(reason)), "{}", ended.stderr);
    assert!(!looked_again(&ended), "{}", ended.stderr);
    came_to(&ended, 1, "by 96.0 B/iteration");
}

#[test]
#[cfg(unix)]
fn the_workload_does_not_notice_the_second_look() {
    let scenario = Scenario::running(
        "poolgate sim exercise --leak Drv1:96B; env | sed -n 's/POOLGATE_\\(PHASE\\|ITERATION\\)=//p' | sort | xargs >> seen",
    );
    let seen = scenario.folder().join("seen");
    let ended = scenario.confirmed().threshold("{ tag: Drv1, max_rate: 0 B/iteration }").start_until("seen");
    let reports = ended.reports();
    super::harness::wait_until("the second look is over", || {
        fs_err::read_dir(&reports).unwrap().flatten().any(|run| run.path().join("report.json").exists())
    });
    let text = fs_err::read_to_string(&seen).unwrap();
    ended.end();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() > 100, "{text}");
    for (line, number) in lines.iter().zip(1..) {
        assert_eq!(*line, format!("{number} workload"));
    }
}

#[test]
#[cfg(unix)]
fn a_workload_that_fails_in_the_second_look_is_an_error_and_never_a_verdict() {
    let ended = Scenario::running("poolgate sim exercise --leak Drv1:96B && [ $POOLGATE_ITERATION -lt 60 ]")
        .confirmed()
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .teardown("touch torn-down")
        .run();
    ended.failed_saying("iteration 60 failed");
    assert!(looked_again(&ended));
}

#[test]
#[cfg(unix)]
fn a_machine_that_goes_down_in_the_second_look_is_an_error_and_never_a_pass() {
    let leak = "poolgate sim exercise --leak Drv1:96B; [ $POOLGATE_ITERATION -lt 60 ] || touch begun; sleep 0.01";
    let ended = Scenario::with_flag(leak)
        .confirmed()
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .start_until("begun")
        .kill();
    ended.machine("power-cut");
    ended.then("resume").is(3, &["the machine went down while the workload ran"]);
    ended.left_the_machine_as_it_was();
}
