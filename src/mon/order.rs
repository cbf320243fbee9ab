//! The order of rows: PoolMon's `/t /a /f /d /b /m`, by value or, with `/(`, by change.

use std::cmp::Reverse;

use super::ScreenRow;

/// The column by which rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SortColumn {
    /// The tag, from A to Z; all other columns have the largest value first.
    #[default]
    Tag,
    /// The number of allocations.
    Allocs,
    /// The number of frees.
    Frees,
    /// The number of objects in use.
    Diff,
    /// The number of bytes in use.
    Bytes,
    /// Bytes for each object.
    PerAlloc,
}

/// The order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct SortOrder {
    /// The column by which they are sorted.
    pub by: SortColumn,
    /// Whether to sort by the change since the previous screen. A tag does not change.
    pub change: bool,
}

impl SortColumn {
    /// The column for a letter of PoolMon, used as a switch and as a key.
    pub(crate) fn from_letter(letter: char) -> Option<SortColumn> {
        Some(match letter {
            't' => SortColumn::Tag,
            'a' => SortColumn::Allocs,
            'f' => SortColumn::Frees,
            'd' => SortColumn::Diff,
            'b' | 'u' => SortColumn::Bytes,
            'm' => SortColumn::PerAlloc,
            _ => return None,
        })
    }

    /// The name that `--sort` takes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            SortColumn::Tag => "tag",
            SortColumn::Allocs => "allocs",
            SortColumn::Frees => "frees",
            SortColumn::Diff => "diff",
            SortColumn::Bytes => "bytes",
            SortColumn::PerAlloc => "per-alloc",
        }
    }
}

impl SortOrder {
    /// Sorts rows. Equal rows are sorted by tag and pool, so they keep their places from screen to screen.
    pub(super) fn sort(self, rows: &mut [ScreenRow]) {
        rows.sort_by(|a, b| {
            let by_value = Reverse(self.value(a)).cmp(&Reverse(self.value(b)));
            by_value.then_with(|| a.tag.cmp(&b.tag)).then_with(|| a.pool.cmp(&b.pool))
        });
    }

    fn value(self, row: &ScreenRow) -> i128 {
        let (now, change) = (row.now, row.change);
        match (self.by, self.change) {
            (SortColumn::Tag, _) => 0,
            (SortColumn::Allocs, false) => now.allocs.into(),
            (SortColumn::Frees, false) => now.frees.into(),
            (SortColumn::Diff, false) => now.diff.into(),
            (SortColumn::Bytes, false) => now.bytes.into(),
            (SortColumn::PerAlloc, false) => now.per_alloc().into(),
            (SortColumn::Allocs, true) => change.allocs.into(),
            (SortColumn::Frees, true) => change.frees.into(),
            (SortColumn::Diff, true) => change.diff.into(),
            (SortColumn::Bytes, true) => change.bytes.into(),
            (SortColumn::PerAlloc, true) => now.per_alloc_change(change).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mon::{RowChange, RowFigures};
    use crate::pool::{Counters, Pool};

    fn row(tag: &str, [allocs, frees, bytes]: [u64; 3], more: i64) -> ScreenRow {
        ScreenRow {
            tag: tag.parse().unwrap(),
            pool: Pool::Paged,
            counters: Counters::Full64,
            reclaimable: false,
            now: RowFigures { allocs, frees, diff: (allocs - frees) as i64, bytes },
            change: RowChange { bytes: more, allocs: -more, ..RowChange::default() },
            history: Vec::new(),
        }
    }

    fn sorted(by: SortColumn, change: bool) -> String {
        let mut rows = [
            row("Few", [10, 0, 1000], 5),
            row("Busy", [900, 899, 64], -3),
            row("Big", [20, 10, 9000], 0),
            row("Also", [20, 10, 9000], 0),
        ];
        SortOrder { by, change }.sort(&mut rows);
        rows.iter().map(|row| &row.tag.as_str()[..1]).collect()
    }

    #[test]
    fn rows_are_sorted_as_poolmon_does() {
        // The first letters of Also, Big, Busy and Few.
        for (by, expected) in [
            (SortColumn::Tag, "ABBF"),
            (SortColumn::Allocs, "BABF"),
            (SortColumn::Frees, "BABF"),
            (SortColumn::Diff, "ABFB"),
            (SortColumn::Bytes, "ABFB"),
            (SortColumn::PerAlloc, "ABFB"),
        ] {
            assert_eq!(sorted(by, false), expected, "{by:?}");
        }
    }

    #[test]
    fn rows_are_sorted_by_change_with_the_most_negative_last() {
        assert_eq!(sorted(SortColumn::Bytes, true), "FABB");
        assert_eq!(sorted(SortColumn::Allocs, true), "BABF");
        assert_eq!(sorted(SortColumn::Tag, true), "ABBF");
    }

    #[test]
    fn every_letter_is_a_column() {
        let columns: Vec<_> = "tafdbm".chars().map(|letter| SortColumn::from_letter(letter).unwrap().name()).collect();
        assert_eq!(columns, ["tag", "allocs", "frees", "diff", "bytes", "per-alloc"]);
        assert_eq!(SortColumn::from_letter('u'), Some(SortColumn::Bytes));
        assert_eq!(SortColumn::from_letter('z'), None);
    }
}
