//! Closes runs that died, so that they are torn down and reported. The next run does this.

use std::path::Path;

use super::Gate;
use super::resume::own;
use super::runs::{is_run, state, unfinished};
use crate::machine::native;
use crate::run::drive::Phase;

/// The number of finished runs with kept state, so that `wait` and `resume` can still return their outcome.
const KEPT: usize = 20;

impl Gate<'_> {
    /// Ends runs without flags if their process is gone. A run with flags waits for `resume` or `abort`, because it may
    /// still need its restart.
    pub(crate) async fn close_dead(&self) {
        let root = self.root();
        // If the folder cannot be read, `begin` fails to create this run's own state in it.
        for folder in unfinished(&native::state_folder(root)).unwrap_or_default() {
            let without_flags = state(&folder).is_some_and(|state| state.created.changes.is_empty());
            // `own` refuses a run in progress and a run that cannot be trusted; `status` shows both.
            let Some(mut owned) = without_flags.then(|| own(&folder, root)).and_then(Result::ok) else { continue };
            self.remark(&format!("closing {}: its process ended before the run was over", folder.display()));
            let boot = native::machine(root).boot.id();
            let died_here = boot.is_ok_and(|boot| boot == owned.checkpoint.state().boot);
            if died_here {
                let boot = owned.checkpoint.state().boot.clone();
                // If this cannot be written, the next call tries again.
                let _ = owned.checkpoint.abort(boot, "poolgate ended before the run was over");
            }
            let _ = self.go_on(owned).await;
        }
    }
}

/// Removes the state of old runs, and of those that never began. The caller holds the machine's lock, so no run begins
/// meanwhile.
pub(super) fn remove_old(states: &Path) {
    let folders = fs_err::read_dir(states).into_iter().flatten().flatten().map(|entry| entry.path());
    let (runs, dead): (Vec<_>, Vec<_>) = folders.filter(|folder| folder.is_dir()).partition(|folder| is_run(folder));
    let mut finished: Vec<_> = runs
        .into_iter()
        .filter_map(|run| state(&run).filter(|state| state.phase == Phase::Done).map(|state| (state.created.at, run)))
        .collect();
    finished.sort();
    finished.truncate(finished.len().saturating_sub(KEPT));
    for old in dead.into_iter().chain(finished.into_iter().map(|(_, run)| run)) {
        // A folder that stays costs only some space.
        let _ = fs_err::remove_dir_all(old);
    }
}
