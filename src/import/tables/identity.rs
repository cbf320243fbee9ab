//! The identity of a table's row.

use crate::pool::{Counters, Key, Pool, Tag};

/// The fields that identify a row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct RowIdentity {
    pub(in crate::import) tag: [u8; 4],
    pub(in crate::import) pool: Pool,
    pub(in crate::import) session: Option<u32>,
    pub(in crate::import) counters: Counters,
}

impl RowIdentity {
    /// Converts to a key.
    pub(in crate::import) fn key(self) -> Key {
        let RowIdentity { tag, pool, session, counters } = self;
        Key { session, ..Key::new(Tag::from_pool_tag(tag), pool, counters) }
    }
}
