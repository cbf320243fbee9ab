//! Tables with only some of the tags: a screen shows only the rows that fit on it.
//!
//! Readers of a recording assume that a tag that first appears later held nothing before. This is correct if the
//! kernel's whole table was sampled, but not for screens. The rewritten recording therefore lists all tags from the
//! first table on; a tag that a table does not show is absent, which means unknown.

use std::path::Path;

use super::ImportError;
use crate::pool::{Pool, RowId, Snapshot};
use crate::record::{Event, Recorder, Recording};

/// Copies `recording` to `to` with all tags listed. Returns a note for the user if tags are missing.
pub(super) fn write(recording: &Recording, to: &Path) -> Result<Option<String>, ImportError> {
    let mut all = Snapshot::new();
    let mut rows: Vec<RowId> = Vec::new();
    let mut events = recording.events();
    while let Some(event) = events.next() {
        if let Event::Sample { snapshot, .. } = event {
            rows.extend(snapshot.keys()[rows.len()..].iter().map(|key| all.row(key.clone())));
        }
    }
    let mut recorder = Recorder::create(to, recording.header())?;
    let mut missing = vec![false; rows.len()];
    let mut ends = std::time::Duration::ZERO;
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, snapshot } => {
                all.clear();
                snapshot.usages().iter().zip(&rows).for_each(|(usage, row)| all.set(*row, *usage));
                missing.iter_mut().zip(all.usages()).for_each(|(missing, usage)| *missing |= usage.is_none());
                recorder.sample(info, &all)?;
            }
            Event::Mark { at, mark } => recorder.mark(at, &mark)?,
            Event::End { at } => ends = at,
            // This recording was written just now, so it has no damage.
            Event::Damaged { .. } => {}
        }
    }
    recorder.finish(ends)?;
    let tags = || all.keys().iter().zip(&missing).filter(|(key, _)| key.pool != Pool::Kernel);
    let (missing, of) = (tags().filter(|(_, missing)| **missing).count(), tags().count());
    Ok((missing > 0).then(|| {
        format!("{missing} of {of} tags are missing in some of the tables, because these do not show every tag: the memory of these tags at those times is not known")
    }))
}
