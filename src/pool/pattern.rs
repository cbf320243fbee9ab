//! Patterns over tags, as in a scenario's `tag` key: `*` and `?` as in PoolMon's `/i`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::tag::unescape;
use super::{Key, Tag, TagError};

/// A pattern over tags: `*` matches any bytes, `?` matches one; everything else, escapes included, is as in a tag. A
/// literal `*` is written `\x2a`, a literal `?` `\x3f`. Case matters, as in the kernel.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagPattern {
    typed: String,
    items: Vec<Item>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Any,
    One,
    Byte(u8),
}

/// Why a text is not a pattern over tags.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct PatternError(#[from] TagError);

impl TagPattern {
    /// Whether the pattern names tags and does not match all of them (`*`).
    pub fn names_tags(&self) -> bool {
        self.items.iter().any(|item| *item != Item::Any)
    }

    /// Whether the pattern has no wildcard, so it matches exactly one tag.
    pub fn is_literal(&self) -> bool {
        self.items.iter().all(|item| matches!(item, Item::Byte(_)))
    }

    /// Whether the pattern matches the tag of `key`. A pool tag is compared in four forms: as written and padded
    /// to four bytes (so `Io??` matches `Io`), each with and without PROTECTED_POOL (so `MyD1` matches the driver's
    /// memory with and without that bit).
    pub fn matches(&self, key: &Key) -> bool {
        if self.fits(&key.tag.bytes()) {
            return true;
        }
        let fits_padded = |tag: &Tag| tag.pool_tag_bytes().is_some_and(|padded| self.fits(&padded));
        key.pool.has_pool_tags()
            && (fits_padded(&key.tag)
                || key.tag.unprotected().is_some_and(|tag| self.fits(&tag.bytes()) || fits_padded(&tag)))
    }

    /// Glob matching with one step back: after a mismatch, the last `*` takes one more byte.
    fn fits(&self, text: &[u8]) -> bool {
        let (mut at, mut item) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.items.get(item) {
                Some(Item::Any) => {
                    retry = Some((at, item));
                    item += 1;
                }
                Some(Item::One) => (at, item) = (at + 1, item + 1),
                Some(Item::Byte(byte)) if *byte == text[at] => (at, item) = (at + 1, item + 1),
                Some(Item::Byte(_)) | None => match retry.as_mut() {
                    None => return false,
                    Some((from, star)) => {
                        *from += 1;
                        (at, item) = (*from, *star + 1);
                    }
                },
            }
        }
        self.items[item..].iter().all(|item| *item == Item::Any)
    }
}

impl FromStr for TagPattern {
    type Err = PatternError;

    fn from_str(typed: &str) -> Result<TagPattern, PatternError> {
        let typed = typed.trim_end_matches(' ');
        let mut items = Vec::new();
        // Split at the wildcards first, so that an escaped `*` (\x2a) does not become a wildcard.
        for part in typed.split_inclusive(['*', '?']) {
            let plain = part.trim_end_matches(['*', '?']);
            for byte in unescape(plain) {
                items.push(Item::Byte(byte?));
            }
            match part.as_bytes().last() {
                Some(b'*') => items.push(Item::Any),
                Some(b'?') => items.push(Item::One),
                _ => {}
            }
        }
        if items.is_empty() {
            return Err(TagError::Empty.into());
        }
        Ok(TagPattern { typed: typed.to_owned(), items })
    }
}

impl TryFrom<String> for TagPattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<TagPattern, PatternError> {
        text.parse()
    }
}

impl From<TagPattern> for String {
    fn from(pattern: TagPattern) -> String {
        pattern.typed
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.typed)
    }
}

impl fmt::Debug for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TagPattern({})", self.typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Counters, Pool};

    fn matches(pattern: &str, tag: &str, pool: Pool) -> bool {
        let key = Key::new(tag.parse().unwrap(), pool, Counters::Full64);
        pattern.parse::<TagPattern>().unwrap().matches(&key)
    }

    #[test]
    fn patterns_match_as_poolmon_does() {
        for (pattern, tag, expected) in [
            ("MyD1", "MyD1", true),
            ("MyD?", "MyD1", true),
            ("MyD?", "MyD", true),
            ("MyD?", "myd1", false),
            ("Io", "Io", true),
            ("Io??", "Io", true),
            ("*", "\\x20", true),
            ("*D*", "MyD1", true),
            ("*D", "MyD1", false),
            ("N*F?", "NtFf", true),
            ("\\x2a*", "*abc", true),
            ("\\x2a*", "abc", false),
            ("?", "MyD1", false),
            ("\\xff*", "\\xffab", true),
        ] {
            assert_eq!(matches(pattern, tag, Pool::Nonpaged), expected, "{pattern} on {tag}");
        }
    }

    #[test]
    fn a_tag_without_protected_pool_means_the_one_with_it_too() {
        for (pattern, tag, expected) in [
            ("MyD1", "MyD\\xb1", true),
            ("MyD\\xb1", "MyD\\xb1", true),
            ("MyD\\xb1", "MyD1", false),
            ("MyD?", "MyD\\xb1", true),
            ("M*1", "MyD\\xb1", true),
            ("Io", "Io \\xa0", true),
            ("Io??", "Io \\xa0", true),
            ("Io\\x20\\x20", "Io \\xa0", true),
            // Only the highest bit of the last of four bytes is this flag.
            ("MyD1", "My\\xc41", false),
            ("MyD", "My\\xc4", false),
            ("MyD2", "MyD\\xb1", false),
        ] {
            assert_eq!(matches(pattern, tag, Pool::Paged), expected, "{pattern} on {tag}");
        }
        assert!(!matches("Caf1", "Caf\\xb1", Pool::Slab), "a cache name has no flags");
    }

    #[test]
    fn a_cache_name_is_not_padded() {
        assert!(!matches("TCP?", "TCP", Pool::Slab));
        assert!(matches("TCP*", "TCPv6", Pool::Slab));
        assert!(matches("kmalloc-*k", "kmalloc-cg-1k", Pool::Slab));
    }

    #[test]
    fn only_bare_stars_name_no_tags() {
        let names = |text: &str| text.parse::<TagPattern>().unwrap().names_tags();
        assert!(!names("*") && !names("**"));
        assert!(names("M*") && names("?"));
    }

    #[test]
    fn the_text_typed_is_the_text_shown() {
        let pattern: TagPattern = "My\\x2a?".parse().unwrap();
        assert_eq!(pattern.to_string(), "My\\x2a?");
        assert!(pattern.matches(&Key::new(Tag::from_pool_tag(*b"My*1"), Pool::Paged, Counters::Full64)));
    }
}
