//! Removes objects in flight, for a tag with mostly short-lived objects.
//!
//! The level of such a tag follows the allocations since the last sample. The share of them that shows in the level is
//! learned from the first samples: β = slope of Δlive on Δallocs within 0 and 1. From then on live − β·(allocs − their
//! median) is kept beside the plain series. β is learned once and never changed, so the series stays comparable with
//! itself and needs no second pass.

use super::counter::CounterSample;
use super::troughs::Trough;

/// Number of slots from which β is learned.
pub(super) const LEARNED_FROM: usize = 64;
/// The fewest steps that β is learned from.
const LEAST: usize = 16;
/// Bits of the fixed-point share: with integers a sample costs a multiplication and a shift.
const WHOLE: u32 = 16;

/// How a level follows the allocations.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Flow {
    share: i64,
    usual: i64,
}

impl Flow {
    /// Used while learning: all allocations are removed, so a trough still shows their number.
    pub(super) const LEARNING: Flow = Flow { share: 1 << WHOLE, usual: 0 };

    /// Learns from a tag's first samples, from which all allocations were removed.
    fn learned(samples: &[Trough]) -> Flow {
        let steps = || {
            samples
                .windows(2)
                .filter(|pair| !pair[0].is_hole() && !pair[1].is_hole())
                .map(|pair| ((pair[1].allocs() - pair[0].allocs()) as f64, (pair[1].objects - pair[0].objects) as f64))
        };
        let (mut count, mut x, mut y) = (0.0, 0.0, 0.0);
        steps().for_each(|step| (count, x, y) = (count + 1.0, x + step.0, y + step.1));
        if count < LEAST as f64 {
            return Flow::default();
        }
        (x, y) = (x / count, y / count);
        let (products, squares) = steps().fold((0.0, 0.0), |(products, squares), step| {
            (products + (step.0 - x) * (step.1 - y), squares + (step.0 - x).powi(2))
        });
        if squares == 0.0 || products <= 0.0 {
            return Flow::default();
        }
        let share = (products / squares).min(1.0);
        let mut allocs: Vec<i64> = samples.iter().filter(|one| !one.is_hole()).map(|one| one.allocs()).collect();
        let middle = allocs.len() / 2;
        let usual = *allocs.select_nth_unstable(middle).1;
        Flow { share: (share * f64::from(1u32 << WHOLE)).round() as i64, usual }
    }

    /// Learns from a tag's first samples, and removes the objects in flight from them.
    pub(super) fn taken_out_of(samples: &mut [Trough]) -> Flow {
        let flow = Flow::learned(samples);
        for sample in samples.iter_mut().filter(|sample| !sample.is_hole()) {
            *sample = flow.trough(CounterSample { live: sample.objects, bytes: sample.bytes, allocs: sample.allocs() });
        }
        flow
    }

    /// The trough of one sample; `adjusted` is without objects in flight.
    #[inline]
    pub(super) fn trough(self, sample: CounterSample) -> Trough {
        let half = 1 << (WHOLE - 1);
        let in_flight = (self.share.wrapping_mul(sample.allocs - self.usual) + half) >> WHOLE;
        Trough { objects: sample.live, bytes: sample.bytes, adjusted: sample.live.wrapping_sub(in_flight) }
    }
}

impl Trough {
    /// Allocations since the sample before, in one sample taken while learning.
    fn allocs(self) -> i64 {
        self.objects.wrapping_sub(self.adjusted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(live: impl Fn(i64) -> i64) -> Vec<CounterSample> {
        // The allocations move without a linear pattern.
        let allocs = |at: i64| 100 + (at * 7919) % 61;
        (0..64).map(|at| CounterSample { live: live(allocs(at)), bytes: 0, allocs: allocs(at) }).collect()
    }

    fn learned(samples: &[CounterSample]) -> Flow {
        Flow::learned(&samples.iter().map(|sample| Flow::LEARNING.trough(*sample)).collect::<Vec<_>>())
    }

    #[test]
    fn allocations_in_flight_are_subtracted() {
        let samples = samples(|allocs| 1000 + allocs / 2);
        let flow = learned(&samples);
        assert!((flow.share as f64 / 65536.0 - 0.5).abs() < 0.02, "{flow:?}");
        let left: Vec<i64> = samples.iter().map(|sample| flow.trough(*sample).adjusted).collect();
        let (low, high) = (left.iter().min().unwrap(), left.iter().max().unwrap());
        assert!(high - low <= 2, "{low} to {high}");
    }

    #[test]
    fn a_level_that_does_not_follow_stays_as_it_is() {
        let samples = samples(|_| 1000);
        let flow = learned(&samples);
        assert!(samples.iter().all(|sample| flow.trough(*sample).adjusted == 1000), "{flow:?}");
        assert_eq!(learned(&samples[..10]), Flow::default());
    }
}
