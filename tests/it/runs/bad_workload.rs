//! Workloads that go wrong, each in its own way.

use super::harness::{Scenario, write_bytes};
use super::lines::{Forever, each, print_bytes, touch};

#[test]
fn a_command_that_does_not_exist_is_named() {
    let ended = Scenario::running("no-such-program --copy 100").run();
    // cmd.exe has two exit codes for this.
    let code = if cfg!(windows) { "" } else { "127)" };
    ended.failed_saying(&format!("iteration 1 failed: the shell found no such command (exit code {code}"));
    assert!(ended.stdout.contains("help: check the spelling"), "{}", ended.stdout);
    assert!(ended.stdout.contains("no-such-program"), "{}", ended.stdout);
}

#[test]
fn an_exit_code_is_reported_with_the_last_output() {
    let workload = match cfg!(windows) {
        true => "echo working on %POOLGATE_ITERATION%& if %POOLGATE_ITERATION%==3 (echo oh no>&2& exit 7)",
        false => "echo working on $POOLGATE_ITERATION; test $POOLGATE_ITERATION -lt 3 || { echo oh no >&2; exit 7; }",
    };
    let ended = Scenario::running(workload).run();
    ended.failed_saying("iteration 3 failed: exit code 7");
    assert!(ended.junit.contains("working on 3\noh no"), "{}", ended.junit);
    let log = fs_err::read_to_string(ended.run.join("workload.log")).unwrap();
    assert!(log.contains("--- iteration 2: ") && log.contains("working on 1"), "{log}");
    assert_eq!(ended.judged_again(), Some(3));
}

#[cfg(unix)]
#[test]
fn a_signal_is_reported() {
    Scenario::running("kill -SEGV $$").run().failed_saying("iteration 1 failed: ended by signal 11");
}

#[test]
fn a_workload_that_hangs_is_ended_with_all_its_processes() {
    let forever = Forever::new(47110);
    // The time that it takes to start two processes.
    let timeout = if cfg!(windows) { "5s" } else { "300ms" };
    let ended = Scenario::running(&each(&[&forever.detached(), &forever.line()]))
        .plan(&format!("iterations: 1, warm_up: 0, timeout: {timeout}"))
        .run();
    ended.failed_saying(&format!("iteration 1 failed: still running after {timeout}"));
    assert_eq!(forever.alive(), 0);
}

#[test]
fn processes_that_run_away_are_caught_and_named() {
    let forever = Forever::new(47111);
    // On Unix the detached process calls exec during this time.
    let then = if cfg!(windows) { "exit 0" } else { "sleep 0.1" };
    let ended = Scenario::running(&each(&[&forever.detached(), then])).run();
    ended.failed_saying(&format!("iteration 1 failed: left a process running: {}", forever.named()));
    assert_eq!(forever.alive(), 0);
}

#[test]
fn a_workload_that_multiplies_is_ended_to_the_last_process() {
    let forever = Forever::new(47112);
    let timeout = if cfg!(windows) { "8s" } else { "2s" };
    let plan = format!("iterations: 1, warm_up: 0, timeout: {timeout}");
    let ended = Scenario::running(&forever.multiplied()).plan(&plan).run();
    ended.failed_saying(&format!("still running after {timeout}"));
    assert_eq!(forever.alive(), 0);
}

#[cfg(unix)]
#[test]
fn a_workload_that_kills_its_guard_does_not_get_away() {
    let forever = Forever::new(47113);
    let ended = Scenario::running(&format!("kill -KILL $PPID; setsid {}", forever.line())).run();
    ended.failed_saying("iteration 1 failed: its guard was killed");
    assert_eq!(forever.alive(), 0);
}

#[test]
fn binary_output_is_kept_and_harms_nothing() {
    // Wine loads programs slowly, and a test is a large one.
    let iterations = if cfg!(windows) { 3 } else { 45 };
    let scenario = Scenario::running(&print_bytes()).plan(&format!("iterations: {iterations}, warm_up: 0"));
    let bytes: Vec<u8> = (0..=255).cycle().take(5100).collect();
    let bytes = [&bytes, &b"\0]]>\x1b[31m\xff"[..]].concat();
    write_bytes(&scenario.folder().join("bytes"), &bytes);
    let ended = scenario.run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let log = fs_err::read(ended.run.join("workload.log")).unwrap();
    assert_eq!(memchr::memmem::find_iter(&log, &bytes).count(), iterations);
}

#[test]
fn output_without_end_does_not_fill_the_disk() {
    let scenario = Scenario::running(&print_bytes()).plan("iterations: 1, warm_up: 0");
    write_bytes(&scenario.folder().join("bytes"), &[b'.'; 20_000_000]);
    let ended = scenario.run();
    // One iteration is too few for a rate, but this threshold is about levels.
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(fs_err::metadata(ended.run.join("workload.log")).unwrap().len() < 9 << 20);
}

#[test]
fn a_failed_setup_is_no_measurement_but_is_torn_down() {
    let ended = Scenario::running(&touch("worked")).setup("exit 9").teardown(&touch("torn-down")).run();
    ended.failed_saying("setup 1 of 1 failed: exit code 9");
    assert!(ended.stderr.contains(&format!("teardown 1 of 1: {}", touch("torn-down"))), "{}", ended.stderr);
    assert!(!ended.stderr.contains("iteration"), "{}", ended.stderr);
}

#[test]
fn a_failed_teardown_is_no_pass() {
    Scenario::running("exit 0").teardown("exit 5").run().failed_saying("teardown 1 of 1 failed: exit code 5");
}

#[test]
fn a_long_running_workload_must_not_end_early() {
    let ended = Scenario::running("echo bye").plan("duration: 60 s").run();
    ended.failed_saying("workload failed: ended by itself after ");
    assert!(ended.stdout.contains("but `duration` is 60.0 s"), "{}", ended.stdout);
}
