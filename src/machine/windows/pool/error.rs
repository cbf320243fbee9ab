//! Why the kernel's pool tables could not be read. That pool tagging is off is no case of these: every platform knows
//! [`MachineError::TaggingOff`].

use super::answer::{MOST, TRIES};
use super::class::{Class, NtStatus};
use crate::machine::MachineError;

/// A table of pool usage which could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolTagsError {
    /// Neither class is there (STATUS_INVALID_INFO_CLASS).
    #[error("this system does not report pool tags ({status})", status = NtStatus::INVALID_INFO_CLASS)]
    NotReported,
    /// The table was larger than the memory offered, every time.
    #[error("cannot read {0}: the table outgrew its buffer {TRIES} times in a row (c0000004)")]
    Growing(Class),
    /// The table is larger than any true one.
    #[error("cannot read {0}: the kernel wants more than {most} MiB for the table (c0000004)", most = MOST >> 20)]
    TooLarge(Class),
    /// The table does not hold as many rows as it says.
    #[error("cannot read {0}: the table did not hold as many rows as it said, {TRIES} times in a row")]
    Torn(Class),
    /// This account may not.
    #[error("cannot read {0}: not allowed ({1})")]
    NotAllowed(Class, NtStatus),
    /// A table without rows, which no running kernel has.
    #[error("cannot read {0}: the kernel listed none at all")]
    NoRows(Class),
    /// Any other answer.
    #[error("cannot read {0}: the kernel answered class {number} with {1}", number = .0.number())]
    Refused(Class, NtStatus),
    /// A 32-bit program on a 64-bit Windows is given figures cut to 32 bits.
    #[error("cannot read pool tags: this is the 32-bit poolgate, on a 64-bit Windows")]
    Wow64,
    /// In a container the kernel is the host's, or one that nothing here can restart.
    #[error(
        "poolgate does not run in a Windows container: the kernel's boot settings, restarts and services are the host's"
    )]
    Container,
}

impl PoolTagsError {
    /// The machine's failure which this is.
    pub(super) fn of_machine(self) -> MachineError {
        match self {
            PoolTagsError::Refused(Class::PoolTag, NtStatus::NOT_IMPLEMENTED) => MachineError::TaggingOff,
            PoolTagsError::Refused(Class::PoolTag, NtStatus::INVALID_INFO_CLASS) => {
                MachineError::PoolTags(PoolTagsError::NotReported)
            }
            other => MachineError::PoolTags(other),
        }
    }

    /// Whether the same may succeed with more rights, or at another time.
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

    /// Whether only the tags of sessions could not be read.
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

    /// What the person running this should do, where there is something to do.
    pub fn help(&self) -> Option<&'static str> {
        Some(match self {
            PoolTagsError::NotReported => {
                "poolgate needs the kernel of a real Windows; elsewhere (Wine, say) try a scenario with \
                 `machine: { simulated: {} }`"
            }
            PoolTagsError::Growing(_) | PoolTagsError::Torn(_) => "run again; where it stays so, please report it",
            PoolTagsError::NotAllowed(..) => "run poolgate elevated (Run as administrator)",
            PoolTagsError::Container => "run poolgate on the host, or in a virtual machine",
            PoolTagsError::Wow64 => "use the x64 build of poolgate, or the ARM64 one",
            PoolTagsError::NoRows(_) | PoolTagsError::TooLarge(_) | PoolTagsError::Refused(..) => {
                "please report it, with the Windows build that `winver` shows"
            }
        })
    }
}
