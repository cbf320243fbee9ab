//! The recording that the tables become, with one sample for each table.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{ImportError, when};
use crate::pool::Snapshot;
use crate::record::{Header, Incomplete, Mark, Recorder, SampleInfo, Stage};

/// A recording that is created with its first table.
pub(super) struct TableRecording {
    to: PathBuf,
    header: Header,
    recorder: Option<Recorder>,
    /// The stage of the last sample.
    stage: Option<Stage>,
    /// Whether some samples do not show every tag.
    partial: bool,
}

impl TableRecording {
    /// Prepares the recording `to` of the log `name`.
    pub(super) fn new(to: PathBuf, name: &str) -> TableRecording {
        let file = Path::new(name).file_name().unwrap_or_default().to_string_lossy();
        let header = Header {
            // Unknown, unless the name or the first table has a time.
            started: when::name(&file).map(|named| named.at).unwrap_or_default(),
            ..Header::new(file.clone(), name, "")
        };
        TableRecording { to, header, recorder: None, stage: None, partial: false }
    }

    /// Sets the source of the log, unless one is set already.
    pub(super) fn set_source(&mut self, source: &str) {
        if self.header.source.is_empty() {
            source.clone_into(&mut self.header.source);
        }
    }

    /// Adds a table as a sample.
    pub(super) fn add(
        &mut self,
        at: Duration,
        stage: Stage,
        incomplete: Incomplete,
        table: &Snapshot,
    ) -> Result<(), ImportError> {
        let recorder = match &mut self.recorder {
            Some(recorder) => recorder,
            none => none.insert(Recorder::create(&self.to, &self.header)?),
        };
        if self.stage.replace(stage) != Some(stage) {
            recorder.mark(at, &Mark::Stage(stage))?;
        }
        if !incomplete.is_nothing() {
            self.partial = true;
            recorder.mark(at, &Mark::Incomplete(incomplete))?;
        }
        recorder.sample(SampleInfo { at, settled: true, missed: 0 }, table)?;
        Ok(())
    }

    /// Closes the recording. Returns whether some samples do not show every tag.
    pub(super) fn finish(self, at: Duration) -> Result<bool, ImportError> {
        if let Some(recorder) = self.recorder {
            recorder.finish(at)?;
        }
        Ok(self.partial)
    }
}
