//! A recording in the making, table by table: every foreign format ends here.
//!
//! Logs of kernels' tables say little of time. A table has its own where the file says when it was taken, else it follows
//! the one before at a distance: that of the format, or the one which was given; and without any, nothing is made up.
// long because one table: its time, its rows, its totals, what is not known of it.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(super) use self::about::About;
use self::clock::{Clock, Told};
use self::codes::{Code, Codes};
use self::file::File;
use self::totals::{Short, Totals};
use super::when::Stamp;
use super::{ImportError, Wrong, when};
use crate::pool::{Figure, Key, Pool, RowId, Snapshot, Usage};
use crate::record::{Header, Incomplete, Mark, Recorder, SampleInfo, Stage, TimeSource};

mod about;
mod clock;
mod codes;
mod file;
mod places;
mod totals;

pub(super) use clock::Times;

/// The tables of one log, or of several which are parts of one.
pub(super) struct Tables {
    to: PathBuf,
    header: Header,
    recorder: Option<Recorder>,
    snapshot: Snapshot,
    rows: HashMap<(u64, u64), RowId, BuildHasherDefault<Codes>>,
    clock: Clock,
    /// When the next table was taken, and what says so.
    stamp: Option<(Stamp, TimeSource)>,
    /// The time stamp of the first table.
    first: Option<Stamp>,
    /// How many rows were read when a line came which is no part of any table.
    between: Option<u64>,
    /// A table is begun which may have more rows.
    open: bool,
    /// A table is complete and is recorded when the next one begins, so that rows behind it still count as its own.
    waiting: bool,
    /// What is not known of this table, and of the one that comes next.
    incomplete: Incomplete,
    of_next: Incomplete,
    /// What the header reports of the table that is open or comes next.
    totals: Totals,
    tables: u64,
    /// Before some table an unknown time passed.
    untimed: bool,
    rows_read: u64,
    /// Some tables do not show every tag.
    partial: bool,
    /// The stage of the next table, of this one, and of the last one that was recorded.
    next_stage: Stage,
    stage: Stage,
    marked: Option<Stage>,
    /// Tables whose rows do not come to their totals.
    short: Short,
    file: File,
    notes: Vec<String>,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) tables: u64,
    /// Some tables are not of all tags: those which come later were not empty before.
    pub(super) partial: bool,
    pub(super) times: Times,
    pub(super) notes: Vec<String>,
}

/// Names have local time, files' dates are of UTC.
fn file_stamp(at: Timestamp, source: TimeSource) -> Stamp {
    match source {
        TimeSource::FileDate => at.into(),
        _ => Stamp::local(at.to_zoned_datetime(TimeZone::UTC).datetime()),
    }
}

impl Tables {
    /// Tables which become the recording `to`; `every` is how far apart they are, where the user says so.
    pub(super) fn new(to: PathBuf, name: &str, every: Option<Duration>) -> Tables {
        let file = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
        let header = Header {
            // Nobody knows, unless the name or the first table says so.
            started: when::name(&file).map(|named| named.at).unwrap_or_default(),
            ..Header::new(file.clone(), name, "")
        };
        Tables {
            to,
            header,
            recorder: None,
            snapshot: Snapshot::new(),
            rows: HashMap::default(),
            clock: Clock::new(every),
            stamp: None,
            first: None,
            between: None,
            open: false,
            waiting: false,
            incomplete: Incomplete::default(),
            of_next: Incomplete::default(),
            totals: Totals::default(),
            tables: 0,
            untimed: false,
            rows_read: 0,
            partial: false,
            next_stage: Stage::Workload,
            stage: Stage::Workload,
            marked: None,
            short: Short::default(),
            file: File::new(name, (0, 0)),
            notes: Vec::new(),
        }
    }

    /// Goes on with another file; `stamp` is when its first table was taken, as far as the file's name or time says.
    pub(super) fn begin_file(&mut self, name: &str, stamp: Option<(Timestamp, TimeSource)>) {
        let before = (self.tables, self.rows_read);
        self.file = File::new(name, before);
        self.stamp = stamp.map(|(at, source)| (file_stamp(at, source), source));
        // Between two files may lie any time.
        self.between = Some(self.rows_read);
    }

