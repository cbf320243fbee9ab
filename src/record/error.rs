//! Errors of recordings. Damage in the middle of a file is not an error: see [`Event::Damaged`](super::Event::Damaged).

use std::io;
use std::path::PathBuf;

/// Why a recording cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The file could not be created, written or read; the text names it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is of another kind.
    #[error("{name} is not a poolgate recording")]
    Foreign {
        /// The path of the file.
        name: String,
    },
    /// The machine went down while the file was created, or its beginning is damaged.
    #[error("{name} has no whole header: it was cut off or damaged right where it begins")]
    NoHeader {
        /// The path of the file.
        name: String,
    },
    /// Only a newer poolgate can read the file.
    #[error("{name} was written by a newer poolgate (format {found}, this one reads {})", super::header::VERSION)]
    Newer {
        /// The path of the file.
        name: String,
        /// The version of the file's format.
        found: u64,
    },
    /// The file is larger than any recording.
    #[error("{name} is larger than {} GiB, which no recording is", super::input::LARGEST >> 30)]
    TooLong {
        /// The path of the file.
        name: String,
    },
    /// The recording is of another run, another scenario or another boot.
    #[error("{name} {what}")]
    OfAnother {
        /// The path of the file.
        name: String,
        /// The part that differs, as text for people.
        what: String,
    },
    /// An earlier frame could not be written, so later frames would not fit.
    #[error("nothing more can be added to {}: an earlier write failed ({because})", path.display())]
    Stopped {
        /// The path of the file.
        path: PathBuf,
        /// The kind of error of that earlier write.
        because: io::ErrorKind,
    },
    /// A recording holds samples of one snapshot, which can only gain rows.
    #[error("the snapshot is not the one recorded so far ({recorded} rows were recorded, it has {given})")]
    OtherSnapshot {
        /// Rows recorded so far.
        recorded: usize,
        /// Rows of the snapshot given.
        given: usize,
    },
}

impl RecordError {
    /// Returns whether the disk is full or a quota is used up, now or when the recorder stopped.
    pub fn is_disk_full(&self) -> bool {
        let kind = match self {
            RecordError::Io(error) => error.kind(),
            RecordError::Stopped { because, .. } => *because,
            RecordError::Foreign { .. }
            | RecordError::NoHeader { .. }
            | RecordError::Newer { .. }
            | RecordError::TooLong { .. }
            | RecordError::OfAnother { .. }
            | RecordError::OtherSnapshot { .. } => return false,
        };
        matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}
