//! The Python which has the readers that are not ours: `POOLGATE_TEST_PYTHON`, or `python3`. What a test lacks it says, and
//! is skipped; with `CI=true` it fails, because nobody would read what it says.

use std::ffi::OsString;
use std::process::Command;

/// A Python which can import `module`, of PyPI's `package`. `None`, said on stderr, where there is none.
pub(crate) fn with(package: &str, module: &str) -> Option<OsString> {
    let python = std::env::var_os("POOLGATE_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let there = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if there.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    let why = format!("{} has no {package}: name one that has in POOLGATE_TEST_PYTHON", python.display());
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{why}");
    eprintln!("skipped, because {why}");
    None
}
