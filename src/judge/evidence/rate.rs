//! Rates with their intervals, and the iterations and hours per slot.

use serde::Serialize;

use crate::scenario::Per;

/// An estimate of a rate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Interval {
    /// The estimate, in the unit of the interval.
    pub rate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// The distance from one slot to the next.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pace {
    /// Iterations per slot; `None` if none are counted.
    pub iterations: Option<f64>,
    /// The length of a slot in hours.
    pub hours: f64,
}

impl Interval {
    /// An estimate with the half-width of its interval.
    pub fn around(rate: f64, half: f64) -> Interval {
        Interval { rate, low: rate - half, high: rate + half }
    }

    /// Converts to other units.
    pub fn times(self, factor: f64) -> Interval {
        Interval { rate: self.rate * factor, low: self.low * factor, high: self.high * factor }
    }

    /// Combines several estimates of the same value, each weighted by its precision.
    pub(super) fn pooled(all: &[Interval]) -> Option<Interval> {
        let weight = |one: &Interval| 1.0 / ((one.high - one.low) / 2.0).powi(2).max(f64::MIN_POSITIVE);
        let sum: f64 = all.iter().map(weight).sum();
        let rate = all.iter().map(|one| one.rate * weight(one)).sum::<f64>() / sum;
        (!all.is_empty()).then(|| Interval::around(rate, sum.sqrt().recip()))
    }
}

impl Pace {
    /// Slots per iteration or hour.
    pub(super) fn slots(self, per: Per) -> Option<f64> {
        match per {
            Per::Iteration => self.iterations.map(|iterations| 1.0 / iterations),
            Per::Hour => Some(1.0 / self.hours),
        }
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The slope of the values on their indices, by ordinary least squares.
pub(super) fn slope(values: &[f64]) -> f64 {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let level = mean(values);
    let places = (0..values.len()).map(|place| place as f64 - middle);
    let (products, squares) = places.zip(values).fold((0.0, 0.0), |(products, squares), (place, value)| {
        (products + place * (value - level), squares + place * place)
    });
    products / squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surer_of_two_estimates_counts_for_more() {
        let pooled = Interval::pooled(&[Interval::around(10.0, 1.0), Interval::around(20.0, 3.0)]).unwrap();
        assert!((pooled.rate - 11.0).abs() < 1e-9, "{pooled:?}");
        assert!((pooled.high - pooled.rate - 0.9f64.sqrt()).abs() < 1e-9, "{pooled:?}");
        assert_eq!(Interval::pooled(&[]), None);
    }

    #[test]
    fn a_slope_is_that_of_a_line() {
        assert!((slope(&[1.0, 3.0, 5.0, 7.0]) - 2.0).abs() < 1e-12);
    }
}
