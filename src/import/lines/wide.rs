//! UTF-16: detected by the beginning of a text, and decoded line by line.

use memchr::memchr;

/// The byte order of UTF-16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Wide {
    Little,
    Big,
}

/// Detects UTF-16 by its byte order mark, or by zeros in every second byte from some line on. A tag may also contain
/// zeros, but never a third of the text.
pub(in crate::import) fn wide(beginning: &[u8]) -> Option<Wide> {
    match beginning {
        [0xff, 0xfe, ..] => return Some(Wide::Little),
        [0xfe, 0xff, ..] => return Some(Wide::Big),
        _ => {}
    }
    let zero = memchr(0, beginning)?;
    let rest = &beginning[zero.saturating_sub(1)..];
    if rest.iter().filter(|byte| **byte == 0).count() * 3 < rest.len() {
        return None;
    }
    // In the first UTF-16 character after ASCII lines, the zero is the first byte (big endian) or the last (little
    // endian).
    let before = &beginning[..zero];
    let big = before.is_empty() || before.ends_with(&[0xfe, 0xff]) || (before.len() > 1 && before.ends_with(b"\n"));
    Some(if big { Wide::Big } else { Wide::Little })
}

/// Whether this beginning shows a Unicode encoding of any form.
pub(in crate::import) fn is_unicode(beginning: &[u8]) -> bool {
    wide(beginning).is_some() || beginning.starts_with(b"\xef\xbb\xbf")
}

/// Decodes one line, which may carry one byte of a split line end.
pub(super) fn decode(bytes: &[u8], wide: Wide, decoded: &mut Vec<u8>) {
    decoded.clear();
    let bytes = match wide {
        Wide::Little => bytes.strip_prefix(&[0]).unwrap_or(bytes),
        Wide::Big => bytes.strip_suffix(&[0]).unwrap_or(bytes),
    };
    let bytes = bytes.strip_prefix(&[0xff, 0xfe]).or_else(|| bytes.strip_prefix(&[0xfe, 0xff])).unwrap_or(bytes);
    if memchr(0, bytes).is_none() {
        decoded.extend_from_slice(bytes);
        return;
    }
    let units = bytes.chunks(2).map(|pair| match (wide, pair) {
        (Wide::Little, [low, high]) => u16::from_le_bytes([*low, *high]),
        (Wide::Big, [high, low]) => u16::from_be_bytes([*high, *low]),
        // Half a character, at the end of a file that was cut off.
        _ => 0xfffd,
    });
    for character in char::decode_utf16(units) {
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_in_a_tag_make_no_utf16() {
        assert_eq!(wide(b" Irp  Nonp 1 0 1 16 16\n \0\0\0\0 Nonp 1 0 1 16 16\n"), None);
        assert_eq!(wide(b"plain"), None);
    }
}
