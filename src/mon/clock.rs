//! The times of screens: at whole multiples of the period from the start, so that they do not drift if a reading takes
//! long.

use std::time::{Duration, Instant};

/// Ticks at `start + n × every`; the first is immediate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticks {
    start: Instant,
    every: Duration,
    /// The total length; a tick exactly at its end is the last.
    length: Option<Duration>,
    /// The number of the next tick.
    next: u32,
}

impl Ticks {
    /// Creates ticks from `start` on.
    pub(crate) fn new(start: Instant, every: Duration, length: Option<Duration>) -> Ticks {
        Ticks { start, every, length, next: 0 }
    }

    /// The time of the next screen; `None` after the last one.
    pub(crate) fn next(&self) -> Option<Instant> {
        let from_start = self.every.checked_mul(self.next)?;
        let within = self.length.is_none_or(|length| from_start <= length);
        within.then(|| self.start.checked_add(from_start)).flatten()
    }

    /// Notes that a screen was made at `now`; ticks due before that are skipped.
    pub(crate) fn done(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.start).as_nanos() / self.every.as_nanos().max(1);
        self.next = u32::try_from(passed).unwrap_or(u32::MAX).max(self.next).saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn screens_do_not_drift_when_readings_take_long() {
        let start = Instant::now();
        let mut ticks = Ticks::new(start, millis(5000), None);
        for screen in 0..100 {
            assert_eq!(ticks.next(), Some(start + millis(screen * 5000)));
            ticks.done(start + millis(screen * 5000 + 1700));
        }
    }

    #[test]
    fn missed_screens_are_not_repeated() {
        let start = Instant::now();
        let mut ticks = Ticks::new(start, millis(1000), None);
        ticks.done(start + millis(3500));
        assert_eq!(ticks.next(), Some(start + millis(4000)));
    }

    #[test]
    fn the_last_screen_is_at_the_very_end() {
        let start = Instant::now();
        let mut ticks = Ticks::new(start, millis(500), Some(millis(1000)));
        let mut due = Vec::new();
        while let Some(next) = ticks.next() {
            due.push((next - start).as_millis());
            ticks.done(next);
        }
        assert_eq!(due, [0, 500, 1000]);
    }
}
