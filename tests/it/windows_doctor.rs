//! The command `poolgate doctor` on this Windows, with any rights and kernel: every line is present, and the exit code
//! matches the lines. Under Wine the pools are a problem, because Wine does not count them.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use crate::program::{Completed, poolgate_in};

const PLAIN: &str = "scenario: plain\ndriver: mountmgr.sys\nworkload: { run: w, iterations: 9 }\n";

fn doctor(words: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("plain.yaml"), PLAIN).unwrap();
    let output = Completed::run(poolgate_in(folder.path()).arg("doctor").args(words));
    (output.code, output.text())
}

/// Returns the level of the line about `what`.
#[track_caller]
fn level<'a>(text: &'a str, what: &str) -> &'a str {
    let about = |line: &&str| line.split_once(what).is_some_and(|(level, _)| !level.trim().contains(' '));
    let line = text.lines().find(about).unwrap_or_else(|| panic!("no line about {what}:\n{text}"));
    line.split_whitespace().next().unwrap()
}

#[test]
fn every_line_is_present_and_the_exit_code_matches() {
    let (code, text) = doctor(&[]);
    for what in
        ["system", "pools", "elevation", "service", "restart", "Fast Startup", "BitLocker", "program", "state folder"]
    {
        assert!(["ok", "note", "problem"].contains(&level(&text, what)), "{what}: {text}");
    }
    assert_eq!((level(&text, "reports"), level(&text, "other runs")), ("ok", "ok"), "{text}");
    let problems = text.lines().filter(|line| line.starts_with(" problem")).count();
    assert_eq!(code, Some(if problems == 0 { 0 } else { 3 }), "{text}");
    assert_eq!(problems == 0, text.contains("no problems found"), "{text}");
    println!("{text}");
}

#[test]
fn a_scenario_without_flags_needs_nothing_for_reboots() {
    let (code, text) = doctor(&["plain.yaml"]);
    assert_eq!(level(&text, "driver"), "ok", "{text}");
    // If the kernel provides no pool figures, it is unknown whether tagging must be switched on.
    if level(&text, "pools") == "problem" {
        assert_eq!((code, level(&text, "scenario")), (Some(3), "problem"), "{text}");
        return;
    }
    assert_eq!((code, level(&text, "scenario")), (Some(0), "ok"), "{text}");
    for absent in ["BitLocker", "Fast Startup", "service", "program", "state folder"] {
        assert!(!text.contains(absent), "{text}");
    }
}

#[test]
fn a_missing_scenario_is_a_mistake() {
    assert_eq!(doctor(&["missing.yaml"]).0, Some(2));
}
