//! A place in a document: a path of keys and indices, to a key or a value.
//!
//! Checks across keys run after parsing, when places are no longer known. A [`PathProbe`] finds a place again: it follows
//! the path in a second parse and raises an error at the target, and the parser adds the position to that error. It
//! works for any serde format with positions in errors.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::mistake::MistakeText;

/// A mistake with its place as a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PathMistake {
    /// The possible places. The first one in the document counts, since a default value has no place.
    pub(super) places: Vec<DocumentPath>,
    pub(super) wrong: MistakeText,
}

/// A path through a document, to a key or a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DocumentPath {
    path: Vec<PathStep>,
    part: PathTarget,
}

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
enum PathStep {
    Key(&'static str),
    Item(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum PathTarget {
    Key,
    Value,
}

impl DocumentPath {
    /// The value under `key` at the top of the document.
    pub(super) fn new(key: &'static str) -> DocumentPath {
        DocumentPath { path: vec![PathStep::Key(key)], part: PathTarget::Value }
    }

    /// The value under `key`, one level below.
    pub(super) fn key(mut self, key: &'static str) -> DocumentPath {
        self.path.push(PathStep::Key(key));
        self
    }

    /// The list element `index`, one level below.
    pub(super) fn item(mut self, index: usize) -> DocumentPath {
        self.path.push(PathStep::Item(index));
        self
    }

    /// The key instead of its value.
    pub(super) fn name(mut self) -> DocumentPath {
        self.part = PathTarget::Key;
        self
    }

    /// Makes a finding at this place.
    pub(super) fn is(self, wrong: MistakeText) -> PathMistake {
        PathMistake { places: vec![self], wrong }
    }
}

impl PathMistake {
    /// Adds a place for the case that the places so far are not in the document.
    pub(super) fn or_at(mut self, place: DocumentPath) -> PathMistake {
        self.places.push(place);
        self
    }
}

/// Follows a [`DocumentPath`] and raises an error there. `Ok` means that the document does not contain the place.
#[derive(Clone, Copy)]
pub(super) struct PathProbe<'a> {
    path: &'a [PathStep],
    part: PathTarget,
    found: &'a RefCell<Option<String>>,
}

impl<'a> PathProbe<'a> {
    /// When the probe arrives, it sets `found` to the text of the key or scalar, or to the empty text at a mapping or
    /// list.
    pub(super) fn new(place: &'a DocumentPath, found: &'a RefCell<Option<String>>) -> PathProbe<'a> {
        PathProbe { path: &place.path, part: place.part, found }
    }

    fn arrive<E: Error>(self, text: &str) -> E {
        self.found.replace(Some(text.to_owned()));
        E::custom("here")
    }
}

impl<'de> DeserializeSeed<'de> for PathProbe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.path {
            [] => {
                // At a mapping or list this also fails, at the same place and without a text.
                self.found.replace(Some(String::new()));
                deserializer.deserialize_str(self)
            }
            [PathStep::Key(_), ..] => deserializer.deserialize_map(self),
            [PathStep::Item(_), ..] => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for PathProbe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value at the path")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        Err(self.arrive(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((PathStep::Key(wanted), rest)) = self.path.split_first() else { return Ok(()) };
        let key = KeyProbe { probe: self, wanted, last: rest.is_empty() && self.part == PathTarget::Key };
        while let Some(is_wanted) = map.next_key_seed(key)? {
            match is_wanted {
                true => map.next_value_seed(PathProbe { path: rest, ..self })?,
                false => map.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((PathStep::Item(wanted), rest)) = self.path.split_first() else { return Ok(()) };
        for _ in 0..*wanted {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(PathProbe { path: rest, ..self })?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Checks whether a key is the wanted one. Raises an error if it is the target.
#[derive(Clone, Copy)]
struct KeyProbe<'a> {
    probe: PathProbe<'a>,
    wanted: &'static str,
    last: bool,
}

impl<'de> DeserializeSeed<'de> for KeyProbe<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyProbe<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<bool, E> {
        match key == self.wanted {
            true if self.last => Err(self.probe.arrive(key)),
            same => Ok(same),
        }
    }
}

/// Returns the bytes of the item at `start` in `text`: those of `known` if it is there unchanged, else those of the
/// item found.
pub(super) fn extent(text: &str, start: usize, known: &str) -> std::ops::Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let line = &rest[..rest.find(['\r', '\n']).unwrap_or(rest.len())];
    let length = match line.chars().next() {
        Some(quote @ ('"' | '\'')) => line[1..].find(quote).map_or(line.len(), |end| end + 2),
        _ if !known.is_empty() && rest.starts_with(known) => known.len(),
        Some('{' | '[') => bracketed(line),
        _ => line.find([' ', '\t', ',', ']', '}']).unwrap_or(line.len()),
    };
    start..start + length.max(line.chars().next().map_or(0, char::len_utf8))
}

/// Returns the length of a bracketed text; 1 if it does not end on this line or is too long to underline.
fn bracketed(line: &str) -> usize {
    let mut depth = 0;
    let closed = line.char_indices().find(|(_, c)| {
        depth += match c {
            '{' | '[' => 1,
            '}' | ']' => -1,
            _ => 0,
        };
        depth == 0
    });
    closed.map(|(end, _)| end + 1).filter(|length| *length <= 80).unwrap_or(1)
}
