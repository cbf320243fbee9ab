//! Tags that leak, at three levels of noise, and tags that grow for ever without the workload.

use super::random::Random;
use super::shape::{Clock, Manner, Shape};
use super::tag::{Quirks, Tag};

/// The parts of one tag.
type Shapes = Vec<(Clock, Shape)>;

/// The movement of a tag beside its leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noise {
    /// No movement.
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

/// The course of a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leak {
    /// The same each iteration.
    Even,
    /// At random.
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

    /// The tags of such a leak, each with `rate` objects per iteration.
    pub(super) fn tags(self, noise: Noise, rate: f64, iterations: u64, name: &str) -> Vec<Tag> {
        let count = if self == Leak::Lockstep { 4 } else { 1 };
        let random = |at: u32| Random::named(&if at == 0 { name.to_owned() } else { format!("{name}/{at}") });
        (0..count).map(|at| self.tag(noise, rate, Quirks::default(), iterations, random(at))).collect()
    }

    /// A tag that leaks `rate` objects per iteration, caused by the workload.
    pub(super) fn tag(self, noise: Noise, rate: f64, quirks: Quirks, iterations: u64, mut random: Random) -> Tag {
        let manner = self.manner(&mut random, iterations as f64);
        let mut shapes = noise.shapes();
        let quirks = Quirks { in_use_only: self == Leak::Uncounted, ..quirks };
        if matches!(self, Leak::InFlight | Leak::Uncounted) {
            // Replaces the shapes of the noise level: as many objects in flight, but in proportion to the load.
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

/// Growth that never ends and is unrelated to the workload.
pub(super) const BACKGROUND: [&str; 3] = ["steady", "Poisson", "in lumps"];

/// A tag of one of [`BACKGROUND`].
pub(super) fn background(kind: usize, iterations: u64, mut random: Random) -> Tag {
    let run = iterations as f64;
    let (noise, _) = Noise::ALL[(random.bits() % 3) as usize];
    // Enough growth in one run for any rule to notice.
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
