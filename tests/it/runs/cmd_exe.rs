//! Workloads that are possible only with cmd.exe and Windows.

use super::harness::{Scenario, write};
use super::lines::this_program;

#[test]
fn of_several_lines_not_even_the_first_is_run() {
    let scenario = Scenario::running("type nul > first\ntype nul > second");
    let first = scenario.folder().join("first");
    scenario.run().failed_saying("iteration 1 failed: cmd.exe runs only the first of several lines");
    assert!(!first.exists());
}

#[test]
fn quotes_and_special_characters_arrive_as_they_were_written() {
    let scenario = Scenario::running(r#""a folder\a batch.cmd" "one two" "3 & 4 < 5" && echo done>> seen"#)
        .plan("iterations: 1, warm_up: 0");
    let folder = scenario.folder().join("a folder");
    fs_err::create_dir(&folder).unwrap();
    write(&folder.join("a batch.cmd"), "@echo %1/%2>> seen\r\n");
    let seen = scenario.folder().join("seen");
    let text = {
        let ended = scenario.run();
        assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
        fs_err::read_to_string(&seen).unwrap()
    };
    assert_eq!(text, "\"one two\"/\"3 & 4 < 5\"\r\ndone\r\n");
}

#[test]
fn a_cmd_exe_beside_the_scenario_is_not_meant() {
    let scenario = Scenario::running("echo hello").plan("iterations: 1, warm_up: 0");
    // This copy of poolgate would refuse the arguments.
    fs_err::copy(env!("CARGO_BIN_EXE_poolgate"), scenario.folder().join("cmd.exe")).unwrap();
    let ended = scenario.run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_crash_is_reported_with_its_status() {
    let ended = Scenario::running(&format!("{} runs::lines::workload_that_crashes", this_program())).run();
    ended.failed_saying("iteration 1 failed: crashed: ");
    assert!(ended.stdout.contains(" (exit code 0xC00"), "{}", ended.stdout);
    assert!(ended.stdout.contains("help: its output is in workload.log"), "{}", ended.stdout);
}
