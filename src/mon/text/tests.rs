//! Rows of real screens must be written as the same bytes. Other tests are on cases without a published screen.

use jiff::Timestamp;

use super::*;
use crate::machine::Memory;
use crate::mon::{PoolScope, Screen};

/// Microsoft Learn, "PoolMon Display" and "PoolMon Examples": the screens sorted by allocs, and of all sessions.
const X86: [&str; 12] = [
    " Wait Nonp    3971107 (   0)   3971077 (   0)       30    8456 (     0)    281",
    " ObSt Nonp    2791258 (   0)   2791258 (   0)        0       0 (     0)      0",
    " Gxlt Paged   1161638 (   0)   1161630 (   0)        8     864 (     0)    108",
    " Io   Nonp    1021112 (   1)   1020985 (   1)      127   91912 (     0)    723",
    " Key  Paged    954821 (   0)    953979 (   0)      842   87528 (     0)    103",
    " Bmfd Paged       361 (   0)       336 (   0)       25   57832 (     0)   2313",
    " Dh 1 Paged        24 (   0)        24 (   0)        0       0 (     0)      0",
    " GTmp Paged     89079 (  99)     89079 (  99)        0       0 (     0)      0",
    " Gcac Paged      3761 (   0)      3706 (   0)       55  288968 (     0)   5253",
    " IpEQ Nonp          1 (   0)         0 (   0)        1    1808 (     0)   1808",
    " IpSI Nonp       1027 (   0)         0 (   0)     1027   53272 (     0)     51",
    " 1MEM Nonp          1 (   0)         0 (   0)        1    3344 (     0)   3344",
];

/// Microsoft's documentation of HID drivers, without its last column.
const X64: [&str; 3] = [
    " HidC Paged      1667 (   0)      1659 (   0)        8         896 (          0)         112",
    " HidC Nonp      17375 (   0)     17256 (   0)      119       19808 (          0)         166",
    " HidP Nonp       1014 (   0)       998 (   0)       16        6704 (          0)         419",
];

/// A snapshot file in a public test suite.
const SNAPSHOT: [&str; 5] = [
    " EtwB Nonp       6394      4056      2338 163418368      69896",
    " MmSt Paged   2269405   2095404    174001 156097152        897",
    " HalD Nonp    1004301   1003903       398 40992304     102995",
    " IoNm Paged  28541906  28381445    160461 52366176        326",
    " SQSF Nonp     538685    381474    157211 25224224        160",
];

/// Parses the row of a line.
fn row(line: &str) -> ScreenRow {
    let numbers: Vec<i64> = line[11..].split([' ', '(', ')']).filter_map(|word| word.parse().ok()).collect();
    let (now, change) = match numbers[..] {
        [a, ma, f, mf, d, b, mb, _] => ([a, f, d, b], RowChange { allocs: ma, frees: mf, diff: ma - mf, bytes: mb }),
        [a, f, d, b, _] => ([a, f, d, b], RowChange::default()),
        _ => panic!("{line}: {numbers:?}"),
    };
    let [allocs, frees, bytes] = [now[0], now[1], now[3]].map(|number| number as u64);
    ScreenRow {
        tag: line[1..5].parse().unwrap(),
        pool: if line[6..].starts_with("Nonp") { Pool::Nonpaged } else { Pool::Paged },
        counters: Counters::Wrapping32,
        reclaimable: false,
        now: RowFigures { allocs, frees, diff: now[2], bytes },
        change,
        history: Vec::new(),
    }
}

fn screen(rows: Vec<ScreenRow>) -> Screen {
    Screen {
        at: Timestamp::UNIX_EPOCH,
        memory: Memory::default(),
        more_faults: None,
        scope: PoolScope::System,
        totals: Vec::new(),
        rows,
    }
}

/// A page as text.
fn read(page: Vec<u8>) -> String {
    String::from_utf8(page).unwrap()
}

fn slab(tag: &str, objects: u64) -> ScreenRow {
    let now = RowFigures { allocs: objects, frees: 0, diff: objects as i64, bytes: objects * 64 };
    let counters = Counters::InUse;
    ScreenRow {
        tag: tag.parse().unwrap(),
        pool: Pool::Slab,
        counters,
        reclaimable: false,
        now,
        change: RowChange::default(),
        history: Vec::new(),
    }
}

#[test]
fn real_rows_are_written_as_the_same_bytes() {
    for (layout, lines) in [(PoolmonLayout::X86, &X86[..]), (PoolmonLayout::X64, &X64)] {
        let rows = PoolmonText::new(layout, None).live_rows(&screen(lines.iter().map(|line| row(line)).collect()));
        assert_eq!(rows, lines);
        assert!(lines.iter().all(|line| line.len() == layout.columns()));
    }
    let text = read(
        PoolmonText::new(PoolmonLayout::X64, None).snapshot(&screen(SNAPSHOT.iter().map(|line| row(line)).collect())),
    );
    assert_eq!(text.lines().skip(5).collect::<Vec<_>>(), SNAPSHOT);
}

