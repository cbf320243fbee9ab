//! The layout of the maps in `bpf/objects.bpf.c`, as integers and arrays of integers.
//!
//! aya reads and writes those without unsafe code in poolgate. Structures there have no padding, and are little-endian,
//! as is every processor for which the tracer is built.

/// Caches that can be followed at once (CACHES).
pub(super) const CACHES: usize = 8;
/// Eight bytes of a cache's name each (NAME_WORDS).
pub(super) const NAME_WORDS: usize = 8;
/// Bytes of the longest name: the last byte is 0.
pub(super) const LONGEST_NAME: usize = NAME_WORDS * 8 - 1;
/// The most calls of a path (FRAMES).
const FRAMES: usize = 32;

/// The name of a cache, with zeros after it.
pub(super) type NameWords = [u64; NAME_WORDS];
/// `struct path`: the index of the cache, and the return addresses, innermost first, with zeros after them.
pub(super) type PathKey = [u64; 1 + FRAMES];
/// `struct path_value`: the path's number, whether tasks of several names used it, and the first one's name.
pub(super) type PathValue = [u32; 6];
/// `struct birth`: the path's number and the block.
pub(super) type BirthKey = [u32; 2];
/// `struct births_value`: objects allocated and freed.
pub(super) type BirthsValue = [u64; 2];
/// `struct now`: whether to follow new objects, and the present block.
pub(super) type Present = [u32; 2];
/// The counts of a cache, in the order of `enum count`.
pub(super) type CacheCounts = [u64; 7];

/// Bits of `class_kinds` (KIND_NORMAL and so on).
pub(super) const KIND_NORMAL: u32 = 1;
pub(super) const KIND_ACCOUNTED: u32 = 2;
pub(super) const KIND_RECLAIMABLE: u32 = 4;
pub(super) const KIND_DMA: u32 = 8;

/// Returns `name` as words, `None` if it is too long.
pub(super) fn name_words(name: &[u8]) -> Option<NameWords> {
    let mut words = [0; NAME_WORDS];
    (name.len() <= LONGEST_NAME).then_some(())?;
    for (word, bytes) in words.iter_mut().zip(name.chunks(8)) {
        let mut padded = [0; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        *word = u64::from_ne_bytes(padded);
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_padded_with_zeros_and_never_cut() {
        let words = name_words(b"kmalloc-cg-64").unwrap();
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
        assert_eq!(bytes[..14], *b"kmalloc-cg-64\0");
        assert!(bytes[14..].iter().all(|&byte| byte == 0));
        assert!(name_words(&[b'a'; 63]).is_some());
        assert!(name_words(&[b'a'; 64]).is_none());
    }
}
