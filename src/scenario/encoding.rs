//! Decodes the bytes of a file into text, and finds mistakes before YAML is parsed.
//!
//! Windows editors and shells write UTF-16 and byte order marks, and a torn download has NUL bytes. Each gets its own
//! message here, because a YAML parser would only report an unexpected character.

use super::mistake::{Mistake, MistakeText, is_printable};

/// The largest file read, in bytes: a hundred times the size of the longest known scenario.
pub(super) const LARGEST: usize = 1 << 20;

/// Returns the text of a file without a byte order mark; or the mistake, with a text to show it in.
pub(super) fn text_of(bytes: &[u8]) -> Result<String, (String, Mistake)> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.len() > LARGEST {
        let wrong =
            MistakeText::new("the file is larger than 1 MiB", "begins like this", "give the path of a scenario");
        return Err(beginning(String::from_utf8_lossy(&bytes[..200]).into_owned(), wrong));
    }
    if let Some(read_unit) = utf_16(bytes) {
        let units: Vec<u16> = bytes.chunks_exact(2).take(200).map(|pair| read_unit([pair[0], pair[1]])).collect();
        let shown = String::from_utf16_lossy(&units).trim_start_matches('\u{feff}').to_owned();
        let help = "in PowerShell: `Set-Content -Encoding utf8`; in an editor: save with the encoding UTF-8";
        return Err(beginning(
            shown,
            MistakeText::new("the file is UTF-16; save it as UTF-8", "two bytes per character", help),
        ));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let help = "save the file as UTF-8";
        let wrong =
            MistakeText::new(format!("byte {:#04x} is not UTF-8", bytes[error.valid_up_to()]), "not UTF-8", help);
        let mistake = wrong.at(error.valid_up_to()..error.valid_up_to() + char::REPLACEMENT_CHARACTER.len_utf8());
        (String::from_utf8_lossy(bytes).into_owned(), mistake)
    })?;
    if let Some((at, c)) = text.char_indices().find(|(_, c)| !is_printable(*c)) {
        let message = format!("the control character U+{:04X} is not allowed in a scenario", u32::from(c));
        let wrong = MistakeText::new(message, "here", "remove it, or write it as an escape in double quotes");
        return Err((text.to_owned(), wrong.at(at..at + c.len_utf8())));
    }
    if let Some(at) = too_many_brackets(text) {
        let message = format!("more than {MOST_BRACKETS} brackets are open here");
        let wrong = MistakeText::new(message, "one more", "close them; no scenario needs more than five levels");
        return Err((text.to_owned(), wrong.at(at..at + 1)));
    }
    Ok(text.to_owned())
}

/// A limit on open brackets. No scenario has this many, even if its commands contain brackets.
const MOST_BRACKETS: usize = 200;

/// Returns the first bracket beyond the limit. libyaml visits every open bracket again for each token, and takes many
/// minutes for a file of brackets, so such a file is refused. The check ignores quotes, because it only has to be safe.
fn too_many_brackets(text: &str) -> Option<usize> {
    let mut open = 0usize;
    text.bytes().position(|byte| {
        match byte {
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > MOST_BRACKETS
    })
}

/// Returns how to read the file's 16-bit units if it is UTF-16: by its byte order mark, else by the NULs of ASCII
/// characters.
fn utf_16(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    match bytes {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        [1..=255, 0, 1..=255, 0, ..] => Some(u16::from_le_bytes),
        [0, 1..=255, 0, 1..=255, ..] => Some(u16::from_be_bytes),
        _ => None,
    }
}

/// A mistake of the whole file, shown at its first line.
fn beginning(text: String, wrong: MistakeText) -> (String, Mistake) {
    let first = text.lines().next().unwrap_or_default().to_owned();
    let end = first.len();
    (first, wrong.at(0..end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(bytes: &[u8]) -> (String, String) {
        let (text, mistake) = text_of(bytes).unwrap_err();
        (mistake.message().to_owned(), text[mistake.span()].to_owned())
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        assert_eq!(text_of(b"\xef\xbb\xbfa: b").unwrap(), "a: b");
    }

    #[test]
    fn utf_16_is_named_with_and_without_its_mark() {
        for bytes in [&b"\xff\xfea\0:\0"[..], b"\xfe\xff\0a\0:", b"a\0:\0", b"\0a\0:"] {
            assert_eq!(refused(bytes), ("the file is UTF-16; save it as UTF-8".to_owned(), "a:".to_owned()));
        }
    }

    #[test]
    fn invalid_bytes_are_shown_at_their_place() {
        assert_eq!(refused(b"a: \xc3("), ("byte 0xc3 is not UTF-8".to_owned(), "\u{fffd}".to_owned()));
        let control = "the control character U+0000 is not allowed in a scenario";
        assert_eq!(refused(b"a: b\0c"), (control.to_owned(), "\0".to_owned()));
    }

    #[test]
    fn a_file_may_be_as_large_as_the_limit_and_no_larger() {
        assert!(text_of(&vec![b' '; LARGEST]).is_ok());
        assert_eq!(refused(&vec![b' '; LARGEST + 1]).0, "the file is larger than 1 MiB");
    }
}
