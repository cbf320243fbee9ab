//! Measures on tags that do not leak: how often they are called a leak.

use rayon::prelude::*;

use super::binomial;
use super::family::{Family, HARD, NULLS};
use super::figures::{Called, FalseAlarms};
use super::leak::{BACKGROUND, background};
use super::movement::PartClock;
use super::random::Random;
use super::seen::{Seen, TagVerdict, look};
use super::size::Size;
use super::tag::Quirks;

/// Counts over the tags of a run or family.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    tags: u64,
    candidates: u64,
    leak: u64,
    background: u64,
    unclear: u64,
    rules: [u64; 4],
    /// The highest score of each rule.
    highest: [f64; 4],
}

impl Tally {
    fn new(seen: impl IntoIterator<Item = Seen>) -> Tally {
        let mut tally = Tally { highest: [f64::NEG_INFINITY; 4], ..Tally::default() };
        for seen in seen {
            tally.tags += 1;
            tally.candidates += u64::from(seen.candidate);
            match seen.verdict {
                TagVerdict::Nothing => {}
                TagVerdict::Leak(_) => tally.leak += 1,
                TagVerdict::Background => tally.background += 1,
                TagVerdict::Unclear => tally.unclear += 1,
            }
            for (rule, alarm) in seen.scores.alarms().into_iter().enumerate() {
                tally.rules[rule] += u64::from(alarm);
                tally.highest[rule] = tally.highest[rule].max(seen.scores.0[rule]);
            }
        }
        tally
    }
}

/// The highest score of each rule in each clean run, by the run's length.
pub(super) struct Highest(pub(super) Vec<(u64, [f64; 4])>);

/// Whole runs of each null family.
pub(super) fn false_alarms(size: &Size, seeds: &str) -> (Vec<FalseAlarms>, Highest) {
    let mut rows = Vec::new();
    let mut highest = Vec::new();
    for family in &NULLS {
        for &iterations in size.lengths {
            let run = |number: usize| run_of(family, iterations, number as u64, size, seeds);
            let (first, all) = (size.runs as usize, size.runs_after_alarm as usize);
            let mut runs: Vec<Tally> = (0..first).into_par_iter().map(run).collect();
            if runs.iter().any(|run| run.leak > 0) {
                runs.par_extend((first..all).into_par_iter().map(run));
            }
            highest.extend(runs.iter().map(|run| (iterations, run.highest)));
            rows.push(alarms(family.name, iterations, &runs));
        }
    }
    (rows, Highest(highest))
}

/// One run: the tags that move in it.
fn run_of(family: &Family, iterations: u64, run: u64, size: &Size, seeds: &str) -> Tally {
    Tally::new((0..size.active).map(|tag| {
        let index = run * size.active + tag;
        let name = format!("leakbench/{seeds}/{}/{iterations}/{index}", family.name);
        let mut tag = family.tag(None, Quirks::default(), iterations, Random::named(&name));
        look(&mut tag, iterations, &name)
    }))
}

fn alarms(family: &str, iterations: u64, runs: &[Tally]) -> FalseAlarms {
    let sum = |count: fn(&Tally) -> u64| runs.iter().map(count).sum();
    let with = |count: fn(&Tally) -> u64| runs.iter().filter(|run| count(run) > 0).count() as u64;
    let false_alarms = with(|run| run.leak);
    FalseAlarms {
        family: family.to_owned(),
        iterations,
        runs: runs.len() as u64,
        tags: sum(|run| run.tags),
        candidates: sum(|run| run.candidates),
        alarmed: with(|run| run.candidates),
        called: sum(|run| run.leak),
        unclear: sum(|run| run.unclear),
        false_alarms,
        at_most: binomial::upper(false_alarms, runs.len() as u64),
        rules: std::array::from_fn(|rule| runs.iter().filter(|run| run.rules[rule] > 0).count() as u64),
    }
}

/// Tags of the hard families, by time and by the workload.
pub(super) fn hard(size: &Size, seeds: &str) -> Vec<Called> {
    let mut rows = Vec::new();
    for family in &HARD {
        for (clock, driven_by) in [(PartClock::Time, "time"), (PartClock::Work, "workload")] {
            for &iterations in size.lengths {
                let seen = (0..size.tags as usize).into_par_iter().map(|index| {
                    let name = format!("leakbench/{seeds}/{} by {driven_by}/{iterations}/{index}", family.name);
                    let random = Random::named(&name);
                    look(&mut family.tag(Some(clock), Quirks::default(), iterations, random), iterations, &name)
                });
                rows.push(called(family.name, driven_by, iterations, &Tally::new(seen.collect::<Vec<_>>())));
            }
        }
    }
    rows
}

/// Tags that grow for ever without the workload.
pub(super) fn backgrounds(size: &Size, seeds: &str) -> Vec<Called> {
    let mut rows = Vec::new();
    for (kind, family) in BACKGROUND.into_iter().enumerate() {
        for &iterations in size.lengths {
            let seen = (0..size.tags as usize).into_par_iter().map(|index| {
                let name = format!("leakbench/{seeds}/background {family}/{iterations}/{index}");
                look(&mut background(kind, iterations, Random::named(&name)), iterations, &name)
            });
            rows.push(called(family, "time", iterations, &Tally::new(seen.collect::<Vec<_>>())));
        }
    }
    rows
}

fn called(family: &str, driven_by: &str, iterations: u64, tally: &Tally) -> Called {
    let Tally { tags, candidates, leak, background, unclear, rules, .. } = *tally;
    let (family, driven_by) = (family.to_owned(), driven_by.to_owned());
    Called { family, driven_by, iterations, tags, candidates, leak, background, unclear, rules }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steady_growth_without_the_workload_is_named_as_such() {
        let size = Size { tags: 100, ..Size::TINY };
        let steady = &backgrounds(&size, "v1")[0];
        assert_eq!((steady.family.as_str(), steady.candidates, steady.leak), ("steady", 100, 0));
        assert!(steady.background >= 80, "{steady:?}");
    }
}
