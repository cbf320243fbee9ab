//! Ends a run early, restores its changes, and reports it as an error.

use std::path::Path;

use super::resume::{beginning, not_restored, own};
use super::runs::state;
use super::{Gate, GateError, Reached};
use crate::failure::Failure;
use crate::machine::{is_same, is_within, native, sim};
use crate::record::Journal;
use crate::run::drive::CheckpointEntry;
use crate::run::{MachineLock, RunFolder};

/// The result of ending a run early.
#[derive(Debug)]
pub(crate) enum Aborted {
    /// Everything is restored.
    Restored,
    /// The run had changed nothing. Its remaining files were removed.
    NeverBegan,
    /// Something is not restored.
    NotRestored(Failure),
    /// The machine is restarting, and autostart will resume the run.
    Restarting,
}

impl Gate<'_> {
    /// Ends the run in `folder`. With `leave_flags`, the flags stay as they are.
    pub(crate) async fn abort(&self, folder: &Path, leave_flags: bool) -> Result<Aborted, GateError> {
        if never_began(folder, self.root()) {
            return remove(folder, self.root()).map(|()| Aborted::NeverBegan);
        }
        let mut owned = own(folder, self.root())?;
        // The recorded boot does not matter here: the steps below read the current one from the machine.
        let boot = owned.checkpoint.state().boot.clone();
        let mut marked = owned.checkpoint.abort(boot, "aborted");
        if leave_flags {
            marked = marked.and(owned.checkpoint.leave_flags());
        }
        // Restore as much as possible even if the checkpoint cannot be written.
        let mut reached = self.go_on(owned).await?;
        if matches!(reached, Reached::SimulatedRestart) {
            reached = self.resume(folder).await?;
        }
        match (reached, marked) {
            (Reached::Over(_), Err(problem)) => {
                let message = format!("the run has ended, but it was not recorded as aborted: {problem}");
                Err(GateError::cannot_continue(message, None))
            }
            (Reached::Over(_), Ok(())) => Ok(remaining(folder).map_or(Aborted::Restored, Aborted::NotRestored)),
            (Reached::NotRestored(failure), _) => Ok(Aborted::NotRestored(failure)),
            (Reached::Restarting | Reached::SimulatedRestart, _) => Ok(Aborted::Restarting),
        }
    }
}

/// Returns the part of the run's changes that is not restored, if any.
fn remaining(folder: &Path) -> Option<Failure> {
    let Some(state) = state(folder).filter(|state| state.not_restored.is_none()) else {
        return Some(not_restored(folder));
    };
    let trouble = state.not_torn_down.or(state.later.into_iter().next())?;
    let message = format!("not everything was restored: {}", trouble.message);
    Some(Failure { help: trouble.help, ..Failure::new(message) })
}

/// Returns whether the run died before its first checkpoint line was on disk. Such a run has changed nothing.
fn never_began(folder: &Path, root: &Path) -> bool {
    let Ok(run) = RunFolder::open(folder) else { return false };
    let first = Journal::first::<CheckpointEntry>(&mut run.checkpoint());
    let begun = beginning(&run, root).is_some() || !matches!(first, Ok(None));
    // If autostart brings the run back after a boot, it did begin, even if its files are lost.
    let kernel = run.simulated_kernel();
    let machine = if kernel.exists() { sim::machine(&sim::Kernel::at(&kernel)) } else { native::machine(root) };
    let comes_back = machine.autostart.get().is_ok_and(|next| next.is_some_and(|next| is_same(&next, run.path())));
    !begun && !comes_back
}

/// Removes the remaining files of a run that never began, except its reports.
fn remove(folder: &Path, root: &Path) -> Result<(), GateError> {
    let lock = MachineLock::take(&folder.join("run.lock"), "poolgate abort");
    let _lock = lock.map_err(|error| GateError::cannot_continue(error, None))?;
    let removed = if is_within(folder, &native::state_folder(root)) {
        fs_err::remove_dir_all(folder)
    } else {
        let files = ["checkpoint.jsonl", "beginning.jsonl"].map(|file| folder.join(file));
        files.iter().filter(|file| file.exists()).try_for_each(fs_err::remove_file)
    };
    removed.map_err(|error| GateError::cannot_continue(error, None))
}
