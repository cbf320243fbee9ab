//! What a kernel's counters say at one sample: objects and bytes in use, and what was allocated since the sample before.
//!
//! Windows' counters are 32 bits wide and do wrap (a session with 1.6 billion allocations of one tag has been seen), so
//! only differences mean anything. Counters go back to zero with a boot and with nothing else: one that goes down without
//! a wrap is another counter, and the series breaks there.

use crate::pool::{Counters, Usage};

/// One tag's figures at one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sample {
    /// Objects in use.
    pub live: i64,
    /// Bytes in use.
    pub bytes: i64,
    /// Objects allocated since the sample before; 0 at the first, and where the kernel does not count allocations.
    pub allocs: i64,
}

/// Reads a counter, sample by sample.
#[derive(Debug, Clone)]
pub struct Counter {
    allocs: u64,
    frees: u64,
    counters: Counters,
    /// Bits above those which are counted.
    unused: u8,
    /// There is a reading before, and what moved since then means something.
    follows: bool,
}

impl Counter {
    /// A counter which has not been read yet.
    pub fn new(counters: Counters) -> Counter {
        let unused = if counters == Counters::Wrapping32 { 32 } else { 0 };
        Counter { allocs: 0, frees: 0, counters, unused, follows: false }
    }

    /// Whether it is of objects in use, and counts no allocations.
    pub(super) fn is_in_use(&self) -> bool {
        self.counters == Counters::InUse
    }

    /// The sample of a usage, and whether the counters went back, so that nothing before can be compared with it.
    #[inline]
    pub fn read(&mut self, usage: Usage) -> (Sample, bool) {
        // One way for every kind of counter: a branch for each would cost more than all the rest.
        let moved = |now: u64, before: u64| ((now.wrapping_sub(before) << self.unused) as i64) >> self.unused;
        let (allocs, frees) = (moved(usage.allocs, self.allocs), moved(usage.frees, self.frees));
        let back = self.follows & ((allocs < 0) | (frees < 0));
        let allocs = if self.follows & !back { allocs } else { 0 };
        let sample = Sample { live: moved(usage.allocs, usage.frees), bytes: usage.bytes as i64, allocs };
        self.follows = matches!(self.counters, Counters::Wrapping32 | Counters::Full64);
        (self.allocs, self.frees) = (usage.allocs, usage.frees);
        (sample, back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(allocs: u64, frees: u64) -> Usage {
        Usage { allocs, frees, bytes: 64 }
    }

    #[test]
    fn a_wrap_is_no_reset() {
        let mut counter = Counter::new(Counters::Wrapping32);
        counter.read(usage(0xffff_fff0, 0xffff_ffe0));
        let (sample, back) = counter.read(usage(4, 0xffff_fff0));
        assert_eq!((sample.live, sample.allocs, back), (20, 20, false));
        let (sample, back) = counter.read(usage(9, 3));
        assert_eq!((sample.live, sample.allocs, back), (6, 5, false));
    }

    #[test]
    fn a_counter_which_goes_down_without_a_wrap_is_another_one() {
        for counters in [Counters::Wrapping32, Counters::Full64] {
            let mut counter = Counter::new(counters);
            counter.read(usage(1000, 900));
            let (sample, back) = counter.read(usage(10, 2));
            assert_eq!((sample.live, sample.allocs, back), (8, 0, true), "{counters:?}");
            assert!(!counter.read(usage(11, 2)).1, "{counters:?}");
        }
    }

    #[test]
    fn objects_in_use_go_down_as_they_please() {
        let mut counter = Counter::new(Counters::InUse);
        counter.read(usage(1000, 0));
        assert_eq!(counter.read(usage(10, 0)), (Sample { live: 10, bytes: 64, allocs: 0 }, false));
    }

    #[test]
    fn the_first_sample_says_nothing_of_what_was_allocated() {
        let mut counter = Counter::new(Counters::Full64);
        assert_eq!(counter.read(usage(500, 400)).0.allocs, 0);
        assert_eq!(counter.read(usage(507, 400)).0.allocs, 7);
    }
}
