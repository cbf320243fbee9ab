//! Crashes at every instant of a run, over the real `drive` and the simulated machine.
//!
//! After any crash, the flag is absent in the end, autostart is off, a report is written, and no run passes unless it
//! measured in one boot with the flag in force. `just crashes` runs all schedules in an optimised build and then the
//! mutants, each of which must be caught. Here the pairs are thinned out so that a debug build takes seconds.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod life;
mod refusals;
mod world;

use life::{Survived, live};
use poolgate::random::split_mix;
use world::{Crash, Line};

/// All ways to go down before one step.
fn crashes() -> Vec<Crash> {
    // Up to three settings wait for a flush at once.
    let cuts = (0..8).map(|survivors| Crash::Cut { survivors });
    let lines = [Line::Kept, Line::Torn, Line::Zeroed];
    let torn = lines.into_iter().flat_map(|line| (0..8).map(move |survivors| Crash::CutInLine { survivors, line }));
    let refused = [false, true].map(|lasting| Crash::Refused { lasting });
    std::iter::once(Crash::Death).chain(cuts).chain(torn).chain(refused).collect()
}

#[track_caller]
fn survive(schedule: &[(usize, Crash)]) -> Survived {
    match live(schedule) {
        Ok(survived) => survived,
        Err(what) => panic!("{what}, after {schedule:?}"),
    }
}

/// Whether this is an optimised build.
const THOROUGH: bool = cfg!(not(debug_assertions));

#[test]
fn an_undisturbed_run_sets_the_flag_boots_measures_and_puts_it_back() {
    let survived = survive(&[]);
    assert!(survived.held && survived.steps > 20, "{} steps", survived.steps);
}

#[test]
fn every_single_crash_is_survived() {
    let steps = survive(&[]).steps;
    let mut schedules = 0;
    for step in 0..steps {
        for crash in crashes() {
            let survived = survive(&[(step, crash)]);
            schedules += usize::from(survived.all_happened);
            // One crash loses the verdict only if it happens during the measurement.
            let refused = matches!(crash, Crash::Refused { .. });
            let lost = survived.done && !survived.held && !survived.called_down && !refused;
            assert!(!lost, "the verdict is lost after {crash:?} at step {step}");
        }
    }
    println!("{schedules} single crashes over {steps} steps");
    assert!(schedules > 500);
}

#[test]
fn every_pair_of_crashes_is_survived() {
    // Otherwise one pair in 128, so that the test takes seconds.
    let thin = if THOROUGH { 1 } else { 128 };
    let mut schedules = 0;
    for first in 0..survive(&[]).steps {
        for one in crashes() {
            let after = survive(&[(first, one)]);
            for second in first + 1..after.steps {
                for (at, other) in crashes().into_iter().enumerate() {
                    if (first * 31 + second * 17 + at * 7).is_multiple_of(thin) {
                        schedules += usize::from(survive(&[(first, one), (second, other)]).all_happened);
                    }
                }
            }
        }
    }
    println!("{schedules} pairs of crashes");
    assert!(schedules > 100_000 / thin);
}

#[test]
fn a_random_set_of_many_crashes_is_survived() {
    let seed = 20_261_123;
    println!("seed {seed}");
    let mut state = seed;
    let mut below = |bound: usize| (split_mix(&mut state) % bound as u64) as usize;
    let all = crashes();
    let schedules = if THOROUGH { 100_000 } else { 3_000 };
    for _ in 0..schedules {
        let mut step = 0;
        let count = 3 + below(7);
        let schedule: Vec<(usize, Crash)> = (0..count)
            .map(|_| {
                step += 1 + below(12);
                (step, all[below(all.len())])
            })
            .collect();
        survive(&schedule);
    }
}
