//! The families of tags: what leaks, what does not, and what looks as if it did.
//!
//! Every parameter is drawn anew for each tag from a range which a real machine could show, lengths in proportion to the
//! run. A family says what is true of its tags; nothing in here knows how they will be judged.

use super::random::Random;
use super::shape::{Clock, Manner, Shape};
use super::tag::{Quirks, Tag};

/// The parts of one tag.
type Shapes = Vec<(Clock, Shape)>;

/// A family of tags which do not leak.
pub(super) struct Family {
    pub(super) name: &'static str,
    /// Draws a tag's shape for a run of so many iterations.
    draw: fn(&mut Random, f64) -> Shape,
}

/// Movement as it is found in any table of tags. Each tag is driven by time or by the workload, as a coin falls.
pub(super) const NULLS: [Family; 9] = [
    Family { name: "constant", draw: |_, _| Shape::Fill { amount: 0.0, full: 1.0 } },
    Family {
        name: "steps",
        draw: |random, run| Shape::Steps {
            every: run * random.between(0.15, 1.0),
            spread: random.magnitude(4.0, 400.0),
        },
    },
    Family {
        name: "sawtooth",
        draw: |random, run| {
            let period = random.magnitude(3.0, run / 2.0).round();
            Shape::Sawtooth { height: random.magnitude(4.0, 400.0), period, phase: period * random.unit() }
        },
    },
    Family {
        name: "warm-up",
        draw: |random, run| Shape::Saturation {
            amount: random.magnitude(4.0, 2000.0),
            pace: run * random.magnitude(0.01, 0.1),
        },
    },
    Family {
        name: "lookaside",
        draw: |random, _| {
            let depth = random.magnitude(4.0, 256.0);
            Shape::Lookaside { depth, step: depth * random.between(0.1, 1.0) }
        },
    },
    Family {
        name: "ornstein-uhlenbeck",
        draw: |random, run| Shape::Wander {
            spread: random.magnitude(1.0, 100.0),
            memory: random.magnitude(1.0, run / 4.0),
        },
    },
    Family {
        name: "pareto bursts",
        draw: |random, _| Shape::Bursts { chance: random.magnitude(0.01, 0.1), scale: random.magnitude(1.0, 50.0) },
    },
    Family {
        name: "periodic",
        draw: |random, run| {
            let period = random.magnitude(2.0, run / 2.0);
            Shape::Wave { amplitude: random.magnitude(2.0, 200.0), period, phase: period * random.unit() }
        },
    },
    Family { name: "in flight", draw: |random, _| Shape::InFlight { mean: random.magnitude(0.3, 300.0) } },
];

/// Growth which ends, or is taken back, but not before a first look is over. Each once by time and once by the workload.
pub(super) const HARD: [Family; 5] = [
    Family {
        name: "slow saturation",
        draw: |random, run| Shape::Saturation {
            amount: random.magnitude(20.0, 2000.0),
            pace: run * random.magnitude(0.2, 1.0),
        },
    },
    Family {
        name: "log warm-up",
        draw: |random, run| Shape::Logarithm {
            amount: random.magnitude(10.0, 1000.0),
            pace: run * random.magnitude(0.01, 0.5),
        },
    },
    Family {
        name: "long sawtooth",
        draw: |random, run| {
            let period = run * random.magnitude(0.5, 2.0);
            Shape::Sawtooth { height: random.magnitude(20.0, 2000.0), period, phase: period * random.unit() }
        },
    },
    Family {
        name: "bounded fill",
        draw: |random, run| Shape::Fill {
            amount: random.magnitude(20.0, 2000.0),
            full: run * random.magnitude(0.5, 2.0),
        },
    },
    Family {
        name: "slow wandering",
        draw: |random, run| Shape::Wander {
            spread: random.magnitude(10.0, 1000.0),
            memory: run * random.magnitude(0.3, 3.0),
        },
    },
];

impl Family {
    /// A tag of the family. `clock` of `None` lets a coin decide.
    pub(super) fn tag(&self, clock: Option<Clock>, quirks: Quirks, iterations: u64, mut random: Random) -> Tag {
        let coin = if random.chance(0.5) { Clock::Time } else { Clock::Work };
        let shape = (self.draw)(&mut random, iterations as f64);
        // Every other tag has something in flight beside what it is named for, as long as the workload runs.
        let busy = random.chance(0.5).then(|| (Clock::Work, Shape::InFlight { mean: random.magnitude(0.3, 100.0) }));
        let parts = match shape {
            Shape::Fill { amount: 0.0, .. } => Vec::new(),
            Shape::InFlight { .. } => vec![(Clock::Work, shape)],
            _ => std::iter::once((clock.unwrap_or(coin), shape)).chain(busy).collect(),
        };
        Tag::new(&parts, quirks, random)
    }
}

/// How much a tag moves beside what it leaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noise {
    /// Not at all.
    Quiet,
    /// By some objects.
    Moderate,
    /// By tens of objects, with hundreds in flight.
    Noisy,
}

