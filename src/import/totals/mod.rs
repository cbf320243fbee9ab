//! The total use of Windows' pools over time: performance counters, PowerShell's tables of them, WinDbg's `!vm`.
//!
//! They become the rows `paged` and `nonpaged` of pool `kernel`, as in live sampling. Other counters in the same files
//! are named in a note and left out.

use jiff::Timestamp;

use super::tables::ImportedTables;
use super::when::{self, DateOrder};
use crate::pool::{Figure, Pool, RowId, Usage};

mod amount;
pub(super) mod counters;
pub(super) mod shell;
pub(super) mod vm;

/// The rows of both pools, each set when its pool first appears.
#[derive(Debug, Default)]
struct Pools([Option<RowId>; 2]);

impl Pools {
    /// Adds a pool's total to the open table, unless the table already has it.
    fn add(&mut self, pool: Pool, bytes: u64, tables: &mut ImportedTables) {
        let place = &mut self.0[usize::from(pool == Pool::Nonpaged)];
        let row = match *place {
            Some(row) => row,
            None => {
                let Some(figure) = Figure::total(pool) else { return };
                *place.insert(tables.place(figure.key()))
            }
        };
        if !tables.has(row) {
            tables.plus(row, Usage { bytes, ..Usage::default() });
        }
    }
}

/// The pool in the name of a counter or column: `Memory\Pool Nonpaged Bytes`, `NonpagedPoolMB`, `Paged Pool (MB)`.
fn pool_of(name: &str) -> Option<Pool> {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    // There are also counters of allocations, and of the resident part of the paged pool.
    let other = ["alloc", "resident", "peak", "limit", "max", "free", "quota", "count"]
        .iter()
        .any(|word| letters.contains(word));
    let of = match (letters.contains("nonpaged"), letters.contains("paged")) {
        _ if other || !letters.contains("pool") => return None,
        (true, _) => Pool::Nonpaged,
        (false, true) => Pool::Paged,
        (false, false) => return None,
    };
    Some(of)
}

/// A time in counters and tables: `01/08/2026 15:04:05.123`, because performance logs have the month first in every
/// locale; `2026-07-15 20:59:08`.
fn time(text: &str) -> Option<Timestamp> {
    when::line(text.trim().as_bytes())?.at(DateOrder::MonthFirst, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gives_the_pool() {
        for (name, pool) in [
            (r"\\LABHOST\Memory\Pool Nonpaged Bytes", Some(Pool::Nonpaged)),
            (r"\\LABHOST\memory\pool paged bytes", Some(Pool::Paged)),
            ("NonpagedPoolMB", Some(Pool::Nonpaged)),
            ("Non-Paged Pool (MB)", Some(Pool::Nonpaged)),
            ("PagedPoolMB", Some(Pool::Paged)),
            ("Pool Paged Resident Bytes", None),
            ("Pool Nonpaged Allocs", None),
            ("PageTableMB", None),
            ("Available Bytes", None),
        ] {
            assert_eq!(pool_of(name), pool, "{name}");
        }
    }

    #[test]
    fn performance_logs_write_the_month_first() {
        for (text, expected) in [
            ("01/08/2026 15:04:05.123", Some("2026-01-08T15:04:05.123Z")),
            ("1/8/2026 3:04:05 PM", Some("2026-01-08T15:04:05Z")),
            ("1/8/2026 12:04", Some("2026-01-08T12:04:00Z")),
            ("1/8/2026 12:04:05 AM", Some("2026-01-08T00:04:05Z")),
            ("2026-07-15 20:59:08", Some("2026-07-15T20:59:08Z")),
            ("15/7/2026 20:59:08", None),
            ("1/8/2026 25:04:05", None),
            ("soon", None),
        ] {
            assert_eq!(time(text).map(|at| at.to_string()).as_deref(), expected, "{text}");
        }
    }
}
