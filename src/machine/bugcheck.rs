//! The system's own record of a crash in an earlier boot (Windows).

use jiff::Timestamp;

/// An event about the end of a boot that was not shut down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bugcheck {
    /// The time when the event was written, in the boot after the crash.
    pub at: Timestamp,
    /// The bugcheck code; 0 if the kernel recorded none.
    pub code: u64,
    /// Its four parameters.
    pub parameters: Vec<u64>,
    /// The path of the dump, in the event that is written once the dump has been saved.
    pub dump: Option<String>,
}
