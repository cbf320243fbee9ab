//! What the kernel counts under one key.

/// The counters of one pool tag or slab cache, as the kernel gave them; [`Counters`](super::Counters) says how to read
/// `allocs` and `frees`. Raw values are kept and everything else is computed from them, so that no reading is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Allocations since boot, or objects in use where the kernel counts only those.
    pub allocs: u64,
    /// Frees since boot, or 0 where the kernel does not count them.
    pub frees: u64,
    /// Bytes in use.
    pub bytes: u64,
}
