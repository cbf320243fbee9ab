//! The second look: does the growth persist, and does the workload cause it?
//!
//! *Persistence* repeats the test of the first look on the slots of work alone, and requires at least half the rate and
//! a level never seen before. *Attribution* is exact over all orders the blocks could have had. The evidence of several
//! looks adds up.

use serde::Serialize;

use super::attribution::{Attribution, Labels, attribution, p_of_sum};
use super::extension::{Extension, PARTS};
use super::first::{SeriesWithRest, Trend};
use super::history::History;
use super::measure::Unit;
use super::rate::{Interval, mean};
use super::trend::{Blocks, GrowthCheck, Increments};
use super::troughs::{Stretch, Trough};
use crate::record::BlockPause;

/// The cut-off of T in a second look, for any number of blocks.
const CUT_OFF: f64 = 2.0;
/// Growth at less than this share of the first rate did not persist.
const SHARE: f64 = 0.5;
/// The largest p that attributes growth to the workload.
const LEVEL: f64 = 0.05;
/// The least share of the growth that the workload causes in a leak. Growth unrelated to the workload reaches so small
/// a p in one of twenty orders by chance, but if there is little noise, the rate explained by that order is small too.
const CAUSED: f64 = 0.25;
/// The warm-up of a second look, as a divisor of the slots of work.
const WARM_UP_SHARE: u64 = 5;
/// Number of blocks for the check of new heights: the last three must be above everything before.
const LEVELS: usize = 12;

/// The result of a second look at a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The growth did not continue: no leak.
    NotPersistent,
    /// The growth continued, and the workload causes it.
    Leak,
    /// The growth continued, and the workload does not cause it.
    Background,
    /// The growth continued, and its cause is not known yet.
    NotAttributed,
    /// The growth continued; the workload could not rest, so the cause was not tested.
    NotTested,
}

/// The reason why growth did not persist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// T is below its cut-off, or there are too few slots of work.
    Weak,
    /// A guard of the first look failed on the slots of work.
    Guard(GrowthCheck),
    /// The rate is less than half of the rate in the first look.
    Slower,
    /// The series did not end above all of its earlier levels.
    NoNewHigh,
}

/// The result of one or more second looks at a tag.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmation {
    /// The verdict of all looks together.
    pub standing: Standing,
    /// Why the growth did not persist.
    pub doubts: Vec<Doubt>,
    /// Number of looks it rests on.
    pub looks: usize,
    /// The share of orders that fit the growth as well; `None` if that was not tested.
    pub p: Option<f64>,
    /// Growth that the workload causes in objects per slot of work, with twice its standard error to either side.
    pub caused: Option<Interval>,
    /// The growth on the slots of work; `None` if there were too few.
    pub trend: Option<Trend>,
    /// The growth in bytes an hour, with any cause.
    pub by_time: Interval,
}

/// Evaluates `looks` at a candidate with the first look `first`; `None` if none of them is complete.
pub fn second_look(history: &History, first: &Trend, looks: &[Extension]) -> Option<Confirmation> {
    let looks: Vec<&Extension> = looks.iter().filter(|look| look.is_complete()).collect();
    let last = looks.last()?;
    let mut highest = highest(history, first);
    let mut doubts = Vec::new();
    let mut trends = Vec::new();
    for look in &looks {
        let (trend, because) = persistence(look, first, highest);
        doubts = because;
        trends.extend(trend);
        highest = look.parts().iter().copied().fold(highest, Trough::higher);
    }
    let attributed: Vec<Attribution> = looks.iter().filter_map(|look| attribute(look, first)).collect();
    let (p, caused) = (p_of_sum(&attributed), caused(&attributed));
    let standing = if !doubts.is_empty() { Standing::NotPersistent } else { standing(first, last, p, caused) };
    let trend = pooled(trends);
    Some(Confirmation { standing, doubts, looks: looks.len(), p, caused, trend, by_time: by_time(last) })
}

fn standing(first: &Trend, last: &Extension, p: Option<f64>, caused: Option<Interval>) -> Standing {
    match (last.pause(), p, caused) {
        (BlockPause::Never, _, _) => Standing::NotTested,
        (_, Some(p), Some(caused)) if p <= LEVEL && caused.rate >= CAUSED * first.tested().rate => Standing::Leak,
        (_, _, Some(caused)) if caused.high < SHARE * first.tested().rate => Standing::Background,
        (BlockPause::Idle | BlockPause::HalfSpeed, _, _) => Standing::NotAttributed,
    }
}

