//! The content of one screen, independent of its format.

use jiff::Timestamp;

use super::{PoolScope, RowChange, RowFigures};
use crate::machine::Memory;
use crate::pool::{Counters, Pool, Tag};

/// One screen of the pool table.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    /// The time of the reading.
    pub at: Timestamp,
    /// Memory as a whole.
    pub memory: Memory,
    /// Page faults since the previous screen.
    pub more_faults: Option<u64>,
    /// The owner of the pools.
    pub scope: PoolScope,
    /// The rows, in order.
    pub rows: Vec<ScreenRow>,
    /// The totals of each pool's rows, if they were requested.
    pub totals: Vec<Total>,
}

/// One row: a tag in a pool.
#[derive(Debug, Clone)]
pub(crate) struct ScreenRow {
    /// The user of the memory.
    pub tag: Tag,
    /// The pool of the memory.
    pub pool: Pool,
    /// The kind of counters.
    pub counters: Counters,
    /// Whether the kernel reclaims this memory when it needs some.
    pub reclaimable: bool,
    /// The figures of this reading.
    pub now: RowFigures,
    /// The change since the previous screen; zero if that screen did not have the row, because an absent row is not a
    /// zero.
    pub change: RowChange,
    /// Bytes on the last screens, the newest last; `None` if the row was absent.
    pub history: Vec<Option<u64>>,
}

/// The totals of one pool's rows.
#[derive(Debug, Clone)]
pub(crate) struct Total {
    /// The pool of the rows.
    pub pool: Pool,
    /// The sum of its rows' figures.
    pub now: RowFigures,
    /// The sum of their changes.
    pub change: RowChange,
}

/// Sums `rows` for each pool.
pub(super) fn totals(rows: &[ScreenRow]) -> Vec<Total> {
    let mut totals: Vec<Total> = Vec::new();
    for row in rows {
        match totals.iter_mut().find(|total| total.pool == row.pool) {
            Some(total) => (total.now, total.change) = (total.now.and(row.now), total.change.and(row.change)),
            None => totals.push(Total { pool: row.pool, now: row.now, change: row.change }),
        }
    }
    totals.sort_by_key(|total| total.pool);
    totals
}
