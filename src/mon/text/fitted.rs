//! A live table in the width of a terminal: PoolMon's own columns if they fit, otherwise fewer of them.
//!
//! A number is never cut. Columns are left out and long names shortened in a fixed order; the column by which rows are
//! sorted stays.

use super::{Cells, PoolmonLayout, PoolmonText, TagBytes, kind, tag, tag_width};
use crate::mon::{Screen, ScreenRow, SortColumn, SortOrder};
use crate::pool::{Counters, Pool};

/// A table as lines of a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::mon) struct Fitted {
    /// The line above the rows.
    pub(in crate::mon) columns: String,
    /// The rows in order; their totals follow below an empty line.
    pub(in crate::mon) lines: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cell {
    Tag,
    Type,
    Allocs,
    MoreAllocs,
    Frees,
    MoreFrees,
    Diff,
    Bytes,
    MoreBytes,
    PerAlloc,
}

const CELLS: [(Cell, &str); 10] = [
    (Cell::Tag, "Tag"),
    (Cell::Type, "Type"),
    (Cell::Allocs, "Allocs"),
    (Cell::MoreAllocs, "(+)"),
    (Cell::Frees, "Frees"),
    (Cell::MoreFrees, "(+)"),
    (Cell::Diff, "Diff"),
    (Cell::Bytes, "Bytes"),
    (Cell::MoreBytes, "(+)"),
    (Cell::PerAlloc, "Per Alloc"),
];

/// A step that makes a table narrower.
#[derive(Clone, Copy)]
enum Narrowing {
    LeaveOut(&'static [Cell]),
    /// Limits tags to this number of characters.
    Shorten(usize),
}

/// The columns without meaning if the kernel counts only objects in use: Allocs equals Diff, and Frees is 0.
const UNCOUNTED: Narrowing = Narrowing::LeaveOut(&[Cell::Allocs, Cell::MoreAllocs, Cell::Frees, Cell::MoreFrees]);

const STEPS: [Narrowing; 9] = [
    Narrowing::Shorten(24),
    Narrowing::LeaveOut(&[Cell::MoreAllocs, Cell::MoreFrees]),
    Narrowing::LeaveOut(&[Cell::Allocs, Cell::Frees]),
    Narrowing::LeaveOut(&[Cell::PerAlloc]),
    Narrowing::Shorten(16),
    Narrowing::LeaveOut(&[Cell::Type]),
    Narrowing::LeaveOut(&[Cell::MoreBytes]),
    Narrowing::Shorten(8),
    Narrowing::LeaveOut(&[Cell::Diff]),
];

impl PoolmonText {
    /// The table in `width` columns; `None` if not even a short tag and the sort column fit.
    pub(in crate::mon) fn fitted(&self, screen: &Screen, width: usize, order: SortOrder) -> Option<Fitted> {
        let poolmons =
            [self.layout, PoolmonLayout::X86].into_iter().find_map(|layout| self.in_layout(screen, layout, width));
        let mut fitted = poolmons.or_else(|| narrowed(screen, width, order))?;
        if self.drivers.is_some() {
            fitted.columns += " Mapped_Driver";
            for (line, row) in fitted.lines.iter_mut().zip(&screen.rows) {
                *line += &String::from_utf8_lossy(&self.driver_of(&row.tag));
            }
        }
        Some(fitted)
    }

