//! Prevents changes of flags while a run owns them, because a run restores the values that it found.

use std::path::Path;

use super::{Flags, Refused};
use crate::cli::args::which_run::{is_unfinished, newest_unfinished};
use crate::machine::{native, sim};
use crate::run::{LockError, MachineLock};

impl Flags {
    /// Keeps runs from starting until the returned lock is dropped. Returns an error if a run is in progress, even
    /// between two boots.
    pub(super) fn own(&self) -> Result<Option<MachineLock>, Refused> {
        if let Some(kernel) = &self.kernel {
            // A simulated machine is stored in the folder of its run.
            let folder = kernel.parent().unwrap_or(Path::new("."));
            let next = sim::machine(&sim::Kernel::at(kernel)).autostart.get()?;
            return match next.or_else(|| is_unfinished(folder).then(|| folder.to_owned())) {
                Some(run) => Err(in_progress(run.display())),
                None => Ok(None),
            };
        }
        let root = self.root.folder();
        // Ignore entries that are unreadable or belong to another program.
        let next = native::machine(root).autostart.get().ok().flatten().filter(|run| is_unfinished(run));
        if let Some(run) = next.or_else(|| newest_unfinished(&native::state_folder(root))) {
            return Err(in_progress(run.display()));
        }
        if self.dry_run {
            return MachineLock::owner(&self.root.lock()).map_or(Ok(None), |by| Err(in_progress(by)));
        }
        match MachineLock::take(&self.root.lock(), "poolgate flags") {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Held { by }) => Err(in_progress(by)),
            Err(error @ LockError::Io { .. }) => Err(Refused::failed(error, TO_LOCK)),
        }
    }
}

const TO_LOCK: &str = if cfg!(windows) {
    "run it from an elevated prompt (\"Run as administrator\"); nothing was changed"
} else {
    "only root may change the settings of the next boot: run it with sudo; nothing was changed"
};

fn in_progress(run: impl std::fmt::Display) -> Refused {
    let help = "wait for it with `poolgate wait`, or end it and restore its flags with `poolgate abort`";
    Refused::failed(format_args!("a run in progress owns this machine's flags: {run}"), help)
}
