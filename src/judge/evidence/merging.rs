//! Blocks of equal length in bounded number: if there are too many, neighbours merge.

/// The most blocks that are kept; a multiple of every number of blocks that the tests ask for.
const MOST: usize = 192;

/// Whether a series of this many slots still has a block for each.
pub(super) fn keeps_each_slot(slots: u64) -> bool {
    slots <= MOST as u64
}

/// The content of a block. Two blocks in a row merge into one of twice the length.
pub(super) trait Merge: Default {
    /// Merges the block that follows into this one.
    fn merge(&mut self, next: &Self);
}

/// The full blocks of a series, and the fill of the current one. The owner keeps the content of the current block.
#[derive(Debug, Clone)]
pub(super) struct Merging<T> {
    blocks: Vec<T>,
    /// Slots in the current block.
    filled: u32,
    /// Slots a block holds.
    span: u32,
    /// Blocks merged into others, kept to reuse their memory.
    spare: Vec<T>,
}

impl<T: Merge + Clone> Merging<T> {
    /// A series with `slots` slots already passed, and `value` in each of their blocks.
    pub(super) fn after(slots: u64, value: T) -> Merging<T> {
        let mut span = 1;
        while slots / u64::from(span) > MOST as u64 {
            span *= 2;
        }
        let (whole, filled) = (slots / u64::from(span), (slots % u64::from(span)) as u32);
        Merging { blocks: vec![value; whole as usize], filled, span, spare: Vec::new() }
    }

    /// Counts a slot. If the current block is full, `full` receives a spare block and returns the current one, or the
    /// current block becomes the first half of a longer one.
    #[inline]
    pub(super) fn slot(&mut self, full: impl FnOnce(T) -> T) {
        self.filled += 1;
        if self.filled == self.span {
            self.close(full);
        }
    }

    fn close(&mut self, full: impl FnOnce(T) -> T) {
        if self.blocks.len() == MOST {
            for pair in 0..MOST / 2 {
                let mut first = std::mem::take(&mut self.blocks[2 * pair]);
                let next = std::mem::take(&mut self.blocks[2 * pair + 1]);
                first.merge(&next);
                self.blocks[pair] = first;
                self.spare.push(next);
            }
            self.blocks.truncate(MOST / 2);
            self.span *= 2;
            return;
        }
        if self.blocks.len() == self.blocks.capacity() {
            // Reserves the maximum at once: growing bit by bit would copy everything several times.
            self.blocks.reserve_exact(MOST - self.blocks.len());
        }
        self.blocks.push(full(self.spare.pop().unwrap_or_default()));
        self.filled = 0;
    }

    /// The number of slots so far.
    pub(super) fn slots(&self) -> u64 {
        self.blocks.len() as u64 * u64::from(self.span) + u64::from(self.filled)
    }

    /// The number of slots in a block.
    pub(super) fn span(&self) -> u64 {
        u64::from(self.span)
    }

    /// Whether the current block has slots.
    pub(super) fn has_begun(&self) -> bool {
        self.filled > 0
    }

    /// The full blocks, oldest first.
    pub(super) fn blocks(&self) -> &[T] {
        &self.blocks
    }

    /// The full blocks, to be changed.
    pub(super) fn blocks_mut(&mut self) -> &mut [T] {
        &mut self.blocks
    }

    /// The same slots with other content in each block.
    pub(super) fn map<U>(&self, of: impl FnMut(&T) -> U) -> Merging<U> {
        Merging {
            blocks: self.blocks.iter().map(of).collect(),
            filled: self.filled,
            span: self.span,
            spare: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::troughs::Trough;
    use super::*;
    use proptest::prelude::*;

    fn merged(values: &[i64]) -> Merging<Trough> {
        let mut merging = Merging::after(0, Trough::default());
        let mut current = Trough::HOLE;
        for value in values {
            current.merge(&Trough { objects: *value, bytes: *value, adjusted: *value });
            merging.slot(|_| std::mem::replace(&mut current, Trough::HOLE));
        }
        merging
    }

    proptest! {
        #[test]
        fn merged_blocks_hold_the_true_minima(values in proptest::collection::vec(-1000i64..1000, 1..3000)) {
            let merging = merged(&values);
            prop_assert!(merging.blocks.len() <= MOST && merging.blocks.capacity() <= MOST);
            prop_assert_eq!(merging.slots(), values.len() as u64);
            for (block, values) in merging.blocks.iter().zip(values.chunks(merging.span as usize)) {
                prop_assert_eq!(Some(block.objects), values.iter().copied().min());
            }
        }

        #[test]
        fn late_tags_have_the_blocks_of_earlier_ones(slots in 0usize..3000) {
            let (late, whole) = (Merging::after(slots as u64, Trough::default()), merged(&vec![0; slots]));
            prop_assert_eq!((late.blocks, late.span, late.filled), (whole.blocks, whole.span, whole.filled));
        }
    }
}
