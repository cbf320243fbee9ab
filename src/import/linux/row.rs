//! A row of one of the kernel's tables, and the functions that parse its words.

use std::borrow::Cow;

use super::super::passed::shown;
use crate::pool::{Counters, Pool, Usage};

/// One row of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LinuxRow<'a> {
    pub(super) name: Cow<'a, [u8]>,
    pub(super) pool: Pool,
    pub(super) counters: Counters,
    pub(super) reclaimable: bool,
    pub(super) usage: Usage,
    /// Bytes of the slabs that hold the objects, free space included, if the table counts them.
    pub(super) held: Option<u64>,
}

impl<'a> LinuxRow<'a> {
    /// A slab cache with `objects` in use, of `bytes` in total.
    pub(super) fn cache(name: &'a [u8], objects: u64, bytes: u64) -> LinuxRow<'a> {
        let usage = Usage { allocs: objects, frees: 0, bytes };
        LinuxRow {
            name: name.into(),
            pool: Pool::Slab,
            counters: Counters::InUse,
            reclaimable: false,
            usage,
            held: None,
        }
    }

    /// A total in bytes that the kernel counts.
    pub(super) fn whole(name: &'a [u8], bytes: u64) -> LinuxRow<'a> {
        let usage = Usage { bytes, ..Usage::default() };
        LinuxRow {
            name: name.into(),
            pool: Pool::Kernel,
            counters: Counters::BytesOnly,
            reclaimable: false,
            usage,
            held: None,
        }
    }
}

/// The words of a line.
pub(super) fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// Parses a number that consists of decimal digits only.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    (!digits.is_empty()).then_some(())?;
    digits.iter().try_fold(0u64, |value, digit| {
        digit.is_ascii_digit().then_some(())?;
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

/// The error for a word that is not a number.
pub(super) fn no_number(word: &[u8]) -> String {
    format!("has `{}` instead of a number", shown(word))
}
