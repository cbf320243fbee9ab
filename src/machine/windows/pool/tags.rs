//! The system's own pools: class 255 where the kernel has it, else class 22.

use super::System;
use super::answer::Answer;
use super::class::{Class, NtStatus};
use super::error::PoolTagsError;
use super::layout::{Bits, Layout};
use super::rows::TagRows;
use crate::pool::Snapshot;

#[derive(Debug, Default)]
pub(super) struct Tags {
    answer: Answer,
    found: Option<Found>,
}

/// The class which answered first, and goes on answering.
#[derive(Debug)]
struct Found {
    class: Class,
    layout: Layout,
    rows: TagRows,
}

impl Tags {
    /// The class which answers; `None` while none has.
    pub(super) fn class(&self) -> Option<Class> {
        self.found.as_ref().map(|found| found.class)
    }

    /// Reads the table, whole.
    pub(super) fn read(&mut self, system: &mut impl System, bits: Bits) -> Result<(), PoolTagsError> {
        match &self.found {
            Some(found) => read(&mut self.answer, system, found.class, &found.layout)?,
            None => {
                let (class, layout) = find(&mut self.answer, system, bits)?;
                self.found = Some(Found { class, layout, rows: TagRows::new(layout.counters(), None) });
            }
        }
        Ok(())
    }

    /// Adds what was read to `snapshot`.
    pub(super) fn fill(&mut self, snapshot: &mut Snapshot) {
        if let Some(Found { layout, rows, .. }) = &mut self.found
            && let Some(array) = layout.array_of(self.answer.table())
        {
            layout.each_row(array, |at, row| rows.count(at, row, snapshot));
        }
    }
}

/// Reads with the class this kernel has.
fn find(answer: &mut Answer, system: &mut impl System, bits: Bits) -> Result<(Class, Layout), PoolTagsError> {
    let newer = (Class::PoolTag2, Layout::pool_tag_2(bits));
    match read(answer, system, newer.0, &newer.1) {
        Ok(()) => Ok(newer),
        // Not there, or there in name only.
        Err(PoolTagsError::Refused(_, NtStatus::INVALID_INFO_CLASS | NtStatus::NOT_IMPLEMENTED)) => {
            let older = (Class::PoolTag, Layout::pool_tag(bits));
            read(answer, system, older.0, &older.1)?;
            Ok(older)
        }
        Err(other) => Err(other),
    }
}

fn read(answer: &mut Answer, system: &mut impl System, class: Class, layout: &Layout) -> Result<(), PoolTagsError> {
    answer.read(system, class, |table| layout.array_of(table).is_some())?;
    // No kernel runs without a single allocation, so this would be a failed read taken for an empty sample.
    match layout.array_of(answer.table()) {
        Some([]) | None => Err(PoolTagsError::NoRows(class)),
        Some(_) => Ok(()),
    }
}
