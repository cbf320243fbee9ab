//! Tags that leak, at three levels of noise, and tags that grow for ever without the workload.

use super::movement::{Manner, Movement, PartClock};
use super::random::Random;
use super::tag::{Quirks, SimulatedTag};

/// The parts of one tag.
type Movements = Vec<(PartClock, Movement)>;

/// The movement of a tag beside its leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoiseLevel {
    /// The tag does not move beside its leak.
    Quiet,
    /// The tag moves by some objects.
    Moderate,
    /// The tag moves by tens of objects, and has hundreds in flight.
    Noisy,
}

impl NoiseLevel {
    pub(super) const ALL: [(NoiseLevel, &'static str); 3] =
        [(NoiseLevel::Quiet, "quiet"), (NoiseLevel::Moderate, "moderate"), (NoiseLevel::Noisy, "noisy")];

    fn movements(self) -> Movements {
        match self {
            NoiseLevel::Quiet => Vec::new(),
            NoiseLevel::Moderate => vec![
                (PartClock::Time, Movement::Wander { spread: 4.0, memory: 10.0 }),
                (PartClock::Work, Movement::InFlight { mean: 4.0 }),
            ],
            NoiseLevel::Noisy => vec![
                (PartClock::Time, Movement::Wander { spread: 24.0, memory: 10.0 }),
                (PartClock::Work, Movement::InFlight { mean: 100.0 }),
            ],
        }
    }
}

/// The course of a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LeakKind {
    /// The same each iteration.
    Even,
    /// A random number each iteration.
    Poisson,
    /// Begins after 30 to 50 % of the run.
    Late,
    /// In a third of the iterations.
    DutyCycle,
    /// Evenly, in a tag with much in flight that varies with the load.
    InFlight,
    /// Like `InFlight`, but the kernel counts no allocations, so objects in flight cannot be separated.
    Uncounted,
    /// Evenly in four tags at once. They are judged together.
    Lockstep,
}

impl LeakKind {
    pub(super) const ALL: [(LeakKind, &'static str); 7] = [
        (LeakKind::Even, "deterministic"),
        (LeakKind::Poisson, "Poisson"),
        (LeakKind::Late, "late"),
        (LeakKind::DutyCycle, "duty cycle"),
        (LeakKind::InFlight, "in flight"),
        (LeakKind::Uncounted, "in flight, uncounted"),
        (LeakKind::Lockstep, "four in lockstep"),
    ];

    fn manner(self, random: &mut Random, run: f64) -> Manner {
        match self {
            LeakKind::Even | LeakKind::InFlight | LeakKind::Uncounted | LeakKind::Lockstep => Manner::Even,
            LeakKind::Poisson => Manner::Poisson,
            LeakKind::Late => Manner::Late { from: run * random.between(0.3, 0.5) },
            LeakKind::DutyCycle => Manner::DutyCycle { period: random.magnitude(3.0, run / 10.0).round() },
        }
    }

    /// The tags of such a leak, each with `rate` objects per iteration.
    pub(super) fn tags(self, noise: NoiseLevel, rate: f64, iterations: u64, name: &str) -> Vec<SimulatedTag> {
        let count = if self == LeakKind::Lockstep { 4 } else { 1 };
        let random = |at: u32| Random::named(&if at == 0 { name.to_owned() } else { format!("{name}/{at}") });
        (0..count).map(|at| self.tag(noise, rate, Quirks::default(), iterations, random(at))).collect()
    }

    /// A tag that leaks `rate` objects per iteration, caused by the workload.
    pub(super) fn tag(
        self,
        noise: NoiseLevel,
        rate: f64,
        quirks: Quirks,
        iterations: u64,
        mut random: Random,
    ) -> SimulatedTag {
        let manner = self.manner(&mut random, iterations as f64);
        let mut movements = noise.movements();
        let quirks = Quirks { in_use_only: self == LeakKind::Uncounted, ..quirks };
        if matches!(self, LeakKind::InFlight | LeakKind::Uncounted) {
            // Replaces the movements of the noise level: as many objects in flight, but in proportion to the load.
            let mean = match noise {
                NoiseLevel::Quiet => 20.0,
                NoiseLevel::Moderate => 100.0,
                NoiseLevel::Noisy => 1000.0,
            };
            movements = vec![(PartClock::Work, Movement::Load { mean, share: 0.5 })];
        }
        movements.push((PartClock::Work, Movement::Growth { rate, manner }));
        SimulatedTag::new(&movements, quirks, random)
    }
}

/// Growth that never ends and is unrelated to the workload.
pub(super) const BACKGROUND: [&str; 3] = ["steady", "Poisson", "in lumps"];

/// A tag of one of [`BACKGROUND`].
pub(super) fn background(kind: usize, iterations: u64, mut random: Random) -> SimulatedTag {
    let run = iterations as f64;
    let (noise, _) = NoiseLevel::ALL[(random.bits() % 3) as usize];
    // Enough growth in one run for any rule to notice.
    let least = match noise {
        NoiseLevel::Quiet => 40.0,
        NoiseLevel::Moderate => 200.0,
        NoiseLevel::Noisy => 1200.0,
    };
    let rate = random.magnitude(least, 20.0 * least) / run;
    let manner = match kind {
        0 => Manner::Even,
        1 => Manner::Poisson,
        _ => Manner::Lumps { every: random.magnitude(2.0, run / 24.0).max(2.0).round() },
    };
    let mut movements = noise.movements();
    movements.push((PartClock::Time, Movement::Growth { rate, manner }));
    SimulatedTag::new(&movements, Quirks::default(), random)
}
