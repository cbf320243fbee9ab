//! The errors of reading the kernel's pool tables. Disabled pool tagging is not among them: it is
//! [`MachineError::TaggingOff`], on every platform.

use miette::Diagnostic;

use super::answer::{MOST, TRIES};
use super::class::{Class, NtStatus};
use crate::machine::MachineError;

const REPORT_IT: &str = "please report it, with the Windows build that `winver` shows";

/// A failure to read a table of pool usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum PoolTagsError {
    /// The kernel has neither class (STATUS_INVALID_INFO_CLASS).
    #[error("this system does not report pool tags ({status})", status = NtStatus::INVALID_INFO_CLASS)]
    #[diagnostic(help(
        "poolgate needs the kernel of a real Windows; elsewhere (Wine, say) try a scenario with `machine: {{ simulated: {{}} }}`"
    ))]
    NotReported,
    /// The table was larger than the buffer at every attempt.
    #[error("cannot read {0}: the table outgrew its buffer {TRIES} times in a row (c0000004)")]
    #[diagnostic(help("run again; if the error persists, please report it"))]
    Growing(Class),
    /// The table is larger than any plausible one.
    #[error("cannot read {0}: the table needs more than {most} MiB (c0000004)", most = MOST >> 20)]
    #[diagnostic(help("{}", REPORT_IT))]
    TooLarge(Class),
    /// The table holds fewer rows than its own count.
    #[error("cannot read {0}: the table held fewer rows than its own count, {TRIES} times in a row")]
    #[diagnostic(help("run again; if the error persists, please report it"))]
    Torn(Class),
    /// This account lacks the rights.
    #[error("cannot read {0}: not allowed ({1})")]
    #[diagnostic(help("run poolgate elevated (Run as administrator)"))]
    NotAllowed(Class, NtStatus),
    /// The table has no rows, which is impossible on a running kernel.
    #[error("cannot read {0}: the kernel returned no rows")]
    #[diagnostic(help("{}", REPORT_IT))]
    NoRows(Class),
    /// Any other status.
    #[error("cannot read {0}: the kernel returned {1} for class {number}", number = .0.number())]
    #[diagnostic(help("{}", REPORT_IT))]
    Refused(Class, NtStatus),
    /// This is a 32-bit program on a 64-bit Windows; its figures would be cut to 32 bits.
    #[error("cannot read pool tags: this is the 32-bit poolgate, on a 64-bit Windows")]
    #[diagnostic(help("use the x64 build of poolgate, or the ARM64 one"))]
    Wow64,
    /// This is a container. Its kernel is the host's, or one that cannot be restarted from inside.
    #[error(
        "poolgate does not run in a Windows container: the kernel's boot settings, restarts and services are the host's"
    )]
    #[diagnostic(help("run poolgate on the host, or in a virtual machine"))]
    Container,
}

impl PoolTagsError {
    /// Converts to the error of the machine.
    pub(super) fn of_machine(self) -> MachineError {
        match self {
            PoolTagsError::Refused(Class::PoolTag, NtStatus::NOT_IMPLEMENTED) => MachineError::TaggingOff,
            PoolTagsError::Refused(Class::PoolTag, NtStatus::INVALID_INFO_CLASS) => {
                MachineError::PoolTags(PoolTagsError::NotReported)
            }
            other => MachineError::PoolTags(other),
        }
    }

    /// Returns whether a retry may succeed, with more rights or later.
    pub(in crate::machine) fn may_pass(&self) -> bool {
        match self {
            PoolTagsError::Growing(_) | PoolTagsError::Torn(_) | PoolTagsError::NotAllowed(..) => true,
            PoolTagsError::NotReported
            | PoolTagsError::TooLarge(_)
            | PoolTagsError::NoRows(_)
            | PoolTagsError::Refused(..)
            | PoolTagsError::Wow64
            | PoolTagsError::Container => false,
        }
    }

    /// Returns whether the error is about the session pools only.
    #[cfg(any(windows, test))]
    pub(in crate::machine) fn is_of_sessions(&self) -> bool {
        match self {
            PoolTagsError::Growing(class)
            | PoolTagsError::TooLarge(class)
            | PoolTagsError::Torn(class)
            | PoolTagsError::NotAllowed(class, _)
            | PoolTagsError::NoRows(class)
            | PoolTagsError::Refused(class, _) => *class == Class::SessionPoolTag,
            PoolTagsError::NotReported | PoolTagsError::Wow64 | PoolTagsError::Container => false,
        }
    }
}
