//! How the system itself reports that a boot before this one ended in a crash (Windows).

use jiff::Timestamp;

/// An event about the end of a boot that was not shut down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bugcheck {
    /// When the event was written, which is in the next boot.
    pub at: Timestamp,
    /// The bugcheck code; 0 where the kernel recorded none.
    pub code: u64,
    /// Its parameters, four of them.
    pub parameters: Vec<u64>,
    /// The dump, where the event is the one that is written when the dump has been saved.
    pub dump: Option<String>,
}
