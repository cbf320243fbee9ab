//! The lowest values of one block of samples.

use super::merging::Merge;

/// The lowest values of one block of samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trough {
    /// The number of objects in use.
    pub objects: i64,
    /// The number of bytes in use.
    pub bytes: i64,
    /// Objects in use, without those in flight (see `flow`).
    pub adjusted: i64,
}

impl Trough {
    /// A block without a sample: higher than any sample, so the lower of the two is the sample.
    pub(super) const HOLE: Trough = Trough { objects: i64::MAX, bytes: i64::MAX, adjusted: i64::MAX };

    pub(super) fn is_hole(self) -> bool {
        self == Trough::HOLE
    }

    /// The sum of two tags.
    pub(super) fn plus(self, other: Trough) -> Trough {
        if self.is_hole() || other.is_hole() {
            return Trough::HOLE;
        }
        Trough {
            objects: self.objects.saturating_add(other.objects),
            bytes: self.bytes.saturating_add(other.bytes),
            adjusted: self.adjusted.saturating_add(other.adjusted),
        }
    }

    #[inline]
    pub(super) fn lower(self, other: Trough) -> Trough {
        Trough {
            objects: self.objects.min(other.objects),
            bytes: self.bytes.min(other.bytes),
            adjusted: self.adjusted.min(other.adjusted),
        }
    }

    pub(super) fn higher(self, other: Trough) -> Trough {
        Trough {
            objects: self.objects.max(other.objects),
            bytes: self.bytes.max(other.bytes),
            adjusted: self.adjusted.max(other.adjusted),
        }
    }
}

impl Merge for Trough {
    fn merge(&mut self, next: &Trough) {
        *self = self.lower(*next);
    }
}

/// The troughs of many tags in the same block.
impl Merge for Vec<Trough> {
    fn merge(&mut self, next: &Vec<Trough>) {
        self.iter_mut().zip(next).for_each(|(first, next)| first.merge(next));
    }
}
