//! Logs of Linux's own tables: a shell loop with `date` and `cat /proc/slabinfo`, and similar logs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use poolgate::import;
use poolgate::pool::Pool;

use super::super::judged::poolgate;
use super::{all_rows, notes, read, wrong};

const HEAD: &str = "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/linux_logs").join(name)
}

/// Every row of every sample: `600 kmalloc-256 slab 9288 2377728`.
#[track_caller]
fn rows(imported: &import::Imported) -> Vec<String> {
    let mut rows = Vec::new();
    for (at, mut sample) in all_rows(&imported.recording) {
        sample.retain(|key, _| key.pool != Pool::Slabs);
        rows.extend(
            sample.iter().map(|(key, usage)| format!("{} {key} {} {}", at.as_secs(), usage.allocs, usage.bytes)),
        );
    }
    rows
}

#[track_caller]
fn rows_of(text: &str) -> Vec<String> {
    rows(&read(text.as_bytes(), None).unwrap())
}

fn row(name: &str, active: u64) -> String {
    format!(
        "{name:<17} {active:>6} 999999    256   16    1 : tunables    0    0    0 : slabdata     15     15      0\n"
    )
}

#[test]
fn a_log_of_slabinfo_has_the_times_of_date() {
    let imported = import::read(&fixture("slabinfo.log"), None).unwrap();
    let expected = [
        "0 kmalloc-256 slab 2288 585728",
        "0 nf_conntrack slab 156 59904",
        "600 kmalloc-256 slab 9288 2377728",
        "600 nf_conntrack slab 157 60288",
    ];
    assert_eq!(rows(&imported), expected);
    assert_eq!(imported.notes, Vec::<String>::new());
    assert_eq!(imported.recording.header().started.to_string(), "2019-03-04T10:00:01Z");
}

#[test]
fn a_leak_in_a_log_of_slabinfo_is_broken_in_the_real_program() {
    let folder = tempfile::tempdir().unwrap();
    let log = |leak: u64| {
        let sample = |at: u64| {
            let date = format!("Mon Mar  4 {:02}:{:02}:00 UTC 2019\n", 10 + at / 60, at % 60);
            format!("{date}{HEAD}{}{}", row("key_jar", 1000 + leak * at), row("dentry", 50_000 + at * 7 % 13))
        };
        (0..90).map(sample).collect::<String>()
    };
    let leaks = super::super::file(&folder, "leak.log", log(4).as_bytes());
    let rate = ["judge", "--no-confirm", "--threshold", "tag key_jar max_rate 0 B/h"];
    // 4 objects of 256 bytes each minute.
    poolgate(&rate, &[&leaks]).is(1, &["leak.log: broken after 5340 s", "grows steadily by 61440.0 B/h"]);
    let clean = super::super::file(&folder, "clean.log", log(0).as_bytes());
    poolgate(&["judge"], &[&clean]).is(0, &["clean.log: held after 5340 s"]);
}

#[test]
fn slabtop_is_read_and_its_missing_caches_are_not_known() {
    let imported = import::read(&fixture("slabtop.txt"), None).unwrap();
    assert_eq!(
        rows(&imported),
        [
            "0 Slab kernel 0 2451585239",
            "0 kmalloc-128 slab 1441675 184534400",
            "0 kmalloc-256 slab 494535 126600960",
            "0 kmalloc-64 slab 3851906 246521984",
            "0 kmem_cache slab 3646503 1400257152",
            "0 kmem_cache_node slab 3646656 233385984",
        ]
    );
    assert!(imported.notes.iter().any(|note| note.contains("slabtop rounds object sizes")), "{:?}", imported.notes);
    // The caches that only the second table shows held something before.
    let text = fs_err::read_to_string(fixture("slabtop.txt")).unwrap();
    let (head, row) = (text.split_inclusive('\n').take(8).collect::<String>(), "10 10 100% 1.06K 1 30 32K later\n");
    let two = [head.as_str(), &head, row].concat();
    let imported = read(two.as_bytes(), Some(Duration::from_secs(60))).unwrap();
    let told = "2 of 4 tags are missing in some of the tables";
    assert!(imported.notes.iter().any(|note| note.contains(told)), "{:?}", imported.notes);
}

