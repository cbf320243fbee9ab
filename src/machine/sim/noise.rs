//! The simulated kernel's background: tags that move although nothing leaks.
//!
//! Each kind of noise is a shape that real pool tags have and that misleads simple rules. A usage is a pure function of
//! seed, tag and tick, so one seed gives the same history on every machine.

use serde::{Deserialize, Serialize};

use crate::pool::{Pool, Tag, Usage};
use crate::random::split_mix;

/// A named shape of harmless movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseShape {
    /// Fills towards a level and stays there, as a cache or lookaside list does: it grows but does not leak.
    SaturatingCache,
    /// Rises steadily and is trimmed at intervals.
    Sawtooth,
    /// Stays flat with rare large peaks, which are freed again.
    Bursts,
    /// Grows steadily with time whether or not a workload runs: a leak that the workload does not cause.
    BackgroundGrowth,
}

/// The background tags, which no workload touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Population {
    /// Decides names, sizes and shapes.
    pub seed: u64,
    /// The number of tags.
    pub tags: u32,
    /// The shapes in use. About half of the tags keep still, so that most of a table is constant as on real machines.
    pub noise: Vec<NoiseShape>,
}

impl Population {
    /// Returns the usage of every background tag at sample number `sample`, after `work` rounds of a workload since the
    /// boot. Samples are this kernel's clock: without a workload only they advance.
    pub fn usages(&self, work: u64, sample: u64) -> impl Iterator<Item = (Tag, Pool, Usage)> + '_ {
        (0..u64::from(self.tags)).map(move |index| self.usage(index, work + sample, sample))
    }

    fn usage(&self, index: u64, tick: u64, sample: u64) -> (Tag, Pool, Usage) {
        let draw = |what: u64| mix(self.seed ^ mix(index << 8 | what));
        let pool = if draw(0).is_multiple_of(3) { Pool::Paged } else { Pool::Nonpaged };
        let size = 32 << (draw(1) % 7);
        let level = 1 + draw(2) % 2000;
        let live = match self.noise.get((draw(3) % (2 * self.noise.len() as u64).max(1)) as usize) {
            None => level,
            Some(NoiseShape::SaturatingCache) => level + saturating(level, 10 + draw(4) % 40, tick),
            Some(NoiseShape::Sawtooth) => level + (tick + draw(4)) % (5 + draw(5) % 30),
            Some(NoiseShape::Bursts) => level + bursts(draw(4), tick),
            Some(NoiseShape::BackgroundGrowth) => level + sample / (1 + draw(4) % 3),
        };
        // In each tick frees rise by more than any shape falls, so both counters only go up, as in a kernel.
        let frees = draw(6) % 100_000 + tick * 5000;
        (name(index), pool, Usage { allocs: frees + live, frees, bytes: live * size })
    }
}

/// Covers half of the remaining distance to `level` every `half` ticks, in integers.
fn saturating(level: u64, half: u64, tick: u64) -> u64 {
    let halvings = (tick / half).min(63);
    let left = level >> halvings;
    let within = left / 2 * (tick % half) / half;
    level - left + within
}

/// About one tick in thirty holds a peak, most of them small and some large (a Pareto tail, cut at 2,000 objects).
fn bursts(seed: u64, tick: u64) -> u64 {
    let draw = mix(seed ^ tick);
    if draw.is_multiple_of(30) { (20 * 1000 / (1 + (draw >> 32) % 1000)).min(2000) } else { 0 }
}

/// Names a tag `aaa0`, …: lower case, as Windows' own tags hardly ever are, so that it never collides with a scenario's
/// tag.
fn name(index: u64) -> Tag {
    let letter = |place: u64| b'a' + (index / place % 26) as u8;
    Tag::from_pool_tag([letter(6760), letter(260), letter(10), b'0' + (index % 10) as u8])
}

/// Returns a number of which every bit depends on every bit of `value`.
fn mix(mut value: u64) -> u64 {
    split_mix(&mut value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(usage: Usage) -> u64 {
        usage.allocs - usage.frees
    }

    #[test]
    fn one_seed_gives_one_history() {
        let population = |seed| Population { seed, tags: 100, noise: vec![NoiseShape::Bursts, NoiseShape::Sawtooth] };
        let history = |seed| population(seed).usages(30, 10).collect::<Vec<_>>();
        assert_eq!(history(3), history(3));
        assert_ne!(history(3), history(4));
    }

    #[test]
    fn counters_only_go_up_and_names_differ() {
        let noise =
            vec![NoiseShape::SaturatingCache, NoiseShape::Sawtooth, NoiseShape::Bursts, NoiseShape::BackgroundGrowth];
        let population = Population { seed: 1, tags: 3000, noise };
        let names: std::collections::HashSet<_> = population.usages(0, 0).map(|(tag, ..)| tag).collect();
        assert_eq!(names.len(), 3000);
        for half in 0..100 {
            let next = [population.usages(half + 1, half), population.usages(half, half + 1)];
            for next in next {
                for ((tag, _, before), (_, _, after)) in population.usages(half, half).zip(next) {
                    assert!(after.allocs >= before.allocs && after.frees >= before.frees, "{tag} at {half}");
                }
            }
        }
    }

    #[test]
    fn a_saturating_cache_comes_to_rest_at_twice_its_level() {
        let levels: Vec<u64> = (0..400).map(|tick| saturating(1000, 10, tick)).collect();
        assert!(levels.is_sorted());
        assert_eq!((levels[0], levels[399]), (0, 1000));
    }

    #[test]
    fn bursts_are_rare_and_given_back() {
        let at_rest = (0..3000).filter(|&tick| bursts(9, tick) == 0).count();
        assert!((2800..2980).contains(&at_rest), "{at_rest}");
    }

    #[test]
    fn background_growth_goes_on_while_nothing_is_run_and_no_faster_otherwise() {
        let population = Population { seed: 2, tags: 60, noise: vec![NoiseShape::BackgroundGrowth] };
        let levels = |work, sample| population.usages(work, sample).map(|(.., usage)| live(usage)).collect::<Vec<_>>();
        assert_eq!(levels(0, 90), levels(500, 90));
        let grown = levels(0, 0).into_iter().zip(levels(0, 90)).filter(|(before, after)| after >= &(before + 30));
        assert!((15..45).contains(&grown.count()), "about every other tag keeps still");
    }

    #[test]
    fn without_noise_nothing_moves() {
        let population = Population { seed: 5, tags: 200, noise: Vec::new() };
        for ((_, _, a), (_, _, b)) in population.usages(0, 0).zip(population.usages(800, 100)) {
            assert_eq!((live(a), a.bytes), (live(b), b.bytes));
        }
    }
}
