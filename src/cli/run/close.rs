//! Runs that died: the next run closes them, so that they are torn down and reported.

use std::path::Path;

use super::life::{go_on, own};
use crate::cli::find::{is_run, state, unfinished};
use crate::cli::machine::Root;
use crate::cli::printed::tell;
use crate::machine::native;
use crate::run::Stop;
use crate::run::drive::Phase;

/// Finished runs whose state is kept, so that `wait` and `resume` can still give their outcome.
const KEPT: usize = 20;

/// Ends the runs without flags whose process is gone. One with flags waits for `resume` or `abort`: it may still want its
/// restart.
pub(super) async fn close_dead(root: &Root, stop: &Stop) {
    // A folder which cannot be read keeps `begin` from making this run's own in it.
    for folder in unfinished(&native::state_folder(root.folder())).unwrap_or_default() {
        let without_flags = state(&folder).is_some_and(|state| state.created.changes.is_empty());
        // A run which somebody is at work on cannot be owned. Neither can one that is not to be trusted: `status` says so.
        let Some(mut owned) = without_flags.then(|| own(&folder, root)).and_then(Result::ok) else { continue };
        tell!("closing {}, whose process ended before the run was over", folder.display());
        let boot = native::machine(root.folder()).boot.id();
        let died_here = boot.is_ok_and(|boot| boot == owned.checkpoint.state().boot);
        if died_here {
            let boot = owned.checkpoint.state().boot.clone();
            // What cannot be written now is tried again by the next call.
            let _ = owned.checkpoint.abort(boot, "poolgate ended before the run was over");
        }
        let _ = go_on(owned, root, stop).await;
    }
}

/// Removes the state of old runs, and of those that never began. The caller owns the machine, so none begins meanwhile.
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
        // One that stays costs some space only.
        let _ = fs_err::remove_dir_all(old);
    }
}
