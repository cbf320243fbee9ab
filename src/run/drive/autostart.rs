//! Sets and removes autostart, the mechanism that starts poolgate again after a boot. A run that changes flags needs
//! it; other runs may use it.

use std::path::Path;

use super::{CheckpointError, Drive, Phase};
use crate::failure::Failure;
use crate::machine::MachineError;
use crate::record::Storage;

impl<S: Storage> Drive<'_, S> {
    /// Sets autostart. If this fails in phase Arm, a run that changes flags goes straight to Restore. In a later phase,
    /// the run only notes the failure and continues, because its flags still have to be restored.
    pub(super) fn set_autostart(&mut self) -> Result<(), CheckpointError> {
        let comes_back = self.state().created.comes_back;
        if !self.changes_flags() && !comes_back {
            return Ok(());
        }
        let Err(error) = self.autostart(Some(self.folder)) else { return Ok(()) };
        if !self.changes_flags() {
            return Ok(());
        }
        let failure = Failure::from_error(&error).at("cannot set autostart");
        if self.state().phase != Phase::Arm {
            return self.checkpoint.note(failure.message);
        }
        self.enter(Phase::Restore, Some(failure))
    }

    fn autostart(&mut self, run: Option<&Path>) -> Result<(), MachineError> {
        self.machine.autostart.set(run)?;
        self.machine.autostart.flush()
    }

    /// Removes autostart, unless it now belongs to another run.
    pub(super) fn autostart_off(&mut self) -> Result<(), MachineError> {
        if !self.changes_flags() && !self.state().created.comes_back {
            return Ok(());
        }
        let removed = self.machine.autostart.get().and_then(|next| match next {
            Some(run) if run != self.folder => Ok(()),
            // Remove it even if it is absent: an earlier removal may not be on disk.
            Some(_) | None => self.autostart(None),
        });
        // A run without flags does not fail because of this: at the next boot, poolgate sees that the run is over.
        if self.changes_flags() { removed } else { Ok(()) }
    }
}
