//! A recording as readings: each sample at its own time, thinned out to the requested period.

use std::time::Duration;

use jiff::Timestamp;

use super::LiveTable;
use crate::machine::Memory;
use crate::record::{Event, Events, Mark, Recording};

/// Replays a recording from beginning to end.
#[derive(Debug)]
pub(crate) struct Replay<'a> {
    events: Events<'a>,
    started: Timestamp,
    every: Duration,
    length: Option<Duration>,
    /// The time of the next sample to show, since the beginning of the recording.
    due: Duration,
}

/// The next item in a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Met {
    /// A sample, already in the table.
    Sample,
    /// A sample that could not be read when the recording was made.
    Gap(String),
    /// A damaged part of the file, with its number of bytes.
    Damaged(u64),
}

impl<'a> Replay<'a> {
    /// Replays a recording's samples, at least `every` apart and for `length`, both by the recording's clock. If
    /// `every` is 0, it replays every sample.
    pub(crate) fn new(recording: &'a Recording, every: Duration, length: Option<Duration>) -> Replay<'a> {
        let started = recording.header().started;
        Replay { events: recording.events(), started, every, length, due: Duration::ZERO }
    }

    /// Advances to the next sample and adds it to `table`, or to the next gap or damage; `None` at the end.
    pub(crate) fn next(&mut self, table: &mut LiveTable) -> Option<Met> {
        loop {
            match self.events.next()? {
                Event::Sample { info, snapshot } => {
                    if self.length.is_some_and(|length| info.at > length) {
                        return None;
                    }
                    if info.at >= self.due {
                        // At whole multiples, as on a live machine: a late sample does not shift the later ones.
                        let passed = info.at.as_nanos().checked_div(self.every.as_nanos()).unwrap_or(0);
                        self.due =
                            self.every.saturating_mul(u32::try_from(passed).unwrap_or(u32::MAX).saturating_add(1));
                        let at = self.started.checked_add(info.at).unwrap_or(self.started);
                        table.take(snapshot, Memory::default(), at);
                        return Some(Met::Sample);
                    }
                }
                Event::Mark { mark: Mark::Gap { because }, .. } => return Some(Met::Gap(because)),
                Event::Damaged { bytes } => return Some(Met::Damaged(bytes)),
                Event::Mark { .. } | Event::End { .. } => {}
            }
        }
    }
}
