//! Tables with unread rows or with only some of the tags: the verdict on tags that they do not show is never "held".

use super::super::judged::poolgate;
use super::super::{file, still_rows};
use super::field;

const HIDES: &str = "so nothing is known of tags that are not shown";

fn threshold(rule: &str) -> [&str; 3] {
    ["judge", "--threshold", rule]
}

/// 120 of 180 rows have the letter O instead of 0: those of NpNB and SysR, which grow. EtwB is read in all tables.
#[test]
fn rows_that_optical_recognition_spoiled_are_counted_and_never_held() {
    let log = field("f57-ocr-letters-for-digits.txt");
    let unread = "120 rows of data were not read: line 8 has `O 100000 102400000 1024` instead of a number";
    let why = "120 rows of data could not be read";
    for rule in ["tag * max_rate 0 B/h", "tag * nonpaged max_rate 1 GiB/h", "tag NpN? max_rate 1 GiB/h"] {
        poolgate(&threshold(rule), &[&log]).is(4, &[unread, why]);
    }
    poolgate(&["judge"], &[&log]).is(4, &[why]);
    poolgate(&threshold("tag NpNB max_rate 1 GiB/h"), &[&log]).is(4, &[why]);
    poolgate(&threshold("tag EtwB max_rate 0 B/h"), &[&log]).is(0, &[unread, "held"]);
    // Without the header, which reports more than the sum of the rows, only the unread rows are missing, and their tags
    // and pools could be read.
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read_to_string(&log).unwrap();
    let rows = text.lines().filter(|line| !line.contains("K "));
    let still = still_rows();
    let rows: String =
        rows.map(|line| format!("{line}\n{}", if line.contains("EtwB") { &still } else { "" })).collect();
    let rows = file(&folder, "rows.log", rows.as_bytes());
    for (rule, code) in
        [("tag Etw? max_rate 0 B/h", 0), ("tag * nonpaged max_rate 1 GiB/h", 4), ("tag Np* max_rate 0 B/h", 4)]
    {
        poolgate(&threshold(rule), &[&rows]).is(code, &["120 rows of data were not read"]);
    }
}

/// The leaking tag is on none of the screens. The header's total of the pool rises by 10 MiB every 5 s.
#[test]
fn a_leak_below_the_screen_is_in_the_header_and_nothing_is_held() {
    let log = field("f25-partial-hidden-leak.log");
    poolgate(&["judge"], &[&log]).is(4, &["60 of 60 tables show only some of the tags", HIDES]);
    let by = "according to the tables' totals of the whole pool";
    let rate = |rule| ["judge", "--no-confirm", "--threshold", rule];
    poolgate(&rate("total nonpaged max_rate 0 B/h"), &[&log]).is(1, &["grows steadily by 7.03 GiB/h", by]);
    poolgate(&rate("total paged max_rate 0 B/h"), &[&log]).is(0, &["held", by]);
    poolgate(&rate("tag nonpaged kernel max_rate 0 B/h"), &[&log]).is(1, &["grows steadily by 7.03 GiB/h"]);
    let csv = poolgate(&["export", "--csv"], &[&log]);
    let folder = tempfile::tempdir().unwrap();
    let csv = file(&folder, "again.csv", csv.is(0, &["0.000000,,nonpaged,Kernel,,,716800000,0,yes"]).stdout.as_bytes());
    poolgate(&rate("total nonpaged max_rate 0 B/h"), &[&csv]).is(1, &["grows steadily by 7.03 GiB/h", by]);
    // Without the header, there is no total to judge.
    let text: String = fs_err::read_to_string(&log).unwrap().replace("Pool N:", "Pool:");
    let without = file(&folder, "without.log", text.as_bytes());
    poolgate(&rate("total nonpaged max_rate 0 B/h"), &[&without]).is(4, &[HIDES]);
}

#[test]
fn the_header_is_imported_and_mon_shows_it() {
    let snapshot = field("f03-mfd-snap.log");
    let shown = ["Avail:12072536K", "Pool N:710920K P:983564K", "Memory:16468560K", "Limit:17517136K"];
    poolgate(&["mon"], &[&snapshot]).is(0, &shown);
    let why = "has rows of 328780528 B in the paged pool, but its header has 1007169536 B";
    poolgate(&["judge"], &[&snapshot])
        .is(4, &["rows are missing in 1 table: the first, in ", why, "shows only some of the tags"]);
    let both = field("f04-both-pools.log");
    let rows = ["File,Nonp,44288592,43651808,254683680", "File,Paged,100,40,4000", "nonpaged,Kernel,,,2329726976"];
    poolgate(&["export", "--csv"], &[&both]).is(0, &rows);
    poolgate(&["export", "--csv"], &[&both]).is(0, &["paged,Kernel,,,4534161408", "available,Kernel,,,26747932672"]);
}

