//! The lowest values of a series, block by block, in bounded memory.
//!
//! A leak shows in the troughs: whatever a workload allocates and frees again lies above them. Neighbouring blocks merge
//! exactly (the minimum of two minima), so a series of any length keeps at most [`MOST`] blocks.

/// The most blocks a series keeps; a multiple of every number of blocks that `trend` asks for.
const MOST: usize = 192;

/// The lowest objects and bytes of one block of samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Trough {
    pub(super) objects: i64,
    pub(super) bytes: i64,
}

impl Trough {
    /// What two tags hold together.
    pub(super) fn plus(self, other: Trough) -> Trough {
        Trough { objects: self.objects.saturating_add(other.objects), bytes: self.bytes.saturating_add(other.bytes) }
    }

    pub(super) fn higher(self, other: Trough) -> Trough {
        Trough { objects: self.objects.max(other.objects), bytes: self.bytes.max(other.bytes) }
    }

    pub(super) fn lower(self, other: Trough) -> Trough {
        Trough { objects: self.objects.min(other.objects), bytes: self.bytes.min(other.bytes) }
    }
}

/// A series' troughs.
#[derive(Debug, Clone)]
pub(super) struct Troughs {
    blocks: Vec<Trough>,
    /// Samples a block holds.
    span: u64,
    /// Samples so far.
    samples: u64,
}

impl Troughs {
    pub(super) fn new() -> Troughs {
        Troughs { blocks: Vec::new(), span: 1, samples: 0 }
    }

    /// The troughs of a tag which was not there for the first `samples`: it held nothing then.
    pub(super) fn after_nothing(samples: u64) -> Troughs {
        let mut troughs = Troughs::new();
        (0..samples).for_each(|_| troughs.push(Trough { objects: 0, bytes: 0 }));
        troughs
    }

    pub(super) fn push(&mut self, sample: Trough) {
        if self.samples.is_multiple_of(self.span) {
            if self.blocks.len() == MOST {
                self.blocks = self.blocks.chunks(2).map(|pair| pair[0].lower(pair[1])).collect();
                self.span *= 2;
            }
            self.blocks.push(sample);
        } else if let Some(last) = self.blocks.last_mut() {
            *last = last.lower(sample);
        }
        self.samples += 1;
    }

    /// The highest trough of the samples before `until`, taken over blocks of `each` samples as those after it are.
    pub(super) fn highest_before(&self, until: u64, each: u64) -> Option<Trough> {
        let whole = &self.blocks[..((until / self.span) as usize).min(self.blocks.len())];
        let blocks = whole.chunks_exact((each / self.span).max(1) as usize);
        blocks.filter_map(|block| block.iter().copied().reduce(Trough::lower)).reduce(Trough::higher)
    }

    /// The troughs of `count` equal blocks of the samples from `from` on, and how many samples such a block holds. Both
    /// ends give way to whole blocks: the first is dropped when `from` falls into it, the last when it is not full.
    pub(super) fn split(&self, from: u64, count: usize) -> Option<(Vec<Trough>, u64)> {
        let first = from.div_ceil(self.span) as usize;
        let whole = self.blocks.get(first..(self.samples / self.span) as usize)?;
        let each = whole.len() / count;
        if each == 0 {
            return None;
        }
        // What does not divide is taken from the beginning, where the warm-up may reach into.
        let blocks = whole[whole.len() - each * count..].chunks(each);
        let troughs = blocks.filter_map(|block| block.iter().copied().reduce(Trough::lower)).collect();
        Some((troughs, each as u64 * self.span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[i64]) -> Troughs {
        let mut troughs = Troughs::new();
        values.iter().for_each(|&value| troughs.push(Trough { objects: value, bytes: value }));
        troughs
    }

    proptest! {
        #[test]
        fn merged_blocks_hold_the_true_minima(values in proptest::collection::vec(-1000i64..1000, 1..3000)) {
            let troughs = of(&values);
            prop_assert!(troughs.blocks.len() <= MOST);
            for (block, values) in troughs.blocks.iter().zip(values.chunks(troughs.span as usize)) {
                prop_assert_eq!(Some(block.objects), values.iter().copied().min());
            }
        }
    }

    #[test]
    fn a_split_leaves_out_the_warm_up() {
        let (blocks, each) = of(&(0..100).collect::<Vec<_>>()).split(20, 8).unwrap();
        assert_eq!(each, 10);
        assert_eq!(blocks.iter().map(|block| block.objects).collect::<Vec<_>>(), [20, 30, 40, 50, 60, 70, 80, 90]);
    }

    #[test]
    fn a_tag_which_appears_late_held_nothing_before() {
        let mut troughs = Troughs::after_nothing(10);
        troughs.push(Trough { objects: 5, bytes: 5 });
        assert_eq!(troughs.samples, 11);
        assert_eq!(troughs.split(0, 11).unwrap().0[9..].iter().map(|b| b.objects).collect::<Vec<_>>(), [0, 5]);
    }
}
