//! Parses class 11: RTL_PROCESS_MODULES, the images that the kernel has loaded (phnt's ntldr.h).

use super::super::pool::{Bits, number};
use super::file_name;

/// The size of FullPathName at the end of a row, in bytes; text in the system's code page, up to a NUL.
const PATH: usize = 256;

/// Returns the file names in a table; `None` if it holds fewer rows than its own count.
pub(super) fn loaded(table: &[u8], bits: Bits) -> Option<Vec<String>> {
    let (array, row) = match bits {
        Bits::Bits32 => (4, 284),
        Bits::Bits64 => (8, 296),
    };
    let count = usize::try_from(number(table.get(..4)?, 0, Bits::Bits32)).ok()?;
    let rows = table.get(array..)?.get(..count.checked_mul(row)?)?;
    let name = |row: &[u8]| {
        let path = row[row.len() - PATH..].split(|byte| *byte == 0).next().unwrap_or_default();
        file_name(&String::from_utf8_lossy(path)).to_owned()
    };
    Some(rows.chunks_exact(row).map(name).collect())
}

/// Compares the offsets with the structure as laid out by a C compiler for Windows.
const _: () = {
    use super::super::pool::Size64;
    use std::mem::{offset_of, size_of};

    #[repr(C)]
    struct ProcessModule<Size> {
        section: Size,
        mapped_base: Size,
        image_base: Size,
        image_size: u32,
        flags: u32,
        places: [u16; 4],
        full_path_name: [u8; PATH],
    }

    #[repr(C)]
    struct Modules<Row> {
        number_of_modules: u32,
        modules: [Row; 1],
    }

    assert!(size_of::<ProcessModule<Size64>>() == 296 && size_of::<ProcessModule<u32>>() == 284);
    assert!(offset_of!(ProcessModule<Size64>, full_path_name) == 296 - PATH);
    assert!(offset_of!(ProcessModule<u32>, full_path_name) == 284 - PATH);
    assert!(
        offset_of!(Modules<ProcessModule<Size64>>, modules) == 8
            && offset_of!(Modules<ProcessModule<u32>>, modules) == 4
    );
};
