//! Errors of judging a recording.

/// Why a recording cannot be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// The recording has no end.
    #[error("the recording has no end: the run was interrupted, or it is still in progress")]
    Unfinished,
    /// Nothing was sampled while the workload ran.
    #[error("the recording has no sample taken while the workload ran")]
    NotMeasured,
    /// The seal is broken although every frame is whole: the file was rewritten after the run.
    #[error("the recording was changed after it was closed")]
    Changed,
    /// The kernel reported a fault of its own during the run.
    #[error("the kernel reported a fault during the run: {first}")]
    KernelFault {
        /// The first fault, in the kernel's words.
        first: String,
        /// The kernel's messages from that fault on.
        lines: Vec<String>,
    },
}

impl JudgeError {
    /// How to resolve the error, if that is known.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            JudgeError::Unfinished | JudgeError::NotMeasured => None,
            JudgeError::Changed => Some("give the unchanged file from the run; no figure in this file is reliable"),
            JudgeError::KernelFault { .. } => Some(
                "fix the fault, then run again: the figures of a kernel after a fault are not reliable; kernel.log has the full report",
            ),
        }
    }

    /// The kernel's messages about a fault; empty for other errors.
    pub fn output(&self) -> String {
        match self {
            JudgeError::KernelFault { lines, .. } => lines.join("\n"),
            JudgeError::Unfinished | JudgeError::NotMeasured | JudgeError::Changed => String::new(),
        }
    }
}
