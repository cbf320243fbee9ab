//! The byte offsets of the figures in the kernel's pool tables.
//!
//! A table is a ULONG count and an array of rows. A row is a tag, then allocs, frees and bytes in use of the paged
//! pool, then of the nonpaged one. Class 22 counts allocs and frees in ULONGs, class 255 in SIZE_Ts; bytes are SIZE_Ts.
//! Tables are parsed as plain little-endian bytes, so each layout can be tested on any machine. The offsets are written
//! out; at the end of this file, the compiler compares them with the structures of phnt's ntexapi.h.

use crate::pool::{Counters, Usage};

/// The width of a pointer, and so of a SIZE_T.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bits {
    /// x86.
    Bits32,
    /// x64 and ARM64; their layouts are the same.
    Bits64,
}

/// The offsets of a table's fields, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TableLayout {
    /// The start of the array.
    array: usize,
    /// The size of a row.
    row: usize,
    paged: Offsets,
    nonpaged: Offsets,
    /// The width of allocs and frees.
    counter: Bits,
    /// The width of bytes in use.
    size: Bits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offsets {
    allocs: usize,
    frees: usize,
    used: usize,
}

/// One row of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowUsage {
    pub(super) tag: [u8; 4],
    pub(super) paged: Usage,
    pub(super) nonpaged: Usage,
}

/// Class 22 on x64 and ARM64.
const POOL_TAG_64: TableLayout = TableLayout {
    array: 8,
    row: 40,
    paged: Offsets { allocs: 4, frees: 8, used: 16 },
    nonpaged: Offsets { allocs: 24, frees: 28, used: 32 },
    counter: Bits::Bits32,
    size: Bits::Bits64,
};

/// Classes 22 and 255 on x86.
const POOL_TAG_32: TableLayout = TableLayout {
    array: 4,
    row: 28,
    paged: Offsets { allocs: 4, frees: 8, used: 12 },
    nonpaged: Offsets { allocs: 16, frees: 20, used: 24 },
    counter: Bits::Bits32,
    size: Bits::Bits32,
};

/// Class 255 on x64 and ARM64.
const POOL_TAG_2_64: TableLayout = TableLayout {
    array: 8,
    row: 56,
    paged: Offsets { allocs: 8, frees: 16, used: 24 },
    nonpaged: Offsets { allocs: 32, frees: 40, used: 48 },
    counter: Bits::Bits64,
    size: Bits::Bits64,
};

impl TableLayout {
    /// Returns the layout of class 22.
    pub(super) const fn pool_tag(bits: Bits) -> TableLayout {
        match bits {
            Bits::Bits32 => POOL_TAG_32,
            Bits::Bits64 => POOL_TAG_64,
        }
    }

    /// Returns the layout of class 255.
    pub(super) const fn pool_tag_2(bits: Bits) -> TableLayout {
        match bits {
            Bits::Bits32 => POOL_TAG_32,
            Bits::Bits64 => POOL_TAG_2_64,
        }
    }

    /// Returns how its allocs and frees count.
    pub(super) fn counters(&self) -> Counters {
        match self.counter {
            Bits::Bits32 => Counters::Wrapping32,
            Bits::Bits64 => Counters::Full64,
        }
    }

    /// Returns the array of a whole table; `None` if the table holds fewer rows than its own count.
    pub(super) fn array_of<'a>(&self, table: &'a [u8]) -> Option<&'a [u8]> {
        let count = u32::from_le_bytes(*table.first_chunk()?);
        self.array_at(table, self.array, count)
    }

    /// Returns an array of `count` rows; `None` if it is incomplete.
    pub(super) fn array_at<'a>(&self, table: &'a [u8], begin: usize, count: u32) -> Option<&'a [u8]> {
        let length = usize::try_from(count).ok()?.checked_mul(self.row)?;
        table.get(begin..)?.get(..length)
    }

    /// Passes every row of an array to `each`, with its index.
    pub(super) fn each_row(&self, array: &[u8], each: impl FnMut(usize, RowUsage)) {
        // Three instances, so that the compiler knows the offsets; this halves the time to read a table.
        match *self {
            POOL_TAG_64 => each_row::<{ POOL_TAG_64.row }>(&POOL_TAG_64, array, each),
            POOL_TAG_2_64 => each_row::<{ POOL_TAG_2_64.row }>(&POOL_TAG_2_64, array, each),
            _ => each_row::<{ POOL_TAG_32.row }>(&POOL_TAG_32, array, each),
        }
    }
}

