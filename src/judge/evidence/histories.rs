//! All tags of a run, sample by sample: one pass, in bounded memory.
//!
//! Thousands of tags are sampled together, so they are kept by column: what every sample changes lies side by side, tag
//! after tag, and a block which is full is a column of every tag's trough. A processor then reads ahead of the pass, and
//! nothing is looked for in memory.

use super::counter::{Counter, Sample};
use super::flow::{Flow, LEARNED_FROM};
use super::history::History;
use super::merging::{Merging, tells_apart};
use super::rest::Rest;
use super::trough::Trough;
use super::troughs::Troughs;
use crate::pool::{Counters, Usage};
use crate::record::Stage;

/// Room for tags which appear late: they are few, and a column holds every tag.
const ROOM: usize = 64;

/// The tags of a run so far, each in its row. Every sample of the workload is a slot; so is a sample that was missed there.
#[derive(Debug, Clone)]
pub struct Histories {
    now: Vec<Now>,
    kept: Vec<Kept>,
    work: Merging<Vec<Trough>>,
}

/// What every sample changes.
#[derive(Debug, Clone)]
struct Now {
    counter: Counter,
    /// Of the current block.
    low: Trough,
    flow: Flow,
    /// Slots with a sample.
    present: u32,
    /// As long as `flow` is learned, what was allocated stands in place of objects without those in flight.
    learning: bool,
    gone: bool,
}

/// What few samples touch.
#[derive(Debug, Clone, Default)]
struct Kept {
    before: Rest,
    after: Rest,
    reset: Option<u64>,
    /// The slot from which the flow is learned.
    learns_from: usize,
}

impl Default for Histories {
    fn default() -> Histories {
        Histories { now: Vec::new(), kept: Vec::new(), work: Merging::after(0, Vec::new()) }
    }
}

impl Histories {
    /// One tag alone, which appears once the workload has gone on for `slots`.
    pub fn of_one(counters: Counters, slots: u64) -> Histories {
        let mut histories = Histories { work: Merging::after(slots, Vec::new()), ..Histories::default() };
        histories.add(counters);
        histories
    }

    /// Adds a row for a tag. One which appears while the workload goes on held nothing before.
    pub fn add(&mut self, counters: Counters) {
        let slots = self.work.slots();
        for column in self.work.blocks_mut() {
            if column.len() == column.capacity() {
                column.reserve_exact(ROOM);
            }
            column.push(Trough::default());
        }
        self.now.push(Now {
            counter: Counter::new(counters),
            low: if self.work.has_begun() { Trough::default() } else { Trough::HOLE },
            flow: Flow::default(),
            present: slots as u32,
            learning: can_learn(slots),
            gone: false,
        });
        self.kept.push(Kept { learns_from: slots as usize, ..Kept::default() });
    }

    /// Adds a sample of every tag, one after the other; `None` where the kernel's table did not have the tag.
    pub fn sample(&mut self, stage: Stage, usages: &[Option<Usage>]) {
        match stage {
            Stage::LeadIn | Stage::CoolDown => self.at_rest(stage, usages),
            Stage::Workload => self.at_work(usages),
            Stage::SecondLook | Stage::Teardown => {}
        }
    }

    /// Adds a slot of the workload for which there is no sample of anything.
    pub fn miss(&mut self) {
        let now = &mut self.now;
        self.work.slot(|mut column| {
            column.clear();
            column.extend(now.iter_mut().map(|now| std::mem::replace(&mut now.low, Trough::HOLE)));
            column
        });
        let slots = self.work.slots() as usize;
        if tells_apart(slots as u64) {
            for row in 0..self.now.len() {
                if self.now[row].learning && self.kept[row].learns_from + LEARNED_FROM == slots {
                    self.learn(row);
                }
            }
        }
    }

