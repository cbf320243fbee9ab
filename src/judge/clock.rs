//! The times of a workload's slots, in bounded memory: iterations and hours per slot, and the end of the warm-up.

use std::time::Duration;

use super::evidence::{self, Pace, Window};
use crate::scenario::WarmUp;

/// The most slots with a stored time.
const MOST: usize = 384;

/// A slot's time and iterations.
#[derive(Debug, Clone, Copy, Default)]
struct ClockSlot {
    slot: u64,
    /// Time since the workload began.
    at: Duration,
    iterations: u64,
}

/// The slots of a workload so far.
#[derive(Debug, Default)]
pub(super) struct SlotClock {
    /// Slots at equal distances, at most [`MOST`].
    kept: Vec<ClockSlot>,
    every: u64,
    last: ClockSlot,
    slots: u64,
    warm_up: Option<WarmUp>,
    /// The first slot after a warm-up that the scenario sets.
    warm: Option<u64>,
}

impl SlotClock {
    pub(super) fn new(warm_up: Option<WarmUp>) -> SlotClock {
        SlotClock { every: 1, warm_up, ..SlotClock::default() }
    }

    /// Counts slots without a sample.
    pub(super) fn miss(&mut self, slots: u64) {
        self.slots += slots;
    }

    /// Adds a slot. Time and iterations may go back in a forged file.
    pub(super) fn push(&mut self, at: Duration, iterations: u64) {
        self.last = ClockSlot { slot: self.slots, at, iterations };
        self.slots += 1;
        let warm = match self.warm_up {
            None => false,
            Some(WarmUp::Iterations(count)) => iterations > count,
            Some(WarmUp::Time(length)) => at >= length.as_std(),
        };
        if warm && self.warm.is_none() {
            self.warm = Some(self.last.slot);
        }
        let due = self.kept.last().is_none_or(|last| self.last.slot - last.slot >= self.every);
        if !due {
            return;
        }
        if self.kept.len() == MOST {
            self.every *= 2;
            let mut at = 0;
            self.kept.retain(|_| {
                at += 1;
                at % 2 == 1
            });
        }
        self.kept.push(self.last);
    }

    pub(super) fn slots(&self) -> u64 {
        self.slots
    }

    /// The end of the warm-up, and the average pace of the slots after it.
    pub(super) fn window(&self) -> Window {
        let warm_up = match self.warm_up {
            None => Window::usual_warm_up(self.slots),
            Some(_) => self.warm.unwrap_or(self.slots),
        };
        let first = self.kept.iter().find(|tick| tick.slot >= warm_up).copied().unwrap_or(self.last);
        let slots = (self.last.slot - first.slot).max(1) as f64;
        let iterations = self.last.iterations.saturating_sub(first.iterations) as f64 / slots;
        let hours = self.last.at.saturating_sub(first.at).as_secs_f64() / 3600.0 / slots;
        Window { warm_up, pace: Pace { iterations: Some(iterations).filter(|some| *some > 0.0), hours } }
    }

    /// The time of each slot; `None` if there are too many slots to keep all times.
    pub(super) fn ticks(&self) -> Option<Vec<evidence::SlotTime>> {
        let tick = |tick: &ClockSlot| evidence::SlotTime {
            slot: tick.slot,
            hours: tick.at.as_secs_f64() / 3600.0,
            iterations: tick.iterations as f64,
        };
        (self.every == 1).then(|| self.kept.iter().map(tick).collect())
    }

    /// The median duration of a slot in microseconds; 0 if unknown.
    pub(super) fn slot_us(&self) -> u64 {
        let each = |pair: &[ClockSlot]| {
            let slots = u128::from((pair[1].slot - pair[0].slot).max(1));
            (pair[1].at.saturating_sub(pair[0].at).as_micros() / slots) as u64
        };
        let mut times: Vec<u64> = self.kept.windows(2).map(each).collect();
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(slots: u64, warm_up: Option<WarmUp>) -> SlotClock {
        let mut clock = SlotClock::new(warm_up);
        (0..slots).for_each(|slot| clock.push(Duration::from_secs(36 * (slot + 1)), 2 * (slot + 1)));
        clock
    }

    #[test]
    fn a_slot_is_so_many_iterations_and_hours() {
        for slots in [40, 300, 5000] {
            let clock = clock(slots, None);
            let pace = clock.window().pace;
            assert_eq!(pace.iterations, Some(2.0));
            assert!((pace.hours - 0.01).abs() < 1e-12);
            assert_eq!((clock.slots(), clock.slot_us()), (slots, 36_000_000));
            assert!(clock.kept.len() <= MOST);
        }
    }

    #[test]
    fn the_scenario_sets_the_warm_up() {
        assert_eq!(clock(300, None).window().warm_up, 60);
        assert_eq!(clock(50, None).window().warm_up, 14);
        assert_eq!(clock(100, Some(WarmUp::Iterations(30))).window().warm_up, 15);
        let time = WarmUp::Time(crate::scenario::Duration::from_secs(360));
        assert_eq!(clock(100, Some(time)).window().warm_up, 9);
        assert_eq!(clock(10, Some(WarmUp::Iterations(300))).window().warm_up, 10);
    }

    #[test]
    fn time_and_iterations_may_go_back() {
        let mut clock = SlotClock::new(None);
        (0..40).for_each(|slot| clock.push(Duration::from_secs(100 - slot), 100 - slot));
        assert_eq!((clock.window().pace.iterations, clock.window().pace.hours, clock.slot_us()), (None, 0.0, 0));
    }

    #[test]
    fn a_slot_that_was_missed_took_its_time() {
        let mut clock = clock(100, None);
        clock.miss(50);
        clock.push(Duration::from_secs(36 * 151), 302);
        assert_eq!((clock.slots(), clock.window().pace.iterations), (151, Some(2.0)));
    }
}
