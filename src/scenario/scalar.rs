//! Reads a scalar into a type inside serde's visitor, because only there serde_yaml knows the place of the text.
//!
//! (A `#[serde(try_from = "String")]` fails after the scalar, and the mistake is then shown at the mapping around it.)
//! A serde error is one text, so a [`MistakeText`] is packed into it, and [`unpack`] takes it out again.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::mistake::{MistakeText, shown};

/// A type that a scenario writes as one scalar.
pub(super) trait Scalar: Sized {
    /// The name of the type for people: "a number of bytes". Also the schema's title.
    const WHAT: &'static str;
    /// The description in the schema.
    const DESCRIPTION: &'static str;
    /// The allowed texts, as far as a regular expression can describe them.
    const PATTERN: &'static str;
    /// Valid texts, for the schema.
    const EXAMPLES: &'static [&'static str];

    /// Parses the text, after YAML removed quotes.
    fn read(text: &str) -> Result<Self, MistakeText>;

    /// Returns the error for a bare number or boolean; `None` if it is allowed like any other text.
    fn bare() -> Option<MistakeText> {
        None
    }
}

/// Reads one scalar, for `#[serde(deserialize_with)]`.
pub(super) fn one<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let visitor = ScalarVisitor(PhantomData);
    // Only `deserialize_any` distinguishes `5` from `"5"`; `deserialize_str` gives every scalar as text.
    if T::bare().is_some() { deserializer.deserialize_any(visitor) } else { deserializer.deserialize_str(visitor) }
}

/// Reads a scalar with an optional key, for `#[serde(deserialize_with)]`.
pub(super) fn some<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    one(deserializer).map(Some)
}

/// Reads a list of scalars, for `#[serde(deserialize_with)]`.
pub(super) fn many<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<ScalarText<T>>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|ScalarText(scalar)| scalar).collect())
}

/// A scalar of a foreign type with a `Deserialize` of its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ScalarText<T>(pub(super) T);

impl<'de, T: Scalar> Deserialize<'de> for ScalarText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ScalarText<T>, D::Error> {
        one(deserializer).map(ScalarText)
    }
}

impl<T: Scalar> JsonSchema for ScalarText<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::WHAT.into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "title": T::WHAT,
            "description": T::DESCRIPTION,
            "pattern": T::PATTERN,
            "examples": T::EXAMPLES,
        })
    }
}

/// Implements serde for this crate's scalars: read as above, written as displayed.
macro_rules! scalars {
    ($($scalar:ty),+ $(,)?) => { $(
        impl<'de> serde::Deserialize<'de> for $scalar {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::scenario::scalar::one(deserializer)
            }
        }

        impl serde::Serialize for $scalar {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl schemars::JsonSchema for $scalar {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($scalar).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <$crate::scenario::scalar::ScalarText<$scalar> as schemars::JsonSchema>::json_schema(generator)
            }
        }
    )+ };
}
pub(super) use scalars;

const PACK: char = '\u{1}';
const NEXT: char = '\u{1f}';

/// Packs `wrong`, about `text`, into a serde error.
pub(super) fn packed<E: Error>(wrong: &MistakeText, text: &str) -> E {
    // Only a text without escapes is unchanged in the file. The length of any other is unknown here.
    let text = if text.contains(char::is_control) { "" } else { text };
    E::custom(format_args!("{PACK}{}{NEXT}{}{NEXT}{}{NEXT}{text}{NEXT}", wrong.message, wrong.label, wrong.help))
}

/// Returns the error packed by [`packed`] and the offending text; `None` if the error is serde's own.
pub(super) fn unpack(error: &str) -> Option<(MistakeText, &str)> {
    let (_, packed) = error.split_once(PACK)?;
    let mut parts = packed.split(NEXT);
    let wrong = MistakeText::new(parts.next()?, parts.next()?, parts.next()?);
    Some((wrong, parts.next()?))
}

struct ScalarVisitor<T>(PhantomData<T>);

impl<T: Scalar> ScalarVisitor<T> {
    fn bare<E: Error>(self, text: impl fmt::Display) -> Result<T, E> {
        let text = text.to_string();
        match T::bare() {
            Some(wrong) => Err(packed(&wrong, &text)),
            None => self.visit_str(&text),
        }
    }
}

impl<T: Scalar> Visitor<'_> for ScalarVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(|wrong| packed(&wrong, text))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<T, E> {
        self.bare(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        self.bare(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        self.bare(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        self.bare(value)
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<T, E> {
        self.bare(value)
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<T, E> {
        self.bare(value)
    }
}

/// Checks that a scalar is not empty.
pub(super) fn not_empty(text: &str, what: &str, help: &str) -> Result<(), MistakeText> {
    if text.trim().is_empty() {
        Err(MistakeText::new(format!("{what} is empty"), "nothing here", help))
    } else {
        Ok(())
    }
}

/// Makes the error for a scalar that is not `what`.
pub(super) fn not_a(what: &str, text: &str, help: impl Into<String>) -> MistakeText {
    MistakeText::new(format!("`{}` is not {what}", shown(text)), format!("not {what}"), help)
}
