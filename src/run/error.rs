//! The reasons why a run did not complete. Each is a failure of the harness or the machine, never a verdict on the
//! driver.

use std::io;
use std::time::Duration;

use super::process::NotWell;
use crate::machine::MachineError;
use crate::record::RecordError;

/// The reason why a run ended with the outcome `error`.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The pool table could not be read several times in a row.
    #[error("cannot sample pool usage: {0}")]
    Sample(#[source] MachineError),
    /// The recording cannot be written.
    #[error("cannot record: {0}")]
    Record(#[from] RecordError),
    /// A command of the scenario failed.
    #[error("{which} failed: {because}")]
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
    Interrupted,
    /// A second stop request came during teardown.
    #[error("teardown was cut short by a second request to stop; not done: {}", Left(left))]
    NotTornDown {
        /// The command that was cut short, and all commands after it.
        left: Vec<String>,
    },
}

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The command ended, but without success.
    #[error(transparent)]
    NotWell(#[from] NotWell),
    /// The command took too long, and was ended with all processes it had started.
    #[error("still running after {0:?}, so it was ended with all its processes")]
    TimedOut(Duration),
    /// A workload with a `duration` ended before that time was over.
    #[error("ended by itself after {:.1} s, but `duration` is {:.1} s", after.as_secs_f64(), of.as_secs_f64())]
    Early {
        /// How long the command ran.
        after: Duration,
        /// How long the command should have run.
        of: Duration,
    },
    /// The operating system could not start or watch the command, or its output could not be kept.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl RunError {
    /// Returns advice for the user.
    pub fn help(&self) -> Option<String> {
        match self {
            RunError::Sample(error) => error.help().map(str::to_owned),
            RunError::Record(error) if error.is_disk_full() => Some(DISK_FULL.to_owned()),
            RunError::Record(_) | RunError::Undecided(_) | RunError::Checkpoint(_) => None,
            RunError::Command { because, .. } => because.help(),
            RunError::Interrupted => Some("start the run again to get a verdict".to_owned()),
            RunError::NotTornDown { .. } => {
                Some("run the remaining commands by hand, in the scenario's folder".to_owned())
            }
        }
    }
}

/// Displays commands in one line.
struct Left<'a>(&'a [String]);

impl std::fmt::Display for Left<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let commands: Vec<String> = self.0.iter().map(|command| format!("`{command}`")).collect();
        f.write_str(&commands.join(", "))
    }
}

const DISK_FULL: &str = "free some space, or put the reports on another disk with --reports";

impl CommandError {
    fn help(&self) -> Option<String> {
        match self {
            CommandError::NotWell(not_well) => Some(not_well.help().to_owned()),
            CommandError::TimedOut(_) => {
                Some("raise `timeout` if it needs longer; its output is in workload.log".to_owned())
            }
            CommandError::Early { .. } => Some(
                "make it run until poolgate ends it, or use `iterations` for a command that ends by itself".to_owned(),
            ),
            CommandError::Io(error) if error.kind() == io::ErrorKind::StorageFull => Some(DISK_FULL.to_owned()),
            CommandError::Io(_) => None,
        }
    }
}