/// Whole snapshots, a minute apart: the header rises by `more` KiB from one to the next, and the row of `Irp` grows by
/// 64 KiB.
fn snapshots(more: u64, total: impl Fn(u64) -> String) -> String {
    let table = |at: u64| {
        let (bytes, pool) = (600_000_000 + at * 65_536, 700_000 + at * more);
        format!(
            "# 2026-01-08T10:{at:02}:00Z\n Memory:16468560K Avail:12072536K  PageFlts:468600648   InRam Krnl:56708K P:0K\n              Commit:4100436K Limit:17517136K Peak:11685564K            Pool N:{pool}K P:0K\n\n              Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n              Irp  Nonp      {:>9}         0 {:>9} {bytes:>9}      65536\n{}",
            bytes / 65_536,
            bytes / 65_536,
            total(bytes)
        )
    };
    (0..60).map(table).collect()
}

#[test]
fn a_header_that_grows_beyond_the_rows_makes_totals_and_all_tags_unclear() {
    let folder = tempfile::tempdir().unwrap();
    let log = |name, more| file(&folder, name, snapshots(more, |_| String::new()).as_bytes());
    let (alike, apart) = (log("alike.log", 64), log("apart.log", 1024));
    let limit = |of: &str| ["judge".to_owned(), "--threshold".to_owned(), format!("{of} max_rate 1 GiB/h")];
    for of in ["total nonpaged", "tag *", "tag Ir?", "tag Irp"] {
        let limit = limit(of);
        let limit: Vec<&str> = limit.iter().map(String::as_str).collect();
        poolgate(&limit, &[&alike]).is(0, &["held"]);
        let why = "the tables' totals of the nonpaged pool and the sums of its rows drift apart by 55.3 MiB";
        poolgate(&limit, &[&apart]).is(if of == "tag Irp" { 0 } else { 4 }, &[why]);
    }
}

#[test]
fn a_total_line_is_held_against_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let total = |more: u64| {
        move |bytes: u64| format!("\n TOTAL Nonp       1         0         1 {0:>9} {0:>9}\n", bytes + more)
    };
    let all = ["judge", "--threshold", "tag * max_rate 1 GiB/h"];
    let whole = file(&folder, "whole.log", snapshots(64, total(0)).as_bytes());
    poolgate(&all, &[&whole]).is(0, &["held"]);
    let cut = file(&folder, "cut.log", snapshots(64, total(4096)).as_bytes());
    poolgate(&all, &[&cut])
        .is(4, &["but its TOTAL line has 600004096 B", "60 of 60 tables show only some of the tags"]);
    let text = snapshots(64, total(4096)).replace("Pool N:", "Pool:");
    let no_header = file(&folder, "no-header.log", text.as_bytes());
    let by_total = ["judge", "--no-confirm", "--threshold", "total nonpaged max_rate 0 B/h"];
    // 64 KiB a minute.
    poolgate(&by_total, &[&no_header]).is(1, &["grows steadily by 3.75 MiB/h", "according to the tables' totals"]);
}

/// The same verdicts for the recording made from the log, and for the CSV that `export` writes.
#[test]
fn an_exported_log_is_judged_as_the_log_is() {
    let folder = tempfile::tempdir().unwrap();
    for (name, rows) in [("f57-ocr-letters-for-digits.txt", "2,yes"), ("f25-partial-hidden-leak.log", "0,yes")] {
        let exported = poolgate(&["export", "--csv"], &[&field(name)]);
        let lines: Vec<&str> = exported.is(0, &[]).stdout.lines().collect();
        assert!(lines[0].ends_with(",bytes,unread,partial"), "{lines:?}");
        assert!(lines[1].ends_with(rows), "{}", lines[1]);
        let csv = file(&folder, "again.csv", exported.stdout.as_bytes());
        for rule in ["tag * max_rate 0 B/h", "tag Np?? max_rate 1 GiB/h"] {
            poolgate(&threshold(rule), &[&csv]).is(4, &[HIDES]);
        }
        poolgate(&threshold("tag EtwB nonpaged max_rate 0 B/h"), &[&csv]).is(0, &["held"]);
    }
}

