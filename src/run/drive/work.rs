//! The work of a run apart from its phases, and the progress of a run in one process.

use std::io;
use std::time::Duration;

use super::checkpoint::CheckpointError;
use super::state::State;
use crate::failure::Failure;
use crate::machine::{Machine, MachineError};
use crate::record::Digest;

/// The work of a run apart from changing flags and restarting.
#[expect(async_fn_in_trait, reason = "runs are single-threaded, so these futures need not be Send")]
pub trait Work {
    /// Measures the workload into a new recording and closes it. Returns the recording's seal. `milestone` is called
    /// before setup and after teardown.
    async fn measure(
        &mut self,
        machine: &mut Machine,
        milestone: &mut dyn FnMut(Milestone) -> io::Result<()>,
    ) -> Result<Digest, Failure>;

    /// Ends the commands that an earlier process of the run left running.
    async fn end_leftovers(&mut self) -> Result<(), Failure>;

    /// Returns whether a second record, besides the checkpoint, shows that setup has begun and teardown has not. The
    /// checkpoint may have lost its last lines.
    fn owes_teardown(&self) -> bool {
        false
    }

    /// Runs the teardown commands that an earlier process left undone.
    async fn tear_down(&mut self) -> Result<(), Failure>;

    /// Writes every report. After a crash this runs again, and must write the same reports.
    fn report(&mut self, state: &State) -> Result<(), Failure>;

    /// Waits until the system has saved the dump of a crash, if the run met one. Called before the machine is restarted and
    /// before the report is written.
    async fn wait_for_dumps(&mut self, state: &State) {
        let _ = state;
    }

    /// Waits before the next attempt to restore the flags. Returns false if a stop was requested.
    async fn wait_to_retry(&mut self, length: Duration) -> bool;

    /// Waits until an accepted restart ends this process, and returns the outcome.
    async fn wait_for_restart(&mut self) -> Restart;
}

/// A step of a measurement that the checkpoint records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Milestone {
    /// Setup is about to begin.
    SettingUp,
    /// Teardown has ended.
    TornDown,
    /// A note for readers of the report.
    Note(String),
}

/// The outcome of an accepted restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// This process must end now; the machine will start another.
    EndsThisProcess,
    /// The machine is still up after the longest time that a restart may take.
    NeverCame,
}

/// The state of a run when a process is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriveOutcome {
    /// The machine is restarting, and autostart will resume the run.
    Restarting,
    /// The flags cannot be restored yet. This was reported, and the next process will try again.
    NotRestored,
    /// The run is over.
    Done,
}

/// The reason why a run cannot continue in this process. It can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// The run's checkpoint cannot be read or written.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The machine failed at a step that everything else depends on.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The reports cannot be written.
    #[error("cannot report: {}", .0.message)]
    Report(Failure),
}
