//! One pass through a recording: the series of each tag, and of several tags together.
//!
//! A tag counts as zero before it first appears, because a kernel lists every tag that ever allocated. A tag that
//! disappears again (its driver's cache was destroyed) is marked absent, which is not zero.

use std::time::Duration;

use super::JudgeError;
use super::clock::SlotClock;
use super::completeness::Completeness;
use super::coverage::Coverage;
use super::doubts::Doubts;
use super::evidence::{Extension, Histories, History};
use super::kernel::KernelFindings;
use super::left::LeftAfterTeardown;
use super::look::MeasuredLook;
use super::overflow::Overflow;
use super::sums::Sum;
use super::tables::{self, LogTables};
use super::witness::Witness;
use crate::counted::counted;
use crate::pool::{Key, Survivors, Usage};
use crate::record::{Event, Mark, Recording, SampleInfo, Seal, SecondLook, Stage};
use crate::scenario::{Plan, Scenario};

mod levels;
mod totals;

/// The most slots that count as missed at once. With more, the machine was asleep.
const MOST_MISSED: u64 = 4096;

/// The data of a recording, tag by tag.
#[derive(Default)]
pub(super) struct Measured {
    keys: Vec<Key>,
    histories: Histories,
    sums: Vec<Sum>,
    clock: SlotClock,
    coverage: Coverage,
    looks: Vec<MeasuredLook>,
    /// The last settled sample after teardown.
    torn_down: Option<Vec<Option<Usage>>>,
    /// Number of settled samples of lead-in and cool-down.
    rested: (u64, u64),
    stage: Option<Stage>,
    began: Duration,
    iterations: u64,
    /// Iterations at the last slot.
    seen: u64,
    settled_only: bool,
    gaps: u64,
    missed: u64,
    damaged: u64,
    /// The recording has stages at rest.
    staged: bool,
    /// The amounts of a log without such stages.
    tables: Option<LogTables>,
    finished: bool,
    seal: Seal,
    overflow: Overflow,
    shown: Completeness,
    pub(super) kernel: KernelFindings,
    witness: Witness,
    pub(super) survivors: Option<Survivors>,
}

/// Reads the whole recording.
pub(super) fn read(scenario: &Scenario, recording: &Recording) -> Measured {
    // Samples from the middle of an iteration show memory in flight, not memory that is left.
    let settled_only = matches!(scenario.workload.plan, Plan::Iterations { .. });
    let mut measured = Measured {
        sums: Sum::all(scenario),
        clock: SlotClock::new(scenario.workload.warm_up),
        coverage: Coverage::new(settled_only),
        settled_only,
        seal: recording.sealed().clone(),
        ..Measured::default()
    };
    let mut events = recording.events();
    while let Some(event) = events.next() {
        match event {
            Event::Sample { info, snapshot } => measured.sample(info, snapshot.keys(), snapshot.usages()),
            Event::Mark { at, mark } => measured.mark(at, mark),
            Event::Damaged { .. } => measured.damaged += 1,
            Event::End { at } => {
                measured.finished = true;
                measured.coverage.end(at);
            }
        }
    }
    if !measured.staged {
        measured.tables = Some(tables::read(recording, &measured.keys, &measured.sums));
    }
    measured
}

impl Measured {
    fn mark(&mut self, at: Duration, mark: Mark) {
        match mark {
            Mark::Stage(stage) => {
                (self.stage, self.began) = (Some(stage), at);
                self.staged |= stage != Stage::Workload;
                self.coverage.begin(stage, at);
            }
            Mark::Iteration(iterations) => self.iterations = iterations,
            Mark::Gap { .. } => {
                self.gaps += 1;
                self.coverage.gap(at);
                if self.stage == Some(Stage::Workload) && !self.settled_only {
                    self.coverage.hole(self.clock.slots(), 1);
                    self.miss(1);
                }
            }
            Mark::Incomplete(incomplete) => self.shown.mark(incomplete),
            Mark::SecondLook(plan) => self.look_again(plan),
            Mark::Survivors(survivors) => self.survivors = Some(survivors),
            Mark::Kernel(report) => self.kernel = KernelFindings::new(report),
            Mark::Block { number, work } => {
                self.looks.last_mut().into_iter().for_each(|look| look.block(number, work));
            }
        }
    }

