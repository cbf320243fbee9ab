//! Logs as people paste and export them: quoted, from web pages and spreadsheets, from other programs.

use std::collections::BTreeMap;

use poolgate::import;
use poolgate::pool::{Counters, Key, Pool, Tag, Usage};
use poolgate::record::TimeSource;

use super::super::file;
use super::super::judged::poolgate;
use super::{field, fixture, notes, read, samples};

fn row(tag: &[u8; 4], pool: Pool, allocs: u64, frees: u64, bytes: u64) -> (Key, Usage) {
    (Key::new(Tag::from_pool_tag(*tag), pool, Counters::Wrapping32), Usage { allocs, frees, bytes })
}

/// The only table of a text.
#[track_caller]
fn table(text: &[u8]) -> BTreeMap<Key, Usage> {
    let imported = read(text, None).unwrap();
    let samples = samples(&imported.recording);
    assert_eq!((samples.len(), imported.notes), (1, Vec::<String>::new()));
    samples[0].1.clone()
}

#[test]
fn a_table_out_of_markdown_or_a_spreadsheet_is_read() {
    let expected = BTreeMap::from([
        row(b"NtFC", Pool::Nonpaged, 1_607_446_837, 1_497_028_083, 18_574_637_216),
        row(b"Toke", Pool::Paged, 1_000_000, 900_000, 120_000_000),
    ]);
    for name in ["f11-md-table.md", "f55a-excel.csv", "f55b-excel-de.csv"] {
        let text = fs_err::read(field(name)).unwrap();
        assert_eq!(table(&text), expected, "{name}");
        let said = poolgate(&["judge", "--threshold", "tag NtFC nonpaged max_rate 0 B/h"], &[&field(name)]);
        said.is(4, &["NtFC nonpaged"]);
    }
    let quoted = fs_err::read_to_string(field("f55a-excel.csv")).unwrap().replace("\n", "\n> ");
    assert_eq!(table(format!("> {quoted}\n").as_bytes()), expected, "a mail quoted it");
    let grouped =
        "Tag;Type;Allocs;Frees;Diff;Bytes\r\n\"NtFC\";Nonp;1.607.446.837;1.497.028.083;110.418.754;18.574.637.216\r\n";
    assert_eq!(table(grouped.as_bytes()).len(), 1);
    let scientific =
        "Tag,Type,Allocs,Frees,Diff,Bytes\nNtFC,Nonp,1.6E+09,1497028083,110418754,18574637216\nToke,Paged,3,1,2,64\n";
    assert!(notes(scientific.as_bytes())[0].contains("1 line was not read: line 2 has `1.6E+09`"));
}

#[test]
fn tables_of_one_markdown_text_are_one_log() {
    let text = fs_err::read_to_string(field("f11-md-table.md")).unwrap();
    let later = text.replace("1607446837", "1607446937").replace("110418754", "110418854");
    let stamped = format!("2026-01-08 15:00\n\n{text}\n**2026-01-08 17:00**\n\n{later}");
    let imported = read(stamped.as_bytes(), None).unwrap();
    assert_eq!(samples(&imported.recording)[1].0.as_secs(), 7200);
    let untimed = read(format!("{text}\nand later:\n\n{later}").as_bytes(), None).unwrap();
    assert_eq!(untimed.recording.header().times, [TimeSource::Unknown]);
}

