//! Writing a recording while the run goes on.

use std::path::Path;
use std::time::Duration;

use super::frame::Kind;
use super::log::Log;
use super::sample::{self, Preamble};
use super::{Digest, Header, Mark, RecordError, SampleInfo, varint};
use crate::pool::{Key, Snapshot, Usage};

/// Samples from one whole one to the next. With a sample a second, damage costs four minutes more than it hit, at the
/// worst; with 4,000 tags of which one in twenty changes, whole samples are an eighth of the file.
const WHOLE_EVERY: u64 = 256;

/// Writes a recording, sample by sample.
///
/// A write which fails stops it: everything after is refused, and the file keeps what it has. Dropped without
/// [`Recorder::finish`], it leaves a recording without an end, which is how an unfinished run is known.
#[derive(Debug)]
pub struct Recorder {
    log: Log,
    /// Samples appended.
    samples: u64,
    /// The last sample: a usage for each key written.
    before: Vec<Option<Usage>>,
    /// The last key written, which tells a grown snapshot from another one.
    last_key: Option<Key>,
    /// How many keys were written a second time.
    repeated: usize,
}

impl Recorder {
    /// Begins a recording in a new file; an existing one is never overwritten. On return the header is on the disk.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn create(path: &Path, header: &Header) -> Result<Recorder, RecordError> {
        let mut log = Log::create(path)?;
        log.append(Kind::Header, |out| header.write(out))?;
        log.sync()?;
        Ok(Recorder { log, samples: 0, before: Vec::new(), last_key: None, repeated: 0 })
    }

    /// Appends a sample. `snapshot` is the same one each time, filled anew; it may have gained rows. Where it has not,
    /// no heap memory is taken.
    ///
    /// # Errors
    /// [`RecordError::OtherSnapshot`], upon which nothing is written and the recorder may be used on;
    /// [`RecordError::Io`], [`RecordError::Stopped`].
    pub fn sample(&mut self, info: SampleInfo, snapshot: &Snapshot) -> Result<(), RecordError> {
        let keys = snapshot.keys();
        let known = self.before.len();
        // The last key known stands for all: rows never change places, so a snapshot which has it there is the same one.
        if known > 0 && keys.get(known - 1) != self.last_key.as_ref() {
            return Err(RecordError::OtherSnapshot { recorded: known, given: keys.len() });
        }

        let whole = self.samples.is_multiple_of(WHOLE_EVERY);
        let first_key = if whole { std::mem::replace(&mut self.repeated, known) } else { known };
        for (row, key) in keys.iter().enumerate().skip(first_key) {
            self.log.append(Kind::Key, |out| {
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
        self.log.append(if whole { Kind::Whole } else { Kind::Changes }, |out| {
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
        self.log.append(Kind::Mark, |out| {
            varint::put_time(out, at);
            serde_json::to_writer(out, mark)?;
            Ok(())
        })
    }

    /// Returns once everything so far would survive a power cut.
    ///
    /// # Errors
    /// [`RecordError::Io`], [`RecordError::Stopped`].
    pub fn sync(&mut self) -> Result<(), RecordError> {
        self.log.sync()
    }

    /// Appends the end, which says that the recording is complete and seals it, and syncs. Returns the seal.
    ///
    /// # Errors
    /// [`RecordError::Io`], [`RecordError::Stopped`].
    pub fn finish(mut self, at: Duration) -> Result<Digest, RecordError> {
        let mut time = Vec::new();
        varint::put_time(&mut time, at);
        let seal = self.log.seal(&time);
        self.log.append(Kind::End, |out| {
            out.extend(&time);
            out.extend(seal);
            Ok(())
        })?;
        self.log.sync()?;
        Ok(Digest::from_hash(seal))
    }
}
