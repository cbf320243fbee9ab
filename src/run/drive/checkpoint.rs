//! A run's checkpoint: its entries on disk, and where they say it stands.
//!
//! A run exists once its first entry is on disk, before anything is changed. Each phase is entered by one more entry.
//! Re-entry after any crash is just doing the phase again.

use jiff::Timestamp;

use super::entry::{Created, Entry, Trouble, VERSION};
use super::phase::Phase;
use super::state::{State, fold};
use crate::machine::BootId;
use crate::record::{Journal, JournalError, Storage};

/// A run's journal and where it stands.
#[derive(Debug)]
pub struct Checkpoint<S> {
    journal: Journal<S>,
    state: State,
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The journal itself.
    #[error("cannot read the checkpoint: {0}")]
    Journal(#[from] JournalError),
    /// There is no whole line in it: the run never began, or the file was cut.
    #[error("the checkpoint is empty")]
    Empty,
    /// Another program's file.
    #[error("the file does not begin like a checkpoint")]
    Foreign,
    /// Only a newer poolgate can go on.
    #[error("the checkpoint was written by a newer poolgate ({program}, format {version}; this one reads {VERSION})")]
    Newer {
        /// The poolgate which wrote it.
        program: String,
        /// The format's version.
        version: u32,
    },
    /// The entries are whole, but no run can have written them.
    #[error("the checkpoint is invalid: a run never goes from {from} to {to}")]
    Illegal {
        /// The phase before.
        from: Phase,
        /// The phase after.
        to: Phase,
    },
}

impl<S: Storage> Checkpoint<S> {
    /// Begins a run: from here on it can be undone, and nothing may be changed before.
    ///
    /// # Errors
    /// When that could not be written; the run does not exist then.
    pub fn create(storage: S, created: Created) -> Result<Checkpoint<S>, CheckpointError> {
        let (mut journal, _) = Journal::open::<Entry>(storage)?;
        journal.append(&Entry::Created(Box::new(created.clone()))).map_err(JournalError::Io)?;
        Ok(Checkpoint { journal, state: State::new(created) })
    }

    /// Takes up a run.
    ///
    /// # Errors
    /// When its journal is not one a run can have written. Nothing is changed then.
    pub fn open(storage: S) -> Result<Checkpoint<S>, CheckpointError> {
        let (journal, entries) = Journal::open::<Entry>(storage)?;
        Ok(Checkpoint { journal, state: fold(entries)? })
    }

    /// Replaces a damaged checkpoint by one which puts everything back and ends the run as an error. The beginning of the
    /// run comes from the checkpoint's first line if that is whole, else from `copy`.
    ///
    /// # Errors
    /// The `damage` itself, when neither is whole or only a newer poolgate can read it; else when the new checkpoint cannot
    /// be written.
    pub fn recover(
        mut storage: S,
        copy: Option<Created>,
        damage: CheckpointError,
    ) -> Result<Checkpoint<S>, CheckpointError> {
        let first = match &damage {
            CheckpointError::Newer { .. } => return Err(damage),
            CheckpointError::Journal(JournalError::Io(_)) => return Err(damage),
            _ => Journal::first::<Entry>(&mut storage).map_err(JournalError::Io)?,
        };
        let created = match (first, copy) {
            (Some(Entry::Created(created)), _) => *created,
            (_, Some(created)) => created,
            _ => return Err(damage),
        };
        if created.version > VERSION {
            return Err(CheckpointError::Newer { program: created.program, version: created.version });
        }
        let trouble = Trouble {
            message: format!("the run was ended because its checkpoint is damaged: {damage}"),
            help: Some("find the program that wrote to it or to its disk; then start the run again".to_owned()),
            output: String::new(),
        };
        let boot = created.boot.clone();
        let entries = vec![
            Entry::Created(Box::new(created)),
            // What the damaged lines said is not known: a run which was measuring had set up.
            Entry::SettingUp,
            Entry::Entered { phase: Phase::Restore, boot, at: Timestamp::now(), trouble: Some(trouble) },
        ];
        let journal = Journal::restart(storage, &entries).map_err(JournalError::Io)?;
        Ok(Checkpoint { journal, state: fold(entries)? })
    }

    /// Where the run stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn resumed(&mut self, boot: BootId) -> Result<(), CheckpointError> {
        self.append(Entry::Resumed { boot, at: Timestamp::now() })
    }

    pub(super) fn enter(
        &mut self,
        phase: Phase,
        boot: BootId,
        trouble: Option<Trouble>,
    ) -> Result<(), CheckpointError> {
        self.append(Entry::Entered { phase, boot, at: Timestamp::now(), trouble })
    }

    /// Ends the run early: whatever it changed is put back the next time it is taken up.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn abort(&mut self, boot: BootId, because: &str) -> Result<(), CheckpointError> {
        match self.state.phase {
            Phase::Arm | Phase::BootArmed | Phase::Measure => {
                self.enter(Phase::Restore, boot, Some(because.to_owned().into()))
            }
            Phase::Restore | Phase::BootRestored | Phase::Report | Phase::Done => Ok(()),
        }
    }

    /// Leaves the flags as they are: the next time the run is taken up it ends without putting them back.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn leave_flags(&mut self) -> Result<(), CheckpointError> {
        self.append(Entry::LeaveFlags)
    }

    pub(super) fn write(&mut self, entry: Entry) -> Result<(), CheckpointError> {
        self.append(entry)
    }

    /// Adds a line which readers of the report will see; one which is there already is not repeated.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn note(&mut self, note: String) -> Result<(), CheckpointError> {
        if self.state.notes.contains(&note) { Ok(()) } else { self.append(Entry::Noted(note)) }
    }

    fn append(&mut self, entry: Entry) -> Result<(), CheckpointError> {
        let mut next = self.state.clone();
        next.take(entry.clone())?;
        self.journal.append(&entry).map_err(JournalError::Io)?;
        self.state = next;
        Ok(())
    }
}
