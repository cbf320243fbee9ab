//! The times of tables, and their sources. No time is made up: if no source gives the time before a table, that time is
//! unknown.
//!
//! A date such as `01/08/2026` is read with the month first and with the day first. Both readings are kept until the
//! log shows the right one.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use self::track::Track;
use super::LogProblem;
use crate::counted::counted;
use crate::import::when::{DateOrder, Stamp};
use crate::record::TimeSource;

mod track;

/// The times of a log's tables.
#[derive(Debug)]
pub(super) struct TableClock {
    /// The interval between tables: the one that the user gave, otherwise that of the format.
    given: Option<Duration>,
    usual: Option<Duration>,
    /// One track for each order of day and month.
    tracks: [Track; 2],
    tables: u64,
    /// The last stamp, and its source.
    last: Option<(Stamp, TimeSource)>,
    /// The longest time between two tables that is the same in both readings.
    common: Duration,
    /// The first table with different times in the two readings, and the times of both from there on.
    divergence: Option<Divergence>,
}

#[derive(Debug)]
struct Divergence {
    table: u64,
    line: u64,
    stamp: Stamp,
    times: Vec<[Duration; 2]>,
}

/// The final times of all tables.
#[derive(Debug, Default)]
pub(in crate::import) struct Times {
    pub(in crate::import) sources: Vec<TimeSource>,
    /// The time of the first table, if a date gives it.
    pub(in crate::import) started: Option<Timestamp>,
    /// The corrected times from this table on; the recorded ones are preliminary.
    pub(in crate::import) corrected: Option<(u64, Vec<Duration>)>,
}

/// The known facts about a table's time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TableStart {
    pub(super) stamp: Option<(Stamp, TimeSource)>,
    /// Whether a line outside all tables precedes it.
    pub(super) apart: bool,
    /// The line in which it begins.
    pub(super) line: u64,
}

impl TableClock {
    pub(super) fn new(given: Option<Duration>) -> TableClock {
        TableClock {
            given,
            usual: None,
            tracks: DateOrder::ALL.map(Track::new),
            tables: 0,
            last: None,
            common: Duration::ZERO,
            divergence: None,
        }
    }

    /// Sets the interval between tables of this format.
    pub(super) fn usual(&mut self, usual: Option<Duration>) {
        self.usual = usual;
    }

    /// Adds a table. Returns whether the time since the previous one is known.
    pub(super) fn table(&mut self, start: TableStart) -> Result<bool, LogProblem> {
        let TableStart { stamp, apart, line } = start;
        self.comparable(stamp)?;
        let first = self.tables == 0;
        self.tables += 1;
        // A stamp separates two screens even if it does not give the time between them.
        let in_text = stamp.is_some_and(|(_, source)| source == TimeSource::Text);
        let usual = self.usual.filter(|_| !apart && !in_text).map(|usual| (usual, TimeSource::Assumed));
        let step = self.given.map(|given| (given, TimeSource::Every)).or(usual);
        let mut known = false;
        for track in self.tracks.iter_mut().filter(|track| track.alive()) {
            known |= track.table(stamp, step, first, line) != Some(TimeSource::Unknown);
        }
        if let Some((stamp, _)) = stamp
            && !self.tracks.iter().any(Track::alive)
        {
            let [month, day] = DateOrder::ALL.map(|order| order.date_of(&stamp));
            let what = format!(
                "has a date that contradicts the dates before it, with the month first ({month}) and with the day first ({day})"
            );
            return Err(LogProblem::new(what, "write dates as 2026-01-08"));
        }
        self.last = stamp.or(self.last);
        self.compare(stamp, line);
        Ok(known)
    }

    /// Detects the first table for which the two readings of the dates differ.
    fn compare(&mut self, stamp: Option<(Stamp, TimeSource)>, line: u64) {
        if let [Some(one), Some(other)] = [self.tracks[0].step(), self.tracks[1].step()]
            && one == other
        {
            self.common = self.common.max(one);
        }
        let times = [self.tracks[0].at(), self.tracks[1].at()];
        match (&mut self.divergence, stamp) {
            (Some(divergence), _) => divergence.times.push(times),
            (none, Some((stamp, _))) if self.tracks.iter().all(Track::alive) && times[0] != times[1] => {
                *none = Some(Divergence { table: self.tables - 1, line, stamp, times: vec![times] });
            }
            _ => {}
        }
    }

