//! The lowest values of a series, block by block, in bounded memory.
//!
//! A leak shows in the troughs, because memory that is allocated and freed again lies above them. Neighbouring blocks
//! merge exactly (the minimum of two minima), so a series of any length keeps a bounded number of them. A slot without
//! a sample is a hole: it takes its place in time and adds no information.

use super::merging::Merging;
pub use super::trough::Trough;

/// The troughs of a series.
#[derive(Debug, Clone)]
pub struct Troughs {
    merging: Merging<Trough>,
    current: Trough,
    /// Series of the same slots that are added to these troughs.
    others: Box<[Troughs]>,
}

/// A part of a series in equal blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The trough of each block, oldest first.
    pub blocks: Vec<Trough>,
    /// Slots a block holds.
    pub each: u64,
    /// The slot at which the first block begins.
    pub from: u64,
}

impl Default for Troughs {
    fn default() -> Troughs {
        Troughs::from_merging(Merging::after(0, Trough::HOLE))
    }
}

impl Troughs {
    /// The troughs of full blocks.
    pub(super) fn from_merging(merging: Merging<Trough>) -> Troughs {
        Troughs { merging, current: Trough::HOLE, others: Box::default() }
    }

    /// The number of slots so far.
    pub fn slots(&self) -> u64 {
        self.merging.slots()
    }

    /// The first slot of the first block with a sample; the latest of them if several series are added up.
    pub(super) fn begun(&self) -> u64 {
        let holes = self.merging.blocks().iter().take_while(|block| block.is_hole()).count() as u64;
        self.others.iter().map(Troughs::begun).fold(holes * self.merging.span(), u64::max)
    }

    /// Adds a slot with its sample.
    pub fn push(&mut self, sample: Trough) {
        self.current = self.current.lower(sample);
        self.merging.slot(|_| std::mem::replace(&mut self.current, Trough::HOLE));
    }

    /// Adds a slot without a sample.
    pub fn miss(&mut self) {
        self.push(Trough::HOLE);
    }

    /// The sum with the series of another tag over the same slots: troughs are added. Most noise only adds, so it is
    /// absent from each trough before they are added, and the result has less noise than the troughs of a sum.
    pub(super) fn plus(&self, other: &Troughs) -> Troughs {
        let others = self.others.iter().chain([other]).cloned().collect();
        Troughs { others, ..self.clone() }
    }

    /// The highest trough of the slots before `until`, over blocks of `each` slots like those after it.
    pub(super) fn highest_before(&self, until: u64, each: u64) -> Option<Trough> {
        let span = self.merging.span();
        let each = (each / span).max(1) as usize;
        let until = ((until / span) as usize).min(self.merging.blocks().len());
        self.lows(0, until / each * each, each).into_iter().flatten().reduce(Trough::higher)
    }

    /// Splits the slots from `from` on into `count` equal blocks. Both ends are rounded to whole blocks: the first is
    /// dropped if `from` falls into it, the last if it is not full. A block without any sample repeats the one before
    /// it. Returns `None` if there are too few blocks, or if more than a third of them have no sample.
    pub fn split(&self, from: u64, count: usize) -> Option<Stretch> {
        let first = from.div_ceil(self.merging.span()) as usize;
        let each = self.merging.blocks().len().checked_sub(first)? / count;
        if each == 0 {
            return None;
        }
        // The remainder is taken from the beginning, which the warm-up may reach into.
        let first = self.merging.blocks().len() - each * count;
        let lows = self.lows(first, self.merging.blocks().len(), each);
        if lows.iter().flatten().count() * 3 < count * 2 {
            return None;
        }
        let mut known = lows.iter().copied().flatten().next()?;
        let blocks = lows.into_iter().map(|low| {
            known = low.unwrap_or(known);
            known
        });
        let span = self.merging.span();
        Some(Stretch { blocks: blocks.collect(), each: each as u64 * span, from: first as u64 * span })
    }

    /// All blocks from the beginning, with the number of slots in each; for the shape of the whole series.
    pub(super) fn all(&self) -> (Vec<Trough>, u64) {
        let lows = self.lows(0, self.merging.blocks().len(), 1);
        (lows.into_iter().map(|low| low.unwrap_or(Trough::HOLE)).collect(), self.merging.span())
    }

    /// The troughs of the blocks from `from` to `to`, `each` at a time; `None` for those without a sample.
    fn lows(&self, from: usize, to: usize, each: usize) -> Vec<Option<Trough>> {
        let blocks = self.merging.blocks().get(from..to).unwrap_or_default().chunks(each);
        let own = blocks.map(lowest).collect();
        self.others.iter().fold(own, |sum: Vec<Option<Trough>>, other| {
            let others = other.lows(from, to, each);
            sum.into_iter().zip(others).map(|(one, other)| Some(one?.plus(other?))).collect()
        })
    }
}

fn lowest(block: &[Trough]) -> Option<Trough> {
    block.iter().copied().reduce(Trough::lower).filter(|trough| !trough.is_hole())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn troughs(values: impl IntoIterator<Item = i64>) -> Troughs {
        let mut troughs = Troughs::default();
        values.into_iter().for_each(|value| troughs.push(at(value)));
        troughs
    }

    fn at(value: i64) -> Trough {
        Trough { objects: value, bytes: value, adjusted: value }
    }

    fn objects(stretch: Stretch) -> Vec<i64> {
        stretch.blocks.iter().map(|block| block.objects).collect()
    }

    #[test]
    fn a_split_leaves_out_the_warm_up() {
        let stretch = troughs(0..100).split(20, 8).unwrap();
        assert_eq!((stretch.each, stretch.from), (10, 20));
        assert_eq!(objects(stretch), [20, 30, 40, 50, 60, 70, 80, 90]);
    }

    #[test]
    fn a_missed_sample_keeps_its_place_in_time() {
        let mut troughs = Troughs::default();
        for slot in 0..40 {
            if (12..22).contains(&slot) { troughs.miss() } else { troughs.push(at(slot)) }
        }
        assert_eq!(objects(troughs.split(0, 8).unwrap()), [0, 5, 10, 10, 22, 25, 30, 35]);
        assert_eq!(troughs.slots(), 40);
    }

    #[test]
    fn the_troughs_of_a_sum_are_the_sums_of_troughs() {
        let sum = troughs([5, 9, 1, 7]).plus(&troughs([9, 5, 7, 1])).plus(&troughs([1; 4]));
        assert_eq!(objects(sum.split(0, 2).unwrap()), [11, 3]);
        assert_eq!(sum.highest_before(4, 2).unwrap().objects, 11);
        assert_eq!(sum.all().0.iter().map(|block| block.objects).collect::<Vec<_>>(), [15, 15, 9, 9]);
    }

    #[test]
    fn blocks_with_mostly_missing_samples_are_not_split() {
        let mut troughs = Troughs::default();
        (0..40).for_each(|slot| if slot < 25 { troughs.miss() } else { troughs.push(at(slot)) });
        assert_eq!(troughs.split(0, 8), None);
        assert!(troughs.split(20, 4).is_some());
    }
}
