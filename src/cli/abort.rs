//! `poolgate abort` ends a run early, restores its changes, and reports it as an error.

use std::path::Path;

use super::run::{Life, beginning, go_on, in_runtime, listen, own, take_up, tell_not_restored};
use crate::cli::args::machine::Root;
use crate::cli::args::which_run::{WhichRun, state};
use crate::cli::output::errors;
use crate::cli::output::stdout::say;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::machine::{is_same, is_within, native, sim};
use crate::record::Journal;
use crate::run::drive::CheckpointEntry;
use crate::run::{MachineLock, RunFolder};

/// Ends a run early.
#[derive(Debug, clap::Args)]
pub(super) struct Abort {
    #[command(flatten)]
    which: WhichRun,
    /// Do not restore the flags: leave them as they are, and list the steps to do by hand
    #[arg(long)]
    leave_flags: bool,
}

impl Abort {
    /// Ends the run. The exit code is 0 only if everything is restored.
    pub(super) fn run(self) -> Exit {
        let folder = match self.which.found() {
            Ok(folder) => folder,
            Err(exit) => return exit,
        };
        if never_began(&folder, &self.which.root) {
            return remove(&folder, &self.which.root);
        }
        in_runtime(async move {
            match self.end(&folder).await {
                Ok(exit) => exit,
                Err(refused) => {
                    errors::tell(&refused.message, refused.help);
                    Exit::Failed
                }
            }
        })
    }

    async fn end(&self, folder: &Path) -> Result<Exit, Failure> {
        let stop = listen();
        let root = &self.which.root;
        let mut owned = own(folder, root)?;
        // The recorded boot does not matter here: the steps below read the current one from the machine.
        let boot = owned.checkpoint.state().boot.clone();
        let mut marked = owned.checkpoint.abort(boot, "aborted");
        if self.leave_flags {
            marked = marked.and(owned.checkpoint.leave_flags());
        }
        // Restore as much as possible even if the checkpoint cannot be written.
        let unmarked = marked.err().map(|error| error.to_string());
        let mut life = go_on(owned, root, &stop).await?;
        loop {
            match life {
                Life::Over(_) => return Ok(self.ended(folder, unmarked)),
                Life::NotRestored => return Ok(tell_not_restored(folder)),
                Life::Restarting => return Ok(Exit::NotFinished),
                Life::SimulatedRestart => life = take_up(folder, root, &stop).await?,
            }
        }
    }

    fn ended(&self, folder: &Path, unmarked: Option<String>) -> Exit {
        if let Some(problem) = unmarked {
            errors::tell_plainly(format_args!("the run has ended, but it was not recorded as aborted: {problem}"));
            return Exit::Failed;
        }
        let Some(state) = state(folder) else { return tell_not_restored(folder) };
        if state.not_restored.is_some() {
            return tell_not_restored(folder);
        }
        match state.not_torn_down.or(state.later.into_iter().next()) {
            None => Exit::Held,
            Some(trouble) => {
                errors::tell(format_args!("not everything was restored: {}", trouble.message), trouble.help);
                Exit::Failed
            }
        }
    }
}

/// Returns whether the run died before its first checkpoint line was on disk. Such a run has changed nothing.
fn never_began(folder: &Path, root: &Root) -> bool {
    let Ok(run) = RunFolder::open(folder) else { return false };
    let first = Journal::first::<CheckpointEntry>(&mut run.checkpoint());
    let begun = beginning(&run, root).is_some() || !matches!(first, Ok(None));
    // If autostart brings the run back after a boot, it did begin, even if its files are lost.
    let kernel = run.simulated_kernel();
    let machine =
        if kernel.exists() { sim::machine(&sim::Kernel::at(&kernel)) } else { native::machine(root.folder()) };
    let comes_back = machine.autostart.get().is_ok_and(|next| next.is_some_and(|next| is_same(&next, run.path())));
    !begun && !comes_back
}

/// Removes the remaining files of a run that never began, except its reports.
fn remove(folder: &Path, root: &Root) -> Exit {
    let removed = MachineLock::take(&folder.join("run.lock"), "poolgate abort").map_err(|error| error.to_string());
    let removed = removed.and_then(|_lock| {
        let states = native::state_folder(root.folder());
        let removed = if is_within(folder, &states) {
            fs_err::remove_dir_all(folder)
        } else {
            let files = ["checkpoint.jsonl", "beginning.jsonl"].map(|file| folder.join(file));
            files.iter().filter(|file| file.exists()).try_for_each(fs_err::remove_file)
        };
        removed.map_err(|error| error.to_string())
    });
    match removed {
        Ok(()) => {
            say!("{} never began; its leftover files were removed", folder.display());
            Exit::Held
        }
        Err(problem) => {
            errors::tell_plainly(problem);
            Exit::Failed
        }
    }
}
