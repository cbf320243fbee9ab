//! The order of rows: PoolMon's `/t /a /f /d /b /m`, by value or, with `/(`, by change.

use std::cmp::Reverse;

use super::Row;

/// The column by which rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Column {
    /// The tag, from A to Z; all other columns have the largest value first.
    #[default]
    Tag,
    /// Allocations.
    Allocs,
    /// Frees.
    Frees,
    /// Objects in use.
    Diff,
    /// Bytes in use.
    Bytes,
    /// Bytes for each object.
    PerAlloc,
}

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Order {
    /// The column by which they are sorted.
    pub by: Column,
    /// Whether to sort by the change since the previous screen. A tag does not change.
    pub change: bool,
}

impl Column {
    /// The column for a letter of PoolMon, used as a switch and as a key.
    pub(crate) fn of_letter(letter: char) -> Option<Column> {
        Some(match letter {
            't' => Column::Tag,
            'a' => Column::Allocs,
            'f' => Column::Frees,
            'd' => Column::Diff,
            'b' | 'u' => Column::Bytes,
            'm' => Column::PerAlloc,
            _ => return None,
        })
    }

    /// The column's name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Column::Tag => "tag",
            Column::Allocs => "allocs",
            Column::Frees => "frees",
            Column::Diff => "diff",
            Column::Bytes => "bytes",
            Column::PerAlloc => "per-alloc",
        }
    }
}

impl Order {
    /// Sorts rows. Equal rows are sorted by tag and pool, so they keep their places from screen to screen.
    pub(super) fn sort(self, rows: &mut [Row]) {
        rows.sort_by(|a, b| {
            let by_value = Reverse(self.value(a)).cmp(&Reverse(self.value(b)));
            by_value.then_with(|| a.tag.cmp(&b.tag)).then_with(|| a.pool.cmp(&b.pool))
        });
    }

    fn value(self, row: &Row) -> i128 {
        let (now, change) = (row.now, row.change);
        match (self.by, self.change) {
            (Column::Tag, _) => 0,
            (Column::Allocs, false) => now.allocs.into(),
            (Column::Frees, false) => now.frees.into(),
            (Column::Diff, false) => now.diff.into(),
            (Column::Bytes, false) => now.bytes.into(),
            (Column::PerAlloc, false) => now.per_alloc().into(),
            (Column::Allocs, true) => change.allocs.into(),
            (Column::Frees, true) => change.frees.into(),
            (Column::Diff, true) => change.diff.into(),
            (Column::Bytes, true) => change.bytes.into(),
            (Column::PerAlloc, true) => now.per_alloc_change(change).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mon::{Change, Figures};
    use crate::pool::{Counters, Pool};

    fn row(tag: &str, [allocs, frees, bytes]: [u64; 3], more: i64) -> Row {
        Row {
            tag: tag.parse().unwrap(),
            pool: Pool::Paged,
            counters: Counters::Full64,
            reclaimable: false,
            now: Figures { allocs, frees, diff: (allocs - frees) as i64, bytes },
            change: Change { bytes: more, allocs: -more, ..Change::default() },
            history: Vec::new(),
        }
    }

    fn sorted(by: Column, change: bool) -> String {
        let mut rows = [
            row("Few", [10, 0, 1000], 5),
            row("Busy", [900, 899, 64], -3),
            row("Big", [20, 10, 9000], 0),
            row("Also", [20, 10, 9000], 0),
        ];
        Order { by, change }.sort(&mut rows);
        rows.iter().map(|row| &row.tag.as_str()[..1]).collect()
    }

    #[test]
    fn rows_are_sorted_as_poolmon_does() {
        // The first letters of Also, Big, Busy and Few.
        for (by, expected) in [
            (Column::Tag, "ABBF"),
            (Column::Allocs, "BABF"),
            (Column::Frees, "BABF"),
            (Column::Diff, "ABFB"),
            (Column::Bytes, "ABFB"),
            (Column::PerAlloc, "ABFB"),
        ] {
            assert_eq!(sorted(by, false), expected, "{by:?}");
        }
    }

    #[test]
    fn rows_are_sorted_by_change_with_the_most_negative_last() {
        assert_eq!(sorted(Column::Bytes, true), "FABB");
        assert_eq!(sorted(Column::Allocs, true), "BABF");
        assert_eq!(sorted(Column::Tag, true), "ABBF");
    }

    #[test]
    fn every_letter_is_a_column() {
        let columns: Vec<_> = "tafdbm".chars().map(|letter| Column::of_letter(letter).unwrap().name()).collect();
        assert_eq!(columns, ["tag", "allocs", "frees", "diff", "bytes", "per-alloc"]);
        assert_eq!(Column::of_letter('u'), Some(Column::Bytes));
        assert_eq!(Column::of_letter('z'), None);
    }
}
