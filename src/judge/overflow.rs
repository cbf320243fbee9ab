//! Detects that the kernel ran out of room for tags during the run.
//!
//! Windows counts tags in a table of limited size and puts all others under the tag `Ovfl`. If `Ovfl` moves, the
//! figures of another tag may be too low and hide a leak. A note reports this, regardless of the verdicts.

use crate::pool::{Key, Usage};

/// The tag for all memory without a row of its own.
const OVERFLOW: &str = "Ovfl";

/// Watches the rows of `Ovfl` in every pool and session.
#[derive(Debug, Default)]
pub(super) struct Overflow {
    /// Number of keys examined so far.
    known: usize,
    /// Indices of the rows, each with its first usage.
    rows: Vec<(usize, Usage)>,
    sampled: bool,
    moved: bool,
}

impl Overflow {
    /// Examines one sample; `keys` only ever grows.
    pub(super) fn sample(&mut self, keys: &[Key], usages: &[Option<Usage>]) {
        for (row, key) in keys.iter().enumerate().skip(self.known) {
            if key.pool.has_pool_tags() && key.tag.as_str() == OVERFLOW {
                // A row that appears later held nothing before.
                let before = if self.sampled { None } else { usages.get(row).copied().flatten() };
                self.rows.push((row, before.unwrap_or_default()));
            }
        }
        self.known = keys.len();
        self.sampled = true;
        let usage = |row: usize| usages.get(row).copied().flatten();
        self.moved |= self.rows.iter().any(|(row, first)| usage(*row).is_some_and(|now| now != *first));
    }

    /// Whether a row of `Ovfl` moved.
    pub(super) fn moved(&self) -> bool {
        self.moved
    }

    /// The note about an overflow, if there was one.
    pub(super) fn note(&self) -> Option<String> {
        self.moved.then(|| {
            "the kernel's tag table overflowed during the run: the figures of some tags are counted under Ovfl"
                .to_owned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Counters, Pool};

    fn keys(tag: &str, pool: Pool) -> [Key; 2] {
        let key = |tag: &str, pool| Key::new(tag.parse().unwrap(), pool, Counters::Full64);
        [key("Irp", Pool::Nonpaged), key(tag, pool)]
    }

    /// Usages of an `Irp` that moves, and of the given row.
    fn usages(at: usize, allocs: Option<u64>) -> [Option<Usage>; 2] {
        [Some(at as u64), allocs].map(|allocs| allocs.map(|allocs| Usage { allocs, frees: 0, bytes: allocs * 64 }))
    }

    /// Whether samples of one row lead to a note.
    fn noted(tag: &str, pool: Pool, allocs: &[Option<u64>]) -> bool {
        let mut overflow = Overflow::default();
        for (at, allocs) in allocs.iter().enumerate() {
            overflow.sample(&keys(tag, pool), &usages(at, *allocs));
        }
        overflow.note().is_some()
    }

    #[test]
    fn a_changing_overflow_row_is_reported_and_a_constant_one_is_not() {
        for (allocs, expected) in [
            ([Some(0), Some(0), Some(0)], false),
            ([Some(7), Some(7), Some(7)], false),
            ([Some(7), Some(8), Some(7)], true),
            ([Some(7), None, Some(7)], false),
            ([None, None, None], false),
            ([None, Some(3), Some(3)], true),
            ([None, Some(0), Some(0)], false),
        ] {
            assert_eq!(noted("Ovfl", Pool::Nonpaged, &allocs), expected, "{allocs:?}");
        }
    }

    #[test]
    fn an_overflow_row_that_appears_during_the_run_has_changed() {
        let keys = keys("Ovfl", Pool::Nonpaged);
        let mut overflow = Overflow::default();
        overflow.sample(&keys[..1], &usages(0, None)[..1]);
        assert_eq!(overflow.note(), None);
        overflow.sample(&keys, &usages(1, Some(5)));
        assert!(overflow.note().is_some());
    }

    #[test]
    fn only_the_kernels_own_tag_counts() {
        let moving = [Some(1), Some(2), Some(3)];
        assert!(noted("Ovfl", Pool::Paged, &moving));
        assert!(!noted("ovfl", Pool::Paged, &moving));
        assert!(!noted("Ovfl", Pool::Slab, &moving));
    }
}
