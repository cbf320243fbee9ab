//! Builds a recording from tables. All importers of tables use it.
//!
//! Logs of kernel tables contain few times. A table has its own time if the file gives one; otherwise it follows the
//! previous table at the user's interval, or else the format's. Without any of these, no time is made up.
//!
//! [`ImportedTables`] ends one table and begins the next, file after file; `rows` fills the open table, `clock` gives it a
//! time, `totals` checks it, and `recording` writes it.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use self::clock::{TableClock, TableStart};
use self::codes::CodeHasher;
use self::file::LogFile;
pub(super) use self::identity::RowIdentity;
use self::recording::TableRecording;
use self::totals::{ShortTables, TableTotals};
use super::when::Stamp;
use super::{ImportError, LogProblem};
use crate::pool::{Figure, Pool, RowId, Snapshot};
use crate::record::{Incomplete, Stage, TimeSource};

mod clock;
mod codes;
mod file;
mod identity;
mod recording;
mod rows;
mod totals;

pub(super) use clock::Times;

/// The tables of one log, or of several logs that are parts of one.
pub(super) struct ImportedTables {
    recording: TableRecording,
    snapshot: Snapshot,
    rows: HashMap<(u64, u64), RowId, BuildHasherDefault<CodeHasher>>,
    clock: TableClock,
    /// The time of the next table, and its source.
    stamp: Option<(Stamp, TimeSource)>,
    /// The time stamp of the first table.
    first: Option<Stamp>,
    /// The number of rows read before the last line outside all tables.
    between: Option<u64>,
    /// Whether a table has begun that may have more rows.
    open: bool,
    /// Whether a complete table is waiting: it is recorded when the next one begins, because rows after it still count
    /// as its own.
    waiting: bool,
    /// The missing parts of this table, and of the next one.
    incomplete: Incomplete,
    of_next: Incomplete,
    /// The totals in the header of the table that is open or comes next.
    totals: TableTotals,
    tables: u64,
    /// Whether an unknown time passed before some table.
    untimed: bool,
    rows_read: u64,
    /// The stage of the next table, and of this one.
    next_stage: Stage,
    stage: Stage,
    /// Tables with rows that do not add up to their totals.
    short: ShortTables,
    file: LogFile,
    notes: Vec<String>,
}

/// The result of reading a log.
#[derive(Debug)]
pub(super) struct LogSummary {
    pub(super) tables: u64,
    /// Whether some tables lack tags, so a tag that first appears later was not necessarily empty before.
    pub(super) partial: bool,
    pub(super) times: Times,
    pub(super) notes: Vec<String>,
}

/// Names have local time; the files' dates are in UTC.
fn file_stamp(at: Timestamp, source: TimeSource) -> Stamp {
    match source {
        TimeSource::FileDate => at.into(),
        _ => Stamp::local(at.to_zoned_datetime(TimeZone::UTC).datetime()),
    }
}

impl ImportedTables {
    /// Tables that become the recording `to`; `every` is the interval between them, if the user gave one.
    pub(super) fn new(to: PathBuf, name: &str, every: Option<Duration>) -> ImportedTables {
        ImportedTables {
            recording: TableRecording::new(to, name),
            snapshot: Snapshot::new(),
            rows: HashMap::default(),
            clock: TableClock::new(every),
            stamp: None,
            first: None,
            between: None,
            open: false,
            waiting: false,
            incomplete: Incomplete::default(),
            of_next: Incomplete::default(),
            totals: TableTotals::default(),
            tables: 0,
            untimed: false,
            rows_read: 0,
            next_stage: Stage::Workload,
            stage: Stage::Workload,
            short: ShortTables::default(),
            file: LogFile::new(name, (0, 0)),
            notes: Vec::new(),
        }
    }

    /// Continues with another file; `stamp` is the time of its first table from the file's name or date, if there is
    /// one.
    pub(super) fn begin_file(&mut self, name: &str, stamp: Option<(Timestamp, TimeSource)>) {
        let before = (self.tables, self.rows_read);
        self.file = LogFile::new(name, before);
        self.stamp = stamp.map(|(at, source)| (file_stamp(at, source), source));
        // Any time may have passed between two files.
        self.between = Some(self.rows_read);
    }

    /// Sets the source, and the interval between its tables if the format defines one. If `partial`, no table of this
    /// file shows every tag.
    pub(super) fn set_source(&mut self, source: &str, usual: Option<Duration>, partial: bool) {
        self.recording.set_source(source);
        self.clock.usual(usual);
        self.file.partial |= partial;
    }

    /// Marks this table, or the last one if none is open, as not showing every tag.
    pub(super) fn shows_a_part(&mut self) {
        self.incomplete.partial = true;
    }

    /// Marks the file if lines were left out, so tables may lack tags.
    pub(super) fn filtered(&mut self, filtered: bool) {
        self.file.partial |= filtered;
    }

