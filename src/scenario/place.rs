//! Where something stands in a document: a path of keys and indices, and whether the key or the value is meant.
//!
//! Checks across keys happen after parsing, when every place is forgotten. A [`Probe`] finds one again: it walks along
//! the path in a second parse and raises an error at the target, and the parser says where that error stands. It works
//! for any serde format whose errors have a position, and names none.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::mistake::Wrong;

/// Something wrong at a place which is still a path.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    /// Where; the first place which is written counts, since a default value stands nowhere.
    pub(super) places: Vec<Place>,
    pub(super) wrong: Wrong,
}

/// A path through a document, and what at its end is meant.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    path: Vec<At>,
    part: Part,
}

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
enum At {
    Key(&'static str),
    Item(usize),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Key,
    Value,
}

impl Place {
    /// The value at the top of the document under `key`.
    pub(super) fn of(key: &'static str) -> Place {
        Place { path: vec![At::Key(key)], part: Part::Value }
    }

    /// The value under `key`, one level below.
    pub(super) fn key(mut self, key: &'static str) -> Place {
        self.path.push(At::Key(key));
        self
    }

    /// The list element `index`, one level below.
    pub(super) fn item(mut self, index: usize) -> Place {
        self.path.push(At::Item(index));
        self
    }

    /// The key itself rather than its value.
    pub(super) fn name(mut self) -> Place {
        self.part = Part::Key;
        self
    }

    /// `wrong`, here.
    pub(super) fn is(self, wrong: Wrong) -> Finding {
        Finding { places: vec![self], wrong }
    }
}

impl Finding {
    /// Where to show it if the places so far are not written.
    pub(super) fn or_at(mut self, place: Place) -> Finding {
        self.places.push(place);
        self
    }
}

/// Walks to a [`Place`] and raises an error there. `Ok` means that the place is not written.
#[derive(Clone, Copy)]
pub(super) struct Probe<'a> {
    path: &'a [At],
    part: Part,
    found: &'a RefCell<Option<String>>,
}

impl<'a> Probe<'a> {
    /// `found` is set on arrival, to the text of the key or scalar there; to nothing at a mapping or list.
    pub(super) fn new(place: &'a Place, found: &'a RefCell<Option<String>>) -> Probe<'a> {
        Probe { path: &place.path, part: place.part, found }
    }

    fn arrive<E: Error>(self, text: &str) -> E {
        self.found.replace(Some(text.to_owned()));
        E::custom("here")
    }
}

impl<'de> DeserializeSeed<'de> for Probe<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.path {
            [] => {
                // At a mapping or list this fails as well, and at the same place, without a text.
                self.found.replace(Some(String::new()));
                deserializer.deserialize_str(self)
            }
            [At::Key(_), ..] => deserializer.deserialize_map(self),
            [At::Item(_), ..] => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de> Visitor<'de> for Probe<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what was there before")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        Err(self.arrive(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((At::Key(wanted), rest)) = self.path.split_first() else { return Ok(()) };
        let key = KeyProbe { probe: self, wanted, last: rest.is_empty() && self.part == Part::Key };
        while let Some(is_wanted) = map.next_key_seed(key)? {
            match is_wanted {
                true => map.next_value_seed(Probe { path: rest, ..self })?,
                false => map.next_value::<IgnoredAny>().map(|_| ())?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Some((At::Item(wanted), rest)) = self.path.split_first() else { return Ok(()) };
        for _ in 0..*wanted {
            seq.next_element::<IgnoredAny>()?;
        }
        seq.next_element_seed(Probe { path: rest, ..self })?;
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// Whether a key is the wanted one; an error on it when it is the target itself.
#[derive(Clone, Copy)]
struct KeyProbe<'a> {
    probe: Probe<'a>,
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

/// The bytes of `text` which begin at `start`: `known`, where it stands there as it is, else whatever begins there.
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

/// The length of a bracketed text; of its bracket alone when it is not closed in this line, or too long to underline.
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
