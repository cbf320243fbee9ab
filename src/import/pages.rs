//! Recovers the four bytes of a tag from text that was converted from a code page.
//!
//! A tag may have any bytes. A console shows each byte as a character of its code page, and a shell that writes Unicode
//! keeps the character. The text does not name the code page: consoles mostly use 437, and .NET's default is mostly
//! 1252.

use std::borrow::Cow;

/// The characters of a code page for the bytes from 0x80 on.
pub(super) type Page = &'static str;

/// Code page 437, used by consoles.
pub(super) const OEM: Page = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// Code page 1252, used by Windows itself.
pub(super) const WINDOWS: Page = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ\u{a0}¡¢£¤¥¦§¨©ª«¬\u{ad}®¯°±²³´µ¶·¸¹º»¼½¾¿ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ";

/// The four bytes of a tag; its trailing spaces may be missing. `None` if the text is longer, or has a character
/// outside the code page. Four bytes are the tag itself, unless the text is known to be `unicode`.
pub(super) fn tag(text: &[u8], page: Page, unicode: bool) -> Option<[u8; 4]> {
    let bytes = if text.len() == 4 && !unicode { Cow::Borrowed(text) } else { bytes(text, page)? };
    let mut tag = [b' '; 4];
    tag.get_mut(..bytes.len())?.copy_from_slice(&bytes);
    Some(tag)
}

/// Converts each character of UTF-8 to its byte; other text consists of the bytes already.
pub(super) fn bytes(text: &[u8], page: Page) -> Option<Cow<'_, [u8]>> {
    match str::from_utf8(text) {
        Ok(text) if !text.is_ascii() => {
            text.chars().map(|character| byte(character, page)).collect::<Option<_>>().map(Cow::Owned)
        }
        _ => Some(Cow::Borrowed(text)),
    }
}

fn byte(character: char, page: Page) -> Option<u8> {
    match character {
        '\0'..='\x7f' => Some(character as u8),
        _ => page.chars().position(|known| known == character).map(|place| 0x80 + place as u8),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back_from_its_character() {
        for page in [OEM, WINDOWS] {
            assert_eq!(page.chars().count(), 128);
            for high in 0x80..=0xffu8 {
                let character = page.chars().nth(usize::from(high - 0x80)).unwrap();
                assert_eq!(tag(format!("My{character}").as_bytes(), page, true), Some([b'M', b'y', high, b' ']));
            }
        }
    }

    #[test]
    fn characters_outside_the_code_page_are_no_tag() {
        assert_eq!(tag("My\u{fffd}1".as_bytes(), OEM, true), None);
        assert_eq!(tag("My中1".as_bytes(), WINDOWS, true), None);
        assert_eq!(tag(b"MyDrv", OEM, true), None);
        assert_eq!(tag("░▒▓│┤".as_bytes(), OEM, true), None);
        assert_eq!(tag(&[0xb1, 0xb2], OEM, true), Some([0xb1, 0xb2, b' ', b' ']), "bytes are what they are");
        let two = "M\u{80}1".as_bytes();
        assert_eq!(tag(two, WINDOWS, false), Some(*b"M\xc2\x801"));
        assert_eq!(tag("Mé1".as_bytes(), WINDOWS, true), Some(*b"M\xe91 "));
    }
}
