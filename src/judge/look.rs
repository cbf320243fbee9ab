//! A second look as measured: its plan, the samples of the candidates, and whether there were enough samples.

use super::coverage::SampleCounts;
use super::evidence::Extension;
use super::sums::{Extended, Sum};
use crate::pool::{Key, Usage};
use crate::record::SecondLook;

/// A second look at the candidates.
pub(super) struct MeasuredLook {
    pub(super) plan: SecondLook,
    /// The candidate tags, by row.
    pub(super) tags: Vec<(usize, Extension)>,
    pub(super) sums: Vec<(usize, Extended)>,
    /// Number of slots with a sample in each block; the first entry is the work before the first block.
    taken: Vec<u64>,
    /// The first and the last usage of each of `tags`.
    ends: Vec<Option<(Usage, Usage)>>,
}

impl MeasuredLook {
    pub(super) fn new(plan: SecondLook, tags: Vec<(usize, Extension)>, sums: Vec<(usize, Extended)>) -> MeasuredLook {
        let ends = vec![None; tags.len()];
        MeasuredLook { plan, tags, sums, taken: Vec::new(), ends }
    }

    /// The first and the last usage of the tag in `row`; `None` if it was not sampled.
    pub(super) fn ends_of(&self, row: usize) -> Option<(Usage, Usage)> {
        let at = self.tags.iter().position(|(looked_at, _)| *looked_at == row)?;
        self.ends[at]
    }

    /// Begins a block; 0 is the work before the first.
    pub(super) fn block(&mut self, number: u32, work: bool) {
        self.taken.push(0);
        self.extensions().for_each(|extension| extension.block(number, work));
    }

    /// Why the look does not count, if a block has too few samples.
    pub(super) fn thin(&self) -> Option<String> {
        let blocks = self.taken.iter().enumerate().skip(1);
        blocks.into_iter().find_map(|(number, taken)| {
            let counts = SampleCounts { taken: *taken, due: self.plan.slots };
            counts.doubt(&format!("in block {number} of the second look"))
        })
    }

    fn extensions(&mut self) -> impl Iterator<Item = &mut Extension> {
        let sums = self.sums.iter_mut().flat_map(|(_, extended)| extended.extensions());
        self.tags.iter_mut().map(|(_, extension)| extension).chain(sums)
    }

    /// Adds the sample of a slot; `done` is the number of iterations in that slot.
    pub(super) fn sample(&mut self, done: u64, sums: &[Sum], keys: &[Key], usages: &[Option<Usage>]) {
        self.taken.iter_mut().next_back().into_iter().for_each(|taken| *taken += 1);
        self.extensions().for_each(|extension| extension.done(done));
        for ((row, extension), ends) in self.tags.iter_mut().zip(&mut self.ends) {
            let usage = usages.get(*row).copied().flatten();
            if let Some(usage) = usage {
                *ends = Some((ends.map_or(usage, |(first, _)| first), usage));
            }
            extension.push(usage);
        }
        for (at, extended) in &mut self.sums {
            if let Some(sum) = sums.get(*at) {
                extended.sample(sum, keys, usages);
            }
        }
    }
}
