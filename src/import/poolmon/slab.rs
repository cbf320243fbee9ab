//! Rows of Linux pools, which `poolgate mon` writes in PoolMon's format: the tag is a cache's name or a place in the
//! code, and the type is none of Windows' types. Allocs holds the objects in use, and Frees is 0.

use std::borrow::Cow;

use super::row::{self, Form, RowLayout};
use crate::pool::{Counters, Key, Pool, Tag, Usage};

/// Parses a row; `None` if the line is not one.
#[cold]
pub(super) fn read(line: &[u8], layout: RowLayout) -> Option<Result<(Key, Form, Usage), String>> {
    let text = str::from_utf8(line.strip_prefix(b" ")?).ok()?;
    let types = [
        (" Slab ", Pool::Slab, false),
        (" SlabR ", Pool::Slab, true),
        (" Slabs ", Pool::Slabs, false),
        (" Callsite ", Pool::Callsite, false),
    ];
    // A name may contain one of these words; the last one, before the numbers, is the type.
    let split = types.into_iter().filter_map(|(kind, pool, reclaimable)| {
        let at = text.rfind(kind)?;
        Some((at, &text[at + kind.len()..], pool, reclaimable))
    });
    let (at, figures, pool, reclaimable) = split.max_by_key(|(at, ..)| *at)?;
    let tag: Tag = text[..at].parse().ok()?;
    // Only the bytes of whole slabs are known; the other numbers are written as `?`.
    let (counters, figures) = match pool {
        Pool::Slabs => (Counters::BytesOnly, Cow::Owned(figures.replace('?', "0"))),
        _ => (Counters::InUse, Cow::Borrowed(figures)),
    };
    // The numbers have PoolMon's format, so PoolMon's parser reads them.
    let numbers = row::read(format!(" Slab Nonp {figures}").as_bytes(), layout)?;
    Some(numbers.map(|row| (Key { reclaimable, ..Key::new(tag, pool, counters) }, row.form, row.usage)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(line: &str) -> Option<Result<(String, bool, Usage), String>> {
        let read = read(line.as_bytes(), RowLayout::default())?;
        Some(read.map(|(key, _, usage)| (key.to_string(), key.reclaimable, usage)))
    }

    #[test]
    fn a_cache_is_named_by_as_many_characters_as_it_has() {
        let usage = Usage { allocs: 120, frees: 0, bytes: 7680 };
        for (line, name, reclaimable) in [
            (" TCP               Slab        120 (   0)  0 (   0)  120  7680 (  0)  64", "TCP slab", false),
            (" dentry SlabR 120 0 120 7680 64", "dentry slab", true),
            (" mm/slub.c:12 func:f Callsite 120 0 120 7680 64", "mm/slub.c:12 func:f callsite", false),
            (" my Slab cache Slab 120 0 120 7680 64", "my Slab cache slab", false),
            (" end\\x20 Slab 120 0 120 7680 64", "end\\x20 slab", false),
        ] {
            assert_eq!(read_text(line), Some(Ok((name.to_owned(), reclaimable, usage))), "{line}");
        }
    }

    #[test]
    fn whole_slabs_are_bytes_and_nothing_else() {
        let usage = Usage { allocs: 0, frees: 0, bytes: 40_960 };
        for line in [" dentry Slabs ? ? ? 40960 ?", " dentry  Slabs   ? (   ?)   ? (   ?)   ?   40960 ( 4096)   ?"] {
            assert_eq!(read_text(line), Some(Ok(("dentry slabs".to_owned(), false, usage))), "{line}");
        }
        let (key, ..) = read(b" dentry Slabs ? ? ? 40960 ?", RowLayout::default()).unwrap().unwrap();
        assert_eq!(key.counters, Counters::BytesOnly);
    }

    #[test]
    fn the_mistake_in_its_numbers_is_described() {
        assert_eq!(read_text(" TCP Slab 120 0 120 76"), Some(Err("ends before its last number".to_owned())));
        assert_eq!(read_text(" TCP Slot 120 0 120 7680 64"), None);
        assert_eq!(read_text(" Slab 120 0 120 7680 64"), None);
    }
}
