//! The rows of the open table, and the lines that were not read as rows.
//!
//! A reader of PoolMon's rows adds them by their identity. A reader of other rows looks up the place of each name once,
//! and then adds by place.

use super::codes::code;
use super::{ImportedTables, RowIdentity};
use crate::pool::{Key, RowId, Usage};
use crate::record::Incomplete;

impl ImportedTables {
    /// Adds a row to the table; `false` if the table already has that row.
    pub(in crate::import) fn add(&mut self, identity: RowIdentity, usage: Usage) -> bool {
        let row = self.row(identity);
        self.set_new(row, usage)
    }

    /// Adds a row of `line` that is not of a pool tag. If the table already has it, the two are summed.
    pub(in crate::import) fn add_key(&mut self, line: u64, key: Key, usage: Usage) {
        let row = self.snapshot.row(key);
        if !self.set_new(row, usage) {
            self.add_up(line, row, usage);
        }
    }

    /// Adds a second row of a tag and pool to the first one: two tags may look alike if their bytes cannot be shown as
    /// text.
    pub(in crate::import) fn add_up(&mut self, line: u64, row: RowId, usage: Usage) {
        let first = self.snapshot.get(row).unwrap_or_default();
        let sum = Usage {
            allocs: first.allocs.wrapping_add(usage.allocs),
            frees: first.frees.wrapping_add(usage.frees),
            bytes: first.bytes.saturating_add(usage.bytes),
        };
        self.snapshot.set(row, Some(sum));
        self.doubt(line, || "repeats a tag and pool of this table, so it was added to the earlier row".to_owned());
    }

    /// Reports a row that was read and may be wrong.
    pub(in crate::import) fn doubt(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.file.doubts.add(line, why);
    }

    /// Adds a row by its place; `false` if the table already has it.
    fn set_new(&mut self, row: RowId, usage: Usage) -> bool {
        let new = !self.has(row);
        if new {
            self.snapshot.set(row, Some(usage));
            self.rows_read += 1;
        }
        new
    }

    /// Adds a row unless nothing was ever counted in it: a debugger lists both pools of a tag that uses only one.
    pub(in crate::import) fn add_used(&mut self, identity: RowIdentity, usage: Usage) -> bool {
        let unused = usage == Usage::default() && !self.rows.contains_key(&code(identity));
        self.rows_read += u64::from(unused);
        unused || self.add(identity, usage)
    }

    /// Returns the row of a tag.
    pub(in crate::import) fn row(&mut self, identity: RowIdentity) -> RowId {
        *self.rows.entry(code(identity)).or_insert_with(|| self.snapshot.row(identity.key()))
    }

    /// Counts a line that looks like a row and could not be read. The verdict on tags that are not shown, and on all
    /// tags together, can then not be "held". The row belongs to the last table begun in this file, or to the first one
    /// if none has begun.
    pub(in crate::import) fn unread(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.unread_row(line, None, why);
    }

    /// Counts such a line if its tag and pool could be read.
    pub(in crate::import) fn unread_row(&mut self, line: u64, key: Option<Key>, why: impl FnOnce() -> String) {
        self.file.unread.add(line, why);
        let begun = self.tables + u64::from(self.open) > self.file.before.0;
        let table = if begun { &mut self.incomplete } else { &mut self.of_next };
        table.unread += 1;
        if table.rows.len() < Incomplete::MOST_ROWS {
            table.rows.extend(key);
        }
    }

    /// Skips a line that is not a row, such as prose.
    pub(in crate::import) fn pass(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.file.passed.add(line, why);
    }

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
}
