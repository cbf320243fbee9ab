//! What one call of `poolgate sim exercise` does to a simulated kernel: a small driver's work in one line.

use std::str::FromStr;

use super::KernelState;
use crate::pool::{Pool, Tag, TagError};

/// One round of work.
#[derive(Debug, Clone, Default)]
pub struct Exercise {
    /// Allocated and never freed.
    pub leak: Vec<Allocation>,
    /// Allocated and freed again: only the counters move.
    pub churn: Vec<Allocation>,
    /// Allocated one a round, until as many are kept as the count says.
    pub cache: Vec<Allocation>,
}

/// `TAG:SIZE` or `TAG:SIZExCOUNT`, with `p/` in front for the paged pool: `MyD1:4KiB`, `p/MyD1:64Bx10`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// Who allocates.
    pub tag: Tag,
    /// Where.
    pub pool: Pool,
    /// Bytes of one allocation.
    pub size: u64,
    /// How many allocations.
    pub count: u64,
}

/// Why a text is not an [`Allocation`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// No colon.
    #[error("write TAG:SIZE, for example MyD1:4KiB or MyD1:64Bx10")]
    Form,
    /// The part before the colon.
    #[error("no tag: {0}")]
    Tag(#[from] TagError),
    /// The part between the colon and `x`.
    #[error("the size is a whole number with its unit, B, KiB or MiB")]
    Size,
    /// The part after `x`.
    #[error("the count after `x` is a whole number")]
    Count,
}

impl Exercise {
    /// Does the work.
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

impl FromStr for Allocation {
    type Err = AllocationError;

    fn from_str(text: &str) -> Result<Allocation, AllocationError> {
        // Tags may hold a colon, sizes never do.
        let (tag, amount) = text.rsplit_once(':').ok_or(AllocationError::Form)?;
        let (pool, tag) = match tag.strip_prefix("p/") {
            Some(tag) => (Pool::Paged, tag),
            None => (Pool::Nonpaged, tag),
        };
        let (size, count) = amount.split_once('x').unwrap_or((amount, "1"));
        Ok(Allocation {
            tag: tag.parse()?,
            pool,
            size: bytes(size).ok_or(AllocationError::Size)?,
            count: count.parse().ok().filter(|&count: &u64| count <= 1 << 20).ok_or(AllocationError::Count)?,
        })
    }
}

/// At most 1 GiB: with at most a million at once, no sum of a run overflows 64 bits.
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
        let read = |text: &str| text.parse::<Allocation>();
        let expected = |tag: &str, pool, size, count| Ok(Allocation { tag: tag.parse().unwrap(), pool, size, count });
        assert_eq!(read("MyD1:4KiB"), expected("MyD1", Pool::Nonpaged, 4096, 1));
        assert_eq!(read("p/MyD1:64Bx10"), expected("MyD1", Pool::Paged, 64, 10));
        assert_eq!(read("a:b:1 MiB"), expected("a:b", Pool::Nonpaged, 1 << 20, 1));
        assert_eq!(read("MyD1"), Err(AllocationError::Form));
        assert_eq!(read("MyD1:4"), Err(AllocationError::Size));
        assert_eq!(read("MyD1:4KiBxx"), Err(AllocationError::Count));
        assert_eq!(read(":4B"), Err(AllocationError::Tag(TagError::Empty)));
    }
}
