//! UTF-16, told by how a text begins, and decoded a line at a time.

use memchr::memchr;

/// Which byte of two comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::import) enum Wide {
    Little,
    Big,
}

/// Whether a text which begins so is UTF-16: by its mark, or by every second byte being zero from some line on. A tag may
/// hold zeros too, but not a third of what there is.
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
    // Of the first wide character after ASCII lines the zero comes first, or last.
    let before = &beginning[..zero];
    let big = before.is_empty() || before.ends_with(&[0xfe, 0xff]) || (before.len() > 1 && before.ends_with(b"\n"));
    Some(if big { Wide::Big } else { Wide::Little })
}

/// Whether a text which begins so says that it is Unicode, of any form.
pub(in crate::import) fn is_unicode(beginning: &[u8]) -> bool {
    wide(beginning).is_some() || beginning.starts_with(b"\xef\xbb\xbf")
}

/// Decodes one line, whose line end is cut off between its two bytes.
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
        // Half a character, where the file was cut.
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
