//! A screen in PoolMon's format: the text of its screen, which `>>` writes to a log, and the snapshot file of `/n`.
//!
//! Widths are those of real screens (Microsoft Learn, "PoolMon Display" and "PoolMon Examples"). A wider number shifts
//! the rest of its line to the right; nothing is ever cut. An unknown number is written as `?`, so that no reader takes
//! it for a zero.

use std::fmt;
use std::rc::Rc;

use super::{RowChange, RowFigures, Screen, ScreenRow, Total};
use crate::pool::{Counters, Pool, Tag};

mod fitted;
mod header;
mod width;

pub(crate) use width::PoolmonLayout;
use width::Widths;

/// The content of the column Mapped_Driver, as with PoolMon's `/g` and `/c`.
#[derive(Clone)]
pub(crate) struct Drivers(Rc<dyn Fn(&Tag) -> String>);

/// The format of screens.
#[derive(Debug, Clone)]
pub(crate) struct PoolmonText {
    layout: PoolmonLayout,
    drivers: Option<Drivers>,
}

impl Drivers {
    /// Uses `lookup` to find the drivers for a tag.
    pub(crate) fn found_by(lookup: impl Fn(&Tag) -> String + 'static) -> Drivers {
        Drivers(Rc::new(lookup))
    }
}

impl fmt::Debug for Drivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drivers")
    }
}

impl PoolmonText {
    /// Creates a format with this layout, with a column for drivers or without.
    pub(crate) fn new(layout: PoolmonLayout, drivers: Option<Drivers>) -> PoolmonText {
        PoolmonText { layout, drivers }
    }

    /// PoolMon's screen, with changes in parentheses. The result is bytes, because a tag may have any bytes.
    pub(crate) fn live(&self, screen: &Screen) -> Vec<u8> {
        let mut page = self.live_head(screen).join("\n").into_bytes();
        page.extend_from_slice(b"\n\n");
        for line in self.rows(screen, TableKind::Live, TagBytes::Raw) {
            page.extend_from_slice(line.trim_ascii_end());
            page.push(b'\n');
        }
        page
    }

    /// PoolMon's snapshot file: no title, no changes, and all page faults since boot.
    pub(crate) fn snapshot(&self, screen: &Screen) -> Vec<u8> {
        let mut page = header::memory(&screen.memory, screen.memory.page_faults).join("\n").into_bytes();
        page.extend_from_slice(format!("\n\n{}\n\n", self.columns(&width::SNAPSHOT, &screen.rows)).as_bytes());
        for line in self.rows(screen, TableKind::Snapshot, TagBytes::Raw) {
            page.extend_from_slice(line.trim_ascii_end());
            page.push(b'\n');
        }
        page
    }

    /// The lines above the rows of a live screen.
    fn live_head(&self, screen: &Screen) -> [String; 4] {
        let [memory, commit, title] = PoolmonText::live_title(screen);
        [memory, commit, title, self.columns(&self.layout.live(), &screen.rows)]
    }

    /// The two lines about memory as a whole, and the title.
    pub(super) fn live_title(screen: &Screen) -> [String; 3] {
        let [memory, commit] = header::memory(&screen.memory, screen.more_faults);
        [memory, commit, format!(" {} pool information", screen.scope)]
    }

    /// The rows of a live screen for a terminal, which cannot show every byte, and their totals below an empty line.
    fn live_rows(&self, screen: &Screen) -> Vec<String> {
        let lines = self.rows(screen, TableKind::Live, TagBytes::Escaped);
        lines.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }

    fn rows(&self, screen: &Screen, shape: TableKind, bytes: TagBytes) -> Vec<Vec<u8>> {
        let width = tag_width(&screen.rows);
        let changed = |change: RowChange| matches!(shape, TableKind::Live).then_some(change);
        let row = |row: &ScreenRow| {
            let cells = Cells::new(row.counters, row.now, changed(row.change));
            [
                self.line(&tag(row, width, bytes), kind(row.pool, row.reclaimable), shape, cells),
                self.driver_of(&row.tag),
            ]
            .concat()
        };
        let total = |total: &Total| {
            let cells = Cells::new(Counters::Full64, total.now, changed(total.change));
            self.line(b"TOTAL", kind(total.pool, false), shape, cells)
        };
        let mut lines: Vec<Vec<u8>> = screen.rows.iter().map(row).collect();
        if !screen.totals.is_empty() {
            lines.push(Vec::new());
        }
        lines.extend(screen.totals.iter().map(total));
        lines
    }

