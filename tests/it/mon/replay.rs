//! A recording, or any log that poolgate reads, shown as if it were live.

use super::{Bed, file, rows};
use crate::program::Completed;

/// Five samples, 2 s apart: one tag that leaks, one that appears late, and the kernel's total of a pool.
pub(super) fn log() -> String {
    let mut log = "t_seconds,tag,pool,allocs,frees,bytes\n".to_owned();
    for sample in 0..5 {
        let t = 2 * sample;
        log.push_str(&format!("{t},Leak,Nonp,{},5,{}\n", 10 + 10 * sample, 320 + 640 * sample));
        log.push_str(&format!("{t},Rest,Paged,7,2,160\n"));
        log.push_str(&format!("{t},nonpaged,Kernel,{},,{}\n", 100, 409_600));
        if sample >= 3 {
            log.push_str(&format!("{t},Late,Paged,{},0,{}\n", sample, 64 * sample));
        }
    }
    log
}

fn replayed(words: &[&str]) -> Completed {
    let bed = Bed::new();
    file(&bed.path("log.csv"), &log());
    Completed::run(&mut bed.mon(&[&["log.csv"], words].concat()))
}

#[test]
fn every_sample_is_a_screen() {
    let said = replayed(&["--timestamps", "--exclude", "Rest"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    // The start of a log without times is unknown.
    let times = said.stdout.lines().filter(|line| line.starts_with("# ")).count();
    assert_eq!(times, 5, "{}", said.stdout);
    let without: String =
        said.stdout.lines().filter(|line| !line.starts_with("# ")).map(|line| format!("{line}\n")).collect();
    insta::assert_snapshot!(without);
}

#[test]
fn screens_are_spaced_by_the_recordings_clock() {
    for (words, expected) in [
        (&["--every", "4 s"][..], &["10", "30", "50"][..]),
        (&["--every", "5 s"], &["10", "40"]),
        (&["--for", "4 s"], &["10", "20", "30"]),
        (&["--every", "1 h"], &["10"]),
        (&["--count", "2"], &["10", "20"]),
        (&["--every", "4 s", "--count", "2"], &["10", "30"]),
        (&["--count", "9"], &["10", "20", "30", "40", "50"]),
    ] {
        let said = replayed(&[words, &["/iLeak"]].concat());
        let lines = said.stdout.lines().filter(|line| line.starts_with(" Leak"));
        let allocs: Vec<&str> = lines.map(|line| line.split_whitespace().nth(2).unwrap()).collect();
        assert_eq!(allocs, expected, "{words:?}");
    }
}

#[test]
fn a_snapshot_of_a_recording_is_its_end() {
    let said = replayed(&["/n", "-", "/b"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert_eq!(rows(&said.stdout), ["Leak Nonp", "Late Paged", "Rest Paged"]);
    assert!(said.stdout.contains("Pool N:  400K"), "{}", said.stdout);
    let said = replayed(&["/n", "-", "--count", "2"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""));
    assert!(said.stderr.contains("leave out --count"), "{}", said.stderr);
}

#[test]
fn a_file_that_is_no_recording_is_an_error() {
    let bed = Bed::new();
    file(&bed.path("empty.csv"), "");
    for (name, code) in [("empty.csv", 3), ("missing.pgr", 2)] {
        let said = bed.once(&[name]);
        assert_eq!((said.code, said.stdout.as_str()), (Some(code), ""), "{}", said.stderr);
        assert!(said.stderr.contains(name), "{}", said.stderr);
    }
}
