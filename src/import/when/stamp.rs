//! A time stamp as written in a text: it may lack the date or the time of day, and in `01/08/2026` the order of day and
//! month is unknown.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};

/// The order of day and month in a numeric date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum DateOrder {
    MonthFirst,
    DayFirst,
}

impl DateOrder {
    pub(in crate::import) const ALL: [DateOrder; 2] = [DateOrder::MonthFirst, DateOrder::DayFirst];

    pub(in crate::import) fn words(self) -> &'static str {
        match self {
            DateOrder::MonthFirst => "month first",
            DateOrder::DayFirst => "day first",
        }
    }

    /// The date of a stamp in this order, for messages.
    pub(in crate::import) fn date_of(self, stamp: &Stamp) -> String {
        let date = stamp.dates.and_then(|dates| dates[self.place()]);
        date.map_or_else(|| "no date".to_owned(), |date| date.to_string())
    }

    fn place(self) -> usize {
        usize::from(self == DateOrder::DayFirst)
    }
}

/// The parts of a time stamp; it has a date or a time of day, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) struct Stamp {
    /// The date in each order of [`DateOrder::ALL`], or `None` if there is no such date. The outer `None` means a stamp
    /// without a date.
    pub(super) dates: Option<[Option<Date>; 2]>,
    pub(super) time: Option<Time>,
    /// The offset ahead of UTC; `None` for local time.
    pub(super) offset: Option<Offset>,
}

impl Stamp {
    /// A time in an unknown zone.
    pub(in crate::import) fn local(at: DateTime) -> Stamp {
        Stamp { dates: Some([Some(at.date()); 2]), time: Some(at.time()), offset: None }
    }

    pub(in crate::import) fn has_date(&self) -> bool {
        self.dates.is_some()
    }

    pub(in crate::import) fn has_time(&self) -> bool {
        self.time.is_some()
    }

    /// Whether its zone is known, so it can be compared with a file's date.
    pub(in crate::import) fn is_zoned(&self) -> bool {
        self.offset.is_some()
    }

    /// Combines this stamp with an earlier one of the same table: `date /t` and `time /t` each write a line.
    pub(in crate::import) fn after(self, earlier: Stamp) -> Stamp {
        match (earlier.dates, earlier.time, self.dates, self.time) {
            (Some(_), Some(_), None, _) | (Some(_), Some(_), _, None) => earlier,
            (Some(dates), None, None, Some(_)) => Stamp { dates: Some(dates), ..self },
            (None, Some(time), Some(_), None) => Stamp { time: Some(time), offset: earlier.offset, ..self },
            _ => self,
        }
    }

    /// Returns the instant, with the date in this order; local time is taken as UTC. A stamp without a date gets the
    /// first such time at or after `last`; one without a time of day gets midnight.
    pub(in crate::import) fn at(&self, order: DateOrder, last: Option<Timestamp>) -> Option<Timestamp> {
        let time = self.time.unwrap_or_default();
        let offset = self.offset.unwrap_or(Offset::UTC);
        let on = |date: Date| offset.to_timestamp(date.to_datetime(time)).ok();
        let Some(dates) = self.dates else {
            let last = last.unwrap_or(Timestamp::UNIX_EPOCH);
            let date = offset.to_datetime(last).date();
            return on(date).filter(|at| *at >= last).or_else(|| on(date.tomorrow().ok()?));
        };
        on(dates[order.place()]?)
    }
}

impl From<Timestamp> for Stamp {
    fn from(at: Timestamp) -> Stamp {
        Stamp { offset: Some(Offset::UTC), ..Stamp::local(at.to_zoned_datetime(TimeZone::UTC).datetime()) }
    }
}
