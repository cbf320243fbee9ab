//! `poolgate resume` continues a run after a boot or a crash. Autostart calls it, and it is safe to call at any time.

use super::run::{Life, in_runtime, listen, live, tell_not_restored};
use crate::cli::args::which_run::WhichRun;
use crate::exit::Exit;

/// Continues a run.
#[derive(Debug, clap::Args)]
pub(super) struct Resume {
    #[command(flatten)]
    which: WhichRun,
}

impl Resume {
    pub(super) fn run(self) -> Exit {
        let folder = match self.which.found() {
            Ok(folder) => folder,
            Err(exit) => return exit,
        };
        in_runtime(async move {
            let stop = listen();
            loop {
                match live(&folder, &self.which.root, &stop).await {
                    Life::Over(outcome) => return outcome.into(),
                    Life::NotRestored => return tell_not_restored(&folder),
                    Life::Restarting => return Exit::NotFinished,
                    // The simulated machine has restarted by now.
                    Life::SimulatedRestart => {}
                }
            }
        })
    }
}
