//! Walks over the whole document before it is read into types, for mistakes that types cannot find: a key written
//! twice, a key without a value, YAML's `!tags`, and nested aliases that expand to very many values.
//!
//! Like a `PathProbe`, it raises its errors at their places, so that the parser adds the positions.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Visitor};

use super::mistake::{MistakeText, shown};
use super::scalar::packed;

/// A limit on values. No scenario has this many; a file within the size limit reaches it only through nested aliases.
pub(super) const MOST_VALUES: usize = 100_000;

/// Walks over a value and all its contents.
#[derive(Clone, Copy)]
pub(super) struct Walk<'a> {
    left: &'a Cell<usize>,
    at_top: bool,
}

impl<'a> Walk<'a> {
    /// Starts a walk over a document, of at most `left` values.
    pub(super) fn new(left: &'a Cell<usize>) -> Walk<'a> {
        Walk { left, at_top: true }
    }

    fn below(self) -> Walk<'a> {
        Walk { at_top: false, ..self }
    }

    /// Refuses a scalar or list at the top of a document.
    fn only_below<E: Error>(self, what: &str) -> Result<(), E> {
        if !self.at_top {
            return Ok(());
        }
        let help = "start with `scenario: NAME`, then `workload:`, each at the start of a line";
        Err(packed(&MistakeText::new(format!("a scenario must be a mapping of keys, not {what}"), what, help), ""))
    }
}

fn nothing_in_file() -> MistakeText {
    MistakeText::new("there is no scenario in this file", "nothing here", "`poolgate init` writes a first scenario")
}

fn too_many_values() -> MistakeText {
    let message = format!("the aliases of this file expand to more than {MOST_VALUES} values");
    MistakeText::new(message, "expands too far", "write the values out instead of using aliases (`*name`) of aliases")
}

/// The message for a key without a value.
pub(super) const NO_VALUE: &str = "there is no value here";

fn nothing_after_key() -> MistakeText {
    let help = "write a value or remove the key; quote the text `null` or `~`";
    MistakeText::new(NO_VALUE, "no value", help)
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => return Err(packed(&too_many_values(), "")),
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while map.next_key_seed(KeyWalk { seen: &mut seen })?.is_some() {
            map.next_value_seed(self.below())?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.only_below("a list")?;
        while seq.next_element_seed(self.below())?.is_some() {}
        Ok(())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<(), A::Error> {
        let help = "remove the word that begins with `!`, or quote it if it is text";
        Err(packed(&MistakeText::new("the YAML type `!` is not allowed in a scenario", "begins with `!`", help), ""))
    }

    /// YAML's null: an empty file, or a key without a value.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        let wrong = if self.at_top { nothing_in_file() } else { nothing_after_key() };
        Err(packed(&wrong, ""))
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        self.only_below("a text")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.only_below("a boolean")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.only_below("a number")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.only_below("a number")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.only_below("a number")
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.only_below("a number")
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.only_below("a number")
    }
}

/// Reads a key, and refuses one that the mapping already has.
struct KeyWalk<'a> {
    seen: &'a mut HashSet<String>,
}

impl<'de> DeserializeSeed<'de> for KeyWalk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyWalk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<(), E> {
        if self.seen.insert(key.to_owned()) {
            return Ok(());
        }
        let message = format!("`{}` is written twice in one mapping", shown(key));
        Err(packed(&MistakeText::new(message, "the second one", "keep one of the two"), key))
    }
}
