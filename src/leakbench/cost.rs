//! What it costs to judge a sample of a tag as it streams by: the one figure here which is of a machine.

use std::time::Instant;

use super::Nanoseconds;
use super::family::NULLS;
use super::random::Random;
use super::tag::{Quirks, Tag};
use crate::judge::evidence::Histories;
use crate::pool::Usage;
use crate::record::Stage;

const TAGS: usize = 1000;
const PASSES: usize = 5;

/// What is measured for so many samples at first, and for three times as many that follow. Of each row the fastest of a few
/// passes counts: what disturbs a row, such as another program on the same core, only ever makes it slower.
pub(super) fn nanoseconds(at_first: usize) -> Nanoseconds {
    let samples = 4 * at_first;
    let tags: Vec<Tag> = (0..TAGS)
        .map(|at| NULLS[at % NULLS.len()].tag(None, Quirks::default(), samples as u64, Random::seeded(at as u64)))
        .collect();
    let mut least = vec![f64::INFINITY; samples];
    for _ in 0..PASSES {
        let mut histories = Histories::default();
        tags.iter().for_each(|tag| histories.add(tag.key.counters));
        let mut tags = tags.clone();
        let mut row: Vec<Option<Usage>> = Vec::with_capacity(TAGS);
        for least in &mut least {
            row.clear();
            row.extend(tags.iter_mut().map(|tag| tag.slot(true).taken()));
            let began = Instant::now();
            histories.sample(Stage::Workload, &row);
            *least = least.min(began.elapsed().as_secs_f64());
        }
        std::hint::black_box(&histories);
    }
    let mean = |rows: &[f64]| rows.iter().sum::<f64>() * 1e9 / (TAGS * rows.len()) as f64;
    let (at_first, then) = least.split_at(at_first);
    Nanoseconds { at_first: mean(at_first), then: mean(then) }
}
