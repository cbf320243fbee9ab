//! One file of tables, and its lines that were not read.

use super::super::LogProblem;
use super::super::passed::{DOUBTS, LINES, Passed, ROWS};

/// The file being read.
#[derive(Debug)]
pub(super) struct LogFile {
    pub(super) name: String,
    pub(super) passed: Passed,
    /// Rows that could not be read.
    pub(super) unread: Passed,
    /// Rows that were read and may be wrong.
    pub(super) doubts: Passed,
    /// Whether none of its tables shows every tag.
    pub(super) partial: bool,
    /// The number of tables and of rows before it.
    pub(super) before: (u64, u64),
    /// The line of the first table in the log with an unknown time before it.
    pub(super) untimed: Option<u64>,
}

impl LogFile {
    pub(super) fn new(name: &str, before: (u64, u64)) -> LogFile {
        LogFile {
            name: name.to_owned(),
            passed: Passed::new(LINES),
            unread: Passed::new(ROWS),
            doubts: Passed::new(DOUBTS),
            partial: false,
            before,
            untimed: None,
        }
    }

    /// Whether no line was left unread.
    pub(super) fn is_read_whole(&self) -> bool {
        self.passed.is_empty() && self.unread.is_empty()
    }

    /// The error for a file without any readable `what`.
    pub(super) fn nothing(&self, what: &str) -> LogProblem {
        if self.unread.is_empty() { self.passed.nothing(what) } else { self.unread.nothing(what) }
    }

    /// Notes for the user about the file.
    pub(super) fn notes(&self) -> Vec<String> {
        let name = &self.name;
        self.unread.note(name).into_iter().chain(self.doubts.note(name)).chain(self.passed.note(name)).collect()
    }
}
