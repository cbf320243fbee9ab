//! Reads a recording, even if the file is damaged.

use std::path::Path;
use std::time::Duration;

use super::frame::{self, Frame, FrameKind, Frames};
use super::header::Opening;
use super::sample::{self, Preamble};
use super::{Digest, Header, Mark, RecordError, SampleInfo, Seal, input, varint};
use crate::pool::{Key, RowId, Snapshot};

/// A recording in memory.
#[derive(Debug, Clone)]
pub struct Recording {
    bytes: Vec<u8>,
    /// The file's path, for errors.
    name: String,
    header: Header,
    /// The end of the header's frame, in bytes.
    body: usize,
    seal: Seal,
}

impl Recording {
    /// Reads the file at `path`. A run may still be writing it.
    ///
    /// # Errors
    /// [`RecordError::Io`], also for a file that is not a regular one; [`RecordError::TooLong`]; and, if the first frame
    /// is wrong, [`RecordError::Foreign`], [`RecordError::NoHeader`] or [`RecordError::Newer`]. Damage after the first
    /// frame is no error.
    pub fn open(path: &Path) -> Result<Recording, RecordError> {
        Recording::read(input::whole(path)?, path.display().to_string())
    }

    /// Reads a recording from memory.
    ///
    /// # Errors
    /// The errors of [`Recording::open`], with "the data" in place of a path.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Recording, RecordError> {
        Recording::read(bytes, "the data".to_owned())
    }

    /// Returns whether `bytes`, the start of a file, can be the start of a recording. Four bytes are enough.
    pub fn begins(bytes: &[u8]) -> bool {
        !bytes.is_empty() && frame::may_begin_frame(bytes)
    }

    fn read(bytes: Vec<u8>, name: String) -> Result<Recording, RecordError> {
        if !frame::may_begin_frame(&bytes) {
            return Err(RecordError::Foreign { name });
        }
        let Some(Frame { kind: Some(FrameKind::Header), payload, size: body, .. }) = Frame::first(&bytes) else {
            return Err(RecordError::NoHeader { name });
        };
        let Opening { sealed, recording: header, .. } = Header::read(payload, &name)?;
        let seal = Seal::of_file(&bytes, body, sealed);
        Ok(Recording { bytes, name, header, body, seal })
    }

    /// Returns the header, which the first frame holds.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the same samples with another header. Some header fields of a log are known only after its last line.
    /// The file keeps the old header.
    pub fn with_header(self, header: Header) -> Recording {
        Recording { header, ..self }
    }

    /// Returns whether the file is unchanged since it was closed.
    pub fn sealed(&self) -> &Seal {
        &self.seal
    }

    /// Returns the seal if it is whole: the value returned by [`Recorder::finish`](super::Recorder::finish).
    pub fn seal(&self) -> Option<&Digest> {
        match &self.seal {
            Seal::Whole(seal) => Some(seal),
            Seal::Open | Seal::None | Seal::Broken => None,
        }
    }

    /// Checks that the recording is of the run `run`, and of this scenario and boot if they are known.
    ///
    /// # Errors
    /// [`RecordError::OfAnother`] with the difference.
    pub fn belongs_to(&self, run: &str, scenario: &Digest, boot: Option<&str>) -> Result<(), RecordError> {
        let Header { run: found, boot: found_boot, scenario_sha256, .. } = &self.header;
        let what = if found != run {
            format!("is of run {found}, not of run {run}")
        } else if scenario.is_known() && !scenario_sha256.is_known() {
            "does not contain the SHA-256 of its scenario".to_owned()
        } else if scenario.is_known() && scenario_sha256 != scenario {
            format!("was recorded with another scenario (SHA-256 {scenario_sha256}, not {scenario})")
        } else if let Some(boot) = boot.filter(|boot| boot != found_boot) {
            format!("was recorded in boot {found_boot}, not in boot {boot}")
        } else {
            return Ok(());
        };
        Err(RecordError::OfAnother { name: self.name.clone(), what })
    }

    /// Returns all events, from the beginning.
    pub fn events(&self) -> Events<'_> {
        Events {
            frames: Frames(&self.bytes[self.body..]),
            snapshot: Snapshot::new(),
            rows: Vec::new(),
            next_number: None,
            lost: 0,
            ready: None,
        }
    }
}

/// An event of a recording, in the order of the file.
#[derive(Debug)]
pub enum Event<'a> {
    /// A sample of all rows.
    Sample {
        /// Time and circumstances of the sample.
        info: SampleInfo,
        /// The usages, with exactly the rows that the snapshot had when it was recorded.
        snapshot: &'a Snapshot,
    },
    /// A mark between samples.
    Mark {
        /// The time since the recording began.
        at: Duration,
        /// The content of the mark.
        mark: Mark,
    },
    /// The file is damaged here, so samples or marks may be missing. Marks between lost samples are still returned, so
    /// one damaged place can give several of these events.
    Damaged {
        /// Bytes that are unreadable, or that depend on unreadable bytes.
        bytes: u64,
    },
    /// The recording is complete. Without this last event, the run was cut short.
    End {
        /// The time since the recording began.
        at: Duration,
    },
}

