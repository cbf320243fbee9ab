//! The cost of judging: a sample of a tag while the recording is read, and the verdict on a tag at the end.
//!
//! The goal for the streaming part is at most 5 ns per tag and sample, over 4,000 tags in the order of a sample. So it
//! is measured with all of them, not with one tag that never leaves the processor's cache.
#![allow(clippy::unwrap_used, reason = "a benchmark ends by panicking")]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use poolgate::judge::evidence::{Histories, Labels, Pace, Window, attribution, first_look};
use poolgate::pool::{Counters, Usage};
use poolgate::record::Stage;

const TAGS: usize = 4_000;
const SAMPLES: u64 = 300;

fn main() {
    divan::main();
}

/// One tag in this number moves with every sample: all tags, or one third as on a busy machine.
const MOVING: [u64; 2] = [1, 3];

/// The counters of a tag; one tag in `of` moves a little with every sample.
fn usage(tag: u64, slot: u64, of: u64) -> Usage {
    let slot = if tag.is_multiple_of(of) { slot } else { 0 };
    // More than the level ever falls by, so `frees` never goes back: that would be another counter.
    let allocs = slot * (5 + tag % 16) + 500;
    let live = 400 + (slot ^ tag) % 5;
    Usage { allocs, frees: allocs - live, bytes: live * 32 }
}

#[divan::bench(args = MOVING)]
fn a_sample_of_a_tag(bencher: Bencher<'_, '_>, of: u64) {
    let mut tags = Histories::default();
    (0..TAGS).for_each(|_| tags.add(Counters::Full64));
    let mut slot = 0;
    let mut row = Vec::with_capacity(TAGS);
    let mut sample = |tags: &mut Histories| {
        slot += 1;
        row.clear();
        row.extend((0..TAGS as u64).map(|tag| Some(usage(tag, slot, of))));
        tags.sample(Stage::Workload, black_box(&row));
    };
    // Passes the samples that flows are learned from.
    (0..SAMPLES).for_each(|_| sample(&mut tags));
    bencher.counter(ItemsCount::new(TAGS)).bench_local(|| sample(&mut tags));
}

/// The cost of the loop in `a_sample_of_a_tag` alone.
#[divan::bench]
fn the_loop_by_itself(bencher: Bencher<'_, '_>) {
    let mut slot = 0;
    let mut row = Vec::with_capacity(TAGS);
    bencher.counter(ItemsCount::new(TAGS)).bench_local(|| {
        slot += 1;
        row.clear();
        row.extend((0..TAGS as u64).map(|tag| Some(usage(tag, slot, 1))));
        black_box(&row);
    });
}

#[divan::bench]
fn the_first_look_at_a_tag(bencher: Bencher<'_, '_>) {
    let mut tag = Histories::of_one(Counters::Full64, 0);
    (0..SAMPLES).for_each(|slot| tag.sample(Stage::Workload, &[Some(usage(15, slot, 1))]));
    let history = tag.history(0);
    let window = Window { warm_up: 60, pace: Pace { iterations: Some(1.0), hours: 0.001 } };
    bencher.bench_local(|| first_look(black_box(&history), window));
}

#[divan::bench]
fn an_attribution(bencher: Bencher<'_, '_>) {
    let order = [true, true, false, true, true, false, true, false, true, true, false, true];
    let troughs: Vec<f64> = (0..24).map(|part| f64::from(part * 7 % 11 + part)).collect();
    bencher.bench_local(|| attribution(black_box(&troughs), Labels { order: &order, parts: 2, slots: 33.5 }));
}
