//! The first look: the test of one tag's series over the workload.

use super::early::Early;
use super::history::History;
use super::measure::{TestedFigure, Unit};
use super::rate::{Interval, Pace};
use super::shape::{self, Shape};
use super::trend::{Blocks, GrowthCheck, Increments, NEEDED, VISIBLE_OBJECTS, growth, guards};
use super::troughs::{Stretch, Trough, Troughs};
use crate::scenario::Per;

/// The default warm-up: a divisor of the samples, and the least number of samples.
const WARM_UP_SHARE: u64 = 5;
const WARM_UP_LEAST: u64 = 20;
/// The series without objects in flight is used if it reduces the deviation of increments to this share.
const QUIETER: f64 = 0.7;

/// The parameters of a run that are the same for all tags.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Slots of the workload that are warm-up.
    pub warm_up: u64,
    /// Iterations and hours per slot.
    pub pace: Pace,
}

impl Window {
    /// The default warm-up for this number of slots: a fifth, and at least 20 as long as enough slots are left to
    /// judge.
    pub fn usual_warm_up(slots: u64) -> u64 {
        (slots / WARM_UP_SHARE).max(WARM_UP_LEAST.min(slots.saturating_sub(NEEDED)))
    }
}

/// The evidence of a tag's growth with the workload.
#[derive(Debug, Clone, PartialEq)]
pub enum Evidence {
    /// Too few samples after the warm-up.
    TooFew {
        /// The number of samples after the warm-up.
        samples: u64,
        /// Number of samples needed.
        needed: u64,
        /// The rate estimated from them; `None` with fewer than three.
        rate: Option<Early>,
    },
    /// There is no series, or too short a one.
    Interrupted(Interruption),
    /// The log does not give the times of its tables, so there is no rate.
    Untimed,
    /// The result of the test.
    Trend(Trend),
}

/// Why a series was interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interruption {
    /// The last sample does not have the tag.
    Gone,
    /// Its counters went back, and too few samples follow.
    CountersReset,
}

/// Growth with the workload.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// The growth is steady: T is over its cut-off and no guard failed. A candidate for a leak.
    pub growing: bool,
    /// The test statistic; the tag is a candidate only if it reaches `cut_off`.
    pub t: f64,
    /// The cut-off that T is compared with.
    pub cut_off: f64,
    /// Growth from the first block's trough to the last one's, in objects and in bytes.
    pub growth: (f64, f64),
    /// The guards that failed; with any of them the tag is no candidate.
    pub failed: Vec<GrowthCheck>,
    /// The tested slots: from, to.
    pub window: (u64, u64),
    /// The shape of the whole series.
    pub shape: Shape,
    /// The figure that was tested: objects, bytes, or objects without those in flight.
    pub measure: TestedFigure,
    /// Number of blocks that the window was split into.
    pub blocks: usize,
    /// Bytes of one object, on average at the end; `None` if none was in use.
    pub object_size: Option<f64>,
    /// The rate in bytes per slot.
    pub(super) bytes: Interval,
    /// The rate in objects per slot.
    pub(super) objects: Interval,
    /// The smallest leak this series could have shown, in objects per slot.
    pub(super) smallest: f64,
    pub(super) pace: Pace,
}

/// Tests the series of one tag over the workload.
pub fn first_look(history: &History, window: Window) -> Evidence {
    if history.is_gone() {
        return Evidence::Interrupted(Interruption::Gone);
    }
    let work = history.work();
    let slots = work.slots();
    let from = window.warm_up.max(history.reset().unwrap_or(0)).max(history.begun());
    let samples = slots.saturating_sub(from).min(history.present());
    let too_few = match history.reset() {
        Some(_) => Evidence::Interrupted(Interruption::CountersReset),
        None => Evidence::TooFew { samples, needed: NEEDED, rate: None },
    };
    let Some(blocks) = Blocks::new(samples) else { return too_few };
    let around = SeriesWithRest {
        work,
        before: history.before().lowest_late(),
        after: history.after().lowest_late(),
        pace: window.pace,
    };
    let Some(whole) = around.test(from, blocks, None) else { return too_few };
    let late = || around.test(from + (slots - from) / 2, Blocks::LATE, None).filter(|late| late.growing);
    let mut trend = match whole.growing {
        true => whole,
        false => late().unwrap_or(whole),
    };
    trend.shape = shape::classify(work, from, &trend);
    Evidence::Trend(trend)
}

/// A series, and the samples at rest around it.
pub(super) struct SeriesWithRest<'a> {
    pub(super) work: &'a Troughs,
    /// The lowest trough of the late lead-in.
    pub(super) before: Option<Trough>,
    /// The lowest trough of the late cool-down.
    pub(super) after: Option<Trough>,
    pub(super) pace: Pace,
}

