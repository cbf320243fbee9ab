//! What a row of a table is about.

use crate::pool::{Counters, Key, Pool, Tag};

/// What one row of a table is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct About {
    pub(in crate::import) tag: [u8; 4],
    pub(in crate::import) pool: Pool,
    pub(in crate::import) session: Option<u32>,
    pub(in crate::import) counters: Counters,
}

impl About {
    /// The same as a key.
    pub(in crate::import) fn key(self) -> Key {
        let About { tag, pool, session, counters } = self;
        Key { session, ..Key::new(Tag::from_pool_tag(tag), pool, counters) }
    }
}
