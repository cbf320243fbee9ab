//! One tag's figures from lead-in to cool-down, in bounded memory and in one pass.

use std::borrow::Cow;

use super::counter::{Counter, Sample};
use super::flow::{Flow, LEARNED_FROM};
use super::rest::Rest;
use super::troughs::{Trough, Troughs};
use crate::pool::{Counters, Usage};
use crate::record::Stage;

/// One tag's figures so far. Every sample of the workload is a slot; so is a sample that was missed there.
#[derive(Debug, Clone)]
pub struct History {
    counter: Counter,
    flow: Flow,
    /// As long as `flow` is learned, what was allocated stands in place of objects without those in flight.
    work: Troughs,
    /// The slot from which `flow` is learned, until it is.
    learning: Option<u32>,
    /// Slots with a sample.
    present: u64,
    gone: bool,
    rare: Box<Rare>,
}

/// What most samples do not touch, kept apart so that thousands of tags fit a processor's cache.
#[derive(Debug, Clone, Default)]
struct Rare {
    before: Rest,
    after: Rest,
    reset: Option<u64>,
}

impl History {
    /// A tag that is there from the beginning.
    pub fn new(counters: Counters) -> History {
        History::appearing_after(counters, 0)
    }

    /// A tag which appears once the workload has gone on for `slots`: it held nothing before.
    pub fn appearing_after(counters: Counters, slots: u64) -> History {
        History {
            counter: Counter::new(counters),
            flow: Flow::default(),
            work: Troughs::after_nothing(slots),
            learning: Troughs::tells_apart(slots + LEARNED_FROM as u64).then_some(slots as u32),
            present: slots,
            gone: false,
            rare: Box::default(),
        }
    }

    /// Adds a sample; `None` when the kernel's table did not have the tag.
    #[inline]
    pub fn push(&mut self, stage: Stage, usage: Option<Usage>) {
        let Some(usage) = usage else { return self.absent(stage) };
        // Most tags stand still most of the time.
        let known = stage == Stage::Workload && self.learning.is_none() && self.flow.is_none();
        if known && self.counter.stands_at(usage) && self.work.repeat() {
            self.present += 1;
            return;
        }
        self.gone = false;
        let (sample, back) = self.counter.read(usage);
        if back {
            self.forget(stage);
        }
        if stage == Stage::Workload {
            self.present += 1;
            if self.learning.is_some() {
                self.learn(Trough { objects: sample.live, bytes: sample.bytes, adjusted: sample.allocs });
            } else {
                self.work.push(self.trough(sample));
            }
        } else {
            self.rest(stage, sample);
        }
    }

    /// Adds a slot of the workload for which there is no sample of anything.
    pub fn miss(&mut self) {
        if self.learning.is_some() { self.learn(Trough::HOLE) } else { self.work.miss() }
    }

    fn absent(&mut self, stage: Stage) {
        self.gone = true;
        // A cache which comes back is another cache of that name; a pool tag stays in the kernel's table for ever, so where
        // that is not to be seen, only a line of what was written down is missing.
        if self.counter.is_in_use() {
            self.forget(stage);
        }
        if stage == Stage::Workload {
            self.miss();
        }
    }

    /// Keeps a sample with what was allocated, until enough are there to learn from.
    fn learn(&mut self, sample: Trough) {
        self.work.push(sample);
        if self.learning.is_some_and(|from| self.work.slots() == u64::from(from) + LEARNED_FROM as u64) {
            self.learned();
        }
    }

    fn learned(&mut self) {
        let Some(from) = self.learning.take() else { return };
        let samples = self.work.each_from(from as usize);
        self.flow = Flow::learned(samples);
        for sample in samples.iter_mut().filter(|sample| !sample.is_hole()) {
            let (live, bytes, allocs) = (sample.objects, sample.bytes, sample.adjusted);
            sample.adjusted = self.flow.without(Sample { live, bytes, allocs });
        }
    }

    fn rest(&mut self, stage: Stage, sample: Sample) {
        match stage {
            Stage::LeadIn => self.rare.before.push(self.trough(sample)),
            Stage::CoolDown => {
                self.learned();
                self.rare.after.push(self.trough(sample));
            }
            Stage::Workload | Stage::SecondLook | Stage::Teardown => {}
        }
    }

    /// The counters began anew: nothing before can be compared with what follows.
    #[cold]
    fn forget(&mut self, stage: Stage) {
        let slots = self.slots();
        self.rare.before = Rest::default();
        match stage {
            Stage::LeadIn => {}
            Stage::Workload => {
                self.work = Troughs::after_holes(slots);
                let early = self.learning.is_some() && Troughs::tells_apart(slots + LEARNED_FROM as u64);
                self.learning = early.then_some(slots as u32);
                (self.present, self.rare.reset) = (0, Some(slots));
            }
            Stage::CoolDown | Stage::SecondLook | Stage::Teardown => {
                (self.rare.after, self.rare.reset) = (Rest::default(), Some(slots));
            }
        }
    }