    /// PoolMon's columns in a layout, if no row is wider than `width`. In a layout narrower than the chosen one, no row
    /// may be wider than the layout.
    fn in_layout(&self, screen: &Screen, layout: PoolmonLayout, width: usize) -> Option<Fitted> {
        let plain = PoolmonText { layout, drivers: None };
        let aligned = layout.columns() + tag_width(&screen.rows) - 4;
        let widest = if layout == self.layout { width } else { width.min(aligned) };
        let columns = plain.columns(&layout.live(), &screen.rows);
        let lines = plain.live_rows(screen);
        let fits = |line: &String| line.chars().count() <= widest;
        (columns.len().max(aligned) <= width && lines.iter().all(fits)).then_some(Fitted { columns, lines })
    }
}

fn narrowed(screen: &Screen, width: usize, order: SortOrder) -> Option<Fitted> {
    let rows: Vec<[String; 10]> = screen.rows.iter().map(texts).collect();
    let totals: Vec<[String; 10]> = screen
        .totals
        .iter()
        .map(|total| {
            let cells = Cells::new(Counters::Full64, total.now, Some(total.change));
            row_of("TOTAL".to_owned(), kind(total.pool, false), cells)
        })
        .collect();
    let uncounted = |row: &ScreenRow| match row.counters {
        Counters::InUse | Counters::BytesOnly => true,
        Counters::Wrapping32 | Counters::Full64 => false,
    };
    let first = screen.rows.iter().all(uncounted).then_some(UNCOUNTED);
    let kept = sorted_by(order);
    let mut shown = CELLS.map(|_| true);
    let mut longest = usize::MAX;
    let mut steps = first.into_iter().chain(STEPS);
    loop {
        let widths = widths(&shown, longest, rows.iter().chain(&totals));
        if widths.iter().flatten().map(|cell| cell + 1).sum::<usize>() <= width {
            let line = |cells: &[String; 10]| line(cells, &widths);
            let columns = line(&CELLS.map(|(_, title)| title.to_owned()));
            let below = (!totals.is_empty()).then(String::new);
            let lines = rows.iter().map(line).chain(below).chain(totals.iter().map(line)).collect();
            return Some(Fitted { columns, lines });
        }
        match steps.next()? {
            Narrowing::Shorten(tags) => longest = tags,
            Narrowing::LeaveOut(cells) => {
                for (shown, (cell, _)) in shown.iter_mut().zip(CELLS) {
                    *shown &= !cells.contains(&cell) || kept.contains(&cell);
                }
            }
        }
    }
}

/// The columns that show the sort value.
fn sorted_by(SortOrder { by, change }: SortOrder) -> &'static [Cell] {
    match (by, change) {
        (SortColumn::Tag, _) => &[],
        (SortColumn::Allocs, false) => &[Cell::Allocs],
        (SortColumn::Allocs, true) => &[Cell::Allocs, Cell::MoreAllocs],
        (SortColumn::Frees, false) => &[Cell::Frees],
        (SortColumn::Frees, true) => &[Cell::Frees, Cell::MoreFrees],
        (SortColumn::Diff, _) => &[Cell::Diff],
        (SortColumn::Bytes, false) => &[],
        (SortColumn::Bytes, true) => &[Cell::MoreBytes],
        (SortColumn::PerAlloc, _) => &[Cell::PerAlloc],
    }
}

fn texts(row: &ScreenRow) -> [String; 10] {
    let name = match row.pool {
        Pool::Slab | Pool::Slabs | Pool::Callsite | Pool::Kernel | Pool::Unknown => row.tag.as_str().to_owned(),
        Pool::Nonpaged | Pool::Paged => String::from_utf8_lossy(&tag(row, 4, TagBytes::Escaped)).into_owned(),
    };
    row_of(name, kind(row.pool, row.reclaimable), Cells::new(row.counters, row.now, Some(row.change)))
}

fn row_of(name: String, kind: &str, cells: Cells) -> [String; 10] {
    let [allocs, frees, diff, bytes, per_alloc] = cells.now;
    let [more_allocs, more_frees, more_bytes] = cells.more.unwrap_or_default().map(|more| format!("({more})"));
    [name, kind.to_owned(), allocs, more_allocs, frees, more_frees, diff, bytes, more_bytes, per_alloc]
}

/// The width of every column on the screen.
fn widths<'a>(shown: &[bool; 10], longest: usize, rows: impl Iterator<Item = &'a [String; 10]>) -> [Option<usize>; 10] {
    let mut widths = CELLS.map(|(_, title)| title.len());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths[0] = widths[0].min(longest);
    std::array::from_fn(|at| shown[at].then_some(widths[at]))
}

fn line(cells: &[String; 10], widths: &[Option<usize>; 10]) -> String {
    let mut line = String::new();
    for ((cell, width), (column, _)) in cells.iter().zip(widths).zip(CELLS) {
        let Some(width) = *width else { continue };
        line += &match column {
            Cell::Tag => format!(" {:<width$}", shortened(cell, width)),
            Cell::Type => format!(" {cell:<width$}"),
            _ => format!(" {cell:>width$}"),
        };
    }
    line
}

