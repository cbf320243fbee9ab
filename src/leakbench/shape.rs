//! How the number of objects of a simulated tag moves: one part of it.
//!
//! A part has a clock. One driven by time goes on whether or not the workload runs; one driven by the workload stands
//! still while it rests. Which of the two it is, is what the second look has to find out, and nothing else differs.

use super::random::Random;

/// What moves a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// Goes on whatever the workload does.
    Time,
    /// Moves only while the workload runs.
    Work,
}

/// Objects over time. Lengths are in slots, which are iterations of the workload's own length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// A new level at random instants, `every` slots on average.
    Steps { every: f64, spread: f64 },
    /// Up evenly, and back at once.
    Sawtooth { height: f64, period: f64, phase: f64 },
    /// Towards `amount`, by 63 % of what is left every `pace`.
    Saturation { amount: f64, pace: f64 },
    /// Ever more slowly, but for ever: `amount` for every factor e of the time.
    Logarithm { amount: f64, pace: f64 },
    /// Evenly up to `amount`, reached at `full`.
    Fill { amount: f64, full: f64 },
    /// A walk between none and `depth`, as a lookaside list is filled and drained.
    Lookaside { depth: f64, step: f64 },
    /// An Ornstein-Uhlenbeck process.
    Wander { spread: f64, memory: f64 },
    /// Rare peaks of Pareto height, which fall by half each slot.
    Bursts { chance: f64, scale: f64 },
    /// A sine.
    Wave { amplitude: f64, period: f64, phase: f64 },
    /// What the workload has allocated and not yet freed: a Poisson number, none while it rests.
    InFlight { mean: f64 },
    /// In flight too, but in proportion to how much this slot allocated, which varies.
    Load { mean: f64, share: f64 },
    /// Grows by `rate` a slot and never stops.
    Growth { rate: f64, manner: Manner },
}

/// How growth that never stops goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Manner {
    /// The same each slot.
    Even,
    /// A Poisson number each slot.
    Poisson,
    /// Evenly, but not before this slot.
    Late { from: f64 },
    /// In the first third of each period only, and three times as fast there.
    DutyCycle { period: f64 },
    /// All at once, every so many slots.
    Lumps { every: f64 },
}

/// A shape on its way.
#[derive(Debug, Clone)]
pub(super) struct Part {
    clock: Clock,
    shape: Shape,
    /// Slots of its own clock.
    ticks: f64,
    /// What shapes with a memory remember.
    held: f64,
}

impl Part {
    pub(super) fn new(clock: Clock, shape: Shape, random: &mut Random) -> Part {
        let held = match shape {
            Shape::Steps { spread, .. } | Shape::Wander { spread, .. } => spread * random.normal(),
            Shape::Lookaside { depth, .. } => depth * random.unit(),
            _ => 0.0,
        };
        Part { clock, shape, ticks: 0.0, held }
    }

    /// The objects at the end of the next slot; `allocated` takes what the part allocates beside them.
    pub(super) fn slot(&mut self, work: bool, random: &mut Random, allocated: &mut f64) -> f64 {
        let moves = work || self.clock == Clock::Time;
        if moves {
            self.ticks += 1.0;
            self.advance(random);
        }
        let (t, held) = (self.ticks, self.held);
        match self.shape {
            Shape::Sawtooth { height, period, phase } => height * ((t + phase) % period) / period,
            Shape::Saturation { amount, pace } => amount * (1.0 - (-t / pace).exp()),
            Shape::Logarithm { amount, pace } => amount * (1.0 + t / pace).ln(),
            Shape::Fill { amount, full } => amount * (t / full).min(1.0),
            Shape::Wave { amplitude, period, phase } => {
                amplitude * (std::f64::consts::TAU * (t + phase) / period).sin()
            }
            Shape::InFlight { mean } if moves => random.poisson(mean),
            Shape::Load { mean, share } if moves => {
                // The load varies by a factor of two or so from slot to slot.
                let load = mean * (0.5 * random.normal()).exp();
                *allocated += load;
                load * share
            }
            Shape::InFlight { .. } | Shape::Load { .. } => 0.0,
            Shape::Growth { rate, manner: Manner::Even } => rate * t,
            Shape::Growth { rate, manner: Manner::Late { from } } => rate * (t - from).max(0.0),
            Shape::Growth { rate, manner: Manner::Lumps { every } } => rate * (t / every).floor() * every,
            Shape::Growth { rate, manner: Manner::DutyCycle { period } } => {
                rate * period * ((t / period).floor() + (3.0 * (t / period).fract()).min(1.0))
            }
            Shape::Steps { .. }
            | Shape::Lookaside { .. }
            | Shape::Wander { .. }
            | Shape::Bursts { .. }
            | Shape::Growth { manner: Manner::Poisson, .. } => held,
        }
    }

    /// Moves what is random and remembered.
    fn advance(&mut self, random: &mut Random) {
        match self.shape {
            Shape::Steps { every, spread } if random.chance(1.0 / every) => self.held = spread * random.normal(),
            Shape::Lookaside { depth, step } => {
                let next = self.held + step * random.between(-1.0, 1.0);
                self.held = if next > depth { 2.0 * depth - next } else { next.abs() }.clamp(0.0, depth);
            }
            Shape::Wander { spread, memory } => {
                let kept = (-1.0 / memory).exp();
                self.held = kept * self.held + spread * (1.0 - kept * kept).sqrt() * random.normal();
            }
            Shape::Bursts { chance, scale } => {
                self.held /= 2.0;
                if random.chance(chance) {
                    // So many objects of one tag no kernel survives.
                    self.held += (scale * random.pareto(1.2)).min(1e6);
                }
            }
            Shape::Growth { rate, manner: Manner::Poisson } => self.held += random.poisson(rate),
            _ => {}
        }
    }
}