    /// The line above the rows.
    fn columns(&self, widths: &Widths, rows: &[ScreenRow]) -> String {
        let longer = " ".repeat(tag_width(rows) - 4);
        let columns = widths.columns.replacen(" Tag ", &format!(" Tag {longer}"), 1);
        columns + if self.drivers.is_some() { widths.driver_title } else { "" }
    }

    fn driver_of(&self, tag: &Tag) -> Vec<u8> {
        self.drivers.as_ref().map_or_else(Vec::new, |Drivers(lookup)| format!(" {}", lookup(tag)).into_bytes())
    }

    fn line(&self, tag: &[u8], kind: &str, shape: TableKind, cells: Cells) -> Vec<u8> {
        let Widths { allocs, change, diff, bytes, more_bytes, per_alloc, .. } = match shape {
            TableKind::Live => self.layout.live(),
            TableKind::Snapshot => width::SNAPSHOT,
        };
        let [a, f, d, b, p] = cells.now;
        let figures = match cells.more {
            Some([ma, mf, mb]) => format!(
                " {kind:<5} {a:>allocs$} ({ma:>change$}) {f:>allocs$} ({mf:>change$}) {d:>diff$} \
                 {b:>bytes$} ({mb:>more_bytes$}) {p:>per_alloc$}"
            ),
            None => format!(" {kind:<5} {a:>allocs$} {f:>allocs$} {d:>diff$} {b:>bytes$} {p:>per_alloc$}"),
        };
        [b" ", tag, figures.as_bytes()].concat()
    }
}

/// PoolMon's two kinds of tables.
#[derive(Clone, Copy)]
enum TableKind {
    Live,
    Snapshot,
}

/// A row's numbers as texts.
struct Cells {
    /// Allocs, frees, diff, bytes, bytes for each object.
    now: [String; 5],
    /// Changes of allocs, frees and bytes.
    more: Option<[String; 3]>,
}

impl Cells {
    fn new(counters: Counters, now: RowFigures, change: Option<RowChange>) -> Cells {
        let counted = match counters {
            Counters::Wrapping32 | Counters::Full64 | Counters::InUse => true,
            Counters::BytesOnly => false,
        };
        let known = |text: String| if counted { text } else { "?".to_owned() };
        let RowFigures { allocs, frees, diff, bytes } = now;
        let [a, f, d] = [allocs.to_string(), frees.to_string(), diff.to_string()].map(known);
        Cells {
            now: [a, f, d, bytes.to_string(), known(now.per_alloc().to_string())],
            more: change.map(|more| {
                let [a, f] = [more.allocs, more.frees].map(|more| known(more.to_string()));
                [a, f, more.bytes.to_string()]
            }),
        }
    }
}

/// The column Type. Linux pools have words of their own, because they are neither of Windows' pools. `SlabR` is a cache
/// that the kernel reclaims when it needs memory.
fn kind(pool: Pool, reclaimable: bool) -> &'static str {
    match pool {
        Pool::Slab if reclaimable => "SlabR",
        Pool::Nonpaged => "Nonp",
        Pool::Paged => "Paged",
        Pool::Slab => "Slab",
        Pool::Slabs => "Slabs",
        Pool::Callsite => "Callsite",
        Pool::Kernel => "Kernel",
        Pool::Unknown => "?",
    }
}

/// How a tag's bytes are written.
#[derive(Clone, Copy)]
enum TagBytes {
    /// Unchanged, as PoolMon writes them, except for the bytes that end a line.
    Raw,
    /// In poolgate's usual notation of a tag.
    Escaped,
}

/// A pool tag is its four bytes, spaces included, as in PoolMon. A longer name is padded to `width`.
fn tag(row: &ScreenRow, width: usize, bytes: TagBytes) -> Vec<u8> {
    if !row.pool.has_pool_tags() {
        return format!("{:<width$}", row.tag.as_str()).into_bytes();
    }
    let fits = |byte: &u8| match bytes {
        TagBytes::Raw => !matches!(byte, b'\n' | b'\r'),
        TagBytes::Escaped => (b' '..=b'~').contains(byte),
    };
    match row.tag.pool_tag_bytes() {
        Some(bytes) if bytes.iter().all(fits) => bytes.into(),
        Some(_) | None => format!("{:<4}", row.tag.as_str()).into_bytes(),
    }
}

/// The width of the tags of pools without pool tags.
fn tag_width(rows: &[ScreenRow]) -> usize {
    let named = rows.iter().filter(|row| !row.pool.has_pool_tags());
    named.map(|row| row.tag.as_str().len()).max().unwrap_or(0).max(4)
}

#[cfg(test)]
mod tests;
