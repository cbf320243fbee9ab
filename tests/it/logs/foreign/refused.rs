//! Logs with errors: skipped lines are counted and reported, and an unreadable log has an error with the reason.

use std::time::Duration;

use poolgate::pool::Usage;
use poolgate::record::TimeSource;

use super::super::gzip;
use super::{notes, read, samples, wrong};

const HEADER: &str = " Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc\n\n";
const LIVE: &str = " Irp  Nonp  10 (  1)  4 (  0)  6  600 (  100)  100\n";
const SNAPSHOT: &str = " Irp  Nonp  10  4  6  600  100\n";

fn with(rows: &str) -> Vec<u8> {
    format!("{HEADER}{rows}").into_bytes()
}

#[test]
fn implausible_rows_are_counted_and_the_first_are_shown() {
    let bad = " Abcd Nonp  10  4  7  600  100\n what is this\n Efgh Paged  10  4\n Ijkl Nonp 99999999999999999999 0 0 0 0\n Irp  Nonp 1 0 1 8 8\n";
    let unread = "some.log: 3 rows of data were not read: line 4 does not add up: Allocs − Frees is 6, but Diff is 7; line 6 ends \
                  before its last number; line 7 has 99999999999999999999, more than fits into 64 bits";
    let twice = "some.log: 1 row was read and may be wrong: line 8 repeats a tag and pool of this table, so it was added to \
                 the earlier row";
    let prose = "some.log: 1 line was not read: line 5 is not a row: `what is this`";
    assert_eq!(notes(&with(&format!("{SNAPSHOT}{bad}"))), [unread, twice, prose]);
    let imported = read(&with(&format!("{SNAPSHOT}{bad}")), None).unwrap();
    let rows = &samples(&imported.recording)[0].1;
    let sum = Usage { allocs: 11, frees: 4, bytes: 608 };
    assert_eq!(rows.values().collect::<Vec<_>>(), [&sum], "two rows of one tag are added up");
}

#[test]
fn each_bad_row_has_a_reason() {
    for (row, why) in [
        (" Ijkl Nonp 99999999999999999999 0 0 0 0", "has 99999999999999999999, more than fits into 64 bits"),
        (" Ijkl Nonp 1 0 1 9999999999999999999 8", "has more bytes than any machine"),
        (" Ijkl Nonp 1 0 1 -8 8", "has more bytes than any machine"),
        (" My\u{fffd}1 Nonp 1 0 1 8 8", "has a tag that is not four characters long: `My\u{fffd}1`"),
        ("", ""),
    ] {
        let told = notes(&with(&format!("{SNAPSHOT}{row}\n")));
        let expected = format!("some.log: 1 row of data was not read: line 4 {why}");
        assert_eq!(told, if why.is_empty() { vec![] } else { vec![expected] }, "{row}");
    }
    let long = with(&format!("{SNAPSHOT}{}\n", "x".repeat(100_000)));
    assert_eq!(notes(&long), ["some.log: 1 row of data was not read: line 4 is longer than 64 KiB"]);
}

#[test]
fn a_cut_last_line_is_reported_and_the_rest_is_read() {
    let whole = format!("{HEADER}{SNAPSHOT} Abcd Nonp  10  4  6  600  100");
    assert_eq!(notes(whole.as_bytes()), Vec::<String>::new(), "a last line needs no end");
    for cut in [" Abcd Nonp  10  4  6  60", " Abcd Nonp  10  4", " Abcd Nonp"] {
        let told = notes(format!("{HEADER}{SNAPSHOT}{cut}").as_bytes());
        assert_eq!(
            told,
            ["some.log: 1 row of data was not read: line 4 is cut off: it ends before its last number"],
            "{cut}"
        );
    }
    assert_eq!(
        notes(format!("{HEADER}{SNAPSHOT} Abc").as_bytes()),
        ["some.log: 1 row of data was not read: line 4 is not a row: `Abc`"]
    );
    let used = "  Pool Used:\n Tag    Allocs     Used    Allocs     Used\n Irp  1 64 0 0\tx\n Abcd 2 128 0 1";
    let told = notes(used.as_bytes());
    assert_eq!(told, ["some.log: 1 row of data was not read: line 4 is cut off, perhaps inside its last number"]);
    let shell = "\"Tag\",\"PagedUsedBytes\"\n\"Irp \",\"640\"\n\"Abcd\",\"6";
    assert_eq!(notes(shell.as_bytes()), ["some.log: 1 row of data was not read: line 3 is cut off"]);
    let whole = "\"Tag\",\"PagedUsedBytes\"\n\"Irp \",\"640\"";
    assert_eq!(notes(whole.as_bytes()), Vec::<String>::new());
}

