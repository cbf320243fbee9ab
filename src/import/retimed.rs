//! Rewrites a recording with corrected times, which are known only after the last line of the log.

use std::path::Path;
use std::time::Duration;

use super::ImportError;
use crate::record::{Event, Recorder, Recording, SampleInfo};

/// Copies `recording` to `to` and gives the samples from number `from` on the times in `times`.
pub(super) fn write(recording: &Recording, to: &Path, from: u64, times: &[Duration]) -> Result<(), ImportError> {
    let mut recorder = Recorder::create(to, recording.header())?;
    let (mut number, mut last) = (0, Duration::ZERO);
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, snapshot } => {
                let corrected = usize::try_from(number - i128::from(from)).ok().and_then(|place| times.get(place));
                last = corrected.copied().unwrap_or(info.at);
                recorder.sample(SampleInfo { at: last, ..info }, snapshot)?;
                number += 1;
            }
            // A mark belongs to the sample that follows it.
            Event::Mark { mark, .. } => recorder.mark(last, &mark)?,
            Event::End { .. } => {}
            // This recording was written just now, so it has no damage.
            Event::Damaged { .. } => {}
        }
    }
    recorder.finish(last)?;
    Ok(())
}
