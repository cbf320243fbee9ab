//! What one row of a kernel's pool table is about.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Tag, Usage};

/// Which pool memory came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// Windows' pageable pool.
    Paged,
    /// Windows' nonpaged pool.
    Nonpaged,
    /// Linux' slab allocator.
    Slab,
    /// What places in the Linux kernel's code have allocated, by whatever allocator (`/proc/allocinfo`). A pool of its own,
    /// as it counts slab memory a second time.
    Callsite,
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Pool::Paged => "paged",
            Pool::Nonpaged => "nonpaged",
            Pool::Slab => "slab",
            Pool::Callsite => "callsite",
        })
    }
}

/// How a source counts allocations and frees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counters {
    /// 32 bits which wrap: Windows' class 22. Only the difference means anything.
    Wrapping32,
    /// 64 bits: Windows' class 255, the simulated kernel.
    Full64,
    /// Objects in use only, in `allocs`; `frees` stays 0: Linux' slabinfo.
    InUse,
}

/// What one row of a pool table is about: a tag, the pool, and how its figures are to be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// Who allocated.
    pub tag: Tag,
    /// Where.
    pub pool: Pool,
    /// How `allocs` and `frees` count.
    pub counters: Counters,
    /// The kernel takes this memory back when it needs some (Linux' `reclaim_account`), so its growth is no leak as such.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reclaimable: bool,
}

impl Key {
    /// Objects in use: allocations not freed yet.
    pub fn live(&self, usage: Usage) -> i64 {
        match self.counters {
            Counters::Wrapping32 => i64::from((usage.allocs as u32).wrapping_sub(usage.frees as u32) as i32),
            Counters::Full64 | Counters::InUse => usage.allocs.wrapping_sub(usage.frees) as i64,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.tag, self.pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_which_wrapped_still_gives_the_objects_in_use() {
        let key =
            Key { tag: "Wrap".parse().unwrap(), pool: Pool::Paged, counters: Counters::Wrapping32, reclaimable: false };
        assert_eq!(key.live(Usage { allocs: 3, frees: 0xffff_fffe, bytes: 0 }), 5);
        assert_eq!(key.live(Usage { allocs: 0xffff_fffe, frees: 0xffff_ffff, bytes: 0 }), -1);
    }
}
