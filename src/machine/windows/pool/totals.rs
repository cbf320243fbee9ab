//! The total sizes of the kernel's pools (Microsoft Learn, "GetPerformanceInfo function"). They are independent of the
//! tags, and include memory without a tag.

use crate::pool::{Counters, Key, Pool, RowId, Snapshot, Usage};

/// The sizes of the pools, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolTotals {
    /// The paged pool.
    pub paged: u64,
    /// The nonpaged pool.
    pub nonpaged: u64,
    /// The size of a page, in bytes.
    pub page: u64,
}

/// The rows of the totals in the snapshot, after the first `fill`.
#[derive(Debug, Default)]
pub(super) struct TotalRows(Option<[RowId; 2]>);

impl TotalRows {
    /// Adds `totals` to `snapshot`; each page counts as one object.
    pub(super) fn fill(&mut self, totals: PoolTotals, snapshot: &mut Snapshot) {
        let rows = *self.0.get_or_insert_with(|| ["paged", "nonpaged"].map(|pool| snapshot.row(key(pool))));
        for (row, pages) in rows.into_iter().zip([totals.paged, totals.nonpaged]) {
            let bytes = pages.saturating_mul(totals.page);
            snapshot.set(row, Some(Usage { allocs: pages, frees: 0, bytes }));
        }
    }
}

#[expect(clippy::expect_used, reason = "both names are constants")]
fn key(pool: &str) -> Key {
    Key::new(pool.parse().expect("a pool's name is a tag"), Pool::Kernel, Counters::InUse)
}
