//! Reading a recording back, whatever happened to the file.

use std::path::Path;
use std::time::Duration;

use super::frame::{self, Frame, Frames, Kind};
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
    /// Where the header's frame ends.
    body: usize,
    seal: Seal,
}

impl Recording {
    /// Reads the file at `path`, which may still be being written.
    ///
    /// # Errors
    /// [`RecordError::Io`], also where it is no regular file; [`RecordError::TooLong`]; [`RecordError::Foreign`],
    /// [`RecordError::NoHeader`], [`RecordError::Newer`] by the first frame. Nothing behind it is an error.
    pub fn open(path: &Path) -> Result<Recording, RecordError> {
        Recording::read(input::whole(path)?, path.display().to_string())
    }

    /// A recording which is in memory already.
    ///
    /// # Errors
    /// As [`Recording::open`], with "the data" in place of a path.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Recording, RecordError> {
        Recording::read(bytes, "the data".to_owned())
    }

    /// Whether a file which begins with `bytes` is a recording, as far as they tell: four do.
    pub fn begins(bytes: &[u8]) -> bool {
        !bytes.is_empty() && frame::begins_like_one(bytes)
    }

    fn read(bytes: Vec<u8>, name: String) -> Result<Recording, RecordError> {
        if !frame::begins_like_one(&bytes) {
            return Err(RecordError::Foreign { name });
        }
        let Some(Frame { kind: Some(Kind::Header), payload, size: body, .. }) = Frame::first(&bytes) else {
            return Err(RecordError::NoHeader { name });
        };
        let Opening { sealed, recording: header, .. } = Header::read(payload, &name)?;
        let seal = Seal::of(&bytes, body, sealed);
        Ok(Recording { bytes, name, header, body, seal })
    }

    /// What it is a recording of.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The same samples with another header: of a log, some of what the header says is known at its last line only. The file
    /// keeps the old one.
    pub fn with_header(self, header: Header) -> Recording {
        Recording { header, ..self }
    }

    /// Whether it is as it was when it was closed.
    pub fn sealed(&self) -> &Seal {
        &self.seal
    }

    /// The seal, if it is whole: what [`Recorder::finish`](super::Recorder::finish) returned.
    pub fn seal(&self) -> Option<&Digest> {
        match &self.seal {
            Seal::Whole(seal) => Some(seal),
            Seal::Open | Seal::None | Seal::Broken => None,
        }
    }

    /// Whether it was made by the run of this name, with the scenario of this text if that is known, and in this boot if
    /// that is.
    ///
    /// # Errors
    /// [`RecordError::OfAnother`], which says what is different.
    pub fn belongs_to(&self, run: &str, scenario: &Digest, boot: Option<&str>) -> Result<(), RecordError> {
        let Header { run: found, boot: found_boot, scenario_sha256, .. } = &self.header;
        let what = if found != run {
            format!("is of run {found}, not of run {run}")
        } else if scenario.is_known() && !scenario_sha256.is_known() {
            "does not say which scenario it was recorded with".to_owned()
        } else if scenario.is_known() && scenario_sha256 != scenario {
            format!("was recorded with another scenario (SHA-256 {scenario_sha256}, not {scenario})")
        } else if let Some(boot) = boot.filter(|boot| boot != found_boot) {
            format!("was recorded in boot {found_boot}, not in boot {boot}")
        } else {
            return Ok(());
        };
        Err(RecordError::OfAnother { name: self.name.clone(), what })
    }

    /// Everything in it, from the beginning.
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

/// What a recording tells, in the order in which it was written.
#[derive(Debug)]
pub enum Event<'a> {
    /// A sample.
    Sample {
        /// When and how it was taken.
        info: SampleInfo,
        /// What it found, with exactly the rows the snapshot had when it was recorded.
        snapshot: &'a Snapshot,
    },
    /// Something happened.
    Mark {
        /// When, since the recording began.
        at: Duration,
        /// What.
        mark: Mark,
    },
    /// The file is damaged here, so samples or marks may be missing. Marks between samples which are lost are told all
    /// the same, so one damage may be told in several events.
    Damaged {
        /// Bytes which cannot be read, or which make sense only with others that cannot.
        bytes: u64,
    },
    /// The recording is complete. Without this last event, the run was cut short.
    End {
        /// When, since the recording began.
        at: Duration,
    },
}

