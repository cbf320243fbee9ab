//! Why a file cannot be judged, and what to do about it.

use std::io;

use crate::record::RecordError;

/// What can be read.
pub(super) const WHAT_TO_GIVE: &str =
    "give a recording.pgr, the folder of a run, a log that docs/logs.md lists, or one as CSV (docs/csv.md)";

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read; the text names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is, or was to become, a recording, and something is wrong with that.
    #[error(transparent)]
    Recording(#[from] RecordError),
    /// The file is something else, or its beginning is wrong.
    #[error("{name} {what}")]
    Beginning {
        /// The file's path.
        name: String,
        /// What is wrong with it.
        what: String,
        /// What to do.
        help: String,
    },
    /// A row is so wrong that nothing is judged: in a log whose maker is asked for whole rows, or where what follows would be
    /// taken for something else.
    #[error("{name}, line {line}: {what}")]
    Row {
        /// The file's path.
        name: String,
        /// The line its row begins in, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
        /// What would be right.
        help: String,
    },
    /// Several sources say when tables were taken, and contradict each other; or one can be understood in two ways.
    #[error("{name}: {what}")]
    Times {
        /// The file's path, with the line where one is to blame.
        name: String,
        /// Which sources say what.
        what: String,
        /// What to do.
        help: String,
    },
}

impl ImportError {
    /// Whether there is no such file: a mistake of whoever named it.
    pub fn is_missing(&self) -> bool {
        // A name that Windows allows no file to have is none of a file that is there.
        let missing = |kind| matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename);
        matches!(self, ImportError::Io(error) if missing(error.kind()))
    }

    /// What to do about it, where that is known.
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

/// What is wrong with a row or a beginning, and what would be right; the place is added by who knows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) help: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, help: impl Into<String>) -> Wrong {
        Wrong { what: what.into(), help: help.into() }
    }
}
