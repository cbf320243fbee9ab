//! Being told to end, and dying: nothing of a run goes on without it.

use rustix::process::Signal;

use super::harness::{Scenario, forever, processes_with, wait_until};

#[test]
fn ctrl_c_ends_the_workload_and_tears_down() {
    let forever = forever(47130);
    let scenario = Scenario::running(&format!("touch begun; setsid sleep {forever} & sleep {forever}"))
        .teardown("touch torn-down");
    let torn_down = scenario.folder().join("torn-down");
    let running = scenario.start_until("begun");
    running.signal(Signal::INT);
    wait_until("teardown has run", || torn_down.exists());
    let ended = running.end();
    ended.failed_saying("interrupted");
    assert!(ended.stderr.contains("stopping: ending the workload, then cleaning up"), "{}", ended.stderr);
    assert_eq!(processes_with(&forever), 0);
    assert_eq!(ended.judged_again(), Some(3));
}

#[test]
fn a_second_ctrl_c_ends_a_teardown_which_hangs() {
    let forever = forever(47131);
    let scenario = Scenario::running(&format!("touch begun; sleep {forever}"))
        .teardown(&format!("touch tearing; sleep {forever}"));
    let tearing = scenario.folder().join("tearing");
    let running = scenario.start_until("begun");
    running.signal(Signal::INT);
    wait_until("teardown has begun", || tearing.exists());
    running.signal(Signal::INT);
    running.end().failed_saying("interrupted");
    assert_eq!(processes_with(&forever), 0);
}

#[test]
fn nothing_outlives_a_poolgate_that_was_killed() {
    let forever = forever(47132);
    let running =
        Scenario::running(&format!("setsid sleep {forever} & touch begun; sleep {forever}")).start_until("begun");
    wait_until("both processes run", || processes_with(&forever) == 2);
    running.signal(Signal::KILL);
    wait_until("its processes are gone", || processes_with(&forever) == 0);
    running.end();
}

#[test]
fn after_an_interruption_no_further_scenario_is_run() {
    let forever = forever(47133);
    let other = Scenario::running("touch worked");
    super::harness::write(
        &other.folder().join("other.yaml"),
        "scenario: other\nmachine: { simulated: {} }\nworkload: { run: touch worked, iterations: 45 }\n",
    );
    let path = other.folder().join("other.yaml");
    let running =
        Scenario::running(&format!("touch begun; sleep {forever}")).option(path.to_str().unwrap()).start_until("begun");
    running.signal(Signal::TERM);
    let ended = running.end();
    assert_eq!(ended.code, Some(3));
    assert!(ended.stderr.contains("other.yaml was not run: interrupted"), "{}", ended.stderr);
    assert!(!other.folder().join("worked").exists());
}
