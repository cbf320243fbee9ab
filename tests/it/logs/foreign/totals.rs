//! Logs of the totals of Windows' pools: performance counters, PowerShell's tables of them, WinDbg's `!vm`.

use std::path::{Path, PathBuf};

use poolgate::import::{self, Imported};

use super::super::file;
use super::super::judged::poolgate;
use super::{all_rows, notes, read, wrong};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/totals").join(name)
}

/// For each sample, the seconds and the bytes of the nonpaged and of the paged pool.
fn totals(imported: &Imported) -> Vec<(f64, u64, u64)> {
    let bytes = |at: &std::collections::BTreeMap<poolgate::pool::Key, poolgate::pool::Usage>, name: &str| {
        at.iter().find(|(key, _)| key.to_string() == name).map_or(0, |(_, usage)| usage.bytes)
    };
    let samples = all_rows(&imported.recording);
    samples
        .iter()
        .map(|(at, rows)| (at.as_secs_f64(), bytes(rows, "nonpaged kernel"), bytes(rows, "paged kernel")))
        .collect()
}

#[test]
fn performance_counters_have_both_pools() {
    let imported = import::read(&fixture("pdh.csv"), None).unwrap();
    let expected = [
        (0.0, 967_311_360, 1_284_505_600),
        (60.008, 967_835_648, 1_284_505_600),
        (120.017, 968_359_936, 1_284_509_696),
    ];
    assert_eq!(totals(&imported), expected);
    assert_eq!(imported.notes, Vec::<String>::new());
    let header = imported.recording.header();
    assert_eq!(header.started.to_string(), "2026-01-08T14:04:05.123Z", "the header gives the distance to UTC");
    assert_eq!(header.source, "performance counters");
}

#[test]
fn counters_are_read_as_typeperf_and_spreadsheets_write_them() {
    let header = r#""(PDH-CSV 4.0) (UTC)(0)","\\HOST\Memory\Pool Nonpaged Bytes","\\HOST\Memory\Available Bytes","\\HOST\Process(x)\Pool Paged Bytes""#;
    let row = r#""01/08/2026 15:04:05.123","967311360.000000","5.0","7.0""#;
    let gap = r#""01/08/2026 15:05:05.123"," "," "," ""#;
    let text = format!("\n{header}\n{row}\n{gap}\nThe command completed successfully.\n");
    assert_eq!(totals(&read(text.as_bytes(), None).unwrap()), [(0.0, 967_311_360, 0)], "a gap is no empty pool");
    assert_eq!(
        notes(text.as_bytes()),
        [
            "some.log: 2 of 3 counters are not read, because they do not belong to a pool: `Memory\\\\Available Bytes` and so on",
            "some.log: 1 line was not read: line 5 does not begin with a time: `The command completed successfully.`",
        ]
    );
    for separator in [";", "\t"] {
        let text = text.replace("\",\"", separator).replace('"', "");
        assert_eq!(totals(&read(text.as_bytes(), None).unwrap()), [(0.0, 967_311_360, 0)], "{separator:?}");
    }
    let other = header.replace("Pool Nonpaged Bytes", "Cache Bytes");
    let (what, help) = wrong(format!("{other}\n{row}\n").as_bytes());
    assert!(what.contains("has no pool counter among 3"), "{what}");
    assert!(help.contains(r"\Memory\Pool Nonpaged Bytes"), "{help}");
    let two = r#""(PDH-CSV 4.0)","\\A\Memory\Pool Nonpaged Bytes","\\B\Memory\Pool Nonpaged Bytes""#;
    assert!(wrong(format!("{two}\n").as_bytes()).0.contains("has the pools of two machines, A and B"));
}

