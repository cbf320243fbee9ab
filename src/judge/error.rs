//! Errors of judging a recording.

use miette::Diagnostic;

use crate::failure::Failure;

/// Why a recording cannot be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum JudgeError {
    /// The recording has no end.
    #[error("the recording has no end: the run was interrupted, or it is still in progress")]
    Unfinished,
    /// Nothing was sampled while the workload ran.
    #[error("the recording has no sample taken while the workload ran")]
    NotMeasured,
    /// The seal is broken although every frame is whole: the file was rewritten after the run.
    #[error("the recording was changed after it was closed")]
    #[diagnostic(help("give the unchanged file from the run; no figure in this file is reliable"))]
    Changed,
    /// The kernel reported a fault of its own during the run.
    #[error("the kernel reported a fault during the run: {first}")]
    #[diagnostic(help(
        "fix the fault, then run again: the figures of a kernel after a fault are not reliable; kernel.log has the full report"
    ))]
    KernelFault {
        /// The first fault, in the kernel's words.
        first: String,
        /// The kernel's messages from that fault on.
        lines: Vec<String>,
    },
}

impl JudgeError {
    /// The kernel's messages about a fault; empty for other errors.
    fn output(&self) -> String {
        match self {
            JudgeError::KernelFault { lines, .. } => lines.join("\n"),
            JudgeError::Unfinished | JudgeError::NotMeasured | JudgeError::Changed => String::new(),
        }
    }
}

impl From<JudgeError> for Failure {
    fn from(error: JudgeError) -> Failure {
        Failure { output: error.output(), ..Failure::from_error(&error) }
    }
}
