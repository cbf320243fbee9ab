//! What is kept of one tag between two samples.

use super::super::counter::{Counter, Sample};
use super::super::flow::Flow;
use super::super::rest::Rest;
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
    /// What the counters say, if the tag is there, and whether they began anew.
    #[inline]
    pub(super) fn read(&mut self, usage: Option<Usage>) -> (Option<Sample>, bool) {
        match usage {
            Some(usage) => {
                let (sample, back) = self.counter.read(usage);
                (Some(sample), back)
            }
            // A cache which comes back is another cache of that name; a pool tag stays in the kernel's table for ever, so
            // where that is not to be seen, only a line of what was written down is missing.
            None => (None, self.counter.is_in_use()),
        }
    }
}

impl Kept {
    /// A slot of the workload has no sample of it.
    #[cold]
    pub(super) fn miss(&mut self, samples: u64) {
        self.absent += 1;
        self.last_absent = samples;
    }
}
