//! Whether enough samples were taken for a verdict.
//!
//! If the machine was too busy or the pool table could not be read, a run may have a handful of samples instead of
//! hundreds. Those allow no verdict. The recording shows how many samples were due: each sample records the ticks
//! missed before it, and a mark stands for each sample that failed.

use std::time::Duration;

use super::doubts::Doubts;
use crate::record::{SampleInfo, Stage};

/// The share of due samples needed for a verdict. With fewer the verdict is unclear.
const NEEDED_SHARE: f64 = 0.5;

/// The samples taken, and those missing.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// The workload is sampled after each iteration, not by the clock.
    settled_only: bool,
    stage: Option<Stage>,
    lead_in: RestStage,
    workload: Span,
    cool_down: RestStage,
    /// Time of the last sample.
    last: Duration,
    missing: Vec<Missing>,
    /// Slots of the workload without a sample: the first one, and their number.
    holes: Vec<(u64, u64)>,
    /// Failed samples that are not yet counted as holes.
    failed: u64,
}

/// A stage at rest.
#[derive(Debug, Default)]
struct RestStage {
    span: Span,
    /// Times of its settled samples.
    taken: Vec<Duration>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Span {
    from: Duration,
    to: Duration,
}

/// Samples that were due between two instants and are missing.
#[derive(Debug, Clone, Copy)]
struct Missing {
    span: Span,
    count: u32,
    /// Reported by a sample of the workload, so their slots are counted as holes already.
    has_slots: bool,
}

impl Coverage {
    /// Creates the coverage of a workload that is sampled after each iteration, or by the clock.
    pub(super) fn new(settled_only: bool) -> Coverage {
        Coverage { settled_only, ..Coverage::default() }
    }

    /// Begins a stage, and ends the one before.
    pub(super) fn begin(&mut self, stage: Stage, at: Duration) {
        self.end(at);
        self.stage = Some(stage);
        if let Some(span) = self.span() {
            *span = Span { from: at, to: at };
        }
    }

    /// Ends the current stage at `at`.
    pub(super) fn end(&mut self, at: Duration) {
        if let Some(span) = self.span() {
            span.to = at;
        }
    }

    fn span(&mut self) -> Option<&mut Span> {
        match self.stage? {
            Stage::LeadIn => Some(&mut self.lead_in.span),
            Stage::Workload => Some(&mut self.workload),
            Stage::CoolDown => Some(&mut self.cool_down.span),
            Stage::SecondLook | Stage::Teardown => None,
        }
    }

    /// Records a sample, and the ticks missed before it.
    pub(super) fn sample(&mut self, info: SampleInfo) {
        if info.missed > 0 {
            let span = Span { from: self.last, to: info.at };
            let has_slots = self.stage == Some(Stage::Workload);
            self.missing.push(Missing { span, count: info.missed, has_slots });
        }
        self.last = info.at;
        match self.stage {
            Some(Stage::LeadIn) if info.settled => self.lead_in.taken.push(info.at),
            Some(Stage::CoolDown) if info.settled => self.cool_down.taken.push(info.at),
            _ => {}
        }
    }

    /// Records a sample that could not be read.
    pub(super) fn gap(&mut self, at: Duration) {
        match self.stage {
            Some(Stage::LeadIn | Stage::CoolDown) => {
                self.missing.push(Missing { span: Span { from: at, to: at }, count: 1, has_slots: false });
            }
            Some(Stage::Workload) => self.failed += 1,
            Some(Stage::SecondLook | Stage::Teardown) | None => {}
        }
    }

    /// Records `count` slots from `slot` on that have no sample.
    pub(super) fn hole(&mut self, slot: u64, count: u64) {
        if count > 0 {
            self.holes.push((slot, count));
        }
        self.failed = 0;
    }

    /// Records `passed` iterations without a sample. An imported log may count several iterations for each sample, so
    /// only iterations with a failed sample are missing.
    pub(super) fn iterations(&mut self, slot: u64, passed: u64) {
        self.hole(slot, passed.min(self.failed));
    }

    /// The doubts about a workload of `slots` slots, of which the first `warm_up` are its warm-up.
    pub(super) fn doubts(&self, warm_up: u64, slots: u64) -> Doubts {
        let lead_in = self.at_rest(&self.lead_in).and_then(|counts| counts.doubt("in the late half of the lead-in"));
        let cool_down =
            self.at_rest(&self.cool_down).and_then(|counts| counts.doubt("in the late half of the cool-down"));
        Doubts {
            growth: lead_in.or_else(|| cool_down.clone()),
            bytes: cool_down,
            rate: self.at_work(warm_up, slots).doubt("after the warm-up"),
            damage: None,
        }
    }

    /// Counts samples in the late half, the basis of a settled level; `None` if none is missing there.
    fn at_rest(&self, rest: &RestStage) -> Option<SampleCounts> {
        let late = Span { from: (rest.span.from + rest.span.to) / 2, ..rest.span };
        let missing: f64 = self.missing.iter().map(|missing| missing.within(late)).sum();
        let taken = rest.taken.iter().filter(|at| **at >= late.from).count() as u64;
        let missing = missing.round() as u64;
        (missing > 0).then_some(SampleCounts { taken, due: taken + missing })
    }

    fn at_work(&self, warm_up: u64, slots: u64) -> SampleCounts {
        // Ticks missed at the end of the workload are recorded by the first sample after it.
        let later = self.missing.iter().filter(|missing| !self.settled_only && !missing.has_slots);
        let later = later.map(|missing| missing.within(self.workload)).sum::<f64>().round() as u64;
        let holes = self.holes.iter().map(|(slot, count)| (slot + count).saturating_sub(warm_up.max(*slot)));
        let after = slots.saturating_sub(warm_up);
        SampleCounts { taken: after.saturating_sub(holes.sum()), due: after + later }
    }
}

impl Missing {
    /// The number of them due in `span`, if they were evenly spaced.
    fn within(&self, span: Span) -> f64 {
        let (from, to) = (self.span.from.max(span.from), self.span.to.min(span.to));
        let length = self.span.to.saturating_sub(self.span.from);
        let share = match length.is_zero() {
            true => f64::from(u8::from(from <= to)),
            false => to.saturating_sub(from).div_duration_f64(length),
        };
        share * f64::from(self.count)
    }
}

/// Samples taken, and samples due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SampleCounts {
    pub(super) taken: u64,
    pub(super) due: u64,
}

impl SampleCounts {
    /// Whether too few samples were taken.
    pub(super) fn are_too_few(self) -> bool {
        (self.taken as f64) < NEEDED_SHARE * self.due as f64
    }

    /// A doubt if too few samples were taken.
    pub(super) fn doubt(self, place: &str) -> Option<String> {
        let [taken, due] = [self.taken, self.due].map(grouped);
        self.are_too_few().then(|| {
            format!(
                "only {taken} of {due} samples {place} were taken (the machine was too busy, or the pool table could not be read)"
            )
        })
    }
}

/// Formats a number with separators: `1,500`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests;
