//! A run's checkpoint: its entries on disk, and the state they add up to.
//!
//! A run exists once its first entry is on disk, before anything is changed. Each phase begins with one more entry.
//! After a crash, a process resumes the run by repeating its phase.

use jiff::Timestamp;

use super::entry::{CheckpointEntry, Created, VERSION};
use super::phase::Phase;
use super::state::{State, fold};
use crate::failure::Failure;
use crate::machine::BootId;
use crate::record::{Journal, JournalError, Storage};

/// A run's journal and its current state.
#[derive(Debug)]
pub struct Checkpoint<S> {
    journal: Journal<S>,
    state: State,
}

/// The reason why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The journal cannot be read or written.
    #[error("cannot read the checkpoint: {0}")]
    Journal(#[from] JournalError),
    /// The journal has no complete line: the run never began, or the file was truncated.
    #[error("the checkpoint is empty")]
    Empty,
    /// The file belongs to another program.
    #[error("the file does not begin like a checkpoint")]
    Foreign,
    /// The checkpoint is from a newer poolgate, and only that can continue.
    #[error("the checkpoint was written by a newer poolgate ({program}, format {version}; this one reads {VERSION})")]
    Newer {
        /// The version of poolgate that wrote it.
        program: String,
        /// The format's version.
        version: u32,
    },
    /// The entries are intact, but their order is impossible.
    #[error("the checkpoint is invalid: a run never goes from {from} to {to}")]
    Illegal {
        /// The earlier phase.
        from: Phase,
        /// The later phase.
        to: Phase,
    },
}

impl<S: Storage> Checkpoint<S> {
    /// Begins a run. After this the run can be undone, and nothing may be changed before.
    ///
    /// # Errors
    /// If the first entry cannot be written. The run does not exist then.
    pub fn create(storage: S, created: Created) -> Result<Checkpoint<S>, CheckpointError> {
        let (mut journal, _) = Journal::open::<CheckpointEntry>(storage)?;
        journal.append(&CheckpointEntry::Created(Box::new(created.clone()))).map_err(JournalError::Io)?;
        Ok(Checkpoint { journal, state: State::new(created) })
    }

    /// Opens the checkpoint of an existing run.
    ///
    /// # Errors
    /// If the journal cannot be read, or if its entries are invalid. Nothing is changed then.
    pub fn open(storage: S) -> Result<Checkpoint<S>, CheckpointError> {
        let (journal, entries) = Journal::open::<CheckpointEntry>(storage)?;
        Ok(Checkpoint { journal, state: fold(entries)? })
    }

    /// Replaces a damaged checkpoint by one that restores everything and ends the run with an error. The beginning of
    /// the run comes from the checkpoint's first line if that line is intact, or else from `copy`.
    ///
    /// # Errors
    /// The `damage` itself if neither is intact, if only a newer poolgate can read it, or if the journal fails with an
    /// I/O error. Another error if the new checkpoint cannot be written.
    pub fn recover(
        mut storage: S,
        copy: Option<Created>,
        damage: CheckpointError,
    ) -> Result<Checkpoint<S>, CheckpointError> {
        let first = match &damage {
            CheckpointError::Newer { .. } => return Err(damage),
            CheckpointError::Journal(JournalError::Io(_)) => return Err(damage),
            _ => Journal::first::<CheckpointEntry>(&mut storage).map_err(JournalError::Io)?,
        };
        let created = match (first, copy) {
            (Some(CheckpointEntry::Created(created)), _) => *created,
            (_, Some(created)) => created,
            _ => return Err(damage),
        };
        if created.version > VERSION {
            return Err(CheckpointError::Newer { program: created.program, version: created.version });
        }
        let trouble = Failure::with_help(
            format_args!("the run was ended because its checkpoint is damaged: {damage}"),
            "find the program that wrote to it or to its disk; then start the run again",
        );
        let boot = created.boot.clone();
        let entries = vec![
            CheckpointEntry::Created(Box::new(created)),
            // The damaged lines are unknown. Assume that the run had begun setup.
            CheckpointEntry::SettingUp,
            CheckpointEntry::Entered { phase: Phase::Restore, boot, at: Timestamp::now(), trouble: Some(trouble) },
        ];
        let journal = Journal::restart(storage, &entries).map_err(JournalError::Io)?;
        Ok(Checkpoint { journal, state: fold(entries)? })
    }

    /// Returns the state of the run.
    pub fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn resumed(&mut self, boot: BootId) -> Result<(), CheckpointError> {
        self.append(CheckpointEntry::Resumed { boot, at: Timestamp::now() })
    }

    pub(super) fn enter(
        &mut self,
        phase: Phase,
        boot: BootId,
        trouble: Option<Failure>,
    ) -> Result<(), CheckpointError> {
        self.append(CheckpointEntry::Entered { phase, boot, at: Timestamp::now(), trouble })
    }

    /// Ends the run early. When it is next resumed, everything it changed is restored.
    ///
    /// # Errors
    /// If the entry cannot be written.
    pub fn abort(&mut self, boot: BootId, because: &str) -> Result<(), CheckpointError> {
        match self.state.phase {
            Phase::Arm | Phase::BootArmed | Phase::Measure => {
                self.enter(Phase::Restore, boot, Some(Failure::new(because)))
            }
            Phase::Restore | Phase::BootRestored | Phase::Report | Phase::Done => Ok(()),
        }
    }

    /// Leaves the flags as they are: when the run is next resumed, it ends without restoring them.
    ///
    /// # Errors
    /// If the entry cannot be written.
    pub fn leave_flags(&mut self) -> Result<(), CheckpointError> {
        self.append(CheckpointEntry::LeaveFlags)
    }

    pub(super) fn write(&mut self, entry: CheckpointEntry) -> Result<(), CheckpointError> {
        self.append(entry)
    }

    /// Adds a note for readers of the report, unless the same note is already there.
    ///
    /// # Errors
    /// If the entry cannot be written.
    pub fn note(&mut self, note: String) -> Result<(), CheckpointError> {
        if self.state.notes.contains(&note) { Ok(()) } else { self.append(CheckpointEntry::Noted(note)) }
    }

    fn append(&mut self, entry: CheckpointEntry) -> Result<(), CheckpointError> {
        let mut next = self.state.clone();
        next.take(entry.clone())?;
        self.journal.append(&entry).map_err(JournalError::Io)?;
        self.state = next;
        Ok(())
    }
}
