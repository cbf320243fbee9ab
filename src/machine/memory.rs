//! Machine-wide memory figures: the two lines above PoolMon's table.

/// Machine-wide memory figures, in bytes. A figure that the machine does not report is `None`, never an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Main memory.
    pub physical: Option<u64>,
    /// Main memory that is available at once.
    pub available: Option<u64>,
    /// Page faults since boot: a number, not bytes.
    pub page_faults: Option<u64>,
    /// Code and data of the kernel and its drivers in main memory.
    pub resident_kernel: Option<u64>,
    /// The part of the paged pool that is in main memory.
    pub resident_paged: Option<u64>,
    /// Committed memory (the commit charge).
    pub committed: Option<u64>,
    /// The commit limit.
    pub commit_limit: Option<u64>,
    /// The highest commit charge since boot.
    pub commit_peak: Option<u64>,
    /// The size of the nonpaged pool.
    pub nonpaged: Option<u64>,
    /// The size of the paged pool.
    pub paged: Option<u64>,
}
