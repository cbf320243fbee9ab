//! Tables which are not of all tags: a screen shows what fits on it.
//!
//! Who reads a recording takes a tag which first appears in the middle for one which held nothing before, as it is where the
//! kernel's whole table was sampled. Of a screen that is wrong: so all tags are written down before the first table, absent
//! in it unless they were there, and absent is not known.

use std::path::Path;

use super::ImportError;
use crate::pool::{Pool, RowId, Snapshot};
use crate::record::{Event, Recorder, Recording};

/// Writes `recording` anew to `to`; returns what a reader should know.
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
            // It was written just now.
            Event::Damaged { .. } => {}
        }
    }
    recorder.finish(ends)?;
    let tags = || all.keys().iter().zip(&missing).filter(|(key, _)| key.pool != Pool::Kernel);
    let (missing, of) = (tags().filter(|(_, missing)| **missing).count(), tags().count());
    Ok((missing > 0).then(|| {
        format!("{missing} of {of} tags are missing in some of the tables, which do not show every tag: what they held then is not known")
    }))
}