#[test]
fn meminfo_and_uptime_are_read_over_a_day() {
    let imported = import::read(&fixture("meminfo.log"), None).unwrap();
    let expected = [
        "0 SReclaimable kernel 0 121524224",
        "0 SUnreclaim kernel 0 92524544",
        "0 Slab kernel 0 214048768",
        "1695 SReclaimable kernel 0 135847936",
        "1695 SUnreclaim kernel 0 98222080",
        "1695 Slab kernel 0 234070016",
        "8749 SReclaimable kernel 0 162877440",
        "8749 SUnreclaim kernel 0 106766336",
        "8749 Slab kernel 0 269643776",
    ];
    assert_eq!(rows(&imported), expected);
}

#[test]
fn vmstat_repeats_its_header_within_a_table() {
    let rows = rows(&import::read(&fixture("vmstat.log"), None).unwrap());
    assert_eq!(rows.len(), 10, "{rows:?}");
    assert!(rows.contains(&"0 buffer_head slab 2353026 244714704".to_owned()), "{rows:?}");
    assert!(rows.contains(&"300 kmalloc-64 slab 5000 320000".to_owned()), "{rows:?}");
    // Without times, a table begins when the first cache is repeated.
    let text = fs_err::read_to_string(fixture("vmstat.log")).unwrap();
    let bare: String = text.split_inclusive('\n').filter(|line| !line.starts_with("2026")).collect();
    let imported = read(bare.as_bytes(), Some(Duration::from_secs(5))).unwrap();
    assert_eq!(imported.tables, Some(2));
}

#[test]
fn caches_of_openzfs_are_read() {
    let imported = import::read(&fixture("spl.log"), None).unwrap();
    let rows = rows(&imported);
    assert_eq!(rows.len(), 8, "{rows:?}");
    assert!(rows.contains(&"0 mod_hash_entries slab 35 840".to_owned()), "{rows:?}");
    assert!(rows.contains(&"600 ddt_cache slab 56 1391936".to_owned()), "{rows:?}");
    // slabinfo of the same time already counts the caches of Linux.
    let spl = fs_err::read_to_string(fixture("spl.log")).unwrap();
    let spl: String = spl.split_inclusive('\n').skip(2).take(6).collect();
    let both = rows_of(&format!("{HEAD}{}{spl}", row("mod_hash_entries", 35)));
    assert!(both.contains(&"0 mod_hash_entries slab 35 8960".to_owned()), "{both:?}");
    assert!(both.contains(&"0 ddt_cache slab 48 1193088".to_owned()), "{both:?}");
}

#[test]
fn allocinfo_is_summed_by_function_as_in_samples() {
    let text = "allocinfo - version: 1.0\n#     <size>  <calls> <tag info>\n 64 1 fs/a.c:1 [xfs] func:f\n 32 2 fs/a.c:9 [xfs] func:f\n 4096 1 mm/slub.c:1 func:alloc accurate:no\n";
    assert_eq!(rows_of(text), ["0 kernel:alloc callsite 1 4096", "0 xfs:f callsite 3 96"]);
    let cut = format!("{text} 64 1 fs/b.c:1 func:g");
    assert_eq!(
        notes(cut.as_bytes()),
        ["some.log: 1 row of data was not read: line 6 is cut off, perhaps inside the function's name"]
    );
}

