//! Why a run did not come to its end. Each case is the harness's or the machine's failure, never the driver's verdict.

use std::io;
use std::time::Duration;

use super::process::NotWell;
use crate::machine::MachineError;
use crate::record::RecordError;

/// Why a run ended in outcome `error`.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The pool table could not be read several times in a row.
    #[error("cannot sample pool usage: {0}")]
    Sample(#[source] MachineError),
    /// The recording cannot be written.
    #[error("cannot record: {0}")]
    Record(#[from] RecordError),
    /// A command of the scenario did not end well.
    #[error("{which} failed: {because}")]
    Command {
        /// `iteration 17`, `setup 1 of 2`.
        which: String,
        /// Why.
        because: CommandError,
        /// The last lines it wrote.
        output: String,
    },
    /// Whether there is something to look at again could not be found out.
    #[error("cannot choose the tags for a second look: {0}")]
    Undecided(String),
    /// The checkpoint cannot be written.
    #[error("cannot write the checkpoint: {0}")]
    Checkpoint(#[source] io::Error),
    /// A person or the system asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// A second request to stop came during teardown.
    #[error("teardown was cut short by a second request to stop; not done: {}", Left(left))]
    NotTornDown {
        /// The command that was ended, and those after it.
        left: Vec<String>,
    },
}

/// Why a command is no success.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It ended, but not well.
    #[error(transparent)]
    NotWell(#[from] NotWell),
    /// It took too long and was ended, with everything it had started.
    #[error("still running after {0:?}, so it was ended with all its processes")]
    TimedOut(Duration),
    /// A workload with a `duration` ended before it was over.
    #[error("ended by itself after {:.1} s, but `duration` is {:.1} s", after.as_secs_f64(), of.as_secs_f64())]
    Early {
        /// How long it ran.
        after: Duration,
        /// How long it should have run.
        of: Duration,
    },
    /// The operating system could not start or watch it, or its output could not be kept.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl RunError {
    /// What to do about it.
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

/// Commands in a line.
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
