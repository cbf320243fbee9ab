//! The sampling clock. It ticks at whole multiples of its period, so slow samples do not make it drift, and it counts
//! the ticks that passed unused.

use std::time::Duration;

use tokio::time::Instant;

/// Ticks at `start + n × every`.
#[derive(Debug)]
pub(super) struct SampleClock {
    start: Instant,
    every: Duration,
    /// The number of the next tick.
    next: u32,
    missed: u32,
}

impl SampleClock {
    /// Returns a clock with its first tick one period from now.
    pub(super) fn new(every: Duration) -> SampleClock {
        SampleClock { start: Instant::now(), every, next: 1, missed: 0 }
    }

    /// Waits for the next tick. Dropping the future loses no tick.
    pub(super) async fn tick(&mut self) {
        tokio::time::sleep_until(self.start + self.every * self.next).await;
        self.pass();
        self.next += 1;
    }

    /// Skips overdue ticks: if the clock is more than one period late, the ticks before the latest one count as missed,
    /// and the latest one is next.
    pub(super) fn pass(&mut self) {
        let passed = (self.start.elapsed().as_nanos() / self.every.as_nanos()) as u32;
        self.missed += passed.saturating_sub(self.next);
        self.next = passed.max(self.next);
    }

    /// Restarts the clock: the next tick is one period from now, and ticks since the last [`SampleClock::pass`] do not count
    /// as missed.
    pub(super) fn begin_again(&mut self) {
        *self = SampleClock { missed: self.missed, ..SampleClock::new(self.every) };
    }

    /// Returns the number of ticks missed since the last call, and resets it. It includes ticks that passed while no
    /// future waited for them.
    pub(super) fn take_missed(&mut self) -> u32 {
        self.pass();
        std::mem::take(&mut self.missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn ticks_do_not_drift_when_samples_take_long() {
        let begun = Instant::now();
        let mut clock = SampleClock::new(Duration::from_secs(1));
        for _ in 0..100 {
            clock.tick().await;
            tokio::time::advance(Duration::from_millis(300)).await;
        }
        assert_eq!(begun.elapsed().as_millis(), 100_300);
        assert_eq!(clock.take_missed(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_begins_again_missed_nothing() {
        let mut clock = SampleClock::new(Duration::from_secs(1));
        clock.tick().await;
        tokio::time::advance(Duration::from_millis(3500)).await;
        clock.begin_again();
        let begun = Instant::now();
        clock.tick().await;
        assert_eq!((begun.elapsed().as_millis(), clock.take_missed()), (1000, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn ticks_without_a_waiter_are_missed() {
        let mut clock = SampleClock::new(Duration::from_secs(1));
        clock.tick().await;
        tokio::time::advance(Duration::from_millis(3500)).await;
        assert_eq!((clock.take_missed(), clock.take_missed()), (2, 0));
        let begun = Instant::now();
        clock.tick().await;
        assert_eq!((begun.elapsed().as_millis(), clock.take_missed()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn ticks_that_passed_are_counted_once() {
        let mut clock = SampleClock::new(Duration::from_secs(1));
        clock.tick().await;
        tokio::time::advance(Duration::from_millis(3500)).await;
        clock.tick().await;
        assert_eq!((clock.take_missed(), clock.take_missed()), (2, 0));
        let begun = Instant::now();
        clock.tick().await;
        assert_eq!(begun.elapsed().as_millis(), 500);
    }
}