impl Noise {
    pub(super) const ALL: [(Noise, &'static str); 3] =
        [(Noise::Quiet, "quiet"), (Noise::Moderate, "moderate"), (Noise::Noisy, "noisy")];

    fn shapes(self) -> Shapes {
        match self {
            Noise::Quiet => Vec::new(),
            Noise::Moderate => vec![
                (Clock::Time, Shape::Wander { spread: 4.0, memory: 10.0 }),
                (Clock::Work, Shape::InFlight { mean: 4.0 }),
            ],
            Noise::Noisy => vec![
                (Clock::Time, Shape::Wander { spread: 24.0, memory: 10.0 }),
                (Clock::Work, Shape::InFlight { mean: 100.0 }),
            ],
        }
    }
}

/// How a leak goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leak {
    /// The same each iteration.
    Even,
    /// At random.
    Poisson,
    /// Not before the middle of the run.
    Late,
    /// In a third of the iterations.
    DutyCycle,
    /// Evenly, in a tag with much in flight that varies with the load.
    InFlight,
    /// The same, where the kernel counts no allocations, so that what is in flight cannot be told.
    Uncounted,
    /// Evenly and in four tags at once, which are judged together.
    Lockstep,
}

impl Leak {
    pub(super) const ALL: [(Leak, &'static str); 7] = [
        (Leak::Even, "deterministic"),
        (Leak::Poisson, "Poisson"),
        (Leak::Late, "late"),
        (Leak::DutyCycle, "duty cycle"),
        (Leak::InFlight, "in flight"),
        (Leak::Uncounted, "in flight, uncounted"),
        (Leak::Lockstep, "four in lockstep"),
    ];

    fn manner(self, random: &mut Random, run: f64) -> Manner {
        match self {
            Leak::Even | Leak::InFlight | Leak::Uncounted | Leak::Lockstep => Manner::Even,
            Leak::Poisson => Manner::Poisson,
            Leak::Late => Manner::Late { from: run * random.between(0.3, 0.5) },
            Leak::DutyCycle => Manner::DutyCycle { period: random.magnitude(3.0, run / 10.0).round() },
        }
    }

    /// The tags which show such a leak, each of `rate` objects an iteration.
    pub(super) fn tags(self, noise: Noise, rate: f64, iterations: u64, name: &str) -> Vec<Tag> {
        let count = if self == Leak::Lockstep { 4 } else { 1 };
        let random = |at: u32| Random::named(&if at == 0 { name.to_owned() } else { format!("{name}/{at}") });
        (0..count).map(|at| self.tag(noise, rate, Quirks::default(), iterations, random(at))).collect()
    }

    /// A tag which leaks `rate` objects an iteration because of the workload.
    pub(super) fn tag(self, noise: Noise, rate: f64, quirks: Quirks, iterations: u64, mut random: Random) -> Tag {
        let manner = self.manner(&mut random, iterations as f64);
        let mut shapes = noise.shapes();
        let quirks = Quirks { in_use_only: self == Leak::Uncounted, ..quirks };
        if matches!(self, Leak::InFlight | Leak::Uncounted) {
            // In place of the level's own: as much of it as there is, and in proportion to the load.
            let mean = match noise {
                Noise::Quiet => 20.0,
                Noise::Moderate => 100.0,
                Noise::Noisy => 1000.0,
            };
            shapes = vec![(Clock::Work, Shape::Load { mean, share: 0.5 })];
        }
        shapes.push((Clock::Work, Shape::Growth { rate, manner }));
        Tag::new(&shapes, quirks, random)
    }
}

/// Growth which never ends and which the workload has nothing to do with.
pub(super) const BACKGROUND: [&str; 3] = ["steady", "Poisson", "in lumps"];

/// A tag of one of [`BACKGROUND`].
pub(super) fn background(kind: usize, iterations: u64, mut random: Random) -> Tag {
    let run = iterations as f64;
    let (noise, _) = Noise::ALL[(random.bits() % 3) as usize];
    // Enough over one run for any rule to notice.
    let least = match noise {
        Noise::Quiet => 40.0,
        Noise::Moderate => 200.0,
        Noise::Noisy => 1200.0,
    };
    let rate = random.magnitude(least, 20.0 * least) / run;
    let manner = match kind {
        0 => Manner::Even,
        1 => Manner::Poisson,
        _ => Manner::Lumps { every: random.magnitude(2.0, run / 24.0).max(2.0).round() },
    };
    let mut shapes = noise.shapes();
    shapes.push((Clock::Time, Shape::Growth { rate, manner }));
    Tag::new(&shapes, Quirks::default(), random)
}

#[cfg(test)]
mod tests {
    use super::super::tag::Sample;
    use super::*;

    /// Mean level in the first and the last tenth of ten runs' time.
    fn ends(tag: &mut Tag, iterations: u64) -> (f64, f64) {
        let mut levels = (0..10 * iterations).map(|_| match tag.slot(true) {
            Sample::Taken(usage) => tag.key.live(usage) as f64,
            Sample::Missed | Sample::Absent => panic!("no sample"),
        });
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
            // Warm-ups rise within the first tenth; all others fall as often as they rise.
            let drift: f64 = if family.name == "warm-up" { 0.0 } else { up - down };
            assert!(drift.abs() < 30.0, "{}: {up} up, {down} down", family.name);
        }
    }

    #[test]
    fn hard_families_come_to_an_end_of_their_growth() {
        for family in &HARD {
            for clock in [Clock::Time, Clock::Work] {
                let random = Random::named(&format!("end/{}/{clock:?}", family.name));
                let mut tag = family.tag(Some(clock), Quirks::default(), 200, random);
                let (first, last) = ends(&mut tag, 200);
                let (_, later) = ends(&mut tag, 200);
                // The logarithm never ends, but adds less in ten more runs than in the first nine.
                assert!(
                    later - last <= (last - first).abs().max(1.0) * 20.0,
                    "{}: {first} {last} {later}",
                    family.name
                );
            }
        }
    }
}
