//! Parses class 51: a chain of SYSTEM_VERIFIER_INFORMATION, each with the name of a driver.
//!
//! Since Windows 10 1903 (19H1) an entry has four more fields before the name (phnt's ntexapi.h:
//! SYSTEM_VERIFIER_INFORMATION, and SYSTEM_VERIFIER_INFORMATION_LEGACY for earlier versions). The name is a
//! UNICODE_STRING that points into the caller's buffer. A layout counts as the kernel's only if each name points into
//! the table; with the other layout, the bytes at that offset are a counter, not such a pointer.

use super::super::pool::{Bits, number};
use super::{VerifiedDriver, file_name};
use crate::utf16;

/// The offsets of an entry's fields, in bytes. NextEntryOffset is at 0, Level at 4.
#[derive(Debug, Clone, Copy)]
struct EntryLayout {
    /// RuleClasses[0]; `None` in the legacy layout.
    rules: Option<usize>,
    /// DriverName.
    name: usize,
    /// The size of the structure, without the text of the name.
    size: usize,
    bits: Bits,
}

const CURRENT_64: EntryLayout = EntryLayout { rules: Some(8), name: 24, size: 144, bits: Bits::Bits64 };
const CURRENT_32: EntryLayout = EntryLayout { rules: Some(8), name: 24, size: 120, bits: Bits::Bits32 };
const LEGACY_64: EntryLayout = EntryLayout { rules: None, name: 8, size: 128, bits: Bits::Bits64 };
const LEGACY_32: EntryLayout = EntryLayout { rules: None, name: 8, size: 104, bits: Bits::Bits32 };

/// Returns the drivers of a table that the kernel wrote to the address `base`; `None` if neither layout fits.
pub(super) fn drivers(table: &[u8], base: u64, bits: Bits) -> Option<Vec<VerifiedDriver>> {
    // Driver Verifier verifies no driver.
    if table.is_empty() {
        return Some(Vec::new());
    }
    let (current, legacy) = match bits {
        Bits::Bits32 => (CURRENT_32, LEGACY_32),
        Bits::Bits64 => (CURRENT_64, LEGACY_64),
    };
    match (current.drivers(table, base), legacy.drivers(table, base)) {
        (Some(drivers), None) | (None, Some(drivers)) => Some(drivers),
        _ => None,
    }
}

impl EntryLayout {
    fn drivers(&self, table: &[u8], base: u64) -> Option<Vec<VerifiedDriver>> {
        let (mut drivers, mut rest) = (Vec::new(), table);
        loop {
            let head = rest.get(..self.size)?;
            drivers.push(self.driver(head, table, base)?);
            match word(head, 0) {
                0 => return Some(drivers),
                // Requires that the next entry begins after this one, so that the loop ends.
                next => rest = rest.get(usize::try_from(next).ok().filter(|next| *next >= self.size)?..)?,
            }
        }
    }

    fn driver(&self, head: &[u8], table: &[u8], base: u64) -> Option<VerifiedDriver> {
        // Length in bytes, MaximumLength, then the pointer, aligned to its own size.
        let (length, room) = (word(head, self.name) & 0xffff, word(head, self.name) >> 16);
        let pointer = match self.bits {
            Bits::Bits32 => word(head, self.name + 4).into(),
            Bits::Bits64 => number(head, self.name + 8, Bits::Bits64),
        };
        let at = usize::try_from(pointer.checked_sub(base)?).ok()?;
        let text = table.get(at..)?.get(..usize::try_from(length).ok()?)?;
        if text.is_empty() || !text.len().is_multiple_of(2) || room < length {
            return None;
        }
        let name = utf16::text(text)?;
        // Microsoft Learn, "Driver Verifier Command Syntax": rule class n of /ruleclasses is bit n - 1 of /flags.
        let level = word(head, 4) | self.rules.map_or(0, |rules| word(head, rules));
        Some(VerifiedDriver { name: file_name(&name).to_owned(), level })
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    number(bytes, at, Bits::Bits32) as u32
}

/// Compares the offsets with the structures as laid out by a C compiler for Windows.
const _: () = {
    use super::super::pool::Size64;
    use std::mem::{offset_of, size_of};

    #[repr(C)]
    struct UnicodeString<Size> {
        length: u16,
        maximum_length: u16,
        buffer: Size,
    }

    /// The fields from RaiseIrqls to PeakNonPagedPoolUsageInBytes.
    #[repr(C)]
    struct VerifierCounters<Size> {
        counts: [u32; 18],
        bytes: [Size; 4],
    }

    #[repr(C)]
    struct Current<Size> {
        next_entry_offset: u32,
        level: u32,
        rule_classes: [u32; 2],
        triage_context: u32,
        are_all_drivers_being_verified: u32,
        driver_name: UnicodeString<Size>,
        counters: VerifierCounters<Size>,
    }

    #[repr(C)]
    struct Legacy<Size> {
        next_entry_offset: u32,
        level: u32,
        driver_name: UnicodeString<Size>,
        counters: VerifierCounters<Size>,
    }

    assert!(offset_of!(UnicodeString<Size64>, buffer) == 8 && offset_of!(UnicodeString<u32>, buffer) == 4);
    assert!(CURRENT_64.name == offset_of!(Current<Size64>, driver_name));
    assert!(CURRENT_64.size == size_of::<Current<Size64>>());
    assert!(CURRENT_32.name == offset_of!(Current<u32>, driver_name) && CURRENT_32.size == size_of::<Current<u32>>());
    assert!(LEGACY_64.name == offset_of!(Legacy<Size64>, driver_name));
    assert!(LEGACY_64.size == size_of::<Legacy<Size64>>());
    assert!(LEGACY_32.name == offset_of!(Legacy<u32>, driver_name) && LEGACY_32.size == size_of::<Legacy<u32>>());
    assert!(offset_of!(Current<u32>, rule_classes) == 8 && offset_of!(Current<u32>, level) == 4);
    assert!(offset_of!(Legacy<u32>, level) == 4);
};
