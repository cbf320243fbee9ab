//! `poolgate resume` continues a run after a boot or a crash. Autostart calls it, and it is safe to call at any time.

use crate::cli::args::which_run::WhichRun;
use crate::cli::output::progress::ProgressDisplay;
use crate::cli::output::runs::{exit_of, in_runtime, tell_error};
use crate::exit::Exit;
use crate::gate::{Gate, stop_on_signals};

#[derive(Debug, clap::Args)]
pub(super) struct ResumeCommand {
    #[command(flatten)]
    which: WhichRun,
}

impl ResumeCommand {
    pub(super) fn run(self) -> Exit {
        let folder = match self.which.found() {
            Ok(folder) => folder,
            Err(exit) => return exit,
        };
        let progress = ProgressDisplay::default();
        let observer = |notice: crate::gate::Notice<'_>| progress.show(notice);
        in_runtime(async {
            let gate = Gate::new(self.which.options()).stopped_by(stop_on_signals()).observed_by(&observer);
            gate.resume(&folder).await.map_or_else(|error| tell_error(&error), exit_of)
        })
    }
}
