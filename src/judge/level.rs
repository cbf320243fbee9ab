//! Settled levels: how much a tag holds at rest, before the workload and after it.
//!
//! The level is the lower quartile of the last half of the lead-in, or of the cool-down. By the last half the machine
//! has come to rest, and with the lower quartile a peak that is given back does not count as growth.

use schemars::JsonSchema;
use serde::Serialize;

/// Bytes and objects at rest, before and after the workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Levels {
    /// Bytes before the workload.
    pub bytes_before: u64,
    /// Bytes after the workload.
    pub bytes_after: u64,
    /// Objects before the workload.
    pub objects_before: i64,
    /// Objects after the workload.
    pub objects_after: i64,
}

impl Levels {
    /// Growth in bytes; negative if the bytes decreased.
    pub fn growth(&self) -> i64 {
        self.bytes_after.wrapping_sub(self.bytes_before) as i64
    }
}

/// The settled level of a stage's samples, in the order taken; `None` without samples.
pub(super) fn settled<T: Ord + Copy>(samples: impl DoubleEndedIterator<Item = T> + ExactSizeIterator) -> Option<T> {
    let half = samples.len().div_ceil(2);
    let mut late: Vec<T> = samples.rev().take(half).collect();
    late.sort_unstable();
    late.get(late.len().saturating_sub(1) / 4).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_is_the_lower_quartile_of_the_late_half() {
        assert_eq!(settled([9, 9, 9, 9, 9, 5, 6, 7, 8, 9].into_iter()), Some(6));
        assert_eq!(settled([100, 1].into_iter()), Some(1));
        assert_eq!(settled([7].into_iter()), Some(7));
        assert_eq!(settled(std::iter::empty::<u64>()), None);
    }
}
