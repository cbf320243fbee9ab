//! The layout of all tables in a terminal.

use comfy_table::{ContentArrangement, Table, presets};

/// Returns an empty table without borders that wraps its cells to `width` columns.
pub(crate) fn borderless(width: u16) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    table
}
