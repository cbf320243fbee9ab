//! One file of tables: what of it was not read.

use super::super::Wrong;
use super::super::passed::{DOUBTS, LINES, Passed, ROWS};

/// The file being read.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) passed: Passed,
    /// Rows that could not be read.
    pub(super) unread: Passed,
    /// Rows that were read and may be wrong.
    pub(super) doubts: Passed,
    /// None of its tables shows every tag.
    pub(super) partial: bool,
    /// Tables and rows before it.
    pub(super) before: (u64, u64),
    /// Where the first table of the log begins before which an unknown time passed.
    pub(super) untimed: Option<u64>,
}

impl File {
    /// Nothing of it is read yet.
    pub(super) fn new(name: &str, before: (u64, u64)) -> File {
        File {
            name: name.to_owned(),
            passed: Passed::of(LINES),
            unread: Passed::of(ROWS),
            doubts: Passed::of(DOUBTS),
            partial: false,
            before,
            untimed: None,
        }
    }

    /// Whether every line was read, or was not to be.
    pub(super) fn is_read_whole(&self) -> bool {
        self.passed.is_empty() && self.unread.is_empty()
    }

    /// What is wrong with it if nothing was read.
    pub(super) fn nothing(&self, what: &str) -> Wrong {
        if self.unread.is_empty() { self.passed.nothing(what) } else { self.unread.nothing(what) }
    }

    /// What a reader should know of it.
    pub(super) fn notes(&self) -> Vec<String> {
        let name = &self.name;
        self.unread.note(name).into_iter().chain(self.doubts.note(name)).chain(self.passed.note(name)).collect()
    }
}
