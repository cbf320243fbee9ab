//! What it costs to judge a sample of a tag as it streams by: the one figure here which is of a machine.

use std::time::Instant;

use super::family::NULLS;
use super::random::Random;
use super::tag::{Quirks, Sample, Tag};
use crate::judge::evidence::History;
use crate::pool::Usage;
use crate::record::Stage;

const TAGS: usize = 1000;
const SLOTS: usize = 1000;

/// Nanoseconds a sample of a tag, the best of a few passes: what disturbs a pass only ever makes it slower.
pub(super) fn nanoseconds() -> f64 {
    let mut tags: Vec<Tag> = (0..TAGS)
        .map(|at| NULLS[at % NULLS.len()].tag(None, Quirks::default(), SLOTS as u64, Random::seeded(at as u64)))
        .collect();
    // Row by row, as a recording is read.
    let mut usages: Vec<Option<Usage>> = Vec::with_capacity(TAGS * SLOTS);
    for _ in 0..SLOTS {
        usages.extend(tags.iter_mut().map(|tag| match tag.slot(true) {
            Sample::Taken(usage) => Some(usage),
            Sample::Missed | Sample::Absent => None,
        }));
    }
    let pass = || {
        let mut histories: Vec<History> = tags.iter().map(|tag| History::new(tag.key.counters)).collect();
        let began = Instant::now();
        for row in usages.chunks(TAGS) {
            for (history, usage) in histories.iter_mut().zip(row) {
                history.push(Stage::Workload, *usage);
            }
        }
        let nanoseconds = began.elapsed().as_secs_f64() * 1e9 / usages.len() as f64;
        std::hint::black_box(&histories);
        nanoseconds
    };
    (0..5).map(|_| pass()).fold(f64::INFINITY, f64::min)
}
