//! Rows which say what they said in the table before. Most tags stand still most of the time, and tables keep their order:
//! comparing a line with the one which stood in its place costs a tenth of reading it.

use crate::pool::{RowId, Usage};

/// A longer line is read anew each time.
const LONGEST: usize = 112;

/// The lines of the table before, in its order.
#[derive(Debug, Default)]
pub(super) struct Again {
    lines: Vec<Said>,
    /// For each row, where its line stands.
    places: Vec<usize>,
    /// Where the line is expected which comes next.
    next: usize,
}

#[derive(Debug, Clone)]
struct Said {
    text: [u8; LONGEST],
    length: usize,
    row: RowId,
    usage: Usage,
}

impl Again {
    /// A table begins.
    pub(super) fn begin(&mut self) {
        self.next = 0;
    }

    /// Nothing said before means the same from now on.
    pub(super) fn forget(&mut self) {
        *self = Again::default();
    }

    /// What the line said, if it is the one expected.
    #[inline]
    pub(super) fn find(&mut self, line: &[u8]) -> Option<(RowId, Usage)> {
        let said = self.lines.get(self.next)?;
        // Nearly all rows of a file are of one length, and the last digits change first.
        let same = said.length == line.len() && said.text[..said.length] == *line;
        same.then(|| {
            self.next += 1;
            (said.row, said.usage)
        })
    }

    /// The line which was read for `row`.
    pub(super) fn keep(&mut self, line: &[u8], row: RowId, usage: Usage) {
        if line.len() > LONGEST {
            return;
        }
        if self.places.len() <= row.index() {
            self.places.resize(row.index() + 1, usize::MAX);
        }
        let place = &mut self.places[row.index()];
        if *place == usize::MAX {
            *place = self.lines.len();
            self.lines.push(Said { text: [0; LONGEST], length: 0, row, usage });
        }
        let said = &mut self.lines[*place];
        said.text[..line.len()].copy_from_slice(line);
        (said.length, said.usage) = (line.len(), usage);
        self.next = *place + 1;
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
        for (line, row) in [b"a 1", b"b 1", b"c 1"].into_iter().zip(rows) {
            assert_eq!(again.find(line), None);
            again.keep(line, row, usage(1));
        }
        again.begin();
        assert_eq!(again.find(b"a 1"), Some((rows[0], usage(1))));
        assert_eq!(again.find(b"b 2"), None);
        again.keep(b"b 2", rows[1], usage(2));
        assert_eq!(again.find(b"c 1"), Some((rows[2], usage(1))));
        again.begin();
        // One is gone: what follows is found again once it was read.
        assert_eq!(again.find(b"b 2"), None);
        again.keep(b"b 2", rows[1], usage(2));
        assert_eq!(again.find(b"c 1"), Some((rows[2], usage(1))));
        assert_eq!(again.find(b"c 1"), None);
        again.forget();
        again.begin();
        assert_eq!(again.find(b"a 1"), None);
        let long = [b'x'; LONGEST + 1];
        again.keep(&long, rows[0], usage(3));
        again.begin();
        assert_eq!(again.find(&long), None);
    }
}