/// A comparison of logs with missing rows.
#[test]
fn compare_holds_no_tag_that_one_side_does_not_show() {
    let log = field("f57-ocr-letters-for-digits.txt");
    let compare = |rule| ["compare", "--threshold", rule];
    poolgate(&compare("tag * max_rate 1 GiB/h"), &[&log, &log]).is(4, &["120 rows of data could not be read"]);
    poolgate(&compare("tag NpN? max_rate 1 GiB/h"), &[&log, &log]).is(4, &["120 rows of data could not be read"]);
    poolgate(&compare("tag EtwB max_rate 1 GiB/h"), &[&log, &log]).is(0, &[]);
}

/// Rows cut in the middle, and one row before its table's header.
#[test]
fn wrapped_and_cut_rows_are_data_and_prose_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let table = |at: u32, odd: &str| {
        format!(
            "2026-01-08 10:{at:02}:00\n Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n \
             EtwB Nonp       6394      4056      2338 163418368      69896\n{odd}{}",
            still_rows()
        )
    };
    let judged = |odd: &str| {
        let log: String = (0..60).map(|at| table(at, if at == 1 { odd } else { "" })).collect();
        poolgate(&threshold("tag * max_rate 0 B/h"), &[&file(&folder, "some.log", log.as_bytes())])
    };
    for (odd, rows) in [
        (" NpNB N0np     100000  0  100000 102400000   1024\n", 1),
        (" NpNB Nonp     100000  0  10000 102400000   1024\n", 1),
        (" NpNB Nonp     100000  0  100000 99999999999999999999   1024\n", 1),
        (" NpNBx Nonp    100000  0  100000 102400000   1024\n", 1),
    ] {
        let rows = if rows == 1 { "1 row of data".to_owned() } else { format!("{rows} rows of data") };
        judged(odd).is(4, &[&format!("{rows} could not be read"), HIDES]);
    }
    // A row wrapped by a mail program is read; its tag is missing in the other tables.
    judged(" NpNB Nonp     100000\n 0  100000 102400000   1024\n").is(4, &["NpNB nonpaged"]);
    for prose in ["", "C:\\> poolmon -n x.log\n", "two hours later, after 2 of 14 services were stopped\n"] {
        judged(prose).is(0, &["held"]);
    }
}

/// Without `Sorting by`, with collapsed spaces, and in PoolMon's format: tags of two and three letters are read.
#[test]
fn short_tags_and_a_table_without_a_preamble_are_read() {
    let rows = |name: &str| {
        let said = poolgate(&["export", "--csv"], &[&field(name)]);
        let rows = said.is(0, &[]).stdout.lines().skip(1);
        rows.map(|row| row.split(',').skip(2).take(5).collect::<Vec<_>>().join(",")).collect::<Vec<_>>()
    };
    let expected = [
        "-UMD,Nonp,2,1,48",
        ".UMD,Nonp,2,1,144",
        "ALPC,Nonp,4528,2111,1440624",
        "APpt,Nonp,968,0,124112",
        "APpt,Paged,109457,107115,255952",
    ];
    assert_eq!(rows("f10-poolused1-no-preamble.txt"), expected.map(|row| row.replace("-UMD", "\\x2dUMD")));
    assert_eq!(
        rows("f68-poolused-collapsed-short.txt"),
        [
            "Irp,Nonp,7741,,5011040",
            "Mdl,Nonp,2492040,,420125696",
            "Io,Nonp,120,,8000",
            "Io,Paged,3,,144",
            "Thre,Nonp,1725,,4416000"
        ]
    );
    assert_eq!(rows("f69-poolmon-collapsed-short.txt")[2..4], ["Io,Nonp,1200,1080,8000", "Dh 1,Paged,37,35,224"]);
    let why = "1 of 1 table shows only some of the tags";
    poolgate(&threshold("tag Gone max_bytes 1 B"), &[&field("f68-poolused-collapsed-short.txt")]).is(4, &[why]);
}

#[test]
fn a_description_that_begins_with_a_digit_is_not_part_of_the_number() {
    let folder = tempfile::tempdir().unwrap();
    let log = |row: &str| {
        let text = format!(
            "  Pool Used:\n            NonPaged            Paged\n Tag    Allocs     Used    Allocs     Used\n{row}\n"
        );
        poolgate(&["export", "--csv"], &[&file(&folder, "used.txt", text.as_bytes())])
    };
    log(" Nwi1         1      520         7  2577936802.11 wireless").is(0, &["Nwi1,Paged,7,,2577936,"]);
    log(" Nwi1         1      520         7 12345678802.11 wireless").is(3, &["cannot be separated"]);
    let long = "1 row was read and may be wrong: line 4 has a number that is longer than its column";
    log(" Nwi1         1 12345678901         7 64\twireless").is(0, &["Nwi1,Nonp,1,,12345678901,", long]);
}

