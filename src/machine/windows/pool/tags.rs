//! The system's own pools: class 255 where the kernel has it, else class 22.
//!
//! The only public source for class 255 is phnt. So at the first sample it is compared with class 22 where both answer, and
//! class 22 is used if they differ.

use super::System;
use super::answer::Answer;
use super::class::{Class, NtStatus};
use super::counts::Counts;
use super::error::PoolTagsError;
use super::layout::{Bits, Layout};
use super::rows::TagRows;
use crate::pool::Snapshot;

#[derive(Debug, Default)]
pub(super) struct Tags {
    answer: Answer,
    found: Option<Found>,
    note: Option<String>,
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

    /// Why the class is not the one which would be expected; once.
    pub(super) fn note(&mut self) -> Option<String> {
        self.note.take()
    }

    /// Reads the table, whole.
    pub(super) fn read(&mut self, system: &mut impl System, bits: Bits) -> Result<(), PoolTagsError> {
        match &self.found {
            Some(found) => read(&mut self.answer, system, found.class, &found.layout)?,
            None => {
                let (class, layout, note) = find(&mut self.answer, system, bits)?;
                self.note = note;
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

/// Reads with class 255 where the kernel has it and it agrees with class 22; else with class 22, and says why.
fn find(
    answer: &mut Answer,
    system: &mut impl System,
    bits: Bits,
) -> Result<(Class, Layout, Option<String>), PoolTagsError> {
    let (newer, older) = (Layout::pool_tag_2(bits), Layout::pool_tag(bits));
    let doubt = match newer_agrees(answer, system, &newer, &older) {
        Ok(None) => return Ok((Class::PoolTag2, newer, None)),
        Ok(Some(difference)) => Some(difference),
        // Not there, or there in name only.
        Err(PoolTagsError::Refused(_, NtStatus::INVALID_INFO_CLASS | NtStatus::NOT_IMPLEMENTED)) => None,
        Err(error) => Some(error.to_string()),
    };
    read(answer, system, Class::PoolTag, &older)?;
    let note = |doubt| {
        format!("pool tags are read by class 22, not 255: {doubt}; please report it with the build that `winver` shows")
    };
    Ok((Class::PoolTag, older, doubt.map(note)))
}

/// Reads class 255 between two readings of class 22; returns the first difference. Where class 22 cannot be read there is
/// nothing to compare. The answer is class 255's.
fn newer_agrees(
    answer: &mut Answer,
    system: &mut impl System,
    newer: &Layout,
    older: &Layout,
) -> Result<Option<String>, PoolTagsError> {
    read(answer, system, Class::PoolTag2, newer)?;
    let mut other = Answer::default();
    if read(&mut other, system, Class::PoolTag, older).is_err() {
        return Ok(None);
    }
    let before = Counts::of(&other, older);
    read(answer, system, Class::PoolTag2, newer)?;
    if read(&mut other, system, Class::PoolTag, older).is_err() {
        return Ok(None);
    }
    Ok(Counts::of(answer, newer).outside(&before, &Counts::of(&other, older)))
}

fn read(answer: &mut Answer, system: &mut impl System, class: Class, layout: &Layout) -> Result<(), PoolTagsError> {
    answer.read(system, class, |table| layout.array_of(table).is_some())?;
    // No kernel runs without a single allocation, so this would be a failed read taken for an empty sample.
    match layout.array_of(answer.table()) {
        Some([]) | None => Err(PoolTagsError::NoRows(class)),
        Some(_) => Ok(()),
    }
}
