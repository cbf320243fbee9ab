//! The sources of a log's times: its text in many formats, names, dates, or none. The expected times are those of
//! tests/fixtures/field.

use std::time::Duration;

use poolgate::import;
use poolgate::record::TimeSource;
use proptest::prelude::*;

use super::super::file;
use super::super::judged::poolgate;
use super::{field, read, samples};

/// Two screens with a line before each.
fn screens(first: &str, second: &str) -> String {
    let table = |stamp: &str, objects: u64| {
        format!(
            "{stamp}\n Tag  Type     Allocs            Frees            Diff   Bytes      Per Alloc\n\n \
             Leak Nonp {} (   0) 0 (   0) {objects} {} (     0) 64\n",
            objects,
            objects * 64
        )
    };
    table(first, 100) + &table(second, 200)
}

/// The seconds from the first of two screens to the second, and the source of this time.
fn apart(first: &str, second: &str) -> (f64, Vec<TimeSource>) {
    let imported = read(screens(first, second).as_bytes(), None).unwrap();
    let last = samples(&imported.recording)[1].0;
    (last.as_secs_f64(), imported.recording.header().times.clone())
}

#[test]
fn every_form_of_stamp_in_the_field_is_read() {
    let forms = fs_err::read_to_string(field("stamps.txt")).unwrap();
    let forms: Vec<&str> = forms.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(forms.len(), 16);
    for form in forms {
        let parts: Vec<&str> = form.rsplitn(4, '|').collect();
        let [_, second, first, name] = parts[..] else { panic!("{form}") };
        let source = if name.starts_with("time /t") { TimeSource::TextTimeOfDay } else { TimeSource::Text };
        assert_eq!(apart(first, second), (7200.0, vec![source]), "{name}");
    }
}

#[test]
fn the_same_screens_have_the_same_rate_with_any_form_of_time_stamp() {
    let rate = ["judge", "--no-confirm", "--threshold", "tag Leak max_rate 0 B/h"];
    for name in ["f22-batch-us.log", "f22-batch-iso.log"] {
        let after = format!("{name}: broken after 35400 s");
        let words = [&after, "grows steadily by 600 KiB/h", "times: time stamps in the text"];
        poolgate(&rate, &[&field(name)]).is(1, &words);
    }
}

#[test]
fn prose_between_screens_forbids_to_assume_their_distance() {
    let (log, notes) = (field("f12b-prose-between.txt"), 2);
    let imported = import::read(&log, None).unwrap();
    assert_eq!((&imported.recording.header().times[..], imported.notes.len()), (&[TimeSource::Unknown][..], notes));
    let of = |at: usize| {
        let samples = samples(&imported.recording);
        samples[at].1.iter().find(|(key, _)| key.tag.as_str() == "Mdl").map(|(_, usage)| usage.bytes).unwrap()
    };
    assert_eq!(of(1) - of(0), 420_063_376);
    let rate = ["judge", "--threshold", "tag Mdl max_rate 0 B/h"];
    let why = "some tables of the log have no readable time, so it has no rates";
    poolgate(&rate, &[&log]).is(4, &[why, "times: unknown", "line 10: no source gives the time before this table"]);
    let said: Vec<&str> = rate.into_iter().chain(["--every", "2h"]).collect();
    poolgate(&said, &[&log]).is(4, &["after 7200 s", "times: --every"]);
    let dates = screens("Thu 01/08/2026", "Thu 01/08/2026");
    let untimed = read(dates.as_bytes(), None).unwrap();
    assert!(!untimed.recording.header().times_are_known(), "one date says nothing of what lies between");
    let plain = screens("", "");
    assert_eq!(read(plain.as_bytes(), None).unwrap().recording.header().times, [TimeSource::Assumed]);
    let folder = tempfile::tempdir().unwrap();
    poolgate(&["judge"], &[&file(&folder, "two.log", plain.as_bytes())])
        .is(4, &["after 5 s", "times: assumed to be 5 s apart"]);
}

#[test]
fn a_date_in_the_text_counts_more_than_that_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let start = fs_err::read(field("f20-tss/LABHOST_260108-150405_Poolmon_Start_.txt")).unwrap();
    let stop = fs_err::read(field("f20-tss/LABHOST_260108-150405_Poolmon_Stop_.txt")).unwrap();
    // By name and by date, the later table comes first.
    let files = [file(&folder, "a.txt", &stop), file(&folder, "b.txt", &start)];
    for (path, seconds) in files.iter().zip([1000, 1060]) {
        let (written, _) = fs_err::OpenOptions::new().write(true).open(path).unwrap().into_parts();
        written.set_modified(std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
    }
    let imported = import::read_series(&files, None).unwrap();
    let read = samples(&imported.recording);
    let bytes = |at: usize| read[at].1.iter().find(|(key, _)| key.tag.as_str() == "IXGB").unwrap().1.bytes;
    assert_eq!((read[1].0.as_secs(), bytes(1) - bytes(0)), (7200, 85_140_992));
    assert_eq!(imported.recording.header().times, [TimeSource::Text]);
    assert_eq!(imported.recording.header().started.to_string(), "2026-01-08T15:04:05Z");
    let all = field("f20-tss").join("*");
    poolgate(&["judge"], &[&all]).is(4, &["unclear after 7200 s", "times: time stamps in the text"]);
}

