//! Messages of the kernel during a run: kernel.log, the recording, and the resulting verdict.

use std::path::{Path, PathBuf};

use super::harness::{Ended, Scenario, root, write};

const REMAINING: &str = "4,100,9000000,-;BUG victim (Tainted: G O): Objects remaining in victim on __kmem_cache_shutdown()
4,101,9000001,-;Slab 0x00000000b5a5b5a5 objects=16 used=2 fp=0x00000000c9d0efb0 flags=0x200
4,102,9000002,-;Object 0x00000000c9d0efb0 @offset=448
4,103,9000003,-;Object 0x0000000015782859 @offset=896
4,104,9000004,-;kmem_cache_destroy victim: Slab cache still has objects when called from victim_exit+0x15/0x1000 [victim]
";

/// A root with a kernel message from long before the run.
fn bed() -> tempfile::TempDir {
    let root = root();
    fs_err::create_dir_all(root.path().join("dev")).unwrap();
    let old = "4,98,8000000,-;BUG: KASAN: slab-out-of-bounds in earlier+0x1/0x2 [earlier]\n";
    write(&root.path().join("dev/kmsg"), old);
    root
}

/// Runs a scenario with a teardown that makes the kernel log `text`.
fn logs(root: &Path, text: &str, threshold: &str) -> Ended {
    let scenario = Scenario::running("true").on_root(root).threshold(threshold);
    write(&scenario.folder().join("logged"), text);
    let kmsg: PathBuf = root.join("dev/kmsg");
    scenario.teardown(&format!("cat logged >> {}", kmsg.display())).run()
}

#[test]
fn objects_that_remain_in_a_destroyed_cache_break_their_limit() {
    let root = bed();
    let ended = logs(root.path(), REMAINING, "{ tag: victim, after_teardown: 1 MiB }");
    assert_eq!(ended.code, Some(1), "{}{}", ended.stdout, ended.stderr);
    for words in ["2 objects (0x00000000c9d0efb0, 0x0000000015782859) remaining in cache", "by victim_exit+0x15/0x1000"]
    {
        assert!(ended.junit.contains(words), "{}", ended.junit);
    }
    assert_eq!(ended.judged_again(), Some(1), "the recording has it too");
    let log = fs_err::read_to_string(ended.run.join("kernel.log")).unwrap();
    assert!(log.starts_with("# messages of the kernel in boot 0c0ffee0-test, from number 99\n"), "{log}");
    assert!(log.contains("[    9.000000] BUG victim (Tainted: G O): Objects remaining"), "{log}");
    assert!(!log.contains("KASAN"), "of before the run: {log}");
}

#[test]
fn objects_of_a_cache_that_no_threshold_means_are_a_note() {
    let root = bed();
    let other = REMAINING.replace("victim", "other");
    let ended = logs(root.path(), &other, "{ tag: victim, after_teardown: 1 MiB }");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("no `after_teardown` threshold covers it"), "{}", ended.stdout);
    let root = bed();
    let ended = logs(root.path(), &other, "{ tag: \"o*\", after_teardown: 1 MiB }");
    assert_eq!(ended.code, Some(1), "a cache that was never sampled: {}{}", ended.stdout, ended.stderr);
}

#[test]
fn a_fault_of_the_kernel_is_an_error_with_its_lines() {
    let root = bed();
    let fault = "4,99,9000000,-;BUG: KASAN: slab-use-after-free in victim_read+0x1/0x2 [victim]\n\
                 4,100,9000001,-;Read of size 8 at addr ffff88810d8ec700 by task sh/9\n";
    let ended = logs(root.path(), fault, "{ tag: victim, max_growth: 1 GiB }");
    ended.failed_saying("the kernel reported a fault during the run: BUG: KASAN: slab-use-after-free in victim_read");
    assert!(ended.stdout.contains("Read of size 8 at addr ffff88810d8ec700"), "{}", ended.stdout);
    assert_eq!(ended.judged_again(), Some(3));
}

