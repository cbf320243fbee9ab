//! The counts of the kernel under one key.

/// The counters of one pool tag or slab cache, as the kernel returned them; [`Counters`](super::Counters) gives the
/// meaning of `allocs` and `frees`. Only raw values are stored, and everything else is computed from them, so no
/// information is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Allocations since boot, or objects in use if the kernel counts only those.
    pub allocs: u64,
    /// Frees since boot, or 0 if the kernel does not count them.
    pub frees: u64,
    /// The number of bytes in use.
    pub bytes: u64,
}
