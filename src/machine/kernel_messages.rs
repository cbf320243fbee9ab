//! Messages from the kernel log.

/// Kernel messages, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KernelMessages {
    /// One message per line, preceded by the time since boot if the kernel records it.
    pub lines: Vec<String>,
    /// The number of messages that were overwritten before they were read.
    pub lost: u64,
}