#[test]
fn lines_that_programs_write_to_the_log_are_not_the_kernels() {
    let root = bed();
    // The kernel assigns facility 1 to all text written to /dev/kmsg.
    let ended = logs(root.path(), "12,99,9000000,-;BUG: KASAN: says a program\n", "{ tag: victim, max_growth: 1 GiB }");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

#[test]
fn an_unreadable_kernel_log_is_reported_and_a_plain_warning_is_a_note() {
    let root = root();
    let ended = Scenario::running("true").on_root(root.path()).run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("a leak that it found may be missing: cannot read"), "{}", ended.stdout);
    assert!(ended.judged_again() == Some(0));
    let root = bed();
    let warning = "4,99,9000000,-;WARNING: CPU: 0 PID: 9 at drivers/victim.c:7 victim_read+0x1/0x2 [victim]\n";
    let ended = logs(root.path(), warning, "{ tag: victim, max_growth: 1 GiB }");
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("the kernel warned: WARNING: CPU: 0"), "{}", ended.stdout);
}

#[test]
fn a_failed_run_shows_the_kernels_reports() {
    let root = bed();
    let scenario = Scenario::running("cat logged >> \"$KMSG\"; false").on_root(root.path());
    write(&scenario.folder().join("logged"), "4,99,9000000,-;Oops: 0000 [#1] PREEMPT SMP\n");
    let kmsg = root.path().join("dev/kmsg").display().to_string();
    let ended = scenario.variable("KMSG", &kmsg).run();
    ended.failed_saying("iteration 1 failed");
    assert!(ended.stdout.contains("the kernel reported a fault: Oops: 0000 [#1]"), "{}", ended.stdout);
    assert!(ended.run.join("kernel.log").exists());
}

/// The root of a machine with 368,064 KiB in slabs of the dentry cache. Objects in use take 282,313,728 B of these.
#[test]
fn a_fragmented_cache_breaks_a_limit_on_slabs() {
    let root = bed();
    let text = fs_err::read_to_string("tests/fixtures/slabinfo/fragmented.slabinfo").unwrap();
    write(&root.path().join("proc/slabinfo"), &text);
    let run = |threshold: &str| Scenario::running("true").on_root(root.path()).threshold(threshold).run();
    let held = run("{ tag: dentry, max_bytes: 300 MiB }");
    assert_eq!(held.code, Some(1), "{}{}", held.stdout, held.stderr);
    let report = fs_err::read_to_string(held.run.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let dentry = report["tags"].as_array().unwrap().iter().find(|tag| tag["tag"] == "dentry").unwrap();
    assert_eq!(dentry["levels"]["bytes_after"], 282_313_728);
    assert_eq!(dentry["slabs"]["bytes_after"], 92_016 * rustix::param::page_size() as u64);
    let in_use = run("{ tag: dentry, max_bytes: 300 MiB, measure: objects }");
    assert_eq!(in_use.code, Some(0), "{}{}", in_use.stdout, in_use.stderr);
}

#[test]
fn check_reports_that_there_are_no_slabs_to_measure() {
    use crate::program::{Completed, poolgate};
    let root = root();
    let scenario = root.path().join("measured.yaml");
    let text = "scenario: measured\nworkload: { run: w, iterations: 9 }\nthresholds:\n  - { tag: victim, max_bytes: 1 MiB, measure: slabs }\n";
    write(&scenario, text);
    let check = || Completed::run(poolgate().arg("check").arg(&scenario).arg("--root").arg(root.path()));
    check().is(0, &["must hold: tag victim max_bytes 1 MiB, measure slabs (now: victim)"]);
    write(&root.path().join("proc/slabinfo"), "slabinfo - version: 2.1\n");
    check().is(0, &["measure slabs (this system has no slab caches to measure"]);
    fs_err::remove_file(root.path().join("proc/slabinfo")).unwrap();
    let checked = check();
    checked.is(2, &["cannot pass: cannot read"]);
    assert_eq!(checked.text().matches("slabinfo").count(), 2, "path and help, and both once: {}", checked.text());
}
