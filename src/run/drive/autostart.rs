//! What brings poolgate back after a boot: needed by a run which changes flags, useful to any other.

use std::path::Path;

use super::{CheckpointError, Drive, Phase, Trouble};
use crate::machine::MachineError;
use crate::record::Storage;

impl<S: Storage> Drive<'_, S> {
    /// Sets autostart. A run which changes flags does not go on without it, unless some are changed already: those are
    /// put back.
    pub(super) fn set_autostart(&mut self) -> Result<(), CheckpointError> {
        let comes_back = self.state().created.comes_back;
        if !self.changes_flags() && !comes_back {
            return Ok(());
        }
        let Err(error) = self.autostart(Some(self.folder)) else { return Ok(()) };
        if !self.changes_flags() {
            return Ok(());
        }
        let message = format!("cannot set autostart: {error}");
        if self.state().phase != Phase::Arm {
            return self.checkpoint.note(message);
        }
        let help = error.help().map(str::to_owned);
        self.enter(Phase::Restore, Some(Trouble { message, help, output: String::new() }))
    }

    fn autostart(&mut self, run: Option<&Path>) -> Result<(), MachineError> {
        self.machine.autostart.set(run)?;
        self.machine.autostart.flush()
    }

    /// Removes autostart, unless it is another run's by now.
    pub(super) fn autostart_off(&mut self) -> Result<(), MachineError> {
        if !self.changes_flags() && !self.state().created.comes_back {
            return Ok(());
        }
        let removed = self.machine.autostart.get().and_then(|next| match next {
            Some(run) if run != self.folder => Ok(()),
            // Also when there is none to be seen: its removal may not be on disk.
            Some(_) | None => self.autostart(None),
        });
        // A run without flags is not worth failing for it: the next boot finds that the run is over.
        if self.changes_flags() { removed } else { Ok(()) }
    }
}
