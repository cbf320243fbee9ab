//! What is in flight, taken out: for a tag whose figure is mostly what is allocated right now and freed in a moment.
//!
//! Such a tag's level follows what was allocated since the last sample. From the first samples the share of that which
//! shows in the level is learned, β = slope of Δlive on Δallocs within 0 and 1; from then on live − β·(allocs − their
//! median) is kept beside the plain series. Learning first and never again keeps the series comparable with itself, and
//! needs no second pass.

use super::counter::Sample;

/// Slots from which β is learned.
pub(super) const LEARNED_FROM: usize = 64;
/// Fewer than these tell nothing.
const LEAST: usize = 16;

/// How a level follows what was allocated.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Flow {
    share: f64,
    usual: i64,
}

impl Flow {
    /// What a tag's first samples say.
    pub(super) fn learned(samples: &[Option<Sample>]) -> Flow {
        let steps: Vec<(f64, f64)> = samples
            .windows(2)
            .filter_map(|pair| match pair {
                [Some(before), Some(now)] => {
                    Some(((now.allocs - before.allocs) as f64, (now.live - before.live) as f64))
                }
                _ => None,
            })
            .collect();
        if steps.len() < LEAST {
            return Flow::default();
        }
        let count = steps.len() as f64;
        let (x, y) = steps.iter().fold((0.0, 0.0), |(x, y), step| (x + step.0 / count, y + step.1 / count));
        let (products, squares) = steps.iter().fold((0.0, 0.0), |(products, squares), step| {
            (products + (step.0 - x) * (step.1 - y), squares + (step.0 - x).powi(2))
        });
        if squares <= 0.0 {
            return Flow::default();
        }
        let mut allocs: Vec<i64> = samples.iter().flatten().map(|sample| sample.allocs).collect();
        allocs.sort_unstable();
        Flow { share: (products / squares).clamp(0.0, 1.0), usual: allocs.get(allocs.len() / 2).copied().unwrap_or(0) }
    }

    /// Objects in use without those in flight.
    #[inline]
    pub(super) fn without(self, sample: Sample) -> i64 {
        if self.share == 0.0 {
            return sample.live;
        }
        sample.live - (self.share * (sample.allocs - self.usual) as f64).round() as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(live: impl Fn(i64) -> i64) -> Vec<Option<Sample>> {
        // What is allocated moves without a pattern, as far as a slope can see.
        let allocs = |at: i64| 100 + (at * 7919) % 61;
        (0..64).map(|at| Some(Sample { live: live(allocs(at)), bytes: 0, allocs: allocs(at) })).collect()
    }

    #[test]
    fn what_is_in_flight_is_taken_out() {
        let samples = samples(|allocs| 1000 + allocs / 2);
        let flow = Flow::learned(&samples);
        assert!((flow.share - 0.5).abs() < 0.02, "{flow:?}");
        let left: Vec<i64> = samples.iter().flatten().map(|sample| flow.without(*sample)).collect();
        let (low, high) = (left.iter().min().unwrap(), left.iter().max().unwrap());
        assert!(high - low <= 2, "{low} to {high}");
    }

    #[test]
    fn a_level_which_does_not_follow_stays_as_it_is() {
        let samples = samples(|_| 1000);
        let flow = Flow::learned(&samples);
        assert!(samples.iter().flatten().all(|sample| flow.without(*sample) == 1000), "{flow:?}");
        assert_eq!(Flow::learned(&samples[..10]), Flow::default());
    }
}
