//! Logs of other programs on the command line: judged and exported like any recording.

use std::path::PathBuf;

use super::super::file;
use super::super::judged::poolgate;
use super::series::snapshot;

/// A live screen: PoolMon shows only the first rows, so `Down` is on every other screen.
fn screen(at: u64, leak: u64) -> String {
    let objects = 100 + at * leak;
    let busy = 50 + at * 7 % 13;
    let mut text = format!(
        " Memory:  260620K Avail:   65152K  PageFlts:    85   InRam Krnl: 2116K P:19560K\n \
         Commit: 237688K Limit: 640916K Peak: 260632K            Pool N: 8500K P:33024K\n \
         System pool information\n \
         Tag  Type     Allocs            Frees            Diff   Bytes      Per Alloc\n\n \
         Leak Nonp  {:>9} ({leak:>4})      1000 (   0) {objects:>5} {:>7} ({:>6})     64\n \
         Busy Paged {:>9} (  -2) {:>9} (   1) {busy:>5} {:>7} (   -64)     32\n",
        objects + 1000,
        objects * 64,
        leak * 64,
        at * 20 + busy,
        at * 20,
        busy * 32
    );
    if at % 2 == 1 {
        text.push_str(" Down Nonp       5000 (   0)         0 (   0)  5000  320000 (     0)     64\n");
    }
    text
}

fn log(folder: &tempfile::TempDir, leak: u64) -> PathBuf {
    file(folder, "poolmon.log", (0..120).map(|at| screen(at, leak)).collect::<String>().as_bytes())
}

#[test]
fn a_redirected_poolmon_is_judged_and_a_leak_is_unconfirmed() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(&folder, 2);
    poolgate(&["judge"], &[&log]).is(4, &["poolmon.log: unclear after 595 s", "Leak nonpaged", "unconfirmed"]);
    let rate = ["judge", "--no-confirm", "--threshold", "tag Leak max_rate 0 B/h"];
    // 2 objects of 64 bytes in 5 s.
    poolgate(&rate, &[&log]).is(1, &["grows steadily by 92160.0 B/h"]);
    let slower: Vec<&str> = rate.into_iter().chain(["--every", "50s"]).collect();
    poolgate(&slower, &[&log]).is(1, &["grows steadily by 9216.0 B/h"]);
    let folder = tempfile::tempdir().unwrap();
    let quiet = self::log(&folder, 0);
    // Both rows are on every screen; other tags may be on none.
    for rule in ["tag Leak max_rate 0 B/h", "tag Busy paged max_rate 0 B/h"] {
        poolgate(&["judge", "--threshold", rule], &[&quiet]).is(0, &["held"]);
    }
    let why = "120 of 120 tables show only some of the tags";
    for rule in ["tag * max_rate 0 B/h", "tag Lea? max_rate 0 B/h"] {
        poolgate(&["judge", "--threshold", rule], &[&quiet]).is(4, &[why]);
    }
    poolgate(&["judge", "--threshold", "tag Gone max_rate 0 B/h"], &[&quiet]).is(4, &["no tag of this name", why]);
}

#[test]
fn unread_rows_are_printed_and_in_the_reports() {
    let folder = tempfile::tempdir().unwrap();
    let text: String = (0..60).map(|at| screen(at, 0) + "C:\\> strange\n").collect();
    let log = file(&folder, "poolmon.log", text.as_bytes());
    let junit = folder.path().join("junit.xml");
    let said = poolgate(&["judge", "--json", "--junit", junit.to_str().unwrap()], &[&log]);
    said.is(4, &["warning: ", "60 lines were not read: line 8 is not a row: ", "and 57 more"]);
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert!(report["notes"][0].as_str().unwrap().contains("60 lines were not read"), "{report}");
    assert!(fs_err::read_to_string(&junit).unwrap().contains("60 lines were not read"));
    // A tag that is on only 30 of the screens gets a note.
    said.is(4, &["1 of 3 tags are missing in some of the tables"]);
}

