//! A recording written again with the right times, which were known at the last line of the log only.

use std::path::Path;
use std::time::Duration;

use super::ImportError;
use crate::record::{Event, Recorder, Recording, SampleInfo};

/// Writes `recording` to `to`, its samples from the one numbered `from` on with these times.
pub(super) fn write(recording: &Recording, to: &Path, from: u64, times: &[Duration]) -> Result<(), ImportError> {
    let mut recorder = Recorder::create(to, recording.header())?;
    let (mut number, mut last) = (0, Duration::ZERO);
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, snapshot } => {
                let anew = usize::try_from(number - i128::from(from)).ok().and_then(|place| times.get(place));
                last = anew.copied().unwrap_or(info.at);
                recorder.sample(SampleInfo { at: last, ..info }, snapshot)?;
                number += 1;
            }
            // What is marked belongs to the sample behind it.
            Event::Mark { mark, .. } => recorder.mark(last, &mark)?,
            Event::End { .. } => {}
            // It was written just now.
            Event::Damaged { .. } => {}
        }
    }
    recorder.finish(last)?;
    Ok(())
}