/// The events of a recording. Not an [`Iterator`], since each sample is lent from the one snapshot it was rebuilt in.
#[derive(Debug)]
pub struct Events<'a> {
    frames: Frames<'a>,
    snapshot: Snapshot,
    /// The rows of `snapshot`, by number.
    rows: Vec<RowId>,
    /// The number of the sample whose changes would fit `snapshot`; `None` when only a whole one would.
    next_number: Option<u64>,
    /// Bytes lost since the last event.
    lost: u64,
    /// The next event, held back while what was lost before it is told.
    ready: Option<Ready>,
}

/// An [`Event`] which is known but not told yet. A sample's usages are in the snapshot.
#[derive(Debug)]
enum Ready {
    Sample(SampleInfo),
    Mark(Duration, Mark),
    End(Duration),
}

/// A whole frame which makes no sense, because one before it is lost.
struct Lost;

impl Events<'_> {
    /// The next event; `None` where the file ends.
    #[expect(clippy::should_implement_trait, reason = "an iterator could not lend its items")]
    pub fn next(&mut self) -> Option<Event<'_>> {
        if self.ready.is_none() {
            self.ready = self.read_on();
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

    /// Reads up to a frame which makes an event, adding up what is lost on the way.
    fn read_on(&mut self) -> Option<Ready> {
        while let Some(Frame { kind, payload, size, skipped }) = self.frames.next() {
            self.lost += skipped as u64;
            match self.understand(kind, payload) {
                Ok(None) => {}
                Ok(Some(ready)) => return Some(ready),
                Err(Lost) => self.lost += size as u64,
            }
        }
        None
    }

    fn understand(&mut self, kind: Option<Kind>, payload: &[u8]) -> Result<Option<Ready>, Lost> {
        Ok(match kind {
            Some(Kind::Key) => {
                self.key(payload).ok_or(Lost)?;
                None
            }
            Some(Kind::Whole) => Some(Ready::Sample(self.sample(payload, true).ok_or(Lost)?)),
            Some(Kind::Changes) => Some(Ready::Sample(self.sample(payload, false).ok_or(Lost)?)),
            Some(Kind::Mark) => mark(payload),
            Some(Kind::End) => {
                self.frames = Frames(&[]);
                end(payload)
            }
            // A second header means nothing; a kind of a later program, nothing to this one.
            Some(Kind::Header) | None => None,
        })
    }

    /// Adds a row, or sees that a repeated one is what it was; `None` when it does not fit the rows known.
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
        // A key which has a row already would put two drivers' memory under one tag.
        (row.index() == number).then(|| self.rows.push(row))
    }

    /// Rebuilds a sample in the snapshot; `None` when it does not fit what the snapshot holds.
    fn sample(&mut self, mut payload: &[u8], whole: bool) -> Option<SampleInfo> {
        let Preamble { number, info, rows } = Preamble::take(&mut payload)?;
        let follows = whole || self.next_number == Some(number);
        if !follows || rows != self.rows.len() as u64 {
            return None;
        }
        // Until all of it has been applied, nothing may build on it.
        self.next_number = None;
        if whole {
            self.snapshot.clear();
        }
        sample::apply_changes(payload, &mut self.snapshot, &self.rows)?;
        self.next_number = number.checked_add(1);
        Some(info)
    }
}

/// `None` is a mark of a later program: passed over.
fn mark(mut payload: &[u8]) -> Option<Ready> {
    let at = varint::take_time(&mut payload)?;
    Some(Ready::Mark(at, serde_json::from_slice(payload).ok()?))
}

fn end(mut payload: &[u8]) -> Option<Ready> {
    varint::take_time(&mut payload).map(Ready::End)
}
