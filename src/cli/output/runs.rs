//! The exit codes and messages of the commands that work on runs.

use crate::cli::output::errors;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::gate::{GateError, Reached, block_on};
use crate::report::Outcome;

/// Runs async work in a process that is prepared for running commands.
pub(in crate::cli) fn in_runtime(work: impl Future<Output = Exit>) -> Exit {
    block_on(work).unwrap_or_else(|error| {
        errors::tell_plainly(error);
        Exit::Failed
    })
}

/// Returns the exit code for the state of a run, and reports flags that are not restored.
pub(in crate::cli) fn exit_of(reached: Reached) -> Exit {
    match reached {
        Reached::Over(outcome) => outcome.into(),
        Reached::NotRestored(failure) => tell_failure(failure),
        Reached::Restarting | Reached::SimulatedRestart => Exit::NotFinished,
    }
}

/// Reports a failure.
pub(in crate::cli) fn tell_failure(failure: Failure) -> Exit {
    errors::tell(failure.message, failure.help);
    Exit::Failed
}

/// Reports the error of a gate.
pub(in crate::cli) fn tell_error(error: &GateError) -> Exit {
    errors::tell(error, error.help());
    Exit::Failed
}

impl From<Outcome> for Exit {
    fn from(outcome: Outcome) -> Exit {
        match outcome {
            Outcome::Held => Exit::Held,
            Outcome::Unclear => Exit::Unclear,
            Outcome::Broken => Exit::Broken,
            Outcome::Error => Exit::Failed,
        }
    }
}