    /// Refuses a mix of local times and times in a known zone, because the offset between them is unknown.
    fn comparable(&self, stamp: Option<(Stamp, TimeSource)>) -> Result<(), LogProblem> {
        let (Some((now, source)), Some((last, before))) = (stamp, self.last) else { return Ok(()) };
        // A stamp without a date belongs to the day of the previous one.
        if now.is_zoned() == last.is_zoned() || !now.has_date() || !last.has_date() {
            return Ok(());
        }
        let zone = |stamp: Stamp| if stamp.is_zoned() { "UTC" } else { "an unknown zone" };
        let what = format!(
            "has a time in {} ({source}), but the table before it has one in {} ({before})",
            zone(now),
            zone(last)
        );
        Err(LogProblem::new(what, "give all tables the same kind of time, or remove the times and use `--every 30m`"))
    }

    /// The time of the last table in the recording as written.
    pub(super) fn at(&self) -> Duration {
        match &self.divergence {
            // Known only after the last line; until then, tables follow each other by a microsecond.
            Some(divergence) => {
                let before = divergence.times.first().map_or(Duration::ZERO, |[a, b]| *a.min(b));
                before + Duration::from_micros(divergence.times.len() as u64)
            }
            None => self.reading().at(),
        }
    }

    fn reading(&self) -> &Track {
        self.tracks.iter().find(|track| track.alive()).unwrap_or(&self.tracks[0])
    }

    /// A note for the user, if the clock was set back.
    pub(super) fn note(&mut self, name: &str) -> Option<String> {
        let back = self.tracks.iter_mut().map(Track::take_back).min().unwrap_or(0);
        (back > 0).then(|| {
            let times = counted(back, "time", "times");
            format!("{name}: the clock was set back {times}; later times are relative to the new clock time")
        })
    }

    /// Decides how the dates are read. The error is about the line returned with it.
    pub(super) fn finish(self) -> Result<(Times, Vec<String>), (u64, LogProblem)> {
        let mut notes = Vec::new();
        let order = match (&self.divergence, self.tracks.iter().all(Track::alive)) {
            (Some(divergence), true) => {
                let order = self.decided_order().ok_or_else(|| (divergence.line, self.ambiguous(divergence)))?;
                notes.push(format!("dates are read {}, because the tables are then more evenly spaced", order.words()));
                order
            }
            (None, true) if self.tracks[0].started() != self.tracks[1].started() => {
                notes.push(
                    "the dates can be read with the day or the month first; the times between the tables are the same"
                        .to_owned(),
                );
                DateOrder::MonthFirst
            }
            _ => self.reading().order,
        };
        let at = DateOrder::ALL.iter().position(|one| *one == order).unwrap_or(0);
        let track = &self.tracks[at];
        if let (Some(given), Some((line, taken))) = (self.given, track.contradicts()) {
            let (taken, given) = (long(taken), long(given));
            let what = format!(
                "starts a table {taken} after the previous one by the times in the text, but {given} by --every"
            );
            return Err((line, LogProblem::new(what, "leave out --every, or remove the times from the text")));
        }
        let corrected = self
            .divergence
            .map(|divergence| (divergence.table, divergence.times.iter().map(|times| times[at]).collect()));
        Ok((Times { sources: track.sources(), started: track.started(), corrected }, notes))
    }

    /// Returns the right one of two readings, if it is known: in the wrong one, times go back, contradict `--every`, or
    /// leave a gap of days in an otherwise regular log.
    fn decided_order(&self) -> Option<DateOrder> {
        let [month, day] = &self.tracks;
        let by = |month: bool, day: bool| match (month, day) {
            (true, false) => Some(DateOrder::MonthFirst),
            (false, true) => Some(DateOrder::DayFirst),
            (true, true) | (false, false) => None,
        };
        let even = |track: &Track| !self.common.is_zero() && track.longest() <= self.common * 2;
        by(month.went_back() == 0, day.went_back() == 0)
            .or_else(|| by(month.contradicts().is_none(), day.contradicts().is_none()))
            .or_else(|| by(even(month), even(day)))
    }

    fn ambiguous(&self, divergence: &Divergence) -> LogProblem {
        let read = |order: DateOrder, track: &Track| {
            format!(
                "{} ({}; the last table is {} after the first)",
                order.date_of(&divergence.stamp),
                order.words(),
                long(track.at())
            )
        };
        let [month, day] = [0, 1].map(|at| read(DateOrder::ALL[at], &self.tracks[at]));
        let what = format!("starts a table with an ambiguous date: {month}, or {day}");
        LogProblem::new(what, "give the time between the tables, as in `--every 1d`, or write dates as 2026-01-08")
    }
}

/// Formats a length of time for people.
fn long(length: Duration) -> String {
    SignedDuration::try_from(length).map_or_else(|_| "ages".to_owned(), |length| format!("{length:#}"))
}

#[cfg(test)]
mod tests;
