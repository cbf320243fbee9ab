//! `poolgate abort` ends a run early, restores its changes, and reports it as an error.

use crate::cli::args::which_run::WhichRun;
use crate::cli::output::progress::ProgressDisplay;
use crate::cli::output::runs::{in_runtime, tell_error, tell_failure};
use crate::cli::output::stdout::say;
use crate::exit::Exit;
use crate::gate::{Aborted, Gate, stop_on_signals};

#[derive(Debug, clap::Args)]
pub(super) struct AbortCommand {
    #[command(flatten)]
    which: WhichRun,
    /// Do not restore the flags: leave them as they are, and list the steps to do by hand
    #[arg(long)]
    leave_flags: bool,
}

impl AbortCommand {
    /// Ends the run. The exit code is 0 only if everything is restored.
    pub(super) fn run(self) -> Exit {
        let folder = match self.which.found() {
            Ok(folder) => folder,
            Err(exit) => return exit,
        };
        let progress = ProgressDisplay::default();
        let observer = |notice: crate::gate::Notice<'_>| progress.show(notice);
        in_runtime(async {
            let gate = Gate::new(self.which.options()).stopped_by(stop_on_signals()).observed_by(&observer);
            match gate.abort(&folder, self.leave_flags).await {
                Ok(Aborted::Restored) => Exit::Held,
                Ok(Aborted::NeverBegan) => {
                    say!("{} never began; its leftover files were removed", folder.display());
                    Exit::Held
                }
                Ok(Aborted::NotRestored(failure)) => tell_failure(failure),
                Ok(Aborted::Restarting) => Exit::NotFinished,
                Err(error) => tell_error(&error),
            }
        })
    }
}
