//! Many files that form one log.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use poolgate::import;
use poolgate::record::TimeSource;

use super::super::file;
use super::super::judged::poolgate;
use super::samples;

/// A snapshot with `objects` objects of `Leak`, and a varying number of `Busy`.
pub(super) fn snapshot(objects: u64) -> String {
    let busy = 50 + objects * 7 % 13;
    format!(
        " Memory:16468560K Avail:12072536K  PageFlts:468600648   InRam Krnl:56708K P:950888K\n \
         Commit:4100436K Limit:17517136K Peak:11685564K            Pool N:710920K P:983564K\n\n \
         Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n \
         Leak Nonp {:>10} {:>9} {objects:>9} {:>8} {:>10}\n Busy Paged{:>10} {:>9} {busy:>9} {:>8} {:>10}\n",
        objects + 1000,
        1000,
        objects * 64,
        64,
        objects + busy,
        objects,
        busy * 32,
        32
    )
}

fn files(folder: &tempfile::TempDir, count: u64, name: impl Fn(u64) -> String) -> Vec<PathBuf> {
    (0..count).map(|number| file(folder, &name(number), snapshot(100 + number * 2).as_bytes())).collect()
}

fn as_paths(files: &[PathBuf]) -> Vec<&Path> {
    files.iter().map(PathBuf::as_path).collect()
}

fn written(path: &Path, seconds: u64) {
    let file = fs_err::OpenOptions::new().write(true).open(path).unwrap();
    file.into_parts().0.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

/// For each sample, the seconds since the first one and the number of objects of `Leak`.
fn leak(files: &[PathBuf], every: Option<u64>) -> Vec<(u64, u64)> {
    let imported = import::read_series(files, every.map(Duration::from_secs)).unwrap();
    let of = |(at, rows): (Duration, std::collections::BTreeMap<poolgate::pool::Key, poolgate::pool::Usage>)| {
        let (_, usage) = rows.into_iter().find(|(key, _)| key.tag.as_str() == "Leak").unwrap();
        (at.as_secs(), usage.allocs - usage.frees)
    };
    samples(&imported.recording).into_iter().map(of).collect()
}

#[test]
fn a_series_has_the_times_in_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = files(&folder, 3, |number| format!("poolsnap-20261123-{:02}30.log", 10 + number));
    files.reverse();
    assert_eq!(leak(&files, None), [(0, 100), (3600, 102), (7200, 104)]);
    assert_eq!(leak(&files, Some(3600)), [(0, 100), (3600, 102), (7200, 104)]);
    let error = import::read_series(&files, Some(Duration::from_secs(60))).unwrap_err();
    assert!(error.to_string().contains("1h apart by their names, but 1m by --every"), "{error}");
    let header = import::read_series(&files, None).unwrap().recording.header().clone();
    assert_eq!(
        (header.scenario.as_str(), header.started.to_string().as_str()),
        ("poolsnap-20261123-*.log", "2026-11-23T10:30:00Z")
    );
}

#[test]
fn else_those_of_when_its_files_were_written() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(&folder, 3, |number| format!("{}.log", ["b", "c", "a"][number as usize]));
    files.iter().zip([1000, 1060, 1200]).for_each(|(file, at)| written(file, at));
    assert_eq!(leak(&files, None), [(0, 100), (60, 102), (200, 104)]);
    // All copies have the time of copying, so the user must give the interval.
    files.iter().for_each(|file| written(file, 1000));
    let untimed = import::read_series(&files, None).unwrap();
    assert_eq!(untimed.recording.header().times, [TimeSource::Unknown]);
    assert!(untimed.notes[0].contains("no source gives the time before this table"), "{:?}", untimed.notes);
    assert_eq!(leak(&files, Some(5)), [(0, 104), (5, 100), (10, 102)], "in the order of names");
}

#[test]
fn files_with_one_table_each_are_judged_as_one_log() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(&folder, 60, |number| format!("snap-{number}.log"));
    let paths = as_paths(&files);
    let rate = ["judge", "--no-confirm", "--threshold", "tag Leak max_rate 0 B/h", "--every", "30m"];
    poolgate(&rate, &paths).is(1, &["snap--.log: broken after 106200 s", "grows steadily by 256.0 B/h"]);
    let each: Vec<&str> = rate.into_iter().chain(["--each"]).collect();
    let said = poolgate(&each, &paths[..3]);
    said.is(4, &["one table cannot show growth"]);
    assert_eq!(said.stdout.matches(": unclear").count(), 3, "{}", said.stdout);
    // Windows' shell does not expand wildcards.
    let all = folder.path().join("snap-*.log");
    poolgate(&rate, &[&all]).is(1, &["broken"]);
    poolgate(&["judge", "--every", "30m", "--junit", folder.path().join("j.xml").to_str().unwrap()], &[&all])
        .is(4, &["Leak nonpaged", "unconfirmed"]);
    let junit = fs_err::read_to_string(folder.path().join("j.xml")).unwrap();
    assert!(junit.contains("name=\"snap--.log\"") && junit.contains("<skipped"), "{junit}");
}

#[test]
fn runs_among_them_are_judged_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = files(&folder, 2, |number| format!("snap-{number}.log"));
    all.insert(1, file(&folder, "run.csv", super::super::judged::log(0).as_bytes()));
    let said = poolgate(&["judge", "--every", "1h"], &as_paths(&all));
    let suites: Vec<&str> =
        said.stdout.lines().filter(|line| line.contains(".log: ") || line.contains(".csv: ")).collect();
    assert_eq!(suites, ["snap--.log: unclear after 3600 s", "run.csv: held after 59 s"], "{}", said.stdout);
    poolgate(&["judge", "--join"], &as_paths(&all)).is(3, &["run.csv is the log of a whole run", "--each"]);
}

#[test]
fn tables_with_their_own_times_keep_them_in_a_series() {
    let folder = tempfile::tempdir().unwrap();
    let row = |at: &str, bytes: u64| {
        format!("\"DateTimeUTC\",\"Tag\",\"PagedUsedBytes\"\r\n\"2026-11-23T{at}\",\"Leak\",\"{bytes}\"\r\n")
    };
    let wide = |text: String| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let files =
        [("2026.11.23_10.00.00_1.5.pool.csv", "09:00:07", 64), ("2026.11.23_10.15.00_2.5.pool.csv", "09:15:08", 128)]
            .map(|(name, at, bytes)| file(&folder, name, &wide(row(at, bytes))));
    let imported = import::read_series(&files, None).unwrap();
    assert_eq!(samples(&imported.recording).iter().map(|(at, _)| at.as_secs()).collect::<Vec<_>>(), [0, 901]);
    assert_eq!(imported.recording.header().started.to_string(), "2026-11-23T09:00:07Z");
}