#[test]
fn several_tables_between_two_dates_are_one_sample() {
    let sample = |minute: u64, active| {
        format!(
            "2026-11-29 19:{minute:02}:00\nMemTotal: 15923284 kB\nMemFree: 5 kB\nSlab: {active} kB\n{HEAD}{}{}\n",
            row("dentry", active),
            row("dentry", 1)
        )
    };
    let text = sample(0, 5) + &sample(1, 6);
    let expected = ["0 Slab kernel 0 5120", "0 dentry slab 6 1536", "60 Slab kernel 0 6144", "60 dentry slab 7 1792"];
    assert_eq!(rows_of(&text), expected, "two caches of one name are summed");
    assert_eq!(notes(text.as_bytes()), Vec::<String>::new());
}

#[test]
fn rows_selected_by_grep_are_a_partial_table() {
    let text = format!(
        "2026-11-29 19:00:00\n{}2026-11-29 19:01:00\n{}{}",
        row("kmalloc-64", 5),
        row("kmalloc-64", 6),
        row("kmalloc-rnd-64", 7)
    );
    let imported = read(text.as_bytes(), None).unwrap();
    assert_eq!(
        rows(&imported),
        ["0 kmalloc-64 slab 5 1280", "60 kmalloc-64 slab 6 1536", "60 kmalloc-rnd-64 slab 7 1792"]
    );
    assert!(imported.notes.iter().any(|note| note.contains("2 of 4 tags are missing")), "{:?}", imported.notes);
    let bare = row("kmalloc-64", 5) + &row("kmalloc-64", 6);
    assert_eq!(read(bare.as_bytes(), Some(Duration::from_secs(9))).unwrap().tables, Some(2));
    assert!(!read(bare.as_bytes(), None).unwrap().recording.header().times_are_known());
}

