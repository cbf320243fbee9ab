//! Writes a recording during a run.

use std::path::Path;
use std::time::Duration;

use super::frame::FrameKind;
use super::frame_log::FrameLog;
use super::sample::{self, Preamble};
use super::{Digest, Header, Mark, RecordError, SampleInfo, varint};
use crate::pool::{Key, Snapshot, Usage};

/// Number of samples from one whole sample to the next. At a sample per second, damage then costs at most four minutes
/// more than the damaged part. With 4,000 tags, of which one in twenty changes, whole samples make up an eighth of the
/// file.
const WHOLE_EVERY: u64 = 256;

/// Writes a recording, sample by sample.
///
/// After a failed write the recorder accepts nothing more, and the file keeps its contents. A recorder that is dropped
/// without [`Recorder::finish`] leaves a recording without an end, which marks an unfinished run.
#[derive(Debug)]
pub struct Recorder {
    log: FrameLog,
    /// Number of samples appended.
    samples: u64,
    /// The last sample: a usage for each key written.
    before: Vec<Option<Usage>>,
    /// The last key written. It distinguishes a grown snapshot from another one.
    last_key: Option<Key>,
    /// Number of keys written a second time.
    repeated: usize,
}

impl Recorder {
    /// Starts a recording in a new file; never overwrites an existing one. The header is on disk when this returns.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn create(path: &Path, header: &Header) -> Result<Recorder, RecordError> {
        let mut log = FrameLog::create(path)?;
        log.append(FrameKind::Header, |out| header.write(out))?;
        log.sync()?;
        Ok(Recorder { log, samples: 0, before: Vec::new(), last_key: None, repeated: 0 })
    }

    /// Appends a sample. `snapshot` must be the same one each time, with new values; it may have gained rows. Allocates
    /// no heap memory if there are no new rows.
    ///
    /// # Errors
    /// [`RecordError::OtherSnapshot`]: nothing is written, and the recorder can still be used. [`RecordError::Io`],
    /// [`RecordError::Stopped`].
    pub fn sample(&mut self, info: SampleInfo, snapshot: &Snapshot) -> Result<(), RecordError> {
        let keys = snapshot.keys();
        let known = self.before.len();
        // Rows never move, so a snapshot with the last known key at its place is the same snapshot.
        if known > 0 && keys.get(known - 1) != self.last_key.as_ref() {
            return Err(RecordError::OtherSnapshot { recorded: known, given: keys.len() });
        }

        let whole = self.samples.is_multiple_of(WHOLE_EVERY);
        let first_key = if whole { std::mem::replace(&mut self.repeated, known) } else { known };
        for (row, key) in keys.iter().enumerate().skip(first_key) {
            self.log.append(FrameKind::Key, |out| {
                varint::put(out, row as u64);
                serde_json::to_writer(out, key)?;
                Ok(())
            })?;
        }
        if keys.len() > known {
            self.before.resize(keys.len(), None);
            self.log.reserve(sample::longest(keys.len()));
            self.last_key = keys.last().cloned();
        }

        if whole {
            self.before.fill(None);
        }
        let preamble = Preamble { number: self.samples, info, rows: keys.len() as u64 };
        self.log.append(if whole { FrameKind::Whole } else { FrameKind::Changes }, |out| {
            preamble.put(out);
            sample::put_changes(out, &mut self.before, snapshot.usages());
            Ok(())
        })?;
        self.samples += 1;
        Ok(())
    }

    /// Appends a mark.
    ///
    /// # Errors
    /// [`RecordError::Io`], [`RecordError::Stopped`].
    pub fn mark(&mut self, at: Duration, mark: &Mark) -> Result<(), RecordError> {
        self.log.append(FrameKind::Mark, |out| {
            varint::put_time(out, at);
            serde_json::to_writer(out, mark)?;
            Ok(())
        })
    }

    /// Returns once all data so far would survive a power cut.
    ///
    /// # Errors
    /// [`RecordError::Io`], [`RecordError::Stopped`].
    pub fn sync(&mut self) -> Result<(), RecordError> {
        self.log.sync()
    }

    /// Appends the end, which seals the recording as complete, and syncs. Returns the seal.
    ///
    /// # Errors
    /// [`RecordError::Io`], [`RecordError::Stopped`].
    pub fn finish(mut self, at: Duration) -> Result<Digest, RecordError> {
        let mut time = Vec::new();
        varint::put_time(&mut time, at);
        let seal = self.log.seal(&time);
        self.log.append(FrameKind::End, |out| {
            out.extend(&time);
            out.extend(seal);
            Ok(())
        })?;
        self.log.sync()?;
        Ok(Digest::from_hash(seal))
    }
}
