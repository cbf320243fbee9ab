//! Logs from other programs: CSV in every format of samplers and spreadsheets, and the errors of invalid logs. A
//! recording written as CSV is the same recording when it is read back.
#![allow(clippy::unwrap_used, reason = "a test ends at what it did not expect")]

mod compared;
mod few;
mod foreign;
mod judged;
mod nights;
mod refused;
mod round_trip;
mod rules;
mod tables;

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use poolgate::import;
use poolgate::pool::{Counters, Pool};
use poolgate::record::{Event, Mark, Recording};

const HEADER: &str = "t_seconds,iteration,tag,pool,allocs,frees,bytes\n";

/// Writes these bytes to a new file.
fn file(folder: &tempfile::TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    path
}

/// The stage of a run of 80 s at this second, and the number of finished iterations, of which there are 60.
fn stage_at(second: u64) -> (&'static str, u64) {
    match second {
        0..10 => ("lead_in", 0),
        10..70 => ("workload", second - 9),
        _ => ("cool_down", 60),
    }
}

/// PoolMon's rows of 120 tags that do not change. With them, a table has enough tags to count as a table of all tags.
fn still_rows() -> String {
    (0..120).map(|tag| format!(" T{tag:03} Nonp {:>10} {:>10} {:>9} {:>9} {:>9}\n", 1, 0, 1, 64, 64)).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn wide(mark: &str, text: &str) -> Vec<u8> {
    format!("{mark}{}", text.replace('\n', "\r\n")).encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn imported(bytes: &[u8]) -> Recording {
    let folder = tempfile::tempdir().unwrap();
    import::open(&file(&folder, "log.csv", bytes)).unwrap()
}

/// A recording as text, line by line.
fn story(recording: &Recording) -> String {
    let mut story = String::new();
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, snapshot } => {
                let settled = if info.settled { "settled" } else { "sample" };
                story.push_str(&format!("{} {settled}\n", info.at.as_secs_f64()));
                for (key, usage) in snapshot.present() {
                    let reclaimable = if key.reclaimable { " reclaimable" } else { "" };
                    story.push_str(&format!("  {key}{reclaimable}: {} objects, {} B\n", key.live(usage), usage.bytes));
                }
            }
            Event::Mark { at, mark: Mark::Stage(stage) } => story.push_str(&format!("{} {stage}\n", at.as_secs_f64())),
            Event::Mark { at, mark } => story.push_str(&format!("{} {mark:?}\n", at.as_secs_f64())),
            Event::Damaged { bytes } => story.push_str(&format!("{bytes} damaged bytes\n")),
            Event::End { at } => story.push_str(&format!("{} end\n", at.as_secs_f64())),
        }
    }
    story
}

const PLAIN: &str = "t_seconds,iteration,tag,pool,allocs,frees,bytes
0.5,0,MyD1,Nonp,10,4,600
0.5,0,Io,Paged,1,1,0
1.5,1,MyD1,Nonp,12,4,800
3,1,MyD1,Nonp,12,4,800
3,1,Io,Paged,2,1,64
";

const PLAIN_STORY: &str = "0 workload
0 Iteration(0)
0 settled
  MyD1 nonpaged: 6 objects, 600 B
  Io paged: 0 objects, 0 B
1 Iteration(1)
1 settled
  MyD1 nonpaged: 8 objects, 800 B
2.5 settled
  MyD1 nonpaged: 8 objects, 800 B
  Io paged: 1 objects, 64 B
2.5 end
";

#[test]
fn rows_of_one_time_are_one_sample_and_all_is_workload() {
    assert_eq!(story(&imported(PLAIN.as_bytes())), PLAIN_STORY);
}

#[test]
fn a_log_reads_the_same_in_every_usual_wrapping() {
    let quoted = PLAIN.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect::<String>();
    for (what, bytes) in [
        ("gzip", gzip(PLAIN.as_bytes())),
        ("gzip in two members", [gzip(&PLAIN.as_bytes()[..70]), gzip(&PLAIN.as_bytes()[70..])].concat()),
        ("Windows' line ends", PLAIN.replace('\n', "\r\n").into_bytes()),
        ("a byte order mark", [b"\xef\xbb\xbf", PLAIN.as_bytes()].concat()),
        (
            "a byte order mark, quoted as PowerShell does",
            [b"\xef\xbb\xbf", quoted.replace('\n', "\r\n").as_bytes()].concat(),
        ),
        ("UTF-16, as PowerShell's `>` writes it", wide("\u{feff}", PLAIN)),
        ("UTF-16 without a mark", wide("", PLAIN)),
        ("no last line end", PLAIN.trim_end().as_bytes().to_vec()),
        ("blank lines", PLAIN.replace('\n', "\n\n").into_bytes()),
    ] {
        assert_eq!(story(&imported(&bytes)), PLAIN_STORY, "{what}");
    }
}

#[test]
fn columns_may_stand_in_any_order_and_be_missing() {
    let log = "bytes,tag,t_seconds\n640,MyD1,1\n704,MyD1,2\n";
    let recording = imported(log.as_bytes());
    let expected =
        "0 workload\n0 settled\n  MyD1 unknown: 0 objects, 640 B\n1 settled\n  MyD1 unknown: 0 objects, 704 B\n1 end\n";
    assert_eq!(story(&recording), expected);
}

#[test]
fn a_counter_missing_from_a_row_is_unknown_not_zero() {
    let counters = |row: &str| {
        let recording = imported(format!("{HEADER}{row}\n").as_bytes());
        let mut events = recording.events();
        loop {
            if let Event::Sample { snapshot, .. } = events.next().unwrap() {
                let key = &snapshot.keys()[0];
                return (key.pool, key.counters);
            }
        }
    };
    assert_eq!(counters("0,,MyD1,Nonp,5,3,100"), (Pool::Nonpaged, Counters::Wrapping32));
    assert_eq!(counters("0,,dentry,Slab,5,3,100"), (Pool::Slab, Counters::Full64));
    assert_eq!(counters("0,,dentry,slab,5,,100"), (Pool::Slab, Counters::InUse));
    assert_eq!(counters("0,,MyD1,,,,100"), (Pool::Unknown, Counters::BytesOnly));
}

#[test]
fn counters_of_32_bits_may_wrap_and_those_of_64_be_large() {
    let rows = "0,,MyD1,Nonp,4294967295,4294967290,500\n1,,MyD1,Nonp,3,4294967290,900\n2,,MyD1,Nonp,4294967299,4294967290,900\n";
    let story = story(&imported(format!("{HEADER}{rows}").as_bytes()));
    assert_eq!(story.matches(": 5 objects").count(), 1, "{story}");
    assert_eq!(story.matches(": 9 objects").count(), 2, "{story}");
}

#[test]
fn unix_time_gives_the_start_of_a_log() {
    let started = |seconds: &str| {
        imported(format!("{HEADER}{seconds},,MyD1,Nonp,1,0,64\n").as_bytes()).header().started.to_string()
    };
    assert_eq!(started("1767323045.25"), "2026-01-02T03:04:05.25Z");
    assert_eq!(started("0"), "1970-01-01T00:00:00Z");
}

#[test]
fn a_recording_is_opened_under_any_name() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/recordings");
    let recording = fixtures.read_dir().unwrap().map(|entry| entry.unwrap().path());
    let recording = recording.into_iter().find(|path| path.extension().is_some_and(|it| it == "pgr")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copied = file(&folder, "recording.csv", &fs_err::read(&recording).unwrap());
    assert_eq!(story(&import::open(&copied).unwrap()), story(&Recording::open(&recording).unwrap()));
}
