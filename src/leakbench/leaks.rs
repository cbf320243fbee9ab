//! Measures on leaking tags: the smallest leak found, the share found, and the accuracy of their rates.

use rayon::prelude::*;

use super::family::NULLS;
use super::figures::{Intervals, Odd, Recall, Smallest};
use super::leak::{LeakKind, NoiseLevel};
use super::nulls::Highest;
use super::random::Random;
use super::seen::{Seen, TagVerdict, look, look_together};
use super::size::Size;
use super::tag::{Quirks, SimulatedTag};

/// Rungs of the ladder: 2^(rung / 2) objects per iteration, from 0.004 to 64.
const RUNGS: std::ops::Range<i32> = -16..13;
/// The share of leaks of a rate that must be found.
const POWER: f64 = 0.95;

fn rate_of(rung: i32) -> f64 {
    (f64::from(rung) / 2.0).exp2()
}

/// The smallest rates found, for each noise level, kind and length.
pub(super) fn smallest(size: &Size, seeds: &str) -> Vec<Smallest> {
    let mut places = Vec::new();
    for &(noise, noise_name) in &NoiseLevel::ALL {
        for &(leak, leak_name) in &LeakKind::ALL {
            for &iterations in size.leak_lengths {
                places.push((noise, noise_name, leak, leak_name, iterations));
            }
        }
    }
    let smallest = places.into_par_iter().map(|(noise, noise_name, leak, leak_name, iterations)| {
        let found = |rung: i32| {
            let enough = (size.rung as f64 * POWER).ceil() as u64;
            let mut missed = 0;
            for index in 0..size.rung {
                let name = format!("leakbench/{seeds}/{noise_name} {leak_name}/{iterations}/{rung}/{index}");
                let mut tags = leak.tags(noise, rate_of(rung), iterations, &name);
                missed +=
                    u64::from(!matches!(look_together(&mut tags, iterations, &name).verdict, TagVerdict::Leak(_)));
                if size.rung - missed < enough {
                    return false;
                }
            }
            true
        };
        // Power rises with the rate, so bisection finds the first rung that is found.
        let (mut missed, mut seen) = (RUNGS.start - 1, RUNGS.end);
        while seen - missed > 1 {
            let middle = i32::midpoint(missed, seen);
            if found(middle) { seen = middle } else { missed = middle }
        }
        let rate = RUNGS.contains(&seen).then(|| rate_of(seen));
        Smallest { noise: noise_name.to_owned(), leak: leak_name.to_owned(), iterations, rate }
    });
    smallest.collect()
}

/// A leak with its truth and the judgement on it.
struct JudgedLeak {
    noise: usize,
    /// Late leaks have no single rate over the run.
    steady: bool,
    /// The true rate in bytes per iteration.
    truth: f64,
    seen: Seen,
}

/// Leaks of every noise level and kind, with rates of every magnitude.
fn population(size: &Size, seeds: &str, iterations: u64) -> Vec<JudgedLeak> {
    let leaks = (0..size.leaks as usize).into_par_iter().map(|index| {
        let name = format!("leakbench/{seeds}/leaks/{iterations}/{index}");
        let mut random = Random::named(&name);
        let noise = index % 3;
        // One tag each: tags judged together have their own ladder.
        let kinds = LeakKind::ALL.map(|(leak, _)| leak).into_iter().filter(|leak| *leak != LeakKind::Lockstep);
        let leak = kinds.cycle().nth(index / 3 % (LeakKind::ALL.len() - 1)).unwrap_or(LeakKind::Even);
        let rate = random.magnitude(0.01, 32.0);
        let mut tag = leak.tag(NoiseLevel::ALL[noise].0, rate, Quirks::default(), iterations, random);
        let truth = rate * tag.size;
        JudgedLeak { noise, steady: leak != LeakKind::Late, truth, seen: look(&mut tag, iterations, &name) }
    });
    leaks.collect()
}

