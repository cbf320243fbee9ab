//! Judging takes the same memory for a run of any length.

use poolgate::judge::evidence::Histories;
use poolgate::pool::{Counters, Usage};
use poolgate::record::Stage;

const TAGS: usize = 4_000;

/// The most memory that 4,000 tags take while this number of samples is judged.
fn most(samples: u64) -> u64 {
    let info = allocation_counter::measure(|| {
        let mut tags = Histories::default();
        (0..TAGS).for_each(|_| tags.add(Counters::Full64));
        let mut row = Vec::with_capacity(TAGS);
        for slot in 0..samples + 80 {
            let stage = match slot {
                0..40 => Stage::LeadIn,
                _ if slot < samples + 40 => Stage::Workload,
                _ => Stage::CoolDown,
            };
            row.clear();
            row.extend((0..TAGS as u64).map(|tag| {
                let allocs = slot * (tag % 17) + 500;
                Some(Usage { allocs, frees: allocs / 2, bytes: allocs * 32 })
            }));
            tags.sample(stage, &row);
        }
    });
    info.bytes_max
}

#[test]
fn four_thousand_tags_take_32_mib_however_long_the_run_is() {
    let (short, long) = (most(500), most(4_000));
    assert!(long <= 32 << 20, "{:.1} MiB", long as f64 / f64::from(1 << 20));
    assert!(long <= short + (1 << 20), "{short} B and {long} B");
}
