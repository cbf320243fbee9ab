//! Reads a scalar into a type, from inside serde's visitor: only there does serde_yaml still know where the text stands.
//!
//! (A `#[serde(try_from = "String")]` fails after the scalar was left, and the mistake is then shown at the mapping
//! around it.) serde carries an error as one text, so what [`Wrong`] has to say travels packed inside it, and
//! [`unpack`] takes it out again.

use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::mistake::{Wrong, shown};

/// A type which a scenario writes as one scalar.
pub(super) trait Scalar: Sized {
    /// What it is, for people: "a number of bytes". Also the schema's title.
    const WHAT: &'static str;
    /// The schema's description.
    const DESCRIPTION: &'static str;
    /// The texts allowed, as far as a regular expression can say it.
    const PATTERN: &'static str;
    /// The schema's examples.
    const EXAMPLES: &'static [&'static str];

    /// Reads the text, as YAML unquoted it.
    fn read(text: &str) -> Result<Self, Wrong>;

    /// What is wrong with a bare number or boolean here; `None` where it is as good a text as any other.
    fn bare() -> Option<Wrong> {
        None
    }
}

/// For `#[serde(deserialize_with)]`: one scalar.
pub(super) fn one<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let visitor = ScalarVisitor(PhantomData);
    // deserialize_str gives every scalar as it is written, so it cannot tell `5` from `"5"`; deserialize_any can.
    if T::bare().is_some() { deserializer.deserialize_any(visitor) } else { deserializer.deserialize_str(visitor) }
}

/// For `#[serde(deserialize_with)]`: a scalar whose key may be missing.
pub(super) fn some<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    one(deserializer).map(Some)
}

/// For `#[serde(deserialize_with)]`: a list of scalars.
pub(super) fn many<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let texts = Vec::<Text<T>>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(|Text(scalar)| scalar).collect())
}

/// A scalar of a type whose own `Deserialize` is not ours to choose.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: Scalar> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<T>, D::Error> {
        one(deserializer).map(Text)
    }
}

impl<T: Scalar> JsonSchema for Text<T> {
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

/// serde for scalars which are ours: read as above, written as they are displayed.
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
                <$crate::scenario::scalar::Text<$scalar> as schemars::JsonSchema>::json_schema(generator)
            }
        }
    )+ };
}
pub(super) use scalars;

const PACK: char = '\u{1}';
const NEXT: char = '\u{1f}';

/// `wrong`, about `text`, as a serde error.
pub(super) fn packed<E: Error>(wrong: &Wrong, text: &str) -> E {
    // Only a text without escapes stands in the file as it is; of any other the length is not known here.
    let text = if text.contains(char::is_control) { "" } else { text };
    E::custom(format_args!("{PACK}{}{NEXT}{}{NEXT}{}{NEXT}{text}{NEXT}", wrong.message, wrong.label, wrong.help))
}

/// What [`packed`] put into an error's text, and the text it is about; `None` when the error was serde's own.
pub(super) fn unpack(error: &str) -> Option<(Wrong, &str)> {
    let (_, packed) = error.split_once(PACK)?;
    let mut parts = packed.split(NEXT);
    let wrong = Wrong::new(parts.next()?, parts.next()?, parts.next()?);
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

/// A scalar which must hold something.
pub(super) fn not_empty(text: &str, what: &str, help: &str) -> Result<(), Wrong> {
    if text.trim().is_empty() { Err(Wrong::new(format!("{what} is empty"), "nothing here", help)) } else { Ok(()) }
}

/// A scalar which does not read as `what`.
pub(super) fn not_a(what: &str, text: &str, help: impl Into<String>) -> Wrong {
    Wrong::new(format!("`{}` is not {what}", shown(text)), format!("not {what}"), help)
}
