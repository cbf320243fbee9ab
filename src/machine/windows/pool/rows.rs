//! Adds a table's rows to the snapshot.
//!
//! A tag has up to two rows in a snapshot, one for each pool. A pool with all zeros is left out until the tag first
//! uses it; after that, zeros are recorded. The kernel nearly always lists the same tags in the same order, so each
//! position of the list caches its tag. Neither the cache nor a lookup by the tag's bytes allocates heap memory.

use std::collections::HashMap;

use super::layout::RowUsage;
use crate::pool::{Counters, Key, Pool, RowId, Snapshot, Tag, Usage};

/// The tags of one table, or of one session.
#[derive(Debug)]
pub(super) struct TagRows {
    counters: Counters,
    session: Option<u32>,
    known: HashMap<[u8; 4], usize>,
    /// The rows of the known tags in the snapshot.
    places: Vec<RowPosition>,
    /// The tag at each position of the last table, with its index in `places`.
    listed: Vec<([u8; 4], usize)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct RowPosition {
    paged: Option<RowId>,
    nonpaged: Option<RowId>,
}

impl TagRows {
    pub(super) fn new(counters: Counters, session: Option<u32>) -> TagRows {
        TagRows { counters, session, known: HashMap::new(), places: Vec::new(), listed: Vec::new() }
    }

    /// Adds the row at position `at` of the list to `snapshot`.
    #[inline]
    pub(super) fn count(&mut self, at: usize, row: RowUsage, snapshot: &mut Snapshot) {
        let known = match self.listed.get(at) {
            Some((tag, known)) if *tag == row.tag => *known,
            _ => self.list(at, row.tag),
        };
        let (counters, session) = (self.counters, self.session);
        let key = |pool| Key { session, ..Key::new(Tag::from_pool_tag(row.tag), pool, counters) };
        let place = &mut self.places[known];
        add(&mut place.paged, row.paged, || key(Pool::Paged), snapshot);
        add(&mut place.nonpaged, row.nonpaged, || key(Pool::Nonpaged), snapshot);
    }

    /// Records that another tag is at this position; returns its index in `places`.
    #[cold]
    fn list(&mut self, at: usize, tag: [u8; 4]) -> usize {
        let known = *self.known.entry(tag).or_insert_with(|| {
            self.places.push(RowPosition::default());
            self.places.len() - 1
        });
        match self.listed.get_mut(at) {
            Some(listed) => *listed = (tag, known),
            None => self.listed.push((tag, known)),
        }
        known
    }
}

/// Adds one pool's figures. Figures of a tag that is listed twice are added up.
fn add(place: &mut Option<RowId>, usage: Usage, key: impl FnOnce() -> Key, snapshot: &mut Snapshot) {
    let row = match *place {
        Some(row) => row,
        None if usage == Usage::default() => return,
        None => *place.insert(snapshot.row(key())),
    };
    let met = snapshot.get(row).unwrap_or_default();
    snapshot.set(
        row,
        Some(Usage {
            allocs: met.allocs.wrapping_add(usage.allocs),
            frees: met.frees.wrapping_add(usage.frees),
            bytes: met.bytes.saturating_add(usage.bytes),
        }),
    );
}
