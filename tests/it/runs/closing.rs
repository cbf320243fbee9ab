//! Runs with a dead process: the next command tears down their setup and reports them.

use std::path::Path;
use std::process::{Command, Stdio};

use super::harness::{Ended, Scenario, root, write};
use super::lines::Forever;
use crate::program::{Completed, poolgate};

/// Setup and teardown log that they ran.
fn noting(scenario: Scenario) -> Scenario {
    scenario.setup("echo setup >> order").teardown("echo teardown >> order")
}

fn order(ended: &Ended) -> String {
    let folder = ended.run.ancestors().nth(2).unwrap();
    fs_err::read_to_string(folder.join("order")).unwrap().replace('\n', " ")
}

fn below(root: &Path, command: &str, run: &Path) -> Completed {
    Completed::run(poolgate().arg(command).arg(run).arg("--root").arg(root))
}

#[test]
fn the_setup_of_a_killed_process_is_torn_down_first() {
    let forever = Forever::new(47160);
    let workload = format!("test -e again || {{ touch begun; {}; }}", forever.line());
    let ended = noting(Scenario::with_flag(&workload)).start_until("begun").kill();
    assert_eq!(order(&ended), "setup ");
    write(&ended.run.ancestors().nth(2).unwrap().join("again"), "");
    ended.then("resume").is(0, &["test: held"]);
    assert_eq!(order(&ended), "setup teardown setup teardown ");
    ended.left_the_machine_as_it_was();
}

#[test]
fn an_aborted_run_is_torn_down_once() {
    let forever = Forever::new(47161);
    let ended = noting(Scenario::with_flag(&format!("touch begun; {}", forever.line()))).start_until("begun").kill();
    ended.then("abort").is(0, &["aborted"]);
    assert_eq!(order(&ended), "setup teardown ");
    ended.then("abort").is(0, &[]);
    ended.then("resume").is(3, &[]);
    assert_eq!(order(&ended), "setup teardown ");
}

#[test]
fn a_teardown_that_fails_in_the_end_is_no_measurement() {
    let forever = Forever::new(47162);
    let workload = format!("touch begun; {}", forever.line());
    let ended = Scenario::with_flag(&workload).teardown("exit 7").start_until("begun").kill();
    ended.then("resume").is(3, &["teardown 1 of 1 failed: exit code 7"]);
    ended.left_the_machine_as_it_was();
    assert!(ended.junit_now().contains("teardown 1 of 1 failed"), "{}", ended.junit_now());
}

#[test]
fn resuming_a_run_that_is_over_gives_its_outcome() {
    let held = Scenario::with_flag("true").run();
    held.then("resume").is(0, &[]);
    let broken = Scenario::with_flag("poolgate sim exercise --leak Drv1:96B")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    broken.then("resume").is(1, &[]);
    broken.then("wait").is(1, &[]);
}

#[test]
fn an_abort_that_cannot_do_its_work_fails() {
    let forever = Forever::new(47163);
    let workload = format!("touch begun; {}", forever.line());
    let running = Scenario::with_flag(&workload).start_until("begun");
    let reports = running.reports();
    Completed::run(poolgate().args(["abort", "--reports"]).arg(&reports)).is(3, &["is already working on this run"]);
    let ended = running.kill();
    // A folder at its path prevents writing the report.
    fs_err::create_dir_all(ended.run.join("report.json/in-the-way")).unwrap();
    ended.then("abort").is(3, &["cannot report"]);
    fs_err::remove_dir_all(ended.run.join("report.json")).unwrap();
    ended.then("abort").is(0, &["aborted"]);
    ended.left_the_machine_as_it_was();
}

#[test]
fn the_next_run_closes_one_without_flags_that_died() {
    let forever = Forever::new(47164);
    let root = root();
    let died = noting(Scenario::running(&format!("touch begun; {}", forever.line())).on_root(root.path()).trusted())
        .start_until("begun")
        .kill();
    assert!(died.junit.contains("did not finish"), "{}", died.junit);
    let next = Scenario::running("true").on_root(root.path()).trusted().run();
    assert_eq!(next.code, Some(0), "{}{}", next.stdout, next.stderr);
    let junit = died.junit_now();
    assert!(junit.contains("poolgate ended before the run was over"), "{junit}");
    assert_eq!(order(&died), "setup teardown ");
    died.then_below(root.path(), "resume").is(3, &[]);
}

#[test]
fn a_run_without_flags_is_closed_after_a_boot() {
    let forever = Forever::new(47165);
    let root = root();
    let died = noting(Scenario::running(&format!("touch begun; {}", forever.line())).on_root(root.path()).trusted())
        .start_until("begun")
        .kill();
    write(&root.path().join("proc/sys/kernel/random/boot_id"), "another-boot\n");
    died.then_below(root.path(), "resume").is(3, &["the machine went down while the workload ran"]);
    assert_eq!(order(&died), "setup teardown ");
    assert!(died.junit_now().contains("the machine went down"), "{}", died.junit_now());
}

