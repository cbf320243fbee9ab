//! The rate of a series that is too short for the test: from its increments, with a t-interval that widens as they get
//! fewer.
//!
//! The model is a level that changes independently in disjoint intervals, by an amount with a mean and a variance that
//! grow with the interval's length (docs/how-we-judge.md names the consequences). Samples need not be evenly spaced.
//! The rate shows how fast a tag grew, never whether it leaks.

use super::history::History;
use super::rate::Interval;
use super::troughs::Trough;
use crate::scenario::Per;

/// The fewest samples that have an interval.
const LEAST: usize = 3;
/// t₀.₉₇₅ by degrees of freedom, from 1 on.
const QUANTILES: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
    2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/// The variance of an even leak in objects, as a share of its mean: objects come one at a time.
const ONE_AT_A_TIME: f64 = 0.25;
/// The upper end of the 95 % interval of a Poisson process that showed no event, in objects.
const UNSEEN: f64 = 3.69;
/// The largest size assumed for an object of unknown size, in bytes.
const UNKNOWN_SIZE: f64 = 65_536.0;

/// The time of a slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SlotTime {
    /// The slot, counted from the begin of the workload.
    pub slot: u64,
    /// Hours since the workload began.
    pub hours: f64,
    /// The number of completed iterations.
    pub iterations: f64,
}

/// The rate of a series that is too short for the test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Early {
    /// Samples it rests on.
    pub samples: u64,
    per_hour: Option<EarlyRates>,
    per_iteration: Option<EarlyRates>,
}

/// Rates per hour or per iteration.
#[derive(Debug, Clone, Copy, PartialEq)]
struct EarlyRates {
    bytes: Interval,
    /// `None` if objects are not counted.
    objects: Option<Interval>,
}

impl Early {
    /// The rate of `history` from the slot `from` on; `ticks` are the times of its slots. `None` with fewer than three
    /// samples, and if the series is too long to keep each slot by itself.
    pub fn from_history(history: &History, from: u64, ticks: &[SlotTime]) -> Option<Early> {
        let (troughs, span) = history.work().all();
        if span != 1 {
            return None;
        }
        let known = ticks.iter().filter(|tick| tick.slot >= from);
        let known = known.filter_map(|tick| {
            let trough = troughs.get(usize::try_from(tick.slot).ok()?)?;
            (!trough.is_hole()).then_some((*tick, *trough))
        });
        Early::from_samples(&known.collect::<Vec<_>>())
    }

    fn from_samples(samples: &[(SlotTime, Trough)]) -> Option<Early> {
        if samples.len() < LEAST {
            return None;
        }
        let per = |at: fn(&SlotTime) -> f64| {
            let bytes: Vec<(f64, f64)> = samples.iter().map(|(tick, trough)| (at(tick), trough.bytes as f64)).collect();
            let objects: Vec<(f64, f64)> =
                samples.iter().map(|(tick, trough)| (at(tick), trough.objects as f64)).collect();
            let size = object_size(samples);
            let counted = samples.iter().any(|(_, trough)| trough.objects != 0);
            Some(EarlyRates {
                bytes: interval(&bytes, size)?,
                objects: if counted { interval(&objects, 1.0) } else { None },
            })
        };
        let (per_hour, per_iteration) = (per(|tick| tick.hours), per(|tick| tick.iterations));
        (per_hour.is_some() || per_iteration.is_some()).then_some(Early {
            samples: samples.len() as u64,
            per_hour,
            per_iteration,
        })
    }

    /// Bytes per iteration or hour; `None` if no iterations are counted, or the time is unknown.
    pub fn bytes(&self, per: Per) -> Option<Interval> {
        self.rates(per).map(|rates| rates.bytes)
    }

    /// Objects per iteration or hour; `None` if they are not counted.
    pub fn objects(&self, per: Per) -> Option<Interval> {
        self.rates(per)?.objects
    }

    /// The best unit for the rate: per iteration, if iterations are counted.
    pub fn natural(&self) -> Per {
        if self.per_iteration.is_some() { Per::Iteration } else { Per::Hour }
    }

    fn rates(&self, per: Per) -> Option<&EarlyRates> {
        match per {
            Per::Iteration => self.per_iteration.as_ref(),
            Per::Hour => self.per_hour.as_ref(),
        }
    }
}

/// Bytes of an object at the end. If that is unknown, the mean change between samples is taken, and 64 KiB at most.
fn object_size(samples: &[(SlotTime, Trough)]) -> f64 {
    let last = samples.last().map(|(_, trough)| *trough).unwrap_or_default();
    if last.objects > 0 && last.bytes > 0 {
        return last.bytes as f64 / last.objects as f64;
    }
    let changes = samples.windows(2).map(|pair| (pair[1].1.bytes - pair[0].1.bytes).abs() as f64);
    let mean = changes.sum::<f64>() / (samples.len() - 1) as f64;
    if mean > 0.0 { mean.min(UNKNOWN_SIZE) } else { UNKNOWN_SIZE }
}

/// The rate of values `(at, value)`, in units of which an object has `size`; `None` if they are at fewer than three
/// instants.
fn interval(values: &[(f64, f64)], size: f64) -> Option<Interval> {
    let increments: Vec<(f64, f64)> =
        values.windows(2).map(|pair| (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1)).collect();
    if increments.iter().filter(|(length, _)| *length > 0.0).count() + 1 < LEAST {
        return None;
    }
    let (length, growth) = increments.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let rate = growth / length;
    // A change while no time passed is added to the next interval.
    let mut freedom = 0;
    let (mut squares, mut carried) = (0.0, 0.0);
    for (length, growth) in increments {
        carried += growth;
        if length > 0.0 {
            squares += (carried - rate * length).powi(2) / length;
            freedom += 1;
            carried = 0.0;
        }
    }
    freedom -= 1;
    let variance = (squares / freedom as f64).max(ONE_AT_A_TIME * rate.abs() * size);
    let quantile = QUANTILES[(freedom - 1).min(QUANTILES.len() - 1)];
    let half = (quantile * (variance / length).sqrt()).max(UNSEEN * size / length);
    Some(Interval::around(rate, half))
}

#[cfg(test)]
mod tests;
