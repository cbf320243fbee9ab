//! What a run needs done besides its phases, and how far it gets with them.

use std::io;
use std::time::Duration;

use super::checkpoint::CheckpointError;
use super::entry::Trouble;
use super::state::State;
use crate::machine::{Machine, MachineError};
use crate::record::Digest;

/// What a run does besides changing flags and booting.
#[expect(async_fn_in_trait, reason = "runs are single-threaded; nobody needs these futures to be Send")]
pub trait Work {
    /// Measures the workload into a new recording, and closes it; returns the recording's seal. `milestone` is called before
    /// setup and after teardown.
    async fn measure(
        &mut self,
        machine: &mut Machine,
        milestone: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<Digest, Trouble>;

    /// Ends what an earlier process of the run left running.
    async fn end_leftovers(&mut self) -> Result<(), Trouble>;

    /// Runs the teardown commands, which an earlier process began to owe.
    async fn tear_down(&mut self) -> Result<(), Trouble>;

    /// Writes every report. Done again after a crash, it must come to the same.
    fn report(&mut self, state: &State) -> Result<(), Trouble>;

    /// Waits until the system has saved what it keeps of a crash, if the run met one. Called before the machine is restarted
    /// and before the report is written.
    async fn wait_for_dumps(&mut self, state: &State) {
        let _ = state;
    }

    /// Waits before the flags are tried again; returns false when the run was asked to stop.
    async fn wait_to_retry(&mut self, length: Duration) -> bool;

    /// Waits for a restart which has been asked for to end this process; returns when it did not.
    async fn wait_for_restart(&mut self) -> Restart;
}

/// What a checkpoint keeps of a measurement in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Milestone {
    /// Setup is about to begin.
    SettingUp,
    /// Teardown has ended.
    TornDown,
    /// What a reader of the report should know about the measuring.
    Note(String),
}

/// What became of a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// This process must end now; the machine starts another.
    EndsThisProcess,
    /// The machine is still up after all the time a restart may take.
    NeverCame,
}

/// How far a run got in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The machine is restarting, and autostart goes on.
    Restarting,
    /// The flags cannot be put back yet. They were reported, and the next process tries again.
    NotRestored,
    /// The run is over.
    Done,
}

/// Why a run cannot go on in this process. It can be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// Its checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The machine does not do what must be done before anything else.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The reports cannot be written.
    #[error("cannot report: {}", .0.message)]
    Report(Trouble),
}
