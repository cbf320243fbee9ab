//! Rows that are no pool tag's: their reader looks each name up once and then adds by the row's place.

use super::Tables;
use crate::pool::{Key, RowId, Usage};
use crate::record::Stage;

impl Tables {
    /// The place of a row, the same in every table.
    pub(in crate::import) fn place(&mut self, key: Key) -> RowId {
        self.snapshot.row(key)
    }

    /// Whether the table has the row already.
    pub(in crate::import) fn has(&self, row: RowId) -> bool {
        self.snapshot.get(row).is_some()
    }

    /// Adds figures to a row. Two rows of one name are summed, as two slab caches may have one name.
    pub(in crate::import) fn plus(&mut self, row: RowId, usage: Usage) {
        let met = self.snapshot.get(row).unwrap_or_default();
        let sum = Usage {
            allocs: met.allocs.saturating_add(usage.allocs),
            frees: met.frees.saturating_add(usage.frees),
            bytes: met.bytes.saturating_add(usage.bytes),
        };
        self.snapshot.set(row, Some(sum));
        self.rows_read += 1;
    }

    /// The stage of the tables from the next one on; that of the workload unless it is given.
    pub(in crate::import) fn stage(&mut self, stage: Stage) {
        self.next_stage = stage;
    }

    /// What a reader of the report should know about this file.
    pub(in crate::import) fn note(&mut self, note: &str) {
        self.notes.push(format!("{}: {note}", self.file.name));
    }
}