    #[inline]
    pub(super) fn trough(&self, sample: Sample) -> Trough {
        Trough { objects: sample.live, bytes: sample.bytes, adjusted: self.flow.without(sample) }
    }

    /// How the level follows what is allocated.
    pub(super) fn flow(&self) -> Flow {
        match self.learning {
            Some(_) => {
                let mut learned = self.clone();
                learned.learned();
                learned.flow
            }
            None => self.flow,
        }
    }

    /// The workload's troughs.
    pub fn work(&self) -> Cow<'_, Troughs> {
        if self.learning.is_none() {
            return Cow::Borrowed(&self.work);
        }
        let mut learned = self.clone();
        learned.learned();
        Cow::Owned(learned.work)
    }

    /// What two tags did together, whose slots are the same.
    pub fn plus(&self, other: &History) -> History {
        History {
            work: self.work().plus(&other.work()),
            learning: None,
            present: self.present.min(other.present),
            gone: self.gone || other.gone,
            rare: Box::new(Rare {
                before: self.before().plus(other.before()),
                after: self.after().plus(other.after()),
                reset: self.reset().max(other.reset()),
            }),
            flow: Flow::default(),
            counter: self.counter.clone(),
        }
    }

    /// Samples of the lead-in.
    pub fn before(&self) -> &Rest {
        &self.rare.before
    }

    /// Samples of the cool-down.
    pub fn after(&self) -> &Rest {
        &self.rare.after
    }

    /// Slots of the workload so far.
    pub fn slots(&self) -> u64 {
        self.work.slots()
    }

    /// Slots of the workload with a sample.
    pub fn present(&self) -> u64 {
        self.present
    }

    /// Whether the kernel's table had no such tag at the last sample.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// The slot at which the counters last went back to the beginning.
    pub fn reset(&self) -> Option<u64> {
        self.rare.reset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(allocs: u64, frees: u64) -> Option<Usage> {
        Some(Usage { allocs, frees, bytes: allocs.wrapping_sub(frees) * 64 })
    }

    fn objects(history: &History, count: usize) -> Vec<i64> {
        let stretch = history.work().split(0, count).unwrap();
        stretch.blocks.iter().map(|block| block.objects).collect()
    }

    #[test]
    fn samples_which_are_still_learned_from_are_in_the_series() {
        let mut history = History::new(Counters::Full64);
        (0..40).for_each(|slot| history.push(Stage::Workload, usage(100 + slot, 0)));
        assert_eq!(objects(&history, 4), [100, 110, 120, 130]);
        (40..80).for_each(|slot| history.push(Stage::Workload, usage(100 + slot, 0)));
        assert_eq!(objects(&history, 4), [100, 120, 140, 160]);
        assert_eq!((history.slots(), history.present()), (80, 80));
    }

    #[test]
    fn a_reset_breaks_the_series_there() {
        let mut history = History::new(Counters::Full64);
        (0..100).for_each(|slot| history.push(Stage::Workload, usage(5000 + slot, 0)));
        (0..100).for_each(|slot| history.push(Stage::Workload, usage(10 + slot, 0)));
        assert_eq!((history.reset(), history.slots(), history.present()), (Some(100), 200, 100));
        let stretch = history.work().split(100, 4).unwrap();
        assert!(stretch.blocks.iter().all(|block| block.objects < 200), "{stretch:?}");
    }

    #[test]
    fn what_stands_still_is_in_every_block_that_it_has_a_sample_in() {
        let mut history = History::new(Counters::Full64);
        for slot in 0..1000 {
            // Missing at the beginning of blocks of every length there is.
            if slot > 100 && slot % 8 == 0 { history.miss() } else { history.push(Stage::Workload, usage(500, 0)) }
        }
        assert_eq!((history.slots(), history.present()), (1000, 888));
        assert!(history.work().all().0.iter().all(|block| block.objects == 500));
    }

    #[test]
    fn a_cache_which_comes_back_is_another_one() {
        let mut history = History::new(Counters::InUse);
        (0..40).for_each(|slot| history.push(Stage::Workload, if slot == 20 { None } else { usage(500, 0) }));
        assert_eq!((history.reset(), history.slots(), history.present()), (Some(20), 40, 19));
    }

    #[test]
    fn an_absent_tag_is_absent_and_not_empty() {
        let mut history = History::new(Counters::Full64);
        for slot in 0..40 {
            history.push(Stage::Workload, if (10..15).contains(&slot) { None } else { usage(500, 0) });
        }
        assert_eq!(objects(&history, 8), [500; 8]);
        assert_eq!((history.slots(), history.present(), history.is_gone()), (40, 35, false));
        history.push(Stage::CoolDown, None);
        assert!(history.is_gone());
    }
}
