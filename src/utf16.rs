//! UTF-16 in little-endian bytes, the form in which Windows and UEFI store text.

/// Returns the UTF-16 units of little-endian bytes. Ignores an odd byte at the end.
pub(crate) fn units(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().copied().map(u16::from_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_little_endian_and_whole() {
        assert_eq!(units(b"a\0\x3d\xd8"), [0x61, 0xd83d]);
        assert_eq!(units(b"a\0b"), [0x61]);
        assert!(units(b"").is_empty());
    }
}
