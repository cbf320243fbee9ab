//! The work that one call of `poolgate sim exercise` does on a simulated kernel: a small driver's work in one line.

use std::str::FromStr;

use super::KernelState;
use crate::pool::{Pool, Tag, TagError};

/// One round of work.
#[derive(Debug, Clone, Default)]
pub struct Exercise {
    /// Allocations that are never freed.
    pub leak: Vec<SimAllocation>,
    /// Allocations that are freed again, so that only the counters move.
    pub churn: Vec<SimAllocation>,
    /// Allocations made one per round until their count is reached, and then kept.
    pub cache: Vec<SimAllocation>,
}

/// `TAG:SIZE` or `TAG:SIZExCOUNT`, with `p/` in front for the paged pool: `MyD1:4KiB`, `p/MyD1:64Bx10`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimAllocation {
    /// The tag that allocates.
    pub tag: Tag,
    /// The pool.
    pub pool: Pool,
    /// The size of one allocation, bytes.
    pub size: u64,
    /// The number of allocations.
    pub count: u64,
}

/// Why a text is not a [`SimAllocation`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// The colon is missing.
    #[error("write TAG:SIZE, for example MyD1:4KiB or MyD1:64Bx10")]
    Form,
    /// The part before the colon is not a tag.
    #[error("no tag: {0}")]
    Tag(#[from] TagError),
    /// The part between the colon and `x` is not a size.
    #[error("the size is a whole number with its unit, B, KiB or MiB")]
    Size,
    /// The part after `x` is not a number up to 2^20.
    #[error("the count after `x` is a whole number")]
    Count,
}

impl Exercise {
    /// Does the work on `state`.
    pub fn apply(&self, state: &mut KernelState) {
        state.exercised += 1;
        for a in &self.leak {
            state.allocate(&a.tag, a.pool, a.size, a.count);
        }
        for a in &self.churn {
            state.allocate(&a.tag, a.pool, a.size, a.count);
            state.free(&a.tag, a.pool, a.size, a.count);
        }
        for a in &self.cache {
            let missing = u64::from(state.live(&a.tag, a.pool) < a.count);
            state.allocate(&a.tag, a.pool, a.size, missing);
        }
    }
}

impl FromStr for SimAllocation {
    type Err = AllocationError;

    fn from_str(text: &str) -> Result<SimAllocation, AllocationError> {
        // Tags may contain a colon, sizes never do.
        let (tag, amount) = text.rsplit_once(':').ok_or(AllocationError::Form)?;
        let (pool, tag) = match tag.strip_prefix("p/") {
            Some(tag) => (Pool::Paged, tag),
            None => (Pool::Nonpaged, tag),
        };
        let (size, count) = amount.split_once('x').unwrap_or((amount, "1"));
        Ok(SimAllocation {
            tag: tag.parse()?,
            pool,
            size: bytes(size).ok_or(AllocationError::Size)?,
            count: count.parse().ok().filter(|&count: &u64| count <= 1 << 20).ok_or(AllocationError::Count)?,
        })
    }
}

/// Parses a size of at most 1 GiB: with at most 2^20 allocations per call, no sum in a run overflows 64 bits.
fn bytes(text: &str) -> Option<u64> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("B", 1)];
    let (number, unit) = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit)))?;
    number.trim_end().parse::<u64>().ok()?.checked_mul(*unit).filter(|&bytes| bytes <= 1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allocation_reads_as_people_write_it() {
        let read = |text: &str| text.parse::<SimAllocation>();
        let expected =
            |tag: &str, pool, size, count| Ok(SimAllocation { tag: tag.parse().unwrap(), pool, size, count });
        assert_eq!(read("MyD1:4KiB"), expected("MyD1", Pool::Nonpaged, 4096, 1));
        assert_eq!(read("p/MyD1:64Bx10"), expected("MyD1", Pool::Paged, 64, 10));
        assert_eq!(read("a:b:1 MiB"), expected("a:b", Pool::Nonpaged, 1 << 20, 1));
        assert_eq!(read("MyD1"), Err(AllocationError::Form));
        assert_eq!(read("MyD1:4"), Err(AllocationError::Size));
        assert_eq!(read("MyD1:4KiBxx"), Err(AllocationError::Count));
        assert_eq!(read(":4B"), Err(AllocationError::Tag(TagError::Empty)));
    }
}
