//! UTF-16 in little-endian bytes, the form in which Windows and UEFI store text.

/// Decodes `bytes`. Returns `None` if they are not valid UTF-16. Ignores an odd byte at the end.
pub(crate) fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf16(&units(bytes)).ok()
}

/// Decodes `bytes`. Replaces each invalid unit with U+FFFD. Ignores an odd byte at the end.
pub(crate) fn lossy(bytes: &[u8]) -> String {
    String::from_utf16_lossy(&units(bytes))
}

/// Encodes `text`.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Returns the UTF-16 units of little-endian bytes. Ignores an odd byte at the end.
fn units(bytes: &[u8]) -> Vec<u16> {
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

    #[test]
    fn only_valid_text_is_decoded_without_replacement() {
        assert_eq!(text(&bytes("ä😀")), Some("ä😀".to_owned()));
        let unpaired = b"a\0\x3d\xd8";
        assert_eq!((text(unpaired), lossy(unpaired)), (None, "a\u{fffd}".to_owned()));
    }
}
