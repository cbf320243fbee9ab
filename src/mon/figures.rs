//! A row's figures, and their change since the previous screen.

use crate::pool::{Counters, Key, Usage};

/// The figures of a row at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RowFigures {
    /// Allocations, or objects in use if the kernel counts only those.
    pub allocs: u64,
    /// Frees; 0 if the kernel does not count them.
    pub frees: u64,
    /// The number of allocations that were not freed.
    pub diff: i64,
    /// The number of bytes in use.
    pub bytes: u64,
}

/// The change of figures since the previous screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RowChange {
    /// The increase in allocations.
    pub allocs: i64,
    /// The increase in frees.
    pub frees: i64,
    /// The increase in objects in use.
    pub diff: i64,
    /// The increase in bytes in use.
    pub bytes: i64,
}

impl RowFigures {
    /// The figures of a usage.
    pub(super) fn new(key: &Key, usage: Usage) -> RowFigures {
        RowFigures { allocs: usage.allocs, frees: usage.frees, diff: key.live(usage), bytes: usage.bytes }
    }

    /// Bytes for each object in use; 0 if there is none.
    pub(crate) fn per_alloc(self) -> u64 {
        u64::try_from(self.diff).ok().and_then(|objects| self.bytes.checked_div(objects)).unwrap_or(0)
    }

    /// The change of bytes for each object, if the other figures changed by `change`.
    pub(crate) fn per_alloc_change(self, change: RowChange) -> i64 {
        let (diff, bytes) = (self.diff.wrapping_sub(change.diff), self.bytes.wrapping_sub(change.bytes as u64));
        self.per_alloc().wrapping_sub(RowFigures { diff, bytes, ..self }.per_alloc()) as i64
    }

    /// The sum of both.
    pub(super) fn and(self, other: RowFigures) -> RowFigures {
        RowFigures {
            allocs: self.allocs.wrapping_add(other.allocs),
            frees: self.frees.wrapping_add(other.frees),
            diff: self.diff.wrapping_add(other.diff),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }
}

impl RowChange {
    /// The change of `key` from one usage to the next. A 32-bit counter may have wrapped in between.
    pub(super) fn new(key: &Key, before: Usage, now: Usage) -> RowChange {
        let more = |before: u64, now: u64| match key.counters {
            Counters::Wrapping32 => i64::from((now as u32).wrapping_sub(before as u32) as i32),
            Counters::Full64 | Counters::InUse | Counters::BytesOnly => now.wrapping_sub(before) as i64,
        };
        RowChange {
            allocs: more(before.allocs, now.allocs),
            frees: more(before.frees, now.frees),
            diff: key.live(now).wrapping_sub(key.live(before)),
            bytes: now.bytes.wrapping_sub(before.bytes) as i64,
        }
    }

    /// The sum of both.
    pub(super) fn and(self, other: RowChange) -> RowChange {
        RowChange {
            allocs: self.allocs.wrapping_add(other.allocs),
            frees: self.frees.wrapping_add(other.frees),
            diff: self.diff.wrapping_add(other.diff),
            bytes: self.bytes.wrapping_add(other.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Pool;

    fn key(counters: Counters) -> Key {
        Key::new("MyD1".parse().unwrap(), Pool::Paged, counters)
    }

    #[test]
    fn a_counter_that_wrapped_changed_by_little() {
        let (before, now) =
            (Usage { allocs: 0xffff_fffe, frees: 10, bytes: 4096 }, Usage { allocs: 3, frees: 12, bytes: 0 });
        let change = RowChange::new(&key(Counters::Wrapping32), before, now);
        assert_eq!(change, RowChange { allocs: 5, frees: 2, diff: 3, bytes: -4096 });
    }

    #[test]
    fn objects_in_use_may_become_fewer() {
        let at = |allocs, bytes| Usage { allocs, frees: 0, bytes };
        let change = RowChange::new(&key(Counters::InUse), at(100, 6400), at(90, 5760));
        assert_eq!(change, RowChange { allocs: -10, frees: 0, diff: -10, bytes: -640 });
    }

    #[test]
    fn bytes_for_each_object_change_with_both() {
        let now = RowFigures { diff: 4, bytes: 400, ..RowFigures::default() };
        assert_eq!(now.per_alloc_change(RowChange { diff: 2, bytes: 200, ..RowChange::default() }), 0);
        assert_eq!(now.per_alloc_change(RowChange { diff: 0, bytes: 200, ..RowChange::default() }), 50);
        assert_eq!(now.per_alloc_change(RowChange { diff: 4, bytes: 400, ..RowChange::default() }), 100);
    }

    #[test]
    fn nothing_in_use_has_no_size() {
        for (diff, per_alloc) in [(0, 0), (-3, 0), (3, 33)] {
            assert_eq!(RowFigures { diff, bytes: 100, ..RowFigures::default() }.per_alloc(), per_alloc, "{diff}");
        }
    }
}
