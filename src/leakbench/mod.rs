//! leakbench: how good the judging is, measured on simulated tags whose truth is known.
//!
//! In reading order: `random`, `shape` and `tag` make histories; `family` and `leak` say which there are; `seen` puts one tag
//! through the very code of [`judge`](crate::judge), first look, second looks and all; `nulls` and `leaks` count what
//! comes out, with the `rules` people use today beside it; `figures`, `table` and `against` are the result, for machines,
//! people and CI. Deterministic: the same version gives the same figures, on any number of cores.

mod against;
mod binomial;
mod cost;
mod family;
mod figures;
mod leak;
mod leaks;
mod nulls;
mod parallel;
mod random;
mod rules;
mod seen;
mod series;
mod shape;
mod size;
mod table;
mod tag;

use cost::Cost;

pub use against::worse;
pub use figures::{Called, FalseAlarms, Figures, Intervals, Nanoseconds, Odd, Recall, Smallest};
pub use series::{SERIES, series};
pub use size::Size;
pub use table::table;

/// Passes of what the judging costs before each part of the bench.
const PASSES: usize = 2;

/// Measures everything. `seeds` is the second part of every seed's name: `v1` for figures which are compared, anything
/// else to see whether a change holds on tags which were not looked at while it was made. `tell` hears what is being done.
pub fn measure(size: &Size, seeds: &str, tell: impl Fn(&str)) -> Figures {
    let mut cost = Cost::of(size.samples);
    let mut next = |part: &str| {
        tell(part);
        (0..PASSES).for_each(|_| cost.pass());
    };
    next("false alarms");
    let (false_alarms, highest) = nulls::false_alarms(size, seeds);
    next("growth which ends");
    let hard = nulls::hard(size, seeds);
    next("growth without the workload");
    let background = nulls::backgrounds(size, seeds);
    next("the smallest leaks");
    let smallest = leaks::smallest(size, seeds);
    next("leaks of all kinds");
    let (recall, intervals) = leaks::found(size, seeds, &highest);
    next("odd tags");
    let odd = leaks::odd(size, seeds);
    let nanoseconds = cost.nanoseconds();
    let (size, seeds) = (size.name.to_owned(), seeds.to_owned());
    Figures { size, seeds, false_alarms, hard, background, smallest, recall, intervals, odd, nanoseconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seeds_give_the_same_figures() {
        let figures = |seeds: &str| {
            let figures = Figures { nanoseconds: Nanoseconds::default(), ..measure(&Size::TINY, seeds, |_| {}) };
            serde_json::to_string(&figures).unwrap()
        };
        let once = figures("v1");
        assert_eq!(once, figures("v1"));
        assert_ne!(once, figures("v2"));
    }
}