/// The rows are compared with WinDbg's line `TOTAL`, and a command that names a tag lists only that tag.
#[test]
fn a_total_of_the_debugger_and_a_filter_show_that_rows_are_missing() {
    let folder = tempfile::tempdir().unwrap();
    let table = |at: u64, command: &str, total: u64| {
        format!(
            "Debug session time: Mon Nov 23 10:{at:02}:00.000 2026\n0: kd> !poolused {command}\n   Sorting by  Tag\n\n  Pool Used:\n\
             \x20Tag    Allocs     Used    Allocs     Used\n Irp         10      640         0        0\tIo\n\
             \x20TOTAL       10 {:>8}         0        0\n",
            640 + total
        )
    };
    let judged = |command: &str, total: u64, rule: &str| {
        let text: String = (0..60).map(|at| table(at, command, total * (at + 1))).collect();
        poolgate(&["judge", "--no-confirm", "--threshold", rule], &[&file(&folder, "used.txt", text.as_bytes())])
    };
    judged("2", 0, "tag * max_rate 0 B/h").is(0, &["held"]);
    judged("2 Irp", 0, "tag * max_rate 0 B/h").is(4, &["60 of 60 tables show only some of the tags"]);
    judged("2 Irp", 0, "tag Irp nonpaged max_rate 0 B/h").is(0, &["held"]);
    judged("2", 64, "tag * max_rate 0 B/h")
        .is(4, &["has rows of 640 B in the nonpaged pool, but its TOTAL line has 704 B"]);
    judged("2", 64, "total nonpaged max_rate 0 B/h").is(1, &["grows steadily by 3840.0 B/h"]);
}

#[test]
fn rows_that_look_alike_are_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let table = |at: u64| {
        format!(
            "# 2026-01-08T10:{at:02}:00Z\n Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n \
             ???? Nonp       100         0   100    6400         64\n Irp  Nonp       100         0   100    6400         64\n \
             ???? Nonp {:>9}         0 {:>5} {:>7}         64\n",
            10 + at,
            10 + at,
            640 + at * 64
        )
    };
    let log = file(&folder, "some.log", (0..60).map(table).collect::<String>().as_bytes());
    let twice = "60 rows were read and may be wrong: line 6 repeats a tag and pool of this table, so it was added to";
    // The second of the two leaks 64 B a minute.
    let rate = ["judge", "--no-confirm", "--threshold", "tag \\x3f\\x3f\\x3f\\x3f max_rate 0 B/h"];
    poolgate(&rate, &[&log]).is(1, &[twice, "grows steadily by 3840.0 B/h"]);
    poolgate(&["export", "--csv"], &[&log]).is(0, &["0.000000,,????,Nonp,110,0,7040"]);
}

/// A hundred thousand rows in two tables, every tenth row damaged; then UTF-16 after 8-bit text.
#[test]
fn large_tables_and_a_change_of_encoding_are_read_or_counted() {
    let folder = tempfile::tempdir().unwrap();
    let table = |at: u64| {
        let row = |tag: u64| {
            let (objects, o) = (tag % 50 + 1, if tag % 10 == 9 { "O" } else { "0" });
            format!(
                " {tag:04x} {} {objects:>9} {o} {objects} {} 64\n",
                if u64::is_multiple_of(tag, 2) { "Nonp" } else { "Paged" },
                objects * 64
            )
        };
        let rows: String = (0..50_000).map(row).collect();
        format!(
            "# 2026-01-08T10:{at:02}:00Z\n Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n{rows}"
        )
    };
    let text = table(0) + &table(1);
    let said = poolgate(&threshold("tag * max_rate 0 B/h"), &[&file(&folder, "large.log", text.as_bytes())]);
    said.is(4, &["10000 rows of data could not be read"]);
    let wide: Vec<u8> = " Leak Nonp 7741 0 7741 5011040 647\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mixed = [table(0).replace(" O ", " 0 ").as_bytes(), &wide].concat();
    let said = poolgate(&threshold("tag * max_rate 0 B/h"), &[&file(&folder, "mixed.log", &mixed)]);
    said.is(4, &["1 row of data could not be read"]);
}
