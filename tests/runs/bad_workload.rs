//! Workloads that go wrong, each in its own way.

use super::harness::{Scenario, forever, processes_with};

#[test]
fn a_command_that_does_not_exist_is_named() {
    let ended = Scenario::running("no-such-program --copy 100").run();
    ended.failed_saying("iteration 1 failed: the shell found no such command (exit code 127)");
    assert!(ended.stdout.contains("help: check the spelling"), "{}", ended.stdout);
    assert!(ended.stdout.contains("no-such-program"), "{}", ended.stdout);
}

#[test]
fn an_exit_code_is_told_with_the_last_output() {
    let workload = "echo working on $POOLGATE_ITERATION; test $POOLGATE_ITERATION -lt 3 || { echo oh no >&2; exit 7; }";
    let ended = Scenario::running(workload).run();
    ended.failed_saying("iteration 3 failed: exit code 7");
    assert!(ended.junit.contains("working on 3\noh no") || ended.junit.contains("oh no\nworking on 3"));
    let log = fs_err::read_to_string(ended.run.join("workload.log")).unwrap();
    assert!(log.contains("--- iteration 2: ") && log.contains("working on 1"), "{log}");
    assert_eq!(ended.judged_again(), Some(3));
}

#[test]
fn a_signal_is_told() {
    Scenario::running("kill -SEGV $$").run().failed_saying("iteration 1 failed: ended by signal 11");
}

#[test]
fn a_workload_that_hangs_is_ended_with_all_its_processes() {
    let forever = forever(47110);
    let ended = Scenario::running(&format!("sleep {forever} & sleep {forever}"))
        .plan("iterations: 1, warm_up: 0, timeout: 300 ms")
        .run();
    ended.failed_saying("iteration 1 failed: still running after 300ms");
    assert_eq!(processes_with(&forever), 0);
}

#[test]
fn processes_which_run_away_are_caught_and_named() {
    let forever = forever(47111);
    let ended = Scenario::running(&format!("setsid sleep {forever} >/dev/null 2>&1 & sleep 0.1")).run();
    ended.failed_saying(&format!("iteration 1 failed: left a process running: sleep {forever} (process "));
    assert_eq!(processes_with(&forever), 0);
}

#[test]
fn a_workload_which_multiplies_is_ended_to_the_last_process() {
    let forever = forever(47112);
    let many = &format!(
        "for i in $(seq 60); do setsid sh -c 'setsid sleep {forever} & setsid sleep {forever} & sleep {forever}' & done; wait"
    );
    let ended = Scenario::running(many).plan("iterations: 1, warm_up: 0, timeout: 2 s").run();
    ended.failed_saying("still running after 2s");
    assert_eq!(processes_with(&forever), 0);
}

#[test]
fn a_workload_which_kills_its_guard_does_not_get_away() {
    let forever = forever(47113);
    let ended = Scenario::running(&format!("kill -KILL $PPID; setsid sleep {forever}")).run();
    ended.failed_saying("iteration 1 failed: its guard was killed");
    assert_eq!(processes_with(&forever), 0);
}

#[test]
fn binary_output_is_kept_and_harms_nothing() {
    let ended = Scenario::running("head -c 5000 /dev/urandom; printf '\\0]]>\\033[31m\\377'").run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(fs_err::metadata(ended.run.join("workload.log")).unwrap().len() > 45 * 5000);
}

#[test]
fn output_without_end_does_not_fill_the_disk() {
    let ended = Scenario::running("head -c 20000000 /dev/zero").plan("iterations: 1, warm_up: 0").run();
    // One iteration is no measurement, but that is another matter: the threshold here is about levels.
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(fs_err::metadata(ended.run.join("workload.log")).unwrap().len() < 9 << 20);
}

#[test]
fn a_failed_setup_is_no_measurement_but_is_torn_down() {
    let ended = Scenario::running("touch worked").setup("exit 9").teardown("touch torn-down").run();
    ended.failed_saying("setup 1 of 1 failed: exit code 9");
    assert!(ended.stderr.contains("teardown 1 of 1: touch torn-down"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("iteration"), "{}", ended.stderr);
}

#[test]
fn a_failed_teardown_is_no_pass() {
    Scenario::running("true").teardown("exit 5").run().failed_saying("teardown 1 of 1 failed: exit code 5");
}

#[test]
fn a_long_running_workload_must_not_end_early() {
    let ended = Scenario::running("echo bye").plan("duration: 60 s").run();
    ended.failed_saying("workload failed: ended by itself after 0.");
    assert!(ended.stdout.contains("but `duration` is 60.0 s"), "{}", ended.stdout);
}
