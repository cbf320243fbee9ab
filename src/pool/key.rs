//! The identity of one row of a kernel's pool table.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Tag, Usage};

/// The source of memory: a pool of Windows, an allocator of Linux, or a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Pool {
    /// The paged pool of Windows.
    Paged,
    /// The nonpaged pool of Windows.
    Nonpaged,
    /// Objects in use of the Linux slab allocator.
    Slab,
    /// Whole slabs of the Linux slab allocator, including unused objects: the main memory that a cache occupies. It is a
    /// separate pool because it counts the objects a second time. Thresholds select it with `measure: slabs`, not with
    /// `pool`.
    Slabs,
    /// Memory by call site in the code of the Linux kernel, from any allocator (`/proc/allocinfo`). It is a separate pool
    /// because it counts slab memory a second time.
    Callsite,
    /// Totals reported by a kernel or by the header of a PoolMon table, such as `paged` and `nonpaged` on Windows and
    /// `Slab` on Linux. It is a separate pool because it counts the memory of the tags a second time. Thresholds cover it
    /// only if they name it.
    Kernel,
    /// Unknown: an imported log without the pool of its tags.
    Unknown,
}

impl Pool {
    /// All pools, in the order of their declaration.
    pub const ALL: [Pool; 7] =
        [Pool::Paged, Pool::Nonpaged, Pool::Slab, Pool::Slabs, Pool::Callsite, Pool::Kernel, Pool::Unknown];

    /// Returns whether its tags are Windows pool tags: four bytes.
    pub fn has_pool_tags(self) -> bool {
        match self {
            Pool::Paged | Pool::Nonpaged => true,
            Pool::Slab | Pool::Slabs | Pool::Callsite | Pool::Kernel | Pool::Unknown => false,
        }
    }
}

impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Pool::Paged => "paged",
            Pool::Nonpaged => "nonpaged",
            Pool::Slab => "slab",
            Pool::Slabs => "slabs",
            Pool::Callsite => "callsite",
            Pool::Kernel => "kernel",
            Pool::Unknown => "unknown",
        })
    }
}

/// How a source counts allocations and frees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counters {
    /// 32 bits that wrap: Windows' class 22. Only the difference is meaningful.
    Wrapping32,
    /// 64 bits: Windows' class 255, the simulated kernel.
    Full64,
    /// Objects in use only, in `allocs`; `frees` stays 0: Linux's slabinfo, and pages of a whole pool.
    InUse,
    /// Only bytes: whole slabs, or an imported log without counts. `allocs` and `frees` stay 0, and the number of
    /// objects is unknown.
    BytesOnly,
}

/// Identifies one row of a pool table: a tag, the pool, and the interpretation of its figures.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The user of the memory.
    pub tag: Tag,
    /// The pool of the memory.
    pub pool: Pool,
    /// How `allocs` and `frees` count.
    pub counters: Counters,
    /// Whether the kernel reclaims this memory when it needs some (Linux's `reclaim_account`), so growth alone is not a
    /// leak.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reclaimable: bool,
    /// The Windows session that owns the pool; `None` is the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u32>,
}

impl Key {
    /// The key of a row of the whole system, for memory that the kernel does not reclaim.
    pub fn new(tag: Tag, pool: Pool, counters: Counters) -> Key {
        Key { tag, pool, counters, reclaimable: false, session: None }
    }

    /// The parts that identify a tag in two recordings. The other parts depend on the source: it may count the same tag
    /// in another way.
    pub fn identity(&self) -> (&Tag, Pool, Option<u32>) {
        (&self.tag, self.pool, self.session)
    }

    /// Whether another row of pool `kernel` also counts this memory: in `/proc/meminfo`, SReclaimable and SUnreclaim
    /// are the parts of Slab, KReclaimable includes SReclaimable, and stacks are a part of VmallocUsed.
    pub fn is_part(&self) -> bool {
        const PARTS: [&str; 4] = ["SReclaimable", "SUnreclaim", "KReclaimable", "KernelStack"];
        self.pool == Pool::Kernel && PARTS.contains(&self.tag.as_str())
    }

    /// Objects in use: allocations that have not been freed.
    pub fn live(&self, usage: Usage) -> i64 {
        match self.counters {
            Counters::Wrapping32 => i64::from((usage.allocs as u32).wrapping_sub(usage.frees as u32) as i32),
            Counters::Full64 | Counters::InUse | Counters::BytesOnly => usage.allocs.wrapping_sub(usage.frees) as i64,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tag.unprotected().filter(|_| self.pool.has_pool_tags()) {
            Some(tag) => write!(f, "{tag} {} (protected)", self.pool)?,
            None => write!(f, "{} {}", self.tag, self.pool)?,
        }
        match self.session {
            Some(session) => write!(f, " (session {session})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_that_wrapped_still_gives_the_objects_in_use() {
        let key = Key::new("Wrap".parse().unwrap(), Pool::Paged, Counters::Wrapping32);
        assert_eq!(key.live(Usage { allocs: 3, frees: 0xffff_fffe, bytes: 0 }), 5);
        assert_eq!(key.live(Usage { allocs: 0xffff_fffe, frees: 0xffff_ffff, bytes: 0 }), -1);
    }

    #[test]
    fn every_pool_is_among_all_of_them_once() {
        for pool in Pool::ALL {
            // The compiler reports a new pool that is missing in this match.
            let place = match pool {
                Pool::Paged => 0,
                Pool::Nonpaged => 1,
                Pool::Slab => 2,
                Pool::Slabs => 3,
                Pool::Callsite => 4,
                Pool::Kernel => 5,
                Pool::Unknown => 6,
            };
            assert_eq!(Pool::ALL[place], pool);
        }
    }

    #[test]
    fn keys_that_differ_are_shown_differently() {
        let key = |bytes: [u8; 4], session| {
            let key = Key::new(Tag::from_pool_tag(bytes), Pool::Paged, Counters::Wrapping32);
            Key { session, ..key }.to_string()
        };
        assert_eq!(key(*b"MyD1", None), "MyD1 paged");
        assert_eq!(key(*b"MyD1", Some(1)), "MyD1 paged (session 1)");
        assert_eq!(key([b'M', b'y', b'D', b'1' | 0x80], None), "MyD1 paged (protected)");
        assert_eq!(key([b'I', b'o', b' ', b' ' | 0x80], Some(0)), "Io paged (protected) (session 0)");
        assert_eq!(key([0, 0, 0, 0xb1], None), "\\x00\\x00\\x001 paged (protected)");
        let cache = Key::new("Caf\\xe9".parse().unwrap(), Pool::Slab, Counters::InUse);
        assert_eq!(cache.to_string(), "Caf\\xe9 slab");
    }

    #[test]
    fn a_key_of_the_system_reads_and_writes_as_before_there_were_sessions() {
        let old = r#"{"tag":"MyD1","pool":"paged","counters":"wrapping32"}"#;
        let key: Key = serde_json::from_str(old).unwrap();
        assert_eq!((key.session, key.reclaimable), (None, false));
        assert_eq!(serde_json::to_string(&key).unwrap(), old);

        let session = Key { session: Some(2), ..key };
        let text = serde_json::to_string(&session).unwrap();
        assert_eq!(text, old.replace('}', r#","session":2}"#));
        assert_eq!(serde_json::from_str::<Key>(&text).unwrap(), session);
    }
}
