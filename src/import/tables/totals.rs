//! The totals that a table's header and its `TOTAL` lines report, compared with its rows.

use std::collections::BTreeMap;

use crate::counted::counted;
use crate::pool::{Figure, Pool, Snapshot, Usage};

/// Every Windows has hundreds of pool tags, so a table with fewer than this lacks tags.
const FEWEST_TAGS: usize = 100;

/// Tables that lack rows.
#[derive(Debug, Default)]
pub(super) struct ShortTables {
    tables: u64,
    first: String,
}

impl ShortTables {
    /// Adds a table of the file `name`, and the reason why rows are known to be missing.
    pub(super) fn add(&mut self, name: &str, why: String) {
        if self.tables == 0 {
            self.first = format!("the first, in {name}, {why}");
        }
        self.tables += 1;
    }

    /// A note for the user; `None` if no rows are missing.
    pub(super) fn note(&self) -> Option<String> {
        let tables = counted(self.tables, "table", "tables");
        (self.tables > 0).then(|| format!("rows are missing in {tables}: {}", self.first))
    }
}

/// The totals of one table.
#[derive(Debug, Default)]
pub(super) struct TableTotals {
    /// From the header.
    figures: Vec<(Figure, u64)>,
    /// From `TOTAL` lines: the sum of a pool's rows.
    sums: BTreeMap<Pool, u64>,
}

impl TableTotals {
    /// Sets a figure from the header.
    pub(super) fn figure(&mut self, figure: Figure, bytes: u64) {
        self.figures.retain(|(known, _)| *known != figure);
        self.figures.push((figure, bytes));
    }

    /// Sets the sum of the rows of `pool` from a `TOTAL` line.
    pub(super) fn sum(&mut self, pool: Pool, bytes: u64) {
        self.sums.insert(pool, bytes);
    }

    /// Whether `table` may lack tags: it has few, and no totals.
    pub(super) fn is_part(&self, table: &Snapshot) -> bool {
        let tags = table.present().filter(|(key, _)| key.pool.has_pool_tags()).count();
        self.figures.is_empty() && self.sums.is_empty() && 0 < tags && tags < FEWEST_TAGS
    }

    /// Adds the totals to the table as rows of the kernel's pool. Returns the evidence that the table lacks rows, if
    /// there is any: the rows do not add up to the `TOTAL` line, or add up to less than half of the header's total. A
    /// pool holds whole pages and a tag counts bytes, so the rows of a whole table add up to somewhat less than the
    /// header's total.
    pub(super) fn fill(self, table: &mut Snapshot, complete: bool) -> Option<String> {
        let rows = |pool: Pool| {
            let of_pool = table.present().filter(|(key, _)| key.pool == pool && key.session.is_none());
            of_pool.fold(0_u64, |sum, (_, usage)| sum.saturating_add(usage.bytes))
        };
        // A table of one session has no rows of these totals.
        let any = table.present().any(|(key, _)| key.pool.has_pool_tags() && key.session.is_none());
        let mut why = None;
        let mut figures = self.figures;
        for pool in [Pool::Nonpaged, Pool::Paged] {
            let rows = rows(pool);
            let figure = Figure::total(pool);
            let reported = figures.iter().find(|(known, _)| Some(*known) == figure).map(|(_, bytes)| *bytes);
            let sum = self.sums.get(&pool).copied();
            if sum.is_some_and(|sum| sum != rows) {
                let sum = sum.unwrap_or_default();
                why.get_or_insert_with(|| {
                    format!("has rows of {rows} B in the {pool} pool, but its TOTAL line has {sum} B")
                });
            } else if let Some(reported) = reported.filter(|reported| any && rows < reported / 2) {
                why.get_or_insert_with(|| {
                    format!("has rows of {rows} B in the {pool} pool, but its header has {reported} B")
                });
            }
            // If some rows are missing, a `TOTAL` line equal to the rows is their sum and not the pool's total.
            let of_pool = sum.filter(|sum| complete || *sum != rows);
            if let (Some(figure), None, Some(sum)) = (figure, reported, of_pool) {
                figures.push((figure, sum));
            }
        }
        for (figure, bytes) in figures {
            let row = table.row(figure.key());
            table.set(row, Some(Usage { allocs: 0, frees: 0, bytes }));
        }
        why
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Counters, Key};

    fn filled(totals: TableTotals, complete: bool) -> (Option<String>, Vec<String>) {
        let mut table = Snapshot::new();
        for (tag, pool, bytes) in
            [("Irp", Pool::Nonpaged, 600), ("Mdl", Pool::Nonpaged, 100), ("CM25", Pool::Paged, 50)]
        {
            let row = table.row(Key::new(tag.parse().unwrap(), pool, Counters::Wrapping32));
            table.set(row, Some(Usage { allocs: 1, frees: 0, bytes }));
        }
        let why = totals.fill(&mut table, complete);
        let kernel = table.present().filter(|(key, _)| key.pool == Pool::Kernel);
        (why, kernel.map(|(key, usage)| format!("{key} {}", usage.bytes)).collect())
    }

    fn totals(figures: &[(Figure, u64)], sums: &[(Pool, u64)]) -> TableTotals {
        TableTotals { figures: figures.to_vec(), sums: sums.iter().copied().collect() }
    }

    #[test]
    fn a_header_that_is_twice_the_rows_has_more_rows() {
        let header = |nonpaged| totals(&[(Figure::Nonpaged, nonpaged), (Figure::Available, 9)], &[]);
        assert_eq!(
            filled(header(1400), true),
            (None, vec!["nonpaged kernel 1400".into(), "available kernel 9".into()])
        );
        let why = "has rows of 700 B in the nonpaged pool, but its header has 1402 B";
        assert_eq!(filled(header(1402), true).0.as_deref(), Some(why));
    }

    #[test]
    fn a_total_line_is_the_pools_unless_it_is_of_the_rows_of_a_part() {
        let sums = |nonpaged| totals(&[], &[(Pool::Nonpaged, nonpaged)]);
        assert_eq!(filled(sums(700), true), (None, vec!["nonpaged kernel 700".into()]));
        assert_eq!(filled(sums(700), false), (None, vec![]));
        let (why, rows) = filled(sums(900), false);
        assert_eq!(why.as_deref(), Some("has rows of 700 B in the nonpaged pool, but its TOTAL line has 900 B"));
        assert_eq!(rows, ["nonpaged kernel 900"]);
        let both = totals(&[(Figure::Nonpaged, 1000)], &[(Pool::Nonpaged, 700)]);
        assert_eq!(filled(both, true), (None, vec!["nonpaged kernel 1000".into()]));
    }
}