#[test]
fn abort_removes_the_remains_of_a_run_that_never_began() {
    let root = root();
    let state = root.path().join("var/lib/poolgate/test-20260101T000000Z-0000");
    fs_err::create_dir_all(&state).unwrap();
    write(&state.join("checkpoint.jsonl"), "");
    below(root.path(), "status", &state).is(3, &["poolgate abort"]);
    below(root.path(), "abort", &state).is(0, &["never began"]);
    assert!(!state.exists());
}

#[test]
fn root_runs_no_commands_of_a_dead_run_that_others_can_change() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped, because only root obeys runs it did not begin");
        return;
    }
    let forever = Forever::new(47167);
    let root = root();
    let died = noting(Scenario::running(&format!("touch begun; {}", forever.line())).on_root(root.path()))
        .start_until("begun")
        .kill();
    // Every user can write to the folder for temporary files, and this scenario is in it.
    below(root.path(), "abort", &died.run).is(3, &["is not safe to use"]);
    assert_eq!(order(&died), "setup ");
}

/// A root with systemd, so that systemd starts poolgate again.
fn root_with_systemd() -> tempfile::TempDir {
    let root = root();
    for folder in ["run/systemd/system", "etc/systemd/system"] {
        fs_err::create_dir_all(root.path().join(folder)).unwrap();
    }
    root
}

const UNIT: &str = "etc/systemd/system/poolgate-resume.service";

#[test]
fn a_boot_resumes_a_run_without_flags_whose_commands_only_root_can_change() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped, because only root's runs come back");
        return;
    }
    let forever = Forever::new(47168);
    let root = root_with_systemd();
    let line = format!("touch begun; {}", forever.line());
    let died = noting(Scenario::running(&line).on_root(root.path()).trusted()).start_until("begun").kill();
    let unit = fs_err::read_to_string(root.path().join(UNIT)).unwrap();
    assert!(unit.contains(died.run.file_name().unwrap().to_str().unwrap()), "{unit}");
    write(&root.path().join("proc/sys/kernel/random/boot_id"), "another-boot\n");
    died.then_below(root.path(), "resume").is(3, &["the machine went down while the workload ran"]);
    assert!(!root.path().join(UNIT).exists());

    let forever = Forever::new(47169);
    let line = format!("touch begun; {}", forever.line());
    let died = Scenario::running(&line).on_root(root.path()).start_until("begun").kill();
    assert!(!root.path().join(UNIT).exists(), "{}", died.stderr);
}

#[test]
fn the_state_of_old_runs_is_removed() {
    let root = root();
    let run = || Scenario::running("true").on_root(root.path()).run();
    let first = run();
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped, because only root's runs have a state of their own");
        return;
    }
    let states = root.path().join("var/lib/poolgate");
    let state = states.join(first.run.file_name().unwrap());
    for number in 0..30 {
        let copy = states.join(format!("old-{number}"));
        assert!(Command::new("cp").arg("-a").arg(&state).arg(copy).status().unwrap().success());
    }
    fs_err::create_dir(states.join("never-began")).unwrap();
    assert_eq!(run().code, Some(0));
    let left = fs_err::read_dir(&states).unwrap().count();
    assert_eq!(left, 21, "the twenty newest, and the one that ran just now");
    assert!(!states.join("never-began").exists());
}

#[test]
fn several_calls_at_once_come_to_one_end() {
    let forever = Forever::new(47171);
    let ended = noting(Scenario::with_flag(&format!("test -e again || {{ touch begun; {}; }}", forever.line())))
        .start_until("begun")
        .kill();
    write(&ended.run.ancestors().nth(2).unwrap().join("again"), "");
    let call =
        |command: &str| poolgate().arg(command).arg(&ended.run).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let calls: Vec<_> = ["resume", "abort", "status", "resume", "abort", "status", "wait"]
        .map(|command| (command, call(command).unwrap()))
        .into();
    for (command, mut child) in calls {
        let code = child.wait().unwrap().code();
        let right: &[i32] = match command {
            // The first command decides. The others find its outcome, or report that it works for longer than they
            // wait.
            "resume" => &[0, 3],
            "abort" => &[0, 3],
            "wait" => &[0, 3],
            _ => &[0],
        };
        assert!(code.is_some_and(|code| right.contains(&code)), "{command}: {code:?}");
    }
    ended.left_the_machine_as_it_was();
    let junit = ended.junit_now();
    let passed = !junit.contains("<error");
    ended.then("resume").is(if passed { 0 } else { 3 }, &[]);
    assert_eq!(order(&ended).matches("setup").count(), order(&ended).matches("teardown").count(), "{}", order(&ended));
}
