//! Names the shape of a series for the owner of a tag. It decides nothing.

use serde::Serialize;

use super::first::Trend;
use super::measure::{TestedFigure, Unit};
use super::rate::mean;
use super::trend::GrowthCheck;
use super::troughs::{Stretch, Trough, Troughs};

/// The shape of a series. Places are slots of the workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// It does not grow.
    Flat,
    /// It grows all the time.
    Steady,
    /// It grew once, and is flat before and after.
    Step(u64),
    /// It grows all the time from this slot on.
    LateStart(u64),
    /// Its growth slows down.
    SlowingDown,
    /// It gave back its growth at rest.
    Released,
    /// It ends higher than it began, in a shape without a name.
    Irregular,
}

/// The least growth in objects that counts.
const LEAST: f64 = 4.0;
/// A model explains a series if it leaves at most this share of the squares.
const EXPLAINED: f64 = 0.2;
/// Squares below this share of all are rounding errors.
const ROUNDING: f64 = 1e-9;

/// The shape of a series that was tested from the slot `from` on.
pub(super) fn classify(work: &Troughs, from: u64, trend: &Trend) -> Shape {
    let (blocks, span) = work.all();
    let values = values(&blocks, trend);
    let tested = (from / span) as usize;
    if trend.growing {
        let tail = values.get(tested..).unwrap_or_default();
        let (start, squares) = late_start(tail);
        // Slots that do not fill a block are left out at the beginning, but always less than half of all. So a window
        // that begins later is that of the late test.
        let (begin, end) = trend.window;
        let half = 2 * begin.saturating_sub(from) + 1 >= end.saturating_sub(from);
        // A line without noise leaves only rounding errors.
        let bent = start > 0 && line(tail) > ROUNDING * spread(tail);
        let late = half || (bent && squares < EXPLAINED * line(tail));
        return if late { Shape::LateStart((tested + start) as u64 * span) } else { Shape::Steady };
    }
    let end = mean(&values[values.len() - (values.len() / 8).clamp(1, values.len().max(1))..]);
    let Some(first) = values.first().filter(|first| end - **first >= LEAST) else { return Shape::Flat };
    let (place, squares) = step(&values);
    if squares <= EXPLAINED * spread(&values) && squares <= line(&values) && end > *first {
        return Shape::Step(place as u64 * span);
    }
    match trend.failed.as_slice() {
        [GrowthCheck::Released] => Shape::Released,
        failed if failed.contains(&GrowthCheck::SlowingDown) => Shape::SlowingDown,
        _ => Shape::Irregular,
    }
}

/// Values of the tested measure. If nothing grew, these are bytes, because limits are on bytes.
fn values(blocks: &[Trough], trend: &Trend) -> Vec<f64> {
    let measure = if trend.growing { trend.measure } else { TestedFigure::Bytes };
    let unit = Unit::from_stretch(&Stretch { blocks: blocks.to_vec(), each: 1, from: 0 });
    let mut known = blocks.iter().copied().find(|block| !block.is_hole()).unwrap_or_default();
    let filled = blocks.iter().map(|block| {
        known = if block.is_hole() { known } else { *block };
        measure.value(&known, unit)
    });
    filled.collect()
}

/// Sum of squares about the mean.
fn spread(values: &[f64]) -> f64 {
    let level = mean(values);
    values.iter().map(|value| (value - level).powi(2)).sum()
}

/// Sum of squares about the best line.
fn line(values: &[f64]) -> f64 {
    let slope = super::rate::slope(values);
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let flat: Vec<f64> = values.iter().enumerate().map(|(at, value)| value - slope * (at as f64 - middle)).collect();
    spread(&flat)
}

/// The best place for one step between two levels, and the squares about them.
fn step(values: &[f64]) -> (usize, f64) {
    let (mut sum, mut squares) = (0.0, 0.0);
    let (all, all_squares) =
        values.iter().fold((0.0, 0.0), |(sum, squares), value| (sum + value, squares + value * value));
    let mut best = (0, f64::INFINITY);
    for (at, value) in values.iter().enumerate() {
        let (before, after) = (at as f64, (values.len() - at) as f64);
        if at > 0 {
            let left = squares - sum * sum / before + (all_squares - squares) - (all - sum).powi(2) / after;
            if left < best.1 {
                best = (at, left);
            }
        }
        sum += value;
        squares += value * value;
    }
    (best.0, best.1.max(0.0))
}

/// The best place for a line that rises after a flat part, and the squares about that model.
fn late_start(values: &[f64]) -> (usize, f64) {
    let level = mean(values);
    let candidates = (0..values.len().saturating_sub(2)).map(|start| {
        let ramp = |at: usize| at.saturating_sub(start) as f64;
        let middle = (0..values.len()).map(ramp).sum::<f64>() / values.len() as f64;
        let (products, squares) = values.iter().enumerate().fold((0.0, 0.0), |(products, squares), (at, value)| {
            let ramp = ramp(at) - middle;
            (products + ramp * (value - level), squares + ramp * ramp)
        });
        (start, spread(values) - products * products / squares.max(f64::MIN_POSITIVE))
    });
    candidates.min_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((0, 0.0))
}
