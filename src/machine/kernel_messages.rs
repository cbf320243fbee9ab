//! What a kernel logged of itself.

/// Messages of the kernel, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KernelMessages {
    /// One line each, with the time since boot in front where the kernel keeps it.
    pub lines: Vec<String>,
    /// How many were written over before they were read.
    pub lost: u64,
}