#[test]
fn a_table_of_powershell_has_its_unit_in_the_column_and_a_decimal_comma() {
    let imported = import::read(&fixture("pool-table-comma.txt"), None).unwrap();
    let (nonpaged, paged) = ([922.5, 922.1], [1225.0, 1215.4]);
    let mib = |amount: f64| (amount * 1_048_576.0f64).round() as u64;
    assert_eq!(totals(&imported), [(0.0, mib(nonpaged[0]), mib(paged[0])), (61.0, mib(nonpaged[1]), mib(paged[1]))]);
    assert!(
        imported.notes[0].ends_with("columns without a pool or without a unit are not read: PageTableMB"),
        "{:?}",
        imported.notes
    );
    let (what, help) = wrong(b"Time NonpagedPoolMB\n---- ---\n2026-07-15 20:59:08 1,225\n");
    assert!(what.contains("has `1,225`, which has either decimals or a thousands separator"), "{what}");
    assert!(help.contains("typeperf"), "{help}");
}

#[test]
fn output_of_get_counter_is_read() {
    let sample = |minute: u64, bytes: u64| {
        format!(
            "1/8/2026 3:{minute:02}:05 PM      \\\\host\\memory\\pool nonpaged bytes :\n                          {bytes}\n\n\
             {0:26}\\\\host\\memory\\pool paged bytes :\n{0:26}1284505600\n\n{0:26}\\\\host\\process(x)\\pool paged bytes :\n{0:26}77\n\n",
            ""
        )
    };
    let text = format!(
        "\nTimestamp                 CounterSamples\n---------                 --------------\n{}{}",
        sample(4, 967_311_360),
        sample(5, 967_311_999)
    );
    let read = read(text.as_bytes(), None).unwrap();
    assert_eq!(totals(&read), [(0.0, 967_311_360, 1_284_505_600), (60.0, 967_311_999, 1_284_505_600)]);
    assert_eq!(notes(text.as_bytes()), Vec::<String>::new());
}

#[test]
fn the_pool_lines_of_vm_are_read() {
    let imported = import::read(&fixture("vm.txt"), None).unwrap();
    let expected = [(0.0, (1072 + 146_492) * 1024, 274_400 * 1024), (3600.0, (1088 + 134_448) * 1024, 265_152 * 1024)];
    assert_eq!(totals(&imported), expected, "memory that cannot be executed is nonpaged too");
    assert_eq!(imported.notes, Vec::<String>::new());
}

#[test]
fn totals_are_judged_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let row = |at: u64| {
        format!("\"01/08/2026 {:02}:{:02}:05.123\",\"{}\"\n", 10 + at / 60, at % 60, 967_311_360 + at * 65_536)
    };
    let text = format!(
        "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\HOST\\Memory\\Pool Nonpaged Bytes\"\n{}",
        (0..90).map(row).collect::<String>()
    );
    let log = file(&folder, "pools.csv", text.as_bytes());
    poolgate(&["judge", "--no-confirm"], &[&log]).is(
        1,
        &[
            "pools.csv: broken after 5340 s",
            "tag * kernel max_rate 0 B/h",
            "nonpaged kernel",
            "grows steadily by 3.75 MiB/h",
        ],
    );
    let allowed = ["judge", "--no-confirm", "--threshold", "total kernel max_rate 4 MiB/h"];
    poolgate(&allowed, &[&log]).is(0, &["held"]);
}

#[test]
fn a_header_with_a_blank_is_read_and_counters_without_a_pool_are_refused() {
    let text =
        "\" (PDH-CSV 4.0) (UTC)(0)\",\"\\\\HOST\\Memory\\Pool Nonpaged Bytes\"\n\"01/08/2026 15:04:05.123\",\"5\"\n";
    assert_eq!(totals(&read(text.as_bytes(), None).unwrap()), [(0.0, 5, 0)]);
    let sample = "6/18/2019 14:39:56        \\\\Computer01\\processor(_total)\\% processor time :\n                          20.7\n";
    let text =
        ["Timestamp                 CounterSamples\n---------                 --------------\n", sample].concat();
    assert!(wrong(text.as_bytes()).0.contains("has no readable table of PowerShell"));
}
