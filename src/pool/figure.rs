//! Totals of a machine's memory, as rows of [`Pool::Kernel`].

use super::{Counters, Key, Pool, Tag};

/// A total of memory in bytes, reported by a kernel or by the header of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// The size of the paged pool.
    Paged,
    /// The size of the nonpaged pool.
    Nonpaged,
    /// Main memory that is free or can be freed at once.
    Available,
    /// The size of main memory.
    Physical,
    /// Memory promised to processes and the kernel.
    Committed,
    /// The maximum that can be promised.
    CommitLimit,
    /// The maximum promised since boot.
    CommitPeak,
    /// The kernel's and its drivers' own code and data in main memory.
    ResidentKernel,
    /// The part of the paged pool in main memory.
    ResidentPaged,
}

impl Figure {
    /// All figures, in the order of their declaration.
    pub const ALL: [Figure; 9] = [
        Figure::Paged,
        Figure::Nonpaged,
        Figure::Available,
        Figure::Physical,
        Figure::Committed,
        Figure::CommitLimit,
        Figure::CommitPeak,
        Figure::ResidentKernel,
        Figure::ResidentPaged,
    ];

    /// The tag of its row.
    pub fn name(self) -> &'static str {
        match self {
            Figure::Paged => "paged",
            Figure::Nonpaged => "nonpaged",
            Figure::Available => "available",
            Figure::Physical => "physical",
            Figure::Committed => "committed",
            Figure::CommitLimit => "commit_limit",
            Figure::CommitPeak => "commit_peak",
            Figure::ResidentKernel => "resident_kernel",
            Figure::ResidentPaged => "resident_paged",
        }
    }

    /// The pool of this total, if it is one.
    pub fn total_of(self) -> Option<Pool> {
        match self {
            Figure::Paged => Some(Pool::Paged),
            Figure::Nonpaged => Some(Pool::Nonpaged),
            Figure::Available
            | Figure::Physical
            | Figure::Committed
            | Figure::CommitLimit
            | Figure::CommitPeak
            | Figure::ResidentKernel
            | Figure::ResidentPaged => None,
        }
    }

    /// The figure for the total of `pool`.
    pub fn total(pool: Pool) -> Option<Figure> {
        Figure::ALL.into_iter().find(|figure| figure.total_of() == Some(pool))
    }

    /// The figure in a row with this key.
    pub fn from_key(key: &Key) -> Option<Figure> {
        let figures = Figure::ALL.into_iter().filter(|_| key.pool == Pool::Kernel);
        figures.into_iter().find(|figure| key.tag.as_str() == figure.name())
    }

    /// The key of its row in a log, which has only bytes.
    pub fn key(self) -> Key {
        #[expect(clippy::expect_used, reason = "every name is a constant")]
        let tag: Tag = self.name().parse().expect("a figure's name is a tag");
        Key::new(tag, Pool::Kernel, Counters::BytesOnly)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_found_by_its_row_and_by_no_other_pools() {
        for figure in Figure::ALL {
            assert_eq!(Figure::from_key(&figure.key()), Some(figure));
            assert_eq!(Figure::from_key(&Key { pool: Pool::Slab, ..figure.key() }), None);
        }
    }
}