/// PoolMon sorted by bytes shows a leak once it is larger than the last row: the earlier amount is unknown and not
/// growth.
#[test]
fn a_leak_that_comes_onto_the_screen_is_judged_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let late = |at: u64| {
        let held = 4000 + at;
        let (change, bytes) = (1, held * 64);
        let row = format!(" Late Nonp {held:>9} ({change:>4})         0 (   0) {held:>5} {bytes:>7} (    64)     64\n");
        screen(at, 0) + if at < 60 { "" } else { &row }
    };
    let log = file(&folder, "poolmon.log", (0..120).map(late).collect::<String>().as_bytes());
    let said = poolgate(&["judge", "--json", "--no-confirm", "--threshold", "tag Late max_rate 0 B/h"], &[&log]);
    let report: serde_json::Value = serde_json::from_str(&said.is(1, &[]).stdout).unwrap();
    let late = report["tags"].as_array().unwrap().iter().find(|tag| tag["tag"] == "Late").unwrap();
    let evidence = &late["evidence"];
    let rate = evidence["bytes_per_hour"]["rate"].as_f64().unwrap();
    assert!((rate - 46_080.0).abs() < 5_000.0, "64 B in 5 s are 46,080 B/h: {late:#}");
    assert!(evidence["growth_objects"].as_f64().unwrap() < 60.0, "{late:#}");
    assert_eq!(evidence["shape"], "steady", "and not as if it had held nothing before: {late:#}");
}

#[test]
fn a_log_is_exported_snapshot_by_snapshot_and_judged_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(&folder, 2);
    let said = poolgate(&["export", "--csv"], &[&log]);
    let rows: Vec<&str> = said.is(0, &[]).stdout.lines().filter(|row| !row.contains(",Kernel,")).collect();
    assert_eq!(
        rows[..4],
        [
            "t_seconds,iteration,tag,pool,allocs,frees,bytes,unread,partial",
            "0.000000,,Leak,Nonp,1100,1000,6400,0,yes",
            "0.000000,,Busy,Paged,50,0,1600,0,yes",
            "5.000000,,Leak,Nonp,1102,1000,6528,0,yes",
        ]
    );
    assert_eq!(rows.len(), 1 + 120 * 2 + 60);
    let csv = file(&folder, "again.csv", said.stdout.as_bytes());
    let rate = ["judge", "--no-confirm", "--threshold", "tag Leak max_rate 0 B/h"];
    poolgate(&rate, &[&csv]).is(1, &["grows steadily by 92160.0 B/h"]);

    let snapshots: String =
        (0..3).map(|number| format!("# 2026-11-23T10:{number:02}:00Z\n{}", snapshot(100))).collect();
    let snapshots = file(&folder, "snaps.log", snapshots.as_bytes());
    poolgate(&["export", "--csv"], &[&snapshots]).is(0, &["120.000000,,Leak,Nonp,1100,1000,6400"]);
}

#[test]
fn snapshots_without_times_have_no_rates_until_the_user_gives_the_interval() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots: String = (0..60).map(|number| snapshot(100 + number)).collect();
    let log = file(&folder, "sixty.log", snapshots.as_bytes());
    let rate = ["judge", "--no-confirm", "--threshold", "tag Leak max_rate 0 B/h"];
    let why = "some tables of the log have no readable time, so it has no rates; \
               give the time between the tables, as in `--every 30m`";
    poolgate(&rate, &[&log]).is(4, &["sixty.log: unclear, times unknown", why, "times: unknown"]);
    let said = poolgate(&["judge", "--json"], &[&log]);
    let report: serde_json::Value = serde_json::from_str(&said.is(4, &[]).stdout).unwrap();
    assert_eq!(report["times"], serde_json::json!(["unknown"]));
    assert!(report["tags"].as_array().unwrap().iter().all(|tag| tag["evidence"]["bytes_per_hour"].is_null()));
    poolgate(&["export", "--csv"], &[&log]).is(3, &["some of its tables have no time", "--every 30m"]);
    let timed: Vec<&str> = rate.into_iter().chain(["--every", "30m"]).collect();
    poolgate(&timed, &[&log]).is(1, &["grows steadily by 128.0 B/h", "times: --every"]);
    poolgate(&["judge", "--every", "soon"], &[&log]).is(2, &["--every"]);
    poolgate(&["judge", "--join", "--each"], &[&log]).is(2, &["--each"]);
}
