//! All tags of a run, sample by sample: one pass, in bounded memory.
//!
//! Thousands of tags are sampled together, so they are kept by column: what every sample changes lies side by side, tag
//! after tag, and a block which is full is a column of every tag's trough. A processor then reads ahead of the pass, and
//! nothing is looked for in memory.

use super::counter::{Counter, Sample};
use super::flow::{Flow, LEARNED_FROM};
use super::history::History;
use super::merging::{Merge, Merging, tells_apart};
use super::rest::Rest;
use super::trough::Trough;
use super::troughs::Troughs;
use crate::pool::{Counters, Usage};
use crate::record::Stage;

/// Room for tags which appear late: they are few, and a column holds every tag.
const ROOM: usize = 64;

/// Rows which are read together.
const TILE: usize = 64;

/// The tags of a run so far, each in its row. Every sample of the workload is a slot; so is a sample that was missed there.
#[derive(Debug, Clone)]
pub struct Histories {
    now: Vec<Now>,
    /// Of the current block, once that has begun.
    low: Vec<Trough>,
    kept: Vec<Kept>,
    work: Merging<Vec<Trough>>,
}

/// What every sample changes.
#[derive(Debug, Clone)]
struct Now {
    counter: Counter,
    flow: Flow,
    /// Slots with a sample.
    present: u32,
    /// `flow` is being learned.
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
        Histories { now: Vec::new(), low: Vec::new(), kept: Vec::new(), work: Merging::after(0, Vec::new()) }
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
        if self.work.has_begun() {
            self.low.push(Trough::default());
        }
        let learning = can_learn(slots);
        let flow = if learning { Flow::LEARNING } else { Flow::default() };
        self.now.push(Now { counter: Counter::new(counters), flow, present: slots as u32, learning, gone: false });
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
        self.begin_block();
        self.end_slot();
    }

    fn at_work(&mut self, usages: &[Option<Usage>]) {
        self.begin_block();
        // Thousands of times a second, and next to none of them anew: so those wait until the others are done.
        let mut anew = Vec::new();
        // Which of two is lower nobody can guess. In a loop which does nothing else a processor need not, and so many rows
        // stay in its nearest memory until then.
        let mut latest = [Trough::HOLE; TILE];
        let tiles = self.now.chunks_mut(TILE).zip(self.low.chunks_mut(TILE)).zip(usages.chunks(TILE));
        for (tile, ((now, low), usages)) in tiles.enumerate() {
            for (at, ((now, usage), latest)) in now.iter_mut().zip(usages).zip(&mut latest).enumerate() {
                let (sample, back) = now.read(*usage);
                if back {
                    anew.push((tile * TILE + at, sample));
                }
                *latest = sample.map_or(Trough::HOLE, |sample| now.add(sample));
            }
            low.iter_mut().zip(&latest[..usages.len()]).for_each(|(low, latest)| low.merge(latest));
        }
        for (row, sample) in anew {
            self.forget(Stage::Workload, row);
            self.low[row] = sample.map_or(Trough::HOLE, |sample| self.now[row].add(sample));
        }
        self.end_slot();
    }

    fn begin_block(&mut self) {
        if !self.work.has_begun() {
            self.low.clear();
            self.low.resize(self.now.len(), Trough::HOLE);
        }
    }

    fn end_slot(&mut self) {
        let low = &mut self.low;
        self.work.slot(|spare| std::mem::replace(low, spare));
        let slots = self.work.slots() as usize;
        if tells_apart(slots as u64) {
            for row in 0..self.now.len() {
                if self.now[row].learning && self.kept[row].learns_from + LEARNED_FROM == slots {
                    self.learn(row);
                }
            }
        }
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
            let now = &self.now[row];
            let flow = if now.learning { Flow::default() } else { now.flow };
            let trough = flow.trough(sample);
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
                self.low.get_mut(row).into_iter().for_each(|low| *low = Trough::HOLE);
                now.present = 0;
                if now.learning && !can_learn(slots) {
                    (now.flow, now.learning) = (Flow::default(), false);
                }
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
    fn add(&mut self, sample: Sample) -> Trough {
        self.present += 1;
        self.flow.trough(sample)
    }
}

/// A tag's flow is learned as long as each slot has a block of its own.
fn can_learn(from: u64) -> bool {
    tells_apart(from + LEARNED_FROM as u64)
}

#[cfg(test)]
mod tests;
