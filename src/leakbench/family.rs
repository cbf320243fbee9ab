//! Families of tags that do not leak, and of tags that only seem to.
//!
//! Every parameter is drawn anew for each tag, from a range possible on a real machine; lengths are in proportion to
//! the run. A family defines the truth about its tags and is independent of the judging.

use super::movement::{Movement, PartClock};
use super::random::Random;
use super::tag::{Quirks, SimulatedTag};

/// A family of tags that do not leak.
pub(super) struct Family {
    pub(super) name: &'static str,
    /// Draws the movement of a tag for a run with the given number of iterations.
    draw: fn(&mut Random, f64) -> Movement,
}

/// Movement as found in any table of tags. A coin decides for each tag whether time or the workload drives it.
pub(super) const NULLS: [Family; 9] = [
    Family { name: "constant", draw: |_, _| Movement::Fill { amount: 0.0, full: 1.0 } },
    Family {
        name: "steps",
        draw: |random, run| Movement::Steps {
            every: run * random.between(0.15, 1.0),
            spread: random.magnitude(4.0, 400.0),
        },
    },
    Family {
        name: "sawtooth",
        draw: |random, run| {
            let period = random.magnitude(3.0, run / 2.0).round();
            Movement::Sawtooth { height: random.magnitude(4.0, 400.0), period, phase: period * random.unit() }
        },
    },
    Family {
        name: "warm-up",
        draw: |random, run| Movement::Saturation {
            amount: random.magnitude(4.0, 2000.0),
            pace: run * random.magnitude(0.01, 0.1),
        },
    },
    Family {
        name: "lookaside",
        draw: |random, _| {
            let depth = random.magnitude(4.0, 256.0);
            Movement::Lookaside { depth, step: depth * random.between(0.1, 1.0) }
        },
    },
    Family {
        name: "ornstein-uhlenbeck",
        draw: |random, run| Movement::Wander {
            spread: random.magnitude(1.0, 100.0),
            memory: random.magnitude(1.0, run / 4.0),
        },
    },
    Family {
        name: "pareto bursts",
        draw: |random, _| Movement::Bursts { chance: random.magnitude(0.01, 0.1), scale: random.magnitude(1.0, 50.0) },
    },
    Family {
        name: "periodic",
        draw: |random, run| {
            let period = random.magnitude(2.0, run / 2.0);
            Movement::Wave { amplitude: random.magnitude(2.0, 200.0), period, phase: period * random.unit() }
        },
    },
    Family { name: "in flight", draw: |random, _| Movement::InFlight { mean: random.magnitude(0.3, 300.0) } },
];

/// Growth that ends or is taken back, but not before a first look is over. Each is driven once by time and once by the
/// workload.
pub(super) const HARD: [Family; 5] = [
    Family {
        name: "slow saturation",
        draw: |random, run| Movement::Saturation {
            amount: random.magnitude(20.0, 2000.0),
            pace: run * random.magnitude(0.2, 1.0),
        },
    },
    Family {
        name: "log warm-up",
        draw: |random, run| Movement::Logarithm {
            amount: random.magnitude(10.0, 1000.0),
            pace: run * random.magnitude(0.01, 0.5),
        },
    },
    Family {
        name: "long sawtooth",
        draw: |random, run| {
            let period = run * random.magnitude(0.5, 2.0);
            Movement::Sawtooth { height: random.magnitude(20.0, 2000.0), period, phase: period * random.unit() }
        },
    },
    Family {
        name: "bounded fill",
        draw: |random, run| Movement::Fill {
            amount: random.magnitude(20.0, 2000.0),
            full: run * random.magnitude(0.5, 2.0),
        },
    },
    Family {
        name: "slow wandering",
        draw: |random, run| Movement::Wander {
            spread: random.magnitude(10.0, 1000.0),
            memory: run * random.magnitude(0.3, 3.0),
        },
    },
];

impl Family {
    /// A tag of the family. If `clock` is `None`, a coin decides.
    pub(super) fn tag(
        &self,
        clock: Option<PartClock>,
        quirks: Quirks,
        iterations: u64,
        mut random: Random,
    ) -> SimulatedTag {
        let coin = if random.chance(0.5) { PartClock::Time } else { PartClock::Work };
        let movement = (self.draw)(&mut random, iterations as f64);
        // About half of the tags also have objects in flight while the workload runs.
        let busy =
            random.chance(0.5).then(|| (PartClock::Work, Movement::InFlight { mean: random.magnitude(0.3, 100.0) }));
        let parts = match movement {
            Movement::Fill { amount: 0.0, .. } => Vec::new(),
            Movement::InFlight { .. } => vec![(PartClock::Work, movement)],
            _ => std::iter::once((clock.unwrap_or(coin), movement)).chain(busy).collect(),
        };
        SimulatedTag::new(&parts, quirks, random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(tag: &mut SimulatedTag, work: bool) -> i64 {
        let usage = tag.slot(work).taken().unwrap();
        tag.key.live(usage)
    }

    /// The mean level in the first and in the last tenth of the time of ten runs.
    fn ends(tag: &mut SimulatedTag, iterations: u64) -> (f64, f64) {
        let mut levels = (0..10 * iterations).map(|_| live(tag, true) as f64);
        let n = iterations as usize;
        let first = levels.by_ref().take(n).sum::<f64>();
        let last = levels.skip(8 * n).sum::<f64>();
        (first / n as f64, last / n as f64)
    }

    #[test]
    fn families_without_a_leak_do_not_drift() {
        for family in &NULLS {
            let (mut up, mut down) = (0.0, 0.0);
            for index in 0..60 {
                let random = Random::named(&format!("drift/{}/{index}", family.name));
                let mut tag = family.tag(None, Quirks::default(), 200, random);
                let (first, last) = ends(&mut tag, 200);
                up += f64::from(u8::from(last > first + 0.5));
                down += f64::from(u8::from(last < first - 0.5));
            }
            // Warm-ups rise within the first tenth. All others fall as often as they rise.
            let drift: f64 = if family.name == "warm-up" { 0.0 } else { up - down };
            assert!(drift.abs() < 30.0, "{}: {up} up, {down} down", family.name);
        }
    }

    #[test]
    fn growth_in_hard_families_is_over_or_nearly_so_after_the_second_look() {
        for family in [&HARD[0], &HARD[1], &HARD[3]] {
            let (mut first, mut late) = (0.0, 0.0);
            for index in 0..40 {
                let random = Random::named(&format!("end/{}/{index}", family.name));
                let mut tag = family.tag(Some(PartClock::Work), Quirks::default(), 200, random);
                let mut level = |slots: u64| (0..slots).map(|_| live(&mut tag, true)).last().unwrap_or_default() as f64;
                let levels = [1, 200, 600, 800].map(&mut level);
                first += levels[1] - levels[0];
                late += levels[3] - levels[2];
            }
            // Only the logarithm never ends.
            assert!(first > 0.0 && late < 0.6 * first, "{}: {first}, then {late}", family.name);
        }
    }

    #[test]
    fn confusable_families_differ_in_their_clock_only() {
        for family in &HARD {
            let tag = |clock| family.tag(Some(clock), Quirks::default(), 200, Random::named(family.name));
            let (mut by_time, mut by_work) = (tag(PartClock::Time), tag(PartClock::Work));
            let history = |tag: &mut SimulatedTag| (0..500).map(|_| live(tag, true)).collect::<Vec<_>>();
            assert_eq!(history(&mut by_time), history(&mut by_work), "{}", family.name);
        }
    }
}
