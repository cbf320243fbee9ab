//! All tags of a run, sample by sample: one pass, in bounded memory.
//!
//! Thousands of tags are sampled together, so they are stored by column: the fields that every sample changes are
//! adjacent, tag after tag, and a full block is a column of every tag's trough. A processor can then read ahead, and
//! nothing is looked up.

use std::collections::BTreeSet;

use self::row::{Now, RareState};
use self::tile::{ROWS, Tile};
use super::counter::Counter;
use super::flow::{Flow, LEARNED_FROM};
use super::history::History;
use super::merging::{Merging, keeps_each_slot};
use super::rest::RestSamples;
use super::trough::Trough;
use super::troughs::Troughs;
use crate::pool::{Counters, Usage};
use crate::record::Stage;

mod row;
mod tile;

/// Spare room for tags that appear late. They are few, and every column holds all tags.
const ROOM: usize = 64;

/// The tags of a run so far, one in each row. Each sample of the workload is a slot; so is a missed one.
#[derive(Debug, Clone)]
pub struct Histories {
    now: Vec<Now>,
    /// The troughs of the current block, once it has begun.
    low: Vec<Trough>,
    kept: Vec<RareState>,
    work: Merging<Vec<Trough>>,
    /// Slots at the end of which a flow has been learned.
    learned: BTreeSet<usize>,
    /// Number of samples so far, at rest and at work.
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
    /// One tag alone, which appears after `slots` slots of the workload.
    pub fn of_one(counters: Counters, slots: u64) -> Histories {
        let mut histories = Histories { work: Merging::after(slots, Vec::new()), ..Histories::default() };
        histories.add(counters);
        histories
    }

    /// Adds a row for a tag. A tag that appears during the workload held nothing before.
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
        self.kept.push(RareState::default());
        self.begin_to_learn(self.now.len() - 1);
    }

    /// Adds a sample of every tag, in the order of rows; `None` if the kernel's table did not have the tag.
    pub fn sample(&mut self, stage: Stage, usages: &[Option<Usage>]) {
        match stage {
            Stage::LeadIn | Stage::CoolDown => self.at_rest(stage, usages),
            Stage::Workload => self.at_work(usages),
            Stage::SecondLook | Stage::Teardown => {}
        }
    }

    /// Adds a slot of the workload without any sample.
    pub fn miss(&mut self) {
        self.begin_block();
        self.kept.iter_mut().for_each(|kept| kept.absent += 1);
        self.end_slot();
    }

    fn at_work(&mut self, usages: &[Option<Usage>]) {
        self.samples += 1;
        self.begin_block();
        // This loop runs thousands of times a second, and almost no row is odd. So odd rows wait until the others are
        // done.
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

    /// Handles a row with an absent tag, or with counters that began anew.
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

    /// A cache that comes back is another cache of that name. A pool tag stays in the kernel's table for ever, so if it
    /// is absent, only its line is missing in the log.
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

    /// Forgets the samples before the counters began anew, because later ones cannot be compared with them.
    #[cold]
    fn forget(&mut self, stage: Stage, row: usize) {
        let slots = self.work.slots();
        let kept = &mut self.kept[row];
        kept.before = RestSamples::default();
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
                (kept.after, kept.reset) = (RestSamples::default(), Some(slots));
            }
        }
    }

    /// Starts learning a flow from the next slots, as long as each of them has a block of its own.
    fn begin_to_learn(&mut self, row: usize) {
        let from = self.work.slots() as usize;
        let until = from + LEARNED_FROM;
        let learning = keeps_each_slot(until as u64);
        self.now[row].flow = if learning { Flow::LEARNING } else { Flow::default() };
        (self.kept[row].learning, self.kept[row].learns_from) = (learning, from);
        if learning {
            self.learned.insert(until);
        }
    }

    /// Ends learning: objects in flight are removed from now on, and from the samples learned from.
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

    /// The history of the tag in `row`.
    ///
    /// # Panics
    /// When there is no such row.
    pub fn history(&self, row: usize) -> History {
        let (now, kept) = (&self.now[row], &self.kept[row]);
        let mut work = self.work.map(|column| column[row]);
        let flow = match kept.learning {
            true => Flow::taken_out_of(work.blocks_mut().get_mut(kept.learns_from..).unwrap_or_default()),
            false => now.flow,
        };
        History {
            work: Troughs::from_merging(work),
            flow,
            before: kept.before.clone(),
            after: kept.after.clone(),
            present: self.work.slots() - kept.absent,
            gone: kept.last_absent == self.samples && self.samples > 0,
            reset: kept.reset,
        }
    }
}

/// A function of its own, because all registers of its caller are in use.
#[cold]
#[inline(never)]
fn put_aside(odd: &mut Vec<usize>, row: usize) {
    odd.push(row);
}

#[cfg(test)]
mod tests;
