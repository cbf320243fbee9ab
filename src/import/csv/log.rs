//! The log being read. A sample is recorded when the first row of the next one arrives. No row may contradict an
//! earlier one.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::row::{CsvRow, Keys};
use super::{ImportError, LogProblem};
use crate::pool::{RowId, Snapshot};
use crate::record::{Header, Incomplete, Mark, RecordError, Recorder, SampleInfo, Stage, TimeSource};

/// A recording being written, and the sample being read.
pub(super) struct CsvLog {
    recorder: Recorder,
    snapshot: Snapshot,
    /// For each row of the snapshot, the line that it was last read from.
    lines: Vec<u64>,
    /// The time of the first sample on the log's own clock.
    began: Duration,
    stage: Option<Stage>,
    iterations: Option<u64>,
    sample: Option<SampleFields>,
    /// Whether any sample is incomplete.
    incomplete: bool,
}

/// The fields that all rows of one sample share.
#[derive(Clone, Copy)]
struct SampleFields {
    line: u64,
    at: Duration,
    iterations: Option<u64>,
    stage: Stage,
    settled: bool,
    unread: u64,
    partial: bool,
}

impl CsvLog {
    pub(super) fn begin(
        create: impl FnOnce(&Header) -> Result<Recorder, RecordError>,
        name: &str,
        began: Duration,
    ) -> Result<CsvLog, ImportError> {
        let scenario = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
        let header = Header {
            // Correct if the log counts from 1970, as Unix time does; otherwise the start time is unknown.
            started: SignedDuration::try_from(began)
                .ok()
                .and_then(|since| Timestamp::UNIX_EPOCH.checked_add(since).ok())
                .unwrap_or_default(),
            times: vec![TimeSource::Text],
            ..Header::new(scenario, name, "imported CSV")
        };
        Ok(CsvLog {
            recorder: create(&header)?,
            snapshot: Snapshot::new(),
            lines: Vec::new(),
            began,
            stage: None,
            iterations: None,
            sample: None,
            incomplete: false,
        })
    }

    /// Adds a row. The outer error comes from the recorder, the inner one from the row.
    pub(super) fn add(
        &mut self,
        row: &CsvRow<'_>,
        line: u64,
        keys: &mut Keys,
    ) -> Result<Result<(), LogProblem>, ImportError> {
        let CsvRow { at, iterations, stage, settled, unread, partial, .. } = *row;
        let sample = SampleFields { line, at, iterations, stage, settled, unread, partial };
        let new = self.sample.is_none_or(|before| before.at != row.at);
        if let Some(before) = &self.sample
            && let Err(wrong) = if new { sample.follows(before) } else { sample.belongs_to(before) }
        {
            return Ok(Err(wrong));
        }
        if new {
            self.record()?;
            self.snapshot.clear();
            self.sample = Some(sample);
        }
        Ok(keys.row(row, &mut self.snapshot).and_then(|id| self.set(id, row, line)))
    }

    fn set(&mut self, id: RowId, row: &CsvRow<'_>, line: u64) -> Result<(), LogProblem> {
        self.lines.resize(self.snapshot.keys().len(), 0);
        if self.snapshot.get(id).is_some() {
            let (key, first) = (&self.snapshot.keys()[id.index()], self.lines[id.index()]);
            let what = format!("`{key}` is given twice at this time, first in line {first}");
            return Err(LogProblem::new(
                what,
                "write one row per tag and sample, and the pool if a tag is in several pools",
            ));
        }
        self.snapshot.set(id, Some(row.usage));
        self.lines[id.index()] = line;
        Ok(())
    }

    /// Records the completed sample.
    fn record(&mut self) -> Result<(), RecordError> {
        let Some(SampleFields { at, iterations, stage, settled, unread, partial, .. }) = self.sample else {
            return Ok(());
        };
        let at = at.saturating_sub(self.began);
        if self.stage != Some(stage) {
            self.recorder.mark(at, &Mark::Stage(stage))?;
            self.stage = Some(stage);
        }
        if let Some(complete) = iterations.filter(|_| self.iterations != iterations) {
            self.recorder.mark(at, &Mark::Iteration(complete))?;
            self.iterations = iterations;
        }
        let incomplete = Incomplete { unread, partial, rows: Vec::new() };
        if !incomplete.is_nothing() {
            self.incomplete = true;
            self.recorder.mark(at, &Mark::Incomplete(incomplete))?;
        }
        self.recorder.sample(SampleInfo { at, settled, missed: 0 }, &self.snapshot)
    }

    /// Closes the recording. Returns whether any sample is incomplete.
    pub(super) fn end(mut self) -> Result<bool, ImportError> {
        self.record()?;
        let end = self.sample.map_or(self.began, |last| last.at);
        self.recorder.finish(end.saturating_sub(self.began))?;
        Ok(self.incomplete)
    }
}

impl SampleFields {
    /// Checks that this sample can follow `before`.
    fn follows(&self, before: &SampleFields) -> Result<(), LogProblem> {
        let since = before.line;
        if self.at < before.at {
            let (now, then) = (self.at.as_secs_f64(), before.at.as_secs_f64());
            let what = format!("t_seconds goes back from {then} (line {since}) to {now}");
            return Err(LogProblem::new(what, "sort the rows by t_seconds"));
        }
        if let (Some(now), Some(then)) = (self.iterations, before.iterations)
            && now < then
        {
            let what = format!("iteration goes back from {then} (line {since}) to {now}");
            return Err(LogProblem::new(
                what,
                "write the number of iterations completed so far; put each run into its own file",
            ));
        }
        if self.stage < before.stage {
            let what = format!("the {} comes after the {} (line {since})", self.stage, before.stage);
            return Err(LogProblem::new(what, "put each run into its own file"));
        }
        Ok(())
    }

    /// Checks that a row with these fields can belong to the sample `first`, at the same time.
    fn belongs_to(&self, first: &SampleFields) -> Result<(), LogProblem> {
        let differs = [
            ("iteration", self.iterations != first.iterations),
            ("stage", self.stage != first.stage),
            ("settled", self.settled != first.settled),
            ("unread", self.unread != first.unread),
            ("partial", self.partial != first.partial),
        ];
        match differs.into_iter().find(|(_, differs)| *differs) {
            None => Ok(()),
            Some((column, _)) => {
                let what = format!("`{column}` differs from line {}, at the same t_seconds", first.line);
                Err(LogProblem::new(
                    what,
                    "rows with the same t_seconds are one sample; write t_seconds with more decimals to separate two samples",
                ))
            }
        }
    }
}