#[test]
fn two_kinds_of_log_in_one_file_are_refused_with_both_lines() {
    let live_first = [HEADER, LIVE, HEADER, SNAPSHOT].concat();
    assert_eq!(wrong(live_first.as_bytes()).0, "some.log, line 6: has no changes in parentheses, but line 3 has some");
    let snapshot_first = [HEADER, SNAPSHOT, LIVE].concat();
    assert_eq!(wrong(snapshot_first.as_bytes()).0, "some.log, line 4: has changes in parentheses, but line 3 has none");
    let debugger = [HEADER, LIVE, "  Pool Used:\n"].concat();
    // The first line that only one of the two programs writes decides.
    assert_eq!(
        wrong(debugger.as_bytes()).0,
        "some.log, line 4: is from WinDbg's !poolused, but this log is from PoolMon"
    );
    let poolmon = ["  Pool Used:\n", HEADER, LIVE].concat();
    assert_eq!(
        wrong(poolmon.as_bytes()).0,
        "some.log, line 2: is from PoolMon, but this log is from WinDbg's !poolused"
    );
    let scopes = ["System pool information\n", HEADER, LIVE, "All sessions pool information\n", HEADER, LIVE].concat();
    let (what, help) = wrong(scopes.as_bytes());
    assert_eq!(what, "some.log, line 6: starts a table of all sessions, but the table at line 2 is of the system");
    assert!(help.contains("its own file"), "{help}");
    let sessions = ["System pool information\n", HEADER, LIVE, "Session 1 pool information\n", HEADER, LIVE].concat();
    assert_eq!(samples(&read(sessions.as_bytes(), None).unwrap().recording).len(), 2, "a session's tags are its own");
}

#[test]
fn the_error_for_a_file_without_a_table_describes_its_content() {
    for (text, what) in [
        ("Memory: 1K Avail: 1K\nCommit: 1K\n", "some.log has no readable table of PoolMon"),
        (HEADER, ""),
        ("Pool Used:\nnothing\n", "some.log has no readable table of !poolused: line 2 belongs to no table: `nothing`"),
        (
            "Some words.\n7 of Nonp and Paged pool.\n",
            "some.log is neither a recording nor a supported log: it begins with `Some words.`; it is nearest to PoolMon's table, \
             but line 2, `7 of Nonp and Paged pool.`, has `and Paged pool.` instead of a number",
        ),
        ("\"Tag\",\"PagedUsedBytes\"\n", "some.log has no readable table of poolmon-powershell"),
    ] {
        if what.is_empty() {
            assert_eq!(samples(&read(text.as_bytes(), None).unwrap().recording).len(), 1, "an empty table is one");
        } else {
            let (said, help) = wrong(text.as_bytes());
            assert_eq!(said, what);
            assert!(!help.is_empty());
        }
    }
    let garbled = with(" Irp  Nonp x\n Io   Nonp y\n");
    assert_eq!(
        wrong(&garbled).0,
        "some.log has no readable table of PoolMon: line 3 has `x` instead of a number; line 4 has `y` instead of a number"
    );
}

#[test]
fn poolmonx_is_refused_with_the_reason() {
    let text = "Tag,Paged Allocs,Paged Frees,Paged Diff,Paged Usage,\nIrp,1,234,1,200,34,2 KB,\n";
    let (what, help) = wrong(text.as_bytes());
    assert!(what.starts_with("some.log is a CSV file of PoolMonX: it has commas within numbers and texts"), "{what}");
    assert!(help.contains("poolgate mon --log"), "{help}");
}

#[test]
fn snapshots_without_times_have_unknown_ones_unless_the_user_gives_the_interval() {
    let two = [HEADER, SNAPSHOT, HEADER, SNAPSHOT].concat();
    let unknown = "some.log, line 4: no source gives the time before this table, so rates are not judged";
    assert_eq!(notes(two.as_bytes()), [unknown]);
    let untimed = read(two.as_bytes(), None).unwrap().recording;
    assert!(!untimed.header().times_are_known());
    let read = read(two.as_bytes(), Some(Duration::from_secs(1800))).unwrap();
    assert_eq!(read.recording.header().times, [TimeSource::Every]);
    let times: Vec<_> = samples(&read.recording).iter().map(|(at, _)| at.as_secs()).collect();
    assert_eq!(times, [0, 1800]);
    // Without headers, a repeated tag begins the next snapshot.
    let bare = format!("{SNAPSHOT} Io   Nonp 1 0 1 8 8\n").repeat(3);
    let read = super::read(bare.as_bytes(), Some(Duration::from_secs(60))).unwrap();
    assert_eq!(samples(&read.recording).iter().map(|(_, rows)| rows.len()).collect::<Vec<_>>(), [2, 2, 2]);
}

#[test]
fn a_packed_log_is_read_and_a_cut_one_is_not() {
    let log = [HEADER, LIVE].concat().repeat(2000);
    let packed = gzip(log.as_bytes());
    assert_eq!(samples(&read(&packed, None).unwrap().recording).len(), 2000);
    let error = read(&packed[..packed.len() - 9], None).unwrap_err().to_string();
    assert!(error.contains("gzip") || error.contains("deflate") || error.contains("end of file"), "{error}");
}

#[test]
fn text_of_a_log_reaches_no_terminal_as_it_is() {
    let told = notes(&with(&format!("{SNAPSHOT} \x1b[31mred\n")));
    assert!(told[0].contains("\\u{1b}[31mred") && !told[0].contains('\x1b'), "{told:?}");
}
