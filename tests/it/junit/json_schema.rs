//! Checks with PyPI's `jsonschema` that poolgate's output for programs matches the committed schemas.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python;

/// The schema of `report.json` and `judge --json`.
pub(crate) const REPORT: &str = "docs/report.schema.json";
const COMPARISON: &str = "docs/comparison.schema.json";

/// Returns the violations of a schema in a file, one per line. Returns `None` and prints a note if jsonschema is
/// missing.
pub(crate) fn broken(schema: &str, file: &Path) -> Option<String> {
    let python = python::with("jsonschema", "jsonschema")?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = root.join("tests/it/junit/json_schema.py");
    let output = Command::new(python).arg(script).arg(root.join(schema)).arg(file).output().unwrap();
    assert!(output.status.success(), "jsonschema failed: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// Writes a log of a tag that leaks `leak` objects per iteration.
fn log(home: &Path, leak: u64) -> PathBuf {
    let rows = (0..80).map(|at| format!("{at},{at},MyD1,Nonp,{},,{}\n", 100 + at * leak, (100 + at * leak) * 64));
    let path = home.join(format!("leak{leak}.csv"));
    let header = "t_seconds,iteration,tag,pool,allocs,frees,bytes\n".to_owned();
    fs_err::write(&path, header + &rows.collect::<String>()).unwrap();
    path
}

/// Writes the output of a command to a file; `code` is the expected exit code.
fn printed(home: &Path, command: &str, files: &[&Path], code: i32) -> PathBuf {
    let mut poolgate = assert_cmd::Command::new(env!("CARGO_BIN_EXE_poolgate"));
    let ended = poolgate.args([command, "--json", "--no-confirm"]).args(files).assert().code(code);
    let path = home.join(format!("{command}-{code}.json"));
    fs_err::write(&path, &ended.get_output().stdout).unwrap();
    path
}

#[test]
fn printed_json_matches_its_schema() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (clean, leaky, absent) = (log(home, 0), log(home, 2), home.join("absent.csv"));
    let judged = |files: &[&Path], code| printed(home, "judge", files, code);
    let reports = [judged(&[&clean], 0), judged(&[&clean, &leaky], 1), judged(&[&absent], 2)];
    let compared = |base: &Path, candidate: &Path, code| printed(home, "compare", &[base, candidate], code);
    let comparisons = [compared(&clean, &clean, 0), compared(&clean, &leaky, 1), compared(&absent, &clean, 2)];
    for (schema, other, files) in [(REPORT, COMPARISON, &reports), (COMPARISON, REPORT, &comparisons)] {
        for file in files {
            let Some(broken) = broken(schema, file) else { return };
            assert_eq!(broken, "", "{schema}");
            assert!(self::broken(other, file).is_some_and(|broken| broken.contains("was expected")), "{other}");
        }
    }
}
