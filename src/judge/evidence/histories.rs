//! All tags of a run, sample by sample: one pass, in bounded memory.
//!
//! Thousands of tags are sampled together, so they are kept by column: what every sample changes lies side by side, tag
//! after tag, and a block which is full is a column of every tag's trough. A processor then reads ahead of the pass, and
//! nothing is looked for in memory.

use std::collections::BTreeSet;

use self::row::{Kept, Now};
use self::tile::{ROWS, Tile};
use super::counter::Counter;
use super::flow::{Flow, LEARNED_FROM};
use super::history::History;
use super::merging::{Merging, tells_apart};
use super::rest::Rest;
use super::trough::Trough;
use super::troughs::Troughs;
use crate::pool::{Counters, Usage};
use crate::record::Stage;

mod row;
mod tile;

/// Room for tags which appear late: they are few, and a column holds every tag.
const ROOM: usize = 64;

/// The tags of a run so far, each in its row. Every sample of the workload is a slot; so is a sample that was missed there.
#[derive(Debug, Clone)]
pub struct Histories {
    now: Vec<Now>,
    /// Of the current block, once that has begun.
    low: Vec<Trough>,
    kept: Vec<Kept>,
    work: Merging<Vec<Trough>>,
    /// Slots at whose end a flow has been learned.
    learned: BTreeSet<usize>,
    /// Samples so far, at rest and at work.
    samples: u64,
}

impl Default for Histories {
    fn default() -> Histories {
        let work = Merging::after(0, Vec::new());
        let (now, low, kept) = (Vec::new(), Vec::new(), Vec::new());
        Histories { now, low, kept, work, learned: BTreeSet::new(), samples: 0 }
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
        for column in self.work.blocks_mut() {
            if column.len() == column.capacity() {
                column.reserve_exact(ROOM);
            }
            column.push(Trough::default());
        }
        if self.work.has_begun() {
            self.low.push(Trough::default());
        }
        self.now.push(Now { counter: Counter::new(counters), flow: Flow::default() });
        self.kept.push(Kept::default());
        self.begin_to_learn(self.now.len() - 1);
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
        self.kept.iter_mut().for_each(|kept| kept.absent += 1);
        self.end_slot();
    }

    fn at_work(&mut self, usages: &[Option<Usage>]) {
        self.samples += 1;
        self.begin_block();
        // Thousands of times a second, and next to none of them is odd: so those wait until the others are done.
        let mut odd = Vec::new();
        let mut latest = Tile::new();
        let tiles = self.now.chunks_mut(ROWS).zip(self.low.chunks_mut(ROWS)).zip(usages.chunks(ROWS));
        for (tile, ((now, low), usages)) in tiles.enumerate() {
            for (at, ((now, usage), place)) in now.iter_mut().zip(usages).zip(latest.places()).enumerate() {
                match now.at_work(*usage) {
                    Some(trough) => place.set(trough),
                    None => {
                        place.set(Trough::HOLE);
                        put_aside(&mut odd, tile * ROWS + at);
                    }
                }
            }
            let read = low.len().min(usages.len());
            latest.lower(&mut low[..read]);
        }
        odd.into_iter().for_each(|row| self.odd_at_work(row, usages[row]));
        self.end_slot();
    }

    /// A tag is not there, or its counters began anew.
    #[cold]
    fn odd_at_work(&mut self, row: usize, usage: Option<Usage>) {
        if let Some(usage) = usage {
            self.forget(Stage::Workload, row);
            let now = &mut self.now[row];
            self.low[row] = now.flow.trough(now.counter.first(usage));
        } else {
            self.absent(Stage::Workload, row);
            self.kept[row].absent += 1;
        }
    }

    /// A cache which comes back is another cache of that name; a pool tag stays in the kernel's table for ever, so where that
    /// is not to be seen, only a line of what was written down is missing.
    fn absent(&mut self, stage: Stage, row: usize) {
        if self.now[row].counter.is_in_use() {
            self.forget(stage, row);
        }
        self.kept[row].last_absent = self.samples;
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
        if self.learned.remove(&slots) {
            for row in 0..self.now.len() {
                if self.kept[row].learning && self.kept[row].learns_from + LEARNED_FROM == slots {
                    self.learn(row);
                }
            }
        }
    }

    fn at_rest(&mut self, stage: Stage, usages: &[Option<Usage>]) {
        self.samples += 1;
        for (row, usage) in usages.iter().enumerate().take(self.now.len()) {
            let Some(usage) = usage else {
                self.absent(stage, row);
                continue;
            };
            let sample = self.now[row].counter.read(*usage).unwrap_or_else(|| {
                self.forget(stage, row);
                self.now[row].counter.first(*usage)
            });
            if stage == Stage::CoolDown && self.kept[row].learning {
                self.learn(row);
            }
            let kept = &mut self.kept[row];
            let flow = if kept.learning { Flow::default() } else { self.now[row].flow };
            let trough = flow.trough(sample);
            if stage == Stage::LeadIn { kept.before.push(trough) } else { kept.after.push(trough) }
        }
    }

    /// The counters began anew: nothing before can be compared with what follows.
    #[cold]
    fn forget(&mut self, stage: Stage, row: usize) {
        let slots = self.work.slots();
        let kept = &mut self.kept[row];
        kept.before = Rest::default();
        match stage {
            Stage::LeadIn => {}
            Stage::Workload => {
                self.work.blocks_mut().iter_mut().for_each(|column| column[row] = Trough::HOLE);
                self.low.get_mut(row).into_iter().for_each(|low| *low = Trough::HOLE);
                (kept.absent, kept.reset) = (slots, Some(slots));
                if kept.learning {
                    self.begin_to_learn(row);
                }
            }
            Stage::CoolDown | Stage::SecondLook | Stage::Teardown => {
                (kept.after, kept.reset) = (Rest::default(), Some(slots));
            }
        }
    }

    /// A flow is learned from the next slots, as long as each of them has a block of its own.
    fn begin_to_learn(&mut self, row: usize) {
        let from = self.work.slots() as usize;
        let until = from + LEARNED_FROM;
        let learning = tells_apart(until as u64);
        self.now[row].flow = if learning { Flow::LEARNING } else { Flow::default() };
        (self.kept[row].learning, self.kept[row].learns_from) = (learning, from);
        if learning {
            self.learned.insert(until);
        }
    }

    /// From now on what is in flight is taken out, and from what has been learned from too.
    fn learn(&mut self, row: usize) {
        let columns = self.work.blocks_mut().get_mut(self.kept[row].learns_from..).unwrap_or_default();
        let mut samples: Vec<Trough> = columns.iter().map(|column| column[row]).collect();
        self.now[row].flow = Flow::taken_out_of(&mut samples);
        self.kept[row].learning = false;
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
        let flow = match kept.learning {
            true => Flow::taken_out_of(work.blocks_mut().get_mut(kept.learns_from..).unwrap_or_default()),
            false => now.flow,
        };
        History {
            work: Troughs::of(work),
            flow,
            before: kept.before.clone(),
            after: kept.after.clone(),
            present: self.work.slots() - kept.absent,
            gone: kept.last_absent == self.samples && self.samples > 0,
            reset: kept.reset,
        }
    }
}

/// Not in its caller, whose registers are all taken.
#[cold]
#[inline(never)]
fn put_aside(odd: &mut Vec<usize>, row: usize) {
    odd.push(row);
}

#[cfg(test)]
mod tests;
