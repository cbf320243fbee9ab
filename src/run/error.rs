//! The reasons why a run did not complete. Each is a failure of poolgate or the machine, never a verdict on the
//! driver.

use std::io;
use std::time::Duration;

use miette::Diagnostic;

use super::process::NotWell;
use crate::failure::Failure;
use crate::machine::MachineError;
use crate::record::RecordError;

const DISK_FULL: &str = "free some space, or put the reports on another disk with --reports";

/// The reason why a run ended with the outcome `error`.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum RunError {
    /// The pool table could not be read several times in a row.
    #[error("cannot sample pool usage: {0}")]
    #[diagnostic(transparent)]
    Sample(#[source] MachineError),
    /// The recording cannot be written.
    #[error("cannot record: {0}")]
    Record(#[source] RecordError),
    /// The recording cannot be written, because the disk is full.
    #[error("cannot record: {0}")]
    #[diagnostic(help("{}", DISK_FULL))]
    RecordDiskFull(#[source] RecordError),
    /// A command of the scenario failed.
    #[error("{which} failed: {because}")]
    #[diagnostic(forward(because))]
    Command {
        /// The command's name, such as `iteration 17` or `setup 1 of 2`.
        which: String,
        /// The reason for the failure.
        because: CommandError,
        /// The last lines that the command wrote.
        output: String,
    },
    /// The recording could not be analysed to decide about a second look.
    #[error("cannot choose the tags for a second look: {0}")]
    Undecided(String),
    /// The checkpoint cannot be written.
    #[error("cannot write the checkpoint: {0}")]
    Checkpoint(#[source] io::Error),
    /// A person or the system requested a stop.
    #[error("interrupted")]
    #[diagnostic(help("start the run again to get a verdict"))]
    Interrupted,
    /// A second stop request came during teardown.
    #[error("teardown was cut short by a second request to stop; not done: {}", CommandList(left))]
    #[diagnostic(help("run the remaining commands by hand, in the scenario's folder"))]
    NotTornDown {
        /// The command that was cut short, and all commands after it.
        left: Vec<String>,
    },
}

/// The reason why a command failed.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum CommandError {
    /// The command ended, but without success.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotWell(#[from] NotWell),
    /// The command took too long, and was ended with all processes it had started.
    #[error("still running after {0:?}, so it was ended with all its processes")]
    #[diagnostic(help("raise `timeout` if it needs longer; its output is in workload.log"))]
    TimedOut(Duration),
    /// A workload with a `duration` ended before that time was over.
    #[error("ended by itself after {:.1} s, but `duration` is {:.1} s", after.as_secs_f64(), of.as_secs_f64())]
    #[diagnostic(help("make it run until poolgate ends it, or use `iterations` for a command that ends by itself"))]
    Early {
        /// How long the command ran.
        after: Duration,
        /// How long the command should have run.
        of: Duration,
    },
    /// The operating system could not start or watch the command, or its output could not be kept.
    #[error(transparent)]
    Io(io::Error),
    /// The command's output could not be kept, because the disk is full.
    #[error(transparent)]
    #[diagnostic(help("{}", DISK_FULL))]
    DiskFull(io::Error),
}

impl From<RecordError> for RunError {
    fn from(error: RecordError) -> RunError {
        if error.is_disk_full() { RunError::RecordDiskFull(error) } else { RunError::Record(error) }
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> CommandError {
        match error.kind() {
            io::ErrorKind::StorageFull => CommandError::DiskFull(error),
            _ => CommandError::Io(error),
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        let failure = Failure::from_error(&error);
        match error {
            RunError::Command { output, .. } => Failure { output, ..failure },
            RunError::Sample(_)
            | RunError::Record(_)
            | RunError::RecordDiskFull(_)
            | RunError::Undecided(_)
            | RunError::Checkpoint(_)
            | RunError::Interrupted
            | RunError::NotTornDown { .. } => failure,
        }
    }
}

/// Displays commands in one line.
struct CommandList<'a>(&'a [String]);

impl std::fmt::Display for CommandList<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let commands: Vec<String> = self.0.iter().map(|command| format!("`{command}`")).collect();
        f.write_str(&commands.join(", "))
    }
}