/// The events of a recording. Not an [`Iterator`], since each sample borrows the one snapshot of this struct.
#[derive(Debug)]
pub struct Events<'a> {
    frames: Frames<'a>,
    snapshot: Snapshot,
    /// The rows of `snapshot`, by number.
    rows: Vec<RowId>,
    /// The number of the sample with changes that would fit `snapshot`; `None` if only a whole sample would fit.
    next_number: Option<u64>,
    /// Bytes lost since the last event.
    lost: u64,
    /// The next event, kept while the damage before it is returned.
    ready: Option<Ready>,
}

/// An [`Event`] that was read but not yet returned. The usages of a sample are in the snapshot.
#[derive(Debug)]
enum Ready {
    Sample(SampleInfo),
    Mark(Duration, Mark),
    End(Duration),
}

/// A whole frame cannot be used, because an earlier one is lost.
struct Lost;

impl Events<'_> {
    /// Returns the next event; `None` at the end of the file.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not lend its items")]
    pub fn next(&mut self) -> Option<Event<'_>> {
        if self.ready.is_none() {
            self.ready = self.read_event();
        }
        if self.lost > 0 {
            return Some(Event::Damaged { bytes: std::mem::take(&mut self.lost) });
        }
        Some(match self.ready.take()? {
            Ready::Sample(info) => Event::Sample { info, snapshot: &self.snapshot },
            Ready::Mark(at, mark) => Event::Mark { at, mark },
            Ready::End(at) => Event::End { at },
        })
    }

    /// Reads up to the next frame that makes an event, and adds up the bytes lost before it.
    fn read_event(&mut self) -> Option<Ready> {
        while let Some(Frame { kind, payload, size, skipped }) = self.frames.next() {
            self.lost += skipped as u64;
            match self.interpret(kind, payload) {
                Ok(None) => {}
                Ok(Some(ready)) => return Some(ready),
                Err(Lost) => self.lost += size as u64,
            }
        }
        None
    }

    fn interpret(&mut self, kind: Option<FrameKind>, payload: &[u8]) -> Result<Option<Ready>, Lost> {
        Ok(match kind {
            Some(FrameKind::Key) => {
                self.key(payload).ok_or(Lost)?;
                None
            }
            Some(FrameKind::Whole) => Some(Ready::Sample(self.sample(payload, true).ok_or(Lost)?)),
            Some(FrameKind::Changes) => Some(Ready::Sample(self.sample(payload, false).ok_or(Lost)?)),
            Some(FrameKind::Mark) => mark(payload),
            Some(FrameKind::End) => {
                self.frames = Frames(&[]);
                end(payload)
            }
            // Ignores a second header and the kinds of later programs.
            Some(FrameKind::Header) | None => None,
        })
    }

    /// Adds a row, or checks that a repeated row is unchanged. Returns `None` if it does not fit the known rows.
    fn key(&mut self, mut payload: &[u8]) -> Option<()> {
        let number = usize::try_from(varint::take(&mut payload)?).ok()?;
        let key: Key = serde_json::from_slice(payload).ok()?;
        if let Some(known) = self.snapshot.keys().get(number) {
            return (*known == key).then_some(());
        }
        if number > self.rows.len() {
            return None;
        }
        let row = self.snapshot.row(key);
        // Refuses a key that already has a row: two rows would be merged into one.
        (row.index() == number).then(|| self.rows.push(row))
    }

    /// Rebuilds a sample in the snapshot; `None` if it does not fit the snapshot.
    fn sample(&mut self, mut payload: &[u8], whole: bool) -> Option<SampleInfo> {
        let Preamble { number, info, rows } = Preamble::take(&mut payload)?;
        let follows = whole || self.next_number == Some(number);
        if !follows || rows != self.rows.len() as u64 {
            return None;
        }
        // If applying the changes fails, later samples must not build on this one.
        self.next_number = None;
        if whole {
            self.snapshot.clear();
        }
        sample::apply_changes(payload, &mut self.snapshot, &self.rows)?;
        self.next_number = number.checked_add(1);
        Some(info)
    }
}

/// Returns `None` for a mark of a later program, which is ignored.
fn mark(mut payload: &[u8]) -> Option<Ready> {
    let at = varint::take_time(&mut payload)?;
    Some(Ready::Mark(at, serde_json::from_slice(payload).ok()?))
}

fn end(mut payload: &[u8]) -> Option<Ready> {
    varint::take_time(&mut payload).map(Ready::End)
}
