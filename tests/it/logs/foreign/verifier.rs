//! Lists of Driver Verifier: `!verifier 3` and `verifier /query`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use poolgate::import;

use super::super::file;
use super::super::judged::poolgate;
use super::{all_rows, read};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/verifier").join(name)
}

fn rows(imported: &import::Imported) -> Vec<String> {
    let mut rows = Vec::new();
    for (at, sample) in all_rows(&imported.recording) {
        rows.extend(
            sample.iter().map(|(key, usage)| format!("{} {key}: {} of {} B", at.as_secs(), usage.allocs, usage.bytes)),
        );
    }
    rows
}

#[test]
fn an_allocation_counts_under_its_tag_its_caller_and_its_driver() {
    let imported = import::read(&fixture("verifier3.txt"), None).unwrap();
    assert_eq!(
        rows(&imported),
        [
            "0 ebpf nonpaged: 1 of 4 B",
            "0 mydrv!alloc+0x21 callsite: 1 of 4 B",
            "0 mydrv.sys nonpaged kernel: 1 of 4 B",
            "0 mydrv.sys paged kernel: 0 of 0 B",
        ]
        .repeat(2),
        "held while the driver was loaded, and left"
    );
    assert_eq!(imported.notes, Vec::<String>::new());
    let old = import::read(&fixture("verifier3-old.txt"), None).unwrap();
    assert!(rows(&old).contains(&"0 Vprt paged: 2 of 80 B".to_owned()), "{:?}", rows(&old));
    assert!(rows(&old).contains(&"0 fffff88002c628f7 callsite: 1 of 20 B".to_owned()), "{:?}", rows(&old));
}

#[test]
fn live_allocations_of_an_unloaded_driver_remain_after_teardown() {
    poolgate(&["judge"], &[&fixture("verifier3.txt")]).is(
        1,
        &[
            "verifier3.txt: broken",
            "tag * after_teardown 0 B",
            "ebpf nonpaged 4 B are left after teardown",
            "mydrv!alloc+0x21",
        ],
    );
    poolgate(&["judge"], &[&fixture("query.txt")])
        .is(1, &["query.txt: broken", "mydrv.sys nonpaged kernel 3648 B are left after teardown"]);
    let named = ["judge", "--threshold", "tag ebpf after_teardown 4 B"];
    poolgate(&named, &[&fixture("verifier3.txt")]).is(0, &["held"]);
    let folder = tempfile::tempdir().unwrap();
    let text = fs_err::read_to_string(fixture("query.txt")).unwrap();
    let clean =
        file(&folder, "clean.txt", text.replace("      3 /", "      0 /").replace("   3648 /", "      0 /").as_bytes());
    poolgate(&["judge"], &[&clean]).is(0, &["clean.txt: held", "tag * kernel after_teardown 0 B"]);
}

#[test]
fn live_allocations_of_a_loaded_driver_are_no_leak() {
    let text = fs_err::read_to_string(fixture("query.txt")).unwrap();
    let loaded = text.replace("unload: 1", "unload: 0");
    let folder = tempfile::tempdir().unwrap();
    poolgate(&["judge"], &[&file(&folder, "loaded.txt", loaded.as_bytes())]).is(4, &["loaded.txt: unclear"]);
    // If another driver was unloaded, the list is about that driver.
    let both = read(format!("{}{text}", loaded.replace("mydrv", "other")).as_bytes(), None).unwrap();
    assert_eq!(
        rows(&both),
        ["0 mydrv.sys nonpaged kernel: 3 of 3648 B", "0 mydrv.sys paged kernel: 0 of 0 B"].repeat(2)
    );
    assert!(both.notes[0].ends_with("drivers that are still loaded are left out: other.sys"), "{:?}", both.notes);
    // The same driver again begins another list.
    let two = read(loaded.repeat(2).as_bytes(), Some(Duration::from_secs(60))).unwrap();
    assert_eq!((two.tables, all_rows(&two.recording)[1].0), (Some(2), Duration::from_secs(60)));
}

#[test]
fn counts_that_were_not_read_are_no_zeros() {
    let text = fs_err::read_to_string(fixture("query.txt")).unwrap();
    for unread in [text.replace("   3648", "   364B"), text.lines().take(5).collect::<Vec<_>>().join("\n")] {
        let error = read(unread.as_bytes(), None).unwrap_err().to_string();
        assert!(error.contains("has no readable list of Driver Verifier: line"), "{error}");
    }
    let listed = fs_err::read_to_string(fixture("verifier3.txt")).unwrap().replace("0x00000004 / 0x00000000", "O");
    let imported = read(listed.as_bytes(), None).unwrap();
    assert_eq!(rows(&imported)[..2], ["0 ebpf unknown: 1 of 4 B", "0 mydrv!alloc+0x21 callsite: 1 of 4 B"]);
    assert!(imported.notes[0].ends_with("the total of mydrv.sys was not read"), "{:?}", imported.notes);
}

#[test]
fn the_number_of_missing_allocations_of_a_list_is_reported() {
    let text = fs_err::read_to_string(fixture("verifier3-old.txt")).unwrap();
    let cut = text.lines().filter(|line| !line.starts_with("fffff980015bafe0")).collect::<Vec<_>>().join("\n");
    let imported = read(cut.as_bytes(), None).unwrap();
    assert!(
        imported.notes[0].ends_with("videoprt.sys holds 2 allocations, but the list has 1"),
        "{:?}",
        imported.notes
    );
}
