//! A run syncs the files it relies on, because a power cut loses unsynced ones. strace counts the calls.

use std::path::Path;
use std::process::Command;

use super::harness::Scenario;

/// Counts the syncs of a path in strace's output: `fsync(5</path>)`.
fn synced(trace: &Path, name: &str) -> usize {
    let text = fs_err::read_to_string(trace).unwrap();
    let calls = text.lines().filter(|line| line.contains("sync(") && line.trim_end().ends_with("= 0"));
    calls.filter(|line| line.split(['<', '>']).nth(1).is_some_and(|path| path.ends_with(name))).count()
}

#[test]
fn everything_a_run_relies_on_is_synced() {
    if Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI must have strace");
        eprintln!("skipped, because there is no strace");
        return;
    }
    let scenario = Scenario::with_flag("true");
    let trace = scenario.folder().join("trace");
    let ended =
        scenario.by(&["strace", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o", trace.to_str().unwrap()]).run();
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let folder = ended.run.file_name().unwrap().to_str().unwrap();
    // A recording is synced at its beginning and end, the checkpoint for each phase, and its folder for the file name.
    for (name, least) in [("/recording.pgr", 2), ("/checkpoint.jsonl", 8), ("/beginning.jsonl", 1), (folder, 3)] {
        let times = synced(&trace, name);
        assert!(times >= least, "{name} was synced {times} times, and {least} are needed");
    }
}
