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
    /// A leak's tag, and the functions that leak, with the real rate of each in objects per iteration.
    leak: Option<(&'static str, &'static [(&'static str, f64)])>,
}

const EXPECTED: [Expected; 5] = [
    Expected { name: "clean-tmpfs-files", code: 0, leak: None },
    Expected { name: "file-churn", code: 0, leak: None },
    Expected { name: "leaks-keys", code: 1, leak: Some(("key_jar", &[("key_alloc", 1.0)])) },
    Expected { name: "leaks-tmpfs-files", code: 1, leak: Some(("shmem_inode_cache", &[("shmem_alloc_inode", 1.0)])) },
    Expected { name: "leaks-two-paths", code: 1, leak: Some(("kmalloc-cg-256", &[("newque", 1.0), ("newseg", 0.5)])) },
];

#[test]
fn real_leaks_are_broken_with_their_rate_and_the_others_hold() {
    if let Some(because) = missing() {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to run the live scenarios: {because}");
        eprintln!("skipped, because {because}");
        return;
    }
    for Expected { name, code, leak } in EXPECTED {
        let run = Run::new(name, &[]);
        assert_eq!(run.code, Some(code), "{name}:\n{}", run.printed);
        let leaking = leak.into_iter().flat_map(|(_, functions)| functions);
        if let Some((tag, _)) = leak {
            let real: f64 = leaking.clone().map(|(_, rate)| rate).sum();
            let rate = run.tag(tag)["evidence"]["objects_per_iteration"]["rate"].as_f64().unwrap();
            assert!((rate - real).abs() < 0.15, "{name}: {tag} by {rate} objects an iteration\n{}", run.printed);
        }
        for (function, real) in leaking.filter(|_| can_follow()) {
            let rate = run.rate_of_function(leak.unwrap().0, function);
            assert!((rate / real - 1.0).abs() < 0.05, "{name}: {function} {rate} an iteration\n{}", run.printed);
            assert!(run.printed.contains(&format!("allocated by {function} ←")), "{}", run.printed);
        }
        if leak.is_none() {
            assert!(!run.printed.contains("allocated by"), "{}", run.printed);
        }
    }
    let name = "leaks-two-paths";
    let without = Run::new(name, &["--no-stacks"]);
    assert_eq!(without.code, Some(1), "{}", without.printed);
    assert!(without.tag("kmalloc-cg-256")["call_paths"].is_null());
    assert!(!without.printed.contains("allocated by"), "{}", without.printed);
}

/// A finished run of a scenario.
struct Run {
    code: Option<i32>,
    printed: String,
    report: Value,
}

impl Run {
    fn new(name: &str, options: &[&str]) -> Run {
        let reports = tempfile::tempdir().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_poolgate"))
            .args(["run", &format!("scenarios/linux/{name}.yaml")])
            .args(options)
            .arg("--reports")
            .arg(reports.path())
            .output()
            .unwrap();
        let folder = fs_err::read_dir(reports.path()).unwrap().next().unwrap().unwrap().path();
        nothing_is_left(&folder);
        Run {
            code: output.status.code(),
            printed: String::from_utf8_lossy(&output.stdout).into_owned(),
            report: serde_json::from_slice(&fs_err::read(folder.join("report.json")).unwrap()).unwrap(),
        }
    }

    fn tag(&self, tag: &str) -> &Value {
        self.report["tags"].as_array().unwrap().iter().find(|figures| figures["tag"] == tag).unwrap()
    }

    /// Returns the rate of a tag's live objects that this function allocated, per iteration.
    fn rate_of_function(&self, tag: &str, function: &str) -> f64 {
        let followed = &self.tag(tag)["call_paths"];
        let calls =
            |path: &&Value| path["frames"].as_array().unwrap().iter().any(|frame| frame["function"] == function);
        let paths = followed["paths"].as_array().unwrap().iter().filter(calls);
        let alive: u64 = paths.map(|path| path["alive"].as_u64().unwrap()).sum();
        alive as f64 / followed["iterations"].as_f64().unwrap()
    }
}

/// Whether this kernel can follow objects. In CI every kernel with BTF must.
fn can_follow() -> bool {
    #[cfg(feature = "objects")]
    let available = poolgate::machine::linux::ObjectTracer::available().is_ok();
    #[cfg(not(feature = "objects"))]
    let available = false;
    if !available {
        eprintln!("call paths are skipped: this kernel or this poolgate cannot follow objects");
    }
    available
}

fn missing() -> Option<String> {
    if let Err(error) = fs_err::read("/proc/slabinfo") {
        return Some(error.to_string());
    }
    let keyctl = Command::new("keyctl").arg("--version").output();
    keyctl.err().map(|error| format!("keyctl (package keyutils) does not start: {error}"))
}

fn nothing_is_left(run: &Path) {
    let name = run.file_name().unwrap().to_str().unwrap();
    for folder in ["/dev/shm", "/var/tmp"] {
        assert!(!Path::new(folder).join(name).exists(), "{folder}/{name} is left");
    }
    let keys = Command::new("keyctl").args(["show", "@u"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&keys.stdout).contains(name), "the keyring {name} is left");
}