/// Microsoft Learn, "PoolMon Examples", the empty table of sessions.
#[test]
fn a_real_screen_without_rows_is_written_as_the_same_bytes() {
    let kib = |kib: u64| Some(kib * 1024);
    let memory = Memory {
        physical: kib(260_620),
        available: kib(44_956),
        page_faults: Some(9_000),
        resident_kernel: kib(2_744),
        resident_paged: kib(20_444),
        committed: kib(185_452),
        commit_limit: kib(640_872),
        commit_peak: kib(192_472),
        nonpaged: kib(8_112),
        paged: kib(20_648),
    };
    let empty = Screen { memory, more_faults: Some(308), scope: PoolScope::AllSessions, ..screen(Vec::new()) };
    assert_eq!(
        read(PoolmonText::new(PoolmonLayout::X86, None).live(&empty)),
        " Memory:  260620K Avail:   44956K  PageFlts:   308   InRam Krnl: 2744K P:20444K
 Commit: 185452K Limit: 640872K Peak: 192472K            Pool N: 8112K P:20648K
 All sessions pool information
 Tag  Type     Allocs            Frees            Diff   Bytes       Per Alloc

"
    );
    assert!(
        read(PoolmonText::new(PoolmonLayout::X86, None).snapshot(&empty)).contains("  PageFlts:  9000   "),
        "since boot"
    );
}

#[test]
fn a_screen_of_64_bits() {
    let mut rows: Vec<ScreenRow> = X64.iter().map(|line| row(line)).collect();
    rows[1].change = RowChange { allocs: 12, frees: 10, diff: 2, bytes: -4096 };
    let memory = Memory { physical: Some(33_473_120 * 1024), paged: Some(1_955_448 * 1024), ..Memory::default() };
    let live = Screen { memory, totals: crate::mon::screen::totals(&rows), ..screen(rows) };
    insta::assert_snapshot!(read(PoolmonText::new(PoolmonLayout::X64, None).live(&live)));
    insta::assert_snapshot!(read(PoolmonText::new(PoolmonLayout::X64, None).snapshot(&live)));
}

#[test]
fn wide_values_are_never_cut() {
    let mut huge = row(X64[0]);
    huge.now = RowFigures { allocs: u64::MAX, frees: u64::MAX - 1, diff: 1, bytes: u64::MAX };
    huge.change = RowChange { allocs: i64::MIN, frees: i64::MAX, diff: 0, bytes: i64::MIN };
    let text = PoolmonText::new(PoolmonLayout::X64, None).live_rows(&screen(vec![huge.clone()])).concat();
    assert_eq!(
        text,
        " HidC Paged 18446744073709551615 (-9223372036854775808) 18446744073709551614 (9223372036854775807)        1 \
         18446744073709551615 (-9223372036854775808) 18446744073709551615"
    );
}

#[test]
fn tags_are_their_four_bytes() {
    for (bytes, in_file, on_screen) in [
        (*b"Dh 1", &b" Dh 1 Paged "[..], " Dh 1 Paged "),
        (*b" CM ", b"  CM  Paged ", "  CM  Paged "),
        (*b"Io  ", b" Io   Paged ", " Io   Paged "),
        (*b"    ", b"      Paged ", "      Paged "),
        (*b"a\\b ", b" a\\b  Paged ", " a\\b  Paged "),
        (*b"MyD\xb1", b" MyD\xb1 Paged ", " MyD\\xb1 Paged "),
        (*b"@GM\x01", b" @GM\x01 Paged ", " @GM\\x01 Paged "),
        (*b"a\nb\0", b" a\\x0ab\\x00 Paged ", " a\\x0ab\\x00 Paged "),
    ] {
        let screen = screen(vec![ScreenRow { tag: Tag::from_pool_tag(bytes), ..row(X64[0]) }]);
        let page = PoolmonText::new(PoolmonLayout::X64, None).live(&screen);
        let line = page.split(|byte| *byte == b'\n').nth(5).unwrap();
        assert!(line.starts_with(in_file), "{:?}", String::from_utf8_lossy(line));
        assert!(PoolmonText::new(PoolmonLayout::X64, None).live_rows(&screen)[0].starts_with(on_screen), "{on_screen}");
    }
}

#[test]
fn the_tag_column_is_as_wide_as_the_longest_cache_name() {
    let rows = vec![slab("TCP", 3), slab("kmalloc-rnd-01-64", 120)];
    insta::assert_snapshot!(read(PoolmonText::new(PoolmonLayout::X64, None).live(&screen(rows))));
}

#[test]
fn an_uncounted_value_is_no_zero() {
    let unknown = ScreenRow { counters: Counters::BytesOnly, pool: Pool::Unknown, ..slab("MyD1", 2) };
    let line = PoolmonText::new(PoolmonLayout::X64, None).live_rows(&screen(vec![unknown])).concat();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>().join(" "), "MyD1 ? ? ( ?) ? ( ?) ? 128 ( 0) ?");
}

#[test]
fn a_driver_is_at_the_end_of_its_row() {
    let drivers = Drivers::found_by(|tag| if tag.as_str() == "Wait" { "[nt!ob]" } else { "Unknown Driver" }.to_owned());
    let text = PoolmonText::new(PoolmonLayout::X86, Some(drivers));
    let live = read(text.live(&screen(vec![row(X86[0]), row(X86[1])])));
    let lines: Vec<&str> = live.lines().collect();
    assert!(lines[3].ends_with("Per Alloc  Mapped_Driver"), "{live}");
    assert_eq!(lines[5], format!("{} [nt!ob]", X86[0]));
    assert_eq!(lines[6], format!("{} Unknown Driver", X86[1]));
    assert!(read(text.snapshot(&screen(vec![row(X86[0])]))).contains("Mapped_Driver"));
}