    fn sample(&mut self, info: SampleInfo, keys: &[Key], usages: &[Option<Usage>]) {
        self.missed += u64::from(info.missed);
        self.overflow.sample(keys, usages);
        self.shown.sample(usages);
        self.witness.sample(keys, usages);
        self.coverage.sample(info);
        match self.stage {
            Some(Stage::LeadIn) if info.settled => {
                self.rested.0 += 1;
                self.add(Stage::LeadIn, keys, usages);
            }
            Some(Stage::Workload) if info.settled || !self.settled_only => {
                // An iteration without a sample still has its slot.
                let slot = self.clock.slots();
                let missed = if self.settled_only {
                    let passed = self.iterations.saturating_sub(self.seen + 1);
                    self.coverage.iterations(slot, passed);
                    passed
                } else {
                    let missed = u64::from(info.missed).min(MOST_MISSED);
                    self.coverage.hole(slot, missed);
                    missed
                };
                self.miss(missed.min(MOST_MISSED));
                self.seen = self.iterations;
                self.add(Stage::Workload, keys, usages);
                self.clock.push(info.at - self.began.min(info.at), self.iterations);
            }
            Some(Stage::CoolDown) if info.settled => {
                self.rested.1 += 1;
                self.add(Stage::CoolDown, keys, usages);
            }
            Some(Stage::SecondLook) if info.settled => {
                let done = self.iterations.saturating_sub(self.seen);
                self.seen = self.iterations;
                if let Some(look) = self.looks.last_mut() {
                    look.sample(done, &self.sums, keys, usages);
                }
            }
            Some(Stage::Teardown) if info.settled => {
                self.know(keys);
                self.torn_down = Some(usages.to_vec());
            }
            Some(Stage::LeadIn | Stage::Workload | Stage::CoolDown | Stage::SecondLook | Stage::Teardown) | None => {}
        }
    }

    fn miss(&mut self, slots: u64) {
        for _ in 0..slots {
            self.histories.miss();
            self.sums.iter_mut().for_each(Sum::miss);
        }
        self.clock.miss(slots);
    }

    fn know(&mut self, keys: &[Key]) {
        for key in &keys[self.keys.len()..] {
            let row = self.keys.len();
            self.sums.iter_mut().for_each(|sum| sum.meet(row, key, self.clock.slots()));
            self.keys.push(key.clone());
            self.histories.add(key.counters);
        }
    }

    fn add(&mut self, stage: Stage, keys: &[Key], usages: &[Option<Usage>]) {
        self.know(keys);
        self.histories.sample(stage, usages);
        self.sums.iter_mut().for_each(|sum| sum.sample(stage, keys, usages));
    }

    fn look_again(&mut self, plan: SecondLook) {
        let rows = plan.candidates.iter().filter_map(|key| self.keys.iter().position(|known| known == key));
        let tags = rows.map(|row| (row, Extension::new(&plan, self.keys[row].counters, &self.histories.history(row))));
        let sums = self
            .sums
            .iter()
            .enumerate()
            .filter_map(|(at, sum)| Some((at, sum.extended(&plan, &self.keys, &self.histories)?)));
        let (tags, sums) = (tags.collect(), sums.collect());
        self.looks.push(MeasuredLook::new(plan, tags, sums));
    }

