//! A simulated tag: the counters of a kernel, slot by slot.
//!
//! A tag is a base level and a few [`MovingPart`]s. It produces one slot after the other, with or without the workload. So
//! the first look and any number of second looks see one continuing process, as on a machine.

use super::movement::{Movement, MovingPart, PartClock};
use super::random::Random;
use crate::pool::{Counters, Key, Pool, Tag, Usage};

/// Allocations per slot that are freed within it, beside those of the parts.
const CHURN: f64 = 300.0;

/// Deviations of a tag's counters and samples from the plain case.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Quirks {
    /// Objects of very different sizes under one tag.
    pub(super) mixed_sizes: bool,
    /// Counters of 32 bits that wrap during the run.
    pub(super) wraps: bool,
    /// The kernel counts only objects in use.
    pub(super) in_use_only: bool,
    /// The kernel's table has the tag only from this slot of the workload on.
    pub(super) appears: u64,
    /// The share of samples that are missed.
    pub(super) missed: f64,
}

/// A tag in progress.
#[derive(Debug, Clone)]
pub(super) struct SimulatedTag {
    pub(super) key: Key,
    /// Bytes of an object, on average.
    pub(super) size: f64,
    quirks: Quirks,
    base: f64,
    parts: Vec<MovingPart>,
    random: Random,
    allocs: u64,
    live: u64,
    bytes: u64,
    /// The sizes of all objects, if they differ.
    sizes: Vec<u32>,
    /// Slots of any kind so far.
    slots: u64,
}

/// Slots at rest before and after the workload.
pub(super) const REST: u64 = 10;

/// The sample of one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SlotSample {
    /// No sample was taken.
    Missed,
    /// The kernel's table did not have the tag.
    Absent,
    /// The sample has the kernel's counters.
    Taken(Usage),
}

impl SlotSample {
    /// The counters, if a sample was taken and the tag was present.
    pub(super) fn taken(self) -> Option<Usage> {
        match self {
            SlotSample::Taken(usage) => Some(usage),
            SlotSample::Missed | SlotSample::Absent => None,
        }
    }
}

impl SimulatedTag {
    /// A tag of these movements.
    pub(super) fn new(movements: &[(PartClock, Movement)], quirks: Quirks, mut random: Random) -> SimulatedTag {
        let parts: Vec<MovingPart> =
            movements.iter().map(|(clock, movement)| MovingPart::new(*clock, *movement, &mut random)).collect();
        let size = (random.magnitude(32.0, 4096.0) / 16.0).round() * 16.0;
        let base = random.magnitude(10.0, 5000.0);
        let counters = match quirks {
            Quirks { wraps: true, .. } => Counters::Wrapping32,
            Quirks { in_use_only: true, .. } => Counters::InUse,
            _ => Counters::Full64,
        };
        // So close to the end that 32 bits wrap in the middle of the workload.
        let allocs = if quirks.wraps { (1 << 32) - (60.0 * CHURN) as u64 } else { 1 << 20 };
        let key = Key::new(Tag::from_pool_tag(*b"Leak"), Pool::Nonpaged, counters);
        let mut tag = SimulatedTag {
            key,
            size,
            quirks,
            base,
            parts,
            random,
            allocs,
            live: 0,
            bytes: 0,
            sizes: Vec::new(),
            slots: 0,
        };
        tag.resize(base as u64);
        tag
    }

    /// Lets one slot pass, and takes a sample at its end.
    pub(super) fn slot(&mut self, work: bool) -> SlotSample {
        let mut allocated = if work { CHURN } else { 0.0 };
        let random = &mut self.random;
        let objects: f64 = self.parts.iter_mut().map(|part| part.slot(work, random, &mut allocated)).sum();
        let live = (self.base + objects).floor().max(0.0) as u64;
        self.allocs += (allocated as u64).max(live.saturating_sub(self.live));
        self.resize(live);
        self.slots += 1;
        // An absent tag is absent before the workload too.
        if self.slots <= self.quirks.appears + if self.quirks.appears > 0 { REST } else { 0 } {
            return SlotSample::Absent;
        }
        if self.quirks.missed > 0.0 && self.random.chance(self.quirks.missed) {
            return SlotSample::Missed;
        }
        SlotSample::Taken(self.usage())
    }

    /// Sets the number of objects. If sizes are mixed, each object keeps its own, and any object may go.
    fn resize(&mut self, live: u64) {
        if self.quirks.mixed_sizes {
            while (self.sizes.len() as u64) < live {
                self.sizes.push((self.size * self.random.between(0.25, 1.75)) as u32);
                self.bytes += self.sizes.last().map_or(0, |size| u64::from(*size));
            }
            while self.sizes.len() as u64 > live {
                let gone = self.random.bits() as usize % self.sizes.len();
                self.bytes -= u64::from(self.sizes.swap_remove(gone));
            }
        } else {
            self.bytes = live * self.size as u64;
        }
        self.live = live;
    }

