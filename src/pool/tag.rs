//! A pool tag as one canonical text.
//!
//! Windows tags are four bytes of any value; names of Linux slab caches are longer. Both become the same kind of text,
//! which people can type and which is safe in YAML, JSON, XML and file names: printable ASCII unchanged, every other
//! byte and `\` as `\xNN`. Trailing spaces of a Windows tag are dropped, as is usual (`Io` for `Io  `), and restored by
//! [`Tag::pool_tag_bytes`]; four spaces are `\x20`. Two different tags never have the same text.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// A Windows pool tag or a Linux slab cache name, in canonical text. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Tag(Arc<str>);

/// Why a text is not a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagError {
    /// Nothing is left after trailing spaces are dropped.
    #[error("a tag cannot be empty (four spaces are written \\x20)")]
    Empty,
    /// A backslash that does not begin `\xNN`.
    #[error("`\\` begins \\xNN, a byte in two hexadecimal digits; a backslash itself is \\x5c")]
    Escape,
    /// A character that is not printable ASCII, so its byte is unknown.
    #[error("{0:?} is not printable ASCII; write each byte as \\xNN")]
    NotAscii(char),
}

impl Tag {
    /// The tag of a Windows pool table row, as the kernel stores it.
    pub fn from_pool_tag(bytes: [u8; 4]) -> Tag {
        let kept = bytes.iter().rposition(|&b| b != b' ').map_or(0, |last| last + 1);
        if kept == 0 { Tag("\\x20".into()) } else { Tag(escape(&bytes[..kept]).into()) }
    }

    /// The tag of a Linux slab cache's name. Trailing spaces are part of the name, so they are escaped and not dropped.
    ///
    /// # Errors
    /// [`TagError::Empty`]: the kernel has no cache without a name, so the line was misread.
    pub fn from_cache_name(name: &[u8]) -> Result<Tag, TagError> {
        let kept = name.iter().rposition(|&b| b != b' ').map_or(0, |last| last + 1);
        if name.is_empty() {
            return Err(TagError::Empty);
        }
        Ok(Tag((escape(&name[..kept]) + &"\\x20".repeat(name.len() - kept)).into()))
    }

    /// The canonical text, as described above.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The four bytes of a Windows pool tag, padded with spaces; `None` if the tag is longer than four bytes.
    pub fn pool_tag_bytes(&self) -> Option<[u8; 4]> {
        let bytes = self.bytes();
        let mut padded = [b' '; 4];
        padded.get_mut(..bytes.len())?.copy_from_slice(&bytes);
        Some(padded)
    }

    /// A pool tag without PROTECTED_POOL, the highest bit of its last byte, which older drivers set to protect memory
    /// from being freed under another tag; `None` if that bit is not set, or if this is not a pool tag. The two remain
    /// different tags; this is for display, because people know the driver's tag without the bit.
    pub fn unprotected(&self) -> Option<Tag> {
        let [a, b, c, d] = self.pool_tag_bytes()?;
        (d & PROTECTED_POOL != 0).then(|| Tag::from_pool_tag([a, b, c, d & !PROTECTED_POOL]))
    }

    /// The bytes that the text stands for, without padding.
    pub fn bytes(&self) -> Vec<u8> {
        unescape(&self.0).map(|item| item.unwrap_or(b'?')).collect()
    }
}

/// 0x80000000 in a tag as a number (`ExAllocatePoolWithTag`; wdm.h).
const PROTECTED_POOL: u8 = 0x80;

/// Converts bytes to canonical text.
fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            b'\\' => text.push_str("\\x5c"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text
}

/// The bytes that a text stands for, one at a time, so that the caller handles an error.
pub(super) fn unescape(text: &str) -> impl Iterator<Item = Result<u8, TagError>> + '_ {
    let mut chars = text.chars();
    std::iter::from_fn(move || {
        Some(match chars.next()? {
            '\\' => {
                let digits = (chars.next(), chars.next(), chars.next());
                hex_byte(digits).ok_or(TagError::Escape)
            }
            c @ ' '..='~' => Ok(c as u8),
            c => Err(TagError::NotAscii(c)),
        })
    })
}

