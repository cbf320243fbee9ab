//! The series of one tag, from lead-in to cool-down.

use super::flow::Flow;
use super::rest::RestSamples;
use super::troughs::Troughs;

/// The series of one tag so far.
#[derive(Debug, Clone)]
pub struct History {
    pub(super) work: Troughs,
    pub(super) flow: Flow,
    pub(super) before: RestSamples,
    pub(super) after: RestSamples,
    pub(super) present: u64,
    pub(super) gone: bool,
    pub(super) reset: Option<u64>,
}

impl History {
    /// How the level follows the allocations.
    pub(super) fn flow(&self) -> Flow {
        self.flow
    }

    /// The troughs of the workload.
    pub fn work(&self) -> &Troughs {
        &self.work
    }

    /// The sum with another tag over the same slots.
    pub fn plus(&self, other: &History) -> History {
        History {
            work: self.work.plus(&other.work),
            flow: Flow::default(),
            before: self.before.plus(&other.before),
            after: self.after.plus(&other.after),
            present: self.present.min(other.present),
            gone: self.gone || other.gone,
            reset: self.reset.max(other.reset),
        }
    }

    /// Samples of the lead-in.
    pub fn before(&self) -> &RestSamples {
        &self.before
    }

    /// Samples of the cool-down.
    pub fn after(&self) -> &RestSamples {
        &self.after
    }

    /// Slots of the workload.
    pub fn slots(&self) -> u64 {
        self.work.slots()
    }

    /// Slots of the workload with a sample.
    pub fn present(&self) -> u64 {
        self.present
    }

    /// The slot of the first samples of the workload. The amount before it is unknown: a screen with only the first
    /// rows of a table shows a leak late.
    pub fn begun(&self) -> u64 {
        self.work.begun()
    }

    /// Whether the kernel's table did not have the tag in the last sample.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// The slot at which the counters last went back to the beginning.
    pub fn reset(&self) -> Option<u64> {
        self.reset
    }
}
