//! Every key's usage at one instant.
//!
//! A snapshot is refilled for each sample and keeps its keys: a row has the same key for ever, and a sample only writes
//! numbers. Sampling therefore needs no heap allocations. A row without a usage is *absent*: the kernel's table did not
//! have it. Absent is not zero.

use std::collections::HashMap;

use super::{Key, Usage};

/// The place of a row in the [`Snapshot`] that returned it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(u32);

impl RowId {
    /// The place as an index, for tables with the same rows as a snapshot.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every key's usage at one instant.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    keys: Vec<Key>,
    usages: Vec<Option<Usage>>,
    places: HashMap<Key, RowId>,
}

impl Snapshot {
    /// A snapshot without rows.
    pub fn new() -> Snapshot {
        Snapshot::default()
    }

    /// Returns the row of `key`; a new key is added (absent) at the end.
    pub fn row(&mut self, key: Key) -> RowId {
        *self.places.entry(key).or_insert_with_key(|key| {
            let row = RowId(self.keys.len() as u32);
            self.keys.push(key.clone());
            self.usages.push(None);
            row
        })
    }

    /// Makes every row absent before a new sample is read.
    pub fn clear(&mut self) {
        self.usages.fill(None);
    }

    /// Writes one row.
    ///
    /// # Panics
    /// If `row` is from another snapshot and out of range.
    pub fn set(&mut self, row: RowId, usage: Option<Usage>) {
        self.usages[row.index()] = usage;
    }

    /// One row's usage; `None` if absent.
    pub fn get(&self, row: RowId) -> Option<Usage> {
        self.usages.get(row.index()).copied().flatten()
    }

    /// The keys, in the order in which they were first added.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The usages, one for each of [`Snapshot::keys`].
    pub fn usages(&self) -> &[Option<Usage>] {
        &self.usages
    }

    /// The rows that are present.
    pub fn present(&self) -> impl Iterator<Item = (&Key, Usage)> {
        self.keys.iter().zip(&self.usages).filter_map(|(key, usage)| Some((key, (*usage)?)))
    }
}
