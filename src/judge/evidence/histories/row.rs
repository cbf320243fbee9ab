//! What is kept of one tag between two samples.

use super::super::counter::Counter;
use super::super::flow::Flow;
use super::super::rest::Rest;
use super::super::trough::Trough;
use crate::pool::Usage;

/// What every sample changes.
#[derive(Debug, Clone)]
pub(super) struct Now {
    pub(super) counter: Counter,
    pub(super) flow: Flow,
}

/// What few samples touch.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    pub(super) before: Rest,
    pub(super) after: Rest,
    pub(super) reset: Option<u64>,
    /// The flow is being learned, from this slot on.
    pub(super) learning: bool,
    pub(super) learns_from: usize,
    /// Slots without a sample.
    pub(super) absent: u64,
    /// How many samples there were with the last in which the tag was absent.
    pub(super) last_absent: u64,
}

impl Now {
    /// The trough of one sample. Nothing where there is more to do: the tag is not there, or its counters began anew.
    #[inline]
    pub(super) fn at_work(&mut self, usage: Option<Usage>) -> Option<Trough> {
        let sample = self.counter.read(usage?)?;
        Some(self.flow.trough(sample))
    }
}
