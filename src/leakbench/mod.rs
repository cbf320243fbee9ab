//! leakbench: measures the accuracy of the verdicts on simulated tags with known truth.
//!
//! In reading order: `random`, `movement` and `tag` create histories; `family` and `leak` define their kinds; `seen`
//! judges one tag by the same code as [`judge`](crate::judge), with first and second looks; `nulls` and `leaks` count
//! the results, beside those of the `rules` in use today; `figures`, `table` and `against` hold the result for
//! machines, people and CI.
//!
//! It uses all cores. Each piece of work depends only on its number, so one version gives the same figures on any number
//! of cores.

mod against;
mod binomial;
mod cost;
mod family;
mod figures;
mod leak;
mod leaks;
mod movement;
mod nulls;
mod random;
mod rules;
mod seen;
mod series;
mod size;
mod table;
mod tag;

use cost::Cost;

pub(crate) use against::worse;
pub(crate) use figures::BenchFigures;
#[cfg(test)]
use figures::Nanoseconds;
pub(crate) use series::{SERIES, series};
pub(crate) use size::Size;
pub(crate) use table::table;

/// Passes for measuring the cost before each part of the bench.
const PASSES: usize = 2;

/// Measures everything. `seeds` is the second part of every seed's name: `v1` for figures that are compared, or any
/// other name to check a change on tags not examined while it was made. The callback receives the name of each part as
/// it begins.
pub(crate) fn measure(size: &Size, seeds: &str, tell: impl Fn(&str)) -> BenchFigures {
    let mut cost = Cost::new(size.samples);
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
    BenchFigures { size, seeds, false_alarms, hard, background, smallest, recall, intervals, odd, nanoseconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seeds_give_the_same_figures() {
        let figures = |seeds: &str| {
            let figures = BenchFigures { nanoseconds: Nanoseconds::default(), ..measure(&Size::TINY, seeds, |_| {}) };
            serde_json::to_string(&figures).unwrap()
        };
        let once = figures("v1");
        assert_eq!(once, figures("v1"));
        assert_ne!(once, figures("v2"));
    }
}