    /// Checks that the recording has its end, is unchanged and has samples of the workload, and that the kernel had no
    /// fault.
    pub(super) fn is_complete(&self) -> Result<(), JudgeError> {
        match (self.finished, self.clock.slots()) {
            (false, _) => Err(JudgeError::Unfinished),
            // Damage breaks the seal too. The undamaged part is then judged, but no threshold is certainly held.
            (true, _) if self.seal == Seal::Broken && self.damaged == 0 => Err(JudgeError::Changed),
            (true, 0) => Err(JudgeError::NotMeasured),
            (true, _) => self.kernel.is_sound(),
        }
    }

    /// Why the recording as a whole allows no verdict.
    pub(super) fn doubts(&self) -> Doubts {
        let doubts = self.coverage.doubts(self.clock.window().warm_up, self.clock.slots());
        doubts.with_damage(self.damaged > 0).of_tables(self.tables.as_ref().map(LogTables::count))
    }

    /// Why a second look does not count, if one does not.
    pub(super) fn thin_look(&self) -> Option<String> {
        self.looks.iter().find_map(MeasuredLook::thin)
    }

    fn sound_looks(&self) -> impl Iterator<Item = &MeasuredLook> {
        self.looks.iter().filter(|look| look.thin().is_none())
    }

    /// All tags, by row.
    pub(super) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The history of the tag in `row`.
    pub(super) fn history(&self, row: usize) -> History {
        self.histories.history(row)
    }

    /// Every sum that has a tag, with its index and history.
    pub(super) fn sums(&self) -> impl Iterator<Item = (usize, &Sum, History)> {
        let sums = self.sums.iter().enumerate();
        sums.filter_map(|(at, sum)| Some((at, sum, self.history_of_sum(sum)?)))
    }

    /// The second looks, in order.
    pub(super) fn looks(&self) -> &[MeasuredLook] {
        &self.looks
    }

    /// The samples of the tag in `row` in all second looks that count.
    pub(super) fn looks_at(&self, row: usize) -> Vec<Extension> {
        let seen = self.sound_looks().filter_map(|look| look.tags.iter().find(|(looked_at, _)| *looked_at == row));
        seen.map(|(_, extension)| extension.clone()).collect()
    }

    /// The samples of a sum in all second looks that count.
    pub(super) fn looks_at_sum(&self, at: usize) -> Vec<Extension> {
        let seen = self.sound_looks().filter_map(|look| look.sums.iter().find(|(looked_at, _)| *looked_at == at));
        seen.filter_map(|(_, extended)| extended.together()).collect()
    }

    /// The bytes of the tag in `row` that are left after teardown.
    pub(super) fn left_of(&self, row: usize) -> LeftAfterTeardown {
        let sampled = self.torn_down.as_ref().map(|usages| usages.get(row).copied().flatten());
        sampled.map_or(LeftAfterTeardown::NotSampled, left)
    }

    /// The times of the slots.
    pub(super) fn clock(&self) -> &SlotClock {
        &self.clock
    }

    /// Whether the kernel ran out of room for tags.
    pub(super) fn overflowed(&self) -> bool {
        self.overflow.moved()
    }

    /// Notes on gaps, damage and other flaws of the recording.
    pub(super) fn notes(&self) -> Vec<String> {
        let notes = [
            (self.gaps, "sample could not be read and is missing", "samples could not be read and are missing"),
            (self.missed, "tick of the sampling clock has no sample", "ticks of the sampling clock have no sample"),
            (self.damaged, "damaged part of the recording is missing", "damaged parts of the recording are missing"),
        ];
        let notes = notes.into_iter().filter(|(count, ..)| *count > 0);
        let notes = notes.map(|(count, one, several)| counted(count, one, several));
        let unsealed = (self.seal == Seal::None).then(|| {
            "an early poolgate wrote the recording without a seal, so later changes to it cannot be detected".to_owned()
        });
        notes.chain(self.overflow.note()).chain(unsealed).chain(self.apart()).collect()
    }
}

fn left(usage: Option<Usage>) -> LeftAfterTeardown {
    usage.map_or(LeftAfterTeardown::Gone, |usage| LeftAfterTeardown::Bytes(usage.bytes))
}
