//! How wide PoolMon's columns are.

/// Which PoolMon's screens they are like: their widths differ, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The one of 32 bits: 78 columns.
    X86,
    /// The one of 64 bits, whose Bytes are wider: 92 columns.
    X64,
}

/// The widths of one table's columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    pub(super) allocs: usize,
    /// Of allocs and frees, within the parentheses.
    pub(super) change: usize,
    pub(super) diff: usize,
    pub(super) bytes: usize,
    pub(super) more_bytes: usize,
    pub(super) per_alloc: usize,
    /// The line above the rows.
    pub(super) columns: &'static str,
    /// What follows in it where drivers are named.
    pub(super) driver_title: &'static str,
}

impl Layout {
    /// The one of the PoolMon which runs on this machine.
    pub fn native() -> Layout {
        if cfg!(target_pointer_width = "32") { Layout::X86 } else { Layout::X64 }
    }

    /// Columns of a row in which no number overflows.
    pub(in crate::mon) fn columns(self) -> usize {
        match self {
            Layout::X86 => 78,
            Layout::X64 => 92,
        }
    }

    pub(super) fn live(self) -> Widths {
        match self {
            Layout::X86 => Widths {
                allocs: 9,
                change: 4,
                diff: 8,
                bytes: 7,
                more_bytes: 6,
                per_alloc: 6,
                columns: " Tag  Type     Allocs            Frees            Diff   Bytes       Per Alloc",
                driver_title: "  Mapped_Driver",
            },
            Layout::X64 => Widths {
                allocs: 9,
                change: 4,
                diff: 8,
                bytes: 11,
                more_bytes: 11,
                per_alloc: 11,
                columns: " Tag  Type     Allocs            Frees            Diff       Bytes                 Per Alloc",
                driver_title: " Mapped_Driver",
            },
        }
    }
}

/// The snapshot file, which has no changes.
pub(super) const SNAPSHOT: Widths = Widths {
    allocs: 9,
    change: 0,
    diff: 9,
    bytes: 8,
    more_bytes: 0,
    per_alloc: 10,
    columns: " Tag  Type     Allocs         Frees    Diff   Bytes    Per Alloc",
    driver_title: "    Mapped_Driver",
};
