//! The rate of one tag, compared with the limit on it.

use super::super::evidence::{Budgeted, Early, Evidence, Interval, Standing, Trend};
use super::super::limit_verdict::LimitVerdict;
use super::super::limits::{by_time, compared, within};
use super::super::{Verdict, words};
use super::{Case, Unconfirmed};
use crate::scenario::{Amount, Limit, Rate};

impl Case {
    pub(super) fn rate(&self, most: Rate, named: bool) -> LimitVerdict {
        if matches!(most.amount, Amount::Objects(_)) && !self.counts {
            let why = "objects are not known, because the log has neither allocs nor frees; give a rate in bytes";
            return LimitVerdict::new(Verdict::Unclear, why);
        }
        let trend = match &self.evidence {
            Evidence::Trend(trend) => self.trend().unwrap_or(trend),
            Evidence::TooFew { rate: Some(early), .. } => return self.early_rate(early, most, named),
            Evidence::TooFew { .. } | Evidence::Interrupted(_) | Evidence::Untimed => {
                return LimitVerdict::new(Verdict::Unclear, words::evidence(&self.evidence));
            }
        };
        let (Some(interval), limit) = within(trend, most) else {
            return LimitVerdict::new(
                Verdict::Unclear,
                "no iterations were counted, so there is no rate per iteration",
            );
        };
        let text = words::evidence(&self.evidence);
        let Evidence::Trend(Trend { growing: true, .. }) = &self.evidence else {
            return LimitVerdict::new(Verdict::Held, text);
        };
        let Some(confirmation) = &self.confirmation else { return self.first_only(interval, limit, text) };
        let text = words::confirmed(trend, confirmation);
        match confirmation.standing {
            Standing::NotPersistent => LimitVerdict::new(Verdict::Held, text),
            Standing::Background if !named => LimitVerdict::new(Verdict::Held, text),
            Standing::Background => {
                let by_time = by_time(confirmation, trend, most);
                LimitVerdict { again: false, ..compared(by_time, limit, text) }
            }
            Standing::NotAttributed if interval.high <= limit => LimitVerdict::new(Verdict::Held, text),
            Standing::NotAttributed => LimitVerdict { again: true, ..LimitVerdict::new(Verdict::Unclear, text) },
            Standing::Leak | Standing::NotTested => compared(interval, limit, text),
        }
    }

    /// Judges a candidate that had no second look.
    fn first_only(&self, interval: Interval, limit: f64, text: String) -> LimitVerdict {
        if interval.high <= limit {
            return LimitVerdict::new(Verdict::Held, text);
        }
        let unclear =
            |why: &str| LimitVerdict { again: true, ..LimitVerdict::new(Verdict::Unclear, format!("{text}; {why}")) };
        match self.unconfirmed {
            Unconfirmed::Leak => compared(interval, limit, text),
            Unconfirmed::Budget(Budgeted::Leak) => LimitVerdict { again: true, ..compared(interval, limit, text) },
            Unconfirmed::Budget(Budgeted::SlowingDown) => {
                unclear("slowing down, and there was no time for a second look")
            }
            Unconfirmed::Budget(Budgeted::Weak) => {
                unclear("too weak to report without a second look, and there was no time for one")
            }
            Unconfirmed::Unclear => match &self.thin {
                Some(thin) => unclear(&format!("unconfirmed: {thin}")),
                None => unclear("unconfirmed: there was no second look"),
            },
        }
    }

    /// Judges a series too short for the test. Its interval decides only in a log, because a run can be made longer.
    fn early_rate(&self, early: &Early, most: Rate, named: bool) -> LimitVerdict {
        let text = words::evidence(&self.evidence);
        let (interval, limit) = early_within(early, most);
        let Some(interval) = interval.filter(|_| self.log) else { return LimitVerdict::new(Verdict::Unclear, text) };
        if interval.high <= limit {
            return LimitVerdict::new(Verdict::Held, text);
        }
        if interval.low <= limit {
            return LimitVerdict::new(Verdict::Unclear, text);
        }
        match (named, self.unconfirmed) {
            (true, _) | (false, Unconfirmed::Leak) => LimitVerdict::new(Verdict::Broken, text),
            // Among thousands of tags, the intervals of some miss the true rate.
            (false, Unconfirmed::Budget(_) | Unconfirmed::Unclear) => {
                LimitVerdict::new(Verdict::Unclear, format!("{text}; unconfirmed: no threshold names this tag"))
            }
        }
    }

    /// The rate in the units of the limit: from the test, or else from a few samples.
    pub(in crate::judge) fn rate_of(&self, most: Rate) -> Option<Interval> {
        match (&self.evidence, self.trend()) {
            (_, Some(trend)) => within(trend, most).0,
            (Evidence::TooFew { rate: Some(early), .. }, None) => early_within(early, most).0,
            (_, None) => None,
        }
    }

    /// The size of the limited figure, for sorting findings: the rate in bytes per hour or iteration, or else the
    /// bytes.
    pub(in crate::judge) fn size(&self, limit: &Limit) -> f64 {
        match limit {
            Limit::MaxRate(rate) => {
                let in_bytes = Rate { amount: Amount::Bytes(0.0), per: rate.per };
                self.rate_of(in_bytes).map_or(f64::NEG_INFINITY, |interval| interval.rate)
            }
            Limit::MaxGrowth(_) => self.amounts.levels.map_or(f64::NEG_INFINITY, |levels| levels.growth() as f64),
            Limit::MaxBytes(_) | Limit::AfterTeardown(_) => {
                self.amount(limit).map_or(f64::NEG_INFINITY, |(amount, _)| amount as f64)
            }
        }
    }
}

/// The rate from a few samples in the units of the limit, and the limit.
fn early_within(early: &Early, most: Rate) -> (Option<Interval>, f64) {
    match most.amount {
        Amount::Bytes(limit) => (early.bytes(most.per), limit),
        Amount::Objects(limit) => (early.objects(most.per), limit),
    }
}