    /// What is read, and how far apart its tables are, where the format says so. When `partial`, no table of this file shows
    /// every tag.
    pub(super) fn of(&mut self, source: &str, usual: Option<Duration>, partial: bool) {
        if self.header.source.is_empty() {
            source.clone_into(&mut self.header.source);
        }
        self.clock.usual(usual);
        self.file.partial |= partial;
    }

    /// This table, or the last one if none is open, does not show every tag.
    pub(super) fn shows_a_part(&mut self) {
        self.incomplete.partial = true;
    }

    /// Whether somebody left out lines, so that tables may not have all tags.
    pub(super) fn filtered(&mut self, filtered: bool) {
        self.file.partial |= filtered;
    }

    /// The next table was taken then, the text says.
    pub(super) fn stamp(&mut self, stamp: impl Into<Stamp>) {
        let stamp = stamp.into();
        self.stamp = match self.stamp {
            Some((earlier, TimeSource::Text)) => Some((stamp.after(earlier), TimeSource::Text)),
            // A time of day says less than a file's name or date does.
            Some(of_file) if !stamp.has_date() => Some(of_file),
            Some(_) | None => Some((stamp, TimeSource::Text)),
        };
    }

    /// The time stamp of the first table, where the text has one.
    pub(super) fn first_stamp(&self) -> Option<Stamp> {
        self.first
    }

    /// Here stands something which is no part of any table. If the next line is of another table, nobody knows how much time
    /// passed between the two.
    pub(super) fn between(&mut self) {
        self.between = Some(self.rows_read);
    }

    /// A table begins in `line`.
    pub(super) fn begin(&mut self, line: u64) -> Result<(), ImportError> {
        self.end()?;
        self.record()?;
        self.stage = self.next_stage;
        self.incomplete = std::mem::take(&mut self.of_next);
        if self.tables == 0 {
            self.first = self.stamp.filter(|(_, source)| *source == TimeSource::Text).map(|(stamp, _)| stamp);
        }
        let apart = self.between.take() == Some(self.rows_read);
        let told = Told { stamp: self.stamp.take(), apart, line };
        let known = self.clock.table(told).map_err(|wrong| self.disagree(line, wrong))?;
        if !known && !self.untimed {
            (self.untimed, self.file.untimed) = (true, Some(line));
        }
        self.snapshot.clear();
        self.open = true;
        Ok(())
    }

    /// What the header of the next table reports.
    pub(super) fn measured(&mut self, figure: Figure, bytes: u64) {
        self.totals.figure(figure, bytes);
    }

    /// What a line `TOTAL` of this table reports that its rows of a pool come to.
    pub(super) fn total(&mut self, pool: Pool, bytes: u64) {
        self.totals.sum(pool, bytes);
    }

    /// Whether a table is begun which may have more rows.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// The table is complete.
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

    /// Records the table which is complete.
    fn record(&mut self) -> Result<(), ImportError> {
        if !std::mem::take(&mut self.waiting) {
            return Ok(());
        }
        let recorder = match &mut self.recorder {
            Some(recorder) => recorder,
            none => none.insert(Recorder::create(&self.to, &self.header)?),
        };
        if self.marked.replace(self.stage) != Some(self.stage) {
            recorder.mark(self.clock.at(), &Mark::Stage(self.stage))?;
        }
        let info = SampleInfo { at: self.clock.at(), settled: true, missed: 0 };
        let incomplete = std::mem::take(&mut self.incomplete);
        if !incomplete.is_nothing() {
            self.partial = true;
            recorder.mark(info.at, &Mark::Incomplete(incomplete))?;
        }
        recorder.sample(info, &self.snapshot)?;
        Ok(())
    }

    /// Adds a row to the table; `None` when the table has one about the same already.
    pub(super) fn add(&mut self, about: About, usage: Usage) -> Option<RowId> {
        let row = self.row(about);
        self.repeat(row, &Some(usage)).then_some(row)
    }

    /// The same for a row of `line` that is no pool tag's. If the table has it already, the two are added up.
    pub(super) fn add_key(&mut self, line: u64, key: Key, usage: Usage) {
        let row = self.snapshot.row(key);
        if !self.repeat(row, &Some(usage)) {
            self.add_up(line, row, usage);
        }
    }

