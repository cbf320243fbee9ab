//! The cost of judging one sample of one tag: the only figure here that depends on the machine.

use std::hint::black_box;
use std::time::Instant;

use super::family::NULLS;
use super::figures::Nanoseconds;
use super::random::Random;
use super::tag::{Quirks, SimulatedTag};
use crate::judge::evidence::Histories;
use crate::pool::Usage;
use crate::record::Stage;

const TAGS: usize = 1000;

/// The cost, measured pass by pass: for `at_first` samples at the start, and for three times as many after them. A
/// machine, especially a virtual one, has slow minutes, so the passes belong far apart. For each row of samples the
/// fastest pass counts, because a disturbance, such as another program on the same core, only makes a row slower.
pub(super) struct Cost {
    at_first: usize,
    tags: Vec<SimulatedTag>,
    /// One for each row.
    least: Vec<Least>,
}

/// Seconds in the fastest pass so far.
#[derive(Clone, Copy)]
struct Least {
    judged: f64,
    lowest_alone: f64,
}

impl Cost {
    pub(super) fn new(at_first: usize) -> Cost {
        let samples = 4 * at_first;
        let tag =
            |at: usize| NULLS[at % NULLS.len()].tag(None, Quirks::default(), samples as u64, Random::seeded(at as u64));
        let never = Least { judged: f64::INFINITY, lowest_alone: f64::INFINITY };
        Cost { at_first, tags: (0..TAGS).map(tag).collect(), least: vec![never; samples] }
    }

    pub(super) fn pass(&mut self) {
        let mut histories = Histories::default();
        self.tags.iter().for_each(|tag| histories.add(tag.key.counters));
        let mut tags = self.tags.clone();
        let mut lowest = vec![u64::MAX; TAGS];
        let mut row: Vec<Option<Usage>> = Vec::with_capacity(TAGS);
        for Least { judged, lowest_alone } in &mut self.least {
            row.clear();
            row.extend(tags.iter_mut().map(|tag| tag.slot(true).taken()));
            *judged = judged.min(seconds(|| histories.sample(Stage::Workload, &row)));
            *lowest_alone = lowest_alone.min(seconds(|| keep_lowest(&mut lowest, &row)));
        }
    }

    /// The mean cost of one sample of one tag.
    pub(super) fn nanoseconds(&self) -> Nanoseconds {
        let mean = |rows: &[Least], seconds: fn(&Least) -> f64| {
            rows.iter().map(seconds).sum::<f64>() * 1e9 / (TAGS * rows.len()) as f64
        };
        let (at_first, then) = self.least.split_at(self.at_first);
        Nanoseconds {
            at_first: mean(at_first, |row| row.judged),
            then: mean(then, |row| row.judged),
            lowest_alone: mean(then, |row| row.lowest_alone),
        }
    }
}

/// The least work of any program that looks for memory that does not shrink again.
fn keep_lowest(lowest: &mut [u64], row: &[Option<Usage>]) {
    for (lowest, usage) in lowest.iter_mut().zip(row) {
        *lowest = usage.map_or(*lowest, |usage| usage.bytes.min(*lowest));
    }
    black_box(lowest);
}

fn seconds(work: impl FnOnce()) -> f64 {
    let began = Instant::now();
    work();
    began.elapsed().as_secs_f64()
}