    fn usage(&self) -> Usage {
        if self.key.counters == Counters::InUse {
            return Usage { allocs: self.live, frees: 0, bytes: self.bytes };
        }
        let frees = self.allocs.wrapping_sub(self.live);
        let mask = if self.quirks.wraps { u64::from(u32::MAX) } else { u64::MAX };
        Usage { allocs: self.allocs & mask, frees: frees & mask, bytes: self.bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leakbench::movement::Manner;

    fn live(tag: &mut SimulatedTag, work: bool) -> i64 {
        let SlotSample::Taken(usage) = tag.slot(work) else { panic!("no sample") };
        tag.key.live(usage)
    }

    fn growing(clock: PartClock, manner: Manner) -> SimulatedTag {
        let growth = Movement::Growth { rate: 2.0, manner };
        SimulatedTag::new(&[(clock, growth)], Quirks::default(), Random::named("growing"))
    }

    #[test]
    fn a_leak_leaks_at_its_rate_and_rests_with_the_workload() {
        for (manner, most_off) in [
            (Manner::Even, 1),
            (Manner::Poisson, 250),
            (Manner::DutyCycle { period: 30.0 }, 60),
            (Manner::Lumps { every: 20.0 }, 40),
        ] {
            let mut tag = growing(PartClock::Work, manner);
            let first = live(&mut tag, false);
            let last = (0..3000).map(|_| live(&mut tag, true)).last().unwrap();
            assert!((last - first - 6000).abs() <= most_off, "{manner:?}: {}", last - first);
            assert_eq!((0..100).map(|_| live(&mut tag, false)).last().unwrap(), last, "{manner:?}");
        }
    }

    #[test]
    fn a_late_leak_begins_late() {
        let mut tag = growing(PartClock::Work, Manner::Late { from: 100.0 });
        let levels: Vec<i64> = (0..200).map(|_| live(&mut tag, true)).collect();
        assert_eq!((levels[99] - levels[0], levels[199] - levels[99]), (0, 200));
    }

    #[test]
    fn background_goes_on_while_the_workload_rests() {
        let mut tag = growing(PartClock::Time, Manner::Even);
        let first = live(&mut tag, true);
        assert_eq!((0..100).map(|_| live(&mut tag, false)).last().unwrap() - first, 200);
    }

    #[test]
    fn allocations_in_flight_are_gone_at_rest() {
        let parts = [
            (PartClock::Work, Movement::InFlight { mean: 50.0 }),
            (PartClock::Work, Movement::Load { mean: 40.0, share: 0.5 }),
        ];
        let mut tag = SimulatedTag::new(&parts, Quirks::default(), Random::named("flight"));
        let rest = live(&mut tag, false);
        let busy = (0..500).map(|_| live(&mut tag, true) - rest).sum::<i64>() / 500;
        assert!((60..85).contains(&busy), "{busy}");
        assert_eq!(live(&mut tag, false), rest);
    }

    #[test]
    fn counters_wrap_and_only_go_up() {
        let quirks = Quirks { wraps: true, ..Quirks::default() };
        let movements = [(PartClock::Time, Movement::Wander { spread: 5.0, memory: 3.0 })];
        let mut tag = SimulatedTag::new(&movements, quirks, Random::named("wrap"));
        let plain = Quirks::default();
        let mut same = SimulatedTag::new(&movements, plain, Random::named("wrap"));
        let mut wrapped = 0;
        let mut before = 0;
        for _ in 0..200 {
            let (SlotSample::Taken(usage), level) = (tag.slot(true), live(&mut same, true)) else {
                panic!("no sample")
            };
            wrapped += u32::from(usage.allocs < before);
            before = usage.allocs;
            assert_eq!(tag.key.live(usage), level);
        }
        assert_eq!(wrapped, 1);
    }

    #[test]
    fn tags_appear_late_and_samples_are_missed() {
        let quirks = Quirks { appears: 30, missed: 0.1, ..Quirks::default() };
        let mut tag = SimulatedTag::new(&[], quirks, Random::named("late"));
        let samples: Vec<SlotSample> = (0..1000).map(|slot| tag.slot(slot >= REST)).collect();
        assert!(samples[..40].iter().all(|sample| *sample == SlotSample::Absent));
        assert!(samples[40..].iter().all(|sample| *sample != SlotSample::Absent));
        let missed = samples.iter().filter(|sample| **sample == SlotSample::Missed).count();
        assert!((60..130).contains(&missed), "{missed}");
    }

    #[test]
    fn bytes_follow_the_objects() {
        let quirks = Quirks { mixed_sizes: true, ..Quirks::default() };
        let growth = Movement::Growth { rate: 2.0, manner: Manner::Even };
        let mut tag = SimulatedTag::new(&[(PartClock::Work, growth)], quirks, Random::named("sizes"));
        let mut bytes = |slots: u64| {
            let last = (0..slots).map(|_| tag.slot(true)).last();
            let Some(SlotSample::Taken(usage)) = last else { panic!("no sample") };
            usage.bytes as f64
        };
        let (first, last) = (bytes(1), bytes(2000));
        let each = (last - first) / 4000.0 / tag.size;
        assert!((0.95..1.05).contains(&each), "{each}");
    }
}
