//! The amounts of one tag, compared with the limits on them.

use super::super::amounts::Unknown;
use super::super::level::Levels;
use super::super::limit_verdict::LimitVerdict;
use super::super::limits::allowed;
use super::super::{Verdict, words};
use super::{Case, LeftAfterTeardown};
use crate::pool::Pool;
use crate::scenario::{Bytes, GrowthLimit, Limit};

impl Case {
    /// The amount that `limit` is on, and the largest value allowed. `None` for a rate, and if the amount is unknown.
    pub(in crate::judge) fn amount(&self, limit: &Limit) -> Option<(i64, i64)> {
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        match limit {
            Limit::MaxRate(_) => None,
            Limit::MaxGrowth(most) => {
                let levels = self.amounts.levels.ok().filter(|_| self.amounts.at_least.is_none())?;
                Some((levels.growth(), allowed(*most, &levels)))
            }
            Limit::MaxBytes(most) => self.amounts.bytes.ok().map(|now| (bytes(now), bytes(most.0))),
            Limit::AfterTeardown(most) => match self.left {
                LeftAfterTeardown::NotSampled => None,
                LeftAfterTeardown::Gone => Some((0, bytes(most.0))),
                LeftAfterTeardown::Bytes(left) => Some((bytes(left), bytes(most.0))),
            },
        }
    }

    /// A suffix for amounts of whole slabs; empty for all others.
    pub(super) fn place(&self) -> &'static str {
        if self.key.pool == Pool::Slabs { " in slabs" } else { "" }
    }

    /// Judges the growth of a tag that is missing in the first table: it cannot exceed the bytes held at the end.
    pub(super) fn growth_at_most(&self, most: GrowthLimit) -> LimitVerdict {
        match (most, self.amounts.bytes) {
            (GrowthLimit::Bytes(most), Ok(bytes)) if bytes <= most.0 => {
                let bytes = Bytes(bytes).rounded();
                LimitVerdict::new(Verdict::Held, format!("is not in the first table, and grew by {bytes} at most"))
            }
            (GrowthLimit::Bytes(_) | GrowthLimit::Percent(_), _) => {
                LimitVerdict::new(Verdict::Unclear, Unknown::NotInFirst.to_string())
            }
        }
    }

    pub(super) fn growth(&self, most: GrowthLimit, levels: &Levels) -> LimitVerdict {
        let growth = levels.growth();
        let most = allowed(most, levels);
        let (before, after) = (Bytes(levels.bytes_before).rounded(), Bytes(levels.bytes_after).rounded());
        let grew = format!("grew by {} ({before} → {after}){}", words::signed(growth), self.place());
        match (growth <= most, self.amounts.at_least) {
            (true, None) => LimitVerdict::new(Verdict::Held, grew),
            (true, Some(reset)) => LimitVerdict::new(Verdict::Unclear, format!("{grew}; {reset}")),
            (false, Some(reset)) => LimitVerdict::new(Verdict::Broken, format!("{grew}; {reset}")),
            // The shape of the growth shows whether it is a leak or a single step.
            (false, None) => LimitVerdict::new(Verdict::Broken, grew + &words::how(&self.evidence)),
        }
    }
}