    /// Sets the time of the next table from the text.
    pub(super) fn stamp(&mut self, stamp: impl Into<Stamp>) {
        let stamp = stamp.into();
        self.stamp = match self.stamp {
            Some((earlier, TimeSource::Text)) => Some((stamp.after(earlier), TimeSource::Text)),
            // A time of day is less precise than a file's name or date.
            Some(of_file) if !stamp.has_date() => Some(of_file),
            Some(_) | None => Some((stamp, TimeSource::Text)),
        };
    }

    /// The time stamp of the first table, if the text has one.
    pub(super) fn first_stamp(&self) -> Option<Stamp> {
        self.first
    }

    /// Notes text outside all tables. If the next line belongs to another table, the time between the two is unknown.
    pub(super) fn between(&mut self) {
        self.between = Some(self.rows_read);
    }

    /// Begins a table in `line`.
    pub(super) fn begin(&mut self, line: u64) -> Result<(), ImportError> {
        self.end()?;
        self.record()?;
        self.stage = self.next_stage;
        self.incomplete = std::mem::take(&mut self.of_next);
        if self.tables == 0 {
            self.first = self.stamp.filter(|(_, source)| *source == TimeSource::Text).map(|(stamp, _)| stamp);
        }
        let apart = self.between.take() == Some(self.rows_read);
        let start = TableStart { stamp: self.stamp.take(), apart, line };
        let known = self.clock.table(start).map_err(|wrong| self.disagree(line, wrong))?;
        if !known && !self.untimed {
            (self.untimed, self.file.untimed) = (true, Some(line));
        }
        self.snapshot.clear();
        self.open = true;
        Ok(())
    }

    /// Sets a figure from the header of the next table.
    pub(super) fn measured(&mut self, figure: Figure, bytes: u64) {
        self.totals.figure(figure, bytes);
    }

    /// Sets the total of a pool's rows from a line `TOTAL` of this table.
    pub(super) fn total(&mut self, pool: Pool, bytes: u64) {
        self.totals.sum(pool, bytes);
    }

    /// Whether a table has begun that may have more rows.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Ends the open table, if there is one.
    pub(super) fn end(&mut self) -> Result<(), ImportError> {
        if std::mem::take(&mut self.open) {
            self.waiting = true;
            self.tables += 1;
            let totals = std::mem::take(&mut self.totals);
            self.incomplete.partial |= self.file.partial || totals.is_part(&self.snapshot);
            let why = totals.fill(&mut self.snapshot, self.incomplete.is_nothing());
            let partial = self.incomplete.partial;
            self.incomplete.partial |= why.is_some();
            why.filter(|_| !partial).into_iter().for_each(|why| self.short.add(&self.file.name, why));
        }
        Ok(())
    }

    /// Records the complete table.
    fn record(&mut self) -> Result<(), ImportError> {
        if std::mem::take(&mut self.waiting) {
            let incomplete = std::mem::take(&mut self.incomplete);
            self.recording.add(self.clock.at(), self.stage, incomplete, &self.snapshot)?;
        }
        Ok(())
    }

    /// Sets the stage of the tables from the next one on. By default, it is the workload.
    pub(super) fn stage(&mut self, stage: Stage) {
        self.next_stage = stage;
    }

    /// Adds a note about this file for readers of the report.
    pub(super) fn note(&mut self, note: &str) {
        self.notes.push(format!("{}: {note}", self.file.name));
    }

    /// The error for a line of the file.
    pub(super) fn wrong(&self, line: u64, LogProblem { what, help }: LogProblem) -> ImportError {
        ImportError::Row { name: self.file.name.clone(), line, what, help }
    }

    /// The error for a time in a line of the file that contradicts another source.
    fn disagree(&self, line: u64, LogProblem { what, help }: LogProblem) -> ImportError {
        ImportError::Times { name: format!("{}, line {line}", self.file.name), what, help }
    }

    /// Ends the file. It must have had a table, and rows unless its tables were empty.
    pub(super) fn end_file(&mut self, what: &str) -> Result<(), ImportError> {
        self.end()?;
        let (tables, rows) = (self.tables - self.file.before.0, self.rows_read - self.file.before.1);
        if tables == 0 || (rows == 0 && !self.file.is_read_whole()) {
            let LogProblem { what, help } = self.file.nothing(what);
            return Err(ImportError::Beginning { name: self.file.name.clone(), what, help });
        }
        self.notes.extend(self.file.notes());
        self.notes.extend(self.clock.note(&self.file.name));
        self.notes.extend(self.file.untimed.map(|line| {
            let name = &self.file.name;
            format!("{name}, line {line}: no source gives the time before this table, so rates are not judged")
        }));
        Ok(())
    }

    /// Records the last table and closes the recording.
    pub(super) fn finish(mut self) -> Result<LogSummary, ImportError> {
        self.end()?;
        self.record()?;
        let partial = self.recording.finish(self.clock.at())?;
        self.notes.extend(self.short.note());
        let name = self.file.name;
        let help =
            |(line, LogProblem { what, help })| ImportError::Times { name: format!("{name}, line {line}"), what, help };
        let (times, notes) = self.clock.finish().map_err(help)?;
        self.notes.extend(notes.into_iter().map(|note| format!("{name}: {note}")));
        Ok(LogSummary { tables: self.tables, partial, times, notes: self.notes })
    }
}
