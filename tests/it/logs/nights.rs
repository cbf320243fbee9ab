//! Nightly runs as one CSV file, and the change points that Apache Otava, an independent tool, finds in it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::file;
use super::judged::poolgate;
use crate::program::Completed;
use crate::python;

/// Noon of 2026-01-01 as Unix time.
const FIRST: u64 = 1_767_268_800;
/// The night in which the leak begins, and the number of nights.
const CHANGE: u64 = 15;
const NIGHTS: u64 = 24;

/// One log for each night: from [`CHANGE`] on, `MyD1` leaks two objects of 64 bytes in each iteration. `Busy` never
/// leaks, and `Late` appears too late to have a rate.
fn nights(folder: &tempfile::TempDir) -> Vec<PathBuf> {
    let night = |night: u64| {
        let leak = if night < CHANGE { 0 } else { 2 };
        let rows = (0..60u64).map(|at| {
            let second = FIRST + night * 86_400 + at;
            let noise = (at * 7 + night * 5) % 13;
            let (objects, busy) = (100 + at * leak + noise, 50 + (at * 11 + night) % 17);
            format!(
                "{second},{at},MyD1,Nonp,{objects},,{}\n{second},{at},Busy,Paged,{busy},,{}\n",
                objects * 64,
                busy * 32
            )
        });
        let header = "t_seconds,iteration,tag,pool,allocs,frees,bytes\n";
        file(folder, &format!("night{night:02}.csv"), (header.to_owned() + &rows.collect::<String>()).as_bytes())
    };
    (0..NIGHTS).map(night).collect()
}

fn series(files: &[PathBuf], given: &[&str]) -> Completed {
    let arguments: Vec<&str> = ["export", "--series"].iter().chain(given).copied().collect();
    poolgate(&arguments, &files.iter().map(PathBuf::as_path).collect::<Vec<_>>())
}

/// The rows of a series, with each field under its column's name.
fn rows(said: &Completed) -> Vec<std::collections::HashMap<String, String>> {
    csv::Reader::from_reader(said.stdout.as_bytes()).deserialize().map(|row| row.unwrap()).collect()
}

#[test]
fn a_series_has_a_row_a_run_and_tag_in_the_order_of_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = nights(&folder);
    files.reverse();
    let said = series(&files[..3], &[]);
    let rows = rows(said.is(0, &[]));
    let told: Vec<_> = rows.iter().map(|row| (row["time"].as_str(), row["tag"].as_str())).collect();
    let [first, second, third] = ["2026-01-22T12:00:00Z", "2026-01-23T12:00:00Z", "2026-01-24T12:00:00Z"];
    let expected =
        [(first, "MyD1"), (first, "Busy"), (second, "MyD1"), (second, "Busy"), (third, "MyD1"), (third, "Busy")];
    assert_eq!(told, expected);
    let leak = &rows[0];
    let number = |column: &str| leak[column].parse::<f64>().unwrap();
    assert!((number("bytes_per_iteration") - 128.0).abs() < 20.0, "{leak:?}");
    assert!(number("bytes_per_iteration_low") < 128.0 && number("bytes_per_iteration_high") > 128.0, "{leak:?}");
    assert_eq!((leak["pool"].as_str(), leak["verdict"].as_str()), ("nonpaged", "unclear"));
    assert_eq!((leak["growth_bytes"].as_str(), leak["driver_version"].as_str()), ("6976", ""), "not known is empty");

    let named = series(&files[..3], &["--tag", "Bu*"]);
    assert_eq!(self::rows(named.is(0, &[])).len(), 3);
}

#[test]
fn nights_without_a_rate_are_left_out_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = nights(&folder);
    files.truncate(2);
    let short: String = fs_err::read_to_string(&files[0]).unwrap().split_inclusive('\n').take(41).collect();
    files.push(file(&folder, "short.csv", short.as_bytes()));
    let said = series(&files, &[]);
    assert_eq!(rows(said.is(0, &["note: 2 rows are left out, because the tag's rate is unknown"])).len(), 4);
    files.push(folder.path().join("missing.csv"));
    assert_eq!(rows(series(&files, &[]).is(2, &["missing.csv"])).len(), 4);
}

#[test]
fn csv_is_of_one_recording_and_a_form_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let files = nights(&folder);
    let files = [files[0].as_path(), files[1].as_path()];
    poolgate(&["export", "--csv"], &files).is(2, &["--csv accepts only one recording"]);
    poolgate(&["export"], &files).is(2, &["--csv", "--series"]);
    poolgate(&["export", "--csv", "--tag", "MyD1"], &files[..1]).is(2, &["--tag"]);
}

/// Otava's result for a series, as JSON; `None`, with a message on stderr, if Otava is not installed.
fn otava(config: &Path, branch: &str) -> Option<Value> {
    let python = python::with("apache-otava", "otava")?;
    let output = Command::new(python)
        .args(["-c", "from otava.main import script_main; script_main()", "analyze", "poolgate"])
        .args(["--branch", branch, "--since", "2025-12-01", "--output", "json"])
        .env("OTAVA_CONFIG", config)
        .current_dir(config.parent().unwrap())
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "otava failed: {stdout}{stderr}");
    let found = stdout.lines().find(|line| line.starts_with('{')).unwrap_or_else(|| panic!("{stdout}{stderr}"));
    Some(serde_json::from_str(found).unwrap())
}

#[test]
fn otava_finds_the_night_of_the_leak() {
    let folder = tempfile::tempdir().unwrap();
    let nightly = folder.path().join("nightly.csv");
    series(&nights(&folder), &["--output", nightly.to_str().unwrap()]).is(0, &[]);
    // The configuration in docs/csv.md.
    let docs = fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/csv.md")).unwrap();
    let config = docs.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let config = file(&folder, "otava.yaml", config.as_bytes());

    // Each log is a scenario of its own here, so all nights get the same series name.
    let text = fs_err::read_to_string(&nightly).unwrap();
    let same =
        regex::Regex::new(r"night\d\d\.csv (MyD1|Busy)").unwrap().replace_all(&text, "mydrv-copy $1").into_owned();
    file(&folder, "nightly.csv", same.as_bytes());

    let Some(leak) = otava(&config, "mydrv-copy MyD1 nonpaged") else { return };
    let changes = leak["poolgate"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{leak:#}");
    assert_eq!(changes[0]["time"], FIRST + CHANGE * 86_400, "{leak:#}");
    let metrics: Vec<_> = changes[0]["changes"].as_array().unwrap().iter().map(|change| &change["metric"]).collect();
    assert!(metrics.contains(&&Value::from("bytes_per_iteration")), "{leak:#}");
    let busy = otava(&config, "mydrv-copy Busy paged").unwrap();
    assert_eq!(busy["poolgate"].as_array().map(Vec::len), Some(0), "{busy:#}");
}
