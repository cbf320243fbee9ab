//! The samples of one tag in a second look.

use super::counter::Counter;
use super::flow::Flow;
use super::history::History;
use super::troughs::{Trough, Troughs};
use crate::pool::{Counters, Usage};
use crate::record::{BlockPause, SecondLook};

/// Number of troughs in a block.
pub(super) const PARTS: usize = 2;

/// One tag's figures in a second look: the troughs of half-blocks, and those of the work alone.
#[derive(Debug, Clone)]
pub struct Extension {
    counter: Counter,
    flow: Flow,
    slots: u64,
    pause: BlockPause,
    order: Vec<bool>,
    slot_us: u64,
    /// Counted from 1; 0 is the work before the first block.
    block: usize,
    working: bool,
    slot: u64,
    parts: Vec<Trough>,
    work: Troughs,
    /// Iterations in the slots of full work, and the number of those slots.
    done: (u64, u64),
    broken: bool,
}

impl Extension {
    /// Starts the second look of `plan` at a tag with the first look `history`.
    pub fn new(plan: &SecondLook, counters: Counters, history: &History) -> Extension {
        Extension {
            counter: Counter::new(counters),
            flow: history.flow(),
            slots: plan.slots,
            pause: plan.pause,
            order: plan.order.clone(),
            slot_us: plan.slot_us,
            block: 0,
            working: true,
            slot: 0,
            parts: vec![Trough::HOLE; plan.order.len() * PARTS],
            work: Troughs::default(),
            done: (0, 0),
            broken: false,
        }
    }

    /// Begins block `number`; 0 is the work before the first.
    pub fn block(&mut self, number: u32, work: bool) {
        (self.block, self.working, self.slot) = (number as usize, work, 0);
    }

    /// Adds the number of iterations in the slot of the next sample.
    pub fn done(&mut self, iterations: u64) {
        if self.working {
            self.done = (self.done.0 + iterations, self.done.1 + 1);
        }
    }

    /// Adds the sample of a slot; `None` if the kernel's table did not have the tag.
    pub fn push(&mut self, usage: Option<Usage>) {
        let Some(usage) = usage else {
            self.broken = true;
            return;
        };
        let sample = self.counter.read(usage);
        self.broken |= sample.is_none();
        let sample = sample.unwrap_or_else(|| self.counter.first(usage));
        self.add(self.flow.trough(sample));
    }

    fn add(&mut self, trough: Trough) {
        // Blocks at half speed stay in the series of work, as half of the work.
        if self.working || self.pause == BlockPause::HalfSpeed {
            self.work.push(trough);
        }
        let half = usize::from(self.slot * 2 >= self.slots);
        self.slot += 1;
        let part = self.block.checked_sub(1).and_then(|block| self.parts.get_mut(block * PARTS + half));
        if let Some(part) = part {
            *part = part.lower(trough);
        }
    }

    /// The sum with another tag in the same look.
    pub fn plus(&self, other: &Extension) -> Extension {
        let pairs = self.parts.iter().zip(&other.parts);
        Extension {
            parts: pairs.map(|(one, other)| one.plus(*other)).collect(),
            work: self.work.plus(&other.work),
            broken: self.broken || other.broken,
            ..self.clone()
        }
    }

    /// Whether it reached its end, with the tag present all the time.
    pub fn is_complete(&self) -> bool {
        !self.broken && self.parts.iter().all(|part| !part.is_hole())
    }

    /// The troughs of half-blocks.
    pub(super) fn parts(&self) -> &[Trough] {
        &self.parts
    }

    /// The troughs of the work, without idle blocks.
    pub(super) fn work(&self) -> &Troughs {
        &self.work
    }

    pub(super) fn order(&self) -> &[bool] {
        &self.order
    }

    pub(super) fn pause(&self) -> BlockPause {
        self.pause
    }

    /// The number of slots in half a block.
    pub(super) fn part_slots(&self) -> f64 {
        self.slots as f64 / PARTS as f64
    }

    /// The length of a slot in hours.
    pub(super) fn slot_hours(&self) -> f64 {
        self.slot_us as f64 / 3.6e9
    }

    /// The share of work in the slots of `work`.
    pub(super) fn share(&self) -> f64 {
        let idle = self.order.iter().filter(|work| !**work).count() as f64;
        match self.pause {
            BlockPause::Idle | BlockPause::Never => 1.0,
            BlockPause::HalfSpeed => 1.0 - 0.5 * idle / self.order.len().max(1) as f64,
        }
    }

    /// Iterations per slot of full work; `None` if they were not recorded.
    pub(super) fn iterations(&self) -> Option<f64> {
        (self.done.0 > 0).then(|| self.done.0 as f64 / self.done.1 as f64)
    }
}
