//! Compares growth and rates with their limits.

use super::Verdict;
use super::evidence::{Confirmation, Interval, Trend};
use super::level::Levels;
use super::limit_verdict::LimitVerdict;
use crate::scenario::{Amount, GrowthLimit, Per, Rate};

/// The growth in bytes allowed for a tag with these levels.
pub(super) fn allowed(most: GrowthLimit, levels: &Levels) -> i64 {
    match most {
        GrowthLimit::Bytes(bytes) => i64::try_from(bytes.0).unwrap_or(i64::MAX),
        GrowthLimit::Percent(percent) => (levels.bytes_before as f64 * percent.0 / 100.0) as i64,
    }
}

/// Compares the rate of a leak with its limit.
pub(super) fn compared(interval: Interval, limit: f64, text: String) -> LimitVerdict {
    match (interval.low > limit, interval.high <= limit) {
        (true, _) => LimitVerdict::new(Verdict::Broken, text),
        (false, true) => LimitVerdict::new(Verdict::Held, format!("{text}; a leak, but within the limit")),
        (false, false) => {
            let because = format!("{text}; the interval includes the limit");
            LimitVerdict { again: true, ..LimitVerdict::new(Verdict::Unclear, because) }
        }
    }
}

/// The rate in the units of the limit, and the limit.
pub(super) fn within(trend: &Trend, most: Rate) -> (Option<Interval>, f64) {
    match most.amount {
        Amount::Bytes(limit) => (trend.bytes(most.per), limit),
        Amount::Objects(limit) => (trend.objects(most.per), limit),
    }
}

/// The growth over time, with any cause, in the units of the limit.
pub(super) fn by_time(confirmation: &Confirmation, trend: &Trend, most: Rate) -> Interval {
    let per = match most.per {
        Per::Hour => 1.0,
        Per::Iteration => trend.hours_an_iteration().unwrap_or(1.0),
    };
    let unit = match most.amount {
        Amount::Bytes(_) => 1.0,
        Amount::Objects(_) => trend.object_size.unwrap_or(1.0),
    };
    confirmation.by_time.times(per / unit)
}