    fn at_work(&mut self, usages: &[Option<Usage>]) {
        // Thousands of times a second, and next to none of them anew: so those wait until the others are done.
        let mut anew = Vec::new();
        for (row, (now, usage)) in self.now.iter_mut().zip(usages).enumerate() {
            match now.read(*usage) {
                (sample, true) => anew.push((row, sample)),
                (Some(sample), false) => now.add(sample),
                (None, false) => {}
            }
        }
        for (row, sample) in anew {
            self.forget(Stage::Workload, row);
            sample.into_iter().for_each(|sample| self.now[row].add(sample));
        }
        self.miss();
    }

    fn at_rest(&mut self, stage: Stage, usages: &[Option<Usage>]) {
        for (row, usage) in usages.iter().enumerate().take(self.now.len()) {
            let (sample, anew) = self.now[row].read(*usage);
            if anew {
                self.forget(stage, row);
            }
            let Some(sample) = sample else { continue };
            if stage == Stage::CoolDown && self.now[row].learning {
                self.learn(row);
            }
            let trough = self.now[row].flow.trough(sample);
            let kept = &mut self.kept[row];
            if stage == Stage::LeadIn { kept.before.push(trough) } else { kept.after.push(trough) }
        }
    }

    /// The counters began anew: nothing before can be compared with what follows.
    #[cold]
    fn forget(&mut self, stage: Stage, row: usize) {
        let slots = self.work.slots();
        let (now, kept) = (&mut self.now[row], &mut self.kept[row]);
        kept.before = Rest::default();
        match stage {
            Stage::LeadIn => {}
            Stage::Workload => {
                self.work.blocks_mut().iter_mut().for_each(|column| column[row] = Trough::HOLE);
                (now.low, now.present) = (Trough::HOLE, 0);
                now.learning &= can_learn(slots);
                (kept.learns_from, kept.reset) = (slots as usize, Some(slots));
            }
            Stage::CoolDown | Stage::SecondLook | Stage::Teardown => {
                (kept.after, kept.reset) = (Rest::default(), Some(slots));
            }
        }
    }

    /// From now on what is in flight is taken out, and from what has been learned from too.
    fn learn(&mut self, row: usize) {
        let columns = self.work.blocks_mut().get_mut(self.kept[row].learns_from..).unwrap_or_default();
        let mut samples: Vec<Trough> = columns.iter().map(|column| column[row]).collect();
        self.now[row].flow = Flow::taken_out_of(&mut samples);
        self.now[row].learning = false;
        columns.iter_mut().zip(samples).for_each(|(column, sample)| column[row] = sample);
    }

    /// Slots of the workload so far.
    pub fn slots(&self) -> u64 {
        self.work.slots()
    }

    /// What is known of the tag in `row`.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn of(&self, row: usize) -> History {
        let (now, kept) = (&self.now[row], &self.kept[row]);
        let mut work = self.work.map(|column| column[row]);
        let flow = match now.learning {
            true => Flow::taken_out_of(work.blocks_mut().get_mut(kept.learns_from..).unwrap_or_default()),
            false => now.flow,
        };
        History {
            work: Troughs::of(work),
            flow,
            before: kept.before.clone(),
            after: kept.after.clone(),
            present: u64::from(now.present),
            gone: now.gone,
            reset: kept.reset,
        }
    }
}

impl Now {
    /// What the counters say, if the tag is there, and whether they began anew.
    #[inline]
    fn read(&mut self, usage: Option<Usage>) -> (Option<Sample>, bool) {
        self.gone = usage.is_none();
        match usage {
            Some(usage) => {
                let (sample, back) = self.counter.read(usage);
                (Some(sample), back)
            }
            // A cache which comes back is another cache of that name; a pool tag stays in the kernel's table for ever, so
            // where that is not to be seen, only a line of what was written down is missing.
            None => (None, self.counter.is_in_use()),
        }
    }

    #[inline]
    fn add(&mut self, sample: Sample) {
        self.present += 1;
        let trough = if self.learning { sample.unadjusted() } else { self.flow.trough(sample) };
        self.low = self.low.lower(trough);
    }
}

/// A tag's flow is learned as long as each slot has a block of its own.
fn can_learn(from: u64) -> bool {
    tells_apart(from + LEARNED_FROM as u64)
}

#[cfg(test)]
mod tests;
