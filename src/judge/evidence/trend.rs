//! Tests whether a series of troughs grows steadily.
//!
//! The test is on increments of block minima, T = mean(d)·√n / s. Increments keep their nominal level even under
//! unit-root noise; a slope test does not. Guards then separate a leak from a cache that fills or a table that was
//! trimmed. Cut-offs and guards are those of the design (docs/how-we-judge.md), chosen by simulation, and fitted to no
//! seed.

use serde::Serialize;

use super::rate::{Interval, mean, slope};

/// Number of samples needed after the warm-up.
pub const NEEDED: u64 = 36;
/// The least growth in objects that these rules can separate from chance.
pub(super) const VISIBLE_OBJECTS: f64 = 8.0;
/// The least growth of a leak in the run, in objects.
const LEAST_GROWTH: f64 = 4.0;

/// The test for a number of samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Blocks {
    /// The number of blocks.
    pub(super) count: usize,
    /// The cut-off that T is compared with.
    pub(super) cut_off: f64,
}

/// The fewest samples for each number of blocks.
const PLANS: [(u64, Blocks); 3] = [
    (72, Blocks { count: 24, cut_off: 2.0 }),
    (48, Blocks { count: 16, cut_off: 2.4 }),
    (NEEDED, Blocks { count: 12, cut_off: 3.2 }),
];

impl Blocks {
    /// The last half by itself, for leaks that start late.
    pub(super) const LATE: Blocks = Blocks { count: 12, cut_off: 3.6 };

    /// The test for this number of samples; `None` if they are too few.
    pub(super) fn new(samples: u64) -> Option<Blocks> {
        PLANS.iter().find(|(least, _)| samples >= *least).map(|(_, blocks)| *blocks)
    }
}

/// The check that rejected a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrowthCheck {
    /// The tag grew by fewer than four objects.
    FewObjects,
    /// The tag did not grow in every quarter of the series.
    NotEveryQuarter,
    /// The last rise is less than half of the first rise.
    SlowingDown,
    /// The end of the series is not higher than all of its earlier levels.
    SeenBefore,
    /// The tag released more than half of the growth in the cool-down.
    Released,
}

/// The increments of a series of block minima.
#[derive(Debug, Clone, Copy)]
pub(super) struct Increments {
    /// T = mean·√n / s.
    pub(super) t: f64,
    /// s, at least that of a perfectly even leak of objects that come one at a time.
    pub(super) deviation: f64,
    /// The square root of the number of increments.
    pub(super) root: f64,
}

impl Increments {
    pub(super) fn new(m: &[f64]) -> Increments {
        let d: Vec<f64> = m.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = mean(&d);
        let variance = d.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (d.len() as f64 - 1.0);
        let deviation = variance.max(0.25 * mean.max(0.0)).sqrt();
        let root = (d.len() as f64).sqrt();
        let t = if deviation > 0.0 { mean * root / deviation } else { 0.0 };
        Increments { t, deviation, root }
    }

    /// The rate per block, with its interval.
    pub(super) fn interval(self, m: &[f64]) -> Interval {
        Interval::around(slope(m), quantile(m.len() - 2) * self.deviation / self.root)
    }
}

/// The guards that fail for `m`; `earlier` is the highest trough before it.
pub(super) fn guards(m: &[f64], earlier: Option<f64>) -> Vec<GrowthCheck> {
    let quarters: Vec<f64> = m.chunks(m.len() / 4).map(mean).collect();
    let rises: Vec<f64> = quarters.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let highest = m[..m.len() - m.len() / 4].iter().copied().chain(earlier).fold(f64::NEG_INFINITY, f64::max);
    let checks = [
        (GrowthCheck::FewObjects, growth(m) < LEAST_GROWTH),
        (GrowthCheck::NotEveryQuarter, rises.iter().any(|rise| *rise <= 0.0)),
        (GrowthCheck::SlowingDown, rises.last() < rises.first().map(|rise| rise / 2.0).as_ref()),
        (GrowthCheck::SeenBefore, quarters.last().is_none_or(|end| *end <= highest)),
    ];
    checks.into_iter().filter(|(_, failed)| *failed).map(|(guard, _)| guard).collect()
}

/// The difference between the last value and the first.
pub(super) fn growth(m: &[f64]) -> f64 {
    m.last().copied().unwrap_or_default() - m.first().copied().unwrap_or_default()
}

/// t₀.₉₇₅ by degrees of freedom, for the possible numbers of blocks.
pub(in crate::judge) fn quantile(freedom: usize) -> f64 {
    match freedom {
        22.. => 2.074,
        14..=21 => 2.145,
        _ => 2.228,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(value: impl Fn(i64) -> i64) -> Vec<f64> {
        (0..24).map(|at| value(at) as f64).collect()
    }

    #[test]
    fn tags_without_growth_fail_named_guards() {
        let failed = |value: &dyn Fn(i64) -> i64| guards(&series(value), Some(value(0) as f64));
        assert_eq!(failed(&|at| 500 + at * 10), []);
        assert_eq!(failed(&|_| 500), [GrowthCheck::FewObjects, GrowthCheck::NotEveryQuarter, GrowthCheck::SeenBefore]);
        assert!(failed(&|at| 500 + at / 10).contains(&GrowthCheck::FewObjects));
        assert!(failed(&|at| 500 + at % 6 * 40).contains(&GrowthCheck::SeenBefore));
        assert!(failed(&|at| 1000 - 500 / (at + 1)).contains(&GrowthCheck::SlowingDown));
    }

    #[test]
    fn a_level_seen_in_the_warm_up_is_no_new_one() {
        let m = series(|at| 500 + at * 10);
        assert_eq!(guards(&m, Some(900.0)), [GrowthCheck::SeenBefore]);
    }

    #[test]
    fn the_statistic_is_the_mean_increment_in_standard_errors() {
        // Increments 1, 3, 1, 3, …: mean 2, variance 4/3 of (n−1) = 3.
        let increments = Increments::new(&[0.0, 1.0, 4.0, 5.0, 8.0]);
        assert!((increments.t - 2.0 * 2.0 / (4.0f64 / 3.0).sqrt()).abs() < 1e-12, "{increments:?}");
        // A perfectly even leak is as uneven as objects are: s² is a quarter of the mean increment.
        assert!((Increments::new(&[0.0, 4.0, 8.0, 12.0, 16.0]).deviation - 1.0).abs() < 1e-12);
    }
}
