//! Allocs and frees of every tag, for comparing two tables of the kernel.

use std::collections::HashMap;

use super::answer::QueryBuffer;
use super::layout::TableLayout;
use crate::pool::Tag;

/// For each tag: allocs and frees of the paged pool, then of the nonpaged one, in 32 bits as class 22 counts them.
pub(super) struct RowCounts(HashMap<[u8; 4], [u32; 4]>);

impl RowCounts {
    /// Counts a whole table. Several rows of one tag are added up.
    pub(super) fn new(answer: &QueryBuffer, layout: &TableLayout) -> RowCounts {
        let mut counts: HashMap<[u8; 4], [u32; 4]> = HashMap::new();
        layout.each_row(layout.array_of(answer.table()).unwrap_or_default(), |_, row| {
            let of_row = [row.paged.allocs, row.paged.frees, row.nonpaged.allocs, row.nonpaged.frees];
            let sums = counts.entry(row.tag).or_default();
            for (sum, count) in sums.iter_mut().zip(of_row) {
                *sum = sum.wrapping_add(count as u32);
            }
        });
        RowCounts(counts)
    }

    /// Returns the first difference from class 22, which was read `before` and `after`; in between, each counter only
    /// rises.
    pub(super) fn outside(&self, before: &RowCounts, after: &RowCounts) -> Option<String> {
        let named = |tag: &[u8; 4]| Tag::from_pool_tag(*tag);
        if let Some(tag) = before.0.keys().find(|tag| !self.0.contains_key(*tag)) {
            return Some(format!("class 255 does not list the tag {}, which class 22 lists", named(tag)));
        }
        if let Some(tag) = self.0.keys().find(|tag| !after.0.contains_key(*tag)) {
            return Some(format!("class 22 does not list the tag {}, which class 255 lists", named(tag)));
        }
        let risen_too_far = |(tag, counts): &(&[u8; 4], &[u32; 4])| {
            let first = before.0.get(*tag).copied().unwrap_or_default();
            let last = after.0.get(*tag).copied().unwrap_or_default();
            let mut each = counts.iter().zip(first).zip(last);
            each.any(|((count, first), last)| count.wrapping_sub(first) > last.wrapping_sub(first))
        };
        let (tag, _) = self.0.iter().find(risen_too_far)?;
        Some(format!("class 255 and class 22 count the tag {} differently", named(tag)))
    }
}
