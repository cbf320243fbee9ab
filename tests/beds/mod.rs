//! Shared by the test beds of QEMU and Wine: programs of this machine, run by a test bed.
//!
//! If a program is not installed, a test may be skipped. If a program fails, the test fails.

use std::fmt;
use std::process::Command;

/// The reason why this machine has no test bed.
#[derive(Debug, Clone)]
pub(crate) struct Missing(pub(crate) String);

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the prepared bed, or prints the missing part and returns nothing. In CI a missing part is a failure.
pub(crate) fn bed_or_skip<T>(prepared: &Result<T, Missing>) -> Option<&T> {
    match prepared {
        Ok(bed) => Some(bed),
        Err(because) => {
            assert!(std::env::var_os("CI").is_none(), "CI must be able to run this test bed: {because}");
            eprintln!("skipped, because {because}");
            None
        }
    }
}

/// Returns the command's output. Panics with its error output if it fails.
pub(crate) fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed with {}:\n{complaint}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
