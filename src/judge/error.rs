//! Why a recording cannot be judged at all.

/// Why a recording cannot be judged at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// The recording has no end.
    #[error("the recording has no end: the run was interrupted, or is still going on")]
    Unfinished,
    /// Nothing was sampled while the workload ran.
    #[error("the recording has no sample taken while the workload ran")]
    NotMeasured,
    /// Its seal is broken, though every frame is whole: somebody wrote it anew.
    #[error("the recording was changed after it was closed")]
    Changed,
    /// The kernel reported a fault of its own while the run went on.
    #[error("the kernel reported a fault during the run: {first}")]
    KernelFault {
        /// The first one, in its words.
        first: String,
        /// The messages that begin with it.
        lines: Vec<String>,
    },
}

impl JudgeError {
    /// What to do about it, where that is known.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            JudgeError::Unfinished | JudgeError::NotMeasured => None,
            JudgeError::Changed => Some("give the file as the run wrote it; nothing in this one can be relied on"),
            JudgeError::KernelFault { .. } => Some(
                "the figures of a kernel in that state prove nothing: mend the fault, then run again; kernel.log has all of it",
            ),
        }
    }

    /// What the kernel logged of it.
    pub fn output(&self) -> String {
        match self {
            JudgeError::KernelFault { lines, .. } => lines.join("\n"),
            JudgeError::Unfinished | JudgeError::NotMeasured | JudgeError::Changed => String::new(),
        }
    }
}
