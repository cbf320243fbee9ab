//! The errors of an import, with advice for the user.

use std::io;

use miette::Diagnostic;

use crate::record::RecordError;

/// Advice that lists the accepted inputs.
pub(super) const WHAT_TO_GIVE: &str =
    "give a recording.pgr, the folder of a run, a log that docs/logs.md lists, or one as CSV (docs/csv.md)";

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ImportError {
    /// An I/O error; its text names the file.
    #[error(transparent)]
    Io(io::Error),
    /// The path is not that of a log: it does not exist, or is not a file. The text names it.
    #[error(transparent)]
    #[diagnostic(help("{}", WHAT_TO_GIVE))]
    NoLog(io::Error),
    /// The recording cannot be read or written.
    #[error(transparent)]
    #[diagnostic(help("{}", WHAT_TO_GIVE))]
    Recording(#[from] RecordError),
    /// The file has an unknown format, or its beginning is wrong.
    #[error("{name} {what}")]
    Beginning {
        /// The file's path.
        name: String,
        /// The problem.
        what: String,
        /// Advice for the user.
        #[help]
        help: String,
    },
    /// A row is so wrong that nothing is judged: the format requires valid rows, or the rows after it would be misread.
    #[error("{name}, line {line}: {what}")]
    Row {
        /// The file's path.
        name: String,
        /// The line in which the row begins, counted from 1.
        line: u64,
        /// The problem.
        what: String,
        /// Advice for the user.
        #[help]
        help: String,
    },
    /// Several sources of the tables' times contradict each other, or one source is ambiguous.
    #[error("{name}: {what}")]
    Times {
        /// The file's path, with the line if one line is the cause.
        name: String,
        /// The contradicting sources, or the possible readings.
        what: String,
        /// Advice for the user.
        #[help]
        help: String,
    },
}

impl ImportError {
    /// Whether the file does not exist, so the given path is wrong.
    pub fn is_missing(&self) -> bool {
        // A file name that Windows does not allow cannot belong to an existing file.
        let missing = |kind| matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename);
        matches!(self, ImportError::Io(error) | ImportError::NoLog(error) if missing(error.kind()))
    }
}

impl From<io::Error> for ImportError {
    fn from(error: io::Error) -> ImportError {
        match error.kind() {
            io::ErrorKind::InvalidInput | io::ErrorKind::NotFound => ImportError::NoLog(error),
            _ => ImportError::Io(error),
        }
    }
}

/// A problem in a row or a beginning, with advice. The caller adds the place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LogProblem {
    pub(super) what: String,
    pub(super) help: String,
}

impl LogProblem {
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> LogProblem {
        LogProblem { what: what.into(), help: help.into() }
    }
}
