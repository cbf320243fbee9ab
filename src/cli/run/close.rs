//! Closes runs that died, so that they are torn down and reported. The next run does this.

use std::path::Path;

use super::life::{go_on, own};
use crate::cli::args::machine::Root;
use crate::cli::args::which_run::{is_run, state, unfinished};
use crate::cli::output::stdout::tell;
use crate::machine::native;
use crate::run::Stop;
use crate::run::drive::Phase;

/// The number of finished runs with kept state, so that `wait` and `resume` can still return their outcome.
const KEPT: usize = 20;

/// Ends runs without flags if their process is gone. A run with flags waits for `resume` or `abort`, because it may
/// still need its restart.
pub(super) async fn close_dead(root: &Root, stop: &Stop) {
    // If the folder cannot be read, `begin` fails to create this run's own state in it.
    for folder in unfinished(&native::state_folder(root.folder())).unwrap_or_default() {
        let without_flags = state(&folder).is_some_and(|state| state.created.changes.is_empty());
        // `own` refuses a run in progress and a run that cannot be trusted; `status` shows both.
        let Some(mut owned) = without_flags.then(|| own(&folder, root)).and_then(Result::ok) else { continue };
        tell!("closing {}: its process ended before the run was over", folder.display());
        let boot = native::machine(root.folder()).boot.id();
        let died_here = boot.is_ok_and(|boot| boot == owned.checkpoint.state().boot);
        if died_here {
            let boot = owned.checkpoint.state().boot.clone();
            // If this cannot be written, the next call tries again.
            let _ = owned.checkpoint.abort(boot, "poolgate ended before the run was over");
        }
        let _ = go_on(owned, root, stop).await;
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
