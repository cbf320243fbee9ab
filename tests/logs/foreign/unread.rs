//! Tables of which not every row was read, or that show only some of the tags: never "held" for what they do not show.

use super::super::file;
use super::super::judged::poolgate;
use super::field;

const HIDES: &str = "so nothing is known of tags that are not shown";

fn threshold(rule: &str) -> [&str; 3] {
    ["judge", "--threshold", rule]
}

/// 120 of 180 rows have the letter O for 0: those of NpNB and SysR, which grow. EtwB is read in all of the tables.
#[test]
fn rows_that_optical_recognition_spoiled_are_counted_and_never_held() {
    let log = field("f57-ocr-letters-for-digits.txt");
    let unread = "120 rows of data were not read: line 8 has `O 100000 102400000 1024` where a number belongs";
    let why = "120 rows of data could not be read, so nothing is known";
    for rule in ["tag * max_rate 0 B/h", "tag * nonpaged max_rate 1 GiB/h", "tag NpN? max_rate 1 GiB/h"] {
        poolgate(&threshold(rule), &[&log]).is(4, &[unread, why]);
    }
    poolgate(&["judge"], &[&log]).is(4, &[why]);
    poolgate(&threshold("tag NpNB max_rate 1 GiB/h"), &[&log]).is(4, &[why]);
    // No unread row is of these: their tags and pools could be read.
    for rule in ["tag EtwB max_rate 0 B/h", "tag Etw? max_rate 0 B/h", "tag * paged max_rate 0 B/h"] {
        let code = if rule.contains('*') { 4 } else { 0 };
        poolgate(&threshold(rule), &[&log]).is(code, &[unread]);
    }
}

/// The same of the recording that the log became, and of what `export` wrote of it.
#[test]
fn an_exported_log_is_judged_as_the_log_is() {
    let folder = tempfile::tempdir().unwrap();
    for (name, rows) in [("f57-ocr-letters-for-digits.txt", "2,no"), ("f25-partial-hidden-leak.log", "0,yes")] {
        let exported = poolgate(&["export", "--csv"], &[&field(name)]);
        let lines: Vec<&str> = exported.is(0, &[]).stdout.lines().collect();
        assert!(lines[0].ends_with(",bytes,unread,partial"), "{lines:?}");
        assert!(lines[1].ends_with(rows), "{lines:?}");
        let csv = file(&folder, "again.csv", exported.stdout.as_bytes());
        for rule in ["tag * max_rate 0 B/h", "tag Np?? max_rate 1 GiB/h"] {
            poolgate(&threshold(rule), &[&csv]).is(4, &[HIDES]);
        }
        poolgate(&threshold("tag EtwB nonpaged max_rate 0 B/h"), &[&csv]).is(0, &["held"]);
    }
}

/// A comparison, whichever side the rows are missing on.
#[test]
fn compare_does_not_hold_what_one_side_does_not_show() {
    let log = field("f57-ocr-letters-for-digits.txt");
    let compare = |rule| ["compare", "--threshold", rule];
    poolgate(&compare("tag * max_rate 1 GiB/h"), &[&log, &log]).is(4, &["120 rows of data could not be read"]);
    poolgate(&compare("tag NpN? max_rate 1 GiB/h"), &[&log, &log]).is(4, &["120 rows of data could not be read"]);
    poolgate(&compare("tag EtwB max_rate 1 GiB/h"), &[&log, &log]).is(0, &[]);
}

/// Halves of wrapped lines, rows cut in the middle, and one row before its table's header.
#[test]
fn wrapped_and_cut_rows_are_data_and_prose_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let table = |at: u32, odd: &str| {
        format!(
            "2026-01-08 10:{at:02}:00\n Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n \
             EtwB Nonp       6394      4056      2338 163418368      69896\n{odd}"
        )
    };
    let judged = |odd: &str| {
        let log: String = (0..60).map(|at| table(at, if at == 30 { odd } else { "" })).collect();
        poolgate(&threshold("tag * max_rate 0 B/h"), &[&file(&folder, "some.log", log.as_bytes())])
    };
    for (odd, rows) in [
        (" NpNB Nonp     100000\n 0  100000 102400000   1024\n", 2),
        (" NpNB N0np     100000  0  100000 102400000   1024\n", 1),
        (" NpNB Nonp     100000  0  10000 102400000   1024\n", 1),
        (" NpNB Nonp     100000  0  100000 99999999999999999999   1024\n", 1),
        (" NpNBx Nonp    100000  0  100000 102400000   1024\n", 1),
    ] {
        let rows = if rows == 1 { "1 row of data".to_owned() } else { format!("{rows} rows of data") };
        judged(odd).is(4, &[&format!("{rows} could not be read"), HIDES]);
    }
    for prose in ["", "C:\\> poolmon -n x.log\n", "two hours later, after 2 of 14 services were stopped\n"] {
        judged(prose).is(0, &["held"]);
    }
}
