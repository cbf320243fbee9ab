//! Logs with fewer samples than the leak test requires: their rate is reported with an interval, and the rate decides
//! if the interval is on one side of the limit.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::judged::poolgate;
use super::{HEADER, file};
use crate::program::Completed;

fn five_samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field/f81-five-samples.csv")
}

/// Judges a log with these bytes of `MyD1`, one sample a minute, with the arguments in `given`.
fn judged(bytes: &[u64], given: &[&str]) -> Completed {
    let folder = tempfile::tempdir().unwrap();
    let rows = bytes.iter().enumerate().map(|(at, bytes)| format!("{},,MyD1,Nonp,{},,{bytes}\n", at * 60, bytes / 64));
    let log = file(&folder, "few.csv", (HEADER.to_owned() + &rows.collect::<String>()).as_bytes());
    let arguments: Vec<&str> = ["judge"].iter().chain(given).copied().collect();
    poolgate(&arguments, &[&log])
}

#[test]
fn five_samples_on_a_straight_line_have_a_rate() {
    let log = five_samples();
    let rate = ["19.9 GiB/h (95 %: 19.8 GiB to 20.1 GiB) from 5 samples", "too few samples to test for a leak"];
    poolgate(&["judge", "--threshold", "tag NtFC max_rate 15 GiB/h"], &[&log]).is(1, &rate);
    poolgate(&["judge", "--threshold", "tag NtFC max_rate 25 GiB/h"], &[&log]).is(0, &rate);
    poolgate(&["judge", "--threshold", "tag NtFC max_rate 20 GiB/h"], &[&log]).is(4, &rate);
    // Without a threshold for the tag, it is one of thousands.
    poolgate(&["judge"], &[&log]).is(4, &rate).is(4, &["unconfirmed: no threshold names this tag"]);
    poolgate(&["judge", "--no-confirm"], &[&log]).is(1, &rate);
}

#[test]
fn the_report_has_the_rate_of_a_few_samples_for_programs() {
    let said = poolgate(&["judge", "--json"], &[&five_samples()]);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let few = &report["tags"][0]["evidence"]["few_samples"];
    assert_eq!(few["samples"], 5, "{report}");
    let rate = &few["bytes_per_hour"];
    let [low, rate, high] = ["low", "rate", "high"].map(|it| rate[it].as_f64().unwrap());
    assert!((rate - 21_407_727_620.0).abs() < 1.0, "{few}");
    assert!(low < rate && rate < high && high - low < rate / 50.0, "{few}");
}

#[test]
fn an_uneven_growth_has_an_interval_as_wide_as_its_samples_are_few() {
    // 640, 6400 and 0 bytes in a minute: t with 2 degrees of freedom is 4.3.
    let said = judged(&[6400, 7040, 13_440, 13_440], &["--threshold", "tag MyD1 max_rate 0 B/h"]);
    said.is(4, &["138 KiB/h (95 %: −3", "from 4 samples"]);
    judged(&[6400, 7040, 13_440, 13_440], &["--threshold", "tag MyD1 max_rate 10 MiB/h"]).is(0, &["from 4 samples"]);
}

#[test]
fn a_few_flat_samples_may_hide_a_slow_leak() {
    let flat = [6400; 5];
    judged(&flat, &["--threshold", "tag MyD1 max_rate 0 B/h"]).is(4, &["0.0 B/h (95 %: -3542.4 to 3542.4)"]);
    judged(&flat, &["--threshold", "tag MyD1 max_rate 4 KiB/h"]).is(0, &["held"]);
}

#[test]
fn one_table_and_two_tables_have_no_rate() {
    let rate = ["--threshold", "tag MyD1 max_rate 0 B/h"];
    let one = judged(&[6400], &rate);
    one.is(4, &["one table cannot show growth"]);
    judged(&[6400, 12_800], &rate).is(4, &["two tables show growth, but a rate needs three"]);
    judged(&[6400, 7040, 7680], &rate).is(4, &["from 3 samples"]);
    // For all tags together, this is one line.
    let all = judged(&[6400], &[]);
    assert_eq!(all.is(4, &[]).stdout.matches("one table cannot show growth").count(), 1, "{}", all.stdout);
}
