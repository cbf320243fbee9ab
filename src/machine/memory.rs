//! What a machine tells of its memory as a whole: the two lines above PoolMon's table.

/// Memory as a whole, in bytes. What the machine does not tell is `None`, and never made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Main memory.
    pub physical: Option<u64>,
    /// Main memory which somebody could have at once.
    pub available: Option<u64>,
    /// Page faults since boot: a number, not bytes.
    pub page_faults: Option<u64>,
    /// The kernel's and its drivers' own code and data in main memory.
    pub resident_kernel: Option<u64>,
    /// The paged pool in main memory.
    pub resident_paged: Option<u64>,
    /// Memory promised to whoever asked for it.
    pub committed: Option<u64>,
    /// The most that can be promised.
    pub commit_limit: Option<u64>,
    /// The most that was promised since boot.
    pub commit_peak: Option<u64>,
    /// What the nonpaged pool holds.
    pub nonpaged: Option<u64>,
    /// What the paged pool holds.
    pub paged: Option<u64>,
}