#[inline(always)]
fn each_row<const ROW: usize>(layout: &TableLayout, array: &[u8], mut each: impl FnMut(usize, RowUsage)) {
    for (place, row) in array.as_chunks::<ROW>().0.iter().enumerate() {
        let tag = [row[0], row[1], row[2], row[3]];
        let (paged, nonpaged) = (usage(layout, layout.paged, row), usage(layout, layout.nonpaged, row));
        each(place, RowUsage { tag, paged, nonpaged });
    }
}

#[inline(always)]
fn usage(layout: &TableLayout, at: Offsets, row: &[u8]) -> Usage {
    Usage {
        allocs: number(row, at.allocs, layout.counter),
        frees: number(row, at.frees, layout.counter),
        bytes: number(row, at.used, layout.size),
    }
}

/// Returns the number that begins at byte `at`.
#[inline(always)]
pub(in crate::machine::windows) fn number(bytes: &[u8], at: usize, width: Bits) -> u64 {
    match width {
        Bits::Bits32 => word(bytes, at),
        Bits::Bits64 => word(bytes, at) | word(bytes, at + 4) << 32,
    }
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]).into()
}

/// A SIZE_T of x64 and ARM64. Compilers for 32-bit Windows align u64 to eight bytes; some others do not.
#[repr(C, align(8))]
pub(in crate::machine::windows) struct Size64(u64);

/// The structures as laid out by a C compiler for Windows, on any build machine.
mod mirror {
    #[repr(C)]
    pub(super) struct PoolTag<Counter, Size> {
        pub(super) tag: u32,
        pub(super) paged_allocs: Counter,
        pub(super) paged_frees: Counter,
        pub(super) paged_used: Size,
        pub(super) nonpaged_allocs: Counter,
        pub(super) nonpaged_frees: Counter,
        pub(super) nonpaged_used: Size,
    }

    #[repr(C)]
    pub(super) struct PoolTagInformation<RowUsage> {
        count: u32,
        pub(super) rows: [RowUsage; 1],
    }
}

/// Compares a layout with its structure.
macro_rules! lays_out {
    ($layout:ident as $Counter:ty, $Size:ty) => {
        const _: () = {
            use std::mem::{offset_of, size_of};
            type MirrorRow = mirror::PoolTag<$Counter, $Size>;
            assert!($layout.array == offset_of!(mirror::PoolTagInformation<MirrorRow>, rows));
            assert!($layout.row == size_of::<MirrorRow>());
            assert!(offset_of!(MirrorRow, tag) == 0);
            assert!($layout.paged.allocs == offset_of!(MirrorRow, paged_allocs));
            assert!($layout.paged.frees == offset_of!(MirrorRow, paged_frees));
            assert!($layout.paged.used == offset_of!(MirrorRow, paged_used));
            assert!($layout.nonpaged.allocs == offset_of!(MirrorRow, nonpaged_allocs));
            assert!($layout.nonpaged.frees == offset_of!(MirrorRow, nonpaged_frees));
            assert!($layout.nonpaged.used == offset_of!(MirrorRow, nonpaged_used));
            assert!(matches!($layout.counter, Bits::Bits64) == (size_of::<$Counter>() == 8));
            assert!(matches!($layout.size, Bits::Bits64) == (size_of::<$Size>() == 8));
        };
    };
}

lays_out!(POOL_TAG_64 as u32, Size64);
lays_out!(POOL_TAG_32 as u32, u32);
lays_out!(POOL_TAG_2_64 as Size64, Size64);