fn hex_byte((x, high, low): (Option<char>, Option<char>, Option<char>)) -> Option<u8> {
    (x? == 'x').then_some(())?;
    Some((high?.to_digit(16)? * 16 + low?.to_digit(16)?) as u8)
}

impl FromStr for Tag {
    type Err = TagError;

    /// Parses a tag as a person types it: trailing spaces are dropped, escapes may be in either case.
    fn from_str(typed: &str) -> Result<Tag, TagError> {
        let typed = typed.trim_end_matches(' ');
        let bytes = unescape(typed).collect::<Result<Vec<u8>, _>>()?;
        Tag::from_cache_name(&bytes)
    }
}

impl TryFrom<String> for Tag {
    type Error = TagError;

    fn try_from(text: String) -> Result<Tag, TagError> {
        text.parse()
    }
}

// Not `into = "String"`: a recording writes keys while samples are taken, and this must not allocate.
impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_four_bytes_round_trip(bytes: [u8; 4]) {
            let tag = Tag::from_pool_tag(bytes);
            prop_assert_eq!(tag.pool_tag_bytes(), Some(bytes));
            prop_assert_eq!(tag.as_str().parse::<Tag>(), Ok(tag));
        }

        #[test]
        fn every_cache_name_round_trips(name in proptest::collection::vec(any::<u8>(), 1..40)) {
            let tag = Tag::from_cache_name(&name).unwrap();
            prop_assert_eq!(tag.bytes(), name);
            prop_assert_eq!(tag.as_str().parse::<Tag>(), Ok(tag));
        }

        #[test]
        fn two_different_tags_never_merge(a: [u8; 4], b: [u8; 4]) {
            prop_assert_eq!(a == b, Tag::from_pool_tag(a) == Tag::from_pool_tag(b));
        }

        #[test]
        fn a_protected_tag_is_another_tag_with_the_same_first_bytes([a, b, c, d]: [u8; 4]) {
            let (plain, protected) = (d & 0x7f, d | 0x80);
            let tag = |d| Tag::from_pool_tag([a, b, c, d]);
            prop_assert_eq!(tag(protected).unprotected(), Some(tag(plain)));
            prop_assert_eq!(tag(plain).unprotected(), None);
        }

        #[test]
        fn a_tag_is_printable_ascii(bytes: [u8; 4]) {
            prop_assert!(Tag::from_pool_tag(bytes).as_str().bytes().all(|b| (b' '..=b'~').contains(&b)));
        }
    }

    #[test]
    fn tags_read_as_people_write_them() {
        for (bytes, text) in [
            (*b"Io  ", "Io"),
            (*b" CM ", " CM"),
            (*b"Dh 1", "Dh 1"),
            (*b"    ", "\\x20"),
            (*b"a\\b\0", "a\\x5cb\\x00"),
            ([0xf4, b'"', b'<', b'>'], "\\xf4\"<>"),
        ] {
            assert_eq!(Tag::from_pool_tag(bytes).as_str(), text);
        }
    }

    #[test]
    fn a_typed_tag_is_brought_to_its_canonical_text() {
        assert_eq!("Io  ".parse::<Tag>().unwrap().as_str(), "Io");
        assert_eq!("\\x49o\\xFF".parse::<Tag>().unwrap().as_str(), "Io\\xff");
    }

    #[test]
    fn bad_tags_are_refused_with_a_reason() {
        assert_eq!("".parse::<Tag>(), Err(TagError::Empty));
        assert_eq!("  ".parse::<Tag>(), Err(TagError::Empty));
        assert_eq!("a\\n".parse::<Tag>(), Err(TagError::Escape));
        assert_eq!("a\\x1".parse::<Tag>(), Err(TagError::Escape));
        assert_eq!("é".parse::<Tag>(), Err(TagError::NotAscii('é')));
    }
}
