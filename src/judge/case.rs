//! What is known of one tag, or of a pool as a whole, held against single limits.

use std::rc::Rc;

use super::doubts::Doubts;
use super::evidence::{
    Budgeted, Confirmation, Evidence, Extension, History, Interval, Standing, Trend, Window, second_look, within_budget,
};
use super::level::Levels;
use super::limits::{allowed, by_time, compared, within};
use super::said::{Said, said};
use super::shown::Hidden;
use super::words;
use super::{Verdict, suspects};
use crate::pool::{Counters, Key, Pool};
use crate::scenario::{Amount, Bytes, Growth, Limit, Rate, Scenario};

/// What is known of one tag or total.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) key: Key,
    pub(super) levels: Option<Levels>,
    pub(super) evidence: Evidence,
    pub(super) confirmation: Option<Confirmation>,
    unconfirmed: Unconfirmed,
    /// The kernel's table of tags overflowed, so the figures may be another tag's, or too few.
    unsound: bool,
    /// Objects are counted, not bytes alone.
    counts: bool,
    /// It is of several tags together, and its key is but a name.
    pub(super) several: bool,
    left: Left,
    /// Why it is ignored, where it is.
    pub(super) ignored: Option<String>,
    /// What is doubtful of every tag alike.
    pub(super) doubts: Rc<Doubts>,
    /// Why second looks do not count, if there were any that do not.
    thin: Option<String>,
    /// Why it does not hold, as far as tables do not show it.
    hidden: Option<Hidden>,
    /// The whole slabs of a cache, where they were measured.
    pub(super) slabs: Option<Box<Case>>,
}

/// What teardown left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// No sample was taken at rest after teardown.
    NotSampled,
    /// The kernel no longer lists it.
    Gone,
    /// So many bytes.
    Bytes(u64),
}

/// What becomes of a candidate at which nobody looked a second time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unconfirmed {
    /// The scenario wants no second look: a leak.
    Leak,
    /// There was no time for one.
    Budget(Budgeted),
    /// Nothing can be said.
    Unclear,
}

impl Case {
    /// A case of what a recording holds.
    pub(super) fn new(
        scenario: &Scenario,
        key: Key,
        levels: Option<Levels>,
        history: &History,
        window: Window,
        looks: &[Extension],
    ) -> Case {
        let evidence = super::evidence::first_look(history, window);
        let candidate = match &evidence {
            Evidence::Trend(trend) if trend.growing => Some(trend),
            Evidence::Trend(_) | Evidence::TooFew { .. } | Evidence::Interrupted => None,
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
            levels,
            evidence,
            confirmation,
            unconfirmed,
            unsound: false,
            counts,
            several: false,
            left: Left::NotSampled,
            ignored: None,
            doubts: Rc::default(),
            thin: None,
            hidden: None,
            slabs: None,
        }
    }

    /// The same, of a recording with these doubts.
    pub(super) fn doubted(self, doubts: &Rc<Doubts>) -> Case {
        Case { doubts: doubts.clone(), ..self }
    }

    /// The same, with second looks that do not count for a reason.
    pub(super) fn thin(self, thin: Option<String>) -> Case {
        Case { thin, ..self }
    }

    /// The same, not shown by some tables or by all.
    pub(super) fn hidden(self, hidden: Option<Hidden>) -> Case {
        Case { hidden, ..self }
    }

    /// The same, with what teardown left.
    pub(super) fn left(self, left: Left) -> Case {
        Case { left, ..self }
    }

    /// The same, ignored for a reason or not.
    pub(super) fn ignored(self, reason: Option<&str>) -> Case {
        Case { ignored: reason.map(str::to_owned), ..self }
    }

    /// The same, of several tags which all count objects, or do not.
    pub(super) fn of_several(self, counts: bool) -> Case {
        Case { counts, several: true, ..self }
    }

    /// The same, of a run in which the kernel's table of tags overflowed.
    pub(super) fn unsound(self, unsound: bool) -> Case {
        Case { unsound, ..self }
    }

    /// Why it does not hold, as far as tables do not show it.
    pub(super) fn hidden_from_named(&self) -> Option<&str> {
        self.hidden.as_ref().map(|hidden| hidden.from(true))
    }

    /// Whether its first look makes it a candidate for a leak.
    pub(super) fn is_candidate(&self) -> bool {
        matches!(&self.evidence, Evidence::Trend(trend) if trend.growing)
    }

    /// The trend whose rate counts: of the second look where there is one, since the first one's was chosen for its size.
    pub(super) fn trend(&self) -> Option<&Trend> {
        let confirmed = self.confirmation.as_ref().and_then(|confirmation| confirmation.trend.as_ref());
        confirmed.or(match &self.evidence {
            Evidence::Trend(trend) => Some(trend),
            Evidence::TooFew { .. } | Evidence::Interrupted => None,
        })
    }

    /// Holds it against one limit; `named` when the threshold names this tag as the driver's own.
    pub(super) fn against(&self, limit: &Limit, named: bool) -> Said {
        let said = self.as_far_as_read(limit, named).doubted(self.doubts.damage.as_deref());
        let hidden = self.hidden.as_ref().filter(|_| self.ignored.is_none());
        said.doubted(hidden.map(|hidden| hidden.from(named)))
    }

