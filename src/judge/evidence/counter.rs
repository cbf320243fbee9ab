//! Converts a kernel's counters to samples: objects and bytes in use, and allocations since the previous sample.
//!
//! Windows' counters are 32 bits wide and do wrap (a session with 1.6 billion allocations of one tag has been seen), so
//! only differences are meaningful. Counters return to zero with a boot and at no other time. A counter that decreases
//! without a wrap is another counter, and the series breaks there.

use crate::pool::{Counters, Usage};

/// One tag's figures at one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CounterSample {
    /// The number of objects in use.
    pub live: i64,
    /// The number of bytes in use.
    pub bytes: i64,
    /// Objects allocated since the previous sample; 0 in the first one, and if the kernel does not count allocations.
    pub allocs: i64,
}

/// Reads a counter, sample by sample.
#[derive(Debug, Clone)]
pub struct Counter {
    allocs: u64,
    frees: u64,
    counters: Counters,
    /// Number of unused high bits.
    unused: u8,
    /// -1 if the kernel counts allocations and frees, else 0. As numbers, this and `follows` need no branch.
    counts: i8,
    /// -1 if there also is a previous reading to compare with, else 0.
    follows: i8,
}

impl Counter {
    /// A counter that has not been read yet.
    pub fn new(counters: Counters) -> Counter {
        let unused = if counters == Counters::Wrapping32 { 32 } else { 0 };
        let counts = -i8::from(matches!(counters, Counters::Wrapping32 | Counters::Full64));
        Counter { allocs: 0, frees: 0, counters, unused, counts, follows: 0 }
    }

    /// Whether it counts objects in use, and no allocations.
    pub(super) fn is_in_use(&self) -> bool {
        self.counters == Counters::InUse
    }

    /// The sample of a usage; `None` if the counters went back, so that the usage is the [`first`](Counter::first) of
    /// another counter.
    #[inline]
    pub fn read(&mut self, usage: Usage) -> Option<CounterSample> {
        // One path for every kind of counter: a branch for each would cost more than everything else.
        let follows = i64::from(self.follows);
        let allocs = self.moved(usage.allocs, self.allocs) & follows;
        let frees = self.moved(usage.frees, self.frees) & follows;
        let sample = CounterSample { allocs, ..self.first(usage) };
        (allocs | frees >= 0).then_some(sample)
    }

    /// The sample of a usage without an earlier one to compare with.
    #[inline]
    pub fn first(&mut self, usage: Usage) -> CounterSample {
        (self.allocs, self.frees, self.follows) = (usage.allocs, usage.frees, self.counts);
        CounterSample { live: self.moved(usage.allocs, usage.frees), bytes: usage.bytes as i64, allocs: 0 }
    }

    #[inline]
    fn moved(&self, now: u64, before: u64) -> i64 {
        ((now.wrapping_sub(before) << self.unused) as i64) >> self.unused
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
        assert_eq!(counter.read(usage(4, 0xffff_fff0)), Some(CounterSample { live: 20, bytes: 64, allocs: 20 }));
        assert_eq!(counter.read(usage(9, 3)), Some(CounterSample { live: 6, bytes: 64, allocs: 5 }));
    }

    #[test]
    fn a_counter_that_goes_down_without_a_wrap_is_another_one() {
        for counters in [Counters::Wrapping32, Counters::Full64] {
            let mut counter = Counter::new(counters);
            counter.read(usage(1000, 900));
            assert_eq!(counter.read(usage(10, 2)), None, "{counters:?}");
            assert_eq!(counter.first(usage(10, 2)), CounterSample { live: 8, bytes: 64, allocs: 0 });
            assert_eq!(
                counter.read(usage(11, 2)),
                Some(CounterSample { live: 9, bytes: 64, allocs: 1 }),
                "{counters:?}"
            );
            let only_freed = counter.read(usage(11, 1));
            assert_eq!(only_freed, None, "{counters:?}");
        }
    }

    #[test]
    fn objects_in_use_go_down_as_they_please() {
        let mut counter = Counter::new(Counters::InUse);
        counter.read(usage(1000, 0));
        assert_eq!(counter.read(usage(10, 0)), Some(CounterSample { live: 10, bytes: 64, allocs: 0 }));
    }

    #[test]
    fn the_first_sample_counts_no_allocations() {
        let mut counter = Counter::new(Counters::Full64);
        assert_eq!(counter.read(usage(500, 400)).unwrap().allocs, 0);
        assert_eq!(counter.read(usage(507, 400)).unwrap().allocs, 7);
    }
}
