//! What the kernel says its pools hold in all (Microsoft Learn, "GetPerformanceInfo function"): a second witness beside
//! the tags, which also sees what no tag accounts for.

use crate::pool::{Counters, Key, Pool, RowId, Snapshot, Usage};

/// What the pools hold, in pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// The paged pool.
    pub paged: u64,
    /// The nonpaged pool.
    pub nonpaged: u64,
    /// Bytes of a page.
    pub page: u64,
}

/// The totals' rows, once there were any.
#[derive(Debug, Default)]
pub(super) struct TotalRows(Option<[RowId; 2]>);

impl TotalRows {
    /// Adds `totals` to `snapshot`: a page is an object.
    pub(super) fn fill(&mut self, totals: Totals, snapshot: &mut Snapshot) {
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
