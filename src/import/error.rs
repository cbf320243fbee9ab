//! The errors of an import, with advice for the user.

use std::io;

use crate::record::RecordError;

/// Advice that lists the accepted inputs.
pub(super) const WHAT_TO_GIVE: &str =
    "give a recording.pgr, the folder of a run, a log that docs/logs.md lists, or one as CSV (docs/csv.md)";

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An I/O error; its text names the file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The recording cannot be read or written.
    #[error(transparent)]
    Recording(#[from] RecordError),
    /// The file has an unknown format, or its beginning is wrong.
    #[error("{name} {what}")]
    Beginning {
        /// The file's path.
        name: String,
        /// The problem.
        what: String,
        /// Advice for the user.
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
        help: String,
    },
}

impl ImportError {
    /// Whether the file does not exist, so the given path is wrong.
    pub fn is_missing(&self) -> bool {
        // A file name that Windows does not allow cannot belong to an existing file.
        let missing = |kind| matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename);
        matches!(self, ImportError::Io(error) if missing(error.kind()))
    }

    /// Advice for the user, if there is any.
    pub fn help(&self) -> Option<&str> {
        match self {
            ImportError::Io(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::NotFound) => {
                Some(WHAT_TO_GIVE)
            }
            ImportError::Io(_) => None,
            ImportError::Recording(_) => Some(WHAT_TO_GIVE),
            ImportError::Beginning { help, .. } | ImportError::Row { help, .. } | ImportError::Times { help, .. } => {
                Some(help)
            }
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
