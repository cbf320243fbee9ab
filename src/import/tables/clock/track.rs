//! The times of tables, with the dates read in one order of day and month.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::import::when::{DateOrder, Stamp};
use crate::record::TimeSource;

/// The time recorded between two tables if the real one is unknown.
const UNKNOWN: Duration = Duration::from_secs(1);

/// One reading of the dates, and the times that follow from it.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) order: DateOrder,
    /// Whether every date so far is valid in this order.
    alive: bool,
    /// The time of the last table, since the first.
    at: Duration,
    /// The time of the first table.
    started: Option<Timestamp>,
    /// The time of the last stamp, and its position in the recording.
    origin: Option<(Timestamp, Duration)>,
    /// The time between the last two tables.
    step: Option<Duration>,
    /// Whether the last table has a stamp.
    stamped: bool,
    sources: BTreeSet<TimeSource>,
    longest: Duration,
    back: u64,
    unreported_back: u64,
    /// The number of steps between two stamped tables, the number of them that match `--every`, and the first that does
    /// not.
    steps: u64,
    as_given: u64,
    other: Option<(u64, Duration)>,
}

impl Track {
    pub(super) fn new(order: DateOrder) -> Track {
        Track {
            order,
            alive: true,
            at: Duration::ZERO,
            started: None,
            origin: None,
            step: None,
            stamped: false,
            sources: BTreeSet::new(),
            longest: Duration::ZERO,
            back: 0,
            unreported_back: 0,
            steps: 0,
            as_given: 0,
            other: None,
        }
    }

    /// Adds a table, see [`Track::place`].
    pub(super) fn table(
        &mut self,
        stamp: Option<(Stamp, TimeSource)>,
        step: Option<(Duration, TimeSource)>,
        first: bool,
        line: u64,
    ) -> Option<TimeSource> {
        let source = self.place(stamp, step, first, line);
        self.sources.extend(source);
        source
    }

    pub(super) fn sources(&self) -> Vec<TimeSource> {
        self.sources.iter().copied().collect()
    }

    /// Adds a table. `step` is the time since the previous one, unless a stamp gives it. Returns the source of the
    /// table's time; `None` for a first table without a stamp, and for an invalid date.
    fn place(
        &mut self,
        stamp: Option<(Stamp, TimeSource)>,
        step: Option<(Duration, TimeSource)>,
        first: bool,
        line: u64,
    ) -> Option<TimeSource> {
        let last = self.origin.map(|(stamped_at, _)| stamped_at);
        let stamped_at = stamp.map(|(stamp, source)| (stamp.at(self.order, last), source));
        let stamped_at = match stamped_at {
            Some((None, _)) => {
                self.alive = false;
                return None;
            }
            Some((Some(at), source)) => Some((at, source)),
            None => None,
        };
        let source = stamped_at.map(|(_, source)| match stamp.is_some_and(|(stamp, _)| stamp.has_date()) {
            true => source,
            false => TimeSource::TextTimeOfDay,
        });
        let stamped = std::mem::replace(&mut self.stamped, stamped_at.is_some());
        if first {
            self.origin = stamped_at.map(|(stamped_at, _)| (stamped_at, Duration::ZERO));
            self.started =
                self.origin.filter(|_| source != Some(TimeSource::TextTimeOfDay)).map(|(stamped_at, _)| stamped_at);
            return source;
        }
        let before = self.at;
        let (mut at, mut from) = match step {
            Some((step, source)) => (before + step, source),
            None => (before + UNKNOWN, TimeSource::Unknown),
        };
        if let (Some((stamped_at, _)), Some((origin, then)), Some(source)) = (stamped_at, self.origin, source) {
            let elapsed = Duration::try_from(stamped_at.duration_since(origin)).ok().map(|since| then + since);
            let whole_day = stamp.is_some_and(|(stamp, _)| !stamp.has_time());
            match elapsed.filter(|at| *at >= before) {
                // Two tables of the same date without a time of day: the time between them is unknown.
                Some(now) if now == before && whole_day => {}
                // Two tables within the same second.
                Some(now) if now == before => (at, from) = (before + Duration::from_micros(1), source),
                Some(now) => {
                    if stamped {
                        self.hold(now - before, step, line);
                    }
                    (at, from) = (now, source);
                }
                None => {
                    (self.back, self.unreported_back) = (self.back + 1, self.unreported_back + 1);
                    if let Some(usual) = self.step {
                        (at, from) = (before + usual, source);
                    }
                }
            }
        }
        if let Some((stamped_at, _)) = stamped_at {
            self.origin = Some((stamped_at, at));
        }
        (self.at, self.step) = (at, Some(at - before));
        self.longest = self.longest.max(at - before);
        Some(from)
    }

    /// Compares a step between stamps with the one that the user gave.
    fn hold(&mut self, taken: Duration, step: Option<(Duration, TimeSource)>, line: u64) {
        let Some((given, TimeSource::Every)) = step else { return };
        self.steps += 1;
        // Work between two readings takes time too.
        match taken * 4 >= given * 3 && taken * 4 <= given * 5 {
            true => self.as_given += 1,
            false => self.other = self.other.or(Some((line, taken))),
        }
    }

    pub(super) fn alive(&self) -> bool {
        self.alive
    }

    pub(super) fn at(&self) -> Duration {
        self.at
    }

    pub(super) fn started(&self) -> Option<Timestamp> {
        self.started
    }

    pub(super) fn step(&self) -> Option<Duration> {
        self.step
    }

    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    /// How often times went back.
    pub(super) fn went_back(&self) -> u64 {
        self.back
    }

    /// The same count, since the last call.
    pub(super) fn take_back(&mut self) -> u64 {
        std::mem::take(&mut self.unreported_back)
    }

    /// A step that differs from the one that the user gave, and its line, if most steps differ.
    pub(super) fn contradicts(&self) -> Option<(u64, Duration)> {
        self.other.filter(|_| self.as_given * 2 < self.steps)
    }
}
