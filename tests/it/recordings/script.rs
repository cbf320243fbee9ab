//! Builds recordings for tests step by step, together with the expected events.

use std::ops::Range;
use std::time::Duration;

use poolgate::pool::{Counters, Key, Pool, Snapshot, Usage};
use poolgate::record::{Event, Header, Mark, Recorder, Recording, SampleInfo};

/// An event that owns its data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Told {
    Sample(SampleInfo, Vec<(Key, Option<Usage>)>),
    Mark(Duration, Mark),
    Damaged(u64),
    End(Duration),
}

pub(crate) fn told(recording: &Recording) -> Vec<Told> {
    let mut events = recording.events();
    let mut told = Vec::new();
    while let Some(event) = events.next() {
        told.push(match event {
            Event::Sample { info, snapshot } => Told::Sample(info, rows(snapshot)),
            Event::Mark { at, mark } => Told::Mark(at, mark),
            Event::Damaged { bytes } => Told::Damaged(bytes),
            Event::End { at } => Told::End(at),
        });
    }
    told
}

pub(crate) fn rows(snapshot: &Snapshot) -> Vec<(Key, Option<Usage>)> {
    snapshot.keys().iter().cloned().zip(snapshot.usages().iter().copied()).collect()
}

/// Returns the events of a file with these bytes; `None` if it does not open.
pub(crate) fn told_by(bytes: &[u8]) -> Option<Vec<Told>> {
    Recording::from_bytes(bytes.to_vec()).ok().map(|recording| told(&recording))
}

pub(crate) fn header() -> Header {
    Header {
        started: "2026-01-02T03:04:05Z".parse().unwrap(),
        boot: "boot 1".into(),
        program: "0.1.0".into(),
        ..Header::new("copy", "copy-20260102T030405Z-k3f9", "simulated kernel")
    }
}

pub(crate) fn key(row: usize) -> Key {
    let pool = if row.is_multiple_of(2) { Pool::Paged } else { Pool::Nonpaged };
    Key::new(format!("T{row:03}").parse().unwrap(), pool, Counters::Full64)
}

pub(crate) fn usage(allocs: u64, frees: u64, bytes: u64) -> Option<Usage> {
    Some(Usage { allocs, frees, bytes })
}

pub(crate) fn info(seconds: u64) -> SampleInfo {
    SampleInfo { at: Duration::from_secs(seconds), settled: false, missed: 0 }
}

/// Records, and keeps the events that a reader must return.
pub(crate) struct Script {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) recorder: Recorder,
    pub(crate) snapshot: Snapshot,
    pub(crate) truth: Vec<Told>,
}

impl Script {
    pub(crate) fn new() -> Script {
        Script::of(&header())
    }

    pub(crate) fn of(header: &Header) -> Script {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::create(&folder.path().join("recording.pgr"), header).unwrap();
        Script { folder, recorder, snapshot: Snapshot::new(), truth: Vec::new() }
    }

    pub(crate) fn set(&mut self, row: usize, usage: Option<Usage>) {
        let row = self.snapshot.row(key(row));
        self.snapshot.set(row, usage);
    }

    pub(crate) fn sample(&mut self, info: SampleInfo) {
        self.recorder.sample(info, &self.snapshot).unwrap();
        self.truth.push(Told::Sample(info, rows(&self.snapshot)));
    }

    pub(crate) fn mark(&mut self, at: Duration, mark: Mark) {
        self.recorder.mark(at, &mark).unwrap();
        self.truth.push(Told::Mark(at, mark));
    }

    /// Returns the file and the events that a reader must return.
    pub(crate) fn finish(mut self, at: Duration) -> (Vec<u8>, Vec<Told>) {
        self.recorder.finish(at).unwrap();
        self.truth.push(Told::End(at));
        (fs_err::read(self.folder.path().join("recording.pgr")).unwrap(), self.truth)
    }
}

/// Returns the bytes of each frame. No payload in these tests contains a magic.
pub(crate) fn frames(bytes: &[u8]) -> Vec<Range<usize>> {
    let begins = bytes.windows(4).enumerate().filter(|(_, window)| *window == b"\xf7PGR").map(|(at, _)| at);
    let begins: Vec<usize> = begins.chain([bytes.len()]).collect();
    begins.windows(2).map(|pair| pair[0]..pair[1]).collect()
}

/// Makes a frame like another program would.
pub(crate) fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = b"\xf7PGR".to_vec();
    frame.extend((payload.len() as u32 + 1).to_le_bytes());
    frame.push(kind);
    frame.extend(payload);
    frame.extend(crc32c::crc32c(&frame).to_le_bytes());
    frame
}
