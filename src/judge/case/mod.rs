//! The figures of one tag or of a whole pool, compared with single limits.

use std::rc::Rc;

use super::amounts::{Amounts, Unknown};
use super::completeness::Hidden;
use super::doubts::Doubts;
use super::evidence::{
    Budgeted, Confirmation, Early, Evidence, Extension, History, Interruption, NEEDED, Trend, Window, second_look,
    within_budget,
};
use super::kernel::Remaining;
use super::left::LeftAfterTeardown;
use super::limit_verdict::LimitVerdict;
use super::{Verdict, suspects};
use crate::pool::{Counters, Key};
use crate::scenario::{Bytes, Limit, Scenario};

mod amount;
mod rate;

/// Everything known about one tag or total.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) key: Key,
    pub(super) amounts: Amounts,
    pub(super) evidence: Evidence,
    pub(super) confirmation: Option<Confirmation>,
    unconfirmed: Unconfirmed,
    /// The kernel's table of tags overflowed, so the figures may belong to another tag or be too low.
    unsound: bool,
    /// Objects are counted, not only bytes.
    counts: bool,
    /// It stands for several tags together, and its key is only a name.
    pub(super) several: bool,
    left: LeftAfterTeardown,
    /// Why it is ignored, if it is.
    pub(super) ignored: Option<String>,
    /// Doubts that apply to every tag alike.
    pub(super) doubts: Rc<Doubts>,
    /// Why second looks do not count, if some do not.
    thin: Option<String>,
    /// It is of a log without stages, so no second look is possible.
    log: bool,
    /// Why rows missing in tables prevent a verdict of held, if they do.
    hidden: Option<Hidden>,
    /// Objects that the kernel reported as remaining when the cache was destroyed.
    pub(super) remaining: Option<Remaining>,
    /// The whole slabs of a cache, if they were measured.
    pub(super) slabs: Option<Box<Case>>,
    /// A pool's total as the tables report it, because their rows do not show the whole pool.
    reported: bool,
}

/// The verdict on a candidate without a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unconfirmed {
    /// The scenario wants no second look: a leak.
    Leak,
    /// There was no time for one.
    Budget(Budgeted),
    /// No verdict is possible.
    Unclear,
}

impl Case {
    /// Tests the first look and the second looks of one tag or sum.
    pub(super) fn new(
        scenario: &Scenario,
        key: Key,
        amounts: Amounts,
        history: &History,
        window: Window,
        looks: &[Extension],
    ) -> Case {
        let evidence = super::evidence::first_look(history, window);
        let candidate = match &evidence {
            Evidence::Trend(trend) if trend.growing => Some(trend),
            Evidence::Trend(_) | Evidence::TooFew { .. } | Evidence::Interrupted(_) | Evidence::Untimed => None,
        };
        let confirmation = candidate.and_then(|first| second_look(history, first, looks));
        let unconfirmed = match (scenario.confirm, scenario.time_limit, candidate) {
            (false, _, _) => Unconfirmed::Leak,
            (true, Some(_), Some(first)) if looks.is_empty() => {
                Unconfirmed::Budget(within_budget(history, window, first))
            }
            (true, _, _) => Unconfirmed::Unclear,
        };
        let counts = key.counters != Counters::BytesOnly;
        Case {
            key,
            amounts,
            evidence,
            confirmation,
            unconfirmed,
            unsound: false,
            counts,
            several: false,
            left: LeftAfterTeardown::NotSampled,
            ignored: None,
            doubts: Rc::default(),
            thin: None,
            hidden: None,
            remaining: None,
            slabs: None,
            log: false,
            reported: false,
        }
    }

    /// Sets the rate of a series too short for the test, and whether the recording is a log.
    pub(super) fn early(mut self, early: Option<Early>, log: bool) -> Case {
        self.log = log;
        match (&mut self.evidence, early) {
            (Evidence::TooFew { rate, .. }, early) => *rate = early,
            (interrupted @ Evidence::Interrupted(Interruption::CountersReset), Some(early)) => {
                *interrupted = Evidence::TooFew { samples: early.samples, needed: NEEDED, rate: Some(early) };
            }
            (Evidence::Interrupted(_) | Evidence::Trend(_) | Evidence::Untimed, _) => {}
        }
        self
    }

    /// Sets the doubts of the recording.
    pub(super) fn doubted(self, doubts: &Rc<Doubts>) -> Case {
        Case { doubts: doubts.clone(), ..self }
    }

    /// Removes evidence of a rate unless the times of the samples are known.
    pub(super) fn timed(self, known: bool) -> Case {
        match known {
            true => self,
            false => Case { evidence: Evidence::Untimed, confirmation: None, ..self },
        }
    }

    /// Sets why second looks do not count.
    pub(super) fn thin(self, thin: Option<String>) -> Case {
        Case { thin, ..self }
    }

