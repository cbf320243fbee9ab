//! Rows of `/proc/spl/kmem/slab`, the caches of OpenZFS's own allocator: `name flags size alloc slabsize objsize`, then
//! total, alloc and max of slabs and of objects, with `-` for a figure that is not counted.
//!
//! Bytes come from the column `alloc`, objects from the `alloc` of the objects (module/os/linux/spl/spl-proc.c). A
//! cache served by the Linux slab allocator has no slabs of its own here; `/proc/slabinfo` also counts it.

use super::row::{LinuxRow, no_number, number, words};

/// Parses a row, and whether the Linux slab allocator serves the cache; `None` if the line does not look like a row.
pub(super) fn row(text: &[u8]) -> Option<Result<(bool, LinuxRow<'_>), String>> {
    let words: Vec<&[u8]> = words(text).collect();
    let [name, flags, size, rest @ ..] = &words[..] else { return None };
    flags.starts_with(b"0x").then_some(())?;
    let [bytes, _slab_size, _object_size, _slabs, _used_slabs, _most_slabs, _objects, used, ..] = rest else {
        return Some(Err("ends before its objects in use".to_owned()));
    };
    let read = |word: &[u8]| number(word).filter(|value| i64::try_from(*value).is_ok()).ok_or_else(|| no_number(word));
    Some(read(bytes).and_then(|bytes| Ok((*size == b"-", LinuxRow::cache(name, read(used)?, bytes)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_objects_in_use() {
        let own = b"zio_buf_20480 0x00040 1572864 819200 524288 20480 3 3 28 63 40 588 13 0 46";
        assert_eq!(row(own), Some(Ok((false, LinuxRow::cache(b"zio_buf_20480", 40, 819_200)))));
        let linux = b"mod_hash_entries  0x00100  - 840 - 24 - - - - 35 - - - -";
        assert_eq!(row(linux), Some(Ok((true, LinuxRow::cache(b"mod_hash_entries", 35, 840)))));
        assert!(row(b"zio_buf_20480 0x00040 1572864 819200").is_some_and(|row| row.is_err()));
        assert!(row(b"zio_buf_20480 0x00040 1 - 5 2 3 3 28 63 40").is_some_and(|row| row.is_err()));
        assert_eq!(row(b"some words"), None);
    }
}
