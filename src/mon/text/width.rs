//! The widths of PoolMon's columns.

/// The version of PoolMon to imitate: only the widths differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PoolmonLayout {
    /// 32-bit PoolMon: 78 columns.
    X86,
    /// 64-bit PoolMon, with a wider column Bytes: 92 columns.
    X64,
}

/// The widths of one table's columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    pub(super) allocs: usize,
    /// For allocs and frees, within the parentheses.
    pub(super) change: usize,
    pub(super) diff: usize,
    pub(super) bytes: usize,
    pub(super) more_bytes: usize,
    pub(super) per_alloc: usize,
    /// The line above the rows.
    pub(super) columns: &'static str,
    /// Its additional text if drivers are named.
    pub(super) driver_title: &'static str,
}

impl PoolmonLayout {
    /// The layout of the PoolMon for this machine.
    pub(crate) fn native() -> PoolmonLayout {
        if cfg!(target_pointer_width = "32") { PoolmonLayout::X86 } else { PoolmonLayout::X64 }
    }

    /// The number of columns in a row without overflowing numbers.
    pub(in crate::mon) fn columns(self) -> usize {
        match self {
            PoolmonLayout::X86 => 78,
            PoolmonLayout::X64 => 92,
        }
    }

    pub(super) fn live(self) -> Widths {
        match self {
            PoolmonLayout::X86 => Widths {
                allocs: 9,
                change: 4,
                diff: 8,
                bytes: 7,
                more_bytes: 6,
                per_alloc: 6,
                columns: " Tag  Type     Allocs            Frees            Diff   Bytes       Per Alloc",
                driver_title: "  Mapped_Driver",
            },
            PoolmonLayout::X64 => Widths {
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

/// The snapshot file, without changes.
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
