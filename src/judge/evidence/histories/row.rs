//! The state of one tag between two samples.

use super::super::counter::Counter;
use super::super::flow::Flow;
use super::super::rest::RestSamples;
use super::super::trough::Trough;
use crate::pool::Usage;

/// State that every sample changes.
#[derive(Debug, Clone)]
pub(super) struct Now {
    pub(super) counter: Counter,
    pub(super) flow: Flow,
}

/// State that few samples change.
#[derive(Debug, Clone, Default)]
pub(super) struct RareState {
    pub(super) before: RestSamples,
    pub(super) after: RestSamples,
    pub(super) reset: Option<u64>,
    /// The flow is being learned, from slot `learns_from` on.
    pub(super) learning: bool,
    pub(super) learns_from: usize,
    /// Slots without a sample.
    pub(super) absent: u64,
    /// Number of samples up to the last one without the tag.
    pub(super) last_absent: u64,
}

impl Now {
    /// The trough of one sample. `None` if the tag is absent or its counters began anew.
    #[inline]
    pub(super) fn at_work(&mut self, usage: Option<Usage>) -> Option<Trough> {
        let sample = self.counter.read(usage?)?;
        Some(self.flow.trough(sample))
    }
}
