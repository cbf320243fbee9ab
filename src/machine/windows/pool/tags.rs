//! The system's own pools: class 255 if the kernel has it, else class 22.
//!
//! The only public source for class 255 is phnt. At the first sample poolgate therefore compares it with class 22, if
//! both can be read, and uses class 22 if they differ.

use super::System;
use super::answer::QueryBuffer;
use super::class::{Class, NtStatus};
use super::counts::RowCounts;
use super::error::PoolTagsError;
use super::layout::{Bits, TableLayout};
use super::rows::TagRows;
use crate::pool::Snapshot;

#[derive(Debug, Default)]
pub(super) struct Tags {
    answer: QueryBuffer,
    found: Option<ReadableClass>,
    note: Option<String>,
}

/// The first class that could be read; all later samples use it.
#[derive(Debug)]
struct ReadableClass {
    class: Class,
    layout: TableLayout,
    rows: TagRows,
}

impl Tags {
    /// Returns the class in use; `None` before the first successful read.
    pub(super) fn class(&self) -> Option<Class> {
        self.found.as_ref().map(|found| found.class)
    }

    /// Returns the reason why class 22 is used instead of class 255. Returns it only once.
    pub(super) fn note(&mut self) -> Option<String> {
        self.note.take()
    }

    /// Reads the whole table.
    pub(super) fn read(&mut self, system: &mut impl System, bits: Bits) -> Result<(), PoolTagsError> {
        match &self.found {
            Some(found) => read(&mut self.answer, system, found.class, &found.layout)?,
            None => {
                let (class, layout, note) = find(&mut self.answer, system, bits)?;
                self.note = note;
                self.found = Some(ReadableClass { class, layout, rows: TagRows::new(layout.counters(), None) });
            }
        }
        Ok(())
    }

    /// Adds the table last read to `snapshot`.
    pub(super) fn fill(&mut self, snapshot: &mut Snapshot) {
        if let Some(ReadableClass { layout, rows, .. }) = &mut self.found
            && let Some(array) = layout.array_of(self.answer.table())
        {
            layout.each_row(array, |at, row| rows.count(at, row, snapshot));
        }
    }
}

/// Reads class 255 if the kernel has it and it agrees with class 22; else reads class 22 and returns the reason.
fn find(
    answer: &mut QueryBuffer,
    system: &mut impl System,
    bits: Bits,
) -> Result<(Class, TableLayout, Option<String>), PoolTagsError> {
    let (newer, older) = (TableLayout::pool_tag_2(bits), TableLayout::pool_tag(bits));
    let doubt = match newer_agrees(answer, system, &newer, &older) {
        Ok(None) => return Ok((Class::PoolTag2, newer, None)),
        Ok(Some(difference)) => Some(difference),
        // The class is missing or not implemented.
        Err(PoolTagsError::Refused(_, NtStatus::INVALID_INFO_CLASS | NtStatus::NOT_IMPLEMENTED)) => None,
        Err(error) => Some(error.to_string()),
    };
    read(answer, system, Class::PoolTag, &older)?;
    let note = |doubt| {
        format!("pool tags are read by class 22, not 255: {doubt}; please report it with the build that `winver` shows")
    };
    Ok((Class::PoolTag, older, doubt.map(note)))
}

/// Reads class 255 between two readings of class 22, and returns the first difference. If class 22 cannot be read,
/// there is no comparison. `answer` ends with class 255's table.
fn newer_agrees(
    answer: &mut QueryBuffer,
    system: &mut impl System,
    newer: &TableLayout,
    older: &TableLayout,
) -> Result<Option<String>, PoolTagsError> {
    read(answer, system, Class::PoolTag2, newer)?;
    let mut other = QueryBuffer::default();
    if read(&mut other, system, Class::PoolTag, older).is_err() {
        return Ok(None);
    }
    let before = RowCounts::new(&other, older);
    read(answer, system, Class::PoolTag2, newer)?;
    if read(&mut other, system, Class::PoolTag, older).is_err() {
        return Ok(None);
    }
    Ok(RowCounts::new(answer, newer).outside(&before, &RowCounts::new(&other, older)))
}

fn read(
    answer: &mut QueryBuffer,
    system: &mut impl System,
    class: Class,
    layout: &TableLayout,
) -> Result<(), PoolTagsError> {
    answer.read(system, class, |table| layout.array_of(table).is_some())?;
    // Every running kernel has allocations, so an empty table is a failed read.
    match layout.array_of(answer.table()) {
        Some([]) | None => Err(PoolTagsError::NoRows(class)),
        Some(_) => Ok(()),
    }
}
