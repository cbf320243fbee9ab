//! The scenarios for the live Linux kernel, as a user would run them: real slab caches, real leaks.
//!
//! They need root, since only root reads /proc/slabinfo. Without it they print a note and pass, but fail in CI.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The expected result of a scenario.
struct Expected {
    name: &'static str,
    code: i32,
    /// A leak's tag. Each leak really leaves one object per iteration.
    leak: Option<&'static str>,
}

const EXPECTED: [Expected; 4] = [
    Expected { name: "clean-tmpfs-files", code: 0, leak: None },
    Expected { name: "file-churn", code: 0, leak: None },
    Expected { name: "leaks-keys", code: 1, leak: Some("key_jar") },
    Expected { name: "leaks-tmpfs-files", code: 1, leak: Some("shmem_inode_cache") },
];

#[test]
fn real_leaks_are_broken_with_their_rate_and_the_others_hold() {
    if let Some(because) = missing() {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to run the live scenarios: {because}");
        eprintln!("skipped, because {because}");
        return;
    }
    for Expected { name, code, leak } in EXPECTED {
        let reports = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_poolgate"))
            .args(["run", &format!("scenarios/linux/{name}.yaml"), "--reports"])
            .arg(reports.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{name}:\n{told}");
        let run = fs_err::read_dir(reports.path()).unwrap().next().unwrap().unwrap().path();
        if let Some(tag) = leak {
            let rate = rate(&run, tag);
            assert!((rate - 1.0).abs() < 0.15, "{name}: {tag} by {rate} objects an iteration\n{told}");
        }
        nothing_is_left(&run);
    }
}

fn missing() -> Option<String> {
    if let Err(error) = fs_err::read("/proc/slabinfo") {
        return Some(error.to_string());
    }
    let keyctl = Command::new("keyctl").arg("--version").output();
    keyctl.err().map(|error| format!("keyctl (package keyutils) does not start: {error}"))
}

/// Returns the rate of `tag` in a run's report, in objects per iteration.
fn rate(run: &Path, tag: &str) -> f64 {
    let report: Value = serde_json::from_slice(&fs_err::read(run.join("report.json")).unwrap()).unwrap();
    let tags = report["tags"].as_array().unwrap();
    let figures = tags.iter().find(|figures| figures["tag"] == tag).unwrap();
    figures["evidence"]["objects_per_iteration"]["rate"].as_f64().unwrap()
}

fn nothing_is_left(run: &Path) {
    let name = run.file_name().unwrap().to_str().unwrap();
    for folder in ["/dev/shm", "/var/tmp"] {
        assert!(!Path::new(folder).join(name).exists(), "{folder}/{name} is left");
    }
    let keys = Command::new("keyctl").args(["show", "@u"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&keys.stdout).contains(name), "the keyring {name} is left");
}