/// Shortens a name to `width` characters: its beginning and its end.
fn shortened(name: &str, width: usize) -> String {
    let length = name.chars().count();
    if length <= width {
        return name.to_owned();
    }
    let tail = width.saturating_sub(1) / 2;
    let head: String = name.chars().take(width.saturating_sub(1) - tail).collect();
    let tail: String = name.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::machine::Memory;
    use crate::mon::{LiveTable, RowFilter};
    use crate::pool::{Key, Snapshot, Usage};

    /// The largest figures seen in a kernel, under names of every length.
    fn screen(pool: Pool, counters: Counters, totals: bool) -> Screen {
        let (mut table, mut snapshot) = (LiveTable::new(), Snapshot::new());
        for reading in 0..2 {
            for (tag, bytes) in [("Leak", 171_272_192), ("ABCD", 987_654_321_012), ("Idle", 0)] {
                let name =
                    if pool == Pool::Slab { format!("{tag}_radix_tree_node_cache_long") } else { tag.to_owned() };
                let row = snapshot.row(Key::new(name.parse().unwrap(), pool, counters));
                let (allocs, frees) = (4_294_967_295 + reading, 4_290_000_000);
                snapshot.set(row, Some(Usage { allocs, frees, bytes: bytes + 12_345_678 * reading }));
            }
            table.take(&snapshot, Memory::default(), Timestamp::UNIX_EPOCH);
        }
        table.screen(&RowFilter { totals, ..RowFilter::default() }, by(SortColumn::Bytes))
    }

    fn by(by: SortColumn) -> SortOrder {
        SortOrder { by, change: false }
    }

    #[test]
    fn no_number_is_cut_at_any_width() {
        let text = PoolmonText::new(PoolmonLayout::X64, None);
        for (pool, counters) in [(Pool::Nonpaged, Counters::Full64), (Pool::Slab, Counters::InUse)] {
            let screen = screen(pool, counters, true);
            for width in 24..160 {
                let Fitted { columns, lines } = text.fitted(&screen, width, by(SortColumn::Bytes)).unwrap();
                let widest = lines.iter().chain([&columns]).map(|line| line.chars().count()).max().unwrap();
                assert!(widest <= width, "{width}: {columns}\n{}", lines.join("\n"));
                assert!(lines[0].contains(" 987666666690"), "{width}: {lines:?}");
                assert!(lines[1].contains(" 183617870"), "{width}: {lines:?}");
            }
        }
    }

    #[test]
    fn the_column_that_rows_are_sorted_by_stays() {
        let screen = screen(Pool::Nonpaged, Counters::Full64, false);
        for (column, title) in
            [(SortColumn::Frees, "Frees"), (SortColumn::Diff, "Diff"), (SortColumn::PerAlloc, "Per Alloc")]
        {
            let fitted = PoolmonText::new(PoolmonLayout::X64, None).fitted(&screen, 40, by(column)).unwrap();
            assert!(fitted.columns.contains(title), "{}", fitted.columns);
        }
    }

    #[test]
    fn columns_that_mean_nothing_are_left_out_first() {
        let text = PoolmonText::new(PoolmonLayout::X64, None);
        let fitted = text.fitted(&screen(Pool::Slab, Counters::InUse, false), 90, by(SortColumn::Bytes)).unwrap();
        assert_eq!(
            fitted.columns.split_whitespace().collect::<Vec<_>>(),
            ["Tag", "Type", "Diff", "Bytes", "(+)", "Per", "Alloc"]
        );
        assert!(fitted.lines[0].starts_with(" ABCD_radix_tree_node_cache_long Slab "), "{}", fitted.lines[0]);
    }

    #[test]
    fn a_name_keeps_its_beginning_and_its_end() {
        assert_eq!(shortened("radix_tree_node", 8), "radi…ode");
        assert_eq!(shortened("dentry", 8), "dentry");
    }

    #[test]
    fn a_terminal_without_room_for_a_row_has_none() {
        let screen = screen(Pool::Nonpaged, Counters::Full64, false);
        assert_eq!(PoolmonText::new(PoolmonLayout::X64, None).fitted(&screen, 12, by(SortColumn::Bytes)), None);
    }
}