#[test]
fn sources_that_contradict_each_other_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let log = file(&folder, "two.log", screens("2026-01-08 15:00:00", "2026-01-08 15:10:00").as_bytes());
    poolgate(&["judge", "--every", "30m"], &[&log])
        .is(2, &["line 6: starts a table 10m after the previous one by the times in the text, but 30m by --every"]);
    poolgate(&["judge", "--every", "10m"], &[&log]).is(4, &["after 600 s", "times: time stamps in the text"]);
    poolgate(&["export", "--csv", "--every", "30m"], &[&log]).is(2, &["by --every"]);
    poolgate(&["compare", "--every", "30m"], &[&log, &log]).is(2, &["by --every"]);
    let either = file(&folder, "either.log", screens("01/08/2026 15:00", "01/09/2026 15:00").as_bytes());
    let words =
        ["2026-01-09 (month first; the last table is 24h after the first)", "2026-09-01 (day first;", "--every 1d"];
    poolgate(&["judge"], &[&either]).is(2, &words);
    poolgate(&["judge", "--every", "1d"], &[&either]).is(4, &["after 86400 s"]);
    let mixed = file(&folder, "mixed.log", screens("2026-01-08 15:00:00", "2026-01-08T15:10:00Z").as_bytes());
    poolgate(&["judge"], &[&mixed]).is(2, &["has a time in UTC", "an unknown zone"]);
    let one = screens("2026-01-08 15:00", "").split(" Tag").take(2).collect::<Vec<_>>().join(" Tag");
    let names = ["s-20260108-1500.log", "s-20260108-1600.log"];
    let files = [one.clone(), one.replace("15:00", "18:00")].map(String::into_bytes);
    let files = [0, 1].map(|at| file(&folder, names[at], &files[at]));
    poolgate(&["judge"], &[&files[0], &files[1]]).is(2, &["3h after", "by its text, but 1h after it by its name"]);
}

#[test]
fn dates_with_the_day_first_are_read_again_when_the_log_shows_it() {
    let stamps = ["12/01/2026 15:00", "13/01/2026 15:00"];
    assert_eq!(apart(stamps[0], stamps[1]).0, 86_400.0);
    let tables = ["01/02/2026 15:00", "01/03/2026 15:00", "13/03/2026 15:00"].map(|stamp| screens(stamp, stamp));
    let imported = read(tables.concat().as_bytes(), None).unwrap();
    let days: Vec<u64> = samples(&imported.recording).iter().map(|(at, _)| at.as_secs() / 86_400).collect();
    assert_eq!(days, [0, 0, 28, 28, 40, 40]);
    assert_eq!(imported.recording.header().started.to_string(), "2026-02-01T15:00:00Z");
}

/// Pieces of stamps, headers and rows, in any order.
const PIECES: &[&str] = &[
    "2026",
    "01",
    "13",
    "8",
    "1767884645",
    "20260108",
    "99999999999999999999",
    "-",
    "/",
    ".",
    ":",
    ",",
    "+",
    "(",
    ")",
    " ",
    "  ",
    "T",
    "Z",
    "Jan",
    "mar",
    "Thu",
    "PM",
    "p. m.",
    "年",
    "月",
    "日",
    "오후",
    "UTC",
    "#",
    "=== ",
    "snapshot",
    "|",
    ";",
    "\t",
    "Tag",
    "Type",
    "Allocs",
    "Frees",
    "Diff",
    "Bytes",
    "PagedUsedBytes",
    "Per Alloc",
    "Irp ",
    "Nonp",
    "> ",
    "snap.log:",
    "\u{a0}",
    "```",
    "\n",
    "\"",
    " Irp  Nonp 3 1 2 64 32\n",
    "IXGB, a, b, 1, 1, 0, 0 B, , , , ",
    "\u{1f600}",
    "μ",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn pieces_of_stamps_and_tables_are_an_error_or_a_log_but_no_panic(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
        every in prop::option::of(1..100_000u64),
    ) {
        let text: String = pieces.concat();
        let every = every.map(Duration::from_secs);
        let _ = read(text.as_bytes(), every);
        let between = screens("2026-01-08 15:00", &text);
        let _ = read(between.as_bytes(), every);
    }
}
