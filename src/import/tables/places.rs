//! Rows that are not of pool tags: their reader looks up each name once and then adds by the row's place.

use super::LogTables;
use crate::pool::{Key, RowId, Usage};
use crate::record::Stage;

impl LogTables {
    /// The place of a row, the same in every table.
    pub(in crate::import) fn place(&mut self, key: Key) -> RowId {
        self.snapshot.row(key)
    }

    /// Whether the table already has the row.
    pub(in crate::import) fn has(&self, row: RowId) -> bool {
        self.snapshot.get(row).is_some()
    }

    /// Adds figures to a row. Rows with the same name are summed, because two slab caches may have the same name.
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

    /// Sets the stage of the tables from the next one on. By default, it is the workload.
    pub(in crate::import) fn stage(&mut self, stage: Stage) {
        self.next_stage = stage;
    }

    /// Adds a note about this file for readers of the report.
    pub(in crate::import) fn note(&mut self, note: &str) {
        self.notes.push(format!("{}: {note}", self.file.name));
    }
}