    fn as_far_as_read(&self, limit: &Limit, named: bool) -> Said {
        if let Some(reason) = &self.ignored {
            return said(Verdict::Held, format!("ignored: {reason}"));
        }
        if self.unsound {
            return said(
                Verdict::Unclear,
                "the kernel's tag table overflowed (Ovfl moved), so no tag's figures are sound",
            );
        }
        if let Some(doubt) = self.doubts.about(limit) {
            return Said::of_no_tag(doubt);
        }
        match (limit, &self.levels) {
            (Limit::MaxRate(rate), _) => {
                let mut said = self.rate(*rate, named);
                if said.verdict != Verdict::Held && suspects::is_generic(&self.key) {
                    said.because += "; many drivers allocate under this tag, so it is a suspect only";
                }
                if said.verdict != Verdict::Held && self.key.reclaimable {
                    said.because += "; the kernel takes this memory back when it needs some";
                }
                said
            }
            (Limit::AfterTeardown(most), _) => self.after_teardown(*most),
            (_, None) => said(Verdict::Unclear, self.without_levels()),
            (Limit::MaxGrowth(most), Some(levels)) => self.growth(*most, levels),
            (Limit::MaxBytes(most), Some(levels)) => {
                let verdict = if levels.bytes_after > most.0 { Verdict::Broken } else { Verdict::Held };
                said(verdict, format!("holds {}{} at the end", Bytes(levels.bytes_after).rounded(), self.place()))
            }
        }
    }

    fn after_teardown(&self, most: Bytes) -> Said {
        match self.left {
            Left::NotSampled => said(Verdict::Unclear, "was not sampled at rest after teardown"),
            Left::Gone => said(Verdict::Held, "gone after teardown"),
            Left::Bytes(0) => said(Verdict::Held, "nothing is left after teardown"),
            Left::Bytes(bytes) => {
                let verdict = if bytes > most.0 { Verdict::Broken } else { Verdict::Held };
                // To the byte: what is left of an unloaded driver can be found by its size.
                said(verdict, format!("{bytes} B are left after teardown"))
            }
        }
    }

    /// What a limit on an amount compares: the amount, and the most it may be.
    pub(super) fn amount(&self, limit: &Limit) -> Option<(i64, i64)> {
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        match limit {
            Limit::MaxRate(_) => None,
            Limit::MaxGrowth(most) => self.levels.map(|levels| (levels.growth(), allowed(*most, &levels))),
            Limit::MaxBytes(most) => self.levels.map(|levels| (bytes(levels.bytes_after), bytes(most.0))),
            Limit::AfterTeardown(most) => match self.left {
                Left::NotSampled => None,
                Left::Gone => Some((0, bytes(most.0))),
                Left::Bytes(left) => Some((bytes(left), bytes(most.0))),
            },
        }
    }

    /// Of what the bytes are, where that is not plain.
    fn place(&self) -> &'static str {
        if self.key.pool == Pool::Slabs { " in slabs" } else { "" }
    }

    fn without_levels(&self) -> &'static str {
        "was not there, not sampled, or counted anew, at rest before and after the workload"
    }

    fn growth(&self, most: Growth, levels: &Levels) -> Said {
        let growth = levels.growth();
        let most = allowed(most, levels);
        let (before, after) = (Bytes(levels.bytes_before).rounded(), Bytes(levels.bytes_after).rounded());
        let grew = format!("grew by {} ({before} → {after}){}", words::signed(growth), self.place());
        if growth <= most {
            return said(Verdict::Held, grew);
        }
        // How it grew tells a leak from a step, which is the first thing its owner wants to know.
        said(Verdict::Broken, format!("{grew}; {}", words::how(&self.evidence)))
    }

    fn rate(&self, most: Rate, named: bool) -> Said {
        if matches!(most.amount, Amount::Objects(_)) && !self.counts {
            let why = "objects are not known, as the log has neither allocs nor frees; give a rate in bytes";
            return said(Verdict::Unclear, why);
        }
        let trend = match &self.evidence {
            Evidence::Trend(trend) => self.trend().unwrap_or(trend),
            Evidence::TooFew { .. } | Evidence::Interrupted => {
                return said(Verdict::Unclear, words::evidence(&self.evidence));
            }
        };
        let (Some(interval), limit) = within(trend, most) else {
            return said(Verdict::Unclear, "no iterations were counted, so there is no rate per iteration");
        };
        let text = words::evidence(&self.evidence);
        let Evidence::Trend(Trend { growing: true, .. }) = &self.evidence else { return said(Verdict::Held, text) };
        let Some(confirmation) = &self.confirmation else { return self.first_only(interval, limit, text) };
        let text = words::confirmed(trend, confirmation);
        match confirmation.standing {
            Standing::NotPersistent => said(Verdict::Held, text),
            Standing::Background if !named => said(Verdict::Held, text),
            Standing::Background => {
                let by_time = by_time(confirmation, trend, most);
                Said { again: false, ..compared(by_time, limit, text) }
            }
            Standing::NotAttributed if interval.high <= limit => said(Verdict::Held, text),
            Standing::NotAttributed => Said { again: true, ..said(Verdict::Unclear, text) },
            Standing::Leak | Standing::NotTested => compared(interval, limit, text),
        }
    }

    /// A candidate at which nobody looked a second time.
    fn first_only(&self, interval: Interval, limit: f64, text: String) -> Said {
        if interval.high <= limit {
            return said(Verdict::Held, text);
        }
        let unclear = |why: &str| Said { again: true, ..said(Verdict::Unclear, format!("{text}; {why}")) };
        match self.unconfirmed {
            Unconfirmed::Leak => compared(interval, limit, text),
            Unconfirmed::Budget(Budgeted::Leak) => Said { again: true, ..compared(interval, limit, text) },
            Unconfirmed::Budget(Budgeted::SlowingDown) => unclear("slowing down, and no time for a second look"),
            Unconfirmed::Budget(Budgeted::Weak) => unclear("too weak a sign for a run without time for a second look"),
            Unconfirmed::Unclear => match &self.thin {
                Some(thin) => unclear(&format!("unconfirmed: {thin}")),
                None => unclear("unconfirmed: there was no second look"),
            },
        }
    }
}
