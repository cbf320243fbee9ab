//! Stricter rules on the first look, for a run without time for a second one.
//!
//! Growth must be there in the first third already, must pass the whole test at a higher cut-off, and must not slow
//! down much towards the end. These rules cannot show that the workload causes it.

use super::first::{Trend, Window};
use super::history::History;
use super::measure::Unit;
use super::rate::slope;
use super::trend::{Increments, growth};

/// Cut-offs of T: of the first third, of the whole, and of the last half by itself.
const THIRD: f64 = 1.0;
const WHOLE: f64 = 2.5;
const TAIL: f64 = 4.5;
const LEAST_GROWTH: f64 = 4.0;
/// The least ratio of slopes: last half to first half, and last two thirds to first third.
const LAST_HALF: f64 = 0.6;
const LAST_THIRDS: f64 = 0.5;
const BLOCKS: usize = 24;

/// The verdict on a candidate without a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budgeted {
    /// The growth is strong enough to be called a leak.
    Leak,
    /// It grows, but may stop.
    SlowingDown,
    /// The evidence is too weak for a run without a second look.
    Weak,
}

/// Judges a candidate by its first look alone.
pub fn within_budget(history: &History, window: Window, first: &Trend) -> Budgeted {
    let tail = first.cut_off > 3.5 && first.blocks == BLOCKS / 2;
    if first.t < if tail { TAIL } else { WHOLE.max(first.cut_off) } {
        return Budgeted::Weak;
    }
    let work = history.work();
    let Some(stretch) = work.split(window.warm_up.max(history.reset().unwrap_or(0)), BLOCKS) else {
        return Budgeted::SlowingDown;
    };
    let unit = Unit::from_stretch(&stretch);
    let m: Vec<f64> = stretch.blocks.iter().map(|block| first.measure.value(block, unit)).collect();
    let earlier = work.highest_before(stretch.from, stretch.each).map(|trough| first.measure.value(&trough, unit));
    let third = &m[..BLOCKS / 3];
    let new_high = third.last().copied() > earlier;
    let begins = Increments::new(third).t >= THIRD && growth(third) >= LEAST_GROWTH && new_high;
    let goes_on = slope(&m[BLOCKS / 2..]) >= LAST_HALF * slope(&m[..BLOCKS / 2])
        && slope(&m[BLOCKS / 3..]) >= LAST_THIRDS * slope(third);
    if begins && goes_on { Budgeted::Leak } else { Budgeted::SlowingDown }
}

#[cfg(test)]
mod tests {
    use super::super::first::{Evidence, first_look};
    use super::super::histories::Histories;
    use super::super::rate::Pace;
    use super::*;
    use crate::pool::{Counters, Usage};
    use crate::record::Stage;

    fn budgeted(objects: impl Fn(f64) -> f64) -> Option<Budgeted> {
        let mut histories = Histories::default();
        histories.add(Counters::Full64);
        for slot in 0..300 {
            let live = objects(f64::from(slot)) as u64;
            histories.sample(Stage::Workload, &[Some(Usage { allocs: live, frees: 0, bytes: live * 64 })]);
        }
        let history = histories.history(0);
        let window = Window { warm_up: 60, pace: Pace { iterations: Some(1.0), hours: 0.001 } };
        let Evidence::Trend(trend) = first_look(&history, window) else { panic!("too few") };
        trend.growing.then(|| within_budget(&history, window, &trend))
    }

    #[test]
    fn only_growth_that_continues_as_it_began_is_a_leak() {
        assert_eq!(budgeted(|at| 500.0 + at), Some(Budgeted::Leak));
        assert_eq!(budgeted(|at| 500.0 + 400.0 * (1.0 - (-at / 190.0).exp())), Some(Budgeted::SlowingDown));
        // No growth in the first third.
        assert_eq!(budgeted(|at| 500.0 + (at - 180.0).max(0.0)), Some(Budgeted::SlowingDown));
        assert_eq!(budgeted(|_| 500.0), None);
    }
}