#[test]
fn quotes_and_no_break_spaces_change_no_figure() {
    let imported = import::read(&field("f12-quoted-two.txt"), None).unwrap();
    let tables = samples(&imported.recording);
    let mdl = |at: usize| tables[at].1[&row(b"Mdl ", Pool::Nonpaged, 0, 0, 0).0];
    assert_eq!(tables.iter().map(|(_, rows)| rows.len()).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(mdl(1).bytes - mdl(0).bytes, 420_063_376);
    assert_eq!(imported.recording.header().times, [TimeSource::Unknown], "prose between says two hours");
    poolgate(&["judge", "--threshold", "tag Mdl max_rate 0 B/h"], &[&field("f12-quoted-two.txt")])
        .is(4, &["have no readable time", "times: unknown"]);

    let imported = import::read(&field("f62-nbsp.log"), None).unwrap();
    let read = samples(&imported.recording).remove(0).1;
    assert_eq!(read.len(), 13);
    let ixgb = row(b"IXGB", Pool::Nonpaged, 37_377, 12_508, 55_749_008);
    assert_eq!(read[&ixgb.0], ixgb.1);
}

#[test]
fn a_table_without_per_alloc_is_read() {
    let text = fs_err::read(field("f64-no-peralloc.txt")).unwrap();
    let expected = BTreeMap::from([
        row(b"C2R1", Pool::Nonpaged, 84_210, 2_100, 5_255_040),
        row(b"Toke", Pool::Paged, 1_000, 900, 120_000),
    ]);
    assert_eq!(table(&text), expected);
    let cut = text.trim_ascii_end();
    assert!(notes(cut)[0].contains("line 3 is cut off, perhaps inside its last number"), "{:?}", notes(cut));
}

#[test]
fn every_screen_is_the_same_however_it_was_pasted() {
    for name in ["20-msdocs-ntf-mapped-driver.txt", "28-msdocs-display-sorted-by-allocs.txt"] {
        let plain = fs_err::read_to_string(fixture(name)).unwrap();
        let expected = table(plain.as_bytes());
        let each = |change: &dyn Fn(&str) -> String| plain.lines().map(|line| change(line) + "\n").collect::<String>();
        for pasted in [
            each(&|line| format!("> {line}")),
            each(&|line| format!(">> {line}")),
            each(&|line| format!("poolmon.log:{line}")),
            each(&|line| format!("C:\\logs\\poolmon.log:7:{line}")),
            each(&|line| line.replace(' ', "\u{a0}")),
            format!("```text\n{plain}```\n"),
            format!("<pre>\n{plain}\n</pre>\n"),
        ] {
            assert_eq!(table(pasted.as_bytes()), expected, "{name}: {pasted}");
        }
    }
    let live = "Tag  Type     Allocs            Frees            Diff   Bytes      Per Alloc\n\
                \u{20}Mdl  Nonp    2492040 (1140)       176 (   0)  2491864 420125696 ( 192192)\n168\n";
    let mdl = row(b"Mdl ", Pool::Nonpaged, 2_492_040, 176, 420_125_696);
    assert_eq!(table(live.as_bytes()), BTreeMap::from([mdl]), "a mail broke the row");
}

#[test]
fn rows_selected_by_findstr_are_a_partial_table() {
    let folder = tempfile::tempdir().unwrap();
    let rows: String =
        (0..60).map(|at| format!("snap-{at}.log: Leak Nonp {:>9} 7 {at} {:>9} 64\n", at + 7, at * 64)).collect();
    let log = file(&folder, "found.txt", rows.as_bytes());
    let imported = import::read(&log, None).unwrap();
    assert_eq!(imported.tables, Some(60));
    let rate = ["judge", "--no-confirm", "--every", "1h", "--threshold", "tag Leak max_rate 0 B/h"];
    poolgate(&rate, &[&log]).is(1, &["grows steadily by 64.0 B/h"]);
}

#[test]
fn format_table_of_powershell_is_read() {
    let text = "\r\nTag  PagedAllocs PagedFrees PagedDiff PagedUsedBytes NonPagedAllocs NonPagedFrees NonPagedDiff NonPagedUsedBytes TotalUsedBytes Binary\r\n\
                ---  ----------- ---------- --------- -------------- -------------- ------------- ------------ ----------------- -------------- ------\r\n\
                Dh 1          37         35         2            224              0             0            0                 0            224 dxg.sys\r\n\
                IXGB           0          0         0              0          37377         12508        24869          55749008       55749008\r\n\r\n";
    let expected = BTreeMap::from([
        row(b"Dh 1", Pool::Paged, 37, 35, 224),
        row(b"IXGB", Pool::Nonpaged, 37_377, 12_508, 55_749_008),
    ]);
    assert_eq!(table(text.as_bytes()), expected);
    let cut = text.replace("55749008       55749008", "5574...        55749008");
    assert!(notes(cut.as_bytes())[0].contains("line 5 has `5574...`"), "{:?}", notes(cut.as_bytes()));
}

#[test]
fn exports_of_poolmonx_and_system_informer_are_read() {
    let expected = BTreeMap::from([
        row(b"IXGB", Pool::Nonpaged, 37_377, 12_508, 55_749_008),
        row(b"MmSt", Pool::Paged, 2_269_405, 2_095_404, 156_097_152),
    ]);
    let poolmonx = "Tag,Type,Allocs,Frees,Diff,Bytes,KBytes,B / Alloc,Source,Source Description,\r\n\
                    IXGB,Non Paged,37377,12508,24869,55749008,54443 KB,2241,ixgbe,Intel, 10 Gb,\r\n\
                    MmSt,Paged,2269405,2095404,174001,156097152,152439 KB,897,nt!mm,Mm section object prototype ptes,\r\n";
    assert_eq!(table(poolmonx.as_bytes()), expected);
    let informer = "IXGB, ixgbe.sys, Intel, 10 Gb, , , , , 37,377, 12,508, 24,869, 55,749,008 B\r\n\
                    MmSt, nt!mm, Mm section object prototype ptes, 2,269,405, 2,095,404, 174,001, 156,097,152 B, , , , \r\n";
    assert_eq!(table(informer.as_bytes()), expected);
    let rounded = informer.replace("55,749,008 B", "53.17 MB");
    let told = notes(rounded.as_bytes());
    assert!(told[0].contains("line 1 has `53.17 MB`, a rounded size") && told[0].contains("in bytes"), "{told:?}");
}

#[test]
fn an_indented_table_of_the_debugger_is_read() {
    let text = "    kd> !poolused 4\n    Sorting by Paged Pool Consumed\n\n    Pool Used:\n                NonPaged            Paged\n    \
        Tag    Allocs     Used    Allocs     Used\n    Abc         0        0     36405 33930272\n    \
        Gla5        1      128      2222   924352\n    ```\n";
    let rows = table_with_notes(text.as_bytes());
    let found: Vec<String> = rows.iter().map(|(key, usage)| format!("{key} {}", usage.bytes)).collect();
    assert_eq!(found, ["Abc paged 33930272", "Gla5 paged 924352", "Gla5 nonpaged 128"]);
}

/// The rows of the first table of a log that may have notes.
fn table_with_notes(bytes: &[u8]) -> BTreeMap<Key, Usage> {
    samples(&super::read(bytes, None).unwrap().recording).remove(0).1
}
