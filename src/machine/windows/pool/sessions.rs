//! The pools of single sessions, which the system's table does not contain (PoolMon's `/s`).
//!
//! The table has one entry for each session: SIZE_T NextEntryOffset (0 in the last one), ULONG SessionId, ULONG Count,
//! then rows as in class 22 (phnt's ntexapi.h; Microsoft's public symbols). This table is optional: if the first read
//! fails for any reason, poolgate assumes that there are no session pools. Once a read has succeeded, a later failure
//! fails the whole sample, because the rows would otherwise be missing from it. A run records the failure as a gap,
//! with its reason.

use super::System;
use super::answer::QueryBuffer;
use super::class::Class;
use super::error::PoolTagsError;
use super::layout::{Bits, TableLayout, number};
use super::rows::TagRows;
use crate::pool::Snapshot;

#[derive(Debug, Default)]
pub(super) struct Sessions {
    answer: QueryBuffer,
    support: SessionSupport,
    sessions: Vec<(u32, TagRows)>,
}

/// Whether this kernel lists session pools.
#[derive(Debug, Default)]
enum SessionSupport {
    #[default]
    Unknown,
    Never,
    Always(Entries),
}

impl Sessions {
    /// Reads the whole table, if the kernel has it.
    pub(super) fn read(&mut self, system: &mut impl System, bits: Bits) -> Result<(), PoolTagsError> {
        match &self.support {
            SessionSupport::Never => {}
            SessionSupport::Always(entries) => {
                self.answer.read(system, Class::SessionPoolTag, |table| entries.whole(table))?
            }
            SessionSupport::Unknown => {
                let entries = Entries::new(bits);
                self.support = match self.answer.read(system, Class::SessionPoolTag, |table| entries.whole(table)) {
                    Ok(()) => SessionSupport::Always(entries),
                    Err(_) => SessionSupport::Never,
                };
            }
        }
        Ok(())
    }

    /// Adds the rows last read to `snapshot`.
    pub(super) fn fill(&mut self, snapshot: &mut Snapshot) {
        let SessionSupport::Always(entries) = &self.support else { return };
        for SessionTable { session, array, .. } in entries.of_table(self.answer.table()).flatten() {
            let place = self.sessions.iter().position(|(known, _)| *known == session).unwrap_or_else(|| {
                self.sessions.push((session, TagRows::new(entries.rows.counters(), Some(session))));
                self.sessions.len() - 1
            });
            let rows = &mut self.sessions[place].1;
            entries.rows.each_row(array, |at, row| rows.count(at, row, snapshot));
        }
    }
}

/// The offsets of an entry's fields.
#[derive(Debug, Clone, Copy)]
struct Entries {
    size: Bits,
    session: usize,
    count: usize,
    array: usize,
    rows: TableLayout,
}

impl Entries {
    const fn new(bits: Bits) -> Entries {
        let rows = TableLayout::pool_tag(bits);
        match bits {
            Bits::Bits32 => Entries { size: bits, session: 4, count: 8, array: 12, rows },
            Bits::Bits64 => Entries { size: bits, session: 8, count: 12, array: 16, rows },
        }
    }

    fn whole(&self, table: &[u8]) -> bool {
        self.of_table(table).all(|entry| entry.is_some())
    }

    /// Returns the entries, one for each session; `None` as the last item if the table is incomplete.
    fn of_table<'a>(&self, table: &'a [u8]) -> impl Iterator<Item = Option<SessionTable<'a>>> {
        let layout = *self;
        // An empty table means that no session has a pool.
        let mut rest = (!table.is_empty()).then_some(table);
        std::iter::from_fn(move || {
            let entry = layout.first_of(rest.take()?);
            rest = entry.as_ref().and_then(|entry| entry.rest);
            Some(entry)
        })
    }

    fn first_of<'a>(&self, table: &'a [u8]) -> Option<SessionTable<'a>> {
        let head = table.get(..self.array)?;
        let (own, rest) = match usize::try_from(number(head, 0, self.size)).ok()? {
            0 => (table, None),
            // Requires that the array ends before the next entry, so an offset to this entry itself is refused.
            next => (table.get(..next)?, Some(table.get(next..)?)),
        };
        let count = u32::try_from(number(head, self.count, Bits::Bits32)).ok()?;
        Some(SessionTable {
            session: u32::try_from(number(head, self.session, Bits::Bits32)).ok()?,
            array: self.rows.array_at(own, self.array, count)?,
            rest,
        })
    }
}

/// One session's part of the table.
struct SessionTable<'a> {
    session: u32,
    array: &'a [u8],
    /// The bytes from the next entry on; `None` in the last one.
    rest: Option<&'a [u8]>,
}

/// Compares the offsets with the structure as laid out by a C compiler for Windows.
const _: () = {
    use super::layout::Size64;
    use std::mem::offset_of;

    #[repr(C)]
    struct SessionPoolTagInformation<Size> {
        next_entry_offset: Size,
        session_id: u32,
        count: u32,
        tag_info: [Size; 1],
    }

    type Wide = SessionPoolTagInformation<Size64>;
    let wide = Entries::new(Bits::Bits64);
    assert!(offset_of!(Wide, next_entry_offset) == 0);
    assert!(wide.session == offset_of!(Wide, session_id) && wide.count == offset_of!(Wide, count));
    assert!(wide.array == offset_of!(Wide, tag_info));

    type Narrow = SessionPoolTagInformation<u32>;
    let narrow = Entries::new(Bits::Bits32);
    assert!(narrow.session == offset_of!(Narrow, session_id) && narrow.count == offset_of!(Narrow, count));
    assert!(narrow.array == offset_of!(Narrow, tag_info));
};