/// The highest trough of the first look, warm-up included.
fn highest(history: &History, first: &Trend) -> Trough {
    let each = (first.window.1 - first.window.0) / first.blocks.max(1) as u64;
    let lowest = Trough { objects: i64::MIN, bytes: i64::MIN, adjusted: i64::MIN };
    history.work().highest_before(history.slots(), each).unwrap_or(lowest)
}

/// The growth on the slots of work, and doubts that it continues the growth of the first look.
fn persistence(look: &Extension, first: &Trend, highest: Trough) -> (Option<Trend>, Vec<Doubt>) {
    let slots = look.work().slots();
    let drop = slots / WARM_UP_SHARE;
    let around = SeriesWithRest { work: look.work(), before: None, after: None, pace: first.pace };
    let tested = Blocks::new(slots - drop)
        .and_then(|blocks| around.test(drop, Blocks { cut_off: CUT_OFF, ..blocks }, Some(first.measure)));
    let levels = look.work().split(drop, LEVELS);
    let (Some(mut trend), Some(levels)) = (tested, levels) else { return (None, vec![Doubt::Weak]) };
    let to_first = 1.0 / look.share() / pace(look, first);
    trend.bytes = trend.bytes.times(to_first);
    trend.objects = trend.objects.times(to_first);

    let unit = Unit::from_stretch(&levels);
    let ends: Vec<f64> = levels.blocks[LEVELS - 3..].iter().map(|block| first.measure.value(block, unit)).collect();
    let weak = (trend.t < CUT_OFF).then_some(Doubt::Weak);
    let failed = trend.failed.iter().map(|guard| Doubt::Guard(*guard));
    let slower = (trend.tested().rate < SHARE * first.tested().rate).then_some(Doubt::Slower);
    let low = (mean(&ends) <= first.measure.value(&highest, unit)).then_some(Doubt::NoNewHigh);
    let doubts = weak.into_iter().chain(failed).chain(slower).chain(low).collect();
    (Some(trend), doubts)
}

/// Iterations per slot of work relative to the first look: a command that runs for long starts anew in every block.
fn pace(look: &Extension, first: &Trend) -> f64 {
    look.iterations().zip(first.pace.iterations).map_or(1.0, |(now, before)| now / before)
}

fn attribute(look: &Extension, first: &Trend) -> Option<Attribution> {
    let measure = first.measure;
    let unit = Unit::from_stretch(&Stretch { blocks: look.parts().to_vec(), each: 1, from: 0 });
    let troughs: Vec<f64> = look.parts().iter().map(|part| measure.value(part, unit)).collect();
    // Work at half speed differs from work at full speed by half as much as rest does.
    let slots = look.part_slots() * pace(look, first) * if look.pause() == BlockPause::HalfSpeed { 0.5 } else { 1.0 };
    attribution(&troughs, Labels { order: look.order(), parts: PARTS, slots })
}

/// The growth that the workload causes, over all looks, each weighted by its precision.
fn caused(looks: &[Attribution]) -> Option<Interval> {
    let each: Vec<Interval> = looks.iter().map(|look| Interval::around(look.rate, 2.0 * look.error)).collect();
    Interval::pooled(&each)
}

/// The newest look's trend, with the pooled rates of all.
fn pooled(trends: Vec<Trend>) -> Option<Trend> {
    let rates = |of: fn(&Trend) -> Interval| Interval::pooled(&trends.iter().map(of).collect::<Vec<_>>());
    let (bytes, objects) = (rates(|trend| trend.bytes)?, rates(|trend| trend.objects)?);
    Some(Trend { bytes, objects, ..trends.into_iter().next_back()? })
}

/// Bytes an hour over all blocks, at work or at rest.
fn by_time(look: &Extension) -> Interval {
    let bytes: Vec<f64> = look.parts().chunks(PARTS).filter_map(lowest).collect();
    let block_hours = look.part_slots() * PARTS as f64 * look.slot_hours();
    Increments::new(&bytes).interval(&bytes).times(1.0 / block_hours)
}

fn lowest(parts: &[Trough]) -> Option<f64> {
    parts.iter().map(|part| part.bytes).min().map(|bytes| bytes as f64)
}