    /// Adds a second row of one tag and pool to the first: two tags may look alike where bytes are shown that no text has.
    pub(super) fn add_up(&mut self, line: u64, row: RowId, usage: Usage) {
        let first = self.snapshot.get(row).unwrap_or_default();
        let sum = Usage {
            allocs: first.allocs.wrapping_add(usage.allocs),
            frees: first.frees.wrapping_add(usage.frees),
            bytes: first.bytes.saturating_add(usage.bytes),
        };
        self.snapshot.set(row, Some(sum));
        self.doubt(line, || "is of a tag and pool that the table has already, and was added to that row".to_owned());
    }

    /// Reports a row that was read and may be wrong.
    pub(super) fn doubt(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.file.doubts.add(line, why);
    }

    /// The same for a row whose place is known; `false` when the table has it already.
    #[inline]
    pub(super) fn repeat(&mut self, row: RowId, usage: &Option<Usage>) -> bool {
        let new = self.snapshot.usages()[row.index()].is_none();
        if new {
            self.snapshot.set(row, *usage);
            self.rows_read += 1;
        }
        new
    }

    /// Adds a row unless there never was anything to count: a debugger lists both pools of a tag that uses one.
    pub(super) fn add_used(&mut self, about: About, usage: Usage) -> bool {
        let unused = usage == Usage::default() && !self.rows.contains_key(&Code::of(about));
        self.rows_read += u64::from(unused);
        unused || self.add(about, usage).is_some()
    }

    /// Where the row of a tag stands.
    pub(super) fn row(&mut self, about: About) -> RowId {
        *self.rows.entry(Code::of(about)).or_insert_with(|| self.snapshot.row(about.key()))
    }

    /// Counts a line that looks like a row and could not be read. No verdict on tags that are not shown, or on all of them, is
    /// "held" then; the row's own table is the one begun last in this file, else the first one.
    pub(super) fn unread(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.unread_row(line, None, why);
    }

    /// The same for a row whose tag and pool could be read.
    pub(super) fn unread_row(&mut self, line: u64, key: Option<Key>, why: impl FnOnce() -> String) {
        self.file.unread.add(line, why);
        let begun = self.tables + u64::from(self.open) > self.file.before.0;
        let table = if begun { &mut self.incomplete } else { &mut self.of_next };
        table.unread += 1;
        if table.rows.len() < Incomplete::MOST_ROWS {
            table.rows.extend(key);
        }
    }

    /// Passes over a line that is no row, such as prose.
    pub(super) fn pass(&mut self, line: u64, why: impl FnOnce() -> String) {
        self.file.passed.add(line, why);
    }

    /// What is wrong in a line of the file.
    pub(super) fn wrong(&self, line: u64, Wrong { what, help }: Wrong) -> ImportError {
        ImportError::Row { name: self.file.name.clone(), line, what, help }
    }

    /// What is said of time in a line of the file contradicts something else.
    fn disagree(&self, line: u64, Wrong { what, help }: Wrong) -> ImportError {
        ImportError::Times { name: format!("{}, line {line}", self.file.name), what, help }
    }

    /// The file ends here: it must have had a table, and rows unless its tables were empty.
    pub(super) fn end_file(&mut self, what: &str) -> Result<(), ImportError> {
        self.end()?;
        let (tables, rows) = (self.tables - self.file.before.0, self.rows_read - self.file.before.1);
        if tables == 0 || (rows == 0 && !self.file.is_read_whole()) {
            let Wrong { what, help } = self.file.nothing(what);
            return Err(ImportError::Beginning { name: self.file.name.clone(), what, help });
        }
        self.notes.extend(self.file.notes());
        self.notes.extend(self.clock.note(&self.file.name));
        self.notes.extend(self.file.untimed.map(|line| {
            let name = &self.file.name;
            format!("{name}, line {line}: nothing says how much time passed before this table; rates are not judged")
        }));
        Ok(())
    }

    /// Closes the recording.
    pub(super) fn finish(mut self) -> Result<Read, ImportError> {
        self.end()?;
        self.record()?;
        if let Some(recorder) = self.recorder {
            recorder.finish(self.clock.at())?;
        }
        self.notes.extend(self.short.note());
        let name = self.file.name;
        let help =
            |(line, Wrong { what, help })| ImportError::Times { name: format!("{name}, line {line}"), what, help };
        let (times, notes) = self.clock.finish().map_err(help)?;
        self.notes.extend(notes.into_iter().map(|note| format!("{name}: {note}")));
        Ok(Read { tables: self.tables, partial: self.partial, times, notes: self.notes })
    }
}
