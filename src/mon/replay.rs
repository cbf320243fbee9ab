//! A recording as readings: each sample at the time at which it was taken, thinned out to the period asked for.

use std::time::Duration;

use jiff::Timestamp;

use super::Table;
use crate::machine::Memory;
use crate::record::{Event, Events, Mark, Recording};

/// A recording which is looked at from its beginning to its end.
#[derive(Debug)]
pub struct Replay<'a> {
    events: Events<'a>,
    started: Timestamp,
    every: Duration,
    length: Option<Duration>,
    /// When the next sample is due, since the recording began.
    due: Duration,
}

/// What a recording has next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// A sample, which the table has taken.
    Sample,
    /// A sample which could not be read when it was recorded.
    Gap(String),
    /// A place where the file is damaged.
    Damaged(u64),
}

impl<'a> Replay<'a> {
    /// A recording's samples, at least `every` apart by its own clock and for `length` of its time; every sample where
    /// `every` is 0.
    pub fn new(recording: &'a Recording, every: Duration, length: Option<Duration>) -> Replay<'a> {
        let started = recording.header().started;
        Replay { events: recording.events(), started, every, length, due: Duration::ZERO }
    }

    /// Goes on to the next sample and has `table` take it, or to the next place where one is missing; `None` at the end.
    pub fn next(&mut self, table: &mut Table) -> Option<Met> {
        loop {
            match self.events.next()? {
                Event::Sample { info, snapshot } => {
                    if self.length.is_some_and(|length| info.at > length) {
                        return None;
                    }
                    if info.at >= self.due {
                        // At whole multiples, as on a live machine: samples which come late do not shift the others.
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