    /// Sets why it is not held if some or all tables do not show it.
    pub(super) fn hidden(self, hidden: Option<Hidden>) -> Case {
        Case { hidden, ..self }
    }

    /// Sets whether a pool's total is the tables' own figure, and not the sum of their rows.
    pub(super) fn reported(self, reported: bool) -> Case {
        Case { reported, ..self }
    }

    /// Sets the bytes left after teardown.
    pub(super) fn left(self, left: LeftAfterTeardown) -> Case {
        Case { left, ..self }
    }

    /// Sets the objects that the kernel reported as remaining.
    pub(super) fn remaining(self, remaining: Option<&Remaining>) -> Case {
        Case { remaining: remaining.cloned(), ..self }
    }

    /// Sets why it is ignored, if it is.
    pub(super) fn ignored(self, reason: Option<&str>) -> Case {
        Case { ignored: reason.map(str::to_owned), ..self }
    }

    /// Marks it as several tags together; `counts` is whether all of them count objects.
    pub(super) fn of_several(self, counts: bool) -> Case {
        Case { counts, several: true, ..self }
    }

    /// Sets whether the kernel's table of tags overflowed in the run.
    pub(super) fn unsound(self, unsound: bool) -> Case {
        Case { unsound, ..self }
    }

    /// Why rows missing in tables prevent a verdict of held under a threshold that names it.
    pub(super) fn hidden_from_named(&self) -> Option<&str> {
        self.hidden.as_ref().map(|hidden| hidden.from(true))
    }

    /// Whether its first look makes it a candidate for a leak.
    pub(super) fn is_candidate(&self) -> bool {
        matches!(&self.evidence, Evidence::Trend(trend) if trend.growing)
    }

    /// The trend to take the rate from: that of the second look if there is one, because candidates were selected by
    /// the size of the first.
    pub(super) fn trend(&self) -> Option<&Trend> {
        let confirmed = self.confirmation.as_ref().and_then(|confirmation| confirmation.trend.as_ref());
        confirmed.or(match &self.evidence {
            Evidence::Trend(trend) => Some(trend),
            Evidence::TooFew { .. } | Evidence::Interrupted(_) | Evidence::Untimed => None,
        })
    }

    /// Compares it with one limit. `named`: the threshold names this tag as the driver's own.
    pub(super) fn against(&self, limit: &Limit, named: bool) -> LimitVerdict {
        let judged = self.as_far_as_read(limit, named).doubted(self.doubts.damage.as_deref());
        let hidden = self.hidden.as_ref().filter(|_| self.ignored.is_none());
        let judged = judged.doubted(hidden.map(|hidden| hidden.from(named)));
        if self.reported { judged.because_of("; according to the tables' totals of the whole pool") } else { judged }
    }

    fn as_far_as_read(&self, limit: &Limit, named: bool) -> LimitVerdict {
        if let Some(reason) = &self.ignored {
            return LimitVerdict::new(Verdict::Held, format!("ignored: {reason}"));
        }
        if let (Limit::AfterTeardown(_), Some(remaining)) = (limit, &self.remaining) {
            return LimitVerdict::new(Verdict::Broken, remaining.with_left(self.left));
        }
        if self.unsound {
            return LimitVerdict::new(
                Verdict::Unclear,
                "the kernel's tag table overflowed (Ovfl changed), so no tag's figures are reliable",
            );
        }
        if let Some(doubt) = self.doubts.about(limit) {
            return LimitVerdict::unclear_for_every_tag(doubt);
        }
        match limit {
            Limit::MaxRate(rate) => {
                let mut judged = self.rate(*rate, named);
                if judged.verdict != Verdict::Held && suspects::is_generic(&self.key) {
                    judged.because += "; many drivers allocate under this tag, so it is a suspect only";
                }
                if judged.verdict != Verdict::Held && self.key.reclaimable {
                    judged.because += "; the kernel reclaims this memory when it needs it";
                }
                judged
            }
            Limit::AfterTeardown(most) => self.left.against(*most),
            Limit::MaxGrowth(most) => match &self.amounts.levels {
                Ok(levels) => self.growth(*most, levels),
                Err(Unknown::OneTable) => LimitVerdict::unclear_for_every_tag(&Unknown::OneTable.to_string()),
                Err(Unknown::NotInFirst) => self.growth_at_most(*most),
                Err(unknown) => LimitVerdict::new(Verdict::Unclear, unknown.to_string()),
            },
            Limit::MaxBytes(most) => match self.amounts.bytes {
                Ok(bytes) => {
                    let verdict = if bytes > most.0 { Verdict::Broken } else { Verdict::Held };
                    LimitVerdict::new(verdict, format!("holds {}{} at the end", Bytes(bytes).rounded(), self.place()))
                }
                Err(unknown) => LimitVerdict::new(Verdict::Unclear, unknown.to_string()),
            },
        }
    }
}