impl SeriesWithRest<'_> {
    /// Tests the slots from `from` on, by `measure` if one is given.
    pub(super) fn test(&self, from: u64, blocks: Blocks, measure: Option<TestedFigure>) -> Option<Trend> {
        let stretch = self.work.split(from, blocks.count)?;
        let earlier = self.work.highest_before(stretch.from, stretch.each);
        let unit = Unit::from_stretch(&stretch);
        let [objects, bytes, adjusted] = [TestedFigure::Objects, TestedFigure::Bytes, TestedFigure::WithoutFlow]
            .map(|measure| BlockSeries::at(&stretch, measure, unit, earlier, self.before, self.after));
        let best = if let Some(measure) = measure {
            match measure {
                TestedFigure::Objects => &objects,
                TestedFigure::Bytes => &bytes,
                TestedFigure::WithoutFlow => &adjusted,
            }
        } else if bytes.increments.t > objects.increments.t && bytes.growing(blocks.cut_off) {
            &bytes
        } else if adjusted.increments.deviation <= QUIETER * objects.increments.deviation && objects.ends_higher() {
            &adjusted
        } else {
            &objects
        };
        let each = stretch.each as f64;
        let per_object = if best.measure == TestedFigure::WithoutFlow { best } else { &objects };
        let per_byte = if best.measure == TestedFigure::WithoutFlow { best } else { &bytes };
        let smallest = (blocks.cut_off * best.increments.deviation / best.increments.root)
            .max(VISIBLE_OBJECTS / blocks.count as f64)
            / each;
        Some(Trend {
            growing: best.growing(blocks.cut_off),
            t: best.increments.t,
            cut_off: blocks.cut_off,
            growth: (growth(&objects.m), growth(&bytes.m) * unit.bytes()),
            failed: best.failed.clone(),
            window: (stretch.from, stretch.from + stretch.each * blocks.count as u64),
            shape: Shape::Flat,
            measure: best.measure,
            blocks: blocks.count,
            object_size: unit.0,
            bytes: per_byte.increments.interval(&per_byte.m).times(unit.bytes() / each),
            objects: per_object.increments.interval(&per_object.m).times(1.0 / each),
            smallest,
            pace: self.pace,
        })
    }
}

/// One measure of a stretch, in objects per block.
struct BlockSeries {
    measure: TestedFigure,
    m: Vec<f64>,
    increments: Increments,
    failed: Vec<GrowthCheck>,
}

impl BlockSeries {
    fn at(
        stretch: &Stretch,
        measure: TestedFigure,
        unit: Unit,
        earlier: Option<Trough>,
        before: Option<Trough>,
        after: Option<Trough>,
    ) -> BlockSeries {
        let value = |trough: &Trough| measure.value(trough, unit);
        let m: Vec<f64> = stretch.blocks.iter().map(value).collect();
        let mut failed = guards(&m, earlier.as_ref().map(value));
        // The number of objects in flight before the workload is unknown, so that series is compared with itself only.
        let before = before.filter(|_| measure != TestedFigure::WithoutFlow);
        if released(&m, before.as_ref().map(value), after.as_ref().map(value)) {
            failed.push(GrowthCheck::Released);
        }
        BlockSeries { measure, increments: Increments::new(&m), m, failed }
    }

    fn growing(&self, cut_off: f64) -> bool {
        self.increments.t >= cut_off && self.failed.is_empty()
    }

    /// Whether the last quarter is higher than the first.
    fn ends_higher(&self) -> bool {
        let quarter = self.m.len() / 4;
        self.m[self.m.len() - quarter..].iter().sum::<f64>() > self.m[..quarter].iter().sum::<f64>()
    }
}

/// Whether more than half of the growth was given back at rest. Memory in flight while the workload runs is given back
/// too, leak or not. So it is no release if the level at rest exceeds the one before the workload by half the growth.
fn released(m: &[f64], before: Option<f64>, after: Option<f64>) -> bool {
    let (Some(after), Some(last)) = (after, m.last()) else { return false };
    let half = growth(m) / 2.0;
    last - after > half && before.is_none_or(|before| after - before < half)
}

impl Trend {
    /// Bytes per iteration or hour; `None` if no iterations are counted.
    pub fn bytes(&self, per: Per) -> Option<Interval> {
        Some(self.bytes.times(self.pace.slots(per)?))
    }

    /// Objects per iteration or hour; `None` if no iterations are counted.
    pub fn objects(&self, per: Per) -> Option<Interval> {
        Some(self.objects.times(self.pace.slots(per)?))
    }

    /// The smallest leak this run could have shown, in objects per iteration or hour.
    pub fn smallest(&self, per: Per) -> Option<f64> {
        Some(self.smallest * self.pace.slots(per)?)
    }

    /// The rate in objects per slot.
    pub fn objects_a_slot(&self) -> Interval {
        self.objects
    }

    /// Hours per iteration; `None` if none are counted.
    pub fn hours_an_iteration(&self) -> Option<f64> {
        self.pace.iterations.map(|iterations| self.pace.hours / iterations)
    }

    /// The iteration a slot belongs to, from 1; `None` if none are counted.
    pub fn iteration(&self, slot: u64) -> Option<f64> {
        self.pace.iterations.map(|iterations| ((slot + 1) as f64 * iterations).round().max(1.0))
    }

    /// Minutes from the start of the workload to a slot.
    pub fn minutes(&self, slot: u64) -> f64 {
        slot as f64 * self.pace.hours * 60.0
    }

    /// The rate of the tested figure, in objects per slot.
    pub(super) fn tested(&self) -> Interval {
        match self.measure {
            TestedFigure::Objects | TestedFigure::WithoutFlow => self.objects,
            TestedFigure::Bytes => self.bytes.times(1.0 / self.object_size.unwrap_or(1.0)),
        }
    }

    /// The best unit for rates of this run: per iteration, if iterations are counted.
    pub fn natural(&self) -> Per {
        if self.pace.iterations.is_some() { Per::Iteration } else { Per::Hour }
    }
}