#[test]
fn every_version_of_slabinfo_is_read() {
    let old = "slabinfo - version: 1.1 (SMP)\nkmem_cache            80     80    248    5    5    1 :  252  126\ndentry_cache       2500   2500    128   80  100    1 :  252  126\n";
    assert_eq!(rows_of(old), ["0 dentry_cache slab 2500 320000", "0 kmem_cache slab 80 19840"]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/slabinfo");
    for name in ["slab-statistics", "slab-tunables", "slub-4.19", "slub-6.12", "slub-6.18"] {
        let imported = import::read(&folder.join(format!("{name}.slabinfo")), None).unwrap();
        let expected = fs_err::read_to_string(folder.join(format!("{name}.expected"))).unwrap();
        let mut expected: Vec<String> = expected
            .lines()
            .map(|line| {
                let mut words = line.split(' ');
                let mut word = || words.next().unwrap();
                format!("0 {} slab {} {}", word(), word(), word())
            })
            .collect();
        let mut rows = rows(&imported);
        rows.sort_unstable();
        expected.sort_unstable();
        assert_eq!(rows, expected, "{name}");
        assert_eq!(imported.notes, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn rows_that_cannot_be_read_are_counted_with_the_reason() {
    let bad = "dentry 3 4O 192 21 1 : tunables 0 0 0\nroot@host:~# date\nk 43 42 192 21 1 : tunables 0 0 0\n";
    let text = format!("{HEAD}{}{bad}", row("ok", 1));
    assert_eq!(
        notes(text.as_bytes()),
        [
            "some.log: 2 rows of data were not read: line 4 has `4O` instead of a number; line 6 does not add up: 43 of 42 \
             objects are in use",
            "some.log: 1 line was not read: line 5 belongs to no table: `root@host:~# date`",
        ]
    );
    let folder = tempfile::tempdir().unwrap();
    let log = super::super::file(&folder, "slab.log", text.as_bytes());
    let all = ["judge", "--threshold", "tag * max_bytes 1 GiB"];
    poolgate(&all, &[&log]).is(4, &["unclear", "2 rows"]);
    let whole = super::super::file(&folder, "whole.log", format!("{HEAD}{}", row("ok", 1)).as_bytes());
    poolgate(&all, &[&whole]).is(0, &["held"]);
    assert_eq!(
        wrong(HEAD.as_bytes()).0,
        "some.log has no readable table of Linux",
        "a failed reading is no empty table"
    );
}

#[test]
fn a_log_of_meminfo_is_judged_by_its_rows_if_no_rule_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let sample = |at: u64| {
        format!(
            "2026-11-29 {:02}:{:02}:00\nSlab: {} kB\nSUnreclaim: {} kB\n",
            10 + at / 60,
            at % 60,
            5000 + at,
            3000 + at
        )
    };
    let log = super::super::file(&folder, "memory.log", (0..90).map(sample).collect::<String>().as_bytes());
    let said = poolgate(&["judge", "--no-confirm"], &[&log]);
    said.is(
        1,
        &[
            "memory.log: broken",
            "tag * kernel max_rate 0 B/h",
            "SUnreclaim kernel",
            "judged by `tag * kernel max_rate 0 B/h`",
        ],
    );
    let named = ["judge", "--no-confirm", "--threshold", "tag SUnreclaim max_rate 64 KiB/h"];
    poolgate(&named, &[&log]).is(0, &["held", "SUnreclaim kernel"]);
    let total = ["judge", "--no-confirm", "--threshold", "total kernel max_rate 0 B/h"];
    // Only Slab counts: its part SUnreclaim is not counted a second time.
    poolgate(&total, &[&log]).is(1, &["grows steadily by 61440.0 B/h"]);
}

#[test]
fn a_ceiling_counts_whole_slabs() {
    let folder = tempfile::tempdir().unwrap();
    let dentry =
        "dentry           1470384 1932336    192   42    2 : tunables    0    0    0 : slabdata  46008  46008      0\n";
    let log = super::super::file(&folder, "slab.log", format!("{HEAD}{dentry}").as_bytes());
    let imported = import::read(&log, None).unwrap();
    let sample = all_rows(&imported.recording).remove(0).1;
    let slabs = sample.iter().find(|(key, _)| key.pool == Pool::Slabs).map(|(_, usage)| usage.bytes);
    assert_eq!(slabs, Some(368_064 * 1024));
    // 269 MiB in objects, 359 MiB in slabs that stay half empty.
    poolgate(&["judge", "--threshold", "tag dentry max_bytes 300 MiB"], &[&log]).is(1, &["broken", "359 MiB"]);
    poolgate(&["judge", "--threshold", "tag dentry max_bytes 400 MiB"], &[&log]).is(0, &["held"]);
}

#[test]
fn a_quoted_table_is_read_and_rows_that_were_left_out_make_it_a_part() {
    let vmstat = "> $> vmstat -m\n> Cache                       Num  Total   Size  Pages\n\
        > nfs_direct_cache              0      0     76     50\n> nfs_write_data               36     91    512      7\n";
    assert_eq!(rows_of(vmstat), ["0 nfs_direct_cache slab 0 0", "0 nfs_write_data slab 36 18432"]);
    let folder = tempfile::tempdir().unwrap();
    let judged = |name: &str, text: String| {
        let path = super::super::file(&folder, name, text.as_bytes());
        poolgate(&["judge", "--every", "60 s", "--threshold", "tag * max_growth 1 MiB"], &[&path])
    };
    let table = |command: &str, end: &str| [command, HEAD, &row("key_jar", 9), end].concat();
    for (name, table) in [
        ("grep.log", table("$ grep key_jar /proc/slabinfo\n", "")),
        ("head.log", table("# cat /proc/slabinfo | head -4\n", "")),
        ("dots.log", table("", "...\n")),
        ("snip.log", table("", "[snip]\n")),
    ] {
        judged(name, table.repeat(2)).is(4, &["2 of 2 tables show only some of the tags"]);
    }
    judged("whole.log", table("# cat /proc/slabinfo\n", "").repeat(2)).is(0, &["held"]);
    let slabtop = "  OBJS ACTIVE  USE OBJ SIZE  SLABS OBJ/SLAB CACHE SIZE NAME\n\
        392847 392662  99%    0.19K  18707       21     74828K cred_jar\n";
    judged("slabtop.log", slabtop.repeat(2)).is(4, &["2 of 2 tables show only some of the tags"]);
}
