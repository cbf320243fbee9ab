//! Runs that set a flag and boot, with a crash, a change by another program, or damage to their files on the way.
//! Afterwards the machine is as before, and no run passes without a measurement.

use std::path::Path;

use poolgate::run::drive::{Checkpoint, Created};

use super::harness::{Ended, Scenario, wait_until, write};
use super::lines::{Forever, each, touch};
use crate::program::{Completed, poolgate};

/// A run that lasts some seconds.
fn with_flag() -> Scenario {
    // cmd.exe has no sleep, and starts slowly enough.
    Scenario::with_flag(&format!("{}{}", touch("begun"), if cfg!(windows) { "" } else { "; sleep 0.05" }))
}

/// A run killed in the middle of measuring.
fn killed_while_measuring() -> Ended {
    with_flag().teardown(&touch("torn-down")).start_until("begun").kill()
}

#[test]
fn a_run_sets_flags_boots_measures_and_restores() {
    let ended = Scenario::with_flag("poolgate sim exercise --leak Drv1:96B")
        .threshold("{ tag: Drv1, max_rate: 0 B/iteration }")
        .run();
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    for line in ["flag GlobalFlag: set to \"dword:00000400\"", "restarting the machine", "flag GlobalFlag: removed"] {
        assert!(ended.stderr.contains(line), "{}", ended.stderr);
    }
    assert_eq!(ended.kernel()["boots"], 3);
    ended.left_the_machine_as_it_was();
    assert!(ended.stdout.contains("grows steadily by 96.0 B/iteration"), "{}", ended.stdout);
}

#[test]
fn a_scenario_may_leave_out_the_last_restart() {
    let ended =
        Scenario::with_flag("poolgate sim exercise --churn Drv1:96B").section("reboot: { after_restore: false }").run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.kernel()["boots"], 2);
    ended.left_the_machine_as_it_was();
    assert!(ended.stdout.contains("the kernel runs with them until its next boot"), "{}", ended.stdout);
}

#[test]
fn a_poolgate_killed_while_measuring_measures_again_in_the_same_boot() {
    let ended = killed_while_measuring();
    ended.then("status").is(0, &["GlobalFlag: \"dword:00000400\" (was absent)"]);
    ended.then("resume").is(0, &["test: held"]);
    ended.left_the_machine_as_it_was();
    assert!(ended.run.join("recording.1.pgr").exists(), "the first recording is kept");
    assert!(!ended.junit_now().contains("<error"), "{}", ended.junit_now());
}

#[test]
fn a_machine_that_goes_down_while_measuring_is_an_error_and_never_a_pass() {
    let ended = killed_while_measuring();
    ended.machine("power-cut");
    ended.then("resume").is(3, &["the machine went down while the workload ran"]);
    ended.left_the_machine_as_it_was();
    let junit = ended.junit_now();
    assert!(junit.contains("<error") && junit.contains("the last sample was taken"), "{junit}");
    ended.then("wait").is(3, &[]);
    ended.then("resume").is(3, &[]);
}

#[test]
fn an_aborted_run_restores_everything() {
    let ended = killed_while_measuring();
    ended.then("abort").is(0, &["aborted"]);
    ended.left_the_machine_as_it_was();
    assert!(ended.junit_now().contains("aborted"));
    ended.then("status").is(0, &["over"]);
}

#[test]
fn waiting_ends_with_the_outcome_of_the_run() {
    let ended = Scenario::with_flag("poolgate sim exercise --churn Drv1:96B").run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let copy = ended.run.join("copied.xml");
    Completed::run(poolgate().arg("wait").arg(&ended.run).arg("--junit").arg(&copy)).is(0, &[]);
    assert_eq!(fs_err::read_to_string(&copy).unwrap(), ended.junit_now());
    let nowhere = ended.run.join("no folder/copied.xml");
    Completed::run(poolgate().arg("wait").arg(&ended.run).arg("--junit").arg(nowhere)).is(3, &["give --junit a file"]);
    let running = killed_while_measuring();
    Completed::run(poolgate().arg("wait").arg(&running.run).args(["--timeout", "1"])).is(10, &[]);
}

#[test]
fn resume_without_a_name_takes_the_unfinished_run() {
    let ended = killed_while_measuring();
    let reports = ended.run.parent().unwrap();
    Completed::run(poolgate().args(["resume", "--reports"]).arg(reports)).is(0, &["test: held"]);
    Completed::run(poolgate().args(["resume", "--reports"]).arg(reports)).is(2, &["there is no unfinished run"]);
}

#[test]
fn a_flag_changed_by_another_program_loses_only_poolgates_part() {
    let ended = killed_while_measuring();
    let path = ended.run.join("simulated-kernel.json");
    let mut kernel = ended.kernel();
    kernel["settings"]["on_disk"]["flag GlobalFlag"] = "dword:00001400".into();
    write(&path, &kernel.to_string());
    ended
        .then("abort")
        .is(0, &["note: GlobalFlag was changed by another program or person during the run: only poolgate's part"]);
    assert_eq!(ended.kernel()["settings"]["on_disk"]["flag GlobalFlag"], "dword:00001000");
    assert!(ended.junit_now().contains("was changed by another program or person"));
}