/// Recall, and the quality of the intervals.
pub(super) fn found(size: &Size, seeds: &str, highest: &Highest) -> (Vec<Recall>, Vec<Intervals>) {
    let (mut recall, mut intervals) = (Vec::new(), Vec::new());
    for &iterations in size.leak_lengths {
        let leaks = population(size, seeds, iterations);
        let share = |finds: &dyn Fn(&JudgedLeak) -> bool| {
            leaks.iter().filter(|leak| finds(leak)).count() as f64 / leaks.len() as f64
        };
        let rules = std::array::from_fn(|rule| {
            let cut_off = highest.cut_off(iterations, rule)?;
            Some(share(&|leak| leak.seen.scores.0[rule] > cut_off))
        });
        let poolgate = share(&|leak| matches!(leak.seen.verdict, TagVerdict::Leak(_)));
        recall.push(Recall { iterations, leaks: size.leaks, poolgate, rules });
        for (noise, (_, name)) in NoiseLevel::ALL.iter().enumerate() {
            intervals.push(interval(name, iterations, leaks.iter().filter(|leak| leak.noise == noise && leak.steady)));
        }
    }
    (recall, intervals)
}

impl Highest {
    /// The score that a rule exceeds in one of a hundred clean runs; `None` if no score is above it.
    fn cut_off(&self, iterations: u64, rule: usize) -> Option<f64> {
        let runs = self.0.iter().filter(|(length, _)| *length == iterations);
        let mut scores: Vec<f64> = runs.map(|(_, highest)| highest[rule]).collect();
        scores.sort_by(f64::total_cmp);
        let cut_off = *scores.get((scores.len() * 99 / 100).min(scores.len().saturating_sub(1)))?;
        // "Higher at each of ten looks" is either true or false.
        (rule != 2 || cut_off < 0.5).then_some(cut_off)
    }
}

fn interval<'a>(noise: &str, iterations: u64, leaks: impl Iterator<Item = &'a JudgedLeak>) -> Intervals {
    let (mut covered, mut errors) = (0.0, Vec::new());
    for JudgedLeak { truth, seen, .. } in leaks {
        if let TagVerdict::Leak(interval) = seen.verdict {
            covered += f64::from(u8::from(interval.low <= *truth && *truth <= interval.high));
            errors.push((interval.rate - truth).abs() / truth);
        }
    }
    errors.sort_by(f64::total_cmp);
    let called = errors.len();
    let median_error = errors.get(called / 2).copied().unwrap_or(0.0);
    let covered = covered / called.max(1) as f64;
    Intervals { noise: noise.to_owned(), iterations, called: called as u64, covered, median_error }
}

/// The name of an oddity, and its quirks in a run with this number of iterations.
type Oddity = (&'static str, fn(f64) -> Quirks);

/// Oddities of counters and samples.
const ODDITIES: [Oddity; 4] = [
    ("mixed sizes", |_| Quirks { mixed_sizes: true, ..NONE }),
    ("counters which wrap", |_| Quirks { wraps: true, ..NONE }),
    ("late tags", |run| Quirks { appears: (run * 0.15) as u64, ..NONE }),
    ("missed samples", |_| Quirks { missed: 0.05, ..NONE }),
];
const NONE: Quirks = Quirks { mixed_sizes: false, wraps: false, in_use_only: false, appears: 0, missed: 0.0 };
/// Objects that an odd tag leaks over a run: well above the amount needed in a plain tag of moderate noise.
const PLAIN_TO_SEE: f64 = 600.0;

/// Odd tags, leaking and not.
pub(super) fn odd(size: &Size, seeds: &str) -> Vec<Odd> {
    let mut rows = Vec::new();
    for (what, quirks) in ODDITIES {
        for &iterations in size.leak_lengths {
            let run = iterations as f64;
            let judged = (0..size.leaks as usize).into_par_iter().map(|index| {
                let name = format!("leakbench/{seeds}/{what}/{iterations}/{index}");
                let random = Random::named(&name);
                let leaks = index % 2 == 0;
                let mut tag: SimulatedTag = if leaks {
                    LeakKind::Even.tag(NoiseLevel::Moderate, PLAIN_TO_SEE / run, quirks(run), iterations, random)
                } else {
                    NULLS[index / 2 % NULLS.len()].tag(None, quirks(run), iterations, random)
                };
                (leaks, matches!(look(&mut tag, iterations, &name).verdict, TagVerdict::Leak(_)))
            });
            let judged: Vec<(bool, bool)> = judged.collect();
            let count = |which: (bool, bool)| judged.iter().filter(|one| **one == which).count() as u64;
            let (found, called) = (count((true, true)), count((false, true)));
            let (leaks, nulls) = (found + count((true, false)), called + count((false, false)));
            rows.push(Odd { what: what.to_owned(), iterations, leaks, found, nulls, called });
        }
    }
    rows
}
