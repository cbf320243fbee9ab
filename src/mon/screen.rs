//! One screen: everything that stands on it, and nothing of how it is written.

use jiff::Timestamp;

use super::{Change, Figures, Scope};
use crate::machine::Memory;
use crate::pool::{Counters, Pool, Tag};

/// One screen.
#[derive(Debug, Clone)]
pub struct Screen {
    /// When its figures were read.
    pub at: Timestamp,
    /// Memory as a whole.
    pub memory: Memory,
    /// Page faults since the screen before.
    pub more_faults: Option<u64>,
    /// Whose pools.
    pub scope: Scope,
    /// The rows, in order.
    pub rows: Vec<Row>,
    /// What the rows of each pool come to, where that was asked for.
    pub totals: Vec<Total>,
}

/// One row: a tag in a pool.
#[derive(Debug, Clone)]
pub struct Row {
    /// Who allocated.
    pub tag: Tag,
    /// Where.
    pub pool: Pool,
    /// How the kernel counts.
    pub counters: Counters,
    /// Whether the kernel takes this memory back when it needs some.
    pub reclaimable: bool,
    /// The figures.
    pub now: Figures,
    /// What changed since the screen before; nothing, where the row was not on it: that it was absent is not that it was
    /// zero.
    pub change: Change,
    /// Bytes on the last screens, the newest last; `None` where it was absent.
    pub history: Vec<Option<u64>>,
}

/// What the rows of one pool come to.
#[derive(Debug, Clone)]
pub struct Total {
    /// The pool.
    pub pool: Pool,
    /// All its rows' figures.
    pub now: Figures,
    /// All their changes.
    pub change: Change,
}

/// What `rows` come to, pool by pool.
pub(super) fn totals(rows: &[Row]) -> Vec<Total> {
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
