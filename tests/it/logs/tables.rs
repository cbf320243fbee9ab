//! Logs without stages are judged by their tables: growth from the first to the last one, and held bytes from the last
//! one. Without thresholds, tags are ranked by growth.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::judged::poolgate;
use super::{file, stage_at, still_rows};
use crate::program::Completed;

const AT_REST: &str = "at rest";

/// A run of three stages; `row` returns allocs, frees and bytes of `MyD1` at a second.
fn staged(row: impl Fn(u64) -> Option<(u64, u64, u64)>, given: &[&str]) -> Completed {
    let mut log = "t_seconds,iteration,tag,pool,allocs,frees,bytes,stage\n".to_owned();
    for second in 0..80u64 {
        let (stage, done) = stage_at(second);
        let _ = writeln!(log, "{second},{done},Othr,Nonp,7,0,448,{stage}");
        if let Some((allocs, frees, bytes)) = row(second) {
            let _ = writeln!(log, "{second},{done},MyD1,Nonp,{allocs},{frees},{bytes},{stage}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let arguments: Vec<&str> = ["judge"].iter().chain(given).copied().collect();
    poolgate(&arguments, &[&file(&folder, "run.csv", log.as_bytes())])
}

#[test]
fn a_missing_level_is_named_with_its_reason() {
    let growth = ["--threshold", "tag MyD1 max_growth 1 KiB"];
    let bytes = ["--threshold", "tag MyD1 max_bytes 1 KiB"];
    let gone = |second| (second < 60).then_some((100, 0, 6400));
    staged(gone, &growth).is(4, &["disappeared during the run, so there is no level after it"]);
    let anew = |second| Some(if second < 40 { (100, 0, 6400) } else { (10, 0, 640) });
    staged(anew, &growth).is(4, &["had its counters reset during the run, so its levels cannot be compared"]);
    staged(anew, &bytes).is(0, &["holds 640 B at the end"]);
    let even = |_| Some((100, 0, 6400));
    staged(even, &growth).is(0, &["grew by 0 B"]);
    staged(even, &bytes).is(1, &["holds 6.25 KiB at the end"]);
}

fn field(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field").join(name)
}

fn judge(given: &[&str], files: &[&Path]) -> Completed {
    let arguments: Vec<&str> = ["judge"].iter().chain(given).copied().collect();
    let said = poolgate(&arguments, files);
    assert!(!said.stdout.contains(AT_REST), "such a log has no rest: {}", said.stdout);
    said
}

/// PoolMon's snapshots, an hour apart; each row is a tag, allocs, frees and bytes.
fn snapshots(tables: &[&[(&str, u64, u64, u64)]]) -> String {
    let mut text = String::new();
    for (hour, rows) in tables.iter().enumerate() {
        let _ = write!(
            text,
            "2026-11-23 {hour:02}:00:00\n Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n"
        );
        for (tag, allocs, frees, bytes) in *rows {
            let diff = allocs - frees;
            let _ = writeln!(
                text,
                " {tag:<4} Nonp {allocs:>10} {frees:>10} {diff:>9} {bytes:>9} {:>9}",
                bytes / diff.max(1)
            );
        }
    }
    text
}

fn judged(tables: &[&[(&str, u64, u64, u64)]], given: &[&str]) -> Completed {
    let folder = tempfile::tempdir().unwrap();
    let log = file(&folder, "snapshots.log", snapshots(tables).as_bytes());
    judge(given, &[&log])
}

#[test]
fn growth_is_from_the_first_table_to_the_last() {
    let fecf = field("f60-fecf-three.txt");
    let given = ["--every", "10m", "--threshold", "tag Fecf max_growth 0 B"];
    judge(&given, &[&fecf]).is(1, &["broken", "grew by 1.41 KiB (13.4 KiB → 14.8 KiB)"]);
    judge(&["--every", "10m", "--threshold", "tag Fecf max_growth 1440 B"], &[&fecf]).is(0, &["held"]);
    let [start, stop] = ["Start", "Stop"].map(|it| field(&format!("f20-tss/LABHOST_260108-150405_Poolmon_{it}_.txt")));
    let given = ["--every", "2h", "--threshold", "tag IXGB max_growth 1 MiB"];
    judge(&given, &[&start, &stop]).is(1, &["broken", "IXGB nonpaged grew by 81.2 MiB (53.2 MiB → 134 MiB)"]);
}

#[test]
fn a_ceiling_is_that_of_the_last_table() {
    let both = field("f04-both-pools.log");
    judge(&["--threshold", "tag File nonpaged max_bytes 200 MiB"], &[&both]).is(1, &["broken", "holds 243 MiB"]);
    judge(&["--threshold", "tag File nonpaged max_bytes 254683680 B"], &[&both]).is(0, &["held"]);
    judge(&["--threshold", "tag File nonpaged max_growth 0 B"], &[&both]).is(4, &["one table cannot show growth"]);
    let rows: [&[_]; 2] = [&[("MyD1", 9, 1, 9000), ("Othr", 9, 1, 800)], &[("MyD1", 9, 5, 640), ("Othr", 9, 1, 800)]];
    judged(&rows, &["--threshold", "tag MyD1 max_bytes 1 KiB"]).is(0, &["holds 640 B at the end"]);
}

#[test]
fn one_tables_rate_is_one_line() {
    let said = judge(&[], &[&field("f04-both-pools.log")]);
    assert_eq!(said.is(4, &[]).stdout.matches("one table cannot show growth").count(), 1, "{}", said.stdout);
    assert!(!said.stdout.contains("largest growth"), "{}", said.stdout);
}

#[test]
fn of_many_tables_a_single_peak_decides_nothing() {
    let log = |peak: u64| {
        let rows = (0..60u64).map(|at| {
            let bytes = if at == peak { 64_000_000 } else { 6400 };
            format!("{at},MyD1,Nonp,{},,{bytes}\n", bytes / 64)
        });
        "t_seconds,tag,pool,allocs,frees,bytes\n".to_owned() + &rows.collect::<String>()
    };
    let folder = tempfile::tempdir().unwrap();
    for peak in [0, 30, 59] {
        let log = file(&folder, "peak.csv", log(peak).as_bytes());
        judge(&["--threshold", "tag MyD1 max_growth 1 KiB"], &[&log]).is(0, &["grew by 0 B (6.25 KiB → 6.25 KiB)"]);
    }
}

#[test]
fn a_tag_that_a_table_does_not_show_is_not_known_there() {
    let with = ("MyD1", 900, 100, 51_200);
    let other = ("Othr", 9, 1, 800);
    judged(&[&[with, other], &[other]], &["--threshold", "tag MyD1 max_growth 1 KiB"])
        .is(4, &["is not in the last table"]);
    judged(&[&[with, other], &[other]], &["--threshold", "tag MyD1 max_bytes 1 KiB"])
        .is(4, &["is not in the last table"]);
    judged(&[&[with, other], &[other]], &["--threshold", "total nonpaged max_growth 1 KiB"])
        .is(4, &["not all of its tags are in the first and the last table"]);
    // In a table of all tags, a missing tag holds nothing.
    let folder = tempfile::tempdir().unwrap();
    let rows = snapshots(&[&[other], &[with, other]]).replace(" Othr", &format!("{} Othr", still_rows()));
    judge(&["--threshold", "tag MyD1 max_growth 1 KiB"], &[&file(&folder, "whole.log", rows.as_bytes())])
        .is(1, &["grew by 50.0 KiB (0 B"]);
}

/// A post quotes only a few rows, with a header or without.
#[test]
fn a_table_of_a_few_rows_is_a_part() {
    let rows = [("MyD1", 900, 100, 51_200), ("Othr", 9, 1, 800)];
    let part = "2 of 2 tables show only some of the tags";
    for rule in ["tag * max_growth 1 KiB", "tag My?? max_growth 1 KiB", "total nonpaged max_growth 1 KiB"] {
        judged(&[&rows, &rows], &["--threshold", rule]).is(4, &[part]);
    }
    judged(&[&rows, &rows], &["--threshold", "tag MyD1 max_growth 1 KiB"]).is(0, &["held"]);
    let folder = tempfile::tempdir().unwrap();
    let text = snapshots(&[&rows, &rows]).replace(" Othr", &format!("{} Othr", still_rows()));
    let whole = file(&folder, "whole.log", text.as_bytes());
    judge(&["--threshold", "tag * max_growth 1 KiB"], &[&whole]).is(0, &["held"]);
}

#[test]
fn after_a_restart_only_later_samples_are_compared() {
    let first = [("MyD1", 90_000, 80_000, 640_000), ("Othr", 70_000, 69_000, 64_000), ("Thrd", 5000, 4000, 64_000)];
    let second = [("MyD1", 900, 400, 32_000), ("Othr", 700, 600, 6400), ("Thrd", 50, 40, 640)];
    let third = [("MyD1", 9900, 400, 608_000), ("Othr", 800, 700, 6400), ("Thrd", 60, 50, 640)];
    let growth = ["--threshold", "tag MyD1 max_growth 1 KiB"];
    // Across boots it shrank; within the second one it grew.
    judged(&[&first, &second, &third], &growth)
        .is(1, &["grew by 562 KiB (31.2 KiB → 594 KiB)", "counted from table 2 on", "(a restart)"]);
    judged(&[&first, &second], &growth).is(4, &["went back before the last table (a restart)"]);
    // Growth before the restart is unknown, so the verdict is not "held".
    judged(&[&first, &second, &second], &growth).is(4, &["grew by 0 B", "counted from table 2 on"]);
}

#[test]
fn a_tag_whose_counters_went_back_grew_at_least_by_the_difference() {
    let given = ["--every", "2h", "--threshold", "tag Mdl max_growth 1 MiB"];
    let said = judge(&given, &[&field("f12b-prose-between.txt")]);
    said.is(1, &["grew by 401 MiB (60.9 KiB → 401 MiB)", "its counters went back in between"]);
    let others = [("Othr", 70_000, 69_000, 64_000), ("Thrd", 5000, 4000, 64_000)];
    let [first, second] =
        [("MyD1", 9000, 8000, 64_000), ("MyD1", 900, 400, 32_000)].map(|row| [&others[..], &[row]].concat());
    judged(&[&first, &second], &["--threshold", "tag MyD1 max_growth 1 KiB"]).is(4, &["may have grown by more"]);
}

#[test]
fn without_thresholds_the_largest_growth_comes_first() {
    let first = [("Slow", 100, 0, 6400), ("Fast", 100, 0, 6400), ("Less", 100, 0, 6400), ("Same", 100, 0, 6400)];
    let last = [("Slow", 200, 0, 12_800), ("Fast", 1000, 0, 64_000), ("Less", 100, 50, 3200), ("Same", 100, 0, 6400)];
    let tables: [&[_]; 2] = [&first, &last];
    let said = judged(&tables, &[]);
    said.is(
        4,
        &["largest growth (the first and the last table, 1 h apart): tag grew by per hour of its pool's growth \
         from to"],
    );
    said.is(4, &["Fast nonpaged 56.2 KiB 56.2 KiB/h 95 % 6.25 KiB 62.5 KiB Slow nonpaged 6.25 KiB 6.25 KiB/h 11 %"]);
    assert!(said.stdout.find("Fast") < said.stdout.find("verdict"), "{}", said.stdout);
    assert!(!said.stdout.contains("Less ") && !said.stdout.contains("Same "), "{}", said.stdout);
    let report: Value = serde_json::from_str(&judged(&tables, &["--json"]).stdout).unwrap();
    let growth = &report["growth"];
    assert_eq!((&growth["hours"], &growth["tags"][0]["tag"]), (&1.0.into(), &"Fast".into()), "{growth}");
    assert_eq!(growth["tags"][0]["bytes_per_hour"], 57_600.0);
    assert_eq!(growth["tags"].as_array().unwrap().len(), 2);
    let threshold = judged(&tables, &["--threshold", "tag Fast max_growth 1 MiB"]);
    assert!(!threshold.stdout.contains("largest growth"), "{}", threshold.stdout);
    judged(&[&first, &first], &[]).is(4, &["no tag grew (the first and the last table, 1 h apart)"]);
}

/// A log of `tags` tags. Each takes one step, later and higher than the previous tag's step.
fn many(tags: u64) -> String {
    let mut log = "t_seconds,iteration,tag,pool,allocs,frees,bytes\n".to_owned();
    for second in 0..60u64 {
        for tag in 0..tags {
            let objects = 100 + if second > 10 + tag { 10 * (tag + 1) } else { 0 };
            let _ = writeln!(log, "{second},{second},T{tag:03},Nonp,{objects},0,{}", objects * 64);
        }
    }
    log
}

#[test]
fn the_largest_tags_come_first_and_the_others_are_in_the_named_file() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(&folder, "many.csv", many(30).as_bytes());
    let growth = ["--threshold", "tag * max_growth 0 B"];
    let said = judge(&growth, &[&log]);
    said.is(1, &["and 22 more, shown with --all"]);
    assert!(!said.stdout.contains("report.json"), "judge writes none: {}", said.stdout);
    let place = |said: &Completed, tag: &str| said.stdout.find(tag).unwrap_or(usize::MAX);
    assert!(place(&said, "T029") < place(&said, "T028"), "{}", said.stdout);
    assert!(said.stdout.contains("T022") && !said.stdout.contains("T021"), "{}", said.stdout);
    let all = judge(&["--all", growth[0], growth[1]], &[&log]);
    assert!(!all.is(1, &["T000"]).stdout.contains("more,"), "{}", all.stdout);
    // The ranking has a line of its own.
    judge(&[], &[&log]).is(0, &["T029 nonpaged 18.8 KiB", "and 20 more, shown with --all"]);
}

#[test]
fn a_recording_judged_elsewhere_has_no_host() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(&folder, "log.csv", many(1).as_bytes());
    let junit = folder.path().join("junit.xml");
    let given = ["--json", "--junit", junit.to_str().unwrap(), "--threshold", "tag T000 max_growth 1 MiB"];
    for command in [&["judge"][..], &["compare"]] {
        let arguments: Vec<&str> = command.iter().chain(&given).copied().collect();
        let files: &[&Path] = if command == ["judge"] { &[&log] } else { &[&log, &log] };
        let said = poolgate(&arguments, files);
        let report: Value = serde_json::from_str(&said.is(0, &[]).stdout).unwrap();
        assert!(report["host"].is_null(), "{report}");
        let xml = fs_err::read_to_string(&junit).unwrap();
        for empty in ["hostname=\"\"", "\nhost  ", "\nsystem  ", "kernel ,", "\nboot  "] {
            assert!(!xml.contains(empty), "{empty:?}: {xml}");
        }
    }
}
