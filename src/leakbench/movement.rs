//! One part of the movement of a simulated tag's objects.
//!
//! A part has a clock. A part driven by time continues whether or not the workload runs; a part driven by the workload
//! stops while it rests. The second look has to find out the clock, because nothing else differs.

use super::random::Random;

/// The clock of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartClock {
    /// The part moves all the time.
    Time,
    /// The part moves only while the workload runs.
    Work,
}

/// The course of the objects. Lengths are in slots; a slot is one iteration of the workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Movement {
    /// A new level at random instants, `every` slots on average.
    Steps { every: f64, spread: f64 },
    /// Rises evenly, and drops at once.
    Sawtooth { height: f64, period: f64, phase: f64 },
    /// Approaches `amount`, by 63 % of the remainder every `pace`.
    Saturation { amount: f64, pace: f64 },
    /// Slows down but never ends: `amount` for every factor e of the time.
    Logarithm { amount: f64, pace: f64 },
    /// Rises evenly to `amount`, reached at `full`.
    Fill { amount: f64, full: f64 },
    /// A walk between none and `depth`, like the filling and draining of a lookaside list.
    Lookaside { depth: f64, step: f64 },
    /// An Ornstein-Uhlenbeck process: random, and pulled back to the mean.
    Wander { spread: f64, memory: f64 },
    /// Rare peaks of Pareto height that fall by half each slot.
    Bursts { chance: f64, scale: f64 },
    /// A sine wave.
    Wave { amplitude: f64, period: f64, phase: f64 },
    /// Objects that the workload has allocated and not yet freed: a Poisson number, none while it rests.
    InFlight { mean: f64 },
    /// Objects in flight in proportion to the allocations of the slot, which vary.
    Load { mean: f64, share: f64 },
    /// Grows by `rate` per slot and never stops.
    Growth { rate: f64, manner: Manner },
}

/// The course of growth that never stops.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Manner {
    /// The same each slot.
    Even,
    /// A Poisson number each slot.
    Poisson,
    /// Evenly, but only after this slot.
    Late { from: f64 },
    /// Only in the first third of each period, and three times as fast there.
    DutyCycle { period: f64 },
    /// All at once, at intervals of `every` slots.
    Lumps { every: f64 },
}

/// A movement in progress.
#[derive(Debug, Clone)]
pub(super) struct MovingPart {
    clock: PartClock,
    movement: Movement,
    /// Slots of its own clock.
    ticks: f64,
    /// The state of movements with a memory.
    held: f64,
}

impl MovingPart {
    pub(super) fn new(clock: PartClock, movement: Movement, random: &mut Random) -> MovingPart {
        let held = match movement {
            Movement::Steps { spread, .. } | Movement::Wander { spread, .. } => spread * random.normal(),
            Movement::Lookaside { depth, .. } => depth * random.unit(),
            _ => 0.0,
        };
        MovingPart { clock, movement, ticks: 0.0, held }
    }

    /// The objects at the end of the next slot. Allocations of the part beside them are added to `allocated`.
    pub(super) fn slot(&mut self, work: bool, random: &mut Random, allocated: &mut f64) -> f64 {
        let moves = work || self.clock == PartClock::Time;
        if moves {
            self.ticks += 1.0;
            self.advance(random);
        }
        let (t, held) = (self.ticks, self.held);
        match self.movement {
            Movement::Sawtooth { height, period, phase } => height * ((t + phase) % period) / period,
            Movement::Saturation { amount, pace } => amount * (1.0 - (-t / pace).exp()),
            Movement::Logarithm { amount, pace } => amount * (1.0 + t / pace).ln(),
            Movement::Fill { amount, full } => amount * (t / full).min(1.0),
            Movement::Wave { amplitude, period, phase } => {
                amplitude * (std::f64::consts::TAU * (t + phase) / period).sin()
            }
            Movement::InFlight { mean } if moves => random.poisson(mean),
            Movement::Load { mean, share } if moves => {
                // The load varies by a factor of two or so from slot to slot.
                let load = mean * (0.5 * random.normal()).exp();
                *allocated += load;
                load * share
            }
            Movement::InFlight { .. } | Movement::Load { .. } => 0.0,
            Movement::Growth { rate, manner: Manner::Even } => rate * t,
            Movement::Growth { rate, manner: Manner::Late { from } } => rate * (t - from).max(0.0),
            Movement::Growth { rate, manner: Manner::Lumps { every } } => rate * (t / every).floor() * every,
            Movement::Growth { rate, manner: Manner::DutyCycle { period } } => {
                rate * period * ((t / period).floor() + (3.0 * (t / period).fract()).min(1.0))
            }
            Movement::Steps { .. }
            | Movement::Lookaside { .. }
            | Movement::Wander { .. }
            | Movement::Bursts { .. }
            | Movement::Growth { manner: Manner::Poisson, .. } => held,
        }
    }

    /// Moves the random state.
    fn advance(&mut self, random: &mut Random) {
        match self.movement {
            Movement::Steps { every, spread } if random.chance(1.0 / every) => self.held = spread * random.normal(),
            Movement::Lookaside { depth, step } => {
                let next = self.held + step * random.between(-1.0, 1.0);
                self.held = if next > depth { 2.0 * depth - next } else { next.abs() }.clamp(0.0, depth);
            }
            Movement::Wander { spread, memory } => {
                let kept = (-1.0 / memory).exp();
                self.held = kept * self.held + spread * (1.0 - kept * kept).sqrt() * random.normal();
            }
            Movement::Bursts { chance, scale } => {
                self.held /= 2.0;
                if random.chance(chance) {
                    // No kernel survives more objects of one tag than this.
                    self.held += (scale * random.pareto(1.2)).min(1e6);
                }
            }
            Movement::Growth { rate, manner: Manner::Poisson } => self.held += random.poisson(rate),
            _ => {}
        }
    }
}
