//! `poolgate abort`: ends a run early, puts back what it changed, and reports it as an error.

use std::path::Path;

use super::find::WhichRun;
use super::machine::Root;
use super::run::{Life, in_runtime, listen, live, refuse_strangers};
use super::trouble;
use crate::exit::Exit;
use crate::report::Outcome;
use crate::run::drive::Checkpoint;
use crate::run::{LockError, MachineLock, RunFolder};
use crate::scenario;

/// Ends a run.
#[derive(Debug, clap::Args)]
pub(super) struct Abort {
    #[command(flatten)]
    which: WhichRun,
}

impl Abort {
    pub(super) fn run(self) -> Exit {
        let Some(folder) = self.which.find() else {
            trouble::tell_plainly(self.which.none());
            return Exit::Usage;
        };
        if let Err(error) = mark(&folder, &self.which.root) {
            trouble::tell_plainly(error);
            return Exit::Failed;
        }
        in_runtime(async move {
            let stop = listen();
            loop {
                match live(&folder, &self.which.root, &stop).await {
                    // Ending it was what was asked for.
                    Life::Over(Outcome::Error) => return Exit::Held,
                    Life::Over(outcome) => return outcome.into(),
                    Life::Restarting => return Exit::NotFinished,
                    Life::SimulatedRestart => {}
                }
            }
        })
    }
}

/// Writes into the checkpoint that the run goes on with putting things back.
fn mark(folder: &Path, root: &Root) -> Result<(), String> {
    let folder = RunFolder::open(folder).map_err(|error| error.to_string())?;
    let loaded = scenario::load(&folder.scenario()).map_err(|error| error.to_string())?;
    refuse_strangers(&folder, &loaded.scenario, root).map_err(|error| error.to_string())?;
    let _lock = MachineLock::take(&folder.lock(), "poolgate abort").map_err(|error| match error {
        LockError::Held { by } => format!("{by} is at work on this run: end it with Ctrl-C or SIGTERM first"),
        LockError::Io { .. } => error.to_string(),
    })?;
    let mut checkpoint = Checkpoint::open(folder.checkpoint()).map_err(|error| error.to_string())?;
    // The boot is of no consequence here: what follows asks the machine itself.
    let boot = checkpoint.state().boot.clone();
    checkpoint.abort(boot, "aborted").map_err(|error| error.to_string())
}
