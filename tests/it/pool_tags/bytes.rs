//! The kernel's tables as a C compiler lays them out, field by field, independently of poolgate's own layouts.
//! `benches/pool_tags.rs` uses it too.

use poolgate::machine::windows::pool::{Bits, Class, NtStatus};

/// A row of a pool table: a tag, and allocs, frees and bytes of each pool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) tag: [u8; 4],
    pub(crate) paged: [u64; 3],
    pub(crate) nonpaged: [u64; 3],
}

/// Returns a table as the kernel does: the whole table, or only its length.
pub(crate) fn give(table: &[u8], buffer: &mut [u8]) -> (NtStatus, usize) {
    match buffer.get_mut(..table.len()) {
        Some(room) => {
            room.copy_from_slice(table);
            (NtStatus::SUCCESS, table.len())
        }
        None => (NtStatus::INFO_LENGTH_MISMATCH, table.len()),
    }
}

/// A table of class 22 or 255.
pub(crate) fn table(class: Class, bits: Bits, rows: &[Row]) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, rows.len() as u64, 4);
    pad(&mut bytes, size(bits));
    rows.iter().for_each(|row| put_row(&mut bytes, row, class, bits));
    bytes
}

/// A table of class 67: sessions, each with its rows.
pub(crate) fn sessions(bits: Bits, sessions: &[(u32, &[Row])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (at, (session, rows)) in sessions.iter().enumerate() {
        let begin = bytes.len();
        put(&mut bytes, 0, size(bits));
        put(&mut bytes, u64::from(*session), 4);
        put(&mut bytes, rows.len() as u64, 4);
        rows.iter().for_each(|row| put_row(&mut bytes, row, Class::SessionPoolTag, bits));
        if at + 1 < sessions.len() {
            let next = (bytes.len() - begin) as u64;
            bytes[begin..begin + size(bits)].copy_from_slice(&next.to_le_bytes()[..size(bits)]);
        }
    }
    bytes
}

fn put_row(bytes: &mut Vec<u8>, row: &Row, class: Class, bits: Bits) {
    let counter = if class == Class::PoolTag2 { size(bits) } else { 4 };
    bytes.extend_from_slice(&row.tag);
    for [allocs, frees, used] in [row.paged, row.nonpaged] {
        put(bytes, allocs, counter);
        put(bytes, frees, counter);
        put(bytes, used, size(bits));
    }
    pad(bytes, size(bits));
}

/// Appends a number at the position that a C compiler would choose.
fn put(bytes: &mut Vec<u8>, number: u64, width: usize) {
    pad(bytes, width);
    bytes.extend_from_slice(&number.to_le_bytes()[..width]);
}

/// Padding is not zero, because the kernel does not guarantee zeros.
fn pad(bytes: &mut Vec<u8>, width: usize) {
    bytes.resize(bytes.len().next_multiple_of(width), 0xaa);
}

fn size(bits: Bits) -> usize {
    match bits {
        Bits::Bits32 => 4,
        Bits::Bits64 => 8,
    }
}
