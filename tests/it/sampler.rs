//! Takes samples from any `PoolSource` and records them, as a run does.

use std::time::Duration;

use poolgate::machine::PoolSource;
use poolgate::record::{Header, Recorder, SampleInfo};
use tempfile::TempDir;

/// A source and the recorder of its samples.
pub(crate) struct Sampler<S> {
    pub(crate) source: S,
    recorder: Recorder,
    taken: u64,
    _folder: TempDir,
}

impl<S: PoolSource> Sampler<S> {
    pub(crate) fn new(source: S) -> Sampler<S> {
        let folder = tempfile::tempdir().unwrap();
        let header = Header::new("sampling", "sampling", "a test");
        let recorder = Recorder::create(&folder.path().join("recording.pgr"), &header).unwrap();
        Sampler { source, recorder, taken: 0, _folder: folder }
    }

    /// Takes a sample. Returns the number of known rows.
    pub(crate) fn sample(&mut self) -> usize {
        self.taken += 1;
        let info = SampleInfo { at: Duration::from_secs(self.taken), settled: false, missed: 0 };
        let snapshot = self.source.sample().unwrap();
        self.recorder.sample(info, snapshot).unwrap();
        snapshot.keys().len()
    }

    /// Takes a sample. Returns the number of known rows, and the number of heap allocations that the sample made.
    pub(crate) fn counted(&mut self) -> (usize, u64) {
        let mut known = 0;
        let taken = allocation_counter::measure(|| known = self.sample());
        (known, taken.count_total)
    }
}