#[test]
fn a_run_killed_in_every_measurement_is_given_up_and_restored() {
    let ended = killed_while_measuring();
    for _ in 0..4 {
        let mut again = poolgate().arg("resume").arg(&ended.run).stderr(std::process::Stdio::null()).spawn().unwrap();
        let log = ended.run.join("run.log");
        let begun = || fs_err::read_to_string(&log).unwrap().matches("workload").count();
        let before = begun();
        wait_until("it measures again", || begun() > before || again.try_wait().unwrap().is_some());
        let _ = again.kill();
        again.wait().unwrap();
    }
    ended.then("resume").is(3, &["poolgate ended 4 times while measuring"]);
    ended.left_the_machine_as_it_was();
}

/// Checks that a run that cannot continue after `damage` restores everything, and reports the reason.
fn check_restored_after(damage: impl Fn(&Path), words: &str) {
    let ended = killed_while_measuring();
    damage(&ended.run);
    ended.then("resume").is(3, &[words]);
    ended.left_the_machine_as_it_was();
    let junit = ended.junit_now();
    assert!(junit.contains("<error") && junit.contains(words), "{junit}");
    ended.then("status").is(0, &["over"]);
}

#[test]
fn a_damaged_checkpoint_restores_everything() {
    for (line, words) in [(0, "line 1 is damaged"), (1, "line 2 is damaged")] {
        let flip = |run: &Path| {
            let path = run.join("checkpoint.jsonl");
            let mut bytes = fs_err::read(&path).unwrap();
            let begins = bytes.split_inclusive(|byte| *byte == b'\n').take(line).map(<[u8]>::len).sum::<usize>();
            bytes[begins + 20] ^= 4;
            write(&path, &String::from_utf8_lossy(&bytes));
        };
        check_restored_after(flip, words);
    }
}

#[test]
fn an_empty_checkpoint_restores_everything() {
    check_restored_after(|run| write(&run.join("checkpoint.jsonl"), ""), "the checkpoint is empty");
    check_restored_after(|run| fs_err::remove_file(run.join("checkpoint.jsonl")).unwrap(), "the checkpoint is empty");
}

#[test]
fn with_both_copies_of_the_first_line_damaged_nothing_is_guessed() {
    let ended = killed_while_measuring();
    write(&ended.run.join("checkpoint.jsonl"), "");
    write(&ended.run.join("beginning.jsonl"), "");
    // Autostart has an entry for this run, so it did begin.
    for command in ["resume", "abort"] {
        let said = ended.then(command);
        said.is(3, &["the checkpoint is empty"]);
        assert!(!said.text().contains("nothing was changed"), "{}", said.text());
    }
}

#[test]
fn a_run_with_a_cut_checkpoint_continues_from_the_last_whole_line() {
    let ended = killed_while_measuring();
    let path = ended.run.join("checkpoint.jsonl");
    let text = fs_err::read_to_string(&path).unwrap();
    write(&path, &text[..text.len() - 5]);
    ended.then("resume").is(0, &["test: held"]);
    ended.left_the_machine_as_it_was();
}

#[test]
fn setup_never_runs_twice_in_a_row_even_if_the_checkpoint_lost_lines() {
    for lost in ["setting_up", "\"measure\""] {
        let note = |word: &str| format!("echo {word}>> order");
        let scenario = with_flag().setup(&note("setup")).teardown(&note("teardown"));
        let order = scenario.folder().join("order");
        let ended = scenario.start_until("begun").kill();
        let path = ended.run.join("checkpoint.jsonl");
        let text = fs_err::read_to_string(&path).unwrap();
        let kept: String = text.split_inclusive('\n').take_while(|line| !line.contains(lost)).collect();
        assert!(kept.len() < text.len(), "{lost}: {text}");
        write(&path, &kept);
        let resumed = ended.then("resume");
        ended.left_the_machine_as_it_was();
        let order = fs_err::read_to_string(order).unwrap();
        assert_eq!(
            order.split_whitespace().collect::<Vec<_>>(),
            ["setup", "teardown", "setup", "teardown"],
            "{lost}: {}",
            resumed.text()
        );
    }
}

#[test]
fn a_scenario_changed_during_the_run_is_an_error() {
    let change = |run: &Path| {
        let path = run.join("scenario.yaml");
        let text = fs_err::read_to_string(&path).unwrap();
        write(&path, &text.replace("begun", "evil"));
    };
    check_restored_after(change, "is not the scenario this run began with");
}

#[test]
fn a_run_begun_by_another_version_with_a_clock_a_year_ahead_is_finished() {
    let ended = killed_while_measuring();
    let path = ended.run.join("checkpoint.jsonl");
    let text = fs_err::read_to_string(&path).unwrap();
    let line: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let mut created: Created = serde_json::from_value(line["entry"]["created"].clone()).unwrap();
    created.program = "0.0.9".to_owned();
    created.at += std::time::Duration::from_secs(365 * 24 * 3600);
    fs_err::remove_file(&path).unwrap();
    Checkpoint::create(path, created).unwrap();
    let resumed = ended.then("resume");
    resumed.is(0, &["note: begun by poolgate 0.0.9, continued by "]);
    resumed.is(0, &["test: held"]);
    ended.left_the_machine_as_it_was();
}

#[test]
fn only_one_process_at_a_time_works_on_a_run() {
    let forever = Forever::new(47170);
    let running = Scenario::with_flag(&each(&[&touch("begun"), &forever.line()])).start_until("begun");
    let reports = running.reports();
    Completed::run(poolgate().args(["resume", "--reports"]).arg(&reports)).is(3, &["is already working on this run"]);
    Completed::run(poolgate().args(["status", "--reports"]).arg(&reports)).is(0, &["is working on it"]);
    running.kill();
}
