//! The JSON Schema of a scenario, for editors: completion, descriptions, and mistakes shown while typing.
//!
//! It is generated from the structs that the loader reads, so both always have the same keys. It does not include the
//! checks across keys.

use schemars::Schema;
use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use serde_json::{Value, json};

use super::written::Document;

/// Returns the schema, in draft 7, which editors support best.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft07().for_deserialize().with_transform(WithoutNull);
    settings.into_generator().into_root_schema_for::<Document>().to_value()
}

/// Removes `null`. A key may be missing, but must have a value if present; schemars allows `null` for both.
#[derive(Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        if schema.get("default") == Some(&Value::Null) {
            schema.remove("default");
        }
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
            choices.retain(|choice| *choice != json!({ "type": "null" }));
            if let [only] = choices.as_slice() {
                let only = only.clone();
                schema.remove("anyOf");
                schema.insert("allOf".to_owned(), json!([only]));
            }
        }
        transform_subschemas(self, schema);
    }
}

/// Asserts that `schema` is equal to `file` in the repository; POOLGATE_BLESS writes it there.
#[cfg(test)]
#[track_caller]
pub(crate) fn assert_is_committed(file: &str, schema: &Value) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let made = serde_json::to_string_pretty(schema).unwrap() + "\n";
    if std::env::var_os("POOLGATE_BLESS").is_some() {
        fs_err::write(&path, &made).unwrap();
    }
    let committed = fs_err::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(committed == made, "{file} is out of date: run the tests with POOLGATE_BLESS=1");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_the_one_of_the_code() {
        assert_is_committed("scenarios/scenario.schema.json", &schema());
    }

    #[test]
    fn no_mapping_takes_unknown_keys_and_no_value_is_null() {
        fn look(schema: &Value) {
            if schema.get("properties").is_some() {
                assert_eq!(schema.get("additionalProperties"), Some(&Value::Bool(false)), "{schema}");
            }
            assert!(!matches!(schema, Value::String(text) if text == "null"));
            match schema {
                Value::Object(entries) => entries.values().for_each(look),
                Value::Array(items) => items.iter().for_each(look),
                Value::Null => panic!("null in the schema"),
                Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        look(&schema());
    }
}
