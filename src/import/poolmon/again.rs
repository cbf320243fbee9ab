//! Caches the previous table's lines; a repeated line reuses its parsed row.
//!
//! Most tags rarely change, and tables keep their order. If a line has changed, the cache still identifies its row.

use std::io::Read;

use super::super::lines::LogLines;
use crate::pool::{RowId, Usage};

/// In bytes; longer lines are not cached.
const LONGEST: usize = 120;

/// The lines of the previous table, in its order.
#[derive(Debug, Default)]
pub(super) struct Again {
    lines: Vec<CachedLine>,
    /// For each row, the index of its line.
    places: Vec<usize>,
    /// The index of the line expected next.
    next: usize,
}

/// A line, with its line end.
#[derive(Debug, Clone)]
struct CachedLine {
    text: [u8; LONGEST],
    length: u8,
    /// Bytes up to the figures: the tag, the pool, and one space.
    head: u8,
    row: RowId,
    /// The value to set for the row. Building a new `Option` for every line would cost more than finding the row.
    usage: Option<Usage>,
}

impl CachedLine {
    fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }
}

impl Again {
    /// Starts a table: its first line is expected next.
    pub(super) fn begin(&mut self) {
        self.next = 0;
    }

    /// Clears the cache, because lines have another meaning from now on.
    pub(super) fn forget(&mut self) {
        *self = Again::default();
    }

    /// Consumes the next line if it equals the cached line in its place.
    #[inline]
    pub(super) fn take(&mut self, lines: &mut LogLines<impl Read>) -> Option<(RowId, &Option<Usage>)> {
        let cached = self.lines.get(self.next)?;
        if !lines.takes(cached.text()) {
            return None;
        }
        self.next += 1;
        Some((cached.row, &cached.usage))
    }

    /// If a line has the tag and pool of the cached line in its place, returns the row and the offset of the figures.
    #[inline]
    pub(super) fn whose(&self, line: &[u8]) -> Option<(RowId, usize)> {
        let cached = self.lines.get(self.next)?;
        let head = usize::from(cached.head);
        line.starts_with(&cached.text[..head]).then_some((cached.row, head))
    }

    /// Caches the line that was read for `row`; its figures begin at `head`.
    #[inline]
    pub(super) fn keep(&mut self, raw: &[u8], head: usize, row: RowId, usage: &Option<Usage>) {
        if raw.is_empty() || raw.len() > LONGEST {
            return;
        }
        let place = match self.lines.get(self.next) {
            Some(cached) if cached.row == row => self.next,
            _ => self.place(row),
        };
        let cached = &mut self.lines[place];
        cached.text[..raw.len()].copy_from_slice(raw);
        (cached.length, cached.head, cached.usage) = (raw.len() as u8, head as u8, *usage);
        self.next = place + 1;
    }

    /// Returns the index of a row's line; a new row is added at the end.
    #[cold]
    fn place(&mut self, row: RowId) -> usize {
        if self.places.len() <= row.index() {
            self.places.resize(row.index() + 1, usize::MAX);
        }
        let place = &mut self.places[row.index()];
        if *place == usize::MAX {
            *place = self.lines.len();
            self.lines.push(CachedLine { text: [0; LONGEST], length: 0, head: 0, row, usage: None });
        }
        *place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Counters, Key, Pool, Snapshot, Tag};

    #[test]
    fn a_line_is_known_where_it_is_expected_and_only_as_it_was() {
        let mut snapshot = Snapshot::new();
        let rows = [*b"Aaaa", *b"Bbbb", *b"Cccc"]
            .map(|tag| snapshot.row(Key::new(Tag::from_pool_tag(tag), Pool::Paged, Counters::Wrapping32)));
        let usage = |bytes| Usage { bytes, ..Usage::default() };
        let mut again = Again::default();
        let take = |again: &mut Again, text: &str| {
            let mut lines = LogLines::new(text.as_bytes(), b"");
            // The buffer is empty until the first read.
            while let Some(line) = lines.next().unwrap() {
                if line.bytes == b"-" {
                    return again.take(&mut lines).and_then(|(row, usage)| Some((row, (*usage)?)));
                }
            }
            None
        };
        for (line, row) in [b"a 1\n", b"b 1\n", b"c 1\n"].into_iter().zip(rows) {
            assert_eq!(again.whose(line), None);
            again.keep(line, 2, row, &Some(usage(1)));
        }
        again.begin();
        assert_eq!(take(&mut again, "-\na 1\nb 1\n"), Some((rows[0], usage(1))));
        assert_eq!(take(&mut again, "-\nb 2\n"), None);
        assert_eq!(again.whose(b"b 2\n"), Some((rows[1], 2)));
        again.keep(b"b 2\n", 2, rows[1], &Some(usage(2)));
        assert_eq!(take(&mut again, "-\nc 1\n"), Some((rows[2], usage(1))));
        again.begin();
        // One row is missing: the lines after it match again once one of them was read.
        assert_eq!(take(&mut again, "-\nb 2\n"), None);
        assert_eq!(again.whose(b"b 2\n"), None);
        again.keep(b"b 2\n", 2, rows[1], &Some(usage(2)));
        assert_eq!(take(&mut again, "-\nc 1\n"), Some((rows[2], usage(1))));
        assert_eq!(take(&mut again, "-\nc 1\n"), None);
        again.begin();
        assert_eq!(take(&mut again, "-\na 1"), None, "a last line may be cut off");
        again.forget();
        assert_eq!(take(&mut again, "-\na 1\n"), None);
        let long = [b'x'; LONGEST + 1];
        again.keep(&long, 2, rows[0], &Some(usage(3)));
        again.begin();
        assert_eq!(again.whose(&long), None);
    }
}
